//! The tenant is the right one: that of the connection (facts: Entra C.2 row 1). Whether it is a partner is shown, not judged.

use serde_json::Value;

use crate::finding::{Obstacle, Verdict};
use crate::sources::microsoft::{Ask, Ms, text, unclear};
use crate::sources::{Trail, Trouble, TroubleKind};

const PATH: &str = "/organization?$select=id,displayName,verifiedDomains,partnerTenantType";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let Some(tenant) = ms.subject.tenant.clone() else {
        return Err(Trouble::new(
            Obstacle::NotConnected,
            "There is no connection yet whose tenant could be compared.",
            "Enter the connection first.",
        ));
    };
    let found = match ms.list(trail, Ask::graph(PATH)).await {
        // The kind of partner is not told in every version of Graph.
        Err(trouble) if trouble.kind == TroubleKind::NotTaken => ms.list(trail, Ask::graph(PATH).beta()).await?,
        other => other?,
    };
    let organisation = found.first().ok_or_else(|| unclear("Graph names no organisation."))?;
    judge(organisation, &tenant, trail)
}

fn judge(organisation: &Value, tenant: &str, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let id = text(organisation, "id").ok_or_else(|| unclear("Graph does not say the organisation's ID."))?;
    let name = text(organisation, "displayName").unwrap_or("without a name");
    let domains = organisation["verifiedDomains"].as_array();
    let has_domain = domains.is_some_and(|domains| {
        domains
            .iter()
            .any(|domain| text(domain, "name").is_some_and(|own| own.eq_ignore_ascii_case(tenant)))
    });
    trail.saw("id", id);
    trail.saw("displayName", name);
    trail.saw(
        "partnerTenantType",
        text(organisation, "partnerTenantType").unwrap_or("not told"),
    );
    if id.eq_ignore_ascii_case(tenant) || has_domain {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(
        format!("The sign-in was to {name} ({id}), and the connection names {tenant}."),
        "Correct the tenant in the connection: it must be your own company's tenant, not a customer's. Or sign in to the right one.",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::sources::microsoft::tests::{Canned, TENANT, no_scope};

    fn organisation(id: &str) -> Value {
        json!([{"id": id, "displayName": "Contoso IT", "verifiedDomains": [{"name": "msp.example"}], "partnerTenantType": "valueAddedResellerPartner"}])
    }

    #[test]
    fn passes_for_the_id_and_fails_for_another() {
        assert!(passed(&run_ms(
            &Canned::new().with("/organization", organisation(TENANT)),
            check
        )));
        let other = run_ms(&Canned::new().with("/organization", organisation("customer")), check);
        assert!(failed(&other).contains("Contoso IT"));
    }

    #[test]
    fn a_domain_of_the_tenant_will_do() {
        let verdict = judge(&organisation(TENANT)[0], "MSP.example", &mut Trail::default());
        assert_eq!(verdict.unwrap(), Verdict::passed());
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        let finding = run_ms(&Canned::new().without("/organization", no_scope()), check);
        assert_eq!(could_not(&finding), Obstacle::Scope);
    }

    #[test]
    fn the_beta_is_asked_where_the_other_does_not_know_the_field() {
        let not_taken = Trouble {
            kind: TroubleKind::NotTaken,
            ..no_scope()
        };
        let canned = Canned::new()
            .without("/organization", not_taken)
            .with("beta /organization", organisation(TENANT));
        assert!(passed(&run_ms(&canned, check)));
    }
}
