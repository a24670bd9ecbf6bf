//! The days of a logbook: which are shown, how far each is, which rows each has, and what is to be done for it.
//!
//! Plain data behind one lock. What deliberately is not here: doing it (`collect.rs`, `fetch.rs`, `whole.rs`).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cipp_client::{ClientError, Day};
use jiff::Timestamp;
use log_index::Segment;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    coverage::{Coverage, DayPhase, DayProgress},
    pieces::Names,
    zone::{DayTimes, Known},
};

/// Something to be done for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Read it from the archive.
    Load,
    /// Ask CIPP for it. `fresh`: an answer from a cache will not do.
    Fetch { fresh: bool },
    /// Write what is in memory into the archive.
    Seal,
}

/// The days that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub from: Day,
    to: Day,
    /// It ends with today, whatever day that is.
    pub open: bool,
}

impl Range {
    pub fn new(from: Day, to: Day, today: Day) -> Range {
        Range {
            from,
            to,
            open: to >= today && from <= today,
        }
    }

    /// The last day.
    pub fn to(&self, today: Day) -> Day {
        if self.open { today.max(self.from) } else { self.to }
    }

    pub fn contains(&self, day: Day, today: Day) -> bool {
        self.from <= day && day <= self.to(today)
    }

    /// The same number of days back from another today: the instance's zone turned out to be another.
    pub fn moved(self, old: Day, new: Day) -> Range {
        if !self.open {
            return self;
        }
        let moved = new
            .date()
            .since(old.date())
            .and_then(|span| self.from.date().checked_add(span));
        Range {
            from: moved.map_or(self.from, Day::new),
            ..self
        }
    }
}

/// One day.
#[derive(Debug)]
pub(crate) struct Slot {
    pub phase: DayPhase,
    pub source: Coverage,
    pub error: Option<ClientError>,
    pub archive_trouble: Option<String>,
    /// Its file is in the archive and good.
    pub archived: bool,
    /// A file that cannot be read is in the archive. It is set aside when there is something to put in its place.
    pub in_the_way: bool,
    pub fetched_at: Option<Timestamp>,
    /// Its rows.
    pub segments: Vec<Arc<Segment>>,
    /// Rows of a reading that is not over, beside those.
    pub arriving: Vec<Arc<Segment>>,
    /// The rows are all that CIPP had when it was asked.
    pub whole: bool,
    /// The day was over when CIPP was asked.
    pub over: bool,
    /// They stand newest first as they came.
    pub in_order: bool,
    /// It could not be written into the archive: not tried again before somebody asks for something.
    pub seal_failed: bool,
    /// It came back empty, and whether CIPP has forgotten it is not clear yet.
    pub maybe_gone: bool,
    /// Names of the rows, where they are in memory alone.
    pub names: Option<Arc<Names>>,
    /// When its rows were written.
    pub times: Option<DayTimes>,
    pub todo: Option<Job>,
    pub doing: Option<Job>,
    pub cancel: CancellationToken,
    /// A person asked for this day while memory was short: others go first.
    pub pinned: bool,
    /// Bytes read of it since the last start.
    pub bytes: u64,
}

impl Slot {
    fn new() -> Slot {
        Slot {
            phase: DayPhase::NotFetched,
            source: Coverage::None,
            error: None,
            archive_trouble: None,
            archived: false,
            in_the_way: false,
            fetched_at: None,
            segments: Vec::new(),
            arriving: Vec::new(),
            whole: false,
            over: false,
            in_order: true,
            seal_failed: false,
            maybe_gone: false,
            names: None,
            times: None,
            todo: None,
            doing: None,
            cancel: CancellationToken::new(),
            pinned: false,
            bytes: 0,
        }
    }

    /// Rows that are shown.
    pub fn rows(&self) -> u32 {
        self.shown().map(|segment| segment.len() as u32).sum()
    }

    pub fn shown(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.segments.iter().chain(&self.arriving)
    }

    pub fn is_idle(&self) -> bool {
        self.todo.is_none() && self.doing.is_none()
    }

    /// Puts something on the list; a running job is not disturbed.
    pub fn want(&mut self, job: Job) {
        if self.doing.is_none() {
            self.todo = Some(job);
            self.error = None;
            if job != Job::Seal {
                self.phase = DayPhase::Waiting;
            }
        }
    }

    /// What comes next for a day, after the job that is running.
    pub fn then(&mut self, job: Job) {
        self.todo = Some(job);
        self.phase = DayPhase::Waiting;
    }

    /// A waiting day is left as it is, a running job is told to stop.
    pub fn stop(&mut self) {
        self.cancel.cancel();
        if self.todo.take().is_some_and(|job| job != Job::Seal) {
            self.phase = self.phase_at_rest(DayPhase::Cancelled);
        }
    }

    /// How a day stands after something broke off; `nothing` where it has no rows.
    pub fn phase_at_rest(&self, nothing: DayPhase) -> DayPhase {
        match (self.archived, self.rows()) {
            (archived, _) if self.whole && (archived || self.over) => DayPhase::Complete,
            (_, 1..) => DayPhase::Partial,
            _ => nothing,
        }
    }

    /// Lets go of the rows.
    pub fn forget_rows(&mut self) {
        self.segments.clear();
        self.arriving.clear();
        self.names = None;
        self.whole = false;
        self.source = Coverage::None;
    }

