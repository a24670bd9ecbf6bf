//! Days that are kept: opened again, changed since, forgotten by CIPP, damaged, unwritable.

use std::fs;

use logbook::{ArchiveLimits, Coverage, DayPhase, Logbook, LogbookOptions};
use sandbox::Scenario;

use crate::support::{Place, clock, day, in_order, phases, progress_of, rows};

/// The promise: opening the same days again costs one call, that for today.
#[tokio::test(flavor = "multi_thread")]
async fn opening_thirty_days_a_second_time_costs_one_call() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let (from, to) = (day("20260722"), day("20260820"));
    let first = place.logbook();
    assert_eq!((first.plan(from, to).days, first.plan(from, to).calls), (30, 30));
    assert_eq!(first.plan(from, to).seconds, None, "nothing is known yet");
    first.show(from, to).await;
    assert_eq!(place.day_calls(), 30);
    let truth = place.truth("20260722", "20260820");
    assert_eq!(rows(&first), truth);
    let order = in_order(&first);
    first.close();
    drop(first);

    place.sandbox.forget_calls();
    let second = place.logbook();
    let plan = second.plan(from, to);
    assert_eq!((plan.days, plan.archived, plan.calls), (30, 29, 1));
    assert!(plan.seconds.is_some());
    second.show(from, to).await;
    assert_eq!(place.day_calls(), 1, "{:?}", place.sandbox.calls());
    assert_eq!(place.sandbox.calls().of_day("20260820"), 1);
    assert_eq!(in_order(&second), order);
    let progress = second.progress();
    assert_eq!((progress.calls, progress.days[0].phase), (1, DayPhase::Partial));
    for day in &progress.days[1..] {
        assert_eq!(
            (day.phase, day.source, day.archived),
            (DayPhase::Complete, Coverage::Archive, true)
        );
        assert!(day.fetched_at.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_the_archive_is_shown_and_the_rest_is_not_fetched() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260818"), day("20260820")).await;
    let offline = place.offline();
    assert_eq!(offline.plan(day("20260817"), day("20260820")).calls, 0);
    offline.show(day("20260817"), day("20260820")).await;
    assert_eq!(
        phases(&offline),
        [
            DayPhase::NotFetched,
            DayPhase::Complete,
            DayPhase::Complete,
            DayPhase::NotFetched
        ]
    );
    assert_eq!(rows(&offline), place.truth("20260818", "20260819"));
    offline.refresh().await;
    offline.fetch_day(day("20260820")).await;
    assert_eq!(phases(&offline)[0], DayPhase::NotFetched);
}

/// A day that has just ended is fetched once more when its rows have settled; what CIPP drops or changes meanwhile is
/// merged.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_changes_after_its_end_is_fetched_once_more_and_loses_nothing() {
    let place = Place::new("changes_after_close".parse().unwrap(), clock!("2026-08-20T00:30:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260819"), day("20260819")).await;
    let early = place.sandbox.rows(day("20260819").date());
    assert!(progress_of(&logbook, "20260819").archived);
    drop(logbook);

    place.set_clock("2026-08-20T06:00:00Z");
    let late = place.sandbox.rows(day("20260819").date());
    let key = |row: &String| {
        serde_json::from_str::<serde_json::Value>(row).unwrap()["RowKey"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let late_keys: Vec<String> = late.iter().map(key).collect();
    let vanished: Vec<&String> = early.iter().filter(|row| !late_keys.contains(&key(row))).collect();
    assert!(
        !vanished.is_empty() && late.iter().any(|row| !early.contains(row)),
        "the day did change"
    );

    let again = place.logbook();
    assert_eq!(again.plan(day("20260819"), day("20260819")).calls, 1);
    again.show(day("20260819"), day("20260819")).await;
    let mut expected: Vec<String> = late.iter().chain(vanished).cloned().collect();
    expected.sort_unstable();
    assert_eq!(rows(&again), expected);
    place.sandbox.forget_calls();
    let third = place.logbook();
    third.show(day("20260819"), day("20260819")).await;
    assert_eq!((place.day_calls(), rows(&third)), (0, expected), "once is enough");
}

/// CIPP forgets; the archive does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_cipp_has_forgotten_stays_in_the_archive_and_is_not_asked_for_for_ever() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260808"), day("20260810")).await;
    let truth = place.truth("20260808", "20260810");
    assert_eq!(rows(&logbook), truth);

    let place = place.becomes("short_retention".parse().unwrap()).await;
    let logbook = place.logbook();
    logbook.show(day("20260807"), day("20260810")).await;
    assert_eq!(phases(&logbook)[3], DayPhase::Gone);
    assert!(
        !progress_of(&logbook, "20260807").archived,
        "an answer that says nothing is not kept"
    );
    logbook.fetch_day(day("20260808")).await;
    assert_eq!(rows(&logbook), truth, "not replaced by nothing");
    assert_eq!(progress_of(&logbook, "20260808").phase, DayPhase::Complete);

    place.sandbox.forget_calls();
    let again = place.logbook();
    assert_eq!(again.plan(day("20260807"), day("20260810")).calls, 0);
    again.show(day("20260807"), day("20260810")).await;
    assert_eq!((place.day_calls(), rows(&again)), (0, truth));
    assert_eq!(phases(&again)[3], DayPhase::Gone);
}

/// An empty day between others is empty, and kept as such.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_day_among_days_with_rows_is_kept_as_empty() {
    let scenario = Scenario {
        empty_day: true,
        ..Scenario::default()
    };
    let place = Place::new(scenario, clock!("2026-08-20T12:00:00Z")).await;
    // Only the instance's today is empty: its clock stands still while ours goes on.
    place.clock.set("2026-09-01T12:00:00Z");
    let logbook = place.logbook();
    logbook.show(day("20260819"), day("20260820")).await;
    let empty = progress_of(&logbook, "20260820");
    assert_eq!((empty.phase, empty.rows, empty.archived), (DayPhase::Complete, 0, true));
}

