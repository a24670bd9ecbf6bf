//! `/oauth2PermissionGrants`: consents to delegated scopes. `Directory.Read.All` is the least that shows them.

use serde_json::Value;

use super::{Answer, Call, Endpoint, Need, Words};

pub(super) const NEED: Need = Need {
    scopes: &[
        "Directory.Read.All",
        "DelegatedPermissionGrant.Read.All",
        "Directory.AccessAsUser.All",
    ],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::get("oauth2PermissionGrants", NEED, list)];

fn list(call: &Call<'_>) -> Answer {
    let all = call.directory().all("oauth2PermissionGrants");
    let grants: Vec<Value> = all.map(|(_, grant)| grant.clone()).collect();
    call.list("oauth2PermissionGrants", grants)
}
