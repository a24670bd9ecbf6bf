//! Demo mode: the sandbox inside the app. The only file that knows that it exists; to everything else it is a
//! connection like any other, kept for this session.
//!
//! The client talks to it by HTTP on the loopback interface, with a secret made at its start.

use cipp_client::{Connection, FieldError, Secret};
use connections::{ConnectionId, SavedConnection};
use jiff::Timestamp;
use log_archive::ArchiveKey;
use sandbox::{Ready, Sandbox, SandboxOptions};
use tempfile::TempDir;

use crate::error::{CommandError, CommandResult};

/// Where `npm start` says that the app shall open on the sandbox.
const START_VARIABLE: &str = "CIPP_DESK_START";
const START_ARGUMENT: &str = "--sandbox";

/// The same at every start, so that what was done on the sandbox is found again and leaves one trace only.
const ID: ConnectionId = ConnectionId::new(uuid::uuid!("5a0db0c5-0000-4000-8000-000000000001"));

/// A running sandbox and how to connect to it. The sandbox stops when this is dropped.
pub struct Demo {
    /// Not in the file of connections; its secret is new at every start.
    pub connection: SavedConnection,
    /// The secret of that connection.
    pub secret: Secret,
    /// Where its log is kept: a folder that goes with the app.
    pub archive: TempDir,
    /// The key of that archive, in memory alone.
    pub archive_key: Secret,
    _sandbox: Sandbox,
}

/// Starts a healthy, small sandbox on free ports of the loopback interface.
pub async fn start() -> CommandResult<Demo> {
    let sandbox = sandbox::start(SandboxOptions::default()).await?;
    let ready = sandbox.ready();
    let connection = connection_to(ready)?;
    let secret = Secret::parse(&ready.client_secret)?;
    let connection = SavedConnection::new(ID, "Sandbox", connection, Timestamp::now());
    let key = ArchiveKey::generate().map_err(CommandError::internal)?;
    Ok(Demo {
        connection,
        secret,
        archive: tempfile::Builder::new()
            .prefix("cipp-desk-sandbox-")
            .tempdir()
            .map_err(CommandError::internal)?,
        archive_key: Secret::parse(&key.to_hex())?,
        _sandbox: sandbox,
    })
}

/// Whether this start was asked to open on the sandbox.
pub fn is_wanted_at_start() -> bool {
    std::env::var_os(START_VARIABLE).is_some_and(|value| value == "sandbox")
        || std::env::args_os().skip(1).any(|argument| argument == START_ARGUMENT)
}

fn connection_to(ready: &Ready) -> Result<Connection, FieldError> {
    Ok(Connection {
        api_url: ready.api_url.parse()?,
        tenant_id: ready.tenant_id.parse()?,
        client_id: ready.client_id.parse()?,
        authority: ready.authority.parse()?,
        ca_cert: None,
    })
}
