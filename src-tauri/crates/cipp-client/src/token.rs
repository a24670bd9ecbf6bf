//! The access token: got by client credentials, kept in memory alone, one request for many waiters.
//!
//! Here: the token request, its replies and errors (facts: Entra A.1 to A.3), how long a token is used (E.1), and the
//! claims that may be shown. Not here: what CIPP thinks of the token (`client.rs`), and words for Entra's codes
//! (`aadsts.rs`).
//!
//! The lifetime is measured from receipt with a monotonic clock; this computer's idea of the time decides nothing. A
//! computer that slept finds out by CIPP's 401, which leads to one forced renewal.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;
use url::Url;
use uuid::Uuid;

use crate::aadsts;
use crate::client::ClientOptions;
use crate::connection::Connection;
use crate::error::{ClientError, ReachCause, WrongDoor};
use crate::ledger::OpenCall;
use crate::reply;
use crate::retry::{Again, Failure, Tries};
use crate::scrub::{Known, excerpt};
use crate::secret::Secret;
use crate::wire;

/// Far more than any token reply, in bytes.
const LONGEST_REPLY_BYTES: usize = 1024 * 1024;

/// The lifetime assumed when Entra does not say one.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A token is renewed this long before its end, as MSAL does.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// Below this lifetime the margin would eat too much; a fifth of the lifetime is kept instead.
const SHORT_LIFETIME: Duration = Duration::from_secs(25 * 60);

/// No lifetime is believed beyond this (the longest documented is 28 hours).
const LONGEST_LIFETIME: Duration = Duration::from_secs(48 * 60 * 60);

/// What a token says about itself, for people. Never the token. Nothing here is verified: the token is for CIPP, and
/// CIPP verifies it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct TokenClaims {
    /// Whom the token is for: `api://{client}` (v1) or the bare client ID (v2).
    pub aud: Option<String>,
    /// Who issued it.
    pub iss: Option<String>,
    /// The tenant's GUID.
    pub tid: Option<String>,
    /// The client it was issued to: `appid` (v1) or `azp` (v2).
    pub app_id: Option<String>,
    /// The object ID of the service principal.
    pub oid: Option<String>,
    /// `1.0` or `2.0`. A normal CIPP client has 1.0.
    pub version: Option<String>,
    /// Valid from.
    #[specta(type = Option<String>)]
    pub not_before: Option<Timestamp>,
    /// Valid until.
    #[specta(type = Option<String>)]
    pub expires_at: Option<Timestamp>,
    /// App roles; empty for nearly every CIPP client.
    pub roles: Vec<String>,
    /// How many seconds this computer's clock is ahead of Entra's (negative: behind), from the reply's `Date`. Only
    /// reported, never used.
    #[specta(type = Option<i32>)]
    pub clock_skew_seconds: Option<i64>,
}

/// A token with the time until which it is used.
pub(crate) struct Token {
    value: SecretString,
    header: HeaderValue,
    use_until: Instant,
    claims: TokenClaims,
}

impl Token {
    /// The `Authorization` header; marked so that no library prints it.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    pub(crate) fn claims(&self) -> &TokenClaims {
        &self.claims
    }

    pub(crate) fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(<redacted>)")
    }
}

/// Gets and keeps the token of one client.
pub(crate) struct Tokens {
    http: reqwest::Client,
    state: Mutex<State>,
    /// How many requests have been finished; lets waiters share the outcome that came while they waited.
    finished: AtomicU64,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    last_failure: Option<ClientError>,
    /// A refused secret and when it was: asking again at once would only lock the client out (facts: Entra E.2).
    refused: Option<(Instant, ClientError)>,
}

impl Tokens {
    pub(crate) fn new(http: reqwest::Client) -> Tokens {
        Tokens {
            http,
            state: Mutex::default(),
            finished: AtomicU64::new(0),
        }
    }

    /// A token that is good for now; gets one if there is none.
    pub(crate) async fn current(&self, ask: &Ask<'_>) -> Result<Arc<Token>, ClientError> {
        self.other_than(None, ask).await
    }

    /// A token other than the one that CIPP did not accept. When somebody else has renewed it meanwhile, that one.
    pub(crate) async fn renewed(&self, not_accepted: &Arc<Token>, ask: &Ask<'_>) -> Result<Arc<Token>, ClientError> {
        self.other_than(Some(not_accepted), ask).await
    }

