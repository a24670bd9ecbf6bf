//! Days on their way: whole, broken, cancelled, changed, one at a time.

use std::sync::Arc;

use cipp_client::ErrorKind;
use logbook::{Coverage, DayPhase};
use sandbox::{Break, Flavour, Scenario};

use crate::support::{Place, clock, day, filter, in_order, phases, progress_of, rows, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn several_days_arrive_whole_and_newest_first() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.in_memory();
    logbook.show(day("20260816"), day("20260820")).await;
    let progress = logbook.progress();
    assert!(progress.finished && progress.days.len() == 5);
    assert_eq!(progress.days[0].phase, DayPhase::Partial, "of today there will be more");
    assert!(
        progress.days[1..]
            .iter()
            .all(|day| day.phase == DayPhase::Complete && day.rows > 0)
    );
    assert!(
        progress
            .days
            .iter()
            .all(|day| day.source == Coverage::Cipp && !day.archived)
    );
    assert_eq!(progress.calls, 5);
    assert_eq!(u64::from(progress.calls), place.day_calls());
    assert!(place.sandbox.calls().most_at_once <= 2);
    assert!(progress.bytes > u64::from(progress.loaded) * 100);
    assert_eq!(rows(&logbook), place.truth("20260816", "20260820"));
    let page = logbook.page(0, progress.loaded);
    let times: Vec<_> = page
        .rows
        .iter()
        .map(|row| row.time.clone().unwrap().parse::<jiff::Timestamp>().unwrap())
        .collect();
    assert!(times.is_sorted_by(|earlier, later| earlier >= later));
    assert_eq!(page.generation, progress.generation);
}

