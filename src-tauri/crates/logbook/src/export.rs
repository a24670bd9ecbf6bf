//! Export: exactly the rows that match, no cap, streamed to a file that appears whole or not at all.
//!
//! Here: what an export is, and its course from the first row to the rename. Below it: the file and its rename
//! (`target`), what a row looks like as cells (`cells`), what the file says about itself (`note`), and one file for each
//! form. What deliberately is not here: which rows match, and where they come from.

mod cells;
mod delimited;
mod json;
mod note;
mod parquet;
mod target;
#[cfg(test)]
mod tests;
mod workbook;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use cipp_client::Day;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use specta::Type;
use tokio_util::sync::CancellationToken;

pub use cells::{data_text, inert, one_line};
use note::Note;
use target::Target;

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

/// After so many rows the progress is told.
const TELL_EVERY_ROWS: u32 = 500;

/// Visits every row of an export: its day and its JSON text, newest first. The error is a sentence.
pub(crate) type EachRow<'a> = dyn Fn(&mut dyn FnMut(Day, &str) -> ControlFlow<()>) -> Result<(), String> + 'a;

/// What is exported: the rows of one moment, and where they stand in the whole.
pub(crate) struct Rows<'a> {
    /// How many there are.
    pub count: u32,
    /// The first day of the view.
    pub from: Day,
    /// Its last day.
    pub to: Day,
    /// The filter, as typed.
    pub filter: String,
    /// Which days are complete and which are not, in a sentence.
    pub coverage: String,
    /// The rows.
    pub each: &'a EachRow<'a>,
}

/// Something that a form makes of rows.
trait Sink {
    /// Takes one row.
    fn row(&mut self, day: Day, raw: &str) -> Result<(), ExportError>;

    /// Completes the file. What the file says about itself goes into it where its form has a place for it.
    fn finish(self: Box<Self>, note: &mut Note) -> Result<(), ExportError>;
}

/// Writes the rows to a file. Blocks the calling thread.
///
/// The rows go to a temporary file in the folder of `path`, which is flushed to the disk and renamed at the end; on an
/// error or when `cancel` is cancelled it is removed.
pub(crate) fn write(
    rows: &Rows<'_>,
    path: &Path,
    options: &ExportOptions,
    progress: &dyn Fn(ExportProgress),
    cancel: &CancellationToken,
) -> Result<ExportSummary, ExportError> {
    let zone = zone_of(&options.zone)?;
    if options.format == ExportFormat::Xlsx {
        workbook::refuse_too_many(rows.count)?;
    }
    let beside = matches!(
        options.format,
        ExportFormat::Csv | ExportFormat::Json | ExportFormat::Ndjson
    );
    let target = Target::prepare(path, options.overwrite, beside)?;
    let mut note = Note::new(rows, &options.zone);
    let mut sink = sink(options, &zone, &target, cancel)?;
    note.rows = drive(rows, sink.as_mut(), progress, cancel)?;
    sink.finish(&mut note)?;
    if cancel.is_cancelled() {
        return Err(ExportError::Cancelled);
    }
    let bytes = target.keep(&note)?;
    Ok(ExportSummary {
        path: path.to_owned(),
        rows: note.rows,
        bytes: bytes as f64,
        coverage: note.sentence(),
    })
}

fn sink(
    options: &ExportOptions,
    zone: &TimeZone,
    target: &Target,
    cancel: &CancellationToken,
) -> Result<Box<dyn Sink>, ExportError> {
    let columns = cells::Columns::new(zone, &options.zone);
    Ok(match options.format {
        ExportFormat::Csv => Box::new(delimited::Csv::start(target.open()?, columns, options)?),
        ExportFormat::Json => Box::new(json::Json::start(target.open()?, json::Shape::Array)?),
        ExportFormat::Ndjson => Box::new(json::Json::start(target.open()?, json::Shape::Lines)?),
        ExportFormat::Xlsx => Box::new(workbook::Workbook::start(target, columns, options, cancel)?),
        ExportFormat::Parquet => Box::new(parquet::Parquet::start(target)?),
    })
}

/// Passes every row to the sink; how many there were.
fn drive(
    rows: &Rows<'_>,
    sink: &mut dyn Sink,
    progress: &dyn Fn(ExportProgress),
    cancel: &CancellationToken,
) -> Result<u32, ExportError> {
    let tell = |written| {
        progress(ExportProgress {
            rows: written,
            of: rows.count,
        });
    };
    tell(0);
    let mut written = 0;
    let mut stopped = None;
    let read = (rows.each)(&mut |day, raw| {
        let step = if cancel.is_cancelled() {
            Err(ExportError::Cancelled)
        } else {
            sink.row(day, raw)
        };
        if let Err(error) = step {
            stopped = Some(error);
            return ControlFlow::Break(());
        }
        written += 1;
        if written % TELL_EVERY_ROWS == 0 {
            tell(written);
        }
        ControlFlow::Continue(())
    });
    if let Some(error) = stopped {
        return Err(error);
    }
    read.map_err(|why| ExportError::NotWritten(format!("A row could not be read, so nothing was written: {why}")))?;
    tell(written);
    Ok(written)
}

/// The zone of that name; also a fixed offset, which is all that may be known of an instance.
fn zone_of(name: &str) -> Result<TimeZone, ExportError> {
    if let Ok(zone) = TimeZone::get(name) {
        return Ok(zone);
    }
    let offset = jiff::fmt::strtime::parse("%:z", name)
        .ok()
        .and_then(|parsed| parsed.offset());
    offset.map(|offset: Offset| TimeZone::fixed(offset)).ok_or_else(|| {
        ExportError::NotWritten(format!(
            "\u{201c}{name}\u{201d} is not a time zone that is known here. Choose one such as UTC or Europe/Berlin."
        ))
    })
}
