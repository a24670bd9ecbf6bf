//! Every form is written with everything in it that is hard to write, and read back by someone else's reader.

use std::{cell::RefCell, fs};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::{Array, StringArray};
use calamine::{Data, Reader as _, Xlsx};
use serde_json::Value;
use tempfile::TempDir;

use super::*;

const ZONE: &str = "Europe/Berlin";

/// Rows as CIPP or a stranger might send them.
fn hard_rows() -> Vec<String> {
    let messages = [
        "plain",
        "",
        "<b>bold</b><script>alert(1)</script> & &amp;",
        "\u{1b}[2J\u{1b}]0;title\u{7}",
        "invoice\u{202e}fdp.exe",
        "NUL \u{0} and every control:\u{1}\u{8}\u{b}\u{c}\u{e}\u{1f}\u{7f}\u{85}",
        "line one\r\nline two\rthree\nfour",
        "\t=tab",
        "\r=cr",
        "=HYPERLINK(\"http://x.example\",\"click\")",
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\u{ff1d}1+1",
        "comma, \"quoted\" ; semicolon",
        "_x0041_ stays and _x005F_ too",
        "\u{fffe}\u{ffff} no characters",
        "  blanks around  ",
        "東京 👩‍💻 שלום",
        "'apostrophe",
    ];
    let mut rows: Vec<String> = messages
        .iter()
        .map(|message| {
            serde_json::json!({
                "DateTime": "2026-08-08T00:35:13.1234567+00:00", "Tenant": message, "API": "AddUser", "Message": message,
                "User": "anna@msp.example", "Severity": "Error", "LogData": { "Message": message, "n": [1, 2.50, null] },
                "TenantID": "None", "AppId": null, "IP": "203.0.113.7", "RowKey": "0b9f7c3e-1111-2222-3333-444455556666",
                "StandardInfo": {}, "DateFilter": "20260808",
            })
            .to_string()
        })
        .collect();
    rows.extend(
        [
            r#"{"Message":"\ud800 alone","User":"\udc00","DateTime":"2026-08-08T00:35:13Z"}"#,
            r#"{"Message": 1.50e0 ,"LogData":"\u00e9\/text","New":[ 1 ],"Ne\u0077er":"x","DateTime":"soon"}"#,
            "{\n  \"Message\": \"a\\nb\",\r\n  \"LogData\": {\n \"x\": 1 }\n}",
            r#"{"Tenant":{"x":1},"Message":["a"],"User":7,"Severity":true}"#,
            r#"{"DateTime":"1850-01-01T00:00:00Z","Message":"before Excel's first day"}"#,
            "{}",
            "[1,\"a list\"]",
            "null",
            "{\"User\":\"broken\nJSON\", }",
        ]
        .map(str::to_owned),
    );
    rows.push(format!(
        r#"{{"Message":"{}","LogData":"{}","DateTime":"2026-03-29T00:59:59.5Z"}}"#,
        "👩".repeat(20_000),
        "x".repeat(40_000)
    ));
    rows.push(format!(r#"{{"LogData":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000)));
    rows
}

fn options(format: ExportFormat) -> ExportOptions {
    ExportOptions {
        format,
        formula_safe: true,
        bom: false,
        zone: ZONE.to_owned(),
        overwrite: false,
    }
}

fn day() -> Day {
    "2026-08-08".parse().unwrap()
}

/// Exports these rows to a new folder.
fn exported(rows: &[String], options: &ExportOptions) -> (TempDir, PathBuf, ExportSummary) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let summary = export_to(rows, &path, options, &CancellationToken::new()).unwrap();
    assert_eq!(summary.rows as usize, rows.len());
    assert_eq!(summary.bytes, fs::metadata(&path).unwrap().len() as f64);
    (folder, path, summary)
}

fn export_to(
    rows: &[String],
    path: &Path,
    options: &ExportOptions,
    cancel: &CancellationToken,
) -> Result<ExportSummary, ExportError> {
    let each = |visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| {
        for row in rows {
            if visit(day(), row).is_break() {
                break;
            }
        }
        Ok(())
    };
    write(&source(rows.len(), &each), path, options, &|_| {}, cancel)
}

fn source<'a>(count: usize, each: &'a EachRow<'a>) -> Rows<'a> {
    Rows {
        count: count as u32,
        from: "2026-08-01".parse().unwrap(),
        to: day(),
        filter: "tenant:contoso -api:x".to_owned(),
        coverage: "7 of 8 days are complete; 2026-08-03 failed.".to_owned(),
        each,
    }
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

type Members = std::collections::HashMap<String, Box<serde_json::value::RawValue>>;

/// What a field of the row should read as, by an independent reader: text as itself, anything else (and text that is no
/// Unicode) as its JSON.
fn field(raw: &str, name: &str) -> String {
    let members: Members = serde_json::from_str(raw).unwrap_or_default();
    match members.get(name).map(|value| value.get()) {
        None | Some("null") => String::new(),
        Some(json) if json.starts_with('"') => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
        Some(json) => json.to_owned(),
    }
}

fn assert_row(raw: &str, cell: &dyn Fn(&str) -> String, cut: bool) {
    for name in [
        "Tenant", "API", "Message", "User", "Severity", "RowKey", "IP", "DateTime",
    ] {
        let (is, should) = (cell(name), field(raw, name));
        if !(cut && is.contains("[CUT:")) {
            assert_eq!(is, should, "{name} of {raw}");
        }
    }
    let data = cell("LogData");
    if !(cut && data.contains("[CUT:")) {
        match serde_json::from_str::<Members>(raw) {
            Ok(row) => {
                let sent = row.get("LogData").map_or("", |value| value.get());
                assert_eq!(data, sent.replace(['\n', '\r'], " "), "{raw}");
            }
            Err(_) => assert_eq!(data, raw, "no object: its text is its data"),
        }
    }
    let unknown = raw.contains("\"New\"");
    assert_eq!(
        cell("Other fields"),
        if unknown { r#"{"New":[ 1 ],"Newer":"x"}"# } else { "" },
        "{raw}"
    );
    let odd = field(raw, "DateTime").is_empty() || raw.contains("soon") || raw.contains("\\ud800");
    assert_eq!(!cell("Problem").is_empty(), odd, "{raw}");
}

#[test]
fn csv_keeps_every_row_and_every_text() {
    let rows = hard_rows();
    let plain = ExportOptions {
        formula_safe: false,
        ..options(ExportFormat::Csv)
    };
    let (_folder, path, _) = exported(&rows, &plain);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.starts_with("\u{feff}".as_bytes()));
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().unwrap().clone();
    assert_eq!(&header[0], "Time UTC");
    assert_eq!(&header[1], "Time Europe/Berlin");
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows.len());
    for (record, raw) in records.iter().zip(&rows) {
        let cell = |name: &str| {
            let at = header.iter().position(|each| each == name).unwrap();
            record[at].to_owned()
        };
        assert_row(raw, &cell, false);
    }
    assert_eq!(&records[0][0], "2026-08-08T00:35:13.1234567Z");
    assert_eq!(&records[0][1], "2026-08-08T02:35:13.1234567+02:00");
    let before_summer_time = &records[rows.len() - 2];
    assert_eq!(&before_summer_time[1], "2026-03-29T01:59:59.5+01:00");
}

#[test]
fn csv_cells_are_no_formulas_unless_that_is_wanted() {
    let rows = hard_rows();
    let (_folder, path, _) = exported(&rows, &options(ExportFormat::Csv));
    let bytes = fs::read(&path).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    for (record, raw) in reader.records().map(Result::unwrap).zip(&rows) {
        assert!(
            record
                .iter()
                .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}'])),
            "{record:?}"
        );
        let message = field(raw, "Message");
        assert!(record[5] == message || record[5] == format!("'{message}"), "{raw}");
    }
}

