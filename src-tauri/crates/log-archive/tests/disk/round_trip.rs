//! What goes in comes out: every row to the byte, every column as the index reads it, one row or all of them.

use std::ops::ControlFlow;

use log_archive::{DayFileError, DayMeta};
use log_index::{DayColumns, TextColumn};
use proptest::prelude::*;
use sandbox::{SandboxOptions, start};

use crate::support::*;

fn comes_back(rows: &[String]) {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    let sealed = seal(&archive, day, rows);
    assert_eq!(rows_of(&archive, day), rows);
    let expected = columns_of(rows);
    for with_log_data in [true, false] {
        let (columns, found) = archive.read_day(day, with_log_data).unwrap();
        assert_eq!(found, meta());
        assert_eq!(columns.log_data.is_some(), with_log_data);
        assert_same_columns(&columns, &expected);
    }
    if !rows.is_empty() {
        assert_eq!(Some(log_data_of(&archive, day)), expected.log_data);
    }
    assert_eq!(archive.verify_day(day).unwrap() as usize, rows.len());
    assert_eq!(archive.days().unwrap(), [sealed]);
    assert_eq!(archive.bytes().unwrap(), sealed.bytes);
}

#[test]
fn usual_rows_come_back() {
    comes_back(&(0..3000).map(usual_row).collect::<Vec<_>>());
}

#[test]
fn hostile_rows_come_back() {
    comes_back(&hostile_rows());
}

#[test]
fn a_day_without_rows_is_a_day() {
    comes_back(&[]);
}

#[test]
fn a_day_on_which_every_text_is_another_comes_back() {
    // More than a dictionary holds: the file gives the dictionary up half-way.
    let long = "u".repeat(400);
    let rows: Vec<String> = (0..14_000)
        .map(|number| {
            format!(
                r#"{{"User":"{long}{number}","Tenant":"t{number}","Severity":"s{number}","Member{number}":{number}}}"#
            )
        })
        .collect();
    comes_back(&rows);
}

#[test]
fn one_row_is_read_without_its_neighbours() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    // Usual rows over many pages, with hostile ones among them.
    let mut rows: Vec<String> = (0..12_000).map(usual_row).collect();
    for (place, row) in hostile_rows().into_iter().enumerate() {
        rows.insert(place * 350 + 7, row);
    }
    seal(&archive, day, &rows);
    let picks = (0..rows.len())
        .step_by(97)
        .chain((0..hostile_rows().len()).map(|place| place * 350 + 7));
    for place in picks.chain([0, 1, rows.len() - 1]) {
        assert_eq!(archive.read_row(day, place as u32).unwrap(), rows[place], "row {place}");
    }
    let missing = archive.read_row(day, rows.len() as u32).unwrap_err();
    assert!(matches!(missing, DayFileError::Damaged(_)), "{missing}");
}

#[test]
fn reading_stops_when_it_is_told_to() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    let rows: Vec<String> = (0..20_000).map(usual_row).collect();
    seal(&archive, day, &rows);
    let mut seen = Vec::new();
    archive
        .read_rows(day, &mut |row| {
            seen.push(row.to_owned());
            if seen.len() == 5 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(seen, rows[..5]);
    let mut parts = 0;
    let mut largest = 0;
    archive
        .read_log_data(day, &mut |_, part: &TextColumn| {
            parts += 1;
            largest = largest.max(part.ends.len());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(
        parts > 1 && largest < rows.len(),
        "{parts} parts, the largest of {largest} rows"
    );
    let mut once = 0;
    archive
        .read_log_data(day, &mut |_, _| {
            once += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(once, 1);
}

#[test]
fn rows_with_a_megabyte_of_data_are_read_a_few_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    let data = "0123456789abcdef".repeat(1 << 16);
    let rows: Vec<String> = (0..24)
        .map(|number| format!(r#"{{"LogData":"{number}{data}"}}"#))
        .collect();
    seal(&archive, day, &rows);
    let mut most = 0;
    archive
        .read_log_data(day, &mut |_, part| {
            most = most.max(part.bytes.len());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(most <= 8 * (1 << 20), "{most} bytes at once");
    assert_eq!(rows_of(&archive, day), rows);
}

#[test]
fn a_day_that_is_written_again_replaces_the_old_one_and_the_older_never_the_newer() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    let write = |rows: &[String], at: &str| {
        let mut writer = archive.write_day(day, fetched(at)).unwrap();
        rows.iter().for_each(|row| writer.push(row).unwrap());
        writer.finish().unwrap()
    };
    let (first, second) = ([usual_row(1)], [usual_row(2), usual_row(3)]);
    write(&first, "2026-08-09T05:00:00Z");
    let sealed = write(&second, "2026-08-09T06:00:00Z");
    assert_eq!(rows_of(&archive, day), second);
    // A writer that was slow comes with what it fetched before.
    assert_eq!(write(&first, "2026-08-09T05:30:00Z"), sealed);
    assert_eq!(rows_of(&archive, day), second);
    assert_eq!(archive.read_meta(day).unwrap(), fetched("2026-08-09T06:00:00Z"));
    // What is there and cannot be read is no reason to keep it.
    std::fs::write(archive.folder().join("20260808.parquet"), b"damaged").unwrap();
    write(&first, "2026-08-09T05:00:00Z");
    assert_eq!(rows_of(&archive, day), first);
}

#[test]
fn what_is_known_about_a_day_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    for (zone, complete) in [("", false), ("Pacific/Auckland", true)] {
        let meta = DayMeta {
            fetched_at: "2026-08-09T05:00:00.123456789Z".parse().unwrap(),
            zone: zone.to_owned(),
            complete_at_close: complete,
        };
        archive.write_day(day, meta.clone()).unwrap().finish().unwrap();
        assert_eq!(archive.read_meta(day).unwrap(), meta);
        assert_eq!(
            archive.read_day(day, true).unwrap(),
            (
                DayColumns {
                    log_data: Some(TextColumn::default()),
                    ..DayColumns::default()
                },
                meta
            )
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_every_kind_of_sandbox_come_back() {
    for scenario in [
        "healthy",
        "healthy_container",
        "hostile_text",
        "lone_surrogates",
        "odd_types",
        "corrupt_row",
        "deep_log_data",
        "huge_log_data",
        "duplicate_row_keys",
    ] {
        let options = SandboxOptions {
            scenario: scenario.parse().unwrap(),
            now: Some("2026-08-20T12:00:00Z".parse().unwrap()),
            ..SandboxOptions::default()
        };
        let sandbox = start(options).await.unwrap();
        let date = sandbox.days()[1];
        let rows = sandbox.rows(date);
        assert!(rows.len() > 50, "{scenario}: {} rows", rows.len());
        comes_back(&rows);
        sandbox.stop().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_rows_come_back(rows in prop::collection::vec(
        prop_oneof![
            3 => (any::<usize>(), any::<String>()).prop_map(|(number, text)| {
                let text = serde_json::to_string(&text).unwrap();
                usual_row(number % 1_000_000).replace("\"None\"", &text)
            }),
            1 => any::<String>(),
            1 => prop::sample::select(hostile_rows()),
        ],
        0..40,
    )) {
        comes_back(&rows);
    }
}
