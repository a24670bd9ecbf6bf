//! The archive behind the window: read again without asking CIPP, read offline, exported, deleted; and exports of what
//! the filter leaves.

use std::fs;

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};

use crate::cipp::Cipp;
use crate::reading_logs::{finished, on_the_sandbox, total};

async fn a_week_of(cipp: &Cipp, desktop: &Desktop) -> Window {
    let window = Window::open(desktop, &[]).await;
    cipp.connect(&window, "Contoso").await;
    window.choose("range", "7d").await;
    let days = "return document.querySelectorAll('[data-testid^=day-2]').length === 7";
    window.until("there are seven days", days).await;
    finished(&window).await;
    window
}

#[tokio::test]
async fn closed_days_are_not_asked_for_again_and_are_read_without_cipp() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = a_week_of(&cipp, &desktop).await;
    let week = total(&window).await;
    let before = cipp.calls("ListLogs");
    window.close().await;
    // No row in plain on the disk: a word that is in nearly every row.
    assert_eq!(desktop.files_with(b"\"RowKey\""), Vec::<std::path::PathBuf>::new());
    assert_eq!(
        desktop.files_with(b"gretas.example").len(),
        0,
        "no tenant in plain on the disk"
    );

    let window = Window::open(&desktop, &[]).await;
    window.see("log-row").await;
    window.choose("range", "7d").await;
    finished(&window).await;
    window.until_shown(week).await;
    let asked = cipp.calls("ListLogs") - before;
    assert!(asked <= 2, "{asked} calls: today for the start, today for the week");
    window.close().await;

    // CIPP is gone: what was archived is still readable.
    drop(cipp);
    let window = Window::open(&desktop, &[]).await;
    window.choose("range", "7d").await;
    window.see("log-row").await;
    finished(&window).await;
    assert!(total(&window).await > 0);
    window.inspect("logs-offline").await;
    window.close().await;
}

#[tokio::test]
async fn exactly_what_is_filtered_is_exported() {
    let desktop = Desktop::new();
    let window = on_the_sandbox(&desktop).await;
    finished(&window).await;
    let (left, _) = window.filter("sev>=error").await;
    window
        .run("document.querySelector('[data-testid=log-grid]').focus()", vec![])
        .await;
    window.press(format!("{}{}e", Key::Control, Key::Shift)).await;
    window.see("export").await;
    window.inspect("export").await;
    let file = desktop.folder().join("home/errors.ndjson");
    window
        .run(
            "document.querySelector('[data-testid=export-format][data-format=ndjson]').click()",
            vec![],
        )
        .await;
    window.type_into("export-path", &file.display().to_string()).await;
    window.click("export-run").await;
    window.see("export-done").await;
    window.inspect("export-done").await;
    let text = fs::read_to_string(&file).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len() as u64, left);
    for row in &rows {
        let severity = row["Severity"].as_str().unwrap().to_lowercase();
        assert!(["error", "critical"].contains(&severity.as_str()), "{severity}");
    }
    window.close().await;
}

#[tokio::test]
async fn the_archive_says_how_large_it_is_and_is_deleted_on_request() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = a_week_of(&cipp, &desktop).await;
    window.click("rail-settings").await;
    window.read_in("archive-status", "days").await;
    window.inspect("settings-archive").await;
    window.click("archive-verify").await;
    window.read_in("archive-result", "whole").await;
    window.click("archive-delete").await;
    window.click("archive-delete-yes").await;
    window.see_no_more("archive-delete-yes").await;
    desktop.until("no day is left on the disk", |desktop| {
        desktop.files_ending(".parquet").is_empty()
    });
    window.close().await;
}
