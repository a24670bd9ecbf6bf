//! The account is in the group AdminAgents, directly or through another group (facts: Entra C.2 row 13).

use super::cipp_adminagents::GROUP;
use super::groups::memberships;
use crate::finding::Verdict;
use crate::sources::microsoft::{Ms, quoted};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let filter = format!("displayName eq {}", quoted(GROUP));
    let member = !memberships(ms, &account, &filter, trail).await?.is_empty();
    trail.saw("member of AdminAgents", member);
    if member {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(
        format!("{} is not a member of AdminAgents.", account.user_name),
        "In the Entra admin centre, add the account to the group AdminAgents. If there is no such group, this tenant is not a partner's.",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, OID, account, no_scope};

    #[test]
    fn groups_within_groups_count_and_the_header_is_sent() {
        let question = format!(
            "eventual /users/{OID}/transitiveMemberOf/microsoft.graph.group?$count=true&$filter=displayName eq 'AdminAgents'"
        );
        let canned = |found| Canned::new().with("/users/cipp", account()).with(&question, found);
        assert!(passed(&run_ms(
            &canned(json!([{"id": "g", "displayName": "AdminAgents"}])),
            check
        )));
        failed(&run_ms(&canned(json!([])), check));
    }

    #[test]
    fn without_permission_or_account_nothing_is_said() {
        let refused = Canned::new()
            .with("/users/cipp", account())
            .without("transitiveMemberOf", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
        assert_eq!(could_not(&run_ms(&Canned::new(), check)), Obstacle::NotKnown);
    }
}
