//! Following today.

use std::time::Duration;

use sandbox::Scenario;

use crate::support::{Place, clock, day, rows, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn following_brings_new_rows_and_the_new_day_and_pauses_in_the_background() {
    let place = Place::new(Scenario::default(), clock!("2026-08-19T22:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260819"), day("20260819")).await;
    let before = logbook.counts().total;
    logbook.set_follow_pause(Duration::from_millis(50));
    place.set_clock("2026-08-19T23:00:00Z");
    logbook.follow(true);
    logbook.follow(true);
    assert!(logbook.progress().following);
    wait_until("new rows are there", || logbook.counts().total > before).await;
    place.set_clock("2026-08-20T01:00:00Z");
    wait_until("the new day is there", || {
        let days = logbook.progress().days;
        days.len() == 2 && days[1].archived && days[0].rows > 0
    })
    .await;
    wait_until("it is told when it goes on", || {
        logbook.progress().next_follow.is_some()
    })
    .await;

    logbook.set_in_background(true);
    // One reading may be under way.
    wait_until("it rests", || logbook.progress().finished).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = logbook.progress().calls;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(logbook.progress().calls, calls, "nobody looks");
    place.set_clock("2026-08-20T03:00:00Z");
    logbook.set_in_background(false);
    wait_until("it goes on at once", || logbook.progress().calls > calls).await;
    wait_until("everything is there", || {
        rows(&logbook) == place.truth("20260819", "20260820")
    })
    .await;

    logbook.follow(false);
    assert!(!logbook.progress().following);
    wait_until("it rests", || logbook.progress().finished).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = logbook.progress().calls;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(logbook.progress().calls, calls);
}

/// A logbook that nobody holds any more is gone, with everything that ran on its behalf.
#[tokio::test(flavor = "multi_thread")]
async fn a_logbook_that_was_dropped_or_closed_asks_for_nothing() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260820"), day("20260820")).await;
    logbook.set_follow_pause(Duration::from_millis(20));
    logbook.follow(true);
    wait_until("it follows", || logbook.progress().calls > 2).await;
    let weak = std::sync::Arc::downgrade(&logbook);
    drop(logbook);
    wait_until("it is gone", || weak.upgrade().is_none()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let calls = place.day_calls();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(place.day_calls(), calls);

    let logbook = place.logbook();
    logbook.follow(true);
    logbook.close();
    logbook.show(day("20260820"), day("20260820")).await;
    assert_eq!(place.day_calls(), calls);
}
