//! The report as one page that needs nothing else: no script, no picture, nothing from elsewhere. It prints well.

use maud::{DOCTYPE, Markup, PreEscaped, html as page};

use super::{About, Part, due_words, facts, history_line, how_we_know, proof, proof_lines, time};
use crate::checklist::{Checklist, Step};
use crate::history::StepState;
use crate::progress::StepProgress;
use crate::run::Run;

const STYLE: &str = include_str!("report.css");

/// What the page may load: nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The setup report of these checklists as one HTML page.
#[must_use]
pub fn html(lists: &[Checklist], run: &Run, about: &About) -> String {
    let about = &about.shown();
    let parts = Part::all(lists, run, about);
    let title = format!("Setup report: {}", about.name);
    page! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p { "Made " (time(about.at, about)) " by " (about.by) " with CIPP Desk " (about.version) "." }
                (clean_up(&parts, about))
                @for part in &parts { (checklist(part, about)) }
            }
        }
    }
    .into_string()
}

fn clean_up(parts: &[Part<'_>], about: &About) -> Markup {
    let open: Vec<_> = parts
        .iter()
        .flat_map(Part::open)
        .filter_map(|(step, progress)| Some((step, progress.due?)))
        .collect();
    page! {
        section.open {
            h2 { "Open clean-up" }
            @if open.is_empty() {
                p { "Nothing is open." }
            } @else {
                ul {
                    @for (step, due) in open {
                        li { strong { (step.title) } ": due " (due_words(due.at, due.state, about)) }
                    }
                }
            }
        }
    }
}

fn checklist(part: &Part<'_>, about: &About) -> Markup {
    page! {
        section {
            h2 { (part.list.title) }
            p {
                @if let Some(variant) = part.variant() { "Variant: " (variant) br; }
                (part.summary()) br;
                "Held against " (part.list.manual) " on " (part.list.reviewed)
            }
            @for (title, steps) in part.groups() {
                h3 { (title) }
                @for (step, progress) in steps { (one(step, progress, about)) }
            }
        }
    }
}

fn one(step: &Step, progress: &StepProgress, about: &About) -> Markup {
    page! {
        article class=(class(progress)) {
            h4 { span.state { (progress.state.words()) } " " (step.title) }
            dl {
                @for (label, fact) in facts(progress, about) {
                    dt { (label) } dd { (fact) }
                }
                @if let Some((label, how)) = how_we_know(step) {
                    dt { (label) } dd { (how) }
                }
                @if let Some(evidence) = proof(&progress.state) {
                    (lines("Proof", &proof_lines(evidence, about)))
                }
                (lines("History", &progress.history.iter().map(|item| history_line(item, about)).collect::<Vec<_>>()))
            }
        }
    }
}

fn lines(label: &str, lines: &[String]) -> Markup {
    page! {
        @if !lines.is_empty() {
            dt { (label) }
            dd { ul { @for line in lines { li { (line) } } } }
        }
    }
}

/// The word says the state; the class only colours its edge.
fn class(step: &StepProgress) -> &'static str {
    match step.state {
        StepState::Verified { .. } => "verified",
        StepState::Failed { .. } if step.to_clean_up => "to-clean-up",
        StepState::Failed { .. } => "failed",
        StepState::Waiting { .. } => "waiting",
        StepState::Confirmed { .. } => "confirmed",
        StepState::Todo => "todo",
        StepState::NotApplicable { .. } => "not-applicable",
    }
}
