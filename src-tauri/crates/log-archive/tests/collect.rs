//! Collecting days over HTTP, from a sandbox that is healthy and from one that breaks in the middle of a row.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

use std::{sync::Arc, time::Duration};

use cipp_client::{Client, ClientOptions, Connection, Day, ErrorKind, Secret};
use jiff::tz::TimeZone;
use log_archive::{Collection, DayPhase, LogView};
use sandbox::{Break, Sandbox, SandboxOptions, Scenario};

/// A sandbox whose log ends at noon of a fixed day, and a client for it.
async fn sandbox(scenario: Scenario) -> (Sandbox, Client) {
    let now = "2026-08-20T12:00:00Z".parse().unwrap();
    let options = SandboxOptions {
        scenario,
        now: Some(now),
        ..SandboxOptions::default()
    };
    let sandbox = sandbox::start(options).await.unwrap();
    let ready = sandbox.ready();
    let connection = Connection {
        api_url: ready.api_url.parse().unwrap(),
        tenant_id: ready.tenant_id.parse().unwrap(),
        client_id: ready.client_id.parse().unwrap(),
        authority: ready.authority.parse().unwrap(),
        ca_cert: None,
    };
    let secret = Secret::parse(&ready.client_secret).unwrap();
    let client = Client::new(connection, secret, ClientOptions::default()).unwrap();
    (sandbox, client)
}

fn days(from: &str, to: &str) -> Vec<Day> {
    Day::range_newest_first(from.parse().unwrap(), to.parse().unwrap()).collect()
}

fn collection(client: Client, days: Vec<Day>) -> Arc<Collection> {
    Collection::new(client, days, Arc::new(LogView::new()))
}

