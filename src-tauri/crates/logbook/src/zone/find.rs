//! Finding the instance's zone out from rows.
//!
//! A row is written within its day and its time can only move to later, when it is marked as sent (facts: ListLogs 1.7).
//! So no row may be earlier than the beginning of its day, which is certain, and hardly any later than its end, which is
//! likely. Both are held against every zone there is; zones whose days begin and end alike are one answer.
//!
//! Rows of one season show an offset and no more; only days on both sides of a change of clocks show a zone.

use std::collections::BTreeMap;

use cipp_client::Day;
use jiff::{Timestamp, tz::TimeZone};

use super::{InstanceZone, ZoneSource, end_of, offset_name, start_of};

const QUARTER_NS: i64 = 15 * 60 * 1_000_000_000;
const HOUR_QUARTERS: i64 = 4;
/// The easternmost zone is 14 hours ahead; earlier rows have nothing to do with their day.
const EARLIEST_QUARTER: i64 = -14 * HOUR_QUARTERS;
/// The westernmost is 12 hours behind; some hours more for rows that moved.
const QUARTERS: usize = (14 + 24 + 12 + 6) * HOUR_QUARTERS as usize;
/// So few rows prove nothing: they may have been marked as sent.
const FEW_ROWS: u32 = 3;

/// Zones that stand for those that behave alike.
const WELL_KNOWN: [&str; 24] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Europe/Helsinki",
    "America/Halifax",
    "America/St_Johns",
    "America/Anchorage",
    "America/Santiago",
    "America/Asuncion",
    "Africa/Cairo",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Europe/Chisinau",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Atlantic/Azores",
];

/// When the rows of one day were written, in quarters of an hour around the day.
#[derive(Clone, Debug)]
pub(crate) struct DayTimes {
    day: Day,
    /// The beginning of the day in UTC, nanoseconds.
    utc_start: i64,
    first: Option<i64>,
    quarters: Vec<u32>,
}

/// What was found.
pub(crate) struct Found {
    /// The zone to show.
    pub zone: InstanceZone,
    /// Every zone that it may be; empty for any.
    pub candidates: Vec<TimeZone>,
}

impl DayTimes {
    /// Counts rows by their times, nanoseconds since 1970. Rows whose time has nothing to do with their day (none, dated
    /// in the future) are left out.
    pub fn of(day: Day, times: impl IntoIterator<Item = i64>) -> DayTimes {
        let utc_start = nanoseconds(start_of(day, &TimeZone::UTC));
        let mut counted = DayTimes {
            day,
            utc_start,
            first: None,
            quarters: vec![0; QUARTERS],
        };
        for time in times {
            let quarter = time.saturating_sub(utc_start).div_euclid(QUARTER_NS) - EARLIEST_QUARTER;
            if let Some(count) = usize::try_from(quarter)
                .ok()
                .and_then(|at| counted.quarters.get_mut(at))
            {
                *count += 1;
                counted.first = Some(counted.first.map_or(time, |first| first.min(time)));
            }
        }
        counted
    }

    /// Adds the rows of a further part of the day.
    pub fn add(&mut self, other: &DayTimes) {
        for (count, more) in self.quarters.iter_mut().zip(&other.quarters) {
            *count += more;
        }
        self.first = match (self.first, other.first) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }

    /// Rows from this moment on, to the quarter of an hour: no zone has days that begin between quarters.
    fn rows_from(&self, moment: i64) -> u32 {
        self.quarters[self.at(moment)..].iter().sum()
    }

    fn rows_between(&self, from: i64, to: i64) -> u32 {
        let (from, to) = (self.at(from), self.at(to));
        self.quarters[from.min(to)..to].iter().sum()
    }

    /// The same without the first quarter of each hour.
    fn rows_between_full_hours(&self, from: i64, to: i64) -> u32 {
        let (from, to) = (self.at(from), self.at(to));
        let quarters = (from.min(to)..to).filter(|quarter| quarter % HOUR_QUARTERS as usize != 0);
        quarters.map(|quarter| self.quarters[quarter]).sum()
    }

    fn at(&self, moment: i64) -> usize {
        let quarter = moment.saturating_sub(self.utc_start).div_euclid(QUARTER_NS) - EARLIEST_QUARTER;
        usize::try_from(quarter).unwrap_or(0).min(QUARTERS)
    }
}

/// Zones whose days begin and end alike as far as the rows reach.
struct Group {
    names: Vec<String>,
    /// Begin and end of each day, nanoseconds.
    days: Vec<(i64, i64)>,
    zone: TimeZone,
}

