//! A round of checks: which, in what order, and what becomes of several checks for one step.
//!
//! Each check runs once in a round, whatever number of steps it proves. What cannot be had (no token, an expired sign-in)
//! is found out once and told at every step that needed it. Nothing is kept here: what is found goes to the caller step by
//! step, so that a round that is cancelled, or a program that ends, loses only what was still to come.

use std::collections::HashMap;

use cipp_client::Client;
use jiff::Timestamp;
use ms_client::SignIn;
use serde::Serialize;
use specta::Type;
use tokio_util::sync::CancellationToken;

use crate::check_id::CheckId;
use crate::checklist::{Checklist, Step};
use crate::checks;
use crate::finding::{Evidence, Finding, Obstacle, Verdict};
use crate::history::{StepState, standing};
use crate::run::Run;
use crate::sources::cipp::Cipp;
use crate::sources::microsoft::Ms;
use crate::sources::signed_in::BySignIn;
use crate::sources::{Clock, Subject, Trail, Trouble, TroubleKind};

/// What can be looked at, and what it is about.
#[derive(Clone)]
pub struct Sources {
    /// The stored connection, when there is one.
    pub cipp: Option<Client>,
    /// A person's sign-in at Microsoft, when there is one.
    pub microsoft: Option<SignIn>,
    /// What is known of tenant, account and applications.
    pub subject: Subject,
    /// Tells the time.
    pub clock: Clock,
}

/// A step with the checks that can prove it, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The step's id.
    pub step: String,
    /// The first that can tell decides.
    pub checks: Vec<CheckId>,
}

/// What was found at a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StepFinding {
    /// The step's id.
    pub step: String,
    /// What was found, and how it is known.
    pub finding: Finding,
}

/// How far a round is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum CheckProgress {
    /// A step is being looked at.
    Looking {
        /// The step's id.
        step: String,
        /// Steps that are done.
        done: u32,
        /// All steps of the round.
        total: u32,
    },
    /// Something was found at a step: to be kept now.
    Found {
        /// What, and where.
        found: StepFinding,
        /// Steps that are done, this one included.
        done: u32,
        /// All steps of the round.
        total: u32,
    },
}

/// A round that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    /// What was found, in the order of the list.
    pub findings: Vec<StepFinding>,
    /// Whether it ended before its time because the caller cancelled.
    pub cancelled: bool,
}

impl Round {
    /// Whether anything was found to be wrong. What could not be checked is neither.
    #[must_use]
    pub fn any_failed(&self) -> bool {
        let failed = |found: &StepFinding| matches!(found.finding.verdict, Verdict::Failed { .. });
        self.findings.iter().any(failed)
    }

    /// When the stored secret ends, where this round was told and it is surely the stored one.
    #[must_use]
    pub fn secret_ending(&self) -> Option<SecretEnding> {
        let check = CheckId::MsSecretExpiry.to_string();
        let mut findings = self.findings.iter().map(|found| &found.finding);
        let finding = findings.find(|finding| finding.check == check)?;
        checks::kept_ending(&finding.evidence).and_then(SecretEnding::sure)
    }
}

/// Everything that "check all" looks at in a checklist: the steps of the chosen variant that a check can prove. Left out is
/// what a person called not applicable, and what was taken away again on purpose.
#[must_use]
pub fn plan(checklist: &Checklist, run: &Run) -> Vec<Planned> {
    let variant = checklist.variant_or_default(run.variant(&checklist.id));
    let state = |step: &Step| standing(run.history(&checklist.id, &step.id)).state;
    let taken_away = |step: &Step| {
        let removals: Vec<CheckId> = step
            .proof
            .checks
            .iter()
            .filter_map(|check| check.taken_away_by())
            .collect();
        checklist
            .steps_of(variant)
            .any(|other| other.proof.checks.iter().any(|check| removals.contains(check)) && state(other).is_done())
    };
    checklist
        .steps_of(variant)
        .filter(|step| step.is_automatic())
        .filter(|step| !matches!(state(step), StepState::NotApplicable { by: Some(_), .. }))
        .filter(|step| !taken_away(step))
        .map(planned)
        .collect()
}

/// One step alone, whatever its state; `None` when no check can prove it.
#[must_use]
pub fn plan_step(checklist: &Checklist, step: &str) -> Option<Planned> {
    checklist.step(step).filter(|step| step.is_automatic()).map(planned)
}