#[test]
fn a_byte_order_mark_comes_where_it_is_wanted() {
    let with = ExportOptions {
        bom: true,
        ..options(ExportFormat::Csv)
    };
    let (_folder, path, _) = exported(&[], &with);
    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with("\u{feff}Time UTC,"));
    assert!(text.ends_with("Problem\r\n"), "no rows: the header alone");
}

#[test]
fn json_has_every_row_byte_for_byte() {
    let rows = hard_rows();
    let (_folder, path, summary) = exported(&rows, &options(ExportFormat::Json));
    let text = fs::read_to_string(path).unwrap();
    let array: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&text).unwrap();
    assert_eq!(array.len(), rows.len());
    for (read, raw) in array.iter().zip(&rows) {
        if raw.contains("broken") {
            assert_eq!(
                serde_json::from_str::<Value>(read.get()).unwrap()["unreadable"],
                raw.as_str()
            );
        } else {
            assert_eq!(read.get(), raw);
        }
    }
    assert!(
        summary
            .coverage
            .starts_with("7 of 8 days are complete; 2026-08-03 failed. 1 row is not")
    );
    let (_folder, path, _) = exported(&[], &options(ExportFormat::Json));
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&fs::read_to_string(path).unwrap()).unwrap(),
        [] as [Value; 0]
    );
}

