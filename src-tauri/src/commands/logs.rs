//! The log: opened, collected, filtered, counted, read, copied. Each command is one question to the `logbook` crate.

use std::sync::Arc;

use cipp_client::{Day, Field, FieldError};
use connections::ConnectionId;
use jiff::Timestamp;
use log_index::{Facets, Histogram, LogEntry, LogPage, RowId, SameThing};
use log_query::{Completion, Edit, FacetField, SeverityFamily};
use logbook::{CopyForm, Logbook, LogbookError, Plan, QueryAnswer, ViewCommand};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{
    AppHandle,
    async_runtime::{spawn, spawn_blocking},
    ipc::Channel,
};

use super::Shared;
use crate::{
    error::{CommandError, CommandResult},
    logbooks,
    progress::{LogProgress, report},
    settings,
    state::OpenView,
};

/// CIPP keeps its log for a year at most; the archive may keep it longer.
const MOST_DAYS: usize = 3660;
/// A screen shows some 50 rows; more than this at once is a mistake.
const MOST_ROWS_A_PAGE: u32 = 1000;
/// More values than anybody reads.
const MOST_VALUES: u32 = 500;
/// More bars than a screen has room for.
const MOST_BARS: u32 = 400;

/// A log that was opened.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogView {
    /// Names it in every later call.
    pub view_id: String,
    /// Why nothing can be asked of CIPP (no secret, locked keychain): the archive is read all the same.
    pub trouble: Option<CommandError>,
}

/// Days to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LogRange {
    /// The instance's today and the days before it: 1 is today alone.
    Last {
        /// How many days.
        days: u32,
    },
    /// The instance's yesterday.
    Yesterday,
    /// Chosen days, `yyyy-MM-dd`, both included.
    Between {
        /// The first.
        from: String,
        /// The last.
        to: String,
    },
}

/// The days that a range came to.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShownDays {
    /// The first, `yyyy-MM-dd`.
    pub from: String,
    /// The last.
    pub to: String,
}

/// What a filter came to, with the rows that the window shows next: one call for a key, not three.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Filtered {
    /// How the filter was read, and how many rows match.
    pub answer: QueryAnswer,
    /// The first matching rows.
    pub head: LogPage,
    /// Where the row that must not move is now; none where the filter hides it or none was named.
    pub anchor_at: Option<u32>,
}

/// Opens the log of a connection. Nothing is read before [`logs_show`]; the channel tells how things go until
/// [`logs_close`].
#[tauri::command]
#[specta::specta]
pub async fn logs_open(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
    channel: Channel<LogProgress>,
) -> CommandResult<LogView> {
    let settings = settings::read(&app)?;
    let (logbook, trouble) = logbooks::open(&state, connection_id, &settings).await?;
    state.note_use(connection_id);
    let view = OpenView::new(connection_id, logbook);
    let view_id = state.open_view(view.clone());
    spawn(report(view_id.clone(), view, channel));
    Ok(LogView { view_id, trouble })
}

/// Makes these days the range of the view and begins to read them: from the archive at once, the others from CIPP.
#[tauri::command]
#[specta::specta]
pub async fn logs_show(state: Shared<'_>, view_id: String, range: LogRange) -> CommandResult<ShownDays> {
    let OpenView { logbook, closed, .. } = state.view(&view_id)?;
    let (from, to) = days(&range, logbook.today())?;
    spawn(async move { closed.run_until_cancelled(logbook.show(from, to)).await });
    Ok(ShownDays {
        from: from.iso(),
        to: to.iso(),
    })
}

/// What showing these days would cost.
#[tauri::command]
#[specta::specta]
pub async fn logs_plan(state: Shared<'_>, view_id: String, range: LogRange) -> CommandResult<Plan> {
    let logbook = state.view(&view_id)?.logbook;
    let (from, to) = days(&range, logbook.today())?;
    work(logbook, move |logbook| logbook.plan(from, to)).await
}

