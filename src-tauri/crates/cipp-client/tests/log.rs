//! What reaches a log at its most talkative level: neither the secret nor the token, nor what was asked for.
//!
//! In a process of its own, because a subscriber that sees every thread can be set once only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

#[path = "client/support.rs"]
#[allow(dead_code, reason = "shared with the tests of calls, which use the rest")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use support::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_line_holds_the_secret_or_the_token() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let server = Server::start(script([
        list,
        || json(StatusCode::INTERNAL_SERVER_ERROR, SECRET),
        || json(StatusCode::OK, "[1,"),
        || json(StatusCode::UNAUTHORIZED, SECRET),
    ]))
    .await;
    let client = server.client();
    client.sign_in(&never()).await.unwrap();
    let mut rows = client.list_logs(&a_day(), &never()).await.unwrap();
    assert!(!format!("{rows:?}").contains("token-1"));
    drain(&mut rows).await;
    read(&client).await.unwrap_err();
    read(&client).await.unwrap_err();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("token request") && log.contains("/api/ListLogs"),
        "the subscriber saw nothing: {log}"
    );
    for planted in [SECRET, "planted", "token-1", "token-2", "StartDate"] {
        assert!(!log.contains(planted), "{planted} in: {log}");
    }
}
