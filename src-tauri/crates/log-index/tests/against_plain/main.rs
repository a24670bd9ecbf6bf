//! The index against a plain, slow implementation of the same rules: random hostile rows, random queries.
//!
//! `PROPTEST_CASES=2000` tries more of them than a usual run does.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod model;
mod strategies;

use std::ops::ControlFlow;

use cipp_client::Day;
use log_index::{Hits, Index, LogCounts, LogDataError, LogDataSource, RowId, Stopped, TextColumn};
use log_query::{FacetField, Query, SeverityFamily, Test};
use model::Model;
use proptest::prelude::*;
use strategies::{queries, worlds};

fn never() -> bool {
    false
}

fn search(index: &Index, query: &Query, previous: Option<(&Query, &Hits)>) -> Hits {
    index.search(query, previous, &never).unwrap()
}

fn ids(index: &Index, hits: &Hits) -> Vec<RowId> {
    let mut ids = Vec::new();
    index.for_each_match(hits, &mut |segment, row| {
        ids.push(segment.row_id(row));
        ControlFlow::Continue(())
    });
    ids
}

/// The data of a model's rows as a day's file would give it, `step` rows at a time.
struct Source<'a> {
    model: &'a Model,
    step: usize,
}

impl LogDataSource for Source<'_> {
    fn log_data(&self, day: Day, visit: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>) -> Result<(), String> {
        let data: Vec<&str> = self.model.data_of_day_without_memory(day);
        for (n, texts) in data.chunks(self.step).enumerate() {
            let mut column = TextColumn::default();
            texts.iter().for_each(|text| column.push(text));
            if visit((n * self.step) as u32, &column).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Searches the data of every day that is not in memory.
fn complete(index: &Index, model: &Model, query: &Query, mut hits: Hits, step: usize) -> Hits {
    let source = Source { model, step };
    while let Some(day) = hits.pending_days().first().copied() {
        let before = hits.pending_days().len();
        hits = index.search_log_data(query, &hits, day, &source, &never).unwrap();
        assert!(hits.pending_days().len() < before, "a searched day is done");
    }
    hits
}

fn assert_same(index: &Index, model: &Model, query: &Query, hits: &Hits) {
    let expected = model.matches(query);
    let expected_ids: Vec<RowId> = expected.iter().map(|row| row.id).collect();
    assert_eq!(ids(index, hits), expected_ids, "{query:?}");
    assert_counts(hits.counts(), model, query);
    let whole = index.page(hits, 0, u32::MAX);
    assert_eq!(whole.iter().map(|row| row.id).collect::<Vec<_>>(), expected_ids);
    for (shown, row) in whole.iter().zip(&expected) {
        assert_eq!(
            (
                &shown.tenant,
                &shown.user,
                &shown.api,
                &shown.severity_text,
                &shown.problem
            ),
            (&row.tenant, &row.user, &row.api, &row.severity, &row.problem)
        );
        assert_eq!(shown.time, row.time_text());
        assert_eq!(shown.message, row.shown_message());
    }
    for (offset, limit) in [
        (0, 1),
        (1, 3),
        (expected.len() / 2, 2),
        (expected.len(), 5),
        (expected.len() + 3, 1),
    ] {
        let page: Vec<RowId> = index
            .page(hits, offset as u32, limit as u32)
            .iter()
            .map(|row| row.id)
            .collect();
        let end = (offset + limit).min(expected.len());
        assert_eq!(page, expected_ids[offset.min(end)..end]);
    }
    assert!(index.page(hits, 0, 0).is_empty());
    for row in model.rows() {
        let position = expected_ids.iter().position(|id| *id == row.id).map(|at| at as u32);
        assert_eq!(index.position(hits, row.id), position);
        let (segment, at) = index.find(row.id).unwrap();
        assert_eq!(segment.row_id(at), row.id);
    }
    assert_places_in_time(index, hits, &expected);
}

fn assert_counts(counts: LogCounts, model: &Model, query: &Query) {
    let expected = model.matches(query);
    assert_eq!(counts.matched as usize, expected.len());
    assert_eq!(counts.total as usize, model.rows().count());
    for family in SeverityFamily::ALL {
        let of_family = expected.iter().filter(|row| row.family() == family).count();
        assert_eq!(counts.by_severity.get(family) as usize, of_family);
    }
}

fn assert_places_in_time(index: &Index, hits: &Hits, expected: &[&model::PlainRow]) {
    for time in expected.iter().map(|row| row.time).chain([0, i64::MAX, model::NOON]) {
        let later = expected.iter().filter(|row| row.time > time).count();
        assert_eq!(index.position_at(hits, time) as usize, later);
    }
    for families in [
        &[SeverityFamily::Error][..],
        &[SeverityFamily::Warning, SeverityFamily::Unknown],
        &[],
    ] {
        for from in -1..=expected.len() as i64 {
            let is = |at: &usize| families.contains(&expected[*at].family());
            let after = (0..expected.len()).filter(|at| *at as i64 > from).find(is);
            let before = (0..expected.len())
                .rev()
                .filter(|at| from < 0 || (*at as i64) < from)
                .find(is);
            assert_eq!(index.next_of(hits, families, from, false), after.map(|at| at as u32));
            assert_eq!(index.next_of(hits, families, from, true), before.map(|at| at as u32));
        }
    }
}

fn assert_counted(index: &Index, model: &Model, query: &Query, hits: &Hits, typed: &str, most: usize) {
    let facets = index
        .facets(query, hits, &FacetField::ALL, typed, most, &never)
        .unwrap();
    assert_eq!(facets.facets.len(), FacetField::ALL.len());
    for facet in &facets.facets {
        model.assert_facet(facet, query, typed, most);
    }
    let edges: Vec<i64> = (-3..4).map(|hour| model::NOON + hour * 3_600_000_000_000).collect();
    let histogram = index.histogram(query, hits, &edges, &never).unwrap();
    model.assert_histogram(&histogram, query, &edges);
}

/// How many worlds each property is tried on, unless the environment says.
fn tried() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(64),
    }
}