/// Waits until `done` says so; fails instead of hanging for ever.
async fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 30 s until {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_days_arrive_whole_and_in_order() {
    let (_sandbox, client) = sandbox(Scenario::default()).await;
    let collection = collection(client, days("20260816", "20260819"));
    collection.run().await;
    let progress = collection.progress();
    assert!(progress.finished);
    let iso: Vec<String> = progress.days.iter().map(|day| day.day.iso()).collect();
    assert_eq!(iso, ["2026-08-19", "2026-08-18", "2026-08-17", "2026-08-16"]);
    assert!(
        progress
            .days
            .iter()
            .all(|day| day.state == DayPhase::Complete && day.rows > 0),
        "{progress:?}"
    );
    let total: u32 = progress.days.iter().map(|day| day.rows).sum();
    assert_eq!(collection.view().counts().total, total);
    let times: Vec<jiff::Timestamp> = collection
        .view()
        .page(0, total)
        .rows
        .iter()
        .map(|row| row.time.as_deref().unwrap().parse().unwrap())
        .collect();
    assert!(times.is_sorted_by(|earlier, later| earlier >= later), "newest first");
    assert!(progress.bytes > u64::from(total) * 100);
}

/// Rows already read stay visible; the other days are not touched by it; the day can be asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_breaks_off_keeps_its_rows_and_the_others_go_on() {
    for kind in [Break::Clean, Break::Abrupt, Break::Reset] {
        // Today at noon has fewer rows than a whole day, weekends too: only some days reach this row.
        let scenario = Scenario {
            break_in_row: Some(1500),
            break_kind: Some(kind),
            ..Scenario::default()
        };
        let (_sandbox, client) = sandbox(scenario).await;
        let collection = collection(client, days("20260812", "20260820"));
        collection.run().await;
        let progress = collection.progress();
        let failed: Vec<_> = progress
            .days
            .iter()
            .filter(|day| day.state == DayPhase::Failed)
            .collect();
        let complete = progress
            .days
            .iter()
            .filter(|day| day.state == DayPhase::Complete)
            .count();
        assert!(!failed.is_empty() && complete > 0, "{kind:?}: {progress:?}");
        assert!(progress.finished);
        // A reset takes along what the network had received and nobody had read yet.
        let fewest = if kind == Break::Reset { 1 } else { 1499 };
        for day in &failed {
            assert!(
                (fewest..=1499).contains(&day.rows),
                "{kind:?}: whole rows before the break stay: {day:?}"
            );
            let error = day.error.as_ref().unwrap().kind();
            assert_eq!(error, ErrorKind::CutOff, "{kind:?}");
        }
        let total = collection.view().counts().total;
        assert_eq!(total, progress.days.iter().map(|day| day.rows).sum::<u32>());

        let day = failed[0].day;
        collection.retry(day).await;
        let again = collection.progress();
        let again = again.days.iter().find(|other| other.day == day).unwrap();
        assert!(
            (failed[0].rows..=1499).contains(&again.rows),
            "{kind:?}: rows that came again are not doubled"
        );
        assert!(collection.progress().finished);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_keeps_what_is_here_and_one_day_can_be_fetched_again() {
    let scenario = Scenario {
        row_delay_ms: 20,
        ..Scenario::default()
    };
    let (_sandbox, client) = sandbox(scenario).await;
    let collection = collection(client, days("20260817", "20260819"));
    let running = tokio::spawn({
        let collection = Arc::clone(&collection);
        async move { collection.run().await }
    });
    let rows_of = |at: usize| collection.progress().days[at].rows;
    wait_until("both days in flight have rows", || rows_of(0) > 0 && rows_of(1) > 0).await;
    let states: Vec<DayPhase> = collection.progress().days.iter().map(|day| day.state).collect();
    assert_eq!(
        states,
        [DayPhase::Loading, DayPhase::Loading, DayPhase::Waiting],
        "newest first, two at once"
    );
    assert!(!collection.progress().finished);

    collection.cancel();
    tokio::time::timeout(Duration::from_secs(10), running)
        .await
        .unwrap()
        .unwrap();
    let progress = collection.progress();
    assert!(
        progress.finished && progress.days.iter().all(|day| day.state == DayPhase::Cancelled),
        "{progress:?}"
    );
    assert!(progress.days[0].rows > 0 && progress.days[2].rows == 0);

    let last = progress.days[2].day;
    let again = tokio::spawn({
        let collection = Arc::clone(&collection);
        async move { collection.retry(last).await }
    });
    wait_until("the day that was asked for again has rows", || rows_of(2) > 0).await;
    collection.cancel_day(last);
    tokio::time::timeout(Duration::from_secs(10), again)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(collection.progress().days[2].state, DayPhase::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_kept_and_counted() {
    let scenario = Scenario {
        odd_types: true,
        ..Scenario::default()
    };
    let (_sandbox, client) = sandbox(scenario).await;
    let day = days("20260819", "20260819");
    let collection = collection(client, day);
    collection.run().await;
    let progress = collection.progress().days.remove(0);
    assert_eq!(progress.state, DayPhase::Complete, "{:?}", progress.error);
    assert!(
        progress.odd_rows > 0 && progress.odd_rows < progress.rows,
        "{progress:?}"
    );
    let page = collection.view().page(0, progress.rows);
    let odd = page.rows.iter().filter(|row| row.problem.is_some()).count();
    assert_eq!(
        odd, progress.odd_rows as usize,
        "every odd row says what is odd about it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_its_cause_on_each_day_and_leaves_an_empty_log() {
    let scenario = Scenario {
        role: String::new(),
        ..Scenario::default()
    };
    let (_sandbox, client) = sandbox(scenario).await;
    let collection = collection(client, days("20260818", "20260819"));
    collection.run().await;
    let progress = collection.progress();
    for day in &progress.days {
        assert_eq!(day.state, DayPhase::Failed);
        assert_eq!(
            day.error.as_ref().unwrap().kind(),
            ErrorKind::NotAllowed,
            "{:?}",
            day.error
        );
    }
    assert_eq!(collection.view().counts().total, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_rows_is_complete() {
    let scenario = Scenario {
        empty_day: true,
        ..Scenario::default()
    };
    let (_sandbox, client) = sandbox(scenario).await;
    let today = Day::new(
        "2026-08-20T12:00:00Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .to_zoned(TimeZone::UTC)
            .date(),
    );
    let collection = collection(client, vec![today]);
    collection.run().await;
    let progress = collection.progress();
    assert_eq!(
        (progress.days[0].state, progress.days[0].rows),
        (DayPhase::Complete, 0),
        "{progress:?}"
    );
}
