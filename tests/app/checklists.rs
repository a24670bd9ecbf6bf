//! The checklists: read, ticked, and the ticks kept for the connection they were made for.

use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::Window;

use crate::cipp::Cipp;

const TICKED: &str = "return document.querySelector('[data-testid=tick]').checked";
const NOT_TICKED: &str = "return document.querySelector('[data-testid=tick]').checked === false";

#[tokio::test]
async fn a_tick_is_kept_across_a_restart_and_for_its_connection_alone() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    window.click("door-setup").await;
    window.click("tick").await;
    window.read_in("step", "Ticked by you").await;
    window.close().await;

    let window = Window::open(&desktop, &[]).await;
    window.click("door-setup").await;
    window.until("the tick of before is there", TICKED).await;

    // A connection has ticks of its own.
    let cipp = Cipp::playing("healthy").await;
    cipp.add_untested(&window, "Contoso MSP").await;
    window.click("rail-setup").await;
    window.read_in("setup-for", "Contoso MSP").await;
    window
        .until("the ticks of a new connection are empty", NOT_TICKED)
        .await;
    window.click("tick").await;
    window.read_in("step", "Ticked by you").await;
    window.click("tick").await;
    window.until("a tick can be taken back", NOT_TICKED).await;
    window.close().await;
}
