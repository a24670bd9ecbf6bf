//! Connecting to a CIPP: by pasting, with the secret going to the keychain and never coming back.

use std::fs;

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::Window;

use crate::cipp::Cipp;

/// A window open on the connect form.
async fn form(desktop: &Desktop) -> Window {
    let window = Window::open(desktop, &[]).await;
    window.click("door-connect").await;
    window
}

#[tokio::test]
async fn a_pasted_block_leads_to_rows_and_again_after_a_restart_without_a_trace_of_the_secret() {
    // The most talkative log there is, so that anything that could be written down is.
    let desktop = Desktop::new().env("RUST_LOG", "trace");
    let cipp = Cipp::playing("healthy").await;
    let secret = cipp.known.client_secret.clone();

    let window = form(&desktop).await;
    cipp.fill_in(&window, "Contoso MSP").await;
    assert_eq!(window.value("field-tenantId").await, cipp.known.tenant_id);
    assert_eq!(window.value("field-clientId").await, cipp.known.client_id);
    window.see("secret-recognised").await;
    assert!(
        !window.everything().await.contains(&secret),
        "a recognised secret does not stay in the page"
    );
    window.click("test-and-save").await;
    window.see("log-row").await;
    window.read_in("connection-switcher", "Contoso MSP").await;
    assert!(
        !window.everything().await.contains(&secret),
        "after saving the page knows no secret"
    );
    // The client secret, and the key of the archive.
    assert_eq!(desktop.keychain_items(), 2);

    // The last connection is remembered a moment after it was opened.
    let saved = fs::read_to_string(desktop.file("connections.json")).unwrap();
    let id = uuid_in(&saved);
    desktop.wait_for_file_with("settings.json", &id).await;
    window.close().await;

    let window = Window::open(&desktop, &[]).await;
    window.see("log-row").await;
    window.read_in("connection-switcher", "Contoso MSP").await;
    assert!(!window.everything().await.contains(&secret));
    window.close().await;

    assert_eq!(
        desktop.files_with(secret.as_bytes()),
        Vec::<std::path::PathBuf>::new(),
        "files that hold the secret"
    );
}

fn uuid_in(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    value["connections"][0]["id"]
        .as_str()
        .expect("the file has a list of connections with ids")
        .to_owned()
}

#[tokio::test]
async fn a_typed_secret_is_gone_from_the_page_once_it_is_saved() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = form(&desktop).await;
    window.type_into("field-apiUrl", &cipp.known.api_url).await;
    window.type_into("field-tenantId", &cipp.known.tenant_id).await;
    window.type_into("field-clientId", &cipp.known.client_id).await;
    window.type_into("field-secret", &cipp.known.client_secret).await;
    window.type_into("field-name", "Typed").await;
    window
        .run("document.querySelector('details.advanced').open = true", vec![])
        .await;
    window.type_into("field-authority", &cipp.known.authority).await;
    window.click("test-and-save").await;
    window.see("log-row").await;
    assert!(!window.everything().await.contains(&cipp.known.client_secret));

    // Not in the form either, when the connection is edited.
    window.click("rail-connections").await;
    window.click("edit").await;
    window.read_in("secret-stored", "stored in").await;
    assert!(!window.sees("field-secret").await);
    assert!(!window.everything().await.contains(&cipp.known.client_secret));

    // And it is kept when something else changes.
    window.type_into("field-name", "Renamed").await;
    window.click("test-and-save").await;
    window.see("log-row").await;
    window.read_in("connection-switcher", "Renamed").await;
    window.close().await;
}

#[tokio::test]
async fn a_secret_id_is_called_one_before_anything_is_sent() {
    let desktop = Desktop::new();
    let window = form(&desktop).await;
    window
        .type_into("field-secret", "3f2b8c1e-52f4-4d0e-9b7a-0c1d2e3f4a5b")
        .await;
    window.read_in("problem-secret", "ID").await;
    window.picture("connect-secret-id").await;
    window.close().await;
}

#[tokio::test]
async fn a_malformed_value_is_named_at_its_field_while_typing() {
    let desktop = Desktop::new();
    let window = form(&desktop).await;
    window.type_into("field-apiUrl", "http://cipp.example.com").await;
    window.read_in("problem-apiUrl", "https").await;
    window.type_into("field-clientId", "not-a-guid").await;
    window.see("problem-clientId").await;
    window.close().await;
}

#[tokio::test]
async fn nothing_is_stored_when_the_test_fails_and_the_entries_stay() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("expired_secret").await;
    let window = form(&desktop).await;
    cipp.fill_in(&window, "Expired").await;
    window.click("test-and-save").await;
    window.read_in("connect-failure", "expired").await;
    window.inspect("connect-failed-light").await;
    assert_eq!(window.value("field-name").await, "Expired");
    assert_eq!(desktop.keychain_items(), 0);
    let file = desktop.folder().join("config/cipp-desk/connections.json");
    assert!(!fs::read_to_string(file).unwrap_or_default().contains("Expired"));
    window.close().await;
}

#[tokio::test]
async fn addresses_with_api_at_the_end_once_or_twice_are_understood() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    let once = Cipp::playing("api_in_address").await;
    once.connect(&window, "Once").await;
    let twice = Cipp::playing("api_doubled").await;
    twice.add_untested(&window, "Twice").await;
    window.see("log-row").await;
    window.close().await;
}

#[tokio::test]
async fn a_test_that_hangs_can_be_cancelled() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("hang").await;
    let window = form(&desktop).await;
    cipp.fill_in(&window, "Hangs").await;
    window.click("test-and-save").await;
    window.click("cancel-test").await;
    window.see_no_more("cancel-test").await;
    assert!(!window.sees("connect-failure").await, "to cancel is no failure");
    assert_eq!(desktop.keychain_items(), 0);
    window.close().await;
}

#[tokio::test]
async fn removing_a_connection_takes_its_secret_along() {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = Window::open(&desktop, &[]).await;
    cipp.connect(&window, "Short-lived").await;
    // The client secret, and the key of the archive.
    assert_eq!(desktop.keychain_items(), 2);
    window.click("rail-connections").await;
    window.click("remove").await;
    window.read_in("remove-dialog", "client secret").await;
    window.accessible("the question before removing").await;
    window.click("remove-confirm").await;
    window.see("empty-connections").await;
    assert_eq!(desktop.keychain_items(), 0);
    window.close().await;
}
