//! Shapes and rows, without a folder around them.

use std::collections::HashSet;

use cipp_client::Row;
use log_index::ReadRow;
use proptest::prelude::*;

use super::shape::{Shape, Shapes, Split, Values};

const USUAL: &str = r#"{"DateTime":"2026-08-08T00:35:13.1234567+00:00","Tenant":"contoso.example","API":"Standards","Message":"Set \"x\" for anna@contoso.example","User":"CIPP","Severity":"Info","LogData":{"a":[1,2]},"TenantID":"None","AppId":null,"IP":"192.0.2.1","RowKey":"7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f","StandardInfo":{},"DateFilter":"20260808"}"#;

/// Takes a row apart, puts it together again by the shape's text alone, and returns what was kept.
fn round_trip(shapes: &mut Shapes, raw: &str) -> (String, String, bool) {
    let row = Row::from_raw(raw.into());
    let fields = ReadRow::of(&row);
    let Split { shape, rest, raw: kept } = shapes.split(raw, &fields);
    let mut again = String::new();
    match kept {
        Some(kept) => again.push_str(kept),
        None => {
            let values = Values {
                time: fields.time,
                texts: [
                    &fields.severity,
                    &fields.tenant,
                    &fields.api,
                    &fields.user,
                    &fields.tenant_id,
                    &fields.app_id,
                    &fields.ip,
                    &fields.message,
                    &fields.row_key,
                ],
                log_data: fields.log_data,
                rest,
            };
            Shape::parse(shape).unwrap().rebuild(&values, &mut again).unwrap();
        }
    }
    assert_eq!(again, raw);
    (shape.to_owned(), rest.to_owned(), kept.is_some())
}

