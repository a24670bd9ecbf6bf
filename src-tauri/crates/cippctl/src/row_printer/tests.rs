//! Every form, with rows that are hard to print.

use unicode_width::UnicodeWidthStr;

use super::{delimited::COLUMNS, *};

const ROW: &str = r#"{"DateTime":"2026-08-08T00:35:13.1234567+00:00","Tenant":"contoso.example","API":"AddUser","Message":"a \"b\"\nc","User":"anna@msp.example","Severity":"Warn","LogData":{"a":[1,2]},"TenantID":"None","AppId":null,"IP":null,"RowKey":"0b9f7c3e-1111-2222-3333-444455556666","StandardInfo":{},"DateFilter":"20260808"}"#;
const NO_SCREEN: Screen = Screen {
    width: None,
    colour: false,
};

fn printed_on(screen: Screen, format: Format, rows: &[&str], complete: bool) -> String {
    let mut out = Vec::new();
    let mut printer = RowPrinter::rows(format, screen, &mut out).unwrap();
    for raw in rows {
        let row = Row::from_raw((*raw).into());
        printer.row(&row, row.fields().as_ref()).unwrap();
    }
    printer.finish(complete).unwrap();
    drop(printer);
    String::from_utf8(out).unwrap()
}

fn printed(format: Format, rows: &[&str]) -> String {
    printed_on(NO_SCREEN, format, rows, true)
}

fn counted(format: Format, rows: &[&str], complete: bool) -> String {
    let mut out = Vec::new();
    let mut printer = RowPrinter::count(format, NO_SCREEN, &mut out);
    for raw in rows {
        let row = Row::from_raw((*raw).into());
        printer.row(&row, row.fields().as_ref()).unwrap();
    }
    printer.finish(complete).unwrap();
    drop(printer);
    String::from_utf8(out).unwrap()
}

#[test]
fn ndjson_is_cipps_own_text() {
    let odd = r#"{"Message": 1.50e0 ,"LogData":"\u00e9\/","New":[ ]}"#;
    assert_eq!(printed(Format::Ndjson, &[ROW, odd]), format!("{ROW}\n{odd}\n"));
}

#[test]
fn a_row_over_several_lines_becomes_one_line_with_the_same_values() {
    let broken_up = "{\n  \"Message\": \"a\\nb\",\r\n  \"User\":\t\"c\"\n}";
    let line = printed(Format::Ndjson, &[broken_up]);
    assert_eq!(line.matches('\n').count(), 1);
    let values = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(values(&line), values(broken_up));
}

#[test]
fn json_is_one_array_whatever_happened() {
    for (rows, expected) in [(&[][..], 0), (&[ROW][..], 1), (&[ROW, "3", ROW][..], 3)] {
        let text = printed_on(NO_SCREEN, Format::Json, rows, false);
        let array: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(array.len(), expected);
    }
}

#[test]
fn an_unreadable_row_is_wrapped_and_counted_never_dropped() {
    let broken = "{\"User\":\"a\nb\", }";
    for format in [Format::Json, Format::Ndjson] {
        let text = printed(format, &[broken]);
        let line = text.lines().find(|line| line.contains("unreadable")).unwrap();
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["unreadable"], broken);
    }
    assert!(printed(Format::Csv, &[broken]).contains("a\nb"));
    assert!(printed(Format::Table, &[broken]).contains("not valid JSON"));
    let mut printer = RowPrinter::rows(Format::Ndjson, NO_SCREEN, Vec::new()).unwrap();
    for raw in [broken, ROW, "null"] {
        let row = Row::from_raw(raw.into());
        printer.row(&row, row.fields().as_ref()).unwrap();
    }
    assert_eq!(
        (printer.printed(), printer.unreadable()),
        (3, 1),
        "null is no object, but it is JSON"
    );
}

