//! Moments and days as they are typed, and as people read them.
//!
//! What deliberately is not here: which field they belong to, and what a range of them means for a row.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::parse::Context;

/// What can be written for a moment.
pub(crate) const TIME_HELP: &str =
    "Write 2026-11-20T10:00, 2026-11-20, the same with Z or +01:00 behind it, or -15m, -1h, -7d";

/// A moment as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Nanoseconds since 1970 UTC.
    pub at: i64,
    /// The end of the day, hour, minute or second that was written.
    pub end: i64,
    /// As people read it.
    pub shown: String,
    /// How long ago, for `-1h`.
    pub ago: Option<String>,
}

/// Reads one moment; none where it is none.
pub(crate) fn moment(text: &str, context: &Context) -> Option<Moment> {
    if let Some(back) = text.strip_prefix('-') {
        return ago(back, context);
    }
    if text.eq_ignore_ascii_case("now") {
        let at = nanoseconds(context.now);
        return Some(Moment {
            at,
            end: at,
            shown: "now".to_owned(),
            ago: None,
        });
    }
    let today = context.now.to_zoned(context.zone.clone()).date();
    if text.eq_ignore_ascii_case("today") {
        return whole_day(today, context);
    }
    if text.eq_ignore_ascii_case("yesterday") {
        return whole_day(today.yesterday().ok()?, context);
    }
    if let Some(date) = day(text) {
        return whole_day(date, context);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return written(timestamp, text, context);
    }
    // Without an offset; a name of a zone in brackets would be ignored by the reading of a civil time.
    if text.contains('[') {
        return None;
    }
    let civil: DateTime = text.parse().ok()?;
    let timestamp = civil.to_zoned(context.zone.clone()).ok()?.timestamp();
    written(timestamp, text, context)
}

/// `15m`, `1h30m`, `7d`, `2w`: a day is 24 hours.
fn ago(text: &str, context: &Context) -> Option<Moment> {
    let mut seconds: i64 = 0;
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let (length, word) = match unit.to_ascii_lowercase() {
            's' => (1, "second"),
            'm' => (60, "minute"),
            'h' => (3600, "hour"),
            'd' => (86_400, "day"),
            'w' => (7 * 86_400, "week"),
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(length)?)?;
        words.push(format!("{number} {word}{}", if number == 1 { "" } else { "s" }));
        rest = rest.get(digits + 1..)?;
    }
    if words.is_empty() {
        return None;
    }
    let timestamp = context
        .now
        .checked_sub(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MIN);
    let words = words.join(" ");
    Some(Moment {
        at: nanoseconds(timestamp),
        end: nanoseconds(timestamp),
        shown: format!("{words} ago"),
        ago: Some(words),
    })
}

fn whole_day(date: Date, context: &Context) -> Option<Moment> {
    let start = date.to_zoned(context.zone.clone()).ok()?;
    let end = date
        .tomorrow()
        .ok()
        .and_then(|next| next.to_zoned(context.zone.clone()).ok())
        .map_or(i64::MAX, |next| nanoseconds(next.timestamp()));
    Some(Moment {
        at: nanoseconds(start.timestamp()),
        end,
        shown: date.to_string(),
        ago: None,
    })
}

/// A moment with a time of day; it lasts as long as the last unit that was written.
fn written(timestamp: Timestamp, text: &str, context: &Context) -> Option<Moment> {
    let time = text.split_once(['T', 't', ' '])?.1;
    let time = time.trim_end_matches(['Z', 'z']);
    let time = time.split(['+', '-']).next().unwrap_or(time);
    let length = if let Some((_, fraction)) = time.split_once(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count().min(9) as u32;
        10_i64.pow(9 - digits)
    } else {
        let digits = time.bytes().filter(u8::is_ascii_digit).count();
        match digits {
            0..=2 => 3600 * NANOS_PER_SECOND,
            3..=4 => 60 * NANOS_PER_SECOND,
            _ => NANOS_PER_SECOND,
        }
    };
    let at = nanoseconds(timestamp);
    Some(Moment {
        at,
        end: at.saturating_add(length),
        shown: shown(at, &context.zone),
        ago: None,
    })
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A day: `2026-11-20` or as CIPP writes it, `20261120`.
pub(crate) fn day(text: &str) -> Option<Date> {
    let digits_and_dashes = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !digits_and_dashes || !matches!(text.len(), 8 | 10) {
        return None;
    }
    text.parse().ok()
}

/// Nanoseconds since 1970. What lies outside of the years 1678 to 2261 becomes their ends: no row is there, and the
/// lowest number of all stands for rows without a time.
pub(crate) fn nanoseconds(timestamp: Timestamp) -> i64 {
    let least = i128::from(i64::MIN + 1);
    let clamped = timestamp.as_nanosecond().clamp(least, i128::from(i64::MAX));
    i64::try_from(clamped).unwrap_or(i64::MAX)
}

/// A moment in ISO 8601, UTC.
pub(crate) fn iso(at: i64) -> String {
    Timestamp::from_nanosecond(i128::from(at)).map_or_else(|_| String::new(), |timestamp| timestamp.to_string())
}

/// A moment as people read it in a zone; seconds only where they say something.
pub(crate) fn shown(at: i64, zone: &TimeZone) -> String {
    let Ok(timestamp) = Timestamp::from_nanosecond(i128::from(at)) else {
        return String::new();
    };
    let zoned = timestamp.to_zoned(zone.clone());
    let pattern = if zoned.subsec_nanosecond() != 0 {
        "%Y-%m-%d %H:%M:%S%.f"
    } else if zoned.second() != 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M"
    };
    zoned.strftime(pattern).to_string()
}

/// The day before, for ranges that are written with their end left out.
pub(crate) fn day_before(date: Date) -> Date {
    date.checked_sub(1.day()).unwrap_or(date)
}

/// The day after.
pub(crate) fn day_after(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(date)
}
