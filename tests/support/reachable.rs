//! A running sandbox and what a client needs to reach it: the connection and the secret that it gave out.

use std::fs;

use cipp_client::{Client, ClientOptions, Connection, Day, Secret};
use jiff::{Timestamp, tz::TimeZone};
use sandbox::{Sandbox, SandboxOptions, Scenario};
use tempfile::TempDir;

/// A sandbox and the way to it. Both end when it is dropped.
#[derive(Debug)]
pub struct Reachable {
    /// The values a technician would have been given.
    pub connection: Connection,
    /// The secret that belongs to them; new at every start.
    pub secret: Secret,
    sandbox: Sandbox,
    _folder: TempDir,
}

impl Reachable {
    /// A built-in scenario, by its name.
    pub async fn playing(scenario: &str) -> Self {
        Self::with(SandboxOptions {
            scenario: scenario.parse().unwrap(),
            ..SandboxOptions::default()
        })
        .await
    }

    /// A scenario made for one test: a healthy one, changed.
    pub async fn changed(change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::default();
        change(&mut scenario);
        Self::with(SandboxOptions {
            scenario,
            ..SandboxOptions::default()
        })
        .await
    }

    /// A sandbox with these options. With TLS its authority is trusted by the connection.
    pub async fn with(options: SandboxOptions) -> Self {
        // Today has all its rows at any time of the day.
        let end_of_today = Timestamp::now()
            .to_zoned(TimeZone::UTC)
            .end_of_day()
            .unwrap()
            .timestamp();
        let options = SandboxOptions {
            now: options.now.or(options.scenario.clock).or(Some(end_of_today)),
            ..options
        };
        let sandbox = sandbox::start(options).await.unwrap();
        let ready = sandbox.ready();
        let folder = tempfile::tempdir().unwrap();
        let ca_cert = ready.ca_pem.as_ref().map(|pem| {
            let file = folder.path().join("ca.pem");
            fs::write(&file, pem).unwrap();
            file
        });
        let connection = Connection {
            api_url: ready.api_url.parse().unwrap(),
            tenant_id: ready.tenant_id.parse().unwrap(),
            client_id: ready.client_id.parse().unwrap(),
            authority: ready.authority.parse().unwrap(),
            ca_cert,
        };
        let secret = Secret::parse(&ready.client_secret).unwrap();
        Reachable {
            connection,
            secret,
            sandbox,
            _folder: folder,
        }
    }

    /// The sandbox itself.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// A client with the usual options.
    pub fn client(&self) -> Client {
        self.client_for(self.connection.clone())
    }

    /// A client for other values, with the right secret.
    pub fn client_for(&self, connection: Connection) -> Client {
        Client::new(connection, self.secret.clone(), ClientOptions::default()).unwrap()
    }
}

/// The log day so many days ago; 0 is today. In UTC, as the sandbox's instance is.
pub fn days_ago(days: i64) -> Day {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    Day::new(today.saturating_sub(jiff::Span::new().days(days)))
}

/// Whether a keychain was started for this test run alone (`tests/with-keychain.sh`). Without one, tests that need it
/// end early: nobody's own keychain is touched.
pub fn has_test_keychain() -> bool {
    let has = std::env::var_os("CIPP_DESK_TEST_KEYCHAIN").is_some();
    if !has {
        eprintln!("no test keychain: run under tests/with-keychain.sh for the whole test");
    }
    has
}
