//! What happened to one step, one entry after the other, and the state that follows from it.
//!
//! Entries are only ever added: an undo is an entry too, so nothing is lost and every change can be taken back. Each
//! entry's id is made from the one before it, so that two histories can be told apart from a history and its
//! continuation. The order of entries decides, never their times: clocks are set back. Pure; no file and no clock here.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

use crate::finding::{Evidence, Finding, Obstacle, Verdict};

/// When a check that failed during a wait is tried again.
pub(crate) const RETRY: SignedDuration = SignedDuration::from_secs(60);

/// Namespace of the ids of entries.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0e_54a1_5d0b_4c9e_9a77_3c52_71d4_08b2);

/// One thing that happened to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Made from everything in this entry and from the id of the one before.
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    /// The person at the computer.
    pub(crate) by: String,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// The ways in which something can happen to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub(crate) enum What {
    /// A check looked. `times` counts looks that found the same, the last of which this is.
    Checked { finding: Finding, times: u32 },
    /// A person says that it is done.
    Confirmed { note: Option<String> },
    /// A person says that it does not concern them.
    NotApplicable { reason: String },
    /// A person did it, and it takes time to show.
    Waiting { until: Timestamp, reason: String },
    /// Back to the beginning.
    Reopened,
    /// A remark; an empty one takes the old one away.
    Noted { text: String },
    /// The entry with this id no longer counts.
    Undone { entry: Uuid },
    /// The entry with this id counts again.
    Redone { entry: Uuid },
    /// An import brought another history that is no continuation of this one.
    Diverged { other: Vec<Entry> },
    /// A person chose between the two.
    Settled { kept: Side },
}

/// One of two histories that went apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The one that was here.
    Mine,
    /// The one that was imported.
    Theirs,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum StepState {
    /// Nothing is known.
    Todo,
    /// A check saw that it is so.
    Verified {
        /// When.
        #[specta(type = String)]
        at: Timestamp,
        /// The check that saw it.
        check: String,
        /// What is worth knowing all the same.
        hint: Option<String>,
        /// How it is known.
        evidence: Evidence,
    },
    /// A person says so.
    Confirmed {
        /// When.
        #[specta(type = String)]
        at: Timestamp,
        /// Who.
        by: String,
        /// Their remark.
        note: Option<String>,
    },
    /// It takes time to show.
    Waiting {
        /// From when.
        #[specta(type = String)]
        since: Timestamp,
        /// Until when it is normal.
        #[specta(type = String)]
        until: Timestamp,
        /// What is waited for.
        reason: String,
        /// When to look again.
        #[specta(type = String)]
        retry_at: Timestamp,
        /// What the last look during the wait found.
        last: Option<String>,
    },
    /// A check saw that it is not so.
    Failed {
        /// When.
        #[specta(type = String)]
        at: Timestamp,
        /// The check that saw it.
        check: String,
        /// What is wrong.
        reason: String,
        /// What to do next.
        remedy: String,
        /// How it is known.
        evidence: Evidence,
    },
    /// It does not concern this instance.
    NotApplicable {
        /// When this was said.
        #[specta(type = String)]
        at: Timestamp,
        /// Who said it; `None` when a check found it out.
        by: Option<String>,
        /// Why.
        reason: String,
    },
}

/// A check could not look: a remark beside the state, which it leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// When.
    #[specta(type = String)]
    pub at: Timestamp,
    /// The check that could not look.
    pub check: String,
    /// What was in the way.
    pub cause: Obstacle,
    /// The same as a sentence.
    pub reason: String,
    /// How to make it possible.
    pub remedy: String,
    /// What was asked.
    pub evidence: Evidence,
}

/// What follows from a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: StepState,
    pub(crate) remark: Option<Remark>,
    pub(crate) note: Option<String>,
    /// When it was first verified or confirmed, however it stands now.
    pub(crate) first_done: Option<Timestamp>,
    /// Whether the wait was begun by a person: a check that fails meanwhile does not end it.
    wait_is_ours: bool,
}

