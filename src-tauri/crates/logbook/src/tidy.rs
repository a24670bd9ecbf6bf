//! What is done when no day is left to do: finding out the instance's zone, deciding about empty days, sealing what is
//! over, keeping the archive within its limits; and the turn of the day in a logbook that stays open.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use cipp_client::{ClientError, Day};
use log_archive::Limits;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    collect::leave,
    coverage::DayPhase,
    days::{Job, Slot},
    disk, lock,
    logbook::Logbook,
    zone::{DayTimes, InstanceZone, Known, ZoneSource, find},
};

/// The turn of the day is noticed within this time; computers sleep, and clocks are set.
const LOOKS_AT_CLOCK_EVERY: Duration = Duration::from_secs(20);

impl Logbook {
    /// After every job: the next ones, and tidying up after the last.
    pub(crate) fn after_job(self: &Arc<Self>) {
        let last = {
            let mut days = self.days();
            let last = days.has_no_jobs() && days.errands == 0;
            days.errands += u32::from(last);
            last
        };
        if last {
            self.stop_clock();
            let this = Arc::clone(self);
            tokio::spawn(async move {
                let tidy = Arc::clone(&this);
                // A fault there must not keep anybody waiting.
                let _ = tokio::task::spawn_blocking(move || tidy.tidy()).await;
                this.days().errands -= 1;
                this.pump();
            });
        }
        self.pump();
    }

    fn tidy(self: &Arc<Self>) {
        self.stay_within_budget();
        self.find_zone();
        self.look_at_the_day_before();
        self.decide_about_empty_days();
        self.seal_what_is_over();
        self.roll_over();
        self.enforce_limits();
        self.keep_notes();
    }

    /// Finds the zone out from the rows that are here, where nobody has told it.
    fn find_zone(self: &Arc<Self>) {
        let times: Vec<DayTimes> = {
            let days = self.days();
            if !days.zone.is_guess() {
                return;
            }
            let fetched = days
                .slots()
                .iter()
                .filter(|(day, _)| **day <= days.today || days.zone.is_guess());
            fetched.filter_map(|(_, slot)| slot.times.clone()).collect()
        };
        let found = find(&times);
        // Fewer days in memory are no reason to know less than before.
        let known = lock(&self.notes).zone.clone();
        if found.zone.source == ZoneSource::Assumed && known.is_some_and(|known| known.source == ZoneSource::Inferred) {
            return;
        }
        self.learn_zone(Known::found(found));
    }

    /// Where nothing is known about the zone and today has no row, today may be yesterday there: the day before tells.
    fn look_at_the_day_before(&self) {
        let (archived, _) = disk::days(self.archive());
        let mut days = self.days();
        let empty = |slot: &Slot| slot.whole && slot.rows() == 0;
        let today = days.today;
        let nothing_today = days.slots().get(&today).is_some_and(empty);
        let Some(before) = today
            .previous()
            .filter(|_| nothing_today && days.range.is_some_and(|range| range.open))
        else {
            return;
        };
        let unknown = days.zone.zone.source == ZoneSource::Assumed;
        let slot = days.slot(before);
        if unknown && slot.phase == DayPhase::NotFetched && slot.is_idle() {
            slot.cancel = CancellationToken::new();
            if archived.contains(&before) {
                slot.want(Job::Load);
            } else if self.options.client.is_some() {
                slot.want(Job::Fetch { fresh: false });
            }
        }
    }

    /// Takes over what is now known about the zone: another today, other days that are over.
    pub(crate) fn learn_zone(self: &Arc<Self>, known: Known) {
        let zone = known.zone.clone();
        let changed = {
            let mut days = self.days();
            let before = days.shown_days();
            let today = known.today(self.time());
            let old = days.today;
            days.zone = known;
            if today != old {
                days.range = days.range.map(|range| range.moved(old, today));
                days.today = today;
                leave(&mut days);
            }
            (today != old).then(|| before.into_iter().chain(days.shown_days()).collect::<Vec<Day>>())
        };
        self.note(|notes| {
            if zone.source != ZoneSource::Assumed {
                notes.zone = Some(zone);
            }
        });
        if let Some(changed) = changed {
            self.want_new_days();
            self.publish(changed);
        }
        self.tell();
    }

    /// Days that came into the range without anybody asking for them.
    fn want_new_days(self: &Arc<Self>) {
        self.want_again(|phase| *phase == DayPhase::NotFetched);
    }

