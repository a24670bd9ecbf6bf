//! `cippctl checklist check`: looks at every step that CIPP itself can prove, with the API client alone.

use std::io::{self, Write};
use std::sync::Arc;

use checklist::{
    CheckProgress, Checklist, Finding, Obstacle, Planned, Round, Run, RunStore, Sources, StepFinding, Subject, Verdict,
    check_all, plan, without_sign_in,
};
use cipp_client::ClientError;
use clap::Args;
use jiff::Timestamp;
use logbook::visible;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Form, PersonArgs, WordsArgs, print_report, runs, variant_words};
use crate::exit::{Code, Failure};
use crate::instance::{InstanceArgs, Who};
use crate::output::{print_json, say};

/// What the help says at length. No line breaks within a paragraph: it is wrapped to the terminal.
pub const ABOUT: &str = "\
Look at every step that CIPP itself can prove; the exit code says whether one failed

Nothing is changed in CIPP, Entra or Azure. Each step is printed as soon as it is looked at. For a saved connection what is \
found is kept, where the app keeps it, and so is the answer given with --variant; for values given on the spot nothing is \
kept. Steps that only Microsoft can prove need a sign-in, and that needs the app.

Exit code 8: a step failed. Clean-up that is still to do counts as failed once it is overdue, which takes a saved connection. 5 or 6: none failed, but some could not be looked at because Entra or CIPP was not reached (5) \
or did not let the client in (6). A role in CIPP that is too small for some checks, and a report that CIPP has not made \
yet, are neither: they are told, and the code stays 0.";

/// What to look at, as whom, and how to print it.
#[derive(Args, Debug)]
pub struct CheckArgs {
    #[command(flatten, next_help_heading = "Where from")]
    instance: InstanceArgs,
    #[command(flatten, next_help_heading = "What")]
    words: WordsArgs,
    #[command(flatten)]
    person: PersonArgs,
    /// Form of the output; in JSON and Markdown (the setup report) it comes at the end
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Form::Text, help_heading = "Output")]
    format: Form,
}

/// Looks, keeps and prints.
pub async fn run(args: CheckArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let lists = args.words.lists()?;
    let answered = args.words.answered(&lists)?;
    let (who, by) = (args.instance.who()?, args.person.name());
    let mut kept = Kept::open(&who, by.clone())?;
    // A prompt for the secret comes after everything that could be wrong with the options.
    let instance = args.instance.open(&who).await?;
    if !answered.is_empty() {
        kept.change(|run, at, by| WordsArgs::answer(&answered, run, at, by))?;
    }

    let todo = Todo::of(&lists, &kept.run);
    let sources = Sources {
        cipp: Some(instance.client.clone()),
        microsoft: None,
        subject: Subject::default(),
        clock: Arc::new(Timestamp::now),
    };
    let stop = cancel.child_token();
    let mut teller = Teller {
        to_stdout: args.format == Form::Text,
        heading: None,
    };
    let mut trouble = None;
    let mut told = |progress: CheckProgress| {
        let CheckProgress::Found { found, done, total } = progress else {
            return;
        };
        let Some(list) = todo.list(done) else { return };
        let done = kept
            .record(list, &found)
            .and_then(|()| teller.tell(list, &kept.run, &found, done, total));
        if let Err(failure) = done {
            trouble.get_or_insert(failure);
            stop.cancel();
        }
    };
    let round = check_all(&sources, &todo.planned, &mut told, &stop).await;
    if let Some(failure) = trouble {
        return Err(failure);
    }
    let counts = Verdicts::of(&round, &todo, &kept.run);
    if counts.passed > 0 {
        instance.touch();
    }
    match args.format {
        Form::Text => {}
        Form::Json => print_json(&Report::new(&who, &kept, &todo, &round, counts))?,
        Form::Markdown => print_report(&lists, &kept.run, who.name(), by)?,
    }
    say(&summary(&who, &kept, &todo, counts));
    if round.cancelled {
        return Err(ClientError::Cancelled.into());
    }
    outcome(&round, counts)
}

/// What is to be looked at: the plans of all checklists in one, so that each thing is asked once.
struct Todo {
    planned: Vec<Planned>,
    /// The checklist of each.
    lists: Vec<&'static Checklist>,
    /// Steps that only Microsoft can prove.
    need_sign_in: usize,
}

