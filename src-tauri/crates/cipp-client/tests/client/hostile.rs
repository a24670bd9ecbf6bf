//! A server that means harm: it gets no credential for another host, and neither hangs nor exhausts this client.
//!
//! No bound is a matter of time measured here: what would not end without it ends, or the test does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, any};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cipp_client::{ClientError, ErrorKind, Ledger, WrongDoor};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// Everything that an error can say.
fn everything(error: &ClientError) -> String {
    format!("{error} {error:?} {} {}", error.remedy(), error.detail())
}

/// A server on another host that writes down what it is sent.
async fn elsewhere() -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let note = any(move |headers: HeaderMap, body: Bytes| async move {
        keep.lock().unwrap().push(format!("{headers:?} {body:?}"));
        json(StatusCode::OK, "[]")
    });
    let server = Server::with_routes(Router::new().fallback_service(note)).await;
    (server, seen)
}

/// Bytes without an end, and how many of them were taken.
fn endless(beginning: &'static str, piece: &'static str) -> (MethodRouter, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&taken);
    let route = any(move || {
        let counter = Arc::clone(&counter);
        async move {
            let pieces = stream::unfold(true, move |first| {
                let text = if first {
                    beginning.to_owned()
                } else {
                    piece.repeat(4096)
                };
                counter.fetch_add(text.len() as u64, Ordering::SeqCst);
                async move { Some((Ok::<_, std::io::Error>(text), false)) }
            });
            ([("content-type", "application/json")], Body::from_stream(pieces)).into_response()
        }
    });
    (route, taken)
}

/// A server that reads the head of each request and then does as it is told, byte by byte.
async fn raw<F, A>(act: F) -> String
where
    F: Fn(TcpStream) -> A + Clone + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let act = act.clone();
            tokio::spawn(async move {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    head.push(byte[0]);
                }
                act(stream).await;
            });
        }
    });
    address
}

/// A good sign-in server beside an API at this address.
async fn beside(api: &str) -> (Server, cipp_client::Client) {
    let entra = Server::start(good_list()).await;
    let client = client(&entra.address, api, |options| {
        options.header_timeout = Duration::from_secs(2);
        options.read_timeout = Duration::from_secs(30);
        options.retry.tries = 1;
    });
    (entra, client)
}

#[tokio::test]
async fn a_redirect_takes_neither_the_secret_nor_the_token_along() {
    let (other, seen) = elsewhere().await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/take?access_token=planted-in-the-address", other.address);
        let sends_on = move || {
            let (status, to) = (StatusCode::from_u16(status).unwrap(), to.clone());
            async move { (status, [("location", to)]).into_response() }
        };
        let server = Server::start(any(sends_on.clone())).await;
        let knock = server.client().knock(&never()).await.unwrap();
        let api = read(&server.client()).await.unwrap_err();
        assert_eq!(api.kind(), ErrorKind::WrongAddress);
        let server = Server::with_token(any(sends_on), good_list()).await;
        let sign_in = server.client().sign_in(&never()).await.unwrap_err();
        assert_eq!(sign_in.kind(), ErrorKind::Unreachable);
        for said in [everything(&api), everything(&sign_in), format!("{knock:?}")] {
            assert!(!said.contains("planted"), "{said}");
        }
    }
    assert!(seen.lock().unwrap().is_empty(), "{:?}", seen.lock().unwrap());
}

