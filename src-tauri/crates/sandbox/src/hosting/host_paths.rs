//! What the API host does with paths before CIPP's own code sees them: `/api/{endpoint}` goes on, whatever the case of
//! `api`; the rest is answered by the platform (Function App) or by the web UI, which the container also serves.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri, header::HOST},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use super::{Flavour, website};
use crate::{directory::places::SITE, scenario::Scenario};

/// Where a site tells clients of its MCP server how to sign in (RFC 9728).
pub(super) const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource";

pub(super) async fn serve(State(scenario): State<Arc<Scenario>>, mut request: Request, next: Next) -> Response {
    let flavour = scenario.flavour;
    let path = request.uri().path();
    if scenario.client_for_mcp && path.starts_with(RESOURCE_METADATA) {
        return resource_metadata(&request);
    }
    if let Some(endpoint) = endpoint(path) {
        if !path.starts_with("/api/")
            && let Some(uri) = with_lower_case_api(request.uri(), endpoint)
        {
            *request.uri_mut() = uri;
        }
        return next.run(request).await;
    }
    match (flavour, path) {
        (Flavour::Container, "/healthz") => healthz(),
        (Flavour::Container, path) if !under_api(path) && !path.starts_with("/.auth") => website::index(),
        (Flavour::FunctionApp, "/") => Html(
            "<!DOCTYPE html><html><head><title>Your Azure Function App is up and running.</title></head><body>\
             <h1>Your Functions 4.0 app is up and running</h1></body></html>",
        )
        .into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn under_api(path: &str) -> bool {
    path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("/api"))
}

/// The endpoint's name, if the path is `/api/` and one more segment.
fn endpoint(path: &str) -> Option<&str> {
    let endpoint = path.get(4..)?.strip_prefix('/')?.trim_end_matches('/');
    (under_api(path) && !endpoint.is_empty() && !endpoint.contains('/')).then_some(endpoint)
}

fn with_lower_case_api(uri: &Uri, endpoint: &str) -> Option<Uri> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/api/{endpoint}{query}").parse().ok()
}

/// What Save to Azure publishes once a client is marked for MCP (source: `Invoke-ExecApiClient.ps1`).
fn resource_metadata(request: &Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let origin = format!("https://{}", host.unwrap_or_default());
    axum::Json(json!({
        "resource": format!("{origin}/api/ExecMcp"),
        "authorization_servers": [origin],
        "scopes_supported": [format!("https://{SITE}.azurewebsites.net/user_impersonation")],
        "bearer_methods_supported": ["header"],
    }))
    .into_response()
}

/// Alive as long as it answers; whether it is ready stands in the body.
fn healthz() -> Response {
    axum::Json(json!({
        "status": "ready",
        "roles": { "frontend": true, "http": true, "background": true },
        "ready": { "http": true, "background": true, "storage": true },
    }))
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_segment_below_api_is_an_endpoint() {
        assert_eq!(endpoint("/api/ListLogs"), Some("ListLogs"));
        assert_eq!(endpoint("/API/ListLogs/"), Some("ListLogs"));
        assert_eq!(endpoint("/api/api/ListLogs"), None);
        assert_eq!(endpoint("/ListLogs"), None);
        assert_eq!(endpoint("/api/"), None);
        assert_eq!(endpoint("/äpi/ListLogs"), None);
    }
}
