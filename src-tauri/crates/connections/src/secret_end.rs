//! When a client secret ends, how that is known, and when to remind of it.
//!
//! Pure: the time is passed in. Nothing of the secret itself is kept here. Entra shows a secret's first three characters
//! as its hint (facts: Entra C.2 row 10); they tell one secret from another, and they are a part of the secret. So they
//! are compared in memory when Entra is asked, and neither stored nor shown. What is kept is Entra's own name for it: the
//! Secret ID, which opens nothing.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const HOURS_A_DAY: i64 = 24;

/// When a secret ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretEnd {
    /// From this moment on Entra refuses it.
    pub at: Timestamp,
    /// How that is known.
    pub source: EndSource,
    /// When it was learned.
    pub learned_at: Timestamp,
    /// Entra's Secret ID, where Entra told; nothing secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The person put off the reminders of so many days before the end, and the earlier ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    put_off_days: Option<i64>,
    /// Fields that a newer version wrote.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// How the end of a secret is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum EndSource {
    /// Microsoft Graph told a person who was signed in.
    Entra,
    /// A person typed it.
    Typed,
    /// Entra refused the secret as expired (AADSTS7000222); the end is that moment at the latest.
    Refused,
    /// A newer version of the app knows how.
    #[serde(other)]
    Other,
}

/// What to remind of; the later in this list, the more urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum Reminder {
    /// At most 30 days are left.
    Month,
    /// At most 7 days are left.
    Week,
    /// At most one day is left.
    Day,
    /// It has ended.
    Over,
}

impl Reminder {
    const ALL: [Reminder; 4] = [Reminder::Over, Reminder::Day, Reminder::Week, Reminder::Month];

    /// So many days before the end it begins.
    fn days(self) -> i64 {
        match self {
            Reminder::Month => 30,
            Reminder::Week => 7,
            Reminder::Day => 1,
            Reminder::Over => 0,
        }
    }
}

impl SecretEnd {
    /// An end that was just learned.
    pub fn new(at: Timestamp, source: EndSource, learned_at: Timestamp) -> SecretEnd {
        SecretEnd {
            at,
            source,
            learned_at,
            key_id: None,
            put_off_days: None,
            unknown: Map::new(),
        }
    }

    /// With Entra's Secret ID.
    pub fn with_key_id(mut self, key_id: Option<String>) -> SecretEnd {
        self.key_id = key_id;
        self
    }

    /// Whole days that are left; negative when it has ended (-1 within the first day after).
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.left(now).as_secs().div_euclid(HOURS_A_DAY * 3600)
    }

    /// What to remind of, whether or not it was put off; none while there is time.
    pub fn reminder(&self, now: Timestamp) -> Option<Reminder> {
        let left = self.left(now);
        Reminder::ALL
            .into_iter()
            .find(|reminder| left <= SignedDuration::from_hours(reminder.days() * HOURS_A_DAY))
    }

    /// What to remind of now, unless it was put off.
    pub fn due(&self, now: Timestamp) -> Option<Reminder> {
        self.reminder(now)
            .filter(|reminder| self.put_off_days.is_none_or(|until| reminder.days() < until))
    }

    /// No reminder until the next one is due. That it has ended cannot be put off: there is nothing after it.
    pub fn put_off(&mut self, now: Timestamp) {
        if let Some(reminder) = self.reminder(now).filter(|reminder| *reminder != Reminder::Over) {
            self.put_off_days = Some(reminder.days());
        }
    }

    /// The same end once more: what was put off stays so.
    pub(crate) fn after(mut self, before: Option<&SecretEnd>) -> SecretEnd {
        if let Some(before) = before.filter(|before| before.at == self.at) {
            self.put_off_days = before.put_off_days;
            self.unknown = before.unknown.clone();
        }
        self
    }

    fn left(&self, now: Timestamp) -> SignedDuration {
        now.duration_until(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn end() -> SecretEnd {
        SecretEnd::new(
            time("2026-12-31T12:00:00Z"),
            EndSource::Typed,
            time("2026-01-01T00:00:00Z"),
        )
    }

    #[test]
    fn it_reminds_at_thirty_seven_and_one_days_and_once_it_is_over() {
        for (now, reminder, days) in [
            ("2026-12-01T11:59:59Z", None, 30),
            ("2026-12-01T12:00:00Z", Some(Reminder::Month), 30),
            ("2026-12-24T11:59:59Z", Some(Reminder::Month), 7),
            ("2026-12-24T12:00:00Z", Some(Reminder::Week), 7),
            ("2026-12-30T12:00:00Z", Some(Reminder::Day), 1),
            ("2026-12-31T11:59:59Z", Some(Reminder::Day), 0),
            ("2026-12-31T12:00:00Z", Some(Reminder::Over), 0),
            ("2026-12-31T12:00:01Z", Some(Reminder::Over), -1),
            ("2027-12-31T12:00:00Z", Some(Reminder::Over), -365),
        ] {
            assert_eq!(end().reminder(time(now)), reminder, "{now}");
            assert_eq!(end().due(time(now)), reminder, "{now}");
            assert_eq!(end().days_left(time(now)), days, "{now}");
        }
    }

    #[test]
    fn a_reminder_that_was_put_off_comes_back_with_the_next_one() {
        let mut end = end();
        end.put_off(time("2026-11-01T00:00:00Z"));
        assert_eq!(
            end.due(time("2026-12-02T00:00:00Z")),
            Some(Reminder::Month),
            "nothing was due yet"
        );
        end.put_off(time("2026-12-02T00:00:00Z"));
        assert_eq!(end.due(time("2026-12-20T00:00:00Z")), None);
        assert_eq!(
            end.reminder(time("2026-12-20T00:00:00Z")),
            Some(Reminder::Month),
            "the mark stays"
        );
        assert_eq!(end.due(time("2026-12-25T00:00:00Z")), Some(Reminder::Week));
        // Put off late: the earlier ones are past as well.
        end.put_off(time("2026-12-31T00:00:00Z"));
        assert_eq!(end.due(time("2026-12-31T11:00:00Z")), None);
        assert_eq!(end.due(time("2027-01-01T00:00:00Z")), Some(Reminder::Over));
        end.put_off(time("2027-01-01T00:00:00Z"));
        assert_eq!(
            end.due(time("2027-01-02T00:00:00Z")),
            Some(Reminder::Over),
            "there is nothing after it"
        );
    }

    #[test]
    fn the_same_end_learned_again_stays_put_off_and_another_one_does_not() {
        let mut before = end();
        before.put_off(time("2026-12-02T00:00:00Z"));
        let now = time("2026-12-03T00:00:00Z");
        let same = SecretEnd::new(before.at, EndSource::Entra, now).after(Some(&before));
        assert_eq!(same.due(now), None);
        let other = SecretEnd::new(time("2026-12-30T00:00:00Z"), EndSource::Entra, now).after(Some(&before));
        assert_eq!(other.due(now), Some(Reminder::Month));
    }

    #[test]
    fn what_a_newer_version_wrote_is_kept() {
        let text = r#"{"at":"2026-12-31T12:00:00Z","source":"heard","learned_at":"2026-01-01T00:00:00Z","by":"anna"}"#;
        let end: SecretEnd = serde_json::from_str(text).unwrap();
        assert_eq!(end.source, EndSource::Other);
        assert!(serde_json::to_string(&end).unwrap().contains("\"by\":\"anna\""));
    }
}
