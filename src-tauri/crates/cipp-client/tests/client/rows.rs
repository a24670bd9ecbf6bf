//! Rows while they arrive, and every way in which that can end.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cipp_client::{ClientError, ErrorKind, ReachCause};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::support::*;

/// A body whose pieces a test hands over one by one.
fn by_hand() -> (
    mpsc::UnboundedSender<std::io::Result<&'static str>>,
    axum::routing::MethodRouter,
) {
    let (pieces, receiver) = mpsc::unbounded_channel();
    let receiver = std::sync::Arc::new(Mutex::new(Some(receiver)));
    let route = get(move || {
        let receiver = std::sync::Arc::clone(&receiver);
        async move {
            let receiver: mpsc::UnboundedReceiver<std::io::Result<&'static str>> =
                receiver.lock().await.take().expect("one call");
            let body = stream::unfold(receiver, async |mut receiver| {
                Some((receiver.recv().await?.map(Bytes::from), receiver))
            });
            ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(body))
        }
    });
    (pieces, route)
}

#[tokio::test]
async fn the_first_row_is_out_while_the_body_still_runs() {
    let (pieces, route) = by_hand();
    let server = Server::start(route).await;
    pieces.send(Ok("[{\"a\":1},{\"a\"")).unwrap();
    let mut rows = soon(server.client().list_logs(&a_day(), &never())).await.unwrap();
    assert_eq!(soon(rows.next()).await.unwrap().unwrap().raw(), "{\"a\":1}");
    pieces.send(Ok(":2}]")).unwrap();
    drop(pieces);
    assert_eq!(soon(rows.next()).await.unwrap().unwrap().raw(), "{\"a\":2}");
    assert!(soon(rows.next()).await.is_none());
    assert_eq!((rows.rows_read(), rows.bytes_read()), (2, 17));
    assert!(rows.next().await.is_none(), "over stays over");
}

#[tokio::test]
async fn rows_come_out_exactly_as_sent_and_in_order() {
    let text = |n: usize| {
        format!(r#"{{"RowKey":"{n}","Message":"<b>\u202e{{[\"{n}\"]}}</b> é","LogData":{{"deep":[{n}, 1.50]}}}}"#)
    };
    let body = format!("[{}]", (0..20_000).map(text).collect::<Vec<_>>().join(",\r\n "));
    let length = body.len() as u64;
    let server = Server::start(get(move || async move { json(StatusCode::OK, &body) })).await;
    let mut rows = server.client().list_logs(&a_day(), &never()).await.unwrap();
    let (read, error) = drain(&mut rows).await;
    assert_eq!((read.len(), error), (20_000, None));
    assert!(read.iter().enumerate().all(|(n, row)| row.raw() == text(n)));
    assert_eq!((rows.rows_read(), rows.bytes_read()), (20_000, length));
}

#[tokio::test]
async fn an_empty_day_is_complete_and_headers_are_kept() {
    let server = Server::start(get(async || {
        (
            [("x-cache", "HIT-STALE"), ("date", "Sat, 08 Aug 2026 00:00:00 GMT")],
            "[]",
        )
    }))
    .await;
    let mut rows = server.client().list_logs(&a_day(), &never()).await.unwrap();
    assert_eq!(rows.cache(), Some("HIT-STALE"));
    assert_eq!(rows.date().unwrap().to_string(), "2026-08-08T00:00:00Z");
    assert_eq!(drain(&mut rows).await, (vec![], None));
}

#[tokio::test]
async fn a_reply_that_stops_early_keeps_its_rows() {
    let server = Server::start(get(async || json(StatusCode::OK, "[{\"a\":1},{\"a\":2},{\"a\""))).await;
    let mut rows = server.client().list_logs(&a_day(), &never()).await.unwrap();
    let (read, error) = drain(&mut rows).await;
    assert_eq!(read.len(), 2);
    assert!(
        matches!(error, Some(ClientError::CutOff { rows_read: 2, .. })),
        "{error:?}"
    );
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn a_body_that_breaks_off_keeps_its_rows() {
    let (pieces, route) = by_hand();
    let server = Server::start(route).await;
    pieces.send(Ok("[{\"a\":1},")).unwrap();
    let mut rows = soon(server.client().list_logs(&a_day(), &never())).await.unwrap();
    assert!(soon(rows.next()).await.unwrap().is_ok());
    pieces.send(Err(std::io::Error::other("gone"))).unwrap();
    let error = soon(rows.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::CutOff { rows_read: 1, .. }), "{error:?}");
    assert_eq!(server.called(), 1, "never tried again after a row");
}

/// A server that answers its one call with `head`, waits to be told, and resets the connection.
async fn resetting(head: &'static str) -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (now, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = connection.read(&mut request).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        let _ = told.await;
        connection.set_zero_linger().unwrap();
    });
    (address, now)
}

