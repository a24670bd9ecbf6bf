//! The filter's language: any text is read, changed and completed without a panic, and nothing but what is meant changes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something unexpected comes"
)]

use std::collections::BTreeSet;
use std::mem::discriminant;

use cipp_desk_fuzz::{Fuzz, number_of};
use jiff::{Timestamp, tz::TimeZone};
use log_query::{Context, Edit, FacetField, Field, Query, QueryRead, Values, complete, edit};

struct Echo;

impl Values for Echo {
    fn values(&self, _: FacetField, typed: &str, _: usize) -> Vec<(String, u64)> {
        vec![(typed.to_owned(), 1), (String::new(), 2)]
    }

    fn data_paths(&self, typed: &str, _: usize) -> Vec<String> {
        vec![typed.to_owned(), format!("{typed}.x y")]
    }
}

fn parse(text: &str) -> (Query, QueryRead) {
    let context = Context {
        zone: TimeZone::fixed(jiff::tz::offset(-3)),
        now: Timestamp::UNIX_EPOCH,
    };
    log_query::parse(text, &context)
}

/// The part of a text between two places, which must stand between characters.
fn cut(units: &[u16], start: u32, end: u32) -> String {
    assert!(
        start <= end && end as usize <= units.len(),
        "a place outside of the text"
    );
    String::from_utf16(&units[start as usize..end as usize]).expect("a place within a character")
}

fn written(text: &str) -> Vec<String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let (_, read) = parse(text);
    read.terms
        .iter()
        .map(|term| cut(&units, term.start, term.end))
        .collect()
}

fn check(text: &str) -> u64 {
    let (query, read) = parse(text);
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut last = 0;
    for term in &read.terms {
        assert!(
            last <= term.start && term.start < term.end,
            "terms that overlap or are empty"
        );
        assert!(
            cut(&units, last, term.start).trim().is_empty(),
            "something between the terms"
        );
        last = term.end;
    }
    for mistake in &read.mistakes {
        assert!(
            !cut(&units, mistake.start, mistake.end).is_empty(),
            "a mistake without a place"
        );
    }
    let printed = query.text();
    let (again, report) = parse(&printed);
    if printed.chars().count() <= 10_000 {
        assert!(report.mistakes.is_empty(), "{printed}: {:?}", report.mistakes);
        assert_eq!(again, query, "{printed}");
    }
    changes(text, read.terms.len());
    for cursor in [0, 1, units.len() / 2, units.len(), units.len() + 3] {
        for proposal in complete(text, cursor as u32, &Echo) {
            cut(&units, proposal.start, proposal.end);
        }
    }
    outcome(&query, &read)
}

fn changes(text: &str, terms: usize) {
    if terms > 0 {
        let term = text.len() % terms;
        let mut others = written(text);
        others.remove(term);
        let removed = edit(text, &Edit::Remove { term: term as u32 });
        assert_eq!(written(&removed), others, "after removing term {term}: {removed:?}");
        let change = Edit::Flip { term: term as u32 };
        let lone_sign = matches!(written(text)[term].as_str(), "-" | "~" | "-~" | "~-");
        if !lone_sign {
            let twice = edit(&edit(text, &change), &change);
            assert_eq!(parse(&twice).0, parse(text).0, "flipped twice: {twice:?}");
        }
    }
    let value: String = text.chars().rev().take(20).collect();
    for field in [Field::Tenant, Field::Severity, Field::Anywhere, Field::Data, Field::Day] {
        let (path, value) = (vec![value.clone()], value.clone());
        let included = edit(
            text,
            &Edit::Include {
                field,
                path: path.clone(),
                value: value.clone(),
            },
        );
        edit(
            &included,
            &Edit::Exclude {
                field,
                path: path.clone(),
                value: value.clone(),
            },
        );
        edit(text, &Edit::Only { field, path, value });
        let cleared = edit(text, &Edit::ClearField { field });
        assert!(
            parse(&cleared).1.terms.iter().all(|term| term.field != field),
            "{cleared:?}"
        );
    }
}

/// What kinds of terms and mistakes there were.
fn outcome(query: &Query, read: &QueryRead) -> u64 {
    let tests: BTreeSet<u64> = query
        .terms
        .iter()
        .map(|term| number_of(&(discriminant(&term.test), term.negated)))
        .collect();
    let mistakes: BTreeSet<String> = read
        .mistakes
        .iter()
        .map(|mistake| {
            mistake
                .message
                .split(' ')
                .filter(|word| word.is_ascii())
                .take(4)
                .collect()
        })
        .collect();
    // One or several kinds at a time; all combinations would be too many to tell apart anything.
    number_of(&(
        tests.iter().next(),
        tests.len().min(3),
        mistakes.iter().next(),
        read.terms.len().min(3),
    ))
}

#[test]
fn fuzz_query() {
    Fuzz::new("query")
        .words(&[
            " ",
            "\"",
            "\"\"",
            "/",
            "\\",
            "-",
            "~",
            ":",
            ",",
            "=",
            ">=",
            "<",
            "*",
            "?",
            "..",
            "[0]",
            "(",
            ")",
            "|",
            "{9}",
            "(?-i)",
            "tenant:",
            "user:=",
            "sev>=",
            "error",
            "unknown",
            "time:",
            "day:",
            "2026-11-20",
            "-1h",
            "T10:00",
            "Z",
            "has:",
            "data",
            "data.",
            "data.X:",
            "OR",
            "http://",
            "tenat:",
            "“",
            "”",
            "\u{3000}",
            "ü",
            "日",
            "😀",
            "\0",
        ])
        .runs(3000)
        .longest(2000)
        .run(|bytes| check(&String::from_utf8_lossy(bytes)));
}
