//! The forms in which rows go to stdout, as they arrive: table, JSON, NDJSON, CSV, or only their number. One file each.
//!
//! JSON and NDJSON carry CIPP's own text of each row; the others show its fields. A row that is not valid JSON is
//! never dropped: the JSON forms wrap its text as `{"unreadable": "..."}`, so that their output stays JSON.
//! Deliberately not here: which rows, and where they come from.

mod counts;
mod delimited;
mod json;
mod table;
#[cfg(test)]
mod tests;

use std::io::Write;

use cipp_client::{Fields, Row, RowProblem};
use clap::ValueEnum;
use serde::de::IgnoredAny;

use crate::exit::Failure;
use crate::output::Screen;
use counts::Counts;
pub use table::{Table, painted};

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people
    Table,
    /// One JSON array of CIPP's own objects, valid even when the reading breaks off
    Json,
    /// CIPP's own objects, one a line
    Ndjson,
    /// Comma separated values, safe to open in a spreadsheet
    Csv,
}

/// Prints rows in one of the forms. Finish it, whatever happened: an array wants its end.
pub struct RowPrinter<W: Write> {
    form: Form<W>,
    unreadable: u64,
    printed: u64,
}

enum Form<W: Write> {
    Table {
        out: W,
        table: Table,
    },
    Json {
        out: W,
        screen: Screen,
    },
    Ndjson {
        out: W,
        screen: Screen,
    },
    Csv {
        out: Box<csv::Writer<W>>,
    },
    Count {
        out: W,
        counts: Counts,
        format: Format,
        screen: Screen,
    },
}

impl<W: Write> RowPrinter<W> {
    /// A printer of rows.
    pub fn rows(format: Format, screen: Screen, out: W) -> Result<Self, Failure> {
        let form = match format {
            Format::Table => Form::Table {
                out,
                table: Table::new(screen),
            },
            Format::Json => Form::Json { out, screen },
            Format::Ndjson => Form::Ndjson { out, screen },
            Format::Csv => {
                let mut out = csv::Writer::from_writer(out);
                out.write_record(delimited::COLUMNS)?;
                Form::Csv { out: Box::new(out) }
            }
        };
        Ok(RowPrinter {
            form,
            unreadable: 0,
            printed: 0,
        })
    }

    /// A printer of how many rows there were.
    pub fn count(format: Format, screen: Screen, out: W) -> Self {
        RowPrinter {
            form: Form::Count {
                out,
                counts: Counts::default(),
                format,
                screen,
            },
            unreadable: 0,
            printed: 0,
        }
    }

    /// How many rows were printed, or counted.
    pub fn printed(&self) -> u64 {
        self.printed
    }

    /// How many of them were not valid JSON.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Prints or counts one row.
    pub fn row(&mut self, row: &Row, fields: Result<&Fields<'_>, &RowProblem>) -> Result<(), Failure> {
        let is_json = fields.is_ok() || serde_json::from_str::<IgnoredAny>(row.raw()).is_ok();
        self.unreadable += u64::from(!is_json);
        let first = self.printed == 0;
        self.printed += 1;
        match &mut self.form {
            Form::Table { out, table } => table.row(out, row, fields, first)?,
            Form::Json { out, screen } => {
                out.write_all(if first { b"[\n" } else { b",\n" })?;
                json::write(out, row.raw(), is_json, *screen)?;
            }
            Form::Ndjson { out, screen } => {
                json::write(out, row.raw(), is_json, *screen)?;
                out.write_all(b"\n")?;
            }
            Form::Csv { out } => delimited::write(out, row, fields)?,
            Form::Count { counts, .. } => counts.add(fields),
        }
        Ok(())
    }

    /// Shows what was printed so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.form {
            Form::Table { out, .. } | Form::Json { out, .. } | Form::Ndjson { out, .. } => out.flush()?,
            Form::Csv { out } => out.flush()?,
            Form::Count { .. } => {}
        }
        Ok(())
    }

    /// Ends the output, so that it is whole as far as it goes. `complete` says whether all days were read to their end.
    pub fn finish(&mut self, complete: bool) -> Result<(), Failure> {
        let none = self.printed == 0;
        match &mut self.form {
            Form::Json { out, .. } => out.write_all(if none { b"[]\n" } else { b"\n]\n" })?,
            Form::Count {
                out,
                counts,
                format,
                screen,
            } => {
                counts.print(out, *format, *screen, complete)?;
                out.flush()?;
            }
            Form::Table { .. } | Form::Ndjson { .. } | Form::Csv { .. } => {}
        }
        self.flush()
    }
}
