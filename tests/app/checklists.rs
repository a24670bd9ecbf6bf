//! The checklists: read and ticked before anything is connected, proved by a sign-in in a browser, printed.

use std::fs;

use cipp_desk_tests::browser::Browser;
use cipp_desk_tests::desktop::Desktop;
use cipp_desk_tests::window::Window;

use crate::cipp::Cipp;

/// Waits until the step at the right stands like this.
pub async fn stands(window: &Window, step: &str, state: &str) {
    let script = format!(
        "const step = document.querySelector('[data-testid=step]');
        return step?.dataset.step === '{step}'
            && step.querySelector('[data-testid=step-state]').dataset.state === '{state}'"
    );
    window.until(&format!("{step} to be {state}"), &script).await;
}

/// Answers the question that picks the steps.
pub async fn answer(window: &Window, variant: &str) {
    window.click("change-variant").await;
    window.click(&format!("variant-{variant}")).await;
    window.see_no_more("question").await;
}

/// Looks at all of the list that is shown, and gives what was found.
pub async fn check_all(window: &Window) -> String {
    window.click("check-all").await;
    window.read_in("check-outcome", "steps checked").await;
    window.see("check-all").await;
    window.text("check-outcome").await
}

/// Signs the administrator in, in the browser, for what is proposed. The panel is open and stays so.
pub async fn sign_in(desktop: &Desktop, window: &Window, cipp: &Cipp) -> SignedIn {
    let admin = cipp.known.people.iter().find(|person| person.key == "admin").unwrap();
    window.click("sign-in").await;
    window
        .read_in("sign-in-progress", "Your browser has opened Microsoft's sign-in page")
        .await;
    let browser = Browser::opened_by_the_app(desktop).await;
    browser.sign_in(&admin.user_principal_name, &admin.password).await;
    let (end, page) = (browser.address().await, browser.text().await);
    let (_, code) = end.split_once("code=").expect("the browser ends with a code");
    let code = code.split('&').next().unwrap().to_owned();
    browser.close().await;
    window.read_in("signed-in-as", &admin.user_principal_name).await;
    SignedIn {
        name: admin.user_principal_name.clone(),
        page,
        secrets: vec![admin.password.clone(), code, "eyJ".into()],
    }
}

/// What was left of a sign-in.
pub struct SignedIn {
    /// Who.
    pub name: String,
    /// The text with which the browser was left.
    page: String,
    /// What may be written nowhere.
    secrets: Vec<String>,
}

#[tokio::test]
async fn checklists_are_ticked_before_any_connection_and_go_to_the_first_one() {
    let desktop = Desktop::new();
    let window = Window::open(&desktop, &[]).await;
    window.click("door-setup").await;
    window.read_in("setup-for", "no connection").await;
    window.read_in("no-check-all", "need a connection").await;
    answer(&window, "self-hosted").await;
    window.read_in("setup-question", "7.1 or later").await;

    window.click("step-hosted-or-self-hosted").await;
    window.click("step-confirm").await;
    window.type_into("confirm-note", "Ticket 4711").await;
    window.click("confirm-save").await;
    stands(&window, "hosted-or-self-hosted", "confirmed").await;
    window.read_in("step-state", "Ticket 4711").await;

    window.click("step-powershell-module").await;
    window.click("step-na").await;
    window.click("na-save").await;
    window.read_in("na-form", "Say why").await;
    window.type_into("na-reason", "Nobody here uses PowerShell").await;
    window.click("na-save").await;
    stands(&window, "powershell-module", "notApplicable").await;
    window.click("step-undo").await;
    stands(&window, "powershell-module", "todo").await;
    window.click("step-redo").await;
    stands(&window, "powershell-module", "notApplicable").await;
    window.read_in("step-state", "Nobody here uses PowerShell").await;
    // The place is kept a moment after it was taken.
    desktop.wait_for_file_with("settings.json", "powershell-module").await;
    window.close().await;

    // After a restart it goes on where it was left.
    let window = Window::open(&desktop, &[]).await;
    window.click("door-setup").await;
    stands(&window, "powershell-module", "notApplicable").await;
    window.read_in("setup-question", "7.1 or later").await;

    // The first connection takes it over, with its history.
    let cipp = Cipp::playing("healthy").await;
    cipp.add_untested(&window, "Contoso MSP").await;
    window.click("rail-setup").await;
    window.read_in("setup-for", "Contoso MSP").await;
    window.read_in("setup-question", "7.1 or later").await;
    window.click("step-hosted-or-self-hosted").await;
    stands(&window, "hosted-or-self-hosted", "confirmed").await;
    window.click("history-open").await;
    window.read_in("step-history", "Ticket 4711").await;

    // The next one begins with nothing.
    cipp.add_untested(&window, "Fabrikam MSP").await;
    window.click("rail-setup").await;
    window.read_in("setup-for", "Fabrikam MSP").await;
    window.click("step-hosted-or-self-hosted").await;
    stands(&window, "hosted-or-self-hosted", "todo").await;
    window.close().await;
}

