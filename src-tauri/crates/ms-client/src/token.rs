//! The token endpoint: forms, replies and refusals (facts: Entra A.2, A.3).
//!
//! Here: one exchange with the sign-in server, what is tried again, and a token with the time until which it is used.
//! Not here: which grant is asked for when (`pending.rs`, `device.rs`, `session.rs`).
//!
//! The lifetime is measured from receipt with a monotonic clock; this computer's idea of the time decides nothing. A
//! computer that slept finds out by a 401, which leads to one forced renewal.

use std::fmt;
use std::time::Duration;

use cipp_client::{Again, Failure, Known, Tries, excerpt};
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tracing::debug;
use url::Url;
use uuid::Uuid;

use crate::aadsts::{self, Flow, RefusalCause};
use crate::clouds::Microsoft;
use crate::error::{Refusal, SignInError};
use crate::http::Answer;
use crate::scopes::Scopes;

/// Far more than any reply of the sign-in server, in bytes.
const LONGEST_REPLY_BYTES: usize = 1024 * 1024;

/// The lifetime assumed when Entra does not say one.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A token is renewed this long before its end, as MSAL does.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// Below this lifetime the margin would eat too much; a fifth of the lifetime is kept instead.
const SHORT_LIFETIME: Duration = Duration::from_secs(25 * 60);

/// No lifetime is believed beyond this (the longest documented is 28 hours).
const LONGEST_LIFETIME: Duration = Duration::from_secs(48 * 60 * 60);

/// An access token with the time until which it is used and what it allows.
pub(crate) struct Access {
    value: SecretString,
    use_until: Instant,
    scopes: Scopes,
}

impl Access {
    /// The `Authorization` header, made for one request and marked so that no library prints it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut text = format!("Bearer {}", self.value.expose_secret());
        let header = HeaderValue::try_from(text.as_str()).ok();
        text.zeroize();
        header.map(|mut header| {
            header.set_sensitive(true);
            header
        })
    }

    pub(crate) fn is_good(&self) -> bool {
        Instant::now() < self.use_until
    }

    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    pub(crate) fn known(&self) -> Known {
        Known::new([self.value.expose_secret()])
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(<redacted>)")
    }
}

/// What the token endpoint gave.
pub(crate) struct Granted {
    pub(crate) access: Access,
    pub(crate) refresh: Option<SecretString>,
    pub(crate) id_token: Option<SecretString>,
    /// The server's clock when it answered.
    pub(crate) server_time: Option<Timestamp>,
}

/// The members of a token reply that are used.
#[derive(Deserialize)]
struct Reply {
    access_token: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    token_type: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    expires_in: Value,
}

/// What may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Anything that is a read, or a refresh.
    Freely,
    /// A code works once: when it is not sure that the request was lost, it is not repeated.
    OnlyIfNotSent,
}

/// Asks the token endpoint for a token. `asked` are the scopes that count as granted when the reply names none (RFC 6749,
/// 5.1). Every value of the form is kept out of errors, except those that are no secret.
pub(crate) async fn ask(
    microsoft: &Microsoft,
    url: &Url,
    form: &[(&str, &str)],
    asked: &Scopes,
    flow: Flow,
    repeat: Repeat,
) -> Result<Granted, SignInError> {
    let mut answer = patiently(microsoft, repeat, || post(microsoft, url, form, flow)).await?;
    granted(&mut answer, asked)
}

/// Sends one form to the sign-in server.
pub(crate) async fn post(
    microsoft: &Microsoft,
    url: &Url,
    form: &[(&str, &str)],
    flow: Flow,
) -> Result<Answer, Failure<SignInError>> {
    let secret = |name: &str| matches!(name, "code" | "code_verifier" | "refresh_token" | "device_code");
    let known = Known::new(form.iter().filter(|(name, _)| secret(name)).map(|(_, value)| *value));
    let client = microsoft.inner.http.client(url).map_err(last)?;
    let request = client.post(url.clone()).header("accept", "application/json").form(form);
    let reason = match flow {
        Flow::Browser => "signing in as a person",
        Flow::DeviceCode => "signing in as a person, by device code",
        Flow::Silent => "renewing a person's sign-in",
    };
    exchange(microsoft, url, request, &known, flow, reason).await
}

