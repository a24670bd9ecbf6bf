//! Questions to the view: pages, counts, bars, one row. Each is answered from one snapshot.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use cipp_client::{Day, Row};
use jiff::{Timestamp, tz::TimeZone};
use log_index::{Facets, Histogram, LogEntry, RowId, SameThing};
use log_query::{Context, FacetField};

use crate::{
    days::Job,
    disk::DataOnDisk,
    logbook::{Logbook, LogbookError, QueryAnswer},
    snapshot::is_row,
    view::{Asked, DataStep, Overtaken, Shown},
    zone,
};

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Widths of bars that people can read.
const STEPS_MS: [i64; 24] = [
    SECOND_MS,
    2 * SECOND_MS,
    5 * SECOND_MS,
    10 * SECOND_MS,
    15 * SECOND_MS,
    30 * SECOND_MS,
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    4 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    2 * DAY_MS,
    7 * DAY_MS,
    14 * DAY_MS,
    28 * DAY_MS,
    364 * DAY_MS,
];

impl Logbook {
    /// See [`Logbook::set_query`].
    pub(crate) fn lay_filter(
        &self,
        text: &str,
        zone: TimeZone,
        turn: Option<u32>,
    ) -> Result<QueryAnswer, LogbookError> {
        let context = Context {
            zone: zone.clone(),
            now: self.time(),
        };
        let (query, read) = log_query::parse(text, &context);
        let applied = read.mistakes.is_empty();
        let shown = if applied {
            let text = text.to_owned();
            let asked = Asked {
                text,
                query,
                zone,
                turn,
            };
            let shown = self.view.ask(asked)?;
            self.search_data_on_disk();
            self.tell();
            shown
        } else if turn.is_some() {
            // Asked for anew, so that no filter that was typed on the way here comes into force behind this answer.
            let shown = self.view.now();
            self.view.ask(Asked {
                text: shown.text.clone(),
                query: shown.query.clone(),
                zone: shown.zone.clone(),
                turn,
            })?
        } else {
            self.view.now()
        };
        Ok(QueryAnswer {
            generation: shown.generation,
            read,
            applied,
            in_force: shown.text.clone(),
            counts: shown.counts,
        })
    }

    /// A filter such as `time:-15m..` counts from now: while following, now moves on.
    pub(crate) async fn read_relative_times_again(self: &Arc<Self>) {
        self.blocking(|this| {
            let shown = this.view.now();
            let context = Context {
                zone: shown.zone.clone(),
                now: this.time(),
            };
            let (query, _) = log_query::parse(&shown.text, &context);
            if query != shown.query {
                // A newer filter is as good.
                let _ = this.lay_filter(&shown.text, shown.zone.clone(), None);
            }
        })
        .await;
    }

    /// Searches data that is not in memory, on a thread of its own, until all of it is searched or a newer filter takes
    /// over; that one starts it anew.
    pub(crate) fn search_data_on_disk(&self) {
        let Some(this) = self.shared() else { return };
        if !self.view.has_data_to_search() || self.searching_data.swap(true, SeqCst) {
            return;
        }
        let thread = std::thread::Builder::new()
            .name("data search".to_owned())
            .spawn(move || {
                let _runtime = this.runtime.get().map(tokio::runtime::Handle::enter);
                let source = DataOnDisk(this.archive().cloned());
                loop {
                    match this.view.search_data(&source) {
                        DataStep::Done => {}
                        DataStep::Unreadable(day, why) => this.data_unreadable(day, why),
                        DataStep::Finished => {
                            this.searching_data.store(false, SeqCst);
                            // Another filter may have come in between, and seen this one at work.
                            if !this.view.has_data_to_search() || this.searching_data.swap(true, SeqCst) {
                                break;
                            }
                        }
                    }
                    this.tell();
                }
                this.tell();
            });
        if thread.is_err() {
            self.searching_data.store(false, SeqCst);
        }
    }

    /// A file that has become unreadable since it was loaded: the day is fetched again.
    fn data_unreadable(self: &Arc<Self>, day: Day, why: String) {
        {
            let mut days = self.days();
            let online = self.options.client.is_some();
            let slot = days.slot(day);
            slot.archive_trouble = Some(why);
            slot.in_the_way = true;
            if online {
                slot.archived = false;
                slot.want(Job::Fetch { fresh: false });
            }
        }
        if self.runtime.get().is_some() {
            self.pump();
        }
    }

    pub(crate) fn facets_now(&self, fields: &[FacetField], typed: &str, most: u32) -> Result<Facets, LogbookError> {
        let shown = self.view.now();
        let stop = || self.view.is_overtaken(&shown);
        let counted = shown
            .index
            .facets(&shown.query, &shown.hits, fields, typed, most as usize, &stop);
        let mut facets = counted.map_err(|_| LogbookError::Superseded)?;
        facets.generation = shown.generation;
        Ok(facets)
    }

    pub(crate) fn histogram_now(
        &self,
        range_ms: Option<(i64, i64)>,
        bars: u32,
        zone: &TimeZone,
    ) -> Result<Histogram, LogbookError> {
        let shown = self.view.now();
        let range = range_ms.or_else(|| self.rows_range_ms(&shown));
        let Some(range) = range.filter(|(from, to)| from < to) else {
            return Ok(Histogram {
                generation: shown.generation,
                elsewhere: shown.counts.matched,
                ..Histogram::default()
            });
        };
        let (from, step, count) = bars_of(range, bars.max(1), zone);
        let edges: Vec<i64> = (0..=count)
            .map(|at| (from + at * step).saturating_mul(1_000_000))
            .collect();
        let stop = || self.view.is_overtaken(&shown);
        let counted = shown.index.histogram(&shown.query, &shown.hits, &edges, &stop);
        let mut histogram = counted.map_err(|_| LogbookError::Superseded)?;
        histogram.generation = shown.generation;
        histogram.from_ms = from as f64;
        histogram.step_ms = step as f64;
        Ok(histogram)
    }

