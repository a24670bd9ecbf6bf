//! What the UI needs to know about the app, and the preferences.

use jiff::{Zoned, tz::TimeZone};
use serde::Serialize;
use specta::Type;
use tauri::AppHandle;

use super::Shared;
use crate::{
    demo,
    error::CommandResult,
    settings::{self as kept, Settings},
};

/// What the UI needs to know about the app and this computer.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// The app's version.
    pub version: String,
    /// The operating system.
    pub os: Os,
    /// This computer's offset from UTC now, such as `+02:00`.
    pub utc_offset: String,
    /// This computer's time zone, such as `Europe/Amsterdam`; empty when the system does not name it.
    pub time_zone: String,
    /// The system's user name: who changes a checklist, as long as no other name is set.
    pub user_name: String,
    /// The file of connections.
    pub connections_file: String,
    /// What to open at the start; none for what was open last.
    pub start_on: Option<StartOn>,
}

/// The operating system.
#[derive(Clone, Copy, Debug, Serialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum Os {
    /// Linux and its relatives.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    #[serde(rename = "macos")]
    Mac,
}

/// What to open at the start.
#[derive(Clone, Copy, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum StartOn {
    /// The sandbox.
    Sandbox,
}

/// What the UI needs to know about the app.
#[tauri::command]
#[specta::specta]
pub async fn app_info(app: AppHandle, state: Shared<'_>) -> CommandResult<AppInfo> {
    Ok(AppInfo {
        version: app.package_info().version.to_string(),
        os: this_os(),
        utc_offset: Zoned::now().strftime("%:z").to_string(),
        time_zone: TimeZone::system().iana_name().unwrap_or_default().to_owned(),
        user_name: kept::user_name(),
        connections_file: state.store.path().display().to_string(),
        start_on: demo::is_wanted_at_start().then_some(StartOn::Sandbox),
    })
}

/// The preferences.
#[tauri::command]
#[specta::specta]
pub async fn settings(app: AppHandle) -> CommandResult<Settings> {
    kept::read(&app)
}

/// Keeps the preferences.
#[tauri::command]
#[specta::specta]
pub async fn settings_save(app: AppHandle, settings: Settings) -> CommandResult<()> {
    let settings = settings.with_zones_of(kept::read(&app)?);
    kept::keep(&app, &settings)
}

fn this_os() -> Os {
    if cfg!(windows) {
        Os::Windows
    } else if cfg!(target_os = "macos") {
        Os::Mac
    } else {
        Os::Linux
    }
}
