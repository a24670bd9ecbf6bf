//! Why a read of Graph or Azure failed, in the words of a technician.
//!
//! Here: one type whose variants say which of the ways it went wrong, each with a sentence (`Display`), a next step
//! (`remedy`) and a stable code (`kind`). Most of them mean "could not check", which is neither good nor bad. Not here:
//! how an answer is recognised (`refusal.rs`).

use cipp_client::ReachCause;
use serde::{Deserialize, Serialize};

use crate::aadsts::RefusalCause;
use crate::clouds::Resource;
use crate::error::{SignInError, reach_remedy, unreachable_sentence};
use crate::http::NoAnswer;
use crate::reply::Seen;

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MsError {
    /// The sign-in does not include a permission that this read needs.
    #[error("{}", scope_sentence(needs))]
    NoScope {
        /// The scopes of which one is needed, as far as they are known; separated by blanks.
        needs: String,
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// The person has no role that allows this.
    #[error("{}", role_sentence(action.as_deref()))]
    NoRole {
        /// Azure's name of what would be needed, such as `Microsoft.Web/sites/config/list/action`.
        action: Option<String>,
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// The tenant has no licence for this.
    #[error("The tenant has no licence for this (Microsoft Entra ID P1 or P2).")]
    NoLicence {
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// It was refused, and the answer does not tell whether a scope, a role or a policy is missing.
    #[error("Microsoft does not allow this read.")]
    NotAllowed {
        /// The server's own code.
        code: String,
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// A subscription of Azure belongs to another tenant than the one that was signed in to.
    #[error("This Azure subscription belongs to another tenant than the one you are signed in to.")]
    OtherTenant {
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// What was asked for does not exist, or not for this person. Often an answer in itself.
    #[error("It was not found.")]
    NotFound {
        /// The server's own code, such as `Request_ResourceNotFound`.
        code: String,
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// The question is not one that the server understands.
    #[error("Microsoft did not accept the question (HTTP {}).", seen.status)]
    BadQuestion {
        /// The server's own code.
        code: String,
        /// The server's words.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// Too many reads.
    #[error("{}", throttled_sentence(*retry_after_seconds))]
    Throttled {
        /// How long the server asks to wait, in seconds.
        retry_after_seconds: Option<u64>,
        /// The proof.
        seen: Box<Seen>,
    },
    /// The server answered with an error of its own.
    #[error("Microsoft reported an error of its own (HTTP {}).", seen.status)]
    ServerTrouble {
        /// The server's words, may be empty.
        text: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// The sign-in is over: expired, revoked, or the token was not accepted.
    #[error("The sign-in is over.")]
    SignInAgain {
        /// Entra's code, when Entra said so.
        aadsts: Option<u32>,
    },
    /// Somebody has to consent first.
    #[error("{}", consent_sentence(*resource, *admin))]
    ConsentNeeded {
        /// For what.
        resource: Resource,
        /// Whether it has to be an administrator.
        admin: bool,
        /// Entra's code.
        aadsts: Option<u32>,
    },
    /// Nobody has signed in for this yet, or the person has signed out.
    #[error("Nobody has signed in for {resource}.")]
    NotSignedIn {
        /// For what.
        resource: Resource,
    },
    /// No token could be got, for another reason.
    #[error("{0}")]
    SignIn(SignInError),
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
    /// There is more than is read.
    #[error("The answer is larger than this app reads ({what}).")]
    TooLarge {
        /// Which limit it is.
        what: String,
    },
    /// The next page of a list is said to be on another server. The token does not go there.
    #[error("The next page of the list is said to be elsewhere ({host}).")]
    StrangeNextPage {
        /// The other host.
        host: String,
    },
    /// The reply is not what is answered here.
    #[error("The answer was not understood: {detail}.")]
    NotUnderstood {
        /// What was found instead.
        detail: String,
        /// The proof.
        seen: Box<Seen>,
    },
    /// The caller cancelled.
    #[error("Cancelled.")]
    Cancelled,
    /// Nothing was sent: the request itself is not in order.
    #[error("{detail}")]
    Local {
        /// What is wrong, as a sentence.
        detail: String,
    },
}

/// The stable code of an [`MsError`]; the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each is documented at its namesake in MsError")]
pub enum MsErrorKind {
    NoScope,
    NoRole,
    NoLicence,
    NotAllowed,
    OtherTenant,
    NotFound,
    BadQuestion,
    Throttled,
    ServerTrouble,
    SignInAgain,
    ConsentNeeded,
    NotSignedIn,
    SignIn,
    Unreachable,
    TooLarge,
    StrangeNextPage,
    NotUnderstood,
    Cancelled,
    Local,
}

impl MsError {
    /// The stable code.
    pub fn kind(&self) -> MsErrorKind {
        match self {
            MsError::NoScope { .. } => MsErrorKind::NoScope,
            MsError::NoRole { .. } => MsErrorKind::NoRole,
            MsError::NoLicence { .. } => MsErrorKind::NoLicence,
            MsError::NotAllowed { .. } => MsErrorKind::NotAllowed,
            MsError::OtherTenant { .. } => MsErrorKind::OtherTenant,
            MsError::NotFound { .. } => MsErrorKind::NotFound,
            MsError::BadQuestion { .. } => MsErrorKind::BadQuestion,
            MsError::Throttled { .. } => MsErrorKind::Throttled,
            MsError::ServerTrouble { .. } => MsErrorKind::ServerTrouble,
            MsError::SignInAgain { .. } => MsErrorKind::SignInAgain,
            MsError::ConsentNeeded { .. } => MsErrorKind::ConsentNeeded,
            MsError::NotSignedIn { .. } => MsErrorKind::NotSignedIn,
            MsError::SignIn(_) => MsErrorKind::SignIn,
            MsError::Unreachable { .. } => MsErrorKind::Unreachable,
            MsError::TooLarge { .. } => MsErrorKind::TooLarge,
            MsError::StrangeNextPage { .. } => MsErrorKind::StrangeNextPage,
            MsError::NotUnderstood { .. } => MsErrorKind::NotUnderstood,
            MsError::Cancelled => MsErrorKind::Cancelled,
            MsError::Local { .. } => MsErrorKind::Local,
        }
    }

    /// The proof that the server was asked and what it answered, when it did.
    pub fn seen(&self) -> Option<&Seen> {
        match self {
            MsError::NoScope { seen, .. }
            | MsError::NoRole { seen, .. }
            | MsError::NoLicence { seen, .. }
            | MsError::NotAllowed { seen, .. }
            | MsError::OtherTenant { seen, .. }
            | MsError::NotFound { seen, .. }
            | MsError::BadQuestion { seen, .. }
            | MsError::Throttled { seen, .. }
            | MsError::ServerTrouble { seen, .. }
            | MsError::NotUnderstood { seen, .. } => Some(seen),
            _ => None,
        }
    }

    /// What to do next, as sentences. Empty only when there is nothing to do (cancelled).
    pub fn remedy(&self) -> String {
        match self {
            MsError::NoScope { .. } => "Allow it in a further sign-in, or tick the step by hand.".into(),
            MsError::NoRole { action: Some(_), .. } => "Sign in as somebody whose role in Azure includes this, such as Contributor of the subscription, or tick the step by hand.".into(),
            MsError::NoRole { .. } => "Sign in as somebody with the role Global Reader or higher, or tick the step by hand.".into(),
            MsError::NoLicence { .. } => "Look it up in the Entra admin center, and tick the step by hand.".into(),
            MsError::NotAllowed { .. } => "Sign in as somebody with the role Global Reader or higher who allows everything that is asked for; a Conditional Access policy may also be in the way.".into(),
            MsError::OtherTenant { .. } => "Correct the subscription's ID. If CIPP does run in another tenant's subscription, tick the step by hand.".into(),
            MsError::NotFound { .. } => "Check whether it was deleted or has another name.".into(),
            MsError::BadQuestion { .. } => "Please report this with the details.".into(),
            MsError::Throttled { .. } => "Wait a little and try again.".into(),
            MsError::ServerTrouble { .. } => "Try again in a few minutes.".into(),
            MsError::SignInAgain { .. } => "Sign in again.".into(),
            MsError::ConsentNeeded { admin: true, .. } => "Ask an administrator of the tenant to sign in here and accept, or tick the step by hand.".into(),
            MsError::ConsentNeeded { .. } => "Sign in again in the browser and accept what is asked for.".into(),
            MsError::NotSignedIn { resource } => format!("Sign in for {resource} in the browser."),
            MsError::SignIn(error) => error.remedy(),
            MsError::Unreachable { cause, .. } => reach_remedy(*cause).into(),
            MsError::TooLarge { .. } => "Tick the step by hand, and please report this with the details.".into(),
            MsError::StrangeNextPage { .. } => "Check whether something on this network changes what Microsoft answers.".into(),
            MsError::NotUnderstood { .. } => "Try again. If it stays, please report this with the details.".into(),
            MsError::Cancelled => String::new(),
            MsError::Local { .. } => "Please report this with the details.".into(),
        }
    }

    /// The technical words behind the sentence, for "copy details": never a secret, may be empty.
    pub fn detail(&self) -> String {
        let said = match self {
            MsError::NotAllowed { code, text, .. }
            | MsError::NotFound { code, text, .. }
            | MsError::BadQuestion { code, text, .. } => format!("{code}: {text}"),
            MsError::NoScope { text, .. }
            | MsError::NoRole { text, .. }
            | MsError::NoLicence { text, .. }
            | MsError::OtherTenant { text, .. }
            | MsError::ServerTrouble { text, .. } => text.clone(),
            MsError::Unreachable { host, detail, .. } => format!("{host}: {detail}"),
            MsError::NotUnderstood { detail, .. } => detail.clone(),
            MsError::SignIn(error) => error.detail(),
            MsError::SignInAgain { aadsts: Some(code) } | MsError::ConsentNeeded { aadsts: Some(code), .. } => {
                format!("AADSTS{code}")
            }
            _ => String::new(),
        };
        match self.seen() {
            Some(seen) => {
                let id = seen.request_id.as_deref().unwrap_or("none");
                let request = format!("{} {} -> {}, request ID {id}", seen.method, seen.url, seen.status);
                format!("{said}\n{request}").trim_start().to_owned()
            }
            None => said,
        }
    }

    /// Why there is no token for this resource.
    pub(crate) fn without_token(error: SignInError, resource: Resource) -> MsError {
        let aadsts = match &error {
            SignInError::Refused(refusal) => refusal.aadsts,
            _ => None,
        };
        match error.cause() {
            Some(RefusalCause::ConsentNeeded) => MsError::ConsentNeeded {
                resource,
                admin: false,
                aadsts,
            },
            Some(RefusalCause::AdminConsentNeeded) => MsError::ConsentNeeded {
                resource,
                admin: true,
                aadsts,
            },
            Some(RefusalCause::SignInAgain) => MsError::SignInAgain { aadsts },
            _ => match error {
                SignInError::SignedOut | SignInError::NotAskedYet { .. } => MsError::NotSignedIn { resource },
                SignInError::Cancelled => MsError::Cancelled,
                SignInError::Unreachable { host, cause, detail } => MsError::Unreachable { host, cause, detail },
                other => MsError::SignIn(other),
            },
        }
    }

    pub(crate) fn without_answer(reason: NoAnswer, longest_bytes: usize) -> MsError {
        match reason {
            NoAnswer::Unreachable { host, cause, detail } => MsError::Unreachable { host, cause, detail },
            NoAnswer::TooLarge => MsError::TooLarge {
                what: format!("{} MB in one reply", longest_bytes / (1024 * 1024)),
            },
        }
    }
}

fn scope_sentence(needs: &str) -> String {
    if needs.is_empty() {
        "The sign-in does not include a permission that this needs.".into()
    } else {
        format!(
            "The sign-in does not include the permission {}.",
            needs.replace(' ', " or ")
        )
    }
}

fn role_sentence(action: Option<&str>) -> String {
    match action {
        Some(action) => format!("The person who is signed in may not do this in Azure: {action}."),
        None => "The person who is signed in has no role that allows this.".into(),
    }
}

fn throttled_sentence(retry_after_seconds: Option<u64>) -> String {
    match retry_after_seconds {
        Some(seconds) => format!("There were too many reads; Microsoft asks to wait {seconds} s."),
        None => "There were too many reads; Microsoft asks to wait.".into(),
    }
}

fn consent_sentence(resource: Resource, admin: bool) -> String {
    let who = if admin { "An administrator" } else { "Somebody" };
    format!("{who} has to consent to reading {resource} first.")
}