/// A damaged file is named, set aside and fetched again; the other days go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_and_fetched_again() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    place.logbook().show(day("20260818"), day("20260819")).await;
    let file = place.archive_folder().join("20260818.parquet");
    let damage = |file: &std::path::Path| {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    };
    damage(&file);
    let offline = place.offline();
    offline.show(day("20260818"), day("20260819")).await;
    let told = progress_of(&offline, "20260818");
    assert_eq!((told.phase, told.rows), (DayPhase::Failed, 0));
    assert!(told.archive_trouble.unwrap().contains("damaged"));
    assert_eq!(progress_of(&offline, "20260819").phase, DayPhase::Complete);

    let logbook = place.logbook();
    logbook.show(day("20260818"), day("20260819")).await;
    assert_eq!(rows(&logbook), place.truth("20260818", "20260819"));
    damage(&file);
    place.sandbox.forget_calls();
    let logbook = place.logbook();
    logbook.show(day("20260818"), day("20260819")).await;
    let healed = progress_of(&logbook, "20260818");
    assert_eq!(
        (healed.phase, healed.archived, place.day_calls()),
        (DayPhase::Complete, true, 1)
    );
    assert!(healed.archive_trouble.unwrap().contains("damaged"));
    assert_eq!(rows(&logbook), place.truth("20260818", "20260819"));
}

/// A file that is damaged after it was loaded is noticed when its data is searched, and fetched again.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_while_it_is_looked_at_heals_too() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    place.logbook().show(day("20260818"), day("20260819")).await;
    let (all, data) = crate::budget::memory(&place, day("20260818"), day("20260819"));
    let logbook = Logbook::open(LogbookOptions {
        // The columns fit, the data of the older day does not.
        memory_budget: crate::budget::budget_for(all - data / 4),
        ..place.options()
    });
    logbook.show(day("20260818"), day("20260819")).await;
    let oldest = progress_of(&logbook, "20260818");
    assert_eq!(oldest.phase, DayPhase::Complete);
    let file = place.archive_folder().join("20260818.parquet");
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&file, bytes).unwrap();
    crate::support::filter(&logbook, "data:StackTrace");
    crate::support::wait_until("it is good again", || {
        let day = progress_of(&logbook, "20260818");
        day.archive_trouble.is_some() && day.archived && day.phase == DayPhase::Complete
    })
    .await;
    crate::support::filter(&logbook, "");
    assert_eq!(rows(&logbook), place.truth("20260818", "20260819"));
}

