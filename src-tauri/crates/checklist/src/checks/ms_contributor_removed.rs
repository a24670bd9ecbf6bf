//! The account is neither Contributor nor Owner of the subscription that holds CIPP any more.

use super::assignments::rights;
use crate::finding::Verdict;
use crate::sources::microsoft::Ms;
use crate::sources::{Trail, Trouble, some_of};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let subscription = ms.subscription(trail).await?;
    let scope = format!("/subscriptions/{subscription}");
    let mut rights = rights(ms, trail, &scope, &account.id, true).await?;
    // Here a condition is no comfort: the role is still there.
    rights.whole.append(&mut rights.conditional);
    if rights.whole.is_empty() {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(
        format!("{} still has {}.", account.user_name, some_of(&rights.whole)),
        "In the Azure portal, open the place that is named, Access control (IAM), Role assignments, and remove it. The Function App's own identity keeps its role.",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::assignments::tests::{contributor, reader};
    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn canned(assignments: Value) -> Canned {
        Canned::new()
            .with("/users/", account())
            .with("roleAssignments", assignments)
    }

    #[test]
    fn gone_passes_and_any_rest_fails() {
        assert!(passed(&run_ms(&canned(reader()), check)));
        assert!(failed(&run_ms(&canned(contributor(None)), check)).contains("managementGroups/root"));
        failed(&run_ms(&canned(contributor(Some("@x"))), check));
        let refused = canned(reader()).without("roleAssignments", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