#[test]
fn ndjson_has_one_row_a_line_with_the_same_values() {
    let rows = hard_rows();
    let (_folder, path, _) = exported(&rows, &options(ExportFormat::Ndjson));
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    assert_eq!(lines.len(), rows.len());
    for (line, raw) in lines.iter().zip(&rows) {
        if raw.contains("broken") {
            assert_eq!(serde_json::from_str::<Value>(line).unwrap()["unreadable"], raw.as_str());
        } else if raw.contains('\n') {
            let values = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(values(line), values(raw));
        } else {
            assert_eq!(line, raw);
        }
    }
}

#[test]
fn xlsx_keeps_every_row_and_says_what_it_cut() {
    let rows = hard_rows();
    let (_folder, path, summary) = exported(&rows, &options(ExportFormat::Xlsx));
    let mut book: Xlsx<_> = calamine::open_workbook(&path).unwrap();
    assert_eq!(book.sheet_names(), ["Log", "Coverage"]);
    let formulas = book.worksheet_formula("Log").unwrap();
    assert!(formulas.used_cells().next().is_none(), "no formula anywhere");
    let sheet = book.worksheet_range("Log").unwrap();
    let text = |row: u32, column: u32| match sheet.get_value((row, column)) {
        Some(Data::String(text)) => text.clone(),
        None | Some(Data::Empty) => String::new(),
        other => panic!("{other:?}"),
    };
    let header: Vec<String> = (0..18).map(|column| text(0, column)).collect();
    assert_eq!(header[..3], ["Time UTC", "Time Europe/Berlin", "Date Europe/Berlin"]);
    assert_eq!(sheet.end().unwrap().0 as usize, rows.len());
    for (line, raw) in (1..).zip(&rows) {
        let cell = |name: &str| {
            let at = header.iter().position(|each| each == name).unwrap();
            text(line, at as u32)
        };
        for name in &header {
            if name != "Date Europe/Berlin" {
                assert!(cell(name).encode_utf16().count() <= 32_767);
            }
        }
        assert_row(raw, &cell, true);
    }
    let Some(Data::DateTime(date)) = sheet.get_value((1, 2)) else {
        panic!("a real date");
    };
    // 2026-08-08 is day 46,242 of Excel's calendar; 02:35:13.123 is Berlin's wall clock.
    let seconds = (date.as_f64() - 46_242.0) * 86_400.0;
    assert!((seconds - 9_313.123).abs() < 0.01, "{seconds}");
    let old = 1 + rows.iter().position(|raw| raw.contains("1850")).unwrap() as u32;
    assert!(matches!(sheet.get_value((old, 2)), None | Some(Data::Empty)));
    assert_eq!(text(old, 0), "1850-01-01T00:00:00Z");

    assert!(summary.coverage.contains("2 cells are longer"), "{}", summary.coverage);
    let long = rows.len() as u32 - 1;
    assert!(
        text(long, 6).starts_with("👩👩") && text(long, 6).ends_with("Export CSV, JSON or Parquet for all of it.]")
    );
    let note = book.worksheet_range("Coverage").unwrap();
    let noted: Vec<String> = note
        .rows()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(": "))
        .collect();
    assert!(noted.contains(&"Filter: tenant:contoso -api:x".to_owned()), "{noted:?}");
    assert!(
        noted
            .iter()
            .any(|line| line.contains("2026-08-03 failed") && line.contains("2 cells"))
    );
}

