//! The keychain's state: where secrets rest, and what to do when they cannot.

use connections::KeychainStatus;

use super::Shared;
use crate::error::CommandResult;

/// How the keychain is; waits for the test at the start.
#[tauri::command]
#[specta::specta]
pub async fn keychain_status(state: Shared<'_>) -> CommandResult<KeychainStatus> {
    Ok(state.keychain_status().await)
}

/// Tries the keychain anew; the system may ask the person to unlock it.
#[tauri::command]
#[specta::specta]
pub async fn keychain_retry(state: Shared<'_>) -> CommandResult<KeychainStatus> {
    Ok(state.keychain.retry().await)
}

/// From now on secrets stay in memory, until the app closes.
#[tauri::command]
#[specta::specta]
pub async fn keychain_use_session_memory(state: Shared<'_>) -> CommandResult<KeychainStatus> {
    state.keychain.use_session_memory();
    Ok(state.keychain.status())
}
