//! Being stopped: by the reader of the output, and by the person at the keyboard.

use crate::place::{Place, day};
use crate::running::Running;

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let place = Place::playing("big_day");
    let yesterday = day(1);
    for format in ["table", "json", "ndjson", "csv"] {
        let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
        let mut running = Running::start(&mut place.logs_command(&[&days[..], &["--format", format]].concat()));
        running.line();
        let ended = running.stop_reading();
        assert_eq!(ended.code, Some(0), "{format}: {}", ended.err);
        assert_eq!(ended.err, "", "{format}");
    }
}

#[cfg(unix)]
mod signals {
    use std::process::Stdio;
    use std::time::Duration;

    use super::*;

    #[test]
    fn ctrl_c_ends_with_130_and_leaves_whole_rows() {
        let place = Place::playing("slow_rows");
        let yesterday = day(1);
        let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
        let stopped = |format: &str| {
            let mut running = Running::start(&mut place.logs_command(&[&days[..], &["--format", format]].concat()));
            let first = running.line();
            running.send("-INT");
            let ended = running.end();
            assert_eq!(ended.code, Some(130), "{}", ended.err);
            first + &ended.out
        };
        assert!(
            stopped("ndjson")
                .lines()
                .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
        );
        let rows: Vec<serde_json::Value> = serde_json::from_str(&stopped("json")).expect("one valid array");
        assert!(rows.len() < 1_000, "stopped, not read to the end");
    }

    #[test]
    fn ctrl_c_while_nothing_answers_ends_too() {
        let place = Place::playing("hang");
        let mut command = place.logs_command(&[]);
        // Ready once the sandbox's answer is being waited for: the sign-in is logged before.
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(700));
        assert!(child.try_wait().unwrap().is_none(), "waits");
        let id = child.id().to_string();
        assert!(
            std::process::Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        let run = place.seen(child.wait_with_output().unwrap());
        assert_eq!((run.code, run.out.as_str()), (130, ""));
    }

    /// A pager that does not read on holds up the write; the second signal must end it all the same.
    #[test]
    fn a_stuck_reader_does_not_make_it_immortal() {
        let place = Place::playing("big_day");
        let yesterday = day(1);
        let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
        let mut running = Running::start(&mut place.logs_command(&[&days[..], &["--format", "ndjson"]].concat()));
        running.line();
        running.send("-INT");
        std::thread::sleep(Duration::from_millis(300));
        running.send("-INT");
        assert_eq!(running.wait(), Some(130));
    }
}
