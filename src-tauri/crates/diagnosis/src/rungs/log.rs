//! Accepted, allowed, log read: who CIPP takes this client for, and one call of `ListLogs`. At which rung a call fails is
//! told by its answer.

use std::time::Instant;

use cipp_client::{ClientError, Day, ListLogs, Rows};
use failures::Rung;
use jiff::{Timestamp, tz::TimeZone};

use super::{sign_in, way};
use crate::climb::{Broke, Broken, Climb, Held};
use crate::diagnosis::Fact;

/// The call for today's log, as far as it came.
pub(crate) enum LogLook {
    /// Rows are coming.
    Rows(Box<Rows>),
    /// Refused, at a rung that is still to come.
    Refused(ClientError),
}

/// Asks CIPP who it takes this client for. What else goes wrong with that question is left to the next one.
pub(super) async fn accepted(climb: &mut Climb<'_>) -> Result<Held, Broke> {
    let begun = Instant::now();
    let limits = climb.client.list_api_test(climb.cancel).await;
    let slow = begun.elapsed() >= climb.patience.slow;
    match &limits {
        Err(ClientError::Cancelled) => return Err(Broke::Cancelled),
        Err(error) if rung_of(error) == Rung::Accepted => return Err(not_accepted(climb, error)),
        _ => {}
    }
    let woken = slow || limits.as_ref().is_ok_and(|limits| limits.cold_start);
    climb.limits = Some(limits);
    Ok(Held {
        proof: "CIPP takes the token".to_owned(),
        facts: Vec::new(),
        notes: if woken { vec!["cold-start"] } else { Vec::new() },
    })
}

/// Opens today's log, and tells what the role leaves of it.
pub(super) async fn allowed(climb: &mut Climb<'_>) -> Result<Held, Broke> {
    let limits = match climb.limits.take() {
        Some(Err(error)) if rung_of(&error) == Rung::Allowed => return Err(Broken::by(&error, &[])),
        Some(Ok(limits)) => limits.allowed_tenants,
        _ => None,
    };
    // The day of CIPP is UTC's unless the instance is set otherwise; an empty day proves as much as a full one.
    let today = Day::new(Timestamp::now().to_zoned(TimeZone::UTC).date());
    let look = match climb.client.list_logs(&ListLogs::day(today), climb.cancel).await {
        Ok(rows) => LogLook::Rows(Box::new(rows)),
        Err(error) => match rung_of(&error) {
            Rung::Accepted => return Err(not_accepted(climb, &error)),
            Rung::Allowed => return Err(Broken::by(&error, &[])),
            _ => LogLook::Refused(error),
        },
    };
    if matches!(look, LogLook::Refused(ClientError::Cancelled)) {
        return Err(Broke::Cancelled);
    }
    let is_open = matches!(look, LogLook::Rows(_));
    climb.rows = Some(look);
    let tenants = limits.unwrap_or_default();
    let is_limited = !tenants.is_empty() && !tenants.iter().any(|tenant| tenant.eq_ignore_ascii_case("AllTenants"));
    Ok(Held {
        proof: match (is_open, is_limited) {
            (false, _) => "not refused".to_owned(),
            (true, true) => format!("may read the log, of {} tenants alone", tenants.len()),
            (true, false) => "may read the log".to_owned(),
        },
        facts: Vec::new(),
        notes: if is_limited {
            vec!["rows-hidden-by-tenant-limit"]
        } else {
            Vec::new()
        },
    })
}

