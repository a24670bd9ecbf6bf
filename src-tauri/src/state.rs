//! What the app holds while it runs: the rooms it opens, the clients and views that are open, secrets on their way.
//!
//! Everything here is gone when the app ends. What lasts is in the crates' own files and in the keychain.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use checklist::RunStore;
use cipp_client::{Client, ClientOptions, Ledger, Secret};
use connections::{ConnectionId, ConnectionStore, Keychain, KeychainStatus, SavedConnection, SecretPlace, StoreError};
use diagnosis::DiagnosisStore;
use jiff::Timestamp;
use logbook::Logbook;
use tauri::async_runtime::spawn_blocking;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    demo::{self, Demo},
    error::{CommandError, CommandResult, ErrorCode},
    microsoft::SignInDesk,
    setup::Rounds,
};

/// What every command can reach. Managed by Tauri as `Arc<AppState>`.
pub struct AppState {
    /// The file of connections.
    pub store: ConnectionStore,
    /// The keychain.
    pub keychain: Keychain,
    /// What was done in the checklists.
    pub runs: RunStore,
    /// Who is signed in at Microsoft; tokens are nowhere else.
    pub sign_ins: SignInDesk,
    /// The rounds of checks.
    pub rounds: Rounds,
    /// The last climbs of each connection.
    pub diagnoses: DiagnosisStore,
    /// The last calls of this app.
    pub ledger: Ledger,
    keychain_test: OnceCell<()>,
    clients: Mutex<Clients>,
    views: Mutex<HashMap<String, OpenView>>,
    drafts: Mutex<HashMap<String, Secret>>,
    demo: OnceCell<Demo>,
    /// Cancels the test that is running, if any.
    test: Mutex<CancellationToken>,
    /// Cancels the climb that is under way, if any, and whose it is.
    climb: Mutex<Option<(ConnectionId, CancellationToken)>>,
    names_given: AtomicU64,
}

/// The clients in use.
#[derive(Default)]
struct Clients {
    made: HashMap<ConnectionId, Client>,
    /// How often a connection has changed.
    changes: u64,
}

/// A log that is open in the window.
#[derive(Clone)]
pub struct OpenView {
    /// Whose log it is.
    pub connection_id: ConnectionId,
    /// The log.
    pub logbook: Arc<Logbook>,
    /// Cancelled when the view is closed: ends everything that works for it.
    pub closed: CancellationToken,
    /// Cancels the export that is running, if any.
    export: Arc<Mutex<CancellationToken>>,
}

impl AppState {
    /// The state of an app that has just started. Asks the keychain nothing.
    ///
    /// # Errors
    /// The system names no folder for the file of connections.
    pub fn new() -> Result<AppState, StoreError> {
        Ok(AppState::over(ConnectionStore::default_path()?, Keychain::system()))
    }

    /// The state over this file of connections (the checklist runs lie beside it, and the ticks of earlier versions that
    /// they begin with) and this keychain.
    pub fn over(file: PathBuf, keychain: Keychain) -> AppState {
        AppState {
            runs: RunStore::open(
                file.with_file_name("checklist-runs"),
                file.with_file_name("checklists.json"),
            ),
            sign_ins: SignInDesk::default(),
            rounds: Rounds::default(),
            diagnoses: DiagnosisStore::open(file.with_file_name("diagnoses")),
            ledger: Ledger::default(),
            store: ConnectionStore::open(file),
            keychain,
            keychain_test: OnceCell::new(),
            clients: Mutex::default(),
            views: Mutex::default(),
            drafts: Mutex::default(),
            demo: OnceCell::new(),
            test: Mutex::default(),
            climb: Mutex::default(),
            names_given: AtomicU64::new(0),
        }
    }

    /// How the keychain is: tested at the first call, which the window makes as soon as its first screen stands.
    pub async fn keychain_status(&self) -> KeychainStatus {
        self.keychain_test
            .get_or_init(|| async {
                let status = self.keychain.self_test().await;
                tracing::info!(store = %status.store, state = ?status.state, "keychain tested");
            })
            .await;
        self.keychain.status()
    }

