//! The Function App's own identity is Contributor of the Function App (facts: Entra C.2 row 8c).

use super::assignments::rights;
use crate::finding::Verdict;
use crate::sources::microsoft::{Ask, Ms, text};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let site = ms.site(trail).await?;
    let app = ms
        .ask(trail, Ask::azure(format!("{site}?api-version=2022-03-01")))
        .await;
    let app = match app {
        Err(trouble) if trouble.is_not_found() => {
            return Ok(Verdict::failed(
                format!("There is no Function App {site}."),
                "Correct the Function App, or sign in as somebody who may see it.",
            ));
        }
        other => other?,
    };
    let remedy = "In the Azure portal, open the Function App, Access control (IAM), and assign Contributor to its managed identity.";
    let Some(identity) = text(&app["identity"], "principalId") else {
        trail.saw("identity.principalId", "none");
        return Ok(Verdict::failed(
            "The Function App has no identity of its own.",
            "In the Azure portal, open the Function App, Identity, and switch the system-assigned identity on; then assign Contributor to it.",
        ));
    };
    trail.saw("identity.principalId", identity);
    let rights = rights(ms, trail, &site, identity, false).await?;
    Ok(if rights.whole.is_empty() {
        Verdict::failed(
            "The Function App's identity is not Contributor of the Function App.",
            remedy,
        )
    } else {
        Verdict::passed()
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
    use crate::sources::microsoft::tests::{Canned, SITE, no_scope, subject};

    fn canned(identity: Value, assignments: Value) -> Canned {
        Canned::new()
            .with(SITE, json!({"id": SITE, "identity": identity}))
            .with(&format!("{SITE}/providers/Microsoft.Authorization"), assignments)
    }

    #[test]
    fn the_identity_must_exist_and_have_the_role() {
        let identity = || json!({"type": "SystemAssigned", "principalId": "mi"});
        let sound = canned(identity(), contributor(None));
        assert!(passed(&run_ms(&sound, check)));
        assert!(sound.questions().last().unwrap().contains("assignedTo('mi')"));
        failed(&run_ms(&canned(identity(), reader()), check));
        assert!(failed(&run_ms(&canned(Value::Null, json!([])), check)).contains("no identity"));
        assert!(failed(&run_ms(&Canned::new(), check)).contains("no Function App"));
    }

    #[test]
    fn a_hosted_instance_cannot_be_found_and_nothing_is_said() {
        let nothing_known = Subject {
            site: None,
            ..subject()
        };
        let canned = Canned::new()
            .with("/subscriptions?", json!([{"subscriptionId": "a"}]))
            .with("Microsoft.Web/sites", json!([]));
        assert_eq!(could_not(&run_about(&canned, nothing_known, check)), Obstacle::NotKnown);
        let refused = Canned::new().without("azure", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