/// The steps that wait and are to be looked at again by now.
#[must_use]
pub fn retries(checklist: &Checklist, run: &Run, now: Timestamp) -> Vec<Planned> {
    let progress = run.progress(checklist, now);
    plan(checklist, run)
        .into_iter()
        .filter(|planned| {
            let countdown = progress.step(&planned.step).and_then(|step| step.countdown);
            countdown.is_some_and(|countdown| countdown.retry_in_seconds == 0)
        })
        .collect()
}

/// Of a plan, what needs no sign-in at Microsoft: each step with its checks through CIPP, if it has any.
#[must_use]
pub fn without_sign_in(plan: Vec<Planned>) -> Vec<Planned> {
    plan.into_iter()
        .filter_map(|mut planned| {
            planned.checks.retain(|check| check.is_cipp());
            (!planned.checks.is_empty()).then_some(planned)
        })
        .collect()
}

fn planned(step: &Step) -> Planned {
    Planned {
        step: step.id.clone(),
        checks: step.proof.checks.clone(),
    }
}

/// Looks at every step of the plan. `progress` is told before and after each; what it is told with
/// [`CheckProgress::Found`] is to be kept at once. Never fails: what cannot be looked at is a finding too.
pub async fn check_all(
    sources: &Sources,
    plan: &[Planned],
    progress: &mut (dyn FnMut(CheckProgress) + Send),
    cancel: &CancellationToken,
) -> Round {
    let reader = sources
        .microsoft
        .as_ref()
        .map(|sign_in| BySignIn::new(sign_in, cancel.clone()));
    let clock = || sources.clock.clone();
    let mut looking = Looking {
        cipp: sources
            .cipp
            .as_ref()
            .map(|client| Cipp::new(client.clone(), clock(), cancel.clone())),
        ms: reader
            .as_ref()
            .map(|reader| Ms::new(reader, sources.subject.clone(), clock())),
        subject_completed: false,
        found: HashMap::new(),
    };
    looking.round(plan, progress, cancel).await
}

/// When the stored secret ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEnding {
    /// From then on Entra refuses it.
    pub end: Timestamp,
    /// Entra's Secret ID; nothing secret.
    pub key_id: Option<String>,
}

/// Why something cannot be told, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CannotTell {
    /// What stands in the way; `None` when the caller cancelled.
    pub cause: Option<Obstacle>,
    /// The cause, as a sentence.
    pub reason: String,
    /// What to do next.
    pub remedy: String,
}

/// When the stored secret ends, by the same look as the check of it ([`CheckId::MsSecretExpiry`]).
///
/// # Errors
/// Nobody is signed in, Graph does not tell, or none of the application's secrets is surely the stored one.
pub async fn secret_ending(sources: &Sources, cancel: &CancellationToken) -> Result<SecretEnding, CannotTell> {
    let Some(sign_in) = &sources.microsoft else {
        return Err(not_signed_in().into());
    };
    let reader = BySignIn::new(sign_in, cancel.clone());
    let mut ms = Ms::new(&reader, sources.subject.clone(), sources.clock.clone());
    let found = checks::secret_ending(&mut ms, &mut Trail::default()).await?;
    SecretEnding::sure(found).ok_or_else(|| CannotTell {
        cause: Some(Obstacle::Unclear),
        reason: "The application has several secrets, and nothing tells which of them is stored here.".to_owned(),
        remedy: "Store the secret first; or look at the date in Entra and type it.".to_owned(),
    })
}

impl SecretEnding {
    fn sure(found: checks::Ending) -> Option<SecretEnding> {
        (!found.unsure).then_some(SecretEnding {
            end: found.end,
            key_id: found.key_id,
        })
    }
}

impl From<Trouble> for CannotTell {
    fn from(trouble: Trouble) -> Self {
        CannotTell {
            cause: trouble.cause(),
            reason: trouble.reason,
            remedy: trouble.remedy,
        }
    }
}

fn not_signed_in() -> Trouble {
    Trouble::new(
        Obstacle::NotSignedIn,
        "Nobody is signed in at Microsoft.",
        "Choose Sign in to Microsoft; the role Global Reader is enough for most checks.",
    )
}