    async fn other_than(&self, unwanted: Option<&Arc<Token>>, ask: &Ask<'_>) -> Result<Arc<Token>, ClientError> {
        let seen = self.finished.load(Ordering::Acquire);
        // Held while asking: whoever waits here gets the same outcome. Cancelling drops the guard with the request.
        let mut state = self.state.lock().await;
        if let Some((when, refused)) = &state.refused
            && when.elapsed() < REFUSAL_KEPT
        {
            return Err(refused.clone());
        }
        let good = state.token.as_ref().filter(|token| Instant::now() < token.use_until);
        if let Some(token) = good.filter(|token| !unwanted.is_some_and(|unwanted| Arc::ptr_eq(unwanted, token))) {
            return Ok(Arc::clone(token));
        }
        if self.finished.load(Ordering::Acquire) != seen
            && let Some(failure) = &state.last_failure
        {
            return Err(failure.clone());
        }
        let outcome = self.ask_patiently(ask).await.map(Arc::new);
        state.token = outcome.as_ref().ok().cloned();
        state.last_failure = outcome.as_ref().err().cloned();
        let refused = state.last_failure.clone().filter(is_final);
        state.refused = refused.map(|error| (Instant::now(), error));
        self.finished.fetch_add(1, Ordering::Release);
        outcome
    }

    async fn ask_patiently(&self, ask: &Ask<'_>) -> Result<Token, ClientError> {
        let mut tries = Tries::new(&ask.options.retry);
        loop {
            let begun = Instant::now();
            let patience = ask.options.token_timeout;
            let url = ask.connection.token_url();
            let mut call = ask.options.ledger.begin(&url, "signing in with the client secret");
            let outcome = timeout(patience, self.ask_once(ask, &url, &mut call)).await;
            let failure = match outcome {
                Ok(Ok(token)) => return Ok(token),
                Ok(Err(failure)) => failure,
                Err(_) => {
                    call.failed(ReachCause::Timeout);
                    wire::timed_out(ask.connection.authority.host(), patience)
                }
            };
            drop(call);
            match tries.pause_after(failure.again, begun.elapsed()) {
                Some(pause) => sleep(pause).await,
                None => return Err(failure.error),
            }
        }
    }

    async fn ask_once(&self, ask: &Ask<'_>, url: &Url, call: &mut OpenCall) -> Result<Token, Failure> {
        let host = ask.connection.authority.host();
        let proxy = ask.options.proxy.password().map(Secret::expose);
        let known = Known::new([ask.secret.expose()].into_iter().chain(proxy));
        let request_id = Uuid::new_v4();
        let form = [
            ("client_id", ask.connection.client_id.to_string()),
            ("scope", ask.connection.scope()),
            ("grant_type", "client_credentials".to_owned()),
            ("client_secret", ask.secret.expose().to_owned()),
        ];
        let begun = Instant::now();
        let response = self
            .http
            .post(url.clone())
            .header("client-request-id", request_id.to_string())
            .header("accept", "application/json")
            .form(&form)
            .send()
            .await
            .map_err(|error| wire::failure(host, error, &known, call))?;
        let received = Instant::now();
        let (status, headers) = (response.status(), response.headers().clone());
        call.answered(status.as_u16());
        debug!(host, status = status.as_u16(), %request_id, duration_ms = begun.elapsed().as_millis() as u64, "token request");
        if let Some(error) = reply::wrong_door(url, status, &headers) {
            return Err(Failure::last(not_entra(host, status, error)));
        }
        let body = wire::body_up_to(response, LONGEST_REPLY_BYTES, call)
            .await
            .map_err(|error| wire::failure(host, error, &known, call))?;
        if !status.is_success() {
            return Err(match refusal(status, &body, &known) {
                Some(failure) => with_asked_pause(failure, &headers),
                None => unlike_entra(url, status, &headers, &body, &known),
            });
        }
        let skew = reply::date(&headers).map(|theirs| Timestamp::now().as_second() - theirs.as_second());
        token(&body, received, skew, &known).map_err(Failure::last)
    }
}

/// What a token request needs.
pub(crate) struct Ask<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) secret: &'a Secret,
    pub(crate) options: &'a ClientOptions,
}

/// Long enough that the days of a range share one refusal, short enough that a person who put the secret right
/// (a new one takes a moment to be known everywhere) and tries again is not told the old answer.
const REFUSAL_KEPT: Duration = Duration::from_secs(10);

/// Only a refused secret is final. Everything else can be put right elsewhere while this client lives: a missing
/// service principal, a policy, the Application ID URI.
fn is_final(error: &ClientError) -> bool {
    matches!(error, ClientError::SignInRefused { error, .. } if error == "invalid_client")
}

/// The members of a token reply that are used, each lenient.
#[derive(Deserialize)]
struct TokenReply {
    #[serde(default)]
    access_token: Value,
    #[serde(default)]
    expires_in: Value,
}