#[test]
fn parquet_has_every_row_byte_for_byte_and_says_what_it_covers() {
    let rows = hard_rows();
    let (_folder, path, summary) = exported(&rows, &options(ExportFormat::Parquet));
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
    let noted = builder.metadata().file_metadata().key_value_metadata().unwrap().clone();
    let value_of = |key: &str| {
        noted
            .iter()
            .find(|pair| pair.key == key)
            .and_then(|pair| pair.value.clone())
    };
    assert_eq!(value_of("cipp-desk.coverage"), Some(summary.coverage));
    assert_eq!(value_of("cipp-desk.filter").as_deref(), Some("tenant:contoso -api:x"));
    let mut read = Vec::new();
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        let texts = |name: &str| {
            let column = batch.column_by_name(name).unwrap();
            column.as_any().downcast_ref::<StringArray>().unwrap().clone()
        };
        let (raw, days) = (texts("raw"), texts("day"));
        read.extend((0..batch.num_rows()).map(|row| raw.value(row).to_owned()));
        assert!((0..batch.num_rows()).all(|row| days.value(row) == "2026-08-08"));
    }
    assert_eq!(read, rows);
}

#[test]
fn more_rows_than_a_sheet_has_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let each = |_: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| panic!("no row is read for nothing");
    let rows = source(1_048_576, &each);
    let refused = write(
        &rows,
        &folder.path().join("log.xlsx"),
        &options(ExportFormat::Xlsx),
        &|_| {},
        &CancellationToken::new(),
    );
    match refused {
        Err(ExportError::TooMuch(sentence)) => assert!(sentence.contains("1048575") && sentence.contains("NDJSON")),
        other => panic!("{other:?}"),
    }
    assert!(names(&folder).is_empty());
}

#[test]
fn the_coverage_stands_beside_the_forms_that_have_no_place_for_it() {
    for (format, beside) in [
        (ExportFormat::Csv, true),
        (ExportFormat::Json, true),
        (ExportFormat::Ndjson, true),
        (ExportFormat::Xlsx, false),
        (ExportFormat::Parquet, false),
    ] {
        let (folder, _, summary) = exported(&hard_rows(), &options(format));
        let mut expected = vec!["log".to_owned()];
        if beside {
            expected.push("log.coverage.txt".to_owned());
            let text = fs::read_to_string(folder.path().join("log.coverage.txt")).unwrap();
            assert!(text.contains(&format!("Coverage: {}", summary.coverage)), "{text}");
            assert!(text.contains("Days of the log: 2026-08-01 to 2026-08-08") && text.contains("tenant:contoso"));
        }
        assert_eq!(names(&folder), expected);
    }
}

const EVERY_FORM: [ExportFormat; 5] = [
    ExportFormat::Parquet,
    ExportFormat::Csv,
    ExportFormat::Json,
    ExportFormat::Ndjson,
    ExportFormat::Xlsx,
];

#[test]
fn cancelled_half_way_it_leaves_nothing() {
    for format in EVERY_FORM {
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancellationToken::new();
        let each = |visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| {
            for row in 0..1_000 {
                if row == 500 {
                    assert!(!names(&folder).is_empty(), "a temporary file, beside the place");
                    cancel.cancel();
                }
                if visit(day(), "{}").is_break() {
                    return Ok(());
                }
            }
            panic!("stopped long before");
        };
        let end = write(
            &source(1_000, &each),
            &folder.path().join("log"),
            &options(format),
            &|_| {},
            &cancel,
        );
        assert_eq!(end, Err(ExportError::Cancelled), "{format:?}");
        assert!(names(&folder).is_empty(), "{:?}", names(&folder));
    }
}

#[test]
fn cancelled_at_the_last_row_it_leaves_nothing_either() {
    for format in EVERY_FORM {
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancellationToken::new();
        let each = |visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| {
            let _ = visit(day(), "{}");
            cancel.cancel();
            Ok(())
        };
        let end = write(
            &source(1, &each),
            &folder.path().join("log"),
            &options(format),
            &|_| {},
            &cancel,
        );
        assert_eq!(end, Err(ExportError::Cancelled), "{format:?}");
        assert!(names(&folder).is_empty());
    }
}

