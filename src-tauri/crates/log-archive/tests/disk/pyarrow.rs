//! The judge of the format: PyArrow, which shares no code with us, opens an archived day with the key and a plain
//! export without one, and finds the same rows in both.
//!
//! Needs a Python with pyarrow, named by `CIPP_DESK_PYTHON`; `npm test` sets it up.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use log_index::NO_TIME;
use serde_json::{Value, json};

use crate::support::*;

fn judge(given: &Value) -> Option<Value> {
    let Ok(python) = std::env::var("CIPP_DESK_PYTHON") else {
        eprintln!(
            "LEFT OUT: CIPP_DESK_PYTHON is not set. Name a Python that has tests/requirements.txt installed, for example \
             target/venv/bin/python; npm test does it by itself"
        );
        return None;
    };
    let mut child = Command::new(&python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyarrow_judge.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("CIPP_DESK_PYTHON names {python}, which does not start: {error}"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(given.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "pyarrow_judge.py failed, see above");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn pyarrow_reads_the_encrypted_day_and_the_plain_export() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    let mut rows: Vec<String> = (0..20_000).map(usual_row).collect();
    rows.extend(hostile_rows());
    seal(&archive, day, &rows);
    let plain = root.path().join("plain.parquet");
    assert_eq!(archive.export_plain(day, &plain).unwrap() as usize, rows.len());
    let given = json!({
        "key": KEY,
        "encrypted": archive.folder().join("20260808.parquet"),
        "plain": plain,
        "aad_prefix": format!("cipp-desk/1/{CONNECTION}/20260808"),
    });
    let Some(said) = judge(&given) else { return };

    let expected = columns_of(&rows);
    let text = |texts: &[u8]| String::from_utf8(texts.to_vec()).unwrap();
    for file in ["encrypted", "plain"] {
        let found = &said[file];
        let column = |name: &str| found[name].as_array().unwrap_or_else(|| panic!("{file} has no {name}"));
        assert_eq!(column("ts").len(), rows.len(), "{file}");
        for row in 0..rows.len() {
            let time = expected.times[row];
            assert_eq!(
                column("ts")[row],
                if time == NO_TIME { Value::Null } else { json!(time) },
                "{file} {row}"
            );
            assert_eq!(column("severity")[row], expected.severity.text(row));
            assert_eq!(column("tenant")[row], expected.tenant.text(row));
            assert_eq!(column("user")[row], expected.user.text(row));
            assert_eq!(column("ip")[row], expected.ip.text(row));
            assert_eq!(column("message")[row], text(expected.message.bytes_of(row)));
            assert_eq!(column("row_key")[row], text(expected.row_key.bytes_of(row)));
            assert_eq!(
                column("log_data")[row],
                text(expected.log_data.as_ref().unwrap().bytes_of(row))
            );
        }
        let problems = column("problem").iter().filter(|problem| !problem.is_null()).count();
        assert_eq!(problems, expected.problems.len(), "{file}");
    }
    let plain = &said["plain"];
    for (row, raw) in rows.iter().enumerate() {
        assert_eq!(plain["raw"][row], *raw);
        assert_eq!(plain["day"][row], "2026-08-08");
    }
    assert_eq!(said["metadata"]["cipp-desk.day"], "20260808");
    assert_eq!(said["metadata"]["cipp-desk.zone"], "Europe/Berlin");
    assert_eq!(said["plain_metadata"]["cipp-desk.fetched_at"], "2026-08-09T05:00:00Z");
    assert_eq!(said["prefix_checked"], Value::Null, "the right prefix is accepted");
    for refused in ["wrong_prefix", "wrong_key", "no_key"] {
        assert!(said[refused].is_string(), "{refused} was accepted");
    }
}
