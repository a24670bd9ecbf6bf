//! Following: today is asked for again and again, as often as the server bears it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{coverage::DayPhase, days::Following, logbook::Logbook};

/// Today is asked for this often.
pub(crate) const USUAL_PAUSE: Duration = Duration::from_secs(60);
/// A server gets ten times as long a rest as it worked.
const REST_FOR_WORK: u32 = 10;
/// Computers sleep, and timers with them: the clock is looked at this often.
const LOOKS_AT_CLOCK_EVERY: Duration = Duration::from_secs(5);

impl Logbook {
    /// See [`Logbook::follow`].
    pub(crate) fn follow_today(self: &Arc<Self>, on: bool) {
        let cancel = {
            let mut days = self.days();
            match (on, &days.following) {
                (true, Some(_)) => return,
                (true, None) => {
                    let cancel = self.closed.child_token();
                    days.following = Some(Following {
                        cancel: cancel.clone(),
                        next: Some(self.time()),
                    });
                    Some(cancel)
                }
                (false, _) => {
                    if let Some(following) = days.following.take() {
                        following.cancel.cancel();
                    }
                    None
                }
            }
        };
        if let Some(cancel) = cancel {
            let logbook = Arc::downgrade(self);
            tokio::spawn(async move { cancel.run_until_cancelled(follow(logbook, &cancel)).await });
        }
        self.tell();
    }

    /// How long to wait before today is asked for again.
    fn rest(&self) -> Duration {
        let least = *crate::lock(&self.follow_every);
        least.max(self.days().today_took * REST_FOR_WORK)
    }

    /// Asks for today again, and for nothing else.
    async fn refresh_today(self: &Arc<Self>) {
        self.blocking(|this| {
            this.roll_over();
            this.want_again(|_: &DayPhase| false);
        })
        .await;
        self.pump();
        self.settled().await;
        self.read_relative_times_again().await;
    }
}

/// Ends when the logbook is gone.
async fn follow(logbook: Weak<Logbook>, cancel: &CancellationToken) {
    // The first time at once: whoever switches it on wants to see what is new.
    let mut due = Instant::now();
    let mut due_by_clock: Option<Timestamp> = None;
    loop {
        let Some(this) = logbook.upgrade() else { return };
        let is_due = Instant::now() >= due || due_by_clock.is_some_and(|at| this.time() >= at);
        if is_due && !this.days().in_background {
            this.refresh_today().await;
            let rest = this.rest();
            due = Instant::now() + rest;
            due_by_clock = SignedDuration::try_from(rest)
                .ok()
                .and_then(|rest| this.time().checked_add(rest).ok());
            if let Some(following) = this.days().following.as_mut().filter(|_| !cancel.is_cancelled()) {
                following.next = due_by_clock;
            }
            this.tell();
            continue;
        }
        let wake = Arc::clone(&this.wake);
        drop(this);
        let pause = due
            .saturating_duration_since(Instant::now())
            .clamp(Duration::from_millis(20), LOOKS_AT_CLOCK_EVERY);
        tokio::select! {
            () = sleep(pause) => {}
            () = wake.notified() => {}
        }
    }
}
