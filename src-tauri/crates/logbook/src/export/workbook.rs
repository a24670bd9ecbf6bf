//! XLSX, row by row: what was written stays on disk and not in memory.
//!
//! The library writes a sheet to a temporary file and takes a failed write there for impossible: it panics. So every
//! call into it is guarded, and a panic becomes the error that it is.

use std::{
    any::Any,
    borrow::Cow,
    io::{self, BufWriter, Write},
    panic::{AssertUnwindSafe, catch_unwind},
};

use cipp_client::{Day, Row};
use jiff::{Timestamp, tz::TimeZone};
use rust_xlsxwriter::{ExcelDateTime, Format, Worksheet, XlsxError};
use tokio_util::sync::CancellationToken;

use super::{
    ExportError, ExportOptions, Sink,
    cells::{CELLS, Columns, looks_like_a_formula},
    note::Note,
    target::{Target, not_written},
};

/// A sheet's rows, less the header.
pub(super) const MOST_ROWS: u32 = 1_048_575;

/// The characters that a cell holds at most, as Excel counts: UTF-16 code units.
const LONGEST_CELL: usize = 32_767;

/// The column with the real date; the texts before and after it keep their order.
const DATE_COLUMN: u16 = 2;

/// The widths of the columns, in characters.
const WIDTHS: [f64; CELLS + 1] = [
    27.0, 33.0, 20.0, 14.0, 24.0, 22.0, 80.0, 28.0, 10.0, 40.0, 12.0, 12.0, 16.0, 38.0, 14.0, 12.0, 14.0, 24.0,
];

/// A workbook that is being written.
pub(super) struct Workbook {
    book: rust_xlsxwriter::Workbook,
    out: Cancellable<BufWriter<std::fs::File>>,
    columns: Columns,
    formats: Formats,
    rows: u32,
    cut: u32,
    cancel: CancellationToken,
}

struct Formats {
    bold: Format,
    date: Format,
    /// For texts that would be formulas if a person edited them: as if they had been typed with an apostrophe.
    quoted: Option<Format>,
}

/// Says what to do when there are more rows than a sheet has.
pub(super) fn refuse_too_many(rows: u32) -> Result<(), ExportError> {
    if rows <= MOST_ROWS {
        return Ok(());
    }
    Err(ExportError::TooMuch(format!(
        "An Excel sheet holds {MOST_ROWS} rows, and {rows} match. Choose fewer days or a narrower filter, or export CSV, \
         NDJSON or Parquet, which have no such limit."
    )))
}

impl Workbook {
    /// Begins the sheet with the rows.
    pub fn start(
        target: &Target,
        columns: Columns,
        options: &ExportOptions,
        cancel: &CancellationToken,
    ) -> Result<Workbook, ExportError> {
        let out = Cancellable {
            inner: BufWriter::new(target.open()?),
            cancel: cancel.clone(),
        };
        let formats = Formats {
            bold: Format::new().set_bold(),
            date: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            quoted: options.formula_safe.then(|| Format::new().set_quote_prefix()),
        };
        let book = guarded(|| {
            let mut book = rust_xlsxwriter::Workbook::new();
            // The rows pass through a nameless file: on the disk that was chosen, not on the system's.
            book.set_tempdir(target.folder())?;
            let sheet = book.add_worksheet_with_constant_memory();
            sheet.set_name("Log")?.set_freeze_panes(1, 0)?;
            for (column, width) in (0..).zip(WIDTHS) {
                sheet.set_column_width(column, width)?;
            }
            header(sheet, &columns, &formats)?;
            Ok(book)
        })?;
        Ok(Workbook {
            book,
            out,
            columns,
            formats,
            rows: 0,
            cut: 0,
            cancel: cancel.clone(),
        })
    }
}

fn header(sheet: &mut Worksheet, columns: &Columns, formats: &Formats) -> Result<(), XlsxError> {
    for (column, name) in (0..).zip(columns.header()) {
        sheet.write_string_with_format(0, after_date(column), name, &formats.bold)?;
        if column + 1 == DATE_COLUMN {
            let name = format!("Date {}", columns.zone_name());
            sheet.write_string_with_format(0, DATE_COLUMN, name, &formats.bold)?;
        }
    }
    Ok(())
}

/// The sheet's column of a text.
fn after_date(column: u16) -> u16 {
    column + u16::from(column >= DATE_COLUMN)
}

