//! Computers whose keychain is missing, locked or hanging: the app says so, works on, and never writes a secret.

use std::path::PathBuf;

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::Window;

use crate::cipp::Cipp;

async fn banner_says(window: &Window, state: &str) {
    let css = format!("return document.querySelector('[data-testid=keychain-banner]')?.dataset.state === '{state}'");
    window.until(&format!("the keychain banner says {state}"), &css).await;
}

/// Connecting for this session only, on a computer that cannot keep secrets.
async fn this_session_only(desktop: &Desktop) {
    let cipp = Cipp::playing("healthy").await;
    let window = Window::open(desktop, &[]).await;
    window.see("door-sandbox").await;
    banner_says(&window, "missing").await;
    window.inspect("keychain-missing").await;
    window.click("keychain-session").await;
    window.see_no_more("keychain-banner").await;
    cipp.connect(&window, "Session").await;
    window.click("rail-connections").await;
    window.read_in("connection", "this session only").await;
    window.close().await;

    let nowhere: Vec<PathBuf> = Vec::new();
    assert_eq!(
        desktop.files_with(cipp.known.client_secret.as_bytes()),
        nowhere,
        "files that hold the secret"
    );

    // The connection is still there; its secret is not, and the app says what to do.
    let window = Window::open(desktop, &[]).await;
    banner_says(&window, "missing").await;
    window.see("logs-trouble").await;
    window.close().await;
}

#[tokio::test]
async fn without_a_keychain_a_secret_lasts_for_the_session_and_is_in_no_file() {
    this_session_only(&Desktop::without_keychain()).await;
}

#[tokio::test]
async fn without_a_session_bus_the_app_works_the_same_way() {
    this_session_only(&Desktop::without_bus()).await;
}

#[tokio::test]
async fn a_keychain_that_appears_later_is_found_without_a_restart() {
    let mut desktop = Desktop::without_keychain();
    let window = Window::open(&desktop, &[]).await;
    banner_says(&window, "missing").await;
    desktop.start_keychain();
    window.click("keychain-retry").await;
    window.see_no_more("keychain-banner").await;
    let cipp = Cipp::playing("healthy").await;
    cipp.connect(&window, "Late").await;
    // The client secret, and the key of the archive.
    assert_eq!(desktop.keychain_items(), 2);
    window.close().await;
}

#[tokio::test]
async fn a_locked_keychain_is_named_and_used_once_it_is_unlocked() {
    let mut desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = Window::open(&desktop, &[]).await;
    cipp.connect(&window, "Locked away").await;
    window.close().await;

    desktop.lock_keychain();
    let window = Window::open(&desktop, &[]).await;
    banner_says(&window, "locked").await;
    window.inspect("keychain-locked").await;
    desktop.unlock_keychain();
    window.click("keychain-retry").await;
    window.see_no_more("keychain-banner").await;
    window.click("rail-connections").await;
    window.click("open").await;
    window.see("log-row").await;
    window.close().await;
}

#[tokio::test]
async fn a_keychain_that_hangs_holds_up_neither_the_start_nor_the_sandbox() {
    let desktop = Desktop::new();
    desktop.freeze_keychain();
    let window = Window::open(&desktop, &[]).await;
    window.click("door-sandbox").await;
    window.see("log-row").await;
    banner_says(&window, "notAnswering").await;
    window.inspect("keychain-hanging").await;
    desktop.thaw_keychain();
    window.click("keychain-retry").await;
    window.see_no_more("keychain-banner").await;
    window.close().await;
}