impl Todo {
    fn of(lists: &[&'static Checklist], run: &Run) -> Todo {
        let mut todo = Todo {
            planned: Vec::new(),
            lists: Vec::new(),
            need_sign_in: 0,
        };
        for list in lists {
            let all = plan(list, run);
            let automatic = all.len();
            let here = without_sign_in(all);
            todo.need_sign_in += automatic - here.len();
            todo.lists.extend(here.iter().map(|_| *list));
            todo.planned.extend(here);
        }
        todo
    }

    /// The checklist of the step that was found as this one, counted from 1.
    fn list(&self, done: u32) -> Option<&'static Checklist> {
        let at = usize::try_from(done).ok()?.checked_sub(1)?;
        self.lists.get(at).copied()
    }
}

/// The run, and where it is kept.
struct Kept {
    run: Run,
    /// The store and the connection's id; none for values given on the spot.
    store: Option<(RunStore, String)>,
    by: String,
}

impl Kept {
    fn open(who: &Who, by: String) -> Result<Kept, Failure> {
        let Some(id) = who.saved().map(|id| id.to_string()) else {
            return Ok(Kept {
                run: Run::default(),
                store: None,
                by,
            });
        };
        let runs = runs()?;
        Ok(Kept {
            run: runs.load(Some(&id))?,
            store: Some((runs, id)),
            by,
        })
    }

    fn change(
        &mut self,
        change: impl FnOnce(&mut Run, Timestamp, &str) -> Result<(), checklist::ChangeError>,
    ) -> Result<(), Failure> {
        let now = Timestamp::now();
        match &self.store {
            Some((store, id)) => self.run = store.change(Some(id), |run| change(run, now, &self.by))?.0,
            None => change(&mut self.run, now, &self.by)?,
        }
        Ok(())
    }

    fn record(&mut self, list: &Checklist, found: &StepFinding) -> Result<(), Failure> {
        self.change(|run, at, by| run.record(list, &found.step, found.finding.clone(), at, by))
    }
}

/// Says each step as it is found: on stdout, or on stderr where stdout gets something else in the end.
struct Teller {
    to_stdout: bool,
    /// The checklist whose title was told last.
    heading: Option<&'static str>,
}

impl Teller {
    fn tell(
        &mut self,
        list: &'static Checklist,
        run: &Run,
        found: &StepFinding,
        done: u32,
        total: u32,
    ) -> Result<(), Failure> {
        if self.heading != Some(&list.id) {
            self.heading = Some(&list.id);
            let variant = variant_words(list, &run.progress(list, Timestamp::now()));
            let variant = variant.map_or_else(String::new, |variant| format!(": {variant}"));
            self.line(&format!("{}{variant}", list.title))?;
        }
        let title = list.step(&found.step).map_or(found.step.as_str(), |step| &step.title);
        let (word, more) = match words(&found.finding.verdict) {
            (_, more) if is_to_come(list, run, found) => ("to clean up", more),
            told => told,
        };
        self.line(&format!("{done:>4}/{total}  {word:<15}  {title}"))?;
        more.iter().try_for_each(|line| self.line(&format!("{:26}{line}", "")))
    }

    fn line(&self, line: &str) -> Result<(), Failure> {
        if self.to_stdout {
            writeln!(io::stdout().lock(), "{}", visible(line))?;
        } else {
            say(line);
        }
        Ok(())
    }
}

/// Whether it is clean-up that was not done yet and is not overdue: to be told, and no fault.
fn is_to_come(list: &Checklist, run: &Run, found: &StepFinding) -> bool {
    let progress = run.progress(list, Timestamp::now());
    progress.step(&found.step).is_some_and(|step| step.to_clean_up)
}

/// A verdict in a word or two, and what more there is to say.
fn words(verdict: &Verdict) -> (&'static str, Vec<&str>) {
    match verdict {
        Verdict::Passed { hint } => ("verified", hint.as_deref().into_iter().collect()),
        Verdict::Failed { reason, remedy } => ("failed", vec![reason, remedy]),
        Verdict::Waiting { reason, .. } => ("waiting", vec![reason]),
        Verdict::NotApplicable { reason } => ("not applicable", vec![reason]),
        Verdict::CouldNotCheck { reason, remedy, .. } => ("could not check", vec![reason, remedy]),
    }
}

