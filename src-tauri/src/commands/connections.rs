//! Connections: listed, recognised in pasted text, checked, tested, saved, removed. No answer ever carries a secret.

use cipp_client::{ApiUrl, Authority, ClientError, ClientId, Day, Field, FieldError, Secret, TenantId};
use connections::{ConnectionId, Keychain, PasteNote, SavedConnection, SecretPlace};
use jiff::Timestamp;
use serde::Serialize;
use specta::Type;
use tauri::{AppHandle, ipc::Channel};
use zeroize::Zeroize;

use super::Shared;
use crate::{
    connect::{self, ConnectionInput, TestProgress},
    credentials::{self, SecretEndInfo},
    demo::Demo,
    diagnose,
    error::{CommandError, CommandResult},
    logbooks, settings, setup,
};

/// A connection as the UI sees it.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionInfo {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// CIPP's API address.
    pub api_url: String,
    /// The tenant.
    pub tenant_id: String,
    /// The API client.
    pub client_id: String,
    /// The sign-in server.
    pub authority: String,
    /// Further certificate authorities.
    pub ca_cert: Option<String>,
    /// Where its secret is, as far as this run of the app has seen.
    pub secret: SecretPlace,
    /// When its secret was put into the keychain.
    pub secret_saved_at: Option<String>,
    /// When it was first saved.
    pub created_at: String,
    /// When it was last used.
    pub last_used_at: Option<String>,
    /// When its secret ends, where that is known.
    pub secret_end: Option<SecretEndInfo>,
    /// Whether it leads to the sandbox.
    pub sandbox: bool,
}

/// What was found in a pasted text; the secret itself stays behind.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RecognisedInfo {
    /// Names the secret that was found, for saving.
    pub draft_id: Option<String>,
    /// CIPP's API address.
    pub api_url: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// The API client.
    pub client_id: Option<String>,
    /// Whether a secret was found.
    pub secret_found: bool,
    /// What a person should know about it.
    pub notes: Vec<NoteInfo>,
}

/// Something to tell about a pasted text.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NoteInfo {
    /// Which note it is.
    pub code: PasteNote,
    /// Its sentence.
    pub sentence: String,
}

/// Why a value is not accepted.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// What is wrong.
    pub problem: String,
    /// What to type instead.
    pub remedy: String,
}

/// What a typed secret looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SecretShape {
    /// What it looks like.
    pub kind: SecretKind,
    /// The sentence for the screen; empty when there is nothing to say.
    pub sentence: String,
}

/// What a typed secret looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum SecretKind {
    /// A GUID: the secret's ID, not its value.
    SecretId,
    /// Not like the secrets that Entra makes today; may be right all the same.
    Unusual,
    /// Nothing to say.
    Ok,
}

/// Every saved connection. The sandbox is not among them.
#[tauri::command]
#[specta::specta]
pub async fn connections_list(state: Shared<'_>) -> CommandResult<Vec<ConnectionInfo>> {
    let saved = state.with_store(|store| store.list()).await?;
    Ok(saved
        .iter()
        .map(|saved| ConnectionInfo::of(saved, state.keychain.place(&saved.id)))
        .collect())
}

/// Renames a damaged file of connections and gives its new path.
#[tauri::command]
#[specta::specta]
pub async fn connections_set_damaged_aside(state: Shared<'_>) -> CommandResult<String> {
    let path = state.with_store(|store| store.set_aside(Timestamp::now())).await?;
    Ok(path.display().to_string())
}

/// Finds the values of a connection in a pasted text.
#[tauri::command]
#[specta::specta]
pub async fn recognise(state: Shared<'_>, mut text: String) -> CommandResult<RecognisedInfo> {
    let found = connections::recognise(&text);
    text.zeroize();
    let draft_id = found.secret.map(|secret| state.keep_draft(secret));
    Ok(RecognisedInfo {
        secret_found: draft_id.is_some(),
        draft_id,
        api_url: found.api_url,
        tenant_id: found.tenant_id,
        client_id: found.client_id,
        notes: found
            .notes
            .into_iter()
            .map(|code| NoteInfo {
                code,
                sentence: code.sentence().to_owned(),
            })
            .collect(),
    })
}

