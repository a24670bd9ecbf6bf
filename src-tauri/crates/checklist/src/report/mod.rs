//! The setup report: what goes into the customer's documentation system.
//!
//! Here: what both forms share (times, words, what is still open). [`markdown()`] and [`html()`] are the two forms; both say the
//! same: every step of the variant with its state, proof, notes and history, and first of all the clean-up that is open. No
//! secret can get in: there is none in a run. Not here: saving or printing.

mod html;
mod markdown;

pub use html::html;
pub use markdown::markdown;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::checklist::{Checklist, Step};
use crate::finding::Evidence;
use crate::history::StepState;
use crate::progress::{DueState, HistoryItem, Progress, StepProgress};
use crate::run::Run;

/// What a report says about itself.
#[derive(Clone, Debug)]
pub struct About {
    /// The connection's name, or words for there being none.
    pub name: String,
    /// When it was made; also the time for which due dates and stale proofs are told.
    pub at: Timestamp,
    /// Who made it.
    pub by: String,
    /// The version of this program.
    pub version: String,
    /// The zone in which times are written; the offset stands beside each.
    pub zone: TimeZone,
}

impl About {
    /// The same with names that show what they are.
    fn shown(&self) -> About {
        About {
            name: shown(&self.name),
            by: shown(&self.by),
            ..self.clone()
        }
    }
}

/// The text without what cannot be seen: characters that steer a terminal or turn the direction of writing stand as
/// `\u{fffd}`. A name or note from a colleague's run could else make a line read as another one.
fn shown(text: &str) -> String {
    let unseen = |c: char| {
        (c.is_control() && !c.is_whitespace())
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if unseen(c) { '\u{fffd}' } else { c }).collect()
}

/// One checklist as it goes into the report.
struct Part<'a> {
    list: &'a Checklist,
    progress: Progress,
}

impl<'a> Part<'a> {
    fn all(lists: &'a [Checklist], run: &Run, about: &About) -> Vec<Part<'a>> {
        lists
            .iter()
            .map(|list| Part {
                list,
                progress: run.progress(list, about.at),
            })
            .collect()
    }

    /// Groups with the steps that are shown, each with how it stands.
    fn groups(&self) -> impl Iterator<Item = (&'a str, Vec<(&'a Step, &StepProgress)>)> {
        self.list.groups.iter().filter_map(|group| {
            let steps: Vec<_> = group
                .steps
                .iter()
                .filter_map(|step| Some((step, self.progress.step(&step.id)?)))
                .collect();
            (!steps.is_empty()).then_some((group.title.as_str(), steps))
        })
    }

    /// Clean-up that is open, with its due date.
    fn open(&self) -> impl Iterator<Item = (&'a Step, &StepProgress)> {
        self.groups()
            .flat_map(|(_, steps)| steps)
            .filter(|(_, step)| step.due.is_some())
    }

    /// `4 verified, 1 failed`, without zeros.
    fn summary(&self) -> String {
        let counts = &self.progress.counts;
        let told = [
            (counts.verified, "verified"),
            (counts.confirmed, "confirmed by hand"),
            (counts.waiting, "waiting"),
            (counts.failed, "failed"),
            (counts.to_clean_up, "to clean up"),
            (counts.todo, "to do"),
            (counts.not_applicable, "not applicable"),
            (counts.could_not_check, "could not be checked"),
            (counts.stale, "to be checked again"),
            (counts.conflicts, "with two histories"),
        ];
        let parts: Vec<String> = told
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("{} steps: {}", counts.steps, parts.join(", "))
    }

    /// The answer to the list's question; nothing for a list without one.
    fn variant(&self) -> Option<String> {
        let title = &self.list.variant(&self.progress.variant)?.title;
        Some(if self.progress.variant_chosen {
            title.clone()
        } else {
            format!("{title} (not chosen yet)")
        })
    }
}

