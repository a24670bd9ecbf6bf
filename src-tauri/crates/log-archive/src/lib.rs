//! Closed days on disk: one encrypted Parquet file for each connection and day, read back byte for byte.
//!
//! What deliberately is not here: which days are fetched and when they are closed (`logbook`), searching (`log-index`),
//! where the key rests (`connections`).

mod archive;
mod day_file;
mod error;
mod key;
mod place;
mod plain;

pub use archive::{ArchivedDay, ConnectionArchive, DayWriter, Limits};
pub use day_file::DayMeta;
pub use error::{ArchiveError, DayFileError};
pub use key::{ArchiveKey, KeyError};
pub use place::default_root;
pub use plain::PlainParquetWriter;
