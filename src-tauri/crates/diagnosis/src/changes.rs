//! What has changed since a connection last worked.

use jiff::Timestamp;
use serde::Serialize;
use specta::Type;

use crate::diagnosis::{Diagnosis, Verdict, name};

/// What differs between the last run that worked and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// When it last worked.
    #[specta(type = String)]
    pub last_good_at: Timestamp,
    /// What differs; what neither of the two knew is no difference.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Change {
    /// What it is.
    pub what: String,
    /// As it was when it worked.
    pub before: String,
    /// As it is now.
    pub now: String,
}

/// What has changed, by the runs of a connection, newest first. `None` where the newest one works, or none ever did.
#[must_use]
pub fn changes(runs: &[Diagnosis]) -> Option<Changes> {
    let (now, older) = runs.split_first()?;
    let broken = now.broken()?;
    let good = older.iter().find(|run| run.verdict == Verdict::Works)?;
    // A version is read on the last rung only: a run that broke below cannot tell that it changed.
    let settings = now.setting.iter().filter_map(|fact| {
        let before = good.setting.iter().find(|other| other.label == fact.label)?;
        (before.value != fact.value).then(|| Change {
            what: fact.label.clone(),
            before: before.value.clone(),
            now: fact.value.clone(),
        })
    });
    let rung = good.rungs.iter().find(|rung| rung.rung == broken.rung);
    let answer = Change {
        what: name(broken.rung).to_owned(),
        before: rung.map(|rung| rung.proof.clone()).unwrap_or_default(),
        now: broken.proof.clone(),
    };
    Some(Changes {
        last_good_at: good.started_at,
        changes: settings.chain([answer]).collect(),
    })
}

#[cfg(test)]
mod tests {
    use failures::Rung;

    use super::*;
    use crate::{Fact, RungOutcome, RungState};

    fn run(verdict: Verdict, proof: &str, setting: &[(&str, &str)]) -> Diagnosis {
        Diagnosis {
            started_at: Timestamp::UNIX_EPOCH,
            duration_ms: 1,
            rungs: vec![RungOutcome {
                rung: Rung::SignIn,
                number: 4,
                state: match verdict {
                    Verdict::Works => RungState::Passed,
                    _ => RungState::Failed,
                },
                duration_ms: 1,
                proof: proof.to_owned(),
                facts: Vec::new(),
                causes: Vec::new(),
                notes: Vec::new(),
                server_said: String::new(),
            }],
            verdict,
            setting: setting.iter().map(|(label, value)| Fact::new(*label, *value)).collect(),
        }
    }

    #[test]
    fn what_changed_is_what_differs_from_the_last_run_that_worked() {
        let runs = [
            run(Verdict::Broken, "refused", &[("Client", "b"), ("Tenant", "t")]),
            run(Verdict::Broken, "refused", &[("Client", "c")]),
            run(
                Verdict::Works,
                "a token",
                &[("Client", "a"), ("Tenant", "t"), ("CIPP", "10")],
            ),
        ];
        let found = changes(&runs).unwrap();
        let told: Vec<_> = found
            .changes
            .iter()
            .map(|change| (change.what.as_str(), change.before.as_str(), change.now.as_str()))
            .collect();
        assert_eq!(told, [("Client", "a", "b"), ("Sign-in", "a token", "refused")]);
    }

    #[test]
    fn nothing_is_said_where_it_works_or_never_did() {
        assert_eq!(changes(&[run(Verdict::Works, "", &[])]), None);
        assert_eq!(changes(&[run(Verdict::Broken, "", &[])]), None);
        assert_eq!(changes(&[]), None);
    }
}
