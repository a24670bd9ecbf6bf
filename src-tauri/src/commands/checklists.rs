//! The checklists and what was ticked, for each connection apart.

use checklist::Checklist;
use connections::ConnectionId;
use jiff::Timestamp;

use super::Shared;
use crate::error::{CommandError, CommandResult};

/// Every checklist with the ticks of a connection, or those made before there was one.
#[tauri::command]
#[specta::specta]
pub async fn checklists(state: Shared<'_>, connection_id: Option<ConnectionId>) -> CommandResult<Vec<Checklist>> {
    let ticked = state.ticks.of(connection_id.map(|id| id.to_string()).as_deref())?;
    Ok(checklist::all()?
        .iter()
        .map(|checklist| checklist.with_ticks(&ticked))
        .collect())
}

/// Ticks a step, or takes its tick away.
#[tauri::command]
#[specta::specta]
pub async fn checklist_tick(
    state: Shared<'_>,
    connection_id: Option<ConnectionId>,
    checklist_id: String,
    step_id: String,
    ticked: bool,
) -> CommandResult<Checklist> {
    let connection = connection_id.map(|id| id.to_string());
    let at = ticked.then(Timestamp::now);
    let ticks = state.ticks.set(connection.as_deref(), &checklist_id, &step_id, at)?;
    let checklist = checklist::all()?.iter().find(|checklist| checklist.id == checklist_id);
    // The room refuses a step that does not exist before this could happen.
    let checklist = checklist.ok_or_else(|| CommandError::internal(format!("no checklist {checklist_id}")))?;
    Ok(checklist.with_ticks(&ticks))
}
