//! The view: filters that take over from each other, rows from memory and from disk, consistent answers.

use std::sync::Arc;

use jiff::tz::TimeZone;
use log_query::{FacetField, SeverityFamily};
use logbook::{CopyForm, LogbookError, ViewCommand};
use sandbox::Scenario;

use crate::support::{Place, clock, day, filter, in_order, rows};

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_stays_in_force_while_rows_come_and_mistakes_change_nothing() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    assert_eq!(filter(&logbook, "sev:error"), 0);
    logbook.show(day("20260818"), day("20260820")).await;
    let counts = logbook.counts();
    assert!(counts.matched > 0 && counts.matched < counts.total);
    assert_eq!(counts.matched, counts.by_severity.error);
    assert_eq!(filter(&logbook, "sev:error"), counts.matched);

    let generation = logbook.progress().generation;
    let mistaken = logbook.set_query("sev:error message:/(/", TimeZone::UTC).unwrap();
    assert!(!mistaken.applied && !mistaken.read.mistakes.is_empty());
    assert_eq!(mistaken.counts, counts, "the last good filter stays");
    assert_eq!(logbook.progress().generation, generation);
    assert!(
        logbook
            .page(0, 50)
            .rows
            .iter()
            .all(|row| row.severity == SeverityFamily::Error)
    );
    assert_eq!(rows(&logbook).len() as u32, counts.matched);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_belong_together() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260814"), day("20260820")).await;
    filter(&logbook, "sev>=warning");
    let counts = logbook.counts();
    let page = logbook.page(5, 40);
    assert_eq!(
        (page.total, page.matched, page.offset, page.rows.len()),
        (counts.total, counts.matched, 5, 40)
    );
    for (at, row) in page.rows.iter().enumerate() {
        assert_eq!(logbook.position(row.id), Some(5 + at as u32));
        let entry = logbook.entry(row.id).unwrap();
        assert_eq!(
            (entry.row.id, &entry.row.time, &entry.row.tenant),
            (row.id, &row.time, &row.tenant)
        );
    }
    let facets = logbook
        .facets(&[FacetField::Tenant, FacetField::Severity], "", 500)
        .unwrap();
    assert_eq!(facets.generation, page.generation);
    let tenants: u32 = facets
        .facets
        .iter()
        .find(|facet| facet.field == FacetField::Tenant)
        .unwrap()
        .values
        .iter()
        .map(|value| value.count)
        .sum();
    assert_eq!(tenants, counts.matched);
    let severities: u32 = facets
        .facets
        .iter()
        .find(|facet| facet.field == FacetField::Severity)
        .unwrap()
        .values
        .iter()
        .map(|value| value.count)
        .sum();
    assert_eq!(severities, counts.total, "a facet ignores its own choice");

    let histogram = logbook.histogram(None, 60, TimeZone::UTC).unwrap();
    let in_bars: u32 = histogram
        .bars
        .iter()
        .map(|bar| bar.error + bar.warning + bar.critical)
        .sum();
    assert_eq!(
        (in_bars + histogram.elsewhere, histogram.bars.len() <= 60),
        (counts.matched, true)
    );
    assert_eq!(histogram.elsewhere, 0);
    let first_error = logbook.next_of(&[SeverityFamily::Error], -1, false).unwrap();
    assert_eq!(logbook.page(first_error, 1).rows[0].severity, SeverityFamily::Error);
    let row = &logbook.page(100, 1).rows[0];
    let at = logbook.position_at(row.time.clone().unwrap().parse().unwrap());
    assert_eq!(logbook.page(at, 1).rows[0].time, row.time);
    assert!(logbook.same_thing(row.id).unwrap().count >= 1);
    assert!(!logbook.complete("ten", 3).is_empty());

    assert_eq!(
        logbook
            .copy(row.id, CopyForm::Row, TimeZone::UTC)
            .unwrap()
            .lines()
            .count(),
        1
    );
    assert!(
        logbook
            .copy(row.id, CopyForm::Ticket, TimeZone::UTC)
            .unwrap()
            .lines()
            .count()
            >= 5
    );
    let command = logbook.copy_as(ViewCommand::Cippctl);
    assert!(
        command.contains("--from 2026-08-14 --to 2026-08-20") && command.contains("sev>=warning"),
        "{command}"
    );
}

