//! The API's application exists in the tenant and is sound (facts: Entra C.2 row 9).

use serde_json::Value;

use crate::finding::Verdict;
use crate::sources::microsoft::{Ask, Ms, encoded, quoted, shown, text};
use crate::sources::{Trail, Trouble};

/// The scope that CIPP gives every application it makes; the same ID everywhere.
const CIPP_SCOPE: &str = "ba7ffeff-96ea-4ac4-9822-1bcfee9adaa4";

const FIELDS: &str = "id,appId,displayName,createdDateTime,identifierUris,signInAudience,web,api,passwordCredentials";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let Some(client) = ms.subject.client_id.clone() else {
        return Err(super::no_client());
    };
    let Some(application) = application(ms, trail, &client).await? else {
        return Ok(no_application(&client));
    };
    if let Some(wrong) = judge(&application, trail) {
        return Ok(wrong);
    }
    principal(ms, trail, &client).await
}

/// The application of the API client, by its identifier; shared with the check of the secret.
pub(super) async fn application(ms: &mut Ms<'_>, trail: &mut Trail, client: &str) -> Result<Option<Value>, Trouble> {
    let filter = format!("identifierUris/any(x:x eq {})", quoted(&format!("api://{client}")));
    let path = format!("/applications?$filter={}&$select={FIELDS}", encoded(&filter));
    let found = ms.list(trail, Ask::graph(path)).await?;
    Ok(found.into_iter().next())
}

pub(super) fn no_application(client: &str) -> Verdict {
    Verdict::failed(
        format!("No application in this tenant has the identifier api://{client}."),
        "In CIPP, open Integrations, CIPP-API and create the client; if it exists, choose Repair URI in its menu. Check that the sign-in is to your own tenant.",
    )
}

/// What is wrong with the application, if anything is.
fn judge(application: &Value, trail: &mut Trail) -> Option<Verdict> {
    trail.saw("displayName", shown(application, "displayName"));
    trail.saw("createdDateTime", shown(application, "createdDateTime"));
    let api = &application["api"];
    let made_by_cipp = api["oauth2PermissionScopes"].as_array().is_some_and(|scopes| {
        scopes
            .iter()
            .any(|scope| text(scope, "id").is_some_and(|id| id.eq_ignore_ascii_case(CIPP_SCOPE)))
    });
    trail.saw("has the scope that CIPP gives", made_by_cipp);
    let version = api["requestedAccessTokenVersion"].as_u64();
    trail.saw("requestedAccessTokenVersion", shown(api, "requestedAccessTokenVersion"));
    (version == Some(2)).then(|| {
        Verdict::failed(
            "The application asks for tokens of version 2, as a client for MCP does: CIPP refuses them from an ordinary client.",
            "Create another client in CIPP with MCP switched off.",
        )
    })
}

async fn principal(ms: &mut Ms<'_>, trail: &mut Trail, client: &str) -> Result<Verdict, Trouble> {
    let path = format!(
        "/servicePrincipals(appId='{}')?$select=id,accountEnabled,appRoleAssignmentRequired",
        encoded(client)
    );
    let principal = match ms.ask(trail, Ask::graph(path)).await {
        Err(trouble) if trouble.is_not_found() => {
            return Ok(Verdict::failed(
                "The application has no service principal: nobody can sign in as it.",
                "Delete the client in CIPP together with its app registration, and create it anew.",
            ));
        }
        other => other?,
    };
    trail.saw("accountEnabled", shown(&principal, "accountEnabled"));
    trail.saw(
        "appRoleAssignmentRequired",
        shown(&principal, "appRoleAssignmentRequired"),
    );
    let page = "In the Entra admin centre, open Enterprise applications, the application, Properties";
    Ok(if principal["accountEnabled"] == false {
        Verdict::failed(
            "The application is switched off in Entra.",
            format!("{page}, and let users sign in."),
        )
    } else if principal["appRoleAssignmentRequired"] == true {
        Verdict::failed(
            "The application wants its callers to be assigned to it, and CIPP assigns nobody.",
            format!("{page}, and set Assignment required to No."),
        )
    } else {
        Verdict::passed()
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{CLIENT, Canned, no_scope};

    fn canned(version: Value, principal: Value) -> Canned {
        let app = json!([{"displayName": "CIPP Desk", "createdDateTime": "2026-11-20T08:00:00Z",
            "api": {"requestedAccessTokenVersion": version, "oauth2PermissionScopes": [{"id": CIPP_SCOPE}]}}]);
        Canned::new()
            .with(&format!("identifierUris/any(x:x eq 'api://{CLIENT}')"), app)
            .with("/servicePrincipals(appId=", principal)
    }

    fn sound() -> Value {
        json!({"accountEnabled": true, "appRoleAssignmentRequired": false})
    }

    #[test]
    fn version_1_or_none_passes_and_2_fails() {
        assert!(passed(&run_ms(&canned(Value::Null, sound()), check)));
        assert!(passed(&run_ms(&canned(json!(1), sound()), check)));
        assert!(failed(&run_ms(&canned(json!(2), sound()), check)).contains("MCP"));
    }

    #[test]
    fn the_principal_must_be_there_on_and_open() {
        let look = |principal| failed(&run_ms(&canned(Value::Null, principal), check));
        assert!(look(json!({"accountEnabled": false})).contains("switched off"));
        assert!(look(json!({"accountEnabled": true, "appRoleAssignmentRequired": true})).contains("assigned"));
        let app = json!([{"displayName": "CIPP Desk"}]);
        let without = Canned::new().with("/applications?", app);
        assert!(failed(&run_ms(&without, check)).contains("no service principal"));
    }

    #[test]
    fn no_application_fails_and_no_permission_says_nothing() {
        let none = Canned::new().with("/applications?", json!([]));
        assert!(failed(&run_ms(&none, check)).contains("No application"));
        let refused = Canned::new().without("/applications?", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
