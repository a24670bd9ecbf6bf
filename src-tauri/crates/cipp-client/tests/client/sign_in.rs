//! The token: how it is asked for, how often, and what each refusal becomes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Form;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{any, get, post};
use cipp_client::{ClientError, ErrorKind, ReachCause};
use futures_util::future::join_all;

use crate::support::*;

const WRONG_SECRET: &str = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure it.\r\nTrace ID: 1","error_codes":[7000215],"trace_id":"1","correlation_id":"2"}"#;
const UNKNOWN_APP: &str = r#"{"error":"unauthorized_client","error_description":"AADSTS700016: Application not found.","error_codes":[700016]}"#;

#[tokio::test]
async fn the_request_has_exactly_entras_four_fields_encoded_once() {
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let token = post(
        move |headers: HeaderMap, Form(mut form): Form<Vec<(String, String)>>| async move {
            form.sort();
            *keep.lock().unwrap() = Some((headers, form));
            json(StatusCode::OK, r#"{"access_token":"t","expires_in":"3599"}"#)
        },
    );
    let server = Server::with_token(token, good_list()).await;
    server.client().sign_in(&never()).await.unwrap();
    let (headers, form) = seen.lock().unwrap().take().unwrap();
    let scope = format!("api://{CLIENT_ID}/.default");
    let expected = [
        ("client_id", CLIENT_ID),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", scope.as_str()),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(headers["client-request-id"].len(), 36);
    assert!(headers["user-agent"].to_str().unwrap().starts_with("CIPP-Desk/"));
}

#[tokio::test]
async fn ten_calls_at_once_share_one_token_request() {
    let token = post(async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        json(StatusCode::OK, r#"{"access_token":"t","expires_in":3599}"#)
    });
    let server = Server::with_token(token, good_list()).await;
    let client = server.client();
    let outcomes = join_all((0..10).map(|_| read(&client))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(2)), "{outcomes:?}");
    assert_eq!((server.asked(), server.called()), (1, 10));
}

#[tokio::test]
async fn ten_waiters_share_one_failure_and_a_later_call_asks_again() {
    let token = post(async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        json(StatusCode::BAD_REQUEST, UNKNOWN_APP)
    });
    let server = Server::with_token(token, good_list()).await;
    let client = server.client();
    let outcomes = join_all((0..10).map(|_| read(&client))).await;
    assert!(outcomes.iter().all(|outcome| matches!(
        outcome,
        Err(ClientError::SignInRefused {
            aadsts: Some(700016),
            status: 400,
            ..
        })
    )));
    assert_eq!((server.asked(), server.called()), (1, 0));
    let _ = client.sign_in(&never()).await;
    assert_eq!(server.asked(), 2, "somebody may have put it right meanwhile");
}

#[tokio::test]
async fn a_wrong_secret_is_sent_once_in_ten_seconds() {
    let server = Server::with_token(script([|| json(StatusCode::UNAUTHORIZED, WRONG_SECRET)]), good_list()).await;
    let client = server.client();
    for _ in 0..5 {
        let error = client.sign_in(&never()).await.unwrap_err();
        assert_eq!(error.to_string(), "The client secret is wrong. (AADSTS7000215)");
        assert!(error.remedy().contains("value, not its ID"));
    }
    assert_eq!(server.asked(), 1);
    let _ = server.client().sign_in(&never()).await;
    assert_eq!(server.asked(), 2, "a new client has a new secret");
    pass(Duration::from_secs(11)).await;
    let _ = client.sign_in(&never()).await;
    assert_eq!(server.asked(), 3, "a person who tries again later gets today's answer");
}

#[tokio::test]
async fn a_token_is_used_until_five_minutes_before_its_end() {
    let server = Server::start(good_list()).await;
    let client = server.client();
    read(&client).await.unwrap();
    pass(Duration::from_secs(3200)).await;
    read(&client).await.unwrap();
    assert_eq!(server.asked(), 1);
    pass(Duration::from_secs(120)).await;
    read(&client).await.unwrap();
    assert_eq!(server.asked(), 2);
}

