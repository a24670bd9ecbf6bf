//! Collecting: what is to be done for which day, and doing it: from the archive at once, from CIPP newest first and at
//! most two at a time.
//!
//! Each day has its own outcome. A day that fails or is cut off keeps the rows that did arrive, says so, can be asked for
//! again, and never holds up or blanks the others. Nothing has to be undone after the program was killed: a day is in the
//! archive or it is asked for again.
//!
//! What deliberately is not here: one call and its rows (`fetch.rs`), what becomes of them (`whole.rs`).

use std::{collections::BTreeSet, sync::Arc};

use cipp_client::{ClientError, Day};
use jiff::{Timestamp, ToSpan};
use log_archive::{ConnectionArchive, DayFileError};
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    coverage::{Coverage, DayPhase, Plan},
    days::{Days, Job, Range},
    disk::{self, LoadedDay},
    lock,
    logbook::Logbook,
};

/// Rows may be marked as sent after their day has ended (facts: ListLogs 1.7): a day that was fetched within this many
/// hours of its end is fetched once more.
pub(crate) const SETTLES_AFTER_HOURS: i64 = 2;

/// The calls at once that CIPP's smallest plan can take.
pub(crate) const DAYS_IN_FLIGHT: usize = 2;

impl Logbook {
    /// See [`Logbook::show`].
    pub(crate) async fn show_days(self: &Arc<Self>, from: Day, to: Day) {
        let _ = self.runtime.set(tokio::runtime::Handle::current());
        let this = Arc::clone(self);
        let prepared = spawn_blocking(move || {
            let (archived, trouble) = disk::days(this.archive());
            let (before, after) = {
                let mut days = this.days();
                if trouble.is_some() {
                    days.archive_trouble = trouble;
                }
                let before = days.shown_days();
                days.today = days.zone.today(this.time());
                days.range = Some(Range::new(from, to, days.today));
                (days.data_on_disk, days.floor, days.no_room) = (false, None, false);
                days.start_clock();
                let after = days.shown_days();
                leave(&mut days);
                for day in &after {
                    this.want(&mut days, *day, &archived);
                }
                (before, after)
            };
            this.publish(before.into_iter().chain(after));
        });
        // A fault there must not leave the caller waiting.
        let _ = prepared.await;
        self.ask_for_zone();
        self.watch();
        self.pump();
        self.settled().await;
    }

    /// See [`Logbook::refresh`].
    pub(crate) async fn refresh_days(self: &Arc<Self>) {
        self.blocking(|this| {
            this.roll_over();
            let again = [
                DayPhase::Partial,
                DayPhase::Failed,
                DayPhase::Cancelled,
                DayPhase::NotFetched,
            ];
            this.want_again(|phase| again.contains(phase));
        })
        .await;
        self.ask_for_zone();
        self.pump();
        self.settled().await;
        self.read_relative_times_again().await;
    }

    /// Puts every shown day on the list that is not as it should be. `again` says which of those that are at rest are.
    pub(crate) fn want_again(self: &Arc<Self>, again: impl Fn(&DayPhase) -> bool) {
        let (archived, _) = disk::days(self.archive());
        let mut days = self.days();
        days.start_clock();
        for day in days.shown_days() {
            let open = day == days.today;
            let phase = days.slot(day).phase;
            if open || again(&phase) || self.is_early(day, &days) {
                self.want(&mut days, day, &archived);
            }
        }
    }

    /// What is to be done for a day of the range, by what is known of it.
    fn want(&self, days: &mut Days, day: Day, archived: &BTreeSet<Day>) {
        let today = days.today;
        let online = self.options.client.is_some();
        let early = self.is_early(day, days);
        let (ended, floor, no_room) = (days.zone.end_of(day), days.floor, days.no_room);
        let gone = lock(&self.notes).gone.contains(&day);
        let slot = days.slot(day);
        if slot.doing.is_some() {
            return;
        }
        slot.cancel = CancellationToken::new();
        slot.seal_failed = false;
        let in_memory = slot.whole || !slot.segments.is_empty();
        let fetch = Job::Fetch { fresh: false };
        if day > today {
            slot.phase = slot.phase_at_rest(DayPhase::NotFetched);
        } else if in_memory {
            let good = slot.whole && day < today && slot.fetched_at.is_some_and(|at| at >= ended);
            if online && (!good || early) {
                slot.want(fetch);
            }
        } else if archived.contains(&day) && !slot.in_the_way {
            match floor {
                Some(floor) if day <= floor && !slot.pinned => slot.phase = DayPhase::OutOfMemory,
                _ => slot.want(Job::Load),
            }
        } else if gone {
            slot.phase = DayPhase::Gone;
        } else if online && !(no_room && day < today) {
            slot.want(fetch);
        } else if slot.phase != DayPhase::Failed && slot.phase != DayPhase::OutOfMemory {
            slot.phase = DayPhase::NotFetched;
        }
    }

