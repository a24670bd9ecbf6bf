//! Three stories hidden in every world, for people (and searches) to find.
//!
//! 1. *Token storm*, two days ago from 03:10: the refresh tokens of four tenants stop working, and for an hour and a
//!    half everything that touches these tenants fails.
//! 2. *Stopped synchronisation*, four days ago at 11:00: one tenant's hourly line falls silent after a single error;
//!    a day later an alert says so.
//! 3. *Guessed password*, yesterday from 01:12: refused sign-ins from many addresses, one that succeeds, an inbox rule,
//!    and at 07:41 a technician who cleans up.

use super::dictionary::{About, Family, TOKEN_EXPIRED};

const MINUTE: i64 = 60 * super::calendar::SECOND;
const SECOND: i64 = super::calendar::SECOND;

/// How many rows the token storm and the guessing have.
const STORM: u16 = 240;
const GUESSES: u16 = 48;
/// First `aux` of each story.
const STORM_AT: u16 = 0;
const STOP_AT: u16 = 1_000;
const SILENCE_AT: u16 = 1_001;
const GUESS_AT: u16 = 2_000;

/// Tenants hit by the storm, the one that stopped synchronising, and the one whose user was attacked, by position.
const STORM_TENANTS: [usize; 4] = [2, 5, 9, 15];
const STOPPED_TENANT: u16 = 4;
const ATTACKED_TENANT: usize = 3;

/// Whether the hourly synchronisation of a tenant ran.
pub(super) const fn sync_runs(tenant: u16, days_ago: i32, hour: i64) -> bool {
    tenant != STOPPED_TENANT || days_ago > 4 || (days_ago == 4 && hour < 11)
}

/// The story rows of a day as (`aux`, time since the day's start).
pub(super) fn rows(days_ago: i32) -> impl Iterator<Item = (u16, i64)> {
    let storm = (0..if days_ago == 2 { STORM } else { 0 }).map(|n| {
        (
            STORM_AT + n,
            190 * MINUTE + i64::from(n) * 22 * SECOND + i64::from(n * 7 % 13) * 911_113,
        )
    });
    let stop = [
        (4, STOP_AT, 667 * MINUTE + 2_113_457),
        (3, SILENCE_AT, 662 * MINUTE + 7_654_321),
    ]
    .into_iter()
    .filter(move |(day, ..)| *day == days_ago)
    .map(|(_, aux, offset)| (aux, offset));
    let guesses = (0..if days_ago == 1 { GUESSES } else { 0 }).map(|n| (GUESS_AT + n, guess_time(n)));
    storm.chain(stop).chain(guesses)
}

fn guess_time(n: u16) -> i64 {
    match GUESSES - n {
        1..=3 => 461 * MINUTE + i64::from(n) * 40 * SECOND,
        _ => 72 * MINUTE + i64::from(n) * 35 * SECOND + i64::from(n) * 777_777,
    }
}

/// Who is behind a story row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    Job,
    Technician,
}

/// One row of a story, ready to be written.
pub(super) struct Part {
    pub(super) family: Family,
    pub(super) api: &'static str,
    pub(super) about: About,
    /// The customer by position.
    pub(super) tenant: usize,
    pub(super) pattern: &'static str,
    pub(super) actor: Actor,
    /// Position in the list of failures, where the story decides it.
    pub(super) failure: Option<usize>,
}

const fn part(family: Family, api: &'static str, tenant: usize, pattern: &'static str) -> Part {
    Part {
        family,
        api,
        about: About::Customer,
        tenant,
        pattern,
        actor: Actor::Job,
        failure: None,
    }
}

/// The story row with this `aux`.
pub(super) fn part_of(aux: u16) -> Part {
    match aux {
        ..STOP_AT => storm(aux - STORM_AT),
        STOP_AT => part(
            Family::Error,
            "NinjaOneSync",
            usize::from(STOPPED_TENANT),
            "Failed to synchronise {D} with NinjaOne: {e}",
        ),
        SILENCE_AT => part(
            Family::Alert,
            "Alerts",
            usize::from(STOPPED_TENANT),
            "No synchronisation with NinjaOne for {D} in the last 24 hours",
        ),
        _ => guess(aux - GUESS_AT),
    }
}

fn storm(n: u16) -> Part {
    let tenant = STORM_TENANTS[usize::from(n) % STORM_TENANTS.len()];
    let mut part = match n / 4 {
        0 => part(
            Family::Critical,
            "Update Tokens",
            tenant,
            "Refresh token could not be renewed for {D}; next attempt in a week",
        ),
        step if step % 5 == 1 => part(
            Family::Error,
            "UpdatePermissionsQueue",
            tenant,
            "Failed to update permissions for {D}: {e}",
        ),
        step if step % 5 == 2 => part(
            Family::Error,
            "Standards",
            tenant,
            "Could not read the {s} state for {d}. Error: {e}",
        ),
        step if step % 5 == 3 => part(Family::Error, "Tests", tenant, "Failed to run test {t} {e}"),
        _ => part(Family::Error, "CIPPDBCache", tenant, "Failed to cache {k}: {e}"),
    };
    part.failure = Some(TOKEN_EXPIRED);
    part
}

fn guess(n: u16) -> Part {
    let cleaning = |api, pattern| Part {
        actor: Actor::Technician,
        ..part(Family::Info, api, ATTACKED_TENANT, pattern)
    };
    match GUESSES - n {
        1 => cleaning("ExecBECRemediate", "Removed inbox rules and reset the password of {u}"),
        2 => cleaning("Revoke Sessions", "Revoked all sessions of {u}"),
        3 => cleaning("BECRun", "Compromise check started for {u}"),
        4 => part(
            Family::Alert,
            "Audit Logs",
            ATTACKED_TENANT,
            "New inbox rule '.' for {u} moves all messages to RSS Feeds, set from {i}",
        ),
        5 => part(
            Family::Critical,
            "Alerts",
            ATTACKED_TENANT,
            "Sign-in by {u} from {i} succeeded after 43 refused attempts, from a country never seen before",
        ),
        _ => part(
            Family::Alert,
            "Audit Logs",
            ATTACKED_TENANT,
            "Sign-in by {u} from {i} refused: wrong password",
        ),
    }
}
