//! Starting and stopping: three listeners (authority, API host, website) over one world.
//!
//! They are three origins, as in life, so that a client that sends a token to the wrong one is found out. On the
//! container the website and the API are one origin.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
};

use axum::{Router, middleware::from_fn_with_state};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    cipp::{self, CippState},
    directory::Directory,
    entra,
    hosting::{
        Flavour, api_host,
        calls::{self, CallCounter, Calls},
        clock::{self, Clock},
        connection::ResettableAcceptor,
        easy_auth::FrontDoor,
        faults::Faults,
        website::{self, SignIn},
    },
    identity::{Certificates, Identity, SigningKey},
    microsoft::{self, Journal, Microsoft},
    scenario::{GivenAddress, Scenario},
    world::{MovingWorld, World, WorldFlags, WorldSize},
};

/// What to play, where.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The address of the authority's listener; a loopback address. Port 0 takes any free one. The other listeners
    /// use the same IP address and free ports.
    pub listen: SocketAddr,
    /// Which CIPP and Entra are played, and what is wrong with them.
    pub scenario: Scenario,
    /// How many rows the log has.
    pub size: WorldSize,
    /// Chooses the world and the IDs; the same seed and the same `now` give the same rows to the byte.
    pub seed: u64,
    /// HTTPS with a certificate made at start, for clients that refuse anything else.
    pub tls: bool,
    /// When the log ends. `None`: as the scenario says, else at the start of the sandbox, so that today has rows. Tokens
    /// always use the real time.
    pub now: Option<Timestamp>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            scenario: Scenario::default(),
            size: WorldSize::Small,
            seed: 1,
            tls: false,
            now: None,
        }
    }
}

/// Everything a client needs to reach the sandbox. Serialises to the one line that `cippctl sandbox` prints.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// The authority, in the place of `https://login.microsoftonline.com`.
    pub authority: String,
    /// The CIPP address as a technician would have it; a scenario may give out a wrong one on purpose.
    pub api_url: String,
    /// The address of CIPP's web UI.
    pub website_url: String,
    /// The partner tenant's GUID.
    pub tenant_id: String,
    /// The API client's application ID.
    pub client_id: String,
    /// The API client's secret; new at every start.
    pub client_secret: String,
    /// Microsoft Graph, in the place of `https://graph.microsoft.com`.
    pub graph_url: String,
    /// Azure Resource Manager, in the place of `https://management.azure.com`.
    pub arm_url: String,
    /// The application ID of an own sign-in application of the tenant: public client, redirect `http://localhost`.
    pub sign_in_app_id: String,
    /// Who can sign in.
    pub people: Vec<Person>,
    /// With TLS: the certificate authority to trust, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
}

/// Somebody who can sign in to the sandbox. What opens nothing outside it is no secret, so the password is told.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// The entry of `worlds/directory.toml`: `admin`, `reader`, `technician`, `service`, `guest`, `stranger`.
    pub key: String,
    /// What to type as the name.
    pub user_principal_name: String,
    /// What to type as the password.
    pub password: String,
    /// Which rights they have.
    pub about: String,
}

impl fmt::Debug for Ready {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ready")
            .field("authority", &self.authority)
            .field("api_url", &self.api_url)
            .field("website_url", &self.website_url)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("client_secret", &"<redacted>")
            .finish_non_exhaustive()
    }
}

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address asked for is not on the loopback interface.
    #[error("The sandbox listens on this computer only: {0} is not a loopback address. Use 127.0.0.1 or [::1].")]
    NotLoopback(IpAddr),
    /// A port could not be opened.
    #[error("The sandbox could not listen on {address}: {source}. Choose another port, or 0 for any free one.")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key or certificate could not be made.
    #[error("The sandbox could not make its certificate or signing key: {0}")]
    Certificate(String),
    /// The operating system gave no randomness.
    #[error("The operating system gave no random numbers for the client secret: {0}")]
    Randomness(String),
    /// The scenario names a time zone that there is not.
    #[error("There is no time zone \"{0}\" on this computer. Use an IANA name such as Europe/Berlin.")]
    TimeZone(String),
    /// The scenario alters the directory in a way that cannot be.
    #[error("The directory of the scenario is wrong: {0}. See worlds/directory.toml for what there is.")]
    Directory(String),
    /// The thread that generates keys and world ended early.
    #[error("The sandbox could not be prepared: {0}")]
    Preparation(String),
}

