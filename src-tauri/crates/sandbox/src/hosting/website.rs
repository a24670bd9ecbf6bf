//! The website (the web UI's host), which people paste instead of the API address (facts: cipp 2.3).
//!
//! It has its own sign-in and does not look at bearer tokens: everything under `/api` that is not public is sent to
//! the sign-in page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Response},
};

/// Where the website's sign-in leads.
pub(crate) struct SignIn {
    /// Scheme, host and port of the authority.
    pub authority: String,
}

/// The website in front of CIPP's own code, which it calls for its public endpoints alone.
pub(crate) fn router(cipp: Router, sign_in: SignIn) -> Router {
    Router::new()
        .fallback_service(cipp)
        .layer(from_fn_with_state(Arc::new(sign_in), serve))
}

async fn serve(State(sign_in): State<Arc<SignIn>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/Public") {
        return next.run(request).await;
    }
    if path.starts_with("/api/") {
        return redirect("/.auth/login/aad?post_login_redirect_uri=.referrer");
    }
    if path.starts_with("/.auth/login/aad") {
        return redirect(&format!("{}/common/oauth2/v2.0/authorize", sign_in.authority));
    }
    index()
}

fn redirect(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// The web UI's page, served for every path it does not know.
pub(super) fn index() -> Response {
    (
        [(header::CACHE_CONTROL, "no-cache, must-revalidate")],
        Html(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/><title>CIPP</title>\
             <script src=\"/_next/static/chunks/main.js\" defer=\"\"></script></head><body>\
             <div id=\"__next\"></div><noscript>You need to enable JavaScript to run this app.</noscript></body></html>",
        ),
    )
        .into_response()
}
