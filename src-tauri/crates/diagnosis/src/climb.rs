//! Climbing: one rung after the other, each told when it begins and when it ends, until one breaks.

use std::time::{Duration, Instant};

use cipp_client::{ApiTest, Client, ClientError, ClientOptions, Field, FieldError, Knock, RetryPolicy, TokenClaims};
use failures::Rung;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::diagnosis::{Diagnosis, Fact, RUNGS, RungOutcome, RungState, Verdict};
use crate::rungs;

/// How long things may take before they are remarked on or given up.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A first answer that takes longer is a cold start (15 to 20 s; facts: CIPP 4, number 29).
    pub slow: Duration,
    /// How long the log may take to begin: longer than the front end of Azure waits (230 s; facts: CIPP 2.9), so that its
    /// own words are heard.
    pub log: Duration,
    /// How long rows are counted; the rest is left.
    pub rows: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            slow: Duration::from_secs(8),
            log: Duration::from_secs(620),
            rows: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// A client's options for a climb: nothing is waited out, because the climb is to tell what happens and not to get
    /// around it.
    #[must_use]
    pub fn options(&self, options: ClientOptions) -> ClientOptions {
        ClientOptions {
            header_timeout: self.log,
            retry: RetryPolicy {
                tries: 1,
                tries_when_asked_to_wait: 1,
                ..options.retry
            },
            ..options
        }
    }
}

/// What is known besides the connection itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What else decides whether it works, such as the version of the app or when the secret was saved.
    pub setting: Vec<Fact>,
    /// How long things may take.
    pub patience: Patience,
}

/// What the lower rungs have found, for the higher ones.
pub(crate) struct Climb<'a> {
    pub(crate) client: &'a Client,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) patience: Patience,
    pub(crate) knock: Option<Knock>,
    pub(crate) claims: Option<TokenClaims>,
    pub(crate) limits: Option<Result<ApiTest, ClientError>>,
    pub(crate) rows: Option<rungs::log::LogLook>,
}

/// A rung that holds.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) proof: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) notes: Vec<&'static str>,
}

/// A rung that does not.
#[derive(Debug)]
pub(crate) enum Broke {
    Failed(Box<Broken>),
    Skipped(String),
    Cancelled,
}

/// Why.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    pub(crate) proof: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) causes: Vec<String>,
    pub(crate) server_said: String,
}

impl Broken {
    /// An error of the client, with what it means. `likely` comes before what the error itself tells.
    pub(crate) fn by(error: &ClientError, likely: &[&str]) -> Broke {
        if matches!(error, ClientError::Cancelled) {
            return Broke::Cancelled;
        }
        let mut causes: Vec<String> = likely.iter().map(|&id| id.to_owned()).collect();
        for failure in error.explanation().failures {
            if !causes.contains(&failure.id) {
                causes.push(failure.id.clone());
            }
        }
        Broke::Failed(Box::new(Broken {
            proof: error.to_string(),
            facts: rungs::ids(error),
            causes,
            server_said: error.detail(),
        }))
    }
}

/// Climbs the ladder of this connection. Each rung is told when it begins and when it ends.
///
/// Looks and changes nothing: one anonymous call, one sign-in, and calls of the compiled-in list. Nothing is tried again,
/// a wrong secret least of all; only a call that is answered 401 is made once more, with a fresh token. `client` should have been made with [`Patience::options`]. When `cancel` is cancelled, it
/// ends at once, with what was found until then.
pub async fn run(
    client: &Client,
    about: &About,
    told: &(dyn Fn(&RungOutcome) + Send + Sync),
    cancel: &CancellationToken,
) -> Diagnosis {
    let begun = (Timestamp::now(), Instant::now());
    let mut climb = Climb {
        client,
        cancel,
        patience: about.patience,
        knock: None,
        claims: None,
        limits: None,
        rows: None,
    };
    let mut outcomes: Vec<RungOutcome> = RUNGS.into_iter().zip(1..).map(not_reached).collect();
    let mut verdict = Verdict::Works;
    for outcome in &mut outcomes {
        outcome.state = RungState::Running;
        told(outcome);
        let rung_begun = Instant::now();
        let found = rungs::climb(outcome.rung, &mut climb).await;
        outcome.duration_ms = milliseconds(rung_begun.elapsed());
        let ended = settle(outcome, found);
        told(outcome);
        if let Some(ended) = ended {
            verdict = ended;
            break;
        }
    }
    let mut setting = rungs::setting(&climb);
    setting.extend(about.setting.iter().cloned());
    setting.extend(version_of(&outcomes));
    Diagnosis {
        started_at: begun.0,
        duration_ms: milliseconds(begun.1.elapsed()),
        rungs: outcomes,
        verdict,
        setting,
    }
}

