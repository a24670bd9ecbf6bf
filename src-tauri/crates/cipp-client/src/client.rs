//! The client: one connection with its secret, and the calls that can be made with it.
//!
//! Here: the order of things in one call (pace, token, request, one forced renewal, retries, cancelling). Not here:
//! what each endpoint asks and answers (`endpoints/`), what a reply means (`reply.rs`), what a token is (`token.rs`).

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Response, StatusCode};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;
use url::Url;

use crate::connection::Connection;
use crate::endpoints::Endpoint;
use crate::error::{ClientError, ReachCause, WrongDoor};
use crate::ledger::{Ledger, OpenCall};
use crate::pace::{Pace, Permit};
use crate::proxy::ProxyChoice;
use crate::reply::{self, LONGEST_ERROR_BYTES};
use crate::retry::{Failure, RetryPolicy, Tries};
use crate::rows::Rows;
use crate::scrub::Known;
use crate::secret::Secret;
use crate::token::{Ask, Token, TokenClaims, Tokens};
use crate::wire;

/// The largest reply of an endpoint that is read whole, in bytes. Lists of rows are not read whole.
const LONGEST_WHOLE_BYTES: usize = 64 * 1024 * 1024;

/// How a client behaves. The defaults fit CIPP; tests shorten them.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// For the connection alone, TLS included.
    pub connect_timeout: Duration,
    /// Until the reply begins: CIPP may work for ten minutes before it says anything. And again for the whole of a reply
    /// that is no list of rows.
    pub header_timeout: Duration,
    /// The longest silence in the middle of a reply.
    pub read_timeout: Duration,
    /// For one whole token request.
    pub token_timeout: Duration,
    /// Calls at once, streaming included.
    pub max_in_flight: usize,
    /// Calls that may begin within one `window`. CIPP allows 100 for each API client.
    pub calls_per_window: usize,
    /// See `calls_per_window`.
    pub window: Duration,
    /// What is tried again.
    pub retry: RetryPolicy,
    /// Over which proxy servers are asked.
    pub proxy: ProxyChoice,
    /// Where every call is noted. Clients that are to be looked at together share one.
    pub ledger: Ledger,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            user_agent: concat!("CIPP-Desk/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(620),
            read_timeout: Duration::from_secs(620),
            token_timeout: Duration::from_secs(30),
            max_in_flight: 2,
            calls_per_window: 90,
            window: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            proxy: ProxyChoice::default(),
            ledger: Ledger::default(),
        }
    }
}

/// A client of one CIPP instance. Cheap to clone; clones share the token, the pace and the connections.
///
/// Every call ends at once when its `cancel` token is cancelled, with [`ClientError::Cancelled`]; the server may go on
/// working on what was already sent.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    secret: Secret,
    options: ClientOptions,
    http: reqwest::Client,
    tokens: Tokens,
    pace: Pace,
}

/// A reply with status 200 whose body has not been read, and the right to read it.
pub(crate) struct Opened {
    pub(crate) response: Response,
    pub(crate) call: OpenCall,
    pub(crate) permit: Permit,
    pub(crate) known: Known,
}

/// Which token a try is made with. Each 401 leads one step on, and there is no step after the last: one forced renewal,
/// never a loop (facts: Entra E.3).
enum Pass {
    None,
    Current,
    OtherThan(Arc<Token>),
}

impl Pass {
    /// The step after this status, if there is one. `token` is the one that was just used.
    fn after(&self, status: StatusCode, token: Option<Arc<Token>>) -> Option<Pass> {
        match (self, token) {
            _ if status != StatusCode::UNAUTHORIZED => None,
            (Pass::None, _) => Some(Pass::Current),
            (Pass::Current, Some(token)) => Some(Pass::OtherThan(token)),
            (Pass::Current, None) | (Pass::OtherThan(_), _) => None,
        }
    }
}

