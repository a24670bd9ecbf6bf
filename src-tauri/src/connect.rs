//! Testing and saving a connection: what is tried before anything is stored, and in which order things are stored so
//! that a failure half-way leaves nothing behind.
//!
//! Saving: the values are checked, CIPP's log is read (if wanted), the secret goes into the keychain, and only then the
//! rest into the file. When the keychain refuses, nothing was written; when the file does, the keychain is put back.

use std::{path::PathBuf, sync::Arc, time::Instant};

use cipp_client::{Client, ClientError, ClientOptions, Connection, Day, Field, FieldError, ListLogs, Row, Secret};
use connections::{ConnectionId, SavedConnection, SecretPlace, StoreError};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use specta::Type;
use tokio_util::sync::CancellationToken;

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
    input: ConnectionInput,
    report: Report<'_>,
    cancel: &CancellationToken,
) -> CommandResult<SavedConnection> {
    let connection = connection_of(&input)?;
    let existing = existing(state, &input).await?;
    let id = existing.as_ref().map_or_else(ConnectionId::random, |saved| saved.id);
    // The keychain may be waiting for a person to unlock it.
    let secret = cancel.run_until_cancelled(secret_of(state, &input.secret, id)).await;
    let secret = secret.ok_or(ClientError::Cancelled)??;
    if input.test {
        let client = Client::new(connection.clone(), secret.clone(), ClientOptions::default())?;
        test(&client, report, cancel).await?;
    }
    if cancel.is_cancelled() {
        return Err(ClientError::Cancelled.into());
    }
    let mut wanted = existing
        .clone()
        .unwrap_or_else(|| SavedConnection::new(id, input.name.clone(), connection.clone(), Timestamp::now()));
    wanted.name = input.name;
    wanted.connection = connection;
    let new_secret = (!matches!(input.secret, SecretInput::Keep)).then_some(&secret);
    let saved = stage(TestStage::Saved, report, async {
        Ok::<_, CommandError>((
            String::new(),
            store(state, wanted, existing.is_some(), new_secret).await?,
        ))
    })
    .await?;
    state.forget_client(id);
    if let SecretInput::Draft { draft_id } = &input.secret {
        state.forget_draft(draft_id);
    }
    Ok(saved)
}

/// Puts the secret into the keychain, then the connection into the file; takes the secret back if the file refuses.
async fn store(
    state: &Arc<AppState>,
    mut wanted: SavedConnection,
    exists: bool,
    new_secret: Option<&Secret>,
) -> CommandResult<SavedConnection> {
    let id = wanted.id;
    let before = match new_secret {
        Some(_) if exists => state.keychain.read(&id).await?,
        _ => None,
    };
    if let Some(secret) = new_secret {
        state.keychain.save(&id, secret).await?;
        let in_keychain = state.keychain.place(&id) == SecretPlace::Keychain;
        wanted.secret_saved_at = in_keychain.then(Timestamp::now);
    }
    let written = state
        .with_store(move |store| {
            if exists {
                store.update(&wanted)
            } else {
                store.add(wanted)
            }
        })
        .await;
    if written.is_err() && new_secret.is_some() {
        let undone = match &before {
            Some(secret) => state.keychain.save(&id, secret).await,
            None => state.keychain.delete(&id).await,
        };
        if let Err(error) = undone {
            tracing::warn!(%error, "the keychain could not be put back after the file of connections refused");
        }
    }
    written
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

async fn secret_of(state: &Arc<AppState>, input: &SecretInput, id: ConnectionId) -> CommandResult<Secret> {
    match input {
        SecretInput::Keep => state.secret(id).await,
        SecretInput::Typed { value } => Ok(Secret::parse(value)?),
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
        .and_then(|fields| fields.date_time.map(|time| time.into_owned()));
    match time {
        Some(time) => format!("The newest entry is from {time}."),
        None => "There are entries today.".to_owned(),
    }
}
