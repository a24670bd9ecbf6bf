//! The account is in the fifteen groups `M365 GDAP <role>`, and the customers' GDAP relationships hand their roles to groups
//! that it is in (facts: Entra C.2 row 14). Neither a group nor a relationship means that the move to GDAP is still to
//! come; relationships without such groups, that it was made without CIPP: then the roles alone decide.

use super::cipp_gdap_groups::{PREFIX, not_yet};
use super::gdap_roles::{Customer, ROLES, active, customers};
use super::groups::{member_of, memberships, names};
use crate::finding::Verdict;
use crate::sources::microsoft::{Account, Ask, Ms, encoded, quoted};
use crate::sources::{Trail, Trouble, some_of};

/// When to look again whether Microsoft has put an assignment into force, in seconds.
const ASSIGNING: u32 = 900;

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let existing = groups_of_the_tenant(ms, trail).await?;
    let by_name = !existing.is_empty();
    if by_name {
        let account = ms.account(trail).await?;
        let member_of = memberships(ms, &account, &prefixed(), trail).await?;
        if let Some(failed) = judge_names(&existing, &member_of, &account.user_name, trail) {
            return Ok(failed);
        }
    }
    let relationships = active(ms, trail).await?;
    if relationships.is_empty() {
        return Ok(match by_name {
            true => Verdict::passed_but(
                "There is no active GDAP relationship yet; only with one do the groups have their roles in a customer\u{2019}s tenant.",
            ),
            false => Verdict::NotApplicable {
                reason: not_yet().into(),
            },
        });
    }
    let account: Account = ms.account(trail).await?;
    let own = member_of(ms, &account, "group", "id", trail).await?;
    let (customers, whole) = customers(ms, &relationships, &own, trail).await?;
    let verdict = judge_roles(&customers, &account.user_name, trail);
    Ok(match verdict {
        Verdict::Passed { hint: None } if !whole => Verdict::passed_but(format!(
            "Of {} relationships {} were looked at; CIPP\u{2019}s check of tenant access tells of all.",
            relationships.len(),
            customers.len()
        )),
        Verdict::Passed { hint: None } if !by_name => {
            Verdict::passed_but("No group is named M365 GDAP: the roles reach the account through other groups.")
        }
        verdict => verdict,
    })
}

fn prefixed() -> String {
    format!("startsWith(displayName,{})", quoted(PREFIX))
}

async fn groups_of_the_tenant(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Vec<String>, Trouble> {
    let path = format!(
        "/groups?$filter={}&$count=true&$select=id,displayName",
        encoded(&prefixed())
    );
    let existing = names(&ms.list(trail, Ask::graph(path).eventual()).await?);
    trail.saw("groups M365 GDAP in the tenant", existing.len());
    Ok(existing)
}

/// What is wrong by the groups' names; nothing when the account is in all fifteen.
fn judge_names(existing: &[String], member_of: &[String], account: &str, trail: &mut Trail) -> Option<Verdict> {
    let wanted: Vec<String> = ROLES.iter().map(|(_, role)| format!("{PREFIX} {role}")).collect();
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
        return None;
    }
    trail.saw("not a member of", some_of(&not_member));
    let remedy = if not_there.is_empty() {
        "In the Entra admin centre, add the account to these groups."
    } else {
        "In CIPP, map the recommended roles so that it makes the groups that are missing; then add the account to all of them."
    };
    Some(Verdict::failed(
        format!("{account} is not in {}.", some_of(&not_member)),
        remedy,
    ))
}