#[test]
fn a_row_that_cannot_be_read_ends_it_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let each = |visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| {
        let _ = visit(day(), "{}");
        Err("The file of 2026-08-03 is damaged.".to_owned())
    };
    let end = write(
        &source(2, &each),
        &folder.path().join("log"),
        &options(ExportFormat::Csv),
        &|_| {},
        &CancellationToken::new(),
    );
    match end {
        Err(ExportError::NotWritten(sentence)) => assert!(sentence.contains("2026-08-03 is damaged"), "{sentence}"),
        other => panic!("{other:?}"),
    }
    assert!(names(&folder).is_empty());
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let token = CancellationToken::new();
    fs::write(&path, "precious").unwrap();
    let refused = export_to(&[], &path, &options(ExportFormat::Csv), &token);
    assert_eq!(refused, Err(ExportError::Exists));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(names(&folder), ["log.csv"]);

    fs::remove_file(&path).unwrap();
    fs::write(folder.path().join("log.csv.coverage.txt"), "older").unwrap();
    match export_to(&[], &path, &options(ExportFormat::Csv), &token) {
        Err(ExportError::NotWritten(sentence)) => assert!(sentence.contains("log.csv.coverage.txt is there already")),
        other => panic!("{other:?}"),
    }
    let told = ExportOptions {
        overwrite: true,
        ..options(ExportFormat::Csv)
    };
    fs::write(&path, "precious").unwrap();
    export_to(&["{}".to_owned()], &path, &told, &token).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with("Time UTC"));
    assert!(
        fs::read_to_string(folder.path().join("log.csv.coverage.txt"))
            .unwrap()
            .contains("Rows: 1")
    );
}

/// Two exports to the same name at the same time: the second one finds the file of the first.
#[test]
fn a_file_that_appears_while_writing_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.xlsx");
    let each = |visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| {
        let _ = visit(day(), "{}");
        fs::write(&path, "the other's").unwrap();
        Ok(())
    };
    let end = write(
        &source(1, &each),
        &path,
        &options(ExportFormat::Xlsx),
        &|_| {},
        &CancellationToken::new(),
    );
    assert_eq!(end, Err(ExportError::Exists));
    assert_eq!(fs::read_to_string(&path).unwrap(), "the other's");
    assert_eq!(names(&folder), ["log.xlsx"]);
}

#[test]
fn places_that_cannot_be_written_are_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let sentence = |path: &Path| match export_to(&[], path, &options(ExportFormat::Json), &CancellationToken::new()) {
        Err(ExportError::NotWritten(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    assert!(sentence(&folder.path().join("missing/log.json")).contains("There is no folder"));
    assert!(sentence(folder.path()).contains("is a folder"));
    #[cfg(unix)]
    {
        // /proc is what even root cannot write to.
        let read_only = Path::new("/proc/log.json");
        if read_only.parent().is_some_and(Path::exists) {
            assert!(sentence(read_only).contains("folder /proc"));
        }
    }
    let zone = ExportOptions {
        zone: "Mars/Olympus".to_owned(),
        ..options(ExportFormat::Json)
    };
    match export_to(&[], &folder.path().join("log"), &zone, &CancellationToken::new()) {
        Err(ExportError::NotWritten(sentence)) => {
            assert!(sentence.contains("Mars/Olympus") && sentence.contains("UTC"))
        }
        other => panic!("{other:?}"),
    }
    assert!(names(&folder).is_empty());
}

#[test]
fn a_fixed_offset_is_a_zone_too() {
    let fixed = ExportOptions {
        zone: "+02:00".to_owned(),
        ..options(ExportFormat::Csv)
    };
    let (_folder, path, _) = exported(&hard_rows()[..1], &fixed);
    assert!(
        fs::read_to_string(path)
            .unwrap()
            .contains("2026-08-08T02:35:13.1234567+02:00")
    );
}

#[test]
fn progress_runs_from_nothing_to_all() {
    let folder = tempfile::tempdir().unwrap();
    let rows = vec!["{}".to_owned(); 1_700];
    let each = |visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>| {
        for row in &rows {
            let _ = visit(day(), row);
        }
        Ok(())
    };
    let seen = RefCell::new(Vec::new());
    write(
        &source(rows.len(), &each),
        &folder.path().join("log"),
        &options(ExportFormat::Ndjson),
        &|progress| seen.borrow_mut().push(progress),
        &CancellationToken::new(),
    )
    .unwrap();
    let seen = seen.into_inner();
    assert!(seen.iter().all(|progress| progress.of == 1_700));
    let rows: Vec<u32> = seen.iter().map(|progress| progress.rows).collect();
    assert_eq!(rows, [0, 500, 1_000, 1_500, 1_700]);
}
