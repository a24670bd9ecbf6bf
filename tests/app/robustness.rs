//! What goes wrong around the app: a damaged file, a second start, another program at the same file.

use std::fs;
use std::time::{Duration, Instant};

use cipp_desk_tests::desktop::{Desktop, Process};
use cipp_desk_tests::window::{Window, built};

use crate::cipp::Cipp;

#[tokio::test]
async fn a_damaged_file_of_connections_is_named_left_alone_and_set_aside_on_request() {
    let desktop = Desktop::new();
    let folder = desktop.folder().join("config/cipp-desk");
    fs::create_dir_all(&folder).unwrap();
    let damaged = "{ \"version\": 1, \"connections\": [ { \"name\": \"Cont";
    fs::write(folder.join("connections.json"), damaged).unwrap();

    let window = Window::open(&desktop, &[]).await;
    window.read_in("connections-failure", "connections.json").await;
    window.inspect("connections-damaged").await;
    assert_eq!(fs::read_to_string(folder.join("connections.json")).unwrap(), damaged);
    window.click("set-aside").await;
    window.see("set-aside-done").await;
    window.see("empty-connections").await;
    let kept = fs::read_dir(&folder).unwrap().flatten();
    let kept = kept
        .filter(|file| fs::read_to_string(file.path()).is_ok_and(|text| text == damaged))
        .count();
    assert_eq!(kept, 1, "the damaged file is kept under another name");

    // Everything works again.
    let cipp = Cipp::playing("healthy").await;
    window.click("add-connection").await;
    cipp.fill_in(&window, "Anew").await;
    window.click("test-and-save").await;
    window.see("log-row").await;
    window.close().await;
}

#[tokio::test]
async fn a_second_start_hands_over_to_the_first_and_ends() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    let mut second = desktop.command(built("cipp-desk")).spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = second.try_wait().unwrap() {
            break status;
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the second start did not end"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(status.success());
    // The first one goes on.
    window.click("door-sandbox").await;
    window.see("log-row").await;
    window.close().await;
}

/// The first is frozen, so that the second is still telling it about its start when it ends.
#[tokio::test]
async fn a_start_in_the_moment_in_which_the_app_ends_still_opens_a_window() {
    let desktop = Desktop::new();
    let start = |log: &str| {
        let log = fs::File::create(desktop.folder().join(log)).unwrap();
        Process::start(desktop.command(built("cipp-desk")).stderr(log))
    };
    // The keychain is tested when the first screen stands.
    let stands = "keychain tested";
    let first = start("first.log");
    desktop.wait_for_file_with("first.log", stands).await;
    first.signal("STOP");
    let _second = start("second.log");
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(first);
    desktop.wait_for_file_with("second.log", stands).await;
}

#[tokio::test]
async fn a_connection_added_in_the_terminal_is_used_by_the_app_with_its_secret() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let known = &cipp.known;
    let window = Window::open(&desktop, &[]).await;
    let added = desktop
        .command(built("cippctl"))
        .args([
            "connections",
            "add",
            "--name",
            "From the terminal",
            "--secret-env",
            "CIPP_SECRET",
        ])
        .args(["--api-url", &known.api_url, "--tenant-id", &known.tenant_id])
        .args(["--client-id", &known.client_id, "--authority", &known.authority])
        .env("CIPP_SECRET", &known.client_secret)
        .output()
        .unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    window.close().await;

    let window = Window::open(&desktop, &[]).await;
    window.read_in("connection", "From the terminal").await;
    window.click("open").await;
    window.see("log-row").await;
    window.close().await;
}

#[tokio::test]
async fn the_page_can_neither_leave_nor_load_anything_from_elsewhere() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    let _ = window.run("location.href = 'https://example.com/'", vec![]).await;
    let _ = window.run("window.open('https://example.com/')", vec![]).await;
    window.see("door-sandbox").await;
    let place = window.run("return location.href", vec![]).await;
    assert!(place.as_str().unwrap().starts_with("tauri://localhost"), "{place}");
    let fetched = window
        .run_async(
            "const done = arguments[0]; fetch('https://example.com/').then(() => done('sent'), () => done('blocked'))",
        )
        .await;
    assert_eq!(fetched, "blocked");
    window.close().await;
}
