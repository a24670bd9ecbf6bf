//! Whether and when a failed read is tried again.
//!
//! Here: the numbers and the decision (facts: Entra E.4, CIPP 2.9), for CIPP, Entra, Graph and Azure alike (`ms-client`
//! uses them too). Not here: what counts as which failure (`reply.rs`, `wire.rs`), and the waiting itself (`client.rs`,
//! `token.rs`). Nothing is ever tried again after a row was handed out, and only reads and token requests come here at
//! all.

use std::time::Duration;

use crate::error::{ClientError, ReachCause};

/// How patient a client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all when a call could not connect or the server failed (408, 500, 502, 504).
    pub tries: u32,
    /// Tries in all when the server asks to wait (429, 503).
    pub tries_when_asked_to_wait: u32,
    /// The first pause after a failure; it doubles with each try.
    pub first_pause: Duration,
    /// The first pause when the server asks to wait and does not say how long; it doubles with each try.
    pub first_pause_when_asked_to_wait: Duration,
    /// The longest pause a server may ask for. A longer one is told to the person at once, not waited for.
    pub longest_pause: Duration,
    /// A try that itself took longer than this is not repeated: the same question would take as long again.
    pub slow_try: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            tries: 3,
            tries_when_asked_to_wait: 5,
            first_pause: Duration::from_millis(500),
            first_pause_when_asked_to_wait: Duration::from_secs(2),
            longest_pause: Duration::from_secs(60),
            slow_try: Duration::from_secs(30),
        }
    }
}

/// A failed try: what to tell, and whether another try may help.
#[derive(Debug)]
pub struct Failure<E = ClientError> {
    /// What to tell.
    pub error: E,
    /// Whether another try may help.
    pub again: Again,
}

/// Whether another try may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It would fail the same way.
    No,
    /// A passing failure; the server may have done what was asked.
    Soon,
    /// A passing failure; the request certainly did not arrive.
    NotSent,
    /// The server asks to wait, perhaps saying how long.
    WhenAsked(Option<Duration>),
}

impl Again {
    /// After a request that got no answer. A certificate does not get better, and who has waited for a time-out once
    /// should be told.
    pub fn without_answer(cause: ReachCause) -> Again {
        match cause {
            ReachCause::Dns | ReachCause::Refused => Again::NotSent,
            ReachCause::Reset | ReachCause::Other => Again::Soon,
            ReachCause::Tls | ReachCause::Proxy | ReachCause::Timeout => Again::No,
        }
    }
}

impl<E> Failure<E> {
    /// A failure that another try would not mend.
    pub fn last(error: E) -> Failure<E> {
        Failure {
            error,
            again: Again::No,
        }
    }
}

/// Counts the tries of one call.
pub struct Tries<'a> {
    policy: &'a RetryPolicy,
    done: u32,
}

impl<'a> Tries<'a> {
    /// None yet.
    pub fn new(policy: &'a RetryPolicy) -> Self {
        Tries { policy, done: 0 }
    }

    /// How long to wait before the next try, or `None` to give up. `took` is how long the failed try took.
    pub fn pause_after(&mut self, again: Again, took: Duration) -> Option<Duration> {
        self.done += 1;
        let doubled = 2u32.saturating_pow(self.done - 1);
        match again {
            Again::No => None,
            _ if took > self.policy.slow_try => None,
            Again::Soon | Again::NotSent => {
                (self.done < self.policy.tries).then(|| with_jitter(self.policy.first_pause * doubled))
            }
            Again::WhenAsked(_) if self.done >= self.policy.tries_when_asked_to_wait => None,
            Again::WhenAsked(None) => Some(with_jitter(self.policy.first_pause_when_asked_to_wait * doubled)),
            // Never shorter than asked; the jitter keeps several waiting calls apart.
            Again::WhenAsked(Some(asked)) => (asked <= self.policy.longest_pause).then(|| with_jitter(asked)),
        }
    }
}

/// Up to a tenth longer, at random, but not more than a second.
fn with_jitter(pause: Duration) -> Duration {
    let most = (pause / 10).min(Duration::from_secs(1));
    pause + most.mul_f64(rand::random::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::ZERO;

    #[test]
    fn passing_failures_are_tried_three_times_with_growing_pauses() {
        let policy = RetryPolicy::default();
        let mut tries = Tries::new(&policy);
        let first = tries.pause_after(Again::Soon, QUICK).unwrap();
        let second = tries.pause_after(Again::Soon, QUICK).unwrap();
        assert!(first >= policy.first_pause && second >= policy.first_pause * 2 && second < policy.first_pause * 3);
        assert_eq!(tries.pause_after(Again::Soon, QUICK), None);
    }

    #[test]
    fn a_server_that_names_a_time_is_obeyed_up_to_a_minute() {
        let policy = RetryPolicy::default();
        let asked =
            |seconds| Tries::new(&policy).pause_after(Again::WhenAsked(Some(Duration::from_secs(seconds))), QUICK);
        assert!(asked(7).unwrap() >= Duration::from_secs(7));
        assert!(asked(60).is_some());
        assert_eq!(asked(61), None);
    }

    #[test]
    fn without_a_time_it_is_2_4_8_16_seconds() {
        let policy = RetryPolicy::default();
        let mut tries = Tries::new(&policy);
        let pauses: Vec<u64> = std::iter::from_fn(|| tries.pause_after(Again::WhenAsked(None), QUICK))
            .map(|p| p.as_secs())
            .collect();
        assert_eq!(pauses.len(), 4);
        for (pause, least) in pauses.iter().zip([2, 4, 8, 16]) {
            assert!(*pause >= least && *pause <= least + 1, "{pauses:?}");
        }
    }

    #[test]
    fn what_took_minutes_or_cannot_help_is_not_repeated() {
        let policy = RetryPolicy::default();
        assert_eq!(
            Tries::new(&policy).pause_after(Again::Soon, Duration::from_secs(230)),
            None
        );
        assert_eq!(Tries::new(&policy).pause_after(Again::No, QUICK), None);
    }
}
