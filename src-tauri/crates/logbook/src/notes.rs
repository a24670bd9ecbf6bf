//! What is remembered of a connection between two openings, in the archive's small document: nothing that could not be
//! learned again, and nothing of the rows.

use std::{collections::BTreeSet, time::Duration};

use cipp_client::Day;
use serde::{Deserialize, Serialize};

use crate::zone::InstanceZone;

/// So many of the last calls tell how long the next ones will take.
const KEPT_DURATIONS: usize = 30;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Notes {
    /// The instance's zone, where something is known about it.
    pub zone: Option<InstanceZone>,
    /// How long the last days took, milliseconds, the latest at the end.
    took_ms: Vec<u64>,
    /// Days that CIPP no longer has: asking again brings nothing.
    pub gone: BTreeSet<Day>,
    /// Days that were fetched so soon after their end that rows may still have been marked as sent since.
    pub early: BTreeSet<Day>,
    /// Whether the instance has a cache in front of its log (container hosting).
    pub cached: bool,
}

impl Notes {
    /// Remembers how long the call for a day took.
    pub fn took(&mut self, duration: Duration) {
        self.took_ms.push(duration.as_millis().try_into().unwrap_or(u64::MAX));
        let surplus = self.took_ms.len().saturating_sub(KEPT_DURATIONS);
        self.took_ms.drain(..surplus);
    }

    /// How long a call for a day usually takes: the median of the last ones.
    pub fn usual(&self) -> Option<Duration> {
        let mut sorted = self.took_ms.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map(|ms| Duration::from_millis(*ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_call_does_not_spoil_the_forecast_and_old_ones_are_forgotten() {
        let mut notes = Notes::default();
        assert_eq!(notes.usual(), None);
        for seconds in [2, 2, 90, 2, 2] {
            notes.took(Duration::from_secs(seconds));
        }
        assert_eq!(notes.usual(), Some(Duration::from_secs(2)));
        for _ in 0..KEPT_DURATIONS {
            notes.took(Duration::from_secs(5));
        }
        assert_eq!(
            (notes.usual(), notes.took_ms.len()),
            (Some(Duration::from_secs(5)), KEPT_DURATIONS)
        );
    }
}