    /// Whether a day has to be fetched once more, because it was fetched so soon after its end.
    pub(crate) fn is_early(&self, day: Day, days: &Days) -> bool {
        lock(&self.notes).early.contains(&day) && self.time() >= settled_at(days.zone.end_of(day))
    }

    /// See [`Logbook::fetch_day`].
    pub(crate) async fn fetch_one(self: &Arc<Self>, day: Day) {
        {
            let mut days = self.days();
            if !days.is_shown(day) {
                return;
            }
            days.start_clock();
            let online = self.options.client.is_some();
            let slot = days.slot(day);
            slot.cancel = CancellationToken::new();
            slot.pinned = true;
            let on_disk = slot.archived || slot.phase == DayPhase::OutOfMemory;
            if on_disk && slot.segments.is_empty() {
                slot.want(Job::Load);
            } else if online {
                slot.want(Job::Fetch { fresh: true });
            }
        }
        self.pump();
        self.settled_for(|days| days.slots().get(&day).is_none_or(|slot| slot.is_idle()))
            .await;
    }

    /// See [`Logbook::cancel`].
    pub(crate) fn cancel_all(&self) {
        let mut days = self.days();
        days.cancel.cancel();
        days.cancel = CancellationToken::new();
        days.slots_mut().for_each(|(_, slot)| slot.stop());
        drop(days);
        self.tell();
    }

    /// Starts as many jobs as may run.
    pub(crate) fn pump(self: &Arc<Self>) {
        while let Some((day, job, place)) = self.next_job() {
            let this = Arc::clone(self);
            let cancel = self.days().slot(day).cancel.clone();
            tokio::spawn(async move {
                let running = tokio::spawn(Arc::clone(&this).run(day, job, cancel));
                // A fault of the program in one day must not leave it loading for ever.
                if running.await.is_err() {
                    let detail = "CIPP Desk made a mistake while it read this day.".to_owned();
                    this.broke_off(day, ClientError::Local { detail });
                }
                this.days().slot(day).doing = None;
                drop(place);
                this.after_job();
            });
        }
        self.tell();
    }

    fn next_job(&self) -> Option<(Day, Job, OwnedSemaphorePermit)> {
        if self.is_closed() {
            return None;
        }
        let is_fetch = |job: Job| matches!(job, Job::Fetch { .. });
        for (places, fetches) in [(&self.on_disk, false), (&self.in_flight, true)] {
            let Ok(place) = Arc::clone(places).try_acquire_owned() else {
                continue;
            };
            let mut days = self.days();
            if let Some((day, job)) = days.next(|job| is_fetch(job) == fetches) {
                let slot = days.slot(day);
                slot.todo = None;
                slot.doing = Some(job);
                if job != Job::Seal {
                    slot.phase = DayPhase::Loading;
                }
                return Some((day, job, place));
            }
        }
        None
    }

    async fn run(self: Arc<Self>, day: Day, job: Job, cancel: CancellationToken) {
        match job {
            Job::Fetch { fresh } => self.fetch(day, fresh, &cancel).await,
            Job::Load => self.blocking(move |this| this.load(day)).await,
            Job::Seal => self.blocking(move |this| this.seal_if_over(day)).await,
        }
    }