/// Rows are shown although they cannot be kept, and it is said why.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_cannot_be_written_costs_no_row() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    // A file where the folder should be: that stops everybody, also root and Windows.
    let archive = place.archive();
    fs::write(place.archive_folder(), "in the way").unwrap();
    let logbook = Logbook::open(LogbookOptions {
        archive: Some(archive),
        ..place.options_without_archive()
    });
    logbook.show(day("20260818"), day("20260820")).await;
    assert_eq!(rows(&logbook), place.truth("20260818", "20260820"));
    let progress = logbook.progress();
    assert!(progress.archive_trouble.is_some(), "{progress:?}");
    assert_eq!(progress.days[1].phase, DayPhase::Complete);
    assert!(progress.days.iter().all(|day| !day.archived));
    logbook.entry(logbook.page(0, 1).rows[0].id).unwrap();
}

/// The limits are kept, and days outside of them are shown without being kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_archive_stays_within_its_limits() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = Logbook::open(LogbookOptions {
        limits: ArchiveLimits {
            keep_days: Some(3),
            max_bytes: None,
        },
        ..place.options()
    });
    logbook.show(day("20260816"), day("20260820")).await;
    assert_eq!(rows(&logbook), place.truth("20260816", "20260820"));
    let kept: Vec<String> = place
        .archive()
        .days()
        .unwrap()
        .iter()
        .map(|day| day.day.to_string())
        .collect();
    assert_eq!(kept, ["20260819", "20260818"]);
}

/// The key was lost: the days are fetched again, and the files of the old key give way only then.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_lost_key_give_way_when_there_is_something_to_put_in_their_place() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    place.logbook().show(day("20260818"), day("20260819")).await;
    let other = || {
        let key = log_archive::ArchiveKey::generate().unwrap();
        log_archive::ConnectionArchive::open(place.archive_folder().parent().unwrap(), "connection", key).unwrap()
    };
    let open = |client| {
        Logbook::open(LogbookOptions {
            archive: Some(other()),
            client,
            ..place.options()
        })
    };
    let offline = open(None);
    offline.show(day("20260818"), day("20260819")).await;
    assert!(phases(&offline).iter().all(|phase| *phase == DayPhase::Failed));
    assert!(
        place.archive_folder().join("20260818.parquet").exists(),
        "another key may turn up"
    );
    let online = open(Some(place.client.clone()));
    online.show(day("20260818"), day("20260819")).await;
    assert_eq!(rows(&online), place.truth("20260818", "20260819"));
    assert!(
        online
            .progress()
            .days
            .iter()
            .all(|day| day.archived && day.archive_trouble.is_some())
    );
    assert!(place.archive_folder().join("20260818.parquet.damaged").exists());
}

/// The instance's midnight passes: the new today joins the range, yesterday is completed and sealed.
#[tokio::test(flavor = "multi_thread")]
async fn a_logbook_left_open_goes_over_midnight() {
    let place = Place::new(Scenario::default(), clock!("2026-08-19T22:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260818"), day("20260819")).await;
    assert_eq!(phases(&logbook), [DayPhase::Partial, DayPhase::Complete]);
    place.set_clock("2026-08-20T00:30:00Z");
    logbook.refresh().await;
    assert_eq!(
        phases(&logbook),
        [DayPhase::Partial, DayPhase::Complete, DayPhase::Complete]
    );
    assert_eq!(rows(&logbook), place.truth("20260818", "20260820"));
    assert_eq!(logbook.progress().today, day("20260820"));
    assert!(progress_of(&logbook, "20260819").archived);
    assert!(!progress_of(&logbook, "20260820").archived, "today is never sealed");
    place.sandbox.forget_calls();
    place.set_clock("2026-08-20T02:30:00Z");
    logbook.refresh().await;
    assert_eq!(
        place.sandbox.calls().of_day("20260819"),
        1,
        "once more, when it has settled"
    );
    logbook.refresh().await;
    assert_eq!(place.sandbox.calls().of_day("20260819"), 1);
}