/// Rows already read stay visible; the other days are not touched by it; the day can be asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_breaks_off_keeps_its_rows_is_never_sealed_and_the_others_go_on() {
    let clock = clock!("2026-08-20T12:00:00Z");
    for kind in [Break::Clean, Break::Abrupt, Break::Reset] {
        let scenario = Scenario {
            break_in_row: Some(1500),
            break_kind: Some(kind),
            ..Scenario::default()
        };
        let place = Place::new(scenario, clock).await;
        let logbook = place.logbook();
        // Weekends have fewer rows than that.
        logbook.show(day("20260814"), day("20260819")).await;
        let progress = logbook.progress();
        let (good, broken): (Vec<_>, Vec<_>) = progress.days.iter().partition(|day| day.phase == DayPhase::Complete);
        assert!(
            progress.finished && !good.is_empty() && !broken.is_empty(),
            "{kind:?}: {progress:?}"
        );
        assert!(good.iter().all(|day| day.archived));
        let fewest = if kind == Break::Reset { 1 } else { 1499 };
        for day in &broken {
            assert_eq!(day.phase, DayPhase::Partial);
            assert!(
                (fewest..=1499).contains(&day.rows) && !day.archived,
                "{kind:?}: {day:?}"
            );
            assert_eq!(day.error.as_ref().unwrap().kind(), ErrorKind::CutOff);
        }
        assert_eq!(progress.loaded, progress.days.iter().map(|day| day.rows).sum::<u32>());

        let (again, before) = (broken[0].day, broken[0].rows);
        logbook.fetch_day(again).await;
        let after = progress_of(&logbook, &again.to_string());
        assert!(
            (before..=1499).contains(&after.rows),
            "{kind:?}: no row is lost or doubled"
        );

        // A healthy instance later: only what is missing is asked for, and everything is there.
        let place = place.becomes(Scenario::default()).await;
        let logbook = place.logbook();
        logbook.show(day("20260814"), day("20260819")).await;
        assert_eq!(place.day_calls() as usize, broken.len(), "{kind:?}");
        assert_eq!(rows(&logbook), place.truth("20260814", "20260819"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_keeps_what_is_here_and_one_day_can_be_fetched_again() {
    let scenario = Scenario {
        row_delay_ms: 20,
        ..Scenario::default()
    };
    let place = Place::new(scenario, clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    let showing = tokio::spawn({
        let logbook = Arc::clone(&logbook);
        async move { logbook.show(day("20260817"), day("20260819")).await }
    });
    let rows_of = |at: usize| logbook.progress().days.get(at).map_or(0, |day| day.rows);
    wait_until("both days in flight have rows", || rows_of(0) > 50 && rows_of(1) > 0).await;
    assert_eq!(
        phases(&logbook),
        [DayPhase::Loading, DayPhase::Loading, DayPhase::Waiting]
    );
    assert!(!logbook.progress().finished);
    let arrived = rows_of(0);
    assert!(
        logbook.page(0, 10).rows.len() == 10 && filter(&logbook, "sev:info") > 0,
        "rows can be used at once"
    );
    filter(&logbook, "");

    logbook.cancel();
    showing.await.unwrap();
    assert_eq!(
        phases(&logbook),
        [DayPhase::Partial, DayPhase::Partial, DayPhase::Cancelled]
    );
    assert!(logbook.progress().finished && rows_of(0) >= arrived && rows_of(2) == 0);
    assert!(
        logbook
            .progress()
            .days
            .iter()
            .all(|day| day.error.is_none() && !day.archived)
    );

    let again = tokio::spawn({
        let logbook = Arc::clone(&logbook);
        async move { logbook.fetch_day(day("20260817")).await }
    });
    wait_until("the day that was asked for again has rows", || rows_of(2) > 0).await;
    logbook.cancel_day(day("20260817"));
    again.await.unwrap();
    assert_eq!(phases(&logbook)[2], DayPhase::Partial);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_its_cause_on_each_day_and_leaves_an_empty_log() {
    let scenario = Scenario {
        role: String::new(),
        ..Scenario::default()
    };
    let place = Place::new(scenario, clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260818"), day("20260819")).await;
    for day in logbook.progress().days {
        assert_eq!(day.phase, DayPhase::Failed);
        assert_eq!(day.error.unwrap().kind(), ErrorKind::NotAllowed);
    }
    assert_eq!(logbook.counts().total, 0);
}

/// Odd rows, rows without their own day, rows from the future, keys that are not unique: all are kept, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_kept_in_memory_and_on_disk() {
    let clock = clock!("2026-08-20T12:00:00Z");
    for name in [
        "odd_types",
        "corrupt_row",
        "future_rows",
        "duplicate_row_keys",
        "lone_surrogates",
        "hostile_text",
    ] {
        let place = Place::new(name.parse().unwrap(), clock).await;
        let logbook = place.logbook();
        logbook.show(day("20260818"), day("20260820")).await;
        let truth = place.truth("20260818", "20260820");
        assert_eq!(rows(&logbook), truth, "{name}");
        logbook.refresh().await;
        assert_eq!(
            rows(&logbook),
            truth,
            "{name}: nothing is doubled or lost by reading today again"
        );
        let again = place.logbook();
        again.show(day("20260818"), day("20260820")).await;
        assert_eq!(rows(&again), truth, "{name}: from the archive");
        let progress = again.progress();
        assert!(
            progress.days[1..].iter().all(|day| day.source == Coverage::Archive),
            "{name}: {progress:?}"
        );
        let odd: u32 = progress.days.iter().map(|day| day.odd_rows).sum();
        assert_eq!(odd, logbook.progress().days.iter().map(|day| day.odd_rows).sum::<u32>());
        assert_eq!(
            odd > 0,
            ["odd_types", "corrupt_row", "lone_surrogates", "hostile_text"].contains(&name) && odd > 0
        );
        let page = again.page(0, truth.len() as u32);
        for row in page.rows.iter().step_by(97) {
            let entry = again.entry(row.id).unwrap();
            assert!(
                truth.binary_search(&entry.raw).is_ok(),
                "{name}: every row can be opened"
            );
            assert_eq!(entry.row.time, row.time);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_rows_is_complete() {
    let scenario = Scenario {
        empty_day: true,
        ..Scenario::default()
    };
    let place = Place::new(scenario, clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260820"), day("20260820")).await;
    let today = progress_of(&logbook, "20260820");
    assert_eq!((today.phase, today.rows, today.error), (DayPhase::Partial, 0, None));
}

/// A day of 200,000 rows streams in, is sealed, and is whole afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_200_000_rows_arrives_and_is_kept() {
    let place = Place::new("big_day".parse().unwrap(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    let showing = tokio::spawn({
        let logbook = Arc::clone(&logbook);
        async move { logbook.show(day("20260819"), day("20260819")).await }
    });
    wait_until("the first rows are shown", || logbook.counts().total > 0).await;
    assert!(logbook.counts().total < 200_000, "long before the last");
    showing.await.unwrap();
    let yesterday = progress_of(&logbook, "20260819");
    let mut expected = Vec::new();
    place
        .sandbox
        .for_each_row(day("20260819").date(), &mut |row| expected.push(row.to_owned()));
    assert!(expected.len() > 190_000);
    let all = expected.len() as u32;
    assert_eq!(
        (yesterday.phase, yesterday.rows, yesterday.archived),
        (DayPhase::Complete, all, true)
    );
    assert_eq!(in_order(&logbook), expected);
}

/// The first answer of the container's cache is old; a refresh shows what there is now, and asks politely.
#[tokio::test(flavor = "multi_thread")]
async fn a_cached_answer_is_stepped_round() {
    let scenario = Scenario {
        flavour: Flavour::Container,
        ..Scenario::default()
    };
    let place = Place::new(scenario, clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260820"), day("20260820")).await;
    assert!(!logbook.progress().cached_answers);
    let before = logbook.counts().total;
    place.set_clock("2026-08-20T15:00:00Z");
    logbook.refresh().await;
    assert!(logbook.counts().total > before, "one refresh is enough");
    assert_eq!(rows(&logbook), place.truth("20260820", "20260820"));
    assert!(logbook.progress().cached_answers);
    assert_eq!(
        place.day_calls(),
        2,
        "an instance that is known to have a cache is not asked twice"
    );

    // A client that does not know about the cache yet meets an old answer.
    let fresh = place.in_memory();
    place.set_clock("2026-08-20T16:00:00Z");
    fresh.show(day("20260820"), day("20260820")).await;
    assert_eq!(rows(&fresh), place.truth("20260820", "20260820"));
    assert!(fresh.progress().cached_answers);
    assert_eq!(place.day_calls(), 4, "the old answer, and the one that was wanted");
}

/// Rows on the screen stay until the new reading is whole.
#[tokio::test(flavor = "multi_thread")]
async fn reading_today_again_does_not_flicker() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.in_memory();
    logbook.show(day("20260820"), day("20260820")).await;
    let before = logbook.counts().total;
    let first = logbook.page(0, 1).rows[0].id;
    place.set_clock("2026-08-20T12:30:00Z");
    let refreshing = tokio::spawn({
        let logbook = Arc::clone(&logbook);
        async move { logbook.refresh().await }
    });
    let mut least = before;
    while !refreshing.is_finished() {
        least = least.min(logbook.counts().total);
        tokio::task::yield_now().await;
    }
    refreshing.await.unwrap();
    assert_eq!(least, before);
    assert!(logbook.counts().total > before);
    assert!(logbook.position(first).is_some(), "a row keeps its name");
    assert_eq!(rows(&logbook), place.truth("20260820", "20260820"));
}

/// What is here is not fetched again when the range changes.
#[tokio::test(flavor = "multi_thread")]
async fn another_range_shows_its_own_rows_and_comes_back_without_a_call() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.in_memory();
    logbook.show(day("20260817"), day("20260819")).await;
    logbook.show(day("20260818"), day("20260818")).await;
    assert_eq!(rows(&logbook), place.truth("20260818", "20260818"));
    logbook.show(day("20260817"), day("20260819")).await;
    assert_eq!(rows(&logbook), place.truth("20260817", "20260819"));
    assert_eq!(place.day_calls(), 3);
}
