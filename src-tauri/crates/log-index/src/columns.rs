//! The columns of a day as plain vectors: what a day file gives, and what a segment is made of.
//!
//! What deliberately is not here: how they are kept in memory for searching, and any file format.

/// The time of a row without one: sorted last.
pub const NO_TIME: i64 = i64::MIN;

/// Rows of one day, column by column, newest first. Every column has one value for each row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayColumns {
    /// When CIPP last wrote the row, nanoseconds since 1970 UTC (CIPP sends seven fractional digits), or [`NO_TIME`].
    pub times: Vec<i64>,
    /// `Severity` as written.
    pub severity: DictionaryColumn,
    /// `Tenant` as written.
    pub tenant: DictionaryColumn,
    /// `API`.
    pub api: DictionaryColumn,
    /// `User`.
    pub user: DictionaryColumn,
    /// `TenantID`; empty where CIPP wrote `None`.
    pub tenant_id: DictionaryColumn,
    /// `AppId`.
    pub app_id: DictionaryColumn,
    /// `IP`.
    pub ip: DictionaryColumn,
    /// The standard's template; empty for nearly all rows.
    pub template: DictionaryColumn,
    /// `Message`, whole.
    pub message: TextColumn,
    /// `RowKey`.
    pub row_key: TextColumn,
    /// Whether `LogData` says something; known even where `log_data` is not read.
    pub has_data: Vec<bool>,
    /// `LogData` as JSON text, empty where it says nothing (`""`, `null`, `{}`). None: not read, it stays on disk.
    pub log_data: Option<TextColumn>,
    /// Sentences on what is odd about a row (`problem` of the row on the wire), by row, ascending; few rows have one.
    pub problems: Vec<(u32, String)>,
}

/// A column of few different texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DictionaryColumn {
    /// For each row the position of its text.
    pub codes: Vec<u32>,
    /// The texts, each once, in any order.
    pub texts: Vec<String>,
}

/// A column of texts: all of them in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    /// The texts one after the other; each is UTF-8 by itself.
    pub bytes: Vec<u8>,
    /// Where each text ends in `bytes`. A day's texts fit into 4 GB.
    pub ends: Vec<u32>,
}

impl DictionaryColumn {
    /// The text of a row.
    pub fn text(&self, row: usize) -> &str {
        &self.texts[self.codes[row] as usize]
    }
}

impl TextColumn {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u32);
    }

    /// The text of a row, as bytes that are UTF-8.
    pub fn bytes_of(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..self.ends[row] as usize]
    }
}
