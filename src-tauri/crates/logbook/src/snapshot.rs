//! The matching rows of one moment, for an export: whole, in order, whatever happens to the view meanwhile.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread::JoinHandle,
};

use cipp_client::{Day, Row};
use log_archive::ConnectionArchive;
use log_index::{Dictionaries, RowId, Segment};

use crate::{
    coverage::{DayPhase, DayProgress},
    logbook::{Logbook, LogbookError},
    pieces,
    view::Shown,
};

/// So many rows of a file are read ahead.
const READ_AHEAD: usize = 256;

/// The rows that matched when it was taken.
pub struct Snapshot {
    shown: Arc<Shown>,
    archive: Option<ConnectionArchive>,
    days: Vec<DayProgress>,
    range: (Day, Day),
}

impl Logbook {
    /// The rows that match now. Later changes of rows and filter do not touch it.
    pub fn snapshot(&self) -> Snapshot {
        let (days, today) = {
            let days = self.days();
            (days.progress(), days.today)
        };
        let range = match (days.last(), days.first()) {
            (Some(oldest), Some(newest)) => (oldest.day, newest.day),
            _ => (today, today),
        };
        Snapshot {
            shown: self.view.now(),
            archive: self.archive().cloned(),
            days,
            range,
        }
    }
}

impl Snapshot {
    /// How many rows there are.
    pub fn matched(&self) -> u32 {
        self.shown.counts.matched
    }

    /// The first and the last day of the view.
    pub fn range(&self) -> (Day, Day) {
        self.range
    }

    /// The filter as typed; empty for all rows.
    pub fn query_text(&self) -> &str {
        &self.shown.text
    }

    /// Which days are in it whole, and which are missing or incomplete, in a sentence.
    pub fn coverage_sentence(&self) -> String {
        coverage_sentence(&self.days, self.shown.data.of - self.shown.data.done)
    }

    /// Every matching row as CIPP sent it, newest first, until `visit` breaks off: from memory or from the day's file.
    ///
    /// # Errors
    /// A day's file in the archive could not be read, or was replaced since. Rows that were visited are right.
    pub fn for_each(&self, visit: &mut dyn FnMut(Day, &str) -> ControlFlow<()>) -> Result<(), LogbookError> {
        let mut cursors: HashMap<*const Segment, Cursor> = HashMap::new();
        let mut failed = None;
        self.shown.index.for_each_match(&self.shown.hits, &mut |segment, row| {
            let cursor = cursors
                .entry(std::ptr::from_ref(segment))
                .or_insert_with(|| Cursor::open(segment, self.archive.as_ref()));
            match cursor.raw(segment, row) {
                Ok(raw) => visit(segment.day(), &raw),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        failed.map_or(Ok(()), Err)
    }
}

/// Reads the rows of one segment in their order.
enum Cursor {
    Memory,
    File {
        rows: Receiver<Result<(u32, String), String>>,
        /// Ends by itself when nobody listens any more.
        _reader: Option<JoinHandle<()>>,
        checked: u32,
    },
    Nowhere,
}

impl Cursor {
    fn open(segment: &Segment, archive: Option<&ConnectionArchive>) -> Cursor {
        if segment.raw_rows().is_some() {
            return Cursor::Memory;
        }
        let Some(archive) = archive.cloned() else {
            return Cursor::Nowhere;
        };
        let (sender, rows) = sync_channel(READ_AHEAD);
        let day = segment.day();
        let reader = std::thread::Builder::new().name("day file".to_owned()).spawn(move || {
            let mut number = 0;
            let read = archive.read_rows(day, &mut |raw| {
                let sent = sender.send(Ok((number, raw.to_owned())));
                number += 1;
                match sent {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            if let Err(error) = read {
                // Whoever listened is gone at worst.
                let _ = sender.send(Err(error.to_string()));
            }
        });
        Cursor::File {
            rows,
            _reader: reader.ok(),
            checked: 0,
        }
    }

    fn raw(&mut self, segment: &Segment, row: u32) -> Result<String, LogbookError> {
        let missing = || {
            LogbookError::Archive(format!(
                "The archived file of {} was replaced meanwhile. Do it once more.",
                segment.day().iso()
            ))
        };
        match self {
            Cursor::Memory => segment.raw(row).ok_or_else(missing),
            Cursor::Nowhere => Err(missing()),
            Cursor::File { rows, checked, .. } => {
                let wanted = segment.source_row(row);
                loop {
                    let (number, raw) = match rows.recv() {
                        Ok(Ok(read)) => read,
                        Ok(Err(why)) => return Err(LogbookError::Archive(why)),
                        Err(_) => return Err(missing()),
                    };
                    if number == wanted {
                        // A file that was replaced has other rows in these places.
                        if *checked % 64 == 0 && !is_row(segment.row_id(row), &raw) {
                            return Err(missing());
                        }
                        *checked += 1;
                        return Ok(raw);
                    }
                    if number > wanted {
                        return Err(missing());
                    }
                }
            }
        }
    }
}

/// Whether a text is the row of this name, as far as that can be seen from one row: rows that share a key are numbered,
/// the first with the key itself.
pub(crate) fn is_row(id: RowId, raw: &str) -> bool {
    const MOST_ROWS_OF_A_KEY: u64 = 1 << 20;
    let row = Row::from_raw(raw.into());
    let alone = pieces::segment(id.day, &[row], &Dictionaries::new());
    id.key.wrapping_sub(alone.row_id(0).key) < MOST_ROWS_OF_A_KEY
}

fn coverage_sentence(days: &[DayProgress], unsearched: u32) -> String {
    let named = |wanted: &dyn Fn(&DayProgress) -> bool| -> Vec<String> {
        days.iter()
            .rev()
            .filter(|day| wanted(day))
            .map(|day| day.day.iso())
            .collect()
    };
    let complete = named(&|day| day.phase == DayPhase::Complete);
    let part = named(&|day| matches!(day.phase, DayPhase::Partial | DayPhase::Loading) && day.rows > 0);
    let gone = named(&|day| day.phase == DayPhase::Gone);
    let memory = named(&|day| day.phase == DayPhase::OutOfMemory);
    let missing = named(&|day| {
        day.rows == 0 && !matches!(day.phase, DayPhase::Complete | DayPhase::Gone | DayPhase::OutOfMemory)
    });
    let mut parts = vec![match (complete.len(), days.len()) {
        (_, 0) => "No day".to_owned(),
        (all, of) if all == of => format!("{} complete", counted(of)),
        (some, of) => format!("{some} of {} complete", counted(of)),
    }];
    for (what, which) in [
        ("so far or in part", part),
        ("not in it", missing),
        ("no longer in CIPP", gone),
        ("in the archive, but not searched for want of memory", memory),
    ] {
        if !which.is_empty() {
            parts.push(format!("{what}: {}", which.join(", ")));
        }
    }
    if unsearched > 0 {
        parts.push(format!("the data of {} not searched yet", counted(unsearched as usize)));
    }
    format!("{}.", parts.join("; "))
}

fn counted(days: usize) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
