//! A CIPP to connect to: the sandbox in this process, and the form filled in as a person would.

use cipp_desk_tests::window::Window;
use sandbox::{Ready, Sandbox, SandboxOptions, Scenario};

/// A CIPP in which a scenario is played. It ends when dropped.
pub struct Cipp {
    /// What a person knows about it. Tests change it to make a mistake.
    pub known: Ready,
    sandbox: Sandbox,
}

impl Cipp {
    /// The scenario with this name, from the sandbox's own list.
    pub async fn playing(scenario: &str) -> Self {
        let scenario: Scenario = scenario.parse().unwrap();
        let sandbox = sandbox::start(SandboxOptions {
            scenario,
            ..SandboxOptions::default()
        })
        .await
        .unwrap();
        Self {
            known: sandbox.ready().clone(),
            sandbox,
        }
    }

    /// Goes over to another scenario, at the same address and with the same secret.
    pub async fn play(&self, scenario: &str) {
        self.sandbox.play(scenario.parse().unwrap()).await.unwrap();
    }

    /// How often an endpoint was called so far.
    pub fn calls(&self, endpoint: &str) -> u64 {
        self.sandbox.calls().of(endpoint)
    }

    /// The block of CIPP's API documentation, with the values put in.
    pub fn powershell(&self) -> String {
        format!(
            "$CIPPAPIUrl = \"{}\"\n$ApplicationId = \"{}\"\n$ApplicationSecret = \"{}\"\n$TenantId = \"{}\"\n\n\
             $AuthBody = @{{\n    client_id     = $ApplicationId\n    client_secret = $ApplicationSecret\n    \
             scope         = \"api://$($ApplicationId)/.default\"\n    grant_type    = 'client_credentials'\n}}\n",
            self.known.api_url, self.known.client_id, self.known.client_secret, self.known.tenant_id
        )
    }

    /// Pastes the block and adds what only the sandbox needs: its own sign-in server.
    pub async fn fill_in(&self, window: &Window, name: &str) {
        window.paste_into("paste", &self.powershell()).await;
        window.see("recognised").await;
        window.type_into("field-name", name).await;
        // Under "Advanced", which is closed at first.
        window
            .run("document.querySelector('details.advanced').open = true", vec![])
            .await;
        window.type_into("field-authority", &self.known.authority).await;
    }

    /// From the three doors to the first row.
    pub async fn connect(&self, window: &Window, name: &str) {
        window.click("door-connect").await;
        self.fill_in(window, name).await;
        window.click("test-and-save").await;
        window.see("log-row").await;
    }

    /// Adds a further connection without a test, and lands in its log, whatever that answers.
    pub async fn add_untested(&self, window: &Window, name: &str) {
        window.click("rail-connections").await;
        if window.sees("add-connection").await {
            window.click("add-connection").await;
        } else {
            window.click("door-connect").await;
        }
        self.fill_in(window, name).await;
        window.click("save-untested").await;
        window.see("connection-switcher").await;
        window.read_in("connection-switcher", name).await;
    }
}
