//! The forms of output with everything in them that is hard to print.

use crate::place::{Place, day};

fn hostile(place: &Place, format: &[&str]) -> String {
    let yesterday = day(1);
    place
        .logs(&[&["--from", &yesterday, "--to", &yesterday], format].concat())
        .code(0)
        .out
}

#[test]
fn no_form_lets_hostile_text_steer_a_terminal() {
    let place = Place::playing("hostile_text");
    let table = hostile(&place, &["--format", "table"]);
    assert!(
        table.contains("<U+202E>"),
        "the scenario has such text, and it is shown"
    );
    for line in table.lines() {
        assert!(
            !line.contains(['\u{1b}', '\u{202e}', '\u{200f}', '\r', '\u{7}']),
            "{line}"
        );
    }
    let rows = hostile(&place, &["--format", "ndjson"]).lines().count();
    assert_eq!(table.lines().count(), rows + 1, "one line a row, and a header");
}

#[test]
fn csv_is_whole_and_without_formulas() {
    let place = Place::playing("hostile_text");
    let text = hostile(&place, &["--format", "csv"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 13);
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&hostile(&place, &["--format", "json"])).unwrap();
    assert_eq!(records.len(), rows.len());
    for (record, row) in records.iter().zip(&rows) {
        assert!(
            record
                .iter()
                .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])),
            "{record:?}"
        );
        let message = row["Message"].as_str().unwrap();
        assert_eq!(record[3].trim_start_matches('\''), message.trim_start_matches('\''));
        assert_eq!(&record[10], row["RowKey"].as_str().unwrap());
    }
}

#[test]
fn data_200_kb_deep_goes_through_every_form() {
    let place = Place::playing("deep_log_data");
    let yesterday = day(1);
    for format in ["table", "json", "ndjson", "csv"] {
        let run = place
            .logs(&["--from", &yesterday, "--to", &yesterday, "--format", format])
            .code(0);
        assert!(
            format == "table" || run.out.lines().any(|line| line.len() > 200_000),
            "{format}"
        );
    }
}

#[test]
fn odd_rows_go_through_every_form_and_none_is_lost() {
    let place = Place::playing("odd_types");
    let yesterday = day(1);
    let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
    let rows = place
        .logs(&[&days[..], &["--format", "ndjson"]].concat())
        .code(0)
        .out
        .lines()
        .count();
    assert!(rows > 1_000);
    let table = place.logs(&days).code(0).out;
    assert_eq!(table.lines().count(), rows + 1);
    let csv = place.logs(&[&days[..], &["--format", "csv"]].concat()).code(0).out;
    assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), rows);
    let counts = place
        .logs(&[&days[..], &["--count", "--format", "json"]].concat())
        .code(0)
        .out;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&counts).unwrap()["total"],
        rows
    );
}

#[test]
fn counts_agree_with_the_rows() {
    let place = Place::healthy();
    let run = place.logs(&["--since", "3d", "--count", "--format", "json"]).code(0);
    let counts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let rows = place.logs(&["--since", "3d", "--format", "ndjson"]).code(0).rows();
    assert_eq!(counts["total"], rows.len());
    let errors = rows
        .iter()
        .filter(|row| row["Severity"].as_str().unwrap().eq_ignore_ascii_case("error"))
        .count();
    assert_eq!(counts["bySeverity"]["error"], errors);
}

#[test]
fn colour_is_for_terminals_alone() {
    let place = Place::healthy();
    assert!(!place.logs(&[]).code(0).out.contains('\u{1b}'));
}

#[test]
fn help_version_and_completions_are_printed() {
    let place = Place::healthy();
    let help = place.run(place.cippctl().args(["logs", "--help"])).code(0).out;
    for text in ["--secret-env", "--since", "Exit codes:", "broke off", "130"] {
        assert!(help.contains(text), "{text}");
    }
    let version = place.run(place.cippctl().arg("--version")).code(0).out;
    assert_eq!(version.trim(), format!("cippctl {}", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(place.cippctl().args(["completions", shell])).code(0).out;
        assert!(
            script.contains("--secret-env") || script.contains("secret-env"),
            "{shell}"
        );
    }
}
