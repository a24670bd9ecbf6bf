//! The ladder of a connection, and what the window shows of it: the words of the catalogue go along with each rung.

use std::sync::Arc;

use cipp_client::Client;
use connections::{ConnectionId, SavedConnection};
use diagnosis::{About, ChangedSince, Fact, Patience, RungState, Verdict};
use failures::{Failure, Rung, Symptom};
use serde::Serialize;
use specta::Type;
use tauri::async_runtime::spawn_blocking;

use crate::{
    credentials,
    error::{CommandError, CommandResult, ErrorCode},
    state::AppState,
};

/// How much of a log entry is looked through for known failures; LogData of a megabyte says it at its beginning.
const LONGEST_EXPLAINED: usize = 64 * 1024;

/// A climb as it is shown.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// When it began.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// All nine rungs, in order.
    pub rungs: Vec<RungOutcome>,
    /// How it ended.
    pub verdict: Verdict,
    /// What decides whether the connection works, as it was then.
    pub setting: Vec<Fact>,
}

/// A rung as it is shown.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RungOutcome {
    /// Which.
    pub rung: Rung,
    /// Counted from 1.
    pub number: u8,
    /// How it stands.
    pub state: RungState,
    /// In milliseconds.
    pub duration_ms: u32,
    /// What proves it, or what went wrong; one line.
    pub proof: String,
    /// More, for whoever looks closer.
    pub facts: Vec<Fact>,
    /// Where it broke: all plausible failures, the one to name first.
    pub causes: Vec<Failure>,
    /// Where it holds: what is worth knowing all the same.
    pub notes: Vec<Failure>,
    /// What the server said; may be empty.
    pub server_said: String,
}

/// The last climbs of a connection.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosisHistory {
    /// Newest first.
    pub runs: Vec<Diagnosis>,
    /// What differs since it last worked; none where it works, or never did.
    pub changed: Option<ChangedSince>,
}

/// What a text may mean.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// All plausible failures, the most specific first.
    pub failures: Vec<Failure>,
    /// Codes of Entra that no failure explains.
    pub unknown_codes: Vec<UnknownCode>,
}

/// A code of Entra that only Microsoft explains.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct UnknownCode {
    /// The number behind `AADSTS`.
    pub code: u32,
    /// Microsoft's page about it.
    pub page: String,
}

/// Climbs the ladder of a connection and keeps what came of it. The climb before is cancelled.
pub async fn run(
    state: &Arc<AppState>,
    id: ConnectionId,
    tell: impl Fn(RungOutcome) + Send + Sync,
) -> CommandResult<Diagnosis> {
    let cancel = state.begin_climb(id);
    let connection = state.connection(id).await?;
    let about = about(&connection);
    let run = match state.demo_with(id).and_then(crate::demo::Demo::refused) {
        Some(refused) => diagnosis::refused(&refused, &about),
        None => {
            // The keychain may be waiting for a person to unlock it.
            let Some(secret) = cancel.run_until_cancelled(state.secret(id)).await else {
                return Err(cipp_client::ClientError::Cancelled.into());
            };
            let options = about.patience.options(state.client_options(id));
            // A client of its own: it has no token yet, so that signing in is part of the climb.
            let client = Client::new(connection.connection, secret?, options)?;
            let tell = |outcome: &diagnosis::RungOutcome| tell(outcome.into());
            diagnosis::run(&client, &about, &tell, &cancel).await
        }
    };
    // What the other client remembers of a refused secret is over.
    state.forget_client(id);
    if run.named().is_some_and(|failure| failure.id == "secret-expired") {
        credentials::note_expired(state, id).await;
    }
    // One that was cancelled too: it is on the screen, and its report can be asked for.
    keep(state, id, run.clone()).await;
    Ok((&run).into())
}

/// The last climbs of a connection.
pub async fn history(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<DiagnosisHistory> {
    let runs = load(state, id).await?;
    Ok(DiagnosisHistory {
        changed: diagnosis::changes(&runs),
        runs: runs.iter().map(Diagnosis::from).collect(),
    })
}

/// One of the last climbs as text for a ticket.
pub async fn report(state: &Arc<AppState>, id: ConnectionId, started_at: &str) -> CommandResult<String> {
    let runs = load(state, id).await?;
    let run = runs.iter().find(|run| run.started_at.to_string() == started_at);
    run.map(diagnosis::report).ok_or_else(|| {
        CommandError::new(ErrorCode::NoSuchRow, "This run is no longer kept.").with_remedy("Run the diagnosis again.")
    })
}

/// What a message of CIPP's log, with its data, may mean.
#[must_use]
pub fn explain_log(text: &str) -> Explained {
    let mut end = text.len().min(LONGEST_EXPLAINED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let found = failures::explain(&Symptom::log(&text[..end]));
    Explained {
        failures: found.failures.into_iter().cloned().collect(),
        unknown_codes: found
            .unknown_codes
            .into_iter()
            .map(|code| UnknownCode {
                code,
                page: failures::microsoft_page(code),
            })
            .collect(),
    }
}

fn about(connection: &SavedConnection) -> About {
    let mut setting = vec![Fact::new("CIPP Desk", env!("CARGO_PKG_VERSION"))];
    if let Some(saved) = connection.secret_saved_at {
        setting.push(Fact::new("Secret saved", saved.to_string()));
    }
    About {
        setting,
        patience: Patience::default(),
    }
}

/// That a run cannot be kept is no reason not to show it.
async fn keep(state: &Arc<AppState>, id: ConnectionId, run: diagnosis::Diagnosis) {
    let state = Arc::clone(state);
    let kept = spawn_blocking(move || state.diagnoses.keep(id.uuid(), &run)).await;
    match kept {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a diagnosis could not be kept"),
        Err(error) => tracing::warn!(%error, "a diagnosis could not be kept"),
    }
}

async fn load(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<Vec<diagnosis::Diagnosis>> {
    let state = Arc::clone(state);
    let loaded = spawn_blocking(move || state.diagnoses.load(id.uuid())).await;
    loaded
        .map_err(CommandError::internal)?
        .map_err(|error| CommandError::new(ErrorCode::Settings, error.to_string()))
}

impl From<&diagnosis::Diagnosis> for Diagnosis {
    fn from(run: &diagnosis::Diagnosis) -> Self {
        Diagnosis {
            started_at: run.started_at.to_string(),
            duration_ms: run.duration_ms,
            rungs: run.rungs.iter().map(RungOutcome::from).collect(),
            verdict: run.verdict,
            setting: run.setting.clone(),
        }
    }
}

impl From<&diagnosis::RungOutcome> for RungOutcome {
    fn from(outcome: &diagnosis::RungOutcome) -> Self {
        RungOutcome {
            rung: outcome.rung,
            number: outcome.number,
            state: outcome.state,
            duration_ms: outcome.duration_ms,
            proof: outcome.proof.clone(),
            facts: outcome.facts.clone(),
            causes: outcome.causes().into_iter().cloned().collect(),
            notes: outcome.notes().into_iter().cloned().collect(),
            server_said: outcome.server_said.clone(),
        }
    }
}