    /// Work on a thread that may wait; its faults are this task's.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> T + Send + 'static,
    ) -> T {
        let this = Arc::clone(self);
        match spawn_blocking(move || work(&this)).await {
            Ok(done) => done,
            Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
            // The program is ending: nothing that waits for this will go on.
            Err(_) => std::future::pending().await,
        }
    }

    /// Reads a day from the archive.
    fn load(self: &Arc<Self>, day: Day) {
        let Some(archive) = self.archive() else { return };
        let with_data = self.takes_data(day);
        match disk::load(archive, day, with_data, &self.dictionaries) {
            Ok(loaded) => self.loaded(day, loaded),
            Err(error) => self.not_loaded(archive, day, &error),
        }
        self.publish([day]);
        self.stay_within_budget();
    }

    fn loaded(&self, day: Day, loaded: LoadedDay) {
        let mut days = self.days();
        if loaded.fetched_at < settled_at(days.zone.end_of(day)) {
            self.note(|notes| {
                notes.early.insert(day);
            });
        }
        let again = self.options.client.is_some() && self.is_early(day, &days);
        let no_place = days.floor.is_some_and(|floor| day <= floor);
        let slot = days.slot(day);
        if no_place && !slot.pinned {
            // A newer day gave way while this one was being read.
            slot.phase = DayPhase::OutOfMemory;
            return;
        }
        slot.segments = vec![loaded.segment];
        (slot.archived, slot.whole, slot.in_the_way) = (true, true, false);
        (slot.phase, slot.source) = (DayPhase::Complete, Coverage::Archive);
        slot.fetched_at = Some(loaded.fetched_at);
        slot.times = Some(loaded.times);
        if again {
            slot.then(Job::Fetch { fresh: false });
        }
    }

    /// A file that cannot be read is named, and the day is asked for again. Only a damaged one is set aside at once: with
    /// the right key or a newer program the others are good.
    fn not_loaded(&self, archive: &ConnectionArchive, day: Day, error: &DayFileError) {
        let damaged = matches!(error, DayFileError::Damaged(_));
        let aside = damaged && archive.set_aside(day).is_ok();
        let mut days = self.days();
        let slot = days.slot(day);
        slot.archived = false;
        slot.phase = DayPhase::NotFetched;
        if *error != DayFileError::Missing {
            slot.in_the_way = !aside;
            slot.archive_trouble = Some(error.to_string());
            slot.phase = DayPhase::Failed;
        }
        if self.options.client.is_some() {
            slot.then(Job::Fetch { fresh: false });
        }
    }

    /// See [`Logbook::plan`].
    pub(crate) fn plan_days(&self, from: Day, to: Day) -> Plan {
        let (archived, _) = disk::days(self.archive());
        let mut plan = Plan {
            days: 0,
            archived: 0,
            calls: 0,
            seconds: None,
        };
        let days = self.days();
        let today = days.zone.today(self.time());
        let online = self.options.client.is_some();
        let notes = lock(&self.notes);
        for day in Day::range_newest_first(from, to) {
            plan.days += 1;
            let slot = days.slots().get(&day);
            let in_archive = archived.contains(&day) && slot.is_none_or(|slot| !slot.in_the_way);
            plan.archived += u32::from(in_archive);
            let early = notes.early.contains(&day) && self.time() >= settled_at(days.zone.end_of(day));
            let in_memory =
                slot.is_some_and(|slot| slot.whole && slot.fetched_at.is_some_and(|at| at >= days.zone.end_of(day)));
            let needed = match day.cmp(&today) {
                std::cmp::Ordering::Greater => false,
                std::cmp::Ordering::Equal => true,
                std::cmp::Ordering::Less => early || !(in_archive || in_memory || notes.gone.contains(&day)),
            };
            plan.calls += u32::from(online && needed);
        }
        plan.seconds = notes.usual().map(|usual| {
            let rounds = u64::from(plan.calls).div_ceil(DAYS_IN_FLIGHT as u64);
            (usual.as_millis() as u64 * rounds)
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u32::MAX)
        });
        plan
    }

    /// Waits until nothing is to be done or being done.
    pub(crate) async fn settled(&self) {
        self.settled_for(Days::is_settled).await;
    }

    async fn settled_for(&self, settled: impl Fn(&Days) -> bool) {
        let mut pulse = self.pulse.subscribe();
        while !self.is_closed() && !settled(&self.days()) {
            tokio::select! {
                _ = pulse.changed() => {}
                () = self.closed.cancelled() => {}
            }
        }
    }

    /// Ends the clock when the last job is done.
    pub(crate) fn stop_clock(&self) {
        let mut days = self.days();
        if days.has_no_jobs() && days.ended.is_none() {
            days.ended = Some(Instant::now());
        }
    }
}

/// Days that are no longer looked at are not worked on either.
pub(crate) fn leave(days: &mut Days) {
    let (range, today) = (days.range, days.today);
    for (day, slot) in days.slots_mut() {
        if !range.is_some_and(|range| range.contains(day, today)) && !slot.is_idle() {
            slot.stop();
        }
    }
}

/// From when on a day that ended then no longer changes.
pub(crate) fn settled_at(end: Timestamp) -> Timestamp {
    end.checked_add(SETTLES_AFTER_HOURS.hours()).unwrap_or(end)
}
