//! What is looked at: an index, a filter, and the rows that match. Every answer comes from one consistent snapshot.
//!
//! Rows come and go, filters change, and data is searched from disk, all at the same time: each makes the next snapshot
//! out of the present one, and whoever comes second does the rest of the work again on top of the first. Nobody waits for
//! a slow filter.
//!
//! What deliberately is not here: which rows there are (`days.rs`), and what questions are asked (`look.rs`).

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use cipp_client::Day;
use jiff::tz::TimeZone;
use log_index::{Hits, Index, LogCounts, LogDataError, LogDataSource};
use log_query::Query;

use crate::{coverage::DataSearch, lock};

/// One snapshot.
#[derive(Clone)]
pub(crate) struct Shown {
    /// Counts every change.
    version: u64,
    /// The same, as it crosses to a window.
    pub generation: u32,
    /// Which of the filters that were asked for.
    number: u64,
    /// The filter as typed.
    pub text: String,
    /// What it means.
    pub query: Query,
    /// The zone in which its times were meant.
    pub zone: TimeZone,
    /// Every row.
    pub index: Index,
    /// Those that match.
    pub hits: Hits,
    /// How many.
    pub counts: LogCounts,
    /// How far data on disk is searched.
    pub data: DataSearch,
}

/// A filter to be laid over the rows.
pub(crate) struct Asked {
    pub text: String,
    pub query: Query,
    pub zone: TimeZone,
    /// Which of the filters of somebody who asks for one after the other without waiting; later ones are larger.
    pub turn: Option<u32>,
}

/// A newer filter took over, or the view was closed.
#[derive(Debug)]
pub(crate) struct Overtaken;

pub(crate) struct View {
    shown: Mutex<Arc<Shown>>,
    /// Changes of rows come one after the other.
    changing: Mutex<()>,
    /// The number of the last filter that was asked for.
    asked: AtomicU64,
    /// The last turn that was taken.
    turn: Mutex<u32>,
    /// The number of the filter that is in force.
    in_force: AtomicU64,
    closed: AtomicBool,
    /// Days whose data could not be read: not tried again.
    unreadable: Mutex<BTreeSet<Day>>,
}

/// What became of one step of the search in data on disk.
pub(crate) enum DataStep {
    /// A day was searched; there may be more.
    Done,
    /// Nothing is left to search, or somebody else goes on.
    Finished,
    /// The data of this day could not be read.
    Unreadable(Day, String),
}

impl View {
    pub fn new() -> View {
        let (index, query) = (Index::new(), Query::default());
        // Nobody can stop the search of nothing.
        let hits = loop {
            if let Ok(hits) = index.search(&query, None, &|| false) {
                break hits;
            }
        };
        View {
            shown: Mutex::new(Arc::new(Shown {
                version: 0,
                generation: 0,
                number: 0,
                text: String::new(),
                zone: TimeZone::UTC,
                counts: hits.counts(),
                data: DataSearch::default(),
                query,
                index,
                hits,
            })),
            changing: Mutex::default(),
            asked: AtomicU64::new(0),
            turn: Mutex::default(),
            in_force: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            unreadable: Mutex::default(),
        }
    }

    /// The present snapshot.
    pub fn now(&self) -> Arc<Shown> {
        Arc::clone(&lock(&self.shown))
    }

    /// Ends every search.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Whether the filter of this snapshot is no longer the one that was asked for last.
    pub fn is_overtaken(&self, shown: &Shown) -> bool {
        self.is_closed() || self.asked.load(Ordering::SeqCst) != shown.number
    }

    /// Makes another index of the present one; the filter in force is applied to what is new.
    pub fn change(&self, change: impl FnOnce(&Index) -> Index) {
        let _turn = lock(&self.changing);
        let mut base = self.now();
        let index = change(&base.index);
        // Another filter may come into force meanwhile, or more of the data be searched: then once more, on top of it.
        while !self.is_closed() {
            let stop = || self.in_force.load(Ordering::SeqCst) != base.number || self.is_closed();
            if let Ok(hits) = index.search(&base.query, Some((&base.query, &base.hits)), &stop)
                && self.replace(&base, |next| {
                    next.index = index.clone();
                    next.hits = hits;
                })
            {
                return;
            }
            base = self.now();
        }
    }

