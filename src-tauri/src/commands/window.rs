//! The window itself, as far as its page may say what it is like.

use tauri::{AppHandle, State};

use crate::{
    error::{CommandError, CommandResult},
    window::{self, Narrow},
};

/// A narrow window that stays on top, to stand beside the browser; off gives it its former size back.
#[tauri::command]
#[specta::specta]
pub async fn set_narrow(app: AppHandle, narrow: State<'_, Narrow>, on: bool) -> CommandResult<()> {
    window::set_narrow(&app, &narrow, on).map_err(CommandError::internal)
}
