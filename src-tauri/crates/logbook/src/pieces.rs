//! Rows on their way into the index: small segments that grow, one after the other, while a day arrives.
//!
//! What deliberately is not here: fetching (`day.rs`), and what happens when the day is whole (`whole.rs`).

use std::{collections::HashMap, hash::BuildHasher, sync::Arc};

use cipp_client::{Day, Row};
use log_index::{DayColumnsBuilder, Dictionaries, RawRowsBuilder, ReadRow, Segment};

use crate::zone::DayTimes;

/// A piece of so many rows is closed and the next one begun: small enough to be made anew whenever rows trickle in.
const PIECE_ROWS: usize = 4096;
/// Large rows close a piece earlier.
const PIECE_BYTES: usize = 8 * 1024 * 1024;

/// Names a row over several readings of its day: a hash of its `RowKey` (of its text, where it has none), and which one
/// it is among the rows of a reading that share it.
pub(crate) type RowName = (u64, u32);

/// The rows of one reading by name, with their times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    times: HashMap<RowName, i64>,
    /// How many further rows have the same hash.
    repeated: HashMap<u64, u32>,
    hasher: FixedHasher,
}

/// The same hashes in every reading.
type FixedHasher = std::hash::BuildHasherDefault<std::collections::hash_map::DefaultHasher>;

impl Names {
    /// Takes a row in and gives its name.
    pub fn add(&mut self, row: &ReadRow<'_>, raw: &str) -> RowName {
        let key: &str = if row.row_key.is_empty() { raw } else { &row.row_key };
        let hash = self.hasher.hash_one(key);
        let mut name = (hash, 0);
        if self.times.contains_key(&name) {
            let repeated = self.repeated.entry(hash).or_default();
            *repeated += 1;
            name.1 = *repeated;
        }
        self.times.insert(name, row.time);
        name
    }

    /// The time of a row, if it is there.
    pub fn time(&self, name: RowName) -> Option<i64> {
        self.times.get(&name).copied()
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        // A byte more for each place of the table.
        self.times.capacity() * (size_of::<(RowName, i64)>() + 1)
            + self.repeated.capacity() * (size_of::<(u64, u32)>() + 1)
    }

    /// Every row.
    pub fn iter(&self) -> impl Iterator<Item = (RowName, i64)> + '_ {
        self.times.iter().map(|(name, time)| (*name, *time))
    }
}

/// Rows of one day as segments: finished ones, and one that still grows.
#[derive(Debug)]
pub(crate) struct Pieces {
    day: Day,
    done: Vec<Arc<Segment>>,
    growing: Vec<Row>,
    growing_bytes: usize,
    /// The growing rows as they were shown last.
    shown: Option<Arc<Segment>>,
}

impl Pieces {
    pub fn new(day: Day) -> Pieces {
        Pieces {
            day,
            done: Vec::new(),
            growing: Vec::new(),
            growing_bytes: 0,
            shown: None,
        }
    }

    /// Adds a row. A piece that is full is to be closed before the next ones.
    pub fn push(&mut self, row: Row) {
        self.growing_bytes += row.raw().len();
        self.growing.push(row);
        self.shown = None;
    }

    /// Whether the growing piece is large enough.
    pub fn is_full(&self) -> bool {
        self.growing.len() >= PIECE_ROWS || self.growing_bytes >= PIECE_BYTES
    }

    /// Whether rows came since [`Pieces::segments`].
    pub fn has_news(&self) -> bool {
        !self.growing.is_empty() && self.shown.is_none()
    }

    /// Every row so far.
    pub fn segments(&mut self, dictionaries: &Dictionaries) -> Vec<Arc<Segment>> {
        if self.is_full() {
            self.close(dictionaries);
        }
        if self.has_news() {
            self.shown = Some(Arc::new(segment(self.day, &self.growing, dictionaries)));
        }
        self.done.iter().chain(&self.shown).cloned().collect()
    }

