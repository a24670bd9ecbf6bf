//! When the last row of a reading is here: earlier readings and this one become one, the day is sealed in the archive if
//! it is over, and what is shown is swapped at once. Everything here blocks.
//!
//! CIPP's log forgets and rewrites; nothing here does: a row that was seen stays, of two versions the later stays, and an
//! archived day is never replaced by fewer rows.

use std::{cmp::Reverse, ops::ControlFlow, sync::Arc, time::Duration};

use cipp_client::{ClientError, Day, Row};
use jiff::Timestamp;
use log_archive::ConnectionArchive;
use log_index::{DayColumnsBuilder, RawRowsBuilder, ReadRow, Segment};

use crate::{
    collect::settled_at,
    coverage::{Coverage, DayPhase},
    days::Job,
    disk,
    logbook::Logbook,
    pieces::{Names, Reading},
    zone::DayTimes,
};

/// More pieces than this are put together when the day is done.
const MOST_PIECES: usize = 4;
/// The shortest time for which CIPP can be set to keep its log (facts: ListLogs 1.11). An empty day that is younger is
/// empty.
const SHORTEST_RETENTION_DAYS: i32 = 7;

/// How the reading of a day ended.
pub(crate) enum Ending {
    /// The list was closed: every row is here.
    Whole,
    /// It broke off; what arrived is good.
    Broken(ClientError),
}

/// A reading that is over.
pub(crate) struct Outcome {
    pub reading: Reading,
    pub ending: Ending,
    /// When CIPP was asked.
    pub asked_at: Timestamp,
    pub took: Duration,
}

/// The rows of a day with all that is known about them.
struct Rows {
    segments: Vec<Arc<Segment>>,
    names: Arc<Names>,
    times: DayTimes,
    count: u32,
    in_order: bool,
}

impl Logbook {
    /// Notes what became of a day that could not even be asked for.
    pub(crate) fn broke_off(&self, day: Day, error: ClientError) {
        {
            let mut days = self.days();
            let slot = days.slot(day);
            let nothing = match error {
                ClientError::Cancelled => DayPhase::Cancelled,
                _ => DayPhase::Failed,
            };
            slot.phase = slot.phase_at_rest(nothing);
            slot.error = Some(error).filter(|error| *error != ClientError::Cancelled);
        }
        self.tell();
    }

    /// Settles a day after a reading.
    pub(crate) fn settle(self: &Arc<Self>, day: Day, outcome: Outcome) {
        let Outcome {
            mut reading,
            ending,
            asked_at,
            took,
        } = outcome;
        reading.all.close(&self.dictionaries);
        let (whole, error) = match ending {
            Ending::Whole => (true, None),
            Ending::Broken(error) => (false, Some(error)),
        };
        let (archived, old) = {
            let mut days = self.days();
            if day == days.today && whole {
                days.today_took = took;
            }
            let slot = days.slot(day);
            (slot.archived, slot.segments.clone())
        };
        if whole {
            self.note(|notes| notes.took(took));
        }
        let forgotten = whole && reading.rows == 0 && (archived || !old.is_empty());
        if archived && (!whole || forgotten) {
            // What is archived is more than what came.
            self.keep_as_it_is(day, error);
        } else {
            let rows = self.with_earlier(day, reading, archived, &old);
            let empty = rows.count == 0;
            self.put_in_place(day, rows, whole, asked_at);
            if let Some(error) = error {
                self.broke_off(day, error);
            } else if empty && self.may_be_forgotten(day) {
                self.days().slot(day).maybe_gone = true;
            } else {
                self.seal_if_over(day);
            }
        }
        self.publish([day]);
        self.stay_within_budget();
    }

    fn keep_as_it_is(&self, day: Day, error: Option<ClientError>) {
        let mut days = self.days();
        let slot = days.slot(day);
        slot.arriving.clear();
        slot.phase = DayPhase::Complete;
        slot.error = error.filter(|error| *error != ClientError::Cancelled);
    }

