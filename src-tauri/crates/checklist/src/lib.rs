//! The checklists: their words, how far they are, the checks that prove a step, and the report.
//!
//! Here live the words (`checklists/*.toml`, compiled in), the run that remembers what was done for a connection, its
//! files and its way to a colleague, the closed list of checks with what they ask and decide, and the setup report.
//!
//! Deliberately not here: how CIPP and Microsoft are spoken to (`cipp-client`, `ms-client`), where connections and secrets
//! rest, and any window. Nothing here changes anything in CIPP, Entra or Azure.
//!
//! ```no_run
//! # async fn check(client: cipp_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use checklist::{CheckProgress, RunStore, Sources, Subject, check_all, plan};
//! use jiff::Timestamp;
//! use std::sync::Arc;
//! use tokio_util::sync::CancellationToken;
//!
//! let store = RunStore::open("checklist-runs".into(), "checklists.json".into());
//! let connection = Some("7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f");
//! let list = &checklist::all()?[0];
//! let sources = Sources {
//!     cipp: Some(client),
//!     microsoft: None,
//!     subject: Subject::default(),
//!     clock: Arc::new(Timestamp::now),
//! };
//! let planned = plan(list, &store.load(connection)?);
//! let mut keep = |progress: CheckProgress| {
//!     if let CheckProgress::Found { found, .. } = progress {
//!         let kept = store.change(connection, |run| {
//!             run.record(list, &found.step, found.finding, Timestamp::now(), "anna")
//!         });
//!         drop(kept);
//!     }
//! };
//! check_all(&sources, &planned, &mut keep, &CancellationToken::new()).await;
//! # Ok(())
//! # }
//! ```

mod check;
mod check_id;
mod checklist;
mod checks;
mod finding;
mod history;
mod progress;
mod report;
mod run;
mod sources;
mod store;
mod ticks;
mod transfer;

pub use check::{
    CannotTell, CheckProgress, Planned, Round, SecretEnding, Sources, StepFinding, check_all, plan, plan_step, retries,
    secret_ending, without_sign_in,
};
pub use check_id::CheckId;
pub use checklist::{Checklist, Group, Link, Proof, ProofBy, Step, StepKind, Variant, WordsError, all};
pub use finding::{Deciding, Evidence, Finding, Obstacle, Request, Verdict};
pub use history::{Remark, Side, StepState};
pub use json_file::FileError;
pub use progress::{
    Conflict, Countdown, Counts, Due, DueState, HistoryItem, HistoryKind, OtherVariant, Progress, StepProgress,
};
pub use report::{About, html, markdown};
pub use run::{Change, ChangeError, Run};
pub use sources::{Clock, Subject};
pub use store::{RunError, RunStore};
pub use transfer::{Merged, StepRef, TransferError, export};
