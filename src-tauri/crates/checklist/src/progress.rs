//! A checklist as it stands at a moment: words and run laid together, ready to be shown or printed.
//!
//! Here: what follows from the time of day (stale proofs, countdowns, clean-up that is due), told as data and never
//! stored. A clock that is wrong shows odd numbers and breaks nothing. Not here: changing anything.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use specta::Type;

use crate::checklist::{Checklist, ProofBy, Step, StepKind};
use crate::finding::{Evidence, Verdict};
use crate::history::{self, Entry, Remark, Side, Standing, StepState, What, later};
use crate::run::Run;

/// A proof of this age, in days, is to be checked again.
const STALE_DAYS: u32 = 30;

/// A proof from so far in the future was made with a wrong clock.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// A checklist as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The checklist's id.
    pub checklist: String,
    /// The variant that is shown.
    pub variant: String,
    /// Whether a person chose it; else it is the default.
    pub variant_chosen: bool,
    /// A colleague's differing answer to the question, from an import.
    pub other_variant: Option<OtherVariant>,
    /// The steps of this variant, in order.
    pub steps: Vec<StepProgress>,
    /// How many steps are in which state.
    pub counts: Counts,
}

/// A colleague's answer to a checklist's question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct OtherVariant {
    /// The variant.
    pub variant: String,
    /// When it was chosen.
    #[specta(type = String)]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

/// How many steps are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All steps of the variant.
    pub steps: u32,
    /// To do.
    pub todo: u32,
    /// Verified, stale ones too.
    pub verified: u32,
    /// Confirmed by a person.
    pub confirmed: u32,
    /// Waiting.
    pub waiting: u32,
    /// Failed, clean-up that is still to come left out.
    pub failed: u32,
    /// Clean-up whose check still sees what is to go, and that is not overdue.
    pub to_clean_up: u32,
    /// Not applicable.
    pub not_applicable: u32,
    /// With a remark that they could not be checked.
    pub could_not_check: u32,
    /// Verified so long ago that they should be checked again.
    pub stale: u32,
    /// Clean-up that is open, overdue included.
    pub clean_up: u32,
    /// Clean-up that is overdue.
    pub overdue: u32,
    /// Waiting for a choice between two histories.
    pub conflicts: u32,
}

/// One step as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StepProgress {
    /// The step's id.
    pub id: String,
    /// Where it stands.
    pub state: StepState,
    /// Why the last check could not look; beside the state, never in its place.
    pub remark: Option<Remark>,
    /// A person's note.
    pub note: Option<String>,
    /// Verified so long ago that it should be checked again: the age in days. Zero when it lies in the future, as after
    /// a wrong clock.
    pub stale_days: Option<u32>,
    /// While it waits: how long still, and when it is looked at again.
    pub countdown: Option<Countdown>,
    /// Clean-up whose check still sees what is to go, in good time: to be done, and no fault.
    pub to_clean_up: bool,
    /// Clean-up only: due since the privilege was granted, until it is verified gone or waived.
    pub due: Option<Due>,
    /// Two histories, until a person chooses.
    pub conflict: Option<Conflict>,
    /// What happened, oldest first.
    pub history: Vec<HistoryItem>,
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Whether there is something to do again.
    pub can_redo: bool,
}

/// A wait as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Countdown {
    /// Seconds until it is no longer normal; zero afterwards.
    pub remaining_seconds: u32,
    /// Seconds until the next look; zero when it is time.
    pub retry_in_seconds: u32,
}

/// How a clean-up stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum DueState {
    /// There is time still.
    Open,
    /// The time is over.
    Overdue,
    /// A person says that it is done; a check could see it and has not yet.
    ToVerify,
}

/// A clean-up that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// When it is due.
    #[specta(type = String)]
    pub at: Timestamp,
    /// How it stands.
    pub state: DueState,
}