    /// The rows of this reading and those of earlier ones that it does not have, or has in an older version.
    fn with_earlier(&self, day: Day, reading: Reading, archived: bool, old: &[Arc<Segment>]) -> Rows {
        let known = reading.known();
        let is_older = |time: i64, new: Option<i64>| new.is_none_or(|new| new < time);
        let misses = known
            .iter()
            .any(|(name, time)| is_older(time, reading.names.time(name)));
        let segments = reading.all.finished();
        if !misses {
            return Rows {
                segments: self.compact(day, segments),
                names: Arc::new(reading.names),
                times: reading.times,
                count: reading.rows,
                in_order: reading.in_order,
            };
        }
        let mut merged: Vec<(i64, Box<str>)> = Vec::with_capacity(reading.rows as usize);
        let mut names = Names::default();
        for_each_raw(&segments, &mut |raw| {
            let row = Row::from_raw(raw.into());
            let read = ReadRow::of(&row);
            let name = names.add(&read, raw);
            if known.time(name).is_none_or(|before| before <= read.time) {
                merged.push((read.time, raw.into()));
            }
        });
        let mut earlier = Names::default();
        let mut add_earlier = |raw: &str| {
            let row = Row::from_raw(raw.into());
            let read = ReadRow::of(&row);
            let name = earlier.add(&read, raw);
            if is_older(read.time, reading.names.time(name)) {
                merged.push((read.time, raw.into()));
            }
        };
        match self.archive().filter(|_| archived) {
            Some(archive) => {
                // That it can be read was seen when the reading began.
                let _ = archive.read_rows(day, &mut |raw| {
                    add_earlier(raw);
                    ControlFlow::Continue(())
                });
            }
            None => for_each_raw(old, &mut add_earlier),
        }
        merged.sort_by_key(|(time, _)| Reverse(*time));
        self.rows_of(day, merged.iter().map(|(_, raw)| &**raw))
    }

