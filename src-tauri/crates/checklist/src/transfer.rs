//! A run handed to a colleague, and a colleague's run brought in.
//!
//! Here: the exported text, reading it, and merging two runs. Where one history is the continuation of the other, the
//! longer one counts; where both went on apart, both are kept and a person chooses. Nothing that a person did is lost either
//! way; of checks that saw the same the newest look is enough. A run holds no secret, so neither does an export. Not here:
//! files (`store`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::history::{self, Entry, StepState, What, standing};
use crate::run::{FORMAT, ListRun, Run};

/// What an export says it is.
const KIND: &str = "cipp-desk-checklist-run";

/// An exported run, read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Import {
    format: u32,
    kind: String,
    /// For whoever opens the file: the connection's name, when and by whom it was exported.
    name: String,
    exported_at: Timestamp,
    exported_by: String,
    pub(crate) run: Run,
}

/// Why a text could not be imported. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// It is something else, or damaged.
    #[error(
        "This is not an exported checklist run, or it is damaged at line {line}: {detail}. Ask your colleague to export it again."
    )]
    NotARun {
        /// Line of the damage, from 1.
        line: u32,
        /// What the parser says.
        detail: String,
    },
    /// A newer version exported it.
    #[error(
        "This checklist run was exported by a newer version of this program. Update this one, then import it again."
    )]
    Newer,
}

/// A step, by its checklist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StepRef {
    /// The checklist's id.
    pub checklist: String,
    /// The step's id.
    pub step: String,
}

/// What a merge did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Merged {
    /// Steps that now stand as in the imported run.
    pub taken: Vec<StepRef>,
    /// Steps at which both went on apart: a person must choose.
    pub conflicts: Vec<StepRef>,
    /// Checklists for which the two runs answer the question differently; this run's answer stays until a person
    /// answers anew.
    pub other_variants: Vec<String>,
}

/// The run as a text to hand on. `name` is for people, usually the connection's.
#[must_use]
pub fn export(run: &Run, name: &str, at: Timestamp, by: &str) -> String {
    let export = Import {
        format: FORMAT,
        kind: KIND.to_owned(),
        name: name.to_owned(),
        exported_at: at,
        exported_by: by.to_owned(),
        run: run.clone(),
    };
    // These types hold nothing that JSON cannot; an empty text would be refused at the import.
    serde_json::to_string_pretty(&export).unwrap_or_default()
}

impl Import {
    pub(crate) fn read(text: &str) -> Result<Import, TransferError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            kind: String,
        }
        let text = text.trim_start_matches('\u{feff}');
        let not_a_run = |error: serde_json::Error| TransferError::NotARun {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
            detail: error.to_string(),
        };
        let head: Head = serde_json::from_str(text).map_err(not_a_run)?;
        if head.kind != KIND {
            return Err(TransferError::NotARun {
                line: 1,
                detail: format!(
                    "it calls itself \u{201C}{}\u{201D}",
                    head.kind.chars().take(60).collect::<String>()
                ),
            });
        }
        if head.format > FORMAT {
            return Err(TransferError::Newer);
        }
        serde_json::from_str(text).map_err(not_a_run)
    }
}

/// Brings `theirs` into `mine`.
pub(crate) fn merge(mine: &mut Run, theirs: &Run, at: Timestamp, by: &str) -> Merged {
    let mut merged = Merged::default();
    for (list, other) in &theirs.checklists {
        if merge_variant(mine.checklists.entry(list.clone()).or_default(), other) {
            merged.other_variants.push(list.clone());
        }
        for (step, other) in &other.steps {
            let place = StepRef {
                checklist: list.clone(),
                step: step.clone(),
            };
            match merge_step(mine.history_mut(list, step), &other.history, at, by) {
                Step::Kept => {}
                Step::Taken => merged.taken.push(place),
                Step::Conflict => merged.conflicts.push(place),
            }
        }
    }
    merged
}

