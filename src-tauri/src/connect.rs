//! Testing and saving a connection: what is tried before anything is stored, and in which order things are stored so
//! that a failure half-way leaves nothing behind. Replacing the secret alone goes the same way.
//!
//! Saving: the values are checked, CIPP's log is read (if wanted), the secret goes into the keychain, and only then the
//! rest into the file. When the keychain refuses, nothing was written; when the file does, the keychain is put back.

use std::{path::PathBuf, sync::Arc, time::Instant};

use cipp_client::{Client, ClientError, Connection, Day, Field, FieldError, ListLogs, Row, Secret};
use connections::{ConnectionId, ConnectionStore, KeychainError, SavedConnection, SecretPlace, StoreError};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use specta::Type;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroize;

use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    state::AppState,
};

/// A connection as the form sends it. Has no `Debug`: it may hold a secret.
#[derive(Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionInput {
    /// The connection that is being changed; none for a new one.
    pub id: Option<ConnectionId>,
    /// The name for people.
    pub name: String,
    /// CIPP's API address.
    pub api_url: String,
    /// The tenant.
    pub tenant_id: String,
    /// The API client.
    pub client_id: String,
    /// The sign-in server; none or empty is Microsoft's public cloud.
    pub authority: Option<String>,
    /// A file with certificate authorities to trust besides the system's.
    pub ca_cert: Option<String>,
    /// Where the secret comes from.
    pub secret: SecretInput,
    /// Whether CIPP's log must be readable before anything is stored.
    pub test: bool,
}

/// Where the secret of a connection comes from. Has no `Debug`: it may hold it.
#[derive(Deserialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SecretInput {
    /// The one that is in the keychain already.
    Keep,
    /// Typed or pasted into the field.
    Typed {
        /// The secret.
        value: String,
    },
    /// Recognised in a pasted text and held in memory since.
    Draft {
        /// The name it was given.
        draft_id: String,
    },
}

/// How far a test is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TestProgress {
    /// The stage it is about.
    pub stage: TestStage,
    /// How it stands.
    pub state: StageState,
    /// Milliseconds it took; 0 while it runs.
    pub duration_ms: u32,
    /// What was found; may be empty.
    pub detail: String,
}

/// The stages of a test, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum TestStage {
    /// CIPP's API answers at the address.
    Address,
    /// Entra issues a token.
    SignIn,
    /// CIPP accepts the token and allows the call.
    Accepted,
    /// The log of today can be read.
    LogRead,
    /// Keychain and file are written.
    Saved,
}

/// How a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum StageState {
    /// It is being tried.
    Running,
    /// It worked.
    Ok,
    /// It did not.
    Failed,
}

/// Where progress is told.
pub type Report<'a> = &'a (dyn Fn(TestProgress) + Sync);

/// Signs in and reads the log of today, as far as its first row.
pub async fn test(client: &Client, report: Report<'_>, cancel: &CancellationToken) -> Result<(), ClientError> {
    stage(TestStage::Address, report, async {
        let host = client.connection().api_url.host().to_owned();
        match client.public_ping(cancel).await {
            Err(error @ (ClientError::Unreachable { .. } | ClientError::WrongAddress { .. })) => Err(error),
            Err(error @ (ClientError::Cancelled | ClientError::Local { .. })) => Err(error),
            // Whatever else it says, something answers there; a Function App wants a token even for this.
            _ => Ok((host, ())),
        }
    })
    .await?;
    stage(TestStage::SignIn, report, async {
        client.sign_in(cancel).await?;
        Ok((String::new(), ()))
    })
    .await?;
    let mut rows = stage(TestStage::Accepted, report, async {
        // CIPP's day is UTC's unless the instance is set otherwise; an empty day is as good a proof.
        let today = Day::new(Timestamp::now().to_zoned(TimeZone::UTC).date());
        Ok((String::new(), client.list_logs(&ListLogs::day(today), cancel).await?))
    })
    .await?;
    stage(TestStage::LogRead, report, async {
        let first = rows.next().await.transpose()?;
        Ok((describe_newest(first.as_ref()), ()))
    })
    .await
}

