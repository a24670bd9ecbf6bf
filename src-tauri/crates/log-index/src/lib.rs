//! Rows in memory: columns of the loaded days, searched with every keystroke.
//!
//! What deliberately is not here: reading filter texts (`log-query`), anything on disk (`log-archive`), fetching
//! (`logbook`).

mod columns;
mod wire;

pub use columns::{DayColumns, DictionaryColumn, NO_TIME, TextColumn};
pub use wire::{
    Facet, FacetChoice, FacetValue, Facets, Histogram, LogCounts, LogEntry, LogPage, LogRow, RowId, SameThing,
    SameThingTenant, SeverityCounts,
};
