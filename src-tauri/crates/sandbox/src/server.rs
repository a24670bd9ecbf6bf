//! Starting, switching and stopping: what whoever starts a sandbox holds in hands.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use crate::{
    cipp,
    hosting::{calls::Calls, proxy},
    house::House,
    listeners::{Detour, Detours, Listeners, Servers},
    scenario::Scenario,
    stage::{Act, Door, Stage},
    world::WorldSize,
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
    /// How many seconds of a scenario's pauses pass in a second: with 1 a call that is cut off after 45 seconds takes as
    /// long, with 45 a second. Clocks, time limits of tokens and `Retry-After` are not touched by it.
    pub pace: u32,
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
            pace: 1,
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
    /// The proxy that stands in the way, where a scenario has one: `http://` with host and port. Without it `api_url` is not
    /// to be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
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
pub struct Sandbox {
    ready: Ready,
    listen: IpAddr,
    house: Arc<House>,
    stage: Stage,
    /// The servers, and the addresses of those that only some scenarios need.
    open: Mutex<(Servers, Detours)>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("ready", &self.ready)
            .field("playing", &self.act().scenario.name)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// How to reach it, as it was at the start. What a technician would have now is what [`Sandbox::play`] returned last.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Plays another scenario from now on: on the same ports, with the same IDs, keys and people.
    ///
    /// All that a scenario decides changes at one moment, and what it counts begins anew. Tokens and sign-ins that there
    /// are stay what they are, connections stay open, and a call that is under way is served to its end by what was
    /// played when it came. Returns what a technician would have in hands then: some scenarios give out a wrong address
    /// or secret, or a proxy.
    ///
    /// The world's clock stays where [`Sandbox::set_clock`] or the options of the start have put it; else it stands where
    /// the scenario says, or at the start of the sandbox.
    ///
    /// # Errors
    /// [`SandboxError`], where the scenario names a time zone or a table of the directory that there is not, or a port
    /// that it needs could not be opened. Then the one before it plays on.
    pub async fn play(&self, scenario: Scenario) -> Result<Ready, SandboxError> {
        let detours = self.open_what_is_needed(&scenario)?;
        let act = prepare(&self.house, scenario, detours).await?;
        let ready = act.ready.clone();
        self.house.show_certificate(&act.scenario);
        self.stage.set(act);
        Ok(ready)
    }

    /// What is being played.
    pub fn playing(&self) -> Scenario {
        Scenario::clone(&self.act().scenario)
    }

    /// What was asked of the API host so far.
    pub fn calls(&self) -> Calls {
        self.house.calls.calls()
    }

    /// What was asked of Microsoft Graph and Azure so far, in its order: the method, a blank, path and query, such as
    /// `GET /graph/v1.0/me`.
    pub fn microsoft_calls(&self) -> Vec<String> {
        self.house.journal.calls()
    }

    /// Begins counting anew.
    pub fn forget_calls(&self) {
        self.house.calls.forget();
        self.house.journal.forget();
    }

    /// The moment at which the world's clock stands: what decides today.
    pub fn clock(&self) -> Timestamp {
        self.act().worlds.now().now()
    }

    /// Moves the world's clock. Days end, rows come in, rows are marked as sent, as in life. Tokens use the real time all
    /// the same.
    pub fn set_clock(&self, now: Timestamp) {
        self.house.moved_to(now);
        self.act().worlds.set_clock(now);
    }

    /// All days of the log in the instance's time zone, newest first, today included even where it has no rows.
    pub fn days(&self) -> Vec<Date> {
        self.act().worlds.now().days()
    }

    /// The truth: every row of a day that a client can ask for, newest first, exactly as it is sent. One at a time, so
    /// that large days take no memory.
    pub fn for_each_row(&self, day: Date, look: &mut dyn FnMut(&str)) {
        let act = self.act();
        cipp::every_row(&act.worlds.now(), day, act.scenario.flavour, look);
    }

    /// The truth of [`Sandbox::for_each_row`] as a list.
    pub fn rows(&self, day: Date) -> Vec<String> {
        let mut rows = Vec::new();
        self.for_each_row(day, &mut |row| rows.push(row.to_owned()));
        rows
    }

    /// Closes all connections and waits until the ports are free again.
    pub async fn stop(self) {
        let servers = std::mem::take(&mut self.open().0);
        servers.shut_down();
        servers.ended().await;
    }

    fn act(&self) -> Arc<Act> {
        self.stage.act()
    }

    fn open(&self) -> MutexGuard<'_, (Servers, Detours)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the ports of a scenario that needs more than three; once open they stay.
    fn open_what_is_needed(&self, scenario: &Scenario) -> Result<Detours, SandboxError> {
        let mut open = self.open();
        let (servers, detours) = &mut *open;
        for (listener, detour) in detours.open(self.listen, scenario, self.house.tls().is_some())? {
            serve_detour(servers, listener, detour, &self.stage, &self.house)?;
        }
        Ok(detours.clone())
    }
}

fn serve_detour(
    servers: &mut Servers,
    listener: TcpListener,
    detour: Detour,
    stage: &Stage,
    house: &House,
) -> Result<(), SandboxError> {
    match detour {
        Detour::Inspected => servers.serve(listener, stage.service(Door::Api), Some(house.inspecting_tls())),
        Detour::Proxy => servers.serve(listener, proxy::router(), None),
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.open().0.shut_down();
    }
}

/// Starts a sandbox and returns when it answers.
///
/// # Errors
/// [`SandboxError`] says what could not be had: the port, a key, randomness.
pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    let listen = options.listen.ip();
    if !listen.is_loopback() {
        return Err(SandboxError::NotLoopback(listen));
    }
    let listeners = Listeners::open(options.listen)?;
    let origins = listeners.origins(options.tls)?;
    let (scenario, tls) = (options.scenario.clone(), options.tls);
    let mut detours = Detours::default();
    let opened = detours.open(listen, &scenario, tls)?;

    let house = Arc::new(blocking(move || House::prepare(options, origins)).await?);
    let act = prepare(&house, scenario, detours.clone()).await?;
    house.show_certificate(&act.scenario);
    let ready = act.ready.clone();
    let stage = Stage::new(act);

    let mut servers = Servers::default();
    for (listener, detour) in opened {
        serve_detour(&mut servers, listener, detour, &stage, &house)?;
    }
    for (listener, door) in [
        (listeners.website, Door::Website),
        (listeners.authority, Door::Authority),
        (listeners.api, Door::Api),
    ] {
        servers.serve(listener, stage.service(door), house.tls())?;
    }
    Ok(Sandbox {
        ready,
        listen,
        house,
        stage,
        open: Mutex::new((servers, detours)),
    })
}

async fn prepare(house: &Arc<House>, scenario: Scenario, detours: Detours) -> Result<Act, SandboxError> {
    let house = Arc::clone(house);
    blocking(move || house.act(scenario, &detours)).await
}

/// Work that would hold other tasks up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SandboxError::Preparation(error.to_string()))?
}
