//! What a reply is: the rows that were asked for, a refusal, a web page, or something else.
//!
//! Here: statuses, content types and the words of CIPP and of the platform in front of it, turned into a `ClientError`
//! (facts: CIPP 2.5 and 2.9, Entra A.5). Never assume JSON: EasyAuth, front ends and proxies answer with HTML, plain
//! text or nothing. Not here: cutting a list into rows (`split.rs`), and Entra's token replies (`token.rs`).

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use crate::error::{ClientError, Refusal, WrongDoor};
use crate::retry::{Again, Failure};
use crate::scrub::{Known, excerpt};
use crate::split::SplitError;

/// How much of an error's body is read, in bytes.
pub(crate) const LONGEST_ERROR_BYTES: usize = 64 * 1024;

/// What can be said from the head of a reply alone: a redirect, or a web page where data should be. `None` when the body decides.
pub(crate) fn wrong_door(url: &Url, status: StatusCode, headers: &HeaderMap) -> Option<ClientError> {
    let found = if status.is_redirection() {
        redirect(url, headers)
    } else if status.is_success() && is_html(headers) {
        WrongDoor::Html
    } else {
        return None;
    };
    Some(ClientError::WrongAddress { host: host(url), found })
}

/// Where a redirect leads: its host alone, because the rest of the address may carry anything.
fn redirect(url: &Url, headers: &HeaderMap) -> WrongDoor {
    let location = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| url.join(location).ok());
    let Some(location) = location else {
        return WrongDoor::Redirect {
            location_host: host(url),
        };
    };
    let location_host = host(&location);
    let sign_in = location.path().contains("/.auth/")
        || location_host.starts_with("login.")
        || location.path().contains("/oauth2/")
        || location.path().ends_with("/authorize");
    if sign_in {
        WrongDoor::SignInRedirect { location_host }
    } else {
        WrongDoor::Redirect { location_host }
    }
}

pub(crate) fn is_html(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| {
            kind.trim_start()
                .get(..9)
                .is_some_and(|start| start.eq_ignore_ascii_case("text/html"))
        })
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// A site with an MCP server tells its clients where to read on (facts: CIPP 4, number 44).
fn names_mcp(headers: &HeaderMap) -> bool {
    let mut challenges = headers.get_all(reqwest::header::WWW_AUTHENTICATE).iter();
    challenges.any(|value| value.to_str().is_ok_and(|value| value.contains("resource_metadata=")))
}

/// A reply with a status other than 200 and 401 (which the caller answers with a new token first).
pub(crate) fn failed(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8], known: &Known) -> Failure {
    if let Some(error) = wrong_door(url, status, headers) {
        return Failure::last(error);
    }
    let html = is_html(headers) || begins_like_html(body);
    let text = excerpt(&words(body, html), known);
    match status.as_u16() {
        401 => Failure::last(ClientError::NotAccepted {
            text,
            names_mcp: names_mcp(headers),
        }),
        403 => Failure::last(ClientError::NotAllowed {
            cause: refusal(&text, html),
            text,
        }),
        404 => Failure::last(ClientError::WrongAddress {
            host: host(url),
            found: WrongDoor::NotFound { text },
        }),
        511 => Failure::last(ClientError::Unreachable {
            host: host(url),
            cause: crate::error::ReachCause::Proxy,
            detail: format!("the network asks for a sign-in (HTTP 511): {text}")
                .trim_end_matches([':', ' '])
                .to_owned(),
        }),
        407 => Failure::last(ClientError::Unreachable {
            host: host(url),
            cause: crate::error::ReachCause::Proxy,
            detail: format!("{} (HTTP 407)", crate::wire::PROXY_WANTS_SIGN_IN),
        }),
        429 => throttled(headers, body),
        status => trouble(status, headers, text),
    }
}

