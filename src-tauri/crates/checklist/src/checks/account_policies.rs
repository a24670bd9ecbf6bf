//! The Conditional Access policies that concern the account: fetched, and read for who it is (facts: Entra C.3).
//!
//! Microsoft's What-If is the better judge of whether a policy applies; it is asked where a sign-in is what matters. Not
//! here: reading one policy (`conditional_access`), and any verdict.

use std::collections::HashSet;

use serde_json::Value;

use super::conditional_access::{Applies, Policy, Switch, Who};
use super::groups::member_of;
use crate::sources::microsoft::{Account, Ask, Ms, Post, Service, text};
use crate::sources::{Trail, Trouble};

pub(super) const POLICY: &[&str] = &["Policy.Read.All"];

/// The applications that a What-If is asked about: Graph, Azure and Exchange.
pub(super) const APPLICATIONS: [&str; 3] = [
    "00000003-0000-0000-c000-000000000000",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "00000002-0000-0ff1-ce00-000000000000",
];

/// The policies with what can be told of their reach.
pub(super) async fn with_what_if(
    ms: &mut Ms<'_>,
    account: &Account,
    trail: &mut Trail,
) -> Result<Vec<Policy>, Trouble> {
    let mut policies = all(ms, account, trail).await?;
    if policies.iter().any(|policy| policy.switch == Switch::On)
        && let Some(applied) = what_if(ms, account, trail).await
    {
        for policy in &mut policies {
            better_judge(policy, &applied);
        }
    }
    Ok(policies)
}

/// The policies by our own reading alone, for questions that no single sign-in answers.
pub(super) async fn all(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Vec<Policy>, Trouble> {
    let ask = Ask::graph("/identity/conditionalAccess/policies").needs(POLICY);
    let all = ms.list(trail, ask).await?;
    let who = who(ms, account, &all, trail).await;
    Ok(all.iter().map(|policy| Policy::read(policy, &who)).collect())
}

/// Those of them that are switched on and that concern the account, or may.
pub(super) async fn acting(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Vec<Policy>, Trouble> {
    let mut policies = all(ms, account, trail).await?;
    policies.retain(|policy| policy.switch == Switch::On && policy.applies != Applies::No);
    Ok(policies)
}

/// Groups and roles are looked at only when some policy speaks of them; without permission they stay unknown.
async fn who(ms: &mut Ms<'_>, account: &Account, policies: &[Value], trail: &mut Trail) -> Who {
    let speaks_of = |fields: [&str; 2]| {
        policies.iter().any(|policy| {
            fields.iter().any(|field| {
                policy["conditions"]["users"][*field]
                    .as_array()
                    .is_some_and(|ids| !ids.is_empty())
            })
        })
    };
    let groups = match speaks_of(["includeGroups", "excludeGroups"]) {
        true => member_of(ms, account, "group", "id", trail).await.ok(),
        false => Some(HashSet::new()),
    };
    let roles = match speaks_of(["includeRoles", "excludeRoles"]) {
        true => member_of(ms, account, "directoryRole", "roleTemplateId", trail)
            .await
            .ok(),
        false => Some(HashSet::new()),
    };
    Who {
        id: account.id.clone(),
        guest: text(&account.json, "userType") == Some("Guest"),
        groups,
        roles,
    }
}

/// The policies that Microsoft says apply to a sign-in to each of the applications; `None` when it cannot be asked.
async fn what_if(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Option<HashSet<String>> {
    let mut applied: Option<HashSet<String>> = None;
    for application in APPLICATIONS {
        let post = Post::EvaluateConditionalAccess {
            user: account.id.clone(),
            application: application.to_owned(),
        };
        let ask = Ask::post(Service::Graph, post).needs(POLICY);
        let found = ms.ask(trail, ask).await.ok()?;
        let here: HashSet<String> = found
            .get("value")
            .unwrap_or(&found)
            .as_array()?
            .iter()
            .filter(|policy| policy["policyApplies"] != false)
            .filter_map(|policy| text(policy, "id"))
            .map(str::to_owned)
            .collect();
        applied = Some(match applied {
            Some(before) => before.intersection(&here).cloned().collect(),
            None => here,
        });
    }
    applied
}

/// What-If knows memberships better than we do. That a policy does not apply it can say only of one without conditions of
/// its own: the question names one kind of sign-in.
fn better_judge(policy: &mut Policy, applied: &HashSet<String>) {
    if applied.contains(&policy.id) {
        policy.applies = Applies::Yes;
    } else if policy.gaps.is_empty() && policy.switch == Switch::On {
        policy.applies = Applies::No;
    }
}
