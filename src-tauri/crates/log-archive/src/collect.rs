//! Collecting: days of log fetched from CIPP into a view, newest first, at most two at once.
//!
//! Each day has its own outcome. A day that fails or is cut off keeps the rows that did arrive, says so, can be asked
//! for again, and never holds up or blanks the others.
//!
//! What deliberately is not here: retries of single requests, rate limits and sign-in (the client's), and what a person
//! is told about progress (the shell's).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cipp_client::{Client, ClientError, Day, ListLogs};
use serde::Serialize;
use specta::Type;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{loaded_log::Batch, view::LogView};

const DAYS_IN_FLIGHT: usize = 2;
/// Rows that trickle in are shown at least this often.
const SHOWN_AFTER: Duration = Duration::from_millis(100);

/// How far a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum DayPhase {
    /// Its turn has not come.
    Waiting,
    /// It is being fetched.
    Loading,
    /// All its rows are here.
    Complete,
    /// It broke off; the rows that arrived before are kept.
    Failed,
    /// It was cancelled; the rows that arrived before are kept.
    Cancelled,
}

/// One day and how far it is.
#[derive(Clone, Debug)]
pub struct DayProgress {
    /// The day.
    pub day: Day,
    /// How far it is.
    pub state: DayPhase,
    /// Its rows in the view.
    pub rows: u32,
    /// Those of them that could not be read, or have a field of an unexpected type.
    pub odd_rows: u32,
    /// Why it failed.
    pub error: Option<ClientError>,
}

/// How far a collection is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Every day, newest first.
    pub days: Vec<DayProgress>,
    /// Whether no day is waiting or loading.
    pub finished: bool,
    /// Time since the start, or from the start to the end of the last day.
    pub elapsed: Duration,
    /// Bytes of JSON read, unpacked.
    pub bytes: u64,
}

/// Some days of one CIPP instance on their way into a [`LogView`].
#[derive(Debug)]
pub struct Collection {
    client: Client,
    view: Arc<LogView>,
    days: Mutex<Vec<Slot>>,
    in_flight: Arc<Semaphore>,
    clock: Mutex<Clock>,
    changed: Notify,
}

#[derive(Debug)]
struct Slot {
    day: Day,
    state: DayPhase,
    error: Option<ClientError>,
    bytes: u64,
    cancel: CancellationToken,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    started: Instant,
    ended: Option<Instant>,
}

/// How the reading of a day ended.
enum Ending {
    Complete,
    Cancelled,
    Failed(ClientError),
}

impl Collection {
    /// A collection of the given days, which will be fetched newest first. Nothing is fetched before
    /// [`Collection::run`].
    pub fn new(client: Client, mut days: Vec<Day>, view: Arc<LogView>) -> Arc<Collection> {
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        let days = days.into_iter().map(Slot::new).collect();
        Arc::new(Collection {
            client,
            view,
            days: Mutex::new(days),
            in_flight: Arc::new(Semaphore::new(DAYS_IN_FLIGHT)),
            clock: Mutex::new(Clock {
                started: Instant::now(),
                ended: None,
            }),
            changed: Notify::new(),
        })
    }

    /// The rows.
    pub fn view(&self) -> &Arc<LogView> {
        &self.view
    }

    /// Fetches every waiting day; done when none is left. Failures are found in [`Collection::progress`].
    pub async fn run(self: &Arc<Self>) {
        *lock(&self.clock) = Clock {
            started: Instant::now(),
            ended: None,
        };
        let waiting: Vec<Day> = lock(&self.days)
            .iter()
            .filter(|slot| slot.state == DayPhase::Waiting)
            .map(|slot| slot.day)
            .collect();
        let mut running = JoinSet::new();
        let mut day_of = HashMap::new();
        for day in waiting {
            // A place is taken here, not in the task: days must start in their order.
            let Some(place) = self.place().await else { break };
            let collection = Arc::clone(self);
            let task = running.spawn(async move { collection.collect(day, place).await });
            day_of.insert(task.id(), day);
        }
        while let Some(ended) = running.join_next().await {
            // A fault of the program in one day must not leave it loading for ever.
            if let Err(fault) = ended
                && let Some(day) = day_of.get(&fault.id())
            {
                let detail = "CIPP Desk made a mistake while it read this day.".to_owned();
                self.enter(*day, DayPhase::Failed, Some(ClientError::Local { detail }));
            }
        }
        self.stop_clock();
    }

    /// Fetches a failed or cancelled day again. Does nothing for a day that is waiting, loading or not part of this.
    /// Rows that are here already stay, and are replaced as they arrive anew.
    pub async fn retry(&self, day: Day) {
        let again = self.with_slot(day, |slot| {
            let again = matches!(slot.state, DayPhase::Failed | DayPhase::Cancelled);
            if again {
                *slot = Slot::new(day);
            }
            again
        });
        if again == Some(true) {
            *lock(&self.clock) = Clock {
                started: Instant::now(),
                ended: None,
            };
            if let Some(place) = self.place().await {
                self.collect(day, place).await;
            }
            self.stop_clock();
        }
    }

