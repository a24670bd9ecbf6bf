//! Which filters surely leave fewer rows than another, and what is left without a field.

use log_query::{FacetField, Field};

use crate::good;

#[test]
fn typing_on_narrows() {
    let cases = [
        ("", "a"),
        ("lic", "license"),
        ("LIC", "license"),
        ("lic", "license tenant:x"),
        ("tenant:con", "tenant:contoso"),
        ("tenant:con", "tenant:=contoso"),
        ("tenant:a,b", "tenant:ax,=b,a"),
        ("lic", "message:license"),
        ("lic", "user:=xlicx"),
        ("data.A.B:x", "DATA.a.b:xy"),
        ("-license", "-lic"),
        ("-tenant:a", "-tenant:a,b"),
        ("sev>=warning", "sev:error"),
        ("-sev:error", "-sev>=warning"),
        ("time:2026-11-20..", "time:2026-11-20..2026-11-21"),
        ("time:2026-11-20..2026-11-22", "time:2026-11-21"),
        ("-time:2026-11-21", "-time:2026-11-20..2026-11-22"),
        ("day:2026-11-18..", "day:2026-11-20"),
        ("/a+/", "b /a+/"),
        ("has:data", "has:data x"),
        ("user:=\" a \"", "user:=A"),
    ];
    for (wide, narrow) in cases {
        assert!(good(narrow).is_narrowing_of(&good(wide)), "{wide} -> {narrow}");
    }
}

#[test]
fn what_is_not_obvious_does_not_count_as_narrower() {
    let cases = [
        ("a", ""),
        ("license", "lic"),
        ("lic", "tenantid:license"),
        ("lic", "data.x:license"),
        ("message:lic", "license"),
        ("tenant:con", "user:contoso"),
        ("tenant:a", "tenant:a,b"),
        ("-lic", "-license"),
        ("-lic", "license"),
        ("lic", "-license"),
        ("sev:error", "sev>=warning"),
        ("-sev>=warning", "-sev:error"),
        ("time:2026-11-20..2026-11-21", "time:2026-11-20.."),
        ("/a/", "/ab/"),
        ("tenant:=a", "tenant:a"),
        ("tenant:a*", "tenant:ab*"),
        ("data.A:x", "data:x"),
        // How letters outside of ASCII are folded is not known here.
        ("i\u{307}", "İ"),
    ];
    for (wide, narrow) in cases {
        assert!(!good(narrow).is_narrowing_of(&good(wide)), "{wide} -> {narrow}");
    }
}

#[test]
fn a_query_without_a_field() {
    let query = good("x tenant:a -tenant:=b sev:=Warn sev:error time:-1h..");
    assert_eq!(
        query.without(Field::Tenant).text(),
        good("x sev:=Warn sev:error time:-1h..").text()
    );
    assert_eq!(query.without(Field::Severity).terms.len(), 4);
    assert_eq!(query.without(Field::Time).terms.len(), 5);
    assert_eq!(query.without(Field::Anywhere).terms.len(), 5);
}

#[test]
fn chosen_values_of_a_facet() {
    let query = good("tenant:=\"a\",=B tenant:c -tenant:=d sev:error -sev:unknown ~tenant:=e");
    let chosen = |facet| query.chosen(facet);
    assert_eq!(
        chosen(FacetField::Tenant),
        [("a".to_owned(), true), ("B".to_owned(), true), ("d".to_owned(), false)]
    );
    assert_eq!(
        chosen(FacetField::Severity),
        [("error".to_owned(), true), ("unknown".to_owned(), false)]
    );
}