fn throttled(headers: &HeaderMap, body: &[u8]) -> Failure {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let daily_quota = json.get("error").and_then(Value::as_str) == Some("egress_quota_exceeded");
    let asked = retry_after(headers).or_else(|| {
        json.get("retryAfterSeconds")
            .and_then(Value::as_u64)
            .map(Duration::from_secs)
    });
    let again = if daily_quota {
        Again::No
    } else {
        Again::WhenAsked(asked)
    };
    Failure {
        error: ClientError::Throttled {
            retry_after_seconds: asked.map(|asked| asked.as_secs()),
            daily_quota,
        },
        again,
    }
}

fn trouble(status: u16, headers: &HeaderMap, text: String) -> Failure {
    let starting = status == 503 && text.to_ascii_lowercase().contains("starting up");
    let again = match status {
        503 if text.contains("feature has been disabled") => Again::No,
        503 => Again::WhenAsked(retry_after(headers)),
        500 if is_validation_failure(&text) => Again::No,
        408 | 500 | 502 | 504 => Again::Soon,
        _ => Again::No,
    };
    Failure {
        error: ClientError::ServerTrouble { status, text, starting },
        again,
    }
}

/// Whether a 500 is CIPP's way of refusing a filter (facts: ListLogs 1.10): the same request fails each time.
pub(crate) fn is_validation_failure(text: &str) -> bool {
    [
        "Invalid date format",
        "Invalid GUID format",
        "Invalid pattern",
        "parsing \"",
        "wildcard character pattern",
        "regular expression",
    ]
    .iter()
    .any(|fragment| text.contains(fragment))
}

/// `Retry-After` in seconds or as an HTTP date; a date is measured against the server's own clock where it sends one.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = http_date(value)?;
    let now = date(headers).unwrap_or_else(Timestamp::now);
    Some(Duration::from_secs(
        u64::try_from(then.as_second() - now.as_second()).unwrap_or(0),
    ))
}

/// The server's clock, from its `Date` header.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// Which refusal it is (facts: CIPP 2.5). The order matters: several texts share their end.
fn refusal(text: &str, html: bool) -> Refusal {
    let lower = text.to_ascii_lowercase();
    let permission = || {
        after(text, "does not have the required permission: ")
            .or_else(|| after(text, "do not have the required permission: "))
    };
    if lower.contains("the api client does not have the required permission")
        || lower.contains("is not in the allowed range for your role")
    {
        Refusal::IpNotInRange
    } else if lower.contains("your cipp subscription has ended") {
        Refusal::SubscriptionEnded
    } else if lower.contains("api calls are not accepted on this function app") {
        Refusal::WrongApp
    } else if lower.contains("access to this tenant is not allowed") {
        Refusal::TenantOutside
    } else if lower.contains("has blocked this endpoint") {
        Refusal::EndpointBlocked {
            role: quoted_after(text, "custom role ").unwrap_or_default(),
        }
    } else if lower.contains("the user does not have the required permission") {
        Refusal::NoRole
    } else if let Some(permission) = permission() {
        Refusal::RoleLacks {
            role: quoted_after(text, "the "),
            permission,
        }
    } else if html || text.is_empty() || lower.contains("you do not have permission to view this directory") {
        Refusal::NotInAllowedApplications
    } else {
        Refusal::Unknown
    }
}

/// The word after a fragment.
fn after(text: &str, fragment: &str) -> Option<String> {
    let rest = &text[text.find(fragment)? + fragment.len()..];
    let word = rest
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';'))
        .next()?;
    let word = word.trim_end_matches('.');
    (!word.is_empty()).then(|| word.to_owned())
}

/// The text in single quotes that follows a fragment directly.
fn quoted_after(text: &str, fragment: &str) -> Option<String> {
    let opening = format!("{fragment}'");
    let rest = &text[text.find(&opening)? + opening.len()..];
    rest.split_once('\'').map(|(inside, _)| inside.to_owned())
}

pub(crate) fn begins_like_html(body: &[u8]) -> bool {
    body.iter()
        .find(|b| !b.is_ascii_whitespace() && !matches!(b, 0xEF | 0xBB | 0xBF))
        == Some(&b'<')
}