    fn seal_what_is_over(&self) {
        let shown: Vec<Day> = self.days().slots().keys().copied().collect();
        for day in shown {
            if self.can_seal(day) {
                let mut days = self.days();
                let slot = days.slot(day);
                if slot.is_idle() {
                    slot.todo = Some(Job::Seal);
                }
            }
        }
    }

    /// When the instance's day has ended: yesterday is fetched once more, the new today for the first time.
    pub(crate) fn roll_over(self: &Arc<Self>) {
        let rolled = {
            let mut days = self.days();
            let today = days.zone.today(self.time());
            let rolled = days.range.is_some_and(|range| range.open) && today > days.today;
            if today != days.today {
                days.today = today;
            }
            rolled
        };
        if rolled {
            self.want_again(|phase| matches!(phase, DayPhase::NotFetched | DayPhase::Partial));
            let shown = self.days().shown_days();
            self.publish(shown);
        }
    }

    fn enforce_limits(self: &Arc<Self>) {
        let limits = self.options.limits;
        let Some(archive) = self.archive() else { return };
        if limits.keep_days.is_none() && limits.max_bytes.is_none() {
            return;
        }
        let limits = Limits {
            keep_days: limits.keep_days,
            max_bytes: limits.max_bytes,
        };
        let today = self.days().today;
        match archive.enforce(limits, today) {
            Err(error) => self.days().archive_trouble = Some(error.to_string()),
            Ok(removed) => {
                {
                    let mut days = self.days();
                    for day in &removed {
                        let slot = days.slot(*day);
                        if slot.archived {
                            slot.archived = false;
                            slot.forget_rows();
                            slot.phase = DayPhase::NotFetched;
                        }
                    }
                }
                if !removed.is_empty() {
                    self.publish(removed);
                }
            }
        }
    }

    /// Asks CIPP for its zone, once, unless it is known for certain. Small roles may not ask; that is no trouble.
    pub(crate) fn ask_for_zone(self: &Arc<Self>) {
        let Some(client) = self.options.client.clone() else {
            return;
        };
        let cancel = {
            let mut days = self.days();
            if days.zone_asked || !days.zone.is_guess() {
                return;
            }
            days.zone_asked = true;
            days.errands += 1;
            days.cancel.clone()
        };
        let this = Arc::clone(self);
        tokio::spawn(async move {
            match client.instance_time_zone(&cancel).await {
                Ok(name) => {
                    if let Some(zone) = name.as_deref().and_then(InstanceZone::told) {
                        this.blocking(move |this| this.told_zone(zone)).await;
                    }
                }
                Err(ClientError::Cancelled) => this.days().zone_asked = false,
                Err(error) => tracing::debug!(%error, "the instance does not tell its time zone"),
            }
            this.days().errands -= 1;
            this.after_job();
        });
    }

    fn told_zone(self: &Arc<Self>, zone: InstanceZone) {
        if self.days().zone.is_guess() {
            self.learn_zone(Known::new(zone));
        }
    }

    /// Watches the clock for as long as the logbook is open.
    pub(crate) fn watch(self: &Arc<Self>) {
        if self.watching.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return;
        }
        let (logbook, closed) = (Arc::downgrade(self), self.closed.clone());
        tokio::spawn(async move {
            while closed.run_until_cancelled(sleep(LOOKS_AT_CLOCK_EVERY)).await.is_some() {
                let Some(this) = Weak::upgrade(&logbook) else { return };
                if this.options.client.is_some() {
                    this.look_at_clock().await;
                }
            }
        });
    }

    /// Does what the time asks for: a new today, a day that may be fetched for good.
    pub(crate) async fn look_at_clock(self: &Arc<Self>) {
        let due = {
            let days = self.days();
            let today = days.zone.today(self.time());
            let early = days.shown_days().into_iter().any(|day| self.is_early(day, &days));
            days.is_settled() && (today != days.today || early)
        };
        if due {
            self.blocking(|this| {
                this.roll_over();
                this.want_again(|_| false);
            })
            .await;
            self.pump();
        }
    }

    /// Writes down what is remembered, if there is news.
    pub(crate) fn keep_notes(&self) {
        let Some(archive) = self.archive() else { return };
        let notes = {
            let mut kept = lock(&self.kept_notes);
            let notes = lock(&self.notes).clone();
            if *kept == notes {
                return;
            }
            kept.clone_from(&notes);
            notes
        };
        if let Err(error) = archive.keep_notes(&notes) {
            self.days().archive_trouble.get_or_insert(error.to_string());
        }
    }
}
