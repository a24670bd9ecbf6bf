//! One line on stderr that says how far the reading is, for people only.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use cipp_client::Day;

use crate::output::grouped;

/// The clock is looked at after so many rows: often enough, and it costs nothing.
const LOOK_EVERY_ROWS: u64 = 256;
/// Often enough for a person.
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// The progress line; does nothing when nobody could see it.
pub struct Progress {
    shown: bool,
    rows: u64,
    last: Instant,
    visible: bool,
}

impl Progress {
    /// A line that is shown, or one that is not.
    pub fn new(shown: bool) -> Self {
        Progress {
            shown,
            rows: 0,
            last: Instant::now(),
            visible: false,
        }
    }

    /// One more row was read, of this day.
    pub fn row(&mut self, day: Day) {
        self.rows += 1;
        if !self.shown || !self.rows.is_multiple_of(LOOK_EVERY_ROWS) || self.last.elapsed() < SHOW_EVERY {
            return;
        }
        self.last = Instant::now();
        self.visible = true;
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r{}  {} rows read  ", day.iso(), grouped(self.rows));
        let _ = err.flush();
    }

    /// So many rows are here by now, of several days.
    pub fn rows(&mut self, rows: u64) {
        if !self.shown || self.last.elapsed() < SHOW_EVERY {
            return;
        }
        self.last = Instant::now();
        self.visible = true;
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r{} rows read  ", grouped(rows));
        let _ = err.flush();
    }

    /// Takes the line away.
    pub fn done(&mut self) {
        if std::mem::take(&mut self.visible) {
            let mut err = io::stderr().lock();
            let _ = write!(err, "\r{:50}\r", "");
            let _ = err.flush();
        }
    }
}