/// Two histories of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// When the other one was imported.
    #[specta(type = String)]
    pub imported_at: Timestamp,
    /// Who imported it.
    pub imported_by: String,
    /// Where the step stands by the other one.
    pub theirs: StepState,
    /// The note of the other one.
    pub their_note: Option<String>,
    /// What happened by the other one.
    pub their_history: Vec<HistoryItem>,
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
#[allow(
    missing_docs,
    reason = "each is named as the change that a person makes or the verdict of a check"
)]
pub enum HistoryKind {
    Passed,
    Failed,
    CheckWaits,
    CheckNotApplicable,
    CouldNotCheck,
    Confirmed,
    NotApplicable,
    Waiting,
    Reopened,
    Noted,
    Undone,
    Redone,
    Imported,
    Settled,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HistoryItem {
    /// When.
    #[specta(type = String)]
    pub at: Timestamp,
    /// Who was at the computer.
    pub by: String,
    /// What sort of thing.
    pub kind: HistoryKind,
    /// What, as words; may be empty where the kind says it all.
    pub text: String,
    /// How often a check found the same in a row.
    pub times: u32,
    /// Whether it was taken back later.
    pub undone: bool,
    /// What a check asked and saw.
    pub evidence: Option<Evidence>,
}

impl Run {
    /// How a checklist stands at this time.
    #[must_use]
    pub fn progress(&self, checklist: &Checklist, now: Timestamp) -> Progress {
        let list = self.checklists.get(&checklist.id);
        let chosen = self.variant(&checklist.id);
        let variant = checklist.variant_or_default(chosen).to_owned();
        let standings: HashMap<&str, Standing> = checklist
            .steps_of(&variant)
            .map(|step| {
                (
                    step.id.as_str(),
                    history::standing(self.history(&checklist.id, &step.id)),
                )
            })
            .collect();
        let steps: Vec<StepProgress> = checklist
            .steps_of(&variant)
            .map(|step| {
                let standing = standings.get(step.id.as_str()).cloned().unwrap_or_default();
                let due = due(checklist, &variant, step, &standings, now);
                step_progress(step, standing, self.history(&checklist.id, &step.id), due, now)
            })
            .collect();
        Progress {
            checklist: checklist.id.clone(),
            variant_chosen: chosen.is_some_and(|chosen| chosen == variant),
            other_variant: list
                .and_then(|list| list.other_variant.as_ref())
                .map(|choice| OtherVariant {
                    variant: choice.variant.clone(),
                    at: choice.at,
                    by: choice.by.clone(),
                }),
            counts: counts(&steps),
            variant,
            steps,
        }
    }
}

impl Progress {
    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepProgress> {
        self.steps.iter().find(|step| step.id == id)
    }
}

fn step_progress(step: &Step, standing: Standing, entries: &[Entry], due: Option<Due>, now: Timestamp) -> StepProgress {
    StepProgress {
        id: step.id.clone(),
        stale_days: stale_days(&standing.state, now),
        countdown: countdown(&standing.state, now),
        to_clean_up: step.kind == StepKind::CleanUp
            && matches!(standing.state, StepState::Failed { .. })
            && due.is_none_or(|due| due.state != DueState::Overdue),
        due,
        conflict: history::conflict(entries).map(|(imported, other)| conflict(imported, other)),
        history: items(entries),
        can_undo: history::to_undo(entries).is_some(),
        can_redo: history::to_redo(entries).is_some(),
        state: standing.state,
        remark: standing.remark,
        note: standing.note,
    }
}

fn stale_days(state: &StepState, now: Timestamp) -> Option<u32> {
    let StepState::Verified { at, .. } = state else {
        return None;
    };
    if *at > later(now, CLOCK_TOLERANCE) {
        return Some(0);
    }
    let days = u32::try_from(at.duration_until(now).as_hours() / 24).unwrap_or(0);
    (days >= STALE_DAYS).then_some(days)
}

fn countdown(state: &StepState, now: Timestamp) -> Option<Countdown> {
    let StepState::Waiting {
        since, until, retry_at, ..
    } = state
    else {
        return None;
    };
    // After the clock was set back the wait has its whole length before it again, and no more.
    let now = now.max(*since);
    let seconds = |to: Timestamp| u32::try_from(now.duration_until(to).as_secs()).unwrap_or(0);
    Some(Countdown {
        remaining_seconds: seconds(*until),
        retry_in_seconds: seconds(*retry_at),
    })
}

/// When the clean-up is due: counted from the first time a step was done that it undoes or that allows it.
fn due(
    checklist: &Checklist,
    variant: &str,
    step: &Step,
    standings: &HashMap<&str, Standing>,
    now: Timestamp,
) -> Option<Due> {
    let hours = step.due_hours.filter(|_| step.kind == StepKind::CleanUp)?;
    let standing = standings.get(step.id.as_str())?;
    let state = match &standing.state {
        StepState::Verified { .. } | StepState::NotApplicable { .. } => return None,
        StepState::Confirmed { .. } if step.proof.by == ProofBy::Hand => return None,
        StepState::Confirmed { .. } => Some(DueState::ToVerify),
        _ => None,
    };
    let granted = checklist
        .steps_of(variant)
        .filter(|other| leads_to(other, step))
        .filter_map(|other| standings.get(other.id.as_str())?.first_done)
        .min()?;
    // What was granted "tomorrow", by a clock that was wrong, is due from now on.
    let at = later(granted.min(now), SignedDuration::from_hours(hours.into()));
    let by_time = if now < at { DueState::Open } else { DueState::Overdue };
    Some(Due {
        at,
        state: state.unwrap_or(by_time),
    })
}

/// Whether doing `step` is what makes this clean-up necessary or possible.
fn leads_to(step: &Step, clean_up: &Step) -> bool {
    let taken_away = |check: &crate::CheckId| {
        check
            .taken_away_by()
            .is_some_and(|removed| clean_up.proof.checks.contains(&removed))
    };
    step.unlocks.contains(&clean_up.id) || step.proof.checks.iter().any(taken_away)
}

fn counts(steps: &[StepProgress]) -> Counts {
    let mut counts = Counts::default();
    for step in steps {
        counts.steps += 1;
        *match step.state {
            StepState::Todo => &mut counts.todo,
            StepState::Verified { .. } => &mut counts.verified,
            StepState::Confirmed { .. } => &mut counts.confirmed,
            StepState::Waiting { .. } => &mut counts.waiting,
            StepState::Failed { .. } if step.to_clean_up => &mut counts.to_clean_up,
            StepState::Failed { .. } => &mut counts.failed,
            StepState::NotApplicable { .. } => &mut counts.not_applicable,
        } += 1;
        counts.could_not_check += u32::from(step.remark.is_some());
        counts.stale += u32::from(step.stale_days.is_some());
        counts.clean_up += u32::from(step.due.is_some());
        counts.overdue += u32::from(step.due.is_some_and(|due| due.state == DueState::Overdue));
        counts.conflicts += u32::from(step.conflict.is_some());
    }
    counts
}

fn conflict(imported: &Entry, other: &[Entry]) -> Conflict {
    let theirs = history::standing(other);
    Conflict {
        imported_at: imported.at,
        imported_by: imported.by.clone(),
        theirs: theirs.state,
        their_note: theirs.note,
        their_history: items(other),
    }
}

fn items(entries: &[Entry]) -> Vec<HistoryItem> {
    let undone = history::undone_ids(entries);
    entries
        .iter()
        .map(|entry| item(entry, undone.contains(&entry.id)))
        .collect()
}

fn item(entry: &Entry, undone: bool) -> HistoryItem {
    let (mut times, mut evidence) = (1, None);
    let (kind, text) = match &entry.what {
        What::Checked { finding, times: seen } => {
            times = *seen;
            evidence = Some(finding.evidence.clone());
            checked(&finding.check, &finding.verdict)
        }
        What::Confirmed { note } => (HistoryKind::Confirmed, note.clone().unwrap_or_default()),
        What::NotApplicable { reason } => (HistoryKind::NotApplicable, reason.clone()),
        What::Waiting { reason, .. } => (HistoryKind::Waiting, reason.clone()),
        What::Reopened => (HistoryKind::Reopened, String::new()),
        What::Noted { text } => (HistoryKind::Noted, text.clone()),
        What::Undone { .. } => (HistoryKind::Undone, String::new()),
        What::Redone { .. } => (HistoryKind::Redone, String::new()),
        What::Diverged { other } => (
            HistoryKind::Imported,
            format!("another history with {} entries", other.len()),
        ),
        What::Settled { kept } => (
            HistoryKind::Settled,
            match kept {
                Side::Mine => "the history of this computer".into(),
                Side::Theirs => "the imported history".into(),
            },
        ),
    };
    HistoryItem {
        at: entry.at,
        by: entry.by.clone(),
        kind,
        text,
        times,
        undone,
        evidence,
    }
}

fn checked(check: &str, verdict: &Verdict) -> (HistoryKind, String) {
    match verdict {
        Verdict::Passed { hint: None } => (HistoryKind::Passed, check.to_owned()),
        Verdict::Passed { hint: Some(hint) } => (HistoryKind::Passed, format!("{check}: {hint}")),
        Verdict::Failed { reason, .. } => (HistoryKind::Failed, format!("{check}: {reason}")),
        Verdict::Waiting { reason, .. } => (HistoryKind::CheckWaits, format!("{check}: {reason}")),
        Verdict::NotApplicable { reason } => (HistoryKind::CheckNotApplicable, format!("{check}: {reason}")),
        Verdict::CouldNotCheck { reason, .. } => (HistoryKind::CouldNotCheck, format!("{check}: {reason}")),
    }
}

impl HistoryKind {
    /// In a few words, for lists and reports.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            HistoryKind::Passed => "verified",
            HistoryKind::Failed => "check failed",
            HistoryKind::CheckWaits => "check: not yet",
            HistoryKind::CheckNotApplicable => "check: not applicable",
            HistoryKind::CouldNotCheck => "could not check",
            HistoryKind::Confirmed => "confirmed by hand",
            HistoryKind::NotApplicable => "not applicable",
            HistoryKind::Waiting => "waiting",
            HistoryKind::Reopened => "set back to do",
            HistoryKind::Noted => "note",
            HistoryKind::Undone => "undone",
            HistoryKind::Redone => "done again",
            HistoryKind::Imported => "imported",
            HistoryKind::Settled => "chosen",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::tests::small;
    use crate::history::tests::{finding, time};
    use crate::run::Change;

