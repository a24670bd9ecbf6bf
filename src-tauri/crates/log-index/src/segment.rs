//! Rows of one day in memory, made for searching: never changed, shared by every snapshot of the index that has them.
//!
//! What deliberately is not here: several days together (`index.rs`), searching (`search.rs`, `scan.rs`).

use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasherDefault,
    sync::Arc,
};

use cipp_client::Day;
use log_query::{SeverityFamily, family};

use crate::{
    arena::{CasedArena, SparseTexts},
    bits::Bits,
    columns::{DayColumns, NO_TIME},
    dictionaries::{Coded, Codes, Dictionaries},
    entry::{shown_message, time_text},
    facets::SAMPLED_ROWS_OF_A_SEGMENT,
    keys::{Ready, RowKeys, RowNames, key_of_parts},
    raw::RawRows,
    wire::{LogRow, RowId},
};

/// Rows of one day, or of a part of it, newest first. Never changes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Segment {
    core: Arc<Core>,
    log_data: Option<Arc<SparseTexts>>,
}

/// Everything but the data, which may come and go with the memory that is left.
#[derive(Debug)]
struct Core {
    day: Day,
    times: Box<[i64]>,
    codes: [Codes; 8],
    names: RowNames,
    row_keys: RowKeys,
    message: CasedArena,
    has_data: Bits,
    families: Vec<(SeverityFamily, Bits)>,
    problems: Vec<(u32, String)>,
    raw: Option<RawRows>,
    order: Option<Box<[u32]>>,
    dictionaries: Dictionaries,
}

impl Segment {
    /// Takes the columns of a day or a part of it, in any order: the segment sorts them. Where the rows are in no file,
    /// their texts come along: one for each row, in the order of the columns.
    ///
    /// All segments of an index are made with the same dictionaries.
    pub fn new(day: Day, mut columns: DayColumns, raw: Option<RawRows>, dictionaries: &Dictionaries) -> Segment {
        let order = columns.sort_newest_first();
        let rows = columns.len();
        // The largest first: its memory becomes the segment's.
        let log_data = columns.log_data.take();
        let log_data = log_data.map(|data| SparseTexts::of(data, SAMPLED_ROWS_OF_A_SEGMENT));
        let row_keys = RowKeys::of(&columns.row_key);
        let names = RowNames::of(names(&columns, &row_keys), &row_keys);
        let has_data = match &log_data {
            Some(data) => {
                let mut bits = Bits::none(rows);
                data.rows.iter().for_each(|row| bits.set(*row as usize));
                bits
            }
            // Not told: each row may have some.
            None if columns.has_data.len() != rows => Bits::all(rows),
            None => Bits::from_fn(rows, |row| columns.has_data[row]),
        };
        let codes = [
            &columns.severity,
            &columns.tenant,
            &columns.api,
            &columns.user,
            &columns.tenant_id,
            &columns.app_id,
            &columns.ip,
            &columns.template,
        ];
        let mut kind = Coded::ALL.into_iter();
        let codes = codes.map(|column| {
            let kind = kind.next().unwrap_or(Coded::Severity);
            dictionaries.translate(kind, column)
        });
        let core = Core {
            day,
            codes,
            names,
            row_keys,
            has_data,
            families: families(&columns),
            message: CasedArena::of(columns.message),
            problems: columns.problems,
            times: columns.times.into_boxed_slice(),
            raw: raw.filter(|raw| raw.len() == rows),
            order: order.map(Vec::into_boxed_slice),
            dictionaries: dictionaries.clone(),
        };
        Segment {
            core: Arc::new(core),
            log_data: log_data.map(Arc::new),
        }
    }

    /// The day that was asked for when the rows came.
    pub fn day(&self) -> Day {
        self.core.day
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.core.times.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.core.times.is_empty()
    }

    /// Rows that could not be read, or have a field of an unexpected type, or no readable time.
    pub fn odd_rows(&self) -> u32 {
        self.core.problems.len() as u32
    }

    /// The newest time, nanoseconds since 1970 UTC; none where no row has a time.
    pub fn newest(&self) -> Option<i64> {
        self.core.times.first().copied().filter(|time| *time != NO_TIME)
    }

    /// The oldest time.
    pub fn oldest(&self) -> Option<i64> {
        let dated = self.core.times.partition_point(|time| *time != NO_TIME);
        self.core.times[..dated].last().copied()
    }