/// Whether the two differ.
fn merge_variant(mine: &mut ListRun, theirs: &ListRun) -> bool {
    let Some(other) = theirs.variants.last() else {
        return false;
    };
    match mine.variants.last() {
        None => mine.variants.clone_from(&theirs.variants),
        Some(own) if own.variant == other.variant => {}
        // The same answers and then some: theirs is the continuation.
        Some(_) if theirs.variants.starts_with(&mine.variants) => mine.variants.clone_from(&theirs.variants),
        Some(_) if mine.variants.starts_with(&theirs.variants) => {}
        Some(_) => {
            mine.other_variant = Some(other.clone());
            return true;
        }
    }
    false
}

enum Step {
    Kept,
    Taken,
    Conflict,
}

fn merge_step(mine: &mut Vec<Entry>, theirs: &[Entry], at: Timestamp, by: &str) -> Step {
    let common = mine.iter().zip(theirs).take_while(|(a, b)| a.id == b.id).count();
    if common == theirs.len() || already_here(mine, theirs) {
        return Step::Kept;
    }
    // Their history goes on from mine, or holds mine since they brought it in.
    if common == mine.len() || already_here(theirs, mine) {
        *mine = theirs.to_vec();
        return Step::Taken;
    }
    let (own, other) = (standing(mine), standing(theirs));
    let other_note_lost = other.note.is_some() && other.note != own.note;
    let both_looked = both_found_the_same(&own.state, &other.state);
    if let (Some(newer), Some(look)) = (both_looked, last_of_mere_looks(&theirs[common..])) {
        return match newer {
            history::Side::Mine => Step::Kept,
            history::Side::Theirs => {
                history::add(mine, look.at, &look.by, look.what.clone());
                Step::Taken
            }
        };
    }
    let what = What::Diverged { other: theirs.to_vec() };
    history::add(mine, at, by, what);
    // Two people who ran the same check and saw the same disagree about nothing: the newer look counts.
    match both_looked {
        Some(newer) if !other_note_lost => {
            history::add(mine, at, by, What::Settled { kept: newer });
            match newer {
                history::Side::Mine => Step::Kept,
                history::Side::Theirs => Step::Taken,
            }
        }
        _ => Step::Conflict,
    }
}

/// Whether exactly this history was brought in before.
fn already_here(mine: &[Entry], theirs: &[Entry]) -> bool {
    mine.iter()
        .any(|entry| matches!(&entry.what, What::Diverged { other } if other == theirs))
}

/// Where only checks looked and no person did anything: the last look that could tell. Such a history needs no copy of its
/// own: colleagues who check every day and hand their runs to and fro would double it each time.
fn last_of_mere_looks(entries: &[Entry]) -> Option<&Entry> {
    let look = |entry: &Entry| match &entry.what {
        What::Checked { finding, .. } => Some(finding.verdict.can_tell()),
        _ => None,
    };
    if entries.iter().any(|entry| look(entry).is_none()) {
        return None;
    }
    entries.iter().rfind(|entry| look(entry) == Some(true))
}

