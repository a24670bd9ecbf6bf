//! The one window: how it opens, where it may go (nowhere), that its size and place are remembered, and that it can stand
//! narrow beside a browser.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tauri::{
    AppHandle, LogicalSize, Manager, PhysicalSize, Url, WebviewWindow, WebviewWindowBuilder, Wry,
    plugin::TauriPlugin,
    webview::{NewWindowResponse, PageLoadEvent},
};
use tauri_plugin_window_state::StateFlags;

use crate::{
    error::{CommandError, CommandResult},
    state::{AppState, lock},
};

const LABEL: &str = "main";
/// Width beside a browser, in the screen's own pixels before scaling.
const NARROW: f64 = 380.0;
/// No less high, beside a browser either.
const NARROW_HEIGHT: f64 = 480.0;
/// A page that does not finish loading is shown all the same after this time.
const SHOWN_AT_LATEST_AFTER: Duration = Duration::from_secs(3);

/// Opens the window as tauri.conf.json describes it. It stays hidden until its page has loaded: no white flash, in
/// dark mode least of all.
pub fn open(app: &AppHandle) -> tauri::Result<()> {
    let config = app.config().app.windows.iter().find(|window| window.label == LABEL);
    let config = config.ok_or(tauri::Error::WindowNotFound)?.clone();
    let window = WebviewWindowBuilder::from_config(app, &config)?
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_page_load(|window, load| match load.event() {
            PageLoadEvent::Started => forget_what_the_last_page_did(&window),
            PageLoadEvent::Finished => show(&window),
        })
        .build()?;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SHOWN_AT_LATEST_AFTER).await;
        show(&window);
    });
    Ok(())
}

/// What the window was like before it became narrow; none while it is not. Only the main thread looks at it: elsewhere a
/// lock held while the window is asked something would wait for a main thread that waits for the lock.
#[derive(Default)]
pub struct Narrow(Mutex<Option<Former>>);

struct Former {
    size: PhysicalSize<u32>,
    maximized: bool,
}

/// Makes the window narrow and keeps it on top, or gives it back what it was. Asking for what is already so is fine.
pub async fn set_narrow(app: &AppHandle, on: bool) -> CommandResult<()> {
    let (done, result) = tokio::sync::oneshot::channel();
    let handle = app.clone();
    app.run_on_main_thread(move || drop(done.send(set_narrow_here(&handle, on))))
        .map_err(CommandError::internal)?;
    let set = result.await.map_err(CommandError::internal)?;
    set.map_err(CommandError::internal)
}

/// The same on the main thread.
fn set_narrow_here(app: &AppHandle, on: bool) -> tauri::Result<()> {
    let window = app.get_webview_window(LABEL).ok_or(tauri::Error::WindowNotFound)?;
    let narrow = app.state::<Narrow>();
    let mut former = lock(&narrow.0);
    match (on, former.take()) {
        (true, None) => *former = Some(make_narrow(&window)?),
        (true, already) => *former = already,
        (false, Some(before)) => make_wide(&window, &before)?,
        (false, None) => {}
    }
    Ok(())
}

fn make_narrow(window: &WebviewWindow) -> tauri::Result<Former> {
    let maximized = window.is_maximized()?;
    if maximized {
        window.unmaximize()?;
    }
    let size = window.inner_size()?;
    let height = size.to_logical::<f64>(window.scale_factor()?).height.max(NARROW_HEIGHT);
    window.set_min_size(Some(LogicalSize::new(NARROW, NARROW_HEIGHT)))?;
    window.set_size(LogicalSize::new(NARROW, height))?;
    window.set_always_on_top(true)?;
    Ok(Former { size, maximized })
}

fn make_wide(window: &WebviewWindow, before: &Former) -> tauri::Result<()> {
    window.set_always_on_top(false)?;
    window.set_size(before.size)?;
    window.set_min_size(smallest(window.app_handle()))?;
    if before.maximized {
        window.maximize()?;
    }
    Ok(())
}

/// The size that is remembered may be the one beside a browser, in which the app was closed.
fn widen_if_it_was_left_narrow(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle();
    let size: LogicalSize<f64> = window.inner_size()?.to_logical(window.scale_factor()?);
    let config = app.config().app.windows.iter().find(|window| window.label == LABEL);
    match (smallest(app), config) {
        (Some(smallest), Some(config)) if size.width < smallest.width => {
            window.set_size(LogicalSize::new(config.width, size.height.max(smallest.height)))
        }
        _ => Ok(()),
    }
}

/// The smallest size of the window when it is not narrow, as tauri.conf.json has it.
fn smallest(app: &AppHandle) -> Option<LogicalSize<f64>> {
    let config = app.config().app.windows.iter().find(|window| window.label == LABEL)?;
    Some(LogicalSize::new(config.min_width?, config.min_height?))
}

/// Shows the window to a person who started the app a second time.
pub fn bring_to_front(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let raised = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
}

/// Remembers size and place, but not visibility: the window shows itself when its page is ready.
pub fn remember_size_and_place() -> TauriPlugin<Wry> {
    tauri_plugin_window_state::Builder::default()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .build()
}

fn show(window: &WebviewWindow) {
    if window.is_visible().unwrap_or(false) {
        return;
    }
    if let Err(error) = widen_if_it_was_left_narrow(window) {
        tracing::warn!(%error, "the window could not be made wide again");
    }
    if let Err(error) = window.show() {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// A page that is loaded anew knows nothing of the views of the one before: they would stay in memory for ever. Nor does
/// it wait for a round of checks or a sign-in; whoever is signed in stays so.
fn forget_what_the_last_page_did(window: &WebviewWindow) {
    let state = window.state::<Arc<AppState>>();
    state.close_all_views();
    state.rounds.cancel();
    state.sign_ins.cancel();
    if let Err(error) = set_narrow_here(window.app_handle(), false) {
        tracing::warn!(%error, "the window could not be made wide again");
    }
}

/// Whether an address is the app's own page. Everything else is refused: links go to the system's browser by
/// `open_link`, and nothing from outside is ever shown beside the app's commands.
fn is_own_page(url: &Url) -> bool {
    match (url.scheme(), url.host_str()) {
        // macOS and Linux.
        ("tauri", Some("localhost")) => true,
        // Windows.
        ("http" | "https", Some("tauri.localhost")) => true,
        _ => url.as_str() == "about:blank",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apps_own_page_may_be_shown() {
        let own = |url: &str| is_own_page(&Url::parse(url).unwrap());
        assert!(own("tauri://localhost/"));
        assert!(own("tauri://localhost/index.html"));
        assert!(own("http://tauri.localhost/"));
        for elsewhere in [
            "https://example.com/",
            "http://localhost/",
            "tauri://example.com/",
            "https://tauri.localhost.example.com/",
            "https://example.com/tauri.localhost",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
        ] {
            assert!(!own(elsewhere), "{elsewhere}");
        }
    }
}