/// One exchange with the sign-in server: a success, or why not. `reason`: in the words of the network ledger.
pub(crate) async fn exchange(
    microsoft: &Microsoft,
    url: &Url,
    request: reqwest::RequestBuilder,
    known: &Known,
    flow: Flow,
    reason: &'static str,
) -> Result<Answer, Failure<SignInError>> {
    let host = url.host_str().unwrap_or_default();
    let request_id = Uuid::new_v4();
    let request = request.header("client-request-id", request_id.to_string());
    let begun = Instant::now();
    let http = &microsoft.inner.http;
    let outcome = http.exchange(url, request, LONGEST_REPLY_BYTES, known, reason).await;
    let status = outcome.as_ref().map_or(0, |answer| answer.status.as_u16());
    debug!(host, status, %request_id, duration_ms = begun.elapsed().as_millis() as u64, "sign-in request");
    match outcome {
        Ok(answer) if answer.status == StatusCode::OK => Ok(answer),
        Ok(answer) => Err(refused(host, &answer, known, flow)),
        Err(reason) => Err(Failure {
            again: reason.again(),
            error: reason.into(),
        }),
    }
}

pub(crate) fn last(error: SignInError) -> Failure<SignInError> {
    Failure::last(error)
}

/// Tries until it succeeds or is not worth another try.
pub(crate) async fn patiently<A>(
    microsoft: &Microsoft,
    repeat: Repeat,
    attempt: impl Fn() -> A,
) -> Result<Answer, SignInError>
where
    A: Future<Output = Result<Answer, Failure<SignInError>>>,
{
    let mut tries = Tries::new(&microsoft.inner.options.retry);
    loop {
        let begun = Instant::now();
        let failure = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let again = match failure.again {
            Again::Soon if repeat == Repeat::OnlyIfNotSent => Again::No,
            again => again,
        };
        match tries.pause_after(again, begun.elapsed()) {
            Some(pause) => sleep(pause).await,
            None => return Err(failure.error),
        }
    }
}

/// Entra's error form, or whatever else a failure looks like.
fn refused(host: &str, answer: &Answer, known: &Known, flow: Flow) -> Failure<SignInError> {
    let body = answer.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let status = answer.status;
    let passing = status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
    let again = match status {
        StatusCode::TOO_MANY_REQUESTS => Again::WhenAsked(answer.retry_after()),
        _ if passing => answer
            .retry_after()
            .map_or(Again::Soon, |asked| Again::WhenAsked(Some(asked))),
        _ if text("error") == Some("temporarily_unavailable") => Again::Soon,
        _ => Again::No,
    };
    let error = match text("error") {
        Some(error) => {
            let listed = body.pointer("/error_codes/0").and_then(Value::as_u64);
            let said = text("error_description").unwrap_or_default();
            let code = listed
                .and_then(|code| u32::try_from(code).ok())
                .or_else(|| aadsts::code_in(said));
            let id = |name: &str| text(name).map(|id| excerpt(id, known));
            let said = refusal(error, code, said, known, flow);
            Refusal {
                trace_id: id("trace_id").or(said.trace_id),
                correlation_id: id("correlation_id").or(said.correlation_id),
                ..said
            }
        }
        None if passing || status == StatusCode::TOO_MANY_REQUESTS => Refusal {
            cause: RefusalCause::Passing,
            ..refusal("unavailable", None, &answer.words(), known, flow)
        },
        None => {
            let detail = format!(
                "HTTP {} from {host}: {}",
                status.as_u16(),
                excerpt(&answer.words(), known)
            );
            return Failure::last(SignInError::NotUnderstood {
                detail: detail.trim_end_matches([' ', ':', '.']).to_owned(),
            });
        }
    };
    Failure {
        error: SignInError::Refused(Box::new(error)),
        again,
    }
}

/// A refusal in Entra's words, wherever they came from.
pub(crate) fn refusal(error: &str, code: Option<u32>, said: &str, known: &Known, flow: Flow) -> Refusal {
    let id = |label| aadsts::id_in(said, label).map(|id| excerpt(id, known));
    Refusal {
        cause: aadsts::cause(code, error, flow),
        error: excerpt(error, known),
        aadsts: code,
        description: excerpt(aadsts::first_sentence(said), known),
        trace_id: id("Trace ID: "),
        correlation_id: id("Correlation ID: "),
    }
}

