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
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::json;

use super::{
    Caller, Flavour,
    clock::{Clock, Pace},
    connection::ResetSwitch,
    refusal, rows,
};
use crate::scenario::{CutOff, Scenario};

/// The page a proxy or captive portal puts in the place of an answer.
const PORTAL: &str = "<!DOCTYPE html><html><head><title>Network access</title></head><body><h1>Please sign in to use \
                      this network</h1><form method=\"post\" action=\"/login\"><button>Continue</button></form></body></html>";

/// The page of App Service's front end when the site has not answered in time (facts: cipp 2.9).
const TIMED_OUT: &str = "<html><head><title>500 - The request timed out.</title></head><body><h2>500 - The request timed \
                         out.</h2><h3>The web server failed to respond within the specified time.</h3></body></html>";

/// What the faults know and count.
pub(crate) struct Faults {
    scenario: Arc<Scenario>,
    pace: Pace,
    clock: Clock,
    calls: AtomicU32,
    /// Calls of a client that CIPP knows: its limit is its own (facts: cipp 0.3).
    counted_calls: AtomicU32,
}

pub(crate) async fn serve(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_ascii_lowercase();
    if !path.starts_with("/api/") {
        return next.run(request).await;
    }
    if faults.scenario.hang {
        return std::future::pending().await;
    }
    let known = request.extensions().get::<Caller>().is_some();
    if let Some(trouble) = faults.instead_of_an_answer(known) {
        return trouble;
    }
    let log = path.trim_end_matches('/') == "/api/listlogs";
    if log && let Some(seconds) = faults.scenario.cut_off_after_seconds {
        tokio::time::sleep(faults.pace.pause(seconds)).await;
        return cut_off(faults.scenario.cut_off_by, seconds);
    }
    let switch = request.extensions().get::<ResetSwitch>().cloned().unwrap_or_default();
    rows::disturb(&faults.scenario, log, switch, next.run(request).await)
}

impl Faults {
    pub(crate) fn new(scenario: Arc<Scenario>, pace: Pace, clock: Clock) -> Self {
        Self {
            scenario,
            pace,
            clock,
            calls: 0.into(),
            counted_calls: 0.into(),
        }
    }

    fn instead_of_an_answer(&self, known: bool) -> Option<Response> {
        let scenario = &self.scenario;
        if self.calls.fetch_add(1, Ordering::Relaxed) < scenario.starting_calls {
            return Some(self.with_retry_after(starting(scenario.flavour)));
        }
        if known && self.counted_calls.fetch_add(1, Ordering::Relaxed) < scenario.throttled_calls {
            return Some(self.with_retry_after(StatusCode::TOO_MANY_REQUESTS.into_response()));
        }
        if scenario.egress_quota_used_up {
            return Some(quota_used_up(self.clock.now()));
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

/// The words of whoever gave the call up (facts: cipp 2.9).
fn cut_off(by: CutOff, seconds: u32) -> Response {
    match by {
        CutOff::Website => (StatusCode::INTERNAL_SERVER_ERROR, "Backend call failure").into_response(),
        CutOff::FrontEnd => (StatusCode::INTERNAL_SERVER_ERROR, Html(TIMED_OUT)).into_response(),
        CutOff::Cipp => (
            StatusCode::GATEWAY_TIMEOUT,
            axum::Json(json!({ "error": format!("Request timed out after {seconds}s"), "code": "timeout" })),
        )
            .into_response(),
    }
}

/// Until midnight UTC by the instance's own clock.
fn quota_used_up(now: Timestamp) -> Response {
    let tomorrow = now.to_zoned(TimeZone::UTC).date().saturating_add(1.day());
    let reset = tomorrow
        .to_zoned(TimeZone::UTC)
        .map_or(now, |midnight| midnight.timestamp());
    let seconds = (reset.as_second() - now.as_second()).max(1);
    let body = json!({
        "error": "egress_quota_exceeded",
        "message": "The daily egress quota of this instance has been reached.",
        "retryAfterSeconds": seconds,
        "resetUtc": reset.to_string(),
    });
    (
        StatusCode::TOO_MANY_REQUESTS,
        [(header::RETRY_AFTER, seconds.to_string())],
        axum::Json(body),
    )
        .into_response()
}
