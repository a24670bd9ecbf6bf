//! What checks look at: CIPP through the stored connection, and Microsoft through a person's sign-in.
//!
//! Here: asking each thing once, remembering what cannot be had, and keeping the trail that becomes the evidence. Not
//! here: what an answer means for a step (`checks`).

pub(crate) mod cipp;
mod look_up;
pub(crate) mod microsoft;
pub(crate) mod signed_in;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::finding::{Deciding, Evidence, Obstacle, Request, Verdict};

/// Tells the time. Checks do not ask the system for it themselves.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The most characters of a deciding value that are kept.
const LONGEST_VALUE: usize = 400;

/// What the checks are about. What is not given is looked up where that is possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The partner tenant: its ID or one of its domains.
    pub tenant: Option<String>,
    /// The API client's application ID.
    pub client_id: Option<String>,
    /// The first three characters of the stored secret, which Entra calls its hint; they tell one secret from another.
    pub secret_hint: Option<String>,
    /// The host of CIPP's API.
    pub api_host: Option<String>,
    /// The service account's user name. Looked up in CIPP's permission check when it is not given.
    pub account: Option<String>,
    /// The application ID of CIPP-SAM. Looked up in CIPP's permission check, then by its name.
    pub sam_app_id: Option<String>,
    /// The Azure subscription that holds CIPP. Looked up when the person who is signed in sees only one.
    pub subscription: Option<String>,
    /// The Function App's whole resource ID, `/subscriptions/.../sites/...`. Looked up by the API's host.
    pub site: Option<String>,
}

/// Why something could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    /// The request that met it, if one was made.
    pub(crate) request: Option<Box<Request>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// It cannot be looked at.
    Obstacle(Obstacle),
    /// What was asked for does not exist: for some checks that is an answer.
    NotFound,
    /// The server does not take the request; another form may do.
    NotTaken,
    /// The caller cancelled.
    Cancelled,
}

impl Trouble {
    pub(crate) fn new(cause: Obstacle, reason: impl Into<String>, remedy: impl Into<String>) -> Trouble {
        Trouble {
            kind: TroubleKind::Obstacle(cause),
            reason: reason.into(),
            remedy: remedy.into(),
            request: None,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.kind == TroubleKind::NotFound
    }

    pub(crate) fn cause(&self) -> Option<Obstacle> {
        match self.kind {
            TroubleKind::Obstacle(cause) => Some(cause),
            _ => None,
        }
    }

    /// As the outcome of a check.
    pub(crate) fn verdict(self) -> Verdict {
        let cause = self.cause().unwrap_or(Obstacle::Unclear);
        Verdict::could_not(cause, self.reason, self.remedy)
    }
}

/// What a check asked and saw, as it goes.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    evidence: Evidence,
}

impl Trail {
    /// A request that was made. One whose answer serves several looks of the same check is kept once.
    pub(crate) fn asked(&mut self, request: &Request) {
        if !self.evidence.requests.contains(request) {
            self.evidence.requests.push(request.clone());
        }
    }

    /// A value that decided.
    pub(crate) fn saw(&mut self, name: impl Into<String>, value: impl ToString) {
        let value = value.to_string();
        let value = match value.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}\u{2026}", &value[..end]),
            None => value,
        };
        let field = Deciding {
            name: name.into(),
            value,
        };
        if !self.evidence.fields.contains(&field) {
            self.evidence.fields.push(field);
        }
    }

    pub(crate) fn signed_in_as(&mut self, who: impl Into<String>) {
        self.evidence.signed_in_as = Some(who.into());
    }

    pub(crate) fn into_evidence(self) -> Evidence {
        self.evidence
    }
}

/// At most five of them, and how many more there are.
pub(crate) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_keeps_each_thing_once_and_short() {
        let mut trail = Trail::default();
        let request = Request {
            method: "GET".into(),
            url: "https://x.example/a".into(),
            status: Some(200),
            at: Timestamp::UNIX_EPOCH,
        };
        trail.asked(&request);
        trail.asked(&request);
        trail.saw("name", "\u{e9}".repeat(1_000));
        trail.saw("flag", true);
        let evidence = trail.into_evidence();
        assert_eq!(evidence.requests.len(), 1);
        assert_eq!(evidence.fields[0].value.chars().count(), LONGEST_VALUE + 1);
        assert_eq!(evidence.fields[1].value, "true");
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        assert_eq!(some_of(&["a", "b"]), "a, b");
        assert_eq!(
            some_of(&["1", "2", "3", "4", "5", "6", "7"]),
            "1, 2, 3, 4, 5 and 2 more"
        );
    }
}