fn token(body: &[u8], received: Instant, clock_skew_seconds: Option<i64>, known: &Known) -> Result<Token, ClientError> {
    let not_understood = |field: &str, detail: &str| ClientError::NotUnderstood {
        field: field.into(),
        detail: detail.into(),
        rows_read: 0,
    };
    let reply: TokenReply = serde_json::from_slice(body).map_err(|_| {
        let said = excerpt(&reply::words(body, false), known);
        not_understood(
            "token reply",
            &format!("the sign-in server did not answer with a JSON object: {said}"),
        )
    })?;
    let value = match reply.access_token {
        Value::String(value) if !value.is_empty() => SecretString::from(value),
        _ => {
            return Err(not_understood(
                "access_token",
                "the sign-in server's reply holds no token",
            ));
        }
    };
    let mut header = HeaderValue::try_from(format!("Bearer {}", value.expose_secret()))
        .map_err(|_| not_understood("access_token", "the token holds characters that cannot be sent"))?;
    header.set_sensitive(true);
    let lifetime = seconds(&reply.expires_in)
        .unwrap_or(UNKNOWN_LIFETIME)
        .min(LONGEST_LIFETIME);
    let claims = TokenClaims {
        clock_skew_seconds,
        ..claims(value.expose_secret())
    };
    Ok(Token {
        value,
        header,
        use_until: received + used_for(lifetime),
        claims,
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

/// The claims of a token, as far as it is a JWT.
fn claims(token: &str) -> TokenClaims {
    let payload = token
        .split('.')
        .nth(1)
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok());
    let claims: Value = payload
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .unwrap_or_default();
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| claims.get(*name)?.as_str())
            .map(str::to_owned)
    };
    let time = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_i64)
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
    };
    let roles = claims.get("roles").and_then(Value::as_array);
    TokenClaims {
        aud: text(&["aud"]),
        iss: text(&["iss"]),
        tid: text(&["tid"]),
        app_id: text(&["appid", "azp"]),
        oid: text(&["oid"]),
        version: text(&["ver"]),
        not_before: time("nbf"),
        expires_at: time("exp"),
        roles: roles
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        clock_skew_seconds: None,
    }
}

