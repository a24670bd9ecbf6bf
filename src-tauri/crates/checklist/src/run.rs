//! A run: what was done in all checklists for one connection, or before there is one.
//!
//! Here: the document and what may be done to it. Every function is given the time and the person; none asks for them.
//! What this version does not know (lists, steps and fields of another version) is carried along. Not here: the file
//! (`store`), how it is shown (`progress`), and how two runs become one (`transfer`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use specta::Type;

use crate::checklist::Checklist;
use crate::finding::Finding;
use crate::history::{self, Entry, Side, What};
use crate::ticks::TickedSteps;

/// Form of the document that this version writes, and the highest it reads. A further kind of change, verdict or obstacle
/// needs the next number: this version could not read it.
pub(crate) const FORMAT: u32 = 2;

/// The longest wait that can be begun, in minutes: a week.
const LONGEST_WAIT: u32 = 7 * 24 * 60;

/// What was done in the checklists, for one connection. Holds no secret: evidence is kept without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    format: u32,
    #[serde(default)]
    pub(crate) checklists: BTreeMap<String, ListRun>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// What was done in one checklist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListRun {
    /// The answers to the question, the newest last.
    #[serde(default)]
    pub(crate) variants: Vec<Choice>,
    /// The answer of a colleague's run that was imported, as long as it differs and nobody has answered anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other_variant: Option<Choice>,
    #[serde(default)]
    pub(crate) steps: BTreeMap<String, StepRun>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// An answer to a checklist's question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) variant: String,
    pub(crate) at: Timestamp,
    pub(crate) by: String,
}

/// What was done at one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepRun {
    #[serde(default)]
    pub(crate) history: Vec<Entry>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// What a person may do to a step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Change {
    /// "I have done it."
    Confirm {
        /// A remark to it.
        note: Option<String>,
    },
    /// "It does not concern us", or for a clean-up "it stays, because ...".
    NotApplicable {
        /// Why; never empty.
        reason: String,
    },
    /// "I have done it, and it takes time to show."
    Wait {
        /// How long it may take, in minutes; at least one, at most a week.
        minutes: u32,
        /// What is waited for.
        reason: String,
    },
    /// Back to "to do".
    Reopen,
    /// A remark beside the state; an empty one takes the old one away.
    Note {
        /// The remark.
        text: String,
    },
    /// Takes back the last change.
    Undo,
    /// Brings back what was taken back last.
    Redo,
    /// Chooses between this run's history and an imported one.
    Settle {
        /// Which of them counts.
        kept: Side,
    },
}

/// Why something could not be done to a run. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No such step in this checklist.
    #[error("There is no step {step} in the checklist {checklist}.")]
    NoSuchStep {
        /// The checklist asked for.
        checklist: String,
        /// The step asked for.
        step: String,
    },
    /// No such variant in this checklist.
    #[error("There is no variant {variant} of the checklist {checklist}.")]
    NoSuchVariant {
        /// The checklist asked for.
        checklist: String,
        /// The variant asked for.
        variant: String,
    },
    /// A reason is wanted.
    #[error("Say why this step does not apply: the reason goes into the report.")]
    ReasonMissing,
    /// The wait is no wait.
    #[error("A wait is between one minute and a week long.")]
    WaitOutOfRange,
    /// There was no change before.
    #[error("There is nothing to undo at this step.")]
    NothingToUndo,
    /// The last change was no undo.
    #[error("There is nothing to do again at this step.")]
    NothingToRedo,
    /// There are no two histories to choose from.
    #[error("There is nothing to choose at this step: only one history is there.")]
    NoConflict,
}

impl Default for Run {
    fn default() -> Self {
        Run {
            format: FORMAT,
            checklists: BTreeMap::new(),
            unknown: Map::new(),
        }
    }
}

impl Run {
    /// A run in which what an earlier version ticked counts as confirmed, at the time of the tick. Ticks have no name:
    /// the entry says where they come from.
    pub(crate) fn from_ticks(ticks: &TickedSteps) -> Run {
        let mut run = Run::default();
        for (list, steps) in ticks {
            for (step, at) in steps {
                let note = Some("Ticked in an earlier version of this program.".to_owned());
                history::add(run.history_mut(list, step), *at, "you", What::Confirmed { note });
            }
        }
        run
    }