/// What the relationships say: a role that a customer granted and that comes to none of the account's groups is missing.
fn judge_roles(customers: &[Customer], account: &str, trail: &mut Trail) -> Verdict {
    let lacking: Vec<(&Customer, Vec<&str>)> = customers
        .iter()
        .map(|customer| (customer, customer.lacking()))
        .filter(|(_, roles)| !roles.is_empty())
        .collect();
    trail.saw("customers looked at", customers.len());
    trail.saw(
        "customers where a granted role does not reach the account",
        lacking.len(),
    );
    if !lacking.is_empty() {
        let told: Vec<String> = lacking
            .iter()
            .map(|(customer, roles)| format!("in {}: {}", customer.name, some_of(roles)))
            .collect();
        return Verdict::failed(
            format!(
                "{account} is in no group that has these granted roles {}.",
                told_of(&told)
            ),
            "In CIPP, open the GDAP relationship and give each role to its group M365 GDAP, or put the account into the group that has it.",
        );
    }
    let waiting: Vec<&str> = customers
        .iter()
        .filter(|customer| customer.on_the_way())
        .map(|customer| customer.name.as_str())
        .collect();
    if !waiting.is_empty() {
        return Verdict::waiting(
            format!(
                "Microsoft is still handing the roles to the groups for {}.",
                some_of(&waiting)
            ),
            ASSIGNING,
        );
    }
    let partial: Vec<&str> = customers
        .iter()
        .filter(|customer| customer.never_granted() > 0)
        .map(|customer| customer.name.as_str())
        .collect();
    if partial.is_empty() {
        return Verdict::passed();
    }
    trail.saw("customers who did not grant all fifteen roles", some_of(&partial));
    Verdict::passed_but(format!(
        "Not all fifteen roles were granted by {}; a role cannot be added to a relationship, it takes a new one.",
        some_of(&partial)
    ))
}

