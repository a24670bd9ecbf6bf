//! Whether and when a failed request is tried again.
//!
//! Here: the decision, by `cipp-client`'s numbers (facts: Entra E.4). Not here: what counts as which failure. Everything
//! that comes here is a read, or a token request that may be repeated.

use std::time::Duration;

use cipp_client::RetryPolicy;

/// Whether another try may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It would fail the same way.
    No,
    /// A passing failure; the server may have done what was asked.
    Soon,
    /// A passing failure; the request certainly did not arrive.
    NotSent,
    /// The server asks to wait, perhaps saying how long.
    WhenAsked(Option<Duration>),
}

/// A failed try: what to tell, and whether another try may help.
#[derive(Debug)]
pub(crate) struct Failure<E> {
    pub(crate) error: E,
    pub(crate) again: Again,
}

impl<E> Failure<E> {
    pub(crate) fn last(error: E) -> Failure<E> {
        Failure {
            error,
            again: Again::No,
        }
    }
}

/// Counts the tries of one call.
pub(crate) struct Tries<'a> {
    policy: &'a RetryPolicy,
    done: u32,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(policy: &'a RetryPolicy) -> Self {
        Tries { policy, done: 0 }
    }

    /// How long to wait before the next try, or `None` to give up. `took` is how long the failed try took.
    pub(crate) fn pause_after(&mut self, again: Again, took: Duration) -> Option<Duration> {
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
    fn tries_are_bounded_and_a_server_that_names_a_time_is_obeyed_up_to_a_minute() {
        let policy = RetryPolicy::default();
        let mut tries = Tries::new(&policy);
        assert!(tries.pause_after(Again::Soon, QUICK).unwrap() >= policy.first_pause);
        assert!(tries.pause_after(Again::Soon, QUICK).unwrap() >= policy.first_pause * 2);
        assert_eq!(tries.pause_after(Again::Soon, QUICK), None);
        let asked =
            |seconds| Tries::new(&policy).pause_after(Again::WhenAsked(Some(Duration::from_secs(seconds))), QUICK);
        assert!(asked(7).unwrap() >= Duration::from_secs(7));
        assert_eq!(asked(61), None);
        let mut tries = Tries::new(&policy);
        let waits = std::iter::from_fn(|| tries.pause_after(Again::WhenAsked(None), QUICK)).count();
        assert_eq!(waits, 4);
        assert_eq!(Tries::new(&policy).pause_after(Again::No, QUICK), None);
        assert_eq!(
            Tries::new(&policy).pause_after(Again::Soon, Duration::from_secs(31)),
            None
        );
    }
}
