//! Why a sign-in did not come about, in the words of a technician.
//!
//! Here: one type whose variants say which of the ways it went wrong, each with a sentence (`Display`), a next step
//! (`remedy`) and a stable code (`kind`), as in `cipp-client`. Not here: how a failure is recognised, the words for
//! Entra's codes (`aadsts.rs`), and what Graph or Azure answer afterwards (`ms_error.rs`).
//!
//! Texts from servers are scrubbed and cut before they enter an error; no error holds a code, a verifier or a token.

use cipp_client::ReachCause;
use serde::{Deserialize, Serialize};

use crate::aadsts::{self, RefusalCause};
use crate::clouds::Resource;

/// Why a sign-in, or getting a token for somebody who is signed in, failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Nobody came back from the browser in time: it was closed, or never opened.
    #[error("Nobody finished the sign-in within {minutes} minutes.")]
    TimedOut {
        /// How long was waited.
        minutes: u64,
    },
    /// The only answers that came did not belong to this sign-in. They were refused, and then time ran out.
    #[error("The browser came back with an answer that does not belong to this sign-in.")]
    StateMismatch {
        /// How many such answers were refused.
        refused: u32,
    },
    /// Entra refused.
    #[error("{}", aadsts::sentence(.0.cause, &.0.error, .0.aadsts, &.0.description))]
    Refused(Box<Refusal>),
    /// Somebody signed in, but to another tenant.
    #[error("The sign-in was to the tenant {got}, not to {expected}.")]
    WrongTenant {
        /// The tenant that is configured.
        expected: String,
        /// The tenant of the sign-in, with the person's name if it is known.
        got: String,
    },
    /// Another person than the one who is signed in already.
    #[error("{got} signed in, but {expected} began.")]
    WrongPerson {
        /// Who is signed in.
        expected: String,
        /// Who came.
        got: String,
    },
    /// The ID token is not what the sign-in server must have signed for this sign-in.
    #[error("The sign-in server's proof of identity is not valid: {what}.")]
    NotGenuine {
        /// Which check failed.
        what: String,
    },
    /// This person has not signed in for this yet.
    #[error("Nobody has signed in for {resource} yet.")]
    NotAskedYet {
        /// What it would be for.
        resource: Resource,
    },
    /// The person was signed out; nothing is kept.
    #[error("Nobody is signed in.")]
    SignedOut,
    /// No answer: the server could not be reached, or something else answered in its place.
    #[error("{}", unreachable_sentence(host, *cause))]
    Unreachable {
        /// The server's host name.
        host: String,
        /// What stood in the way.
        cause: ReachCause,
        /// The network library's own words.
        detail: String,
    },
    /// The reply is not what this part of Entra answers.
    #[error("The sign-in server's answer was not understood: {detail}.")]
    NotUnderstood {
        /// What was found instead.
        detail: String,
    },
    /// This computer does not let the app listen for the browser.
    #[error("The app cannot wait for the browser on this computer.")]
    NoPort {
        /// The operating system's words.
        detail: String,
    },
    /// The caller cancelled.
    #[error("Cancelled.")]
    Cancelled,
    /// Nothing was sent: something on this computer is in the way.
    #[error("{detail}")]
    Local {
        /// What is wrong, as a sentence.
        detail: String,
    },
}

/// What Entra said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub cause: RefusalCause,
    /// OAuth's `error`, such as `access_denied`.
    pub error: String,
    /// The number in `AADSTS65004`.
    pub aadsts: Option<u32>,
    /// Microsoft's own first sentence.
    pub description: String,
    /// For Microsoft's support.
    pub trace_id: Option<String>,
    /// For Microsoft's support.
    pub correlation_id: Option<String>,
}

/// The stable code of a [`SignInError`]; the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each is documented at its namesake in SignInError")]
pub enum SignInErrorKind {
    TimedOut,
    StateMismatch,
    Refused,
    WrongTenant,
    WrongPerson,
    NotGenuine,
    NotAskedYet,
    SignedOut,
    Unreachable,
    NotUnderstood,
    NoPort,
    Cancelled,
    Local,
}

impl SignInError {
    /// The stable code.
    pub fn kind(&self) -> SignInErrorKind {
        match self {
            SignInError::TimedOut { .. } => SignInErrorKind::TimedOut,
            SignInError::StateMismatch { .. } => SignInErrorKind::StateMismatch,
            SignInError::Refused(_) => SignInErrorKind::Refused,
            SignInError::WrongTenant { .. } => SignInErrorKind::WrongTenant,
            SignInError::WrongPerson { .. } => SignInErrorKind::WrongPerson,
            SignInError::NotGenuine { .. } => SignInErrorKind::NotGenuine,
            SignInError::NotAskedYet { .. } => SignInErrorKind::NotAskedYet,
            SignInError::SignedOut => SignInErrorKind::SignedOut,
            SignInError::Unreachable { .. } => SignInErrorKind::Unreachable,
            SignInError::NotUnderstood { .. } => SignInErrorKind::NotUnderstood,
            SignInError::NoPort { .. } => SignInErrorKind::NoPort,
            SignInError::Cancelled => SignInErrorKind::Cancelled,
            SignInError::Local { .. } => SignInErrorKind::Local,
        }
    }

    /// What a refusal means, when it was one.
    pub fn cause(&self) -> Option<RefusalCause> {
        match self {
            SignInError::Refused(refusal) => Some(refusal.cause),
            _ => None,
        }
    }

