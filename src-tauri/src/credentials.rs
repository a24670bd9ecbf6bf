//! The life of a credential after it was saved: where it is, when it ends, a connection handed on without it.
//!
//! Not here: saving and replacing it (`connect.rs`), where secrets rest (`connections`), and what leaves no trace: the
//! secret itself never comes out. Entra's hint of a secret, its first three characters, is a part of it: it is made when
//! Graph is asked, compared in memory, and neither kept nor sent to the window (`connections::SecretEnd`).

mod share;
#[cfg(test)]
mod tests;
mod whereabouts;

use std::sync::Arc;

use checklist::{SecretEnding, Sources};
use cipp_client::ClientError;
use connections::{ConnectionId, EndSource, Reminder, SavedConnection, SecretEnd};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use logbook::{ConnectionScript, connection_script};
use serde::Serialize;
use specta::Type;
use tokio_util::sync::CancellationToken;

pub use share::{ImportedConnection, export, import};
pub use whereabouts::{Whereabouts, forget_files, whereabouts};

use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    setup,
    state::AppState,
};

/// Entra's code for a secret that has expired.
const EXPIRED: u32 = 7_000_222;

/// When a secret ends, as the window shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SecretEndInfo {
    /// From this moment on Entra refuses it.
    pub at: String,
    /// How that is known.
    pub source: EndSource,
    /// When it was learned.
    pub learned_at: String,
    /// Entra's Secret ID, by which it is found there; nothing secret.
    pub key_id: Option<String>,
    /// Whole days that are left; negative when it has ended.
    pub days_left: i32,
    /// What to mark it with; none while there is time.
    pub mark: Option<Reminder>,
    /// What to remind of now: the mark, unless it was put off.
    pub reminder: Option<Reminder>,
}

impl SecretEndInfo {
    /// As it is at this moment.
    pub fn of(end: &SecretEnd, now: Timestamp) -> SecretEndInfo {
        SecretEndInfo {
            at: end.at.to_string(),
            source: end.source,
            learned_at: end.learned_at.to_string(),
            key_id: end.key_id.clone(),
            days_left: i32::try_from(end.days_left(now)).unwrap_or(i32::MAX),
            mark: end.reminder(now),
            reminder: end.due(now),
        }
    }
}

/// Keeps the date that a person read in Entra; none: nobody knows it any more. The secret counts as ended when that day
/// begins on this computer, so that a reminder comes rather too early than too late.
pub async fn set_end(state: &Arc<AppState>, id: ConnectionId, day: Option<String>) -> CommandResult<SavedConnection> {
    let now = Timestamp::now();
    let end = match day.as_deref().map(str::trim).filter(|day| !day.is_empty()) {
        None => None,
        Some(day) => Some(SecretEnd::new(begin_of(day)?, EndSource::Typed, now)),
    };
    state.with_store(move |store| store.set_secret_end(&id, end)).await
}

/// Asks Graph, through the person who is signed in for this connection, when its secret ends, and keeps the answer.
pub async fn look_up_end(
    state: &Arc<AppState>,
    id: ConnectionId,
    cancel: &CancellationToken,
) -> CommandResult<SavedConnection> {
    let Some(person) = state.sign_ins.signed_in_for(id) else {
        return Err(CommandError::new(
            ErrorCode::NotSignedIn,
            "Nobody is signed in at Microsoft for this connection.",
        )
        .with_remedy("Sign in on the Setup page, then look again; or read the date in Entra and type it here."));
    };
    let connection = state.connection(id).await?;
    // The keychain may be waiting for a person to unlock it.
    let secret = cancel.run_until_cancelled(state.secret(id)).await;
    let secret = secret.ok_or(ClientError::Cancelled)??;
    let sources = Sources {
        cipp: None,
        microsoft: Some(person),
        subject: setup::subject(&connection, Some(&secret), None),
        clock: Arc::new(Timestamp::now),
    };
    let ending = checklist::secret_ending(&sources, cancel).await?;
    set_ending(state, id, ending).await
}

/// A round of checks was told when the secret ends. That it could not be kept is no reason to stop.
pub async fn keep_ending(state: &Arc<AppState>, id: ConnectionId, ending: SecretEnding) {
    if state.demo_with(id).is_some() {
        return;
    }
    if let Err(error) = set_ending(state, id, ending).await {
        tracing::warn!(%error, "when the secret ends could not be kept");
    }
}

/// A connection was refused. Where Entra says that its secret has expired, that is kept: the reminder then says so, and
/// not only the one who tried.
pub async fn note_refusal(state: &Arc<AppState>, id: ConnectionId, error: &ClientError) {
    if let ClientError::SignInRefused {
        aadsts: Some(EXPIRED), ..
    } = error
    {
        note_expired(state, id).await;
    }
}

/// Keeps that the secret of a connection has expired, as Entra said.
pub async fn note_expired(state: &Arc<AppState>, id: ConnectionId) {
    if state.demo_with(id).is_some() {
        return;
    }
    let noted = state.with_store(move |store| {
        let now = Timestamp::now();
        let known = store.get(&id)?.secret_end;
        // A date that has passed says more than that it has.
        if known.is_some_and(|end| end.at <= now) {
            return Ok(());
        }
        let end = SecretEnd::new(now, EndSource::Refused, now);
        store.set_secret_end(&id, Some(end)).map(drop)
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "that the secret has expired could not be kept");
    }
}

/// Puts off the reminder that is due until the next one is.
pub async fn put_off(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<SavedConnection> {
    state
        .with_store(move |store| store.put_off_reminder(&id, Timestamp::now()))
        .await
}

/// The connection as a script that asks for the secret when it is run.
pub async fn script(state: &Arc<AppState>, id: ConnectionId, form: ConnectionScript) -> CommandResult<String> {
    let saved = state.connection(id).await?;
    Ok(connection_script(form, &saved.name, &saved.connection))
}

async fn set_ending(state: &Arc<AppState>, id: ConnectionId, ending: SecretEnding) -> CommandResult<SavedConnection> {
    let end = SecretEnd::new(ending.end, EndSource::Entra, Timestamp::now()).with_key_id(ending.key_id);
    state
        .with_store(move |store| store.set_secret_end(&id, Some(end)))
        .await
}

/// The moment at which a day begins on this computer.
fn begin_of(day: &str) -> CommandResult<Timestamp> {
    let wrong = || {
        CommandError::new(ErrorCode::InvalidField, "This is not a date.")
            .with_remedy("Write year, month and day, such as 2027-05-31.")
    };
    let date: Date = day.parse().map_err(|_| wrong())?;
    if !(2000..=2300).contains(&date.year()) {
        return Err(wrong());
    }
    let zoned = date.to_zoned(TimeZone::system()).map_err(|_| wrong())?;
    Ok(zoned.timestamp())
}