    /// Every row, when the growing piece was closed.
    pub fn finished(&self) -> Vec<Arc<Segment>> {
        self.done.clone()
    }

    /// Ends the growing piece.
    pub fn close(&mut self, dictionaries: &Dictionaries) {
        if !self.growing.is_empty() {
            let segment = self
                .shown
                .take()
                .unwrap_or_else(|| Arc::new(segment(self.day, &self.growing, dictionaries)));
            self.done.push(segment);
            self.growing.clear();
            self.growing_bytes = 0;
        }
    }
}

/// One segment of these rows, with their texts.
pub(crate) fn segment(day: Day, rows: &[Row], dictionaries: &Dictionaries) -> Segment {
    let (mut columns, mut texts) = (DayColumnsBuilder::new(), RawRowsBuilder::new());
    for row in rows {
        columns.push(&ReadRow::of(row));
        texts.push(row.raw());
    }
    Segment::new(day, columns.finish(), Some(texts.finish()), dictionaries)
}

/// Everything that is noticed about the rows of a reading while they come.
#[derive(Debug)]
pub(crate) struct Reading {
    /// All rows.
    pub all: Pieces,
    /// Those that an earlier reading does not have; only where there is one.
    pub news: Option<Pieces>,
    /// The rows of the earlier reading.
    known: Arc<Names>,
    /// The rows of this one.
    pub names: Names,
    /// When they were written.
    pub times: DayTimes,
    /// Whether they came newest first.
    pub in_order: bool,
    /// How many there are.
    pub rows: u32,
    last: i64,
}

impl Reading {
    /// Begins a reading of a day of which these rows are known.
    pub fn new(day: Day, known: Option<Arc<Names>>) -> Reading {
        Reading {
            all: Pieces::new(day),
            news: known.is_some().then(|| Pieces::new(day)),
            known: known.unwrap_or_default(),
            names: Names::default(),
            times: DayTimes::of(day, []),
            in_order: true,
            rows: 0,
            last: i64::MAX,
        }
    }

    /// The rows of the earlier reading.
    pub fn known(&self) -> Arc<Names> {
        Arc::clone(&self.known)
    }

    /// Takes in rows that arrived, in the order in which they came.
    pub fn take(&mut self, day: Day, rows: Vec<Row>, dictionaries: &Dictionaries) {
        let mut written = Vec::with_capacity(rows.len());
        for row in rows {
            let read = ReadRow::of(&row);
            let name = self.names.add(&read, row.raw());
            written.push(read.time);
            self.in_order &= read.time <= self.last;
            self.last = read.time;
            self.rows += 1;
            if let Some(news) = &mut self.news
                && self.known.time(name).is_none()
            {
                news.push(row.clone());
                if news.is_full() {
                    news.close(dictionaries);
                }
            }
            self.all.push(row);
            if self.all.is_full() {
                self.all.close(dictionaries);
            }
        }
        self.times.add(&DayTimes::of(day, written));
    }

    /// What is to be shown beside the rows of the earlier reading.
    pub fn shown(&mut self, dictionaries: &Dictionaries) -> Vec<Arc<Segment>> {
        match &mut self.news {
            Some(news) => news.segments(dictionaries),
            None => self.all.segments(dictionaries),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_share_a_key_are_told_apart_in_the_order_of_the_reading() {
        let mut names = Names::default();
        let mut add = |raw: &str| {
            let row = Row::from_raw(raw.into());
            names.add(&ReadRow::of(&row), row.raw())
        };
        let first = add(r#"{"RowKey":"a","Message":"1"}"#);
        let second = add(r#"{"RowKey":"a","Message":"2"}"#);
        let third = add(r#"{"RowKey":"a","Message":"1"}"#);
        let keyless = add(r#"{"Message":"1"}"#);
        assert_eq!([first.1, second.1, third.1, keyless.1], [0, 1, 2, 0]);
        assert_eq!((first.0, third.0), (second.0, first.0));
        assert_ne!(first.0, keyless.0);
    }
}