    fn progress(&self, day: Day) -> DayProgress {
        DayProgress {
            day,
            phase: self.phase,
            source: self.source,
            rows: self.rows(),
            odd_rows: self.shown().map(|segment| segment.odd_rows()).sum(),
            archived: self.archived,
            fetched_at: self.fetched_at,
            error: self.error.clone(),
            archive_trouble: self.archive_trouble.clone(),
        }
    }
}

/// Following today.
#[derive(Debug)]
pub(crate) struct Following {
    pub cancel: CancellationToken,
    pub next: Option<Timestamp>,
}

/// Everything about the days.
#[derive(Debug)]
pub(crate) struct Days {
    pub range: Option<Range>,
    slots: BTreeMap<Day, Slot>,
    pub zone: Known,
    /// The zone was asked of CIPP, or that is under way.
    pub zone_asked: bool,
    /// Work that belongs to no day: asking for the zone, tidying up.
    pub errands: u32,
    /// Stops the errands.
    pub cancel: CancellationToken,
    pub started: Instant,
    pub ended: Option<Instant>,
    pub calls: u32,
    /// What cannot be kept in the archive, and why.
    pub archive_trouble: Option<String>,
    pub cached_answers: bool,
    /// Memory is short: the data of older days stays on disk.
    pub data_on_disk: bool,
    /// Memory is short: this day and older ones stay on disk.
    pub floor: Option<Day>,
    /// Memory is short, and nothing can be laid aside.
    pub no_room: bool,
    pub following: Option<Following>,
    pub in_background: bool,
    /// How long today took last.
    pub today_took: Duration,
    /// The today that the range was last brought to.
    pub today: Day,
}

impl Days {
    pub fn new(zone: Known, archive_trouble: Option<String>, now: Timestamp) -> Days {
        Days {
            range: None,
            slots: BTreeMap::new(),
            today: zone.today(now),
            zone,
            zone_asked: false,
            errands: 0,
            cancel: CancellationToken::new(),
            started: Instant::now(),
            ended: None,
            calls: 0,
            archive_trouble,
            cached_answers: false,
            data_on_disk: false,
            floor: None,
            no_room: false,
            following: None,
            in_background: false,
            today_took: Duration::ZERO,
        }
    }

    pub fn slot(&mut self, day: Day) -> &mut Slot {
        self.slots.entry(day).or_insert_with(Slot::new)
    }

    pub fn slots(&self) -> &BTreeMap<Day, Slot> {
        &self.slots
    }

    pub fn slots_mut(&mut self) -> impl DoubleEndedIterator<Item = (Day, &mut Slot)> {
        self.slots.iter_mut().map(|(day, slot)| (*day, slot))
    }

    pub fn is_shown(&self, day: Day) -> bool {
        self.range.is_some_and(|range| range.contains(day, self.today))
    }

    /// The days that are looked at, newest first.
    pub fn shown_days(&self) -> Vec<Day> {
        let range = self
            .range
            .map(|range| Day::range_newest_first(range.from, range.to(self.today)));
        range.into_iter().flatten().collect()
    }

    /// What the index has of a day.
    pub fn segments(&self, day: Day) -> Vec<Arc<Segment>> {
        match self.slots.get(&day) {
            Some(slot) if self.is_shown(day) => slot.shown().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The next day for which there is something to do of this kind, the newest first; what a person asked for before
    /// all others.
    pub fn next(&self, wanted: impl Fn(Job) -> bool) -> Option<(Day, Job)> {
        let waiting = self.slots.iter().rev().filter_map(|(day, slot)| {
            let job = slot.todo.filter(|job| slot.doing.is_none() && wanted(*job))?;
            Some((*day, job, slot.pinned))
        });
        let mut first = None;
        for (day, job, pinned) in waiting {
            if pinned {
                return Some((day, job));
            }
            first = first.or(Some((day, job)));
        }
        first
    }

    /// Whether nothing is to be done or being done.
    pub fn is_settled(&self) -> bool {
        self.errands == 0 && self.has_no_jobs()
    }

    pub fn has_no_jobs(&self) -> bool {
        self.slots.values().all(Slot::is_idle)
    }

    /// How far every shown day is.
    pub fn progress(&self) -> Vec<DayProgress> {
        let unknown = Slot::new();
        let days = self.shown_days().into_iter();
        days.map(|day| self.slots.get(&day).unwrap_or(&unknown).progress(day))
            .collect()
    }

    pub fn bytes(&self) -> u64 {
        self.slots.values().map(|slot| slot.bytes).sum()
    }

    /// The clock of a new start.
    pub fn start_clock(&mut self) {
        if self.has_no_jobs() {
            self.started = Instant::now();
            self.slots.values_mut().for_each(|slot| slot.bytes = 0);
        }
        self.ended = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_that_ends_with_today_goes_on_with_it_and_moves_when_the_zone_does() {
        let range = Range::new(day("20260814"), day("20260820"), day("20260820"));
        assert_eq!(range.to(day("20260821")), day("20260821"));
        assert_eq!(range.moved(day("20260820"), day("20260819")).from, day("20260813"));
        let closed = Range::new(day("20260814"), day("20260819"), day("20260820"));
        assert_eq!(closed.to(day("20260821")), day("20260819"));
        assert_eq!(closed.moved(day("20260820"), day("20260819")), closed);
    }
}