    const DAY: i64 = 86_400;

    fn record(run: &mut Run, step: &str, verdict: Verdict, at: i64) {
        run.record(&small(), step, finding(verdict), time(at), "anna").unwrap();
    }

    fn change(run: &mut Run, step: &str, change: Change, at: i64) {
        run.change(&small(), step, change, time(at), "anna").unwrap();
    }

    fn step(run: &Run, id: &str, now: i64) -> StepProgress {
        run.progress(&small(), time(now)).step(id).unwrap().clone()
    }

    fn clean_up(run: &Run, now: i64) -> Option<(i64, DueState)> {
        let due = step(run, "take-away", now).due?;
        Some((due.at.as_second() - time(0).as_second(), due.state))
    }

    #[test]
    fn a_proof_grows_stale_after_thirty_days() {
        let mut run = Run::default();
        record(&mut run, "call", Verdict::passed(), 0);
        assert_eq!(step(&run, "call", 30 * DAY - 1).stale_days, None);
        assert_eq!(step(&run, "call", 32 * DAY).stale_days, Some(32));
        record(&mut run, "call", Verdict::passed(), 32 * DAY);
        assert_eq!(step(&run, "call", 32 * DAY).stale_days, None);
        change(&mut run, "call", Change::Confirm { note: None }, 0);
        assert_eq!(
            step(&run, "call", 400 * DAY).stale_days,
            None,
            "a word given does not grow stale"
        );
    }