impl Client {
    /// A client for this connection. Sends nothing.
    ///
    /// # Errors
    /// [`ClientError::Local`] when the CA certificate cannot be read or TLS cannot be set up.
    pub fn new(connection: Connection, secret: Secret, options: ClientOptions) -> Result<Client, ClientError> {
        let ca_cert = connection.ca_cert.as_deref();
        let api_is_local = connection.api_url.is_loopback();
        let http = wire::http_client(&options, ca_cert, api_is_local)?;
        // Reading the system's certificates takes time; both servers share a client unless only one is this computer.
        let entra_http = match connection.authority.is_loopback() {
            local if local == api_is_local => http.clone(),
            local => wire::http_client(&options, ca_cert, local)?,
        };
        let tokens = Tokens::new(entra_http);
        let pace = Pace::new(options.max_in_flight, options.calls_per_window, options.window);
        Ok(Client {
            inner: Arc::new(Inner {
                connection,
                secret,
                options,
                http,
                tokens,
                pace,
            }),
        })
    }

    /// The connection this client was made for.
    pub fn connection(&self) -> &Connection {
        &self.inner.connection
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Signs in, or uses the token that is there if it is good. A refused secret is remembered for ten
    /// seconds; make a new client after changing it.
    ///
    /// # Errors
    /// [`ClientError::SignInRefused`] with Entra's code, or that the sign-in server could not be reached or understood.
    pub async fn sign_in(&self, cancel: &CancellationToken) -> Result<TokenClaims, ClientError> {
        until_cancelled(cancel, async {
            Ok(self.inner.tokens.current(&self.ask()).await?.claims().clone())
        })
        .await
    }

    /// Opens a list of rows at this endpoint.
    pub(crate) async fn rows(
        &self,
        endpoint: &'static Endpoint,
        query: &[(&str, String)],
        cancel: &CancellationToken,
    ) -> Result<Rows, ClientError> {
        let opened = until_cancelled(cancel, self.open(endpoint, query)).await?;
        Ok(Rows::new(opened, self.connection().api_url.host(), cancel.clone()))
    }

    /// Reads a reply that is small enough to be read whole, as JSON.
    pub(crate) async fn whole(
        &self,
        endpoint: &'static Endpoint,
        query: &[(&str, String)],
        cancel: &CancellationToken,
    ) -> Result<serde_json::Value, ClientError> {
        until_cancelled(cancel, async {
            let mut opened = self.open(endpoint, query).await?;
            let host = self.connection().api_url.host();
            // A server that sends a byte now and then is never silent for long enough to be given up otherwise.
            let patience = self.inner.options.header_timeout;
            let body = match timeout(patience, whole_body(&mut opened, host)).await {
                Ok(body) => body?,
                Err(_) => {
                    opened.call.failed(ReachCause::Timeout);
                    return Err(wire::timed_out(host, patience).error);
                }
            };
            json(&body, host, &opened.known)
        })
        .await
    }

    /// Makes the call until it succeeds or is not worth another try. Takes no URL: only a compiled-in [`Endpoint`], all
    /// of which are reads, so that trying again can never do something twice.
    async fn open(&self, endpoint: &'static Endpoint, query: &[(&str, String)]) -> Result<Opened, ClientError> {
        let inner = &self.inner;
        let url = inner.connection.api_url.endpoint(endpoint.name);
        let mut tries = Tries::new(&inner.options.retry);
        let mut pass = if endpoint.public { Pass::None } else { Pass::Current };
        loop {
            let token = self.token(&pass).await?;
            let permit = inner.pace.enter().await.ok_or(ClientError::Cancelled)?;
            let begun = Instant::now();
            let known = self.known(token.as_deref());
            let mut call = inner.options.ledger.begin(&url, endpoint.reason);
            let failure = match self.send(&url, query, token.as_deref(), &known, &mut call).await {
                Ok(response) if response.status() == StatusCode::OK => {
                    return Ok(Opened {
                        response,
                        call,
                        permit,
                        known,
                    });
                }
                Ok(response) => match pass.after(response.status(), token) {
                    Some(next) => {
                        pass = next;
                        continue;
                    }
                    None => read_failure(&url, response, &known, &mut call).await,
                },
                Err(failure) => failure,
            };
            drop((call, permit));
            match tries.pause_after(failure.again, begun.elapsed()) {
                Some(pause) => sleep(pause).await,
                None => return Err(failure.error),
            }
        }
    }

    async fn token(&self, pass: &Pass) -> Result<Option<Arc<Token>>, ClientError> {
        let tokens = &self.inner.tokens;
        match pass {
            Pass::None => Ok(None),
            Pass::Current => tokens.current(&self.ask()).await.map(Some),
            Pass::OtherThan(old) => tokens.renewed(old, &self.ask()).await.map(Some),
        }
    }

    /// What must not come back out in an error's text.
    pub(crate) fn known(&self, token: Option<&Token>) -> Known {
        let proxy = self.inner.options.proxy.password().map(Secret::expose);
        let secret = [self.inner.secret.expose()].into_iter();
        Known::new(secret.chain(proxy).chain(token.map(Token::expose)))
    }

    /// One request, up to the head of its reply.
    async fn send(
        &self,
        url: &Url,
        query: &[(&str, String)],
        token: Option<&Token>,
        known: &Known,
        call: &mut OpenCall,
    ) -> Result<Response, Failure> {
        let (host, path) = (self.connection().api_url.host(), url.path());
        let mut request = self
            .inner
            .http
            .get(url.clone())
            .query(query)
            .header("accept", "application/json");
        if let Some(token) = token {
            request = request.header(reqwest::header::AUTHORIZATION, token.header());
        }
        let begun = Instant::now();
        let patience = self.inner.options.header_timeout;
        let response = match timeout(patience, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(wire::failure(host, error, known, call)),
            Err(_) => {
                call.failed(ReachCause::Timeout);
                return Err(wire::timed_out(host, patience));
            }
        };
        call.answered(response.status().as_u16());
        debug!(
            host,
            path,
            status = response.status().as_u16(),
            duration_ms = begun.elapsed().as_millis() as u64,
            "call"
        );
        match reply::wrong_door(url, response.status(), response.headers()) {
            Some(error) => Err(Failure::last(error)),
            None => Ok(response),
        }
    }

    fn ask(&self) -> Ask<'_> {
        Ask {
            connection: &self.inner.connection,
            secret: &self.inner.secret,
            options: &self.inner.options,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("connection", &self.inner.connection)
            .finish_non_exhaustive()
    }
}

/// The future's outcome, or `Cancelled` as soon as that happens; the future is dropped then, and with it its request.
pub(crate) async fn until_cancelled<T>(
    cancel: &CancellationToken,
    future: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    match cancel.run_until_cancelled(future).await {
        Some(outcome) => outcome,
        None => Err(ClientError::Cancelled),
    }
}

/// The reason in a reply that is no success. Its body gets a few seconds; without it the status must do.
async fn read_failure(url: &Url, response: Response, known: &Known, call: &mut OpenCall) -> Failure {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = wire::body_up_to(response, LONGEST_ERROR_BYTES, call);
    let body = timeout(Duration::from_secs(5), body).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    reply::failed(url, status, &headers, &body, known)
}

async fn whole_body(opened: &mut Opened, host: &str) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    loop {
        match wire::chunk(&mut opened.response, &mut opened.call).await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(wire::broken_body(host, error, 0, &opened.known)),
        }
        if body.len() > LONGEST_WHOLE_BYTES {
            let detail = format!("the reply is larger than {} MB", LONGEST_WHOLE_BYTES / (1024 * 1024));
            return Err(ClientError::NotUnderstood {
                field: "reply".into(),
                detail,
                rows_read: 0,
            });
        }
    }
}

fn json(body: &[u8], host: &str, known: &Known) -> Result<serde_json::Value, ClientError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if reply::begins_like_html(body) {
        return Err(ClientError::WrongAddress {
            host: host.to_owned(),
            found: WrongDoor::Html,
        });
    }
    serde_json::from_slice(body).map_err(|error| {
        let cut_off = error.is_eof();
        let detail = crate::scrub::excerpt(&format!("no JSON ({error}): {}", String::from_utf8_lossy(body)), known);
        match cut_off {
            true => ClientError::CutOff {
                detail: "it ends in the middle".into(),
                rows_read: 0,
            },
            false => ClientError::NotUnderstood {
                field: "reply".into(),
                detail,
                rows_read: 0,
            },
        }
    })
}
