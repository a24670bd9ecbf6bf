//! Trouble on the way to CIPP's code or back, as a scenario asks for it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use super::{Flavour, connection::ResetSwitch, refusal, rows};
use crate::scenario::Scenario;

/// The page a proxy or captive portal puts in the place of an answer.
const PORTAL: &str = "<!DOCTYPE html><html><head><title>Network access</title></head><body><h1>Please sign in to use \
                      this network</h1><form method=\"post\" action=\"/login\"><button>Continue</button></form></body></html>";

/// What the faults count.
pub(crate) struct Faults {
    pub scenario: Arc<Scenario>,
    pub calls: AtomicU32,
}

pub(crate) async fn serve(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> Response {
    if !request.uri().path().to_ascii_lowercase().starts_with("/api/") {
        return next.run(request).await;
    }
    if faults.scenario.hang {
        return std::future::pending().await;
    }
    if let Some(trouble) = faults.instead_of_an_answer() {
        return trouble;
    }
    let switch = request.extensions().get::<ResetSwitch>().cloned().unwrap_or_default();
    rows::disturb(&faults.scenario, switch, next.run(request).await)
}

impl Faults {
    fn instead_of_an_answer(&self) -> Option<Response> {
        let scenario = &self.scenario;
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call < scenario.starting_calls {
            return Some(self.with_retry_after(starting(scenario.flavour)));
        }
        if call < scenario.starting_calls.saturating_add(scenario.throttled_calls) {
            return Some(self.with_retry_after(StatusCode::TOO_MANY_REQUESTS.into_response()));
        }
        if scenario.html_instead_of_json {
            return Some(Html(PORTAL).into_response());
        }
        let text = scenario.refuse_all.as_deref()?;
        Some(refusal(scenario.flavour, StatusCode::FORBIDDEN, text))
    }

    fn with_retry_after(&self, mut response: Response) -> Response {
        if let Some(seconds) = self.scenario.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn starting(flavour: Flavour) -> Response {
    match flavour {
        Flavour::FunctionApp => (StatusCode::SERVICE_UNAVAILABLE, "Function host is not running.").into_response(),
        Flavour::Container => (
            StatusCode::SERVICE_UNAVAILABLE,
            axum::Json(json!({ "error": "Application is starting up. Please wait." })),
        )
            .into_response(),
    }
}
