//! Why a call failed, in the words of a technician.
//!
//! Here: one type whose variants say which of the ways it went wrong, each with a sentence (`Display`), a next step
//! (`remedy`) and a stable code (`kind`). Not here: how a failure is recognised (`wire.rs`, `reply.rs`, `split.rs`,
//! `token.rs`) and the words for Entra's own codes (`aadsts.rs`).
//!
//! Texts from servers are scrubbed and cut before they enter an error; no error holds an address, a secret or a token.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::aadsts;

/// Why a call to CIPP or to the sign-in server failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No answer: the server could not be reached, or the connection broke before anything came.
    #[error("{}", unreachable_sentence(host, *cause))]
    Unreachable {
        /// The server's host name.
        host: String,
        /// What stood in the way.
        cause: ReachCause,
        /// The network library's own words.
        detail: String,
    },
    /// Something answered, but not CIPP's API (or not a sign-in server).
    #[error("{}", wrong_address_sentence(host, found))]
    WrongAddress {
        /// The host that answered.
        host: String,
        /// What was found there.
        found: WrongDoor,
    },
    /// Entra refused the sign-in.
    #[error("{}", aadsts::sentence(*status, error, *aadsts, description))]
    SignInRefused {
        /// HTTP status.
        status: u16,
        /// OAuth's `error`, such as `invalid_client`.
        error: String,
        /// The number in `AADSTS7000215`.
        aadsts: Option<u32>,
        /// Microsoft's own first sentence.
        description: String,
        /// For Microsoft's support.
        trace_id: Option<String>,
        /// For Microsoft's support.
        correlation_id: Option<String>,
    },
    /// Entra issued a token and CIPP did not accept it, twice.
    #[error("The sign-in worked, but CIPP did not accept the token.")]
    NotAccepted {
        /// The server's words, may be empty.
        text: String,
        /// Whether the door says that an MCP server lives behind it (`resource_metadata` in `WWW-Authenticate`).
        names_mcp: bool,
    },
    /// CIPP knows the caller and refuses the call.
    #[error("{}", refusal_sentence(cause, text))]
    NotAllowed {
        /// Which of the causes.
        cause: Refusal,
        /// The server's words.
        text: String,
    },
    /// Too many calls.
    #[error("{}", throttled_sentence(*retry_after_seconds, *daily_quota))]
    Throttled {
        /// How long the server asks to wait, in seconds.
        retry_after_seconds: Option<u64>,
        /// Whether a hosted instance's quota for the whole day is used up.
        daily_quota: bool,
    },
    /// The server answered with an error of its own.
    #[error("{}", trouble_sentence(*status, text, *starting))]
    ServerTrouble {
        /// HTTP status.
        status: u16,
        /// The server's words, may be empty.
        text: String,
        /// Whether the instance said that it is just starting.
        starting: bool,
    },
    /// The reply is not what this endpoint answers.
    #[error("{}", ended(format!("The reply was not understood at \u{201C}{field}\u{201D}: {detail}")))]
    NotUnderstood {
        /// The field or part of the reply.
        field: String,
        /// What was found instead.
        detail: String,
        /// Rows that were read before; they are good.
        rows_read: u64,
    },
    /// The reply ended or broke off before its end.
    #[error("{}", cut_off_sentence(*rows_read))]
    CutOff {
        /// How it ended.
        detail: String,
        /// Rows that were read before; they are good.
        rows_read: u64,
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

/// Which way to a server was blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum ReachCause {
    /// The name is not known.
    Dns,
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    Timeout,
    /// No secure connection.
    Tls,
    /// A proxy or a network's own sign-in page is in the way.
    Proxy,
    /// The connection was broken.
    Reset,
    /// Anything else.
    Other,
}

/// What answered instead of CIPP's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum WrongDoor {
    /// A redirect to a sign-in page: the website, not the API.
    SignInRedirect {
        /// The host it points to.
        location_host: String,
    },
    /// Any other redirect.
    Redirect {
        /// The host it points to.
        location_host: String,
    },
    /// A web page.
    Html,
    /// The endpoint does not exist there.
    NotFound {
        /// The server's words.
        text: String,
    },
}

