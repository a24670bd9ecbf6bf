//! The account is Contributor, or more, of the subscription that holds CIPP. The older procedure alone.

use super::assignments::rights;
use crate::finding::Verdict;
use crate::sources::microsoft::Ms;
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let subscription = ms.subscription(trail).await?;
    let scope = format!("/subscriptions/{subscription}");
    let rights = rights(ms, trail, &scope, &account.id, true).await?;
    if !rights.whole.is_empty() {
        return Ok(Verdict::passed());
    }
    let remedy = "In the Azure portal, open the subscription, Access control (IAM), and assign Contributor to the account, without a condition.";
    Ok(match rights.conditional.first() {
        Some(role) => Verdict::failed(
            format!("{} has {role} only under a condition.", account.user_name),
            remedy,
        ),
        None => Verdict::failed(
            format!(
                "{} is not Contributor of the subscription {subscription}.",
                account.user_name
            ),
            remedy,
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::assignments::tests::{contributor, reader};
    use super::super::testing::{could_not, failed, passed, run_about, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::Subject;
    use crate::sources::microsoft::tests::{Canned, OID, account, no_scope, subject};

    fn canned(assignments: Value) -> Canned {
        Canned::new()
            .with("/users/", account())
            .with(&format!("atScope() and assignedTo('{OID}')"), assignments)
    }

    #[test]
    fn an_inherited_role_counts_and_one_with_a_condition_does_not() {
        assert!(passed(&run_ms(&canned(contributor(None)), check)));
        assert!(failed(&run_ms(&canned(contributor(Some("@x"))), check)).contains("condition"));
        assert!(failed(&run_ms(&canned(reader()), check)).contains("not Contributor"));
    }

    #[test]
    fn one_of_several_unknown_subscriptions_proves_nothing() {
        let nothing_known = Subject {
            subscription: None,
            site: None,
            ..subject()
        };
        let canned = canned(contributor(None))
            .with(
                "/subscriptions?",
                json!([{"subscriptionId": "a"}, {"subscriptionId": "b"}]),
            )
            .with("Microsoft.Web/sites", json!([]));
        let finding = run_about(&canned, nothing_known.clone(), check);
        assert_eq!(could_not(&finding), Obstacle::NotKnown);
        let nobody = canned.with("/subscriptions?", json!([]));
        assert_eq!(could_not(&run_about(&nobody, nothing_known, check)), Obstacle::Role);
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        let refused = canned(json!([])).without("roleAssignments", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