impl SandboxError {
    pub(crate) fn certificate(error: rcgen::Error) -> Self {
        Self::Certificate(error.to_string())
    }
}

/// A running sandbox. It stops when dropped.
#[derive(Debug)]
pub struct Sandbox {
    ready: Ready,
    handles: Vec<Handle<SocketAddr>>,
    servers: JoinSet<std::io::Result<()>>,
    worlds: Arc<MovingWorld>,
    flavour: Flavour,
    calls: Arc<CallCounter>,
    journal: Arc<Journal>,
}

impl Sandbox {
    /// How to reach it.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What was asked of the API host so far.
    pub fn calls(&self) -> Calls {
        self.calls.calls()
    }

    /// What was asked of Microsoft Graph and Azure so far, in its order: the method, a blank, path and query, such as
    /// `GET /graph/v1.0/me`.
    pub fn microsoft_calls(&self) -> Vec<String> {
        self.journal.calls()
    }

    /// Begins counting anew.
    pub fn forget_calls(&self) {
        self.calls.forget();
        self.journal.forget();
    }

    /// The moment at which the world's clock stands: what decides today.
    pub fn clock(&self) -> Timestamp {
        self.worlds.now().now()
    }

    /// Moves the world's clock. Days end, rows come in, rows are marked as sent, as in life. Tokens use the real time all
    /// the same.
    pub fn set_clock(&self, now: Timestamp) {
        self.worlds.set_clock(now);
    }

    /// All days of the log in the instance's time zone, newest first, today included even where it has no rows.
    pub fn days(&self) -> Vec<Date> {
        self.worlds.now().days()
    }

    /// The truth: every row of a day that a client can ask for, newest first, exactly as it is sent. One at a time, so
    /// that large days take no memory.
    pub fn for_each_row(&self, day: Date, look: &mut dyn FnMut(&str)) {
        cipp::every_row(&self.worlds.now(), day, self.flavour, look);
    }

    /// The truth of [`Sandbox::for_each_row`] as a list.
    pub fn rows(&self, day: Date) -> Vec<String> {
        let mut rows = Vec::new();
        self.for_each_row(day, &mut |row| rows.push(row.to_owned()));
        rows
    }

    /// Closes all connections and waits until the ports are free again.
    pub async fn stop(mut self) {
        self.shut_down();
        while self.servers.join_next().await.is_some() {}
    }

