//! A day as CIPP's logbook knows it: the partition key `yyyyMMdd`, in the instance's own time zone.
//!
//! Here: parsing, printing, stepping. Not here: what "today" is; no room asks for the time, it is passed in.
//! CIPP compares day keys as text and does not check the calendar (facts: ListLogs 1.4), so both is done here.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::field::{Field, FieldError, clean, shown};

/// One day of the logbook. Prints as `yyyyMMdd`, the only form that CIPP matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, specta::Type)]
#[specta(transparent)]
pub struct Day(#[specta(type = String)] Date);

impl Day {
    /// The day that is this date.
    pub fn new(date: Date) -> Day {
        Day(date)
    }

    /// The calendar date.
    pub fn date(self) -> Date {
        self.0
    }

    /// The day after, or `None` at the end of the calendar.
    pub fn next(self) -> Option<Day> {
        self.0.tomorrow().ok().map(Day)
    }

    /// The day before, or `None` at the beginning of the calendar.
    pub fn previous(self) -> Option<Day> {
        self.0.yesterday().ok().map(Day)
    }

    /// `yyyy-MM-dd`, for people. CIPP accepts this form and then silently matches nothing: never send it.
    pub fn iso(self) -> String {
        self.0.to_string()
    }

    /// Every day from `to` back to `from`, both included. Empty when `from` is later than `to`.
    pub fn range_newest_first(from: Day, to: Day) -> DaysNewestFirst {
        DaysNewestFirst {
            from,
            next: (from <= to).then_some(to),
        }
    }

    /// As `FromStr`, with the error given to `field`: the same rule serves "From" and "To".
    pub fn parse_for(field: Field, typed: &str) -> Result<Day, FieldError> {
        let text = clean(typed);
        let digits = match text.len() {
            8 => Some(text.clone()),
            10 if text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-' => Some(text.replace('-', "")),
            _ => None,
        };
        digits
            .filter(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| Date::strptime("%Y%m%d", &digits).ok())
            .map(Day)
            .ok_or_else(|| {
                FieldError::new(
                    field,
                    format!("\u{201C}{}\u{201D} is not a day of the calendar.", shown(&text)),
                    "Write it as 2026-08-31 or 20260831.",
                )
            })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for Day {
    type Err = FieldError;

    fn from_str(typed: &str) -> Result<Day, FieldError> {
        Day::parse_for(Field::From, typed)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The days of a range, newest first. Made by [`Day::range_newest_first`].
#[derive(Debug, Clone)]
pub struct DaysNewestFirst {
    from: Day,
    next: Option<Day>,
}

impl Iterator for DaysNewestFirst {
    type Item = Day;

    fn next(&mut self) -> Option<Day> {
        let day = self.next?;
        self.next = day.previous().filter(|previous| *previous >= self.from);
        Some(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn both_forms_are_one_day_and_print_as_cipp_wants_it() {
        assert_eq!(day("20260808"), day("2026-08-08"));
        assert_eq!(day(" 2026-08-08\u{a0}").to_string(), "20260808");
        assert_eq!(day("20260808").iso(), "2026-08-08");
        assert_eq!(serde_json::to_string(&day("2026-08-08")).unwrap(), "\"20260808\"");
        assert_eq!(serde_json::from_str::<Day>("\"2026-08-08\"").unwrap(), day("20260808"));
    }

    #[test]
    fn days_that_do_not_exist_are_refused_because_cipp_would_not() {
        for wrong in [
            "20261399",
            "2026-02-30",
            "20260229",
            "",
            "2026-8-8",
            "08.08.2026",
            "2026-08-08T00:00:00Z",
            "+2026088",
            "2026-0808",
        ] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
        assert_eq!(Day::parse_for(Field::To, "soon").unwrap_err().field, Field::To);
    }

    #[test]
    fn ranges_run_backwards_over_months_and_years() {
        let days: Vec<String> = Day::range_newest_first(day("20251230"), day("20260102"))
            .map(|d| d.to_string())
            .collect();
        assert_eq!(days, ["20260102", "20260101", "20251231", "20251230"]);
        assert_eq!(Day::range_newest_first(day("20260102"), day("20260101")).count(), 0);
        assert_eq!(Day::range_newest_first(day("20260102"), day("20260102")).count(), 1);
        assert_eq!(day("20240228").next(), Some(day("20240229")));
    }
}
