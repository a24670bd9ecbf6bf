//! Export: exactly the rows that match, no cap, streamed to a file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use specta::Type;

/// The form of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ExportFormat {
    /// Comma-separated values.
    Csv,
    /// One JSON array.
    Json,
    /// One JSON object a line, each as CIPP sent it.
    Ndjson,
    /// An Excel workbook.
    Xlsx,
    /// A Parquet file without encryption.
    Parquet,
}

/// What an export is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ExportOptions {
    /// The form.
    pub format: ExportFormat,
    /// Cells that a spreadsheet would take for a formula are made inert. CSV and XLSX.
    pub formula_safe: bool,
    /// A byte order mark at the start, so that Excel reads CSV as UTF-8.
    pub bom: bool,
    /// The zone of the second time column, IANA name; the first is UTC.
    pub zone: String,
    /// Replace a file that is there already.
    pub overwrite: bool,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ExportProgress {
    /// Rows written.
    pub rows: u32,
    /// Rows to write.
    pub of: u32,
}

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ExportSummary {
    /// The file.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u32,
    /// Its size in bytes.
    pub bytes: f64,
    /// Which days are in it, and which are missing or incomplete, in a sentence; also written into the file where its
    /// form has a place for it (XLSX: a sheet, Parquet: metadata, JSON and CSV: a second file beside it with the ending
    /// `.coverage.txt`).
    pub coverage: String,
}

/// Why an export failed. The partial file is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// It was cancelled.
    #[error("The export was cancelled; nothing was written.")]
    Cancelled,
    /// There is a file of this name.
    #[error("There is a file of this name already.")]
    Exists,
    /// The form has a limit that the rows go beyond (XLSX: 1,048,575 rows).
    #[error("{0}")]
    TooMuch(String),
    /// The file could not be written.
    #[error("{0}")]
    NotWritten(String),
}