/// Why CIPP refuses a caller that it knows (facts: CIPP 2.5, Entra A.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Refusal {
    /// The role is too small.
    RoleLacks {
        /// The built-in role, when CIPP names it.
        role: Option<String>,
        /// The permission that is missing, such as `CIPP.Core.Read`.
        permission: String,
    },
    /// The custom role blocks this endpoint.
    EndpointBlocked {
        /// The custom role.
        role: String,
    },
    /// The client has no role that exists.
    NoRole,
    /// The tenant is outside the client's role.
    TenantOutside,
    /// The caller's address is not in the API client's list. CIPP's own words do not mention it.
    IpNotInRange,
    /// The hosted subscription has ended.
    SubscriptionEnded,
    /// The address of a helper app (`...-proc`) of an instance that is split in several.
    WrongApp,
    /// The platform in front of CIPP does not list this client.
    NotInAllowedApplications,
    /// None of the known causes.
    Unknown,
}

/// The stable code of a [`ClientError`]; the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each is documented at its namesake in ClientError")]
pub enum ErrorKind {
    Unreachable,
    WrongAddress,
    SignInRefused,
    NotAccepted,
    NotAllowed,
    Throttled,
    ServerTrouble,
    NotUnderstood,
    CutOff,
    Cancelled,
    Local,
}

impl ClientError {
    /// The stable code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            ClientError::Unreachable { .. } => ErrorKind::Unreachable,
            ClientError::WrongAddress { .. } => ErrorKind::WrongAddress,
            ClientError::SignInRefused { .. } => ErrorKind::SignInRefused,
            ClientError::NotAccepted { .. } => ErrorKind::NotAccepted,
            ClientError::NotAllowed { .. } => ErrorKind::NotAllowed,
            ClientError::Throttled { .. } => ErrorKind::Throttled,
            ClientError::ServerTrouble { .. } => ErrorKind::ServerTrouble,
            ClientError::NotUnderstood { .. } => ErrorKind::NotUnderstood,
            ClientError::CutOff { .. } => ErrorKind::CutOff,
            ClientError::Cancelled => ErrorKind::Cancelled,
            ClientError::Local { .. } => ErrorKind::Local,
        }
    }

    /// What to do next, as sentences. Empty only when there is nothing to do (cancelled).
    pub fn remedy(&self) -> String {
        match self {
            ClientError::Unreachable { cause, .. } => reach_remedy(*cause).into(),
            ClientError::WrongAddress { found, .. } => wrong_address_remedy(found),
            ClientError::SignInRefused { error, aadsts, .. } => aadsts::remedy(error, *aadsts),
            ClientError::NotAccepted { .. } => "In CIPP, open Integrations, CIPP-API: check that this client is enabled, press \u{201C}Save Azure Configuration\u{201D}, and wait a few minutes. A client that is marked for MCP access cannot be used here. If it worked before, check this computer's clock.".into(),
            ClientError::NotAllowed { cause, .. } => refusal_remedy(cause),
            ClientError::Throttled { daily_quota: true, .. } => "Wait until midnight UTC, or ask whoever hosts this CIPP instance to raise the quota.".into(),
            ClientError::Throttled { .. } => "Wait a little and try again. Other programs that use the same API client count too.".into(),
            ClientError::ServerTrouble { starting: true, .. } => "Try again in a minute.".into(),
            ClientError::ServerTrouble { status, text, .. } => trouble_remedy(*status, text).into(),
            ClientError::NotUnderstood { .. } => "Check that the address is CIPP's API address and that CIPP is up to date. If both are right, please report this with the details.".into(),
            ClientError::CutOff { .. } => "Try again. If it happens each time, ask for fewer days or filter by severity, so that the reply gets smaller.".into(),
            ClientError::Cancelled => String::new(),
            ClientError::Local { .. } => "Correct it in the connection's settings.".into(),
        }
    }

    /// The technical words behind the sentence, for "copy details": never a secret, may be empty.
    pub fn detail(&self) -> String {
        match self {
            ClientError::Unreachable { host, detail, .. } => format!("{host}: {detail}"),
            ClientError::WrongAddress {
                host,
                found: WrongDoor::NotFound { text },
            } => format!("{host}: 404 {text}"),
            ClientError::WrongAddress { host, .. } => host.clone(),
            ClientError::SignInRefused {
                status,
                error,
                aadsts,
                description,
                trace_id,
                correlation_id,
            } => {
                let mut lines = vec![format!("{status} {error}: {description}")];
                lines.extend(aadsts.map(|code| format!("https://login.microsoftonline.com/error?code={code}")));
                lines.extend(trace_id.iter().map(|id| format!("Trace ID: {id}")));
                lines.extend(correlation_id.iter().map(|id| format!("Correlation ID: {id}")));
                lines.join("\n")
            }
            ClientError::NotAccepted { text, .. } | ClientError::NotAllowed { text, .. } => text.clone(),
            ClientError::Throttled {
                retry_after_seconds: Some(seconds),
                ..
            } => format!("Retry-After: {seconds} s"),
            ClientError::ServerTrouble { status, text, .. } => format!("{status} {text}").trim_end().to_owned(),
            ClientError::NotUnderstood {
                field,
                detail,
                rows_read,
            } => format!("{field}: {detail} ({rows_read} rows read before)"),
            ClientError::CutOff { detail, rows_read } => {
                format!("{detail} ({rows_read} rows read before)")
            }
            ClientError::Throttled { .. } | ClientError::Cancelled | ClientError::Local { .. } => String::new(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::RoleLacks {
                role: Some(role),
                permission,
            } => {
                write!(
                    f,
                    "The API client's role \u{201C}{role}\u{201D} lacks the permission {permission}"
                )
            }
            Refusal::RoleLacks { role: None, permission } => {
                write!(f, "The API client's role lacks the permission {permission}")
            }
            Refusal::EndpointBlocked { role } => {
                write!(f, "The custom role \u{201C}{role}\u{201D} blocks this part of the API")
            }
            Refusal::NoRole => f.write_str("The API client has no role that exists"),
            Refusal::TenantOutside => f.write_str("The API client's role does not include this tenant"),
            Refusal::IpNotInRange => {
                f.write_str("This computer's public IP address is not in the API client's allowed range")
            }
            Refusal::SubscriptionEnded => f.write_str("The subscription of this hosted CIPP instance has ended"),
            Refusal::WrongApp => f.write_str("This is the address of a helper app, which takes no API calls"),
            Refusal::NotInAllowedApplications => {
                f.write_str("The Azure site in front of CIPP does not list this API client")
            }
            Refusal::Unknown => f.write_str("CIPP does not allow this call"),
        }
    }
}