/// The zone in which these days are days. Where several fit, it is honest about it: with UTC among them that is assumed,
/// as CIPP does; else the one whose days begin nearest to the first rows.
pub(crate) fn find(days: &[DayTimes]) -> Found {
    let days: Vec<&DayTimes> = days.iter().filter(|day| day.first.is_some()).collect();
    let mut groups: Vec<Group> = groups(&days);
    groups.retain(|group| group.admits(&days));
    // The fewer rows after the end of their days the better, which is the westernmost that is possible.
    let late = |group: &Group| -> u32 {
        days.iter()
            .zip(&group.days)
            .map(|(day, (_, end))| day.rows_from(*end))
            .sum()
    };
    groups.sort_by_key(|group| (late(group), std::cmp::Reverse(group.days.first().map(|day| day.0))));
    let Some(best) = groups.first().filter(|_| !days.is_empty()) else {
        return Found {
            zone: InstanceZone::assumed(),
            candidates: Vec::new(),
        };
    };
    let possible: Vec<&Group> = groups
        .iter()
        .filter(|group| !group.is_refuted_by(best, &days))
        .collect();
    let utc = possible
        .iter()
        .any(|group| group.names.iter().any(|name| name == "UTC"));
    let zone = match possible.len() {
        1 => InstanceZone {
            name: best.name(&days),
            source: ZoneSource::Inferred,
        },
        _ if utc => InstanceZone::assumed(),
        _ => InstanceZone {
            name: best.name(&days),
            source: ZoneSource::Inferred,
        },
    };
    let candidates = possible.iter().flat_map(|group| group.zones()).collect();
    Found { zone, candidates }
}

impl Group {
    fn admits(&self, days: &[&DayTimes]) -> bool {
        days.iter()
            .zip(&self.days)
            .all(|(day, (start, _))| day.first.is_none_or(|first| first >= *start))
    }

    /// Whether rows stand between the end of days here and the end of the same days in `best`: under this zone all of
    /// them would have had to be marked as sent. Some may: those that the hourly job found, soon after a full hour; not
    /// rows of any time, and not a good part of what the time before brought.
    fn is_refuted_by(&self, best: &Group, days: &[&DayTimes]) -> bool {
        let (mut between, mut unmarked, mut before) = (0, 0, 0);
        for ((day, (_, end)), (_, best_end)) in days.iter().zip(&self.days).zip(&best.days) {
            if end < best_end {
                between += day.rows_between(*end, *best_end);
                unmarked += day.rows_between_full_hours(*end, *best_end);
                before += day.rows_between(end - (best_end - end), *end);
            }
        }
        unmarked >= FEW_ROWS || between >= FEW_ROWS && between.saturating_mul(4) > before
    }

    fn name(&self, days: &[&DayTimes]) -> String {
        let offset = |(day, (start, _)): (&&DayTimes, &(i64, i64))| day.utc_start - start;
        let ends = days.iter().zip(&self.days).map(|(day, (_, end))| (day, end));
        let mut offsets: Vec<i64> = days.iter().zip(&self.days).map(offset).collect();
        offsets.extend(ends.map(|(day, end)| day.utc_start + 96 * QUARTER_NS - end));
        offsets.sort_unstable();
        offsets.dedup();
        match offsets[..] {
            // One season: the offset is all that can be seen.
            [offset] => offset_name((offset / 1_000_000_000) as i32),
            _ => WELL_KNOWN
                .iter()
                .find(|known| self.names.iter().any(|name| name == *known))
                .map(|name| (*name).to_owned())
                .or_else(|| self.names.first().cloned())
                .unwrap_or_else(|| "UTC".to_owned()),
        }
    }

    fn zones(&self) -> impl Iterator<Item = TimeZone> + '_ {
        let named = self.names.iter().filter_map(|name| TimeZone::get(name).ok());
        std::iter::once(self.zone.clone()).chain(named)
    }
}

fn groups(days: &[&DayTimes]) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<(i64, i64)>, Group> = BTreeMap::new();
    let mut add = |name: Option<String>, zone: TimeZone| {
        let bounds: Vec<(i64, i64)> = days.iter().map(|day| bounds(day.day, &zone)).collect();
        let group = groups.entry(bounds.clone()).or_insert_with(|| Group {
            names: Vec::new(),
            days: bounds,
            zone,
        });
        group.names.extend(name);
    };
    for name in jiff::tz::db().available() {
        let name = name.to_string();
        // `Etc/GMT-5`, `posix/...` and the like are other names for the same.
        let other_name = name.starts_with("Etc/") || name.starts_with("posix");
        if (name.contains('/') || name == "UTC")
            && !other_name
            && let Ok(zone) = TimeZone::get(&name)
        {
            add(Some(name), zone);
        }
    }
    // A system without a time zone database still tells the hours apart.
    for hour in -12..=14 {
        if let Ok(offset) = jiff::tz::Offset::from_hours(hour) {
            add((hour == 0).then(|| "UTC".to_owned()), TimeZone::fixed(offset));
        }
    }
    groups.into_values().collect()
}

