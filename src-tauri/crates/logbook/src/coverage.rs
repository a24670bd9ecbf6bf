//! What is here of the log, day by day: nothing is ever silently missing.

use std::time::Duration;

use cipp_client::{ClientError, Day};
use serde::Serialize;
use specta::Type;

use crate::zone::InstanceZone;

/// How far a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum DayPhase {
    /// Its turn has not come.
    Waiting,
    /// It is being read, from the archive or from CIPP.
    Loading,
    /// All its rows are here and searched.
    Complete,
    /// Some of its rows are here: it broke off or was cancelled half-way, or an earlier reading is all there is. For
    /// today: read once, more will come.
    Partial,
    /// It could not be read; nothing of it is here.
    Failed,
    /// It was cancelled before anything of it arrived.
    Cancelled,
    /// Nobody asked for it yet.
    NotFetched,
    /// CIPP no longer has it (older than its retention) and neither has the archive.
    Gone,
    /// It is in the archive, but not in memory: the memory budget is used up. It is not searched.
    OutOfMemory,
}

/// Where the rows of a day came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Coverage {
    /// Nowhere: there are none.
    None,
    /// From the archive.
    Archive,
    /// From CIPP, just now.
    Cipp,
}

/// One day and how far it is.
#[derive(Clone, Debug)]
pub struct DayProgress {
    /// The day.
    pub day: Day,
    /// How far it is.
    pub phase: DayPhase,
    /// Where its rows are from.
    pub source: Coverage,
    /// Its rows in the index.
    pub rows: u32,
    /// Those of them that could not be read, or have a field of an unexpected type.
    pub odd_rows: u32,
    /// Whether the archive holds it: it will not be asked for again.
    pub archived: bool,
    /// When its rows were read from CIPP; none when there are none.
    pub fetched_at: Option<jiff::Timestamp>,
    /// Why it failed, or why only a part is here.
    pub error: Option<ClientError>,
    /// What is wrong with its file in the archive (damaged and set aside, key lost, newer format), in a sentence. The
    /// day was or will be asked for again where CIPP still has it.
    pub archive_trouble: Option<String>,
}

/// How far the searching of the data (`LogData`) is: messages are searched at once, data that is not in memory after
/// them, file by file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DataSearch {
    /// Days whose data has been searched.
    pub done: u32,
    /// Days whose data must be searched from disk.
    pub of: u32,
}

/// How far a logbook is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Counts up with every change of what the view shows: rows that came or went, another filter.
    pub generation: u32,
    /// Every day of the range, newest first.
    pub days: Vec<DayProgress>,
    /// Whether no day is waiting or loading.
    pub finished: bool,
    /// Time since the last start of collecting, or from that to the end of the last day.
    pub elapsed: Duration,
    /// Bytes of JSON read from CIPP since, unpacked.
    pub bytes: u64,
    /// Calls made to CIPP for days since the logbook was opened.
    pub calls: u32,
    /// Rows in the index.
    pub loaded: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// The search in data that is not in memory.
    pub data_search: DataSearch,
    /// The instance's zone.
    pub zone: InstanceZone,
    /// The instance's today.
    pub today: Day,
    /// Whether today is asked for again and again.
    pub following: bool,
    /// When today will be asked for next, while following.
    pub next_follow: Option<jiff::Timestamp>,
    /// Why nothing can be kept in the archive at the moment (full disk, read-only folder, no key), in a sentence; rows
    /// are shown all the same.
    pub archive_trouble: Option<String>,
    /// Whether CIPP answers from a cache that was stepped round (container hosting).
    pub cached_answers: bool,
}

/// What a range would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Days of the range.
    pub days: u32,
    /// Those that are in the archive already.
    pub archived: u32,
    /// Calls to CIPP that the others take, one a day.
    pub calls: u32,
    /// How long they will likely take, in seconds, from what days of this connection took before; none where nothing is
    /// known yet.
    pub seconds: Option<u32>,
}
