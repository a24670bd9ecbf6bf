//! Rows in memory: columns of the loaded days, searched with every keystroke.
//!
//! What deliberately is not here: reading filter texts (`log-query`), anything on disk (`log-archive`), fetching
//! (`logbook`).

mod arena;
mod bits;
mod builder;
mod capitals;
mod columns;
mod data_path;
mod dictionaries;
mod entry;
mod facets;
mod hits;
mod index;
mod keys;
mod lowering;
mod matcher;
mod matches;
mod pace;
mod raw;
mod same_thing;
mod scan;
mod search;
mod segment;
mod term;
mod wire;

pub use builder::DayColumnsBuilder;
pub use columns::{DayColumns, DictionaryColumn, NO_TIME, TextColumn};
pub use dictionaries::Dictionaries;
pub use entry::ReadRow;
pub use hits::Hits;
pub use index::Index;
pub use matches::RowMatcher;
pub use pace::Stopped;
pub use raw::{RawRows, RawRowsBuilder};
pub use search::{LogDataError, LogDataSource};
pub use segment::Segment;
pub use wire::{
    Facet, FacetChoice, FacetValue, Facets, Histogram, LogCounts, LogEntry, LogPage, LogRow, RowId, SameThing,
    SameThingTenant, SeverityCounts,
};
