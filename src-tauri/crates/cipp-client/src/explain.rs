//! From an error to the catalogue: what it may mean, the cause to name first.
//!
//! Here: what an error's variant knows for certain, and the rest left to the words of the server. Not here: the words of an
//! explanation (the `failures` crate), and sentences that name a host or a number (`error.rs`).

use failures::{Explanation, Failure, Seen, Symptom, by_id, explain};

use crate::error::{ClientError, ReachCause, Refusal, WrongDoor};
use crate::wire::{PROXY_IS_AWAY, PROXY_REFUSES, PROXY_WANTS_SIGN_IN};

impl ClientError {
    /// All that this error may mean, the first being the one to name; empty for what the catalogue knows nothing of
    /// (cancelled, something on this computer). What the variant knows for certain stands before what the server's words
    /// and status may mean.
    pub fn explanation(&self) -> Explanation {
        let said = self.said();
        let by_words = explain(&Symptom {
            text: &said.text,
            status: said.status,
            seen: Some(Seen::Client),
        });
        let (by_words_first, known) = self.known(!by_words.failures.is_empty());
        let known: Vec<&'static Failure> = known.iter().filter_map(|id| by_id(id)).collect();
        let mut failures: Vec<&'static Failure> = Vec::new();
        let (first, second) = match by_words_first {
            true => (by_words.failures, known),
            false => (known, by_words.failures),
        };
        for failure in first.into_iter().chain(second) {
            if !failures.iter().any(|there| there.id == failure.id) {
                failures.push(failure);
            }
        }
        Explanation {
            failures,
            unknown_codes: by_words.unknown_codes,
        }
    }

    /// What this variant stands for, and whether the words tell better than that. `words_tell`: whether they tell anything.
    fn known(&self, words_tell: bool) -> (bool, &'static [&'static str]) {
        let only_without_words = |ids| (true, if words_tell { &[][..] } else { ids });
        match self {
            ClientError::Unreachable { cause, detail, .. } => match cause {
                ReachCause::Dns => (false, &["host-not-found"]),
                ReachCause::Refused => (false, &["connection-refused"]),
                ReachCause::Timeout => (false, &["no-answer-in-time"]),
                ReachCause::Reset => (false, &["connection-broken"]),
                ReachCause::Tls => only_without_words(&["no-secure-connection"]),
                ReachCause::Proxy if detail.contains(PROXY_WANTS_SIGN_IN) => (false, &["proxy-wants-password"]),
                ReachCause::Proxy if detail.contains(PROXY_REFUSES) => {
                    // The HTTP library keeps no status: a proxy that answers a wrong password with 401 says no more.
                    (false, &["proxy-refuses-host", "proxy-wants-password"])
                }
                ReachCause::Proxy if detail.contains(PROXY_IS_AWAY) => (false, &["proxy-not-reachable"]),
                ReachCause::Proxy => only_without_words(&["captive-portal", "proxy-refuses-host"]),
                ReachCause::Other => (true, &[]),
            },
            ClientError::WrongAddress { found, .. } => match found {
                WrongDoor::SignInRedirect { .. } => (false, &["website-instead-of-api"]),
                WrongDoor::Redirect { .. } => (false, &["redirected-elsewhere"]),
                WrongDoor::Html => (false, &["html-instead-of-data"]),
                WrongDoor::NotFound { .. } => (true, &["endpoint-not-found"]),
            },
            ClientError::SignInRefused { .. } => (true, &[]),
            ClientError::NotAccepted { .. } => (
                true,
                &[
                    "client-not-saved",
                    "client-not-enabled",
                    "client-is-mcp",
                    "not-replicated-yet",
                    "proxy-replaces-token",
                ],
            ),
            ClientError::NotAllowed { cause, .. } => (false, refusal(cause)),
            ClientError::Throttled { daily_quota: true, .. } => (false, &["egress-quota-used-up"]),
            ClientError::Throttled { .. } => (false, &["too-many-calls"]),
            ClientError::ServerTrouble { starting: true, .. } => (false, &["starting-up"]),
            ClientError::ServerTrouble { status: 503, .. } => only_without_words(&["instance-restarting"]),
            ClientError::ServerTrouble { status: 500.., .. } => only_without_words(&["cipp-error-of-its-own"]),
            ClientError::ServerTrouble { .. } => only_without_words(&["request-not-processed"]),
            ClientError::NotUnderstood { .. } => only_without_words(&["reply-not-understood"]),
            ClientError::CutOff { .. } => (false, &["reply-cut-off"]),
            ClientError::Cancelled | ClientError::Local { .. } => (true, &[]),
        }
    }

    /// The server's words and status, as far as they are kept.
    fn said(&self) -> Said {
        let said = |text: &str, status| Said {
            text: text.to_owned(),
            status,
        };
        match self {
            // Known already; what lies behind a proxy's trouble would sound like the server's.
            ClientError::Unreachable {
                cause: ReachCause::Proxy,
                detail,
                ..
            } if [PROXY_WANTS_SIGN_IN, PROXY_REFUSES, PROXY_IS_AWAY]
                .iter()
                .any(|did| detail.contains(did)) =>
            {
                said("", None)
            }
            ClientError::Unreachable {
                cause: ReachCause::Dns | ReachCause::Refused | ReachCause::Timeout | ReachCause::Reset,
                ..
            } => said("", None),
            ClientError::Unreachable { detail, .. } => said(detail, None),
            ClientError::WrongAddress {
                found: WrongDoor::NotFound { text },
                ..
            } => said(text, Some(404)),
            ClientError::SignInRefused {
                status,
                error,
                aadsts,
                description,
                ..
            } => {
                let code = aadsts.map_or(String::new(), |code| format!("AADSTS{code}: "));
                said(&format!("{{\"error\":\"{error}\"}} {code}{description}"), Some(*status))
            }
            ClientError::NotAccepted { text, .. } => said(text, Some(401)),
            ClientError::NotAllowed { text, .. } => said(text, Some(403)),
            ClientError::ServerTrouble { status, text, .. } => said(text, Some(*status)),
            ClientError::NotUnderstood { detail, .. } => said(detail, None),
            ClientError::WrongAddress { .. }
            | ClientError::Throttled { .. }
            | ClientError::CutOff { .. }
            | ClientError::Cancelled
            | ClientError::Local { .. } => said("", None),
        }
    }
}

