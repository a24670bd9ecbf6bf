//! Texts that are understood.

use jiff::Timestamp;
use jiff::civil::date;
use log_query::SeverityFamily::{Alert, Critical, Debug, Error, Info, Unknown, Warning};
use log_query::{Field, Has, Pattern, Test, TextField};

use crate::{good, parse};

fn contains(text: &str) -> Pattern {
    Pattern::Contains(text.to_owned())
}

fn is(text: &str) -> Pattern {
    Pattern::Is(text.to_owned())
}

fn wildcard(text: &str) -> Pattern {
    Pattern::Wildcard(text.to_owned())
}

fn regex(text: &str) -> Pattern {
    Pattern::Regex(text.to_owned())
}

fn test(text: &str) -> Test {
    let query = good(text);
    assert_eq!(query.terms.len(), 1, "{text}: {query:?}");
    query.terms[0].test.clone()
}

#[test]
fn words_quotes_and_expressions_look_anywhere() {
    let cases = [
        ("license", contains("license")),
        ("\"exact words\"", contains("exact words")),
        ("“exact words”", contains("exact words")),
        ("„so auch“", contains("so auch")),
        ("\"say \"\"hi\"\"\"", contains("say \"hi\"")),
        (r#""C:\dir\""#, contains(r"C:\dir\")),
        ("AADSTS*", contains("AADSTS")),
        ("*license*", contains("license")),
        (r"/AADSTS\d+/", regex(r"AADSTS\d+")),
        ("/two words/", regex("two words")),
        (r"/a\/b/", regex("a/b")),
        ("/that|this/i", regex("that|this")),
        ("Größe", contains("Größe")),
        ("日本語", contains("日本語")),
        ("😀", contains("😀")),
    ];
    for (text, pattern) in cases {
        assert_eq!(test(text), Test::Anywhere(pattern), "{text}");
    }
}

#[test]
fn signs_exclude_and_switch_off() {
    let query = good("one -two ~three ~-four -~five");
    let terms: Vec<(bool, &Test)> = query.terms.iter().map(|term| (term.negated, &term.test)).collect();
    assert_eq!(
        terms,
        [
            (false, &Test::Anywhere(contains("one"))),
            (true, &Test::Anywhere(contains("two")))
        ]
    );
    let (_, read) = parse("one -two ~three ~-four -~five");
    let signs: Vec<(bool, bool)> = read.terms.iter().map(|term| (term.negated, term.off)).collect();
    assert_eq!(
        signs,
        [(false, false), (true, false), (false, true), (true, true), (true, true)]
    );
}

#[test]
fn fields_by_every_name() {
    let cases = [
        ("tenant:x", TextField::Tenant),
        ("TENANT:x", TextField::Tenant),
        ("tenantid:x", TextField::TenantId),
        ("user:x", TextField::User),
        ("api:x", TextField::Api),
        ("ip:x", TextField::Ip),
        ("app:x", TextField::App),
        ("template:x", TextField::Template),
        ("message:x", TextField::Message),
        ("msg:x", TextField::Message),
        ("key:x", TextField::RowKey),
        ("rowkey:x", TextField::RowKey),
    ];
    for (text, field) in cases {
        assert_eq!(test(text), Test::Text(field, vec![contains("x")]), "{text}");
    }
}

#[test]
fn values_of_a_field() {
    let cases = [
        ("user:\"a b\"", vec![contains("a b")]),
        ("user:=\"whole value\"", vec![is("whole value")]),
        ("user:=whole", vec![is("whole")]),
        ("user:=\"jo*\"", vec![is("jo*")]),
        ("user:=\"\"", vec![is("")]),
        ("user:jo*", vec![wildcard("jo*")]),
        ("user:\"jo* x\"", vec![wildcard("jo* x")]),
        ("user:?o", vec![wildcard("?o")]),
        (r"user:/^jo\d,?/", vec![regex(r"^jo\d,?")]),
        (
            "user:a,b,=\"c d\",/e/,f*",
            vec![contains("a"), contains("b"), is("c d"), regex("e"), wildcard("f*")],
        ),
        ("user:\"a,b\",c", vec![contains("a,b"), contains("c")]),
        (r"user:DOMAIN\jo", vec![contains(r"DOMAIN\jo")]),
        ("user:o'neil", vec![contains("o'neil")]),
        ("user:/a/,/b{2,3}/", vec![regex("a"), regex("b{2,3}")]),
        ("user:https://x/y", vec![contains("https://x/y")]),
        ("user:>x", vec![contains(">x")]),
    ];
    for (text, patterns) in cases {
        assert_eq!(test(text), Test::Text(TextField::User, patterns), "{text}");
    }
}

#[test]
fn members_of_the_data() {
    let cases: [(&str, &[&str]); 8] = [
        ("data:x", &[]),
        ("data.Error:x", &["Error"]),
        ("DATA.Path.To.Member:x", &["Path", "To", "Member"]),
        ("data.Items.0.Name:x", &["Items", "0", "Name"]),
        ("data.Items[0].Name:x", &["Items", "0", "Name"]),
        ("data.\"odd: name\".b:x", &["odd: name", "b"]),
        ("data.@odata:x", &["@odata"]),
        ("data.größe:x", &["größe"]),
    ];
    for (text, path) in cases {
        let path = path.iter().map(|member| (*member).to_owned()).collect();
        assert_eq!(test(text), Test::Data(path, vec![contains("x")]), "{text}");
    }
}

#[test]
fn severities_by_name_and_by_order() {
    let cases = [
        ("sev:error,critical", vec![Critical, Error]),
        ("severity:ERROR", vec![Error]),
        ("sev:warn", vec![Warning]),
        ("sev:information,unknown", vec![Info, Unknown]),
        ("sev:\"error\"", vec![Error]),
        ("sev>=warning", vec![Critical, Error, Warning]),
        ("sev:>=warning", vec![Critical, Error, Warning]),
        ("sev>info", vec![Critical, Error, Warning, Alert]),
        ("sev<=alert", vec![Alert, Info, Debug]),
        ("sev<info", vec![Debug]),
    ];
    for (text, families) in cases {
        assert_eq!(test(text), Test::Severity(families), "{text}");
    }
    let spelt = |patterns| Test::Text(TextField::SeverityText, patterns);
    assert_eq!(test("sev:=\"Warn\""), spelt(vec![is("Warn")]));
    assert_eq!(test("sev:/^w/"), spelt(vec![regex("^w")]));
    assert_eq!(test("sev:=Warn,error"), spelt(vec![is("Warn"), is("Error")]));
}

fn at(text: &str) -> i64 {
    i64::try_from(text.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap()
}

#[test]
fn times_in_the_zone_of_the_context() {
    let cases = [
        (
            "time:2026-11-20T10:00..2026-11-20T11:30",
            Some("2026-11-20T08:00Z"),
            Some("2026-11-20T09:30Z"),
        ),
        ("time:2026-11-20T10:00Z..", Some("2026-11-20T10:00Z"), None),
        (
            "time:..2026-11-20T10:00:00.5+01:00",
            None,
            Some("2026-11-20T09:00:00.5Z"),
        ),
        (
            "time:\"2026-11-20 10:00..2026-11-20 11:00\"",
            Some("2026-11-20T08:00Z"),
            Some("2026-11-20T09:00Z"),
        ),
        (
            "time:2026-11-19..2026-11-20",
            Some("2026-11-18T22:00Z"),
            Some("2026-11-19T22:00Z"),
        ),
        ("time:2026-11-20", Some("2026-11-19T22:00Z"), Some("2026-11-20T22:00Z")),
        (
            "time:2026-11-20T10",
            Some("2026-11-20T08:00Z"),
            Some("2026-11-20T09:00Z"),
        ),
        (
            "time:2026-11-20T10:15",
            Some("2026-11-20T08:15Z"),
            Some("2026-11-20T08:16Z"),
        ),
        (
            "time:2026-11-20T10:15:01Z",
            Some("2026-11-20T10:15:01Z"),
            Some("2026-11-20T10:15:02Z"),
        ),
        ("time:-1h..", Some("2026-11-20T11:00Z"), None),
        ("time:-1h30m", Some("2026-11-20T10:30Z"), None),
        ("time:-7d..-1d", Some("2026-11-13T12:00Z"), Some("2026-11-19T12:00Z")),
        ("time:today", Some("2026-11-19T22:00Z"), Some("2026-11-20T22:00Z")),
        ("time:yesterday", Some("2026-11-18T22:00Z"), Some("2026-11-19T22:00Z")),
        ("time:-15m..now", Some("2026-11-20T11:45Z"), Some("2026-11-20T12:00Z")),
        ("time>=2026-11-20", Some("2026-11-19T22:00Z"), None),
        ("time>2026-11-20", Some("2026-11-20T22:00Z"), None),
        ("time<2026-11-20T10:00", None, Some("2026-11-20T08:00Z")),
        ("time<=2026-11-20T10:00", None, Some("2026-11-20T08:01Z")),
        ("time>=-1h", Some("2026-11-20T11:00Z"), None),
    ];
    for (text, from, before) in cases {
        let expected = Test::Time {
            from: from.map(at),
            before: before.map(at),
        };
        assert_eq!(test(text), expected, "{text}");
    }
}

#[test]
fn times_outside_of_what_can_be_counted_become_its_ends() {
    assert_eq!(
        test("time:0001-01-01..9999-01-01"),
        Test::Time {
            from: Some(i64::MIN + 1),
            before: Some(i64::MAX)
        }
    );
}

#[test]
fn a_local_time_that_does_not_exist_or_exists_twice_is_read() {
    let berlin = log_query::Context {
        zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
        ..crate::context()
    };
    let cases = [
        // 02:30 does not exist: the clock went from 02:00 to 03:00.
        ("time:2026-03-29T02:30..", "2026-03-29T01:30Z"),
        // 02:30 comes twice: the first is meant.
        ("time:2026-10-25T02:30..", "2026-10-25T00:30Z"),
    ];
    for (text, from) in cases {
        let (query, read) = log_query::parse(text, &berlin);
        assert!(read.mistakes.is_empty(), "{text}: {:?}", read.mistakes);
        let expected = Test::Time {
            from: Some(at(from)),
            before: None,
        };
        assert_eq!(query.terms[0].test, expected, "{text}");
    }
    let (query, _) = log_query::parse("time:2026-10-25", &berlin);
    let Test::Time {
        from: Some(from),
        before: Some(before),
    } = query.terms[0].test
    else {
        panic!("{query:?}");
    };
    assert_eq!(
        (before - from) / 3_600_000_000_000,
        25,
        "the night the clocks go back has a day of 25 hours"
    );
}

#[test]
fn days() {
    let day = |number| Some(date(2026, 11, number));
    let cases = [
        ("day:2026-11-20", day(20), day(20)),
        ("day:20261120", day(20), day(20)),
        ("day:2026-11-18..2026-11-20", day(18), day(20)),
        ("day:2026-11-18..", day(18), None),
        ("day:..2026-11-18", None, day(18)),
        ("day>=2026-11-18", day(18), None),
        ("day>2026-11-18", day(19), None),
        ("day<2026-11-18", None, day(17)),
        ("day<=2026-11-18", None, day(18)),
    ];
    for (text, from, to) in cases {
        assert_eq!(test(text), Test::Day { from, to }, "{text}");
    }
}

#[test]
fn what_a_row_has() {
    let cases = [
        ("has:data", Has::Data),
        ("has:PROBLEM", Has::Problem),
        ("has:user", Has::User),
        ("has:ip", Has::Ip),
        ("has:template", Has::Template),
    ];
    for (text, has) in cases {
        assert_eq!(test(text), Test::Has(has), "{text}");
    }
    assert!(good("-has:data").terms[0].negated);
}

#[test]
fn chips_say_what_a_term_is_about() {
    let cases = [
        ("license", Field::Anywhere, "Any text", "license"),
        ("/x/", Field::Anywhere, "Any text", "matches /x/"),
        ("tenant:contoso", Field::Tenant, "Tenant", "contoso"),
        ("tenant:=contoso.example", Field::Tenant, "Tenant", "is contoso.example"),
        ("tenant:=a,=b", Field::Tenant, "Tenant", "is one of a, b"),
        ("tenant:a,b", Field::Tenant, "Tenant", "one of a, b"),
        ("tenant:a,=b", Field::Tenant, "Tenant", "a or is b"),
        ("user:=\"\"", Field::User, "User", "is empty"),
        ("user:jo*", Field::User, "User", "is like jo*"),
        ("sev>=warning", Field::Severity, "Severity", "warning or worse"),
        ("sev<warning", Field::Severity, "Severity", "milder than warning"),
        ("sev:error,warning", Field::Severity, "Severity", "error or warning"),
        ("data.NormalizedError:x", Field::Data, "data.NormalizedError", "x"),
        ("data:x", Field::Data, "Data", "x"),
        ("time:-1h..", Field::Time, "Time", "the last 1 hour"),
        ("time:2026-11-20", Field::Time, "Time", "2026-11-20"),
        (
            "time:2026-11-20T10:00..2026-11-20T11:30:05",
            Field::Time,
            "Time",
            "from 2026-11-20 10:00 before 2026-11-20 11:30:05",
        ),
        (
            "day:2026-11-18..2026-11-20",
            Field::Day,
            "Day",
            "from 2026-11-18 to 2026-11-20",
        ),
        ("has:data", Field::Has, "Has", "data"),
        ("key:x", Field::RowKey, "Row key", "x"),
    ];
    for (text, field, label, value) in cases {
        let (_, read) = parse(text);
        let chip = &read.terms[0];
        assert_eq!(
            (chip.field, chip.label.as_str(), chip.value.as_str()),
            (field, label, value),
            "{text}"
        );
    }
}

#[test]
fn the_sentence_is_for_people() {
    let cases = [
        ("", ""),
        ("~off", ""),
        ("license", "Rows where any text contains “license”."),
        (
            "tenant:=a,=b sev>=warning -api:Scheduler",
            "Rows where the tenant is “a” or “b”, the severity is warning or worse and the API does not contain “Scheduler”.",
        ),
        (
            "-user:=a,b -has:data",
            "Rows where the user is not “a” and does not contain “b” and there is no data.",
        ),
        (
            "data.Code:/x/ -word ip:=\"\"",
            "Rows where data.Code matches /x/, no text contains “word” and the IP address is empty.",
        ),
    ];
    for (text, sentence) in cases {
        assert_eq!(parse(text).1.sentence, sentence, "{text}");
    }
}

#[test]
fn positions_count_as_javascript_does() {
    let text = "😀 tenant:日本 \u{3000}-ü";
    let (_, read) = parse(text);
    let cuts: Vec<String> = read
        .terms
        .iter()
        .map(|term| crate::cut(text, term.start, term.end))
        .collect();
    assert_eq!(cuts, ["😀", "tenant:日本", "-ü"]);
    assert_eq!((read.terms[0].start, read.terms[0].end), (0, 2));
}
