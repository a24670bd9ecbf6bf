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

use std::{io::IsTerminal, process::ExitCode, sync::Arc};

use tauri::App;
use tracing_subscriber::EnvFilter;

use state::AppState;

/// Runs the app until its window is closed.
pub fn run() -> ExitCode {
    log_to_stderr();
    let app = AppState::new().map_err(|error| error.to_string());
    match app.and_then(|state| build(state).map_err(|error| error.to_string())) {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(error, "CIPP Desk could not start");
            ExitCode::FAILURE
        }
    }
}

fn build(state: AppState) -> tauri::Result<App> {
    tauri::Builder::default()
        // First of all plugins: a second start must end before it touches anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            window::bring_to_front(app)
        }))
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(window::remember_size_and_place())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .manage(Arc::new(state))
        .invoke_handler(ipc::commands().invoke_handler())
        .setup(|app| Ok(window::open(app.handle())?))
        .build(tauri::generate_context!())
}

/// The program's own log goes to stderr; RUST_LOG chooses what. Bodies, secrets and tokens are never logged anywhere,
/// so the libraries that carry them are held back whatever it says.
fn log_to_stderr() {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,cipp_desk=info"));
    let quiet = [
        "h2=warn",
        "hyper=warn",
        "hyper_util=warn",
        "reqwest=warn",
        "rustls=warn",
        "zbus=warn",
    ];
    let quiet = quiet.into_iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(chosen, EnvFilter::add_directive);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second subscriber (in tests) is refused, which is fine.
    let _ = log.with_ansi(std::io::stderr().is_terminal()).try_init();
}