/// Lets time go by for everybody on this thread.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_that_cipp_does_not_accept_is_renewed_once() {
    let api = get(async |headers: HeaderMap| match headers["authorization"].to_str() {
        Ok("Bearer token-1") => StatusCode::UNAUTHORIZED.into_response(),
        _ => list(),
    });
    let server = Server::start(api).await;
    let client = server.client();
    let outcomes = join_all((0..2).map(|_| read(&client))).await;
    assert_eq!(outcomes, [Ok(2), Ok(2)]);
    assert_eq!(
        (server.asked(), server.called()),
        (2, 4),
        "two rejected calls share the renewal"
    );
}

#[tokio::test]
async fn a_second_401_is_the_end() {
    let server = Server::start(any(async || {
        (
            StatusCode::UNAUTHORIZED,
            Html("<title>You do not have permission</title>"),
        )
    }))
    .await;
    let error = read(&server.client()).await.unwrap_err();
    assert_eq!(
        error,
        ClientError::NotAccepted {
            text: "You do not have permission".into(),
            names_mcp: false,
        }
    );
    assert!(error.remedy().contains("Save Azure Configuration"));
    assert_eq!((server.asked(), server.called()), (2, 2));
}

#[tokio::test]
async fn passing_trouble_at_entra_is_waited_out() {
    let token = script([
        || StatusCode::SERVICE_UNAVAILABLE.into_response(),
        || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
        || json(StatusCode::OK, r#"{"access_token":"t","expires_in":3599}"#),
    ]);
    let server = Server::with_token(token, good_list()).await;
    assert_eq!(read(&server.client()).await, Ok(2));
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn a_portal_in_place_of_entra_is_recognised() {
    for (token, expected) in [
        (any(async || Html("<h1>Hotel Wi-Fi</h1>")), "a web page (HTTP 200)"),
        (
            any(async || Redirect::temporary("https://portal.example/?from=me")),
            "a redirect to portal.example (HTTP 307)",
        ),
    ] {
        let server = Server::with_token(token, good_list()).await;
        let error = server.client().sign_in(&never()).await.unwrap_err();
        let found = ClientError::Unreachable {
            host: "127.0.0.1".into(),
            cause: ReachCause::Proxy,
            detail: expected.into(),
        };
        assert_eq!(error, found);
        assert_eq!(server.asked(), 1);
    }
}

#[tokio::test]
async fn a_sign_in_server_that_is_none_is_not_taken_for_cipp() {
    let server = Server::with_token(any(async || (StatusCode::NOT_FOUND, "no such page")), good_list()).await;
    let error = server.client().sign_in(&never()).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::SignInRefused {
                status: 404,
                aadsts: None,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "The sign-in server refused (HTTP 404, Not Found): no such page"
    );
}

#[tokio::test]
async fn a_reply_that_is_not_understood_names_the_field() {
    let server = Server::with_token(script([|| json(StatusCode::OK, r#"{"token":"x"}"#)]), good_list()).await;
    let error = server.client().sign_in(&never()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotUnderstood { field, .. } if field == "access_token"));
}

#[tokio::test]
async fn a_clock_that_is_off_is_reported_and_changes_nothing() {
    let token = script([|| {
        (
            [("date", "Sat, 08 Aug 2020 00:00:00 GMT")],
            r#"{"access_token":"t","expires_in":3599}"#,
        )
            .into_response()
    }]);
    let server = Server::with_token(token, good_list()).await;
    let client = server.client();
    let claims = client.sign_in(&never()).await.unwrap();
    assert!(claims.clock_skew_seconds.unwrap() > 365 * 24 * 3600);
    assert_eq!(read(&client).await, Ok(2));
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_entra_that_does_not_answer_is_given_up() {
    let token = post(async || std::future::pending::<()>().await);
    let server = Server::with_token(token, good_list()).await;
    let client = server.client_with(|options| options.token_timeout = Duration::from_millis(50));
    let error = soon(client.sign_in(&never())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(server.asked(), 1);
}