/// The words of an error's body, which is plain text, a JSON text, a JSON object or a web page.
pub(crate) fn words(body: &[u8], html: bool) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if html {
        return page_title(text);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(json) => words_of_json(&json).unwrap_or_else(|| text.to_owned()),
        Err(_) => text.to_owned(),
    }
}

fn words_of_json(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => [
            "error",
            "Results",
            "message",
            "Message",
            "resultText",
            "error_description",
        ]
        .iter()
        .find_map(|key| object.get(*key))
        .and_then(words_of_json),
        Value::Array(items) => items.first().and_then(words_of_json),
        _ => None,
    }
}

/// A web page's title: the rest is markup.
fn page_title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let from = start + lower[start..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(page[from..to].trim().to_owned())
    });
    title.unwrap_or_default()
}

/// Why a reply with status 200 was no list of rows.
pub(crate) fn not_rows(host: &str, error: SplitError, rows_read: u64, known: &Known) -> ClientError {
    let not_understood = |field: &str, detail: String| ClientError::NotUnderstood {
        field: field.to_owned(),
        detail,
        rows_read,
    };
    match error {
        SplitError::Html => ClientError::WrongAddress {
            host: host.to_owned(),
            found: WrongDoor::Html,
        },
        SplitError::NotAList(body) => {
            let (field, detail) = no_list(&body);
            not_understood(&field, excerpt(&detail, known))
        }
        SplitError::RowTooLong => not_understood(
            "row",
            format!(
                "one row is larger than {} MB",
                crate::split::LONGEST_ROW_BYTES / (1024 * 1024)
            ),
        ),
        SplitError::Misplaced(byte) => not_understood(
            "list",
            format!("\u{201C}{}\u{201D} stands between two rows", byte.escape_ascii()),
        ),
        SplitError::Trailing => not_understood("end of the list", "something follows after the last row".into()),
        SplitError::Empty => ClientError::CutOff {
            detail: "it is empty".into(),
            rows_read,
        },
        SplitError::CutOff => ClientError::CutOff {
            detail: "it ends before the list is closed".into(),
            rows_read,
        },
    }
}