/// One round, with what it has found so far.
struct Looking<'a> {
    cipp: Option<Cipp>,
    ms: Option<Ms<'a>>,
    subject_completed: bool,
    found: HashMap<CheckId, Finding>,
}

/// The caller cancelled.
struct Cancelled;

impl Looking<'_> {
    async fn round(
        &mut self,
        plan: &[Planned],
        progress: &mut (dyn FnMut(CheckProgress) + Send),
        cancel: &CancellationToken,
    ) -> Round {
        let total = u32::try_from(plan.len()).unwrap_or(u32::MAX);
        let mut round = Round {
            findings: Vec::new(),
            cancelled: false,
        };
        for (planned, done) in plan.iter().zip(0..) {
            if cancel.is_cancelled() {
                round.cancelled = true;
                break;
            }
            let step = planned.step.clone();
            progress(CheckProgress::Looking { step, done, total });
            let Ok(Some(finding)) = self.step(&planned.checks).await else {
                round.cancelled = cancel.is_cancelled();
                break;
            };
            let found = StepFinding {
                step: planned.step.clone(),
                finding,
            };
            progress(CheckProgress::Found {
                found: found.clone(),
                done: done + 1,
                total,
            });
            round.findings.push(found);
        }
        round
    }

    /// The first check that can tell; where none can, all their reasons. `None` for a step without checks.
    async fn step(&mut self, checks: &[CheckId]) -> Result<Option<Finding>, Cancelled> {
        let mut silent: Option<Finding> = None;
        for id in checks {
            let finding = Box::pin(self.check(*id)).await?;
            if finding.verdict.can_tell() {
                return Ok(Some(finding));
            }
            silent = Some(match silent {
                None => finding,
                Some(first) => both(first, finding),
            });
        }
        Ok(silent)
    }

    async fn check(&mut self, id: CheckId) -> Result<Finding, Cancelled> {
        if let Some(finding) = self.found.get(&id) {
            return Ok(finding.clone());
        }
        let mut trail = Trail::default();
        let outcome = if id.is_cipp() {
            self.through_cipp(id, &mut trail).await
        } else {
            self.through_microsoft(id, &mut trail).await
        };
        let verdict = match outcome {
            Ok(verdict) => verdict,
            Err(trouble) if trouble.kind == TroubleKind::Cancelled => return Err(Cancelled),
            Err(trouble) => trouble.verdict(),
        };
        let finding = Finding {
            check: id.to_string(),
            verdict,
            evidence: trail.into_evidence(),
        };
        self.found.insert(id, finding.clone());
        Ok(finding)
    }

    async fn through_cipp(&mut self, id: CheckId, trail: &mut Trail) -> Result<Verdict, Trouble> {
        let Some(cipp) = &mut self.cipp else {
            return Err(Trouble::new(
                Obstacle::NotConnected,
                "There is no connection to CIPP yet.",
                "Enter the connection, then check again.",
            ));
        };
        trail.signed_in_as(format!("API client {}", cipp.client_id()));
        checks::through_cipp(id, cipp, trail).await
    }

    async fn through_microsoft(&mut self, id: CheckId, trail: &mut Trail) -> Result<Verdict, Trouble> {
        if self.ms.is_none() {
            return Err(not_signed_in());
        }
        self.complete_subject().await;
        let Some(ms) = &mut self.ms else {
            return Ok(Verdict::passed());
        };
        trail.signed_in_as(ms.who().user_name);
        checks::through_microsoft(id, ms, trail).await
    }

    /// Asks CIPP once for the account and the application that it runs as, where they were not given. That it may not or
    /// cannot say so is no fault: the checks that need them tell what is missing.
    async fn complete_subject(&mut self) {
        let (Some(ms), false) = (&mut self.ms, self.subject_completed) else {
            return;
        };
        self.subject_completed = true;
        let subject = &mut ms.subject;
        if subject.account.is_some() && subject.sam_app_id.is_some() {
            return;
        }
        let Some(cipp) = &mut self.cipp else {
            return;
        };
        let Ok(report) = Box::pin(cipp.permissions(&mut Trail::default())).await else {
            return;
        };
        let Some(token) = report.access_token else {
            return;
        };
        subject.account = subject.account.take().or(token.user_principal_name);
        subject.sam_app_id = subject.sam_app_id.take().or(token.app_id);
    }
}