    /// Lays another filter over the rows. The one that was asked for before and is still being searched is stopped.
    pub fn ask(&self, asked: Asked) -> Result<Arc<Shown>, Overtaken> {
        let number = self.take_turn(asked.turn).ok_or(Overtaken)?;
        let stop = || self.asked.load(Ordering::SeqCst) != number || self.is_closed();
        let mut found: Option<Hits> = None;
        loop {
            let base = self.now();
            let previous = match &found {
                Some(hits) => (&asked.query, hits),
                None => (&base.query, &base.hits),
            };
            let hits = base
                .index
                .search(&asked.query, Some(previous), &stop)
                .map_err(|_| Overtaken)?;
            if stop() {
                return Err(Overtaken);
            }
            let replaced = self.replace(&base, |next| {
                next.number = number;
                next.text.clone_from(&asked.text);
                next.query = asked.query.clone();
                next.zone = asked.zone.clone();
                next.hits = hits.clone();
                next.data.done = 0;
                self.in_force.store(number, Ordering::SeqCst);
            });
            if replaced {
                return Ok(self.now());
            }
            found = Some(hits);
        }
    }

    /// The number of a filter; none where one of a later turn came first, on another thread.
    fn take_turn(&self, turn: Option<u32>) -> Option<u64> {
        let mut last = lock(&self.turn);
        if turn.is_some_and(|turn| turn < *last) {
            return None;
        }
        *last = turn.unwrap_or(*last);
        Some(self.asked.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Searches the data of one more day that is not in memory, the newest first.
    pub fn search_data(&self, source: &dyn LogDataSource) -> DataStep {
        let base = self.now();
        let stop = || self.is_overtaken(&base);
        let Some(day) = self.next_on_disk(&base.hits).filter(|_| !stop()) else {
            return DataStep::Finished;
        };
        let mut hits = match base.index.search_log_data(&base.query, &base.hits, day, source, &stop) {
            Ok(hits) => hits,
            Err(LogDataError::Stopped(_)) => return DataStep::Finished,
            Err(LogDataError::Unreadable(why)) => {
                lock(&self.unreadable).insert(day);
                return DataStep::Unreadable(day, why);
            }
        };
        let mut under = base;
        loop {
            let found = hits.clone();
            if self.replace(&under, |next| {
                next.hits = found;
                next.data.done += 1;
            }) {
                return DataStep::Done;
            }
            // Rows came or went meanwhile.
            let newer = self.now();
            if newer.number != under.number {
                return DataStep::Finished;
            }
            let stop = || self.is_overtaken(&newer);
            match newer.index.search(&newer.query, Some((&newer.query, &hits)), &stop) {
                Ok(more) => hits = more,
                Err(_) => return DataStep::Finished,
            }
            under = newer;
        }
    }

    /// Whether data on disk is still to be searched.
    pub fn has_data_to_search(&self) -> bool {
        let shown = self.now();
        !self.is_overtaken(&shown) && self.next_on_disk(&shown.hits).is_some()
    }

    /// The data of this day was written anew: it can be read again.
    pub fn readable_again(&self, day: Day) {
        lock(&self.unreadable).remove(&day);
    }

    fn next_on_disk(&self, hits: &Hits) -> Option<Day> {
        let unreadable = lock(&self.unreadable);
        hits.pending_days().into_iter().find(|day| !unreadable.contains(day))
    }

    /// Puts the next snapshot in the place of this one, if it still is the present one.
    fn replace(&self, base: &Shown, change: impl FnOnce(&mut Shown)) -> bool {
        let mut shown = lock(&self.shown);
        if shown.version != base.version {
            return false;
        }
        let mut next = Shown::clone(&shown);
        change(&mut next);
        next.version += 1;
        next.generation = next.generation.wrapping_add(1);
        next.counts = next.hits.counts();
        next.data.of = next.data.done + next.hits.pending_days().len() as u32;
        *shown = Arc::new(next);
        true
    }
}
