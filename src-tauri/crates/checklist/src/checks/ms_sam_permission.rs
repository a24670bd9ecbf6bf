//! CIPP-SAM asks for Azure Service Management, user_impersonation (facts: Entra C.2 row 6). The older procedure alone.

use serde_json::Value;

use crate::finding::Verdict;
use crate::sources::microsoft::{Ask, Ms, encoded, text};
use crate::sources::{Trail, Trouble};

/// Azure Service Management.
pub(super) const AZURE: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
/// Its delegated scope `user_impersonation`.
const USER_IMPERSONATION: &str = "41094075-9dad-400e-a0bd-54e686782033";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let sam = ms.sam_app_id(trail).await?;
    let path = format!(
        "/applications(appId='{}')?$select=id,appId,displayName,requiredResourceAccess",
        encoded(&sam)
    );
    match ms.ask(trail, Ask::graph(path)).await {
        Ok(application) => Ok(judge(&application, trail)),
        Err(trouble) if trouble.is_not_found() => Ok(Verdict::failed(
            format!("There is no application {sam} in this tenant."),
            "CIPP's permission check shows the application's ID; sign in to the tenant that it is registered in.",
        )),
        Err(trouble) => Err(trouble),
    }
}

fn judge(application: &Value, trail: &mut Trail) -> Verdict {
    if let Some(name) = text(application, "displayName") {
        trail.saw("displayName", name);
    }
    let empty = Vec::new();
    let resources = application["requiredResourceAccess"].as_array().unwrap_or(&empty);
    let is = |object: &Value, field: &str, wanted: &str| {
        text(object, field).is_some_and(|own| own.eq_ignore_ascii_case(wanted))
    };
    let asked_for = resources
        .iter()
        .filter(|resource| is(resource, "resourceAppId", AZURE))
        .filter_map(|resource| resource["resourceAccess"].as_array())
        .flatten()
        .any(|access| is(access, "id", USER_IMPERSONATION) && is(access, "type", "Scope"));
    trail.saw(
        "requiredResourceAccess holds Azure Service Management, user_impersonation",
        asked_for,
    );
    if asked_for {
        return Verdict::passed();
    }
    Verdict::failed(
        "CIPP-SAM does not ask for Azure Service Management, user_impersonation.",
        "In the app registration, open API permissions, choose Add a permission, Azure Service Management, Delegated, user_impersonation.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, no_scope};

    fn look(access: Value) -> crate::finding::Finding {
        let app = json!({"displayName": "CIPP-SAM", "requiredResourceAccess": [
            {"resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": []},
            {"resourceAppId": AZURE, "resourceAccess": access}]});
        run_ms(&Canned::new().with("/applications(appId=", app), check)
    }

    #[test]
    fn the_scope_counts_and_a_role_of_the_same_id_does_not() {
        assert!(passed(&look(json!([{"id": USER_IMPERSONATION, "type": "Scope"}]))));
        failed(&look(json!([{"id": USER_IMPERSONATION, "type": "Role"}])));
        failed(&look(json!([])));
        failed(&run_ms(&Canned::new().with("/applications(appId=", json!({})), check));
    }

    #[test]
    fn no_such_application_fails_and_no_permission_says_nothing() {
        assert!(failed(&run_ms(&Canned::new(), check)).contains("no application"));
        let refused = Canned::new().without("/applications", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
