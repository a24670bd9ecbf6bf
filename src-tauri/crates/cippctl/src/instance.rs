//! Which CIPP a command speaks to: a saved connection with its secret from the keychain, or values given on the spot.
//!
//! The second form touches neither the keychain nor any file: it is for automation.

use std::path::PathBuf;

use cipp_client::{ApiUrl, Authority, Client, ClientId, ClientOptions, Connection, Secret, TenantId, TokenClaims};
use clap::Args;
use connections::{ConnectionId, ConnectionStore, Keychain, SavedConnection};
use jiff::Timestamp;
use uuid::{Uuid, uuid};

use crate::exit::{Code, Failure};
use crate::output::say;
use crate::secret::SecretArgs;

/// The options that only the second form has.
const GIVEN: [&str; 7] = [
    "api_url",
    "tenant_id",
    "client_id",
    "authority",
    "ca_cert",
    "secret_stdin",
    "secret_env",
];

/// Names of folders that are made from values given on the spot.
const FOLDERS: Uuid = uuid!("5f1f6c0a-6c1d-4b0e-9d5e-3c8a1b7e2f40");

/// A difference that nobody notices is not worth a word.
const CLOCK_TOLERANCE_SECONDS: i64 = 120;

/// A saved connection, or all its values.
#[derive(Args, Debug)]
pub struct InstanceArgs {
    /// A saved connection, by its name
    #[arg(long, value_name = "NAME", conflicts_with_all = GIVEN, required_unless_present = "api_url")]
    connection: Option<String>,
    /// Address of CIPP's API, with or without /api
    #[arg(long, value_name = "URL", requires_all = ["tenant_id", "client_id"])]
    api_url: Option<ApiUrl>,
    /// Tenant in which the API client lives: GUID or domain
    #[arg(long, value_name = "TENANT", requires = "api_url")]
    tenant_id: Option<TenantId>,
    /// Application (client) ID of the API client
    #[arg(long, value_name = "GUID", requires = "api_url")]
    client_id: Option<ClientId>,
    #[command(flatten)]
    rare: RareArgs,
    #[command(flatten)]
    secret: SecretArgs,
}

/// What hardly any connection needs.
#[derive(Args, Debug, Default)]
pub struct RareArgs {
    /// Sign-in server, for national clouds [default: https://login.microsoftonline.com]
    #[arg(long, value_name = "URL")]
    authority: Option<Authority>,
    /// A certificate authority to trust besides the system's, a PEM file
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
}

impl RareArgs {
    /// A connection with these values. The path of the CA file is made absolute: the connection may be used from
    /// another folder.
    pub fn connection(&self, api_url: ApiUrl, tenant_id: TenantId, client_id: ClientId) -> Connection {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Connection {
            api_url,
            tenant_id,
            client_id,
            authority: self.authority.clone().unwrap_or_default(),
            ca_cert: self.ca_cert.as_ref().map(absolute),
        }
    }
}

/// A client that is ready to be used.
pub struct Instance {
    /// Speaks to CIPP.
    pub client: Client,
    saved: Option<ConnectionId>,
}

/// The same without a secret, for what asks nothing of CIPP.
#[derive(Args, Debug)]
pub struct WhoArgs {
    /// A saved connection, by its name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["api_url", "tenant_id", "client_id"], required_unless_present = "api_url")]
    connection: Option<String>,
    /// Address of CIPP's API, with or without /api
    #[arg(long, value_name = "URL", requires_all = ["tenant_id", "client_id"])]
    api_url: Option<ApiUrl>,
    /// Tenant in which the API client lives: GUID or domain
    #[arg(long, value_name = "TENANT", requires = "api_url")]
    tenant_id: Option<TenantId>,
    /// Application (client) ID of the API client
    #[arg(long, value_name = "GUID", requires = "api_url")]
    client_id: Option<ClientId>,
}

/// Which CIPP, and as whom; nothing has been asked of it, nor of the keychain.
pub struct Who {
    name: String,
    connection: Connection,
    saved: Option<ConnectionId>,
}

impl WhoArgs {
    /// Finds the values.
    pub fn who(&self) -> Result<Who, Failure> {
        Who::of(&self.connection, &self.api_url, &self.tenant_id, &self.client_id, None)
    }
}

impl InstanceArgs {
    /// Finds the values.
    pub fn who(&self) -> Result<Who, Failure> {
        Who::of(
            &self.connection,
            &self.api_url,
            &self.tenant_id,
            &self.client_id,
            Some(&self.rare),
        )
    }

    /// Finds the secret, and makes the client. Nothing is sent yet.
    pub async fn open(&self, who: &Who) -> Result<Instance, Failure> {
        let secret = self.secret_for(who).await?;
        Instance::new(who.connection.clone(), secret, who.saved)
    }

    /// Finds the secret: in the keychain, or where the options say.
    pub async fn secret_for(&self, who: &Who) -> Result<Secret, Failure> {
        match who.saved {
            Some(id) => secret_of(&id, &who.name).await,
            None => self.secret.read(),
        }
    }
}

