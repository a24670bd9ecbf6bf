//! The HTTP clients, what a failure on the wire means, and whole replies with a limit.
//!
//! Here: how a client is built (for a server on this computer, or for any other), one exchange, and what every reply
//! has in common. Not here: what its status and body mean (`token.rs`, `refusal.rs`).
//!
//! No redirect is ever followed: a bearer token is bound to one host. Certificates are judged by the operating system's
//! verifier, so that a company's TLS inspection keeps working; there is no switch to skip it (facts: Entra E.9).

use std::time::Duration;

use cipp_client::{Again, Known, Ledger, OpenCall, ReachCause, cause_of, certificates, chain, excerpt};
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use crate::clouds::{MsOptions, is_loopback};
use crate::error::SignInError;

/// The clients for all servers that a sign-in and its reads need.
pub(crate) struct Http {
    /// For this computer: plain http allowed, the system's proxy not used. `None` when no address needs it.
    here: Option<reqwest::Client>,
    /// For everywhere else: https alone.
    outside: Option<reqwest::Client>,
    timeout: Duration,
    ledger: Ledger,
}

/// A reply with its whole body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The server was not reached, or something on the way answered.
    Unreachable {
        host: String,
        cause: ReachCause,
        detail: String,
    },
    /// The reply is larger than allowed.
    TooLarge,
}

impl Http {
    /// Clients for these addresses. Reading the system's certificates takes time, so each kind is made once, if needed.
    pub(crate) fn new<'a>(
        options: &MsOptions,
        addresses: impl IntoIterator<Item = &'a Url>,
    ) -> Result<Http, SignInError> {
        let (mut here, mut outside) = (None, None);
        for url in addresses {
            let local = is_loopback(url);
            let place = if local { &mut here } else { &mut outside };
            if place.is_none() {
                *place = Some(client(options, local)?);
            }
        }
        Ok(Http {
            here,
            outside,
            timeout: options.request_timeout,
            ledger: options.ledger.clone(),
        })
    }

    /// The client for this address. An address of another kind than those this was made for has none: a token must not
    /// travel there.
    pub(crate) fn client(&self, url: &Url) -> Result<&reqwest::Client, SignInError> {
        let fitting = if is_loopback(url) { &self.here } else { &self.outside };
        fitting.as_ref().ok_or_else(|| SignInError::Local {
            detail: format!(
                "{} is not one of the configured servers.",
                url.host_str().unwrap_or_default()
            ),
        })
    }

    /// Sends a request and reads its whole reply. `reason`: what for, in the words of the network ledger.
    pub(crate) async fn exchange(
        &self,
        url: &Url,
        request: reqwest::RequestBuilder,
        longest_bytes: usize,
        known: &Known,
        reason: &'static str,
    ) -> Result<Answer, NoAnswer> {
        let mut call = self.ledger.begin(url, reason);
        let host = url.host_str().unwrap_or_default();
        let unreachable = |cause, detail: String| NoAnswer::Unreachable {
            host: host.to_owned(),
            cause,
            detail: excerpt(&detail, known),
        };
        let failed = |error: reqwest::Error, call: &mut OpenCall| {
            let error = error.without_url();
            let cause = cause_of(&error);
            call.failed(cause);
            unreachable(cause, chain(&error))
        };
        let exchanged = tokio::time::timeout(self.timeout, async {
            let mut response = request.send().await.map_err(|error| failed(error, &mut call))?;
            let (status, headers) = (response.status(), response.headers().clone());
            call.answered(status.as_u16());
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| failed(error, &mut call))? {
                call.received(chunk.len());
                body.extend_from_slice(&chunk);
                if body.len() > longest_bytes {
                    return Err(NoAnswer::TooLarge);
                }
            }
            Ok(Answer { status, headers, body })
        })
        .await;
        let answer = exchanged.unwrap_or_else(|_| {
            call.failed(ReachCause::Timeout);
            let detail = format!("no answer within {} s", self.timeout.as_secs());
            Err(unreachable(ReachCause::Timeout, detail))
        })?;
        match answer.in_the_way(url) {
            Some(what) => Err(unreachable(ReachCause::Proxy, what)),
            None => Ok(answer),
        }
    }
}

impl NoAnswer {
    /// Whether another try may help.
    pub(crate) fn again(&self) -> Again {
        match self {
            NoAnswer::Unreachable { cause, .. } => Again::without_answer(*cause),
            NoAnswer::TooLarge => Again::No,
        }
    }
}