/// Checks, tests if wanted, and saves a connection.
pub async fn save(
    state: &Arc<AppState>,
    mut input: ConnectionInput,
    report: Report<'_>,
    cancel: &CancellationToken,
) -> CommandResult<SavedConnection> {
    let connection = connection_of(&input)?;
    let existing = existing(state, &input).await?;
    let wanted = Wanted {
        id: existing.as_ref().map_or_else(ConnectionId::random, |saved| saved.id),
        exists: existing.is_some(),
        name: input.name,
        connection,
    };
    let (id, exists) = (wanted.id, wanted.exists);
    // The keychain may be waiting for a person to unlock it.
    let secret = cancel
        .run_until_cancelled(secret_of(state, &mut input.secret, id))
        .await;
    let secret = secret.ok_or(ClientError::Cancelled)??;
    let given = match input.secret {
        SecretInput::Keep => Given::Kept(secret),
        SecretInput::Typed { .. } | SecretInput::Draft { .. } => Given::New(secret),
    };
    let saved = test_and_store(state, wanted, given, input.test, report, cancel).await?;
    if exists {
        // Whoever signed in did so for the connection as it was.
        state.sign_ins.forget(id);
    }
    if let SecretInput::Draft { draft_id } = &input.secret {
        state.forget_draft(draft_id);
    }
    Ok(saved)
}

/// Puts a new secret in the place of the one that a connection has, and leaves the rest as it is. The new one is tested
/// first: it must sign in and read the log. Whatever fails, the old one stays.
pub async fn replace_secret(
    state: &Arc<AppState>,
    id: ConnectionId,
    mut secret: SecretInput,
    report: Report<'_>,
    cancel: &CancellationToken,
) -> CommandResult<SavedConnection> {
    let existing = state.with_store(move |store| store.get(&id)).await?;
    let new = secret_of(state, &mut secret, id).await?;
    // A keychain that would not take the new one is better known before anything is tried.
    let before = cancel.run_until_cancelled(stored(state, id)).await;
    if before
        .ok_or(ClientError::Cancelled)??
        .is_some_and(|before| before.expose() == new.expose())
    {
        return Err(FieldError::new(
            Field::Secret,
            "This is the secret that is stored already.",
            "Paste the new one. In CIPP it is shown once, when the client's secret is reset.",
        )
        .into());
    }
    let wanted = Wanted {
        id,
        exists: true,
        name: existing.name,
        connection: existing.connection,
    };
    let saved = test_and_store(state, wanted, Given::New(new), true, report, cancel).await?;
    if let SecretInput::Draft { draft_id } = &secret {
        state.forget_draft(draft_id);
    }
    Ok(saved)
}

/// A connection as it is to be.
struct Wanted {
    id: ConnectionId,
    /// It is in the file already.
    exists: bool,
    name: String,
    connection: Connection,
}

/// The secret of a connection that is being saved.
enum Given {
    /// To be put into the keychain.
    New(Secret),
    /// The one that is there.
    Kept(Secret),
}

async fn test_and_store(
    state: &Arc<AppState>,
    wanted: Wanted,
    given: Given,
    tested: bool,
    report: Report<'_>,
    cancel: &CancellationToken,
) -> CommandResult<SavedConnection> {
    let (id, exists) = (wanted.id, wanted.exists);
    let (Given::New(secret) | Given::Kept(secret)) = &given;
    if tested {
        let client = Client::new(wanted.connection.clone(), secret.clone(), state.client_options(id))?;
        test(&client, report, cancel).await?;
    }
    if cancel.is_cancelled() {
        return Err(ClientError::Cancelled.into());
    }
    let new_secret = matches!(given, Given::New(_)).then_some(secret);
    let saved = stage(TestStage::Saved, report, async {
        Ok::<_, CommandError>((String::new(), store(state, wanted, new_secret).await?))
    })
    .await?;
    state.forget_client(id);
    if exists {
        state.rounds.cancel();
    }
    Ok(saved)
}