impl Default for Standing {
    fn default() -> Self {
        Standing {
            state: StepState::Todo,
            remark: None,
            note: None,
            first_done: None,
            wait_is_ours: false,
        }
    }
}

impl StepState {
    /// Verified, or confirmed by a person.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, StepState::Verified { .. } | StepState::Confirmed { .. })
    }

    /// In one or two words, for lists and reports.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            StepState::Todo => "to do",
            StepState::Verified { .. } => "verified",
            StepState::Confirmed { .. } => "confirmed by hand",
            StepState::Waiting { .. } => "waiting",
            StepState::Failed { .. } => "failed",
            StepState::NotApplicable { .. } => "not applicable",
        }
    }
}

/// Adds an entry. A look that finds the same for the third time in a row takes the place of the second, so that daily
/// checks do not pile up; the first stays, with its time.
pub(crate) fn add(history: &mut Vec<Entry>, at: Timestamp, by: &str, what: What) {
    let mut what = what;
    if let [.., before, last] = history.as_slice()
        && let (
            What::Checked { finding: a, .. },
            What::Checked { finding: b, times },
            What::Checked { finding, times: new },
        ) = (&before.what, &last.what, &mut what)
        && a.verdict == b.verdict
        && b.verdict == finding.verdict
        && a.check == finding.check
        && b.check == finding.check
    {
        *new = times.saturating_add(1);
        history.pop();
    }
    let id = id_after(history.last(), at, by, &what);
    history.push(Entry {
        id,
        at,
        by: by.to_owned(),
        what,
    });
}

fn id_after(last: Option<&Entry>, at: Timestamp, by: &str, what: &What) -> Uuid {
    let before = last.map_or(Uuid::nil(), |entry| entry.id);
    // Serialising these types cannot fail; an empty text would still leave time and person to tell entries apart.
    let what = serde_json::to_string(what).unwrap_or_default();
    Uuid::new_v5(&NAMESPACE, format!("{before}\n{at}\n{by}\n{what}").as_bytes())
}

/// The entries that this history consists of: those of the other side where a person chose them.
fn line(history: &[Entry]) -> Vec<&Entry> {
    let undone = undone(history.iter());
    let counts = |entry: &Entry| !undone.contains(&entry.id);
    let chosen = history
        .iter()
        .rposition(|entry| counts(entry) && matches!(entry.what, What::Settled { kept: Side::Theirs }));
    let other = chosen.and_then(|chosen| {
        let before = history[..chosen].iter().rev();
        let other = before
            .filter(|entry| counts(entry))
            .find_map(|entry| match &entry.what {
                What::Diverged { other } => Some(other),
                _ => None,
            })?;
        Some((chosen, other))
    });
    match other {
        Some((chosen, other)) => line(other).into_iter().chain(&history[chosen..]).collect(),
        None => history.iter().collect(),
    }
}

fn undone<'a>(entries: impl Iterator<Item = &'a Entry>) -> HashSet<Uuid> {
    let mut undone = HashSet::new();
    for entry in entries {
        match entry.what {
            What::Undone { entry } => _ = undone.insert(entry),
            What::Redone { entry } => _ = undone.remove(&entry),
            _ => {}
        }
    }
    undone
}

/// The entries that count, in order.
fn effective(history: &[Entry]) -> Vec<&Entry> {
    let mut line = line(history);
    let undone = undone(line.iter().copied());
    line.retain(|entry| {
        !undone.contains(&entry.id) && !matches!(entry.what, What::Undone { .. } | What::Redone { .. })
    });
    line
}

/// Whether the entry with this id no longer counts.
pub(crate) fn undone_ids(history: &[Entry]) -> HashSet<Uuid> {
    undone(line(history).into_iter())
}

