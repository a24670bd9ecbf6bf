//! Being stopped: by the reader of the output, and by the person at the keyboard.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::place::{Place, day};

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let place = Place::playing("big_day");
    let yesterday = day(1);
    for format in ["table", "json", "ndjson", "csv"] {
        let mut command = place.logs_command(&["--from", &yesterday, "--to", &yesterday, "--format", format]);
        let mut child = command
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{format}: {err}");
        assert_eq!(err, "", "{format}");
    }
}

#[cfg(unix)]
mod signals {
    use super::*;
    use std::process::{Child, Command, Output};

    fn interrupt(child: &Child) {
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    fn stop_after_first_line(place: &Place, command: &mut Command) -> (Output, String) {
        let mut child = command
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut read = String::new();
        out.read_line(&mut read).unwrap();
        interrupt(&child);
        out.read_to_string(&mut read).unwrap();
        let _ = place;
        (child.wait_with_output().unwrap(), read)
    }

    #[test]
    fn ctrl_c_ends_with_130_and_leaves_whole_rows() {
        let place = Place::playing("slow_rows");
        let yesterday = day(1);
        let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
        let mut ndjson = place.logs_command(&[&days[..], &["--format", "ndjson"]].concat());
        let (output, read) = stop_after_first_line(&place, &mut ndjson);
        assert_eq!(output.status.code(), Some(130));
        assert!(
            read.lines()
                .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
        );

        let mut json = place.logs_command(&[&days[..], &["--format", "json"]].concat());
        let (output, read) = stop_after_first_line(&place, &mut json);
        assert_eq!(output.status.code(), Some(130));
        let rows: Vec<serde_json::Value> = serde_json::from_str(&read).expect("one valid array");
        assert!(rows.len() < 1_000, "stopped, not read to the end");
    }

    #[test]
    fn ctrl_c_while_nothing_answers_ends_too() {
        let place = Place::playing("hang");
        let mut command = place.logs_command(&[]);
        // Ready once the sandbox's answer is being waited for: the sign-in is logged before.
        let mut child = command
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(700));
        assert!(child.try_wait().unwrap().is_none(), "waits");
        interrupt(&child);
        let run = place.seen(child.wait_with_output().unwrap());
        assert_eq!((run.code, run.out.as_str()), (130, ""));
    }

    /// A pager that does not read on holds up the write; the second signal must end it all the same.
    #[test]
    fn a_stuck_reader_does_not_make_it_immortal() {
        let place = Place::playing("big_day");
        let yesterday = day(1);
        let mut command = place.logs_command(&["--from", &yesterday, "--to", &yesterday, "--format", "ndjson"]);
        let mut child = command
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        interrupt(&child);
        std::thread::sleep(std::time::Duration::from_millis(300));
        interrupt(&child);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        drop(out);
    }
}
