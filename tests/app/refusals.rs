//! What can be wrong with a connection, and the sentence that says so on the screen.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::Window;

use crate::cipp::Cipp;

/// Scenario of the sandbox, code of the error, words of its sentence.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("website_address", "wrongAddress", "is CIPP's website, not its API"),
    ("html_instead_of_json", "wrongAddress", "web page"),
    ("expired_secret", "signInRefused", "expired"),
    ("app_disabled", "signInRefused", "disabled"),
    ("not_saved", "notAccepted", "did not accept"),
    ("client_not_allowed", "notAllowed", "does not list this API client"),
    (
        "ip_blocked",
        "notAllowed",
        "IP address is not in the API client's allowed range",
    ),
    ("role_deleted", "notAllowed", "no role that exists"),
    ("role_lacks_permission", "notAllowed", "lacks the permission"),
    ("endpoint_blocked", "notAllowed", "blocks this part of the API"),
    ("subscription_ended", "notAllowed", "subscription"),
    ("wrong_app", "notAllowed", "helper app"),
];

#[tokio::test]
async fn each_refusal_is_named_on_the_screen_with_the_next_step() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    window.click("door-connect").await;
    for (scenario, code, words) in REFUSALS {
        let cipp = Cipp::playing(scenario).await;
        fails_with(&window, &cipp, code, words).await;
        window.picture(&format!("refused-{scenario}")).await;
    }
    window.accessible("the connect form after a refusal").await;
    window.close().await;
}

#[tokio::test]
async fn each_wrong_value_is_named_on_the_screen() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    window.click("door-connect").await;
    let right = Cipp::playing("healthy").await.known;
    let unknown = "9e3f2a10-4b5c-4d6e-8f70-a1b2c3d4e5f6";

    let mut cipp = Cipp::playing("healthy").await;
    cipp.known.client_secret = right.client_secret.clone();
    fails_with(&window, &cipp, "signInRefused", "secret").await;

    let mut cipp = Cipp::playing("healthy").await;
    cipp.known.tenant_id = unknown.into();
    fails_with(&window, &cipp, "signInRefused", "tenant").await;

    let mut cipp = Cipp::playing("healthy").await;
    cipp.known.client_id = unknown.into();
    fails_with(&window, &cipp, "signInRefused", "client").await;

    // The sandbox of `right` has ended: nobody listens there any more.
    let mut cipp = Cipp::playing("healthy").await;
    cipp.known.api_url = right.api_url.clone();
    fails_with(&window, &cipp, "unreachable", "refused the connection").await;
    window.close().await;
}

async fn fails_with(window: &Window, cipp: &Cipp, code: &str, words: &str) {
    cipp.fill_in(window, "Refused").await;
    window.click("test-and-save").await;
    window.read_in("connect-failure", words).await;
    assert_eq!(
        window.attribute("connect-failure", "data-code").await.as_deref(),
        Some(code),
        "{words}"
    );
    let text = window.text("connect-failure").await;
    assert!(!text.contains(&cipp.known.client_secret), "{text}");
    // The failure of this attempt must not be taken for that of the next one.
    window
        .run(
            "document.querySelector('[data-testid=connect-failure] p').textContent = ''",
            vec![],
        )
        .await;
}