fn unreachable_sentence(host: &str, cause: ReachCause) -> String {
    match cause {
        ReachCause::Dns => format!("The name {host} was not found."),
        ReachCause::Refused => format!("{host} refused the connection."),
        ReachCause::Timeout => format!("{host} did not answer in time."),
        ReachCause::Tls => format!("No secure connection to {host} could be made."),
        ReachCause::Proxy => {
            format!("A proxy or a sign-in page of this network answered in place of {host}.")
        }
        ReachCause::Reset => format!("The connection to {host} was broken."),
        ReachCause::Other => format!("{host} could not be reached."),
    }
}

fn reach_remedy(cause: ReachCause) -> &'static str {
    match cause {
        ReachCause::Dns => "Check the address for typing errors, and that this computer is online.",
        ReachCause::Refused => "Check the address and the port, and that the server is running.",
        ReachCause::Timeout => "Check the network, a VPN or a firewall, and try again.",
        ReachCause::Tls => {
            "If your company inspects TLS, its root certificate must be in the system's certificate store, or be given as the connection's CA certificate. Otherwise check the address and this computer's clock."
        }
        ReachCause::Proxy => {
            "Open any web page in the browser to see whether this network wants a sign-in, and check the system's proxy settings: the proxy may want a password or not allow this host."
        }
        ReachCause::Reset => {
            "Try again. If it happens each time, a firewall or proxy on the way may cut the connection."
        }
        ReachCause::Other => "Check the address and the network, and try again.",
    }
}