pub(super) async fn log_read(climb: &mut Climb<'_>) -> Result<Held, Broke> {
    let mut rows = match climb.rows.take() {
        Some(LogLook::Rows(rows)) => rows,
        Some(LogLook::Refused(error)) => return Err(Broken::by(&error, &[])),
        None => return Ok(Held::default()),
    };
    let cache = rows.cache().map(str::to_owned);
    let date = rows.date();
    let mut counted = Counted::default();
    let begun = Instant::now();
    let mut whole = true;
    while let Some(row) = rows.next().await {
        counted.add(&row.map_err(|error| Broken::by(&error, &[]))?);
        if begun.elapsed() > climb.patience.rows {
            whole = false;
            break;
        }
    }
    let zone = match climb.client.instance_time_zone(climb.cancel).await {
        Ok(zone) => zone,
        Err(ClientError::Cancelled) => return Err(Broke::Cancelled),
        // Told to few roles; the rows tell as much as is needed here.
        Err(_) => None,
    };
    let mut notes = Vec::new();
    if counted.damaged > 0 {
        notes.push("row-damaged");
    }
    if cache.as_deref().is_some_and(|cache| cache.contains("STALE")) {
        notes.push("stale-cache");
    }
    let elsewhere = zone.as_deref().is_some_and(|zone| !is_utc(zone));
    if elsewhere || counted.is_outside_of_today() {
        notes.push("day-in-another-zone");
    }
    let number = match (counted.rows, whole) {
        (rows, false) => format!("{rows} entries and more today"),
        (0, true) => "no entries yet today".to_owned(),
        (1, true) => "1 entry today".to_owned(),
        (rows, true) => format!("{rows} entries today"),
    };
    let mut proof = vec![number];
    if counted.damaged > 0 {
        proof.push(format!("{} of them damaged", counted.damaged));
    }
    if let Some(zone) = &zone {
        proof.push(format!("the day runs in {zone}"));
    }
    let facts = [
        cache.map(|cache| Fact::new("X-Cache", cache)),
        date.map(|date| Fact::new("Answered at", date.to_string())),
        counted.earliest.map(|time| Fact::new("First entry", time.to_string())),
        counted.latest.map(|time| Fact::new("Last entry", time.to_string())),
        zone.map(|zone| Fact::new("Instance's time zone", zone)),
    ];
    Ok(Held {
        proof: proof.join(", "),
        facts: facts.into_iter().flatten().collect(),
        notes,
    })
}

/// The rows of today, in passing.
#[derive(Default)]
struct Counted {
    rows: u64,
    damaged: u64,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
}

impl Counted {
    fn add(&mut self, row: &cipp_client::Row) {
        self.rows += 1;
        let Ok(fields) = row.fields() else {
            self.damaged += 1;
            return;
        };
        let time = fields.date_time.as_deref().and_then(cipp_client::parse_date_time);
        let Some(time) = time else { return };
        self.earliest = Some(self.earliest.map_or(time, |first| first.min(time)));
        self.latest = Some(self.latest.map_or(time, |last| last.max(time)));
    }

    /// A row is written within its day. One that is earlier than UTC's day is of a day that begins elsewhere.
    fn is_outside_of_today(&self) -> bool {
        let start = Timestamp::now().to_zoned(TimeZone::UTC).start_of_day();
        match (self.earliest, start) {
            (Some(earliest), Ok(start)) => earliest < start.timestamp(),
            _ => false,
        }
    }
}

fn is_utc(zone: &str) -> bool {
    ["UTC", "Etc/UTC", "Etc/GMT", "GMT", "Coordinated Universal Time"]
        .iter()
        .any(|utc| zone.eq_ignore_ascii_case(utc))
}

/// At which rung an answer to the call for the log is at home.
fn rung_of(error: &ClientError) -> Rung {
    let named = error.explanation().failures.first().map(|failure| failure.rung);
    match (error, named) {
        (ClientError::NotAccepted { .. }, _) => Rung::Accepted,
        (ClientError::NotAllowed { .. }, Some(rung)) if rung < Rung::Allowed => Rung::Accepted,
        (ClientError::NotAllowed { .. }, _) => Rung::Allowed,
        _ => Rung::LogRead,
    }
}

/// 401 with a good token. The answer is the same for many causes; the token's claims and the clock tell more of it.
fn not_accepted(climb: &Climb<'_>, error: &ClientError) -> Broke {
    let mut likely = Vec::new();
    if let ClientError::NotAccepted { names_mcp, .. } = error
        && climb.claims.as_ref().is_some_and(sign_in::is_for_bare_id)
    {
        likely.extend(match names_mcp {
            true => ["client-is-mcp", "token-for-bare-client-id"],
            false => ["token-for-bare-client-id", "client-is-mcp"],
        });
    }
    if climb.knock.as_ref().is_some_and(way::clock_is_off) {
        likely.push("clock-off");
    }
    Broken::by(error, &likely)
}
