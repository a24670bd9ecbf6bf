//! Parquet without encryption, by way of the archive's own writer: one row a log entry, its JSON among the columns.

use cipp_client::Day;
use log_archive::{ArchiveError, PlainParquetWriter};

use super::{ExportError, Sink, note::Note, target::Target};

/// A Parquet file that is being written.
pub(super) struct Parquet {
    plain: PlainParquetWriter,
}

impl Parquet {
    /// Makes the file in the place of the temporary one.
    pub fn start(target: &Target) -> Result<Parquet, ExportError> {
        let plain = PlainParquetWriter::create(target.temporary()).map_err(failed)?;
        Ok(Parquet { plain })
    }
}

impl Sink for Parquet {
    fn row(&mut self, day: Day, raw: &str) -> Result<(), ExportError> {
        self.plain.push(raw, day).map_err(failed)
    }

    fn finish(self: Box<Self>, note: &mut Note) -> Result<(), ExportError> {
        let metadata: Vec<(String, String)> = note
            .lines()
            .into_iter()
            .map(|(name, value)| (format!("cipp-desk.{}", name.to_lowercase().replace(' ', "_")), value))
            .collect();
        self.plain.finish(&metadata).map_err(failed)?;
        Ok(())
    }
}

fn failed(error: ArchiveError) -> ExportError {
    ExportError::NotWritten(error.to_string())
}