    /// Whether nothing was ever done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let untouched =
            |list: &ListRun| list.variants.is_empty() && list.steps.values().all(|step| step.history.is_empty());
        self.unknown.is_empty() && self.checklists.values().all(untouched)
    }

    /// The variant that was chosen for a checklist.
    #[must_use]
    pub fn variant(&self, checklist: &str) -> Option<&str> {
        let list = self.checklists.get(checklist)?;
        Some(list.variants.last()?.variant.as_str())
    }

    /// Answers a checklist's question. What was done in other variants stays.
    ///
    /// # Errors
    /// [`ChangeError::NoSuchVariant`].
    pub fn choose_variant(
        &mut self,
        checklist: &Checklist,
        variant: &str,
        at: Timestamp,
        by: &str,
    ) -> Result<(), ChangeError> {
        if checklist.variant(variant).is_none() {
            return Err(ChangeError::NoSuchVariant {
                checklist: checklist.id.clone(),
                variant: variant.to_owned(),
            });
        }
        let list = self.checklists.entry(checklist.id.clone()).or_default();
        list.other_variant = None;
        if list.variants.last().is_none_or(|last| last.variant != variant) {
            list.variants.push(Choice {
                variant: variant.to_owned(),
                at,
                by: by.to_owned(),
            });
        }
        Ok(())
    }

    /// Does to a step what a person asks for.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing is changed then.
    pub fn change(
        &mut self,
        checklist: &Checklist,
        step: &str,
        change: Change,
        at: Timestamp,
        by: &str,
    ) -> Result<(), ChangeError> {
        known(checklist, step)?;
        let what = what(change, self.history(&checklist.id, step), at)?;
        history::add(self.history_mut(&checklist.id, step), at, by, what);
        Ok(())
    }

    /// Keeps what a check found at a step.
    ///
    /// # Errors
    /// [`ChangeError::NoSuchStep`].
    pub fn record(
        &mut self,
        checklist: &Checklist,
        step: &str,
        finding: Finding,
        at: Timestamp,
        by: &str,
    ) -> Result<(), ChangeError> {
        known(checklist, step)?;
        let what = What::Checked { finding, times: 1 };
        history::add(self.history_mut(&checklist.id, step), at, by, what);
        Ok(())
    }

    pub(crate) fn history(&self, checklist: &str, step: &str) -> &[Entry] {
        let list = self.checklists.get(checklist);
        list.and_then(|list| list.steps.get(step))
            .map_or(&[], |step| step.history.as_slice())
    }

    pub(crate) fn history_mut(&mut self, checklist: &str, step: &str) -> &mut Vec<Entry> {
        let list = self.checklists.entry(checklist.to_owned()).or_default();
        &mut list.steps.entry(step.to_owned()).or_default().history
    }
}

fn known(checklist: &Checklist, step: &str) -> Result<(), ChangeError> {
    match checklist.step(step) {
        Some(_) => Ok(()),
        None => Err(ChangeError::NoSuchStep {
            checklist: checklist.id.clone(),
            step: step.to_owned(),
        }),
    }
}

