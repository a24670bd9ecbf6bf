//! A plain Parquet file for other programs: DuckDB, pandas, Spark.
//!
//! Nothing encrypts it and nothing but the file system vouches for it: this is for exports, never for the archive.
//!
//! What deliberately is not here: which rows are exported (`logbook`).

use std::path::{Path, PathBuf};

use cipp_client::Day;
use tempfile::TempPath;

use crate::{ArchiveError, archive::files::put_in_place, day_file::write::RowsWriter};

/// A plain Parquet file that is being written: one row a log entry, with `day`, `ts` (nanoseconds, UTC), the fields as
/// text, and `raw`, the entry's JSON exactly as CIPP sent it. It appears under its name when it is finished; dropped
/// before that, nothing stays.
#[derive(Debug)]
pub struct PlainParquetWriter {
    rows: RowsWriter,
    part: TempPath,
    path: PathBuf,
    day: Option<(Day, String)>,
}

impl PlainParquetWriter {
    /// Begins a file that will replace whatever is at `path`.
    ///
    /// # Errors
    /// The folder is missing or cannot be written to.
    pub fn create(path: impl Into<PathBuf>) -> Result<PlainParquetWriter, ArchiveError> {
        let path = path.into();
        let folder = folder_of(&path);
        let part = tempfile::Builder::new()
            .prefix(".cipp-desk-export-")
            .suffix(".part")
            .tempfile_in(folder)
            .map_err(|error| ArchiveError::io("write into", folder, &error))?;
        let (file, part) = part.into_parts();
        let rows = RowsWriter::plain(file).map_err(|error| ArchiveError::io("write", &path, &error))?;
        Ok(PlainParquetWriter {
            rows,
            part,
            path,
            day: None,
        })
    }

    /// Adds an entry: its JSON text, and the day of log it belongs to.
    ///
    /// # Errors
    /// The system refuses (a full disk), or the file would be larger than Parquet can hold.
    pub fn push(&mut self, raw: &str, day: Day) -> Result<(), ArchiveError> {
        if self.day.as_ref().is_none_or(|(known, _)| *known != day) {
            self.day = Some((day, day.iso()));
        }
        let text = self.day.as_ref().map_or("", |(_, text)| text);
        let pushed = self.rows.push_plain(raw, text);
        pushed.map_err(|error| ArchiveError::io("write", &self.path, &error))
    }

    /// Writes what is left, with these pairs as the file's metadata, and puts the file under its name.
    ///
    /// # Errors
    /// As [`PlainParquetWriter::push`]; then nothing stays.
    pub fn finish(self, metadata: &[(String, String)]) -> Result<u32, ArchiveError> {
        let PlainParquetWriter { rows, part, path, .. } = self;
        let count = rows.rows();
        rows.finish(metadata)
            .map_err(|error| ArchiveError::io("write", &path, &error))?;
        put_in_place(part, &path)?;
        Ok(count)
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