/// An hour that is asked for counts from now, and now goes on.
#[tokio::test(flavor = "multi_thread")]
async fn relative_times_move_on_with_the_clock() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T09:00:00Z")).await;
    let logbook = place.in_memory();
    logbook.show(day("20260820"), day("20260820")).await;
    filter(&logbook, "time:-1h..");
    place.set_clock("2026-08-20T11:00:00Z");
    logbook.refresh().await;
    let page = logbook.page(0, 100_000);
    assert!(!page.rows.is_empty());
    assert!(
        page.rows
            .iter()
            .all(|row| row.time.as_deref().unwrap() >= "2026-08-20T10:00")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_of_several_filters_comes_into_force() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260801"), day("20260820")).await;
    let last = filter(&logbook, "sev:alert");
    filter(&logbook, "");
    let typing: Vec<_> = (0..20)
        .map(|n| {
            let logbook = Arc::clone(&logbook);
            std::thread::spawn(move || logbook.set_query(&format!("message:/(a|b|c)+{n}/"), TimeZone::UTC))
        })
        .collect();
    let outcomes: Vec<_> = typing.into_iter().map(|thread| thread.join().unwrap()).collect();
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(_) | Err(LogbookError::Superseded)));
    }
    assert_eq!(filter(&logbook, "sev:alert"), last);
    assert_eq!(logbook.counts().matched, last);
}

/// Rows from the archive are opened from their file, letter for letter, in the order of the view.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_only_on_disk_are_opened_and_exported_from_there() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    place.logbook().show(day("20260815"), day("20260819")).await;
    let logbook = place.offline();
    logbook.show(day("20260815"), day("20260819")).await;
    assert_eq!(rows(&logbook), place.truth("20260815", "20260819"));
    filter(&logbook, "sev:error has:data");
    let ordered = in_order(&logbook);
    assert!(!ordered.is_empty());
    for (at, row) in logbook.page(0, 30).rows.iter().enumerate() {
        assert_eq!(logbook.entry(row.id).unwrap().raw, ordered[at]);
    }
    assert!(logbook.snapshot().coverage_sentence().contains("5 days complete"));
    // The snapshot stays when the view goes on.
    let snapshot = logbook.snapshot();
    filter(&logbook, "");
    assert_eq!(snapshot.matched() as usize, ordered.len());
    assert_eq!(snapshot.query_text(), "sev:error has:data");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_from_the_future_do_not_squeeze_the_histogram() {
    let place = Place::new("future_rows".parse().unwrap(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260819"), day("20260820")).await;
    let histogram = logbook.histogram(None, 100, TimeZone::UTC).unwrap();
    assert!(histogram.step_ms <= 3_600_000.0, "{}", histogram.step_ms);
    assert!(histogram.elsewhere > 0, "those far away are counted");
    let filled = histogram.bars.iter().filter(|bar| bar.info > 0).count();
    assert!(filled > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_logbook_answers_too() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    assert_eq!(logbook.page(0, 10).rows.len(), 0);
    assert!(logbook.histogram(None, 60, TimeZone::UTC).unwrap().bars.is_empty());
    assert_eq!(logbook.facets(&FacetField::ALL, "", 10).unwrap().facets.len(), 7);
    assert!(logbook.progress().finished && logbook.progress().days.is_empty());
    assert_eq!(logbook.snapshot().coverage_sentence(), "No day.");
    logbook.close();
    assert_eq!(logbook.set_query("a", TimeZone::UTC), Err(LogbookError::Superseded));
}

/// Filters that were typed quickly are asked on threads of their own, and may come in any order.
#[tokio::test(flavor = "multi_thread")]
async fn the_filter_of_the_latest_turn_stays_whatever_comes_behind_it() {
    let place = Place::new(Scenario::default(), clock!("2026-08-20T12:00:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260819"), day("20260819")).await;
    let latest = logbook.set_query_in_turn("sev:error", TimeZone::UTC, 7).unwrap();
    for turn in [6, 1] {
        let late = logbook.set_query_in_turn("sev:info", TimeZone::UTC, turn);
        assert_eq!(late, Err(LogbookError::Superseded), "turn {turn}");
    }
    assert_eq!(logbook.counts(), latest.counts);
    // A mistake has its turn too, or a filter on the way to it would come into force behind it.
    let mistaken = logbook
        .set_query_in_turn("sev:error tenannt:x", TimeZone::UTC, 9)
        .unwrap();
    assert_eq!((mistaken.applied, mistaken.in_force.as_str()), (false, "sev:error"));
    assert_eq!(
        logbook.set_query_in_turn("sev:error tenannt", TimeZone::UTC, 8),
        Err(LogbookError::Superseded)
    );
    assert_eq!(logbook.counts(), latest.counts);
    logbook.facets(&[FacetField::Tenant], "", 5).unwrap();
    // What is asked without a turn, and what comes after it, is as good as ever.
    logbook.set_query("sev:warning", TimeZone::UTC).unwrap();
    let next = logbook.set_query_in_turn("sev:error", TimeZone::UTC, 10).unwrap();
    assert_eq!(next.counts, latest.counts);
}
