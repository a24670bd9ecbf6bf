//! `GET /{tenant}/discovery/v2.0/keys`: the public key under which tokens verify.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};

use super::Authority;

pub(super) async fn serve(State(authority): State<Arc<Authority>>) -> impl IntoResponse {
    (
        [(header::CACHE_CONTROL, "max-age=86400, private")],
        Json(authority.key.jwks()),
    )
}
