//! Rows in memory: columns of the loaded days, searched with every keystroke.
//!
//! What deliberately is not here: reading filter texts (`log-query`), anything on disk (`log-archive`), fetching
//! (`logbook`).

mod builder;
mod columns;
mod entry;
mod index;
mod raw;
mod segment;
mod wire;

pub use builder::DayColumnsBuilder;
pub use columns::{DayColumns, DictionaryColumn, NO_TIME, TextColumn};
pub use entry::ReadRow;
pub use index::{Hits, Index, LogDataError, LogDataSource, Stopped};
pub use raw::{RawRows, RawRowsBuilder};
pub use segment::{Dictionaries, Segment};
pub use wire::{
    Facet, FacetChoice, FacetValue, Facets, Histogram, LogCounts, LogEntry, LogPage, LogRow, RowId, SameThing,
    SameThingTenant, SeverityCounts,
};
