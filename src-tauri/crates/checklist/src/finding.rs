//! What a check found, and the proof of it: what is kept, shown and printed.
//!
//! Here: plain data without a secret. A check says one of five things, and "could not check" is one of them: it never
//! counts as done and never as failed. Not here: how anything is looked up (`sources`) or decided (`checks`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Verdict {
    /// It is as it should be.
    Passed {
        /// What is worth knowing all the same: an expiry that comes near, or what was inferred and not seen.
        hint: Option<String>,
    },
    /// It is not as it should be.
    Failed {
        /// What is wrong, as a sentence.
        reason: String,
        /// What to do next, as a sentence.
        remedy: String,
    },
    /// Not yet, but it comes by itself or is under way.
    Waiting {
        /// What is waited for, as a sentence.
        reason: String,
        /// When to look again, in seconds.
        retry_after_seconds: u32,
    },
    /// It does not concern this instance now.
    NotApplicable {
        /// Why, as a sentence.
        reason: String,
    },
    /// Nobody can say.
    CouldNotCheck {
        /// What was in the way.
        cause: Obstacle,
        /// The same as a sentence.
        reason: String,
        /// How to make it possible, as a sentence.
        remedy: String,
    },
}

/// What was in the way of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Obstacle {
    /// There is no connection to CIPP yet.
    NotConnected,
    /// CIPP gives no token or does not let this client in; the check of that says why.
    NotLetIn,
    /// The API client's role in CIPP is too small.
    CippRole,
    /// CIPP has not made its report yet, or only an old one.
    NotRunYet,
    /// Nobody is signed in at Microsoft, or no longer.
    NotSignedIn,
    /// The sign-in was given without a permission that is needed.
    Scope,
    /// The person who is signed in may not see it.
    Role,
    /// The tenant lacks a licence for this information.
    Licence,
    /// The server was not reached, or asked to wait.
    Network,
    /// Something must be known first: an account, an application, a subscription.
    NotKnown,
    /// The answer does not say it.
    Unclear,
}

/// A request that was made for a check. Never with a token or a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// `GET`, or `POST` for the few reads that need it.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// When it was made.
    #[specta(type = String)]
    pub at: Timestamp,
}

/// A value that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Deciding {
    /// The field's own name.
    pub name: String,
    /// What it said.
    pub value: String,
}

/// The proof of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What was asked, in order.
    pub requests: Vec<Request>,
    /// The few values that decided.
    pub fields: Vec<Deciding>,
    /// Who was signed in: a person's user name, or the API client.
    pub signed_in_as: Option<String>,
}

/// What one check found, and how it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check, by its id. A text, because a run may have been made by a version that knew more checks.
    pub check: String,
    /// What it says.
    pub verdict: Verdict,
    /// How it knows.
    pub evidence: Evidence,
}

impl Verdict {
    /// It is so, and there is nothing to add.
    pub(crate) fn passed() -> Verdict {
        Verdict::Passed { hint: None }
    }

    pub(crate) fn passed_but(hint: impl Into<String>) -> Verdict {
        Verdict::Passed {
            hint: Some(hint.into()),
        }
    }

    pub(crate) fn failed(reason: impl Into<String>, remedy: impl Into<String>) -> Verdict {
        Verdict::Failed {
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn waiting(reason: impl Into<String>, retry_after_seconds: u32) -> Verdict {
        Verdict::Waiting {
            reason: reason.into(),
            retry_after_seconds,
        }
    }

    pub(crate) fn could_not(cause: Obstacle, reason: impl Into<String>, remedy: impl Into<String>) -> Verdict {
        Verdict::CouldNotCheck {
            cause,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// Whether it says anything about the step at all.
    #[must_use]
    pub fn can_tell(&self) -> bool {
        !matches!(self, Verdict::CouldNotCheck { .. })
    }
}

impl Obstacle {
    /// In a few words, for lists and reports.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Obstacle::NotConnected => "no connection yet",
            Obstacle::NotLetIn => "not let in by CIPP",
            Obstacle::CippRole => "role in CIPP too small",
            Obstacle::NotRunYet => "CIPP's report is missing",
            Obstacle::NotSignedIn => "not signed in at Microsoft",
            Obstacle::Scope => "permission not granted",
            Obstacle::Role => "role too small",
            Obstacle::Licence => "licence missing",
            Obstacle::Network => "not reached",
            Obstacle::NotKnown => "something must be known first",
            Obstacle::Unclear => "the answer does not say it",
        }
    }
}
