//! `cippctl diagnose`: the ladder from the address to the log; where it breaks, why, and what to do.
//!
//! Runs of a saved connection are kept where the app keeps its own, so that either can say what has changed since it last
//! worked. Not here: the rungs (`diagnosis`) and the words (`failures`).

use std::io::{self, Write};

use cipp_client::{ClientOptions, Secret};
use clap::{Args, ValueEnum};
use connections::{ConnectionId, ConnectionStore};
use diagnosis::{About, ChangedSince, Diagnosis, DiagnosisStore, Fact, RungOutcome, RungState, Verdict};
use failures::{Failure as Known, Rung};
use logbook::visible;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::exit::{Code, Failure};
use crate::instance::{InstanceArgs, client_with};
use crate::output::{print_json, say};

/// What is diagnosed, and how it is told.
#[derive(Args, Debug)]
pub struct DiagnoseArgs {
    #[command(flatten)]
    instance: InstanceArgs,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For reading, rung by rung as they are climbed
    Text,
    /// For a ticket: redacted, in Markdown
    Report,
    /// For scripts
    Json,
}

/// What is printed for scripts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(flatten)]
    run: &'a Diagnosis,
    /// The failures that may be the cause, the one to name first.
    causes: Vec<&'static Known>,
    changed: Option<ChangedSince>,
}

/// Climbs the ladder and tells it. ChangedSince nothing, here or in CIPP.
pub async fn run(args: DiagnoseArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let who = args.instance.who()?;
    let about = About {
        setting: vec![Fact::new("cippctl", env!("CARGO_PKG_VERSION"))],
        ..About::default()
    };
    let secret: Secret = args.instance.secret_for(&who).await?;
    let options = about.patience.options(ClientOptions::default());
    let client = client_with(who.connection().clone(), secret, options)?;
    let told = |outcome: &RungOutcome| {
        // A reader that went away is found out at the end.
        if args.format == Form::Text && outcome.state != RungState::Running {
            let _ = writeln!(io::stdout().lock(), "{}", visible(&line(outcome)));
        }
    };
    let run = diagnosis::run(&client, &about, &told, cancel).await;
    if run.verdict == Verdict::Cancelled {
        return Err(cipp_client::ClientError::Cancelled.into());
    }
    let changed = keep(who.saved(), &run);
    match args.format {
        Form::Text => write!(io::stdout().lock(), "{}", visible(&ending(&run, changed.as_ref())))?,
        Form::Report => writeln!(io::stdout().lock(), "{}", visible(&diagnosis::report(&run)))?,
        Form::Json => print_json(&Told {
            causes: run.broken().map(RungOutcome::causes).unwrap_or_default(),
            run: &run,
            changed,
        })?,
    }
    match run.broken() {
        None => Ok(()),
        Some(broken) => Err(failed(broken)),
    }
}

/// Keeps the run of a saved connection, and says what has changed. That it cannot be kept is no reason to fail.
fn keep(saved: Option<ConnectionId>, run: &Diagnosis) -> Option<ChangedSince> {
    let path = ConnectionStore::default_path().ok()?;
    let store = DiagnosisStore::open(path.with_file_name("diagnoses"));
    match store.keep(saved?.uuid(), run) {
        Ok(runs) => diagnosis::changes(&runs),
        Err(error) => {
            say(&format!("note: the run could not be kept. {error}"));
            None
        }
    }
}

fn line(outcome: &RungOutcome) -> String {
    let state = match outcome.state {
        RungState::Passed => "ok",
        RungState::Failed => "FAILED",
        RungState::Skipped => "skipped",
        RungState::NotReached | RungState::Running => "-",
    };
    let mut text = format!(
        "{}  {state:<7}  {:<10}  {}",
        outcome.number,
        diagnosis::name(outcome.rung),
        outcome.proof
    );
    for note in outcome.notes() {
        text.push_str(&format!("\n{:24}note: {}", "", note.title));
    }
    text
}

/// Why it broke and what to do; or that it works.
fn ending(run: &Diagnosis, changed: Option<&ChangedSince>) -> String {
    let Some(broken) = run.broken() else {
        return "\nThe log can be read.\n".to_owned();
    };
    let mut lines = vec![String::new()];
    if !broken.server_said.is_empty() {
        lines.push("The server said:".to_owned());
        lines.extend(broken.server_said.lines().map(|said| format!("  {said}")));
        lines.push(String::new());
    }
    let causes = broken.causes();
    if let Some((first, others)) = causes.split_first() {
        lines.push(format!("Why: {}", first.cause));
        lines.push("What to do:".to_owned());
        let numbered = first.remedy.iter().zip(1..);
        lines.extend(numbered.map(|(action, number)| format!("  {number}. {action}")));
        if let Some(waiting) = &first.waiting {
            lines.push(format!("Waiting helps: {}", waiting.why));
        }
        if let Some(link) = &first.link {
            lines.push(format!("{}: {}", link.label, link.url));
        }
        if !others.is_empty() {
            lines.push("It may also be:".to_owned());
            lines.extend(others.iter().map(|other| format!("  - {}", other.title)));
        }
    }
    if let Some(changed) = changed {
        lines.push(format!("Since it last worked ({:.0}):", changed.last_good_at));
        let differences = changed.changes.iter();
        lines.extend(differences.map(|one| format!("  {}: {} -> {}", one.what, one.before, one.now)));
    }
    lines.join("\n") + "\n"
}

fn failed(broken: &RungOutcome) -> Failure {
    let code = match broken.rung {
        Rung::Address | Rung::Reach | Rung::RightDoor => Code::Reach,
        Rung::SignIn | Rung::TokenFits => Code::SignIn,
        Rung::Accepted | Rung::Allowed => Code::NotAllowed,
        _ => Code::Reply,
    };
    let causes = broken.causes();
    let why = causes
        .first()
        .map_or(broken.proof.as_str(), |first| first.title.as_str());
    let next = causes.first().and_then(|first| first.remedy.first());
    Failure::new(
        code,
        format!(
            "Broken at rung {}, {}. {why}",
            broken.number,
            diagnosis::name(broken.rung)
        ),
        next.map_or("", String::as_str),
    )
}
