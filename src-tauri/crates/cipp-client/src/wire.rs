//! The HTTP clients, and what a failure on the wire means.
//!
//! Here: how a client is built (for a server on this computer, or for any other), and how an error of the network
//! libraries becomes a `ReachCause`. Not here: anything about statuses and bodies (`reply.rs`).
//!
//! No redirect is ever followed: the bearer token is bound to one host, and CIPP's website answers with a redirect to
//! a sign-in page (facts: CIPP 2.3). Certificates are judged by the operating system's verifier, so that a company's
//! TLS inspection keeps working; there is no switch to skip it.

use std::error::Error as _;
use std::io::ErrorKind as Io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

use crate::client::ClientOptions;
use crate::error::{ClientError, ReachCause};
use crate::knock::{Noting, Shown};
use crate::ledger::OpenCall;
use crate::retry::{Again, Failure};
use crate::scrub::{Known, excerpt};

/// An HTTP client. `loopback` allows plain http and skips the system's proxy; nothing else may.
pub(crate) fn http_client(
    options: &ClientOptions,
    ca_cert: Option<&Path>,
    loopback: bool,
) -> Result<reqwest::Client, ClientError> {
    let mut builder = builder(options, loopback)?;
    if let Some(path) = ca_cert {
        builder = builder.tls_certs_merge(certificates(path).map_err(|detail| ClientError::Local { detail })?);
    }
    built(builder)
}

/// The same client, except that the certificates it is shown are noted before they are judged.
pub(crate) fn knocking_client(
    options: &ClientOptions,
    ca_cert: Option<&Path>,
    loopback: bool,
    shown: &Shown,
) -> Result<reqwest::Client, ClientError> {
    let roots = match ca_cert {
        Some(path) => roots(path).map_err(|detail| ClientError::Local { detail })?,
        None => Vec::new(),
    };
    let tls = noting_tls(roots, shown).map_err(|error| ClientError::Local {
        detail: format!("TLS could not be set up: {error}."),
    })?;
    built(builder(options, loopback)?.tls_backend_preconfigured(tls))
}

/// As the HTTP library itself sets TLS up (reqwest 0.13, `ClientBuilder::build`): the system's verifier, further
/// authorities beside its own, HTTP/2 before HTTP/1.1.
fn noting_tls(roots: Vec<CertificateDer<'static>>, shown: &Shown) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = rustls::crypto::CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let system = match roots.is_empty() {
        true => Verifier::new(provider.clone())?,
        false => Verifier::new_with_extra_roots(roots, provider.clone())?,
    };
    let noting = Noting {
        shown: shown.clone(),
        verifier: Arc::new(system),
    };
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        // Dangerous would be a verifier that decides anything; this one asks the system's.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(noting))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

fn builder(options: &ClientOptions, loopback: bool) -> Result<reqwest::ClientBuilder, ClientError> {
    let keep_alive = Duration::from_secs(30);
    let builder = reqwest::Client::builder()
        .user_agent(&options.user_agent)
        .https_only(!loopback)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        // Front ends and NAT drop a silent connection long before CIPP's ten minutes are over (facts: Entra E.6).
        .tcp_keepalive(keep_alive)
        .http2_keep_alive_interval(keep_alive)
        .http2_keep_alive_timeout(keep_alive)
        .http2_adaptive_window(true);
    let builder = options.proxy.apply(builder, loopback);
    builder.map_err(|detail| ClientError::Local { detail })
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    builder.build().map_err(|error| ClientError::Local {
        detail: format!("The HTTP client could not be set up: {}.", chain(&error.without_url())),
    })
}

/// The certificates of a file, PEM (one or more) or DER, each looked into.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let made = roots(path)?.into_iter().map(|der| {
        // Cannot happen: it has been looked into.
        let words =
            |error: reqwest::Error| format!("The CA certificate file {} cannot be used: {error}.", path.display());
        reqwest::Certificate::from_der(&der).map_err(words)
    });
    made.collect()
}

fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let refuse = |what: String| format!("The CA certificate file {} {what}.", path.display());
    let bytes = std::fs::read(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    parsed_certificates(&bytes).ok_or_else(|| refuse("holds no certificate (PEM or DER)".into()))
}

fn parsed_certificates(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let pem = memchr::memmem::find(bytes, b"-----BEGIN").is_some();
    let found: Vec<CertificateDer<'static>> = if pem {
        CertificateDer::pem_slice_iter(bytes).collect::<Result<_, _>>().ok()?
    } else {
        vec![CertificateDer::from(bytes.to_vec())]
    };
    // The HTTP library looks inside only when the client is built, and then cannot say which file it was.
    let mut readable = rustls::RootCertStore::empty();
    let good = found.iter().all(|der| readable.add(der.clone()).is_ok());
    (good && !found.is_empty()).then_some(found)
}

