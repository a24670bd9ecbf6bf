//! The network ledger: which calls left this computer, for anybody who wants to see that nothing else does.
//!
//! Here: the last calls of this process, what is kept of each, and how it is kept. Not here: the calls themselves (they
//! note themselves as they are made: `client.rs`, `token.rs`, `knock.rs`, and everything in `ms-client`).
//!
//! A call stands in the ledger from the moment it is sent, whatever becomes of it. What was asked for is no part of it: of
//! an address the host and the path are kept, and of the path nothing that names a person or a thing of a tenant.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::error::ReachCause;

/// How many calls are kept.
const KEPT: usize = 200;

/// Parts of a path beyond this length are no names that a server gave its endpoints.
const LONGEST_PART: usize = 64;

/// One call to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkCall {
    /// When it was sent.
    pub at: Timestamp,
    /// The server's name, with its port where it is not the usual one.
    pub host: String,
    /// The path, without the query; IDs and people's names in it are replaced.
    pub path: String,
    /// HTTP status; `None` where no reply came (yet).
    pub status: Option<u16>,
    /// Why there is no whole reply, in a word such as `timeout`; empty where there is one, or the call is under way.
    pub outcome: String,
    /// The bytes of the reply's body that were read so far, after decompression.
    pub bytes: u64,
    /// From sending it to its last byte, in milliseconds; 0 while it is under way.
    pub duration_ms: u32,
    /// What it was for.
    pub reason: &'static str,
}

/// The last calls of all clients that share it. Cheap to clone; clones are the same ledger.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Page>>);

#[derive(Default)]
struct Page {
    /// Oldest first.
    calls: VecDeque<NetworkCall>,
    /// How many were dropped off the front, so that a call finds its place again.
    dropped: u64,
}

impl Ledger {
    /// The last 200 calls, newest first.
    pub fn calls(&self) -> Vec<NetworkCall> {
        self.page().calls.iter().rev().cloned().collect()
    }

    /// Notes a call that is about to be sent. What becomes of it is told to what is returned; dropping that without a
    /// word notes that the call was given up.
    pub fn begin(&self, url: &Url, reason: &'static str) -> OpenCall {
        let mut page = self.page();
        page.calls.push_back(NetworkCall {
            at: Timestamp::now(),
            host: host_and_port(url),
            path: shortened(url.path()),
            status: None,
            outcome: String::new(),
            bytes: 0,
            duration_ms: 0,
            reason,
        });
        if page.calls.len() > KEPT {
            page.calls.pop_front();
            page.dropped += 1;
        }
        OpenCall {
            ledger: self.clone(),
            number: page.dropped + page.calls.len() as u64 - 1,
            begun: Instant::now(),
            answered: false,
            failed: false,
        }
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut NetworkCall)) {
        let mut page = self.page();
        let place = number.checked_sub(page.dropped).and_then(|at| usize::try_from(at).ok());
        // A call that took very long may have left the page meanwhile.
        if let Some(call) = place.and_then(|place| page.calls.get_mut(place)) {
            change(call);
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({} calls)", self.page().calls.len())
    }
}

/// A call that is under way.
#[derive(Debug)]
pub struct OpenCall {
    ledger: Ledger,
    number: u64,
    begun: Instant,
    answered: bool,
    failed: bool,
}

impl OpenCall {
    /// The head of the reply came.
    pub fn answered(&mut self, status: u16) {
        self.answered = true;
        self.ledger.change(self.number, |call| call.status = Some(status));
    }

    /// More of the body came.
    pub fn received(&mut self, bytes: usize) {
        self.ledger.change(self.number, |call| call.bytes += bytes as u64);
    }

    /// There is no reply, or no more of it.
    pub fn failed(&mut self, cause: ReachCause) {
        self.gave_up(word(cause));
    }

