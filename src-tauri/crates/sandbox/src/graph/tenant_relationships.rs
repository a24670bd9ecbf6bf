//! `/tenantRelationships/delegatedAdminRelationships`: GDAP, and which group was given which role in a customer's tenant.

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words};

const NEED: Need = Need {
    scopes: &["DelegatedAdminRelationship.Read.All"],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

const TABLE: &str = "delegatedAdminRelationships";

/// The property of the directory's file that Graph shows as a relation.
const ASSIGNMENTS: &str = "accessAssignments";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("tenantRelationships/delegatedAdminRelationships", NEED, list),
    Endpoint::get(
        "tenantRelationships/delegatedAdminRelationships/{}/accessAssignments",
        NEED,
        assignments,
    ),
];

fn list(call: &Call<'_>) -> Answer {
    let shown = |relationship: &Value| {
        let mut relationship = relationship.clone();
        if let Some(object) = relationship.as_object_mut() {
            object.shift_remove(ASSIGNMENTS);
        }
        relationship
    };
    let all: Vec<Value> = call.directory().all(TABLE).map(|(_, one)| shown(one)).collect();
    call.list("tenantRelationships/delegatedAdminRelationships", all)
}

fn assignments(call: &Call<'_>) -> Answer {
    let relationship = call.directory().by_id(TABLE, call.id());
    let (_, relationship) = relationship.ok_or_else(|| GraphError::not_found(call.id()))?;
    let all = relationship[ASSIGNMENTS].as_array().cloned().unwrap_or_default();
    let kind = format!(
        "tenantRelationships/delegatedAdminRelationships('{}')/accessAssignments",
        call.id()
    );
    call.list(&kind, all)
}