/// Asks for today again, and for days that failed or are incomplete.
#[tauri::command]
#[specta::specta]
pub async fn logs_refresh(state: Shared<'_>, view_id: String) -> CommandResult<()> {
    let OpenView { logbook, closed, .. } = state.view(&view_id)?;
    spawn(async move { closed.run_until_cancelled(logbook.refresh()).await });
    Ok(())
}

/// Reads one day of the range anew.
#[tauri::command]
#[specta::specta]
pub async fn logs_fetch_day(state: Shared<'_>, view_id: String, day: String) -> CommandResult<()> {
    let OpenView { logbook, closed, .. } = state.view(&view_id)?;
    let day = day.parse::<Day>()?;
    spawn(async move { closed.run_until_cancelled(logbook.fetch_day(day)).await });
    Ok(())
}

/// Stops reading, one day or all; what is here stays.
#[tauri::command]
#[specta::specta]
pub async fn logs_cancel(state: Shared<'_>, view_id: String, day: Option<String>) -> CommandResult<()> {
    let logbook = state.view(&view_id)?.logbook;
    match day {
        Some(day) => logbook.cancel_day(day.parse::<Day>()?),
        None => logbook.cancel(),
    }
    Ok(())
}

/// Asks for today again and again, or stops that.
#[tauri::command]
#[specta::specta]
pub async fn logs_follow(state: Shared<'_>, view_id: String, on: bool) -> CommandResult<()> {
    state.view(&view_id)?.logbook.follow(on);
    Ok(())
}

/// Tells whether the window is in the background: following pauses there.
#[tauri::command]
#[specta::specta]
pub async fn logs_in_background(state: Shared<'_>, view_id: String, yes: bool) -> CommandResult<()> {
    state.view(&view_id)?.logbook.set_in_background(yes);
    Ok(())
}

/// Sets the time zone of the connection's instance (IANA name); none to find it out again. Kept in the settings.
#[tauri::command]
#[specta::specta]
pub async fn logs_set_instance_zone(
    app: AppHandle,
    state: Shared<'_>,
    view_id: String,
    zone: Option<String>,
) -> CommandResult<()> {
    let view = state.view(&view_id)?;
    let zone = zone.map(|name| logbooks::instance_zone(&name)).transpose()?;
    let mut kept = settings::read(&app)?;
    let id = view.connection_id.to_string();
    match &zone {
        Some(zone) => kept.instance_zones.insert(id, zone.name.clone()),
        None => kept.instance_zones.remove(&id),
    };
    settings::keep(&app, &kept)?;
    view.logbook.set_zone(zone);
    Ok(())
}

/// Closes a view and frees its memory.
#[tauri::command]
#[specta::specta]
pub async fn logs_close(state: Shared<'_>, view_id: String) -> CommandResult<()> {
    state.close_view(&view_id);
    Ok(())
}

/// Lays a filter over the rows; the one before gives way. With mistakes in the text the last good filter stays. `zone`
/// (IANA name) is the one that times in the text are meant in, `anchor` the row that the window keeps in its place, `rows`
/// how many of the first rows come along; filters are asked for without waiting, each with a larger `turn`.
#[tauri::command]
#[specta::specta]
pub async fn logs_query(
    state: Shared<'_>,
    view_id: String,
    text: String,
    zone: String,
    anchor: Option<RowId>,
    rows: u32,
    turn: u32,
) -> CommandResult<Filtered> {
    let zone = logbooks::zone(&zone)?;
    ask(state.view(&view_id)?.logbook, move |logbook| {
        let answer = logbook.set_query_in_turn(&text, zone, turn)?;
        Ok(Filtered {
            answer,
            head: logbook.page(0, rows.min(MOST_ROWS_A_PAGE)),
            anchor_at: anchor.and_then(|id| logbook.position(id)),
        })
    })
    .await
}

