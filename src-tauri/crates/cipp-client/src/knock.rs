//! Knocking: one anonymous request, to see how far the way to a server goes and who stands there.
//!
//! Here: what the ladder's first rungs are proved with: the addresses of the name, the proxy on the way, the certificate
//! that was shown (also one that is refused), the head of the reply and how far the clocks are apart. Nothing that is
//! secret is sent: no token, no client secret, no cookie. Not here: what a reply means (`reply.rs`).
//!
//! Certificates are judged as for every other call. The verifier here only notes what it was shown before it asks the
//! system's, because a refused certificate is the one whose issuer a technician wants to read.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{
    Client, ClientError, ReachCause, WrongDoor,
    client::until_cancelled,
    endpoints::list_api_test,
    ledger::OpenCall,
    reply::{self, LONGEST_ERROR_BYTES},
    scrub::{Known, excerpt},
    wire,
};

/// Longer than a cold start takes (facts: CIPP 4, number 29).
const PATIENCE: Duration = Duration::from_secs(45);

/// What was seen on the way to a server.
#[derive(Debug, Clone)]
pub struct Knock {
    /// The server's name.
    pub host: String,
    /// Its addresses; empty where the name was not found, or where a proxy looks it up.
    pub addresses: Vec<IpAddr>,
    /// The proxy on the way: its name and port, never its sign-in.
    pub proxy: Option<String>,
    /// What the server showed; `None` without TLS, and where it did not get that far.
    pub certificate: Option<Certificate>,
    /// What was answered, or why nothing was.
    pub reply: Result<KnockReply, ClientError>,
    /// From the look-up of the name to the head of the reply.
    pub duration: Duration,
}

/// The certificate that a server showed, whether it was accepted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: String,
    /// Who vouches for it; with TLS inspection the company's own authority.
    pub issuer: String,
    /// The end of its time.
    pub valid_until: Option<Timestamp>,
}

/// The head of a reply, and the beginning of its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnockReply {
    /// HTTP status.
    pub status: u16,
    /// The protocol, such as `HTTP/2.0`.
    pub protocol: String,
    /// Without its parameters.
    pub content_type: Option<String>,
    /// A reply that is a website's and not an API's, as the error that any other call would get.
    pub wrong_door: Option<ClientError>,
    /// How many seconds the server's clock is ahead of this computer's; negative: behind. `Date` is exact to a second.
    pub server_ahead_seconds: Option<i64>,
    /// The reply's words, scrubbed and cut.
    pub text: String,
}

impl Client {
    /// Knocks at CIPP's API, where nobody gets in without a token: the website, too, answers at `PublicPing`.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`], and [`ClientError::Local`] where TLS cannot be set up; everything else is in the reply.
    pub async fn knock(&self, cancel: &CancellationToken) -> Result<Knock, ClientError> {
        let url = self.connection().api_url.endpoint(list_api_test::ENDPOINT.name);
        let loopback = self.connection().api_url.is_loopback();
        self.knock_at(&url, loopback, list_api_test::ENDPOINT.reason, cancel)
            .await
    }

    /// Knocks at the sign-in server: the public document of the tenant, which also tells whether there is such a tenant.
    ///
    /// # Errors
    /// As [`Client::knock`].
    pub async fn knock_at_sign_in(&self, cancel: &CancellationToken) -> Result<Knock, ClientError> {
        let url = self.connection().discovery_url();
        let loopback = self.connection().authority.is_loopback();
        self.knock_at(
            &url,
            loopback,
            "asking whether the sign-in server knows the tenant",
            cancel,
        )
        .await
    }

    async fn knock_at(
        &self,
        url: &Url,
        loopback: bool,
        reason: &'static str,
        cancel: &CancellationToken,
    ) -> Result<Knock, ClientError> {
        let shown = Shown::default();
        let http = wire::knocking_client(self.options(), self.connection().ca_cert.as_deref(), loopback, &shown)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let begun = Instant::now();
        until_cancelled(cancel, async {
            let proxy = self.options().proxy.on_the_way_to(url);
            let addresses = match proxy {
                // The proxy looks the name up; here it may not even be known.
                Some(_) => Vec::new(),
                None => look_up(url, self.options().connect_timeout).await,
            };
            let mut call = self.options().ledger.begin(url, reason);
            let patience = PATIENCE.min(self.options().header_timeout);
            let reply = ask(&http, url, patience, &self.known(None), &mut call).await;
            Ok(Knock {
                host,
                addresses,
                proxy,
                certificate: shown.take().as_deref().and_then(read_certificate),
                reply,
                duration: begun.elapsed(),
            })
        })
        .await
    }
}

