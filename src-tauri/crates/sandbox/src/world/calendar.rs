//! When things happen: which rows a day has, in which order. No texts: those are made when a row is written out.
//!
//! The rhythm is CIPP's (facts: cipp 6): standards every 12 hours, cache and tests at night, the scheduler every hour
//! and quarter of an hour, technicians in office hours, far fewer at the week-end.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::chance::{Chance, mix};
use super::incidents;
use super::{Volume, World, dictionary};

/// Hundred-nanosecond steps in a second: CIPP prints seven digits.
pub(super) const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Which part of CIPP wrote a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Source {
    Standards,
    Cache,
    Tests,
    Permissions,
    Scheduler,
    Technician,
    ApiClient,
    Alerts,
    /// The hourly synchronisation with documentation software, per tenant; `aux` is the tenant.
    Sync,
    /// One-line jobs; `aux` is the line.
    Nightly,
    /// Part of a story; `aux` is which part.
    Incident,
}

/// Shares on working days and at week-ends, in parts of a thousand.
const WORKING_DAY: &[(u32, Source)] = &[
    (530, Source::Standards),
    (135, Source::Cache),
    (90, Source::Tests),
    (10, Source::Permissions),
    (90, Source::Scheduler),
    (105, Source::Technician),
    (15, Source::ApiClient),
    (25, Source::Alerts),
];
const WEEK_END: &[(u32, Source)] = &[
    (620, Source::Standards),
    (155, Source::Cache),
    (100, Source::Tests),
    (10, Source::Permissions),
    (85, Source::Scheduler),
    (6, Source::Technician),
    (4, Source::ApiClient),
    (20, Source::Alerts),
];

/// Tenants with the synchronisation switched on, by position.
pub(super) const SYNCHRONISED: [u16; 3] = [1, 4, 12];

/// One row before it has any text: 16 bytes, so that a day of 200,000 rows takes 3 MB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stub {
    /// What `DateTime` will show: the last change of the row, in hundred-nanosecond steps since 1970.
    pub(super) modified: i64,
    /// The number of the row within its day; together with the day it decides everything about the row.
    pub(super) number: u32,
    pub(super) aux: u16,
    pub(super) source: Source,
    pub(super) special: Special,
}

/// Rows that a flag of the world has singled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Special {
    No,
    /// Not valid JSON when written.
    Corrupt,
    /// Carries 200 KB of nested LogData.
    Deep,
    /// Carries 1 MB of LogData.
    Huge,
}

/// One row in so many is there twice in a world with duplicate row keys.
const TWICE_ONE_IN: u32 = 50;
/// One row in so many of today and yesterday is dated in the future in a world with future rows.
const FUTURE_ONE_IN: u32 = 50;
/// In a world whose days change after they have ended: how long after, which row goes, and the number of the new one.
const CHANGE_AFTER: i64 = 3 * HOUR;
const REMOVED_ROW: u32 = 3;
const LATE_ROW: u32 = u32::MAX;
/// 9999-12-31T23:59:59.9999999Z.
const END_OF_TIME: i64 = 253_402_300_799 * SECOND + 9_999_999;
/// By how much the turns of the tenants move on from day to day: less than the rows that any day has, so that none is
/// left out.
const TURNS_PER_DAY: u64 = 1_301;

/// The rows of one day key, newest first by `DateTime`.
#[derive(Debug, Clone)]
pub struct DayIndex {
    /// The day key, `yyyyMMdd`.
    pub key: String,
    pub(super) seed: u64,
    /// Where among the tenants the day's rows begin, where tenants take turns.
    pub(super) turn: u64,
    pub(super) stubs: Vec<Stub>,
}

impl DayIndex {
    /// A day without rows.
    pub(super) fn empty(date: Date) -> DayIndex {
        DayIndex {
            key: key_of(date),
            seed: 0,
            turn: epoch_day(date).wrapping_mul(TURNS_PER_DAY),
            stubs: Vec::new(),
        }
    }

    /// How many rows the day has.
    pub fn len(&self) -> usize {
        self.stubs.len()
    }

    pub(super) fn row_seed(&self, number: u32) -> u64 {
        mix(self.seed ^ (u64::from(number) << 17))
    }
}

