//! One day from CIPP: the call, and its rows as they arrive.
//!
//! What deliberately is not here: retries, rate limits and sign-in (`cipp-client`), and what becomes of the rows when the
//! last one is here (`whole.rs`).

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cipp_client::{Client, ClientError, Day, ListLogs, Row, Rows};
use jiff::{Timestamp, ToSpan};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    coverage::Coverage,
    disk, lock,
    logbook::Logbook,
    pieces::{Names, Reading},
    whole::{Ending, Outcome},
};

/// Rows that trickle in are shown at least this often.
const SHOWN_AFTER: Duration = Duration::from_millis(100);
/// The first rows are shown at once.
const FIRST_ROWS: usize = 64;
/// Rows are read in pieces of this size, off the threads that wait for the network.
const ROWS_AT_ONCE: usize = 1024;
/// A cached answer is at most this old (facts: ListLogs 1.9).
const CACHED_FOR_MINUTES: i64 = 20;

impl Logbook {
    /// Fetches a day: its rows appear as they arrive; the outcome is noted with the day.
    pub(crate) async fn fetch(self: &Arc<Self>, day: Day, fresh: bool, cancel: &CancellationToken) {
        let Some(client) = self.options.client.clone() else {
            return;
        };
        let known = self.blocking(move |this| this.known_rows(day)).await;
        let mut reading = Reading::new(day, known);
        let began = Instant::now();
        let asked_at = self.time();
        let (ending, asked_at) = match self.ask(&client, day, fresh, cancel).await {
            Ok(mut rows) => {
                let asked_at = earlier(asked_at, rows.date());
                let ending;
                (reading, ending) = self.read(day, &mut rows, reading, cancel).await;
                (ending, asked_at)
            }
            Err(error) => (Ending::Broken(error), asked_at),
        };
        let outcome = Outcome {
            reading,
            ending,
            asked_at,
            took: began.elapsed(),
        };
        self.blocking(move |this| this.settle(day, outcome)).await;
    }

    /// The rows that are here of earlier readings.
    fn known_rows(&self, day: Day) -> Option<Arc<Names>> {
        let (names, archived) = {
            let mut days = self.days();
            let slot = days.slot(day);
            (slot.names.clone(), slot.archived)
        };
        match self.archive().filter(|_| archived) {
            // A file that has just become unreadable is a day without earlier rows.
            Some(archive) => disk::names(archive, day).ok().map(Arc::new),
            None => names,
        }
    }

    /// Asks for a day. An instance with a cache answers from it first, with what it knew minutes ago: where rows may have
    /// come since, the call is made so that the cache does not know it.
    async fn ask(
        &self,
        client: &Client,
        day: Day,
        fresh: bool,
        cancel: &CancellationToken,
    ) -> Result<Rows, ClientError> {
        let end = self.days().zone.certain_end_of(day);
        let changes_until = end.checked_add(CACHED_FOR_MINUTES.minutes()).unwrap_or(end);
        let must_be_fresh = fresh || self.time() < changes_until;
        let step_round = must_be_fresh && lock(&self.notes).cached;
        let mut request = ListLogs {
            fresh: step_round.then(unique),
            ..ListLogs::day(day)
        };
        let rows = self.call(client, &request, cancel).await?;
        let from_cache = rows.cache().is_some_and(|cache| cache.starts_with("HIT"));
        if !(must_be_fresh && from_cache) {
            return Ok(rows);
        }
        self.days().cached_answers = true;
        drop(rows);
        request.fresh = Some(unique());
        self.call(client, &request, cancel).await
    }

    async fn call(&self, client: &Client, request: &ListLogs, cancel: &CancellationToken) -> Result<Rows, ClientError> {
        {
            let mut days = self.days();
            days.calls += 1;
            days.cached_answers |= request.fresh.is_some();
        }
        let rows = client.list_logs(request, cancel).await?;
        if rows.cache().is_some() {
            self.note(|notes| notes.cached = true);
        }
        Ok(rows)
    }

    /// Reads rows as far as they come, and shows them on the way.
    async fn read(
        self: &Arc<Self>,
        day: Day,
        rows: &mut Rows,
        mut reading: Reading,
        cancel: &CancellationToken,
    ) -> (Reading, Ending) {
        let mut arrived = Vec::new();
        let mut shown_any = false;
        let mut tick = interval(SHOWN_AFTER);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.reset();
        loop {
            let mut show = false;
            let next = tokio::select! {
                biased;
                () = cancel.cancelled() => Some(Err(ClientError::Cancelled)),
                next = rows.next() => next,
                _ = tick.tick() => {
                    show = true;
                    Some(Err(ClientError::Cancelled))
                }
            };
            let ending = match next {
                _ if show => None,
                Some(Ok(row)) => {
                    arrived.push(row);
                    None
                }
                Some(Err(error)) => Some(Ending::Broken(error)),
                None => Some(Ending::Whole),
            };
            let first = !shown_any && arrived.len() >= FIRST_ROWS;
            if show || first || arrived.len() >= ROWS_AT_ONCE || ending.is_some() {
                shown_any |= first;
                let taken = std::mem::take(&mut arrived);
                let bytes = rows.bytes_read();
                reading = self.take_in(day, reading, taken, show || first, bytes).await;
            }
            if let Some(ending) = ending {
                return (reading, ending);
            }
        }
    }

    async fn take_in(
        self: &Arc<Self>,
        day: Day,
        mut reading: Reading,
        rows: Vec<Row>,
        show: bool,
        bytes: u64,
    ) -> Reading {
        self.blocking(move |this| {
            let any = !rows.is_empty();
            reading.take(day, rows, &this.dictionaries);
            let arriving = show.then(|| reading.shown(&this.dictionaries));
            let news = {
                let mut days = this.days();
                let slot = days.slot(day);
                slot.bytes = bytes;
                let arriving = arriving.filter(|arriving| !arriving.is_empty());
                let news = arriving.is_some() && !same(&slot.arriving, arriving.as_deref().unwrap_or_default());
                if let Some(arriving) = arriving.filter(|_| news) {
                    slot.arriving = arriving;
                    if slot.source == Coverage::None {
                        slot.source = Coverage::Cipp;
                    }
                }
                news
            };
            if news {
                this.publish([day]);
            } else if any {
                this.tell();
            }
            reading
        })
        .await
    }
}

fn same<T>(one: &[Arc<T>], other: &[Arc<T>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other))
}

/// The earlier of this computer's time and the server's: a clock that is fast must not end a day early. A difference of
/// days is no clock that is fast.
fn earlier(here: Timestamp, there: Option<Timestamp>) -> Timestamp {
    match there {
        Some(there) if there < here && here.duration_since(there).as_hours() < 24 => there,
        _ => here,
    }
}

/// A text that no call had before.
fn unique() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}", since.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_fast_does_not_end_a_day_early() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let here = at("2026-08-21T00:10:00Z");
        assert_eq!(
            earlier(here, Some(at("2026-08-20T23:50:00Z"))),
            at("2026-08-20T23:50:00Z")
        );
        assert_eq!(earlier(here, Some(at("2026-08-21T00:20:00Z"))), here);
        assert_eq!(
            earlier(here, Some(at("2025-01-01T00:00:00Z"))),
            here,
            "a world of its own"
        );
        assert_eq!(earlier(here, None), here);
    }
}
