//! Rows -> the loaded log -> pages: collecting days of log, keeping them in memory, filtering them.
//!
//! The walk of a row through this crate: [`Collection`] asks CIPP day by day, a [`Batch`] reads and compresses what
//! arrives, [`LoadedLog`] keeps it sorted, [`LogView`] lays a text filter over it and hands out pages.
//!
//! What deliberately is not here: HTTP and tokens (`cipp-client`), anything on disk, anything that knows a window.

mod archive;
mod collect;
mod entry;
mod filter;
mod loaded_log;
mod place;

mod view;

pub use archive::ConnectionArchive;
pub use collect::{Collection, DayPhase, DayProgress, Progress};
pub use entry::{LogCounts, LogEntry, LogPage, LogRow, SeverityCounts};
pub use filter::Query;
pub use place::default_root;
pub use loaded_log::{Batch, LoadedLog, RowNumber};
pub use log_query::{SeverityFamily, family};

pub use view::{LogView, Superseded};

mod severity {
    pub(crate) use log_query::{SeverityFamily, family};
}
