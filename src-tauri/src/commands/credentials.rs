//! The life of a credential: where it is, replaced, when it ends, handed on without the secret, as a script.

use std::path::PathBuf;

use connections::ConnectionId;
use logbook::ConnectionScript;
use tauri::{AppHandle, async_runtime::spawn_blocking, ipc::Channel};
use tauri_plugin_dialog::DialogExt;

use super::{
    Shared, archive,
    connections::{ConnectionInfo, tell},
};
use crate::{
    connect::{self, SecretInput, TestProgress},
    credentials::{self, ImportedConnection, Whereabouts},
    error::{CommandError, CommandResult},
    settings,
    setup::Target,
};

/// Where the secret of a connection is, what else of it is on this computer, and how to remove it by hand.
#[tauri::command]
#[specta::specta]
pub async fn credential_where(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
) -> CommandResult<Whereabouts> {
    credentials::whereabouts(&state, connection_id, settings::file(&app)).await
}

/// Replaces the secret of a connection: the new one must sign in and read the log before the old one goes. Cancelled as
/// any test is.
#[tauri::command]
#[specta::specta]
pub async fn credential_replace(
    state: Shared<'_>,
    connection_id: ConnectionId,
    secret: SecretInput,
    channel: Channel<TestProgress>,
) -> CommandResult<ConnectionInfo> {
    let cancel = state.begin_test();
    let saved = connect::replace_secret(&state, connection_id, secret, &tell(channel), &cancel).await?;
    Ok(ConnectionInfo::of(&saved, state.keychain.place(&saved.id)))
}

/// Keeps the day on which a secret ends, `yyyy-MM-dd`; none when nobody knows it.
#[tauri::command]
#[specta::specta]
pub async fn credential_set_end(
    state: Shared<'_>,
    connection_id: ConnectionId,
    day: Option<String>,
) -> CommandResult<ConnectionInfo> {
    let saved = credentials::set_end(&state, connection_id, day).await?;
    Ok(ConnectionInfo::of(&saved, state.keychain.place(&saved.id)))
}

/// Asks Graph when the secret ends, through the person who is signed in for the connection. Cancelled as any test is.
#[tauri::command]
#[specta::specta]
pub async fn credential_look_up_end(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<ConnectionInfo> {
    let cancel = state.begin_test();
    let saved = credentials::look_up_end(&state, connection_id, &cancel).await?;
    Ok(ConnectionInfo::of(&saved, state.keychain.place(&saved.id)))
}

/// Puts off the reminder of the secret's end until the next one is due.
#[tauri::command]
#[specta::specta]
pub async fn credential_put_off(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<ConnectionInfo> {
    let saved = credentials::put_off(&state, connection_id).await?;
    Ok(ConnectionInfo::of(&saved, state.keychain.place(&saved.id)))
}

/// The connection as a script that asks for the secret when it is run.
#[tauri::command]
#[specta::specta]
pub async fn connection_script(
    state: Shared<'_>,
    connection_id: ConnectionId,
    form: ConnectionScript,
) -> CommandResult<String> {
    credentials::script(&state, connection_id, form).await
}

/// A file name to propose for an exported connection: in the downloads folder, with its name.
#[tauri::command]
#[specta::specta]
pub async fn connection_file_name(app: AppHandle, name: String) -> CommandResult<String> {
    archive::in_downloads(
        &app,
        &archive::file_name(&format!("{name} connection"), "CIPP connection", "json"),
    )
}

/// Writes a connection without its secret.
#[tauri::command]
#[specta::specta]
pub async fn connection_export(
    state: Shared<'_>,
    connection_id: ConnectionId,
    path: String,
    overwrite: bool,
) -> CommandResult<()> {
    let path = PathBuf::from(path.trim());
    credentials::export(&state, connection_id, Target { path, overwrite }).await
}

/// Asks for an exported connection with the system's own dialog; none when the person changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn choose_connection_file(app: AppHandle) -> CommandResult<Option<String>> {
    let chosen = spawn_blocking(move || {
        let dialog = app.dialog().file().add_filter("Connections", &["json"]);
        dialog.blocking_pick_file()
    })
    .await
    .map_err(CommandError::internal)?;
    Ok(chosen.map(|path| path.to_string()))
}

/// Reads an exported connection for the form. Nothing is stored, and the secret is still to be asked for.
#[tauri::command]
#[specta::specta]
pub async fn connection_import(state: Shared<'_>, path: String) -> CommandResult<ImportedConnection> {
    credentials::import(&state, PathBuf::from(path.trim())).await
}
