//! `/servicePrincipals`: enterprise applications, and what has been consented to for one of them.

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, applications, oauth2_permission_grants};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("servicePrincipals", applications::NEED, list),
    Endpoint::get("servicePrincipals/{}", applications::NEED, by_id),
    Endpoint::get("servicePrincipals(appId='{}')", applications::NEED, by_app_id),
    Endpoint::get(
        "servicePrincipals/{}/oauth2PermissionGrants",
        oauth2_permission_grants::NEED,
        grants,
    ),
];

fn list(call: &Call<'_>) -> Answer {
    applications::listed(call, "servicePrincipals")
}

fn by_id(call: &Call<'_>) -> Answer {
    applications::found(call, "servicePrincipals", "id")
}

fn by_app_id(call: &Call<'_>) -> Answer {
    applications::found(call, "servicePrincipals", "appId")
}

fn grants(call: &Call<'_>) -> Answer {
    let found = call.directory().by_id("servicePrincipals", call.id());
    let (_, principal) = found.ok_or_else(|| GraphError::not_found(call.id()))?;
    let all = call.directory().all("oauth2PermissionGrants").map(|(_, grant)| grant);
    let grants: Vec<Value> = all
        .filter(|grant| grant["clientId"] == principal["id"])
        .cloned()
        .collect();
    call.list("oauth2PermissionGrants", grants)
}
