//! Reading the log: days, filter, details, and days that are hard to digest.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};

use crate::cipp::Cipp;

/// A window with the sandbox inside the app open.
pub async fn on_the_sandbox(desktop: &Desktop) -> Window {
    let window = Window::open(desktop, &["--sandbox"]).await;
    window.see("log-row").await;
    window
}

/// A window on the log of a CIPP in which a scenario is played.
async fn on(desktop: &Desktop, cipp: &Cipp) -> Window {
    let window = Window::open(desktop, &[]).await;
    window.click("door-connect").await;
    cipp.fill_in(&window, "Scenario").await;
    window.click("save-untested").await;
    window.see("connection-switcher").await;
    window
}

/// Waits until nothing is being loaded any more. A single day has no cell of its own, so the words are looked at too.
pub async fn finished(window: &Window) {
    let script = "const days = [...document.querySelectorAll('[data-testid^=day-2]')];
        const words = document.querySelector('[data-testid=log-status]')?.innerText ?? '';
        return /\\b(read|reading)\\b/.test(words) && !/updating/.test(words)
            && days.every((day) => !['waiting', 'loading'].includes(day.dataset.state))";
    window.until("everything is loaded", script).await;
}

/// The number in front of "entries", once it stands: it follows the days by a moment.
pub async fn total(window: &Window) -> u64 {
    let mut last = None;
    loop {
        let text = window.text("counts").await;
        let digits: String = text
            .split("entr")
            .next()
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let now = digits.parse().unwrap_or_else(|_| panic!("no number in \"{text}\""));
        if last == Some(now) {
            return now;
        }
        last = Some(now);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn the_filter_narrows_the_rows_and_says_how_many_are_left() {
    let desktop = Desktop::new();
    let window = on_the_sandbox(&desktop).await;
    window.press("/").await;
    // A tenant: its name is in every row that is left, in a column that is shown.
    let (left, all) = window.filter("gretas.example").await;
    assert!(left > 0, "0 of {all}");
    let others = "const rows = [...document.querySelectorAll('[data-testid=log-row]')].map((row) => row.innerText);
        return rows.length > 0 && rows.every((row) => /greta/i.test(row))";
    window.until("only rows of that tenant are on the screen", others).await;
    window.inspect("logs-filtered").await;

    window.type_into("filter", "nothing has these words").await;
    window.read_in("empty-filter", "0 of").await;
    window.inspect("logs-filter-empty").await;
    window.press(Key::Escape).await;
    window.see("log-row").await;
    window.close().await;
}

#[tokio::test]
async fn keys_walk_through_the_rows_and_an_entry_shows_its_tree_and_its_raw_json() {
    let desktop = Desktop::new();
    let window = on_the_sandbox(&desktop).await;
    finished(&window).await;
    window.see("log-grid").await;
    window
        .run("document.querySelector('[data-testid=log-grid]').focus()", vec![])
        .await;
    window.press("j").await;
    window.press("j").await;
    window.press("j").await;
    window.press("k").await;
    let row =
        "return document.querySelector('[data-testid=log-row][aria-selected=true]')?.getAttribute('aria-rowindex')";
    // The header is the first row.
    window
        .until(
            "the second entry is current",
            &format!("{row} === '3'").replace("return ", "return "),
        )
        .await;
    window.press(Key::Enter).await;
    window.see("log-detail").await;
    let message = window.text("detail-message").await;
    assert!(!message.trim().is_empty());
    window.press("j").await;
    window
        .until("the details follow the keys", &format!("{row} === '4'"))
        .await;
    window.click("tab-raw").await;
    window.read_in("raw-json", "\"RowKey\"").await;
    window.inspect("logs-detail-raw").await;
    window
        .run("document.querySelector('[data-testid=log-grid]').focus()", vec![])
        .await;
    window.press(Key::Escape).await;
    window.see_no_more("log-detail").await;
    window
        .until(
            "the focus is back in the list",
            "return document.activeElement.dataset.testid === 'log-grid'",
        )
        .await;
    window.close().await;
}

#[tokio::test]
async fn a_week_is_read_a_day_at_a_time_and_times_can_be_shown_in_utc() {
    let desktop = Desktop::new();
    let window = on_the_sandbox(&desktop).await;
    window.choose("range", "7d").await;
    window
        .until(
            "there are seven days",
            "return document.querySelectorAll('[data-testid^=day-2]').length === 7",
        )
        .await;
    finished(&window).await;
    let week = total(&window).await;
    assert!(week > 1_000, "{week} entries in a week");
    window.read_in("log-row", "+01:00").await;
    window.click("zone").await;
    window.read_in("zone", "UTC").await;
    window.see_no_words_in("log-row", "+01:00").await;
    window.close().await;
}

#[tokio::test]
async fn a_long_range_says_what_it_means_before_anything_is_asked() {
    let desktop = Desktop::new();
    let window = on_the_sandbox(&desktop).await;
    window.choose("range", "30d").await;
    window.read_in("long-range", "30 calls").await;
    window.click("long-range-yes").await;
    window
        .until(
            "there are thirty days",
            "return document.querySelectorAll('[data-testid^=day-2]').length === 30",
        )
        .await;
    window.close().await;
}

#[tokio::test]
async fn cancelling_keeps_what_has_arrived() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("slow_rows").await;
    let window = on(&desktop, &cipp).await;
    window.choose("range", "yesterday").await;
    window.see("log-row").await;
    window.click("cancel").await;
    let cancelled = "return [...document.querySelectorAll('[data-testid^=day-2]')].some((day) => ['partial', 'cancelled'].includes(day.dataset.state))";
    window.until("the day is shown as read in part", cancelled).await;
    window.see("log-row").await;
    assert!(total(&window).await > 0);
    window.close().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_its_rows_on_the_screen_and_says_so() {
    for scenario in ["truncated_body", "aborted_body", "reset_mid_row"] {
        let desktop = Desktop::new();
        let cipp = Cipp::playing(scenario).await;
        let window = on(&desktop, &cipp).await;
        window.choose("range", "yesterday").await;
        window.see("day-trouble").await;
        assert_eq!(
            window.attribute("day-trouble", "data-code").await.as_deref(),
            Some("cutOff"),
            "{scenario}"
        );
        window.see("log-row").await;
        let read = total(&window).await;
        let broken_in = if scenario == "reset_mid_row" { 5_000 } else { 101 };
        assert!(read > 0 && read < broken_in, "{scenario}: {read} rows");
        window.inspect(&format!("logs-{scenario}")).await;
        window.close().await;
    }
}

#[tokio::test]
async fn rows_stay_when_cipp_no_longer_accepts_the_client() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("unauthorised_after_good_token").await;
    let window = on(&desktop, &cipp).await;
    window.see("log-row").await;
    // Five calls are answered; from then on all are refused with 401.
    for _ in 0..20 {
        finished(&window).await;
        window.click("refresh").await;
        if window.text("").await.contains("did not accept") {
            break;
        }
    }
    window.read("did not accept").await;
    window.see("log-row").await;
    window.close().await;
}

#[tokio::test]
async fn a_revoked_token_a_throttled_and_a_starting_cipp_are_waited_for_unseen() {
    for scenario in ["token_revoked", "throttled", "starting", "short_tokens", "clock_off"] {
        let desktop = Desktop::new();
        let cipp = Cipp::playing(scenario).await;
        let window = on(&desktop, &cipp).await;
        window.choose("range", "7d").await;
        window.see("log-row").await;
        finished(&window).await;
        assert!(
            !window.sees("day-trouble").await,
            "{scenario}: {}",
            window.text("day-trouble").await
        );
        window.close().await;
    }
}

#[tokio::test]
async fn a_day_without_rows_is_an_answer() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("empty_day").await;
    let window = on(&desktop, &cipp).await;
    window.read_in("empty-day", "No log entries today").await;
    window.inspect("logs-empty-day").await;
    window.close().await;
}

