//! The time zone of a CIPP instance: in it CIPP decides which day a row belongs to (facts: ListLogs 1.5).
//!
//! Here: what a zone is called, when a day begins and ends in it, and what is known about the instance's zone at the
//! moment ([`Known`]). Below: finding it out from rows (`find`), names as Windows has them (`windows`). What deliberately
//! is not here: asking CIPP, keeping it.

mod find;
mod windows;

use cipp_client::Day;
use jiff::{
    Timestamp, ToSpan,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};
use specta::Type;

pub(crate) use find::{DayTimes, Found, find};

/// The zone of an instance, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct InstanceZone {
    /// IANA name (`Europe/Berlin`), or a fixed offset (`+02:00`) where only that can be seen from the rows.
    pub name: String,
    /// How it is known.
    pub source: ZoneSource,
}

/// How the zone of an instance is known, from guess to certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ZoneSource {
    /// Nothing is known yet; CIPP's default, UTC, is assumed.
    Assumed,
    /// From the times of rows near the ends of their days.
    Inferred,
    /// CIPP said so (`ExecBackendURLs`).
    Told,
    /// A person set it.
    Set,
}

impl InstanceZone {
    /// What is assumed as long as nothing is known: CIPP's own default.
    pub(crate) fn assumed() -> InstanceZone {
        InstanceZone {
            name: "UTC".to_owned(),
            source: ZoneSource::Assumed,
        }
    }

    /// The zone as CIPP told its name; none where the name is not known here.
    pub(crate) fn told(name: &str) -> Option<InstanceZone> {
        let name = match time_zone(name) {
            Some(_) => name,
            None => windows::iana(name)?,
        };
        Some(InstanceZone {
            name: name.to_owned(),
            source: ZoneSource::Told,
        })
    }
}

/// The zone of this name: IANA or a fixed offset.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let (sign, digits) = match name.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
}

/// What a fixed offset is called: `+05:30`; none is `UTC`.
pub(crate) fn offset_name(seconds: i32) -> String {
    if seconds == 0 {
        return "UTC".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// When a day begins in a zone.
pub(crate) fn start_of(day: Day, zone: &TimeZone) -> Timestamp {
    // A midnight that does not exist is the first moment after the gap. The ends of the calendar are nobody's log.
    day.date()
        .to_zoned(zone.clone())
        .map_or(Timestamp::MIN, |midnight| midnight.timestamp())
}

/// When a day is over in a zone.
pub(crate) fn end_of(day: Day, zone: &TimeZone) -> Timestamp {
    day.next().map_or(Timestamp::MAX, |next| start_of(next, zone))
}

/// What is known about the instance's zone at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The zone as it is shown.
    pub zone: InstanceZone,
    /// The same, to reckon with.
    pub tz: TimeZone,
    /// Every zone that it may be, as far as is known; empty for any.
    candidates: Vec<TimeZone>,
}

impl Known {
    /// A zone that is certain, or the assumption.
    pub fn new(zone: InstanceZone) -> Known {
        let tz = time_zone(&zone.name).unwrap_or(TimeZone::UTC);
        let candidates = match zone.source {
            ZoneSource::Assumed => Vec::new(),
            // A fixed offset is what could be seen in some days; it may be another in summer.
            ZoneSource::Inferred if tz.to_fixed_offset().is_ok() && zone.name != "UTC" => Vec::new(),
            _ => vec![tz.clone()],
        };
        Known { zone, tz, candidates }
    }

    /// What was found out from rows.
    pub fn found(found: Found) -> Known {
        Known {
            tz: time_zone(&found.zone.name).unwrap_or(TimeZone::UTC),
            zone: found.zone,
            candidates: found.candidates,
        }
    }

    /// Whether rows may still tell more.
    pub fn is_guess(&self) -> bool {
        self.zone.source <= ZoneSource::Inferred
    }

    /// The instance's today.
    pub fn today(&self, now: Timestamp) -> Day {
        Day::new(now.to_zoned(self.tz.clone()).date())
    }

    /// When the day is over as far as is known.
    pub fn end_of(&self, day: Day) -> Timestamp {
        end_of(day, &self.tz)
    }

    /// When the day is over for certain: in every zone that the instance may be in.
    pub fn certain_end_of(&self, day: Day) -> Timestamp {
        let last = self.candidates.iter().map(|zone| end_of(day, zone)).max();
        last.unwrap_or_else(|| {
            // The last place where a day ends is twelve hours behind UTC.
            let end = end_of(day, &TimeZone::UTC);
            end.checked_add(12.hours()).unwrap_or(end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn zones_are_read_by_any_of_their_names() {
        for (name, offset) in [
            ("UTC", 0),
            ("+05:30", 19_800),
            ("-03:00", -10_800),
            ("Asia/Tokyo", 32_400),
        ] {
            let zone = time_zone(name).unwrap();
            assert_eq!(zone.to_offset(Timestamp::UNIX_EPOCH).seconds(), offset, "{name}");
        }
        assert!(time_zone("W. Europe Standard Time").is_none() && time_zone("").is_none() && time_zone("+x").is_none());
        assert_eq!(
            InstanceZone::told("W. Europe Standard Time").unwrap().name,
            "Europe/Berlin"
        );
        assert_eq!(InstanceZone::told("Europe/Berlin").unwrap().source, ZoneSource::Told);
        assert_eq!(InstanceZone::told("Middle-earth"), None);
        assert_eq!(
            [offset_name(0), offset_name(-12_600), offset_name(20_700)],
            ["UTC", "-03:30", "+05:45"]
        );
    }

    #[test]
    fn a_day_ends_later_for_certain_than_it_seems_while_the_zone_is_a_guess() {
        let known = Known::new(InstanceZone::assumed());
        assert_eq!(known.end_of(day("20260820")).to_string(), "2026-08-21T00:00:00Z");
        assert_eq!(
            known.certain_end_of(day("20260820")).to_string(),
            "2026-08-21T12:00:00Z"
        );
        let told = Known::new(InstanceZone::told("Asia/Tokyo").unwrap());
        assert_eq!(told.certain_end_of(day("20260820")).to_string(), "2026-08-20T15:00:00Z");
        assert_eq!(told.today("2026-08-20T15:00:00Z".parse().unwrap()), day("20260821"));
    }

    #[test]
    fn the_nights_in_which_clocks_change_make_short_and_long_days() {
        let berlin = time_zone("Europe/Berlin").unwrap();
        let hours = |text| (end_of(day(text), &berlin) - start_of(day(text), &berlin)).get_seconds() / 3600;
        assert_eq!((hours("20260329"), hours("20261025"), hours("20260820")), (23, 25, 24));
    }
}
