//! A server on a free port that stops on drop, and a client for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, post};
use cipp_client::{Client, ClientOptions, Connection, ListLogs, RetryPolicy, Row, Rows, Secret};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const CLIENT_ID: &str = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";

/// A secret with every character that form encoding treats specially.
pub const SECRET: &str = "abc8Q~planted+secret/with=odd&chars%20aé";

pub struct Server {
    pub address: String,
    /// Requests to the token endpoint.
    pub asked: Arc<AtomicUsize>,
    /// Requests to anything else.
    pub called: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    /// An Entra that always says yes, and this at `/api/...`.
    pub async fn start(api: MethodRouter) -> Server {
        Server::with_token(good_tokens(), api).await
    }

    /// This at the token endpoint, and this at `/api/...`.
    pub async fn with_token(token: MethodRouter, api: MethodRouter) -> Server {
        Server::with_routes(
            Router::new()
                .route("/msp.example/oauth2/v2.0/token", token)
                .route("/api/{endpoint}", api),
        )
        .await
    }

    pub async fn with_routes(routes: Router) -> Server {
        let (asked, called) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&asked), Arc::clone(&called));
        let routes = routes.layer(from_fn(move |request: Request, next: Next| {
            let counter = if request.uri().path().ends_with("/token") {
                &counters.0
            } else {
                &counters.1
            };
            counter.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Server {
            address,
            asked,
            called,
            task,
        }
    }

    pub fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    pub fn client_with(&self, change: impl FnOnce(&mut ClientOptions)) -> Client {
        client(&self.address, &self.address, change)
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn called(&self) -> usize {
        self.called.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client with short pauses. No test waits for one unless it is about waiting.
pub fn client(authority: &str, api: &str, change: impl FnOnce(&mut ClientOptions)) -> Client {
    let mut options = ClientOptions {
        retry: RetryPolicy {
            first_pause: Duration::from_millis(5),
            first_pause_when_asked_to_wait: Duration::from_millis(5),
            ..RetryPolicy::default()
        },
        ..ClientOptions::default()
    };
    change(&mut options);
    Client::new(connection(authority, api), Secret::parse(SECRET).unwrap(), options).unwrap()
}

pub fn connection(authority: &str, api: &str) -> Connection {
    Connection {
        api_url: api.parse().unwrap(),
        tenant_id: "msp.example".parse().unwrap(),
        client_id: CLIENT_ID.parse().unwrap(),
        authority: authority.parse().unwrap(),
        ca_cert: None,
    }
}

/// `token-1`, `token-2`, ... for an hour each.
pub fn good_tokens() -> MethodRouter {
    let issued = Arc::new(AtomicUsize::new(0));
    post(move || {
        let n = issued.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            json(
                StatusCode::OK,
                &format!(
                    r#"{{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"token-{n}"}}"#
                ),
            )
        }
    })
}

/// These answers one after the other; the last one again and again.
pub fn script<const N: usize>(answers: [fn() -> Response; N]) -> MethodRouter {
    let step = Arc::new(AtomicUsize::new(0));
    any(move || {
        let n = step.fetch_add(1, Ordering::SeqCst).min(N - 1);
        async move { answers[n]() }
    })
}

pub fn json(status: StatusCode, body: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_owned()).into_response()
}

pub fn list() -> Response {
    json(StatusCode::OK, r#"[{"Message":"one"},{"Message":"two"}]"#)
}

/// Two rows, each time.
pub fn good_list() -> MethodRouter {
    script([list])
}

pub fn a_day() -> ListLogs {
    ListLogs::day("20260808".parse().unwrap())
}

pub fn never() -> CancellationToken {
    CancellationToken::new()
}

/// All rows up to the end or the error.
pub async fn drain(rows: &mut Rows) -> (Vec<Row>, Option<cipp_client::ClientError>) {
    let mut read = Vec::new();
    while let Some(row) = rows.next().await {
        match row {
            Ok(row) => read.push(row),
            Err(error) => return (read, Some(error)),
        }
    }
    (read, None)
}

/// Reads a day; for tests that are about what came before the first row.
pub async fn read(client: &Client) -> Result<usize, cipp_client::ClientError> {
    let mut rows = client.list_logs(&a_day(), &never()).await?;
    match drain(&mut rows).await {
        (read, None) => Ok(read.len()),
        (_, Some(error)) => Err(error),
    }
}

/// Ends a test that would hang. Far above anything that a slow machine needs.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("it should have ended long ago")
}

/// Tells when it is dropped: the server's way to see that a request was given up.
pub struct TellDropped(pub Option<tokio::sync::oneshot::Sender<()>>);

impl TellDropped {
    pub fn new() -> (TellDropped, tokio::sync::oneshot::Receiver<()>) {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        (TellDropped(Some(sender)), receiver)
    }
}

impl Drop for TellDropped {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(());
        }
    }
}