fn wrong_address_sentence(host: &str, found: &WrongDoor) -> String {
    match found {
        WrongDoor::SignInRedirect { .. } => {
            format!("{host} is CIPP's website, not its API: it asks for a sign-in in the browser.")
        }
        WrongDoor::Redirect { location_host } => {
            format!("{host} sends the caller on to {location_host} and is not CIPP's API.")
        }
        WrongDoor::Html => format!("{host} answered with a web page, not with CIPP's API."),
        WrongDoor::NotFound { .. } => format!("{host} does not know this part of CIPP's API."),
    }
}

fn wrong_address_remedy(found: &WrongDoor) -> String {
    match found {
        WrongDoor::NotFound { .. } => "Check the address. If it is right, this CIPP instance is too old; update it.".into(),
        _ => "Use the API address that CIPP shows under Integrations, CIPP-API (often https://\u{2026}.azurewebsites.net), not the address in the browser.".into(),
    }
}

fn refusal_sentence(cause: &Refusal, text: &str) -> String {
    if *cause == Refusal::Unknown && !text.is_empty() {
        ended(format!("{cause}: {text}"))
    } else {
        format!("{cause}.")
    }
}

fn refusal_remedy(cause: &Refusal) -> String {
    match cause {
        Refusal::RoleLacks { permission, .. } => format!("In CIPP, give the API client a role that includes {permission}; \u{201C}readonly\u{201D} is enough for the logbook."),
        Refusal::EndpointBlocked { role } => format!("In CIPP, take this endpoint off the blocked list of \u{201C}{role}\u{201D}, or give the API client another role."),
        Refusal::NoRole => "In CIPP, open the API client, choose a role and save.".into(),
        Refusal::TenantOutside => "In CIPP, add the tenant to the API client's role, or choose another tenant.".into(),
        Refusal::IpNotInRange => "In CIPP, add this computer's public IP address (IPv4 and IPv6) to the API client's allowed range. An older CIPP also refuses when the list was saved empty; enter 0.0.0.0/0 then.".into(),
        Refusal::SubscriptionEnded => "Renew the subscription with the host of this CIPP instance.".into(),
        Refusal::WrongApp => "Use the address of the main app: the same name without \u{201C}-proc\u{201D} or similar at its end.".into(),
        Refusal::NotInAllowedApplications => "In CIPP, open Integrations, CIPP-API: check that this client is enabled, press \u{201C}Save Azure Configuration\u{201D}, and wait a few minutes. If the site limits its callers by network, allow this one.".into(),
        Refusal::Unknown => "Check the API client's role and allowed IP range in CIPP.".into(),
    }
}

fn throttled_sentence(retry_after_seconds: Option<u64>, daily_quota: bool) -> String {
    match (daily_quota, retry_after_seconds) {
        (true, _) => "The instance's quota for today is used up.".into(),
        (false, Some(seconds)) => {
            format!("There were too many calls; the server asks to wait {seconds} s.")
        }
        (false, None) => "There were too many calls; the server asks to wait.".into(),
    }
}

fn trouble_sentence(status: u16, text: &str, starting: bool) -> String {
    match (starting, text.is_empty()) {
        (true, _) => "CIPP is just starting.".into(),
        (false, true) => format!("The server reported an error of its own (HTTP {status})."),
        (false, false) => ended(format!("The server reported an error (HTTP {status}): {text}")),
    }
}

fn trouble_remedy(status: u16, text: &str) -> &'static str {
    match status {
        _ if text.contains("feature has been disabled") => "Switch the feature on in CIPP.",
        400 | 412 | 422 => "Check the filters of this request.",
        500 if crate::reply::is_validation_failure(text) => "Check the filters of this request.",
        502 | 504 => "The request may have taken too long. Ask for fewer days or filter by severity, and try again.",
        _ => "Try again in a few minutes. If it stays, look at the instance in Azure, or ask its host.",
    }
}

/// How it broke off is the network library's wording: it belongs to the details.
fn cut_off_sentence(rows_read: u64) -> String {
    match rows_read {
        0 => "The reply broke off before the first row.".into(),
        1 => "The reply broke off after 1 row.".into(),
        _ => format!("The reply broke off after {rows_read} rows."),
    }
}

