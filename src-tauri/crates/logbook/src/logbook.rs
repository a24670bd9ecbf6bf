//! The logbook of one connection as one open view.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, Weak, atomic::AtomicBool},
    time::Duration,
};

use cipp_client::{Client, Day};
use jiff::{Timestamp, tz::TimeZone};
use log_archive::ConnectionArchive;
use log_index::{Dictionaries, Facets, Histogram, LogCounts, LogEntry, LogPage, RowId, SameThing};
use log_query::{Completion, FacetField, QueryRead, SeverityFamily};
use serde::Serialize;
use specta::Type;
use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore, watch},
};
use tokio_util::sync::CancellationToken;

use crate::{
    collect::DAYS_IN_FLIGHT,
    copy::{self, CopyForm, ViewCommand},
    coverage::{Plan, Progress},
    days::Days,
    export::{self, ExportError, ExportOptions, ExportProgress, ExportSummary},
    follow::USUAL_PAUSE,
    lock,
    notes::Notes,
    view::View,
    zone::{InstanceZone, Known, time_zone},
};

/// Days that are read from disk at once.
const DAYS_ON_DISK: usize = 2;

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
    /// Bytes that rows may take in memory, with all that comes with them.
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
    /// The text that is in force.
    pub in_force: String,
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
///
/// `async` methods and [`Logbook::follow`] need a Tokio runtime.
pub struct Logbook {
    pub(crate) options: LogbookOptions,
    pub(crate) view: View,
    pub(crate) dictionaries: Dictionaries,
    days: Mutex<Days>,
    pub(crate) notes: Mutex<Notes>,
    /// The notes as they are on disk.
    pub(crate) kept_notes: Mutex<Notes>,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) on_disk: Arc<Semaphore>,
    /// For whoever shows the progress.
    changed: Notify,
    /// For whoever waits for days.
    pub(crate) pulse: watch::Sender<()>,
    /// Ends a pause of following.
    pub(crate) wake: Arc<Notify>,
    pub(crate) follow_every: Mutex<Duration>,
    pub(crate) watching: AtomicBool,
    pub(crate) searching_data: AtomicBool,
    pub(crate) closed: CancellationToken,
    /// Where tasks run, for threads that are outside of it.
    pub(crate) runtime: OnceLock<Handle>,
    this: Weak<Logbook>,
}

impl Logbook {
    /// Opens the log. No row is read before [`Logbook::show`].
    pub fn open(options: LogbookOptions) -> Arc<Logbook> {
        let notes: Notes = options
            .archive
            .as_ref()
            .map(ConnectionArchive::notes)
            .unwrap_or_default();
        let set = options.zone.clone().filter(|zone| time_zone(&zone.name).is_some());
        let zone = set.or_else(|| notes.zone.clone()).unwrap_or_else(InstanceZone::assumed);
        let now = (options.now)();
        let days = Days::new(Known::new(zone), options.archive_trouble.clone(), now);
        Arc::new_cyclic(|this| Logbook {
            view: View::new(),
            dictionaries: Dictionaries::new(),
            days: Mutex::new(days),
            kept_notes: Mutex::new(notes.clone()),
            notes: Mutex::new(notes),
            in_flight: Arc::new(Semaphore::new(DAYS_IN_FLIGHT)),
            on_disk: Arc::new(Semaphore::new(DAYS_ON_DISK)),
            changed: Notify::new(),
            pulse: watch::Sender::new(()),
            wake: Arc::new(Notify::new()),
            follow_every: Mutex::new(USUAL_PAUSE),
            watching: AtomicBool::new(false),
            searching_data: AtomicBool::new(false),
            closed: CancellationToken::new(),
            runtime: OnceLock::new(),
            this: this.clone(),
            options,
        })
    }

    /// What showing these days would cost.
    pub fn plan(&self, from: Day, to: Day) -> Plan {
        self.plan_days(from, to)
    }

    /// The instance's today, as far as its zone is known.
    pub fn today(&self) -> Day {
        self.days().zone.today(self.time())
    }

    /// Makes these days the range of the view: what is archived is loaded at once, the rest is fetched newest first, at
    /// most two at a time; today is fetched again. Done when no day is waiting; failures are in [`Logbook::progress`].
    pub async fn show(self: &Arc<Self>, from: Day, to: Day) {
        self.show_days(from, to).await;
    }

    /// Fetches what is not closed (today, days that failed or are partial) again.
    pub async fn refresh(self: &Arc<Self>) {
        self.refresh_days().await;
    }

    /// Fetches (or loads) one day of the range anew, whatever became of it before; a closed day's file is replaced, and
    /// rows that CIPP has forgotten since stay in it.
    pub async fn fetch_day(self: &Arc<Self>, day: Day) {
        self.fetch_one(day).await;
    }