struct Said {
    text: String,
    status: Option<u16>,
}

fn refusal(cause: &Refusal) -> &'static [&'static str] {
    match cause {
        Refusal::RoleLacks { permission, .. }
            if permission.starts_with("CIPP.AppSettings.") || permission.starts_with("CIPP.Extension.") =>
        {
            &["role-lacks-permission", "checks-need-more-than-readonly"]
        }
        Refusal::RoleLacks { .. } => &["role-lacks-permission"],
        Refusal::EndpointBlocked { .. } => &["endpoint-blocked"],
        Refusal::NoRole => &["no-role"],
        Refusal::TenantOutside => &["tenant-outside-role"],
        Refusal::IpNotInRange => &["ip-not-in-range"],
        Refusal::SubscriptionEnded => &["subscription-ended"],
        Refusal::WrongApp => &["helper-app-address"],
        Refusal::NotInAllowedApplications => &["client-not-in-allowed-applications"],
        Refusal::Unknown => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(error: &ClientError) -> Vec<&'static str> {
        error
            .explanation()
            .failures
            .iter()
            .map(|failure| failure.id.as_str())
            .collect()
    }

    fn unreachable(cause: ReachCause, detail: &str) -> ClientError {
        ClientError::Unreachable {
            host: "cipp.example.net".into(),
            cause,
            detail: detail.into(),
        }
    }

    fn refused(error: &str, aadsts: Option<u32>) -> ClientError {
        ClientError::SignInRefused {
            status: 400,
            error: error.into(),
            aadsts,
            description: "What Microsoft said.".into(),
            trace_id: None,
            correlation_id: None,
        }
    }

    #[test]
    fn every_error_names_the_cause_that_it_knows() {
        let door = |found| ClientError::WrongAddress {
            host: "h".into(),
            found,
        };
        let not_allowed = |cause, text: &str| ClientError::NotAllowed {
            cause,
            text: text.into(),
        };
        let trouble = |status, text: &str| ClientError::ServerTrouble {
            status,
            text: text.into(),
            starting: text.contains("starting up"),
        };
        for (error, first) in [
            (unreachable(ReachCause::Dns, "x"), "host-not-found"),
            (unreachable(ReachCause::Refused, "x"), "connection-refused"),
            (unreachable(ReachCause::Timeout, "x"), "no-answer-in-time"),
            (unreachable(ReachCause::Reset, "x"), "connection-broken"),
            (unreachable(ReachCause::Tls, "x"), "no-secure-connection"),
            (
                unreachable(ReachCause::Tls, "invalid peer certificate: UnknownIssuer"),
                "tls-inspected",
            ),
            (
                unreachable(ReachCause::Tls, "invalid peer certificate: NotValidYet"),
                "clock-off",
            ),
            (
                unreachable(ReachCause::Proxy, "tunnel error: unsuccessful"),
                "proxy-refuses-host",
            ),
            (
                unreachable(ReachCause::Proxy, "the proxy asks for a sign-in (HTTP 407)"),
                "proxy-wants-password",
            ),
            (
                unreachable(ReachCause::Proxy, "a web page (HTTP 200)"),
                "captive-portal",
            ),
            (
                unreachable(
                    ReachCause::Proxy,
                    "the proxy itself cannot be reached: tunnel error: Connection refused (os error 111)",
                ),
                "proxy-not-reachable",
            ),
            (door(WrongDoor::Html), "html-instead-of-data"),
            (
                door(WrongDoor::SignInRedirect {
                    location_host: "x".into(),
                }),
                "website-instead-of-api",
            ),
            (
                door(WrongDoor::Redirect {
                    location_host: "x".into(),
                }),
                "redirected-elsewhere",
            ),
            (
                door(WrongDoor::NotFound {
                    text: "Endpoint not found".into(),
                }),
                "endpoint-not-found",
            ),
            (
                door(WrongDoor::NotFound {
                    text: "404 Web Site not found".into(),
                }),
                "azure-site-missing",
            ),
            (door(WrongDoor::NotFound { text: String::new() }), "api-missing-in-path"),
            (refused("invalid_client", Some(7_000_215)), "secret-wrong"),
            (refused("temporarily_unavailable", None), "entra-passing-problem"),
            (
                ClientError::NotAccepted {
                    text: String::new(),
                    names_mcp: false,
                },
                "client-not-saved",
            ),
            (not_allowed(Refusal::NoRole, "x"), "no-role"),
            (
                not_allowed(Refusal::NotInAllowedApplications, ""),
                "client-not-in-allowed-applications",
            ),
            (
                not_allowed(Refusal::Unknown, "Exception calling FromBase64String"),
                "no-principal",
            ),
            (
                ClientError::Throttled {
                    retry_after_seconds: None,
                    daily_quota: false,
                },
                "too-many-calls",
            ),
            (
                ClientError::Throttled {
                    retry_after_seconds: None,
                    daily_quota: true,
                },
                "egress-quota-used-up",
            ),
            (trouble(503, "Application is starting up."), "starting-up"),
            (trouble(503, "This feature has been disabled: x"), "feature-disabled"),
            (trouble(503, ""), "instance-restarting"),
            (trouble(504, "Request timed out after 600s"), "ten-minute-limit"),
            (trouble(500, "Invalid date format for OData filter."), "invalid-date"),
            (trouble(507, "odd"), "cipp-error-of-its-own"),
            (trouble(412, "odd"), "request-not-processed"),
            (
                ClientError::NotUnderstood {
                    field: "reply".into(),
                    detail: "odd".into(),
                    rows_read: 0,
                },
                "reply-not-understood",
            ),
            (
                ClientError::CutOff {
                    detail: "odd".into(),
                    rows_read: 0,
                },
                "reply-cut-off",
            ),
        ] {
            assert_eq!(ids(&error).first(), Some(&first), "{error:?}: {:?}", ids(&error));
        }
    }

    #[test]
    fn plausible_causes_follow_and_unknown_codes_are_told() {
        let limit = ClientError::NotAllowed {
            cause: Refusal::IpNotInRange,
            text:
                "Access to this CIPP API endpoint is not allowed, the API Client does not have the required permission"
                    .into(),
        };
        assert_eq!(ids(&limit)[..2], ["ip-not-in-range", "ip-list-empty"]);
        assert!(
            ids(&ClientError::NotAccepted {
                text: String::new(),
                names_mcp: false
            })
            .len()
                > 3
        );
        let unknown = refused("invalid_request", Some(4_711_000)).explanation();
        assert_eq!(
            (unknown.failures.len(), unknown.unknown_codes.as_slice()),
            (0, &[4_711_000][..])
        );
        for nothing in [
            ClientError::Cancelled,
            ClientError::Local {
                detail: "AADSTS7000215".into(),
            },
        ] {
            assert!(ids(&nothing).is_empty());
        }
    }

    /// A misspelt name would only be seen as an explanation that is missing.
    #[test]
    fn every_name_is_one_of_the_catalogue() {
        let source = include_str!("explain.rs");
        let body = source.split("#[cfg(test)]").next().unwrap();
        let names = body
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        let names: Vec<&str> = names.collect();
        assert!(names.len() > 25, "{names:?}");
        for name in names {
            assert!(by_id(name).is_some(), "{name}");
        }
    }
}
