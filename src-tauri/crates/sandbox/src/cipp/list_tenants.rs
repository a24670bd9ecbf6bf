//! `ListTenants`: the customers (facts: cipp 2.8). Failure is a 200 too.

use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;
use super::{CippState, json_answer};
use crate::world::{Tenant, World};

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    if state.tenants_fail {
        return json_answer(&failure());
    }
    let wanted = parameter(call, "TenantFilter");
    let limit = call
        .caller
        .as_ref()
        .and_then(|caller| caller.tenant_limit)
        .unwrap_or(usize::MAX);
    let mut list = Vec::new();
    if parameter(call, "AllTenantSelector").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        list.push(all_tenants());
    }
    let cast = state.world.cast();
    let customers = cast
        .tenants
        .iter()
        .take(limit)
        .map(|tenant| (tenant, tenant.display_name.clone()));
    let partner = (limit == usize::MAX).then(|| (&cast.partner, "*Partner Tenant".to_owned()));
    list.extend(
        partner
            .into_iter()
            .chain(customers)
            .filter(|(tenant, _)| wanted.as_deref().is_none_or(|wanted| is(tenant, wanted)))
            .map(|(tenant, name)| row(&state.world, tenant, &name)),
    );
    json_answer(&list.into())
}

/// From the query, else from the JSON body of a POST.
fn parameter(call: &Call, name: &str) -> Option<String> {
    let from_body = || {
        let body: Value = serde_json::from_slice(&call.body).ok()?;
        let (_, value) = body
            .as_object()?
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    call.filled(name).map(str::to_owned).or_else(from_body)
}

fn is(tenant: &Tenant, wanted: &str) -> bool {
    wanted.eq_ignore_ascii_case("AllTenants")
        || [&tenant.id, &tenant.default_domain, &tenant.initial_domain]
            .into_iter()
            .any(|name| name.eq_ignore_ascii_case(wanted))
}

fn row(world: &World, tenant: &Tenant, display_name: &str) -> Value {
    let now = world.now().to_string();
    let label = tenant.initial_domain.split('.').next().unwrap_or_default();
    json!({
        "customerId": tenant.id,
        "defaultDomainName": tenant.default_domain,
        "initialDomainName": tenant.initial_domain,
        "displayName": display_name,
        "domains": "PartnerTenant",
        "delegatedPrivilegeStatus": if tenant.direct { "directTenant" } else { "granularDelegatedAdminPrivileges" },
        "Excluded": false,
        "ExcludeUser": "",
        "ExcludeDate": "",
        "GraphErrorCount": 0,
        "LastGraphError": "",
        "RequiresRefresh": false,
        "LastRefresh": now,
        "hasAutoExtend": true,
        "relationshipCount": 1,
        "relationshipEnd": "2027-10-01T00:00:00Z",
        "PartitionKey": "Tenants",
        "RowKey": tenant.id,
        "Timestamp": now,
        "ETag": "W/\"datetime'2026-08-08T00%3A35%3A13.1234567Z'\"",
        "SharepointAdminUrl": format!("https://{label}-admin.sharepoint.example"),
        "ComplianceUrl": format!("https://compliance.example/?tid={}", tenant.id),
    })
}

fn all_tenants() -> Value {
    json!({
        "customerId": "AllTenants",
        "defaultDomainName": "AllTenants",
        "displayName": "*All Tenants",
        "domains": "AllTenants",
        "GraphErrorCount": 0,
    })
}

fn failure() -> Value {
    json!([{
        "customerId": "",
        "defaultDomainName": "",
        "displayName": "Failed to retrieve tenants: the refresh token has expired",
        "Results": "Failed to retrieve tenants: the refresh token has expired",
    }])
}

#[cfg(test)]
mod tests {
    use crate::cipp::testing::{Site, caller};
    use crate::scenario::Flavour;

    #[tokio::test]
    async fn lists_the_partner_and_twenty_customers() {
        let site = Site::new(Flavour::FunctionApp);
        let list = site.get("/api/ListTenants").await.json();
        assert_eq!(list.as_array().map(Vec::len), Some(21));
        assert_eq!(list[0]["displayName"], "*Partner Tenant");
        let all = site.get("/api/ListTenants?AllTenantSelector=true").await.json();
        assert_eq!(
            (&all[0]["displayName"], all.as_array().map(Vec::len)),
            (&"*All Tenants".into(), Some(22))
        );
        let one = site.get("/api/ListTenants?TenantFilter=dunmore.example").await.json();
        assert_eq!(one.as_array().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn a_limited_client_sees_its_own() {
        let mut limited = caller("readonly");
        limited.tenant_limit = Some(3);
        let site = Site::new(Flavour::FunctionApp).called_by(Some(limited));
        assert_eq!(
            site.get("/api/ListTenants").await.json().as_array().map(Vec::len),
            Some(3)
        );
    }

    #[tokio::test]
    async fn failure_comes_with_status_200() {
        let mut site = Site::new(Flavour::FunctionApp);
        site.state.tenants_fail = true;
        let reply = site.get("/api/ListTenants").await;
        assert_eq!(reply.status, 200);
        assert!(
            reply.json()[0]["displayName"]
                .as_str()
                .unwrap()
                .starts_with("Failed to retrieve tenants")
        );
    }
}