/// The entry that an undo would take back: the last that changed something. That a check could not look changed nothing.
pub(crate) fn to_undo(history: &[Entry]) -> Option<Uuid> {
    let changed = |entry: &&&Entry| match &entry.what {
        What::Checked { finding, .. } => finding.verdict.can_tell(),
        _ => true,
    };
    effective(history).iter().rev().find(changed).map(|entry| entry.id)
}

/// The entry that a redo would bring back: only directly after an undo.
pub(crate) fn to_redo(history: &[Entry]) -> Option<Uuid> {
    let mut stack = Vec::new();
    let last_other = history
        .iter()
        .rposition(|entry| !matches!(entry.what, What::Undone { .. } | What::Redone { .. }))
        .map_or(0, |last| last + 1);
    for entry in &history[last_other..] {
        match entry.what {
            What::Undone { entry } => stack.push(entry),
            _ => _ = stack.pop(),
        }
    }
    stack.pop()
}

/// The other history, as long as nobody has chosen.
pub(crate) fn conflict(history: &[Entry]) -> Option<(&Entry, &[Entry])> {
    let mut open = None;
    for entry in effective(history) {
        match &entry.what {
            What::Diverged { other } => open = Some((entry, other.as_slice())),
            What::Settled { .. } => open = None,
            _ => {}
        }
    }
    open
}

/// Where a step with this history stands.
pub(crate) fn standing(history: &[Entry]) -> Standing {
    effective(history)
        .into_iter()
        .fold(Standing::default(), Standing::after)
}

impl Standing {
    fn after(self, entry: &Entry) -> Standing {
        let at = entry.at;
        match &entry.what {
            What::Checked { finding, .. } => self.checked(finding, at),
            What::Confirmed { note } => self.now(StepState::Confirmed {
                at,
                by: entry.by.clone(),
                note: note.clone(),
            }),
            What::NotApplicable { reason } => self.now(StepState::NotApplicable {
                at,
                by: Some(entry.by.clone()),
                reason: reason.clone(),
            }),
            What::Waiting { until, reason } => {
                let retry_at = later(at, RETRY).min(*until).max(at);
                let mut waiting = self.now(StepState::Waiting {
                    since: at,
                    until: *until,
                    reason: reason.clone(),
                    retry_at,
                    last: None,
                });
                waiting.wait_is_ours = true;
                waiting
            }
            What::Reopened => self.now(StepState::Todo),
            What::Noted { text } => Standing {
                note: (!text.trim().is_empty()).then(|| text.clone()),
                ..self
            },
            What::Undone { .. } | What::Redone { .. } | What::Diverged { .. } | What::Settled { .. } => self,
        }
    }

    fn checked(self, finding: &Finding, at: Timestamp) -> Standing {
        let (check, evidence) = (finding.check.clone(), finding.evidence.clone());
        match &finding.verdict {
            Verdict::Passed { hint } => self.now(StepState::Verified {
                at,
                check,
                hint: hint.clone(),
                evidence,
            }),
            Verdict::Failed { reason, remedy } => match self.still_waiting(at, Some(reason)) {
                (standing, true) => standing,
                (standing, false) => standing.now(StepState::Failed {
                    at,
                    check,
                    reason: reason.clone(),
                    remedy: remedy.clone(),
                    evidence,
                }),
            },
            Verdict::Waiting {
                reason,
                retry_after_seconds,
            } => self.waits(reason, *retry_after_seconds, at),
            Verdict::NotApplicable { reason } => self.now(StepState::NotApplicable {
                at,
                by: None,
                reason: reason.clone(),
            }),
            Verdict::CouldNotCheck { cause, reason, remedy } => {
                let (mut standing, _) = self.still_waiting(at, None);
                standing.remark = Some(Remark {
                    at,
                    check,
                    cause: *cause,
                    reason: reason.clone(),
                    remedy: remedy.clone(),
                    evidence,
                });
                standing
            }
        }
    }