/// Puts the secret into the keychain, then the connection into the file; takes the secret back if the file refuses.
async fn store(state: &Arc<AppState>, wanted: Wanted, new_secret: Option<&Secret>) -> CommandResult<SavedConnection> {
    let id = wanted.id;
    let before = match new_secret {
        Some(_) if wanted.exists => stored(state, id).await?,
        _ => None,
    };
    let mut saved_at = None;
    if let Some(secret) = new_secret {
        state.keychain.save(&id, secret).await?;
        let in_keychain = state.keychain.place(&id) == SecretPlace::Keychain;
        saved_at = Some(in_keychain.then(Timestamp::now));
    }
    let written = state.with_store(move |store| write(store, wanted, saved_at)).await;
    let Err(refused) = written else { return written };
    if new_secret.is_some() {
        let undone = match &before {
            Some(secret) => state.keychain.save(&id, secret).await,
            None => state.keychain.delete(&id).await,
        };
        if let Err(error) = undone {
            tracing::warn!(%error, "the keychain could not be put back after the file of connections refused");
            return Err(unsure(&refused, &error));
        }
    }
    Err(refused)
}

/// Writes the connection as it is to be over what stands in the file now. `saved_at` is given where the secret is a new
/// one: of the old one nothing is known any more.
fn write(
    store: &ConnectionStore,
    wanted: Wanted,
    saved_at: Option<Option<Timestamp>>,
) -> Result<SavedConnection, StoreError> {
    let mut saved = if wanted.exists {
        store.get(&wanted.id)?
    } else {
        SavedConnection::new(
            wanted.id,
            wanted.name.clone(),
            wanted.connection.clone(),
            Timestamp::now(),
        )
    };
    let same_client = saved.connection.client_id == wanted.connection.client_id
        && saved.connection.tenant_id == wanted.connection.tenant_id;
    if saved_at.is_some() || !same_client {
        saved.secret_end = None;
    }
    if let Some(saved_at) = saved_at {
        saved.secret_saved_at = saved_at;
        saved.secret_read_at = None;
    }
    saved.name = wanted.name;
    saved.connection = wanted.connection;
    if wanted.exists {
        store.update(&saved)
    } else {
        store.add(saved)
    }
}

/// The secret that a connection has. Something else in its place counts as none: a new one takes that place.
async fn stored(state: &AppState, id: ConnectionId) -> Result<Option<Secret>, KeychainError> {
    match state.keychain.read(&id).await {
        Err(KeychainError::NotOurs(_)) => Ok(None),
        other => other,
    }
}

/// The file refused, and then the keychain would not take the old secret back.
fn unsure(refused: &CommandError, keychain: &KeychainError) -> CommandError {
    CommandError::new(
        ErrorCode::SecretUnsure,
        "The connection could not be written, and the old secret could not be put back into the keychain.",
    )
    .with_remedy("The keychain may hold the new secret now. Test the connection; if it fails, enter its secret again.")
    .with_detail(format!("{refused}\n{keychain}"))
}

/// The values of the form, checked.
fn connection_of(input: &ConnectionInput) -> Result<Connection, FieldError> {
    check_name(&input.name)?;
    let optional = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let connection = Connection {
        api_url: input.api_url.parse()?,
        tenant_id: input.tenant_id.parse()?,
        client_id: input.client_id.parse()?,
        authority: optional(&input.authority)
            .map(|text| text.parse())
            .transpose()?
            .unwrap_or_default(),
        ca_cert: optional(&input.ca_cert).map(PathBuf::from),
    };
    connection.check()?;
    Ok(connection)
}

/// Refuses a name that says nothing.
pub fn check_name(name: &str) -> Result<(), FieldError> {
    if name.trim().is_empty() {
        return Err(FieldError::new(
            Field::Name,
            "The connection has no name.",
            "Give it one, such as your company's.",
        ));
    }
    Ok(())
}

/// The connection that is being changed, if it is one; a name that is taken is refused before anything is tried.
async fn existing(state: &Arc<AppState>, input: &ConnectionInput) -> CommandResult<Option<SavedConnection>> {
    let (id, name) = (input.id, input.name.clone());
    state
        .with_store(move |store| {
            let existing = id.map(|id| store.get(&id)).transpose()?;
            match store.find_by_name(&name)? {
                Some(other) if Some(other.id) != id => Err(StoreError::NameTaken { name: other.name }),
                _ => Ok(existing),
            }
        })
        .await
}

