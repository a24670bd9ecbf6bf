//! Changes by the mouse: the text afterwards.

use log_query::{Edit, Field, edit};

use crate::{good, parse};

fn include(field: Field, value: &str) -> Edit {
    Edit::Include {
        field,
        path: Vec::new(),
        value: value.to_owned(),
    }
}

fn exclude(field: Field, value: &str) -> Edit {
    Edit::Exclude {
        field,
        path: Vec::new(),
        value: value.to_owned(),
    }
}

fn only(field: Field, value: &str) -> Edit {
    Edit::Only {
        field,
        path: Vec::new(),
        value: value.to_owned(),
    }
}

fn check(cases: &[(&str, Edit, &str)]) {
    for (text, change, after) in cases {
        assert_eq!(edit(text, change), *after, "{text:?} {change:?}");
    }
}

#[test]
fn a_chip_is_removed_flipped_and_switched_off() {
    check(&[
        ("a  b c", Edit::Remove { term: 0 }, "b c"),
        ("a  b c", Edit::Remove { term: 1 }, "a  c"),
        ("a  b c", Edit::Remove { term: 2 }, "a  b"),
        ("a", Edit::Remove { term: 0 }, ""),
        (" a ", Edit::Remove { term: 0 }, ""),
        ("a b", Edit::Remove { term: 7 }, "a b"),
        ("\"a b\" /c d/ e", Edit::Remove { term: 1 }, "\"a b\" e"),
        ("a - b", Edit::Remove { term: 2 }, "a - "),
        ("a b", Edit::Flip { term: 1 }, "a -b"),
        ("a -b", Edit::Flip { term: 1 }, "a b"),
        ("a ~b", Edit::Flip { term: 1 }, "a ~-b"),
        ("a -~b", Edit::Flip { term: 1 }, "a ~b"),
        ("--WhatIf", Edit::Flip { term: 0 }, "-\"--WhatIf\""),
        ("a - b", Edit::Flip { term: 1 }, "a -\"-\" b"),
        ("a b", Edit::Switch { term: 0 }, "~a b"),
        ("~-a b", Edit::Switch { term: 0 }, "-a b"),
        ("sev>=warning b", Edit::Flip { term: 0 }, "-sev>=warning b"),
        ("foo:bar b", Edit::Remove { term: 0 }, "b"),
        ("日本 😀 x", Edit::Remove { term: 1 }, "日本 x"),
    ]);
}

#[test]
fn a_facets_tick_adds_a_value_and_takes_it_out_again() {
    check(&[
        ("", include(Field::Tenant, "a.example"), "tenant:=\"a.example\""),
        ("x ", include(Field::Tenant, "a"), "x tenant:=\"a\""),
        ("tenant:=\"a\" x", include(Field::Tenant, "b"), "tenant:=\"a\",=\"b\" x"),
        ("tenant:=\"a\",=\"b\" x", include(Field::Tenant, "A"), "tenant:=\"b\" x"),
        ("x tenant:=\"a\"", include(Field::Tenant, "a"), "x"),
        ("tenant:=a,b,/c/", include(Field::Tenant, "a"), "tenant:b,/c/"),
        ("-tenant:=\"a\"", include(Field::Tenant, "a"), "tenant:=\"a\""),
        (
            "-tenant:=\"a\",=\"b\"",
            include(Field::Tenant, "a"),
            "-tenant:=\"b\" tenant:=\"a\"",
        ),
        (
            "-tenant:con,x",
            include(Field::Tenant, "contoso"),
            "-tenant:x tenant:=\"contoso\"",
        ),
        ("-tenant:c*", include(Field::Tenant, "contoso"), "tenant:=\"contoso\""),
        ("-tenant:/^c/", include(Field::Tenant, "contoso"), "tenant:=\"contoso\""),
        (
            "~tenant:=\"a\"",
            include(Field::Tenant, "a"),
            "~tenant:=\"a\" tenant:=\"a\"",
        ),
        (
            "tenant:con",
            include(Field::Tenant, "contoso"),
            "tenant:con tenant:=\"contoso\"",
        ),
        (
            "tenant:con",
            include(Field::Tenant, "fabrikam"),
            "tenant:con,=\"fabrikam\"",
        ),
        ("user:=\"\"", include(Field::User, ""), ""),
        ("", include(Field::User, ""), "user:=\"\""),
        (
            "",
            include(Field::User, "say \"hi\", C:\\x\\"),
            "user:=\"say \"\"hi\"\", C:\\x\\\"",
        ),
        ("sev:error", include(Field::Severity, "warning"), "sev:error,warning"),
        ("sev:error,warning", include(Field::Severity, "warning"), "sev:error"),
        (
            "severity:Error,warn",
            include(Field::Severity, "warning"),
            "severity:Error",
        ),
        (
            "sev>=warning",
            include(Field::Severity, "error"),
            "sev:critical,warning",
        ),
        (
            "sev>=error",
            include(Field::Severity, "info"),
            "sev:critical,error,info",
        ),
        ("", include(Field::Severity, "unknown"), "sev:unknown"),
        (
            "sev:=\"Warn\"",
            include(Field::Severity, "error"),
            "sev:=\"Warn\",error",
        ),
        ("", include(Field::Anywhere, "two words"), "\"two words\""),
        ("two", include(Field::Anywhere, "TWO"), ""),
        ("-two", include(Field::Anywhere, "two words"), "\"two words\""),
        ("", include(Field::Has, "data"), "has:data"),
        ("has:data x", include(Field::Has, "data"), "x"),
        ("-has:data x", include(Field::Has, "data"), "x has:data"),
        (
            "day:2026-11-19 x",
            include(Field::Day, "2026-11-20"),
            "day:2026-11-20 x",
        ),
        ("day:2026-11-20 x", include(Field::Day, "2026-11-20"), "x"),
    ]);
}

