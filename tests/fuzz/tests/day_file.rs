//! The reader of day files: whatever lies in the archive's folder is either exactly what was written, or refused; never
//! a panic, never more memory than a small file can need.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something unexpected comes"
)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use cipp_client::Day;
use cipp_desk_fuzz::{Fuzz, number_of};
use log_archive::{ArchiveKey, ConnectionArchive, DayFileError, DayMeta};
use peak_alloc::PeakAlloc;

/// Counts what all of this program takes: the only test in it.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading a file of some kilobytes may take at most, in bytes. (The decompressor alone takes a few megabytes.)
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The key of the files in the corpus.
const KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";

fn archive(root: &Path) -> ConnectionArchive {
    let key = ArchiveKey::from_hex(KEY).expect("a key");
    ConnectionArchive::open(root, "fuzz", key).expect("an archive")
}

fn day() -> Day {
    "20260808".parse().expect("a day")
}

/// A day file with so many rows.
fn written(rows: usize) -> Vec<u8> {
    let root = tempfile::tempdir().expect("a folder");
    let archive = archive(root.path());
    let meta = DayMeta {
        fetched_at: "2026-08-09T01:00:00Z".parse().expect("a time"),
        zone: "Europe/Berlin".to_owned(),
        complete_at_close: true,
    };
    let mut writer = archive.write_day(day(), meta).expect("a writer");
    for row in 0..rows {
        let raw = match row % 4 {
            0 => format!(
                r#"{{"DateTime":"2026-08-08T10:00:{:02}.1234567Z","Tenant":"contoso.example","API":"Test","Message":"row {row}","User":"CIPP","Severity":"Info","LogData":{{"a":[{row}]}},"TenantID":"None","AppId":"","IP":"","RowKey":"{row}"}}"#,
                row % 60
            ),
            1 => format!(r#"{{"Message":"ü 😀 \ud800 {row}","LogData":"" , "Other":1e5}}"#),
            2 => format!("[{row}]"),
            _ => "no JSON".to_owned(),
        };
        writer.push(&raw).expect("a row");
    }
    writer.finish().expect("a file");
    fs::read(archive.folder().join("20260808.parquet")).expect("the file")
}

fn kind(error: &DayFileError) -> String {
    format!("{error}").chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Reads a file in every way. Bytes that were not written by the program must be refused by the one that reads all.
fn check(archive: &ConnectionArchive, path: &Path, bytes: &[u8], known: &[Vec<u8>]) -> u64 {
    fs::write(path, bytes).expect("room for a file");
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let day = day();
    let mut visited = 0;
    let outcomes = [
        archive.verify_day(day).map(|_| ()),
        archive.read_day(day, false).map(|_| ()),
        archive.read_day(day, true).map(|_| ()),
        archive.read_meta(day).map(|_| ()),
        archive.read_row(day, 0).map(|_| ()),
        archive.read_row(day, u32::MAX).map(|_| ()),
        archive.read_rows(day, &mut |_| {
            visited += 1;
            ControlFlow::Continue(())
        }),
        archive.read_log_data(day, &mut |_, _| ControlFlow::Continue(())),
    ];
    let taken = MEMORY.peak_usage().saturating_sub(before);
    assert!(
        taken < MOST_BYTES,
        "{taken} bytes were taken for a file of {}",
        bytes.len()
    );
    if known.iter().any(|known| known == bytes) {
        assert!(
            outcomes[0].is_ok(),
            "a file that was written is refused: {:?}",
            outcomes[0]
        );
    } else {
        assert!(outcomes[0].is_err(), "a file that nobody wrote is accepted");
    }
    let kinds: Vec<Option<String>> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().err().map(kind))
        .collect();
    number_of(&(kinds, visited.min(3)))
}

#[test]
fn fuzz_day_file() {
    let root = tempfile::tempdir().expect("a folder");
    let archive = archive(root.path());
    fs::create_dir_all(archive.folder()).expect("a folder");
    let path = archive.folder().join("20260808.parquet");
    let written = [written(0), written(5), written(300)];
    let mut fuzz = Fuzz::new("day-file").words(&[
        "PARE",
        "PAR1",
        "cipp-desk/1/fuzz/20260808",
        "cipp-desk/2/",
        "\x1c\x1c\x18",
    ]);
    let mut known = written.to_vec();
    known.extend(valid_of_corpus());
    for file in written {
        fuzz = fuzz.seed(file);
    }
    fuzz.runs(1500)
        .longest(64 * 1024)
        .run(|bytes| check(&archive, &path, bytes, &known));
}

/// Files of the corpus that the program wrote once, and must be able to read for good.
fn valid_of_corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/day-file");
    let entries = fs::read_dir(folder).expect("the corpus").flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("valid-"))
        .map(|entry| fs::read(entry.path()).expect("a file of the corpus"))
        .collect()
}

/// Writes the corpus's files anew. They are a promise: do it only before a version of the format is released.
#[test]
#[ignore = "writes into the corpus"]
fn write_valid_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/day-file");
    for rows in [0, 1, 40] {
        fs::write(folder.join(format!("valid-{rows}-rows")), written(rows)).expect("room for a file");
    }
}
