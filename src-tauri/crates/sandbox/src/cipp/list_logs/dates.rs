//! Which days a request means (facts: cipp 1.4).
//!
//! The real server compares day keys as text and validates the form alone, so this does too: `2026-08-08` is accepted
//! and matches nothing, or, at the start of a range, far too much.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

use crate::cipp::call::Call;
use crate::scenario::Flavour;
use crate::world::{World, key_of};

static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\d{4}-?\d{2}-?\d{2}$").ok());
static DATE_TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^\d{4}-?\d{2}-?\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?$").ok());

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Validates one date value; what passes is used as typed.
///
/// # Errors
/// The text of the 500. A Function App turns full date-times into date objects before they get here, which then fail.
pub(super) fn check(value: &str, flavour: Flavour) -> Result<&str, String> {
    let is_date_time = flavour == Flavour::Container && matches(&DATE_TIME, value);
    if matches(&DATE, value) || is_date_time {
        return Ok(value);
    }
    Err(format!(
        "Invalid date format for OData filter. Expected ISO 8601 (e.g. yyyy-MM-dd or yyyy-MM-ddTHH:mm:ssZ), got: \
         '{value}'"
    ))
}

/// The days that a filtered request means, newest first.
///
/// # Errors
/// The text of the 500 for a value of the wrong form.
pub(super) fn meant(world: &World, call: &Call, flavour: Flavour) -> Result<Vec<Date>, String> {
    // Present but empty is not absent: it keeps DateFilter from taking its place, and then counts for nothing.
    let start = call
        .query("StartDate")
        .or(call.query("DateFilter"))
        .filter(|text| !text.is_empty());
    let end = call
        .query("EndDate")
        .or(call.query("DateFilter"))
        .filter(|text| !text.is_empty());
    let start = start.map(|text| check(text, flavour)).transpose()?;
    let end = end.map(|text| check(text, flavour)).transpose()?;
    let mut days = world.days();
    match (start, end) {
        (Some(start), Some(end)) => days.retain(|day| {
            let key = key_of(*day);
            key.as_str() >= start && key.as_str() <= end
        }),
        (Some(start), None) => days.retain(|day| key_of(*day) == start),
        // The end alone is ignored.
        (None, _) => days.truncate(1),
    }
    Ok(days)
}
