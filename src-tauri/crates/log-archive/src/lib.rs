//! Rows -> the loaded log -> pages: collecting days of log, keeping them in memory, filtering them.
//!
//! The walk of a row through this crate: [`Collection`] asks CIPP day by day, a [`Batch`] reads and compresses what
//! arrives, [`LoadedLog`] keeps it sorted, [`LogView`] lays a text filter over it and hands out pages.
//!
//! What deliberately is not here: HTTP and tokens (`cipp-client`), anything on disk, anything that knows a window.

mod archive;
mod collect;
mod day_file;
mod entry;
mod error;
mod filter;
mod key;
mod loaded_log;
mod place;
mod plain;

mod view;

pub use archive::{ArchivedDay, ConnectionArchive, DayWriter, Limits};
pub use collect::{Collection, DayPhase, DayProgress, Progress};
pub use day_file::DayMeta;
pub use entry::{LogCounts, LogEntry, LogPage, LogRow, SeverityCounts};
pub use error::{ArchiveError, DayFileError};
pub use filter::Query;
pub use key::{ArchiveKey, KeyError};
pub use loaded_log::{Batch, LoadedLog, RowNumber};
pub use log_query::{SeverityFamily, family};
pub use place::default_root;
pub use plain::PlainParquetWriter;

pub use view::{LogView, Superseded};

mod severity {
    pub(crate) use log_query::{SeverityFamily, family};
}
