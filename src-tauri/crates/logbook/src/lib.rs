//! One connection's log: collected from CIPP day by day, kept in the archive, indexed in memory, looked at, exported.
//!
//! [`Logbook`] is the whole of it for one open view; `cippctl` and the window use the same one.
//!
//! What deliberately is not here: HTTP and tokens (`cipp-client`), the format on disk (`log-archive`), searching
//! (`log-index`), the filter language (`log-query`), anything that knows a window.

mod copy;
mod coverage;
mod export;
mod logbook;
mod zone;

pub use copy::{CopyForm, ViewCommand};
pub use coverage::{Coverage, DataSearch, DayPhase, DayProgress, Plan, Progress};
pub use export::{ExportError, ExportFormat, ExportOptions, ExportProgress, ExportSummary};
pub use logbook::{ArchiveLimits, Logbook, LogbookError, LogbookOptions, QueryAnswer};
pub use zone::{InstanceZone, ZoneSource};