/// The secret, taken out of the form's data: what was typed is wiped there.
async fn secret_of(state: &Arc<AppState>, input: &mut SecretInput, id: ConnectionId) -> CommandResult<Secret> {
    match input {
        SecretInput::Keep => state.secret(id).await,
        SecretInput::Typed { value } => {
            let secret = Secret::parse(value);
            value.zeroize();
            Ok(secret?)
        }
        SecretInput::Draft { draft_id } => state.draft(draft_id).ok_or_else(|| {
            CommandError::new(ErrorCode::SecretMissing, "The pasted secret is no longer in memory.")
                .with_remedy("Paste it again.")
        }),
    }
}

/// Runs one stage and tells how it went.
async fn stage<T, E: std::fmt::Display>(
    stage: TestStage,
    report: Report<'_>,
    work: impl Future<Output = Result<(String, T), E>>,
) -> Result<T, E> {
    let started = Instant::now();
    let tell = |state, detail| {
        let duration_ms = match state {
            StageState::Running => 0,
            _ => u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX),
        };
        report(TestProgress {
            stage,
            state,
            duration_ms,
            detail,
        });
    };
    tell(StageState::Running, String::new());
    match work.await {
        Ok((detail, value)) => {
            tell(StageState::Ok, detail);
            Ok(value)
        }
        Err(error) => {
            tell(StageState::Failed, error.to_string());
            Err(error)
        }
    }
}