    /// Rows made anew from texts, which are newest first.
    fn rows_of<'a>(&self, day: Day, texts: impl Iterator<Item = &'a str>) -> Rows {
        let (mut columns, mut raws) = (DayColumnsBuilder::new(), RawRowsBuilder::new());
        let (mut names, mut times) = (Names::default(), Vec::new());
        for raw in texts {
            let row = Row::from_raw(raw.into());
            let read = ReadRow::of(&row);
            names.add(&read, raw);
            times.push(read.time);
            columns.push(&read);
            raws.push(raw);
        }
        let segment = Segment::new(day, columns.finish(), Some(raws.finish()), &self.dictionaries);
        Rows {
            count: times.len() as u32,
            times: DayTimes::of(day, times),
            names: Arc::new(names),
            segments: vec![Arc::new(segment)],
            in_order: true,
        }
    }

    /// Many pieces as one.
    fn compact(&self, day: Day, pieces: Vec<Arc<Segment>>) -> Vec<Arc<Segment>> {
        if pieces.len() <= MOST_PIECES || self.archive().is_some() {
            // What is sealed comes back as one.
            return pieces;
        }
        let (mut columns, mut raws) = (DayColumnsBuilder::new(), RawRowsBuilder::new());
        for_each_raw(&pieces, &mut |raw| {
            columns.push(&ReadRow::of(&Row::from_raw(raw.into())));
            raws.push(raw);
        });
        let segment = Segment::new(day, columns.finish(), Some(raws.finish()), &self.dictionaries);
        vec![Arc::new(segment)]
    }

    fn put_in_place(&self, day: Day, rows: Rows, whole: bool, asked_at: Timestamp) {
        let mut days = self.days();
        let over = asked_at >= days.zone.end_of(day);
        let slot = days.slot(day);
        slot.segments = rows.segments;
        slot.arriving.clear();
        slot.names = Some(rows.names);
        slot.times = Some(rows.times);
        slot.in_order = rows.in_order;
        slot.source = if rows.count > 0 || whole {
            Coverage::Cipp
        } else {
            slot.source
        };
        (slot.maybe_gone, slot.seal_failed) = (false, false);
        if whole {
            (slot.whole, slot.over) = (true, over);
            slot.fetched_at = Some(asked_at);
            slot.error = None;
            slot.phase = if over { DayPhase::Complete } else { DayPhase::Partial };
        }
    }

    /// Writes a day into the archive, if it is whole and was over for certain when it was fetched.
    pub(crate) fn seal_if_over(&self, day: Day) {
        if self.can_seal(day) {
            self.seal_now(day);
        }
    }

    /// Whether a day that is in memory may go into the archive.
    pub(crate) fn can_seal(&self, day: Day) -> bool {
        let mut days = self.days();
        let end = days.zone.certain_end_of(day);
        let slot = days.slot(day);
        let over = slot.fetched_at.is_some_and(|at| at >= end);
        slot.whole && over && !slot.seal_failed && !slot.maybe_gone && slot.names.is_some() && self.is_kept(day)
    }

    /// Whether the archive keeps days as old as this one.
    fn is_kept(&self, day: Day) -> bool {
        let Some(keep) = self.options.limits.keep_days else {
            return self.archive().is_some();
        };
        let age = age(day, Day::new(self.time().to_zoned(jiff::tz::TimeZone::UTC).date()));
        self.archive().is_some() && i64::from(age) < i64::from(keep)
    }

    /// Writes a day into the archive. Its rows are then read back: what is in memory is what is on disk, and its texts
    /// are on disk alone.
    fn seal_now(&self, day: Day) {
        let Some(archive) = self.archive() else { return };
        let (segments, in_order, fetched_at, in_the_way, zone, end) = {
            let mut days = self.days();
            let (zone, end) = (days.zone.zone.name.clone(), days.zone.end_of(day));
            let slot = days.slot(day);
            let Some(fetched_at) = slot.fetched_at else { return };
            (
                slot.segments.clone(),
                slot.in_order,
                fetched_at,
                slot.in_the_way,
                zone,
                end,
            )
        };
        let written = self.write(archive, day, fetched_at, zone, &segments, in_order, in_the_way);
        if let Err(why) = written {
            let trouble = format!("{} could not be kept in the archive. {why}", day.iso());
            let mut days = self.days();
            days.archive_trouble = Some(trouble);
            days.slot(day).seal_failed = true;
            return;
        }
        self.note(|notes| {
            notes.gone.remove(&day);
            if fetched_at < settled_at(end) {
                notes.early.insert(day);
            } else {
                notes.early.remove(&day);
            }
        });
        let with_data = self.takes_data(day);
        let loaded = disk::load(archive, day, with_data, &self.dictionaries);
        self.view.readable_again(day);
        let mut days = self.days();
        days.archive_trouble.clone_from(&self.options.archive_trouble);
        let slot = days.slot(day);
        match loaded {
            Ok(loaded) => {
                slot.segments = vec![loaded.segment];
                slot.names = None;
                slot.fetched_at = Some(loaded.fetched_at);
                (slot.archived, slot.in_the_way) = (true, false);
            }
            // The rows are still in memory.
            Err(error) => slot.archive_trouble = Some(error.to_string()),
        }
        drop(days);
        self.publish([day]);
    }

    #[allow(clippy::too_many_arguments, reason = "one call, all of it different")]
    fn write(
        &self,
        archive: &ConnectionArchive,
        day: Day,
        fetched_at: Timestamp,
        zone: String,
        segments: &[Arc<Segment>],
        in_order: bool,
        in_the_way: bool,
    ) -> Result<(), String> {
        if in_the_way {
            archive.set_aside(day).map_err(|error| error.to_string())?;
        }
        if in_order {
            return disk::seal(archive, day, fetched_at, zone, &mut |push| for_each_raw(segments, push));
        }
        let mut sorted: Vec<(i64, Box<str>)> = Vec::new();
        for_each_raw(segments, &mut |raw| {
            let time = ReadRow::of(&Row::from_raw(raw.into())).time;
            sorted.push((time, raw.into()));
        });
        sorted.sort_by_key(|(time, _)| Reverse(*time));
        disk::seal(archive, day, fetched_at, zone, &mut |push| {
            sorted.iter().for_each(|(_, raw)| push(raw));
        })
    }

    /// Whether an empty answer may mean that CIPP no longer has the day: it is older than the shortest retention.
    fn may_be_forgotten(&self, day: Day) -> bool {
        age(day, self.days().today) > SHORTEST_RETENTION_DAYS
    }

    /// Decides about days that came back empty, when all others are here: where CIPP has rows of an older day, the empty
    /// one is empty; else CIPP has forgotten it.
    pub(crate) fn decide_about_empty_days(&self) {
        let mut days = self.days();
        let oldest = days
            .slots()
            .iter()
            .find(|(_, slot)| slot.source == Coverage::Cipp && slot.rows() > 0)
            .map(|(day, _)| *day);
        let mut gone = Vec::new();
        for (day, slot) in days.slots_mut().filter(|(_, slot)| slot.maybe_gone && slot.is_idle()) {
            slot.maybe_gone = false;
            if oldest.is_some_and(|oldest| oldest < day) {
                slot.todo = Some(Job::Seal);
            } else {
                slot.forget_rows();
                slot.phase = DayPhase::Gone;
                gone.push(day);
            }
        }
        drop(days);
        if !gone.is_empty() {
            self.note(|notes| notes.gone.extend(gone));
        }
    }
}

/// Every row in the order in which it was pushed.
fn for_each_raw(segments: &[Arc<Segment>], visit: &mut dyn FnMut(&str)) {
    for segment in segments {
        if let Some(rows) = segment.raw_rows() {
            rows.for_each(visit);
        }
    }
}

fn age(day: Day, today: Day) -> i32 {
    today.date().since(day.date()).map_or(0, |span| span.get_days())
}
