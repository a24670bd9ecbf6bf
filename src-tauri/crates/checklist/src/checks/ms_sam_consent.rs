//! Admin consent was given to CIPP-SAM for Azure Service Management (facts: Entra C.2 row 7). Consent for the account alone
//! is enough for CIPP, and said as such.

use serde_json::Value;

use super::ms_sam_permission::AZURE;
use crate::finding::Verdict;
use crate::sources::microsoft::{Ask, Ms, encoded, text, unclear};
use crate::sources::{Trail, Trouble};

const SCOPE: &str = "user_impersonation";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let sam = ms.sam_app_id(trail).await?;
    let (Some(sam), Some(azure)) = (principal(ms, trail, &sam).await?, principal(ms, trail, AZURE).await?) else {
        return Ok(not_given());
    };
    let path = format!("/servicePrincipals/{}/oauth2PermissionGrants", encoded(&sam));
    let grants = ms.list(trail, Ask::graph(path)).await?;
    let covering: Vec<&Value> = grants
        .iter()
        .filter(|grant| text(grant, "resourceId") == Some(azure.as_str()) && holds_scope(grant))
        .collect();
    for grant in &covering {
        trail.saw("consentType", text(grant, "consentType").unwrap_or("not told"));
    }
    if covering
        .iter()
        .any(|grant| text(grant, "consentType") == Some("AllPrincipals"))
    {
        return Ok(Verdict::passed());
    }
    if covering.is_empty() {
        return Ok(not_given());
    }
    // Only now does it matter who the account is.
    let account = ms.account(trail).await?;
    if covering
        .iter()
        .any(|grant| text(grant, "principalId") == Some(account.id.as_str()))
    {
        return Ok(Verdict::passed_but(format!(
            "Consent was given for {} alone, which is enough for CIPP.",
            account.user_name
        )));
    }
    Ok(Verdict::failed(
        "Consent was given for other persons only, not for the account that CIPP runs under.",
        "In the app registration, open API permissions and choose Grant admin consent.",
    ))
}

/// The service principal of an application; `None` when the tenant has none, so that nothing was ever consented to.
async fn principal(ms: &mut Ms<'_>, trail: &mut Trail, app: &str) -> Result<Option<String>, Trouble> {
    let path = format!("/servicePrincipals(appId='{}')?$select=id", encoded(app));
    match ms.ask(trail, Ask::graph(path)).await {
        Ok(found) => match text(&found, "id") {
            Some(id) => Ok(Some(id.to_owned())),
            None => Err(unclear("Graph does not say the service principal's ID.")),
        },
        Err(trouble) if trouble.is_not_found() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// Scopes are separated by blanks, and Graph puts one in front of the first.
fn holds_scope(grant: &Value) -> bool {
    text(grant, "scope").is_some_and(|scopes| scopes.split_whitespace().any(|scope| scope.eq_ignore_ascii_case(SCOPE)))
}

fn not_given() -> Verdict {
    Verdict::failed(
        "Nobody has consented to Azure Service Management, user_impersonation, for CIPP-SAM.",
        "In the app registration, open API permissions and choose Grant admin consent.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, hint, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, OID, SAM_ID, account, no_scope};

    fn canned(grants: Value) -> Canned {
        Canned::new()
            .with("/users/", account())
            .with(
                &format!("/servicePrincipals(appId='{SAM_ID}')"),
                json!({"id": "sam-sp"}),
            )
            .with(&format!("/servicePrincipals(appId='{AZURE}')"), json!({"id": "arm-sp"}))
            .with("/servicePrincipals/sam-sp/oauth2PermissionGrants", grants)
    }

    fn grant(scope: &str, consent: &str, principal: Option<&str>, resource: &str) -> Value {
        json!([{"resourceId": resource, "consentType": consent, "principalId": principal, "scope": scope}])
    }

    #[test]
    fn a_leading_blank_is_no_obstacle() {
        let grants = grant(" user_impersonation", "AllPrincipals", None, "arm-sp");
        assert!(passed(&run_ms(&canned(grants), check)));
    }

    #[test]
    fn another_scope_or_another_resource_is_no_consent() {
        for grants in [
            grant(" user_impersonation_all", "AllPrincipals", None, "arm-sp"),
            grant(" user_impersonation", "AllPrincipals", None, "graph-sp"),
            json!([]),
        ] {
            assert!(failed(&run_ms(&canned(grants), check)).contains("Nobody"));
        }
    }

    #[test]
    fn consent_for_the_account_is_enough_and_for_somebody_else_is_not() {
        let mine = grant("user_impersonation", "Principal", Some(OID), "arm-sp");
        assert!(hint(&run_ms(&canned(mine), check)).contains("alone"));
        let theirs = grant("user_impersonation", "Principal", Some("other"), "arm-sp");
        assert!(failed(&run_ms(&canned(theirs), check)).contains("other persons"));
    }

    #[test]
    fn without_the_principal_of_azure_there_is_no_consent() {
        let canned = Canned::new().with(
            &format!("/servicePrincipals(appId='{SAM_ID}')"),
            json!({"id": "sam-sp"}),
        );
        failed(&run_ms(&canned, check));
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        let canned = canned(json!([])).without("oauth2PermissionGrants", no_scope());
        assert_eq!(could_not(&run_ms(&canned, check)), Obstacle::Scope);
    }
}