/// `2026-11-22 13:00:00 +01:00`
fn time(at: Timestamp, about: &About) -> String {
    at.to_zoned(about.zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// The facts of a state, as label and text.
fn facts(step: &StepProgress, about: &About) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    let mut told = |label, text: &str| {
        if !text.is_empty() {
            facts.push((label, shown(text)));
        }
    };
    match &step.state {
        StepState::Todo => {}
        StepState::Verified { at, check, hint, .. } => {
            told("Verified", &format!("{}, by the check {check}", time(*at, about)));
            told("Note that", hint.as_deref().unwrap_or_default());
        }
        StepState::Confirmed { at, by, note } => {
            told("Confirmed", &format!("{}, by {by}", time(*at, about)));
            told("Remark", note.as_deref().unwrap_or_default());
        }
        StepState::Waiting {
            since,
            until,
            reason,
            last,
            ..
        } => {
            told(
                "Waiting",
                &format!("since {}, until {}", time(*since, about), time(*until, about)),
            );
            told("For", reason);
            told("Last look", last.as_deref().unwrap_or_default());
        }
        StepState::Failed {
            at,
            check,
            reason,
            remedy,
            ..
        } => {
            let word = if step.to_clean_up { "To clean up" } else { "Failed" };
            told(word, &format!("{}, by the check {check}", time(*at, about)));
            told("Reason", reason);
            told("Remedy", remedy);
        }
        StepState::NotApplicable { at, by, reason } => {
            let by = by.as_deref().unwrap_or("a check");
            told("Not applicable", &format!("{}, by {by}", time(*at, about)));
            told("Reason", reason);
        }
    }
    if let Some(days) = step.stale_days {
        let age = match days {
            0 => "made with another clock".to_owned(),
            days => format!("{days} days old"),
        };
        told("Check again", &format!("the proof is {age}"));
    }
    if let Some(due) = &step.due {
        told("Due", &due_words(due.at, due.state, about));
    }
    if let Some(remark) = &step.remark {
        told(
            "Could not check",
            &format!("{}: {}", time(remark.at, about), remark.reason),
        );
        told("To make it possible", &remark.remedy);
    }
    if let Some(conflict) = &step.conflict {
        told(
            "Two histories",
            &format!(
                "another one was imported {} by {}; by it the step is {}",
                time(conflict.imported_at, about),
                conflict.imported_by,
                conflict.theirs.words()
            ),
        );
    }
    told("Note", step.note.as_deref().unwrap_or_default());
    facts
}

fn due_words(at: Timestamp, state: DueState, about: &About) -> String {
    let at = time(at, about);
    match state {
        DueState::Open => at,
        DueState::Overdue => format!("{at} (overdue)"),
        DueState::ToVerify => format!("{at} (said to be done, not verified yet)"),
    }
}

/// What the state rests on.
fn proof(state: &StepState) -> Option<&Evidence> {
    match state {
        StepState::Verified { evidence, .. } | StepState::Failed { evidence, .. } => Some(evidence),
        _ => None,
    }
}

/// A proof, line by line.
fn proof_lines(evidence: &Evidence, about: &About) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for request in &evidence.requests {
        let status = request
            .status
            .map_or("no answer".to_owned(), |status| status.to_string());
        lines.push(format!(
            "{} {} \u{2192} {status}, {}",
            request.method,
            request.url,
            time(request.at, about)
        ));
    }
    lines.extend(
        evidence
            .fields
            .iter()
            .map(|field| format!("{} = {}", field.name, field.value)),
    );
    lines.extend(evidence.signed_in_as.iter().map(|who| format!("signed in as {who}")));
    lines.iter().map(|line| shown(line)).collect()
}

fn history_line(item: &HistoryItem, about: &About) -> String {
    let mut line = format!("{}, {}: {}", time(item.at, about), item.by, item.kind.words());
    if !item.text.is_empty() {
        line += &format!(" ({})", item.text);
    }
    if item.times > 1 {
        line += &format!(", {} times in a row", item.times);
    }
    if item.undone {
        line += ", taken back later";
    }
    shown(&line)
}

