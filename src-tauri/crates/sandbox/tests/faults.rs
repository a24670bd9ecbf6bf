//! Trouble on the way, as the scenarios ask for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::{error::Error, io::ErrorKind, time::Duration};

use sandbox::{SandboxOptions, start};
use serde_json::Value;
use support::{get, get_with, header, sandbox, sandbox_with, token};

/// All rows there are.
const EVERYTHING: &str = "ListLogs?Filter=true&StartDate=20000101&EndDate=29991231";

fn rows(body: &[u8]) -> usize {
    String::from_utf8_lossy(body).matches("\"RowKey\"").count()
}

/// What came before the body ended, and how it ended.
async fn read(mut response: reqwest::Response) -> (Vec<u8>, Option<reqwest::Error>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, None),
            Err(error) => return (body, Some(error)),
        }
    }
}

fn is_reset(error: &(dyn Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == ErrorKind::ConnectionReset) || error.source().is_some_and(is_reset)
}

#[tokio::test]
async fn throttled_calls_come_first_and_then_all_is_well() {
    let sandbox = sandbox("throttled").await;
    let token = token(sandbox.ready()).await;
    for _ in 0..3 {
        let response = get_with(sandbox.ready(), &token, "GetVersion").await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "retry-after")),
            (429, "1")
        );
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
    assert_eq!(get_with(sandbox.ready(), &token, "GetVersion").await.status(), 200);
}

#[tokio::test]
async fn starting_is_said_in_the_words_of_the_hosting_form() {
    let container = sandbox("starting").await;
    let response = get(container.ready(), "GetVersion").await;
    assert_eq!(response.status(), 503);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"], "Application is starting up. Please wait.");

    let function_app = sandbox_with("starting_calls = 1").await;
    let response = get(function_app.ready(), "GetVersion").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.text().await.unwrap(), "Function host is not running.");
    assert_eq!(get(function_app.ready(), "GetVersion").await.status(), 200);
}

#[tokio::test]
async fn a_refusal_of_everything_is_text_or_a_json_string() {
    let function_app = sandbox("subscription_ended").await;
    let response = get(function_app.ready(), "ListLogs").await;
    assert_eq!(response.status(), 403);
    assert!(header(&response, "content-type").starts_with("text/plain"));
    assert!(
        response
            .text()
            .await
            .unwrap()
            .starts_with("Your CIPP subscription has ended")
    );

    let container = sandbox_with("flavour = \"container\"\nrefuse_all = \"No.\"").await;
    let response = get(container.ready(), "ListLogs").await;
    assert_eq!(response.status(), 403);
    assert_eq!(response.text().await.unwrap(), "\"No.\"");
}

#[tokio::test]
async fn a_portal_answers_200_with_a_page() {
    let response = get(sandbox("html_instead_of_json").await.ready(), "ListLogs").await;
    assert_eq!(response.status(), 200);
    assert!(header(&response, "content-type").starts_with("text/html"));
}

#[tokio::test]
async fn a_hanging_call_is_never_answered() {
    let sandbox = sandbox("hang").await;
    let call = get(sandbox.ready(), "ListLogs");
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
}

#[tokio::test]
async fn a_truncated_body_ends_properly_within_a_row() {
    let sandbox = sandbox("truncated_body").await;
    let (body, end) = read(get(sandbox.ready(), EVERYTHING).await).await;
    assert!(end.is_none(), "{end:?}");
    assert_eq!(rows(&body), 101);
    assert!(serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn an_aborted_body_ends_in_an_error_after_the_rows_before_it() {
    let sandbox = sandbox("aborted_body").await;
    let (body, end) = read(get(sandbox.ready(), EVERYTHING).await).await;
    assert!(end.is_some());
    assert_eq!(rows(&body), 101);
}

#[tokio::test]
async fn a_reset_connection_is_reset_after_the_rows_before_it() {
    let sandbox = sandbox("reset_mid_row").await;
    let (body, end) = read(get(sandbox.ready(), EVERYTHING).await).await;
    let end = end.expect("the body ended without an error");
    assert!(is_reset(&end), "{end:?}");
    assert_eq!(rows(&body), 5000);
}

#[tokio::test]
async fn a_reset_breaks_https_and_http_2_as_well() {
    let options = SandboxOptions {
        scenario: "reset_mid_row".parse().unwrap(),
        tls: true,
        ..SandboxOptions::default()
    };
    let sandbox = start(options).await.unwrap();
    let ready = sandbox.ready();
    let ca = reqwest::Certificate::from_pem(ready.ca_pem.as_ref().unwrap().as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([ca])
        .build()
        .unwrap();
    let answer = client
        .post(support::token_url(ready))
        .form(&support::form(ready))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let answer: Value = answer.json().await.unwrap();
    let request = client.get(format!("{}/api/{EVERYTHING}", ready.api_url));
    let (body, end) = read(
        request
            .bearer_auth(answer["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert!(end.is_some());
    assert_eq!(rows(&body), 5000);
}

#[tokio::test]
async fn slow_rows_come_one_by_one() {
    let sandbox = sandbox_with("row_delay_ms = 30").await;
    let mut response = get(sandbox.ready(), EVERYTHING).await;
    let mut seen = 0;
    while seen < 5 {
        let chunk = response.chunk().await.unwrap().unwrap();
        let now = rows(&chunk);
        assert!(now <= 2, "{now} rows at once");
        seen += now;
    }
}

#[tokio::test]
async fn a_healthy_sandbox_sends_all_rows() {
    let sandbox = sandbox("healthy").await;
    let body = get(sandbox.ready(), EVERYTHING).await.bytes().await.unwrap();
    assert!(rows(&body) > 40_000);
    let _: Vec<Value> = serde_json::from_slice(&body).unwrap();
}