    /// What to do next, as sentences. Empty only when there is nothing to do (cancelled).
    pub fn remedy(&self) -> String {
        match self {
            SignInError::TimedOut { .. } => "Start the sign-in again. If no browser opened, copy the address into one yourself, or use a device code.".into(),
            SignInError::StateMismatch { .. } => "Close older sign-in pages in the browser and start again. If it happens each time, another program on this computer may be interfering.".into(),
            SignInError::Refused(refusal) => aadsts::remedy(refusal.cause, refusal.aadsts),
            SignInError::WrongTenant { .. } => "Sign in with an account of the configured tenant, or correct the tenant in the connection's settings.".into(),
            SignInError::WrongPerson { .. } => "Sign in as the same person again, or sign out first.".into(),
            SignInError::NotGenuine { .. } => "Start again. If it happens each time, check this computer's clock, and whether something on this network changes what the sign-in server answers.".into(),
            SignInError::NotAskedYet { resource } => format!("Sign in for {resource} in the browser."),
            SignInError::SignedOut => "Sign in first.".into(),
            SignInError::Unreachable { cause, .. } => reach_remedy(*cause).into(),
            SignInError::NotUnderstood { .. } => "Check the sign-in server in the connection's settings. If it is right, please report this with the details.".into(),
            SignInError::NoPort { .. } => "Check whether security software keeps programs from listening on this computer, or use a device code.".into(),
            SignInError::Cancelled => String::new(),
            SignInError::Local { .. } => "Correct it in the settings.".into(),
        }
    }

    /// The technical words behind the sentence, for "copy details": never a secret, may be empty.
    pub fn detail(&self) -> String {
        match self {
            SignInError::Refused(refusal) => refusal.detail(),
            SignInError::Unreachable { host, detail, .. } => format!("{host}: {detail}"),
            SignInError::NotUnderstood { detail } | SignInError::NoPort { detail } => detail.clone(),
            SignInError::StateMismatch { refused } => format!("{refused} answers were refused"),
            SignInError::NotGenuine { what } => what.clone(),
            _ => String::new(),
        }
    }
}

impl Refusal {
    fn detail(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.error, self.description)];
        lines.extend(
            self.aadsts
                .map(|code| format!("https://login.microsoftonline.com/error?code={code}")),
        );
        lines.extend(self.trace_id.iter().map(|id| format!("Trace ID: {id}")));
        lines.extend(self.correlation_id.iter().map(|id| format!("Correlation ID: {id}")));
        lines.join("\n")
    }
}

pub(crate) fn unreachable_sentence(host: &str, cause: ReachCause) -> String {
    match cause {
        ReachCause::Dns => format!("The name {host} was not found."),
        ReachCause::Refused => format!("{host} refused the connection."),
        ReachCause::Timeout => format!("{host} did not answer in time."),
        ReachCause::Tls => format!("No secure connection to {host} could be made."),
        ReachCause::Proxy => format!("A proxy or a sign-in page of this network answered in place of {host}."),
        ReachCause::Reset => format!("The connection to {host} was broken."),
        ReachCause::Other => format!("{host} could not be reached."),
    }
}

pub(crate) fn reach_remedy(cause: ReachCause) -> &'static str {
    match cause {
        ReachCause::Dns => "Check that this computer is online.",
        ReachCause::Refused => "Check the address in the settings, and whether a firewall is in the way.",
        ReachCause::Timeout => "Check the network, a VPN or a firewall, and try again.",
        ReachCause::Tls => {
            "If your company inspects TLS, its root certificate must be in the system's certificate store, or be given as the connection's CA certificate. Otherwise check this computer's clock."
        }
        ReachCause::Proxy => {
            "Open any web page in the browser to see whether this network wants a sign-in, and check the system's proxy settings."
        }
        ReachCause::Reset => {
            "Try again. If it happens each time, a firewall or proxy on the way may cut the connection."
        }
        ReachCause::Other => "Check the network, and try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_sentence_and_a_next_step() {
        let text = || "x".to_owned();
        let errors = [
            SignInError::TimedOut { minutes: 5 },
            SignInError::StateMismatch { refused: 2 },
            SignInError::Refused(Box::new(Refusal {
                cause: RefusalCause::Declined,
                error: "access_denied".into(),
                aadsts: Some(65004),
                description: text(),
                trace_id: Some("trace".into()),
                correlation_id: None,
            })),
            SignInError::WrongTenant {
                expected: text(),
                got: text(),
            },
            SignInError::WrongPerson {
                expected: text(),
                got: text(),
            },
            SignInError::NotGenuine { what: text() },
            SignInError::NotAskedYet {
                resource: Resource::Arm,
            },
            SignInError::SignedOut,
            SignInError::Unreachable {
                host: text(),
                cause: ReachCause::Dns,
                detail: text(),
            },
            SignInError::NotUnderstood { detail: text() },
            SignInError::NoPort { detail: text() },
            SignInError::Local {
                detail: "Something.".into(),
            },
        ];
        for error in &errors {
            assert!(error.to_string().ends_with(['.', ')']), "{error}");
            assert!(error.remedy().ends_with('.'), "{error}");
        }
        assert_eq!(
            errors[2].detail(),
            "access_denied: x\nhttps://login.microsoftonline.com/error?code=65004\nTrace ID: trace"
        );
        assert_eq!(SignInError::Cancelled.remedy(), "");
    }
}