    /// The sandbox of this app, started at the first call.
    pub async fn demo(&self) -> CommandResult<&Demo> {
        self.demo.get_or_try_init(demo::start).await
    }

    /// A connection by its id: one of the file, or one that lasts for this session.
    pub async fn connection(self: &Arc<Self>, id: ConnectionId) -> CommandResult<SavedConnection> {
        if let Some(demo) = self.demo_with(id) {
            return Ok(demo.connection());
        }
        self.with_store(move |store| store.get(&id)).await
    }

    /// The secret of a connection.
    ///
    /// # Errors
    /// The keychain's own, or that it has none for this connection.
    pub async fn secret(&self, id: ConnectionId) -> CommandResult<Secret> {
        if let Some(demo) = self.demo_with(id) {
            return match demo.refused() {
                Some(refused) => Err(refused.into()),
                None => Ok(demo.secret()),
            };
        }
        let held = self.keychain.place(&id);
        let secret = self.keychain.read(&id).await?.ok_or_else(|| {
            CommandError::new(
                ErrorCode::SecretMissing,
                "The client secret of this connection is not in the keychain.",
            )
            .with_remedy("Open the connection and paste the secret again.")
        })?;
        if held != SecretPlace::Keychain && self.keychain.place(&id) == SecretPlace::Keychain {
            self.note_secret_read(id);
        }
        Ok(secret)
    }

    /// Notes that the keychain gave a secret. That it could not be noted is no reason to stop.
    fn note_secret_read(&self, id: ConnectionId) {
        let store = self.store.clone();
        spawn_blocking(move || {
            if let Err(error) = store.note_secret_read(&id, Timestamp::now()) {
                tracing::debug!(%error, "the reading of a secret could not be noted");
            }
        });
    }

    /// The client of a connection, made at the first use and kept, so that its token is got once.
    pub async fn client(self: &Arc<Self>, id: ConnectionId) -> CommandResult<Client> {
        loop {
            let changes = {
                let clients = lock(&self.clients);
                if let Some(client) = clients.made.get(&id) {
                    return Ok(client.clone());
                }
                clients.changes
            };
            let connection = self.connection(id).await?.connection;
            let secret = self.secret(id).await?;
            let client = Client::new(connection, secret, self.client_options(id))?;
            let mut clients = lock(&self.clients);
            // A connection that was saved meanwhile may have another address or secret than what was read.
            if clients.changes == changes {
                return Ok(clients.made.entry(id).or_insert(client).clone());
            }
        }
    }

    /// How the clients of a connection behave.
    pub fn client_options(&self, id: ConnectionId) -> ClientOptions {
        ClientOptions {
            ledger: self.ledger.clone(),
            proxy: self.demo_with(id).map(Demo::proxy).unwrap_or_default(),
            ..ClientOptions::default()
        }
    }

    /// Forgets the client of a connection that changed.
    pub fn forget_client(&self, id: ConnectionId) {
        let mut clients = lock(&self.clients);
        clients.made.remove(&id);
        clients.changes += 1;
    }