    /// A new state, and with it no remark of the old one.
    fn now(self, state: StepState) -> Standing {
        let done_at = match &state {
            StepState::Verified { at, .. } | StepState::Confirmed { at, .. } => Some(*at),
            _ => None,
        };
        Standing {
            state,
            remark: None,
            note: self.note,
            first_done: self.first_done.or(done_at),
            wait_is_ours: false,
        }
    }

    /// Whether the wait that a person began goes on, whatever a look found meanwhile. A clock that was set back moves the
    /// whole wait with it, so that it can never last longer than was meant.
    fn still_waiting(mut self, at: Timestamp, found: Option<&str>) -> (Standing, bool) {
        let ours = self.wait_is_ours;
        let StepState::Waiting {
            since,
            until,
            retry_at,
            last,
            ..
        } = &mut self.state
        else {
            return (self, false);
        };
        if !ours {
            return (self, false);
        }
        if at < *since {
            *until = later(at, since.duration_until(*until));
            *since = at;
        }
        let goes_on = at < *until;
        if goes_on {
            *retry_at = later(at, RETRY).min(*until);
            if let Some(found) = found {
                *last = Some(found.to_owned());
            }
        }
        (self, goes_on)
    }

    fn waits(self, reason: &str, retry_after_seconds: u32, at: Timestamp) -> Standing {
        let retry_at = later(at, SignedDuration::from_secs(retry_after_seconds.into()));
        let (ours, begun) = match (&self.state, self.wait_is_ours) {
            (StepState::Waiting { since, until, .. }, ours) if *since <= at => (ours, Some((*since, *until))),
            _ => (false, None),
        };
        let until = match begun {
            Some((_, until)) if ours => until.max(retry_at),
            _ => retry_at,
        };
        let mut waiting = self.now(StepState::Waiting {
            since: begun.map_or(at, |(since, _)| since),
            until,
            reason: reason.to_owned(),
            retry_at,
            last: None,
        });
        waiting.wait_is_ours = ours;
        waiting
    }
}