#[tokio::test]
async fn checklists_are_proved_by_a_sign_in_in_the_browser_and_printed() {
    let desktop = Desktop::new().with_browser().env("RUST_LOG", "trace");
    let cipp = Cipp::playing("setup_ms_adminagents_fails").await;
    let window = Window::open(&desktop, &[]).await;
    cipp.connect(&window, "Contoso MSP").await;
    window.click("rail-setup").await;
    answer(&window, "self-hosted").await;

    // By the stored connection alone. What the progress says is noted as it comes: it may be gone before one can look.
    let noted = "window.noted = [];
        new MutationObserver(() => {
            const progress = document.querySelector('[data-testid=checked-progress]');
            if (progress) noted.push(progress.innerText);
        }).observe(document.body, { subtree: true, childList: true, characterData: true })";
    window.run(noted, vec![]).await;
    let found = check_all(&window).await;
    assert!(found.contains("verified") && found.contains("could not"), "{found}");
    let noted = window.run("return noted.join('\\n')", vec![]).await;
    let total = found.split(' ').next().unwrap();
    assert!(
        noted.as_str().unwrap().contains(&format!(" of {total}")),
        "{found}: {noted}"
    );
    window.click("step-token-arrives").await;
    stands(&window, "token-arrives", "verified").await;
    for proof in ["POST", &cipp.known.authority, "Status 200"] {
        window.read_in("proof", proof).await;
    }

    // What Microsoft alone knows is neither red nor green until somebody signs in.
    window.click("step-tenant-is-right").await;
    stands(&window, "tenant-is-right", "todo").await;
    assert_eq!(
        window.attribute("could-not-check", "data-cause").await.unwrap(),
        "notSignedIn"
    );
    window.click("way-sign-in").await;
    window.read_in("sign-in-words", "only reads and changes nothing").await;
    window.read_in("sign-in-words", &cipp.known.tenant_id).await;
    let signed_in = sign_in(&desktop, &window, &cipp).await;
    assert!(signed_in.page.contains("CIPP Desk"), "{}", signed_in.page);
    window.click("sign-in-check").await;
    window.see_no_more("sign-in-panel").await;
    stands(&window, "tenant-is-right", "verified").await;
    window.read_in("proof", &signed_in.name).await;
    window.read_in("check-outcome", "steps checked").await;

    // The account: one fault, with its remedy, and privileges that have to go again.
    window.click("setup-list-create-the-cipp-service-account").await;
    check_all(&window).await;
    window.click("step-admin-agents").await;
    stands(&window, "admin-agents", "failed").await;
    window.read_in("step-state", "What to do").await;
    window.read_in("step-state", "AdminAgents").await;
    let due = window.attribute("cleanup-remove-roles", "data-due").await;
    assert_eq!(due.unwrap(), "open");
    window.read_in("cleanup-due", "Take the set-up roles away again").await;

    let report = desktop.folder().join("report.html");
    window.click("setup-share").await;
    window.see("report-html").await;
    // The proposed place comes a moment later, and would take the place of what was typed before it.
    window
        .until(
            "a file is proposed",
            "return document.querySelector('[data-testid=share-path]').value !== ''",
        )
        .await;
    window.type_into("share-path", &report.to_string_lossy()).await;
    window.click("share-save").await;
    window.see("share-done").await;
    let html = fs::read_to_string(&report).unwrap();
    for wanted in [
        "Contoso MSP",
        "Enable the CIPP API",
        "Select AdminAgents",
        "erified",
        "ailed",
        "/graph/v1.0/",
        &signed_in.name,
        "Take the set-up roles away again",
    ] {
        assert!(html.contains(wanted), "{wanted} is not in the report:\n{html}");
    }
    assert!(!html.contains("<script"), "a report runs nothing");

    let everything = window.everything().await;
    window.close().await;
    let mut secrets = signed_in.secrets;
    secrets.push(cipp.known.client_secret.clone());
    for secret in secrets {
        assert!(!everything.contains(&secret), "{secret} is in the page");
        assert!(!html.contains(&secret), "{secret} is in the report");
        let none: Vec<std::path::PathBuf> = Vec::new();
        assert_eq!(desktop.files_with(secret.as_bytes()), none, "files that hold {secret}");
    }
}
