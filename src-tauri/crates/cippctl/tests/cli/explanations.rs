//! `cippctl explain`: what is understood, and that what was pasted does not come back out.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Looks like a secret of Entra and is none.
const SECRET_LIKE: &str = "Abc8Q~not-a-real-secret-0123456789abcdef";

fn explain(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cippctl"));
    command.arg("explain").args(args).stdin(Stdio::null());
    command
}

fn ended(mut command: Command) -> (Option<i32>, String, String) {
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn a_code_has_its_cause_and_the_next_step() {
    let (code, out, _) = ended(explain(&["--seen", "client", "AADSTS7000222"]));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("The client secret has expired."), "{out}");
    assert!(out.contains("What to do:\n    1. "), "{out}");
}

#[test]
fn a_reply_of_cipp_is_told_by_its_words_and_status() {
    let reply = "Access to this CIPP API endpoint is not allowed, the API Client does not have the required permission";
    let (code, out, _) = ended(explain(&[
        "--format", "json", "--status", "403", "--seen", "client", reply,
    ]));
    assert_eq!(code, Some(0));
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["causes"][0]["id"], "ip-not-in-range", "{out}");
    assert!(
        found["causes"][0]["remedy"]
            .as_array()
            .is_some_and(|remedy| !remedy.is_empty())
    );
}

#[test]
fn what_was_pasted_is_read_from_a_pipe_and_not_printed_again() {
    let mut child = explain(&[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pasted = format!("client_secret={SECRET_LIKE}\nAADSTS7000215: Invalid client secret provided.\n\u{1b}[31m");
    child.stdin.take().unwrap().write_all(pasted.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let printed = [done.stdout, done.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.contains("The client secret is wrong."), "{printed}");
    assert!(
        !printed.contains(SECRET_LIKE) && !printed.contains('\u{1b}'),
        "{printed}"
    );
}

#[test]
fn a_code_that_nobody_here_knows_leads_to_microsoft() {
    let (code, out, _) = ended(explain(&["AADSTS4711000"]));
    assert_eq!(code, Some(0));
    assert!(
        out.contains("https://login.microsoftonline.com/error?code=4711000"),
        "{out}"
    );
}

#[test]
fn what_is_not_known_is_said_and_told_by_the_code() {
    let (code, out, err) = ended(explain(&["penguin", "zebra"]));
    assert_eq!((code, out.as_str()), (Some(8), ""));
    assert!(
        err.contains("Nothing is known about this.") && err.contains("--status"),
        "{err}"
    );
    let (code, _, err) = ended(explain(&["--status", "42", "x"]));
    assert_eq!(code, Some(2), "{err}");
}
