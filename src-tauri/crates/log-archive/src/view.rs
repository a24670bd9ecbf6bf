//! A view: a loaded log with a text filter over it, shared between those who add rows and those who read pages.
//!
//! Nothing slow happens under the lock: batches are compressed and filters applied outside it, block by block. A filter
//! that was overtaken by a newer one stops at the next block.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use cipp_client::Day;

use crate::{
    entry::{LogCounts, LogEntry, LogPage, SeverityCounts},
    filter::{Hits, Query, apply, is_hit},
    loaded_log::{Batch, Block, LoadedLog, RowNumber, block_of, row_of},
};

/// A filter gave way to a newer one, or the view was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A newer filter took over.")]
pub struct Superseded;

/// A loaded log with a filter. Shared by reference; every method may be called from any thread.
#[derive(Debug, Default)]
pub struct LogView {
    state: Mutex<State>,
    /// Counts the filters asked for, so that an overtaken one notices without taking the lock.
    newest_filter: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    log: LoadedLog,
    query: Arc<Query>,
    /// The matching rows of each block under `query`; none where it has not been applied yet.
    hits: Vec<Option<Hits>>,
    /// The matching rows in order. Unused while the query is empty.
    matched: Vec<RowNumber>,
    by_severity: SeverityCounts,
    /// Whether rows or hits changed since `matched` and `by_severity` were made.
    stale: bool,
}

impl LogView {
    /// An empty view without a filter.
    pub fn new() -> LogView {
        LogView::default()
    }

    /// Starts a reading of a day; the number is for [`Batch::new`].
    pub fn begin_day(&self, day: Day) -> u16 {
        self.lock().log.begin_day(day)
    }

    /// Adds the rows of a batch.
    pub fn append(&self, batch: Batch) {
        let sealed = batch.seal();
        let query = Arc::clone(&self.lock().query);
        let hits = apply(&query, &sealed.block);
        let mut state = self.lock();
        let still_wanted = Arc::ptr_eq(&query, &state.query);
        state.stale = true;
        if state.log.append_sealed(sealed).is_some() {
            state.hits.push(still_wanted.then_some(hits));
        }
    }

    /// Rows of one day in the view, and how many of them have something odd about them.
    pub fn rows_of_day(&self, day: Day) -> (u32, u32) {
        self.lock().log.rows_of_day(day)
    }

    /// Lays a new text filter over the rows. Blocks the calling thread until it is applied; meanwhile pages show the
    /// filter before it.
    ///
    /// # Errors
    /// [`Superseded`] when another filter was asked for meanwhile, or [`LogView::stop_filtering`] was called.
    pub fn set_filter(&self, text: &str) -> Result<LogCounts, Superseded> {
        let ticket = self.newest_filter.fetch_add(1, Ordering::SeqCst) + 1;
        let query = Arc::new(Query::parse(text));
        let mut hits: Vec<Option<Hits>> = Vec::new();
        loop {
            let blocks: Vec<Arc<Block>> = {
                let mut state = self.lock();
                let missing = state.log.blocks()[hits.len()..].to_vec();
                if missing.is_empty() {
                    if self.newest_filter.load(Ordering::SeqCst) != ticket {
                        return Err(Superseded);
                    }
                    state.query = query;
                    state.hits = hits;
                    state.stale = true;
                    return Ok(state.counts());
                }
                missing
            };
            for block in blocks {
                if self.newest_filter.load(Ordering::SeqCst) != ticket {
                    return Err(Superseded);
                }
                hits.push(Some(apply(&query, &block)));
            }
        }
    }

    /// Stops whatever filter is being applied.
    pub fn stop_filtering(&self) {
        self.newest_filter.fetch_add(1, Ordering::SeqCst);
    }

    /// How many rows there are and how many match.
    pub fn counts(&self) -> LogCounts {
        self.lock().counts()
    }

    /// Some consecutive matching rows, newest first.
    pub fn page(&self, offset: u32, limit: u32) -> LogPage {
        let mut state = self.lock();
        let counts = state.counts();
        let numbers = state.shown();
        let from = (offset as usize).min(numbers.len());
        let to = from.saturating_add(limit as usize).min(numbers.len());
        let rows = numbers[from..to]
            .iter()
            .filter_map(|number| state.log.row(*number))
            .collect();
        LogPage {
            total: counts.total,
            matched: counts.matched,
            offset,
            rows,
        }
    }

    /// A row in full; none for a number that was never given out.
    pub fn entry(&self, number: RowNumber) -> Option<LogEntry> {
        self.lock().log.entry(number)
    }

    /// Bytes held in memory, counted.
    pub fn size_bytes(&self) -> usize {
        let state = self.lock();
        state.log.size_bytes()
            + state.hits.capacity() * size_of::<Option<Hits>>()
            + state.matched.capacity() * size_of::<RowNumber>()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked while holding the lock left at worst a stale count behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn counts(&mut self) -> LogCounts {
        self.refresh();
        LogCounts {
            total: self.log.len(),
            matched: self.shown().len() as u32,
            by_severity: self.by_severity,
        }
    }

    /// The matching rows, as of the last refresh.
    fn shown(&self) -> &[RowNumber] {
        if self.query.is_empty() {
            self.log.order()
        } else {
            &self.matched
        }
    }

    fn refresh(&mut self) {
        if !self.stale {
            return;
        }
        self.stale = false;
        self.log.settle();
        self.catch_up();
        self.matched = if self.query.is_empty() {
            Vec::new()
        } else {
            let is_match =
                |number: &&RowNumber| self.hits[block_of(**number)].is_some_and(|hits| is_hit(&hits, row_of(**number)));
            self.log.order().iter().filter(is_match).copied().collect()
        };
        let mut by_severity = SeverityCounts::default();
        for number in self.shown() {
            by_severity.add(self.log.family(*number));
        }
        self.by_severity = by_severity;
    }

    /// Applies the filter to blocks that arrived while it was being changed: few, if any.
    fn catch_up(&mut self) {
        let blocks = self.log.blocks();
        for (at, hits) in self.hits.iter_mut().enumerate().filter(|(_, hits)| hits.is_none()) {
            *hits = Some(apply(&self.query, &blocks[at]));
        }
    }
}
