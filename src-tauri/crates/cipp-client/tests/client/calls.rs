//! One call: what is sent, what each answer becomes, and what is tried again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{any, get};
use cipp_client::{ClientError, ErrorKind, ReachCause, Refusal, WrongDoor};
use futures_util::future::join_all;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use crate::support::*;

#[tokio::test]
async fn a_day_is_asked_for_as_cipp_wants_it() {
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let server = Server::start(get(move |uri: Uri, headers: HeaderMap| async move {
        *keep.lock().unwrap() = Some((uri.to_string(), headers));
        list()
    }))
    .await;
    assert_eq!(read(&server.client()).await, Ok(2));
    let (uri, headers) = seen.lock().unwrap().take().unwrap();
    assert_eq!(
        uri,
        "/api/ListLogs?Filter=true&StartDate=20260808&EndDate=20260808&Severity=Info%2CInformation%2CWarn%2CWarning%2CError%2CCritical%2CAlert"
    );
    assert_eq!(headers["authorization"], "Bearer token-1");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("CIPP-Desk/"));
    let encodings = headers["accept-encoding"].to_str().unwrap();
    assert!(encodings.contains("gzip") && encodings.contains("br"), "{encodings}");
    assert!(!headers.contains_key("x-cipp-version") && !headers.contains_key("referer"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(good_list()).await;
    let target = format!("{}/.auth/login/aad", elsewhere.address);
    let server = Server::start(any(move || async move { Redirect::to(&target) })).await;
    let error = read(&server.client()).await.unwrap_err();
    assert_eq!(
        error,
        ClientError::WrongAddress {
            host: "127.0.0.1".into(),
            found: WrongDoor::SignInRedirect {
                location_host: "127.0.0.1".into()
            }
        }
    );
    assert!(error.remedy().contains("Integrations"));
    assert_eq!((server.called(), elsewhere.called()), (1, 0));
}

#[tokio::test]
async fn a_web_page_is_the_wrong_address_whatever_it_calls_itself() {
    let wrong = ClientError::WrongAddress {
        host: "127.0.0.1".into(),
        found: WrongDoor::Html,
    };
    let server = Server::start(any(async || Html("<!DOCTYPE html><title>CIPP</title>"))).await;
    assert_eq!(read(&server.client()).await, Err(wrong.clone()));
    let server = Server::start(any(async || json(StatusCode::OK, "\n<!DOCTYPE html>"))).await;
    assert_eq!(read(&server.client()).await, Err(wrong.clone()));
    assert_eq!(server.client().get_version(&never()).await.unwrap_err(), wrong);
}

#[tokio::test]
async fn compressed_replies_are_read() {
    for (layer, name) in [
        (CompressionLayer::new().no_br(), "gzip"),
        (CompressionLayer::new().no_gzip(), "br"),
    ] {
        let many = format!("[{}1]", r#"{"Message":"the same again and again"},"#.repeat(1000));
        let encoded = Arc::new(Mutex::new(None));
        let keep = Arc::clone(&encoded);
        let routes = Router::new()
            .route("/msp.example/oauth2/v2.0/token", good_tokens())
            .route(
                "/api/{endpoint}",
                get(move || async move { json(StatusCode::OK, &many) }),
            )
            .layer(layer)
            .layer(axum::middleware::map_response(
                move |response: axum::response::Response| {
                    *keep.lock().unwrap() = response.headers().get("content-encoding").cloned();
                    async { response }
                },
            ));
        let server = Server::with_routes(routes).await;
        assert_eq!(read(&server.client()).await, Ok(1001));
        assert_eq!(encoded.lock().unwrap().as_ref().unwrap(), name);
    }
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let server = Server::start(script([
        || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        list,
    ]))
    .await;
    let begun = Instant::now();
    assert_eq!(read(&server.client()).await, Ok(2));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.called(), 2);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_told_not_waited_for() {
    let server = Server::start(script([|| {
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response()
    }]))
    .await;
    let error = soon(read(&server.client())).await.unwrap_err();
    assert_eq!(
        error,
        ClientError::Throttled {
            retry_after_seconds: Some(3600),
            daily_quota: false
        }
    );
    assert_eq!(server.called(), 1);
}

#[tokio::test]
async fn an_instance_that_is_starting_is_waited_for() {
    const STARTING: &str = r#"{"error":"Application is starting up. Please wait."}"#;
    let server = Server::start(script([
        || json(StatusCode::SERVICE_UNAVAILABLE, STARTING),
        || json(StatusCode::SERVICE_UNAVAILABLE, STARTING),
        list,
    ]))
    .await;
    assert_eq!(read(&server.client()).await, Ok(2));
    let server = Server::start(script([|| json(StatusCode::SERVICE_UNAVAILABLE, STARTING)])).await;
    let error = read(&server.client()).await.unwrap_err();
    assert_eq!(error.to_string(), "CIPP is just starting.");
    assert_eq!(server.called(), 5);
}

#[tokio::test]
async fn server_trouble_is_tried_three_times_and_a_bad_filter_once() {
    let server = Server::start(script([|| {
        (StatusCode::BAD_GATEWAY, Html("<title>502</title>")).into_response()
    }]))
    .await;
    let error = read(&server.client()).await.unwrap_err();
    assert_eq!(
        error,
        ClientError::ServerTrouble {
            status: 502,
            text: "502".into(),
            starting: false
        }
    );
    assert_eq!(server.called(), 3);
    let server = Server::start(script([|| {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Invalid GUID format for OData filter: 'x'",
        )
            .into_response()
    }]))
    .await;
    assert_eq!(
        read(&server.client()).await.unwrap_err().kind(),
        ErrorKind::ServerTrouble
    );
    assert_eq!(server.called(), 1);
}

#[tokio::test]
async fn a_refusal_is_final_and_says_which() {
    let server = Server::start(script([|| {
        json(
            StatusCode::FORBIDDEN,
            "\"Access to this CIPP API endpoint is not allowed, the API Client does not have the required permission\"",
        )
    }]))
    .await;
    let error = read(&server.client()).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::NotAllowed {
                cause: Refusal::IpNotInRange,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.remedy().contains("public IP address"));
    assert_eq!(server.called(), 1);
}

#[tokio::test]
async fn nobody_at_the_address_is_refused_after_three_tries() {
    let server = Server::start(good_list()).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client(&server.address, &format!("http://{free}"), |_| {});
    let error = soon(read(&client)).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::Unreachable {
                cause: ReachCause::Refused,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        !error.detail().contains("ListLogs"),
        "no address in errors: {}",
        error.detail()
    );
}

#[tokio::test]
async fn a_server_that_hangs_up_is_tried_again() {
    let (listener, good) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        Server::start(good_list()).await,
    );
    let address = format!("http://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            connection.set_zero_linger().unwrap();
        }
    });
    let error = soon(read(&client(&good.address, &address, |_| {}))).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::Unreachable {
                cause: ReachCause::Reset,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(accepted.load(Ordering::SeqCst) >= 3);
}