    /// Bytes in memory, [`Segment::log_data_bytes`] and the rows' own texts included; the shared dictionaries are not.
    pub fn memory_bytes(&self) -> usize {
        let codes: usize = self.core.codes.iter().map(Codes::memory_bytes).sum();
        let problems: usize = self
            .core
            .problems
            .iter()
            .map(|(_, text)| size_of::<(u32, String)>() + text.capacity())
            .sum();
        let bits = (1 + self.core.families.len()) * self.len().div_ceil(8);
        codes
            + problems
            + bits
            + size_of_val(&*self.core.times)
            + self.core.names.memory_bytes()
            + self.core.row_keys.memory_bytes()
            + self.core.message.memory_bytes()
            + self.log_data_bytes()
            + self.core.raw.as_ref().map_or(0, RawRows::memory_bytes)
            + self.core.order.as_ref().map_or(0, |order| size_of_val(&**order))
    }

    /// Bytes that [`Segment::without_log_data`] would free.
    pub fn log_data_bytes(&self) -> usize {
        self.log_data.as_ref().map_or(0, |data| data.memory_bytes())
    }

    /// Whether the rows' data is in memory, and so searched at once.
    pub fn has_log_data(&self) -> bool {
        self.log_data.is_some()
    }

    /// The same rows without their data: from now on it is read from where it lies on disk.
    pub fn without_log_data(&self) -> Segment {
        Segment {
            core: Arc::clone(&self.core),
            log_data: None,
        }
    }

    /// The rows as CIPP sent them, in the order of the columns that the segment was made of; none where only the day's
    /// file has them.
    pub fn raw_rows(&self) -> Option<&RawRows> {
        self.core.raw.as_ref()
    }

    /// A row as CIPP sent it; none where only the day's file has it.
    pub fn raw(&self, row: u32) -> Option<String> {
        let raw = self.core.raw.as_ref()?;
        ((row as usize) < self.len()).then(|| raw.get(self.source_row(row)))
    }

    /// The row's number in the columns that the segment was made of: in the day's file, where it came from one.
    pub fn source_row(&self, row: u32) -> u32 {
        match &self.core.order {
            Some(order) => order[row as usize],
            None => row,
        }
    }

    /// What names a row for good. Rows of the segment that carry the same key are told apart.
    pub fn row_id(&self, row: u32) -> RowId {
        RowId {
            day: self.core.day,
            key: self.core.names.get(row, &self.core.row_keys),
        }
    }

    /// Tells apart the segments that are alive: the same for the same rows, with or without their data.
    pub(crate) fn identity(&self) -> usize {
        Arc::as_ptr(&self.core) as usize
    }

    /// The times, newest first.
    pub(crate) fn times(&self) -> &[i64] {
        &self.core.times
    }

    pub(crate) fn message(&self) -> &CasedArena {
        &self.core.message
    }

    pub(crate) fn row_keys(&self) -> &RowKeys {
        &self.core.row_keys
    }

    /// The data of the rows that have some, where it is in memory.
    pub(crate) fn log_data(&self) -> Option<&SparseTexts> {
        self.log_data.as_deref()
    }

    /// Rows whose data says something.
    pub(crate) fn has_data(&self) -> &Bits {
        &self.core.has_data
    }

    /// The severity families that occur, with their rows.
    pub(crate) fn families(&self) -> &[(SeverityFamily, Bits)] {
        &self.core.families
    }

    pub(crate) fn dictionaries(&self) -> &Dictionaries {
        &self.core.dictionaries
    }

    /// For each row its place in what the segment was made of; none where nothing had to move.
    pub(crate) fn order(&self) -> Option<&[u32]> {
        self.core.order.as_deref()
    }

    /// The row with this key.
    pub(crate) fn row_of_key(&self, key: u64) -> Option<u32> {
        self.core.names.find(key, &self.core.row_keys)
    }

    /// What is odd about a row.
    pub(crate) fn problem(&self, row: u32) -> Option<&str> {
        let at = self.core.problems.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        Some(&self.core.problems[at].1)
    }