    /// Stops every day that is not done. Rows that arrived are kept.
    pub fn cancel(&self) {
        lock(&self.days).iter_mut().for_each(Slot::cancel);
        self.changed.notify_one();
    }

    /// Stops one day. Rows that arrived are kept.
    pub fn cancel_day(&self, day: Day) {
        self.with_slot(day, Slot::cancel);
        self.changed.notify_one();
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let days = lock(&self.days);
        let clock = *lock(&self.clock);
        let finished = days
            .iter()
            .all(|slot| !matches!(slot.state, DayPhase::Waiting | DayPhase::Loading));
        let until = clock.ended.filter(|_| finished).unwrap_or_else(Instant::now);
        Progress {
            finished,
            elapsed: until - clock.started,
            bytes: days.iter().map(|slot| slot.bytes).sum(),
            days: days.iter().map(|slot| self.progress_of(slot)).collect(),
        }
    }

    /// Waits until there is something new to show since the last wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn progress_of(&self, slot: &Slot) -> DayProgress {
        let (rows, odd_rows) = self.view.rows_of_day(slot.day);
        DayProgress {
            day: slot.day,
            state: slot.state,
            rows,
            odd_rows,
            error: slot.error.clone(),
        }
    }

    /// Waits for one of the places in flight.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.in_flight).acquire_owned().await.ok()
    }

    async fn collect(&self, day: Day, _place: OwnedSemaphorePermit) {
        let Some(cancel) = self.with_slot(day, |slot| slot.cancel.clone()) else {
            return;
        };
        if cancel.is_cancelled() {
            return;
        }
        self.enter(day, DayPhase::Loading, None);
        match self.read_day(day, &cancel).await {
            Ending::Complete => self.enter(day, DayPhase::Complete, None),
            Ending::Cancelled => self.enter(day, DayPhase::Cancelled, None),
            Ending::Failed(error) => self.enter(day, DayPhase::Failed, Some(error)),
        }
    }

    /// Reads a day into the view, as far as it comes.
    async fn read_day(&self, day: Day, cancel: &CancellationToken) -> Ending {
        let attempt = self.view.begin_day(day);
        let mut rows = match self.client.list_logs(&ListLogs::day(day), cancel).await {
            Ok(rows) => rows,
            Err(error) => return ended_by(error),
        };
        let mut batch = Batch::new(day, attempt);
        let mut tick = interval(SHOWN_AFTER);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = loop {
            let next = {
                // Kept over the ticks: a half-read row must not be dropped with its future.
                let mut next = std::pin::pin!(rows.next());
                loop {
                    tokio::select! {
                        biased;
                        () = cancel.cancelled() => break Some(Err(ClientError::Cancelled)),
                        next = &mut next => break next,
                        _ = tick.tick() => self.flush(&mut batch),
                    }
                }
            };
            match next {
                Some(Ok(row)) => batch.push(&row),
                Some(Err(error)) => break ended_by(error),
                None => break Ending::Complete,
            }
            if batch.is_full() {
                self.flush(&mut batch);
                self.with_slot(day, |slot| slot.bytes = rows.bytes_read());
                // Rows that are all here already would otherwise never let another task run.
                tokio::task::yield_now().await;
            }
        };
        self.flush(&mut batch);
        self.with_slot(day, |slot| slot.bytes = rows.bytes_read());
        ending
    }

    fn flush(&self, batch: &mut Batch) {
        if !batch.is_empty() {
            self.view.append(batch.take());
            self.changed.notify_one();
        }
    }

    fn enter(&self, day: Day, state: DayPhase, error: Option<ClientError>) {
        self.with_slot(day, |slot| {
            slot.state = state;
            slot.error = error;
        });
        self.changed.notify_one();
    }

    fn stop_clock(&self) {
        lock(&self.clock).ended = Some(Instant::now());
        self.changed.notify_one();
    }

    fn with_slot<T>(&self, day: Day, work: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        lock(&self.days).iter_mut().find(|slot| slot.day == day).map(work)
    }
}

impl Slot {
    fn new(day: Day) -> Slot {
        Slot {
            day,
            state: DayPhase::Waiting,
            error: None,
            bytes: 0,
            cancel: CancellationToken::new(),
        }
    }

    /// A waiting day is cancelled at once, a loading one by whoever reads it.
    fn cancel(&mut self) {
        self.cancel.cancel();
        if self.state == DayPhase::Waiting {
            self.state = DayPhase::Cancelled;
        }
    }
}

fn ended_by(error: ClientError) -> Ending {
    match error {
        ClientError::Cancelled => Ending::Cancelled,
        error => Ending::Failed(error),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is valid after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
