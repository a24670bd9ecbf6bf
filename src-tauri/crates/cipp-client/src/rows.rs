//! The rows of one reply, handed out while the body arrives.
//!
//! Here: the stream from the network to the caller, one chunk at a time and only when asked. Not here: where a row ends
//! (`split.rs`), what is in it (`row.rs`).
//!
//! Memory holds the rows of one chunk and the beginning of one row, whatever the length of the answer. A chunk's rows
//! are cut in one go, so that asking for the next row is nearly free.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;
use reqwest::Response;
use tokio_util::sync::CancellationToken;

use crate::client::Opened;
use crate::error::ClientError;
use crate::ledger::OpenCall;
use crate::pace::Permit;
use crate::reply;
use crate::row::Row;
use crate::scrub::Known;
use crate::split::Splitter;
use crate::wire;

/// Rows as they arrive. Dropping it aborts the request and frees its place; hold it no longer than you read from it.
pub struct Rows {
    body: Option<Body>,
    ready: VecDeque<Row>,
    /// An error that comes after the rows that were read before it.
    pending: Option<ClientError>,
    splitter: Splitter,
    cancel: CancellationToken,
    host: String,
    rows_read: u64,
    bytes_read: u64,
    cache: Option<String>,
    date: Option<Timestamp>,
}

/// What is held while the body streams.
struct Body {
    response: Response,
    call: OpenCall,
    known: Known,
    _permit: Permit,
}

impl Rows {
    pub(crate) fn new(opened: Opened, host: &str, cancel: CancellationToken) -> Rows {
        let headers = opened.response.headers();
        let cache = headers
            .get("x-cache")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Rows {
            cache,
            date: reply::date(headers),
            body: Some(Body {
                response: opened.response,
                call: opened.call,
                known: opened.known,
                _permit: opened.permit,
            }),
            ready: VecDeque::new(),
            pending: None,
            splitter: Splitter::new(),
            cancel,
            host: host.to_owned(),
            rows_read: 0,
            bytes_read: 0,
        }
    }

    /// The next row; `None` at the end of a complete list. After an error the stream is over. Dropping the returned
    /// future loses nothing.
    ///
    /// # Errors
    /// The reply broke off, was no list of rows, or the call was cancelled. Rows handed out before are good.
    pub async fn next(&mut self) -> Option<Result<Row, ClientError>> {
        if self.cancel.is_cancelled() && !self.is_over() {
            return self.end_with(ClientError::Cancelled);
        }
        loop {
            if let Some(row) = self.ready.pop_front() {
                self.rows_read += 1;
                return Some(Ok(row));
            }
            if let Some(error) = self.pending.take() {
                return Some(Err(self.counted(error)));
            }
            let body = self.body.as_mut()?;
            let chunk = wire::chunk(&mut body.response, &mut body.call);
            match self.cancel.run_until_cancelled(chunk).await {
                None => return self.end_with(ClientError::Cancelled),
                Some(Ok(Some(chunk))) => self.split(&chunk),
                Some(Ok(None)) => self.finish(),
                // Broken after the end of the list: every row is there.
                Some(Err(_)) if self.splitter.is_complete() => self.finish(),
                Some(Err(error)) => {
                    let error = wire::broken_body(&self.host, error, self.rows_read, &body.known);
                    return self.end_with(error);
                }
            }
        }
    }

    /// Rows handed out so far.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Bytes of JSON read so far, after decompression.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// `X-Cache`: `MISS`, `HIT`, `HIT-STALE` or `BYPASS` from an instance with a cache (facts: ListLogs 1.9).
    pub fn cache(&self) -> Option<&str> {
        self.cache.as_deref()
    }

    /// The server's clock when the reply began.
    pub fn date(&self) -> Option<Timestamp> {
        self.date
    }

    fn is_over(&self) -> bool {
        self.body.is_none() && self.ready.is_empty() && self.pending.is_none()
    }

    fn split(&mut self, chunk: &[u8]) {
        self.bytes_read += chunk.len() as u64;
        if let Err(error) = self.splitter.push(chunk, &mut self.ready) {
            self.close(Err(error));
        }
    }

    fn finish(&mut self) {
        let end = self.splitter.finish();
        self.close(end);
    }

    /// Lets go of the request; an error waits behind the rows that are ready.
    fn close(&mut self, end: Result<(), crate::split::SplitError>) {
        if let Some(body) = self.body.take() {
            self.pending = end
                .err()
                .map(|error| reply::not_rows(&self.host, error, 0, &body.known));
        }
    }

    fn end_with(&mut self, error: ClientError) -> Option<Result<Row, ClientError>> {
        self.body = None;
        self.pending = None;
        self.ready.clear();
        Some(Err(self.counted(error)))
    }

    /// The error with the number of rows that came before it.
    fn counted(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::NotUnderstood { field, detail, .. } => ClientError::NotUnderstood {
                field,
                detail,
                rows_read: self.rows_read,
            },
            ClientError::CutOff { detail, .. } => ClientError::CutOff {
                detail,
                rows_read: self.rows_read,
            },
            other => other,
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("rows_read", &self.rows_read)
            .field("bytes_read", &self.bytes_read)
            .finish_non_exhaustive()
    }
}
