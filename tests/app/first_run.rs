//! The first start, when nothing is known yet.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};

#[tokio::test]
async fn enter_alone_leads_from_the_three_doors_to_the_rows_of_the_sandbox() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    for door in ["door-sandbox", "door-connect", "door-setup"] {
        window.see(door).await;
    }
    window
        .until(
            "the first door has the focus",
            "return document.activeElement.dataset.testid === 'door-sandbox'",
        )
        .await;
    window.press(Key::Enter).await;
    window.see("log-row").await;
    window.read_in("sandbox-bar", "made up").await;
    assert!(
        !desktop.folder().join("config/cipp-desk/connections.json").exists(),
        "the sandbox is no saved connection"
    );
    window.close().await;
}

#[tokio::test]
async fn started_on_the_sandbox_the_app_opens_with_its_rows() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &["--sandbox"]).await;
    window.see("log-row").await;
    window.see("sandbox-bar").await;
    window.close().await;
}

#[tokio::test]
async fn the_third_door_leads_to_the_checklists() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    window.click("door-setup").await;
    window.read_in("step-create-the-client", "Create the API client").await;
    window.click("setup-list-create-the-cipp-service-account").await;
    window.read_in("step-new-user", "Choose New user").await;
    window.read_in("step", "walkthrough").await;
    window.close().await;
}
