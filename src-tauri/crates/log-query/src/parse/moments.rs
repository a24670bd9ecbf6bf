//! `time:` and `day:` with their ranges and comparisons.
//!
//! What deliberately is not here: reading a single moment (`times.rs`).

use super::{Meaning, Reader};
use crate::lex::{Order, RawField, RawMistake, RawTerm, cited};
use crate::query::Test;
use crate::times::{self, Moment, TIME_HELP};

impl Reader<'_> {
    pub(super) fn time(&self, raw: &RawTerm, field: &RawField, meaning: &mut Meaning, mistakes: &mut Vec<RawMistake>) {
        let Some((item, text)) = self.single(raw, field, mistakes) else {
            return;
        };
        let zone = &self.context.zone;
        let mut read = |part: &str| -> Option<Option<Moment>> {
            if part.is_empty() {
                return Some(None);
            }
            let moment = times::moment(part, self.context);
            if moment.is_none() {
                mistakes.push(RawMistake {
                    at: item.start..item.end,
                    message: format!("{} is no time. {TIME_HELP}.", cited(part)),
                });
            }
            moment.map(Some)
        };
        let (from, before) = if let Some(order) = field.order {
            let Some(Some(moment)) = read(&text) else {
                return;
            };
            // A day or minute that was written counts as a whole: after it is after its end.
            let (from, before) = match order {
                Order::AtLeast => (Some(moment.at), None),
                Order::Above => (Some(moment.end), None),
                Order::AtMost => (None, Some(moment.end)),
                Order::Below => (None, Some(moment.at)),
            };
            (from, before)
        } else if let Some((from, before)) = text.split_once("..") {
            let Some((from, before)) = read(from.trim()).zip(read(before.trim())) else {
                return;
            };
            if let (Some(from), None) = (&from, &before) {
                meaning.shown = from.ago.as_ref().map(|ago| format!("the last {ago}"));
            }
            (from.map(|moment| moment.at), before.map(|moment| moment.at))
        } else {
            let Some(Some(moment)) = read(&text) else {
                return;
            };
            meaning.shown = match &moment.ago {
                Some(ago) => Some(format!("the last {ago}")),
                None => Some(moment.shown.clone()),
            };
            let before = moment.ago.is_none().then_some(moment.end);
            (Some(moment.at), before)
        };
        let message = match (from, before) {
            (None, None) => format!("Write when it begins or ends. {TIME_HELP}."),
            (Some(from), Some(before)) if from >= before => format!(
                "This range ends ({}) before it begins ({}). Write the earlier time first.",
                times::shown(before, zone),
                times::shown(from, zone)
            ),
            _ => {
                meaning.test = Some(Test::Time { from, before });
                return;
            }
        };
        mistakes.push(RawMistake {
            at: item.start..item.end,
            message,
        });
    }

    pub(super) fn day(&self, raw: &RawTerm, field: &RawField, mistakes: &mut Vec<RawMistake>) -> Option<Test> {
        let (item, text) = self.single(raw, field, mistakes)?;
        let mut fail = |message: String| {
            mistakes.push(RawMistake {
                at: item.start..item.end,
                message,
            });
        };
        let mut read = |part: &str| {
            let date = times::day(part);
            if date.is_none() {
                fail(format!("{} is no day. Write it as 2026-11-20.", cited(part)));
            }
            date
        };
        let (from, to) = match (field.order, text.split_once("..")) {
            (Some(order), _) => {
                let date = read(&text)?;
                match order {
                    Order::AtLeast => (Some(date), None),
                    Order::Above => (Some(times::day_after(date)), None),
                    Order::AtMost => (None, Some(date)),
                    Order::Below => (None, Some(times::day_before(date))),
                }
            }
            (None, Some(("", ""))) => {
                fail("Write at least one of the two days, as in 2026-11-18..2026-11-20.".to_owned());
                return None;
            }
            (None, Some((from, ""))) => (Some(read(from)?), None),
            (None, Some(("", to))) => (None, Some(read(to)?)),
            (None, Some((from, to))) => (Some(read(from)?), Some(read(to)?)),
            (None, None) => {
                let date = read(&text)?;
                (Some(date), Some(date))
            }
        };
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            fail(format!(
                "This range ends ({to}) before it begins ({from}). Write the earlier day first."
            ));
            return None;
        }
        Some(Test::Day { from, to })
    }
}
