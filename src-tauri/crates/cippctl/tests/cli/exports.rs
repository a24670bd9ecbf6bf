//! `cippctl export`: files with exactly the rows that match.

use std::fs;

use crate::place::{Place, day};

fn days() -> [String; 4] {
    ["--from".into(), day(3), "--to".into(), day(1)]
}

fn export(place: &Place, format: &str, file: &str, more: &[&str]) -> crate::place::Run {
    let out = place.home.path().join(file);
    let days = days();
    let mut args: Vec<&str> = days.iter().map(String::as_str).collect();
    args.extend(["--format", format, "--out", out.to_str().unwrap()]);
    args.extend(more);
    let mut command = place.cippctl();
    command.arg("export").args(place.given()).args(args);
    place.run(&mut command)
}

#[test]
fn every_form_has_the_rows_that_logs_prints() {
    let place = Place::playing("hostile_text");
    let filter = ["--query", "sev>=warning", "--tenant", "o"];
    let days = days();
    let args: Vec<&str> = days
        .iter()
        .map(String::as_str)
        .chain(filter)
        .chain(["--format", "ndjson"])
        .collect();
    let printed = place.logs(&args).code(0);
    let mut expected: Vec<&str> = printed.out.lines().collect();
    assert!(expected.len() > 50);
    expected.sort_unstable();

    let read = |file: &str| fs::read(place.home.path().join(file)).unwrap();
    let rows = format!("{} rows, ", expected.len());
    for (format, file) in [
        ("ndjson", "log.ndjson"),
        ("json", "log.json"),
        ("csv", "log.csv"),
        ("xlsx", "log.xlsx"),
        ("parquet", "log.parquet"),
    ] {
        let run = export(&place, format, file, &filter)
            .code(0)
            .says(&rows)
            .says("3 days complete");
        assert_eq!(run.out, "", "stdout carries data, and here it goes to the file");
    }
    let ndjson = String::from_utf8(read("log.ndjson")).unwrap();
    let mut lines: Vec<&str> = ndjson.lines().collect();
    lines.sort_unstable();
    assert!(lines == expected, "byte for byte");
    let array: Vec<serde_json::Value> = serde_json::from_slice(&read("log.json")).unwrap();
    assert_eq!(array.len(), expected.len());
    assert_eq!(
        csv::Reader::from_reader(read("log.csv").as_slice()).records().count(),
        expected.len()
    );
    assert!(read("log.xlsx").starts_with(b"PK") && read("log.parquet").starts_with(b"PAR1"));
    let coverage = String::from_utf8(read("log.csv.coverage.txt")).unwrap();
    assert!(coverage.contains("Filter: sev>=warning tenant:\"o\""), "{coverage}");
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told() {
    let place = Place::healthy();
    let file = place.home.path().join("log.csv");
    fs::write(&file, "precious").unwrap();
    export(&place, "csv", "log.csv", &[]).code(2).says("--overwrite");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    export(
        &place,
        "csv",
        "log.csv",
        &["--overwrite", "--bom", "--zone", "Asia/Tokyo"],
    )
    .code(0);
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .starts_with("\u{feff}Time UTC,Time Asia/Tokyo,")
    );
    export(&place, "csv", "missing/log.csv", &[])
        .code(1)
        .says("There is no folder");
}

#[test]
fn offline_it_asks_nobody() {
    let place = Place::healthy();
    let days = ["--from".to_owned(), day(3), "--to".into(), day(2)];
    let args: Vec<&str> = days.iter().map(String::as_str).collect();
    place.archived("collect", &args).code(0);
    place.sandbox.forget_calls();
    let out = place.home.path().join("off.ndjson");
    let file = ["--format", "ndjson", "--out", out.to_str().unwrap()];
    place
        .offline(&["export", "--offline"], &[&args[..], &file].concat())
        .code(0)
        .says("2 days complete");
    assert_eq!(place.sandbox.calls().of("ListLogs"), 0);
    let direct = place.logs(&[&args[..], &["--format", "ndjson"]].concat()).code(0).out;
    assert_eq!(
        fs::read_to_string(&out).unwrap().lines().count(),
        direct.lines().count()
    );
}

#[test]
fn what_is_missing_is_in_the_coverage_and_in_the_code() {
    let place = Place::playing("unauthorised_after_good_token");
    let out = place.home.path().join("part.json");
    let run = place.run(place.cippctl().arg("export").args(place.given()).args([
        "--since",
        "9d",
        "--format",
        "json",
        "--out",
        out.to_str().unwrap(),
    ]));
    run.code(6).says("not in it").says("did not accept the token");
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert!(!rows.is_empty(), "what was read is there");
}

#[test]
fn a_wrong_secret_writes_nothing() {
    let place = Place::healthy();
    let out = place.home.path().join("log.json");
    let mut command = place.cippctl();
    command
        .arg("export")
        .args(place.given())
        .args(["--format", "json", "--out", out.to_str().unwrap()]);
    command.env(
        crate::place::SECRET_VARIABLE,
        "abc8Q~wrong-secret-wrong-secret-wrong-wr",
    );
    place.run(&mut command).code(4).says("The client secret is wrong");
    assert!(!out.exists());
}