#[tokio::test]
async fn a_login_page_with_a_token_in_its_address_is_told_by_its_host_alone() {
    let to = "https://login.example/oauth2/authorize?access_token=planted&id_token=planted";
    let server = Server::start(any(move || async move { Redirect::to(to) })).await;
    let error = read(&server.client()).await.unwrap_err();
    assert!(!everything(&error).contains("planted"), "{error:?}");
    let found = WrongDoor::SignInRedirect {
        location_host: "login.example".into(),
    };
    assert!(
        matches!(&error, ClientError::WrongAddress { found: door, .. } if *door == found),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_endless_body_is_left_where_it_is_large_enough() {
    // One row without an end, an object without an end, an error without an end, a token without an end.
    let (row, taken) = endless("[{\"Message\":\"", "x");
    let error = soon(read(&Server::start(row).await.client())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood, "{error:?}");
    assert!(taken.load(Ordering::SeqCst) < 100 << 20);

    let (whole, taken) = endless("{\"x\":\"", "x");
    let server = Server::start(whole).await;
    let error = soon(server.client().get_version(&never())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood, "{error:?}");
    assert!(taken.load(Ordering::SeqCst) < 100 << 20);

    let (token, taken) = endless("{\"access_token\":\"", "x");
    let server = Server::with_token(token, good_list()).await;
    let error = soon(server.client().sign_in(&never())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood, "{error:?}");
    assert!(taken.load(Ordering::SeqCst) < 16 << 20);

    let (knocked, taken) = endless("<html>", "x");
    let server = Server::start(knocked).await;
    soon(server.client().knock(&never())).await.unwrap();
    assert!(taken.load(Ordering::SeqCst) < 16 << 20);
}

/// `{"access_token":"` and 100 MB of the letter x, packed by Brotli into 181 bytes.
const BOMB: &str = "y///PwAEGXLkF8wk0bZyEUpOS0Tjujx9Our9nxj+//8BIAEQhwWge//H//8/ACQA4rAAdO//+P//B4AEQBwWgO79H////wCQAIjDAtC9/+P//x8AEgBxWAC693/8//8DQAIgDgtA9/6P//9/AEgAxGEB6N7/8f//DwAJgDgsAN37P/7//wEgARCHBaB7/8f//z8AJADisAB07//4//8HgARAHBaA7v1fQgAAAZAAiMMCWL7/AQ==";

/// What is read is counted after decompression, so that every bound holds here as well.
#[tokio::test]
async fn a_decompression_bomb_does_not_go_off() {
    let packed = || {
        any(async || {
            let headers = [("content-type", "application/json"), ("content-encoding", "br")];
            (headers, STANDARD.decode(BOMB).unwrap()).into_response()
        })
    };
    let ledger = Ledger::default();
    let noting = |server: &Server| server.client_with(|options| options.ledger = ledger.clone());
    let server = Server::with_token(packed(), good_list()).await;
    let error = soon(noting(&server).sign_in(&never())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood, "{error:?}");
    assert!(ledger.calls()[0].bytes < 2 << 20, "{:?}", ledger.calls());

    let server = Server::start(packed()).await;
    soon(noting(&server).knock(&never())).await.unwrap().reply.unwrap();
    assert!(ledger.calls()[0].bytes < 1 << 20, "{:?}", ledger.calls());

    let error = soon(noting(&server).get_version(&never())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood, "{error:?}");
    assert!(ledger.calls()[0].bytes < 80 << 20, "{:?}", ledger.calls());
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let address = raw(async |mut stream: TcpStream| {
        let mut line = String::from("HTTP/1.1 200 OK\r\n");
        while stream.write_all(line.as_bytes()).await.is_ok() {
            line = format!("x-{}: {}\r\n", line.len(), "y".repeat(1000));
        }
    })
    .await;
    let (_entra, client) = beside(&address).await;
    let error = soon(read(&client)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
}

#[tokio::test]
async fn a_slow_drip_is_given_up() {
    let drip = |beginning: &'static str| {
        raw(move |mut stream: TcpStream| async move {
            let mut next = beginning;
            while stream.write_all(next.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                next = " ";
            }
        })
    };
    let head = drip("HTTP/1.1 200 OK\r\nx:").await;
    let (_entra, client) = beside(&head).await;
    let error = soon(read(&client)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    let knock = soon(client.knock(&never())).await.unwrap();
    assert_eq!(knock.reply.unwrap_err().kind(), ErrorKind::Unreachable);

    let body = drip("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n").await;
    let (_entra, client) = beside(&body).await;
    let error = soon(client.get_version(&never())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    let failed = drip("HTTP/1.1 403 Forbidden\r\ncontent-length: 1000000\r\n\r\nno").await;
    let (_entra, client) = beside(&failed).await;
    let error = soon(read(&client)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAllowed, "{error:?}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_panic() {
    const ODD: &[u8] = b"[{\"Message\":\"\xff\xfe\xc3\x28\"}]";
    let reply = |status: StatusCode| (status, [("content-type", "application/json")], ODD).into_response();
    let server = Server::start(any(async move || -> Response { reply(StatusCode::OK) })).await;
    let client = server.client();
    let rows = read(&client).await;
    assert!(
        rows == Ok(1)
            || rows
                .as_ref()
                .is_err_and(|error| error.kind() == ErrorKind::NotUnderstood),
        "{rows:?}"
    );
    let error = client.get_version(&never()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood);
    let server = Server::start(any(async move || -> Response { reply(StatusCode::FORBIDDEN) })).await;
    assert_eq!(read(&server.client()).await.unwrap_err().kind(), ErrorKind::NotAllowed);
    let token = any(async move || -> Response { reply(StatusCode::OK) });
    let server = Server::with_token(token, good_list()).await;
    let error = server.client().sign_in(&never()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotUnderstood);
}

#[tokio::test]
async fn a_wrong_content_length_is_a_reply_that_is_cut_off() {
    for length in [5, 5000] {
        let address = raw(move |mut stream: TcpStream| async move {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(b"[{\"Message\":\"a\"},{\"Message\":\"b\"}]").await;
            let _ = stream.shutdown().await;
        })
        .await;
        let (_entra, client) = beside(&address).await;
        let rows = soon(read(&client)).await;
        match length {
            // The list is closed; what was promised beyond it is not missed.
            5000 => assert_eq!(rows, Ok(2)),
            _ => assert_eq!(rows.unwrap_err().kind(), ErrorKind::CutOff),
        }
        let error = soon(client.get_version(&never())).await.unwrap_err();
        let kinds = [ErrorKind::CutOff, ErrorKind::NotUnderstood, ErrorKind::Unreachable];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
}
