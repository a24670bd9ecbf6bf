//! The MFA is Microsoft's and nobody else's (facts: Entra C.2 row 17): no policy asks for a third party's factor, no external
//! method is open to the account, and its domain does not have MFA done elsewhere.

use serde_json::Value;

use super::account_policies::acting;
use crate::finding::{Obstacle, Verdict};
use crate::sources::microsoft::{Account, Ask, Ms, encoded, text, unclear};
use crate::sources::{Trail, Trouble, some_of};

const POLICY: &[&str] = &["Policy.Read.All"];

const REMEDY: &str = "CIPP needs Microsoft's own MFA: take the third party out for this account.";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let mut wrong = Vec::new();
    wrong.extend(custom_factors(ms, &account, trail).await?);
    wrong.extend(external_methods(ms, &account, trail).await?);
    match elsewhere(ms, &account, trail).await? {
        Elsewhere::No => {}
        Elsewhere::Yes(reason) => wrong.push(reason),
        // What is wrong for certain is said even where the rest is open.
        Elsewhere::Unknown(trouble) if wrong.is_empty() => return Err(trouble),
        Elsewhere::Unknown(_) => {}
    }
    if wrong.is_empty() {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(format!("{}.", wrong.join("; ")), REMEDY))
}

async fn custom_factors(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Option<String>, Trouble> {
    let policies = match acting(ms, account, trail).await {
        Ok(policies) => policies,
        // No licence, no policies, no custom factors.
        Err(trouble) if trouble.cause() == Some(Obstacle::Licence) => Vec::new(),
        Err(trouble) => return Err(trouble),
    };
    let asking: Vec<&str> = policies
        .iter()
        .filter(|policy| !policy.third_parties.is_empty())
        .map(|policy| policy.name.as_str())
        .collect();
    trail.saw("policies with customAuthenticationFactors", asking.len());
    Ok((!asking.is_empty()).then(|| format!("a third party's factor is asked for by {}", some_of(&asking))))
}

async fn external_methods(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Option<String>, Trouble> {
    let policy = ms
        .ask(trail, Ask::graph("/policies/authenticationMethodsPolicy").needs(POLICY))
        .await?;
    let empty = Vec::new();
    let configurations = policy["authenticationMethodConfigurations"]
        .as_array()
        .unwrap_or(&empty);
    let on: Vec<&Value> = configurations
        .iter()
        .filter(|one| {
            text(one, "@odata.type").is_some_and(|kind| kind.ends_with("externalAuthenticationMethodConfiguration"))
                && text(one, "state") == Some("enabled")
        })
        .collect();
    trail.saw("external methods switched on", on.len());
    let mut open = Vec::new();
    for one in on {
        if is_open_to(ms, one, account, trail).await? {
            open.push(text(one, "displayName").unwrap_or("without a name").to_owned());
        }
    }
    Ok((!open.is_empty()).then(|| format!("the external method {} is open to the account", some_of(&open))))
}

/// Targets are `all_users` or groups. Which groups the account is in is asked only when it matters.
async fn is_open_to(ms: &mut Ms<'_>, method: &Value, account: &Account, trail: &mut Trail) -> Result<bool, Trouble> {
    let targets = |name: &str| -> Vec<String> {
        let all = method[name].as_array();
        let ids = all.into_iter().flatten().filter_map(|target| text(target, "id"));
        ids.map(str::to_ascii_lowercase).collect()
    };
    let (included, excluded) = (targets("includeTargets"), targets("excludeTargets"));
    let everybody = included.iter().any(|id| id == "all_users");
    if everybody && excluded.is_empty() {
        return Ok(true);
    }
    if included.is_empty() {
        return Ok(false);
    }
    let path = format!(
        "/users/{}/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id",
        encoded(&account.id)
    );
    let groups = ms.list(trail, Ask::graph(path).eventual()).await?;
    let is_in = |targets: &[String]| {
        groups
            .iter()
            .filter_map(|group| text(group, "id"))
            .any(|id| targets.contains(&id.to_ascii_lowercase()))
    };
    Ok(!is_in(&excluded) && (everybody || is_in(&included)))
}

enum Elsewhere {
    No,
    Yes(String),
    Unknown(Trouble),
}

/// Whether the account's domain is federated and MFA is done, or taken, from there.
async fn elsewhere(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Elsewhere, Trouble> {
    let Some((_, name)) = account.user_name.rsplit_once('@') else {
        return Err(unclear("The account's user name has no domain."));
    };
    let domain = ms.ask(trail, Ask::graph(format!("/domains/{}", encoded(name)))).await?;
    let kind = text(&domain, "authenticationType").unwrap_or("not told");
    trail.saw(format!("authenticationType of {name}"), kind);
    match kind {
        "Managed" => return Ok(Elsewhere::No),
        "Federated" => {}
        _ => {
            return Ok(Elsewhere::Unknown(unclear(format!(
                "Graph does not say how {name} signs people in."
            ))));
        }
    }
    let behaviour = match text(&domain, "federatedIdpMfaBehavior") {
        Some(behaviour) => Some(behaviour.to_owned()),
        None => {
            let path = format!("/domains/{}/federationConfiguration", encoded(name));
            let all = ms.list(trail, Ask::graph(path)).await?;
            all.iter()
                .find_map(|one| text(one, "federatedIdpMfaBehavior"))
                .map(str::to_owned)
        }
    };
    trail.saw("federatedIdpMfaBehavior", behaviour.as_deref().unwrap_or("not told"));
    Ok(match behaviour.as_deref() {
        Some("rejectMfaByFederatedIdp") => Elsewhere::No,
        Some(_) => Elsewhere::Yes(format!("{name} is federated, and MFA is done or accepted from there")),
        None => Elsewhere::Unknown(unclear(format!(
            "{name} is federated, and Graph does not say where its MFA is done."
        ))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::conditional_access::tests::dedicated;
    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn canned() -> Canned {
        Canned::new()
            .with("/users/cipp", account())
            .with("/identity/conditionalAccess/policies", json!([dedicated()]))
            .with(
                "/policies/authenticationMethodsPolicy",
                json!({"authenticationMethodConfigurations": [
                {"@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration", "state": "enabled"}]}),
            )
            .with("/domains/msp.example", json!({"authenticationType": "Managed"}))
    }

    fn external(state: &str, include: &[&str], exclude: &[&str]) -> Canned {
        let targets =
            |ids: &[&str]| -> Value { ids.iter().map(|id| json!({"id": id, "targetType": "group"})).collect() };
        canned()
            .with("/policies/authenticationMethodsPolicy", json!({"authenticationMethodConfigurations": [
                {"@odata.type": "#microsoft.graph.externalAuthenticationMethodConfiguration", "state": state, "displayName": "Duo",
                 "includeTargets": targets(include), "excludeTargets": targets(exclude)}]}))
            .with("transitiveMemberOf/microsoft.graph.group", json!([{"id": "g1"}]))
    }

    #[test]
    fn microsoft_alone_passes() {
        assert!(passed(&run_ms(&canned(), check)));
    }

    #[test]
    fn a_custom_factor_fails_only_where_the_policy_acts() {
        let mut policy = dedicated();
        policy["grantControls"]["customAuthenticationFactors"] = json!(["DuoMfa"]);
        let on = canned().with("/identity/conditionalAccess/policies", json!([policy]));
        assert!(failed(&run_ms(&on, check)).contains("third party"));
        policy["state"] = json!("disabled");
        let off = canned().with("/identity/conditionalAccess/policies", json!([policy]));
        assert!(passed(&run_ms(&off, check)));
    }

    #[test]
    fn an_external_method_fails_only_where_it_is_open_to_the_account() {
        assert!(failed(&run_ms(&external("enabled", &["all_users"], &[]), check)).contains("Duo"));
        assert!(failed(&run_ms(&external("enabled", &["G1"], &[]), check)).contains("Duo"));
        assert!(passed(&run_ms(&external("enabled", &["all_users"], &["g1"]), check)));
        assert!(passed(&run_ms(&external("enabled", &["g2"], &[]), check)));
        assert!(passed(&run_ms(&external("disabled", &["all_users"], &[]), check)));
    }

    #[test]
    fn a_federated_domain_depends_on_where_mfa_is_done() {
        let federated = |configuration: Value| {
            canned()
                .with("/domains/msp.example", json!({"authenticationType": "Federated"}))
                .with("/domains/msp.example/federationConfiguration", configuration)
        };
        let behaviour = |behaviour: &str| federated(json!([{"federatedIdpMfaBehavior": behaviour}]));
        assert!(passed(&run_ms(&behaviour("rejectMfaByFederatedIdp"), check)));
        failed(&run_ms(&behaviour("acceptIfMfaDoneByFederatedIdp"), check));
        failed(&run_ms(&behaviour("enforceMfaByFederatedIdp"), check));
        assert_eq!(could_not(&run_ms(&federated(json!([{}])), check)), Obstacle::Unclear);
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        for part in [
            "/identity/conditionalAccess/policies",
            "authenticationMethodsPolicy",
            "/domains/",
        ] {
            assert_eq!(
                could_not(&run_ms(&canned().without(part, no_scope()), check)),
                Obstacle::Scope,
                "{part}"
            );
        }
    }
}