/// Entra's error form; `None` when the body is something else.
fn refusal(status: StatusCode, body: &[u8], known: &Known) -> Option<Failure> {
    let reply: Value = serde_json::from_slice(body).ok()?;
    let error = reply.get("error")?.as_str()?.to_owned();
    let said = reply
        .get("error_description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let listed = reply
        .get("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(Value::as_u64)
        .and_then(|code| u32::try_from(code).ok());
    let id = |name: &str| reply.get(name).and_then(Value::as_str).map(|id| excerpt(id, known));
    let passing = matches!(error.as_str(), "temporarily_unavailable" | "server_error") || status.is_server_error();
    let again = if status == StatusCode::TOO_MANY_REQUESTS {
        Again::WhenAsked(None)
    } else if passing {
        Again::Soon
    } else {
        Again::No
    };
    let error = ClientError::SignInRefused {
        status: status.as_u16(),
        error: excerpt(&error, known),
        aadsts: listed.or_else(|| aadsts::code_in(said)),
        description: excerpt(aadsts::first_sentence(said), known),
        trace_id: id("trace_id"),
        correlation_id: id("correlation_id"),
    };
    Some(Failure { error, again })
}

/// A redirect or a web page where the token should be: Entra never does that, hotel networks and proxies do.
fn not_entra(host: &str, status: StatusCode, error: ClientError) -> ClientError {
    let found = match error {
        ClientError::WrongAddress {
            found: WrongDoor::Html, ..
        } => "a web page".to_owned(),
        ClientError::WrongAddress {
            found: WrongDoor::Redirect { location_host } | WrongDoor::SignInRedirect { location_host },
            ..
        } => format!("a redirect to {location_host}"),
        other => return other,
    };
    ClientError::Unreachable {
        host: host.to_owned(),
        cause: ReachCause::Proxy,
        detail: format!("{found} (HTTP {})", status.as_u16()),
    }
}

/// A failure that does not have Entra's error form.
fn unlike_entra(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8], known: &Known) -> Failure {
    let passing = status.is_server_error() || matches!(status.as_u16(), 407 | 408 | 429);
    if passing {
        return reply::failed(url, status, headers, body, known);
    }
    let html = reply::is_html(headers) || reply::begins_like_html(body);
    Failure::last(ClientError::SignInRefused {
        status: status.as_u16(),
        error: status.canonical_reason().unwrap_or("unknown").to_owned(),
        aadsts: None,
        description: excerpt(&reply::words(body, html), known),
        trace_id: None,
        correlation_id: None,
    })
}

fn with_asked_pause(failure: Failure, headers: &HeaderMap) -> Failure {
    match (failure.again, reply::retry_after(headers)) {
        (Again::Soon | Again::WhenAsked(_), Some(asked)) => Failure {
            again: Again::WhenAsked(Some(asked)),
            ..failure
        },
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(body: &str) -> (Duration, TokenClaims) {
        let now = Instant::now();
        let token = token(body.as_bytes(), now, None, &Known::default()).unwrap();
        assert!(token.header().is_sensitive());
        assert_eq!(format!("{token:?}"), "Token(<redacted>)");
        (token.use_until - now, token.claims.clone())
    }

    #[test]
    fn the_lifetime_is_honoured_as_number_or_text_with_a_margin() {
        for (expires_in, used) in [
            ("3599", 3299),
            ("\"3599\"", 3299),
            ("86399", 86099),
            ("600", 480),
            ("10", 8),
            ("0", 0),
            ("-5", 0),
            ("null", 240),
            ("\"soon\"", 240),
            ("1e12", 48 * 3600 - 300),
            ("1e300", 240),
        ] {
            let (used_for, _) = good(&format!(
                r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"opaque"}}"#
            ));
            assert_eq!(used_for.as_secs(), used, "{expires_in}");
        }
        assert_eq!(good(r#"{"access_token":"opaque"}"#).0.as_secs(), 240);
    }

    #[test]
    fn claims_are_read_from_both_versions_and_never_required() {
        let jwt = |payload: &str| {
            format!(
                r#"{{"access_token":"h.{}.s","expires_in":3599}}"#,
                URL_SAFE_NO_PAD.encode(payload)
            )
        };
        let v1 = good(&jwt(r#"{"ver":"1.0","aud":"api://x","appid":"x","tid":"t","oid":"o","iss":"i","nbf":1754613000,"exp":1754616600}"#)).1;
        assert_eq!(
            (v1.app_id.as_deref(), v1.version.as_deref(), v1.aud.as_deref()),
            (Some("x"), Some("1.0"), Some("api://x"))
        );
        assert_eq!(v1.expires_at.unwrap().as_second(), 1_754_616_600);
        let v2 = good(&jwt(r#"{"ver":"2.0","aud":"x","azp":"x","roles":["a",1]}"#)).1;
        assert_eq!((v2.app_id.as_deref(), v2.roles), (Some("x"), vec!["a".to_owned()]));
        assert_eq!(good(r#"{"access_token":"opaque"}"#).1, TokenClaims::default());
        assert_eq!(good(r#"{"access_token":"a.b!.c"}"#).1, TokenClaims::default());
    }

    #[test]
    fn a_reply_without_token_names_the_field() {
        for (body, expected) in [
            ("{}", "access_token"),
            (r#"{"access_token":5}"#, "access_token"),
            (r#"{"access_token":"a\nb"}"#, "access_token"),
            ("hello", "token reply"),
            ("[1]", "access_token"),
        ] {
            let error = token(body.as_bytes(), Instant::now(), None, &Known::default()).unwrap_err();
            assert!(
                matches!(&error, ClientError::NotUnderstood { field, .. } if field == expected || body == "[1]"),
                "{body}: {error:?}"
            );
        }
    }

    #[test]
    fn entras_error_form_is_kept_with_code_and_ids() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure it.\r\nTrace ID: 1","error_codes":[7000215],"trace_id":"1","correlation_id":"2"}"#;
        let failure = refusal(StatusCode::UNAUTHORIZED, body.as_bytes(), &Known::default()).unwrap();
        assert!(is_final(&failure.error) && failure.again == Again::No);
        assert_eq!(failure.error.to_string(), "The client secret is wrong. (AADSTS7000215)");
        assert_eq!(
            failure.error,
            ClientError::SignInRefused {
                status: 401,
                error: "invalid_client".into(),
                aadsts: Some(7000215),
                description: "Invalid client secret provided.".into(),
                trace_id: Some("1".into()),
                correlation_id: Some("2".into())
            }
        );
        let without_codes = r#"{"error":"invalid_resource","error_description":"AADSTS500011: x"}"#;
        let failure = refusal(StatusCode::BAD_REQUEST, without_codes.as_bytes(), &Known::default()).unwrap();
        assert!(
            matches!(
                failure.error,
                ClientError::SignInRefused {
                    aadsts: Some(500011),
                    ..
                }
            ) && !is_final(&failure.error)
        );
        let passing = refusal(
            StatusCode::BAD_REQUEST,
            br#"{"error":"temporarily_unavailable"}"#,
            &Known::default(),
        )
        .unwrap();
        assert_eq!(passing.again, Again::Soon);
        assert!(refusal(StatusCode::BAD_REQUEST, b"<html>", &Known::default()).is_none());
    }
}
