//! A planted secret and a planted token: neither may turn up in anything that can be printed.

use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, post};
use cipp_client::ClientError;

use crate::support::*;

const TOKEN: &str = "planted-opaque-token-0123456789";

/// A server that repeats everything it was sent, with this status.
async fn echo(status: u16) -> Server {
    let status = StatusCode::from_u16(status).unwrap();
    let token = post(|| async {
        json(
            StatusCode::OK,
            &format!(r#"{{"access_token":"{TOKEN}","expires_in":3599}}"#),
        )
    });
    let api = any(move |headers: HeaderMap| async move {
        let sent = headers["authorization"].to_str().unwrap().to_owned();
        json(
            status,
            &serde_json::json!({"error": format!("You sent {sent} and {SECRET}"), "Results": sent}).to_string(),
        )
    });
    Server::with_token(token, api).await
}

/// Everything that an error can say.
fn everything(error: &ClientError) -> String {
    format!("{error} {error:?} {error:#?} {} {}", error.remedy(), error.detail())
}

fn assert_clean(what: &str) {
    for planted in [SECRET, TOKEN, "planted"] {
        assert!(!what.contains(planted), "{planted} in: {what}");
    }
}

#[tokio::test]
async fn no_error_repeats_what_a_server_echoes() {
    for status in [200, 400, 401, 403, 404, 429, 500, 503] {
        let server = echo(status).await;
        let client = server.client();
        assert_clean(&everything(&read(&client).await.unwrap_err()));
        if status != 200 {
            assert_clean(&everything(&client.get_version(&never()).await.unwrap_err()));
        }
        assert_clean(&format!("{client:?} {client:#?}"));
    }
}

#[tokio::test]
async fn no_sign_in_error_repeats_the_secret() {
    let described = serde_json::json!({"error": "invalid_request", "error_description": format!("AADSTS1: You sent {SECRET}"), "trace_id": SECRET}).to_string();
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for (status, body) in [
        (400, described),
        (500, SECRET.to_owned()),
        (200, format!("client_secret={encoded}&x=y")),
        (403, format!("<title>{SECRET}</title>")),
    ] {
        let server = Server::with_token(
            any(move || {
                let body = body.clone();
                async move { json(StatusCode::from_u16(status).unwrap(), &body) }
            }),
            good_list(),
        )
        .await;
        assert_clean(&everything(&server.client().sign_in(&never()).await.unwrap_err()));
    }
}