impl Sink for Workbook {
    fn row(&mut self, _: Day, raw: &str) -> Result<(), ExportError> {
        refuse_too_many(self.rows + 1)?;
        self.rows += 1;
        let row = Row::from_raw(raw.into());
        let cells = self.columns.cells(&row);
        let date = cells.time.and_then(|time| excel_time(time, self.columns.zone()));
        let (book, formats, line, cut) = (&mut self.book, &self.formats, self.rows, &mut self.cut);
        guarded(|| {
            let sheet = book.worksheet_from_index(0)?;
            if let Some(date) = &date {
                sheet.write_datetime_with_format(line, DATE_COLUMN, date, &formats.date)?;
            }
            for (column, text) in (0..).zip(&cells.texts) {
                let fitting = fitting(text);
                *cut += u32::from(matches!(fitting, Cow::Owned(_)));
                write_text(sheet, line, after_date(column), &fitting, formats)?;
            }
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>, note: &mut Note) -> Result<(), ExportError> {
        if self.cut > 0 {
            let cells = if self.cut == 1 {
                "1 cell is".to_owned()
            } else {
                format!("{} cells are", self.cut)
            };
            note.remark(format!(
                "{cells} longer than the {LONGEST_CELL} characters that Excel allows: cut, with a note at the end; export \
                 CSV, JSON or Parquet for the whole text."
            ));
        }
        let this = self.as_mut();
        let saved = guarded(|| {
            let last = u16::try_from(CELLS).unwrap_or(u16::MAX);
            this.book.worksheet_from_index(0)?.autofilter(0, 0, this.rows, last)?;
            let sheet = this.book.add_worksheet();
            sheet.set_name("Coverage")?;
            sheet.set_column_width(0, 20)?.set_column_width(1, 120)?;
            for (line, (name, value)) in (0..).zip(note.lines()) {
                sheet.write_string_with_format(line, 0, name, &this.formats.bold)?;
                write_text(sheet, line, 1, &fitting(&value), &this.formats)?;
            }
            this.book.save_to_writer(&mut this.out)
        });
        if this.cancel.is_cancelled() {
            return Err(ExportError::Cancelled);
        }
        saved?;
        this.out.flush().map_err(not_written)
    }
}

fn write_text(sheet: &mut Worksheet, row: u32, column: u16, text: &str, formats: &Formats) -> Result<(), XlsxError> {
    match &formats.quoted {
        Some(quoted) if looks_like_a_formula(text) => sheet.write_string_with_format(row, column, text, quoted)?,
        _ => sheet.write_string(row, column, text)?,
    };
    Ok(())
}

/// The text, or as much of it as a cell holds with a note on the rest.
fn fitting(text: &str) -> Cow<'_, str> {
    // No character takes more UTF-16 code units than bytes.
    if text.len() <= LONGEST_CELL {
        return Cow::Borrowed(text);
    }
    let units = text.encode_utf16().count();
    if units <= LONGEST_CELL {
        return Cow::Borrowed(text);
    }
    let note = format!(
        " \u{2026} [CUT: this text has {units} characters, an Excel cell holds {LONGEST_CELL}. Export CSV, JSON or \
         Parquet for all of it.]"
    );
    let mut room = LONGEST_CELL - note.encode_utf16().count();
    let end = text
        .char_indices()
        .find(|(_, c)| match room.checked_sub(c.len_utf16()) {
            Some(left) => {
                room = left;
                false
            }
            None => true,
        })
        .map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}{note}", &text[..end]))
}

/// The wall clock of the zone as Excel counts it; none before 1900, where Excel has no days.
fn excel_time(time: Timestamp, zone: &TimeZone) -> Option<ExcelDateTime> {
    let there = time.to_zoned(zone.clone());
    let year = u16::try_from(there.year()).ok()?;
    let unsigned = |number: i8| u8::try_from(number).ok();
    ExcelDateTime::from_ymd(year, unsigned(there.month())?, unsigned(there.day())?)
        .and_then(|date| {
            date.and_hms_milli(
                there.hour().unsigned_abs().into(),
                there.minute().unsigned_abs(),
                there.second().unsigned_abs(),
                there.millisecond().unsigned_abs(),
            )
        })
        .ok()
}

/// Calls the library. Its panic at a failed write becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, ExportError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(error)),
        Err(panic) => Err(panicked(panic.as_ref())),
    }
}

fn failed(error: XlsxError) -> ExportError {
    match error {
        XlsxError::IoError(error) => not_written(error),
        other => ExportError::NotWritten(format!("The workbook could not be written: {other}")),
    }
}

/// The words of a panic name the kind of the failed write, as `io::Error` prints it.
fn panicked(panic: &(dyn Any + Send)) -> ExportError {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    let kind = [
        io::ErrorKind::StorageFull,
        io::ErrorKind::QuotaExceeded,
        io::ErrorKind::FileTooLarge,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
    ]
    .into_iter()
    .find(|kind| words.contains(&format!("{kind:?}")));
    match kind {
        Some(kind) => not_written(kind.into()),
        None => ExportError::NotWritten(format!("The workbook could not be written: {words}")),
    }
}

/// Stops writing when it is told to: putting a large workbook together takes a while.
struct Cancellable<W> {
    inner: W,
    cancel: CancellationToken,
}

impl<W: Write> Write for Cancellable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library does when the disk is full.
    #[test]
    fn a_panic_of_the_library_becomes_the_error_that_it_is() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let ended = guarded(|| -> Result<(), XlsxError> { panic!("Couldn't write to xml file: {full:?}") });
        match ended {
            Err(ExportError::NotWritten(sentence)) => assert!(sentence.contains("The disk is full"), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_fits_exactly_or_says_what_is_missing() {
        let fits = "x".repeat(LONGEST_CELL);
        assert_eq!(fitting(&fits), fits);
        for long in [
            "x".repeat(LONGEST_CELL + 1),
            "é".repeat(LONGEST_CELL + 1),
            "👩".repeat(LONGEST_CELL),
        ] {
            let cut = fitting(&long);
            assert!(cut.contains("[CUT: this text has"), "{cut}");
            let units = cut.encode_utf16().count();
            assert!((LONGEST_CELL - 1..=LONGEST_CELL).contains(&units), "{units}");
        }
    }
}