    /// Rows with a problem.
    pub(crate) fn problem_rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.core.problems.iter().map(|(row, _)| *row as usize)
    }

    pub(crate) fn codes(&self, column: Coded) -> &Codes {
        &self.core.codes[column as usize]
    }

    /// The text of a row in a column of few texts.
    pub(crate) fn coded_text(&self, column: Coded, row: u32) -> String {
        let code = self.codes(column).get(row as usize);
        self.core.dictionaries.read(column).texts().text(code as usize)
    }

    /// The row as the list shows it.
    pub(crate) fn shown(&self, row: u32) -> LogRow {
        let severity_text = self.coded_text(Coded::Severity, row);
        LogRow {
            id: self.row_id(row),
            time: time_text(self.core.times[row as usize]),
            severity: family(&severity_text),
            severity_text,
            tenant: self.coded_text(Coded::Tenant, row),
            user: self.coded_text(Coded::User, row),
            api: self.coded_text(Coded::Api, row),
            message: shown_message(self.core.message.text(row as usize)),
            day: self.core.day.iso(),
            problem: self.problem(row).map(str::to_owned),
        }
    }

    /// The rows in this span of time, as positions: newest first, so that they are one range.
    pub(crate) fn rows_between(&self, from: Option<i64>, before: Option<i64>) -> std::ops::Range<usize> {
        let dated = self.core.times.partition_point(|time| *time != NO_TIME);
        let start = before.map_or(0, |before| self.core.times.partition_point(|time| *time >= before));
        let end = from.map_or(dated, |from| self.core.times.partition_point(|time| *time >= from));
        start.min(dated)..end.min(dated).max(start.min(dated))
    }
}

fn families(columns: &DayColumns) -> Vec<(SeverityFamily, Bits)> {
    let of_code: Vec<SeverityFamily> = columns.severity.texts.iter().map(|text| family(text)).collect();
    SeverityFamily::ALL
        .into_iter()
        .filter(|family| of_code.contains(family))
        .map(|family| {
            let wanted: Vec<bool> = of_code.iter().map(|own| *own == family).collect();
            let codes = &columns.severity.codes;
            (family, Bits::from_fn(codes.len(), |row| wanted[codes[row] as usize]))
        })
        .collect()
}

fn names(columns: &DayColumns, row_keys: &RowKeys) -> Vec<u64> {
    let mut seen: HashSet<u64, BuildHasherDefault<Ready>> = HashSet::default();
    seen.reserve(columns.len());
    // How far from each key its last repetition was put: where all rows carry one key, each looks no further than that.
    let mut repeated: HashMap<u64, u64, BuildHasherDefault<Ready>> = HashMap::default();
    (0..columns.len())
        .map(|row| {
            let own = row_keys
                .key(row, &columns.row_key)
                .unwrap_or_else(|| key_of_row(columns, row));
            if seen.insert(own) {
                return own;
            }
            let by = repeated.entry(own).or_default();
            loop {
                *by += 1;
                let key = own.wrapping_add(*by);
                if seen.insert(key) {
                    return key;
                }
            }
        })
        .collect()
}

/// The key of a row that CIPP sent without one: of its time and texts.
fn key_of_row(columns: &DayColumns, row: usize) -> u64 {
    key_of_parts(&[
        &columns.times[row].to_le_bytes(),
        columns.message.bytes_of(row),
        columns.tenant.text(row).as_bytes(),
        columns.api.text(row).as_bytes(),
        columns.user.text(row).as_bytes(),
        columns.severity.text(row).as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use cipp_client::Row;

    use super::*;
    use crate::{builder::DayColumnsBuilder, entry::ReadRow};

    #[test]
    fn rows_of_one_key_are_told_apart_without_looking_at_each_other() {
        const ROWS: usize = 200_000;
        let raw = Row::from_raw(r#"{"RowKey":"always the same","Message":"m"}"#.into());
        let read = ReadRow::of(&raw);
        let mut builder = DayColumnsBuilder::new();
        (0..ROWS).for_each(|_| builder.push(&read));
        let day = "20260808".parse().unwrap();
        let segment = Segment::new(day, builder.finish(), None, &Dictionaries::new());
        let first = segment.row_id(0).key;
        assert_eq!(segment.row_id(ROWS as u32 - 1).key, first.wrapping_add(ROWS as u64 - 1));
        let keys: HashSet<u64> = (0..ROWS as u32).map(|row| segment.row_id(row).key).collect();
        assert_eq!(keys.len(), ROWS);
    }
}