    fn shut_down(&self) {
        for handle in &self.handles {
            handle.shutdown();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Starts a sandbox and returns when it answers.
///
/// # Errors
/// [`SandboxError`] says what could not be had: the port, a key, randomness.
pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    if !options.listen.ip().is_loopback() {
        return Err(SandboxError::NotLoopback(options.listen.ip()));
    }
    let listeners = Listeners::open(options.listen, options.scenario.flavour)?;
    let origins = listeners.origins(options.tls)?;
    let parts = tokio::task::spawn_blocking(move || Parts::prepare(&options))
        .await
        .map_err(|error| SandboxError::Preparation(error.to_string()))??;
    parts.serve(listeners, origins)
}

struct Listeners {
    authority: TcpListener,
    api: TcpListener,
    /// Absent on the container, whose API host is also the website.
    website: Option<TcpListener>,
}

impl Listeners {
    fn open(address: SocketAddr, flavour: Flavour) -> Result<Self, SandboxError> {
        let open = |address| TcpListener::bind(address).map_err(|source| SandboxError::Listen { address, source });
        let any_port = SocketAddr::new(address.ip(), 0);
        Ok(Self {
            authority: open(address)?,
            api: open(any_port)?,
            website: (flavour == Flavour::FunctionApp).then(|| open(any_port)).transpose()?,
        })
    }

    fn origins(&self, tls: bool) -> Result<Origins, SandboxError> {
        let origin = |listener: &TcpListener| {
            let address = listener.local_addr().map_err(|source| SandboxError::Listen {
                address: SocketAddr::from(([127, 0, 0, 1], 0)),
                source,
            })?;
            Ok(if tls {
                // MSAL and certificates want a name.
                format!("https://localhost:{}", address.port())
            } else {
                format!("http://{address}")
            })
        };
        let api = origin(&self.api)?;
        Ok(Origins {
            authority: origin(&self.authority)?,
            website: self.website.as_ref().map_or_else(|| Ok(api.clone()), origin)?,
            api,
        })
    }
}

struct Origins {
    authority: String,
    api: String,
    website: String,
}

/// What takes time to make: keys, certificates, the world.
struct Parts {
    identity: Arc<Identity>,
    directory: Arc<Directory>,
    key: Arc<SigningKey>,
    certificates: Option<Certificates>,
    worlds: Arc<MovingWorld>,
    scenario: Arc<Scenario>,
    clock: Clock,
    calls: Arc<CallCounter>,
    journal: Arc<Journal>,
}

impl Parts {
    fn prepare(options: &SandboxOptions) -> Result<Self, SandboxError> {
        let now = Timestamp::now();
        let world = World::generate(
            options.size,
            options.seed,
            options.now.or(options.scenario.clock).unwrap_or(now),
            world_flags(&options.scenario),
        )
        .in_zone(instance_zone(&options.scenario)?);
        let identity = Identity::of(world.cast(), options.seed)?;
        let clock = Clock::ahead_by(options.scenario.clock_skew_seconds);
        Ok(Self {
            directory: Arc::new(Directory::new(&identity, &options.scenario.directory, clock.now())?),
            identity: Arc::new(identity),
            key: Arc::new(SigningKey::generate()?),
            certificates: options.tls.then(|| Certificates::generate(now)).transpose()?,
            worlds: Arc::new(MovingWorld::new(world, options.scenario.clock_speed)),
            calls: Arc::default(),
            journal: Arc::default(),
            scenario: Arc::new(options.scenario.clone()),
            clock,
        })
    }

    fn serve(self, listeners: Listeners, origins: Origins) -> Result<Sandbox, SandboxError> {
        let tls = self
            .certificates
            .as_ref()
            .map(|certificates| RustlsConfig::from_config(Arc::new(certificates.server.clone())));
        let ready = self.ready(&origins);
        let cipp = cipp::router(self.cipp_state());

        let mut sandbox = Sandbox {
            ready,
            handles: Vec::new(),
            servers: JoinSet::new(),
            worlds: Arc::clone(&self.worlds),
            flavour: self.scenario.flavour,
            calls: Arc::clone(&self.calls),
            journal: Arc::clone(&self.journal),
        };
        if let Some(listener) = listeners.website {
            let sign_in = SignIn {
                authority: origins.authority.clone(),
            };
            sandbox.spawn(
                listener,
                self.dated(website::router(cipp.clone(), sign_in)),
                tls.clone(),
            )?;
        }
        let authority = entra::router(self.authority(origins.authority.clone()))
            .merge(microsoft::router(self.microsoft(origins.authority)))
            .merge(calls::router(Arc::clone(&self.calls)));
        sandbox.spawn(listeners.authority, self.dated(authority), tls.clone())?;
        sandbox.spawn(
            listeners.api,
            self.dated(api_host(
                cipp,
                self.front_door(),
                self.faults(),
                Arc::clone(&self.calls),
            )),
            tls,
        )?;
        Ok(sandbox)
    }

    fn ready(&self, origins: &Origins) -> Ready {
        Ready {
            authority: origins.authority.clone(),
            api_url: match self.scenario.given_address {
                GivenAddress::Api => origins.api.clone(),
                GivenAddress::ApiWithPath => format!("{}/api", origins.api),
                GivenAddress::ApiWithPathTwice => format!("{}/api/api/", origins.api),
                GivenAddress::Website => origins.website.clone(),
            },
            website_url: origins.website.clone(),
            tenant_id: self.identity.tenant_id.to_string(),
            client_id: self.identity.client_id.to_string(),
            client_secret: self.identity.client_secret.clone(),
            graph_url: format!("{}/graph", origins.authority),
            arm_url: format!("{}/arm", origins.authority),
            sign_in_app_id: self
                .directory
                .at("/applications/desk/appId")
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            people: entra::people(&self.directory),
            ca_pem: self
                .certificates
                .as_ref()
                .map(|certificates| certificates.ca_pem.clone()),
        }
    }

    fn authority(&self, origin: String) -> Arc<entra::Authority> {
        Arc::new(entra::Authority {
            origin,
            identity: Arc::clone(&self.identity),
            key: Arc::clone(&self.key),
            scenario: Arc::clone(&self.scenario),
            directory: Arc::clone(&self.directory),
            clock: self.clock,
            token_requests: 0.into(),
            sign_ins: entra::SignIns::default(),
        })
    }

    fn microsoft(&self, origin: String) -> Arc<Microsoft> {
        Arc::new(Microsoft {
            origin,
            identity: Arc::clone(&self.identity),
            key: Arc::clone(&self.key),
            scenario: Arc::clone(&self.scenario),
            directory: Arc::clone(&self.directory),
            clock: self.clock,
            seen: Default::default(),
            journal: Arc::clone(&self.journal),
        })
    }

    fn front_door(&self) -> Arc<FrontDoor> {
        Arc::new(FrontDoor {
            identity: Arc::clone(&self.identity),
            key: Arc::clone(&self.key),
            scenario: Arc::clone(&self.scenario),
            clock: self.clock,
            seen: Default::default(),
        })
    }

    fn cipp_state(&self) -> CippState {
        CippState::new(
            Arc::clone(&self.worlds),
            Arc::clone(&self.scenario),
            Arc::clone(&self.directory),
        )
    }

    fn faults(&self) -> Arc<Faults> {
        Arc::new(Faults {
            scenario: Arc::clone(&self.scenario),
            calls: 0.into(),
        })
    }

    fn dated(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clock, clock::serve))
    }
}

