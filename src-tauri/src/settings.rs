//! Preferences, kept by tauri-plugin-store in the app's data folder and reached from Rust alone. No secret, no
//! connection and nothing about the window's place is among them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::AppHandle;
use tauri_plugin_store::StoreExt;

use crate::error::{CommandError, CommandResult};

const FILE: &str = "settings.json";
const KEY: &str = "settings";

/// What a person prefers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// The zone in which times are shown.
    pub time_zone: ZoneChoice,
    /// The connection to open first.
    pub last_connection_id: Option<String>,
    /// Widths of the log's columns in pixels, by column.
    pub columns: BTreeMap<String, u32>,
    /// Width of the detail pane in pixels.
    pub detail_width: u32,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system says.
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// The zone in which times are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ZoneChoice {
    /// This computer's.
    Mine,
    /// UTC.
    Utc,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            theme: Theme::System,
            time_zone: ZoneChoice::Mine,
            last_connection_id: None,
            columns: BTreeMap::new(),
            detail_width: 420,
        }
    }
}

/// Reads the settings. What a newer or older version wrote and this one does not understand gives the defaults back.
pub fn read(app: &AppHandle) -> CommandResult<Settings> {
    let kept = app.store(FILE)?.get(KEY);
    Ok(kept
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default())
}

/// Keeps the settings.
pub fn keep(app: &AppHandle, settings: &Settings) -> CommandResult<()> {
    let store = app.store(FILE)?;
    store.set(KEY, serde_json::to_value(settings).map_err(CommandError::internal)?);
    Ok(store.save()?)
}
