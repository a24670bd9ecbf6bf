//! The memory budget: what does not fit is on disk, searched from there or named as not searched.

use cipp_client::Day;
use log_index::{Dictionaries, Segment};
use logbook::{DayPhase, Logbook, LogbookOptions};
use sandbox::Scenario;

use crate::support::{Place, clock, day, filter, phases, rows, wait_until};

const WORD: &str = "data:StackTrace";

/// What these days take in memory: all of it, and their data alone.
pub fn memory(place: &Place, from: Day, to: Day) -> (u64, u64) {
    let (dictionaries, archive) = (Dictionaries::new(), place.archive());
    let (mut all, mut data) = (0, 0);
    for day in Day::range_newest_first(from, to) {
        let columns = archive.read_day(day, true).unwrap().0;
        let segment = Segment::new(day, columns, None, &dictionaries);
        all += segment.memory_bytes() as u64;
        data += segment.log_data_bytes() as u64;
    }
    (all, data)
}

/// The budget in which so many bytes of rows have room: beside them it has room for what comes with rows.
pub fn budget_for(rows: u64) -> u64 {
    rows.div_ceil(13) * 16
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_does_not_fit_is_searched_from_disk() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let (from, to) = (day("20260801"), day("20260819"));
    let all = place.logbook();
    all.show(from, to).await;
    let truth = filter(&all, WORD);
    assert!(truth > 0);
    drop(all);
    let (all, data) = memory(&place, from, to);
    let small = Logbook::open(LogbookOptions {
        memory_budget: budget_for(all - data / 2),
        ..place.options()
    });
    small.show(from, to).await;
    assert!(
        phases(&small).iter().all(|phase| *phase == DayPhase::Complete),
        "{:?}",
        phases(&small)
    );
    let first = filter(&small, WORD);
    assert!(first < truth, "some of the data is on disk: {first} of {truth}");
    wait_until("the data on disk is searched", || {
        let search = small.progress().data_search;
        search.of > 0 && search.done == search.of
    })
    .await;
    assert_eq!(small.counts().matched, truth);
    // A newer filter takes over at any time.
    for _ in 0..5 {
        filter(&small, WORD);
        filter(&small, "sev:error");
    }
    filter(&small, WORD);
    wait_until("it is found again", || small.counts().matched == truth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_do_not_fit_say_so_and_can_be_had_one_by_one() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let (from, to) = (day("20260801"), day("20260819"));
    let all = place.logbook();
    all.show(from, to).await;
    drop(all);
    let (all, data) = memory(&place, from, to);
    let small = Logbook::open(LogbookOptions {
        memory_budget: budget_for((all - data) / 2),
        ..place.options()
    });
    small.show(from, to).await;
    let phases_now = phases(&small);
    let fit = phases_now
        .iter()
        .take_while(|phase| **phase == DayPhase::Complete)
        .count();
    assert!(fit > 0 && fit < 19, "{phases_now:?}");
    assert!(
        phases_now[fit..].iter().all(|phase| *phase == DayPhase::OutOfMemory),
        "the newest stay: {phases_now:?}"
    );
    assert!(small.snapshot().coverage_sentence().contains("for want of memory"));
    assert!(
        small
            .progress()
            .days
            .iter()
            .all(|day| day.archived || day.phase == DayPhase::OutOfMemory)
    );

    small.fetch_day(day("20260802")).await;
    let now = phases(&small);
    assert_eq!(now[17], DayPhase::Complete, "{now:?}");
    filter(&small, "day:2026-08-02");
    assert_eq!(rows(&small), place.truth("20260802", "20260802"));
}

/// More is collected than fits: all of it is archived, and what is looked at stays within the budget.
#[tokio::test(flavor = "multi_thread")]
async fn collecting_goes_on_when_memory_is_full_because_days_are_in_the_archive() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let small = Logbook::open(LogbookOptions {
        memory_budget: 100_000,
        ..place.options()
    });
    small.show(day("20260810"), day("20260819")).await;
    assert_eq!(place.day_calls(), 10);
    assert_eq!(place.archive().days().unwrap().len(), 10);
    assert!(phases(&small).contains(&DayPhase::OutOfMemory));
    assert!(small.progress().days.iter().all(|day| day.archive_trouble.is_none()));
    let all = place.logbook();
    all.show(day("20260810"), day("20260819")).await;
    assert_eq!(rows(&all), place.truth("20260810", "20260819"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_archive_a_full_memory_ends_the_collecting_and_says_so() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let small = Logbook::open(LogbookOptions {
        memory_budget: 3_000_000,
        ..place.options_without_archive()
    });
    small.show(day("20260801"), day("20260820")).await;
    let progress = small.progress();
    assert!(progress.finished);
    let left: Vec<_> = progress
        .days
        .iter()
        .filter(|day| day.phase == DayPhase::OutOfMemory)
        .collect();
    assert!(!left.is_empty() && left.len() < 20);
    assert!(left.iter().all(|day| day.archive_trouble.is_some()));
}
