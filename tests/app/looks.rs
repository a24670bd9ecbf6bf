//! Every screen in light and dark: checked for accessibility, and a picture of each for people to look at.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};

use crate::cipp::Cipp;

#[tokio::test]
async fn every_screen_is_accessible_in_light() {
    every_screen("light").await;
}

#[tokio::test]
async fn every_screen_is_accessible_in_dark() {
    every_screen("dark").await;
}

async fn every_screen(theme: &str) {
    let desktop = Desktop::new();
    let cipp = Cipp::playing("healthy").await;
    let window = Window::open(&desktop, &[]).await;
    let name = |screen: &str| format!("{screen}-{theme}");
    window.click("rail-settings").await;
    window.click(&format!("theme-{theme}")).await;
    window.inspect(&name("settings")).await;

    window.click("rail-logs").await;
    window.see("door-sandbox").await;
    window.inspect(&name("first-run")).await;

    window.click("door-connect").await;
    window.inspect(&name("connect-empty")).await;
    cipp.fill_in(&window, "Contoso MSP").await;
    window.inspect(&name("connect")).await;
    window.click("test-and-save").await;
    window.see("log-row").await;

    window.choose("range", "7d").await;
    let done = "return document.querySelectorAll('[data-testid^=day-2][data-state=complete], \
                [data-testid^=day-2][data-state=partial]').length === 7";
    window.until("the week is there", done).await;
    window.inspect(&name("logs-list")).await;
    window.type_into("filter", "AADSTS").await;
    let narrowed = "const [left, all] = document.querySelector('[data-testid=counts]').innerText.match(/[0-9,]+/g);
        return left !== all";
    window.until("the filter has narrowed the rows", narrowed).await;
    // The list keeps its rows until the new ones are there; none of those is an Info.
    let there = "return document.querySelectorAll('[data-testid=log-row]').length > 0
        && document.querySelector('[data-testid=log-row].info') === null";
    window.until("the rows that are left are on the screen", there).await;
    window.press(Key::Enter).await;
    window.click("log-row").await;
    window.see("detail-message").await;
    window.inspect(&name("logs")).await;
    window.press(Key::Escape).await;

    window.press("?").await;
    window.see("shortcuts").await;
    window.inspect(&name("shortcuts")).await;
    window.press(Key::Escape).await;
    window.see_no_more("shortcuts").await;
    window.click("connection-switcher").await;
    window.see("switcher-option").await;
    window.inspect(&name("switcher")).await;
    window.press(Key::Escape).await;

    window.click("rail-setup").await;
    window.see("step").await;
    window.inspect(&name("setup")).await;
    window.click("rail-connections").await;
    window.see("connection").await;
    window.click("test").await;
    window.read("This connection works.").await;
    window.inspect(&name("connections")).await;

    // The smallest window there is.
    window.resize(900, 600).await;
    window.click("rail-logs").await;
    window.see("log-row").await;
    window.inspect(&name("logs-small")).await;
    window.close().await;
}
