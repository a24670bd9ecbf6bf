//! How many calls run at once, and how many in a time window.
//!
//! Here: the waiting before a call. CIPP allows 100 calls in 10 s for each API client (facts: Entra 0, E.5); other
//! programs may use the same client, so this stays below. Not here: what happens when the server still says 429
//! (`retry.rs`). All waiting ends at once when the waiting future is dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// The right to run one call; held until its body has been read.
#[derive(Debug)]
pub(crate) struct Permit(#[allow(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

#[derive(Debug)]
pub(crate) struct Pace {
    in_flight: Arc<Semaphore>,
    calls: usize,
    window: Duration,
    begun: Mutex<VecDeque<Instant>>,
}

impl Pace {
    pub(crate) fn new(in_flight: usize, calls: usize, window: Duration) -> Pace {
        Pace {
            in_flight: Arc::new(Semaphore::new(in_flight.max(1))),
            calls: calls.max(1),
            window,
            begun: Mutex::default(),
        }
    }

    /// Waits for a place. `None` cannot happen: the semaphore is never closed; it is left to the caller to say so.
    pub(crate) async fn enter(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.in_flight).acquire_owned().await.ok()?;
        while let Some(free_at) = self.begin_or_wait_until(Instant::now()) {
            sleep_until(free_at).await;
        }
        Some(Permit(permit))
    }

    /// Notes a call that begins now, or says when the next one may.
    fn begin_or_wait_until(&self, now: Instant) -> Option<Instant> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        while begun
            .front()
            .is_some_and(|first| now.duration_since(*first) >= self.window)
        {
            begun.pop_front();
        }
        if begun.len() < self.calls {
            begun.push_back(now);
            return None;
        }
        begun.front().map(|first| *first + self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ninety_calls_begin_at_once_and_the_next_waits_for_the_window() {
        let pace = Pace::new(1, 90, Duration::from_secs(10));
        let start = Instant::now();
        for _ in 0..90 {
            drop(pace.enter().await);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(pace.enter().await);
        assert!(start.elapsed() >= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_third_call_waits_until_one_of_two_is_done() {
        let pace = Pace::new(2, 90, Duration::from_secs(10));
        let first = pace.enter().await;
        let _second = pace.enter().await;
        assert!(
            tokio::time::timeout(Duration::from_secs(60), pace.enter())
                .await
                .is_err()
        );
        drop(first);
        assert!(
            tokio::time::timeout(Duration::from_secs(60), pace.enter())
                .await
                .is_ok()
        );
    }
}
