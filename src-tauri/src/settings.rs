//! Preferences, kept by tauri-plugin-store in the app's data folder and reached from Rust alone. No secret, no
//! connection and nothing about the window's place is among them.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::AppHandle;
use tauri_plugin_store::StoreExt;

use crate::error::{CommandError, CommandResult};

const FILE: &str = "settings.json";
const KEY: &str = "settings";

/// What a person prefers. Fields that an older version did not know have their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// The zone in which times are shown: `mine` (this computer's), `instance` (the CIPP instance's), `utc`, or an IANA
    /// name.
    pub time_zone: String,
    /// The connection to open first.
    pub last_connection_id: Option<String>,
    /// Widths of the log's columns in pixels, by column.
    pub columns: BTreeMap<String, u32>,
    /// The log's columns that are shown, in their order; empty for the usual ones.
    pub column_order: Vec<String>,
    /// Width of the detail pane in pixels.
    pub detail_width: u32,
    /// Whether the facets are shown.
    pub facets_open: bool,
    /// Width of the facets in pixels.
    pub facets_width: u32,
    /// Whether the histogram is shown.
    pub histogram_open: bool,
    /// Whether single letters are shortcuts.
    pub letter_keys: bool,
    /// Views that a person saved, in their order.
    pub saved_views: Vec<SavedView>,
    /// Time zones of instances that a person set, by connection; IANA names.
    pub instance_zones: BTreeMap<String, String>,
    /// What is kept on disk.
    pub archive: ArchiveSettings,
    /// Memory that loaded rows may take, megabytes; 0 for the usual: 1 GB, or a quarter of this computer's if that is
    /// less.
    pub memory_megabytes: u32,
    /// Who changes a checklist, as it stands in its history and in the report; empty for the system's user name.
    pub person_name: String,
    /// The application as which a person signs in at Microsoft; empty for Microsoft's own public tools.
    pub sign_in_app_id: String,
    /// What a person said about a connection's set-up because nothing could look it up, by connection.
    pub setup_facts: BTreeMap<String, SetupFacts>,
    /// Where a person left off in the checklists, by keys of the window's own.
    pub setup_places: BTreeMap<String, String>,
}

/// What a person said about a set-up. An empty text is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", default)]
pub struct SetupFacts {
    /// The service account's user name.
    pub account: String,
    /// The application ID of CIPP-SAM.
    pub sam_app_id: String,
    /// The ID of the Azure subscription that holds CIPP.
    pub subscription: String,
    /// The Function App's whole resource ID, `/subscriptions/.../sites/...`.
    pub site: String,
}

/// A view that a person saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SavedView {
    /// What the person called it; each name once.
    pub name: String,
    /// The filter.
    pub query: String,
    /// The days: the kind of range as the UI names it (`today`, `7d`), or `2026-08-01..2026-08-08`; none to leave them.
    pub range: Option<String>,
    /// The columns that are shown, in their order; empty to leave them.
    pub columns: Vec<String>,
}

/// What is kept on disk of the logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", default)]
pub struct ArchiveSettings {
    /// Whether closed days are kept.
    pub enabled: bool,
    /// How many days are kept; 0 for ever.
    pub keep_days: u32,
    /// How many megabytes the archive of a connection may take; 0 without end.
    pub max_megabytes: u32,
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

impl Default for Settings {
    fn default() -> Self {
        Settings {
            theme: Theme::System,
            time_zone: "mine".to_owned(),
            last_connection_id: None,
            columns: BTreeMap::new(),
            column_order: Vec::new(),
            detail_width: 420,
            facets_open: true,
            facets_width: 220,
            histogram_open: true,
            letter_keys: true,
            saved_views: Vec::new(),
            instance_zones: BTreeMap::new(),
            archive: ArchiveSettings::default(),
            memory_megabytes: 0,
            person_name: String::new(),
            sign_in_app_id: String::new(),
            setup_facts: BTreeMap::new(),
            setup_places: BTreeMap::new(),
        }
    }
}

impl Default for ArchiveSettings {
    fn default() -> Self {
        ArchiveSettings {
            enabled: true,
            keep_days: 90,
            max_megabytes: 0,
        }
    }
}

impl Settings {
    /// Who is at this computer, for histories and reports.
    pub fn person(&self) -> String {
        let typed = self.person_name.trim();
        if typed.is_empty() {
            user_name()
        } else {
            typed.to_owned()
        }
    }

