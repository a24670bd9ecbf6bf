//! The checklists of a connection: shown, changed, checked, reported, handed on.
//!
//! A run is a file, so everything here happens off the threads that answer the window. Checks of one round come one after
//! the other and so do rounds, whatever asked for them; each finding is kept as it comes. Not here: what a step says and
//! when it is done (`checklist`), and who is signed in (`microsoft.rs`).

mod files;
mod round;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use checklist::{About, Change, ChangeError, Checklist, Merged, Progress, Run, RunStore};
use connections::ConnectionId;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::async_runtime::spawn_blocking;

pub use files::{Target, write as write_file};
pub(crate) use round::subject;
pub use round::{CheckNews, Checked, Rounds, check};

use crate::{
    error::{CommandError, CommandResult},
    logbooks,
    settings::Settings,
    state::AppState,
};

/// A checklist with how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChecklistView {
    /// The words: the steps of the variant that is shown, and of no other.
    pub checklist: Checklist,
    /// How each of these steps stands.
    pub progress: Progress,
}

/// What an import did.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Which steps came in, and at which a person must choose.
    pub merged: Merged,
    /// Every list as it stands now.
    pub views: Vec<ChecklistView>,
}

/// What is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ChecklistFile {
    /// The report as Markdown.
    Markdown,
    /// The report as one page that prints well.
    Html,
    /// The run, for a colleague to go on with.
    Run,
}

/// Every checklist as it stands for a connection, or for the time before there is one.
pub async fn views(state: &Arc<AppState>, id: Option<ConnectionId>) -> CommandResult<Vec<ChecklistView>> {
    with_runs(state, move |runs| {
        let run = runs.load(name(id).as_deref())?;
        all_views(&run)
    })
    .await
}

/// Answers the question of a checklist.
pub async fn choose_variant(
    state: &Arc<AppState>,
    id: Option<ConnectionId>,
    list: String,
    variant: String,
    by: String,
) -> CommandResult<ChecklistView> {
    change_run(state, id, list, move |run, list, at| {
        run.choose_variant(list, &variant, at, &by)
    })
    .await
}

/// Does to a step what a person asks for.
pub async fn change(
    state: &Arc<AppState>,
    id: Option<ConnectionId>,
    list: String,
    step: String,
    change: Change,
    by: String,
) -> CommandResult<ChecklistView> {
    change_run(state, id, list, move |run, list, at| {
        run.change(list, &step, change, at, &by)
    })
    .await
}

/// Writes the setup report, or the run itself to hand it on.
pub async fn write(
    state: &Arc<AppState>,
    id: Option<ConnectionId>,
    form: ChecklistFile,
    target: Target,
    settings: &Settings,
    version: String,
) -> CommandResult<()> {
    let about = About {
        name: connection_name(state, id).await?,
        at: Timestamp::now(),
        by: settings.person(),
        version,
        zone: zone(settings, id),
    };
    with_runs(state, move |runs| {
        let run = runs.load(name(id).as_deref())?;
        let lists = checklist::all()?;
        let text = match form {
            ChecklistFile::Markdown => checklist::markdown(lists, &run, &about),
            ChecklistFile::Html => checklist::html(lists, &run, &about),
            ChecklistFile::Run => checklist::export(&run, &about.name, about.at, &about.by),
        };
        files::write(&target, &text)
    })
    .await
}

/// Brings the run that a colleague handed over into the one of a connection.
pub async fn import(
    state: &Arc<AppState>,
    id: Option<ConnectionId>,
    path: PathBuf,
    by: String,
) -> CommandResult<Imported> {
    with_runs(state, move |runs| {
        let text = files::read(&path)?;
        let (run, merged) = runs.import(name(id).as_deref(), &text, Timestamp::now(), &by)?;
        Ok(Imported {
            merged,
            views: all_views(&run)?,
        })
    })
    .await
}

