//! The answer as it leaves: made row by row in pieces of 64 KB, while the client reads. Never the whole of it in memory.

use std::convert::Infallible;

use axum::body::{Body, Bytes};

use super::shape::{self, Mode};
use super::wanted::Filter;
use crate::scenario::Flavour;
use crate::world::Walk;

/// How much is made before it is sent, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// How many rows are looked at before other tasks get their turn; a filter may turn a million rows away.
const ROWS_AT_A_TIME: usize = 4_096;

/// An answer in the making.
#[derive(Debug)]
pub(super) struct Answer {
    walk: Walk,
    filter: Filter,
    flavour: Flavour,
    mode: Mode,
    piece: Vec<u8>,
    rows: u64,
    finished: bool,
}

/// What a step yielded.
#[derive(Debug)]
pub(super) enum Step {
    Piece(Bytes),
    /// Nothing to send yet.
    Pause,
    End,
}

impl Answer {
    pub(super) fn new(walk: Walk, filter: Filter, flavour: Flavour) -> Answer {
        let mode = if filter.scheduled_task.is_some() {
            Mode::RowsOfTask
        } else {
            Mode::Rows
        };
        Answer {
            walk,
            filter,
            flavour,
            mode,
            piece: vec![b'['],
            rows: 0,
            finished: false,
        }
    }

    /// Works until a piece is full or it is time to pause.
    pub(super) fn step(&mut self) -> Step {
        if self.finished {
            return Step::End;
        }
        self.piece.reserve(PIECE_BYTES + PIECE_BYTES / 8);
        for _ in 0..ROWS_AT_A_TIME {
            let Some(row) = self.walk.next() else {
                self.piece.push(b']');
                self.finished = true;
                return self.cut();
            };
            let entry = row.entry();
            if !self.filter.admits(&entry) {
                continue;
            }
            if self.rows > 0 {
                self.piece.push(b',');
            }
            self.rows += 1;
            shape::write(&entry, self.mode, self.flavour, &mut self.piece);
            if self.piece.len() >= PIECE_BYTES {
                return self.cut();
            }
        }
        Step::Pause
    }

    #[cfg(test)]
    pub(super) fn rows_made(&self) -> u64 {
        self.rows
    }

    #[cfg(test)]
    pub(super) fn rows_held(&self) -> usize {
        self.walk.rows_held()
    }

    fn cut(&mut self) -> Step {
        Step::Piece(Bytes::from(std::mem::take(&mut self.piece)))
    }
}

/// The body that makes itself while it is read; dropped with the connection, and then nothing more is made.
pub(super) fn stream(walk: Walk, filter: Filter, flavour: Flavour) -> Body {
    let mut answer = Answer::new(walk, filter, flavour);
    Body::from_stream(async_stream::stream! {
        loop {
            match answer.step() {
                Step::Piece(piece) => yield Ok::<_, Infallible>(piece),
                Step::Pause => tokio::task::yield_now().await,
                Step::End => break,
            }
        }
    })
}