/// The telling field of a reply that is no list, and what it says.
fn no_list(body: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(body);
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(object)) => {
            let telling = ["error", "Results", "Message", "message", "Metadata"]
                .iter()
                .find(|key| object.contains_key(**key));
            match telling.and_then(|key| object.get(*key).map(|value| (*key, value))) {
                Some((key, value)) => (
                    key.to_owned(),
                    words_of_json(value).unwrap_or_else(|| value.to_string()),
                ),
                None => {
                    let keys: Vec<&str> = object.keys().map(String::as_str).take(8).collect();
                    (
                        "reply".into(),
                        format!("an object ({}) instead of a list of rows", keys.join(", ")),
                    )
                }
            }
        }
        Ok(Value::String(said)) => ("reply".into(), format!("a text instead of a list of rows: {said}")),
        Ok(other) => ("reply".into(), format!("{other} instead of a list of rows")),
        Err(_) => ("reply".into(), format!("no JSON: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn url() -> Url {
        "https://cipp.example.net/api/ListLogs".parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn fails(status: u16, pairs: &[(&'static str, &str)], body: &str) -> Failure {
        failed(
            &url(),
            StatusCode::from_u16(status).unwrap(),
            &headers(pairs),
            body.as_bytes(),
            &Known::default(),
        )
    }

    #[test]
    fn the_website_is_told_by_its_redirect_and_only_the_host_is_kept() {
        for (location, expected) in [
            (
                "/.auth/login/aad?post_login_redirect_uri=.referrer",
                WrongDoor::SignInRedirect {
                    location_host: "cipp.example.net".into(),
                },
            ),
            (
                "https://login.microsoftonline.com/x/oauth2/v2.0/authorize?state=secret",
                WrongDoor::SignInRedirect {
                    location_host: "login.microsoftonline.com".into(),
                },
            ),
            (
                "https://parking.example/?a=b",
                WrongDoor::Redirect {
                    location_host: "parking.example".into(),
                },
            ),
        ] {
            let failure = fails(302, &[("location", location)], "");
            assert_eq!(
                failure.error,
                ClientError::WrongAddress {
                    host: "cipp.example.net".into(),
                    found: expected
                }
            );
            assert_eq!(failure.again, Again::No);
        }
        assert!(matches!(fails(302, &[], "").error, ClientError::WrongAddress { .. }));
        let page = wrong_door(
            &url(),
            StatusCode::OK,
            &headers(&[("content-type", "TEXT/HTML; charset=utf-8")]),
        );
        assert_eq!(
            page,
            Some(ClientError::WrongAddress {
                host: "cipp.example.net".into(),
                found: WrongDoor::Html
            })
        );
        assert_eq!(
            wrong_door(
                &url(),
                StatusCode::OK,
                &headers(&[("content-type", "application/json")])
            ),
            None
        );
    }

    #[test]
    fn every_refusal_is_told_apart_in_both_flavours() {
        let role = |role: Option<&str>, permission: &str| Refusal::RoleLacks {
            role: role.map(Into::into),
            permission: permission.into(),
        };
        for (said, cause) in [
            (
                "Access to this CIPP API endpoint is not allowed, the 'readonly' base role does not have the required permission: CIPP.AppSettings.Read",
                role(Some("readonly"), "CIPP.AppSettings.Read"),
            ),
            (
                "Access to this CIPP API endpoint is not allowed, you do not have the required permission: CIPP.Core.Read",
                role(None, "CIPP.Core.Read"),
            ),
            (
                "Access to this CIPP API endpoint is not allowed, the custom role 'night shift' has blocked this endpoint: ListLogs",
                Refusal::EndpointBlocked {
                    role: "night shift".into(),
                },
            ),
            (
                "Access to this CIPP API endpoint is not allowed, the user does not have the required permission",
                Refusal::NoRole,
            ),
            (
                "Access to this CIPP API endpoint is not allowed, the user does not have the required permission: CIPP.Core.Read",
                Refusal::NoRole,
            ),
            ("Access to this tenant is not allowed", Refusal::TenantOutside),
            (
                "Access to this CIPP API endpoint is not allowed, the API Client does not have the required permission",
                Refusal::IpNotInRange,
            ),
            (
                "Access to this CIPP API endpoint is not allowed, your IP address (192.0.2.1) is not in the allowed range for your role(s)",
                Refusal::IpNotInRange,
            ),
            (
                "Your CIPP subscription has ended. Please renew.",
                Refusal::SubscriptionEnded,
            ),
            ("API calls are not accepted on this function app", Refusal::WrongApp),
            (
                "Exception calling FromBase64String: Value cannot be null",
                Refusal::Unknown,
            ),
        ] {
            for body in [
                said.to_owned(),
                serde_json::to_string(said).unwrap(),
                serde_json::json!({"error": said}).to_string(),
            ] {
                let failure = fails(403, &[("content-type", "application/json")], &body);
                assert_eq!(
                    failure.error,
                    ClientError::NotAllowed {
                        cause: cause.clone(),
                        text: said.into()
                    },
                    "{body}"
                );
                assert_eq!(failure.again, Again::No);
            }
            assert!(
                !ClientError::NotAllowed {
                    cause: cause.clone(),
                    text: said.into()
                }
                .remedy()
                .is_empty()
            );
        }
        for body in [
            "",
            "<html><title>403 - Forbidden</title>",
            "You do not have permission to view this directory or page.",
        ] {
            assert!(matches!(
                fails(403, &[], body).error,
                ClientError::NotAllowed {
                    cause: Refusal::NotInAllowedApplications,
                    ..
                }
            ));
        }
    }

    #[test]
    fn statuses_have_their_kind_and_their_patience() {
        for (status, body, kind, again) in [
            (401, "", ErrorKind::NotAccepted, Again::No),
            (404, "Endpoint not found", ErrorKind::WrongAddress, Again::No),
            (
                404,
                "{\"error\":\"Endpoint 'x' not found\"}",
                ErrorKind::WrongAddress,
                Again::No,
            ),
            (407, "", ErrorKind::Unreachable, Again::No),
            (408, "", ErrorKind::ServerTrouble, Again::Soon),
            (412, "Request not processed", ErrorKind::ServerTrouble, Again::No),
            (429, "", ErrorKind::Throttled, Again::WhenAsked(None)),
            (500, "Object reference not set", ErrorKind::ServerTrouble, Again::Soon),
            (
                500,
                "\"Invalid date format for OData filter. Received: 'x'\"",
                ErrorKind::ServerTrouble,
                Again::No,
            ),
            (
                500,
                "Invalid pattern '(' at offset 1. Not enough )'s.",
                ErrorKind::ServerTrouble,
                Again::No,
            ),
            (502, "<html>", ErrorKind::ServerTrouble, Again::Soon),
            (
                503,
                "{\"error\":\"Application is starting up. Please wait.\"}",
                ErrorKind::ServerTrouble,
                Again::WhenAsked(None),
            ),
            (
                503,
                "This feature has been disabled: x",
                ErrorKind::ServerTrouble,
                Again::No,
            ),
            (
                504,
                "{\"error\":\"Request timed out after 600s\",\"code\":\"timeout\"}",
                ErrorKind::ServerTrouble,
                Again::Soon,
            ),
        ] {
            let failure = fails(status, &[], body);
            assert_eq!((failure.error.kind(), failure.again), (kind, again), "{status} {body}");
        }
        let starting = fails(503, &[], "{\"error\":\"Application is starting up. Please wait.\"}").error;
        assert!(
            matches!(starting, ClientError::ServerTrouble { starting: true, .. }),
            "{starting:?}"
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_date() {
        let asked = |pairs: &[(&'static str, &str)]| match fails(429, pairs, "").again {
            Again::WhenAsked(asked) => asked.map(|asked| asked.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(asked(&[("retry-after", "7")]), Some(7));
        assert_eq!(
            asked(&[
                ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("date", "Sun, 06 Nov 1994 08:49:07 GMT")
            ]),
            Some(30)
        );
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), Some(0));
        assert_eq!(asked(&[("retry-after", "soon")]), None);
        let quota = fails(
            429,
            &[("retry-after", "40000")],
            "{\"error\":\"egress_quota_exceeded\",\"retryAfterSeconds\":40000}",
        );
        assert_eq!(
            quota.error,
            ClientError::Throttled {
                retry_after_seconds: Some(40_000),
                daily_quota: true
            }
        );
        assert_eq!(quota.again, Again::No);
    }

    #[test]
    fn replies_that_are_no_list_name_their_telling_field() {
        let field = |body: &str| match not_rows("h", SplitError::NotAList(body.into()), 0, &Known::default()) {
            ClientError::NotUnderstood { field, detail, .. } => (field, detail),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            field("{\"error\":{\"code\":\"x\",\"message\":\"no\"}}"),
            ("error".into(), "no".into())
        );
        assert_eq!(
            field("{\"Results\":\"Failed to read\"}"),
            ("Results".into(), "Failed to read".into())
        );
        assert_eq!(
            field("{\"RowKey\":1,\"User\":2}").1,
            "an object (RowKey, User) instead of a list of rows"
        );
        assert_eq!(
            field("\"Endpoint not found\"").1,
            "a text instead of a list of rows: Endpoint not found"
        );
        assert_eq!(field("null").1, "null instead of a list of rows");
        assert_eq!(field("oops").1, "no JSON: oops");
    }

    #[test]
    fn an_error_page_is_reduced_to_its_title() {
        let failure = fails(
            502,
            &[("content-type", "text/html")],
            "<html><head><TITLE>\n502 - Web server</TITLE><body>eyJ0eXAiOiJKV1QiLCJhbGciOi",
        );
        assert_eq!(
            failure.error,
            ClientError::ServerTrouble {
                status: 502,
                text: "502 - Web server".into(),
                starting: false
            }
        );
    }
}