#[test]
fn csv_has_cipps_names_and_survives_every_text() {
    let text = printed(Format::Csv, &[ROW]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
    let record = reader.records().next().unwrap().unwrap();
    assert_eq!(&record[3], "a \"b\"\nc");
    assert_eq!(&record[6], r#"{"a":[1,2]}"#);
    assert_eq!((&record[8], &record[12]), ("", "20260808"));
}

#[test]
fn no_csv_cell_is_a_formula() {
    for dangerous in ["=1+1", "+1", "-1", "@SUM(A1)", "\\t=1", "\\r=1"] {
        let row = format!(r#"{{"Message":"{dangerous}","LogData":"{dangerous}","Tenant":"a=b"}}"#);
        let text = printed(Format::Csv, &[&row]);
        let record = csv::Reader::from_reader(text.as_bytes())
            .records()
            .next()
            .unwrap()
            .unwrap();
        assert!(record[3].starts_with('\'') && record[6].starts_with('\''), "{record:?}");
        assert_eq!(&record[1], "a=b");
    }
    assert_eq!(
        printed(Format::Csv, &[]).lines().count(),
        1,
        "no rows: the header alone"
    );
}

#[test]
fn counts_are_by_family_and_say_whether_they_are_whole() {
    let rows = [
        r#"{"Severity":"Warn"}"#,
        r#"{"Severity":"warning"}"#,
        r#"{"Severity":"ERROR"}"#,
        "{}",
        "{broken",
    ];
    let json: serde_json::Value = serde_json::from_str(&counted(Format::Json, &rows, false)).unwrap();
    assert_eq!(json["total"], 5);
    assert_eq!(
        (&json["bySeverity"]["warning"], &json["bySeverity"]["error"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (&json["bySeverity"]["unknown"], &json["bySeverity"]["critical"]),
        (&2.into(), &0.into())
    );
    assert_eq!(json["complete"], false);
    let table = counted(Format::Table, &rows, true);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.lines().last().unwrap().starts_with("Total"));
    assert_eq!(counted(Format::Csv, &rows, true).lines().count(), 8);
}

#[test]
fn a_table_fits_its_terminal_and_obeys_no_text() {
    let hostile = r#"{"DateTime":"2026-08-08T00:35:13Z","Tenant":"東京東京東京東京東京東京東京東京","API":"AddUser","Message":"\u001b[2J\u202eevil\nline two and much more text than any terminal has room for in one line, really","User":"anna@msp.example","Severity":"Error"}"#;
    for width in [40, 71, 72, 80, 120, 200] {
        let screen = Screen {
            width: Some(width),
            colour: false,
        };
        let text = printed_on(screen, Format::Table, &[hostile, ROW, "{}", "{broken"], true);
        assert_eq!(text.lines().count(), 5, "one line a row and a header");
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {} {line}", line.width());
        }
        assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
    }
}

#[test]
fn colour_is_only_added_around_the_severity() {
    let screen = |colour| Screen {
        width: Some(160),
        colour,
    };
    let plain = printed_on(screen(false), Format::Table, &[ROW], true);
    let coloured = printed_on(screen(true), Format::Table, &[ROW], true);
    assert!(coloured.contains("\x1b[33mWarn\x1b[0m"), "{coloured:?}");
    let stripped = ["\x1b[33m", "\x1b[1m", "\x1b[0m"]
        .iter()
        .fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(stripped, plain);
}

#[test]
fn without_a_terminal_nothing_is_cut() {
    let long = format!(r#"{{"Message":"{}","Tenant":"{}"}}"#, "m".repeat(500), "t".repeat(100));
    let text = printed(Format::Table, &[&long]);
    assert!(text.contains(&"m".repeat(500)) && text.contains(&"t".repeat(100)));
}

#[test]
fn json_on_a_terminal_is_escaped_not_obeyed() {
    let screen = Screen {
        width: Some(80),
        colour: true,
    };
    let text = printed_on(screen, Format::Ndjson, &["{\"Message\":\"\u{202e}\u{9b}2J\"}"], true);
    assert_eq!(text, "{\"Message\":\"\\u202e\\u009b2J\"}\n");
}