proptest! {
    #![proptest_config(tried())]

        #[test]
    fn hits_order_pages_and_counts_are_those_of_the_plain_implementation(
        world in worlds(),
        queries in prop::collection::vec(queries(), 1..5),
        typed in prop::sample::select(vec!["", "o", "MÜ", "zz"]),
        most in 0usize..6,
    ) {
        let (index, model) = world.build(false);
        for query in &queries {
            let hits = search(&index, query, None);
            prop_assert!(hits.pending_days().is_empty());
            assert_same(&index, &model, query, &hits);
            assert_counted(&index, &model, query, &hits, typed, most);
        }
    }

    #[test]
    fn data_that_is_searched_later_only_adds_matches_and_ends_at_the_same(
        world in worlds(),
        queries in prop::collection::vec(queries(), 1..4),
        step in 1usize..20,
    ) {
        let (index, model) = world.build(true);
        let mut previous: Option<(Query, Hits)> = None;
        for query in &queries {
            let first = search(&index, query, previous.as_ref().map(|(query, hits)| (query, hits)));
            let all = model.matches(query);
            let early = ids(&index, &first);
            prop_assert!(early.iter().all(|id| all.iter().any(|row| row.id == *id)), "{query:?}");
            for row in &all {
                let decided = model.matches_whatever_its_data_says(row, query);
                prop_assert!(!decided || early.contains(&row.id), "{query:?} {row:?}");
            }
            let hits = complete(&index, &model, query, first, step);
            assert_same(&index, &model, query, &hits);
            assert_counted(&index, &model, query, &hits, "", 3);
            previous = Some((query.clone(), hits));
        }
    }

    #[test]
    fn days_that_come_and_go_and_filters_that_follow_each_other_give_the_same_as_starting_anew(
        worlds in prop::collection::vec(worlds(), 1..4),
        queries in prop::collection::vec(queries(), 1..4),
        without_data in any::<bool>(),
    ) {
        let mut index = Index::new();
        let mut model = Model::default();
        let dictionaries = log_index::Dictionaries::new();
        let mut previous: Option<(Query, Hits)> = None;
        for world in &worlds {
            for day in world.days() {
                index = world.put(day, index, &mut model, &dictionaries, without_data);
                for query in &queries {
                    let narrower = strategies::typed_on(query);
                    for query in [query, &narrower] {
                        let before = previous.as_ref().map(|(query, hits)| (query, hits));
                        let hits = complete(&index, &model, query, search(&index, query, before), 7);
                        assert_same(&index, &model, query, &hits);
                        previous = Some((query.clone(), hits));
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_thing_is_found_by_its_own_filter_text(world in worlds(), pick in any::<prop::sample::Index>()) {
        let (index, model) = world.build(false);
        let rows: Vec<_> = model.rows().collect();
        prop_assume!(!rows.is_empty());
        let row = rows[pick.index(rows.len())];
        let (segment, at) = index.find(row.id).unwrap();
        let same = index.same_thing(&segment, at, &never).unwrap();
        prop_assert!(same.count >= 1);
        prop_assert_eq!(same.tenants.iter().map(|tenant| tenant.count).sum::<u32>(), same.count);
        let equal = model.rows().filter(|other| other.message == row.message && other.tenant == row.tenant).count();
        prop_assert!(same.count as usize >= equal);
        let context = log_query::Context { zone: jiff::tz::TimeZone::UTC, now: jiff::Timestamp::UNIX_EPOCH };
        let (query, read) = log_query::parse(&same.query, &context);
        prop_assert!(read.mistakes.is_empty(), "{} {:?}", same.query, read.mistakes);
        prop_assert_eq!(query.terms.len(), 1);
        let hits = search(&index, &query, None);
        prop_assert!(hits.counts().matched >= same.count, "{}", same.query);
        prop_assert!(index.position(&hits, row.id).is_some());
    }
}

#[test]
fn a_search_that_is_stopped_says_so() {
    let world = strategies::one_world();
    let (index, model) = world.build(true);
    let always = || true;
    let query = strategies::anywhere("a");
    assert_eq!(index.search(&query, None, &always).unwrap_err(), Stopped);
    let hits = search(&index, &query, None);
    let day = hits.pending_days()[0];
    let source = Source { model: &model, step: 3 };
    let stopped = index.search_log_data(&query, &hits, day, &source, &always);
    assert_eq!(stopped.unwrap_err(), LogDataError::Stopped(Stopped));
    assert_eq!(
        index
            .facets(&query, &hits, &FacetField::ALL, "", 5, &always)
            .unwrap_err(),
        Stopped
    );
}

#[test]
fn a_day_that_cannot_be_read_leaves_the_matches_as_they_were() {
    struct Broken;
    impl LogDataSource for Broken {
        fn log_data(&self, _: Day, _: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>) -> Result<(), String> {
            Err("The file is damaged.".into())
        }
    }
    let (index, _) = strategies::one_world().build(true);
    let query = strategies::anywhere("a");
    let hits = search(&index, &query, None);
    let day = hits.pending_days()[0];
    let failed = index.search_log_data(&query, &hits, day, &Broken, &never).unwrap_err();
    assert_eq!(failed.to_string(), "The file is damaged.");
    assert_eq!(hits.pending_days()[0], day);
}

#[test]
fn conditions_that_no_data_can_change_leave_nothing_to_be_read() {
    let (index, _) = strategies::one_world().build(true);
    let mut query = strategies::anywhere("a");
    query.terms.push(log_query::Term {
        negated: false,
        test: Test::Day {
            from: Some(jiff::civil::date(1999, 1, 1)),
            to: Some(jiff::civil::date(1999, 1, 2)),
        },
    });
    assert!(search(&index, &query, None).pending_days().is_empty());
}