/// Whose look is the newer one, when a check told both sides the same.
fn both_found_the_same(mine: &StepState, theirs: &StepState) -> Option<history::Side> {
    let (own, other) = match (mine, theirs) {
        (StepState::Verified { at: own, .. }, StepState::Verified { at: other, .. }) => (own, other),
        (
            StepState::Failed { at: own, reason: a, .. },
            StepState::Failed {
                at: other, reason: b, ..
            },
        ) if a == b => (own, other),
        _ => return None,
    };
    Some(if other > own {
        history::Side::Theirs
    } else {
        history::Side::Mine
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::tests::small;
    use crate::finding::Verdict;
    use crate::history::tests::{finding, time};
    use crate::history::{Side, conflict};
    use crate::run::Change;

    fn change(run: &mut Run, step: &str, change: Change, at: i64, by: &str) {
        run.change(&small(), step, change, time(at), by).unwrap();
    }

    fn confirm(run: &mut Run, step: &str, at: i64, by: &str) {
        change(run, step, Change::Confirm { note: None }, at, by);
    }

    fn verify(run: &mut Run, step: &str, at: i64, by: &str) {
        run.record(&small(), step, finding(Verdict::passed()), time(at), by)
            .unwrap();
    }

    fn handed_on(run: &Run) -> Run {
        Import::read(&export(run, "Contoso", time(0), "anna")).unwrap().run
    }

    fn state(run: &Run, step: &str) -> StepState {
        standing(run.history("small", step)).state
    }

    fn places(steps: &[StepRef]) -> Vec<&str> {
        steps.iter().map(|place| place.step.as_str()).collect()
    }

    #[test]
    fn an_export_is_read_the_same() {
        let mut run = Run::default();
        run.choose_variant(&small(), "old", time(0), "anna").unwrap();
        verify(&mut run, "call", 1, "anna");
        assert_eq!(handed_on(&run), run);
        let with_mark = format!("\u{feff}{}", export(&run, "Contoso", time(0), "anna"));
        assert_eq!(Import::read(&with_mark).unwrap().run, run);
    }

    #[test]
    fn what_is_no_run_or_newer_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            "{\"format\":2,\"kind\":\"holiday\"}",
            "{\"format\":2,\"kind\":\"cipp-desk-checklist-run\"}",
        ] {
            assert!(
                matches!(Import::read(text), Err(TransferError::NotARun { .. })),
                "{text}"
            );
        }
        let newer = "{\"format\":3,\"kind\":\"cipp-desk-checklist-run\"}";
        assert_eq!(Import::read(newer).unwrap_err(), TransferError::Newer);
    }

    #[test]
    fn a_continuation_counts_in_both_directions() {
        let mut mine = Run::default();
        confirm(&mut mine, "grant", 1, "anna");
        let mut theirs = handed_on(&mine);
        verify(&mut theirs, "grant", 2, "ben");
        confirm(&mut theirs, "wait", 3, "ben");
        confirm(&mut mine, "call", 4, "anna");

        let merged = merge(&mut mine, &theirs, time(9), "anna");
        assert_eq!(places(&merged.taken), ["grant", "wait"]);
        assert!(merged.conflicts.is_empty());
        assert!(matches!(state(&mine, "grant"), StepState::Verified { .. }));
        assert!(state(&mine, "call").is_done());

        let merged = merge(&mut theirs, &mine, time(9), "ben");
        assert_eq!(places(&merged.taken), ["call"]);
        assert_eq!(
            merge(&mut mine, &theirs, time(10), "anna"),
            Merged::default(),
            "once is enough"
        );
    }

    #[test]
    fn histories_that_went_apart_are_both_kept() {
        let mut mine = Run::default();
        confirm(&mut mine, "grant", 1, "anna");
        let mut theirs = handed_on(&mine);
        let hosted = Change::NotApplicable {
            reason: "hosted".into(),
        };
        change(&mut theirs, "grant", hosted, 2, "ben");
        change(&mut mine, "grant", Change::Reopen, 3, "anna");

        let merged = merge(&mut mine, &theirs, time(9), "anna");
        assert_eq!(places(&merged.conflicts), ["grant"]);
        assert_eq!(state(&mine, "grant"), StepState::Todo, "mine until somebody chooses");
        let (_, other) = conflict(mine.history("small", "grant")).unwrap();
        assert_eq!(other, theirs.history("small", "grant"));
        assert_eq!(
            merge(&mut mine, &theirs, time(10), "anna"),
            Merged::default(),
            "not asked twice"
        );

        change(&mut mine, "grant", Change::Settle { kept: Side::Theirs }, 11, "anna");
        assert!(matches!(state(&mine, "grant"), StepState::NotApplicable { .. }));
        // The colleague gets the choice as a continuation or as a conflict, but never loses anything.
        merge(&mut theirs, &mine, time(12), "ben");
        assert!(matches!(state(&theirs, "grant"), StepState::NotApplicable { .. }));
    }

    #[test]
    fn two_looks_that_saw_the_same_are_no_conflict() {
        let (mut mine, mut theirs) = (Run::default(), Run::default());
        verify(&mut mine, "call", 1, "anna");
        verify(&mut theirs, "call", 2, "ben");
        verify(&mut mine, "grant", 5, "anna");
        verify(&mut theirs, "grant", 3, "ben");
        let merged = merge(&mut mine, &theirs, time(9), "anna");
        assert_eq!((places(&merged.taken), merged.conflicts.len()), (vec!["call"], 0));
        assert!(matches!(state(&mine, "call"), StepState::Verified { at, .. } if at == time(2)));
        assert!(matches!(state(&mine, "grant"), StepState::Verified { at, .. } if at == time(5)));
    }

    #[test]
    fn a_note_of_the_other_side_is_not_lost_in_agreement() {
        let (mut mine, mut theirs) = (Run::default(), Run::default());
        verify(&mut mine, "call", 1, "anna");
        verify(&mut theirs, "call", 2, "ben");
        change(
            &mut theirs,
            "call",
            Change::Note {
                text: "ticket 7".into(),
            },
            3,
            "ben",
        );
        assert_eq!(places(&merge(&mut mine, &theirs, time(9), "anna").conflicts), ["call"]);
    }

    #[test]
    fn different_variants_are_told_and_mine_stays() {
        let (mut mine, mut theirs) = (Run::default(), Run::default());
        theirs.choose_variant(&small(), "old", time(0), "ben").unwrap();
        assert!(merge(&mut mine, &theirs, time(1), "anna").other_variants.is_empty());
        assert_eq!(
            mine.variant("small"),
            Some("old"),
            "an unanswered question takes their answer"
        );
        let mut other = Run::default();
        other.choose_variant(&small(), "new", time(2), "carl").unwrap();
        assert_eq!(merge(&mut mine, &other, time(3), "anna").other_variants, ["small"]);
        assert_eq!(mine.variant("small"), Some("old"));
        mine.choose_variant(&small(), "old", time(4), "anna").unwrap();
        assert_eq!(mine.checklists["small"].other_variant, None);
    }

    #[test]
    fn steps_of_another_version_come_along() {
        let mut theirs = Run::default();
        history::add(
            theirs.history_mut("later-list", "later-step"),
            time(1),
            "ben",
            What::Reopened,
        );
        let mut mine = Run::default();
        merge(&mut mine, &theirs, time(2), "anna");
        assert_eq!(mine.history("later-list", "later-step").len(), 1);
    }

    /// What two people may do, in any order and with any clock.
    fn done(run: &mut Run, what: u8, step: usize, at: i64, by: &str) {
        let step = ["grant", "call", "wait"][step];
        let change = match what {
            0 => Change::Confirm { note: None },
            1 => Change::Reopen,
            2 => Change::NotApplicable { reason: "x".into() },
            3 => Change::Note {
                text: format!("note {at}"),
            },
            4 => Change::Undo,
            5 => Change::Redo,
            6 => Change::Settle { kept: Side::Theirs },
            7 => Change::Wait {
                minutes: 15,
                reason: "x".into(),
            },
            8 => return verify(run, step, at, by),
            _ => {
                let failed = finding(Verdict::failed("no", "do"));
                return run.record(&small(), step, failed, time(at), by).unwrap();
            }
        };
        // Nothing to undo, do again or choose is no trouble here.
        let _ = run.change(&small(), step, change, time(at), by);
    }

    /// Two colleagues check every day and hand the run to and fro, and now and then one of them confirms something.
    #[test]
    fn a_run_that_goes_to_and_fro_for_months_stays_small_and_can_be_read() {
        let (mut mine, mut theirs) = (Run::default(), Run::default());
        for day in 0..60 {
            verify(&mut mine, "call", day * 100, "anna");
            verify(&mut theirs, "call", day * 100 + 1, "ben");
            if day % 10 == 0 {
                confirm(&mut theirs, "grant", day * 100 + 2, "ben");
            }
            merge(&mut mine, &handed_on(&theirs), time(day * 100 + 3), "anna");
            merge(&mut theirs, &handed_on(&mine), time(day * 100 + 4), "ben");
        }
        let size = export(&mine, "Contoso", time(0), "anna").len();
        assert!(size < 20_000, "{size} bytes");
        assert!(matches!(state(&mine, "call"), StepState::Verified { at, .. } if at == time(5_901)));
        assert_eq!(state(&mine, "grant"), state(&theirs, "grant"));
    }

    /// Whoever gets back what they handed over, with the decision in it, has nothing left to decide.
    #[test]
    fn a_history_that_holds_mine_is_its_continuation() {
        let (mut mine, mut theirs) = (Run::default(), Run::default());
        confirm(&mut mine, "grant", 1, "anna");
        let reason = "hosted".to_owned();
        change(&mut theirs, "grant", Change::NotApplicable { reason }, 2, "ben");
        assert_eq!(places(&merge(&mut mine, &theirs, time(3), "anna").conflicts), ["grant"]);
        change(&mut mine, "grant", Change::Settle { kept: Side::Mine }, 4, "anna");
        let merged = merge(&mut theirs, &handed_on(&mine), time(5), "ben");
        assert_eq!((places(&merged.taken), merged.conflicts.len()), (vec!["grant"], 0));
        assert_eq!(theirs.history("small", "grant"), mine.history("small", "grant"));
    }

    /// Every entry that a run holds, those of other histories within it included, but for the looks of checks.
    fn ids(run: &Run) -> std::collections::BTreeSet<uuid::Uuid> {
        fn of(entries: &[Entry], ids: &mut std::collections::BTreeSet<uuid::Uuid>) {
            for entry in entries {
                if !matches!(entry.what, What::Checked { .. }) {
                    ids.insert(entry.id);
                }
                if let What::Diverged { other } = &entry.what {
                    of(other, ids);
                }
            }
        }
        let mut found = std::collections::BTreeSet::new();
        for step in ["grant", "call", "wait"] {
            of(run.history("small", step), &mut found);
        }
        found
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

        #[test]
        fn a_merge_loses_nothing_that_a_person_did_and_is_done_once(
            before in proptest::collection::vec((0u8..10, 0usize..3, -5_000i64..5_000), 0..8),
            here in proptest::collection::vec((0u8..10, 0usize..3, -5_000i64..5_000), 0..10),
            there in proptest::collection::vec((0u8..10, 0usize..3, -5_000i64..5_000), 0..10),
            after in proptest::collection::vec((0u8..10, 0usize..3, -5_000i64..5_000), 0..10),
        ) {
            let mut mine = Run::default();
            for (what, step, at) in before {
                done(&mut mine, what, step, at, "anna");
            }
            let mut theirs = handed_on(&mine);
            for (what, step, at) in here {
                done(&mut mine, what, step, at, "anna");
            }
            for (what, step, at) in there {
                done(&mut theirs, what, step, at, "ben");
            }
            let wanted: std::collections::BTreeSet<_> = ids(&mine).union(&ids(&theirs)).copied().collect();
            merge(&mut mine, &theirs, time(6_000), "anna");
            proptest::prop_assert!(ids(&mine).is_superset(&wanted));
            proptest::prop_assert_eq!(merge(&mut mine, &theirs, time(6_001), "anna"), Merged::default());
            for (what, step, at) in after {
                done(&mut mine, what, step, at, "anna");
            }
            // Whatever happened: it can be shown, written and read again.
            let shown = mine.progress(&small(), time(0));
            proptest::prop_assert_eq!(shown.counts.steps, 4);
            proptest::prop_assert_eq!(handed_on(&mine), mine);
        }
    }
}
