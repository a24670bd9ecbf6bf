//! The window itself, as far as its page may say what it is like.

use tauri::AppHandle;

use crate::{error::CommandResult, window};

/// A narrow window that stays on top, to stand beside the browser; off gives it its former size back.
#[tauri::command]
#[specta::specta]
pub async fn set_narrow(app: AppHandle, on: bool) -> CommandResult<()> {
    window::set_narrow(&app, on).await
}