fn describe_newest(row: Option<&Row>) -> String {
    let Some(row) = row else {
        return "There are no entries today yet.".to_owned();
    };
    let time = row
        .fields()
        .ok()
        .and_then(|fields| cipp_client::parse_date_time(&fields.date_time?));
    match time {
        Some(time) => format!("The newest entry is from {}.", time.strftime("%-d %b %Y, %H:%M:%S UTC")),
        None => "There are entries today.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Mutex};

    use connections::Keychain;
    use sandbox::{Ready, Sandbox, SandboxOptions, Scenario};
    use tempfile::TempDir;

    use super::*;

    /// An app over a folder of its own that keeps secrets in memory, and a sandbox to connect to.
    struct Desk {
        folder: TempDir,
        state: Arc<AppState>,
        sandbox: Sandbox,
        told: Mutex<Vec<(TestStage, StageState)>>,
    }

    impl Desk {
        async fn new(scenario: Scenario) -> Desk {
            let keychain = Keychain::system();
            keychain.use_session_memory();
            Desk::over(keychain, scenario).await
        }

        async fn over(keychain: Keychain, scenario: Scenario) -> Desk {
            let folder = tempfile::tempdir().unwrap();
            let state = Arc::new(AppState::over(folder.path().join("connections.json"), keychain));
            let options = SandboxOptions {
                scenario,
                ..SandboxOptions::default()
            };
            let sandbox = sandbox::start(options).await.unwrap();
            Desk {
                folder,
                state,
                sandbox,
                told: Mutex::default(),
            }
        }

        fn ready(&self) -> &Ready {
            self.sandbox.ready()
        }

        fn input(&self, secret: SecretInput) -> ConnectionInput {
            let ready = self.ready();
            ConnectionInput {
                id: None,
                name: " Contoso ".into(),
                api_url: format!("{}/api/", ready.api_url),
                tenant_id: ready.tenant_id.clone(),
                client_id: ready.client_id.clone(),
                authority: Some(ready.authority.clone()),
                ca_cert: Some(String::new()),
                secret,
                test: true,
            }
        }

        fn right_secret(&self) -> SecretInput {
            SecretInput::Typed {
                value: self.ready().client_secret.clone(),
            }
        }

        async fn save(&self, input: ConnectionInput) -> CommandResult<SavedConnection> {
            let tell = |progress: TestProgress| self.told.lock().unwrap().push((progress.stage, progress.state));
            save(&self.state, input, &tell, &CancellationToken::new()).await
        }

        fn told(&self) -> Vec<(TestStage, StageState)> {
            std::mem::take(&mut self.told.lock().unwrap())
        }

        /// Lets the file be read and not written, also by an administrator: a folder stands where its lock should be.
        fn make_unwritable(&self) {
            let lock = self.folder.path().join("connections.lock");
            let _ = fs::remove_file(&lock);
            fs::create_dir(lock).unwrap();
        }

        fn files(&self) -> String {
            let files = fs::read_dir(self.folder.path())
                .unwrap()
                .map(|file| file.unwrap().path());
            files
                .filter(|path| path.is_file())
                .map(|path| fs::read_to_string(path).unwrap())
                .collect()
        }
    }

    #[tokio::test]
    async fn a_connection_is_tested_and_saved_without_its_secret() {
        let desk = Desk::new(Scenario::default()).await;
        let saved = desk.save(desk.input(desk.right_secret())).await.unwrap();
        let stages = [
            TestStage::Address,
            TestStage::SignIn,
            TestStage::Accepted,
            TestStage::LogRead,
            TestStage::Saved,
        ];
        let expected: Vec<_> = stages
            .into_iter()
            .flat_map(|stage| [(stage, StageState::Running), (stage, StageState::Ok)])
            .collect();
        assert_eq!(desk.told(), expected);
        assert_eq!(saved.name, "Contoso");
        assert_eq!(saved.secret_saved_at, None, "kept for this session is not saved");
        assert_eq!(desk.state.keychain.place(&saved.id), SecretPlace::Session);
        assert!(desk.files().contains("Contoso"));
        assert!(
            !desk.files().contains(&desk.ready().client_secret),
            "the file holds no secret"
        );
        assert!(desk.state.client(saved.id).await.is_ok());
    }

    #[tokio::test]
    async fn a_wrong_secret_is_refused_and_nothing_is_stored() {
        let desk = Desk::new(Scenario::default()).await;
        let error = desk
            .save(desk.input(SecretInput::Typed { value: "wrong".into() }))
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::SignInRefused);
        assert_eq!(desk.told().last(), Some(&(TestStage::SignIn, StageState::Failed)));
        assert_eq!(desk.files(), "");
        let guid = SecretInput::Typed {
            value: "0b9f7c3e-1111-4222-8333-444455556666".into(),
        };
        let error = desk.save(desk.input(guid)).await.unwrap_err();
        assert_eq!(
            (error.code, error.field),
            (ErrorCode::InvalidField, Some(Field::Secret))
        );
        assert_eq!(desk.told(), [], "nothing was sent");
    }

    /// Its front door answers the ping like the API does; only the log itself shows where we are.
    #[tokio::test]
    async fn the_website_is_called_a_wrong_address_and_nothing_is_stored() {
        let desk = Desk::new(Scenario::default()).await;
        let mut input = desk.input(desk.right_secret());
        input.api_url = desk.ready().website_url.clone();
        let error = desk.save(input).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::WrongAddress, "{error:?}");
        assert_eq!(desk.told().last(), Some(&(TestStage::Accepted, StageState::Failed)));
        assert_eq!(desk.files(), "");
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_fails_at_the_first_stage() {
        let desk = Desk::new(Scenario::default()).await;
        let mut input = desk.input(desk.right_secret());
        input.api_url = "http://127.0.0.1:1".into();
        let error = desk.save(input).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Unreachable, "{error:?}");
        assert_eq!(
            desk.told(),
            [
                (TestStage::Address, StageState::Running),
                (TestStage::Address, StageState::Failed)
            ]
        );
    }

    #[tokio::test]
    async fn a_refusal_by_cipp_fails_at_its_own_stage() {
        let desk = Desk::new(Scenario {
            role: String::new(),
            ..Scenario::default()
        })
        .await;
        let error = desk.save(desk.input(desk.right_secret())).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotAllowed);
        assert_eq!(desk.told().last(), Some(&(TestStage::Accepted, StageState::Failed)));
        assert_eq!(desk.files(), "");
    }

    #[tokio::test]
    async fn a_pasted_secret_is_used_by_its_name_and_dropped_once_saved() {
        let desk = Desk::new(Scenario::default()).await;
        let draft_id = desk
            .state
            .keep_draft(Secret::parse(&desk.ready().client_secret).unwrap());
        desk.save(desk.input(SecretInput::Draft {
            draft_id: draft_id.clone(),
        }))
        .await
        .unwrap();
        assert!(desk.state.draft(&draft_id).is_none());
        let mut again = desk.input(SecretInput::Draft { draft_id });
        again.name = "Another".into();
        assert_eq!(desk.save(again).await.unwrap_err().code, ErrorCode::SecretMissing);
    }

    #[tokio::test]
    async fn a_taken_name_is_refused_before_anything_is_tried() {
        let desk = Desk::new(Scenario::default()).await;
        desk.save(desk.input(desk.right_secret())).await.unwrap();
        desk.told();
        let mut second = desk.input(desk.right_secret());
        second.name = "CONTOSO".into();
        assert_eq!(desk.save(second).await.unwrap_err().code, ErrorCode::NameTaken);
        assert_eq!(desk.told(), []);
    }

    #[tokio::test]
    async fn a_connection_is_changed_with_its_secret_kept() {
        let desk = Desk::new(Scenario::default()).await;
        let saved = desk.save(desk.input(desk.right_secret())).await.unwrap();
        let mut change = desk.input(SecretInput::Keep);
        change.id = Some(saved.id);
        change.name = "Fabrikam".into();
        let changed = desk.save(change).await.unwrap();
        assert_eq!((changed.id, changed.name.as_str()), (saved.id, "Fabrikam"));
        assert_eq!(changed.created_at, saved.created_at);
        assert_eq!(desk.state.store.list().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_takes_the_secret_back() {
        let desk = Desk::new(Scenario::default()).await;
        let saved = desk.save(desk.input(desk.right_secret())).await.unwrap();
        desk.make_unwritable();

        let mut change = desk.input(SecretInput::Typed {
            value: "a newer secret".into(),
        });
        change.id = Some(saved.id);
        change.test = false;
        assert!(desk.save(change).await.is_err());
        let secret = desk.state.keychain.read(&saved.id).await.unwrap().unwrap();
        assert_eq!(secret.expose(), desk.ready().client_secret, "the old secret is back");

        let id = ConnectionId::random();
        let new = Wanted {
            id,
            exists: false,
            name: "New".into(),
            connection: saved.connection,
        };
        let secret = Secret::parse("a secret").unwrap();
        assert!(store(&desk.state, new, Some(&secret)).await.is_err());
        assert_ne!(
            desk.state.keychain.place(&id),
            SecretPlace::Session,
            "no secret without its connection"
        );
    }

    #[tokio::test]
    async fn a_cancelled_test_stores_nothing() {
        let desk = Desk::new(Scenario {
            hang: true,
            ..Scenario::default()
        })
        .await;
        let cancel = CancellationToken::new();
        let cancel_at_once = |progress: TestProgress| {
            if progress.stage == TestStage::Address {
                cancel.cancel();
            }
        };
        let error = save(&desk.state, desk.input(desk.right_secret()), &cancel_at_once, &cancel)
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::Cancelled);
        assert_eq!(desk.files(), "");
    }

    /// In a process of its own, for only so can it be without a session bus and never near a real keychain.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_keychain_that_refuses_leaves_nothing_behind() {
        let done = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "connect::tests::saving_without_a_keychain", "--ignored"])
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && output.contains("1 passed"), "{output}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    #[ignore = "needs a process without a session bus: a_keychain_that_refuses_leaves_nothing_behind starts one"]
    async fn saving_without_a_keychain() {
        let desk = Desk::over(Keychain::system(), Scenario::default()).await;
        let error = desk.save(desk.input(desk.right_secret())).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::KeychainMissing, "{error:?}");
        assert!(error.remedy.is_some());
        assert_eq!(desk.files(), "", "no file without the secret");
        assert!(
            desk.told().contains(&(TestStage::LogRead, StageState::Ok)),
            "the test itself had worked"
        );
        desk.state.keychain.use_session_memory();
        assert!(
            desk.save(desk.input(desk.right_secret())).await.is_ok(),
            "this session only is the way out"
        );
    }
}