#[tokio::test]
async fn hostile_text_is_shown_as_text_and_does_nothing() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("hostile_text").await;
    let window = on(&desktop, &cipp).await;
    window.choose("range", "yesterday").await;
    window.read_in("log-row", "<script>").await;
    window.read_in("log-row", "<img src=x").await;
    window.inspect("logs-hostile").await;
    let made = "return document.querySelectorAll('main img, main iframe, main script, main b').length";
    assert_eq!(window.run(made, vec![]).await, 0, "elements made of text");
    assert_eq!(window.run("return document.title", vec![]).await, "CIPP Desk");
    assert_eq!(
        window.run("return ({}).polluted ?? null", vec![]).await,
        serde_json::Value::Null
    );
    // No mark that turns text round, and no control character, reaches the screen as such.
    let marks =
        r"return /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b]/.test(document.querySelector('main').textContent)";
    assert_eq!(window.run(marks, vec![]).await, false);
    window.click("log-row").await;
    window.see("log-detail").await;
    assert_eq!(
        window.run(made, vec![]).await,
        0,
        "elements made of text in the details"
    );
    window.close().await;
}

#[tokio::test]
async fn rows_with_odd_fields_are_kept_and_counted() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("odd_types").await;
    let window = on(&desktop, &cipp).await;
    window.choose("range", "yesterday").await;
    window.see("log-row").await;
    finished(&window).await;
    window.read_in("log-status", "with odd fields").await;
    window.close().await;
}

#[tokio::test]
async fn data_that_is_large_and_deep_opens_as_a_tree() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("deep_log_data").await;
    let window = on(&desktop, &cipp).await;
    window.choose("range", "yesterday").await;
    finished(&window).await;
    let (left, all) = window.filter("\"the bottom\"").await;
    assert_eq!(left, 1, "one such row a day, of {all}");
    window.click("log-row").await;
    window.read_in("json-tree", "Level").await;
    window.accessible("a deep tree").await;
    window.click("tab-raw").await;
    window.read_in("raw-json", "LogData").await;
    window.close().await;
}

#[tokio::test]
async fn a_day_of_200_000_rows_is_loaded_and_scrolled_to_its_end() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("big_day").await;
    let mut window = on(&desktop, &cipp).await;
    // Unoptimised code on a busy machine.
    window.be_patient(300);
    window.choose("range", "yesterday").await;
    finished(&window).await;
    // Rows of the severity Debug are not asked for.
    let rows = total(&window).await;
    assert!(rows > 190_000, "{rows} rows");
    window
        .run("document.querySelector('[data-testid=log-grid]').focus()", vec![])
        .await;
    window.press(Key::End).await;
    let last = format!(
        "return document.querySelector('[aria-rowindex=\"{}\"]')?.innerText.trim().length > 0",
        rows + 1
    );
    window.until("the last row is on the screen", &last).await;
    window.picture("logs-200000").await;
    window.close().await;
}
