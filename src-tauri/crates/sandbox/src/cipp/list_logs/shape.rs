//! How a row is printed: keys, their order, and the odd forms of each hosting flavour (facts: cipp 1.7, 1.8).

use jiff::Timestamp;
use jiff::tz::Offset;

use super::odd;
use crate::scenario::Flavour;
use crate::world::{Entry, LONE_HIGH, LONE_LOW, LogData, Policy, push_json_text};

/// What the row is an answer to; decides the name and the content of the template's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One row by id: `Standard`, filled whenever the row has a template.
    One,
    /// Rows of days: `StandardInfo`, empty.
    Rows,
    /// Rows of days for one scheduled task: `StandardInfo`, filled.
    RowsOfTask,
}

/// How deep nested LogData comes out: the Function App's JSON writer stops near 50, the container's does not stop.
const fn levels(flavour: Flavour) -> usize {
    match flavour {
        Flavour::FunctionApp => 48,
        Flavour::Container => 200,
    }
}

/// Appends one row.
pub(super) fn write(entry: &Entry<'_>, mode: Mode, flavour: Flavour, out: &mut Vec<u8>) {
    let from = out.len();
    out.extend_from_slice(b"{\"DateTime\":\"");
    date_time(entry.modified, out);
    out.push(b'"');
    text(b",\"Tenant\":", &entry.tenant, out);
    text(b",\"API\":", &entry.api, out);
    let mut message = Vec::with_capacity(192);
    entry.write_message(&mut message);
    out.extend_from_slice(b",\"Message\":");
    push_json_text(out, &message);
    text(b",\"User\":", &entry.user, out);
    text(b",\"Severity\":", entry.severity, out);
    out.extend_from_slice(b",\"LogData\":");
    log_data(entry, flavour, out);
    text(b",\"TenantID\":", entry.tenant_id.as_deref().unwrap_or("None"), out);
    nullable(b",\"AppId\":", entry.app_id.as_deref(), out);
    nullable(b",\"IP\":", entry.ip.as_deref(), out);
    let mut buffer = uuid::Uuid::encode_buffer();
    out.extend_from_slice(b",\"RowKey\":\"");
    out.extend_from_slice(entry.row_key.hyphenated().encode_lower(&mut buffer).as_bytes());
    out.extend_from_slice(if mode == Mode::One {
        b"\",\"Standard\":"
    } else {
        b"\",\"StandardInfo\":"
    });
    standard(entry, mode, out);
    text(b",\"DateFilter\":", entry.day_key, out);
    out.push(b'}');
    if let Some(turn) = entry.oddity {
        odd::twist(turn, from, out);
    }
    if entry.lone_surrogates {
        halve_surrogates(from, out);
    }
}

/// Puts the escapes of halves of surrogate pairs where their place-holders stand.
fn halve_surrogates(from: usize, out: &mut Vec<u8>) {
    let Ok(row) = std::str::from_utf8(&out[from..]) else {
        return;
    };
    let row = row.replace(LONE_HIGH, "\\ud83d").replace(LONE_LOW, "\\udc69");
    out.truncate(from);
    out.extend_from_slice(row.as_bytes());
}

fn text(key: &[u8], value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    push_json_text(out, value.as_bytes());
}

fn nullable(key: &[u8], value: Option<&str>, out: &mut Vec<u8>) {
    match value {
        Some(value) => text(key, value, out),
        None => {
            out.extend_from_slice(key);
            out.extend_from_slice(b"null");
        }
    }
}

/// Seven digits of fraction and a written-out offset.
fn date_time(steps: i64, out: &mut Vec<u8>) {
    const SECOND: i64 = 10_000_000;
    let moment = Timestamp::from_second(steps.div_euclid(SECOND)).unwrap_or_default();
    let moment = Offset::UTC.to_datetime(moment);
    let digits = |value: i64, width: u32, out: &mut Vec<u8>| {
        for place in (0..width).rev() {
            out.push(b'0' + (value / 10_i64.pow(place) % 10) as u8);
        }
    };
    digits(moment.year().into(), 4, out);
    for (before, value) in [
        (b'-', moment.month()),
        (b'-', moment.day()),
        (b'T', moment.hour()),
        (b':', moment.minute()),
        (b':', moment.second()),
    ] {
        out.push(before);
        digits(value.into(), 2, out);
    }
    out.push(b'.');
    digits(steps.rem_euclid(SECOND), 7, out);
    out.extend_from_slice(b"+00:00");
}

fn log_data(entry: &Entry<'_>, flavour: Flavour, out: &mut Vec<u8>) {
    match (entry.log_data, flavour) {
        (LogData::Empty, _) => out.extend_from_slice(b"\"\""),
        // An object without members is written as null by the container.
        (LogData::EmptyObject, Flavour::FunctionApp) => out.extend_from_slice(b"{}"),
        (LogData::EmptyObject, Flavour::Container) | (LogData::Missing | LogData::EmptyArray, _) => {
            out.extend_from_slice(b"null");
        }
        (LogData::NotJson, _) => {
            let mut stored = Vec::new();
            entry.write_log_data(0, &mut stored);
            push_json_text(out, &stored);
        }
        (LogData::OneElement | LogData::Json(_) | LogData::Deep | LogData::Huge | LogData::Corrupt, _) => {
            entry.write_log_data(levels(flavour), out);
        }
    }
}

/// The template's details. A template that was deleted leaves its name null.
fn standard(entry: &Entry<'_>, mode: Mode, out: &mut Vec<u8>) {
    let Some(template) = entry.template.filter(|_| mode != Mode::Rows) else {
        out.extend_from_slice(b"{}");
        return;
    };
    nullable(b"{\"Template\":", template.name, out);
    text(b",\"Standard\":", entry.standard, out);
    match entry.policy {
        Some(Policy::Intune(name)) => text(b",\"IntunePolicy\":", name, out),
        Some(Policy::ConditionalAccess(name)) => text(b",\"ConditionalAccessPolicy\":", name, out),
        None => {}
    }
    out.push(b'}');
}