    /// Stops every day that is not done. Rows that arrived are kept.
    pub fn cancel(&self) {
        self.cancel_all();
    }

    /// Stops one day.
    pub fn cancel_day(&self, day: Day) {
        self.days().slot(day).stop();
        self.tell();
    }

    /// Asks for today again and again (every 60 s, slower when the server is slow), until it is called with `false`.
    pub fn follow(self: &Arc<Self>, on: bool) {
        self.follow_today(on);
    }

    /// How often following asks at the most.
    pub fn set_follow_pause(&self, pause: Duration) {
        *lock(&self.follow_every) = pause;
        self.wake.notify_one();
    }

    /// While the window is in the background, following pauses.
    pub fn set_in_background(&self, yes: bool) {
        self.days().in_background = yes;
        self.wake.notify_one();
    }

    /// Sets the instance's zone; none to find it out again.
    pub fn set_zone(&self, zone: Option<InstanceZone>) {
        let set = zone.filter(|zone| time_zone(&zone.name).is_some());
        if set.is_none() {
            self.note(|notes| notes.zone = None);
            self.days().zone_asked = false;
        }
        let known = Known::new(set.unwrap_or_else(InstanceZone::assumed));
        if let Some(this) = self.this.upgrade() {
            this.learn_zone(known);
            self.keep_notes();
            // Before the first days were shown nothing follows from it.
            if let Some(_runtime) = this.runtime.get().map(Handle::enter) {
                this.ask_for_zone();
                this.after_job();
            }
        }
    }

    /// Ends everything: fetching, searching, following.
    pub fn close(&self) {
        self.closed.cancel();
        self.view.close();
        self.cancel_all();
        self.keep_notes();
        self.tell();
    }

    /// How far everything is.
    pub fn progress(&self) -> Progress {
        let days = self.days();
        // Taken under the lock of the days, so that rows and counts belong together.
        let shown = self.view.now();
        let finished = days.has_no_jobs();
        let until = days
            .ended
            .filter(|_| finished)
            .unwrap_or_else(tokio::time::Instant::now);
        Progress {
            generation: shown.generation,
            days: days.progress(),
            finished,
            elapsed: until.saturating_duration_since(days.started),
            bytes: days.bytes(),
            calls: days.calls,
            loaded: shown.counts.total,
            matched: shown.counts.matched,
            data_search: shown.data,
            zone: days.zone.zone.clone(),
            today: days.zone.today(self.time()),
            following: days.following.is_some(),
            next_follow: days.following.as_ref().and_then(|following| following.next),
            archive_trouble: days.archive_trouble.clone(),
            cached_answers: days.cached_answers,
        }
    }

    /// Waits until there is something new to show since the last wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Lays a filter over the rows; the one before is cancelled. `zone` is the one in which times are shown.
    ///
    /// # Errors
    /// [`LogbookError::Superseded`] when a newer filter was set meanwhile.
    pub fn set_query(&self, text: &str, zone: TimeZone) -> Result<QueryAnswer, LogbookError> {
        self.lay_filter(text, zone, None)
    }

    /// The same for somebody who types: filters are asked for without waiting for the one before, and may arrive in any
    /// order. Each has a larger `turn` than the one before; what comes behind a later one is superseded.
    ///
    /// # Errors
    /// [`LogbookError::Superseded`] when a newer filter was set.
    pub fn set_query_in_turn(&self, text: &str, zone: TimeZone, turn: u32) -> Result<QueryAnswer, LogbookError> {
        self.lay_filter(text, zone, Some(turn))
    }

    /// Proposals for the filter text.
    pub fn complete(&self, text: &str, cursor: u32) -> Vec<Completion> {
        log_query::complete(text, cursor, &self.view.now().index)
    }

    /// How many rows there are, and how many match.
    pub fn counts(&self) -> LogCounts {
        self.view.now().counts
    }

    /// Some consecutive matching rows, newest first.
    pub fn page(&self, offset: u32, limit: u32) -> LogPage {
        let shown = self.view.now();
        LogPage {
            generation: shown.generation,
            total: shown.counts.total,
            matched: shown.counts.matched,
            offset,
            rows: shown.index.page(&shown.hits, offset, limit),
        }
    }

    /// Counts of values among the matching rows; at most `most` values a field, those that contain `typed`.
    ///
    /// # Errors
    /// [`LogbookError::Superseded`] when a newer filter was set meanwhile.
    pub fn facets(&self, fields: &[FacetField], typed: &str, most: u32) -> Result<Facets, LogbookError> {
        self.facets_now(fields, typed, most)
    }

    /// The matching rows over time, in at most `bars` bars. Without a range: from the first to the last loaded row.
    /// Bars start at round times of `zone`.
    ///
    /// # Errors
    /// [`LogbookError::Superseded`] when a newer filter was set meanwhile.
    pub fn histogram(
        &self,
        range_ms: Option<(i64, i64)>,
        bars: u32,
        zone: TimeZone,
    ) -> Result<Histogram, LogbookError> {
        self.histogram_now(range_ms, bars, &zone)
    }