/// A request that got no answer.
pub(crate) fn failure(host: &str, error: reqwest::Error, known: &Known, call: &mut OpenCall) -> Failure {
    let error = error.without_url();
    let cause = cause_of(&error);
    call.failed(cause);
    Failure {
        error: unreachable(host, cause, &chain(&error), known),
        // A broken connection may be tried again because only reads come here.
        again: Again::without_answer(cause),
    }
}

/// A time-out of our own.
pub(crate) fn timed_out(host: &str, after: Duration) -> Failure {
    Failure::last(ClientError::Unreachable {
        host: host.to_owned(),
        cause: ReachCause::Timeout,
        detail: format!("no answer within {} s", after.as_secs()),
    })
}

/// A body that broke off: before any row came it is like no answer at all, after that the rows are kept.
pub(crate) fn broken_body(host: &str, error: reqwest::Error, rows_read: u64, known: &Known) -> ClientError {
    let error = error.without_url();
    let words = chain(&error);
    let cause = cause_of(&error);
    if rows_read == 0 && matches!(cause, ReachCause::Timeout | ReachCause::Reset) && !ends_early(&words) {
        return unreachable(host, cause, &words, known);
    }
    ClientError::CutOff {
        detail: excerpt(&words, known),
        rows_read,
    }
}

/// Whether the server ended the body properly, only too early.
fn ends_early(words: &str) -> bool {
    [
        "end of file before message length",
        "unexpected end of file",
        "unexpected EOF",
    ]
    .iter()
    .any(|fragment| words.contains(fragment))
}

/// The next piece of a body, noted in the ledger.
pub(crate) async fn chunk(
    response: &mut reqwest::Response,
    call: &mut OpenCall,
) -> Result<Option<Bytes>, reqwest::Error> {
    match response.chunk().await {
        Ok(chunk) => {
            call.received(chunk.as_ref().map_or(0, Bytes::len));
            Ok(chunk)
        }
        Err(error) => {
            call.failed(cause_of(&error));
            Err(error)
        }
    }
}

/// A body, or its beginning: for replies of which no more than that is wanted.
pub(crate) async fn body_up_to(
    mut response: reqwest::Response,
    bytes: usize,
    call: &mut OpenCall,
) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while body.len() < bytes {
        let Some(chunk) = chunk(&mut response, call).await? else {
            break;
        };
        body.extend_from_slice(&chunk);
    }
    body.truncate(bytes);
    Ok(body)
}

pub(crate) fn unreachable(host: &str, cause: ReachCause, detail: &str, known: &Known) -> ClientError {
    ClientError::Unreachable {
        host: host.to_owned(),
        cause,
        detail: excerpt(detail, known),
    }
}

/// What an error of the HTTP library means, for whoever speaks to a server by it. The library tells some causes only in
/// its words.
pub fn cause_of(error: &reqwest::Error) -> ReachCause {
    // Before the causes behind it: a proxy whose name is not known is no trouble of the server's.
    if is_of_proxy(&chain(error)) {
        return ReachCause::Proxy;
    }
    if error.is_dns() {
        return ReachCause::Dns;
    }
    if error.is_timeout() {
        return ReachCause::Timeout;
    }
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<rustls::Error>() {
            return ReachCause::Tls;
        }
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            // The TLS library hides inside an io::Error, which then is not part of the chain of sources.
            if io.get_ref().is_some_and(|inside| inside.is::<rustls::Error>()) {
                return ReachCause::Tls;
            }
            match io.kind() {
                Io::ConnectionRefused => return ReachCause::Refused,
                Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof => {
                    return ReachCause::Reset;
                }
                Io::TimedOut => return ReachCause::Timeout,
                _ => {}
            }
        }
        source = inner.source();
    }
    cause_in_words(&chain(error).to_ascii_lowercase())
}

/// What a proxy did, in words of our own: those of the HTTP library change, and "proxy authorization required" does not
/// survive the scrubbing of whatever follows "authorization".
pub(crate) const PROXY_WANTS_SIGN_IN: &str = "the proxy asks for a sign-in";
pub(crate) const PROXY_REFUSES: &str = "the proxy opens no way to this host";
pub(crate) const PROXY_IS_AWAY: &str = "the proxy itself cannot be reached";

