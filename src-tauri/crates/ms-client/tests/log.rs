//! What reaches a log at its most talkative level: no code, no verifier, no token, no state.
//!
//! In a process of its own, because a subscriber that sees every thread can be set once only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

#[path = "ms/support.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use the rest")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::routing::get;
use axum::{Json, Router};
use ms_client::{MsArm, MsGraph, Options, Scopes, SignIn};
use serde_json::json;
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
async fn no_log_line_holds_anything_that_could_be_used() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let me = get(|| async { Json(json!({"secretInTheBody": "planted"})) });
    let fake = Fake::with(
        Router::new()
            .route("/graph/v1.0/users/{id}", me.clone())
            .route("/arm/x", me),
    )
    .await;
    let pending = fake.begin().await;
    let asked = parameters(pending.url());
    let sign_in = fake.finish(pending).await.unwrap();
    let graph = MsGraph::new(&sign_in);
    graph
        .get("/users/bob@customer.example", &Options::default(), &never())
        .await
        .unwrap();
    graph.get("/missing", &Options::default(), &never()).await.unwrap_err();
    MsArm::new(&sign_in).get("/x", &never()).await.unwrap();
    fake.behave().device = [(400, refused("authorization_pending", 70_016, "x"))].into();
    let device = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
        .await
        .unwrap();
    device.finish(&never()).await.unwrap();
    sign_in.sign_out();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("sign-in request") && log.contains("waiting for the browser") && log.contains("read"),
        "the subscriber saw nothing: {log}"
    );
    let verifier = fake.forms_of("authorization_code")[0]["code_verifier"].clone();
    for hidden in [
        "planted-code",
        "planted-access",
        "planted-refresh",
        "planted-device",
        "eyJ",
        "secretInTheBody",
        "ABCD1234",
        &verifier,
        &asked["state"],
        &asked["nonce"],
    ] {
        assert!(!log.contains(hidden), "{hidden} in: {log}");
    }
    let ours: String = log.lines().filter(|line| line.contains("ms_client")).collect();
    assert!(!ours.contains("bob@customer.example"), "{ours}");
}