/// How many steps were found how.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdicts {
    passed: u32,
    failed: u32,
    to_clean_up: u32,
    waiting: u32,
    not_applicable: u32,
    could_not_check: u32,
}

impl Verdicts {
    fn of(round: &Round, todo: &Todo, run: &Run) -> Verdicts {
        let mut counts = Verdicts::default();
        for (found, list) in round.findings.iter().zip(&todo.lists) {
            if is_to_come(list, run, found) {
                counts.to_clean_up += 1;
                continue;
            }
            *match found.finding.verdict {
                Verdict::Passed { .. } => &mut counts.passed,
                Verdict::Failed { .. } => &mut counts.failed,
                Verdict::Waiting { .. } => &mut counts.waiting,
                Verdict::NotApplicable { .. } => &mut counts.not_applicable,
                Verdict::CouldNotCheck { .. } => &mut counts.could_not_check,
            } += 1;
        }
        counts
    }
}

fn summary(who: &Who, kept: &Kept, todo: &Todo, counts: Verdicts) -> String {
    let told = [
        (counts.passed, "verified"),
        (counts.failed, "failed"),
        (counts.to_clean_up, "to clean up"),
        (counts.waiting, "waiting"),
        (counts.not_applicable, "not applicable"),
        (counts.could_not_check, "could not be checked"),
    ];
    let told: Vec<String> = told
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let told = match told.is_empty() {
        true => "Nothing was looked at".to_owned(),
        false => told.join(", "),
    };
    let kept = match kept.store {
        Some(_) => format!("Kept for \u{201c}{}\u{201d}", who.name()),
        None => "Nothing is kept: that takes a saved connection".to_owned(),
    };
    let more = match todo.need_sign_in {
        0 => String::new(),
        1 => " 1 more step needs a sign-in at Microsoft, in the app.".to_owned(),
        more => format!(" {more} more steps need a sign-in at Microsoft, in the app."),
    };
    format!("{told}. {kept}.{more}")
}

/// What a script reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    connection: &'a str,
    /// Whether the findings were kept for the connection.
    kept: bool,
    /// Whether it ended before its time.
    cancelled: bool,
    /// Steps that only Microsoft can prove, and that were not looked at.
    need_sign_in: usize,
    counts: Verdicts,
    findings: Vec<Found<'a>>,
}

/// One step.
#[derive(Serialize)]
struct Found<'a> {
    checklist: &'a str,
    step: &'a str,
    title: &'a str,
    /// The check that decided, its verdict and its proof.
    #[serde(flatten)]
    finding: &'a Finding,
}

impl<'a> Report<'a> {
    fn new(who: &'a Who, kept: &Kept, todo: &Todo, round: &'a Round, counts: Verdicts) -> Self {
        let findings = round.findings.iter().zip(&todo.lists);
        Report {
            connection: who.name(),
            kept: kept.store.is_some(),
            cancelled: round.cancelled,
            need_sign_in: todo.need_sign_in,
            counts,
            findings: findings
                .map(|(found, list)| Found {
                    checklist: &list.id,
                    step: &found.step,
                    title: list.step(&found.step).map_or("", |step| &step.title),
                    finding: &found.finding,
                })
                .collect(),
        }
    }
}

/// What the exit code says of a round that came to its end.
fn outcome(round: &Round, counts: Verdicts) -> Result<(), Failure> {
    if counts.failed > 0 {
        let steps = if counts.failed == 1 {
            "1 step failed.".to_owned()
        } else {
            format!("{} steps failed.", counts.failed)
        };
        return Err(Failure::new(
            Code::Amiss,
            steps,
            "What to do stands beside each. Then check again.",
        ));
    }
    let stopped = |cause: Obstacle| match cause {
        Obstacle::Network => Some(Code::Reach),
        Obstacle::NotLetIn => Some(Code::NotAllowed),
        _ => None,
    };
    let first = round.findings.iter().find_map(|found| match &found.finding.verdict {
        Verdict::CouldNotCheck { cause, reason, remedy } => Some((stopped(*cause)?, reason, remedy)),
        _ => None,
    });
    match first {
        Some((code, reason, remedy)) => Err(Failure::new(code, reason, remedy)),
        None => Ok(()),
    }
}
