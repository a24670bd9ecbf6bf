//! Demo mode: the sandbox inside the app. The only file that knows that it exists; to everything else it is a
//! connection like any other, kept for this session.
//!
//! The client talks to it by HTTP on the loopback interface, with a secret made at its start.

use std::sync::Mutex;

use cipp_client::{Connection, FieldError, ManualProxy, ProxyChoice, Secret};
use connections::{ConnectionId, SavedConnection};
use jiff::Timestamp;
use log_archive::ArchiveKey;
use sandbox::{Ready, Sandbox, SandboxOptions, Scenario};
use tempfile::TempDir;

use crate::{
    error::{CommandError, CommandResult},
    state::lock,
};

/// Where `npm start` says that the app shall open on the sandbox.
const START_VARIABLE: &str = "CIPP_DESK_START";
const START_ARGUMENT: &str = "--sandbox";

/// The same at every start, so that what was done on the sandbox is found again and leaves one trace only.
const ID: ConnectionId = ConnectionId::new(uuid::uuid!("5a0db0c5-0000-4000-8000-000000000001"));

/// A running sandbox and how to connect to it. The sandbox stops when this is dropped.
pub struct Demo {
    /// What a technician holds in hand to connect to it; some faults are a false value here.
    given: Mutex<Given>,
    /// Where its log is kept: a folder that goes with the app.
    pub archive: TempDir,
    /// The key of that archive, in memory alone.
    pub archive_key: Secret,
    sandbox: Sandbox,
}

/// The values to connect with.
struct Given {
    /// Not in the file of connections; its secret is new at every start.
    connection: SavedConnection,
    secret: Secret,
    /// The proxy that a network of this kind would have.
    proxy: ProxyChoice,
    /// A value that the app refuses before anything is sent; the connection is then as it was before.
    refused: Option<FieldError>,
    /// The fault that is played.
    fault: Option<String>,
}

/// Starts a healthy, small sandbox on free ports of the loopback interface.
pub async fn start() -> CommandResult<Demo> {
    let sandbox = sandbox::start(SandboxOptions::default()).await?;
    let (connection, secret, _) = values(sandbox.ready())?;
    let connection = SavedConnection::new(ID, "Sandbox", connection, Timestamp::now());
    let key = ArchiveKey::generate().map_err(CommandError::internal)?;
    Ok(Demo {
        given: Mutex::new(Given {
            connection,
            secret,
            proxy: ProxyChoice::None,
            refused: None,
            fault: None,
        }),
        archive: tempfile::Builder::new()
            .prefix("cipp-desk-sandbox-")
            .tempdir()
            .map_err(CommandError::internal)?,
        archive_key: Secret::parse(&key.to_hex())?,
        sandbox,
    })
}

impl Demo {
    /// The connection's id.
    pub fn id(&self) -> ConnectionId {
        ID
    }

    /// The connection as it stands.
    pub fn connection(&self) -> SavedConnection {
        lock(&self.given).connection.clone()
    }

    /// Its secret.
    pub fn secret(&self) -> Secret {
        lock(&self.given).secret.clone()
    }

    /// Over which proxy it is asked.
    pub fn proxy(&self) -> ProxyChoice {
        lock(&self.given).proxy.clone()
    }

    /// What the app refuses before anything is sent, where the fault is such a value.
    pub fn refused(&self) -> Option<FieldError> {
        lock(&self.given).refused.clone()
    }

    /// The fault that is played.
    pub fn playing(&self) -> Option<String> {
        lock(&self.given).fault.clone()
    }

    /// Breaks the sandbox in this way, or repairs it.
    pub async fn play(&self, fault: Option<&str>) -> CommandResult<()> {
        let scenario = match fault {
            None => Scenario::default(),
            Some(name) => sandbox::faults()
                .into_iter()
                .find(|scenario| scenario.name == name)
                .ok_or_else(|| CommandError::internal(format!("there is no fault {name}")))?,
        };
        let values = values(&self.sandbox.play(scenario).await?);
        let mut given = lock(&self.given);
        given.fault = fault.map(str::to_owned);
        given.refused = None;
        match values {
            Ok((connection, secret, proxy)) => {
                given.connection.connection = connection;
                given.secret = secret;
                given.proxy = proxy;
            }
            Err(refused) => given.refused = Some(refused),
        }
        Ok(())
    }
}

/// Whether this start was asked to open on the sandbox.
pub fn is_wanted_at_start() -> bool {
    std::env::var_os(START_VARIABLE).is_some_and(|value| value == "sandbox")
        || std::env::args_os().skip(1).any(|argument| argument == START_ARGUMENT)
}

fn values(ready: &Ready) -> Result<(Connection, Secret, ProxyChoice), FieldError> {
    let connection = Connection {
        api_url: ready.api_url.parse()?,
        tenant_id: ready.tenant_id.parse()?,
        client_id: ready.client_id.parse()?,
        authority: ready.authority.parse()?,
        ca_cert: None,
    };
    let proxy = match &ready.proxy {
        None => ProxyChoice::None,
        Some(address) => ProxyChoice::Manual(ManualProxy {
            address: address.parse()?,
            user: None,
            password: None,
            bypass: Vec::new(),
        }),
    };
    Ok((connection, Secret::parse(&ready.client_secret)?, proxy))
}