/// A filter text changed by the mouse: a chip, a facet, a bar, a value.
#[tauri::command]
#[specta::specta]
pub async fn logs_edit_query(text: String, edit: Edit) -> CommandResult<String> {
    Ok(log_query::edit(&text, &edit))
}

/// Proposals for the place of the cursor in the filter text.
#[tauri::command]
#[specta::specta]
pub async fn logs_complete(
    state: Shared<'_>,
    view_id: String,
    text: String,
    cursor: u32,
) -> CommandResult<Vec<Completion>> {
    work(state.view(&view_id)?.logbook, move |logbook| {
        logbook.complete(&text, cursor)
    })
    .await
}

/// Some consecutive matching rows.
#[tauri::command]
#[specta::specta]
pub async fn logs_page(state: Shared<'_>, view_id: String, offset: u32, limit: u32) -> CommandResult<LogPage> {
    Ok(state.view(&view_id)?.logbook.page(offset, limit.min(MOST_ROWS_A_PAGE)))
}

/// Values of some fields among the matching rows, with counts: those that contain `typed`, at most `most` a field.
#[tauri::command]
#[specta::specta]
pub async fn logs_facets(
    state: Shared<'_>,
    view_id: String,
    fields: Vec<FacetField>,
    typed: String,
    most: u32,
) -> CommandResult<Facets> {
    ask(state.view(&view_id)?.logbook, move |logbook| {
        logbook.facets(&fields, &typed, most.min(MOST_VALUES))
    })
    .await
}

/// The matching rows over time. Without a range (milliseconds since 1970): all loaded rows.
#[tauri::command]
#[specta::specta]
pub async fn logs_histogram(
    state: Shared<'_>,
    view_id: String,
    from_ms: Option<f64>,
    to_ms: Option<f64>,
    bars: u32,
    zone: String,
) -> CommandResult<Histogram> {
    let zone = logbooks::zone(&zone)?;
    let range = from_ms.zip(to_ms).map(|(from, to)| (from as i64, to as i64));
    ask(state.view(&view_id)?.logbook, move |logbook| {
        logbook.histogram(range, bars.clamp(1, MOST_BARS), zone)
    })
    .await
}

/// One row in full.
#[tauri::command]
#[specta::specta]
pub async fn logs_entry(state: Shared<'_>, view_id: String, id: RowId) -> CommandResult<LogEntry> {
    ask(state.view(&view_id)?.logbook, move |logbook| logbook.entry(id)).await
}

/// Where a row is among the matching ones; none where it is not.
#[tauri::command]
#[specta::specta]
pub async fn logs_position(state: Shared<'_>, view_id: String, id: RowId) -> CommandResult<Option<u32>> {
    Ok(state.view(&view_id)?.logbook.position(id))
}

/// The position of the newest matching row at or before a moment (milliseconds since 1970).
#[tauri::command]
#[specta::specta]
pub async fn logs_position_at(state: Shared<'_>, view_id: String, time_ms: f64) -> CommandResult<u32> {
    let time = Timestamp::from_millisecond(time_ms as i64).map_err(CommandError::internal)?;
    Ok(state.view(&view_id)?.logbook.position_at(time))
}

/// The next matching row of one of these severities below a position (above it: `backwards`); none from the end.
#[tauri::command]
#[specta::specta]
pub async fn logs_next(
    state: Shared<'_>,
    view_id: String,
    families: Vec<SeverityFamily>,
    from: i32,
    backwards: bool,
) -> CommandResult<Option<u32>> {
    work(state.view(&view_id)?.logbook, move |logbook| {
        logbook.next_of(&families, i64::from(from), backwards)
    })
    .await
}

/// Where else the same thing was logged.
#[tauri::command]
#[specta::specta]
pub async fn logs_same_thing(state: Shared<'_>, view_id: String, id: RowId) -> CommandResult<SameThing> {
    ask(state.view(&view_id)?.logbook, move |logbook| logbook.same_thing(id)).await
}