/// Two checks that could not look, as one finding: the first one's obstacle, and both their reasons.
fn both(first: Finding, second: Finding) -> Finding {
    let verdict = match (first.verdict, second.verdict) {
        (
            Verdict::CouldNotCheck { cause, reason, remedy },
            Verdict::CouldNotCheck {
                reason: other,
                remedy: other_remedy,
                ..
            },
        ) if reason != other => Verdict::CouldNotCheck {
            cause,
            reason: format!("{reason} Nor in the other way: {other}"),
            remedy: format!("{remedy} Or: {other_remedy}"),
        },
        (verdict, _) => verdict,
    };
    let mut evidence: Evidence = first.evidence;
    evidence.requests.extend(second.evidence.requests);
    evidence.fields.extend(second.evidence.fields);
    Finding {
        check: first.check,
        verdict,
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::checklist::tests::small;
    use crate::history::tests::{finding, time};
    use crate::run::Change;
    use crate::sources::microsoft::tests::{Canned, account, ms, no_scope};

    fn steps(plan: &[Planned]) -> Vec<&str> {
        plan.iter().map(|planned| planned.step.as_str()).collect()
    }

    #[test]
    fn the_plan_is_what_checks_can_prove_of_the_variant() {
        let (list, mut run) = (small(), Run::default());
        assert_eq!(steps(&plan(&list, &run)), ["grant", "call", "wait", "take-away"]);
        run.choose_variant(&list, "old", time(0), "anna").unwrap();
        assert_eq!(steps(&plan(&list, &run)), ["grant", "call", "take-away"]);
        let reason = "hosted".to_owned();
        run.change(&list, "call", Change::NotApplicable { reason }, time(0), "anna")
            .unwrap();
        assert_eq!(steps(&plan(&list, &run)), ["grant", "take-away"]);
        assert_eq!(
            plan_step(&list, "call").unwrap().checks.len(),
            2,
            "asked for by name it is looked at"
        );
        assert_eq!(plan_step(&list, "old-way"), None);
    }

    #[test]
    fn what_was_taken_away_on_purpose_is_not_looked_for() {
        let (list, mut run) = (small(), Run::default());
        run.record(&list, "grant", finding(Verdict::passed()), time(0), "anna")
            .unwrap();
        run.record(&list, "take-away", finding(Verdict::passed()), time(1), "anna")
            .unwrap();
        assert_eq!(steps(&plan(&list, &run)), ["call", "wait", "take-away"]);
    }

    #[test]
    fn a_plan_without_a_sign_in_keeps_what_cipp_can_prove() {
        let planned = without_sign_in(plan(&small(), &Run::default()));
        assert_eq!(steps(&planned), ["call", "wait"]);
        assert_eq!(planned[0].checks, [CheckId::CippListlogs]);
    }

    #[test]
    fn what_waits_is_looked_at_again_when_it_is_time() {
        let (list, mut run) = (small(), Run::default());
        let wait = Change::Wait {
            minutes: 15,
            reason: "restart".into(),
        };
        run.change(&list, "wait", wait, time(0), "anna").unwrap();
        assert_eq!(steps(&retries(&list, &run, time(59))), Vec::<&str>::new());
        assert_eq!(steps(&retries(&list, &run, time(60))), ["wait"]);
        run.record(&list, "wait", finding(Verdict::failed("401", "wait")), time(60), "anna")
            .unwrap();
        assert_eq!(steps(&retries(&list, &run, time(61))), Vec::<&str>::new());
        run.record(&list, "wait", finding(Verdict::passed()), time(120), "anna")
            .unwrap();
        assert_eq!(steps(&retries(&list, &run, time(9_999))), Vec::<&str>::new());
    }

    fn looking(ms: Option<Ms<'_>>) -> Looking<'_> {
        Looking {
            cipp: None,
            ms,
            subject_completed: false,
            found: HashMap::new(),
        }
    }

    fn round(looking: &mut Looking<'_>, plan: &[Planned], cancel: &CancellationToken) -> (Round, Vec<CheckProgress>) {
        let mut told = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut progress = |progress: CheckProgress| told.push(progress);
        let round = runtime.block_on(looking.round(plan, &mut progress, cancel));
        (round, told)
    }

    fn cause(found: &StepFinding) -> Obstacle {
        match &found.finding.verdict {
            Verdict::CouldNotCheck { cause, .. } => *cause,
            other => panic!("could check: {other:?}"),
        }
    }

    #[test]
    fn without_connection_and_sign_in_every_step_says_so() {
        let planned = plan(&small(), &Run::default());
        let (round, told) = round(&mut looking(None), &planned, &CancellationToken::new());
        let causes: Vec<Obstacle> = round.findings.iter().map(cause).collect();
        assert_eq!(
            causes,
            [
                Obstacle::NotSignedIn,
                Obstacle::NotConnected,
                Obstacle::NotConnected,
                Obstacle::NotSignedIn
            ]
        );
        let Verdict::CouldNotCheck { reason, .. } = &round.findings[1].finding.verdict else {
            panic!("it cannot");
        };
        assert!(
            reason.contains("no connection") && reason.contains("Nobody is signed in"),
            "{reason}"
        );
        assert!(!round.any_failed() && !round.cancelled);
        assert_eq!(told.len(), 8);
        assert!(matches!(told[7], CheckProgress::Found { done: 4, total: 4, .. }));
    }

    #[test]
    fn the_first_check_that_can_tell_decides() {
        let canned = Canned::new()
            .with("/applications?", json!([{"displayName": "CIPP Desk"}]))
            .with("/servicePrincipals", json!({"accountEnabled": true}));
        let planned = [plan_step(&small(), "call").unwrap()];
        let (round, _) = round(&mut looking(Some(ms(&canned))), &planned, &CancellationToken::new());
        assert_eq!(round.findings[0].finding.check, "ms-api-app");
        assert!(round.findings[0].finding.verdict.can_tell());
        assert_eq!(
            round.findings[0].finding.evidence.signed_in_as.as_deref(),
            Some("reader@msp.example")
        );
    }

    #[test]
    fn a_sign_in_that_expires_in_the_middle_is_found_out_once() {
        let over = Trouble::new(Obstacle::NotSignedIn, "The sign-in is over.", "Sign in again.");
        let canned = Canned::new()
            .with("/users/cipp", account())
            .without("/roleManagement", over);
        let all: Vec<Planned> = CheckId::ALL
            .iter()
            .filter(|id| !id.is_cipp() && !id.needs_azure())
            .map(|id| Planned {
                step: id.to_string(),
                checks: vec![*id],
            })
            .collect();
        let from_roles = all.iter().position(|planned| planned.step == "ms-setup-roles").unwrap();
        let (round, _) = round(
            &mut looking(Some(ms(&canned))),
            &all[from_roles..],
            &CancellationToken::new(),
        );
        assert!(round.findings.iter().all(|found| cause(found) == Obstacle::NotSignedIn));
        assert_eq!(canned.questions().len(), 2, "{:?}", canned.questions());
    }

    #[test]
    fn a_missing_permission_stops_only_what_needs_it() {
        let canned = Canned::new()
            .with("/users/cipp", account())
            .without("transitiveMemberOf", no_scope());
        let planned: Vec<Planned> = [CheckId::MsAdminagents, CheckId::MsAccount]
            .map(|id| Planned {
                step: id.to_string(),
                checks: vec![id],
            })
            .into();
        let (round, _) = round(&mut looking(Some(ms(&canned))), &planned, &CancellationToken::new());
        assert_eq!(cause(&round.findings[0]), Obstacle::Scope);
        assert_eq!(round.findings[1].finding.verdict, Verdict::passed());
    }

    #[test]
    fn cancelling_keeps_what_was_found_and_adds_no_remark() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let planned = plan(&small(), &Run::default());
        let (round_, told) = round(&mut looking(None), &planned, &cancel);
        assert!(round_.cancelled && round_.findings.is_empty() && told.is_empty());
    }

    #[test]
    fn a_round_can_move_between_threads() {
        fn is_send(_: &impl Send) {}
        let sources = Sources {
            cipp: None,
            microsoft: None,
            subject: Subject::default(),
            clock: Arc::new(|| time(0)),
        };
        let (cancel, mut progress) = (CancellationToken::new(), |_: CheckProgress| {});
        let round = check_all(&sources, &[], &mut progress, &cancel);
        is_send(&round);
        assert!(
            size_of_val(&round) < 8 * 1024,
            "{} bytes would be too much for a small stack",
            size_of_val(&round)
        );
    }
}