/// The day key of a date.
pub fn key_of(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// Where a date begins and ends in a time zone, in hundred-nanosecond steps. Local midnight that does not exist, or
/// a zone that fails, falls back to UTC: the sandbox must not die over it.
fn bounds(date: Date, zone: &TimeZone) -> (i64, i64) {
    let start_of = |date: Date| {
        let midnight = date.at(0, 0, 0, 0);
        let zoned = midnight
            .to_zoned(zone.clone())
            .or_else(|_| midnight.to_zoned(TimeZone::UTC));
        zoned.map_or(0, |zoned| zoned.timestamp().as_second() * SECOND)
    };
    let start = start_of(date);
    (start, date.tomorrow().map_or(start + DAY, start_of))
}

/// Lays out one day. The result depends on the world's seed, its clock and the date, on nothing else.
pub(super) fn lay_out(world: &World, date: Date) -> DayIndex {
    let seed = mix(world.seed() ^ mix(date_number(date)));
    let (start, end) = bounds(date, world.zone());
    let mut day = DayIndex {
        seed,
        ..DayIndex::empty(date)
    };
    let (fixed, planned) = planned_rows(world, date, seed);
    if fixed == 0 && planned == 0 {
        return day;
    }
    let now = world.now_ticks();
    // Where the number of rows is exact, today's are squeezed into what has passed of it.
    let squeeze = |event: i64| match now {
        now if world.is_exact() && (start..end).contains(&now) => {
            start + (i128::from(event - start) * i128::from(now - start) / i128::from(end - start)) as i64
        }
        _ => event,
    };
    let mut add = |number: u32, source: Source, aux: u16, event: i64| {
        let event = squeeze(event);
        if event <= now {
            let modified = last_change(world, day.row_seed(number), source, event, number, now);
            day.stubs.push(Stub {
                modified,
                number,
                aux,
                source,
                special: Special::No,
            });
        }
    };

    let mut number = 0;
    for (source, aux, event) in fixed_rows(world, date, start, end).take(fixed) {
        add(number, source, aux, event.clamp(start, end - 1));
        number += 1;
    }
    let shares = if is_week_end(date) { WEEK_END } else { WORKING_DAY };
    let mut when = Chance::new(seed ^ 0x7163);
    for _ in 0..planned {
        let source = when.weighted(shares);
        let event = moment(source, date, start, end, &mut when);
        add(number, source, 0, event);
        number += 1;
    }
    if world.flags().changes_after_close && now >= end + CHANGE_AFTER {
        add(LATE_ROW, Source::Technician, 0, start + 12 * HOUR);
    }
    twist(world, date, end, &mut day.stubs);
    day.stubs
        .sort_unstable_by(|a, b| b.modified.cmp(&a.modified).then(a.number.cmp(&b.number)));
    single_out(world, &mut day.stubs);
    day
}

/// What the world's flags do to the rows of a day before they are put in order.
fn twist(world: &World, date: Date, end: i64, stubs: &mut Vec<Stub>) {
    let flags = world.flags();
    if flags.changes_after_close && world.now_ticks() >= end + CHANGE_AFTER {
        stubs.retain(|stub| stub.number != REMOVED_ROW);
    }
    if flags.future_rows && (world.today() - date).get_days() <= 1 {
        for stub in stubs
            .iter_mut()
            .filter(|stub| stub.number % FUTURE_ONE_IN == FUTURE_ONE_IN / 2)
        {
            let step = i64::from(stub.number / FUTURE_ONE_IN);
            // Counted from the day's end, so that the times stay the same while the clock goes on.
            stub.modified = match step % 4 {
                0 => end + 36 * HOUR + step * MINUTE,
                1 => end + 5 * DAY + step * MINUTE,
                2 => end + 5 * 365 * DAY + step,
                _ => END_OF_TIME,
            };
        }
    }
    if flags.duplicate_row_keys {
        let twice: Vec<Stub> = stubs
            .iter()
            .filter(|stub| stub.number % TWICE_ONE_IN == 7)
            .copied()
            .collect();
        stubs.extend(twice);
    }
}

/// Days since 1970; 0 for those before.
fn epoch_day(date: Date) -> u64 {
    let days = date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days());
    u64::try_from(days).unwrap_or(0)
}

fn date_number(date: Date) -> u64 {
    u64::from(date.year().unsigned_abs()) * 10_000
        + u64::from(date.month().unsigned_abs()) * 100
        + u64::from(date.day().unsigned_abs())
}

const fn is_week_end_day(day: Weekday) -> bool {
    matches!(day, Weekday::Saturday | Weekday::Sunday)
}

fn is_week_end(date: Date) -> bool {
    is_week_end_day(date.weekday())
}

/// How many rows by the clock, and how many ordinary ones, the whole day has; the time of day cuts today short later on
/// where the number is not exact.
fn planned_rows(world: &World, date: Date, seed: u64) -> (usize, u64) {
    let today = world.first_today();
    let fixed = fixed_count(world, date);
    if world.flags().empty_day && date == today {
        return (0, 0);
    }
    if world.flags().big_day && date.tomorrow().is_ok_and(|next| next == today) {
        return (fixed, 200_000 - fixed as u64);
    }
    match world.volume() {
        Volume::About { rows_per_day } => {
            // Five days of 105 % and two of 87.5 % make a week of 700 %.
            let usual = rows_per_day * if is_week_end(date) { 875 } else { 1_050 } / 1_000;
            let sway = mix(seed) % 81; // 96 % to 104 %
            (fixed, (usual * (960 + sway) / 1_000).saturating_sub(fixed as u64))
        }
        Volume::Exactly { rows, days } => {
            let more = u64::from(epoch_day(date) % days < rows % days);
            let total = rows / days + more;
            // A small day is not to consist of the clock's rows alone.
            let fixed = (fixed as u64).min(total / 4);
            (fixed as usize, total - fixed)
        }
    }
}

