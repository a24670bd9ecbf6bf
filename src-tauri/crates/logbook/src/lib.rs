//! One connection's log: collected from CIPP day by day, kept in the archive, indexed in memory, looked at, exported.
//!
//! [`Logbook`] is the whole of it for one open view; `cippctl` and the window use the same one.
//!
//! What deliberately is not here: HTTP and tokens (`cipp-client`), the format on disk (`log-archive`), searching
//! (`log-index`), the filter language (`log-query`), anything that knows a window.

mod budget;
mod collect;
mod copy;
mod coverage;
mod days;
mod disk;
mod export;
mod fetch;
mod follow;
mod logbook;
mod look;
mod notes;
mod pieces;
mod snapshot;
mod tidy;
mod view;
mod whole;
mod zone;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use copy::{ConnectionScript, CopyForm, ViewCommand, connection_script, visible, visible_json};
pub use coverage::{Coverage, DataSearch, DayPhase, DayProgress, Plan, Progress};
pub use export::{ExportError, ExportFormat, ExportOptions, ExportProgress, ExportSummary, data_text, inert, one_line};
pub use logbook::{ArchiveLimits, Logbook, LogbookError, LogbookOptions, QueryAnswer};
pub use snapshot::Snapshot;
pub use zone::{InstanceZone, ZoneSource};

/// What is behind the locks of this crate is valid after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
