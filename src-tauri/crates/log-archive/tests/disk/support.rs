//! Archives in temporary folders, and rows for them.

use std::{ops::ControlFlow, path::Path};

use cipp_client::{Day, Row};
use log_archive::{ArchiveKey, ArchivedDay, ConnectionArchive, DayMeta};
use log_index::{DayColumns, DayColumnsBuilder, DictionaryColumn, ReadRow, TextColumn};

pub const CONNECTION: &str = "6f1e7c1a-0b0f-4c6e-9e55-2f6c1f0d9b11";
pub const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub fn key() -> ArchiveKey {
    ArchiveKey::from_hex(KEY).unwrap()
}

pub fn archive(root: &Path) -> ConnectionArchive {
    ConnectionArchive::open(root, CONNECTION, key()).unwrap()
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn meta() -> DayMeta {
    fetched("2026-08-09T05:00:00Z")
}

pub fn fetched(at: &str) -> DayMeta {
    DayMeta {
        fetched_at: at.parse().unwrap(),
        zone: "Europe/Berlin".to_owned(),
        complete_at_close: true,
    }
}

pub fn seal(archive: &ConnectionArchive, day: Day, rows: &[String]) -> ArchivedDay {
    let mut writer = archive.write_day(day, meta()).unwrap();
    for row in rows {
        writer.push(row).unwrap();
    }
    assert_eq!(writer.rows() as usize, rows.len());
    writer.finish().unwrap()
}

pub fn rows_of(archive: &ConnectionArchive, day: Day) -> Vec<String> {
    let mut rows = Vec::new();
    archive
        .read_rows(day, &mut |row| {
            rows.push(row.to_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

/// What the columns of these rows have to be.
pub fn columns_of(rows: &[String]) -> DayColumns {
    let mut columns = DayColumnsBuilder::new();
    for raw in rows {
        let row = Row::from_raw(raw.as_str().into());
        columns.push(&ReadRow::of(&row));
    }
    columns.finish()
}

/// Compares texts, row by row: the order of a dictionary is nobody's business.
pub fn assert_same_columns(found: &DayColumns, expected: &DayColumns) {
    assert_eq!(found.times, expected.times);
    let dictionaries = |columns: &DayColumns| {
        [
            &columns.severity,
            &columns.tenant,
            &columns.api,
            &columns.user,
            &columns.tenant_id,
            &columns.app_id,
            &columns.ip,
            &columns.template,
        ]
        .map(|column: &DictionaryColumn| {
            (0..column.codes.len())
                .map(|row| column.text(row).to_owned())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(dictionaries(found), dictionaries(expected));
    for column in [&found.severity, &found.tenant, &found.api, &found.user, &found.ip] {
        let mut texts = column.texts.clone();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), column.texts.len(), "each text once");
    }
    assert_eq!(found.message, expected.message);
    assert_eq!(found.row_key, expected.row_key);
    if found.log_data.is_some() {
        assert_eq!(found.log_data, expected.log_data);
    }
    assert_eq!(found.problems, expected.problems);
}

/// The data of all rows, read in parts.
pub fn log_data_of(archive: &ConnectionArchive, day: Day) -> TextColumn {
    let mut all = TextColumn::default();
    archive
        .read_log_data(day, &mut |first, part| {
            assert_eq!(first as usize, all.ends.len());
            for row in 0..part.ends.len() {
                all.push(std::str::from_utf8(part.bytes_of(row)).unwrap());
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    all
}

/// As CIPP sends them; `number` makes each of its own.
pub fn usual_row(number: usize) -> String {
    let (tenant, second, key) = (number % 17, 86399 - number % 86400, number * 2_654_435_761);
    let data = match number % 10 {
        0 => format!(r#"{{"NormalizedError":"AADSTS50076: {number}","Inner":[{number},null,"é"]}}"#),
        1 => "{}".to_owned(),
        _ => r#""""#.to_owned(),
    };
    format!(
        concat!(
            r#"{{"DateTime":"2026-08-08T{:02}:{:02}:{:02}.{:07}+00:00","Tenant":"tenant{}.example","API":"API{}","#,
            r#""Message":"Row {} says \"hello\"\nto tenant{}","User":"user{}@msp.example","Severity":"{}","LogData":{},"#,
            r#""TenantID":"None","AppId":null,"IP":{},"RowKey":"{:08x}-aaaa-4bbb-8ccc-{:012x}","StandardInfo":{{}},"#,
            r#""DateFilter":"20260808"}}"#
        ),
        second / 3600,
        second / 60 % 60,
        second % 60,
        key % 10_000_000,
        tenant,
        number % 5,
        number,
        tenant,
        number % 23,
        ["Info", "Error", "Warn", "info"][number % 4],
        data,
        if number.is_multiple_of(3) {
            format!(r#""192.0.2.{}""#, number % 250)
        } else {
            "null".to_owned()
        },
        key % 0xffff_ffff,
        key,
    )
}

/// Rows as nobody hopes to get them.
pub fn hostile_rows() -> Vec<String> {
    let mut rows: Vec<String> = [
        "",
        " ",
        "null",
        "[1,2]",
        "\"only a text\"",
        "{",
        "{}",
        " { } ",
        "{\"Message\":\"cut o",
        "not json at all <script>\0\u{1b}[31m\u{1}m\u{1e}",
        r#"{"Message":"twice","Message":"thrice","Message":null,"Message":"four times"}"#,
        r#"{"Message":"\ud800","User":"\udc00\ud800","Tenant":"\u0000","LogData":"\ud83d"}"#,
        r#"{"Message":"\u0000\u0001\u001f\u007f\u0080\u2028","Severity":""}"#,
        "{\t\"RowKey\"\r\n:\n\"b\" , \"DateTime\" : \"2026-08-08T00:00:00Z\"}\n",
        r#"{"RowKey":"z","DateFilter":"20260808","IP":"::1","Severity":"Info","DateTime":"2026-08-08T01:02:03.4567891Z"}"#,
        r#"{"message":"lower case is another member","MESSAGE":1,"":"","a\"b":{"c":[]}}"#,
        r#"{"M\u0065ssage":"an escaped key","User":"\u0061\/\u00e9"}"#,
        r#"{"Message":12.50,"Tenant":{"x":1},"User":["a"],"Severity":true,"API":1e400,"IP":-0,"RowKey":false}"#,
        r#"{"DateTime":"yesterday","Message":"no time"}"#,
        r#"{"DateTime":{"Kind":"Utc","value":"2026-08-08T00:35:13Z"},"Message":"a wrapped time"}"#,
        r#"{"DateTime":"9999-12-31T23:59:59.9999999+00:00"}"#,
        r#"{"DateTime":"2026-08-08T23:59:60Z","Message":"a leap second"}"#,
        r#"{"Standard":{"Template":"A template","Standard":"x"},"Message":"with a template"}"#,
        r#"{"StandardInfo":{"Template":null},"LogData":null,"TenantID":null}"#,
        r#"{"LogData":[],"TenantID":"none"}"#,
        r#"{"LogData":{ },"TenantID":"7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f"}"#,
        r#"{"LogData": "" ,"AppId":""}"#,
        "{\"Message\":\"\u{feff}\u{202e}right to left\u{200f}\u{0301}\u{1f3f4}\u{e0067}\u{10ffff}\",\"User\":\"=cmd|' /C calc'!A0\"}",
        r#"{"Message":"\u003cb\u003e \u0026 \u0027","User":"\u00E4"}"#,
    ]
    .map(str::to_owned)
    .into();
    rows.push(format!(
        r#"{{"LogData":{}1{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    ));
    rows.push(format!(
        r#"{{"LogData":"{}","Message":"a megabyte"}}"#,
        "x \\n\u{e9}".repeat(200_000)
    ));
    rows.push(format!(r#"{{"Message":"{}"}}"#, "long ".repeat(60_000)));
    rows.push(format!(r#"{{"{}":"a long name"}}"#, "name".repeat(20_000)));
    rows
}