    #[test]
    fn a_clock_that_was_wrong_makes_a_proof_doubtful_and_breaks_nothing() {
        let mut run = Run::default();
        record(&mut run, "call", Verdict::passed(), 3_650 * DAY);
        assert_eq!(step(&run, "call", 0).stale_days, Some(0));
        assert_eq!(step(&run, "call", 3_650 * DAY - 3_600).stale_days, None);
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let progress = run.progress(&small(), now);
            assert_eq!(progress.steps.len(), 4);
        }
    }

    #[test]
    fn a_wait_counts_down_and_not_beyond_its_length() {
        let mut run = Run::default();
        let wait = Change::Wait {
            minutes: 15,
            reason: "restart".into(),
        };
        change(&mut run, "wait", wait, 1_000);
        let left = |now: i64| step(&run, "wait", now).countdown.unwrap();
        assert_eq!(
            left(1_000),
            Countdown {
                remaining_seconds: 900,
                retry_in_seconds: 60
            }
        );
        assert_eq!(
            left(1_100),
            Countdown {
                remaining_seconds: 800,
                retry_in_seconds: 0
            }
        );
        assert_eq!(
            left(9_000),
            Countdown {
                remaining_seconds: 0,
                retry_in_seconds: 0
            }
        );
        assert_eq!(left(-9_000).remaining_seconds, 900, "the clock was set back");
    }

    #[test]
    fn a_clean_up_is_due_a_day_after_the_privilege_was_granted() {
        let mut run = Run::default();
        assert_eq!(clean_up(&run, 0), None, "nothing was granted");
        record(&mut run, "grant", Verdict::passed(), 100);
        assert_eq!(clean_up(&run, 200), Some((100 + DAY, DueState::Open)));
        assert_eq!(clean_up(&run, 100 + DAY), Some((100 + DAY, DueState::Overdue)));
        record(&mut run, "grant", Verdict::passed(), 2 * DAY);
        assert_eq!(
            clean_up(&run, 2 * DAY).unwrap().0,
            100 + DAY,
            "looking again moves nothing"
        );
        record(&mut run, "grant", Verdict::failed("gone", "x"), 3 * DAY);
        assert!(
            clean_up(&run, 3 * DAY).is_some(),
            "it stays until it is seen to be gone"
        );
        change(&mut run, "take-away", Change::Confirm { note: None }, 3 * DAY);
        assert_eq!(
            clean_up(&run, 3 * DAY).unwrap().1,
            DueState::ToVerify,
            "a check could see it"
        );
        record(&mut run, "take-away", Verdict::passed(), 3 * DAY);
        assert_eq!(clean_up(&run, 3 * DAY), None);
        record(&mut run, "take-away", Verdict::failed("it is back", "x"), 4 * DAY);
        assert_eq!(clean_up(&run, 4 * DAY).unwrap().1, DueState::Overdue);
    }

