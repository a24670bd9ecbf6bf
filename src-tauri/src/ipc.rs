//! The wire to the UI: the one list of commands. `ui/src/bindings.ts` is generated from it (`npm run bindings`), the
//! window's permissions are checked against it.

use tauri::Wry;
use tauri_specta::{Builder, collect_commands};

use crate::commands;

macro_rules! command_list {
    ($($area:ident :: $name:ident),+ $(,)?) => {
        /// Every command the UI may call.
        pub fn commands() -> Builder<Wry> {
            Builder::<Wry>::new()
                .commands(collect_commands![$(commands::$area::$name),+])
                // Every type reads as it is written: one TypeScript type for both ways.
                .disable_serde_phases()
        }

        /// Their names, for the tests.
        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

command_list![
    settings::app_info,
    keychain::keychain_status,
    keychain::keychain_retry,
    keychain::keychain_use_session_memory,
    connections::connections_list,
    connections::connections_set_damaged_aside,
    connections::recognise,
    connections::forget_draft,
    connections::check_field,
    connections::check_secret_shape,
    connections::connection_save,
    connections::connection_test,
    connections::connection_cancel_test,
    connections::connection_remove,
    connections::sandbox_start,
    credentials::credential_where,
    credentials::credential_replace,
    credentials::credential_set_end,
    credentials::credential_look_up_end,
    credentials::credential_put_off,
    credentials::connection_script,
    credentials::connection_file_name,
    credentials::connection_export,
    credentials::choose_connection_file,
    credentials::connection_import,
    logs::logs_open,
    logs::logs_show,
    logs::logs_plan,
    logs::logs_refresh,
    logs::logs_fetch_day,
    logs::logs_cancel,
    logs::logs_follow,
    logs::logs_in_background,
    logs::logs_set_instance_zone,
    logs::logs_close,
    logs::logs_query,
    logs::logs_edit_query,
    logs::logs_complete,
    logs::logs_page,
    logs::logs_facets,
    logs::logs_histogram,
    logs::logs_entry,
    logs::logs_position,
    logs::logs_position_at,
    logs::logs_next,
    logs::logs_same_thing,
    logs::logs_copy,
    logs::logs_copy_as,
    archive::logs_export,
    archive::logs_export_cancel,
    archive::export_file_name,
    archive::choose_export_file,
    archive::choose_folder,
    archive::archive_status,
    archive::archive_verify,
    archive::archive_delete,
    archive::archive_export,
    checklists::checklists,
    checklists::checklist_choose_variant,
    checklists::checklist_change,
    checklists::checklist_check,
    checklists::checklist_cancel,
    checklists::checklist_file_name,
    checklists::checklist_write,
    checklists::choose_checklist_file,
    checklists::checklist_import,
    sign_in::sign_in_about,
    sign_in::sign_in,
    sign_in::sign_in_device,
    sign_in::sign_in_open_page,
    sign_in::sign_in_cancel,
    sign_in::sign_out,
    sign_in::signed_in,
    diagnose::diagnose,
    diagnose::diagnose_cancel,
    diagnose::diagnosis_history,
    diagnose::diagnosis_report,
    diagnose::explain_text,
    diagnose::network_calls,
    diagnose::faults,
    diagnose::fault_play,
    diagnose::fault_playing,
    window::set_narrow,
    settings::settings,
    settings::settings_save,
    links::open_link,
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use specta_typescript::Typescript;

    use super::*;

    /// Fails where the committed bindings are stale; UPDATE_BINDINGS=1 (`npm run bindings`) rewrites them.
    #[test]
    fn bindings_are_current() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings.ts");
        let folder = tempfile::tempdir().unwrap();
        let generated = folder.path().join("bindings.ts");
        commands().export(Typescript::default(), &generated).unwrap();
        let fresh = fs::read_to_string(&generated).unwrap();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            fs::write(&committed, &fresh).unwrap();
        }
        // A checkout on Windows may have turned the line ends.
        let committed = fs::read_to_string(&committed).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            fresh == committed,
            "ui/src/bindings.ts is stale: run `npm run bindings`"
        );
    }

    /// build.rs cannot see the list above, so it reads a file of its own.
    #[test]
    fn the_list_for_the_build_names_the_same_commands() {
        let listed: Vec<&str> = include_str!("../commands.txt").lines().collect();
        assert_eq!(listed, NAMES);
    }

    #[test]
    fn the_window_may_call_these_commands_and_nothing_else() {
        let capability: serde_json::Value = serde_json::from_str(include_str!("../capabilities/main.json")).unwrap();
        let granted: Vec<&str> = capability["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let own = NAMES.iter().map(|name| format!("allow-{}", name.replace('_', "-")));
        let expected: Vec<String> = ["core:event:allow-listen", "core:event:allow-unlisten"]
            .into_iter()
            .map(str::to_owned)
            .chain(own)
            .collect();
        assert_eq!(granted, expected);
    }

    #[test]
    fn the_content_security_policy_allows_nothing_foreign() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let policy = config["app"]["security"]["csp"].as_object().unwrap();
        assert_eq!(policy["default-src"], "'none'");
        for (directive, sources) in policy {
            let sources = sources.as_str().unwrap();
            for loose in ["unsafe", "blob:", "*", "https:"] {
                assert!(!sources.contains(loose), "{directive} allows {sources}");
            }
            assert!(
                !sources.contains("data:") || directive == "img-src",
                "{directive} allows {sources}"
            );
        }
        assert_eq!(config["app"]["withGlobalTauri"], false);
        assert_eq!(config["app"]["security"]["freezePrototype"], true);
        assert_eq!(config["app"]["security"]["capabilities"], serde_json::json!(["main"]));
    }
}
