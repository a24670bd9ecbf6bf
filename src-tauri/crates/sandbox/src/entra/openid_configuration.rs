//! `GET /{tenant}/v2.0/.well-known/openid-configuration`: where everything is. Its endpoints carry the tenant's GUID
//! even when a domain was asked for, which makes it the way to find the GUID (facts: entra A.6, A.7).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde_json::json;
use uuid::Uuid;

use super::{Authority, Tenant, refusal::Refusal};

pub(super) async fn serve(State(authority): State<Arc<Authority>>, Path(tenant): Path<String>) -> Response {
    let segment = match Tenant::recognise(&tenant, &authority.identity) {
        Tenant::Known => authority.identity.tenant_id.to_string(),
        Tenant::Shared => tenant.to_ascii_lowercase(),
        Tenant::Unknown => {
            return Refusal::tenant_not_found("invalid_tenant", &tenant).into_response(&authority, Uuid::new_v4());
        }
        Tenant::Malformed => {
            return Refusal::tenant_malformed(&tenant).into_response(&authority, Uuid::new_v4());
        }
    };
    // Tokens of the shared endpoints name the tenant of the caller, so Microsoft prints a placeholder there.
    let issuer_tenant = match segment.as_str() {
        "common" | "organizations" => "{tenantid}",
        other => other,
    };
    let base = format!("{}/{segment}", authority.origin);
    Json(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("https://login.microsoftonline.com/{issuer_tenant}/v2.0"),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
            "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid",
            "ver", "at_hash", "c_hash", "email"
        ],
        "kerberos_endpoint": format!("{base}/kerberos"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }))
    .into_response()
}