impl Answer {
    /// The body as JSON, `null` when it is none. A byte order mark is tolerated.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.body)).unwrap_or_default()
    }

    /// What a network puts in place of a server: a redirect, a web page, a proxy's refusal. Neither Entra nor Graph nor
    /// Azure answers a machine in this way.
    fn in_the_way(&self, url: &Url) -> Option<String> {
        let status = self.status.as_u16();
        if self.status.is_redirection() {
            let to = self
                .headers
                .get(LOCATION)
                .and_then(|to| url.join(to.to_str().ok()?).ok());
            let host = to.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
            return Some(format!("a redirect to {host} (HTTP {status})"));
        }
        if matches!(status, 407 | 511) {
            return Some(format!("the network asks for a sign-in (HTTP {status})"));
        }
        (self.status.is_success() && self.is_html()).then(|| format!("a web page (HTTP {status})"))
    }

    fn is_html(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let named = kind.and_then(|kind| kind.trim_start().get(..9));
        let first = self.body.iter().find(|b| !b.is_ascii_whitespace());
        named.is_some_and(|kind| kind.eq_ignore_ascii_case("text/html")) || first == Some(&b'<')
    }

    /// The words of a body that has no form of its own: a web page's title, or the text.
    pub(crate) fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        if !self.is_html() {
            return text.into_owned();
        }
        let lower = text.to_ascii_lowercase();
        let title = lower.find("<title").and_then(|start| {
            let from = start + lower[start..].find('>')? + 1;
            let to = from + lower[from..].find("</title")?;
            Some(text[from..to].trim().to_owned())
        });
        title.unwrap_or_default()
    }

    /// `Retry-After` in seconds or as an HTTP date; a date is measured against the server's own clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let (then, now) = (http_date(value)?, self.date().unwrap_or_else(Timestamp::now));
        Some(Duration::from_secs(
            u64::try_from(then.as_second() - now.as_second()).unwrap_or(0),
        ))
    }

    /// The server's clock.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        http_date(self.headers.get(DATE)?.to_str().ok()?)
    }

    /// A header for Microsoft's support, as far as it can be printed.
    pub(crate) fn id(&self, names: &[&str]) -> Option<String> {
        let found = names.iter().find_map(|name| self.headers.get(*name)?.to_str().ok())?;
        let plain = found.len() <= 64 && found.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain.then(|| found.to_owned())
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn client(options: &MsOptions, loopback: bool) -> Result<reqwest::Client, SignInError> {
    let keep_alive = Duration::from_secs(30);
    let builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .https_only(!loopback)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(options.connect_timeout)
        .tcp_keepalive(keep_alive)
        .http2_keep_alive_interval(keep_alive)
        .http2_keep_alive_timeout(keep_alive)
        .http2_adaptive_window(true);
    let local = |detail| SignInError::Local { detail };
    let mut builder = options.proxy.apply(builder, loopback).map_err(local)?;
    if let Some(path) = &options.ca_cert {
        builder = builder.tls_certs_merge(certificates(path).map_err(local)?);
    }
    builder.build().map_err(|error| SignInError::Local {
        detail: format!("The HTTP client could not be set up: {}.", chain(&error.without_url())),
    })
}

impl From<NoAnswer> for SignInError {
    fn from(reason: NoAnswer) -> SignInError {
        match reason {
            NoAnswer::Unreachable { host, cause, detail } => SignInError::Unreachable { host, cause, detail },
            NoAnswer::TooLarge => SignInError::NotUnderstood {
                detail: "it is far too large".into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers
                .iter()
                .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_a_network_puts_in_the_way_is_told_by_host_alone() {
        let url: Url = "https://login.microsoftonline.com/x/oauth2/v2.0/token".parse().unwrap();
        let said = |status, headers: &[(&'static str, &str)], body| answer(status, headers, body).in_the_way(&url);
        assert_eq!(
            said(302, &[("location", "https://portal.example/?code=planted")], "").unwrap(),
            "a redirect to portal.example (HTTP 302)"
        );
        assert!(said(200, &[("content-type", "Text/HTML; charset=utf-8")], "hello").is_some());
        assert!(said(200, &[], "\n<html>").is_some());
        assert!(said(407, &[], "").is_some());
        assert_eq!(said(200, &[("content-type", "application/json")], "{}"), None);
        // Entra's own trouble pages are web pages with a 5xx; they are trouble, not a network.
        assert_eq!(said(503, &[("content-type", "text/html")], "<html>"), None);
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_date() {
        let asked = |headers: &[(&'static str, &str)]| answer(429, headers, "").retry_after().map(|d| d.as_secs());
        assert_eq!(asked(&[("retry-after", "7")]), Some(7));
        assert_eq!(
            asked(&[
                ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("date", "Sun, 06 Nov 1994 08:49:07 GMT")
            ]),
            Some(30)
        );
        assert_eq!(asked(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn ids_are_only_taken_when_they_look_like_ids() {
        let found = |value| answer(200, &[("request-id", value)], "").id(&["request-id"]);
        assert_eq!(found("7d3c1b9e-5a41").as_deref(), Some("7d3c1b9e-5a41"));
        assert_eq!(found("a b"), None);
        assert_eq!(found(&"x".repeat(65)), None);
    }

    #[test]
    fn a_client_is_only_there_for_the_kinds_of_address_it_was_made_for() {
        let local: Url = "http://127.0.0.1:9".parse().unwrap();
        let outside: Url = "https://graph.microsoft.com".parse().unwrap();
        let http = Http::new(&MsOptions::default(), [&local]).unwrap();
        assert!(http.client(&local).is_ok());
        assert!(matches!(http.client(&outside), Err(SignInError::Local { .. })));
    }
}
