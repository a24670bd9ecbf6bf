//! The account has none of the set-up's roles any more, neither directly nor through a group.

use super::roles::{active, eligible};
use crate::finding::Verdict;
use crate::sources::microsoft::Ms;
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let (active, all) = active(ms, &account, trail).await?;
    if !active.is_none() {
        return Ok(Verdict::failed(
            format!("{} still has {}.", account.user_name, active.names()),
            "In the Entra admin centre, open the account, choose Assigned roles and remove them; look for groups that give them, too.",
        ));
    }
    if !all {
        return Err(crate::sources::microsoft::unclear(
            "The account has no such role directly, and roles that come through groups could not be looked at.",
        ));
    }
    Ok(match eligible(ms, &account, trail).await {
        Ok(eligible) if !eligible.is_none() => Verdict::passed_but(format!(
            "No role is active, but the account may still activate {}.",
            eligible.names()
        )),
        _ => Verdict::passed(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::roles::GLOBAL_ADMINISTRATOR;
    use super::super::testing::{could_not, failed, hint, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn look(active: Value, eligible: Value) -> crate::finding::Finding {
        let canned = Canned::new()
            .with("/users/", account())
            .with("transitiveRoleAssignments", active)
            .with("roleEligibilityScheduleInstances", eligible);
        run_ms(&canned, check)
    }

    #[test]
    fn gone_passes_present_fails_and_eligible_is_a_hint() {
        let role = json!([{"roleDefinitionId": GLOBAL_ADMINISTRATOR.0, "directoryScopeId": "/"}]);
        let reader = json!([{"roleDefinitionId": "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "directoryScopeId": "/"}]);
        assert!(passed(&look(reader, json!([]))));
        assert!(failed(&look(role.clone(), json!([]))).contains("still has Global Administrator"));
        assert!(hint(&look(json!([]), role)).contains("may still activate"));
    }

    #[test]
    fn absence_is_proved_only_when_groups_were_looked_at() {
        let direct = Canned::new()
            .with("/users/", account())
            .with("/roleManagement/directory/roleAssignments", json!([]));
        assert_eq!(could_not(&run_ms(&direct, check)), Obstacle::Unclear);
        let none = Canned::new().without("/users/", no_scope());
        assert_eq!(could_not(&run_ms(&none, check)), Obstacle::Scope);
    }
}