    fn gave_up(&mut self, outcome: &str) {
        self.failed = true;
        self.ledger
            .change(self.number, |call| call.outcome = outcome.to_owned());
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if !self.answered && !self.failed {
            self.gave_up("cancelled");
        }
        let took = u32::try_from(self.begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.ledger.change(self.number, |call| call.duration_ms = took);
    }
}

fn word(cause: ReachCause) -> &'static str {
    match cause {
        ReachCause::Dns => "name not found",
        ReachCause::Refused => "refused",
        ReachCause::Timeout => "timeout",
        ReachCause::Tls => "no secure connection",
        ReachCause::Proxy => "proxy",
        ReachCause::Reset => "broken",
        ReachCause::Other => "no connection",
    }
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The path without what names a person or a thing: GUIDs, keys in quotes, user principal names, and whatever is too long
/// to be the name of an endpoint.
fn shortened(path: &str) -> String {
    let mut after_users = false;
    let parts = path.split('/').map(|part| {
        let shown = if part.is_empty() {
            String::new()
        } else if after_users || part.contains('@') || part.to_ascii_lowercase().contains("%40") {
            "{user}".to_owned()
        } else {
            without_ids(part)
        };
        after_users = part.eq_ignore_ascii_case("users");
        shown
    });
    parts.collect::<Vec<_>>().join("/")
}

fn without_ids(part: &str) -> String {
    // OData's keys: `applications(appId='...')`.
    if let Some((name, key)) = part.split_once('(') {
        let field = key.split_once('=').map_or("", |(field, _)| field);
        let field = if field.contains('\'') { "" } else { field };
        return match field {
            "" => format!("{name}({{id}})"),
            field => format!("{name}({field}={{id}})"),
        };
    }
    if part.len() > LONGEST_PART || Uuid::try_parse(part).is_ok() {
        return "{id}".to_owned();
    }
    part.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_names_nobody() {
        let id = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
        for (path, kept) in [
            ("/api/ListLogs", "/api/ListLogs"),
            (&format!("/{id}/oauth2/v2.0/token"), "/{id}/oauth2/v2.0/token"),
            ("/v1.0/users/anna%40msp.example/memberOf", "/v1.0/users/{user}/memberOf"),
            ("/v1.0/users/anna@msp.example", "/v1.0/users/{user}"),
            ("/v1.0/groups/anna@msp.example", "/v1.0/groups/{user}"),
            (
                &format!("/v1.0/applications(appId='{id}')/owners"),
                "/v1.0/applications(appId={id})/owners",
            ),
            ("/v1.0/groups('x')", "/v1.0/groups({id})"),
            (&format!("/x/{}", "a".repeat(65)), "/x/{id}"),
            ("/", "/"),
        ] {
            assert_eq!(shortened(path), kept);
        }
    }

    #[test]
    fn a_call_is_there_from_its_beginning_to_its_end() {
        let ledger = Ledger::default();
        let mut call = ledger.begin(&url("https://h.example:8443/api/Me?secret=x#y"), "a test");
        let seen = &ledger.calls()[0];
        assert_eq!((seen.host.as_str(), seen.path.as_str()), ("h.example:8443", "/api/Me"));
        assert_eq!((seen.status, seen.outcome.as_str(), seen.reason), (None, "", "a test"));
        call.answered(200);
        call.received(3);
        call.received(4);
        drop(call);
        let seen = &ledger.calls()[0];
        assert_eq!((seen.status, seen.bytes, seen.outcome.as_str()), (Some(200), 7, ""));
        drop(ledger.begin(&url("https://h.example/"), "a test"));
        assert_eq!(ledger.calls()[0].outcome, "cancelled");
        let mut call = ledger.begin(&url("https://h.example/"), "a test");
        call.failed(ReachCause::Dns);
        drop(call);
        assert_eq!(ledger.calls()[0].outcome, "name not found");
    }

    #[test]
    fn the_oldest_leave_and_a_slow_call_does_not_write_over_another() {
        let ledger = Ledger::default();
        let mut slow = ledger.begin(&url("https://slow.example/"), "a test");
        for n in 0..KEPT {
            ledger
                .begin(&url(&format!("https://h{n}.example/")), "a test")
                .answered(204);
        }
        slow.answered(200);
        drop(slow);
        let calls = ledger.calls();
        assert_eq!(calls.len(), KEPT);
        assert_eq!(calls[0].host, format!("h{}.example", KEPT - 1));
        assert!(calls.iter().all(|call| call.status == Some(204)));
    }
}
