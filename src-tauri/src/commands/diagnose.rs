//! The ladder, what was called, what a text means, and breaking the sandbox on purpose.

use connections::ConnectionId;
use serde::Serialize;
use specta::Type;
use tauri::ipc::Channel;

use super::{Shared, connections::ConnectionInfo};
use crate::{
    demo::Demo,
    diagnose::{self, Diagnosis, DiagnosisHistory, Explained, RungOutcome},
    error::CommandResult,
};

/// A fault that the sandbox can play.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// A few words for the list.
    pub title: String,
    /// Cause and remedy, for whoever has guessed.
    pub teaches: String,
}

/// A call of this app, to whatever server.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NetworkCall {
    /// When it was sent.
    pub at: String,
    /// The server's name, with its port where it is not the usual one.
    pub host: String,
    /// The path, without the query; IDs and people's names in it are replaced.
    pub path: String,
    /// HTTP status; none where no reply came (yet).
    pub status: Option<u16>,
    /// Why there is no whole reply, in a word; empty where there is one, or the call is under way.
    pub outcome: String,
    /// Bytes of the reply that were read, after decompression.
    pub bytes: u32,
    /// In milliseconds; 0 while it is under way.
    pub duration_ms: u32,
    /// What it was for.
    pub reason: String,
}

/// Climbs the ladder of a connection; the climb before is cancelled. Looks and changes nothing.
#[tauri::command]
#[specta::specta]
pub async fn diagnose(
    state: Shared<'_>,
    connection_id: ConnectionId,
    channel: Channel<RungOutcome>,
) -> CommandResult<Diagnosis> {
    // A window that is gone does not listen.
    diagnose::run(&state, connection_id, move |outcome| drop(channel.send(outcome))).await
}

/// Ends the climb of this connection, if one is under way.
#[tauri::command]
#[specta::specta]
pub async fn diagnose_cancel(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<()> {
    state.cancel_climb(connection_id);
    Ok(())
}

/// The last climbs of a connection, and what has changed since it last worked.
#[tauri::command]
#[specta::specta]
pub async fn diagnosis_history(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<DiagnosisHistory> {
    diagnose::history(&state, connection_id).await
}

/// One of them as text for a ticket.
#[tauri::command]
#[specta::specta]
pub async fn diagnosis_report(
    state: Shared<'_>,
    connection_id: ConnectionId,
    started_at: String,
) -> CommandResult<String> {
    diagnose::report(&state, connection_id, &started_at).await
}

/// What a message of CIPP's log, with its data, may mean. Nothing is sent anywhere.
#[tauri::command]
#[specta::specta]
pub async fn explain_text(text: String) -> CommandResult<Explained> {
    Ok(diagnose::explain_log(&text))
}

/// The last calls of this app, newest first.
#[tauri::command]
#[specta::specta]
pub async fn network_calls(state: Shared<'_>) -> CommandResult<Vec<NetworkCall>> {
    let calls = state.ledger.calls().into_iter();
    Ok(calls
        .map(|call| NetworkCall {
            at: call.at.to_string(),
            host: call.host,
            path: call.path,
            status: call.status,
            outcome: call.outcome,
            bytes: u32::try_from(call.bytes).unwrap_or(u32::MAX),
            duration_ms: call.duration_ms,
            reason: call.reason.to_owned(),
        })
        .collect())
}

/// The faults that the sandbox can play.
#[tauri::command]
#[specta::specta]
pub async fn faults() -> CommandResult<Vec<Fault>> {
    let faults = sandbox::faults().into_iter();
    Ok(faults
        .map(|fault| Fault {
            name: fault.name,
            title: fault.title,
            teaches: fault.teaches,
        })
        .collect())
}

/// Breaks the sandbox in this way, or repairs it. Its connection changes with it, as a technician would have got it.
#[tauri::command]
#[specta::specta]
pub async fn fault_play(state: Shared<'_>, name: Option<String>) -> CommandResult<ConnectionInfo> {
    let demo = state.demo().await?;
    demo.play(name.as_deref()).await?;
    state.forget_client(demo.id());
    Ok(ConnectionInfo::of_sandbox(demo))
}

/// The fault that the sandbox plays.
#[tauri::command]
#[specta::specta]
pub async fn fault_playing(state: Shared<'_>) -> CommandResult<Option<String>> {
    Ok(state.demo_if_started().and_then(Demo::playing))
}