fn instance_zone(scenario: &Scenario) -> Result<TimeZone, SandboxError> {
    if let Some(name) = &scenario.instance_time_zone {
        return TimeZone::get(name).map_err(|_| SandboxError::TimeZone(name.clone()));
    }
    let hours = scenario.instance_utc_offset_hours;
    Ok(Offset::from_hours(hours).map_or(TimeZone::UTC, TimeZone::fixed))
}

fn world_flags(scenario: &Scenario) -> WorldFlags {
    WorldFlags {
        corrupt_row: scenario.corrupt_row,
        big_day: scenario.big_day,
        deep_log_data: scenario.deep_log_data,
        huge_log_data: scenario.huge_log_data,
        hostile_text: scenario.hostile_text,
        lone_surrogates: scenario.lone_surrogates,
        duplicate_row_keys: scenario.duplicate_row_keys,
        future_rows: scenario.future_rows,
        changes_after_close: scenario.changes_after_close,
        empty_day: scenario.empty_day,
        odd_types: scenario.odd_types,
        tenants: scenario.tenants,
        rows_per_day: scenario.rows_per_day,
        retention_days: scenario.retention_days,
    }
}

impl Sandbox {
    fn spawn(&mut self, listener: TcpListener, router: Router, tls: Option<RustlsConfig>) -> Result<(), SandboxError> {
        let address = listener.local_addr();
        let handle = Handle::new();
        let server = axum_server::from_tcp(listener).map_err(|source| SandboxError::Listen {
            address: address.unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0))),
            source,
        })?;
        let server = server.handle(handle.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        self.handles.push(handle);
        match tls {
            None => self.servers.spawn(server.acceptor(ResettableAcceptor).serve(service)),
            Some(config) => {
                let acceptor = RustlsAcceptor::new(config).acceptor(ResettableAcceptor);
                self.servers.spawn(server.acceptor(acceptor).serve(service))
            }
        };
        Ok(())
    }
}
