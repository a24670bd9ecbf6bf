//! No Conditional Access policy but its own concerns the account (facts: Entra C.3 step 2; CIPP's manual asks for it).
//!
//! Its own is the one that does what the manual asks for, or else one that was made for this account alone: what is wrong
//! with that one is the check of MFA's to say. Only policies that are switched on count. Our own reading and not
//! Microsoft's What-If: that would tell of one kind of sign-in only.

use super::account_policies;
use super::conditional_access::{Applies, Policy, Switch};
use crate::finding::{Obstacle, Verdict};
use crate::sources::microsoft::Ms;
use crate::sources::{Trail, Trouble, some_of};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let policies = match account_policies::all(ms, &account, trail).await {
        Ok(policies) => policies,
        Err(trouble) if trouble.cause() == Some(Obstacle::Licence) => {
            return Ok(Verdict::NotApplicable {
                reason: "Conditional Access is not licensed in this tenant, so there is no policy.".into(),
            });
        }
        Err(trouble) => return Err(trouble),
    };
    trail.saw("policies in the tenant", policies.len());
    if policies.is_empty() {
        return Ok(Verdict::NotApplicable {
            reason: "The tenant has no Conditional Access policy.".into(),
        });
    }
    judge(&policies, trail)
}

fn judge(policies: &[Policy], trail: &mut Trail) -> Result<Verdict, Trouble> {
    let acting: Vec<&Policy> = policies.iter().filter(|policy| policy.acts()).collect();
    let as_the_manual_asks = |policy: &&&Policy| policy.gaps.is_empty() && policy.demands_mfa && policy.every_time;
    let own = acting
        .iter()
        .find(as_the_manual_asks)
        .or_else(|| acting.iter().find(|policy| policy.for_it_alone));
    let told = own.map_or("none", |own| &own.name);
    trail.saw("the account's own policy", told);
    let others: Vec<&str> = acting
        .iter()
        .filter(|policy| own.is_none_or(|own| own.id != policy.id))
        .map(|policy| policy.name.as_str())
        .collect();
    let unseen = policies
        .iter()
        .find(|policy| policy.switch == Switch::On && policy.applies == Applies::Unknown);
    if !others.is_empty() {
        trail.saw("other policies that apply", some_of(&others));
        return Ok(Verdict::failed(
            format!("The account is not excluded from {}.", quoted_names(&others)),
            "Open each of these policies and exclude the account, once its own policy is on.",
        ));
    }
    if let Some(unseen) = unseen {
        return Err(Trouble::new(
            Obstacle::Unclear,
            format!(
                "Whether the policy \u{201C}{}\u{201D} is for this account could not be looked at.",
                unseen.name
            ),
            "Allow reading groups and roles (Directory.Read.All), then check again.",
        ));
    }
    trail.saw("other policies that apply", "none");
    Ok(match own {
        Some(_) => Verdict::passed(),
        None => Verdict::passed_but("No policy at all concerns the account: its own is not switched on yet."),
    })
}

fn quoted_names(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\u{201C}{name}\u{201D}")).collect();
    some_of(&quoted)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::conditional_access::tests::{ME, dedicated};
    use super::super::testing::{could_not, failed, hint, not_applicable, passed, run_ms};
    use super::*;
    use crate::finding::Finding;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn canned(policies: Value) -> Canned {
        Canned::new()
            .with("/users/cipp", account())
            .with("/identity/conditionalAccess/policies", policies)
    }

    fn look(policies: Value) -> Finding {
        run_ms(&canned(policies), check)
    }

    /// A policy for everybody, the account excluded or not.
    fn everybody(excluded: &[&str]) -> Value {
        let mut policy = dedicated();
        policy["id"] = "p2".into();
        policy["displayName"] = "Everybody".into();
        policy["conditions"]["users"] = json!({"includeUsers": ["All"], "excludeUsers": excluded});
        policy["sessionControls"] = Value::Null;
        policy
    }

    #[test]
    fn its_own_policy_alone_passes() {
        assert!(passed(&look(json!([dedicated(), everybody(&[ME])]))));
        let mut report_only = everybody(&[]);
        report_only["state"] = "enabledForReportingButNotEnforced".into();
        assert!(passed(&look(json!([dedicated(), report_only]))));
    }

    #[test]
    fn another_that_applies_fails_by_its_name() {
        let reason = failed(&look(json!([dedicated(), everybody(&[])])));
        assert!(
            reason.contains("\u{201C}Everybody\u{201D}") && !reason.contains("Service"),
            "{reason}"
        );
        // Its own is recognised though it is not as the manual asks: that is another check's to say.
        let mut gaps = dedicated();
        gaps["conditions"]["locations"] = json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]});
        assert!(passed(&look(json!([gaps.clone(), everybody(&[ME])]))));
        assert!(failed(&look(json!([gaps, everybody(&[])]))).contains("Everybody"));
        assert!(failed(&look(json!([everybody(&[])]))).contains("Everybody"));
    }

    #[test]
    fn two_that_were_made_for_it_are_one_too_many() {
        let mut second = dedicated();
        second["id"] = "p3".into();
        second["displayName"] = "Also for CIPP".into();
        assert!(failed(&look(json!([dedicated(), second]))).contains("Also for CIPP"));
    }

    #[test]
    fn a_reach_that_cannot_be_seen_is_not_guessed() {
        let mut group = everybody(&[]);
        group["conditions"]["users"] = json!({"includeGroups": ["g1"]});
        let blind = canned(json!([dedicated(), group.clone()])).without("microsoft.graph.group", no_scope());
        assert_eq!(could_not(&run_ms(&blind, check)), Obstacle::Unclear);
        let blind = canned(json!([dedicated(), group, everybody(&[])])).without("microsoft.graph.group", no_scope());
        assert!(
            failed(&run_ms(&blind, check)).contains("Everybody"),
            "one is enough to say no"
        );
    }

    #[test]
    fn without_policies_there_is_nothing_to_exclude_it_from() {
        assert!(not_applicable(&look(json!([]))).contains("no Conditional Access policy"));
        assert!(hint(&look(json!([everybody(&[ME])]))).contains("not switched on"));
        let licence = Trouble::new(Obstacle::Licence, "no P1", "buy");
        let unlicensed = Canned::new()
            .with("/users/cipp", account())
            .without("/identity/conditionalAccess/policies", licence);
        assert!(not_applicable(&run_ms(&unlicensed, check)).contains("not licensed"));
    }
}