#[tokio::test]
async fn a_reset_after_rows_is_cut_off_and_before_any_it_is_unreachable() {
    let entra = Server::start(good_list()).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let (address, reset) = resetting(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\na\r\n[{\"a\":1},{\r\n",
    )
    .await;
    let mut rows = soon(client(&entra.address, &address, |_| {}).list_logs(&a_day(), &never()))
        .await
        .unwrap();
    assert!(soon(rows.next()).await.unwrap().is_ok());
    reset.send(()).unwrap();
    let error = soon(rows.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::CutOff { rows_read: 1, .. }), "{error:?}");

    let (address, reset) = resetting(head).await;
    let mut rows = soon(client(&entra.address, &address, |_| {}).list_logs(&a_day(), &never()))
        .await
        .unwrap();
    reset.send(()).unwrap();
    let error = soon(rows.next()).await.unwrap().unwrap_err();
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
}

#[tokio::test]
async fn a_body_that_falls_silent_is_given_up() {
    let (pieces, route) = by_hand();
    let server = Server::start(route).await;
    pieces.send(Ok("[1,")).unwrap();
    let client = server.client_with(|options| options.read_timeout = Duration::from_millis(200));
    let mut rows = client.list_logs(&a_day(), &never()).await.unwrap();
    assert!(soon(rows.next()).await.unwrap().is_ok());
    let error = soon(rows.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::CutOff { rows_read: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_break_after_the_last_row_costs_nothing() {
    let (pieces, route) = by_hand();
    let server = Server::start(route).await;
    pieces.send(Ok("[1]")).unwrap();
    let mut rows = server.client().list_logs(&a_day(), &never()).await.unwrap();
    assert!(soon(rows.next()).await.unwrap().is_ok());
    pieces.send(Err(std::io::Error::other("gone"))).unwrap();
    assert!(soon(rows.next()).await.is_none());
}

#[tokio::test]
async fn what_is_no_list_says_what_it_is() {
    for (body, field) in [
        (r#"{"Results":"Queued"}"#, "Results"),
        (r#"{"error":"no"}"#, "error"),
        ("\"text\"", "reply"),
        ("{\"RowKey\":1}", "reply"),
    ] {
        let server = Server::start(get(move || async move { json(StatusCode::OK, body) })).await;
        let error = read(&server.client()).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::NotUnderstood { field: found, rows_read: 0, .. } if found == field),
            "{error:?}"
        );
    }
    let server = Server::start(get(async || json(StatusCode::OK, ""))).await;
    assert_eq!(read(&server.client()).await.unwrap_err().kind(), ErrorKind::CutOff);
}

#[tokio::test]
async fn dropping_the_rows_aborts_the_request() {
    let (guard, dropped) = TellDropped::new();
    let guard = std::sync::Arc::new(Mutex::new(Some(guard)));
    let server = Server::start(get(move || {
        let guard = std::sync::Arc::clone(&guard);
        async move {
            let guard = guard.lock().await.take();
            let endless = stream::unfold(guard, async |guard| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b"[1,")), guard))
            });
            Body::from_stream(endless).into_response()
        }
    }))
    .await;
    let mut rows = server.client().list_logs(&a_day(), &never()).await.unwrap();
    assert!(soon(rows.next()).await.unwrap().is_ok());
    drop(rows);
    soon(dropped).await.unwrap();
}

#[tokio::test]
async fn one_entry_is_asked_for_with_its_day() {
    let server = Server::start(get(async |uri: Uri, _headers: HeaderMap| -> Response {
        match uri.query() {
            Some("logentryid=7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f&DateFilter=20260808") => {
                json(StatusCode::OK, r#"[{"Standard":{}}]"#)
            }
            _ => json(StatusCode::OK, "[]"),
        }
    }))
    .await;
    let client = server.client();
    let (key, day) = ("7D3C1B9E-5A41-4A7F-9A53-0D8A1C2B3E4F", "20260808".parse().unwrap());
    assert_eq!(
        client.log_entry(key, day, &never()).await.unwrap().unwrap().raw(),
        r#"{"Standard":{}}"#
    );
    assert_eq!(
        client
            .log_entry(key, "20260809".parse().unwrap(), &never())
            .await
            .unwrap(),
        None
    );
}
