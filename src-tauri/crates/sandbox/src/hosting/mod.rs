//! What stands between the network and CIPP's own code: App Service's front door, the container's cache and rate
//! limit, the website, a sleeping app, a proxy, and trouble on the way.
//!
//! Deliberately not here: what CIPP itself decides about a caller it has recognised (roles, IP ranges, tenants). That
//! is in `cipp`, which gets the recognised [`Caller`] as a request extension.

pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod connection;
pub(crate) mod easy_auth;
pub(crate) mod faults;
mod host_paths;
pub(crate) mod proxy;
mod rate_limit;
pub(crate) mod response_cache;
mod rows;
pub(crate) mod waking;
pub(crate) mod website;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::from_fn_with_state,
    response::Response,
};
use tower_http::{CompressionLevel, compression::CompressionLayer};
use uuid::Uuid;

pub(crate) use crate::scenario::Flavour;

/// Who calls, as the front door found out and as CIPP's table of API clients completes it (facts: cipp 2.4).
///
/// Present as a request extension on every request that carried a token which passed the front door. Absent on the
/// endpoints that are open to everybody (`Public*`).
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The client ID from the token (`appid` or `azp`).
    pub app_id: Uuid,
    /// The address the call came from.
    pub ip: IpAddr,
    /// The role of the API client; empty when the role is gone.
    pub role: String,
    /// Permissions when `role` is a custom one.
    pub role_permissions: Option<Vec<String>>,
    /// Endpoints which a custom role blocks.
    pub blocked_endpoints: Vec<String>,
    /// The ranges the client may call from; empty: any.
    pub ip_ranges: Vec<String>,
    /// The client's custom role sees the first so many tenants of the world; `None`: all.
    pub tenant_limit: Option<usize>,
}

/// An answer that consists of one sentence of CIPP's: plain text on a Function App, the same text as a JSON string on
/// the container (facts: cipp 0.3).
pub(crate) fn refusal(flavour: Flavour, status: StatusCode, text: &str) -> Response {
    let (content_type, body) = match flavour {
        Flavour::FunctionApp => ("text/plain; charset=utf-8", text.to_owned()),
        Flavour::Container => (
            "application/json; charset=utf-8",
            serde_json::Value::from(text).to_string(),
        ),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// CIPP's API host: its own code (`cipp`) behind everything that stands in front of it. The order is the order in
/// which a request meets them; it is built from the inside out.
pub(crate) fn api_host(
    cipp: Router,
    front_door: Arc<easy_auth::FrontDoor>,
    faults: Arc<faults::Faults>,
    waking: Option<waking::Waking>,
    calls: Arc<calls::CallCounter>,
) -> Router {
    let scenario = Arc::clone(&front_door.scenario);
    let container = scenario.flavour == Flavour::Container;
    let mut host = cipp;
    if container {
        let cache = Arc::new(response_cache::ResponseCache::of(&scenario));
        host = host.layer(from_fn_with_state(cache, response_cache::serve));
    }
    // A router's layers run after its routing. Wrapped once more, they run before it and may rewrite the path.
    let mut host = Router::new()
        .fallback_service(host)
        .layer(from_fn_with_state(Arc::clone(&scenario), host_paths::serve));
    if container {
        let limit = Arc::new(rate_limit::RateLimit::new(scenario.calls_per_10_seconds));
        host = host.layer(from_fn_with_state(limit, rate_limit::serve));
    }
    host = host.layer(from_fn_with_state(faults, faults::serve));
    if let Some(app) = waking {
        host = host.layer(from_fn_with_state(Arc::new(app), waking::serve));
    }
    if container {
        host = host.layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    }
    host.layer(from_fn_with_state(front_door, easy_auth::serve))
        .layer(from_fn_with_state(calls, calls::serve))
}
