//! Processes that are killed at any moment, and several at work on one archive.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use log_archive::DayFileError;

use crate::support::*;

const ROLE: &str = "CIPP_DESK_TEST_ROLE";
const ROOT: &str = "CIPP_DESK_TEST_ROOT";
/// The days that are written again and again.
const DAYS: [&str; 4] = ["20260805", "20260806", "20260807", "20260808"];

/// What belongs into a day, for whoever writes it.
fn truth(day: usize) -> Vec<String> {
    (0..600 + 400 * day)
        .map(|number| usual_row(number * (day + 1)))
        .collect()
}

/// This very binary, at work in another process until it is killed.
fn sealing(root: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "processes::in_another_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ROLE, "seal")
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let began = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("sealing"));
    assert!(began, "the other process did not begin");
    child
}

/// What the other processes do. Without a role (in an ordinary run) it does nothing.
#[test]
fn in_another_process() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    let root = env::var_os(ROOT).unwrap();
    let archive = archive(Path::new(&root));
    let days: Vec<_> = (0..DAYS.len()).map(truth).collect();
    println!("sealing");
    for turn in 0.. {
        let place = (turn + std::process::id() as usize) % DAYS.len();
        let mut writer = archive.write_day(day(DAYS[place]), meta()).unwrap();
        days[place].iter().for_each(|row| writer.push(row).unwrap());
        writer.finish().unwrap();
        let _ = archive.keep_notes(&turn);
    }
}

fn check_days(root: &Path) -> usize {
    let archive = archive(root);
    let mut found = 0;
    for (place, name) in DAYS.into_iter().enumerate() {
        match archive.verify_day(day(name)) {
            Err(DayFileError::Missing) => continue,
            rows => assert_eq!(rows.unwrap() as usize, truth(place).len(), "{name}"),
        }
        assert_eq!(rows_of(&archive, day(name)), truth(place), "{name}");
        found += 1;
    }
    found
}

/// How long a process takes here until its second file is whole: on a slow machine, every moment before that counts.
fn two_files() -> Duration {
    let root = tempfile::tempdir().unwrap();
    let mut child = sealing(root.path());
    let began = Instant::now();
    let whole = |name: &&&str| {
        let file = archive(root.path()).verify_day(day(name));
        !matches!(file, Err(DayFileError::Missing))
    };
    while DAYS.iter().filter(whole).count() < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}

fn parts(root: &Path) -> usize {
    let entries = std::fs::read_dir(root.join(CONNECTION)).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"))
        .count()
}

#[test]
fn two_hundred_kills_leave_no_torn_file_and_no_rubbish() {
    let root = tempfile::tempdir().unwrap();
    let mut left_behind = 0;
    let longest = two_files();
    for turn in 0..200 {
        let mut child = sealing(root.path());
        // Anywhere between the first row and the second file.
        std::thread::sleep(longest * (turn * 79 % 200) / 200);
        child.kill().unwrap();
        child.wait().unwrap();
        left_behind += parts(root.path());
        if turn % 20 == 0 {
            check_days(root.path());
        }
    }
    assert!(
        left_behind > 20,
        "only {left_behind} kills hit a file that was being written"
    );
    assert!(check_days(root.path()) > 0);
    assert_eq!(parts(root.path()), 0, "leftovers are swept when the archive is opened");
}

#[test]
fn two_processes_and_a_reader_get_on_with_each_other() {
    let root = tempfile::tempdir().unwrap();
    let mut children = [sealing(root.path()), sealing(root.path())];
    let reader = archive(root.path());
    let mut read = 0;
    while read < 120 {
        for (place, name) in DAYS.into_iter().enumerate() {
            match reader.verify_day(day(name)) {
                Ok(rows) => assert_eq!(rows as usize, truth(place).len()),
                Err(DayFileError::Missing) => continue,
                Err(error) => panic!("{error}"),
            }
            assert_eq!(reader.read_row(day(name), 5).unwrap(), truth(place)[5]);
            read += 1;
        }
        // Opening sweeps, and what a living process is writing must stay.
        archive(root.path());
        for child in &mut children {
            assert!(child.try_wait().unwrap().is_none(), "a writer gave up");
        }
    }
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(check_days(root.path()), DAYS.len());
    assert_eq!(parts(root.path()), 0);
}

#[test]
fn what_a_living_process_writes_is_not_swept() {
    let root = tempfile::tempdir().unwrap();
    let first = archive(root.path());
    let mut writer = first.write_day(day("20260808"), meta()).unwrap();
    writer.push(&usual_row(1)).unwrap();
    std::fs::write(first.folder().join(".20260801-gone.part"), b"left behind").unwrap();
    assert_eq!(parts(root.path()), 2);
    let second = archive(root.path());
    assert_eq!(parts(root.path()), 1);
    writer.push(&usual_row(2)).unwrap();
    writer.finish().unwrap();
    assert_eq!(rows_of(&second, day("20260808")).len(), 2);
}
