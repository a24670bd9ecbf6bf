//! The logbook of one connection as one open view.

use std::{path::Path, sync::Arc};

use cipp_client::{Client, Day};
use jiff::{Timestamp, tz::TimeZone};
use log_archive::ConnectionArchive;
use log_index::{Facets, Histogram, LogCounts, LogEntry, LogPage, RowId, SameThing};
use log_query::{Completion, FacetField, QueryRead, SeverityFamily};
use serde::Serialize;
use specta::Type;
use tokio_util::sync::CancellationToken;

use crate::{
    copy::{CopyForm, ViewCommand},
    coverage::{Plan, Progress},
    export::{ExportError, ExportOptions, ExportProgress, ExportSummary},
    zone::InstanceZone,
};

/// What a logbook is opened with.
#[derive(Clone)]
pub struct LogbookOptions {
    /// Where rows are got; none to read the archive alone (`--offline`, or no secret).
    pub client: Option<Client>,
    /// Where days are kept; none to keep nothing on disk.
    pub archive: Option<ConnectionArchive>,
    /// Why there is no archive where there should be one (no keychain, locked, unreadable), in a sentence; shown with the
    /// progress.
    pub archive_trouble: Option<String>,
    /// What the archive keeps; enforced when days were sealed.
    pub limits: ArchiveLimits,
    /// The zone that a person set for the instance; none to find it out.
    pub zone: Option<InstanceZone>,
    /// Bytes that rows may take in memory.
    pub memory_budget: u64,
    /// What the connection is called, for copied command lines.
    pub connection_name: String,
    /// The time, passed in.
    pub now: fn() -> Timestamp,
}

/// What an archive keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Days; none for ever.
    pub keep_days: Option<u32>,
    /// Bytes; none without end.
    pub max_bytes: Option<u64>,
}

/// What a filter text came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct QueryAnswer {
    /// The generation that shows it, see [`LogPage::generation`].
    pub generation: u32,
    /// How the text was read. With mistakes in it, the filter before stays in force.
    pub read: QueryRead,
    /// Whether this text is in force now.
    pub applied: bool,
    /// The rows that match the filter in force.
    pub counts: LogCounts,
}

/// Why a question to a logbook has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogbookError {
    /// A newer question took over, or the logbook was closed.
    #[error("A newer filter took over.")]
    Superseded,
    /// There is no such row any more.
    #[error("This entry is no longer in the log: it was not among the rows of the last reading.")]
    NoSuchRow,
    /// The day's file in the archive could not be read.
    #[error("{0}")]
    Archive(String),
}

/// One connection's log. Shared by reference; every method may be called from any thread. Methods that are not `async`
/// and take a filter or count rows block the calling thread for some milliseconds for each million rows.
pub struct Logbook {}

#[allow(unused_variables, clippy::unimplemented, missing_docs)]
impl Logbook {
    /// Opens the log. Nothing is read before [`Logbook::show`].
    pub fn open(options: LogbookOptions) -> Arc<Logbook> {
        unimplemented!()
    }

    /// What showing these days would cost.
    pub fn plan(&self, from: Day, to: Day) -> Plan {
        unimplemented!()
    }

    /// The instance's today, as far as its zone is known.
    pub fn today(&self) -> Day {
        unimplemented!()
    }

    /// Makes these days the range of the view: what is archived is loaded at once, the rest is fetched newest first, at
    /// most two at a time; today is fetched again. Done when no day is waiting; failures are in [`Logbook::progress`].
    pub async fn show(self: &Arc<Self>, from: Day, to: Day) {
        unimplemented!()
    }

    /// Fetches what is not closed (today, days that failed or are partial) again.
    pub async fn refresh(self: &Arc<Self>) {
        unimplemented!()
    }

    /// Fetches (or loads) one day of the range anew, whatever became of it before; a closed day's file is replaced.
    pub async fn fetch_day(self: &Arc<Self>, day: Day) {
        unimplemented!()
    }

    /// Stops every day that is not done. Rows that arrived are kept.
    pub fn cancel(&self) {
        unimplemented!()
    }

    /// Stops one day.
    pub fn cancel_day(&self, day: Day) {
        unimplemented!()
    }

    /// Asks for today again and again (every 60 s, slower when the server is slow), until it is called with `false`.
    pub fn follow(self: &Arc<Self>, on: bool) {
        unimplemented!()
    }

    /// While the window is in the background, following pauses.
    pub fn set_in_background(&self, yes: bool) {
        unimplemented!()
    }

    /// Sets the instance's zone; none to find it out again.
    pub fn set_zone(&self, zone: Option<InstanceZone>) {
        unimplemented!()
    }

    /// Ends everything: fetching, searching, following.
    pub fn close(&self) {
        unimplemented!()
    }

    pub fn progress(&self) -> Progress {
        unimplemented!()
    }

    /// Waits until there is something new to show since the last wait.
    pub async fn changed(&self) {
        unimplemented!()
    }

    /// Lays a filter over the rows; the one before is cancelled. `zone` is the one in which times are shown.
    pub fn set_query(&self, text: &str, zone: TimeZone) -> Result<QueryAnswer, LogbookError> {
        unimplemented!()
    }

    /// Proposals for the filter text.
    pub fn complete(&self, text: &str, cursor: u32) -> Vec<Completion> {
        unimplemented!()
    }

    pub fn counts(&self) -> LogCounts {
        unimplemented!()
    }

    /// Some consecutive matching rows, newest first.
    pub fn page(&self, offset: u32, limit: u32) -> LogPage {
        unimplemented!()
    }

    /// Counts of values among the matching rows; at most `most` values a field, those that contain `typed`.
    pub fn facets(&self, fields: &[FacetField], typed: &str, most: u32) -> Result<Facets, LogbookError> {
        unimplemented!()
    }

    /// The matching rows over time, in at most `bars` bars. Without a range: from the first to the last loaded row.
    /// Bars start at round times of `zone`.
    pub fn histogram(
        &self,
        range_ms: Option<(i64, i64)>,
        bars: u32,
        zone: TimeZone,
    ) -> Result<Histogram, LogbookError> {
        unimplemented!()
    }

    /// One row in full; from memory or from the day's file.
    pub fn entry(&self, id: RowId) -> Result<LogEntry, LogbookError> {
        unimplemented!()
    }

    /// Where a row is among the matching ones.
    pub fn position(&self, id: RowId) -> Option<u32> {
        unimplemented!()
    }

    /// The next matching row of one of these families after (or before) a position; -1 to begin at an end.
    pub fn next_of(&self, families: &[SeverityFamily], from: i64, backwards: bool) -> Option<u32> {
        unimplemented!()
    }

    /// The position of the first matching row at or before this time.
    pub fn position_at(&self, time: Timestamp) -> u32 {
        unimplemented!()
    }

    /// The same thing elsewhere.
    pub fn same_thing(&self, id: RowId) -> Result<SameThing, LogbookError> {
        unimplemented!()
    }

    /// A row as text.
    pub fn copy(&self, id: RowId, form: CopyForm, zone: TimeZone) -> Result<String, LogbookError> {
        unimplemented!()
    }

    /// The view (range, filter) as a command line; no secret in it.
    pub fn copy_as(&self, form: ViewCommand) -> String {
        unimplemented!()
    }

    /// Writes the matching rows to a file, newest first. Blocks the calling thread. The file appears whole or not at all.
    pub fn export(
        &self,
        path: &Path,
        options: &ExportOptions,
        progress: &dyn Fn(ExportProgress),
        cancel: &CancellationToken,
    ) -> Result<ExportSummary, ExportError> {
        unimplemented!()
    }
}
