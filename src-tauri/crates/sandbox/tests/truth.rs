//! What a test asks of a running sandbox past HTTP is what a client gets by HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected is to fail"
)]

mod support;

use sandbox::{Sandbox, Scenario};
use serde_json::Value;
use support::{get, get_with, sandbox, sandbox_with, token};

const ALL: &str = "Info,Warn,Warning,Error,Critical,Alert,Information";

async fn body(place: &Sandbox, day: &str) -> String {
    let query = format!("ListLogs?Filter=true&StartDate={day}&EndDate={day}&Severity={ALL}");
    get(place.ready(), &query).await.text().await.unwrap()
}

fn key(day: jiff::civil::Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

#[tokio::test]
async fn the_rows_of_a_day_are_those_of_list_logs_to_the_byte() {
    let scenarios = [
        "healthy",
        "healthy_container",
        "hostile_text",
        "lone_surrogates",
        "corrupt_row",
        "odd_types",
        "huge_log_data",
        "deep_log_data",
        "duplicate_row_keys",
        "future_rows",
        "zone_far_east",
        "many_tenants",
    ];
    for scenario in scenarios {
        let place = sandbox(scenario).await;
        let yesterday = place.days()[1];
        let rows = place.rows(yesterday);
        assert!(rows.len() > 1_000, "{scenario}: {}", rows.len());
        let same = body(&place, &key(yesterday)).await == format!("[{}]", rows.join(","));
        assert!(same, "{scenario}");
    }
}

#[tokio::test]
async fn halves_of_surrogate_pairs_are_escapes_in_valid_json() {
    let place = sandbox("lone_surrogates").await;
    let day = place.days()[1];
    let halved = place.rows(day).into_iter().filter(|row| row.contains("\\ud83d"));
    let mut rows = 0;
    for row in halved {
        rows += 1;
        serde_json::from_str::<Box<serde_json::value::RawValue>>(&row).unwrap();
        assert!(!row.contains(['\u{fdd0}', '\u{fdd1}']), "no place-holder is left");
    }
    assert!(rows > 100, "{rows}");
}

#[tokio::test]
async fn calls_are_counted_before_anything_else_answers_them() {
    let place = sandbox("healthy_container").await;
    let token = token(place.ready()).await;
    let day = key(place.days()[1]);
    for _ in 0..3 {
        let query = format!("ListLogs?Filter=true&StartDate={day}&EndDate={day}");
        get_with(place.ready(), &token, &query).await.bytes().await.unwrap();
    }
    get_with(place.ready(), "no token", "ListTenants").await;
    let calls = place.calls();
    assert_eq!(
        (calls.of("ListLogs"), calls.of_day(&day), calls.of("ListTenants")),
        (3, 3, 1)
    );
    assert_eq!(calls.most_at_once, 1);

    let url = format!("{}/sandbox/calls", place.ready().authority);
    let told: Value = support::client().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["counts"]["ListLogs"][&day], 3);
    place.forget_calls();
    assert_eq!(place.calls().total(), 0);
}

#[tokio::test]
async fn the_clock_can_be_moved_and_days_end() {
    let place = sandbox_with("clock = \"2026-08-18T23:50:00Z\"\nchanges_after_close = true").await;
    assert_eq!(key(place.days()[0]), "20260818");
    let before = body(&place, "20260818").await;
    place.set_clock("2026-08-19T04:00:00Z".parse().unwrap());
    assert_eq!(key(place.days()[0]), "20260819");
    let after = body(&place, "20260818").await;
    assert!(before != after && after == format!("[{}]", place.rows(place.days()[1]).join(",")));
}

#[tokio::test]
async fn days_older_than_the_retention_come_back_empty() {
    let place = sandbox("short_retention").await;
    assert_eq!(place.days().len(), 7);
    let last = *place.days().last().unwrap();
    assert!(!place.rows(last).is_empty());
    let older = last.yesterday().unwrap();
    assert!(place.rows(older).is_empty());
    assert_eq!(body(&place, &key(older)).await, "[]");
}

#[tokio::test]
async fn rows_keep_coming_while_the_clock_runs() {
    let place = sandbox_with("clock = \"2026-08-18T12:00:00Z\"\nclock_speed = 100_000").await;
    let first = place.clock();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(place.clock() > first);
    let standing = sandbox("healthy").await;
    assert_eq!(standing.clock(), standing.clock());
}

#[tokio::test]
async fn a_zone_that_there_is_not_is_refused() {
    let scenario = Scenario::from_toml("test", "name = \"test\"\ninstance_time_zone = \"Moon/Tycho\"").unwrap();
    let options = sandbox::SandboxOptions {
        scenario,
        ..Default::default()
    };
    let error = sandbox::start(options).await.unwrap_err().to_string();
    assert!(
        error.contains("Moon/Tycho") && error.contains("Europe/Berlin"),
        "{error}"
    );
}
