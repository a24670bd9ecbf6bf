//! `/auditLogs/signIns`: who signed in, newest first. Needs Entra ID P1 (facts: entra C.3).

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, reports};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::get("auditLogs/signIns", reports::NEED, list)];

fn list(call: &Call<'_>) -> Answer {
    if !call.has_premium() {
        return Err(GraphError::no_licence());
    }
    let mut sign_ins: Vec<Value> = call.directory().all("signIns").map(|(_, one)| one.clone()).collect();
    sign_ins.sort_by_cached_key(|one| std::cmp::Reverse(one["createdDateTime"].to_string()));
    call.list("auditLogs/signIns", sign_ins)
}