#[tokio::test]
async fn a_reply_that_does_not_begin_is_given_up() {
    let server = Server::start(get(async || std::future::pending::<()>().await)).await;
    let client = server.client_with(|options| options.header_timeout = Duration::from_millis(50));
    let error = soon(read(&client)).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::Unreachable {
                cause: ReachCause::Timeout,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(server.called(), 1, "who has waited ten minutes once should be told");
}

#[tokio::test]
async fn never_more_than_two_calls_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now_there, most_there) = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::start(get(move || {
        let (now, most) = (Arc::clone(&now_there), Arc::clone(&most_there));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            list()
        }
    }))
    .await;
    let client = server.client();
    let outcomes = join_all((0..8).map(|_| read(&client))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(2)));
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_open_list_keeps_its_place() {
    let server = Server::start(good_list()).await;
    let client = server.client();
    let first = client.list_logs(&a_day(), &never()).await.unwrap();
    let _second = client.list_logs(&a_day(), &never()).await.unwrap();
    let day = a_day();
    let cancel = never();
    let mut third = Box::pin(client.list_logs(&day, &cancel));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), &mut third)
            .await
            .is_err()
    );
    drop(first);
    assert!(soon(third).await.is_ok());
}

#[tokio::test]
async fn the_other_reads_are_typed_and_lenient() {
    let server = Server::start(any(async |uri: Uri, headers: HeaderMap| {
        let body = match uri.path() {
            "/api/PublicPing" if !headers.contains_key("authorization") => {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            "/api/PublicPing" => r#"{"Results":{"Message":"Pong","ColdStart":false}}"#,
            "/api/GetVersion" => "\u{feff}{\"LocalCIPPAPIVersion\":\"10.8.1\"}",
            "/api/ListApiTest" => r#"{"Request":{"headers":{"authorization":"Bearer token-1"}},"AllowedTenants":null}"#,
            "/api/ListTenants" => r#"[{"defaultDomainName":"contoso.com"},null]"#,
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        json(StatusCode::OK, body)
    }))
    .await;
    let client = server.client();
    assert_eq!(
        client.public_ping(&never()).await.unwrap().message.as_deref(),
        Some("Pong"),
        "asked again with a token"
    );
    assert_eq!(
        client.get_version(&never()).await.unwrap().local_api.as_deref(),
        Some("10.8.1")
    );
    assert_eq!(client.list_api_test(&never()).await.unwrap().allowed_tenants, None);
    assert_eq!(client.list_tenants(&never()).await.unwrap().len(), 1);
    assert_eq!(read(&client).await.unwrap_err().kind(), ErrorKind::WrongAddress);
}