/// Drops a secret that was recognised and is not wanted.
#[tauri::command]
#[specta::specta]
pub async fn forget_draft(state: Shared<'_>, draft_id: String) -> CommandResult<()> {
    state.forget_draft(&draft_id);
    Ok(())
}

/// Checks one value while it is typed; nothing is sent anywhere.
#[tauri::command]
#[specta::specta]
pub async fn check_field(field: Field, value: String) -> CommandResult<Option<FieldProblem>> {
    Ok(check(field, &value).err().map(|error| FieldProblem {
        problem: error.problem,
        remedy: error.remedy,
    }))
}

/// Says what a typed secret looks like; nothing is sent or kept.
#[tauri::command]
#[specta::specta]
pub async fn check_secret_shape(mut value: String) -> CommandResult<SecretShape> {
    let shape = secret_shape(&value);
    value.zeroize();
    Ok(shape)
}

/// Checks, tests if wanted, and saves a connection.
#[tauri::command]
#[specta::specta]
pub async fn connection_save(
    app: AppHandle,
    state: Shared<'_>,
    input: ConnectionInput,
    channel: Channel<TestProgress>,
) -> CommandResult<ConnectionInfo> {
    let cancel = state.begin_test();
    let is_new = input.id.is_none();
    let saved = connect::save(&state, input, &tell(channel), &cancel).await?;
    if is_new {
        setup::adopt_into_the_first(&state, saved.id, settings::read(&app)?.person()).await;
    }
    Ok(ConnectionInfo::of(&saved, state.keychain.place(&saved.id)))
}

/// Tests a saved connection.
#[tauri::command]
#[specta::specta]
pub async fn connection_test(state: Shared<'_>, id: ConnectionId, channel: Channel<TestProgress>) -> CommandResult<()> {
    let cancel = state.begin_test();
    // The keychain may be waiting for a person to unlock it.
    let client = cancel
        .run_until_cancelled(state.client(id))
        .await
        .ok_or(ClientError::Cancelled)??;
    if let Err(error) = connect::test(&client, &tell(channel), &cancel).await {
        credentials::note_refusal(&state, id, &error).await;
        return Err(error.into());
    }
    state.note_use(id);
    Ok(())
}

/// Cancels the test that is running, if any.
#[tauri::command]
#[specta::specta]
pub async fn connection_cancel_test(state: Shared<'_>) -> CommandResult<()> {
    state.cancel_test();
    Ok(())
}

/// Removes a connection, its secret, what was done for it in the checklists and what the settings kept for it.
#[tauri::command]
#[specta::specta]
pub async fn connection_remove(app: AppHandle, state: Shared<'_>, id: ConnectionId) -> CommandResult<()> {
    state.with_store(move |store| store.remove(&id)).await?;
    state.forget_client(id);
    state.close_views_of(id);
    state.sign_ins.forget(id);
    setup::forget(&state, id).await;
    diagnose::forget(&state, id).await;
    credentials::forget_files(&state, id).await;
    if let Err(error) = settings::forget(&app, &id.to_string()) {
        tracing::warn!(%error, "the settings for a removed connection could not be taken out");
    }
    if let Err(error) = logbooks::forget_archive(&state, id).await {
        tracing::warn!(%error, "the archive of a removed connection could not be deleted whole");
        state.keychain.delete(&id).await?;
        return Err(error);
    }
    state.keychain.delete(&id).await.map_err(|error| {
        let remedy = format!(
            "The connection is removed, but its secret may still be in the keychain as \u{201c}{}\u{201d}: remove it there. {}",
            Keychain::item_name(&id),
            error.remedy()
        );
        CommandError::from(error).with_remedy(remedy)
    })
}

/// The connection to the sandbox, which is started at the first call.
#[tauri::command]
#[specta::specta]
pub async fn sandbox_start(state: Shared<'_>) -> CommandResult<ConnectionInfo> {
    Ok(ConnectionInfo::of_sandbox(state.demo().await?))
}

