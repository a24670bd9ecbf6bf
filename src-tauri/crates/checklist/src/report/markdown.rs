//! The report as Markdown, for documentation systems that take it.

use std::fmt::Write as _;

use super::{About, Part, due_words, facts, history_line, how_we_know, proof, proof_lines, time};
use crate::checklist::{Checklist, Step};
use crate::progress::StepProgress;
use crate::run::Run;

/// The setup report of these checklists as Markdown (CommonMark with nothing beyond it).
#[must_use]
pub fn markdown(lists: &[Checklist], run: &Run, about: &About) -> String {
    let about = &about.shown();
    let parts = Part::all(lists, run, about);
    let mut text = format!("# Setup report: {}\n\n", plain(&about.name));
    line(
        &mut text,
        &format!(
            "Made {} by {} with CIPP Desk {}.",
            time(about.at, about),
            plain(&about.by),
            plain(&about.version)
        ),
    );
    clean_up(&mut text, &parts, about);
    for part in &parts {
        checklist(&mut text, part, about);
    }
    text
}

fn clean_up(text: &mut String, parts: &[Part<'_>], about: &About) {
    line(text, "## Open clean-up");
    let mut any = false;
    for (step, progress) in parts.iter().flat_map(Part::open) {
        if let Some(due) = &progress.due {
            any = true;
            item(
                text,
                0,
                &format!(
                    "**{}**: due {}",
                    plain(&step.title),
                    due_words(due.at, due.state, about)
                ),
            );
        }
    }
    if !any {
        text.push_str("Nothing is open.\n");
    }
    text.push('\n');
}

fn checklist(text: &mut String, part: &Part<'_>, about: &About) {
    line(text, &format!("## {}", plain(&part.list.title)));
    if let Some(variant) = part.variant() {
        item(text, 0, &format!("Variant: {}", plain(&variant)));
    }
    item(text, 0, &plain(&part.summary()));
    item(
        text,
        0,
        &format!(
            "Held against {} on {}",
            plain(&part.list.manual),
            plain(&part.list.reviewed)
        ),
    );
    text.push('\n');
    for (title, steps) in part.groups() {
        line(text, &format!("### {}", plain(title)));
        for (step, progress) in steps {
            one(text, step, progress, about);
        }
        text.push('\n');
    }
}

fn one(text: &mut String, step: &Step, progress: &StepProgress, about: &About) {
    item(
        text,
        0,
        &format!("**{}**: {}", plain(&step.title), progress.state.words()),
    );
    for (label, fact) in facts(progress, about) {
        item(text, 1, &format!("{label}: {}", plain(&fact)));
    }
    if let Some((label, how)) = how_we_know(step) {
        item(text, 1, &format!("{label}: {}", plain(how)));
    }
    if let Some(evidence) = proof(&progress.state) {
        list(text, "Proof", proof_lines(evidence, about));
    }
    let history = progress.history.iter().map(|item| history_line(item, about)).collect();
    list(text, "History", history);
}

fn list(text: &mut String, label: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    item(text, 1, label);
    for line in lines {
        item(text, 2, &plain(&line));
    }
}

fn line(text: &mut String, words: &str) {
    // Writing to a text cannot fail.
    let _ = write!(text, "{words}\n\n");
}

fn item(text: &mut String, depth: usize, words: &str) {
    let _ = writeln!(text, "{}- {words}", "  ".repeat(depth));
}

/// The text as it is, on one line: every character that Markdown could take for its own is escaped.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&'
        ) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}
