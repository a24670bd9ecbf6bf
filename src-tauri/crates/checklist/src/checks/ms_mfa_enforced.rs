//! Microsoft demands MFA of the account at each logon (facts: Entra C.3).
//!
//! In this order: security defaults, the Conditional Access policies with our own reading of them, Microsoft's What-If as
//! the better judge of whether a policy applies, per-user MFA where no policy acts, and "remember MFA on trusted devices",
//! which undoes either. Recent sign-ins are shown as evidence of practice and decide nothing.

use super::account_policies::{POLICY, with_what_if};
use super::conditional_access::{Applies, Policy, Switch};
use super::ms_remembered_devices::{REMEDY as FORGET_DEVICES, remembers};
use crate::finding::{Obstacle, Verdict};
use crate::sources::microsoft::{Account, Ask, Ms, encoded, quoted, text};
use crate::sources::{Trail, Trouble, some_of};

/// When to look again whether per-user MFA went from enabled to enforced, in seconds.
const REGISTRATION: u32 = 3_600;

const REMEDY: &str = "Make one Conditional Access policy for this account: all cloud apps, require multi-factor authentication, sign-in frequency Every time, no exclusions and no trusted locations.";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let defaults = security_defaults(ms, trail).await?;
    let policies = match with_what_if(ms, &account, trail).await {
        Ok(policies) => policies,
        // Without the licence there is no Conditional Access, and per-user MFA is the way.
        Err(trouble) if trouble.cause() == Some(Obstacle::Licence) => {
            trail.saw("Conditional Access", "not licensed");
            Vec::new()
        }
        Err(trouble) => return Err(trouble),
    };
    let by_policies = judge(&policies, trail);
    practice(ms, &account, trail).await;
    match by_policies {
        ByPolicies::EachLogon { name } => remembered(ms, &name, trail).await,
        ByPolicies::Unknown { name } => Err(Trouble::new(
            Obstacle::Unclear,
            format!("Whether the policy \u{201C}{name}\u{201D} is for this account could not be looked at."),
            "Allow reading groups and roles (Directory.Read.All), then check again.",
        )),
        ByPolicies::NotEachLogon { reason } => Ok(Verdict::failed(reason, REMEDY)),
        ByPolicies::None { reason } => match per_user(ms, &account, trail).await? {
            Some(verdict) => Ok(verdict),
            None if defaults => Ok(Verdict::failed(
                "Security defaults ask for MFA now and then, but not at each logon.",
                format!("It works for a while, and CIPP recommends more: switch security defaults off. {REMEDY}"),
            )),
            None => Ok(Verdict::failed(
                reason,
                format!("{REMEDY} Without Conditional Access: set per-user MFA to Enforced."),
            )),
        },
    }
}

/// What the policies say, taken together.
#[derive(Debug, PartialEq, Eq)]
enum ByPolicies {
    /// MFA at each logon, with no way around.
    EachLogon { name: String },
    /// MFA in some way, and not at each logon.
    NotEachLogon { reason: String },
    /// It depends on something that could not be seen.
    Unknown { name: String },
    /// No policy demands MFA of this account.
    None { reason: String },
}

