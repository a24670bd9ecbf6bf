//! The filter's language from outside: what a text means, what is said about mistakes, what changes do to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something unexpected comes"
)]

mod completing;
mod editing;
mod mistakes;
mod narrowing;
mod pasted;
mod properties;
mod reading;

use jiff::{Timestamp, tz::TimeZone};
use log_query::{Context, Query, QueryRead};

/// 2026-11-20, 12:00 in UTC; times without an offset are read in a zone two hours east of it.
pub fn context() -> Context {
    Context {
        zone: TimeZone::fixed(jiff::tz::offset(2)),
        now: "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap(),
    }
}

/// Reads a text.
pub fn parse(text: &str) -> (Query, QueryRead) {
    log_query::parse(text, &context())
}

/// A text without mistakes.
pub fn good(text: &str) -> Query {
    let (query, read) = parse(text);
    assert!(read.mistakes.is_empty(), "{text}: {:?}", read.mistakes);
    assert!(read.terms.iter().all(|term| term.good), "{text}: {:?}", read.terms);
    query
}

/// The part of a text between two positions in UTF-16 code units.
pub fn cut(text: &str, start: u32, end: u32) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(&units[start as usize..end as usize]).expect("whole characters")
}