/// The climb of a connection whose values were refused before anything was sent.
#[must_use]
pub fn refused(error: &FieldError, about: &About) -> Diagnosis {
    let rung = match error.field {
        Field::ApiUrl => Rung::Address,
        _ => Rung::SignIn,
    };
    let mut outcomes: Vec<RungOutcome> = RUNGS.into_iter().zip(1..).map(not_reached).collect();
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.rung == rung) {
        outcome.state = RungState::Failed;
        outcome.proof = format!("{} {}", error.problem, error.remedy);
        outcome.causes = rungs::causes_of_field(error).iter().map(|&id| id.to_owned()).collect();
    }
    Diagnosis {
        started_at: Timestamp::now(),
        duration_ms: 0,
        rungs: outcomes,
        verdict: Verdict::Broken,
        setting: about.setting.clone(),
    }
}

/// Writes down what was found; `Some` where the climb ends.
fn settle(outcome: &mut RungOutcome, found: Result<Held, Broke>) -> Option<Verdict> {
    match found {
        Ok(held) => {
            outcome.state = RungState::Passed;
            outcome.proof = held.proof;
            outcome.facts = held.facts;
            outcome.notes = held.notes.into_iter().map(str::to_owned).collect();
            None
        }
        Err(Broke::Skipped(why)) => {
            outcome.state = RungState::Skipped;
            outcome.proof = why;
            None
        }
        Err(Broke::Failed(broken)) => {
            outcome.state = RungState::Failed;
            outcome.proof = broken.proof;
            outcome.facts = broken.facts;
            outcome.causes = broken.causes;
            outcome.server_said = broken.server_said;
            Some(Verdict::Broken)
        }
        Err(Broke::Cancelled) => {
            outcome.state = RungState::NotReached;
            outcome.proof = "Cancelled.".to_owned();
            Some(Verdict::Cancelled)
        }
    }
}

fn not_reached((rung, number): (Rung, u8)) -> RungOutcome {
    RungOutcome {
        rung,
        number,
        state: RungState::NotReached,
        duration_ms: 0,
        proof: String::new(),
        facts: Vec::new(),
        causes: Vec::new(),
        notes: Vec::new(),
        server_said: String::new(),
    }
}

/// The versions belong to what may have changed, as far as the last rung could read them.
fn version_of(outcomes: &[RungOutcome]) -> Vec<Fact> {
    let versions = outcomes.iter().filter(|outcome| outcome.rung == Rung::Versions);
    let facts = versions.flat_map(|outcome| &outcome.facts);
    facts.filter(|fact| fact.label.starts_with("CIPP")).cloned().collect()
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Differences of clocks in words: `14 min ahead`.
pub(crate) fn clock_words(server_ahead_seconds: i64) -> String {
    // Told about this computer's clock, the one that can be set.
    let (amount, way) = match server_ahead_seconds {
        0 => return "exact to the second".to_owned(),
        ahead if ahead > 0 => (ahead, "behind"),
        behind => (-behind, "ahead"),
    };
    let amount = match SignedDuration::from_secs(amount) {
        long if long.as_hours() >= 2 => format!("{} h", long.as_hours()),
        middle if middle.as_mins() >= 2 => format!("{} min", middle.as_mins()),
        short => format!("{} s", short.as_secs()),
    };
    format!("{amount} {way}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_told_from_this_side() {
        assert_eq!(clock_words(0), "exact to the second");
        assert_eq!(clock_words(-840), "14 min ahead");
        assert_eq!(clock_words(7300), "2 h behind");
        assert_eq!(clock_words(3), "3 s behind");
    }
}
