//! `ListLogs`: the logbook (facts: cipp 1). The whole of its behaviour is imitated, the silent traps above all: what is
//! ignored without `Filter=true`, the comparison of day keys as text, users matched whole, the API name as a regular
//! expression, the two names of the template's details.
//!
//! `wanted` reads the parameters, `dates` the days, `wildcard` PowerShell's patterns, `shape` prints rows, `odd` the
//! unusual ones, `answer` streams. One deviation: patterns run on Rust's regular expressions, which know no
//! look-around; such a pattern is refused here and works on .NET.

mod answer;
mod dates;
mod odd;
mod shape;
#[cfg(test)]
mod tests;
mod wanted;
mod wildcard;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;
use super::{CippState, json_answer, json_body};
use crate::hosting::refusal;
use crate::scenario::Flavour;
use crate::world::{Walk, World, key_of};
use shape::Mode;
use wanted::Wanted;

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    let flavour = state.scenario.flavour;
    match wanted::read(&state.world, call, flavour) {
        Ok(Wanted::Days) => json_answer(&days(&state.world, flavour)),
        Ok(Wanted::One { id, day, scope }) => json_body(Body::from(one(state, &id, &day, &scope))),
        Ok(Wanted::Rows(filter)) => {
            let walk = Walk::new(state.world.clone(), filter.days.clone());
            json_body(answer::stream(walk, filter, flavour))
        }
        Err(text) => refusal(flavour, StatusCode::INTERNAL_SERVER_ERROR, &text),
    }
}

/// Every row of a day that can be asked for at all, newest first, exactly as a client gets it that asks for the day with
/// all severities and without any other filter. For comparing, past HTTP, roles and faults.
pub(crate) fn every_row(world: &World, date: jiff::civil::Date, flavour: Flavour, look: &mut dyn FnMut(&str)) {
    let mut walk = Walk::new(world.clone(), vec![date]);
    let mut raw = Vec::new();
    while let Some(row) = walk.next() {
        let entry = row.entry();
        if entry.severity.is_empty() {
            continue;
        }
        raw.clear();
        shape::write(&entry, Mode::Rows, flavour, &mut raw);
        if let Ok(raw) = std::str::from_utf8(&raw) {
            look(raw);
        }
    }
}

/// Mode 1: day keys that have rows. The order is not to be relied upon, and neither is that of the two members on a
/// Function App, where they come from a hash table (facts: cipp 1.6).
fn days(world: &World, flavour: Flavour) -> Value {
    let mut dates = world.days();
    dates.retain(|date| world.day(*date).len() > 0);
    dates.sort_by_key(|date| (date.day() % 7, *date));
    let item = |key: String| match flavour {
        Flavour::FunctionApp => json!({ "label": key, "value": key }),
        Flavour::Container => json!({ "value": key, "label": key }),
    };
    dates.into_iter().map(|date| item(key_of(date))).collect()
}

/// Mode 2: a list of one row, or an empty one.
fn one(state: &CippState, id: &str, day: &str, scope: &wanted::Scope) -> Vec<u8> {
    let world = &state.world;
    let mut out = vec![b'['];
    if let Some(date) = world.days().into_iter().find(|date| key_of(*date) == day) {
        let index = world.day(date);
        let found = (0..index.len())
            .filter_map(|place| world.row(&index, place))
            // The table compares ids as text, case included; its own are lower-case.
            .find(|row| row.row_key().to_string() == id)
            .map(|row| row.entry())
            .filter(|entry| scope.admits(entry));
        if let Some(entry) = found {
            shape::write(&entry, Mode::One, state.scenario.flavour, &mut out);
        }
    }
    out.push(b']');
    out
}