/// How many rows a day is planned to have.
#[cfg(test)]
pub(super) fn rows_of(world: &World, date: Date) -> u64 {
    let (fixed, planned) = planned_rows(world, date, 0);
    fixed as u64 + planned
}

fn fixed_count(world: &World, date: Date) -> usize {
    fixed_rows(world, date, 0, DAY).count()
}

/// Rows that come by the clock rather than by chance: the synchronisation, the nightly one-liners, the incidents.
fn fixed_rows(world: &World, date: Date, start: i64, end: i64) -> impl Iterator<Item = (Source, u16, i64)> {
    let days_ago = (world.first_today() - date).get_days();
    let hours = ((end - start) / HOUR).clamp(0, 24);
    let sync = SYNCHRONISED
        .into_iter()
        .flat_map(move |tenant| (0..hours).map(move |hour| (tenant, hour)))
        .filter(move |(tenant, hour)| incidents::sync_runs(*tenant, days_ago, *hour))
        .map(move |(tenant, hour)| {
            (
                Source::Sync,
                tenant,
                start + hour * HOUR + 7 * MINUTE + i64::from(tenant) * 3_456_789,
            )
        });
    let nightly = (0..dictionary::NIGHTLY.len() as u16).map(move |line| {
        (
            Source::Nightly,
            line,
            start + 150 * MINUTE + i64::from(line) * 93 * SECOND + 1_234_567,
        )
    });
    let stories = incidents::rows(days_ago).map(move |(aux, offset)| (Source::Incident, aux, start + offset));
    sync.chain(nightly).chain(stories)
}

/// When an ordinary row of a source is written, within `start..end`.
fn moment(source: Source, date: Date, start: i64, end: i64, chance: &mut Chance) -> i64 {
    // CIPP's timers run by UTC, people by the zone of the instance.
    let utc_midnight = bounds(date, &TimeZone::UTC).0;
    let hour = |chance: &mut Chance| chance.below(24) as i64 * HOUR;
    let within = |chance: &mut Chance, length: i64| chance.skewed(length as u64) as i64;
    let event = match source {
        Source::Standards => utc_midnight + chance.below(2) as i64 * 12 * HOUR + within(chance, 50 * MINUTE),
        Source::Cache => utc_midnight + 3 * HOUR + within(chance, 55 * MINUTE),
        Source::Tests => utc_midnight + 4 * HOUR + within(chance, 45 * MINUTE),
        Source::Permissions => utc_midnight + within(chance, 15 * MINUTE),
        Source::Scheduler => {
            utc_midnight + hour(chance) + chance.below(4) as i64 * 15 * MINUTE + within(chance, 90 * SECOND)
        }
        Source::Technician => {
            // Two throws make a hump around half past twelve.
            let minutes = (chance.below(315) + chance.below(315)) as i64;
            start + (7 * 60 + 15 + minutes) * MINUTE + chance.below(MINUTE as u64) as i64
        }
        Source::ApiClient => start + 8 * HOUR + chance.below(120) as i64 * 5 * MINUTE + within(chance, 20 * SECOND),
        _ => utc_midnight + hour(chance) + 2 * MINUTE + within(chance, 5 * MINUTE),
    };
    fold(event, start, end)
}

/// Moves a moment by whole days into the day it belongs to.
fn fold(event: i64, start: i64, end: i64) -> i64 {
    let moved = if event < start {
        event + DAY
    } else if event >= end {
        event - DAY
    } else {
        event
    };
    moved.clamp(start, end - 1)
}

/// The notification job rewrites rows it has sent, once an hour, and `DateTime` moves with that (facts: cipp 1.7).
/// It sends alerts and critical rows here. A run that is still to come has not moved anything yet.
fn last_change(world: &World, row_seed: u64, source: Source, event: i64, number: u32, now: i64) -> i64 {
    if !super::entry::is_sent(world, source, row_seed) {
        return event;
    }
    let next_run = (event.div_euclid(HOUR) + 1) * HOUR + 12 * SECOND + i64::from(number % 4_096) * 12_345;
    if next_run <= now { next_run } else { event }
}

fn single_out(world: &World, stubs: &mut [Stub]) {
    let (middle, third, quarter) = (stubs.len() / 2, stubs.len() / 3, stubs.len() / 4);
    if world.flags().huge_log_data
        && let Some(stub) = stubs.get_mut(quarter)
    {
        stub.special = Special::Huge;
    }
    if world.flags().deep_log_data
        && let Some(stub) = stubs.get_mut(third)
    {
        stub.special = Special::Deep;
    }
    if world.flags().corrupt_row
        && let Some(stub) = stubs.get_mut(middle)
    {
        stub.special = Special::Corrupt;
    }
}