    /// A connection was removed: what was kept for it goes with it.
    pub fn forget(&mut self, connection: &str) {
        if self.last_connection_id.as_deref() == Some(connection) {
            self.last_connection_id = None;
        }
        self.instance_zones.remove(connection);
        self.setup_facts.remove(connection);
        // The window's keys are `<connection>/<checklist>`.
        let of_it = |key: &str| key.split('/').next() == Some(connection);
        self.setup_places.retain(|key, _| !of_it(key));
    }

    /// What the window wants kept. The zones of instances are set by a command of their own, so the window's copy of them
    /// may be older than what is kept.
    pub fn with_zones_of(self, kept: Settings) -> Settings {
        Settings {
            instance_zones: kept.instance_zones,
            ..self
        }
    }
}

/// The name by which the system knows the person who started the app.
pub fn user_name() -> String {
    let variable = if cfg!(windows) { "USERNAME" } else { "USER" };
    let name = std::env::var(variable).unwrap_or_default();
    match name.trim() {
        "" => "you".to_owned(),
        name => name.to_owned(),
    }
}

/// Reads the settings. What a newer or older version wrote and this one does not understand gives the defaults back.
pub fn read(app: &AppHandle) -> CommandResult<Settings> {
    let kept = app.store(FILE)?.get(KEY);
    Ok(kept
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default())
}

/// The file in which the preferences are; it may not exist yet.
pub fn file(app: &AppHandle) -> Option<PathBuf> {
    tauri_plugin_store::resolve_store_path(app, FILE).ok()
}

/// Takes out what was kept for a connection that was removed.
pub fn forget(app: &AppHandle, connection: &str) -> CommandResult<()> {
    let before = read(app)?;
    let mut after = before.clone();
    after.forget(connection);
    if after == before { Ok(()) } else { keep(app, &after) }
}

/// Keeps the settings.
pub fn keep(app: &AppHandle, settings: &Settings) -> CommandResult<()> {
    let store = app.store(FILE)?;
    store.set(KEY, serde_json::to_value(settings).map_err(CommandError::internal)?);
    Ok(store.save()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_two_connections() -> Settings {
        let both = |value: &str| BTreeMap::from(["one", "two"].map(|id| (id.to_owned(), value.to_owned())));
        Settings {
            last_connection_id: Some("one".into()),
            instance_zones: both("Asia/Tokyo"),
            setup_facts: BTreeMap::from(["one", "two"].map(|id| (id.to_owned(), SetupFacts::default()))),
            setup_places: ["one/", "one/list", "two/list", "none/list"]
                .map(|key| (key.to_owned(), "step".to_owned()))
                .into(),
            ..Settings::default()
        }
    }

    #[test]
    fn a_removed_connection_leaves_nothing_and_the_others_keep_theirs() {
        let mut settings = of_two_connections();
        settings.forget("one");
        assert!(
            !serde_json::to_string(&settings).unwrap().contains("\"one"),
            "{settings:?}"
        );
        assert_eq!(settings.last_connection_id, None);
        assert_eq!(settings.instance_zones.keys().collect::<Vec<_>>(), ["two"]);
        assert_eq!(settings.setup_facts.keys().collect::<Vec<_>>(), ["two"]);
        assert_eq!(
            settings.setup_places.keys().collect::<Vec<_>>(),
            ["none/list", "two/list"]
        );
        let before = settings.clone();
        settings.forget("one");
        assert_eq!(settings, before);
    }

    /// The window reads the settings once. A zone that was set since then must not be lost when it keeps something else.
    #[test]
    fn what_the_window_keeps_does_not_take_back_a_zone_that_was_set() {
        let window = Settings {
            theme: Theme::Dark,
            instance_zones: BTreeMap::new(),
            ..of_two_connections()
        };
        let kept = window.with_zones_of(of_two_connections());
        assert_eq!(kept.theme, Theme::Dark);
        assert_eq!(kept.instance_zones.len(), 2);
    }
}
