//! Rows -> a day file, or a plain export: in batches, so that the text of a day is never held twice.
//!
//! What deliberately is not here: temporary names and replacing (`archive.rs`, `plain.rs`).

use std::{fs::File, io};

use cipp_client::Row;
use log_index::ReadRow;
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    encryption::encrypt::FileEncryptionProperties,
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
};

use super::{
    Batch, DayMeta, Identity, VERSION,
    columns::{Extra, Kind, properties, schema},
    frame::{io_cause, key_metadata},
    shape::Shapes,
};

/// A day's texts fit into 4 GB, column by column: readers count them with 32 bits.
const MOST_TEXT: u64 = u32::MAX as u64;

/// A file of rows that is being written.
pub(crate) struct RowsWriter {
    file: ArrowWriter<File>,
    batch: Batch,
    shapes: Shapes,
    rows: u32,
    /// Bytes of text in the columns that a reader may take into one piece of memory.
    texts: [u64; 3],
}

impl RowsWriter {
    /// Begins a day file.
    pub(crate) fn day(file: File, identity: &Identity, meta: &DayMeta) -> io::Result<RowsWriter> {
        let prefix = identity.aad_prefix(VERSION);
        let build = || {
            let encryption = FileEncryptionProperties::builder(identity.key.bytes())
                .with_footer_key_metadata(key_metadata(identity, &prefix).into_bytes())
                .with_aad_prefix(prefix.clone().into_bytes())
                .with_aad_prefix_storage(true)
                .build()?;
            let properties = properties(WriterProperties::builder())?
                .with_file_encryption_properties(encryption)
                .build();
            begin(file, Kind::Day, properties)
        };
        let mut file = build().map_err(into_io)?;
        for (key, value) in meta.to_pairs(identity) {
            file.append_key_value_metadata(KeyValue::new(key, value));
        }
        Ok(RowsWriter::new(file, Kind::Day))
    }

    /// Begins a plain export.
    pub(crate) fn plain(file: File) -> io::Result<RowsWriter> {
        let build = || begin(file, Kind::Plain, properties(WriterProperties::builder())?.build());
        Ok(RowsWriter::new(build().map_err(into_io)?, Kind::Plain))
    }

    fn new(file: ArrowWriter<File>, kind: Kind) -> RowsWriter {
        RowsWriter {
            file,
            batch: Batch::new(kind),
            shapes: Shapes::default(),
            rows: 0,
            texts: [0; 3],
        }
    }

    /// Adds a row to a day file.
    pub(crate) fn push(&mut self, raw: &str) -> io::Result<()> {
        let row = Row::from_raw(raw.into());
        let fields = ReadRow::of(&row);
        for (sum, text) in self
            .texts
            .iter_mut()
            .zip([&*fields.message, fields.log_data, &*fields.row_key])
        {
            *sum += text.len() as u64;
            if *sum > MOST_TEXT {
                return Err(too_large("more than 4 GB of text in a day"));
            }
        }
        let split = self.shapes.split(raw, &fields);
        let extra = Extra::Day {
            shape: split.shape,
            rest: split.rest,
            raw: split.raw,
        };
        self.batch.push(&fields, extra);
        self.pushed()
    }

    /// Adds a row to an export.
    pub(crate) fn push_plain(&mut self, raw: &str, day: &str) -> io::Result<()> {
        let row = Row::from_raw(raw.into());
        self.batch.push(&ReadRow::of(&row), Extra::Plain { day, raw });
        self.pushed()
    }

    fn pushed(&mut self) -> io::Result<()> {
        self.rows = self
            .rows
            .checked_add(1)
            .ok_or_else(|| too_large("more than four billion rows"))?;
        if self.batch.is_full() {
            self.write_batch()?;
        }
        Ok(())
    }

    fn write_batch(&mut self) -> io::Result<()> {
        let batch = self.batch.take().map_err(into_io)?;
        self.file.write(&batch).map_err(into_io)
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Writes what is left and the footer, with some more metadata, and makes it last.
    pub(crate) fn finish(mut self, metadata: &[(String, String)]) -> io::Result<()> {
        if !self.batch.is_empty() {
            self.write_batch()?;
        }
        for (key, value) in metadata {
            self.file
                .append_key_value_metadata(KeyValue::new(key.clone(), value.clone()));
        }
        let file = self.file.into_inner().map_err(into_io)?;
        file.sync_all()
    }
}

impl std::fmt::Debug for RowsWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowsWriter")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

fn begin(file: File, kind: Kind, properties: WriterProperties) -> Result<ArrowWriter<File>, ParquetError> {
    // Without Arrow's own schema in the file: Parquet's says everything, and other readers need no more.
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(file, schema(kind), options)
}

fn too_large(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, what)
}

/// The system's own error where it was the system; else what the library says (more pages than a file can hold).
fn into_io(error: ParquetError) -> io::Error {
    match io_cause(&error) {
        Some(cause) => match cause.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(cause.kind(), cause.to_string()),
        },
        None => io::Error::other(error.to_string()),
    }
}
