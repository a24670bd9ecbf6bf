//! What a day takes in memory when it is read: what it says it takes, and hardly more while it is read.
#![allow(clippy::unwrap_used, reason = "a test ends where something unexpected comes")]

use cipp_client::Day;
use log_archive::{ArchiveKey, ConnectionArchive, DayMeta};
use log_index::{Dictionaries, Segment};
use peak_alloc::PeakAlloc;

/// Counts what all of this program takes: the only test in it.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const ROWS: u32 = 40_000;
/// What reading may take beside the day, its file, and the day once more: the allocator that counts here copies what gets
/// smaller, others leave it where it is.
const MOST_BESIDE: usize = 8 * 1024 * 1024;

fn row(n: u32) -> String {
    let data = match n % 8 {
        0 => format!(
            r#"{{"Exception":"The Request ended with an Error {n}","StackTrace":"{}"}}"#,
            format!("at Invoke-CIPPStandard{n}, line {n}: ").repeat(50)
        ),
        _ => "\"\"".to_owned(),
    };
    format!(
        r#"{{"DateTime":"2026-08-08T{:02}:{:02}:{:02}Z","Tenant":"tenant{}.example","API":"Api{}","Message":"Set the Value of the Standard {n} and checked it again","User":"CIPP","Severity":"Info","LogData":{data},"TenantID":"None","AppId":"","IP":"","RowKey":"{n:08x}-5a41-4a7f-9a53-0d8a1c2b3e4f"}}"#,
        23 - n / 3_600 % 24,
        59 - n / 60 % 60,
        59 - n % 60,
        n % 300,
        n % 70,
    )
}

#[test]
fn a_day_takes_the_memory_that_it_counts_and_hardly_more_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let key = ArchiveKey::from_hex(&"42".repeat(32)).unwrap();
    let archive = ConnectionArchive::open(folder.path(), "memory", key).unwrap();
    let day: Day = "20260808".parse().unwrap();
    let meta = DayMeta {
        fetched_at: "2026-08-09T01:00:00Z".parse().unwrap(),
        zone: "UTC".to_owned(),
        complete_at_close: true,
    };
    let mut writer = archive.write_day(day, meta).unwrap();
    (0..ROWS).for_each(|n| writer.push(&row(n)).unwrap());
    let file = writer.finish().unwrap().bytes as usize;
    let dictionaries = Dictionaries::new();
    for with_data in [true, false] {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let (columns, _) = archive.read_day(day, with_data).unwrap();
        let segment = Segment::new(day, columns, None, &dictionaries);
        let (peak, taken) = (MEMORY.peak_usage() - before, MEMORY.current_usage() - before);
        let counted = segment.memory_bytes();
        assert_eq!(segment.len(), ROWS as usize);
        assert!(
            taken.abs_diff(counted) < counted / 100,
            "{taken} bytes were taken, {counted} are counted"
        );
        assert!(
            peak < 2 * taken + file + MOST_BESIDE,
            "{peak} bytes were taken on the way to {taken}, with a file of {file}"
        );
    }
}