/// A failure is told by the call that follows.
async fn look_up(url: &Url, patience: Duration) -> Vec<IpAddr> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Vec::new();
    };
    // In brackets, where it is an address of version 6.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match timeout(patience, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

async fn ask(
    http: &reqwest::Client,
    url: &Url,
    patience: Duration,
    known: &Known,
    call: &mut OpenCall,
) -> Result<KnockReply, ClientError> {
    let host = url.host_str().unwrap_or_default();
    let request = http.get(url.clone()).header("accept", "application/json");
    let sent = Timestamp::now();
    let response = match timeout(patience, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(wire::failure(host, error, known, call).error),
        Err(_) => {
            call.failed(ReachCause::Timeout);
            return Err(wire::timed_out(host, patience).error);
        }
    };
    let came = Timestamp::now();
    call.answered(response.status().as_u16());
    let (status, headers) = (response.status(), response.headers().clone());
    let protocol = format!("{:?}", response.version());
    let body = timeout(patience, wire::body_up_to(response, LONGEST_ERROR_BYTES, call)).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    if matches!(status.as_u16(), 407 | 511) {
        return Err(reply::failed(url, status, &headers, &body, known).error);
    }
    Ok(KnockReply {
        status: status.as_u16(),
        protocol,
        content_type: content_type(&headers),
        wrong_door: wrong_door(url, status, &headers, &body, known),
        server_ahead_seconds: reply::date(&headers).map(|date| ahead(date, sent, came)),
        text: excerpt(&String::from_utf8_lossy(&body), known),
    })
}

/// What can be told from the head, and beyond that a web page without its name and an address at which nothing is.
fn wrong_door(url: &Url, status: StatusCode, headers: &HeaderMap, body: &[u8], known: &Known) -> Option<ClientError> {
    if status == StatusCode::NOT_FOUND {
        return Some(reply::failed(url, status, headers, body, known).error);
    }
    let page = || ClientError::WrongAddress {
        host: url.host_str().unwrap_or_default().to_owned(),
        found: WrongDoor::Html,
    };
    let like_a_page = status.is_success() && reply::begins_like_html(body);
    reply::wrong_door(url, status, headers).or_else(|| like_a_page.then(page))
}

/// The server wrote its `Date` somewhere between the two.
fn ahead(date: Timestamp, sent: Timestamp, came: Timestamp) -> i64 {
    let second = date.as_second();
    if second < sent.as_second() {
        second - sent.as_second()
    } else if second > came.as_second() {
        second - came.as_second()
    } else {
        0
    }
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn read_certificate(der: &[u8]) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let until = certificate.validity().not_after.timestamp();
    Some(Certificate {
        subject: name(certificate.subject()),
        issuer: name(certificate.issuer()),
        valid_until: Timestamp::from_second(until).ok(),
    })
}

/// The common name, with the organisation where there is one; else the whole.
fn name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let first = |mut parts: Box<dyn Iterator<Item = &x509_parser::x509::AttributeTypeAndValue<'_>> + '_>| {
        parts.next().and_then(|part| part.as_str().ok().map(str::to_owned))
    };
    let common = first(Box::new(name.iter_common_name()));
    let organisation = first(Box::new(name.iter_organization()));
    let words = match (common, organisation) {
        (Some(common), Some(organisation)) => format!("{common} ({organisation})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => name.to_string(),
    };
    // Whoever made the certificate wrote these words.
    excerpt(&words, &Known::default())
}

/// The certificate that was shown last, in its raw form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Option<Vec<u8>>>>);

impl Shown {
    fn note(&self, certificate: &CertificateDer<'_>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate.to_vec());
    }

    fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Notes the certificate, then leaves every decision to the verifier behind it.
#[derive(Debug)]
pub(crate) struct Noting {
    pub(crate) shown: Shown,
    pub(crate) verifier: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.shown.note(end_entity);
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_clock_is_off_only_by_what_the_way_cannot_explain() {
        assert_eq!(ahead(at(105), at(100), at(110)), 0);
        assert_eq!(ahead(at(99), at(100), at(110)), -1);
        assert_eq!(ahead(at(1_000), at(100), at(110)), 890);
    }
}
