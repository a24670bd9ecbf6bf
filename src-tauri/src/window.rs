//! The one window: how it opens, where it may go (nowhere), and that its size and place are remembered.

use std::{sync::Arc, time::Duration};

use tauri::{
    AppHandle, Manager, Url, WebviewWindow, WebviewWindowBuilder, Wry,
    plugin::TauriPlugin,
    webview::{NewWindowResponse, PageLoadEvent},
};
use tauri_plugin_window_state::StateFlags;

use crate::state::AppState;

const LABEL: &str = "main";
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
            PageLoadEvent::Started => forget_what_the_last_page_opened(&window),
            PageLoadEvent::Finished => show(&window),
        })
        .build()?;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(SHOWN_AT_LATEST_AFTER).await;
        show(&window);
    });
    Ok(())
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
    if let Err(error) = window.show() {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// A page that is loaded anew knows nothing of the views of the one before: they would stay in memory for ever.
fn forget_what_the_last_page_opened(window: &WebviewWindow) {
    window.state::<Arc<AppState>>().close_all_views();
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
