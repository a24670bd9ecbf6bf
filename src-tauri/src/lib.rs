//! The shell: window, plugins, typed commands. Thin; what the app can do lives in the crates beside it.
//!
//! Here, in the order of a start: the log of the program, the state, the plugins, the window, the commands.
//! Not here: any request (`cipp-client`), where secrets rest (`connections`), rows (`logbook`).

mod commands;
mod connect;
mod credentials;
mod demo;
mod diagnose;
mod error;
mod ipc;
mod logbooks;
mod microsoft;
mod progress;
mod settings;
mod setup;
mod state;
#[cfg(test)]
mod testing;
mod window;

use std::{
    io::IsTerminal,
    process::{Command, ExitCode},
    sync::Arc,
    time::Duration,
};

use tauri::{App, AppHandle, Manager, RunEvent};
use tracing_subscriber::EnvFilter;

use state::AppState;

/// Runs the app until its window is closed.
pub fn run() -> ExitCode {
    log_to_stderr();
    let app = AppState::new().map_err(|error| error.to_string());
    match app.and_then(|state| build(state).map_err(|error| error.to_string())) {
        Ok(app) => {
            app.run(|app, event| forget_at_the_end(app, &event));
            ExitCode::SUCCESS
        }
        Err(error) if error.contains(OTHER_IS_ENDING) && start_once_more() => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "CIPP Desk could not start");
            ExitCode::FAILURE
        }
    }
}

/// The process ends without dropping its state: tokens are wiped by hand.
fn forget_at_the_end(app: &AppHandle, event: &RunEvent) {
    if let RunEvent::Exit = event {
        app.state::<Arc<AppState>>().sign_ins.sign_out();
    }
}

/// What the single-instance plugin says when the running app ended while it was being told of this start.
const OTHER_IS_ENDING: &str = "failed to forward arguments to the running instance";
const STARTED_ONCE_MORE: &str = "CIPP_DESK_STARTED_ONCE_MORE";

/// Somebody who closes the app and opens it again at once must get a window: the other one is gone in a moment, and
/// then a new process takes its place. Whether that was done; it is done once.
fn start_once_more() -> bool {
    if std::env::var_os(STARTED_ONCE_MORE).is_some() {
        return false;
    }
    std::thread::sleep(Duration::from_secs(1));
    let started = std::env::current_exe().and_then(|app| {
        Command::new(app)
            .args(std::env::args_os().skip(1))
            .env(STARTED_ONCE_MORE, "1")
            .spawn()
    });
    started.is_ok()
}

fn build(state: AppState) -> tauri::Result<App> {
    tauri::Builder::default()
        // First of all plugins: a second start must end before it touches anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            window::bring_to_front(app)
        }))
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(window::remember_size_and_place())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .manage(Arc::new(state))
        .manage(window::Narrow::default())
        .invoke_handler(ipc::commands().invoke_handler())
        .setup(|app| Ok(window::open(app.handle())?))
        .build(tauri::generate_context!())
}

/// The program's own log goes to stderr; RUST_LOG chooses what.
fn log_to_stderr() {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,cipp_desk=info"));
    let filter = without_bodies(chosen);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second subscriber (in tests) is refused, which is fine.
    let _ = log.with_ansi(std::io::stderr().is_terminal()).try_init();
}

/// Bodies, secrets and tokens are never logged anywhere, so the libraries that carry them are held back whatever was
/// chosen.
fn without_bodies(chosen: EnvFilter) -> EnvFilter {
    let quiet = [
        "h2=warn",
        "hyper=warn",
        "hyper_util=warn",
        "oauth2=warn",
        "openidconnect=warn",
        "reqwest=warn",
        "rustls=warn",
        "zbus=warn",
    ];
    let quiet = quiet.into_iter().filter_map(|directive| directive.parse().ok());
    quiet.fold(chosen, EnvFilter::add_directive)
}
