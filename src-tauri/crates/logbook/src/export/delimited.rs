//! CSV as RFC 4180 has it: quoted where needed, rows end with CR LF, a header first.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use cipp_client::{Day, Row};

use super::{
    ExportError, ExportOptions, Sink,
    cells::{Columns, inert},
    note::Note,
    target::not_written,
};

/// A CSV file that is being written.
pub(super) struct Csv {
    out: csv::Writer<BufWriter<File>>,
    columns: Columns,
    formula_safe: bool,
}

impl Csv {
    /// Writes the byte order mark, where it is wanted, and the header.
    pub fn start(file: File, columns: Columns, options: &ExportOptions) -> Result<Csv, ExportError> {
        let mut file = BufWriter::new(file);
        if options.bom {
            file.write_all("\u{feff}".as_bytes()).map_err(not_written)?;
        }
        let mut out = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(file);
        out.write_record(columns.header().iter().map(|name| name.as_bytes()))
            .map_err(failed)?;
        Ok(Csv {
            out,
            columns,
            formula_safe: options.formula_safe,
        })
    }
}

impl Sink for Csv {
    fn row(&mut self, _: Day, raw: &str) -> Result<(), ExportError> {
        let row = Row::from_raw(raw.into());
        let cells = self.columns.cells(&row).texts;
        for cell in &cells {
            let written = if self.formula_safe {
                self.out.write_field(inert(cell).as_bytes())
            } else {
                self.out.write_field(cell.as_bytes())
            };
            written.map_err(failed)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(failed)
    }

    fn finish(mut self: Box<Self>, _: &mut Note) -> Result<(), ExportError> {
        self.out.flush().map_err(not_written)
    }
}

fn failed(error: csv::Error) -> ExportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => not_written(error),
        kind => ExportError::NotWritten(format!("The CSV file could not be written: {kind:?}.")),
    }
}
