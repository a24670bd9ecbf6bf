//! The checklists of a connection: shown, changed, checked, reported, handed on.
//!
//! A run is a file, so everything here happens off the threads that answer the window. Checks of one round come one after
//! the other and so do rounds, whatever asked for them; each finding is kept as it comes. Not here: what a step says and
//! when it is done (`checklist`), and who is signed in (`microsoft.rs`).

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use checklist::{
    About, Change, ChangeError, CheckProgress, Checklist, Counts, Merged, Planned, Progress, Run, RunError, RunStore,
    Sources, StepProgress, Subject,
};
use cipp_client::Secret;
use connections::{ConnectionId, SavedConnection};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::async_runtime::spawn_blocking;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{CommandError, CommandResult, ErrorCode},
    logbooks,
    settings::{Settings, SetupFacts},
    state::{AppState, lock},
};

/// No run of a person is longer; what is longer is something else.
const LONGEST_IMPORT: u64 = 32 * 1024 * 1024;

/// So many characters of a secret does Entra show to everybody who may see the application.
const HINT: usize = 3;

/// A checklist with how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChecklistView {
    /// The words: the steps of the variant that is shown, and of no other.
    pub checklist: Checklist,
    /// How each of these steps stands.
    pub progress: Progress,
}

/// How far a round of checks is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CheckNews {
    /// A step is being looked at.
    Looking {
        /// The step's id.
        step: String,
        /// Steps that are done.
        done: u32,
        /// All steps of the round.
        total: u32,
    },
    /// A step was looked at, and what was found is kept.
    Found {
        /// How the step stands now.
        step: Box<StepProgress>,
        /// How the whole list stands now.
        counts: Counts,
        /// Steps that are done, this one included.
        done: u32,
        /// All steps of the round.
        total: u32,
    },
}

/// How a round ended.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// The list as it stands now.
    pub view: ChecklistView,
    /// Whether somebody stopped it before its end; what was found until then is kept.
    pub cancelled: bool,
    /// Why CIPP could not be asked (no secret, for one); only what Microsoft can tell was looked at then.
    pub trouble: Option<CommandError>,
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

/// Where a file goes.
pub struct Target {
    /// The whole file name.
    pub path: PathBuf,
    /// Replace a file that is there already.
    pub overwrite: bool,
}

/// Rounds of checks: one at a time.
#[derive(Default)]
pub struct Rounds {
    turn: tokio::sync::Mutex<()>,
    cancel: Mutex<CancellationToken>,
}

impl Rounds {
    /// Stops the round that is under way, and those that wait for their turn.
    pub fn cancel(&self) {
        let mut cancel = lock(&self.cancel);
        cancel.cancel();
        *cancel = CancellationToken::new();
    }