fn bounds(day: Day, zone: &TimeZone) -> (i64, i64) {
    (nanoseconds(start_of(day, zone)), nanoseconds(end_of(day, zone)))
}

fn nanoseconds(time: Timestamp) -> i64 {
    time.as_nanosecond()
        .clamp(i128::from(i64::MIN / 2), i128::from(i64::MAX / 2)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60 * 1_000_000_000;

    /// Days of an instance in this zone with a row every `every` minutes; some are marked as sent up to an hour later.
    fn days(zone: &str, from: &str, to: &str, every: i64) -> Vec<DayTimes> {
        let zone = super::super::time_zone(zone).unwrap();
        let days = Day::range_newest_first(from.parse().unwrap(), to.parse().unwrap());
        days.map(|day| {
            let (start, end) = bounds(day, &zone);
            let rows = (0..)
                .map(|n| start + 40_000_000_000 + n * every * MINUTE)
                .take_while(|time| *time < end);
            let sent = rows
                .clone()
                .step_by(25)
                .map(|time| (time / (60 * MINUTE) + 1) * 60 * MINUTE + 12);
            DayTimes::of(day, rows.chain(sent))
        })
        .collect()
    }

    fn found(zone: &str, from: &str, to: &str, every: i64) -> (String, ZoneSource) {
        let found = find(&days(zone, from, to, every));
        let real = super::super::time_zone(zone).unwrap();
        let end = |zone: &TimeZone| end_of(to.parse().unwrap(), zone);
        assert!(
            found.candidates.iter().any(|zone| end(zone) == end(&real)),
            "the real zone stays possible"
        );
        (found.zone.name, found.zone.source)
    }

    #[test]
    fn one_season_shows_the_offset() {
        for (zone, name) in [
            ("UTC", "UTC"),
            ("Europe/Berlin", "+02:00"),
            ("America/Los_Angeles", "-07:00"),
            ("Asia/Kolkata", "+05:30"),
            ("Asia/Kathmandu", "+05:45"),
            ("Pacific/Kiritimati", "+14:00"),
            ("Asia/Tokyo", "+09:00"),
        ] {
            let expected = (name.to_owned(), ZoneSource::Inferred);
            assert_eq!(found(zone, "20260818", "20260819", 3), expected, "{zone}");
        }
    }

    #[test]
    fn days_on_both_sides_of_a_change_of_clocks_show_the_zone() {
        for (zone, from, to) in [
            ("Europe/Berlin", "20260327", "20260330"),
            ("Europe/Berlin", "20261023", "20261027"),
            ("America/New_York", "20261030", "20261103"),
            ("Australia/Sydney", "20261002", "20261006"),
        ] {
            assert_eq!(
                found(zone, from, to, 3),
                (zone.to_owned(), ZoneSource::Inferred),
                "{from}"
            );
        }
    }

    #[test]
    fn few_rows_are_not_taken_for_more_than_they_are() {
        let (name, source) = found("Europe/Berlin", "20260819", "20260819", 400);
        assert!(source == ZoneSource::Assumed || name == "+02:00", "{name} {source:?}");
        let nothing = find(&[]);
        assert_eq!((nothing.zone, nothing.candidates.len()), (InstanceZone::assumed(), 0));
        let none_today = find(&[DayTimes::of("20260819".parse().unwrap(), [])]);
        assert_eq!(none_today.zone, InstanceZone::assumed());
    }

    #[test]
    fn a_burst_before_the_end_of_a_day_does_not_hide_the_rows_after_it() {
        let mut days = days("UTC", "20260818", "20260819", 10);
        let day = days[0].day;
        let burst = DayTimes::of(
            day,
            (0..500).map(|n| days[0].utc_start + 22 * 60 * MINUTE + n * MINUTE / 10),
        );
        days[0].add(&burst);
        assert_eq!(find(&days).zone.source, ZoneSource::Inferred);
    }

    #[test]
    fn rows_of_other_times_do_not_mislead() {
        let mut days = days("Asia/Tokyo", "20260818", "20260819", 3);
        let day = days[0].day;
        let far = DayTimes::of(day, [i64::MIN, i64::MAX, 0, days[0].utc_start + 30 * 24 * 60 * MINUTE]);
        days[0].add(&far);
        assert_eq!(find(&days).zone.name, "+09:00");
    }
}
