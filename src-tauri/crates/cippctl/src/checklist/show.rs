//! `cippctl checklist show`: every step with its state, the proof of it, and how it is known.

use std::io::{self, Write};

use checklist::{Checklist, DueState, Evidence, Progress, Step, StepProgress, StepState};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use logbook::visible;
use serde::Serialize;

use super::{Form, PersonArgs, WordsArgs, counts_words, print_report, runs, variant_words};
use crate::exit::Failure;
use crate::instance::find;
use crate::output::print_json;

/// What to show, and how.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Of this saved connection, by its name [default: what was done before there was a connection]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    words: WordsArgs,
    #[command(flatten)]
    person: PersonArgs,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Form::Text)]
    format: Form,
}

/// A checklist as it is shown, in JSON.
#[derive(Serialize)]
struct Shown {
    /// With the steps of the variant alone.
    checklist: Checklist,
    progress: Progress,
}

/// Prints it. Nothing is changed: a variant that is given here is not kept.
pub fn run(args: &ShowArgs) -> Result<(), Failure> {
    let lists = args.words.lists()?;
    let answered = args.words.answered(&lists)?;
    let (name, id) = match &args.connection {
        Some(name) => {
            let saved = find(name)?;
            (saved.name, Some(saved.id.to_string()))
        }
        None => ("no connection yet".to_owned(), None),
    };
    let (now, by) = (Timestamp::now(), args.person.name());
    let mut run = runs()?.load(id.as_deref())?;
    WordsArgs::answer(&answered, &mut run, now, &by)?;
    if args.format == Form::Markdown {
        return print_report(&lists, &run, &name, by);
    }
    let shown: Vec<Shown> = lists
        .iter()
        .map(|list| {
            let progress = run.progress(list, now);
            Shown {
                checklist: list.only(&progress.variant),
                progress,
            }
        })
        .collect();
    if args.format == Form::Json {
        return print_json(&shown);
    }
    let mut out = io::stdout().lock();
    for each in &shown {
        for line in lines(each, &TimeZone::system()) {
            writeln!(out, "{}", visible(&line))?;
        }
    }
    Ok(())
}

fn lines(shown: &Shown, zone: &TimeZone) -> Vec<String> {
    let Shown { checklist, progress } = shown;
    let mut lines = vec![checklist.title.clone()];
    lines.extend(variant_words(checklist, progress));
    lines.push(format!("{} steps: {}", progress.counts.steps, counts_words(progress)));
    for group in &checklist.groups {
        lines.push(String::new());
        lines.push(format!("  {}", group.title));
        for step in &group.steps {
            if let Some(stands) = progress.step(&step.id) {
                lines.push(format!("    {:<17}  {}", stands.state.words(), step.title));
                let facts = facts(step, stands, zone);
                lines.extend(facts.into_iter().map(|fact| format!("{:23}{fact}", "")));
            }
        }
    }
    lines.push(String::new());
    lines
}

/// What is known of a step, a line each.
fn facts(step: &Step, stands: &StepProgress, zone: &TimeZone) -> Vec<String> {
    let time = |at: Timestamp| time(at, zone);
    let mut facts = state(&stands.state, zone);
    match stands.stale_days {
        Some(0) => facts.push("check again: the proof was made with another clock".to_owned()),
        Some(days) => facts.push(format!("check again: the proof is {days} days old")),
        None => {}
    }
    if let Some(due) = &stands.due {
        let state = match due.state {
            DueState::Open => "",
            DueState::Overdue => ", overdue",
            DueState::ToVerify => ", said to be done, not verified yet",
        };
        facts.push(format!("due: {}{state}", time(due.at)));
    }
    if let Some(remark) = &stands.remark {
        facts.push(format!("could not check, {}: {}", time(remark.at), remark.reason));
        facts.push(format!("to make it possible: {}", remark.remedy));
    }
    if let Some(conflict) = &stands.conflict {
        facts.push(format!(
            "two histories: {} imported another one, by which this is {}. Choose in the app.",
            conflict.imported_by,
            conflict.theirs.words()
        ));
    }
    facts.extend(stands.note.iter().map(|note| format!("note: {note}")));
    facts.extend(step.proof.how.iter().map(|how| format!("how we know: {how}")));
    facts.extend(
        step.proof
            .why_not
            .iter()
            .map(|why_not| format!("by hand, because: {why_not}")),
    );
    facts
}

fn state(state: &StepState, zone: &TimeZone) -> Vec<String> {
    let time = |at: &Timestamp| time(*at, zone);
    match state {
        StepState::Todo => Vec::new(),
        StepState::Verified {
            at,
            check,
            hint,
            evidence,
        } => {
            let mut facts = vec![format!("{}, by the check {check}", time(at))];
            facts.extend(hint.iter().map(|hint| format!("note that: {hint}")));
            facts.extend(proof(evidence));
            facts
        }
        StepState::Confirmed { at, by, note } => {
            let mut facts = vec![format!("{}, by {by}", time(at))];
            facts.extend(note.iter().map(|note| format!("remark: {note}")));
            facts
        }
        StepState::Waiting {
            since,
            until,
            reason,
            last,
            ..
        } => {
            let mut facts = vec![format!("since {}, until {}: {reason}", time(since), time(until))];
            facts.extend(last.iter().map(|last| format!("last look: {last}")));
            facts
        }
        StepState::Failed {
            at,
            check,
            reason,
            remedy,
            evidence,
        } => {
            let mut facts = vec![
                format!("{}, by the check {check}: {reason}", time(at)),
                format!("next: {remedy}"),
            ];
            facts.extend(proof(evidence));
            facts
        }
        StepState::NotApplicable { at, by, reason } => {
            let by = by.as_deref().unwrap_or("a check");
            vec![format!("{}, by {by}: {reason}", time(at))]
        }
    }
}

fn proof(evidence: &Evidence) -> Vec<String> {
    let requests = evidence.requests.iter().map(|request| {
        let status = request
            .status
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        format!("proof: {} {} -> {status}", request.method, request.url)
    });
    let fields = evidence
        .fields
        .iter()
        .map(|field| format!("proof: {} = {}", field.name, field.value));
    let who = evidence
        .signed_in_as
        .iter()
        .map(|who| format!("proof: signed in as {who}"));
    requests.chain(fields).chain(who).collect()
}

fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()
}