/// A row as text for the clipboard; `zone` is the second zone of the ticket's times.
#[tauri::command]
#[specta::specta]
pub async fn logs_copy(
    state: Shared<'_>,
    view_id: String,
    id: RowId,
    form: CopyForm,
    zone: String,
) -> CommandResult<String> {
    let zone = logbooks::zone(&zone)?;
    ask(state.view(&view_id)?.logbook, move |logbook| {
        logbook.copy(id, form, zone)
    })
    .await
}

/// The view as a command line. No secret is in it.
#[tauri::command]
#[specta::specta]
pub async fn logs_copy_as(state: Shared<'_>, view_id: String, form: ViewCommand) -> CommandResult<String> {
    work(state.view(&view_id)?.logbook, move |logbook| logbook.copy_as(form)).await
}

/// Asks a logbook something that takes milliseconds, off the threads that answer the window.
async fn work<T: Send + 'static>(
    logbook: Arc<Logbook>,
    question: impl FnOnce(&Logbook) -> T + Send + 'static,
) -> CommandResult<T> {
    spawn_blocking(move || question(&logbook))
        .await
        .map_err(CommandError::internal)
}

async fn ask<T: Send + 'static>(
    logbook: Arc<Logbook>,
    question: impl FnOnce(&Logbook) -> Result<T, LogbookError> + Send + 'static,
) -> CommandResult<T> {
    Ok(work(logbook, question).await??)
}

/// The first and the last day of a range.
fn days(range: &LogRange, today: Day) -> Result<(Day, Day), FieldError> {
    let (from, to) = match range {
        LogRange::Last { days } => (back(today, days.saturating_sub(1)), today),
        LogRange::Yesterday => (back(today, 1), back(today, 1)),
        LogRange::Between { from, to } => (Day::parse_for(Field::From, from)?, Day::parse_for(Field::To, to)?),
    };
    if to < from {
        return Err(FieldError::new(
            Field::To,
            "The last day is before the first.",
            "Choose a last day that is the same or later.",
        ));
    }
    if Day::range_newest_first(from, to).nth(MOST_DAYS).is_some() {
        return Err(FieldError::new(
            Field::From,
            "These are more than ten years.",
            "Choose fewer days; CIPP keeps its log for a year at most.",
        ));
    }
    Ok((from, to))
}

fn back(mut day: Day, days: u32) -> Day {
    for _ in 0..days.min(MOST_DAYS as u32) {
        day = day.previous().unwrap_or(day);
    }
    day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, to: &str) -> Result<(String, String), FieldError> {
        let range = LogRange::Between {
            from: from.into(),
            to: to.into(),
        };
        days(&range, "20260808".parse().unwrap()).map(|(from, to)| (from.iso(), to.iso()))
    }

    #[test]
    fn a_range_counts_back_from_the_instances_today() {
        let today = "20260301".parse().unwrap();
        let (from, to) = days(&LogRange::Last { days: 3 }, today).unwrap();
        assert_eq!((from.iso().as_str(), to.iso().as_str()), ("2026-02-27", "2026-03-01"));
        let (from, to) = days(&LogRange::Yesterday, today).unwrap();
        assert_eq!((from.iso().as_str(), to.iso().as_str()), ("2026-02-28", "2026-02-28"));
        let (from, to) = days(&LogRange::Last { days: 0 }, today).unwrap();
        assert_eq!((from, to), (today, today));
    }

    #[test]
    fn a_range_backwards_or_endless_is_refused_at_its_field() {
        assert_eq!(
            between("2026-02-27", "20260301").unwrap(),
            ("2026-02-27".into(), "2026-03-01".into())
        );
        assert_eq!(between("2026-03-02", "2026-03-01").unwrap_err().field, Field::To);
        assert_eq!(between("0001-01-01", "9999-12-31").unwrap_err().field, Field::From);
        assert_eq!(between("2026-02-30", "2026-03-01").unwrap_err().field, Field::From);
    }
}
