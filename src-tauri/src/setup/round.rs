//! A round of checks: planned, looked at one after the other, each finding kept as it comes.

use std::sync::{Arc, Mutex};

use checklist::{
    ChangeError, CheckId, CheckProgress, Checklist, Counts, Planned, RunError, Sources, StepProgress, Subject,
};
use cipp_client::Secret;
use connections::{ConnectionId, SavedConnection};
use jiff::Timestamp;
use serde::Serialize;
use specta::Type;
use tauri::async_runtime::spawn_blocking;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::{ChecklistView, find, view_of, with_runs};
use crate::{
    credentials,
    error::{CommandError, CommandResult, ErrorCode},
    settings::{Settings, SetupFacts},
    state::{AppState, lock},
};

/// So many characters of a secret does Entra show to everybody who may see the application.
const HINT: usize = 3;

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

/// Rounds of checks: one at a time.
#[derive(Default)]
pub struct Rounds {
    /// Whose turn it is.
    pub(super) turn: tokio::sync::Mutex<()>,
    cancel: Mutex<CancellationToken>,
}

impl Rounds {
    /// Stops the round that is under way, and those that wait for their turn.
    pub fn cancel(&self) {
        let mut cancel = lock(&self.cancel);
        cancel.cancel();
        *cancel = CancellationToken::new();
    }

    /// For one round: what ends it alone leaves the next ones be.
    fn token(&self) -> CancellationToken {
        lock(&self.cancel).child_token()
    }
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
    let microsoft = state.sign_ins.signed_in_for(id);
    // The keychain is not asked where nothing will look at the secret's end.
    let secret = match (&cipp, &microsoft) {
        (Some(_), Some(_)) if asks(&plan, CheckId::MsSecretExpiry) => {
            cancel.run_until_cancelled(state.secret(id)).await.and_then(Result::ok)
        }
        _ => None,
    };
    let sources = Sources {
        cipp,
        microsoft,
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
    if let Some(ending) = round.secret_ending() {
        credentials::keep_ending(state, id, ending).await;
    }
    Ok(Checked {
        view: view_of(state, id, list).await?,
        cancelled: round.cancelled,
        trouble,
    })
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

fn asks(plan: &[Planned], check: CheckId) -> bool {
    plan.iter().any(|planned| planned.checks.contains(&check))
}

/// What the checks are about, as far as the connection and the person have said.
pub(crate) fn subject(connection: &SavedConnection, secret: Option<&Secret>, facts: Option<&SetupFacts>) -> Subject {
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
