//! Every screen in light and dark: checked for accessibility, and a picture of each for people to look at.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::{Key, Window};

use crate::checklists::{answer, check_all, sign_in, stands};
use crate::cipp::Cipp;

#[tokio::test]
async fn every_screen_is_accessible_in_light() {
    every_screen("light").await;
}

#[tokio::test]
async fn every_screen_is_accessible_in_dark() {
    every_screen("dark").await;
}

#[tokio::test]
async fn checklists_are_accessible_in_every_state_in_light() {
    every_state_of_the_setup("light").await;
}

#[tokio::test]
async fn checklists_are_accessible_in_every_state_in_dark() {
    every_state_of_the_setup("dark").await;
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
    for dialog in ["where", "replace", "end", "script"] {
        window.click("more").await;
        window.see("connection-menu").await;
        let choose = format!("document.querySelector('[data-testid=connection-menu] [data-item={dialog}]').click()");
        window.run(&choose, vec![]).await;
        window.see(dialog).await;
        window.inspect(&name(&format!("credential-{dialog}"))).await;
        window.press(Key::Escape).await;
        window.see_no_more(dialog).await;
    }
    window.click("rail-diagnose").await;
    window.see("diagnose-empty").await;
    window.inspect(&name("diagnose-empty")).await;
    window.click("diagnose-run").await;
    let works = "return document.querySelector('[data-testid=verdict]')?.dataset.verdict === 'works'";
    window.until("every rung holds", works).await;
    window.inspect(&name("diagnose")).await;

    // The smallest window there is.
    window.resize(900, 600).await;
    window.click("rail-logs").await;
    window.see("log-row").await;
    window.inspect(&name("logs-small")).await;
    window.close().await;
}

async fn every_state_of_the_setup(theme: &str) {
    let desktop = Desktop::new().with_browser();
    let cipp = Cipp::playing("setup_ms_adminagents_fails").await;
    let window = Window::open(&desktop, &[]).await;
    let name = |state: &str| format!("setup-{state}-{theme}");
    window.click("rail-settings").await;
    window.click(&format!("theme-{theme}")).await;

    window.click("rail-setup").await;
    window.see("step").await;
    window.inspect(&name("unconnected")).await;
    window.click("change-variant").await;
    window.see("question").await;
    window.inspect(&name("question")).await;
    window.press(Key::Escape).await;
    window.see_no_more("question").await;

    window.click("rail-logs").await;
    cipp.connect(&window, "Contoso MSP").await;
    window.click("rail-setup").await;
    window.read_in("setup-for", "Contoso MSP").await;
    answer(&window, "self-hosted").await;
    window.click("step-hosted-or-self-hosted").await;
    window.click("step-confirm").await;
    window.type_into("confirm-note", "Ticket 4711").await;
    window.inspect(&name("confirming")).await;
    window.click("confirm-save").await;
    stands(&window, "hosted-or-self-hosted", "confirmed").await;
    window.inspect(&name("confirmed")).await;
    window.click("step-powershell-module").await;
    window.click("step-na").await;
    window.type_into("na-reason", "Nobody here uses PowerShell").await;
    window.click("na-save").await;
    stands(&window, "powershell-module", "notApplicable").await;
    window.inspect(&name("not-applicable")).await;
    check_all(&window).await;
    window.click("step-token-arrives").await;
    stands(&window, "token-arrives", "verified").await;
    window.inspect(&name("verified")).await;
    window.click("step-tenant-is-right").await;
    window.see("could-not-check").await;
    window.inspect(&name("could-not-check")).await;

    window.click("way-sign-in").await;
    window.see("sign-in-words").await;
    window.inspect(&name("sign-in")).await;
    window.click("sign-in-device").await;
    window.see("device-code").await;
    window.inspect(&name("device-code")).await;
    window.click("sign-in-cancel").await;
    window.see_no_more("sign-in-progress").await;
    sign_in(&desktop, &window, &cipp).await;
    window.inspect(&name("signed-in")).await;
    window.click("sign-in-close").await;
    window.see_no_more("sign-in-panel").await;

    window.click("setup-list-create-the-cipp-service-account").await;
    check_all(&window).await;
    window.click("step-admin-agents").await;
    stands(&window, "admin-agents", "failed").await;
    window.see("cleanup-due").await;
    window.inspect(&name("failed")).await;
    window.click("step-wait").await;
    stands(&window, "admin-agents", "waiting").await;
    window.inspect(&name("waiting")).await;
    window.click("cleanup-remove-roles").await;
    window.see("step-due").await;
    window.inspect(&name("clean-up")).await;
    window.click("setup-share").await;
    window.see("share").await;
    window.inspect(&name("report")).await;
    window.press(Key::Escape).await;
    window.see_no_more("share").await;

    // The smallest window there is, and the narrow one.
    window.resize(900, 600).await;
    window.inspect(&name("small")).await;
    window.click("narrow").await;
    window.see("step-picker").await;
    window.inspect(&name("narrow")).await;
    window.close().await;
}
