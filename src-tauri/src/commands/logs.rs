//! The log: days fetched into a view, pages and rows read out of it, a text filter laid over it.

use std::sync::Arc;

use cipp_client::{Day, Field, FieldError};
use connections::ConnectionId;
use log_archive::{Collection, LogCounts, LogEntry, LogPage};
use serde::Serialize;
use specta::Type;
use tauri::{
    async_runtime::{spawn, spawn_blocking},
    ipc::Channel,
};
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::{
    error::{CommandError, CommandResult},
    progress::{LogProgress, report},
    state::OpenView,
};

/// CIPP keeps its log for a year at most.
const MOST_DAYS: usize = 366;
/// A screen shows some 50 rows; more than this at once is a mistake.
const MOST_ROWS_A_PAGE: u32 = 1000;

/// A log that was opened.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogView {
    /// Names it in every later call.
    pub view_id: String,
    /// Its days, newest first, `yyyy-MM-dd`.
    pub days: Vec<String>,
}

/// Opens the log of some days and begins to fetch them. Answers at once; the channel tells how it goes.
#[tauri::command]
#[specta::specta]
pub async fn logs_open(
    state: Shared<'_>,
    connection_id: ConnectionId,
    from_day: String,
    to_day: String,
    channel: Channel<LogProgress>,
) -> CommandResult<LogView> {
    let days = days(&from_day, &to_day)?;
    let client = state.client(connection_id).await?;
    state.note_use(connection_id);
    let collection = Collection::new(client, days.clone(), Arc::default());
    let view = OpenView {
        collection,
        closed: CancellationToken::new(),
    };
    let view_id = state.open_view(view.clone());
    let (running, closed) = (Arc::clone(&view.collection), view.closed.clone());
    spawn(async move { closed.run_until_cancelled(running.run()).await });
    spawn(report(view_id.clone(), view, channel));
    Ok(LogView {
        view_id,
        days: days.into_iter().map(Day::iso).collect(),
    })
}

/// Stops fetching; what is here stays.
#[tauri::command]
#[specta::specta]
pub async fn logs_cancel(state: Shared<'_>, view_id: String) -> CommandResult<()> {
    state.view(&view_id)?.collection.cancel();
    Ok(())
}

/// Fetches a failed or cancelled day again; the channel of the view tells how it goes.
#[tauri::command]
#[specta::specta]
pub async fn logs_retry_day(state: Shared<'_>, view_id: String, day: String) -> CommandResult<()> {
    let OpenView { collection, closed } = state.view(&view_id)?;
    let day = day.parse::<Day>()?;
    spawn(async move { closed.run_until_cancelled(collection.retry(day)).await });
    Ok(())
}

/// Closes a view and frees its memory.
#[tauri::command]
#[specta::specta]
pub async fn logs_close(state: Shared<'_>, view_id: String) -> CommandResult<()> {
    state.close_view(&view_id);
    Ok(())
}

/// Some consecutive matching rows.
#[tauri::command]
#[specta::specta]
pub async fn logs_page(state: Shared<'_>, view_id: String, offset: u32, limit: u32) -> CommandResult<LogPage> {
    Ok(state
        .view(&view_id)?
        .collection
        .view()
        .page(offset, limit.min(MOST_ROWS_A_PAGE)))
}

/// Lays a text filter over the rows; the one before gives way.
#[tauri::command]
#[specta::specta]
pub async fn logs_filter(state: Shared<'_>, view_id: String, text: String) -> CommandResult<LogCounts> {
    let rows = Arc::clone(state.view(&view_id)?.collection.view());
    let counts = spawn_blocking(move || rows.set_filter(&text))
        .await
        .map_err(CommandError::internal)?;
    Ok(counts?)
}

/// One row in full.
#[tauri::command]
#[specta::specta]
pub async fn logs_entry(state: Shared<'_>, view_id: String, index: u32) -> CommandResult<LogEntry> {
    state
        .view(&view_id)?
        .collection
        .view()
        .entry(index)
        .ok_or_else(CommandError::no_such_view)
}

/// The days of a range, newest first.
fn days(from: &str, to: &str) -> Result<Vec<Day>, FieldError> {
    let (from, to) = (Day::parse_for(Field::From, from)?, Day::parse_for(Field::To, to)?);
    if to < from {
        return Err(FieldError::new(
            Field::To,
            "The last day is before the first.",
            "Choose a last day that is the same or later.",
        ));
    }
    let days: Vec<Day> = Day::range_newest_first(from, to).take(MOST_DAYS + 1).collect();
    if days.len() > MOST_DAYS {
        return Err(FieldError::new(
            Field::From,
            "These are more than 366 days.",
            "Choose fewer; CIPP keeps its log for a year at most.",
        ));
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_its_days_newest_first() {
        let iso: Vec<String> = days("2026-02-27", "20260301")
            .unwrap()
            .into_iter()
            .map(Day::iso)
            .collect();
        assert_eq!(iso, ["2026-03-01", "2026-02-28", "2026-02-27"]);
        assert_eq!(days("2026-03-01", "2026-03-01").unwrap().len(), 1);
    }

    #[test]
    fn a_range_backwards_or_endless_is_refused_at_its_field() {
        assert_eq!(days("2026-03-02", "2026-03-01").unwrap_err().field, Field::To);
        assert_eq!(days("0001-01-01", "9999-12-31").unwrap_err().field, Field::From);
        assert_eq!(days("2026-02-30", "2026-03-01").unwrap_err().field, Field::From);
    }
}
