//! Which days of the logbook are meant: `--from`, `--to`, `--since`.
//!
//! CIPP keeps its log by days, in the instance's own time zone, which is UTC unless someone changed it. Days are asked
//! for whole: nothing here cuts a day at an hour.

use std::str::FromStr;

use cipp_client::{Day, Field, FieldError};
use clap::Args;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// The days to read. Today alone when nothing is given.
#[derive(Args, Debug)]
pub struct DaysArgs {
    /// First day, such as 2026-08-01; without --to everything from there until today
    #[arg(long, value_name = "DAY", value_parser = |typed: &str| Day::parse_for(Field::From, typed))]
    from: Option<Day>,
    /// Last day, included
    #[arg(long, value_name = "DAY", requires = "from", value_parser = |typed: &str| Day::parse_for(Field::To, typed))]
    to: Option<Day>,
    /// The last days, today included: 7d or 2w; 36h means every day that the last 36 hours touch
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "to"])]
    since: Option<Since>,
}

/// A length of time, back from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many days, today included.
    Days(i32),
    /// So many hours.
    Hours(i32),
}

impl DaysArgs {
    /// Whether the days reach until now.
    pub fn open_end(&self) -> bool {
        self.to.is_none()
    }

    /// As [`DaysArgs::range`], but with other days when nothing is given.
    pub fn range_or(&self, usual: Since, now: Timestamp) -> Result<(Day, Day), FieldError> {
        match (self.since, self.from) {
            (None, None) => Ok((usual.first_day(now), day_of(now))),
            _ => self.range(now),
        }
    }

    /// The first and the last day, as seen from `now`.
    pub fn range(&self, now: Timestamp) -> Result<(Day, Day), FieldError> {
        let today = day_of(now);
        let (from, to) = match (self.since, self.from) {
            (Some(since), _) => (since.first_day(now), today),
            (None, Some(from)) => (from, self.to.unwrap_or(today)),
            (None, None) => (today, today),
        };
        if from > to {
            return Err(FieldError::new(
                Field::From,
                format!("The first day, {}, is later than the last, {}.", from.iso(), to.iso()),
                "Give --from the earlier day.",
            ));
        }
        Ok((from, to))
    }
}

impl Since {
    fn first_day(self, now: Timestamp) -> Day {
        match self {
            Since::Days(days) => Day::new(day_of(now).date().saturating_sub((days - 1).days())),
            Since::Hours(hours) => now.checked_sub(hours.hours()).map_or(day_of(now), day_of),
        }
    }
}

/// The day key of a moment, in UTC as CIPP's default is.
pub fn day_of(moment: Timestamp) -> Day {
    Day::new(moment.to_zoned(TimeZone::UTC).date())
}

impl FromStr for Since {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("\u{201c}{typed}\u{201d} is not a length of time. Write 7d, 2w or 24h");
        let typed_unit = typed.chars().next_back().ok_or_else(wrong)?;
        let number: i32 = typed[..typed.len() - typed_unit.len_utf8()]
            .parse()
            .map_err(|_| wrong())?;
        // Ten years: CIPP keeps a year at most.
        let within = |count: i32, most: i32| {
            if (1..=most).contains(&count) {
                Ok(count)
            } else {
                Err(wrong())
            }
        };
        match typed_unit.to_ascii_lowercase() {
            'd' => within(number, 3_650).map(Since::Days),
            'w' => within(number, 520).map(|weeks| Since::Days(weeks * 7)),
            'h' => within(number, 87_600).map(Since::Hours),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: Option<&str>, to: Option<&str>, since: Option<&str>) -> Result<String, FieldError> {
        let day = |text: &str| text.parse().unwrap();
        let args = DaysArgs {
            from: from.map(day),
            to: to.map(day),
            since: since.map(|text| text.parse().unwrap()),
        };
        let now = "2026-08-08T00:30:00Z".parse().unwrap();
        args.range(now)
            .map(|(from, to)| format!("{}..{}", from.iso(), to.iso()))
    }

    #[test]
    fn nothing_given_means_today() {
        assert_eq!(range(None, None, None).unwrap(), "2026-08-08..2026-08-08");
    }

    #[test]
    fn a_first_day_alone_reaches_until_today() {
        assert_eq!(range(Some("2026-08-01"), None, None).unwrap(), "2026-08-01..2026-08-08");
        assert_eq!(
            range(Some("20260801"), Some("20260801"), None).unwrap(),
            "2026-08-01..2026-08-01"
        );
    }

    #[test]
    fn days_backwards_are_an_error() {
        assert_eq!(
            range(Some("2026-08-07"), Some("2026-08-01"), None).unwrap_err().field,
            Field::From
        );
        assert!(range(Some("2026-08-09"), None, None).is_err(), "tomorrow until today");
    }

    #[test]
    fn since_counts_today_and_hours_reach_over_midnight() {
        for (typed, first) in [
            ("1d", "08-08"),
            ("7d", "08-02"),
            ("2W", "07-26"),
            ("1h", "08-07"),
            ("24h", "08-07"),
            ("25h", "08-06"),
        ] {
            assert_eq!(
                range(None, None, Some(typed)).unwrap(),
                format!("2026-{first}..2026-08-08"),
                "{typed}"
            );
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        for wrong in ["", "d", "7", "0d", "-1d", "7x", "1.5d", "99999999999d", "7 d", "é"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }
}