#[test]
fn members_of_the_data_are_told_apart() {
    let change = |path: &[&str], value: &str| Edit::Include {
        field: Field::Data,
        path: path.iter().map(|member| (*member).to_owned()).collect(),
        value: value.to_owned(),
    };
    check(&[
        ("", change(&["Error", "Code"], "5"), "data.Error.Code:=\"5\""),
        (
            "data.error.code:=\"5\"",
            change(&["Error", "Code"], "6"),
            "data.error.code:=\"5\",=\"6\"",
        ),
        (
            "data.Error:=\"5\"",
            change(&["Error", "Code"], "5"),
            "data.Error:=\"5\" data.Error.Code:=\"5\"",
        ),
        (
            "",
            change(&["odd name", "0", ""], "x"),
            "data.\"odd name\".0.\"\":=\"x\"",
        ),
    ]);
    good("data.\"odd name\".0.\"\":=\"x\"");
}

#[test]
fn a_value_is_left_out_and_let_in_again() {
    check(&[
        ("", exclude(Field::Api, "Scheduler"), "-api:=\"Scheduler\""),
        ("-api:=\"a\"", exclude(Field::Api, "b"), "-api:=\"a\",=\"b\""),
        ("-api:=\"a\",=\"b\"", exclude(Field::Api, "a"), "-api:=\"b\""),
        ("-api:=\"a\" x", exclude(Field::Api, "a"), "x"),
        ("api:=\"a\",=\"b\"", exclude(Field::Api, "a"), "api:=\"b\" -api:=\"a\""),
        ("api:=\"a\"", exclude(Field::Api, "a"), "-api:=\"a\""),
        ("-api:sched", exclude(Field::Api, "Other"), "-api:sched -api:=\"Other\""),
        (
            "api:sched",
            exclude(Field::Api, "Scheduler"),
            "api:sched -api:=\"Scheduler\"",
        ),
        (
            "sev>=warning",
            exclude(Field::Severity, "debug"),
            "sev>=warning -sev:debug",
        ),
        (
            "-sev>=error",
            exclude(Field::Severity, "debug"),
            "-sev>=error -sev:debug",
        ),
        ("-sev>=error", exclude(Field::Severity, "error"), "-sev:critical"),
        ("-sev:debug", exclude(Field::Severity, "info"), "-sev:debug,info"),
        ("word", exclude(Field::Anywhere, "word"), "-word"),
    ]);
}

#[test]
fn one_value_alone() {
    check(&[
        (
            "a tenant:x -tenant:y ~tenant:z b",
            only(Field::Tenant, "q"),
            "a tenant:=\"q\" b",
        ),
        ("a", only(Field::Tenant, "q"), "a tenant:=\"q\""),
        ("tenant:=\"q\"", only(Field::Tenant, "q"), "tenant:=\"q\""),
        ("sev>=warning x", only(Field::Severity, "info"), "sev:info x"),
        ("x tenant:\"unclosed", only(Field::Tenant, "q"), "x tenant:=\"q\""),
    ]);
}

#[test]
fn a_field_is_cleared() {
    let clear = |field| Edit::ClearField { field };
    check(&[
        ("a tenant:x -tenant:y b tenant:", clear(Field::Tenant), "a b"),
        ("data.X:1 data:2 c", clear(Field::Data), "c"),
        ("a \"b\" tenant:x /c/", clear(Field::Anywhere), "tenant:x"),
        ("tenant:x", clear(Field::User), "tenant:x"),
    ]);
}

#[test]
fn the_brush_sets_one_range() {
    let time = |from: Option<&str>, before: Option<&str>| Edit::Time {
        from: from.map(str::to_owned),
        before: before.map(str::to_owned),
    };
    let (from, before) = (Some("2026-11-20T10:00:00Z"), Some("2026-11-20T11:00:00+01:00"));
    check(&[
        (
            "a",
            time(from, before),
            "a time:2026-11-20T10:00:00Z..2026-11-20T11:00:00+01:00",
        ),
        ("time:-1h.. a", time(from, None), "time:2026-11-20T10:00:00Z.. a"),
        (
            "time>=today time<now a",
            time(None, before),
            "time:..2026-11-20T11:00:00+01:00 a",
        ),
        ("time:nonsense a", time(from, None), "time:2026-11-20T10:00:00Z.. a"),
        ("a time:-1h.. -time:today", time(None, None), "a -time:today"),
        ("a", time(None, None), "a"),
    ]);
}

#[test]
fn an_unfinished_term_does_not_swallow_what_is_added() {
    check(&[
        (
            "a \"unclosed text",
            include(Field::Tenant, "t"),
            "a tenant:=\"t\" \"unclosed text",
        ),
        ("user:\"x", include(Field::Tenant, "t"), "tenant:=\"t\" user:\"x"),
        ("/x y", include(Field::Tenant, "t"), "tenant:=\"t\" /x y"),
        ("a -", include(Field::Tenant, "t"), "a tenant:=\"t\" -"),
        ("a - ", include(Field::Tenant, "t"), "a - tenant:=\"t\""),
        ("user:", include(Field::Tenant, "t"), "user: tenant:=\"t\""),
    ]);
    let text = edit("a \"unclosed text", &include(Field::Tenant, "t"));
    assert_eq!(parse(&text).0.terms.len(), 2);
}
