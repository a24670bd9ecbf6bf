//! `ListApiTest`: the request as CIPP received it (facts: cipp 2.8).
//!
//! The bearer token included. That is what the real one does, and a client must never log or keep this answer.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::{CippState, json_answer};

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    let allowed = allowed_tenants(state, call);
    json_answer(&json!({
        "Request": {
            "method": call.method.as_str(),
            "url": call.uri.to_string(),
            "headers": headers(call),
            "query": call.queries().map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>(),
            "params": { "CIPPEndpoint": "ListApiTest" },
            "body": body(call),
        },
        "TriggerMetadata": { "CIPPEndpoint": "ListApiTest" },
        "AllowedTenants": allowed,
        "AllowedGroups": null,
        "RequestContext": {
            "InvocationId": "0c1de9a7-91a5-4a4e-8a0b-6f1b2f3c4d5e",
            "AllowedTenants": allowed,
            "AllowedGroups": null,
            "CachedUserRoleCount": 0,
        },
    }))
}

/// Null for a caller without limits, else the ids of the tenants it may see.
fn allowed_tenants(state: &CippState, call: &Call) -> Value {
    match call.caller.as_ref().and_then(|caller| caller.tenant_limit) {
        None => Value::Null,
        Some(limit) => state
            .world
            .cast()
            .tenants
            .iter()
            .take(limit)
            .map(|tenant| tenant.id.as_str())
            .collect(),
    }
}

fn headers(call: &Call) -> Map<String, Value> {
    let mut headers: Map<_, _> = call
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    if let Some(caller) = &call.caller {
        headers.insert("x-ms-client-principal-idp".into(), "aad".into());
        headers.insert("x-ms-client-principal-name".into(), caller.app_id.to_string().into());
    }
    headers
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use crate::cipp::testing::{Site, caller};
    use crate::scenario::Flavour;

    #[tokio::test]
    async fn echoes_the_token_as_the_real_one_does() {
        let reply = Site::new(Flavour::FunctionApp).get("/api/ListApiTest?a=1").await.json();
        assert_eq!(reply["Request"]["headers"]["authorization"], "Bearer not-a-real-token");
        assert_eq!(reply["Request"]["query"]["a"], "1");
        assert!(reply["AllowedTenants"].is_null());
    }

    #[tokio::test]
    async fn names_the_tenants_of_a_limited_client() {
        let mut limited = caller("readonly");
        limited.tenant_limit = Some(2);
        let reply = Site::new(Flavour::Container)
            .called_by(Some(limited))
            .get("/api/ListApiTest")
            .await
            .json();
        assert_eq!(reply["AllowedTenants"].as_array().map(Vec::len), Some(2));
    }
}
