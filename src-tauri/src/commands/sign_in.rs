//! Signing in at Microsoft. No answer carries a token; the window hears a name and what may be read.

use connections::ConnectionId;
use tauri::{AppHandle, Url, ipc::Channel};
use tauri_plugin_opener::OpenerExt;

use super::Shared;
use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    microsoft::{self, SignInAbout, SignInAsk, SignInProgress, SignedIn, Way, Window},
    settings,
};

/// What to say before a browser opens: as which application, and for which permissions.
#[tauri::command]
#[specta::specta]
pub async fn sign_in_about(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
) -> CommandResult<SignInAbout> {
    microsoft::about(&state, connection_id, &settings::read(&app)?.sign_in_app_id).await
}

/// Signs a person in at Microsoft in the system's browser, or lets the one who is signed in allow more. A new sign-in
/// cancels the one that is under way.
#[tauri::command]
#[specta::specta]
pub async fn sign_in(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
    ask: SignInAsk,
    channel: Channel<SignInProgress>,
) -> CommandResult<SignedIn> {
    by(Way::Browser, app, state, connection_id, ask, channel).await
}

/// The same by a code that is typed in on another page.
#[tauri::command]
#[specta::specta]
pub async fn sign_in_device(
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
    ask: SignInAsk,
    channel: Channel<SignInProgress>,
) -> CommandResult<SignedIn> {
    by(Way::DeviceCode, app, state, connection_id, ask, channel).await
}

/// Opens the page of the sign-in that is under way in the system's browser (once more).
#[tauri::command]
#[specta::specta]
pub async fn sign_in_open_page(app: AppHandle, state: Shared<'_>) -> CommandResult<()> {
    let page = state.sign_ins.page().filter(microsoft::may_be_opened).ok_or_else(|| {
        CommandError::new(ErrorCode::NotSignedIn, "No sign-in is under way.").with_remedy("Start the sign-in again.")
    })?;
    if open(&app, &page) {
        return Ok(());
    }
    Err(
        CommandError::new(ErrorCode::Internal, "The browser could not be opened.")
            .with_remedy("Copy the address and open it yourself."),
    )
}

/// Gives up the sign-in that is under way, if any. Whoever is signed in stays so.
#[tauri::command]
#[specta::specta]
pub async fn sign_in_cancel(state: Shared<'_>) -> CommandResult<()> {
    state.sign_ins.cancel();
    Ok(())
}

/// Forgets whoever is signed in. Their session in the browser stays as it is.
#[tauri::command]
#[specta::specta]
pub async fn sign_out(state: Shared<'_>) -> CommandResult<()> {
    state.sign_ins.sign_out();
    Ok(())
}

/// Who is signed in for this connection. Whoever is signed in for another one is forgotten.
#[tauri::command]
#[specta::specta]
pub async fn signed_in(state: Shared<'_>, connection_id: ConnectionId) -> CommandResult<Option<SignedIn>> {
    Ok(state.sign_ins.of(connection_id).as_ref().map(SignedIn::from))
}

async fn by(
    way: Way,
    app: AppHandle,
    state: Shared<'_>,
    connection_id: ConnectionId,
    ask: SignInAsk,
    channel: Channel<SignInProgress>,
) -> CommandResult<SignedIn> {
    let as_app = settings::read(&app)?.sign_in_app_id;
    // A window that is gone does not listen.
    let tell = |progress| drop(channel.send(progress));
    let open = |page: &Url| open(&app, page);
    let window = Window {
        tell: &tell,
        open: &open,
    };
    microsoft::sign_in(&state, connection_id, ask, &as_app, way, window).await
}

/// Whether the browser could be started.
fn open(app: &AppHandle, page: &Url) -> bool {
    // The error is not logged: it repeats the address, which belongs to this one sign-in.
    let opened = app.opener().open_url(page.as_str(), None::<&str>).is_ok();
    if !opened {
        tracing::warn!("the browser could not be opened for the sign-in");
    }
    opened
}
