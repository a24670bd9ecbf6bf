//! The loaded log and its view, on rows as CIPP sends them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::sync::Arc;

use cipp_client::{Day, Row};
use log_archive::{Batch, LogView, SeverityFamily};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn raw(time: &str, key: &str, message: &str) -> String {
    let message = serde_json::to_string(message).unwrap();
    format!(
        r#"{{"DateTime":"{time}","Tenant":"contoso.example","API":"Standards","Message":{message},"User":"CIPP","Severity":"Info","LogData":"","TenantID":"None","AppId":null,"IP":null,"RowKey":"{key}","StandardInfo":{{}},"DateFilter":"20260808"}}"#
    )
}

/// Reads rows as one attempt at a day, in batches of at most `per_batch`.
fn read(view: &LogView, day: Day, rows: &[String], per_batch: usize) {
    let attempt = view.begin_day(day);
    for chunk in rows.chunks(per_batch) {
        let mut batch = Batch::new(day, attempt);
        for row in chunk {
            batch.push(&Row::from_raw(row.as_str().into()));
        }
        view.append(batch);
    }
}

fn messages(view: &LogView) -> Vec<String> {
    view.page(0, u32::MAX).rows.into_iter().map(|row| row.message).collect()
}

#[test]
fn days_arriving_in_any_order_are_one_list_newest_first() {
    let view = LogView::new();
    read(
        &view,
        day("20260807"),
        &[
            raw("2026-08-07T10:00:00Z", "a", "4"),
            raw("2026-08-07T09:00:00Z", "b", "5"),
        ],
        1,
    );
    // A row of the older day that was marked as sent later carries a time of the next day.
    read(
        &view,
        day("20260808"),
        &[
            raw("2026-08-08T10:00:00Z", "c", "1"),
            raw("2026-08-08T01:00:00Z", "d", "3"),
        ],
        256,
    );
    assert_eq!(messages(&view), ["1", "3", "4", "5"]);
    read(
        &view,
        day("20260806"),
        &[raw("2026-08-08T02:00:00.0000001Z", "e", "2")],
        256,
    );
    assert_eq!(messages(&view), ["1", "2", "3", "4", "5"]);
}

#[test]
fn rows_without_a_time_come_last_and_say_so() {
    let view = LogView::new();
    let rows = [
        "[1]".to_owned(),
        raw("yesterday", "a", "no time"),
        raw("2026-08-08T10:00:00Z", "b", "timed"),
    ];
    read(&view, day("20260808"), &rows, 256);
    let page = view.page(0, 10).rows;
    assert_eq!(page[0].message, "timed");
    assert_eq!(page[0].problem, None);
    assert!(page[1].problem.is_some() && page[2].problem.is_some());
    assert_eq!(page[1].severity, SeverityFamily::Unknown);
    assert_eq!(view.rows_of_day(day("20260808")), (3, 2));
    assert_eq!(view.entry(page[1].index).unwrap().raw, "[1]");
}

#[test]
fn a_day_read_again_replaces_its_rows_and_doubles_none() {
    let view = LogView::new();
    let first: Vec<String> = (0..600)
        .map(|i| raw("2026-08-08T10:00:00Z", &format!("k{i}"), &format!("m{i}")))
        .collect();
    read(&view, day("20260808"), &first, 256);
    let bytes = view.size_bytes();
    let numbers: Vec<u32> = view.page(0, 600).rows.iter().map(|row| row.index).collect();
    let mut again = first.clone();
    again[3] = raw("2026-08-08T11:00:00Z", "k3", "changed");
    again.push(raw("2026-08-08T09:00:00Z", "new", "new"));
    read(&view, day("20260808"), &again, 256);
    assert_eq!(view.counts().total, 601);
    let page = view.page(0, 700).rows;
    assert_eq!(page[0].message, "changed");
    assert_eq!(page[600].message, "new");
    assert!(!page.iter().any(|row| row.message == "m3"));
    let kept = numbers
        .iter()
        .filter(|number| page.iter().any(|row| row.index == **number))
        .count();
    assert_eq!(kept, 599, "unchanged rows keep their number");
    assert!(view.size_bytes() < bytes * 2, "unchanged rows are not kept twice");
    assert_eq!(
        view.entry(numbers[3]).unwrap().row.message,
        "m3",
        "an opened row stays readable"
    );
}

#[test]
fn rows_with_one_row_key_or_none_in_one_reading_are_all_kept() {
    let view = LogView::new();
    let same = raw("2026-08-08T10:00:00Z", "k", "same");
    let keyless = r#"{"DateTime":"2026-08-08T10:00:00Z","Message":"keyless"}"#.to_owned();
    let rows = [same.clone(), same, keyless.clone(), keyless];
    for per_batch in [1, 256] {
        read(&view, day("20260808"), &rows, per_batch);
        assert_eq!(view.counts().total, 4, "also when the day is read again");
    }
    read(&view, day("20260809"), &rows, 256);
    assert_eq!(view.counts().total, 8, "another day's rows are other rows");
}