/// How the step is proved, or why nothing can see it, with its label.
fn how_we_know(step: &Step) -> Option<(&'static str, &str)> {
    let how = step.proof.how.as_deref().map(|how| ("How we know", how));
    how.or_else(|| step.proof.why_not.as_deref().map(|why| ("Why by hand", why)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::tests::small;
    use crate::finding::{Deciding, Finding, Obstacle, Request, Verdict};
    use crate::history::tests::{finding, time as at};
    use crate::run::Change;

    pub(super) const NASTY: &str =
        "<script>alert(1)</script> & \"quoted\" | *bold* _under_ `tick` [link](javascript:x)\n# heading";

    fn about() -> About {
        About {
            name: format!("Contoso {NASTY}"),
            at: at(2 * 86_400),
            by: "anna".into(),
            version: "0.1.0".into(),
            zone: TimeZone::fixed(jiff::tz::offset(1)),
        }
    }

    fn run() -> Run {
        let (list, mut run) = (small(), Run::default());
        let seen = Finding {
            check: "ms-setup-roles".into(),
            verdict: Verdict::passed_but("soon over"),
            evidence: Evidence {
                requests: vec![Request {
                    method: "GET".into(),
                    url: "https://graph.example/v1.0/x?$filter=a&b=<c>".into(),
                    status: Some(200),
                    at: at(0),
                }],
                fields: vec![Deciding {
                    name: "active".into(),
                    value: NASTY.into(),
                }],
                signed_in_as: Some("reader@msp.example".into()),
            },
        };
        run.record(&list, "grant", seen, at(0), "anna").unwrap();
        run.record(
            &list,
            "call",
            finding(Verdict::failed("refused", "mend it")),
            at(1),
            "anna",
        )
        .unwrap();
        let obstacle = Verdict::could_not(Obstacle::Scope, "no permission", "ask for it");
        run.record(&list, "call", finding(obstacle), at(2), "anna").unwrap();
        run.change(&list, "call", Change::Note { text: NASTY.into() }, at(3), "ben")
            .unwrap();
        let reason = "a restart".to_owned();
        run.change(&list, "wait", Change::Wait { minutes: 15, reason }, at(4), "ben")
            .unwrap();
        run
    }

    #[test]
    fn both_forms_hold_steps_states_proofs_notes_history_and_open_clean_up() {
        let (lists, run, about) = ([small()], run(), about());
        for text in [markdown(&lists, &run, &about), html(&lists, &run, &about)] {
            for wanted in [
                "A small list",
                "Grant the role",
                "verified",
                "soon over",
                "reader@msp.example",
                "failed",
                "refused",
                "mend it",
                "no permission",
                "waiting",
                "a restart",
                "Take the role away",
                "overdue",
                "+01:00",
                "anna",
                "ben",
                "first edition",
            ] {
                assert!(text.contains(wanted), "{wanted} is not in\n{text}");
            }
        }
    }

    #[test]
    fn the_page_is_whole_and_carries_nothing_foreign() {
        let page = html(&[small()], &run(), &about());
        assert!(page.starts_with("<!DOCTYPE html>"));
        for forbidden in [
            "<script",
            "src=",
            "@import",
            "url(",
            "<link",
            "javascript:x\"",
            "onerror",
            "<img",
            "<iframe",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("@media print") && page.contains("Content-Security-Policy"));
        assert!(page.contains("Call &lt;it&gt; &amp; see"));
    }

    #[test]
    fn markdown_shows_what_it_was_given_and_runs_nothing() {
        let text = markdown(&[small()], &run(), &about());
        assert!(text.contains("\\<script\\>"), "{text}");
        assert!(!text.contains("\n# heading"), "a note makes no heading");
        assert!(text.contains("\\[link\\]"), "and no link");
        assert!(text.contains("\\*bold\\*"));
    }

    /// A colleague's run may hold anything. Turned around, a line would read as what it does not say.
    #[test]
    fn no_name_note_or_proof_turns_a_line_around_or_steers_a_terminal() {
        const UNSEEN: [char; 5] = ['\u{202e}', '\u{2067}', '\u{200f}', '\u{1b}', '\0'];
        let nasty: String = UNSEEN.iter().collect();
        let (list, mut run) = (small(), run());
        let mut seen = finding(Verdict::failed(nasty.clone(), "mend"));
        seen.evidence.fields.push(Deciding {
            name: "x".into(),
            value: nasty.clone(),
        });
        run.record(&list, "call", seen, at(5), &nasty).unwrap();
        let note = format!("two\nlines {nasty}");
        run.change(&list, "call", Change::Note { text: note }, at(6), &nasty)
            .unwrap();
        let about = About {
            name: nasty.clone(),
            by: nasty,
            ..about()
        };
        for text in [markdown(&[small()], &run, &about), html(&[small()], &run, &about)] {
            assert!(!text.contains(UNSEEN), "{text:?}");
            assert!(text.contains('\u{fffd}') && text.contains("lines"));
        }
    }

    #[test]
    fn nothing_done_is_a_report_too() {
        let text = markdown(&[small()], &Run::default(), &about());
        assert!(
            text.contains("4 steps: 4 to do") && text.contains("New (not chosen yet)"),
            "{text}"
        );
        assert!(text.contains("Nothing is open"));
    }
}
