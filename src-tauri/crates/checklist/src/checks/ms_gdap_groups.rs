//! The account is in the fifteen groups `M365 GDAP <role>` (facts: Entra C.2 row 14). None at all in the tenant means that
//! the move to GDAP is still to come.

use super::cipp_gdap_groups::{PREFIX, not_yet};
use super::groups::{memberships, names};
use crate::finding::Verdict;
use crate::sources::microsoft::{Ask, Ms, encoded, quoted};
use crate::sources::{Trail, Trouble, some_of};

/// The roles that CIPP recommends.
const ROLES: [&str; 15] = [
    "Application Administrator",
    "Authentication Policy Administrator",
    "Billing Administrator",
    "Cloud App Security Administrator",
    "Cloud Device Administrator",
    "Domain Name Administrator",
    "Exchange Administrator",
    "Global Reader",
    "Intune Administrator",
    "Privileged Authentication Administrator",
    "Privileged Role Administrator",
    "Security Administrator",
    "SharePoint Administrator",
    "Teams Administrator",
    "User Administrator",
];

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let filter = format!("startsWith(displayName,{})", quoted(PREFIX));
    let path = format!(
        "/groups?$filter={}&$count=true&$select=id,displayName",
        encoded(&filter)
    );
    let existing = names(&ms.list(trail, Ask::graph(path).eventual()).await?);
    trail.saw("groups M365 GDAP in the tenant", existing.len());
    if existing.is_empty() {
        return Ok(Verdict::NotApplicable {
            reason: not_yet().into(),
        });
    }
    let account = ms.account(trail).await?;
    let member_of = memberships(ms, &account, &filter, trail).await?;
    Ok(judge(&existing, &member_of, &account.user_name, trail))
}

fn judge(existing: &[String], member_of: &[String], account: &str, trail: &mut Trail) -> Verdict {
    let wanted: Vec<String> = ROLES.iter().map(|role| format!("{PREFIX} {role}")).collect();
    let lacking = |names: &[String]| -> Vec<&String> {
        let has = |wanted: &String| names.iter().any(|name| name.trim().eq_ignore_ascii_case(wanted));
        wanted.iter().filter(|wanted| !has(wanted)).collect()
    };
    let (not_there, not_member) = (lacking(existing), lacking(member_of));
    trail.saw("of the fifteen, member of", wanted.len() - not_member.len());
    if !not_there.is_empty() {
        trail.saw("groups that do not exist", some_of(&not_there));
    }
    if not_member.is_empty() {
        return Verdict::passed();
    }
    trail.saw("not a member of", some_of(&not_member));
    let remedy = if not_there.is_empty() {
        "In the Entra admin centre, add the account to these groups."
    } else {
        "In CIPP, map the recommended roles so that it makes the groups that are missing; then add the account to all of them."
    };
    Verdict::failed(format!("{account} is not in {}.", some_of(&not_member)), remedy)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{could_not, failed, not_applicable, passed, run_ms};
    use super::*;
    use crate::finding::{Finding, Obstacle};
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn groups(roles: &[&str]) -> Value {
        roles
            .iter()
            .map(|role| json!({"id": role, "displayName": format!("M365 GDAP {role}")}))
            .collect()
    }

    fn look(existing: Value, member_of: Value) -> Finding {
        let canned = Canned::new()
            .with("/users/cipp", account())
            .with("eventual /groups?$filter=startsWith(displayName,'M365 GDAP')", existing)
            .with("/transitiveMemberOf/microsoft.graph.group", member_of);
        run_ms(&canned, check)
    }

    #[test]
    fn all_fifteen_pass_and_twins_or_strangers_do_no_harm() {
        assert!(passed(&look(groups(&ROLES), groups(&ROLES))));
        let mut more = ROLES.to_vec();
        more.extend(["Reports Reader", "User Administrator"]);
        assert!(passed(&look(groups(&more), groups(&more))));
    }

    #[test]
    fn what_is_missing_is_named_and_a_deleted_group_too() {
        let reason = failed(&look(groups(&ROLES), groups(&ROLES[1..])));
        assert!(reason.contains("M365 GDAP Application Administrator"), "{reason}");
        let deleted = look(groups(&ROLES[..14]), groups(&ROLES[..14]));
        assert!(failed(&deleted).contains("User Administrator"));
        assert!(format!("{deleted:?}").contains("do not exist"));
    }

    #[test]
    fn no_group_at_all_is_not_yet_and_no_permission_says_nothing() {
        assert!(not_applicable(&look(json!([]), json!([]))).contains("not moved to GDAP"));
        let refused = Canned::new().without("/groups", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