    /// Does something with the file of connections, off the threads that answer the UI.
    pub async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&ConnectionStore) -> Result<T, StoreError> + Send + 'static,
    ) -> CommandResult<T> {
        let state = Arc::clone(self);
        let done = spawn_blocking(move || work(&state.store))
            .await
            .map_err(CommandError::internal)?;
        Ok(done?)
    }

    /// Notes that a connection is being used. That it could not be noted is no reason to stop.
    pub fn note_use(self: &Arc<Self>, id: ConnectionId) {
        if self.demo_with(id).is_some() {
            return;
        }
        let state = Arc::clone(self);
        spawn_blocking(move || {
            if let Err(error) = state.store.touch_used(&id, Timestamp::now()) {
                tracing::warn!(%error, "the last use of a connection could not be noted");
            }
        });
    }

    /// Keeps a secret that was recognised in a pasted text, in memory, and gives the name to ask for it by.
    pub fn keep_draft(&self, secret: Secret) -> String {
        let name = self.new_name("draft");
        lock(&self.drafts).insert(name.clone(), secret);
        name
    }

    /// The secret of a draft.
    pub fn draft(&self, name: &str) -> Option<Secret> {
        lock(&self.drafts).get(name).cloned()
    }

    /// Drops (and wipes) the secret of a draft.
    pub fn forget_draft(&self, name: &str) {
        lock(&self.drafts).remove(name);
    }

    /// Begins a test of a connection; the one before is cancelled.
    pub fn begin_test(&self) -> CancellationToken {
        let mut test = lock(&self.test);
        test.cancel();
        *test = CancellationToken::new();
        test.clone()
    }

    /// Cancels the test that is running, if any.
    pub fn cancel_test(&self) {
        lock(&self.test).cancel();
    }

    /// Begins to climb the ladder; the climb before is cancelled.
    pub fn begin_climb(&self, id: ConnectionId) -> CancellationToken {
        let cancel = CancellationToken::new();
        if let Some((_, before)) = lock(&self.climb).replace((id, cancel.clone())) {
            before.cancel();
        }
        cancel
    }

    /// Ends the climb of this connection, if one is under way.
    pub fn cancel_climb(&self, id: ConnectionId) {
        if let Some((_, cancel)) = lock(&self.climb).as_ref().filter(|(whose, _)| *whose == id) {
            cancel.cancel();
        }
    }

    /// Keeps a view and gives its name.
    pub fn open_view(&self, view: OpenView) -> String {
        let name = self.new_name("view");
        lock(&self.views).insert(name.clone(), view);
        name
    }

    /// An open view.
    pub fn view(&self, name: &str) -> CommandResult<OpenView> {
        lock(&self.views)
            .get(name)
            .cloned()
            .ok_or_else(CommandError::no_such_view)
    }

    /// Closes a view and stops everything that works for it. One that is closed already is fine.
    pub fn close_view(&self, name: &str) {
        if let Some(view) = lock(&self.views).remove(name) {
            view.close();
        }
    }

    /// Closes the views on a connection.
    pub fn close_views_of(&self, id: ConnectionId) {
        lock(&self.views).retain(|_, view| {
            let stays = view.connection_id != id;
            if !stays {
                view.close();
            }
            stays
        });
    }

    /// Closes every view.
    pub fn close_all_views(&self) {
        for (_, view) in lock(&self.views).drain() {
            view.close();
        }
    }

    /// The sandbox of this app, where it was started.
    pub fn demo_if_started(&self) -> Option<&Demo> {
        self.demo.get()
    }

    /// The demo that this connection belongs to, if any.
    pub fn demo_with(&self, id: ConnectionId) -> Option<&Demo> {
        self.demo.get().filter(|demo| demo.id() == id)
    }

    fn new_name(&self, of: &str) -> String {
        format!("{of}-{}", self.names_given.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl OpenView {
    /// A view over a logbook that was just opened.
    pub fn new(connection_id: ConnectionId, logbook: Arc<Logbook>) -> OpenView {
        OpenView {
            connection_id,
            logbook,
            closed: CancellationToken::new(),
            export: Arc::default(),
        }
    }

    /// Begins an export; the one before is cancelled.
    pub fn begin_export(&self) -> CancellationToken {
        let mut export = lock(&self.export);
        export.cancel();
        *export = self.closed.child_token();
        export.clone()
    }

    /// Cancels the export that is running, if any.
    pub fn cancel_export(&self) {
        lock(&self.export).cancel();
    }

    fn close(&self) {
        self.closed.cancel();
        self.logbook.close();
    }
}

/// Takes a lock; what is behind the locks of this app is whole after every statement, even if a thread panicked.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