    fn token(&self) -> CancellationToken {
        lock(&self.cancel).clone()
    }
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

/// Looks at one step, or at every step that a check can prove. What is found is kept as it comes.
pub async fn check(
    state: &Arc<AppState>,
    id: ConnectionId,
    list: String,
    step: Option<String>,
    settings: &Settings,
    tell: impl Fn(CheckNews) + Send + 'static,
) -> CommandResult<Checked> {
    let list = find(&list)?;
    let cancel = state.rounds.token();
    let Some(_turn) = cancel.run_until_cancelled(state.rounds.turn.lock()).await else {
        return not_begun(state, id, list).await;
    };
    let connection = state.connection(id).await?;
    // The keychain may be waiting for a person to unlock it.
    let Some(client) = cancel.run_until_cancelled(state.client(id)).await else {
        return not_begun(state, id, list).await;
    };
    let (cipp, trouble) = match client {
        Ok(client) => (Some(client), None),
        Err(trouble) => (None, Some(trouble)),
    };
    let mut plan = plan(state, id, list, step).await?;
    if trouble.is_some() {
        leave_out_cipp(&mut plan);
    }
    let secret = match &cipp {
        Some(_) => state.secret(id).await.ok(),
        None => None,
    };
    let sources = Sources {
        cipp,
        microsoft: state.sign_ins.of(id),
        subject: subject(&connection, secret.as_ref(), settings.setup_facts.get(&id.to_string())),
        clock: Arc::new(Timestamp::now),
    };
    let (sender, receiver) = unbounded_channel();
    let keeper = Keeper {
        state: Arc::clone(state),
        id,
        list,
        by: settings.person(),
        cancel: cancel.clone(),
    };
    let kept = spawn_blocking(move || keeper.keep_all(receiver, &tell));
    let mut progress = |progress| drop(sender.send(progress));
    let round = checklist::check_all(&sources, &plan, &mut progress, &cancel).await;
    drop(sender);
    kept.await.map_err(CommandError::internal)??;
    Ok(Checked {
        view: view_of(state, id, list).await?,
        cancelled: round.cancelled,
        trouble,
    })
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
        write_file(&target, &text)
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
        let text = read(&path)?;
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

/// Keeps what a round finds.
struct Keeper {
    state: Arc<AppState>,
    id: ConnectionId,
    list: &'static Checklist,
    by: String,
    cancel: CancellationToken,
}

impl Keeper {
    /// Blocks until the round has ended. What cannot be kept ends it: to look on would be for nothing.
    fn keep_all(&self, mut news: UnboundedReceiver<CheckProgress>, tell: &dyn Fn(CheckNews)) -> CommandResult<()> {
        while let Some(progress) = news.blocking_recv() {
            match self.keep(progress) {
                Ok(Some(news)) => tell(news),
                Ok(None) => {}
                Err(error) => {
                    self.cancel.cancel();
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    fn keep(&self, progress: CheckProgress) -> Result<Option<CheckNews>, RunError> {
        let (found, done, total) = match progress {
            CheckProgress::Looking { step, done, total } => return Ok(Some(CheckNews::Looking { step, done, total })),
            CheckProgress::Found { found, done, total } => (found, done, total),
        };
        let (at, step) = (Timestamp::now(), found.step);
        let (run, ()) = self.state.runs.change(Some(&self.id.to_string()), |run| {
            run.record(self.list, &step, found.finding, at, &self.by)
        })?;
        let progress = run.progress(self.list, at);
        let counts = progress.counts;
        let step = progress.steps.into_iter().find(|other| other.id == step);
        // A step of another variant was asked for by name: kept, and not on the screen.
        Ok(step.map(|step| CheckNews::Found {
            step: Box::new(step),
            counts,
            done,
            total,
        }))
    }
}

async fn plan(
    state: &Arc<AppState>,
    id: ConnectionId,
    list: &'static Checklist,
    step: Option<String>,
) -> CommandResult<Vec<Planned>> {
    let Some(step) = step else {
        return with_runs(state, move |runs| {
            Ok(checklist::plan(list, &runs.load(Some(&id.to_string()))?))
        })
        .await;
    };
    match (list.step(&step), checklist::plan_step(list, &step)) {
        (_, Some(planned)) => Ok(vec![planned]),
        (Some(_), None) => Err(CommandError::new(
            ErrorCode::ChangeRefused,
            "Nothing can check this step; only the person who did it knows.",
        )
        .with_remedy("Confirm it yourself once it is done.")),
        (None, None) => Err(ChangeError::NoSuchStep {
            checklist: list.id.clone(),
            step,
        }
        .into()),
    }
}

/// Of each step the checks that need no client of CIPP; steps that have none are left out.
fn leave_out_cipp(plan: &mut Vec<Planned>) {
    for planned in plan.iter_mut() {
        planned.checks.retain(|check| !check.is_cipp());
    }
    plan.retain(|planned| !planned.checks.is_empty());
}

/// What the checks are about, as far as the connection and the person have said.
fn subject(connection: &SavedConnection, secret: Option<&Secret>, facts: Option<&SetupFacts>) -> Subject {
    let connection = &connection.connection;
    let said = |fact: fn(&SetupFacts) -> &String| {
        facts
            .map(|facts| fact(facts).trim().to_owned())
            .filter(|fact| !fact.is_empty())
    };
    Subject {
        tenant: Some(connection.tenant_id.to_string()),
        client_id: Some(connection.client_id.to_string()),
        secret_hint: secret.map(|secret| secret.expose().chars().take(HINT).collect()),
        api_host: Some(connection.api_url.host().to_owned()),
        account: said(|facts| &facts.account),
        sam_app_id: said(|facts| &facts.sam_app_id),
        subscription: said(|facts| &facts.subscription),
        site: said(|facts| &facts.site),
    }
}

/// A round that was stopped before its turn came.
async fn not_begun(state: &Arc<AppState>, id: ConnectionId, list: &'static Checklist) -> CommandResult<Checked> {
    Ok(Checked {
        view: view_of(state, id, list).await?,
        cancelled: true,
        trouble: None,
    })
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
            checklist: list.only(&progress.variant),
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

/// Writes a file that appears whole or not at all.
fn write_file(target: &Target, text: &str) -> CommandResult<()> {
    let path = &target.path;
    let Some(folder) = path
        .parent()
        .filter(|_| path.is_absolute() && path.file_name().is_some())
    else {
        return Err(CommandError::new(ErrorCode::Export, "This is not a whole file name.")
            .with_remedy("Choose a folder and a name for the file."));
    };
    if !target.overwrite && path.exists() {
        return Err(CommandError::new(
            ErrorCode::FileExists,
            "There is a file of this name already.",
        ));
    }
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        match target.overwrite {
            true => file.persist(path)?,
            false => file.persist_noclobber(path)?,
        };
        Ok(())
    };
    written().map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::AlreadyExists => ErrorCode::FileExists,
            _ => ErrorCode::Export,
        };
        CommandError::new(code, format!("The file could not be written: {error}."))
            .with_remedy("Choose another folder or name.")
    })
}

fn read(path: &Path) -> CommandResult<String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LONGEST_IMPORT + 1).read_to_string(&mut text));
    let not_a_run = |why: String| {
        CommandError::new(ErrorCode::NotARun, why).with_remedy("Choose the file that your colleague exported.")
    };
    match read {
        Ok(bytes) if bytes as u64 > LONGEST_IMPORT => {
            Err(not_a_run("The file is too long for a checklist run.".into()))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(not_a_run(format!("The file could not be read: {error}."))),
    }
}