#[test]
fn usual_rows_share_a_shape_and_keep_nearly_nothing_beside_it() {
    let mut shapes = Shapes::default();
    let (shape, rest, kept) = round_trip(&mut shapes, USUAL);
    assert!(!kept);
    assert_eq!(rest, "\"20260808\"\u{1e}");
    let other = USUAL
        .replace("contoso", "fabrikam")
        .replace("13.1234567", "14.0000000")
        .replace("\"Info\"", "\"Error\"")
        .replace("[1,2]", "\"\\ud800\"")
        .replace("7d3c1b9e", "00000000")
        .replace(r#"\"x\""#, r#"\u0001\n\t<ä>\u001f"#);
    assert_eq!(round_trip(&mut shapes, &other), (shape, rest, false));
}

#[test]
fn what_a_column_gives_back_is_cut_out_however_it_is_escaped() {
    let mut shapes = Shapes::default();
    for message in [
        r#""plain""#,
        r#""""#,
        r#""\"\\\b\f\n\r\t\u0000\u001f/""#,
        r#""\u0085\u2028\u2029ä""#,
        r#""\u0022\u0026\u0027\u002B\u003C\u003E\u0060\u007F\u00E4\uD83D\uDE00\\\n\u001F""#,
        r#""\ud800""#,
        "12.50",
        "[1, 2]",
        "true",
    ] {
        let raw = format!(r#"{{"Message":{message},"User":"a"}}"#);
        let (shape, rest, kept) = round_trip(&mut shapes, &raw);
        assert!(!kept && rest.is_empty(), "{message}: {shape:?} {rest:?}");
        assert!(shape.starts_with("{\"Message\":\u{1}m"), "{shape:?}");
    }
}

#[test]
fn a_value_that_no_column_gives_back_costs_only_itself() {
    let mut shapes = Shapes::default();
    for (raw, expected) in [
        // Escapes that nobody makes.
        (r#"{"Message":"\u0061 long one","User":"a"}"#, r#""\u0061 long one""#),
        (r#"{"Message":"sl\/ash \ud83d\ude00"}"#, r#""sl\/ash \ud83d\ude00""#),
        // The last of two wins; the first has no column.
        (r#"{"Message":"the first","Message":"the second"}"#, r#""the first""#),
        // Times in other zones, other forms, or none.
        (
            r#"{"DateTime":"2026-08-08T02:35:13+02:00"}"#,
            r#""2026-08-08T02:35:13+02:00""#,
        ),
        (r#"{"DateTime":"2026-08-08 00:35:13Z"}"#, r#""2026-08-08 00:35:13Z""#),
        (
            r#"{"DateTime":{"Kind":"Utc","value":"2026-08-08T00:35:13Z"}}"#,
            r#"{"Kind":"Utc","value":"2026-08-08T00:35:13Z"}"#,
        ),
        (
            r#"{"DateTime":"2026-08-08T00:35:13.12345678901Z"}"#,
            r#""2026-08-08T00:35:13.12345678901Z""#,
        ),
        // New members.
        (r#"{"User":"a","ETag":"W/\"datetime\""}"#, r#""W/\"datetime\"""#),
    ] {
        let (_, rest, kept) = round_trip(&mut shapes, raw);
        assert!(!kept, "{raw}");
        assert_eq!(rest, format!("{expected}\u{1e}"), "{raw}");
    }
}

#[test]
fn times_in_utc_are_cut_out_with_as_many_digits_as_they_have() {
    let mut shapes = Shapes::default();
    for time in [
        "2026-08-08T00:35:13.1234567+00:00",
        "2026-08-08T00:35:13Z",
        "2026-08-08T00:35:13",
        "2026-08-08T00:35:13.1Z",
        "2026-08-08T00:35:13.123456789Z",
        "1969-12-31T23:59:59.9999999+00:00",
        "1678-01-01T00:00:00.0000000Z",
    ] {
        let (_, rest, kept) = round_trip(&mut shapes, &format!(r#"{{"DateTime":"{time}"}}"#));
        assert!(!kept && rest.is_empty(), "{time}: {rest:?}");
    }
    // Outside of what nanoseconds in 64 bits can say, and outside of the calendar.
    for time in [
        "0001-01-01T00:00:00.0000000Z",
        "9999-12-31T23:59:59.9999999Z",
        "2026-02-30T00:00:00Z",
        "",
    ] {
        round_trip(&mut shapes, &format!(r#"{{"DateTime":"{time}"}}"#));
    }
}

#[test]
fn rows_that_are_no_object_are_their_own_data() {
    let mut shapes = Shapes::default();
    for raw in [
        "",
        "null",
        "3",
        "\"text\"",
        "[1]",
        "{\"a\":}",
        "{\"a\":1]",
        "\u{1}m\u{1e}\0",
        "{\"a\":1} x",
        "\u{feff}{}",
    ] {
        let (shape, rest, kept) = round_trip(&mut shapes, raw);
        assert_eq!((shape.as_str(), rest.as_str(), kept), ("\u{1}L", "", false), "{raw:?}");
    }
    // White space around and inside is the shape's.
    for raw in [" {\r\n\t\"User\" : \"a\" ,\"Message\":\"b\" } ", "{}", " {}\n"] {
        let (_, rest, kept) = round_trip(&mut shapes, raw);
        assert!(rest.is_empty() && !kept, "{raw:?}");
    }
}

#[test]
fn rows_that_are_all_different_do_not_make_a_shape_each() {
    let mut shapes = Shapes::default();
    let mut seen = HashSet::new();
    // Numbers that are short enough to stay in a shape ...
    for number in 0..6000 {
        let (shape, _, kept) = round_trip(&mut shapes, &format!(r#"{{"Number":{number}}}"#));
        seen.insert(shape);
        assert!(!kept);
    }
    assert!(seen.len() <= 1025, "{}", seen.len());
    // ... and members whose very names are different.
    let kept = (0..6000)
        .filter(|number| round_trip(&mut shapes, &format!(r#"{{"Name{number}":null}}"#)).2)
        .count();
    assert!(kept > 2000, "{kept}");
    // A row that everybody has still finds its shape.
    assert!(!round_trip(&mut shapes, r#"{"Number":1}"#).2);
    // And one that is too long for a shape is kept whole.
    let long = format!(r#"{{"{}":1}}"#, "n".repeat(5000));
    assert!(round_trip(&mut Shapes::default(), &long).2);
}

#[test]
fn a_text_that_is_no_shape_is_no_shape() {
    for wrong in [
        "\u{1}", "\u{1}m", "\u{1}mx", "\u{1}T", "\u{1}T7", "\u{1}Tx+", "\u{1}T7?", "a\u{1}?",
    ] {
        assert!(Shape::parse(wrong).is_none(), "{wrong:?}");
    }
    // Values that do not fit it are refused, not guessed.
    let values = Values {
        time: i64::MIN,
        texts: [""; 9],
        log_data: "",
        rest: "",
    };
    for wrong in ["\u{1}R", "\u{1}T7+"] {
        assert!(
            Shape::parse(wrong)
                .unwrap()
                .rebuild(&values, &mut String::new())
                .is_none()
        );
    }
    let left_over = Values {
        rest: "1\u{1e}",
        ..values
    };
    assert!(
        Shape::parse("x")
            .unwrap()
            .rebuild(&left_over, &mut String::new())
            .is_none()
    );
}

fn member() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "DateTime", "Tenant", "API", "Message", "User", "Severity", "LogData", "TenantID", "AppId", "IP", "RowKey",
            "StandardInfo", "DateFilter", "M\\u0065ssage",
        ])
        .prop_map(|name| format!("\"{name}\"")),
        1 => any::<String>().prop_map(|name| serde_json::to_string(&name).unwrap()),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<String>().prop_map(|text| {
            let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            format!("\"{units}\"")
        }),
        prop::collection::vec(any::<u16>(), 0..6).prop_map(|units| {
            let units: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{units}\"")
        }),
        prop::sample::select(vec![
            "null",
            "{}",
            "[]",
            "\"\"",
            "true",
            "1e9",
            "-0",
            " { \"a\" : [ 1 ] } ",
            "\"None\""
        ])
        .prop_map(str::to_owned),
        (any::<i64>(), 0..10_usize).prop_map(|(time, digits)| {
            let time = jiff::Timestamp::from_nanosecond(i128::from(time)).unwrap();
            format!("\"{time:.digits$}\"")
        }),
        (any::<u32>(), 0..12_usize).prop_map(|(second, digits)| {
            let time = jiff::Timestamp::from_second(i64::from(second))
                .unwrap()
                .strftime("%Y-%m-%dT%H:%M:%S")
                .to_string();
            format!("\"{time}.{:0digits$}+00:00\"", second)
        }),
        any::<f64>().prop_map(|number| format!("{number:?}")),
    ]
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\r\n\t"])
}

fn row() -> impl Strategy<Value = String> {
    let object = prop::collection::vec((blank(), member(), blank(), value(), blank()), 0..16).prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(a, name, b, value, c)| format!("{a}{name}{b}:{c}{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    prop_oneof![8 => object, 1 => any::<String>(), 1 => "[\\PC\u{0}-\u{1f}{}\":,]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_row_is_put_together_again(rows in prop::collection::vec(row(), 1..12)) {
        let mut shapes = Shapes::default();
        for raw in rows {
            round_trip(&mut shapes, &raw);
        }
    }

    #[test]
    fn no_shape_and_no_values_make_it_panic(shape in any::<String>(), marks in "[\u{1}\u{1e}TmLR0-9+zlnsv ]{0,20}", time in any::<i64>(), text in any::<String>()) {
        for shape in [shape, marks] {
            if let Some(shape) = Shape::parse(&shape) {
                let values = Values { time, texts: [&text; 9], log_data: &text, rest: &text };
                let _ = shape.rebuild(&values, &mut String::new());
            }
        }
    }
}
