//! The checklists: for each connection apart, and for the time before there is one.

use std::path::PathBuf;

use checklist::Change;
use connections::ConnectionId;
use tauri::{AppHandle, async_runtime::spawn_blocking, ipc::Channel};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;

use super::{Shared, archive};
use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    settings,
    setup::{self, CheckNews, Checked, ChecklistFile, ChecklistView, Imported, Target},
};

/// Every checklist as it stands for a connection, or for the time before there is one.
#[tauri::command]
#[specta::specta]
pub async fn checklists(state: Shared<'_>, connection_id: Option<ConnectionId>) -> CommandResult<Vec<ChecklistView>> {
    setup::views(&state, connection_id).await
}

/// Answers the question that picks a checklist's variant.
#[tauri::command]
#[specta::specta]
pub async fn checklist_choose_variant(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: Option<ConnectionId>,
    checklist_id: String,
    variant: String,
) -> CommandResult<ChecklistView> {
    let by = settings::read(&app)?.person();
    setup::choose_variant(&state, connection_id, checklist_id, variant, by).await
}

/// Does to a step what a person asks for: confirm, undo, not applicable, wait, note ...
#[tauri::command]
#[specta::specta]
pub async fn checklist_change(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: Option<ConnectionId>,
    checklist_id: String,
    step_id: String,
    change: Change,
) -> CommandResult<ChecklistView> {
    let by = settings::read(&app)?.person();
    setup::change(&state, connection_id, checklist_id, step_id, change, by).await
}

/// Looks at one step, or at all that a check can prove; nothing is changed in CIPP or at Microsoft. One round after the
/// other: a second one waits for its turn.
#[tauri::command]
#[specta::specta]
pub async fn checklist_check(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
    checklist_id: String,
    step_id: Option<String>,
    channel: Channel<CheckNews>,
) -> CommandResult<Checked> {
    let settings = settings::read(&app)?;
    // A window that is gone does not listen.
    let tell = move |news| drop(channel.send(news));
    setup::check(&state, connection_id, checklist_id, step_id, &settings, tell).await
}

/// Stops the checks that are under way; what was found until then is kept.
#[tauri::command]
#[specta::specta]
pub async fn checklist_cancel(state: Shared<'_>) -> CommandResult<()> {
    state.rounds.cancel();
    Ok(())
}

/// A file name to propose: in the downloads folder, with the connection's name.
#[tauri::command]
#[specta::specta]
pub async fn checklist_file_name(app: AppHandle, name: String, file: ChecklistFile) -> CommandResult<String> {
    let ending = match file {
        ChecklistFile::Markdown => "md",
        ChecklistFile::Html => "html",
        ChecklistFile::Run => "json",
    };
    archive::in_downloads(&app, &archive::file_name(&name, "CIPP setup", ending))
}

/// Writes the setup report, or the run for a colleague; `show` opens a report that is a page in the system's browser, to be
/// read and printed.
#[tauri::command]
#[specta::specta]
pub async fn checklist_write(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: Option<ConnectionId>,
    file: ChecklistFile,
    path: String,
    overwrite: bool,
    show: bool,
) -> CommandResult<()> {
    let settings = settings::read(&app)?;
    let version = app.package_info().version.to_string();
    let path = PathBuf::from(path.trim());
    let target = Target {
        path: path.clone(),
        overwrite,
    };
    setup::write(&state, connection_id, file, target, &settings, version).await?;
    // Only what is a page by its name too: the system decides by the name what to start.
    let is_page = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("html"));
    if !(show && is_page && file == ChecklistFile::Html) {
        return Ok(());
    }
    app.opener()
        .open_path(path.display().to_string(), None::<&str>)
        .map_err(|error| {
            CommandError::new(
                ErrorCode::Internal,
                "The report is written, but the browser could not be opened.",
            )
            .with_remedy(format!("Open it yourself: {}", path.display()))
            .with_detail(error.to_string())
        })
}

/// Asks for an exported run with the system's own dialog; none when the person changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn choose_checklist_file(app: AppHandle) -> CommandResult<Option<String>> {
    let chosen = spawn_blocking(move || {
        let dialog = app.dialog().file().add_filter("Checklist runs", &["json"]);
        dialog.blocking_pick_file()
    })
    .await
    .map_err(CommandError::internal)?;
    Ok(chosen.map(|path| path.to_string()))
}

/// Brings the run that a colleague exported into this one. Steps at which both went on apart wait for a choice.
#[tauri::command]
#[specta::specta]
pub async fn checklist_import(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: Option<ConnectionId>,
    path: String,
) -> CommandResult<Imported> {
    let by = settings::read(&app)?.person();
    setup::import(&state, connection_id, PathBuf::from(path.trim()), by).await
}
