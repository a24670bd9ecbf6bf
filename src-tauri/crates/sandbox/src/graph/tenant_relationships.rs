//! `/tenantRelationships/delegatedAdminRelationships`: GDAP.

use serde_json::Value;

use super::{Answer, Call, Endpoint, Need, Words};

const NEED: Need = Need {
    scopes: &["DelegatedAdminRelationship.Read.All"],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::get(
    "tenantRelationships/delegatedAdminRelationships",
    NEED,
    list,
)];

fn list(call: &Call<'_>) -> Answer {
    let all = call.directory().all("delegatedAdminRelationships");
    let relationships: Vec<Value> = all.map(|(_, one)| one.clone()).collect();
    call.list("tenantRelationships/delegatedAdminRelationships", relationships)
}