    #[test]
    fn a_clean_up_in_good_time_is_no_fault() {
        let mut run = Run::default();
        record(&mut run, "take-away", Verdict::failed("it is there", "x"), 50);
        let counts = |run: &Run, now| {
            let counts = run.progress(&small(), time(now)).counts;
            (counts.failed, counts.to_clean_up, counts.overdue)
        };
        assert_eq!(counts(&run, 60), (0, 1, 0), "nobody knows since when");
        record(&mut run, "grant", Verdict::passed(), 100);
        assert_eq!(counts(&run, 200), (0, 1, 0));
        assert_eq!(counts(&run, 100 + DAY), (1, 0, 1));
        record(&mut run, "call", Verdict::failed("401", "wait"), 200);
        assert_eq!(counts(&run, 200), (1, 1, 0), "another step that failed is one");
    }

    #[test]
    fn a_clean_up_can_be_waived_with_a_reason() {
        let mut run = Run::default();
        record(&mut run, "grant", Verdict::passed(), 0);
        change(
            &mut run,
            "take-away",
            Change::NotApplicable {
                reason: "kept by order".into(),
            },
            5,
        );
        assert_eq!(clean_up(&run, 2 * DAY), None);
        change(&mut run, "take-away", Change::Undo, 6);
        assert!(clean_up(&run, 2 * DAY).is_some());
    }

    #[test]
    fn what_was_granted_by_a_wrong_clock_is_due_all_the_same() {
        let mut run = Run::default();
        record(&mut run, "grant", Verdict::passed(), 900 * DAY);
        assert_eq!(clean_up(&run, 0), Some((DAY, DueState::Open)));
    }

    #[test]
    fn counts_add_up_and_only_the_variant_counts() {
        let mut run = Run::default();
        record(&mut run, "grant", Verdict::passed(), 0);
        record(
            &mut run,
            "call",
            Verdict::could_not(crate::Obstacle::Network, "n", "m"),
            0,
        );
        change(&mut run, "old-way", Change::Confirm { note: None }, 0);
        let progress = run.progress(&small(), time(2 * DAY));
        let counts = progress.counts;
        assert_eq!(
            (counts.steps, counts.verified, counts.todo, counts.confirmed),
            (4, 1, 3, 0)
        );
        assert_eq!((counts.could_not_check, counts.clean_up, counts.overdue), (1, 1, 1));
        assert!(!progress.variant_chosen);
    }

    #[test]
    fn history_says_who_did_what_and_what_was_taken_back() {
        let mut run = Run::default();
        record(&mut run, "call", Verdict::failed("401", "wait"), 0);
        change(
            &mut run,
            "call",
            Change::Confirm {
                note: Some("by phone".into()),
            },
            1,
        );
        change(&mut run, "call", Change::Undo, 2);
        let step = step(&run, "call", 3);
        let told: Vec<(HistoryKind, &str, bool)> = step
            .history
            .iter()
            .map(|item| (item.kind, item.text.as_str(), item.undone))
            .collect();
        assert_eq!(
            told,
            [
                (HistoryKind::Failed, "cipp-listlogs: 401", false),
                (HistoryKind::Confirmed, "by phone", true),
                (HistoryKind::Undone, "", false)
            ]
        );
        assert!(step.can_undo && step.can_redo);
    }

    #[test]
    fn the_wire_form_is_what_the_window_reads() {
        let mut run = Run::default();
        record(&mut run, "call", Verdict::passed_but("soon"), 0);
        let wire = serde_json::to_value(step(&run, "call", 0)).unwrap();
        assert_eq!(wire["state"]["kind"], "verified");
        assert_eq!(wire["state"]["hint"], "soon");
        assert_eq!(wire["history"][0]["kind"], "passed");
        assert!(wire.get("staleDays").is_some() && wire.get("canUndo").is_some());
    }
}
