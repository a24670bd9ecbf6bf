//! The proxy of a network that lets nobody out without a sign-in. It knows nobody, so nothing passes it: what it is here
//! for is its refusal (RFC 9110, 15.5.8).

use axum::{
    Router,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

const CHALLENGE: &str = "Basic realm=\"Contoso web proxy\"";
const PAGE: &str = "<html><head><title>407 Proxy Authentication Required</title></head><body><h1>Proxy Authentication \
                    Required</h1></body></html>";

/// Answers tunnels (`CONNECT`) and plain requests alike.
pub(crate) fn router() -> Router {
    Router::new().fallback(refuse)
}

async fn refuse() -> Response {
    (
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        [(header::PROXY_AUTHENTICATE, CHALLENGE), (header::CONNECTION, "close")],
        Html(PAGE),
    )
        .into_response()
}
