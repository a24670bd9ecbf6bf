//! The archive of a connection: looked at, checked, deleted, taken out in plain. And exports of what a view shows.

use std::path::PathBuf;

use connections::ConnectionId;
use logbook::{ExportFormat, ExportOptions, ExportProgress, ExportSummary};
use serde::Serialize;
use specta::Type;
use tauri::{AppHandle, Manager, async_runtime::spawn_blocking, ipc::Channel};
use tauri_plugin_dialog::DialogExt;

use super::Shared;
use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    logbooks,
};

/// What lies in the archive of a connection.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveStatus {
    /// The folder.
    pub folder: String,
    /// How many days are in it.
    pub days: u32,
    /// Its size in bytes.
    pub bytes: f64,
    /// The oldest day, `yyyy-MM-dd`.
    pub oldest: Option<String>,
    /// The newest day.
    pub newest: Option<String>,
    /// Why it cannot be read or written (no keychain, lost key), in a sentence.
    pub trouble: Option<String>,
}

/// How far work on an archive is.
#[derive(Clone, Copy, Debug, Default, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveProgress {
    /// Days done.
    pub done: u32,
    /// Days to do.
    pub of: u32,
}

/// What checking an archive found.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveCheck {
    /// Days that are whole.
    pub good_days: u32,
    /// Their rows.
    pub rows: u32,
    /// Days that are not, each with its reason. They were set aside and will be asked for again where CIPP has them.
    pub bad_days: Vec<BadDay>,
}

/// A day whose file is not whole.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BadDay {
    /// The day, `yyyy-MM-dd`.
    pub day: String,
    /// What is wrong, in a sentence.
    pub reason: String,
}

/// What lies in the archive of a connection.
#[tauri::command]
#[specta::specta]
pub async fn archive_status(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<ArchiveStatus> {
    logbooks::archive_status(&state, connection_id).await
}

/// Reads every day of the archive and checks that it is whole.
#[tauri::command]
#[specta::specta]
pub async fn archive_verify(
    state: Shared<'_>,
    connection_id: ConnectionId,
    channel: Channel<ArchiveProgress>,
) -> CommandResult<ArchiveCheck> {
    logbooks::verify_archive(&state, connection_id, channel).await
}

/// Deletes the archive of a connection; the bytes that became free. What CIPP still has can be read again.
#[tauri::command]
#[specta::specta]
pub async fn archive_delete(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<f64> {
    logbooks::delete_archive(&state, connection_id).await
}

/// Writes every day of the archive into a folder as a Parquet file without encryption; how many days.
#[tauri::command]
#[specta::specta]
pub async fn archive_export(
    state: Shared<'_>,
    connection_id: ConnectionId,
    folder: String,
    channel: Channel<ArchiveProgress>,
) -> CommandResult<u32> {
    logbooks::export_archive(&state, connection_id, PathBuf::from(folder), channel).await
}

/// Writes exactly the rows that match the view's filter to a file. A new export of the same view cancels the one before.
#[tauri::command]
#[specta::specta]
pub async fn logs_export(
    state: Shared<'_>,
    view_id: String,
    path: String,
    options: ExportOptions,
    channel: Channel<ExportProgress>,
) -> CommandResult<ExportSummary> {
    let view = state.view(&view_id)?;
    let cancel = view.begin_export();
    let path = PathBuf::from(path.trim());
    if !path.is_absolute() {
        return Err(CommandError::new(ErrorCode::Export, "This is not a whole file name.")
            .with_remedy("Choose a folder and a name for the file."));
    }
    let logbook = view.logbook;
    let done =
        spawn_blocking(move || logbook.export(&path, &options, &|progress| drop(channel.send(progress)), &cancel))
            .await
            .map_err(CommandError::internal)?;
    Ok(done?)
}

/// Stops the export of a view; the partial file is removed.
#[tauri::command]
#[specta::specta]
pub async fn logs_export_cancel(state: Shared<'_>, view_id: String) -> CommandResult<()> {
    state.view(&view_id)?.cancel_export();
    Ok(())
}

/// A file name to propose for an export: in the downloads folder, with the connection's name and the day.
#[tauri::command]
#[specta::specta]
pub async fn export_file_name(app: AppHandle, name: String, format: ExportFormat) -> CommandResult<String> {
    let ending = match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
        ExportFormat::Ndjson => "ndjson",
        ExportFormat::Xlsx => "xlsx",
        ExportFormat::Parquet => "parquet",
    };
    in_downloads(&app, &file_name(&name, "CIPP log", ending))
}

/// Asks for a file to write with the system's own dialog; none when the person changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn choose_export_file(app: AppHandle, proposed: String) -> CommandResult<Option<String>> {
    let proposed = PathBuf::from(proposed);
    let chosen = spawn_blocking(move || {
        let mut dialog = app.dialog().file();
        if let Some(folder) = proposed.parent() {
            dialog = dialog.set_directory(folder);
        }
        if let Some(name) = proposed.file_name() {
            dialog = dialog.set_file_name(name.to_string_lossy());
        }
        dialog.blocking_save_file()
    })
    .await
    .map_err(CommandError::internal)?;
    Ok(chosen.map(|path| path.to_string()))
}

/// Asks for a folder with the system's own dialog; none when the person changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn choose_folder(app: AppHandle) -> CommandResult<Option<String>> {
    let chosen = spawn_blocking(move || app.dialog().file().blocking_pick_folder())
        .await
        .map_err(CommandError::internal)?;
    Ok(chosen.map(|path| path.to_string()))
}

/// The whole name of a file in the downloads folder.
pub fn in_downloads(app: &AppHandle, name: &str) -> CommandResult<String> {
    let folder = app
        .path()
        .download_dir()
        .or_else(|_| app.path().home_dir())
        .map_err(CommandError::internal)?;
    Ok(folder.join(name).display().to_string())
}

/// A name that every system allows, with this ending; `unnamed` where nothing is left of the name.
pub fn file_name(name: &str, unnamed: &str, ending: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || " -_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(80)
        .collect();
    let safe = safe.trim_matches(|c: char| c == '.' || c == ' ' || c == '-');
    let safe = if safe.is_empty() { unnamed } else { safe };
    format!("{safe}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposed_name_is_one_that_every_system_allows() {
        let name = |name| file_name(name, "CIPP log", "csv");
        assert_eq!(name("Contoso: 7/11 *"), "Contoso- 7-11.csv");
        assert_eq!(name("../.."), "CIPP log.csv");
        assert_eq!(name("Zürich 2026-08-08"), "Zürich 2026-08-08.csv");
    }
}
