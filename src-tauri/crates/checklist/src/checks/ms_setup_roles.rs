//! The account has the roles for the set-up now: Global Administrator, or the three narrower ones of today's manual.
//! Eligible alone is waiting: somebody must activate it.

use super::roles::{active, eligible};
use crate::finding::Verdict;
use crate::sources::microsoft::Ms;
use crate::sources::{Trail, Trouble};

/// When to look again for an activation, in seconds.
const ACTIVATION: u32 = 300;

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let (active, all) = active(ms, &account, trail).await?;
    if active.are_enough() {
        return Ok(Verdict::passed());
    }
    // What may be activated is a hint: without the permission or the licence to see it, not active stays not active.
    if let Ok(eligible) = eligible(ms, &account, trail).await
        && active.and(&eligible).are_enough()
    {
        return Ok(Verdict::waiting(
            format!(
                "{} may activate the roles and has not: eligible for {}.",
                account.user_name,
                eligible.names()
            ),
            ACTIVATION,
        ));
    }
    if !all {
        return Err(crate::sources::microsoft::unclear(
            "The account has no such role directly, and roles that come through groups could not be looked at.",
        ));
    }
    Ok(Verdict::failed(
        format!(
            "{} has neither Global Administrator nor all three of Application, Privileged Role and User Administrator (active: {}).",
            account.user_name,
            active.names()
        ),
        "In the Entra admin centre, open the account, choose Assigned roles and assign them as active, for the whole directory.",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::roles::{GLOBAL_ADMINISTRATOR, NARROWER};
    use super::super::testing::{could_not, failed, passed, run_ms, waiting};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn roles(ids: &[&str], scope: &str) -> Value {
        ids.iter()
            .map(|id| json!({"roleDefinitionId": id, "directoryScopeId": scope}))
            .collect()
    }

    fn canned(active: Value, eligible: Value) -> Canned {
        Canned::new()
            .with("/users/", account())
            .with(
                "beta eventual /roleManagement/directory/transitiveRoleAssignments",
                active,
            )
            .with("roleEligibilityScheduleInstances", eligible)
    }

    fn narrower() -> Vec<&'static str> {
        NARROWER.iter().map(|(id, _)| *id).collect()
    }

    #[test]
    fn the_one_or_the_three_are_enough() {
        assert!(passed(&run_ms(
            &canned(roles(&[GLOBAL_ADMINISTRATOR.0], "/"), json!([])),
            check
        )));
        assert!(passed(&run_ms(&canned(roles(&narrower(), "/"), json!([])), check)));
    }

    #[test]
    fn two_of_three_or_a_part_of_the_tenant_are_not() {
        let two = failed(&run_ms(&canned(roles(&narrower()[..2], "/"), json!([])), check));
        assert!(two.contains("Application Administrator"), "{two}");
        let unit = roles(&[GLOBAL_ADMINISTRATOR.0], "/administrativeUnits/1");
        failed(&run_ms(&canned(unit, json!([])), check));
    }

    #[test]
    fn eligible_alone_is_waiting_and_adds_to_what_is_active() {
        let all_eligible = canned(json!([]), roles(&[GLOBAL_ADMINISTRATOR.0], "/"));
        assert!(waiting(&run_ms(&all_eligible, check)).contains("eligible for Global Administrator"));
        let mixed = canned(roles(&narrower()[..2], "/"), roles(&narrower()[2..], "/"));
        waiting(&run_ms(&mixed, check));
        let unseen = canned(json!([]), json!([])).without("roleEligibility", no_scope());
        failed(&run_ms(&unseen, check));
    }

    #[test]
    fn without_the_beta_the_direct_roles_must_do_and_prove_no_absence() {
        let direct = |found: Value| {
            Canned::new()
                .with("/users/", account())
                .with("/roleManagement/directory/roleAssignments", found)
        };
        assert!(passed(&run_ms(&direct(roles(&[GLOBAL_ADMINISTRATOR.0], "/")), check)));
        assert_eq!(could_not(&run_ms(&direct(json!([])), check)), Obstacle::Unclear);
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        let canned = canned(json!([]), json!([])).without("transitiveRoleAssignments", no_scope());
        assert_eq!(could_not(&run_ms(&canned, check)), Obstacle::Scope);
    }
}