fn what(change: Change, history: &[Entry], at: Timestamp) -> Result<What, ChangeError> {
    Ok(match change {
        Change::Confirm { note } => What::Confirmed {
            note: note.filter(|note| !note.trim().is_empty()),
        },
        Change::NotApplicable { reason } if reason.trim().is_empty() => return Err(ChangeError::ReasonMissing),
        Change::NotApplicable { reason } => What::NotApplicable { reason },
        Change::Wait { minutes, .. } if !(1..=LONGEST_WAIT).contains(&minutes) => {
            return Err(ChangeError::WaitOutOfRange);
        }
        Change::Wait { minutes, reason } => What::Waiting {
            until: history::later(at, SignedDuration::from_mins(minutes.into())),
            reason,
        },
        Change::Reopen => What::Reopened,
        Change::Note { text } => What::Noted { text },
        Change::Undo => What::Undone {
            entry: history::to_undo(history).ok_or(ChangeError::NothingToUndo)?,
        },
        Change::Redo => What::Redone {
            entry: history::to_redo(history).ok_or(ChangeError::NothingToRedo)?,
        },
        Change::Settle { kept } => {
            history::conflict(history).ok_or(ChangeError::NoConflict)?;
            What::Settled { kept }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::tests::small;
    use crate::finding::Verdict;
    use crate::history::tests::{finding, time};
    use crate::history::{StepState, standing};

    fn state(run: &Run, step: &str) -> StepState {
        standing(run.history("small", step)).state
    }

    #[test]
    fn a_person_confirms_waits_notes_and_takes_back() {
        let (list, mut run) = (small(), Run::default());
        let mut change = |change: Change| {
            run.change(&list, "call", change, time(0), "anna")
                .map(|()| state(&run, "call"))
        };
        let blank = Change::Confirm { note: Some(" ".into()) };
        assert!(matches!(
            change(blank).unwrap(),
            StepState::Confirmed { note: None, .. }
        ));
        let wait = |minutes| Change::Wait {
            minutes,
            reason: "x".into(),
        };
        assert!(matches!(change(wait(15)).unwrap(), StepState::Waiting { until, .. } if until == time(900)));
        assert_eq!(change(wait(0)), Err(ChangeError::WaitOutOfRange));
        assert_eq!(change(wait(u32::MAX)), Err(ChangeError::WaitOutOfRange));
        assert!(matches!(change(Change::Undo).unwrap(), StepState::Confirmed { .. }));
        assert!(matches!(change(Change::Redo).unwrap(), StepState::Waiting { .. }));
        assert_eq!(change(Change::Redo), Err(ChangeError::NothingToRedo));
        assert_eq!(change(Change::Reopen).unwrap(), StepState::Todo);
    }

    #[test]
    fn what_cannot_be_done_changes_nothing() {
        let (list, mut run) = (small(), Run::default());
        let blank = Change::NotApplicable { reason: " ".into() };
        assert_eq!(
            run.change(&list, "call", blank, time(0), "anna"),
            Err(ChangeError::ReasonMissing)
        );
        assert_eq!(
            run.change(&list, "call", Change::Undo, time(0), "anna"),
            Err(ChangeError::NothingToUndo)
        );
        let settle = Change::Settle { kept: Side::Theirs };
        assert_eq!(
            run.change(&list, "call", settle, time(0), "anna"),
            Err(ChangeError::NoConflict)
        );
        assert!(matches!(
            run.change(&list, "gone", Change::Reopen, time(0), "anna"),
            Err(ChangeError::NoSuchStep { .. })
        ));
        assert!(matches!(
            run.record(&list, "gone", finding(Verdict::passed()), time(0), "anna"),
            Err(ChangeError::NoSuchStep { .. })
        ));
        assert!(matches!(
            run.choose_variant(&list, "gone", time(0), "anna"),
            Err(ChangeError::NoSuchVariant { .. })
        ));
        assert!(run.is_empty(), "{run:?}");
    }

    #[test]
    fn the_variant_is_remembered_and_its_steps_stay_when_it_changes() {
        let (list, mut run) = (small(), Run::default());
        assert_eq!(run.variant("small"), None);
        run.choose_variant(&list, "old", time(0), "anna").unwrap();
        run.record(&list, "old-way", finding(Verdict::passed()), time(1), "anna")
            .unwrap();
        run.choose_variant(&list, "new", time(2), "anna").unwrap();
        assert_eq!(run.variant("small"), Some("new"));
        assert!(state(&run, "old-way").is_done());
    }

    #[test]
    fn ticks_become_confirmations_without_loss() {
        let ticks = TickedSteps::from([
            ("small".to_owned(), BTreeMap::from([("call".to_owned(), time(5))])),
            (
                "later-list".to_owned(),
                BTreeMap::from([("later-step".to_owned(), time(6))]),
            ),
        ]);
        let run = Run::from_ticks(&ticks);
        assert!(matches!(state(&run, "call"), StepState::Confirmed { at, by, .. } if at == time(5) && by == "you"));
        assert_eq!(run.history("later-list", "later-step").len(), 1);
    }

    #[test]
    fn what_another_version_wrote_is_carried_along() {
        let text = r#"{"format":2,"checklists":{"l":{"steps":{"s":{"history":[],"new":1}},"new":2}},"new":3}"#;
        let run: Run = serde_json::from_str(text).unwrap();
        let again = serde_json::to_value(&run).unwrap();
        assert_eq!(again["new"], 3);
        assert_eq!(
            (
                &again["checklists"]["l"]["new"],
                &again["checklists"]["l"]["steps"]["s"]["new"]
            ),
            (&2.into(), &1.into())
        );
    }
}
