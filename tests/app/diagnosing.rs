//! Why it does not connect: broken and repaired as a technician would, in the sandbox and with a CIPP of one's own.

use std::fs;

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};

use crate::cipp::Cipp;

/// Waits until the ladder on the screen has ended like this.
async fn ended(window: &Window, verdict: &str) {
    let script = format!("return document.querySelector('[data-testid=verdict]')?.dataset.verdict === '{verdict}'");
    window.until(&format!("the ladder to end: {verdict}"), &script).await;
}

/// Waits until a rung stands like this.
async fn rung_stands(window: &Window, rung: &str, state: &str) {
    let script = format!("return document.querySelector('[data-rung={rung}]')?.dataset.state === '{state}'");
    window.until(&format!("{rung} to be {state}"), &script).await;
}

/// Breaks the sandbox from its bar, and climbs the ladder from there.
async fn break_and_diagnose(window: &Window, search: &str) {
    window.click("rail-logs").await;
    window.click("faults-open").await;
    window.type_into("faults-search", search).await;
    window.press(Key::Enter).await;
    window.see("fault-diagnose").await;
    window.click("fault-diagnose").await;
}

#[tokio::test]
async fn the_sandbox_is_broken_diagnosed_and_repaired() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &["--sandbox"]).await;
    window.see("log-row").await;
    window.read_in("status-pill", "ok").await;
    window.choose("range", "7d").await;
    let week = "return document.querySelectorAll('[data-testid^=day-2][data-state=complete], \
                [data-testid^=day-2][data-state=partial]').length === 7";
    window.until("the week is there", week).await;

    break_and_diagnose(&window, "expired").await;
    ended(&window, "broken").await;
    rung_stands(&window, "rightDoor", "passed").await;
    rung_stands(&window, "signIn", "failed").await;
    rung_stands(&window, "accepted", "notReached").await;
    window.read_in("verdict", "Broken at 4 Sign-in").await;
    window.read_in("diagnose", "The client secret has expired.").await;
    window.read_in("server-said", "code=7000222").await;
    window.read_in("status-pill", "4").await;
    // What is in the archive stays readable meanwhile.
    window.click("rail-logs").await;
    window.choose("range", "7d").await;
    window.see("log-row").await;

    window.click("fault-repair").await;
    window.click("rail-diagnose").await;
    window.click("diagnose-again").await;
    ended(&window, "works").await;
    window.read_in("status-pill", "ok").await;
    window.inspect("diagnose-works").await;
    window.close().await;
}

#[tokio::test]
async fn waiting_is_a_countdown_and_ends_when_it_works() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &["--sandbox"]).await;
    window.see("log-row").await;
    break_and_diagnose(&window, "not saved").await;
    ended(&window, "broken").await;
    window.see("wait-countdown").await;
    window.read_in("status-pill", "waiting").await;
    window.inspect("diagnose-waiting").await;
    window.click("stop-waiting").await;
    window.see_no_more("wait-countdown").await;

    window.click("diagnose-again").await;
    window.see("wait-countdown").await;
    window.click("try-now").await;
    window
        .until(
            "three runs are kept",
            "return document.querySelectorAll('[data-testid=run]').length === 3",
        )
        .await;
    window.see("wait-countdown").await;
    // What was broken is another thing now: nobody waits for it any more.
    window.click("fault-repair").await;
    window.see_no_more("wait-countdown").await;
    window.click("diagnose-again").await;
    ended(&window, "works").await;
    window.close().await;
}

#[tokio::test]
async fn a_connection_that_worked_says_what_has_changed() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = Window::open(&desktop, &[]).await;
    cipp.connect(&window, "Contoso MSP").await;
    window.click("rail-diagnose").await;
    window.click("diagnose-run").await;
    ended(&window, "works").await;

    cipp.play("ip_blocked").await;
    window.click("diagnose-again").await;
    ended(&window, "broken").await;
    rung_stands(&window, "allowed", "failed").await;
    window
        .read_in("diagnose", "public IP address is not in the API client")
        .await;
    window.read_in("what-changed", "Allowed").await;
    window.inspect("diagnose-broken").await;
    window.click("network-open").await;
    window.read_in("network-call", "/api/ListApiTest").await;
    window.picture("network").await;
    let shown = window.everything().await;
    assert!(
        !shown.contains(&cipp.known.client_secret),
        "the secret is in the window"
    );
    assert!(!shown.contains("eyJ"), "a token is in the window");
    window.press(Key::Escape).await;
    window.close().await;

    // What is kept of it holds neither secret nor token.
    let folder = desktop.folder().join("config/cipp-desk/diagnoses");
    let files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let kept = files.concat();
    assert!(kept.contains("ip-not-in-range"), "{kept}");
    assert!(!kept.contains(&cipp.known.client_secret) && !kept.contains("eyJ"));

    // It is there after the next start.
    cipp.play("healthy").await;
    let window = Window::open(&desktop, &[]).await;
    window.click("rail-diagnose").await;
    ended(&window, "broken").await;
    window.click("diagnose-again").await;
    ended(&window, "works").await;
    window.close().await;
}

#[tokio::test]
async fn a_climb_is_cancelled_at_once() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = Window::open(&desktop, &[]).await;
    cipp.connect(&window, "Contoso MSP").await;
    cipp.play("hang").await;
    window.click("rail-diagnose").await;
    window.click("diagnose-run").await;
    window.see("diagnose-cancel").await;
    window.picture("diagnose-running").await;
    window.click("diagnose-cancel").await;
    ended(&window, "cancelled").await;
    window.close().await;
}
