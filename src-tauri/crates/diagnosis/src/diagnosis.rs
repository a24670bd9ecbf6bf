//! What came of climbing the ladder, as it is shown, kept and copied.

use failures::{Failure, Rung};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// The rungs, from the ground up. Those of [`Rung`] that stand beside the ladder are left out.
pub(crate) const RUNGS: [Rung; 9] = [
    Rung::Address,
    Rung::Reach,
    Rung::RightDoor,
    Rung::SignIn,
    Rung::TokenFits,
    Rung::Accepted,
    Rung::Allowed,
    Rung::LogRead,
    Rung::Versions,
];

/// One climb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// All nine rungs, in order.
    pub rungs: Vec<RungOutcome>,
    /// How it ended.
    pub verdict: Verdict,
    /// What decides whether a connection works, as it was then: address, tenant, client, proxy, versions. The same labels
    /// in each run, so that two can be held side by side.
    pub setting: Vec<Fact>,
}

impl Diagnosis {
    /// The rung that broke.
    #[must_use]
    pub fn broken(&self) -> Option<&RungOutcome> {
        self.rungs.iter().find(|rung| rung.state == RungState::Failed)
    }

    /// The one failure to name: the first cause of the rung that broke; of a climb that came through, the first thing worth
    /// knowing.
    #[must_use]
    pub fn named(&self) -> Option<&'static Failure> {
        match self.broken() {
            Some(rung) => rung.causes().into_iter().next(),
            None => self.rungs.iter().find_map(|rung| rung.notes().into_iter().next()),
        }
    }
}

/// How a climb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The log can be read.
    Works,
    /// A rung broke.
    Broken,
    /// A person stopped it.
    Cancelled,
}

/// One rung of a climb.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RungOutcome {
    /// Which.
    pub rung: Rung,
    /// Counted from 1.
    pub number: u8,
    /// How it stands.
    pub state: RungState,
    /// In milliseconds; rungs that one call proves share its time, the first has it.
    pub duration_ms: u32,
    /// What proves it, or the sentence of what went wrong; one line, empty until known.
    pub proof: String,
    /// More, for whoever looks closer.
    pub facts: Vec<Fact>,
    /// Where it broke: the ids of all plausible failures, the one to name first.
    pub causes: Vec<String>,
    /// Where it holds: the ids of what is worth knowing all the same.
    pub notes: Vec<String>,
    /// What the server said, scrubbed; may be empty.
    pub server_said: String,
}

impl RungOutcome {
    /// The failures behind `causes`. One that this version does not know (a run kept by another version) is left out.
    #[must_use]
    pub fn causes(&self) -> Vec<&'static Failure> {
        self.causes.iter().filter_map(|id| failures::by_id(id)).collect()
    }

    /// The failures behind `notes`.
    #[must_use]
    pub fn notes(&self) -> Vec<&'static Failure> {
        self.notes.iter().filter_map(|id| failures::by_id(id)).collect()
    }
}

/// How a rung stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum RungState {
    /// The climb ended below.
    NotReached,
    /// Being tried.
    Running,
    /// It holds.
    Passed,
    /// It broke.
    Failed,
    /// Nobody needs it for the log, and it could not be looked at; the proof says why.
    Skipped,
}

/// A detail by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// Its value.
    pub value: String,
}

impl Fact {
    /// A detail.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Fact {
        Fact {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// A rung's words for people.
#[must_use]
pub fn name(rung: Rung) -> &'static str {
    match rung {
        Rung::Address => "Address",
        Rung::Reach => "Reach",
        Rung::RightDoor => "Right door",
        Rung::SignIn => "Sign-in",
        Rung::TokenFits => "Token fits",
        Rung::Accepted => "Accepted",
        Rung::Allowed => "Allowed",
        Rung::LogRead => "Log read",
        Rung::Versions => "Versions",
        Rung::SetUp => "Set-up",
        Rung::InsideCipp => "Inside CIPP",
    }
}