fn told_of(lacking: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = lacking
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    match lacking.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and for {more} more customers"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{could_not, failed, hint, not_applicable, passed, run_ms, waiting};
    use super::*;
    use crate::finding::{Finding, Obstacle};
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn all() -> Vec<&'static str> {
        ROLES.iter().map(|(_, role)| *role).collect()
    }

    fn groups(roles: &[&str]) -> Value {
        roles
            .iter()
            .map(|role| json!({"id": format!("G-{role}"), "displayName": format!("M365 GDAP {role}")}))
            .collect()
    }

    fn details(roles: &[&str]) -> Value {
        let ids = ROLES.iter().filter(|(_, name)| roles.contains(name));
        json!({"unifiedRoles": ids.map(|(id, _)| json!({"roleDefinitionId": id.to_uppercase()})).collect::<Vec<_>>()})
    }

    fn relationship(id: &str, customer: &str, roles: &[&str]) -> Value {
        json!({
            "id": id, "displayName": format!("CIPP_{customer}"), "status": "active",
            "customer": {"tenantId": customer, "displayName": customer}, "accessDetails": details(roles)
        })
    }

    /// Each role to the group of its name.
    fn assigned(roles: &[&str], status: &str) -> Value {
        let one = |role: &&str| {
            json!({
                "status": status,
                "accessContainer": {"accessContainerId": format!("g-{role}"), "accessContainerType": "securityGroup"},
                "accessDetails": details(&[role])
            })
        };
        roles.iter().map(one).collect()
    }

    /// A tenant with these groups and an account in these, one customer with all roles granted, these of them assigned.
    fn canned(existing: Value, member_of: Value, assignments: Value) -> Canned {
        Canned::new()
            .with("/users/cipp", account())
            .with("eventual /groups?$filter=startsWith(displayName,'M365 GDAP')", existing)
            .with("/transitiveMemberOf/microsoft.graph.group", member_of)
            .with("/delegatedAdminRelationships/r1/accessAssignments", assignments)
            .with(
                "/delegatedAdminRelationships?$filter=status eq 'active'",
                json!([relationship("r1", "Contoso", &all())]),
            )
    }

    fn look(existing: &[&str], member_of: &[&str]) -> Finding {
        run_ms(
            &canned(groups(existing), groups(member_of), assigned(&all(), "active")),
            check,
        )
    }

    #[test]
    fn all_fifteen_pass_and_twins_or_strangers_do_no_harm() {
        assert!(passed(&look(&all(), &all())));
        let mut more = all();
        more.extend(["Reports Reader", "User Administrator"]);
        assert!(passed(&look(&more, &more)));
    }

    #[test]
    fn what_is_missing_is_named_and_a_deleted_group_too() {
        let reason = failed(&look(&all(), &all()[1..]));
        assert!(reason.contains("M365 GDAP Application Administrator"), "{reason}");
        let deleted = look(&all()[..14], &all()[..14]);
        assert!(failed(&deleted).contains("User Administrator"));
        assert!(format!("{deleted:?}").contains("do not exist"));
    }

    #[test]
    fn a_role_that_was_handed_to_no_group_of_the_account_is_named_with_its_customer() {
        let reason = failed(&run_ms(
            &canned(groups(&all()), groups(&all()), assigned(&all()[..13], "active")),
            check,
        ));
        assert!(
            reason.contains("in Contoso: Teams Administrator, User Administrator"),
            "{reason}"
        );
        let mut elsewhere = assigned(&all(), "active");
        elsewhere[3]["accessContainer"]["accessContainerId"] = "another group".into();
        let reason = failed(&run_ms(&canned(groups(&all()), groups(&all()), elsewhere), check));
        assert!(
            reason.contains("Cloud App Security") && !reason.contains("Teams"),
            "{reason}"
        );
        let mut ended = assigned(&all(), "active");
        ended[0]["status"] = "deleted".into();
        failed(&run_ms(&canned(groups(&all()), groups(&all()), ended), check));
    }

    #[test]
    fn roles_on_their_way_are_waited_for() {
        let mut some = assigned(&all(), "active");
        some[0]["status"] = "pending".into();
        let reason = waiting(&run_ms(&canned(groups(&all()), groups(&all()), some), check));
        assert!(reason.contains("Contoso"), "{reason}");
    }

    #[test]
    fn what_one_relationship_lacks_another_of_the_same_customer_may_give() {
        let two = json!([
            relationship("r1", "Contoso", &all()[..8]),
            relationship("r2", "Contoso", &all()[8..])
        ]);
        let canned = canned(groups(&all()), groups(&all()), assigned(&all()[..8], "active"))
            .with(
                "/delegatedAdminRelationships/r2/accessAssignments",
                assigned(&all()[8..], "active"),
            )
            .with("/delegatedAdminRelationships?", two);
        assert!(passed(&run_ms(&canned, check)));
    }

    #[test]
    fn a_role_that_was_never_granted_is_a_hint_because_no_group_can_mend_it() {
        let few = json!([relationship("r1", "Contoso", &all()[..12])]);
        let canned = canned(groups(&all()), groups(&all()), assigned(&all()[..12], "active"))
            .with("/delegatedAdminRelationships?", few);
        assert!(hint(&run_ms(&canned, check)).contains("granted by Contoso"));
    }

    #[test]
    fn without_a_relationship_the_names_alone_are_known() {
        let canned = canned(groups(&all()), groups(&all()), json!([])).with("/delegatedAdminRelationships?", json!([]));
        assert!(hint(&run_ms(&canned, check)).contains("no active GDAP relationship"));
    }

    #[test]
    fn a_move_without_cipp_is_judged_by_the_roles() {
        let own = json!([{"id": "g-own", "displayName": "Partner engineers"}]);
        let one = json!([{
            "status": "active", "accessContainer": {"accessContainerId": "G-OWN"}, "accessDetails": details(&all())
        }]);
        assert!(hint(&run_ms(&canned(json!([]), own.clone(), one), check)).contains("other groups"));
        failed(&run_ms(&canned(json!([]), own, assigned(&all(), "active")), check));
    }

    #[test]
    fn many_relationships_are_not_all_looked_at_and_that_is_said() {
        let many: Vec<Value> = (0..31)
            .map(|n| relationship(&format!("r{n}"), &format!("c{n}"), &all()))
            .collect();
        let canned = canned(groups(&all()), groups(&all()), json!([]))
            .with("/accessAssignments", assigned(&all(), "active"))
            .with("/delegatedAdminRelationships?", Value::Array(many));
        assert!(hint(&run_ms(&canned, check)).contains("Of 31 relationships 30"));
    }

    #[test]
    fn neither_group_nor_relationship_is_not_yet_and_no_permission_says_nothing() {
        let nothing = canned(json!([]), json!([]), json!([])).with("/delegatedAdminRelationships?", json!([]));
        assert!(not_applicable(&run_ms(&nothing, check)).contains("not moved to GDAP"));
        let refused = Canned::new().without("/groups", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
        for existing in [groups(&all()), json!([])] {
            let blind = canned(existing, groups(&all()), json!([])).without("/delegatedAdminRelationships", no_scope());
            assert_eq!(could_not(&run_ms(&blind, check)), Obstacle::Scope);
        }
        let wrong =
            canned(groups(&all()), groups(&all()[1..]), json!([])).without("/delegatedAdminRelationships", no_scope());
        failed(&run_ms(&wrong, check));
    }
}
