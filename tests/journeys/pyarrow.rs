//! Software that nobody here wrote reads what cippctl has written: the encrypted archive with the key, the plain export
//! without one.
//!
//! Needs a Python with pyarrow, named by `CIPP_DESK_PYTHON`; `npm test` sets it up. The script is that of `log-archive`'s
//! own test.

use std::io::Write as _;
use std::process::{Command, Stdio};

use cipp_desk_tests::archives::{KEY_HEX, closed_days, only_archive, truth};
use cipp_desk_tests::programs::{Cippctl, project, succeeded};
use cipp_desk_tests::reachable::Reachable;
use serde_json::{Value, json};

fn judge(given: &Value) -> Option<Value> {
    let Ok(python) = std::env::var("CIPP_DESK_PYTHON") else {
        eprintln!("LEFT OUT: CIPP_DESK_PYTHON names no Python that has pyarrow; npm test does it by itself");
        return None;
    };
    let script = project().join("src-tauri/crates/log-archive/tests/pyarrow_judge.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("CIPP_DESK_PYTHON names {python}, which does not start: {error}"));
    let mut input = child.stdin.take().unwrap();
    input.write_all(given.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "pyarrow_judge.py failed, see above");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Row keys and messages, sorted.
fn told(file: &Value) -> Vec<(String, String)> {
    let column = |name: &str| {
        file[name]
            .as_array()
            .unwrap_or_else(|| panic!("there is no column {name}"))
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<(String, String)> = column("row_key")
        .iter()
        .zip(column("message"))
        .map(|(key, message)| (text(key), text(message)))
        .collect();
    rows.sort_unstable();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn pyarrow_reads_what_cippctl_has_collected_and_exported() {
    for world in ["healthy", "hostile_text"] {
        let place = Reachable::playing(world).await;
        let folder = tempfile::tempdir().unwrap();
        let cippctl = Cippctl::new(place.sandbox().ready(), folder.path(), KEY_HEX);
        let plain = folder.path().join("plain");
        let day = closed_days(place.sandbox())[0];
        let said = {
            let (cippctl, plain) = (cippctl.clone(), plain.clone());
            tokio::task::spawn_blocking(move || {
                let mut collect = cippctl.command("collect");
                collect.args(["--since", "3d"]);
                succeeded(collect);
                std::fs::create_dir(&plain).unwrap();
                let mut export = cippctl.offline("archive export");
                export.arg("--out").arg(&plain);
                succeeded(export);
                let archive = only_archive(cippctl.archive());
                let connection = archive.folder().file_name().unwrap().to_string_lossy().into_owned();
                judge(&json!({
                    "key": KEY_HEX,
                    "encrypted": archive.folder().join(format!("{day}.parquet")),
                    "plain": plain.join(format!("{day}.parquet")),
                    "aad_prefix": format!("cipp-desk/1/{connection}/{day}"),
                }))
            })
        };
        let Some(said) = said.await.unwrap() else { return };
        let mut expected: Vec<(String, String)> = truth(place.sandbox(), day)
            .iter()
            .map(|row| serde_json::from_str::<Value>(row).unwrap())
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("RowKey"), text("Message"))
            })
            .collect();
        expected.sort_unstable();
        for file in ["encrypted", "plain"] {
            assert!(told(&said[file]) == expected, "{world}: the rows of the {file} file");
        }
        for refused in ["wrong_prefix", "wrong_key", "no_key"] {
            assert!(said[refused].is_string(), "{world}: {refused} was accepted");
        }
    }
}