/// Which of the three it was, in the words of the HTTP library (hyper-util 0.1: `TunnelError`, `SocksError`).
fn what_the_proxy_did(words: &str) -> &'static str {
    let says = |fragments: &[&str]| fragments.iter().any(|fragment| words.contains(fragment));
    if says(&[
        "proxy authorization required",
        "credentials not accepted",
        "authentication",
    ]) {
        PROXY_WANTS_SIGN_IN
    } else if says(&["failed to create underlying connection", "io error"]) {
        PROXY_IS_AWAY
    } else {
        PROXY_REFUSES
    }
}

/// Whether it is the way through a proxy that failed, in the words of the HTTP library (hyper-util 0.1: `TunnelError`,
/// `SocksError`; reqwest 0.13: `SocksProxyError`).
fn is_of_proxy(words: &str) -> bool {
    ["tunnel error", "socks proxy", "SOCKS error"]
        .iter()
        .any(|fragment| words.contains(fragment))
}

fn cause_in_words(words: &str) -> ReachCause {
    let says = |fragments: &[&str]| fragments.iter().any(|fragment| words.contains(fragment));
    if says(&["proxy", "tunnel"]) {
        ReachCause::Proxy
    } else if says(&["certificate", "tls ", "handshake"]) {
        ReachCause::Tls
    } else if says(&[
        "connection closed",
        "incomplete message",
        "end of file",
        "connection reset",
        "broken pipe",
        "stream closed",
        "stream error",
        "goaway",
    ]) {
        ReachCause::Reset
    } else {
        ReachCause::Other
    }
}

/// An error and its causes on one line, after what a proxy did where it was one. The caller has taken the address out.
pub fn chain(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        source = inner.source();
    }
    match is_of_proxy(&words) {
        true => format!("{}: {words}", what_the_proxy_did(&words)),
        false => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_dns() {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let error = http
            .get("http://cipp.invalid/api/ListLogs?User=anna")
            .send()
            .await
            .unwrap_err();
        let ledger = crate::ledger::Ledger::default();
        let mut call = ledger.begin(&"http://cipp.invalid".parse().unwrap(), "a test");
        let failure = failure("cipp.invalid", error, &Known::default(), &mut call);
        assert_eq!(ledger.calls()[0].outcome, "name not found");
        let ClientError::Unreachable { cause, detail, .. } = failure.error else {
            panic!("{failure:?}")
        };
        assert_eq!(cause, ReachCause::Dns);
        assert!(
            !detail.contains("anna") && !detail.contains("ListLogs"),
            "no address in errors: {detail}"
        );
    }

    #[test]
    fn a_proxy_that_wants_a_password_refuses_or_is_away_is_told_apart() {
        for (words, did) in [
            (
                "client error (Connect): tunnel error: proxy authorization required",
                PROXY_WANTS_SIGN_IN,
            ),
            (
                "error connecting to socks proxy: SOCKS error: credentials not accepted",
                PROXY_WANTS_SIGN_IN,
            ),
            (
                "error connecting to socks proxy: SOCKS error: server does not support user/pass authentication",
                PROXY_WANTS_SIGN_IN,
            ),
            (
                "tunnel error: failed to create underlying connection: dns error",
                PROXY_IS_AWAY,
            ),
            ("tunnel error: io error establishing tunnel: reset", PROXY_IS_AWAY),
            (
                "error connecting to socks proxy: SOCKS error: failed to create underlying connection",
                PROXY_IS_AWAY,
            ),
            ("tunnel error: unsuccessful", PROXY_REFUSES),
            ("tunnel error: unexpected end of file", PROXY_REFUSES),
            (
                "error connecting to socks proxy: SOCKS error: connection not allowed",
                PROXY_REFUSES,
            ),
        ] {
            assert!(is_of_proxy(words), "{words}");
            assert_eq!(what_the_proxy_did(words), did, "{words}");
            let kept = excerpt(&format!("{did}: {words}"), &Known::default());
            assert!(kept.starts_with(did), "{kept}");
        }
        assert!(!is_of_proxy("tcp connect error: Connection refused (os error 111)"));
    }

    #[test]
    fn causes_that_the_library_only_words_are_found() {
        for (words, cause) in [
            (
                "client error (connect): tunnel error: proxy authorization required",
                ReachCause::Proxy,
            ),
            ("invalid peer certificate: unknownissuer", ReachCause::Tls),
            ("connection closed before message completed", ReachCause::Reset),
            ("http2 error: stream error received", ReachCause::Reset),
            ("something new", ReachCause::Other),
        ] {
            assert_eq!(cause_in_words(words), cause, "{words}");
        }
    }
}
