//! Cancelling ends a call in every phase, and the server sees it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, get};
use cipp_client::{Client, ClientError};
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// An answer that never comes; tells when a request has come, and when it was given up.
fn hanging() -> (MethodRouter, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let ((arrived, arrives), (guard, dropped)) = (oneshot::channel(), TellDropped::new());
    let once = Arc::new(Mutex::new(Some((arrived, guard))));
    let route = any(move || {
        let once = Arc::clone(&once);
        async move {
            let (arrived, _guard) = once.lock().await.take().expect("one request");
            arrived.send(()).unwrap();
            std::future::pending::<()>().await;
        }
    });
    (route, arrives, dropped)
}

/// Starts a read, waits for `begun`, cancels, and returns what the read became.
async fn cancelled_after(client: Client, begun: impl Future) -> Result<(), ClientError> {
    let cancel = CancellationToken::new();
    let reading = tokio::spawn({
        let cancel = cancel.clone();
        async move { client.list_logs(&a_day(), &cancel).await.map(drop) }
    });
    soon(begun).await;
    cancel.cancel();
    soon(reading).await.unwrap()
}

#[tokio::test]
async fn while_signing_in() {
    let (token, arrives, dropped) = hanging();
    let server = Server::with_token(token, good_list()).await;
    assert_eq!(
        cancelled_after(server.client(), arrives).await,
        Err(ClientError::Cancelled)
    );
    soon(dropped).await.unwrap();
}

#[tokio::test]
async fn while_waiting_for_the_reply() {
    let (api, arrives, dropped) = hanging();
    let server = Server::start(api).await;
    assert_eq!(
        cancelled_after(server.client(), arrives).await,
        Err(ClientError::Cancelled)
    );
    soon(dropped).await.unwrap();
}

#[tokio::test]
async fn while_waiting_for_another_try() {
    let server = Server::start(script([|| {
        (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "50")]).into_response()
    }]))
    .await;
    let called = Arc::clone(&server.called);
    let tried = async move {
        while called.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(
        cancelled_after(server.client(), tried).await,
        Err(ClientError::Cancelled)
    );
    assert_eq!(server.called(), 1);
}

#[tokio::test]
async fn while_waiting_for_a_place() {
    let server = Server::start(good_list()).await;
    let client = server.client();
    let _first = client.list_logs(&a_day(), &never()).await.unwrap();
    let _second = client.list_logs(&a_day(), &never()).await.unwrap();
    let a_moment = tokio::time::sleep(Duration::from_millis(20));
    assert_eq!(
        cancelled_after(client.clone(), a_moment).await,
        Err(ClientError::Cancelled)
    );
    assert_eq!(server.called(), 2);
}

#[tokio::test]
async fn in_the_middle_of_the_rows() {
    let (guard, dropped) = TellDropped::new();
    let guard = Arc::new(Mutex::new(Some(guard)));
    let server = Server::start(get(move || {
        let guard = Arc::clone(&guard);
        async move {
            let begin = (guard.lock().await.take(), Some("[1,2,"));
            axum::body::Body::from_stream(futures_util::stream::unfold(
                begin,
                async |(guard, mut piece)| match piece.take() {
                    Some(piece) => Some((Ok::<_, std::io::Error>(piece), (guard, None))),
                    None => std::future::pending().await,
                },
            ))
        }
    }))
    .await;
    let cancel = CancellationToken::new();
    let mut rows = server.client().list_logs(&a_day(), &cancel).await.unwrap();
    assert!(soon(rows.next()).await.unwrap().is_ok());
    assert!(soon(rows.next()).await.unwrap().is_ok());
    let waiting = tokio::spawn(async move { (rows.next().await, rows.next().await.is_none()) });
    tokio::time::sleep(Duration::from_millis(20)).await;
    cancel.cancel();
    assert_eq!(soon(waiting).await.unwrap(), (Some(Err(ClientError::Cancelled)), true));
    soon(dropped).await.unwrap();
}

#[tokio::test]
async fn before_anything_was_sent() {
    let server = Server::start(good_list()).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(server.client().sign_in(&cancel).await, Err(ClientError::Cancelled));
    assert_eq!((server.asked(), server.called()), (0, 0));
}

#[tokio::test]
async fn a_cancelled_sign_in_leaves_the_way_free_for_the_next() {
    let (first, arrives, _dropped) = hanging();
    let gate = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let open = Arc::clone(&gate);
    // The first request hangs, the second is answered.
    let token = any(move |request: axum::extract::Request| {
        let (first, gate) = (first.clone(), Arc::clone(&gate));
        async move {
            if gate.swap(true, std::sync::atomic::Ordering::SeqCst) {
                return json(StatusCode::OK, r#"{"access_token":"t","expires_in":3599}"#);
            }
            tower_call(first, request).await
        }
    });
    let server = Server::with_token(token, good_list()).await;
    let client = server.client();
    assert_eq!(
        cancelled_after(client.clone(), arrives).await,
        Err(ClientError::Cancelled)
    );
    assert!(open.load(std::sync::atomic::Ordering::SeqCst));
    assert_eq!(soon(read(&client)).await, Ok(2));
}

async fn tower_call(route: MethodRouter, request: axum::extract::Request) -> axum::response::Response {
    use axum::handler::Handler;
    route.call(request, ()).await
}
