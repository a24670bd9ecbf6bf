//! What an archive holds, compared with what the sandbox sent: to the byte, with nothing lost and nothing twice.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use cipp_client::{Client, Day};
use jiff::Timestamp;
use log_archive::{ArchiveKey, ConnectionArchive};
use logbook::LogbookOptions;
use sandbox::Sandbox;

/// The key of all archives in tests.
pub const KEY_HEX: &str = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// What the connection's folder in the archive is called where a test chooses it.
pub const CONNECTION: &str = "journey";

/// [`KEY_HEX`].
pub fn key() -> ArchiveKey {
    ArchiveKey::from_hex(KEY_HEX).unwrap()
}

/// The archive of [`CONNECTION`] below `root`.
pub fn archive(root: &Path) -> ConnectionArchive {
    ConnectionArchive::open(root, CONNECTION, key()).unwrap()
}

/// The archives below a root, whatever their connections are called.
pub fn archives(root: &Path) -> Vec<ConnectionArchive> {
    let Ok(folders) = fs::read_dir(root) else {
        return Vec::new();
    };
    folders
        .map(|folder| folder.unwrap())
        .filter(|folder| folder.file_type().unwrap().is_dir())
        .map(|folder| ConnectionArchive::open(root, &folder.file_name().to_string_lossy(), key()).unwrap())
        .collect()
}

/// The only archive below a root.
pub fn only_archive(root: &Path) -> ConnectionArchive {
    let mut all = archives(root);
    assert_eq!(all.len(), 1, "one connection, one folder: {all:?}");
    all.remove(0)
}

/// The rows of a day in the archive, sorted. A day that is damaged fails the test.
pub fn stored(archive: &ConnectionArchive, day: Day) -> Vec<String> {
    let mut rows = Vec::new();
    let read = archive.read_rows(day, &mut |row| {
        rows.push(row.to_owned());
        ControlFlow::Continue(())
    });
    read.unwrap_or_else(|error| panic!("{day}: {error}"));
    rows.sort_unstable();
    rows
}

/// The rows of a day as the sandbox sends them, sorted.
pub fn truth(sandbox: &Sandbox, day: Day) -> Vec<String> {
    let mut rows = sandbox.rows(day.date());
    rows.sort_unstable();
    rows
}

/// The rows of several days, sorted.
pub fn truth_of(sandbox: &Sandbox, days: &[Day]) -> Vec<String> {
    let mut rows: Vec<String> = days.iter().flat_map(|day| sandbox.rows(day.date())).collect();
    rows.sort_unstable();
    rows
}

/// The days of the sandbox's log that are over, newest first.
pub fn closed_days(sandbox: &Sandbox) -> Vec<Day> {
    sandbox.days().into_iter().skip(1).map(Day::new).collect()
}

/// Fails the test at the first difference of two sorted lists of rows, with a word on what is lost and what is too much.
#[track_caller]
pub fn assert_same_rows(what: &str, found: &[String], expected: &[String]) {
    if found == expected {
        return;
    }
    let mut difference: BTreeMap<&str, i64> = BTreeMap::new();
    for row in expected {
        *difference.entry(row).or_default() -= 1;
    }
    for row in found {
        *difference.entry(row).or_default() += 1;
    }
    let first = |wanted: fn(i64) -> bool| {
        let mut rows = difference.iter().filter(|(_, count)| wanted(**count));
        let row = rows.next().map(|(row, _)| row.chars().take(300).collect::<String>());
        (row, rows.count())
    };
    panic!(
        "{what}: {} rows instead of {}\nlost, the first: {:?}\ntoo much, the first: {:?}",
        found.len(),
        expected.len(),
        first(|count| count < 0),
        first(|count| count > 0),
    );
}

/// Fails the test unless the archive holds exactly these days, each with exactly the sandbox's rows, and nothing that was
/// set aside as damaged.
#[track_caller]
pub fn assert_holds(archive: &ConnectionArchive, sandbox: &Sandbox, days: &[Day]) {
    let held: Vec<Day> = archive
        .days()
        .unwrap()
        .into_iter()
        .map(|archived| archived.day)
        .collect();
    assert_eq!(held, days, "the days of the archive");
    for day in days {
        assert_same_rows(&day.to_string(), &stored(archive, *day), &truth(sandbox, *day));
    }
    assert_eq!(damaged(archive.folder()), Vec::<PathBuf>::new());
}

/// Files that were set aside as damaged.
pub fn damaged(folder: &Path) -> Vec<PathBuf> {
    files(folder)
        .into_iter()
        .filter(|file| file.to_string_lossy().contains("damaged"))
        .collect()
}

/// The files of a folder, sorted; none where there is no folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// The options of a logbook with everything a person would have: a way to CIPP, an archive, enough memory.
pub fn logbook_options(client: Option<Client>, archive: Option<ConnectionArchive>) -> LogbookOptions {
    LogbookOptions {
        client,
        archive,
        archive_trouble: None,
        limits: Default::default(),
        zone: None,
        memory_budget: 1 << 30,
        connection_name: "Journey".into(),
        now: Timestamp::now,
    }
}