/// A sentence that ends in somebody else's words, which may lack their full stop.
fn ended(sentence: String) -> String {
    match sentence.chars().next_back() {
        Some('.' | '!' | '?' | '\u{2026}') => sentence,
        _ => sentence + ".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<ClientError> {
        let text = || "what the server said".to_owned();
        let host = || "cipp.example.net".to_owned();
        let mut errors = vec![
            ClientError::SignInRefused {
                status: 401,
                error: "invalid_client".into(),
                aadsts: Some(7000215),
                description: text(),
                trace_id: Some("trace-1".into()),
                correlation_id: Some("correlation-1".into()),
            },
            ClientError::NotAccepted {
                text: text(),
                names_mcp: false,
            },
            ClientError::Throttled {
                retry_after_seconds: Some(7),
                daily_quota: false,
            },
            ClientError::Throttled {
                retry_after_seconds: None,
                daily_quota: false,
            },
            ClientError::Throttled {
                retry_after_seconds: Some(7),
                daily_quota: true,
            },
            ClientError::ServerTrouble {
                status: 503,
                text: text(),
                starting: true,
            },
            ClientError::ServerTrouble {
                status: 500,
                text: text(),
                starting: false,
            },
            ClientError::ServerTrouble {
                status: 502,
                text: String::new(),
                starting: false,
            },
            ClientError::NotUnderstood {
                field: "Results".into(),
                detail: text(),
                rows_read: 3,
            },
            ClientError::CutOff {
                detail: text(),
                rows_read: 0,
            },
            ClientError::CutOff {
                detail: text(),
                rows_read: 1,
            },
            ClientError::CutOff {
                detail: text(),
                rows_read: 5000,
            },
            ClientError::Local {
                detail: "The file x cannot be read.".into(),
            },
        ];
        use ReachCause::*;
        errors.extend(
            [Dns, Refused, Timeout, Tls, Proxy, Reset, Other].map(|cause| ClientError::Unreachable {
                host: host(),
                cause,
                detail: text(),
            }),
        );
        let location_host = "login.example".to_owned();
        errors.extend(
            [
                WrongDoor::SignInRedirect {
                    location_host: location_host.clone(),
                },
                WrongDoor::Redirect { location_host },
                WrongDoor::Html,
                WrongDoor::NotFound { text: text() },
            ]
            .map(|found| ClientError::WrongAddress { host: host(), found }),
        );
        errors.extend(
            [
                Refusal::RoleLacks {
                    role: Some("readonly".into()),
                    permission: "CIPP.Core.Read".into(),
                },
                Refusal::RoleLacks {
                    role: None,
                    permission: "CIPP.Core.Read".into(),
                },
                Refusal::EndpointBlocked { role: "night".into() },
                Refusal::NoRole,
                Refusal::TenantOutside,
                Refusal::IpNotInRange,
                Refusal::SubscriptionEnded,
                Refusal::WrongApp,
                Refusal::NotInAllowedApplications,
                Refusal::Unknown,
            ]
            .map(|cause| ClientError::NotAllowed { cause, text: text() }),
        );
        errors
    }

    #[test]
    fn every_error_has_a_whole_sentence_and_a_next_step() {
        for error in one_of_each() {
            for text in [error.to_string(), error.remedy()] {
                assert!(
                    text.starts_with(char::is_uppercase) || text.starts_with("cipp.example.net"),
                    "{error:?}: {text}"
                );
                assert!(text.ends_with(['.', ')']), "{error:?}: {text}");
                assert!(!text.contains("  ") && !text.contains(".."), "{error:?}: {text}");
            }
        }
        assert_eq!(
            (ClientError::Cancelled.to_string(), ClientError::Cancelled.remedy()),
            ("Cancelled.".into(), String::new())
        );
    }

    #[test]
    fn what_was_read_before_is_counted_in_the_sentence() {
        let cut = |rows_read| {
            ClientError::CutOff {
                detail: "x".into(),
                rows_read,
            }
            .to_string()
        };
        assert!(
            cut(0).contains("before the first row")
                && cut(1).contains("after 1 row.")
                && cut(5000).contains("5000 rows")
        );
    }

    #[test]
    fn details_for_support_hold_microsofts_ids() {
        let detail = one_of_each()[0].detail();
        assert!(
            detail.contains("error?code=7000215") && detail.contains("trace-1") && detail.contains("correlation-1")
        );
    }
}