impl Who {
    fn of(
        name: &Option<String>,
        api_url: &Option<ApiUrl>,
        tenant_id: &Option<TenantId>,
        client_id: &Option<ClientId>,
        rare: Option<&RareArgs>,
    ) -> Result<Who, Failure> {
        if let Some(name) = name {
            let saved = find(name)?;
            return Ok(Who {
                name: saved.name,
                connection: saved.connection,
                saved: Some(saved.id),
            });
        }
        let (Some(api_url), Some(tenant_id), Some(client_id)) = (api_url, tenant_id, client_id) else {
            return Err(Failure::new(
                Code::Usage,
                "No connection was given.",
                "Give --connection NAME, or --api-url with --tenant-id and --client-id.",
            ));
        };
        let none = RareArgs::default();
        let connection = rare
            .unwrap_or(&none)
            .connection(api_url.clone(), tenant_id.clone(), *client_id);
        Ok(Who {
            name: connection.api_url.host().to_owned(),
            connection,
            saved: None,
        })
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The saved connection, if it is one.
    pub fn saved(&self) -> Option<ConnectionId> {
        self.saved
    }

    /// The name of its folder in an archive: the saved connection's id, or one that the same values always lead to.
    pub fn folder(&self) -> String {
        match self.saved {
            Some(id) => id.to_string(),
            None => {
                let of = &self.connection;
                let values = format!("{}\n{}\n{}", of.api_url, of.tenant_id, of.client_id);
                Uuid::new_v5(&FOLDERS, values.to_lowercase().as_bytes()).to_string()
            }
        }
    }
}

impl Instance {
    /// A client for a saved connection, its secret read from the keychain.
    pub async fn of_saved(saved: &SavedConnection) -> Result<Self, Failure> {
        let secret = secret_of(&saved.id, &saved.name).await?;
        Instance::new(saved.connection.clone(), secret, Some(saved.id))
    }

    /// A client with a secret that is not stored (yet).
    pub fn unsaved(connection: Connection, secret: Secret) -> Result<Self, Failure> {
        Instance::new(connection, secret, None)
    }

    fn new(connection: Connection, secret: Secret, saved: Option<ConnectionId>) -> Result<Self, Failure> {
        Ok(Instance {
            client: client(connection, secret)?,
            saved,
        })
    }

    /// Notes that the saved connection was of use. A file that cannot be written is no reason to fail a read.
    pub fn touch(&self) {
        if let (Some(id), Ok(store)) = (self.saved, store()) {
            let _ = store.touch_used(&id, Timestamp::now());
        }
    }
}

async fn secret_of(id: &ConnectionId, name: &str) -> Result<Secret, Failure> {
    let secret = Keychain::system().read(id).await?.ok_or_else(|| secret_missing(name))?;
    // That the reading could not be noted is no reason to fail.
    if let Ok(store) = store() {
        let _ = store.note_secret_read(id, Timestamp::now());
    }
    Ok(secret)
}

/// A client with this program's name in its requests.
pub fn client(connection: Connection, secret: Secret) -> Result<Client, Failure> {
    client_with(connection, secret, ClientOptions::default())
}

/// The same, which otherwise behaves as these options say.
pub fn client_with(connection: Connection, secret: Secret, options: ClientOptions) -> Result<Client, Failure> {
    let options = ClientOptions {
        user_agent: format!("cippctl/{}", env!("CARGO_PKG_VERSION")),
        ..options
    };
    Ok(Client::new(connection, secret, options)?)
}

/// Says so when this computer's clock is wrong. Signing in and reading work all the same, but the rows' times would be
/// compared with a wrong now.
pub fn note_clock(claims: &TokenClaims) {
    let Some(ahead) = claims
        .clock_skew_seconds
        .filter(|seconds| seconds.abs() >= CLOCK_TOLERANCE_SECONDS)
    else {
        return;
    };
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let minutes = (ahead.abs() + 30) / 60;
    say(&format!(
        "note: this computer's clock is about {minutes} minutes {direction} the sign-in server's. Set it right."
    ));
}

/// The connections that the app and this program share.
pub fn store() -> Result<ConnectionStore, Failure> {
    Ok(ConnectionStore::open(ConnectionStore::default_path()?))
}

/// The saved connection with this name.
pub fn find(name: &str) -> Result<SavedConnection, Failure> {
    store()?.find_by_name(name)?.ok_or_else(|| {
        Failure::new(
            Code::Connection,
            format!("There is no connection called \u{201c}{name}\u{201d}."),
            "See the names with `cippctl connections list`, or add it with `cippctl connections add`.",
        )
    })
}

fn secret_missing(name: &str) -> Failure {
    Failure::new(
        Code::Connection,
        format!("The keychain holds no secret for the connection \u{201c}{name}\u{201d}."),
        "Give it with `cippctl connections replace-secret`, or enter it in the app.",
    )
}