    /// One row in full; from memory or from the day's file.
    ///
    /// # Errors
    /// There is no such row any more, or its file cannot be read.
    pub fn entry(&self, id: RowId) -> Result<LogEntry, LogbookError> {
        self.entry_of(id)
    }

    /// Where a row is among the matching ones.
    pub fn position(&self, id: RowId) -> Option<u32> {
        let shown = self.view.now();
        shown.index.position(&shown.hits, id)
    }

    /// The next matching row of one of these families after (or before) a position; -1 to begin at an end.
    pub fn next_of(&self, families: &[SeverityFamily], from: i64, backwards: bool) -> Option<u32> {
        let shown = self.view.now();
        shown.index.next_of(&shown.hits, families, from, backwards)
    }

    /// The position of the first matching row at or before this time.
    pub fn position_at(&self, time: Timestamp) -> u32 {
        let shown = self.view.now();
        let nanoseconds = time
            .as_nanosecond()
            .clamp(i128::from(i64::MIN + 1), i128::from(i64::MAX)) as i64;
        shown.index.position_at(&shown.hits, nanoseconds)
    }

    /// The same thing elsewhere.
    ///
    /// # Errors
    /// There is no such row any more, or the logbook was closed.
    pub fn same_thing(&self, id: RowId) -> Result<SameThing, LogbookError> {
        self.same_thing_as(id)
    }

    /// A row as text.
    ///
    /// # Errors
    /// As [`Logbook::entry`].
    pub fn copy(&self, id: RowId, form: CopyForm, zone: TimeZone) -> Result<String, LogbookError> {
        let entry = self.entry(id)?;
        let same = match form {
            CopyForm::Ticket => Some(self.same_thing(id)?),
            _ => None,
        };
        let copied = copy::Copied {
            entry: &entry,
            same: same.as_ref(),
            zone: &zone,
            connection: &self.options.connection_name,
        };
        Ok(copy::entry_text(form, &copied))
    }

    /// The view (range, filter) as a command line; no secret in it.
    pub fn copy_as(&self, form: ViewCommand) -> String {
        let (from, to) = self.snapshot().range();
        let shown = self.view.now();
        let view = copy::View {
            connection: &self.options.connection_name,
            from,
            to,
            query_text: &shown.text,
            query: &shown.query,
            zone: shown.zone.iana_name(),
        };
        copy::view_text(form, &view, copy::Shell::of_this_system())
    }

    /// Writes the matching rows to a file, newest first. Blocks the calling thread. The file appears whole or not at all.
    ///
    /// # Errors
    /// See [`ExportError`].
    pub fn export(
        &self,
        path: &Path,
        options: &ExportOptions,
        progress: &dyn Fn(ExportProgress),
        cancel: &CancellationToken,
    ) -> Result<ExportSummary, ExportError> {
        let snapshot = self.snapshot();
        let (from, to) = snapshot.range();
        let rows = export::Rows {
            count: snapshot.matched(),
            from,
            to,
            filter: snapshot.query_text().to_owned(),
            coverage: snapshot.coverage_sentence(),
            each: &|visit| snapshot.for_each(visit).map_err(|error| error.to_string()),
        };
        export::write(&rows, path, options, progress, cancel)
    }

    pub(crate) fn days(&self) -> MutexGuard<'_, Days> {
        lock(&self.days)
    }

    pub(crate) fn archive(&self) -> Option<&ConnectionArchive> {
        self.options.archive.as_ref()
    }

    pub(crate) fn time(&self) -> Timestamp {
        (self.options.now)()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// The logbook as tasks and threads hold it.
    pub(crate) fn shared(&self) -> Option<Arc<Logbook>> {
        self.this.upgrade()
    }

    pub(crate) fn note(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut lock(&self.notes));
    }

    /// Brings what the days have into the index.
    pub(crate) fn publish(&self, changed: impl IntoIterator<Item = Day>) {
        let changed: Vec<Day> = changed.into_iter().collect();
        self.view.change(|index| {
            let days = self.days();
            changed
                .iter()
                .fold(index.clone(), |index, day| index.with_day(*day, days.segments(*day)))
        });
        self.search_data_on_disk();
        self.tell();
    }

    /// Says that there is something new.
    pub(crate) fn tell(&self) {
        self.changed.notify_one();
        self.pulse.send_replace(());
    }
}

impl Drop for Logbook {
    fn drop(&mut self) {
        // What still sleeps on its behalf wakes up and ends.
        self.closed.cancel();
    }
}

impl std::fmt::Debug for Logbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logbook").finish_non_exhaustive()
    }
}
