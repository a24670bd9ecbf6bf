//! The loopback redirect: where the browser comes back to (RFC 8252, 7.3; facts: Entra C.5).
//!
//! Here: listening on 127.0.0.1 and ::1 at one free port, because `localhost` may mean either to a browser, and handing
//! on the one answer that belongs to this sign-in. `judge.rs` decides what a request is, `page.rs` is what the browser
//! shows. Not here: what is done with the code.
//!
//! Anybody on this computer, and any web page in its browser, can call this port. So nothing but the right answer ends
//! the waiting: whoever does not know the `state` is answered politely, counted, and changes nothing.

mod judge;
mod page;

use std::io;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;

use crate::error::SignInError;
use judge::Verdict;
use page::Page;

/// How many ports are tried before giving up.
const PORTS_TRIED: usize = 20;

/// Conversations at once; browsers open a few spare connections.
const MOST_CONVERSATIONS: usize = 16;

/// A connection that says nothing is closed after this.
const HEADER_PATIENCE: Duration = Duration::from_secs(5);

/// No conversation lasts longer.
const CONVERSATION_PATIENCE: Duration = Duration::from_secs(10);

/// How long a page that is being sent may take after the waiting has ended.
const FAREWELL: Duration = Duration::from_secs(2);

/// The largest request that is read, in bytes; codes are about a thousand.
const LONGEST_REQUEST_BYTES: usize = 32 * 1024;

/// What the sign-in server sent the browser back with.
pub(crate) enum Redirect {
    /// The authorization code.
    Code(SecretString),
    /// A refusal in its own words.
    Refused { error: String, description: String },
}

/// A port that listens until this is dropped.
pub(crate) struct Loopback {
    port: u16,
    answer: oneshot::Receiver<Redirect>,
    gate: Arc<Gate>,
    _closing: DropGuard,
}

/// What decides about requests.
struct Gate {
    port: u16,
    state: SecretString,
    /// Taken by the one right answer.
    sender: Mutex<Option<oneshot::Sender<Redirect>>>,
    strangers: AtomicU32,
}

impl Loopback {
    /// Begins to listen for an answer with this state.
    ///
    /// # Errors
    /// [`SignInError::NoPort`]
    pub(crate) async fn open(state: SecretString) -> Result<Loopback, SignInError> {
        let (port, listeners) =
            bind(std::iter::repeat_n(0, PORTS_TRIED))
                .await
                .map_err(|error| SignInError::NoPort {
                    detail: error.to_string(),
                })?;
        let (sender, answer) = oneshot::channel();
        let gate = Arc::new(Gate {
            port,
            state,
            sender: Mutex::new(Some(sender)),
            strangers: AtomicU32::new(0),
        });
        let closing = CancellationToken::new();
        debug!(port, addresses = listeners.len(), "waiting for the browser");
        for listener in listeners {
            tokio::spawn(listen(listener, Arc::clone(&gate), closing.clone()));
        }
        Ok(Loopback {
            port,
            answer,
            gate,
            _closing: closing.drop_guard(),
        })
    }

    /// The redirect as it is registered and sent: the name, no slash at the end (facts: Entra C.5).
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// How many answers with a wrong or missing state were refused.
    pub(crate) fn strangers(&self) -> u32 {
        self.gate.strangers.load(Ordering::Relaxed)
    }

    /// Waits for the right answer. The port goes on answering politely until this is dropped.
    pub(crate) async fn answer(&mut self) -> Result<Redirect, SignInError> {
        // The sender lives in the gate, which lives in `self`: it cannot go away unanswered.
        (&mut self.answer).await.map_err(|_| SignInError::Cancelled)
    }
}

/// One port on both addresses. Port 0 stands for any that is free.
async fn bind(candidates: impl IntoIterator<Item = u16>) -> io::Result<(u16, Vec<TcpListener>)> {
    let mut taken = io::Error::from(ErrorKind::AddrInUse);
    for candidate in candidates {
        match bind_both(candidate).await {
            Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => taken = error,
            outcome => return outcome,
        }
    }
    Err(taken)
}

async fn bind_both(candidate: u16) -> io::Result<(u16, Vec<TcpListener>)> {
    let first = match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).await {
        Ok(first) => first,
        // A computer without IPv4.
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
            let only = TcpListener::bind((Ipv6Addr::LOCALHOST, candidate)).await?;
            return Ok((only.local_addr()?.port(), vec![only]));
        }
        Err(error) => return Err(error),
    };
    let port = first.local_addr()?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(second) => Ok((port, vec![first, second])),
        // Somebody else has it there, and the browser might come to them.
        Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => Err(error),
        // A computer without IPv6.
        Err(_) => Ok((port, vec![first])),
    }
}

async fn listen(listener: TcpListener, gate: Arc<Gate>, closing: CancellationToken) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            () = closing.cancelled() => break,
            Some(_) = conversations.join_next(), if !conversations.is_empty() => {}
            accepted = listener.accept(), if conversations.len() < MOST_CONVERSATIONS => match accepted {
                Ok((stream, _)) => {
                    conversations.spawn(converse(stream, Arc::clone(&gate)));
                }
                // Out of file handles, or the like: it passes.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
    drop(listener);
    // The page that says "you may close this" is perhaps still on its way.
    let _ = timeout(FAREWELL, async { while conversations.join_next().await.is_some() {} }).await;
}

async fn converse(stream: TcpStream, gate: Arc<Gate>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let page = gate.receive(&request);
        async move { Ok::<Response<Full<Bytes>>, std::convert::Infallible>(page.response()) }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .keep_alive(false)
        .max_buf_size(LONGEST_REQUEST_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // Whatever goes wrong in here is the caller's trouble: the waiting goes on.
    let _ = timeout(CONVERSATION_PATIENCE, conversation).await;
}

impl Gate {
    fn receive(&self, request: &Request<Incoming>) -> Page {
        let host = request
            .headers()
            .get(hyper::header::HOST)
            .and_then(|host| host.to_str().ok());
        match judge::judge(request.method(), request.uri(), host, self.port, &self.state) {
            Verdict::Answer(redirect) => {
                let good = matches!(redirect, Redirect::Code(_));
                let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
                match sender.map(|sender| sender.send(redirect)) {
                    Some(Ok(())) if good => Page::Received,
                    Some(Ok(())) => Page::ReceivedRefusal,
                    Some(Err(_)) | None => Page::TooLate,
                }
            }
            Verdict::Stranger => {
                self.strangers.fetch_add(1, Ordering::Relaxed);
                debug!("an answer that does not belong to this sign-in was refused");
                Page::NotThisSignIn
            }
            Verdict::NotHere => Page::NotHere,
            Verdict::NotGet => Page::NotGet,
            Verdict::OtherHost => Page::OtherHost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_on_either_address_is_left_alone() {
        let (taken, held) = bind([0]).await.unwrap();
        let (port, _) = bind([taken, 0]).await.unwrap();
        assert_ne!(port, taken);
        assert!(bind([taken, taken]).await.is_err());
        // Only the second address is held now, where the computer has it.
        if held.len() == 2 {
            let mut held = held;
            drop(held.remove(0));
            let (port, _) = bind([taken, 0]).await.unwrap();
            assert_ne!(port, taken);
        }
    }
}