fn granted(answer: &mut Answer, asked: &Scopes) -> Result<Granted, SignInError> {
    let received = Instant::now();
    let server_time = answer.date();
    let not_understood = |detail: &str| SignInError::NotUnderstood { detail: detail.into() };
    // The parser's own words could quote the reply, so they are not kept.
    let reply = serde_json::from_slice::<Reply>(&answer.body);
    answer.body.zeroize();
    let reply = reply.map_err(|_| not_understood("the reply to the token request is no token reply"))?;
    if reply
        .token_type
        .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err(not_understood("the token is of an unknown type"));
    }
    let value = reply
        .access_token
        .filter(|token| !token.is_empty())
        .map(SecretString::from)
        .ok_or_else(|| not_understood("the reply holds no token"))?;
    let lifetime = seconds(&reply.expires_in)
        .unwrap_or(UNKNOWN_LIFETIME)
        .min(LONGEST_LIFETIME);
    let access = Access {
        value,
        use_until: received + used_for(lifetime),
        scopes: reply.scope.as_deref().map_or_else(|| asked.clone(), Scopes::granted),
    };
    if access.header().is_none() {
        return Err(not_understood("the token holds characters that cannot be sent"));
    }
    Ok(Granted {
        access,
        refresh: reply.refresh_token.map(SecretString::from),
        id_token: reply.id_token.map(SecretString::from),
        server_time,
    })
}

/// `expires_in` as a number or, from older endpoints, as text.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// How long a token with this lifetime is used.
fn used_for(lifetime: Duration) -> Duration {
    if lifetime < SHORT_LIFETIME {
        lifetime.mul_f64(0.8)
    } else {
        lifetime - MARGIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: Default::default(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_reply_is_read_leniently_and_wiped() {
        let mut reply = answer(
            200,
            r#"{"token_type":"bearer","expires_in":"3599","access_token":"a.b.c","refresh_token":"r","scope":"User.Read openid"}"#,
        );
        let granted = granted(&mut reply, &Scopes::none()).unwrap();
        assert_eq!(granted.access.scopes().to_string(), "User.Read");
        assert!(granted.access.is_good() && granted.refresh.is_some() && granted.id_token.is_none());
        assert!(reply.body.is_empty());
        assert!(granted.access.header().unwrap().is_sensitive());
        assert_eq!(format!("{:?}", granted.access), "Access(<redacted>)");
        let mut silent = answer(200, r#"{"access_token":"a.b.c"}"#);
        let granted = super::granted(&mut silent, &Scopes::tier_1()).unwrap();
        assert_eq!(granted.access.scopes(), &Scopes::tier_1());
    }

    #[test]
    fn what_is_no_token_reply_is_not_quoted() {
        for body in [
            r#"{"access_token":""}"#,
            r#"{"access_token":"planted\n"}"#,
            r#"{"access_token":"planted","token_type":"pop"}"#,
            "planted",
            r#"["planted"]"#,
        ] {
            let error = granted(&mut answer(200, body), &Scopes::none()).err().unwrap();
            assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn lifetimes_have_a_margin_and_bounds() {
        assert_eq!(used_for(Duration::from_secs(3600)), Duration::from_secs(3300));
        assert_eq!(used_for(Duration::from_secs(100)), Duration::from_secs(80));
        assert_eq!(seconds(&serde_json::json!("7")), Some(Duration::from_secs(7)));
        assert_eq!(seconds(&serde_json::json!(-7)), Some(Duration::ZERO));
        assert_eq!(seconds(&serde_json::json!([])), None);
    }

    #[test]
    fn refusals_keep_what_helps_and_tell_what_may_help_again() {
        let known = Known::new(["planted-code"]);
        let body = serde_json::json!({
            "error": "invalid_grant",
            "error_description": "AADSTS65001: Not consented to planted-code. More.\r\nTrace ID: t",
            "error_codes": [65001], "trace_id": "t", "correlation_id": "c",
        });
        let failure = refused("h", &answer(400, &body.to_string()), &known, Flow::Silent);
        let SignInError::Refused(refusal) = failure.error else {
            panic!()
        };
        assert_eq!(
            (refusal.cause, refusal.aadsts),
            (RefusalCause::ConsentNeeded, Some(65001))
        );
        assert_eq!(refusal.description, "Not consented to <redacted>.");
        assert_eq!((refusal.trace_id.as_deref(), failure.again), (Some("t"), Again::No));
        let trouble = refused("h", &answer(503, "<html><title>Sorry</title>"), &known, Flow::Browser);
        assert_eq!(trouble.again, Again::Soon);
        assert_eq!(trouble.error.cause(), Some(RefusalCause::Passing));
        let odd = refused("h", &answer(403, "<title>planted-code</title>"), &known, Flow::Browser);
        assert_eq!(odd.again, Again::No);
        assert!(!format!("{:?}", odd.error).contains("planted"), "{:?}", odd.error);
    }
}
