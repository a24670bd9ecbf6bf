//! placeholder
use crate::{columns::DayColumns, raw::RawRows, wire::RowId};
use cipp_client::Day;
use std::sync::Arc;

/// The dictionaries
#[derive(Clone, Debug, Default)]
pub struct Dictionaries {}
impl Dictionaries {
    /// New.
    pub fn new() -> Dictionaries {
        Dictionaries::default()
    }
}

/// Rows of one day in memory, ready to be searched. Never changes.
#[derive(Debug)]
pub struct Segment {}

#[allow(unused_variables, clippy::unimplemented, missing_docs)]
impl Segment {
    /// Takes the columns of a day or a part of it in any order (it sorts them), with the rows' texts where they are in
    /// no file: one raw row for each row, in the same order as the columns.
    pub fn new(day: Day, columns: DayColumns, raw: Option<RawRows>, dictionaries: &Dictionaries) -> Segment {
        unimplemented!()
    }
    pub fn day(&self) -> Day {
        unimplemented!()
    }
    pub fn len(&self) -> usize {
        unimplemented!()
    }
    pub fn is_empty(&self) -> bool {
        unimplemented!()
    }
    /// Rows with a problem.
    pub fn odd_rows(&self) -> u32 {
        unimplemented!()
    }
    pub fn newest(&self) -> Option<i64> {
        unimplemented!()
    }
    pub fn oldest(&self) -> Option<i64> {
        unimplemented!()
    }
    pub fn memory_bytes(&self) -> usize {
        unimplemented!()
    }
    pub fn log_data_bytes(&self) -> usize {
        unimplemented!()
    }
    pub fn has_log_data(&self) -> bool {
        unimplemented!()
    }
    /// The same rows without their data: it stays on disk from now on.
    pub fn without_log_data(&self) -> Segment {
        unimplemented!()
    }
    /// A row as CIPP sent it; none where only the day's file has it.
    pub fn raw(&self, row: u32) -> Option<String> {
        unimplemented!()
    }
    /// Where a row was in the columns that the segment was made of: the row of the day's file.
    pub fn source_row(&self, row: u32) -> u32 {
        unimplemented!()
    }
    pub fn row_id(&self, row: u32) -> RowId {
        unimplemented!()
    }
}
/// Arc used.
pub type SharedSegment = Arc<Segment>;
