//! Progress of a log that is loading, as the UI gets it: often enough to look alive, never more than ten times a second.

use std::time::Duration;

use log_archive::{DayPhase, DayProgress, Progress};
use serde::Serialize;
use specta::Type;
use tauri::ipc::Channel;

use crate::{error::CommandError, state::OpenView};

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// While a server takes its time, the seconds go on.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How far a log is.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogProgress {
    /// The view it is about.
    pub view_id: String,
    /// Every day, newest first.
    pub days: Vec<DayState>,
    /// Rows loaded.
    pub loaded: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// Whether no day is waiting or loading.
    pub finished: bool,
    /// Milliseconds since the start, or from the start to the end.
    pub elapsed_ms: u32,
    /// Bytes of JSON read, unpacked; at most 4 GB are counted.
    pub bytes: u32,
}

/// How far one day is.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DayState {
    /// The day, `yyyy-MM-dd`.
    pub day: String,
    /// How far it is.
    pub state: DayPhase,
    /// Its rows.
    pub rows: u32,
    /// Those of them that could not be read, or have something odd about them.
    pub odd_rows: u32,
    /// Why it failed.
    pub error: Option<CommandError>,
}

/// Reports on a view until it is closed: also after it finished, for a day may be asked for again.
pub async fn report(view_id: String, view: OpenView, channel: Channel<LogProgress>) {
    loop {
        // A window that is gone does not listen; closing the view ends this.
        let progress = LogProgress::of(&view_id, &view);
        let finished = progress.finished;
        let _ = channel.send(progress);
        let pause_and_news = async {
            tokio::time::sleep(SHORTEST_PAUSE).await;
            if finished {
                view.collection.changed().await;
            } else {
                let _ = tokio::time::timeout(LONGEST_PAUSE, view.collection.changed()).await;
            }
        };
        if view.closed.run_until_cancelled(pause_and_news).await.is_none() {
            return;
        }
    }
}

impl LogProgress {
    fn of(view_id: &str, view: &OpenView) -> LogProgress {
        let Progress {
            days,
            finished,
            elapsed,
            bytes,
        } = view.collection.progress();
        let counts = view.collection.view().counts();
        LogProgress {
            view_id: view_id.to_owned(),
            days: days.into_iter().map(DayState::from).collect(),
            loaded: counts.total,
            matched: counts.matched,
            finished,
            elapsed_ms: u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }
}

impl From<DayProgress> for DayState {
    fn from(day: DayProgress) -> Self {
        DayState {
            day: day.day.iso(),
            state: day.state,
            rows: day.rows,
            odd_rows: day.odd_rows,
            error: day.error.map(CommandError::from),
        }
    }
}
