//! `GET /common/discovery/instance`: which hosts are one cloud. MSAL asks it before it trusts an authority it does
//! not know (facts: entra A.7).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::Authority;

#[derive(Deserialize)]
pub(super) struct Question {
    authorization_endpoint: Option<String>,
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

pub(super) async fn serve(State(authority): State<Arc<Authority>>, Query(question): Query<Question>) -> Response {
    let endpoint = question
        .authorization_endpoint
        .as_deref()
        .and_then(|text| Url::parse(text).ok())
        .filter(|url| is_known(&authority, url));
    let Some(endpoint) = endpoint else {
        return invalid_instance(&authority);
    };
    let tenant = endpoint
        .path_segments()
        .and_then(|mut segments| segments.next())
        .unwrap_or("common");
    let body = json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", authority.origin),
        "api-version": question.api_version.as_deref().unwrap_or("1.1"),
        "metadata": clouds(),
    });
    ([(header::CACHE_CONTROL, "max-age=86400, private")], Json(body)).into_response()
}

fn is_known(authority: &Authority, url: &Url) -> bool {
    let own = Url::parse(&authority.origin);
    // MSAL for Python leaves the port out of its question, so the host alone decides.
    own.is_ok_and(|own| own.host() == url.host())
        || clouds().as_array().into_iter().flatten().any(|cloud| {
            cloud["aliases"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|alias| alias.as_str() == url.host_str())
        })
}

fn clouds() -> Value {
    json!([
        {
            "preferred_network": "login.microsoftonline.com",
            "preferred_cache": "login.windows.net",
            "aliases": ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
        },
        {
            "preferred_network": "login.partner.microsoftonline.cn",
            "preferred_cache": "login.partner.microsoftonline.cn",
            "aliases": ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"]
        },
        {
            "preferred_network": "login.microsoftonline.de",
            "preferred_cache": "login.microsoftonline.de",
            "aliases": ["login.microsoftonline.de"]
        },
        {
            "preferred_network": "login.microsoftonline.us",
            "preferred_cache": "login.microsoftonline.us",
            "aliases": ["login.microsoftonline.us", "login.usgovcloudapi.net"]
        },
        {
            "preferred_network": "login-us.microsoftonline.com",
            "preferred_cache": "login-us.microsoftonline.com",
            "aliases": ["login-us.microsoftonline.com"]
        }
    ])
}

fn invalid_instance(authority: &Authority) -> Response {
    let (trace_id, correlation_id) = (Uuid::new_v4(), Uuid::new_v4());
    let timestamp = authority.clock.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let body = json!({
        "error": "invalid_instance",
        "error_description": format!(
            "AADSTS50049: Unknown or invalid instance.\r\nTrace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {timestamp}"
        ),
        "error_codes": [50049],
        "timestamp": timestamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": "https://login.microsoftonline.com/error?code=50049",
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