impl ConnectionInfo {
    /// The connection to the sandbox.
    pub(super) fn of_sandbox(demo: &Demo) -> ConnectionInfo {
        let info = ConnectionInfo::of(&demo.connection(), SecretPlace::Session);
        ConnectionInfo { sandbox: true, ..info }
    }

    /// What the UI may know of it.
    pub fn of(saved: &SavedConnection, secret: SecretPlace) -> ConnectionInfo {
        let connection = &saved.connection;
        ConnectionInfo {
            id: saved.id,
            name: saved.name.clone(),
            api_url: connection.api_url.to_string(),
            tenant_id: connection.tenant_id.to_string(),
            client_id: connection.client_id.to_string(),
            authority: connection.authority.to_string(),
            ca_cert: connection.ca_cert.as_ref().map(|path| path.display().to_string()),
            secret,
            secret_saved_at: saved.secret_saved_at.map(|time| time.to_string()),
            created_at: saved.created_at.to_string(),
            last_used_at: saved.last_used_at.map(|time| time.to_string()),
            secret_end: saved
                .secret_end
                .as_ref()
                .map(|end| SecretEndInfo::of(end, Timestamp::now())),
            sandbox: false,
        }
    }
}

/// A channel as a place to report to. A window that is gone does not listen.
pub fn tell(channel: Channel<TestProgress>) -> impl Fn(TestProgress) + Sync {
    move |progress| drop(channel.send(progress))
}

/// Whether a value will do; empty is fine where the field is optional.
fn check(field: Field, value: &str) -> Result<(), FieldError> {
    let is_empty = value.trim().is_empty();
    match field {
        Field::Name => connect::check_name(value),
        Field::ApiUrl => value.parse::<ApiUrl>().map(drop),
        Field::TenantId => value.parse::<TenantId>().map(drop),
        Field::ClientId => value.parse::<ClientId>().map(drop),
        Field::Authority if !is_empty => value.parse::<Authority>().map(drop),
        Field::CaCert if !is_empty && !std::path::Path::new(value.trim()).is_file() => Err(FieldError::new(
            field,
            "There is no such file.",
            "Give the whole path of a certificate file (PEM).",
        )),
        Field::From | Field::To => Day::parse_for(field, value).map(drop),
        _ => Ok(()),
    }
}

fn secret_shape(value: &str) -> SecretShape {
    let (kind, sentence) = match Secret::parse(value) {
        _ if value.trim().is_empty() => (SecretKind::Ok, String::new()),
        Err(error) => (SecretKind::SecretId, format!("{} {}", error.problem, error.remedy)),
        Ok(secret) if secret.looks_unusual() => (
            SecretKind::Unusual,
            "This does not look like the secrets that Entra makes (40 characters with \u{201c}Q~\u{201d} in them). Check \
             that it was copied whole."
                .to_owned(),
        ),
        Ok(_) => (SecretKind::Ok, String::new()),
    };
    SecretShape { kind, sentence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_in_the_secret_field_is_called_a_secret_id() {
        assert_eq!(
            secret_shape("0b9f7c3e-1111-4222-8333-444455556666").kind,
            SecretKind::SecretId
        );
        assert_eq!(secret_shape("hunter2").kind, SecretKind::Unusual);
        assert_eq!(
            secret_shape("abc8Q~0123456789abcdefghijklmnopqrstuvw").kind,
            SecretKind::Ok
        );
        assert_eq!(secret_shape(" ").kind, SecretKind::Ok);
    }

    #[test]
    fn optional_fields_may_be_empty_and_others_may_not() {
        assert!(check(Field::Authority, "").is_ok() && check(Field::CaCert, " ").is_ok());
        for field in [
            Field::Name,
            Field::ApiUrl,
            Field::TenantId,
            Field::ClientId,
            Field::From,
        ] {
            assert!(check(field, "").is_err(), "{field}");
        }
        assert!(check(Field::CaCert, "/no/such/file.pem").is_err());
    }
}
