//! A connection as a file: written without its secret, read back into the form that asks for it.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use connections::{ConnectionId, SavedConnection, SharedConnection, free_name};
use jiff::Timestamp;
use serde::Serialize;
use specta::Type;
use tauri::async_runtime::spawn_blocking;

use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    setup::{Target, write_file},
    state::AppState,
};

/// No exported connection is longer; nothing more is read of what is.
const LONGEST: u64 = 128 * 1024;

/// A connection that came in a file, for the form: nothing is stored yet, and the secret is still to be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ImportedConnection {
    /// A name that is free here.
    pub name: String,
    /// The name in the file, where that one is taken here.
    pub name_taken: Option<String>,
    /// CIPP's API address.
    pub api_url: String,
    /// The tenant.
    pub tenant_id: String,
    /// The API client.
    pub client_id: String,
    /// The sign-in server; none for Microsoft's public cloud.
    pub authority: Option<String>,
    /// A connection that leads to the same CIPP with the same client already.
    pub same_as: Option<String>,
}

/// Writes a connection without its secret.
pub async fn export(state: &Arc<AppState>, id: ConnectionId, target: Target) -> CommandResult<()> {
    let saved = state.connection(id).await?;
    let shared = SharedConnection {
        name: saved.name,
        connection: saved.connection,
    };
    spawn_blocking(move || write_file(&target, &shared.text(Timestamp::now())))
        .await
        .map_err(CommandError::internal)?
}

/// Reads a file that a person chose. Nothing is stored.
pub async fn import(state: &Arc<AppState>, path: PathBuf) -> CommandResult<ImportedConnection> {
    let shared = spawn_blocking(move || Ok::<_, CommandError>(SharedConnection::read(&text_of(&path)?)?))
        .await
        .map_err(CommandError::internal)??;
    let known = state.with_store(|store| store.list()).await?;
    Ok(ImportedConnection::of(shared, &known))
}

impl ImportedConnection {
    fn of(shared: SharedConnection, known: &[SavedConnection]) -> ImportedConnection {
        let folded = |name: &str| name.trim().to_lowercase();
        let is_taken = |name: &str| known.iter().any(|saved| folded(&saved.name) == folded(name));
        let connection = shared.connection;
        let same = known.iter().find(|saved| {
            saved.connection.api_url == connection.api_url && saved.connection.client_id == connection.client_id
        });
        ImportedConnection {
            name_taken: is_taken(&shared.name).then(|| shared.name.clone()),
            name: free_name(&shared.name, is_taken),
            api_url: connection.api_url.to_string(),
            tenant_id: connection.tenant_id.to_string(),
            client_id: connection.client_id.to_string(),
            authority: (!connection.authority.is_default()).then(|| connection.authority.to_string()),
            same_as: same.map(|saved| saved.name.clone()),
        }
    }
}

fn text_of(path: &Path) -> CommandResult<String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::InvalidData => "it is not text".to_owned(),
            ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        CommandError::new(
            ErrorCode::NotAConnection,
            format!("This file could not be read: {why}."),
        )
        .with_remedy("Choose a file that CIPP Desk exported (Connections, Export).")
    })
}