    /// From the first to the last row. Rows that lie far outside the days that were asked for (dated in the future) do not
    /// make everything else a thin line.
    fn rows_range_ms(&self, shown: &Shown) -> Option<(i64, i64)> {
        let days = self.days();
        let shown_days = days.shown_days();
        let (newest_day, oldest_day) = (*shown_days.first()?, *shown_days.last()?);
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for segment in shown_days.iter().flat_map(|day| shown.index.segments_of(*day)) {
            first = first.min(segment.oldest().unwrap_or(i64::MAX));
            last = last.max(segment.newest().unwrap_or(i64::MIN));
        }
        let ms = |time: Timestamp| time.as_millisecond();
        let earliest = ms(zone::start_of(oldest_day, &days.zone.tz)).saturating_sub(DAY_MS);
        let latest = ms(zone::end_of(newest_day, &days.zone.tz)).saturating_add(DAY_MS);
        let first = first.div_euclid(1_000_000).max(earliest);
        let last = (last.div_euclid(1_000_000)).min(latest);
        (first <= last).then_some((first, last + 1))
    }

    pub(crate) fn entry_of(&self, id: RowId) -> Result<LogEntry, LogbookError> {
        let shown = self.view.now();
        let (segment, row) = shown.index.find(id).ok_or(LogbookError::NoSuchRow)?;
        let raw = match segment.raw(row) {
            Some(raw) => raw,
            None => self.raw_from_file(id, segment.source_row(row))?,
        };
        Ok(LogEntry::read(id, &Row::from_raw(raw.into())))
    }

    fn raw_from_file(&self, id: RowId, row: u32) -> Result<String, LogbookError> {
        let archive = self.archive().ok_or(LogbookError::NoSuchRow)?;
        let unreadable = |error: log_archive::DayFileError| LogbookError::Archive(error.to_string());
        let raw = archive.read_row(id.day, row).map_err(unreadable)?;
        if is_row(id, &raw) {
            return Ok(raw);
        }
        // Another program replaced the file: the row stands elsewhere now. (Or it shares its key with others.)
        let mut found = None;
        archive
            .read_rows(id.day, &mut |other| {
                if is_row(id, other) {
                    found = Some(other.to_owned());
                    return std::ops::ControlFlow::Break(());
                }
                std::ops::ControlFlow::Continue(())
            })
            .map_err(unreadable)?;
        Ok(found.unwrap_or(raw))
    }

    pub(crate) fn same_thing_as(&self, id: RowId) -> Result<SameThing, LogbookError> {
        let shown = self.view.now();
        let (segment, row) = shown.index.find(id).ok_or(LogbookError::NoSuchRow)?;
        let stop = || self.view.is_closed();
        shown
            .index
            .same_thing(&segment, row, &stop)
            .map_err(|_| LogbookError::Superseded)
    }
}

impl From<Overtaken> for LogbookError {
    fn from(_: Overtaken) -> LogbookError {
        LogbookError::Superseded
    }
}

/// Where the bars begin, how wide they are, how many there are. They begin at a round time of the zone; days begin at its
/// midnight.
fn bars_of((from, to): (i64, i64), bars: u32, zone: &TimeZone) -> (i64, i64, i64) {
    let bars = i64::from(bars);
    let fits = |step: &&i64| (to - round_down(from, **step, zone) + **step - 1) / **step <= bars;
    let step = STEPS_MS.iter().find(fits).copied().unwrap_or_else(|| {
        // Centuries: some row is dated far away.
        ((to - from) / bars / DAY_MS + 2) * DAY_MS
    });
    let start = round_down(from, step, zone);
    let count = (to - start + step - 1) / step;
    (start, step, count.max(1))
}

fn round_down(ms: i64, step: i64, zone: &TimeZone) -> i64 {
    let Ok(time) = Timestamp::from_millisecond(ms) else {
        return ms;
    };
    let zoned = time.to_zoned(zone.clone());
    let Ok(midnight) = zoned.start_of_day() else { return ms };
    let midnight = midnight.timestamp().as_millisecond();
    if step >= DAY_MS {
        return midnight;
    }
    midnight + (ms - midnight).div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_round_times_of_the_zone_and_cover_the_range() {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let berlin = zone::time_zone("Europe/Berlin").unwrap();
        let cases = [
            (
                "2026-08-20T00:10:03Z",
                "2026-08-20T01:09:00Z",
                60,
                "2026-08-20T00:10:00Z",
                MINUTE_MS,
            ),
            (
                "2026-08-10T05:00:00Z",
                "2026-08-20T05:00:00Z",
                100,
                "2026-08-10T04:00:00Z",
                3 * HOUR_MS,
            ),
            (
                "2026-08-01T05:00:00Z",
                "2026-08-30T05:00:00Z",
                40,
                "2026-07-31T22:00:00Z",
                DAY_MS,
            ),
        ];
        for (from, to, bars, start, step) in cases {
            let range = (ms(from), ms(to));
            let (found, width, count) = bars_of(range, bars, &berlin);
            assert_eq!((found, width), (ms(start), step), "{from}");
            assert!(
                count <= i64::from(bars) && found <= range.0 && found + count * width >= range.1,
                "{from}"
            );
        }
        let (start, step, count) = bars_of((0, i64::MAX / 4_000_000), 60, &TimeZone::UTC);
        assert!(start <= 0 && count <= 60 && step * count >= i64::MAX / 4_000_000);
    }
}
