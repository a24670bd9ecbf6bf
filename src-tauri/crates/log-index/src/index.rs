//! placeholder
use crate::{columns::TextColumn, segment::Segment, wire::*};
use cipp_client::Day;
use log_query::{FacetField, Query, SeverityFamily};
use std::{ops::ControlFlow, sync::Arc};

/// Where the data of days is read that have it not in memory.
pub trait LogDataSource: Send + Sync {
    /// Hands over the data of a day's rows, some thousand rows at a time, in the order of the day's file: the number of
    /// the first row and one text for each row (empty where there is none). Ends early when `visit` breaks.
    ///
    /// # Errors
    /// A sentence with the cause and the next step.
    fn log_data(&self, day: Day, visit: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>) -> Result<(), String>;
}

/// The search was stopped: a newer one took over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A newer filter took over.")]
pub struct Stopped;

/// Why the data of a day was not searched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogDataError {
    /// A newer search took over.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The data could not be read.
    #[error("{0}")]
    Unreadable(String),
}

/// The rows that match a query, in one snapshot of the index. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hits {}

#[allow(unused_variables, clippy::unimplemented, missing_docs)]
impl Hits {
    pub fn counts(&self) -> LogCounts {
        unimplemented!()
    }
    /// Days whose data is not in memory and still has to be searched for this query, newest first.
    pub fn pending_days(&self) -> Vec<Day> {
        unimplemented!()
    }
}

/// All rows in memory. A snapshot: it never changes, and the next one shares what stayed.
#[derive(Clone, Debug, Default)]
pub struct Index {}

#[allow(unused_variables, clippy::unimplemented, missing_docs)]
impl Index {
    pub fn new() -> Index {
        Index::default()
    }
    /// The index with these segments in place of all that it has of the day; none to take the day out.
    pub fn with_day(&self, day: Day, segments: Vec<Arc<Segment>>) -> Index {
        unimplemented!()
    }
    pub fn segments_of(&self, day: Day) -> &[Arc<Segment>] {
        unimplemented!()
    }
    pub fn len(&self) -> usize {
        unimplemented!()
    }
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }
    pub fn memory_bytes(&self) -> usize {
        unimplemented!()
    }
    pub fn search(
        &self,
        query: &Query,
        previous: Option<(&Query, &Hits)>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Hits, Stopped> {
        unimplemented!()
    }
    pub fn search_log_data(
        &self,
        query: &Query,
        hits: &Hits,
        day: Day,
        source: &dyn LogDataSource,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Hits, LogDataError> {
        unimplemented!()
    }
    pub fn page(&self, hits: &Hits, offset: u32, limit: u32) -> Vec<LogRow> {
        unimplemented!()
    }
    /// Every matching row, newest first.
    pub fn for_each_match(&self, hits: &Hits, visit: &mut dyn FnMut(&Segment, u32) -> ControlFlow<()>) {
        unimplemented!()
    }
    pub fn position(&self, hits: &Hits, id: RowId) -> Option<u32> {
        unimplemented!()
    }
    pub fn find(&self, id: RowId) -> Option<(Arc<Segment>, u32)> {
        unimplemented!()
    }
    /// The next matching row of one of these families after (or before) a position; -1 to begin at an end.
    pub fn next_of(&self, hits: &Hits, families: &[SeverityFamily], from: i64, backwards: bool) -> Option<u32> {
        unimplemented!()
    }
    /// The position of the first matching row at or before this time; the number of matches where there is none.
    pub fn position_at(&self, hits: &Hits, time_ns: i64) -> u32 {
        unimplemented!()
    }
    pub fn facets(
        &self,
        query: &Query,
        hits: &Hits,
        fields: &[FacetField],
        typed: &str,
        most: usize,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Facets, Stopped> {
        unimplemented!()
    }
    /// Bars between neighbouring edges (nanoseconds, ascending).
    pub fn histogram(
        &self,
        query: &Query,
        hits: &Hits,
        edges_ns: &[i64],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Histogram, Stopped> {
        unimplemented!()
    }
    pub fn same_thing(
        &self,
        segment: &Segment,
        row: u32,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<SameThing, Stopped> {
        unimplemented!()
    }
}

#[allow(unused_variables, clippy::unimplemented)]
impl log_query::Values for Index {
    fn values(&self, field: FacetField, typed: &str, most: usize) -> Vec<(String, u64)> {
        unimplemented!()
    }
    fn data_paths(&self, typed: &str, most: usize) -> Vec<String> {
        unimplemented!()
    }
}