#[test]
fn a_filter_counts_and_pages_what_it_leaves_and_follows_new_rows() {
    let view = LogView::new();
    let rows: Vec<String> = (0..1000)
        .map(|i| {
            raw(
                &format!("2026-08-08T10:{:02}:{:02}Z", i / 60 % 60, i % 60),
                &format!("k{i}"),
                &format!("row {i} of {}", if i % 10 == 0 { "ten" } else { "many" }),
            )
        })
        .collect();
    read(&view, day("20260808"), &rows, 256);
    let counts = view.set_filter("TEN").unwrap();
    assert_eq!(
        (counts.total, counts.matched, counts.by_severity.info),
        (1000, 100, 100)
    );
    let page = view.page(98, 50);
    assert_eq!((page.matched, page.offset, page.rows.len()), (100, 98, 2));
    assert!(view.page(200, 50).rows.is_empty());
    read(&view, day("20260809"), &rows, 256);
    assert_eq!(view.counts().matched, 200);
    assert_eq!(view.set_filter("").unwrap().matched, 2000);
}

#[test]
fn an_overtaken_filter_gives_way() {
    let view = Arc::new(LogView::new());
    let rows: Vec<String> = (0..20_000)
        .map(|i| raw("2026-08-08T10:00:00Z", &format!("k{i}"), "text"))
        .collect();
    read(&view, day("20260808"), &rows, 256);
    let slow = std::thread::spawn({
        let view = Arc::clone(&view);
        move || view.set_filter("nothing like this")
    });
    // Whichever comes first, the filter in force at the end is the last one asked for.
    while !slow.is_finished() {
        view.set_filter("text").unwrap_or_default();
    }
    view.set_filter("text").unwrap();
    assert_eq!(view.counts().matched, 20_000);
}

/// Rows of about 670 bytes with the variety of a real log: every sixth carries an error object.
fn realistic(i: u32) -> String {
    let mut noise = u64::from(i).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = move |below: u64| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise % below
    };
    let guid = format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        next(1 << 32),
        next(1 << 16),
        next(1 << 12),
        next(1 << 12),
        next(1 << 48)
    );
    let data = if i.is_multiple_of(6) {
        let text = "Response status code does not indicate success: 403 (Forbidden). Insufficient privileges to complete the operation. ";
        format!(
            r#"{{"Message":"{text}","NormalizedError":"Could not reach {guid}","RawError":"{{\"error\":{{\"code\":\"Authorization_RequestDenied\",\"request-id\":\"{guid}\"}}}}","Position":"{}","StackTrace":"{}","ScriptName":"New-GraphPOSTRequest.ps1","LineNumber":{},"Category":"InvalidOperation"}}"#,
            "At C:\\\\home\\\\site\\\\wwwroot\\\\Modules\\\\CIPPCore\\\\Public\\\\GraphHelper\\\\New-GraphPOSTRequest.ps1:57 char:9 ".repeat(3),
            "at New-GraphPOSTRequest, Set-CIPPStandard, Push-CIPPStandard, Receive-CippOrchestrationTrigger ".repeat(8),
            next(400),
        )
    } else {
        "\"\"".to_owned()
    };
    format!(
        r#"{{"DateTime":"2026-08-08T{:02}:{:02}:{:02}.{:07}+00:00","Tenant":"tenant{}.onmicrosoft.example","API":"Standards{}","Message":"Standard number {} already has the wanted value for {guid} after {} seconds.","User":"technician{}@msp.example","Severity":"Info","LogData":{data},"TenantID":"None","AppId":null,"IP":"192.0.2.{}","RowKey":"{guid}","StandardInfo":{{}},"DateFilter":"20260808"}}"#,
        23 - i / 4200,
        next(60),
        next(60),
        next(10_000_000),
        next(40),
        next(150),
        next(300),
        next(1000),
        next(40),
        next(250),
    )
}

#[test]
fn a_hundred_thousand_rows_stay_under_fifty_megabytes() {
    let view = LogView::new();
    let mut raw_bytes = 0;
    let attempt = view.begin_day(day("20260808"));
    let mut batch = Batch::new(day("20260808"), attempt);
    for i in 0..100_000 {
        let raw = realistic(i);
        raw_bytes += raw.len();
        batch.push(&Row::from_raw(raw.into()));
        if batch.is_full() {
            view.append(batch.take());
        }
    }
    view.append(batch);
    assert_eq!(view.counts().total, 100_000);
    assert!(
        raw_bytes / 100_000 > 550,
        "the rows are as long as real ones: {}",
        raw_bytes / 100_000
    );
    view.set_filter("already").unwrap();
    let held = view.size_bytes();
    println!("{} bytes of JSON held in {held} bytes", raw_bytes);
    assert!(held < 50_000_000, "{held} bytes");
}