/// A time so much later; the same when there is no such time.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    pub(crate) fn finding(verdict: Verdict) -> Finding {
        Finding {
            check: "cipp-listlogs".into(),
            verdict,
            evidence: Evidence::default(),
        }
    }

    pub(crate) fn look(verdict: Verdict) -> What {
        What::Checked {
            finding: finding(verdict),
            times: 1,
        }
    }

    fn history(entries: impl IntoIterator<Item = (i64, What)>) -> Vec<Entry> {
        let mut history = Vec::new();
        for (seconds, what) in entries {
            add(&mut history, time(seconds), "anna", what);
        }
        history
    }

    fn state(entries: impl IntoIterator<Item = (i64, What)>) -> StepState {
        standing(&history(entries)).state
    }

    fn wait(until: i64) -> What {
        What::Waiting {
            until: time(until),
            reason: "the restart".into(),
        }
    }

    fn no_answer() -> Verdict {
        Verdict::could_not(Obstacle::Network, "no answer", "try again")
    }

    #[test]
    fn each_change_leads_to_its_state() {
        assert_eq!(state([]), StepState::Todo);
        assert!(matches!(
            state([(1, look(Verdict::passed_but("ends soon")))]),
            StepState::Verified { hint: Some(_), .. }
        ));
        assert!(matches!(
            state([(1, look(Verdict::failed("no", "do")))]),
            StepState::Failed { .. }
        ));
        assert!(matches!(
            state([(1, What::Confirmed { note: None })]),
            StepState::Confirmed { by, .. } if by == "anna"
        ));
        let why = || "hosted".to_owned();
        assert!(matches!(
            state([(1, What::NotApplicable { reason: why() })]),
            StepState::NotApplicable { by: Some(_), .. }
        ));
        assert!(matches!(
            state([(1, look(Verdict::NotApplicable { reason: why() }))]),
            StepState::NotApplicable { by: None, .. }
        ));
        assert_eq!(
            state([(1, What::Confirmed { note: None }), (2, What::Reopened)]),
            StepState::Todo
        );
    }

    #[test]
    fn could_not_check_is_a_remark_and_leaves_the_state() {
        let verified = [(1, look(Verdict::passed())), (2, look(no_answer()))];
        let standing_now = standing(&history(verified.clone()));
        assert!(matches!(standing_now.state, StepState::Verified { at, .. } if at == time(1)));
        assert_eq!(standing_now.remark.unwrap().cause, Obstacle::Network);
        let again = verified.into_iter().chain([(3, look(Verdict::passed()))]);
        assert_eq!(standing(&history(again)).remark, None);
        let never = standing(&history([(1, look(no_answer()))]));
        assert_eq!((never.state, never.remark.is_some()), (StepState::Todo, true));
    }

    #[test]
    fn a_failure_during_a_wait_does_not_end_it_and_one_after_it_does() {
        let during = state([(0, wait(900)), (240, look(Verdict::failed("401", "wait")))]);
        assert_eq!(
            during,
            StepState::Waiting {
                since: time(0),
                until: time(900),
                reason: "the restart".into(),
                retry_at: time(300),
                last: Some("401".into())
            }
        );
        assert!(matches!(
            state([(0, wait(900)), (901, look(Verdict::failed("401", "wait")))]),
            StepState::Failed { .. }
        ));
        assert!(matches!(
            state([(0, wait(900)), (30, look(Verdict::passed()))]),
            StepState::Verified { .. }
        ));
    }

    #[test]
    fn what_a_check_waits_for_ends_with_the_next_look() {
        let starting = || look(Verdict::waiting("starting", 30));
        let StepState::Waiting { since, retry_at, .. } = state([(0, starting()), (40, starting())]) else {
            panic!("it waits");
        };
        assert_eq!((since, retry_at), (time(0), time(70)));
        assert!(matches!(
            state([(0, starting()), (10, look(Verdict::failed("no", "do")))]),
            StepState::Failed { .. }
        ));
    }

    #[test]
    fn a_clock_set_back_moves_the_wait_and_never_makes_it_longer() {
        let failed = || look(Verdict::failed("401", "wait"));
        let StepState::Waiting { since, until, .. } = state([(10_000, wait(10_900)), (0, failed())]) else {
            panic!("it waits");
        };
        assert_eq!((since, until), (time(0), time(900)));
        assert!(matches!(
            state([(10_000, wait(10_900)), (0, failed()), (900, failed())]),
            StepState::Failed { .. }
        ));
    }

    #[test]
    fn the_order_decides_and_not_the_clock() {
        let set_back = state([(1_000, look(Verdict::failed("no", "do"))), (5, look(Verdict::passed()))]);
        assert!(matches!(set_back, StepState::Verified { at, .. } if at == time(5)));
    }

    #[test]
    fn every_change_can_be_undone_and_done_again() {
        let mut history = history([
            (1, look(Verdict::passed())),
            (2, What::Confirmed { note: None }),
            (
                3,
                What::Noted {
                    text: "see ticket 7".into(),
                },
            ),
        ]);
        let mut undo = |at: i64| {
            let entry = to_undo(&history)?;
            add(&mut history, time(at), "ben", What::Undone { entry });
            Some(standing(&history))
        };
        let without_note = undo(4).unwrap();
        assert!(matches!(without_note.state, StepState::Confirmed { .. }) && without_note.note.is_none());
        assert!(matches!(undo(5).unwrap().state, StepState::Verified { .. }));
        assert_eq!(undo(6).unwrap().state, StepState::Todo);
        assert_eq!(undo(7), None, "nothing is left to undo");
        for _ in 0..3 {
            let entry = to_redo(&history).unwrap();
            add(&mut history, time(8), "ben", What::Redone { entry });
        }
        assert_eq!(to_redo(&history), None);
        let back = standing(&history);
        assert!(matches!(back.state, StepState::Confirmed { .. }) && back.note.is_some());
        assert_eq!(history.len(), 9, "nothing was taken out");
    }

    #[test]
    fn an_undo_passes_over_looks_that_could_not_be() {
        let mut history = history([(1, What::Confirmed { note: None }), (2, look(no_answer()))]);
        let entry = to_undo(&history).unwrap();
        add(&mut history, time(3), "ben", What::Undone { entry });
        let now = standing(&history);
        assert_eq!((now.state, now.remark.is_some()), (StepState::Todo, true));
        assert_eq!(to_undo(&history), None);
        assert_eq!(to_redo(&history), Some(entry));
    }

    #[test]
    fn a_new_change_after_an_undo_ends_the_redo() {
        let mut history = history([(1, What::Confirmed { note: None })]);
        let entry = to_undo(&history).unwrap();
        add(&mut history, time(2), "ben", What::Undone { entry });
        assert!(to_redo(&history).is_some());
        add(&mut history, time(3), "ben", What::NotApplicable { reason: "x".into() });
        assert_eq!(to_redo(&history), None);
        assert_eq!(to_undo(&history), history.last().map(|entry| entry.id));
    }

    #[test]
    fn daily_looks_that_find_the_same_keep_the_first_and_the_last() {
        let day = |n: i64| (n * 86_400, look(Verdict::passed()));
        let history = history((0..40).map(day));
        assert_eq!(history.len(), 2);
        assert_eq!((history[0].at, history[1].at), (time(0), time(39 * 86_400)));
        assert!(matches!(history[1].what, What::Checked { times: 39, .. }));
        let standing = standing(&history);
        assert_eq!(standing.first_done, Some(time(0)));
        assert!(matches!(standing.state, StepState::Verified { at, .. } if at == time(39 * 86_400)));
    }

    #[test]
    fn when_it_was_first_done_stays_whatever_comes_later() {
        let granted = [(1, look(Verdict::passed())), (2, look(Verdict::failed("gone", "x")))];
        assert_eq!(standing(&history(granted)).first_done, Some(time(1)));
    }

    #[test]
    fn a_conflict_is_open_until_a_person_chooses_and_can_be_opened_again() {
        let other = history([(
            1,
            What::NotApplicable {
                reason: "hosted".into(),
            },
        )]);
        let mut mine = history([(2, What::Confirmed { note: None })]);
        add(&mut mine, time(3), "anna", What::Diverged { other });
        assert!(conflict(&mine).is_some());
        assert!(matches!(standing(&mine).state, StepState::Confirmed { .. }));
        add(&mut mine, time(4), "anna", What::Settled { kept: Side::Theirs });
        assert!(conflict(&mine).is_none());
        assert!(matches!(standing(&mine).state, StepState::NotApplicable { .. }));
        add(
            &mut mine,
            time(5),
            "anna",
            What::Noted {
                text: "settled by phone".into(),
            },
        );
        assert!(matches!(standing(&mine).state, StepState::NotApplicable { .. }));
        for _ in 0..2 {
            let entry = to_undo(&mine).unwrap();
            add(&mut mine, time(6), "anna", What::Undone { entry });
        }
        assert!(conflict(&mine).is_some(), "undoing the choice asks again");
        assert!(matches!(standing(&mine).state, StepState::Confirmed { .. }));
    }

    #[test]
    fn an_entry_is_written_and_read_the_same() {
        let written = history([
            (1, look(no_answer())),
            (2, wait(90)),
            (3, What::Reopened),
            (
                4,
                What::Diverged {
                    other: history([(1, What::Confirmed { note: Some("n".into()) })]),
                },
            ),
            (5, What::Settled { kept: Side::Mine }),
        ]);
        let text = serde_json::to_string(&written).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Entry>>(&text).unwrap(), written);
    }
}
