//! Planted codes, verifiers and tokens: none may turn up in anything that can be printed.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;
use ms_client::{MsError, MsGraph, Options, SignInError};
use serde_json::json;

use crate::support::*;

fn assert_clean(what: &str, more: &[&str]) {
    for planted in ["planted", "eyJ"].iter().chain(more) {
        assert!(!what.contains(planted), "{planted} in: {what}");
    }
}

fn everything(error: &MsError) -> String {
    format!("{error} {error:?} {error:#?} {} {}", error.remedy(), error.detail())
}

fn all_of(error: &SignInError) -> String {
    format!("{error} {error:?} {error:#?} {} {}", error.remedy(), error.detail())
}

#[tokio::test]
async fn nothing_that_is_kept_shows_what_it_holds() {
    let fake = Fake::start().await;
    let pending = fake.begin().await;
    let asked = parameters(pending.url());
    let hidden = [asked["state"].as_str(), &asked["nonce"], &asked["code_challenge"]];
    assert_clean(&format!("{pending:?} {pending:#?}"), &hidden);
    let sign_in = fake.finish(pending).await.unwrap();
    let graph = MsGraph::new(&sign_in);
    assert_clean(
        &format!("{sign_in:?} {sign_in:#?} {graph:?} {:?}", sign_in.microsoft()),
        &hidden,
    );
    assert!(format!("{sign_in:?}").contains(UPN));
}

#[tokio::test]
async fn no_sign_in_error_repeats_what_a_server_echoes() {
    let fake = Fake::start().await;
    for status in [400, 401, 403, 429, 500] {
        for shape in 0..3 {
            let pending = fake.begin().await;
            let back = fake.accept(pending.url());
            let code = parameters(&back)["code"].clone();
            let body = match shape {
                0 => {
                    json!({"error": code, "error_description": format!("AADSTS1: You sent {code}."), "trace_id": code})
                }
                1 => json!(format!("You sent {code}.")),
                _ => json!({"access_token": code, "error": {"x": code}}),
            };
            fake.behave().refusals = (0..5).map(|_| (status, body.clone())).collect();
            let (done, _) = finished_beside(pending, browse(back)).await;
            assert_clean(&all_of(&done.unwrap_err()), &[&code]);
            fake.behave().refusals.clear();
        }
    }
}

#[tokio::test]
async fn no_read_error_repeats_the_token() {
    for status in [200, 400, 401, 403, 404, 409, 429, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let echo = any(move |headers: HeaderMap| async move {
            let sent = headers["authorization"].to_str().unwrap();
            let body = json!({"error": {"code": bearer(&headers), "message": format!("You sent {sent}.")}});
            let ids = [("request-id", bearer(&headers).to_owned()), ("retry-after", "0".into())];
            (
                status,
                ids,
                format!("{body}{}", if status == StatusCode::OK { sent } else { "" }),
            )
                .into_response()
        });
        let fake = Fake::with(Router::new().route("/graph/{*path}", echo)).await;
        let graph = MsGraph::new(&fake.signed_in().await);
        let error = soon(graph.get("/me?$skiptoken=planted", &Options::default(), &never()))
            .await
            .unwrap_err();
        assert_clean(&everything(&error), &[]);
    }
}