/// What was done before there was a connection belongs to the first one. That it could not be brought over is no reason
/// to refuse the connection: it stays where it was.
pub async fn adopt_into_the_first(state: &Arc<AppState>, id: ConnectionId, by: String) {
    let adopted = async {
        let saved = state.with_store(|store| store.list()).await?;
        if saved.len() == 1 && saved.iter().all(|only| only.id == id) {
            with_runs(state, move |runs| {
                Ok(runs.adopt(&id.to_string(), Timestamp::now(), &by)?)
            })
            .await?;
        }
        Ok::<(), CommandError>(())
    };
    if let Err(error) = adopted.await {
        tracing::warn!(%error, "what was done before the first connection was not brought over");
    }
}

/// A connection was removed: what was done for it goes with it. A round that is under way ends first, or it would begin
/// the run anew.
pub async fn forget(state: &Arc<AppState>, id: ConnectionId) {
    state.rounds.cancel();
    let _turn = state.rounds.turn.lock().await;
    let forgotten = with_runs(state, move |runs| Ok(runs.forget(&id.to_string())?)).await;
    if let Err(error) = forgotten {
        tracing::warn!(%error, "the checklist run of a removed connection could not be dropped");
    }
}

async fn view_of(state: &Arc<AppState>, id: ConnectionId, list: &'static Checklist) -> CommandResult<ChecklistView> {
    with_runs(state, move |runs| {
        let run = runs.load(Some(&id.to_string()))?;
        Ok(ChecklistView::of(list, &run, Timestamp::now()))
    })
    .await
}

async fn change_run(
    state: &Arc<AppState>,
    id: Option<ConnectionId>,
    list: String,
    change: impl FnOnce(&mut Run, &Checklist, Timestamp) -> Result<(), ChangeError> + Send + 'static,
) -> CommandResult<ChecklistView> {
    let list = find(&list)?;
    with_runs(state, move |runs| {
        let now = Timestamp::now();
        let (run, ()) = runs.change(name(id).as_deref(), |run| change(run, list, now))?;
        Ok(ChecklistView::of(list, &run, now))
    })
    .await
}

impl ChecklistView {
    fn of(list: &Checklist, run: &Run, now: Timestamp) -> ChecklistView {
        let progress = run.progress(list, now);
        ChecklistView {
            // All ways: a step of one may be replaced by one of another. `progress` names those of this way.
            checklist: list.clone(),
            progress,
        }
    }
}

fn all_views(run: &Run) -> CommandResult<Vec<ChecklistView>> {
    let now = Timestamp::now();
    Ok(checklist::all()?
        .iter()
        .map(|list| ChecklistView::of(list, run, now))
        .collect())
}

fn find(id: &str) -> CommandResult<&'static Checklist> {
    let list = checklist::all()?.iter().find(|list| list.id == id);
    list.ok_or_else(|| CommandError::internal(format!("no checklist {id}")))
}

fn name(id: Option<ConnectionId>) -> Option<String> {
    id.map(|id| id.to_string())
}

async fn connection_name(state: &Arc<AppState>, id: Option<ConnectionId>) -> CommandResult<String> {
    match id {
        Some(id) => Ok(state.connection(id).await?.name),
        None => Ok("No connection yet".to_owned()),
    }
}

/// The zone in which the window shows times.
fn zone(settings: &Settings, id: Option<ConnectionId>) -> TimeZone {
    let instance = id.and_then(|id| settings.instance_zones.get(&id.to_string()));
    let chosen = match settings.time_zone.as_str() {
        "mine" => None,
        "utc" => Some("UTC"),
        "instance" => instance.map(String::as_str),
        named => Some(named),
    };
    chosen
        .and_then(|name| logbooks::zone(name).ok())
        .unwrap_or_else(TimeZone::system)
}

async fn with_runs<T: Send + 'static>(
    state: &Arc<AppState>,
    work: impl FnOnce(&RunStore) -> CommandResult<T> + Send + 'static,
) -> CommandResult<T> {
    let state = Arc::clone(state);
    spawn_blocking(move || work(&state.runs))
        .await
        .map_err(CommandError::internal)?
}
