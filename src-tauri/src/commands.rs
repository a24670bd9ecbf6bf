//! The commands, by area: unpack, one call into a room, map the error. The list of all is in `ipc.rs`.

pub mod archive;
pub mod checklists;
pub mod connections;
pub mod credentials;
pub mod diagnose;
pub mod keychain;
pub mod links;
pub mod logs;
pub mod settings;
pub mod sign_in;
pub mod window;

use std::sync::Arc;

use tauri::State;

/// The app's state as commands get it.
type Shared<'a> = State<'a, Arc<crate::state::AppState>>;
