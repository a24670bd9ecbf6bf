//! Deleting, setting aside, limits, notes.

use std::{collections::BTreeMap, fs};

use log_archive::{ArchiveError, ConnectionArchive, DayFileError, Limits};

use crate::support::*;

fn names(archive: &ConnectionArchive) -> Vec<String> {
    archive
        .days()
        .unwrap()
        .iter()
        .map(|archived| archived.day.to_string())
        .collect()
}

fn with_days(root: &std::path::Path, days: &[&str]) -> ConnectionArchive {
    let archive = archive(root);
    for name in days {
        seal(&archive, day(name), &[usual_row(1)]);
    }
    archive
}

#[test]
fn the_oldest_days_go_first() {
    let root = tempfile::tempdir().unwrap();
    let archive = with_days(root.path(), &["20260808", "20260731", "20260806", "20260801"]);
    assert_eq!(names(&archive), ["20260808", "20260806", "20260801", "20260731"]);
    let today = day("20260809");
    let gone = |limits| -> Vec<String> {
        archive
            .enforce(limits, today)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert!(gone(Limits::default()).is_empty());
    assert!(
        gone(Limits {
            keep_days: Some(10),
            max_bytes: Some(u64::MAX)
        })
        .is_empty()
    );
    // Ten days that end today begin on 31 July.
    assert_eq!(
        gone(Limits {
            keep_days: Some(9),
            max_bytes: None
        }),
        ["20260731"]
    );
    let each = archive.days().unwrap()[0].bytes;
    assert_eq!(
        gone(Limits {
            keep_days: None,
            max_bytes: Some(archive.bytes().unwrap() - 1)
        }),
        ["20260801"]
    );
    assert_eq!(
        gone(Limits {
            keep_days: Some(3),
            max_bytes: Some(each)
        }),
        ["20260806"]
    );
    assert_eq!(
        gone(Limits {
            keep_days: None,
            max_bytes: Some(0)
        }),
        ["20260808"]
    );
    assert!(
        gone(Limits {
            keep_days: Some(0),
            max_bytes: Some(0)
        })
        .is_empty()
    );
    let _ = fs::remove_dir_all(root.path());
    assert!(
        gone(Limits {
            keep_days: Some(1),
            max_bytes: Some(0)
        })
        .is_empty(),
        "no folder, nothing to remove"
    );
}

#[test]
fn days_are_deleted_one_or_all() {
    let root = tempfile::tempdir().unwrap();
    let archive = with_days(root.path(), &["20260808", "20260807"]);
    let bytes = archive.days().unwrap()[1].bytes;
    assert_eq!(archive.delete_day(day("20260807")).unwrap(), bytes);
    assert_eq!(archive.delete_day(day("20260807")).unwrap(), 0);
    assert_eq!(names(&archive), ["20260808"]);
    let other = ConnectionArchive::open(root.path(), "other", key()).unwrap();
    seal(&other, day("20260808"), &[usual_row(1)]);
    assert!(archive.delete_all().unwrap() > 0);
    assert!(!archive.folder().exists());
    assert_eq!(archive.delete_all().unwrap(), 0);
    assert_eq!(names(&other), ["20260808"], "another connection's days stay");
    // It can be used again.
    seal(&archive, day("20260808"), &[usual_row(1)]);
    assert_eq!(names(&archive), ["20260808"]);
}

#[test]
fn a_day_that_is_set_aside_no_longer_counts() {
    let root = tempfile::tempdir().unwrap();
    let archive = with_days(root.path(), &["20260808", "20260807"]);
    let day = day("20260807");
    let aside = archive.set_aside(day).unwrap().unwrap();
    assert!(aside.ends_with("20260807.parquet.damaged") && aside.exists());
    assert_eq!(names(&archive), ["20260808"]);
    assert_eq!(archive.read_day(day, true).unwrap_err(), DayFileError::Missing);
    assert_eq!(archive.set_aside(day).unwrap(), None);
    let keep = |days| Limits {
        keep_days: Some(days),
        max_bytes: None,
    };
    let today = crate::support::day("20260809");
    archive.enforce(keep(3), today).unwrap();
    assert!(aside.exists(), "as long as the day itself would be kept");
    archive.enforce(keep(2), today).unwrap();
    assert!(!aside.exists());
    // Fetched again and damaged again: one is kept to look at.
    for _ in 0..2 {
        seal(&archive, day, &[usual_row(1)]);
        assert_eq!(archive.set_aside(day).unwrap(), Some(aside.clone()));
    }
    assert!(archive.delete_all().unwrap() > 0);
    assert!(!archive.folder().exists());
}

#[test]
fn other_files_are_no_days() {
    let root = tempfile::tempdir().unwrap();
    let archive = with_days(root.path(), &["20260808"]);
    for name in [
        "2026-08-07.parquet",
        "20260231.parquet",
        "20260807.PARQUET",
        "20260807.parquet.old",
        "x.parquet",
    ] {
        fs::write(archive.folder().join(name), b"").unwrap();
    }
    assert_eq!(names(&archive), ["20260808"]);
}

#[test]
fn notes_are_kept_and_bad_ones_forgotten() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    type Notes = BTreeMap<String, u32>;
    assert_eq!(archive.notes::<Notes>(), Notes::new());
    let notes = Notes::from([("seconds a day".to_owned(), 12)]);
    archive.keep_notes(&notes).unwrap();
    assert_eq!(archive.notes::<Notes>(), notes);
    assert_eq!(
        fs::read_dir(archive.folder()).unwrap().count(),
        2,
        "the notes and the lock"
    );
    fs::write(archive.folder().join("notes.json"), b"{\"half").unwrap();
    assert_eq!(archive.notes::<Notes>(), Notes::new());
}

#[test]
fn only_names_that_are_folders_everywhere_are_taken() {
    let root = tempfile::tempdir().unwrap();
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a b",
        "con",
        "COM1",
        "nul",
        "ä",
        "a.b",
        &"x".repeat(101),
    ] {
        let refused = ConnectionArchive::open(root.path(), name, key()).unwrap_err();
        assert!(matches!(refused, ArchiveError::Name(_)), "{name}: {refused}");
    }
    for name in [CONNECTION, "demo", "console", "com12", "_x-1"] {
        assert!(ConnectionArchive::open(root.path(), name, key()).is_ok(), "{name}");
    }
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        0,
        "nothing is made before there is something to keep"
    );
}