async fn security_defaults(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<bool, Trouble> {
    let path = "/policies/identitySecurityDefaultsEnforcementPolicy";
    let policy = ms.ask(trail, Ask::graph(path).needs(POLICY)).await?;
    let enabled = policy["isEnabled"] == true;
    trail.saw("security defaults", if enabled { "on" } else { "off" });
    Ok(enabled)
}

fn judge(policies: &[Policy], trail: &mut Trail) -> ByPolicies {
    let acting: Vec<&Policy> = policies.iter().filter(|policy| policy.acts()).collect();
    let names: Vec<&str> = acting.iter().map(|policy| policy.name.as_str()).collect();
    trail.saw(
        "policies that apply",
        if names.is_empty() {
            "none".into()
        } else {
            some_of(&names)
        },
    );
    let whole = |policy: &&&Policy| policy.gaps.is_empty();
    let mfa = acting.iter().filter(whole).find(|policy| policy.demands_mfa);
    let anew = acting.iter().filter(whole).find(|policy| policy.every_time);
    if let (Some(mfa), Some(anew)) = (mfa, anew) {
        trail.saw("demands MFA", &mfa.name);
        trail.saw("signInFrequency everyTime", &anew.name);
        return ByPolicies::EachLogon { name: mfa.name.clone() };
    }
    // Before anything is said to be missing: could a policy whose reach is not known be the one?
    let unseen = policies.iter().find(|policy| {
        policy.switch == Switch::On
            && policy.applies == Applies::Unknown
            && policy.gaps.is_empty()
            && ((mfa.is_some() || policy.demands_mfa) && (anew.is_some() || policy.every_time))
    });
    if let Some(unseen) = unseen {
        return ByPolicies::Unknown {
            name: unseen.name.clone(),
        };
    }
    if let Some(mfa) = mfa {
        return ByPolicies::NotEachLogon {
            reason: format!(
                "\u{201C}{}\u{201D} demands MFA, but not at each logon (no sign-in frequency Every time).",
                mfa.name
            ),
        };
    }
    if let Some(policy) = acting.iter().find(|policy| policy.demands_mfa) {
        return ByPolicies::NotEachLogon {
            reason: format!(
                "\u{201C}{}\u{201D} demands MFA, but there is a way around it: {}.",
                policy.name,
                policy.gaps.join("; ")
            ),
        };
    }
    if let Some(policy) = acting.iter().find(|policy| policy.mfa_or_else) {
        return ByPolicies::NotEachLogon {
            reason: format!(
                "\u{201C}{}\u{201D} asks for MFA or something else: another control would do instead.",
                policy.name
            ),
        };
    }
    let reporting = policies
        .iter()
        .find(|policy| policy.switch == Switch::ReportOnly && policy.applies == Applies::Yes && policy.demands_mfa);
    ByPolicies::None {
        reason: match reporting {
            Some(policy) => format!(
                "\u{201C}{}\u{201D} would demand MFA, but is in report-only mode and enforces nothing.",
                policy.name
            ),
            None => "No Conditional Access policy demands MFA of this account, and per-user MFA is off.".into(),
        },
    }
}

/// Per-user MFA: the verdict where it decides, `None` where it is off.
async fn per_user(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Option<Verdict>, Trouble> {
    let path = format!("/users/{}/authentication/requirements", encoded(&account.id));
    let found = ms.ask(trail, Ask::graph(path).beta().needs(POLICY)).await?;
    let state = text(&found, "perUserMfaState").unwrap_or("not told");
    trail.saw("perUserMfaState", state);
    Ok(match state {
        "enforced" => Some(remembered(ms, "per-user MFA", trail).await?),
        "enabled" => Some(Verdict::waiting(
            "Per-user MFA is enabled; it is enforced once the account has registered a method.",
            REGISTRATION,
        )),
        "disabled" => None,
        _ => {
            return Err(Trouble::new(
                Obstacle::Unclear,
                "Graph does not say how per-user MFA stands.",
                "Look at the page of per-user MFA and confirm the step by hand.",
            ));
        }
    })
}

/// Enforced, unless a trusted device is remembered. Where that cannot be seen it is a hint.
async fn remembered(ms: &mut Ms<'_>, by: &str, trail: &mut Trail) -> Result<Verdict, Trouble> {
    Ok(match remembers(ms, trail).await {
        Ok(true) => Verdict::failed(
            format!("MFA is demanded by {by}, but the tenant remembers it on trusted devices."),
            FORGET_DEVICES,
        ),
        Ok(false) => Verdict::passed(),
        Err(_) => Verdict::passed_but(
            "Whether MFA is remembered on trusted devices could not be seen; that setting must be off.",
        ),
    })
}

/// How the last sign-ins went: shown, never judged. Needs a licence that many tenants do not have.
async fn practice(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) {
    let filter = encoded(&format!("userId eq {}", quoted(&account.id)));
    let ask = Ask::graph(format!("/auditLogs/signIns?$filter={filter}&$top=20")).needs(&["AuditLog.Read.All"]);
    let Ok(found) = ms.ask(trail, ask).await else {
        return;
    };
    let empty = Vec::new();
    let sign_ins = found["value"].as_array().unwrap_or(&empty);
    let with_mfa = sign_ins
        .iter()
        .filter(|sign_in| text(sign_in, "authenticationRequirement") == Some("multiFactorAuthentication"))
        .count();
    trail.saw(
        "last sign-ins that demanded MFA",
        format!("{with_mfa} of {}", sign_ins.len()),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::account_policies::APPLICATIONS;
    use super::super::conditional_access::tests::dedicated;
    use super::super::testing::{could_not, failed, hint, passed, run_ms, waiting};
    use super::*;
    use crate::sources::TroubleKind;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    /// No security defaults, these policies, per-user MFA off, nothing remembered, no What-If, no sign-ins.
    fn canned(policies: Value) -> Canned {
        Canned::new()
            .with("/users/cipp", account())
            .with("identitySecurityDefaults", json!({"isEnabled": false}))
            .with("/identity/conditionalAccess/policies", policies)
            .with(
                "beta /users/44444444-4444-4444-4444-444444444444/authentication/requirements",
                json!({"perUserMfaState": "disabled"}),
            )
            .with(
                "beta /policies/mfaServicePolicy",
                json!({"rememberMfaOnTrustedDevice": {"isEnabled": false}}),
            )
    }

    fn policy(pointer: &str, value: Value) -> Value {
        let mut policy = dedicated();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        policy.pointer_mut(parent).unwrap()[key] = value;
        policy
    }

    fn with(pointer: &str, value: Value) -> Canned {
        canned(json!([policy(pointer, value)]))
    }

    #[test]
    fn the_policy_of_the_manual_passes() {
        let finding = run_ms(&canned(json!([dedicated()])), check);
        assert!(passed(&finding), "{finding:?}");
        assert!(format!("{finding:?}").contains("CIPP Service Account Conditional Access Policy"));
    }

    #[test]
    fn every_weakness_is_named() {
        for (pointer, value, told) in [
            ("/state", json!("enabledForReportingButNotEnforced"), "report-only"),
            ("/state", json!("disabled"), "No Conditional Access policy"),
            ("/sessionControls", Value::Null, "not at each logon"),
            (
                "/conditions/locations",
                json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}),
                "way around",
            ),
            (
                "/conditions/users/excludeUsers",
                json!([super::super::conditional_access::tests::ME]),
                "No Conditional Access policy",
            ),
            (
                "/grantControls",
                json!({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}),
                "would do instead",
            ),
        ] {
            let reason = failed(&run_ms(&with(pointer, value), check));
            assert!(reason.contains(told), "{pointer}: {reason}");
        }
    }

    #[test]
    fn two_policies_may_do_it_together() {
        let mfa = policy("/sessionControls", Value::Null);
        let mut anew = policy("/grantControls", Value::Null);
        anew["id"] = json!("p2");
        assert!(passed(&run_ms(&canned(json!([mfa, anew])), check)));
    }

    #[test]
    fn a_policy_for_a_group_is_followed_through_the_groups() {
        let for_group = || policy("/conditions/users", json!({"includeGroups": ["G1"]}));
        let member = canned(json!([for_group()])).with(
            "eventual /users/44444444-4444-4444-4444-444444444444/transitiveMemberOf/microsoft.graph.group",
            json!([{"id": "g1"}]),
        );
        assert!(passed(&run_ms(&member, check)));
        let stranger = canned(json!([for_group()])).with("transitiveMemberOf/microsoft.graph.group", json!([]));
        failed(&run_ms(&stranger, check));
        let unseen = canned(json!([for_group()])).without("transitiveMemberOf", no_scope());
        assert_eq!(could_not(&run_ms(&unseen, check)), Obstacle::Unclear);
    }

    #[test]
    fn a_policy_for_a_role_is_followed_by_its_template() {
        let for_role = policy(
            "/conditions/users",
            json!({"includeRoles": ["62e90394-69f5-4237-9190-012177145e10"]}),
        );
        let holder = canned(json!([for_role])).with(
            "transitiveMemberOf/microsoft.graph.directoryRole",
            json!([{"roleTemplateId": "62e90394-69f5-4237-9190-012177145e10"}]),
        );
        assert!(passed(&run_ms(&holder, check)));
    }

    #[test]
    fn what_if_is_the_better_judge_of_who_is_meant() {
        let for_group = policy("/conditions/users", json!({"includeGroups": ["dynamic"]}));
        let applies = canned(json!([for_group]))
            .without("transitiveMemberOf", no_scope())
            .with("post evaluate", json!({"value": [{"id": "p1", "policyApplies": true}]}));
        assert!(passed(&run_ms(&applies, check)));
        assert_eq!(
            applies
                .questions()
                .iter()
                .filter(|line| line.contains("post evaluate"))
                .count(),
            3
        );
        let not = canned(json!([dedicated()])).with("post evaluate", json!({"value": []}));
        failed(&run_ms(&not, check));
        let only_graph = canned(json!([dedicated()]))
            .with("post evaluate", json!({"value": []}))
            .with(APPLICATIONS[0], json!({"value": [{"id": "p1", "policyApplies": true}]}));
        failed(&run_ms(&only_graph, check));
    }

    #[test]
    fn without_a_policy_per_user_mfa_decides() {
        let state =
            |state: &str| canned(json!([])).with("/authentication/requirements", json!({"perUserMfaState": state}));
        assert!(passed(&run_ms(&state("enforced"), check)));
        waiting(&run_ms(&state("enabled"), check));
        failed(&run_ms(&state("disabled"), check));
        assert_eq!(could_not(&run_ms(&state("odd"), check)), Obstacle::Unclear);
        let unseen = canned(json!([])).without("/authentication/requirements", no_scope());
        assert_eq!(could_not(&run_ms(&unseen, check)), Obstacle::Scope);
    }

    #[test]
    fn without_the_licence_for_policies_per_user_mfa_decides() {
        let licence = Trouble::new(Obstacle::Licence, "No P1.", "Buy it.");
        let canned = canned(json!([]))
            .without("/identity/conditionalAccess/policies", licence)
            .with("/authentication/requirements", json!({"perUserMfaState": "enforced"}));
        assert!(passed(&run_ms(&canned, check)));
    }

    #[test]
    fn security_defaults_are_not_each_logon() {
        let canned = canned(json!([])).with("identitySecurityDefaults", json!({"isEnabled": true}));
        assert!(failed(&run_ms(&canned, check)).contains("not at each logon"));
    }

    #[test]
    fn remembered_devices_undo_it_and_unseen_is_a_hint() {
        let on = canned(json!([dedicated()])).with(
            "mfaServicePolicy",
            json!({"rememberMfaOnTrustedDevice": {"isEnabled": true}}),
        );
        assert!(failed(&run_ms(&on, check)).contains("trusted devices"));
        let unseen = canned(json!([dedicated()])).without("mfaServicePolicy", no_scope());
        assert!(hint(&run_ms(&unseen, check)).contains("could not be seen"));
    }

    #[test]
    fn practice_is_shown_and_decides_nothing() {
        let canned = canned(json!([dedicated()])).with(
            "/auditLogs/signIns",
            json!({"value": [{"authenticationRequirement": "multiFactorAuthentication"}, {"authenticationRequirement": "singleFactorAuthentication"}]}),
        );
        let finding = run_ms(&canned, check);
        assert!(passed(&finding));
        assert!(format!("{finding:?}").contains("1 of 2"));
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        for part in [
            "identitySecurityDefaults",
            "/identity/conditionalAccess/policies",
            "/users/cipp",
        ] {
            let canned = canned(json!([])).without(part, no_scope());
            assert_eq!(could_not(&run_ms(&canned, check)), Obstacle::Scope, "{part}");
        }
        let cancelled = Trouble {
            kind: TroubleKind::Cancelled,
            ..no_scope()
        };
        let canned = canned(json!([])).without("identitySecurityDefaults", cancelled);
        could_not(&run_ms(&canned, check));
    }
}
