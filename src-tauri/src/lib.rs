//! The shell: window, plugins, typed commands. Thin; what the app can do lives in the crates beside it.
//!
//! Here, in the order of a start: the log of the program, the state, the plugins, the window, the commands.
//! Not here: any request (`cipp-client`), where secrets rest (`connections`), rows (`log-archive`).

mod commands;
mod connect;
mod demo;
mod error;
mod ipc;
mod progress;
mod settings;
mod state;
mod window;

use std::{process::ExitCode, sync::Arc};

use tauri::{App, Manager};
use tracing_subscriber::EnvFilter;

use state::AppState;

/// Runs the app until its window is closed.
pub fn run() -> ExitCode {
    log_to_stderr();
    let commands = ipc::commands();
    let app = tauri::Builder::default()
        // First of all plugins: a second start must end before it touches anything.
        .plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| {
            window::bring_to_front(app)
        }))
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(window::remember_size_and_place())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .invoke_handler(commands.invoke_handler())
        .setup(|app| Ok(set_up(app)?))
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "CIPP Desk could not start");
            ExitCode::FAILURE
        }
    }
}

fn set_up(app: &mut App) -> Result<(), Box<dyn std::error::Error>> {
    let state = Arc::new(AppState::new()?);
    app.manage(Arc::clone(&state));
    // In the background: a keychain that hangs must not keep the window waiting.
    tauri::async_runtime::spawn(async move {
        let status = state.keychain_status().await;
        tracing::info!(store = %status.store, state = ?status.state, "keychain tested");
    });
    window::open(app.handle())?;
    Ok(())
}

/// The program's own log goes to stderr; RUST_LOG chooses what. Bodies, secrets and tokens are never logged anywhere.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,cipp_desk=info"));
    // A second subscriber (in tests) is refused, which is fine.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
