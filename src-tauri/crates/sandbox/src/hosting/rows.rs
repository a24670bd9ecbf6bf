//! Trouble within a body that lists rows: it comes slowly, or it breaks off in the middle of a row.
//!
//! Rows are told apart by their `"RowKey"`, which stands near the end of each: a body cut there ends inside the row.

use std::{io, time::Duration};

use async_stream::stream;
use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::header::CONTENT_LENGTH,
    response::Response,
};
use futures_util::StreamExt;

use super::connection::ResetSwitch;
use crate::scenario::{Break, Scenario};

/// How long what was sent has to reach the client before the connection breaks, so that the break comes after it.
const SETTLE: Duration = Duration::from_millis(200);

/// The same answer, with the scenario's trouble in its body. `log`: it is the log's, which is to break off even where it
/// is shorter than the scenario reckons with, as a young day is.
pub(super) fn disturb(scenario: &Scenario, log: bool, switch: ResetSwitch, response: Response) -> Response {
    let delay = Duration::from_millis(scenario.row_delay_ms);
    if delay.is_zero() && scenario.break_in_row.is_none() {
        return response;
    }
    let ending = Ending {
        in_row: scenario.break_in_row.unwrap_or(u64::MAX),
        kind: scenario.break_kind.unwrap_or(Break::Clean),
        at_the_latest_in_the_last: log && scenario.break_short_logs_too,
        switch,
    };
    let (mut parts, body) = response.into_parts();
    // The length may no longer be true, and a length that is cut short is not the fault asked for.
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(
        parts,
        Body::from_stream(disturbed(body.into_data_stream(), delay, ending)),
    )
}

struct Ending {
    in_row: u64,
    kind: Break,
    at_the_latest_in_the_last: bool,
    switch: ResetSwitch,
}

impl Ending {
    /// What is sent last, if anything: a connection that breaks.
    async fn come(&self) -> Option<Result<Bytes, axum::Error>> {
        if self.kind == Break::Clean {
            return None;
        }
        tokio::time::sleep(SETTLE).await;
        if self.kind == Break::Reset {
            self.switch.reset();
        }
        Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::ConnectionReset))))
    }
}

fn disturbed(
    mut body: BodyDataStream,
    delay: Duration,
    ending: Ending,
) -> impl futures_util::Stream<Item = Result<Bytes, axum::Error>> {
    stream! {
        let mut markers = Markers::default();
        let mut rows = 0_u64;
        // What comes behind the last marker so far; held back where the body has to end in it.
        let mut held = Vec::new();
        while let Some(chunk) = body.next().await {
            let mut rest = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    yield Err(error);
                    return;
                }
            };
            while let Some(end) = markers.find(&rest) {
                for piece in held.drain(..) {
                    yield Ok(piece);
                }
                yield Ok(rest.split_to(end));
                rows += 1;
                if rows >= ending.in_row {
                    if let Some(last) = ending.come().await {
                        yield last;
                    }
                    return;
                }
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
            }
            if rest.is_empty() {
                continue;
            }
            if ending.at_the_latest_in_the_last {
                held.push(rest);
            } else {
                yield Ok(rest);
            }
        }
        if ending.at_the_latest_in_the_last {
            // Without a row there is the bracket that opens the list.
            if rows == 0 && let Some(first) = held.first() {
                yield Ok(first.slice(..first.len().min(1)));
            }
            if let Some(last) = ending.come().await {
                yield last;
            }
        }
    }
}

/// Finds `"RowKey"` in a text that comes in pieces.
#[derive(Default)]
struct Markers {
    matched: usize,
}

impl Markers {
    /// The offset just behind the next marker of this piece.
    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        const MARKER: &[u8] = b"\"RowKey\"";
        for (index, byte) in piece.iter().enumerate() {
            if *byte == MARKER[self.matched] {
                self.matched += 1;
            } else {
                // The marker repeats within itself only in its quotation mark.
                self.matched = usize::from(*byte == b'"');
            }
            if self.matched == MARKER.len() {
                self.matched = 0;
                return Some(index + 1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_across_pieces_and_after_a_stray_quotation_mark() {
        let mut markers = Markers::default();
        assert_eq!(markers.find(b"{\"\"Row"), None);
        assert_eq!(markers.find(b"Key\":1,\"RowKey\":2}"), Some(4));
        assert_eq!(markers.find(b":1,\"RowKey\":2}"), Some(11));
        assert_eq!(markers.find(b":2}"), None);
    }
}
