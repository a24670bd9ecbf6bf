//! The remote systems' clock: this machine's, shifted by what a scenario says, in tokens and in `Date` headers alike. And how
//! long a scenario's pauses take here.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header::DATE},
    middleware::Next,
    response::Response,
};
use jiff::{SignedDuration, Timestamp};

/// A clock that runs beside the real one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    pub(crate) fn ahead_by(seconds: i64) -> Self {
        Self {
            ahead: SignedDuration::from_secs(seconds),
        }
    }

    pub(crate) fn now(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }
}

/// How many seconds of a scenario pass in a second, so that ten minutes can be learnt from without waiting for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(u32);

impl Pace {
    pub(crate) fn of(seconds_in_a_second: u32) -> Self {
        Self(seconds_in_a_second.max(1))
    }

    /// How long a pause of the scenario takes.
    pub(crate) fn pause(self, seconds: u32) -> Duration {
        Duration::from_secs(seconds.into()) / self.0
    }
}

/// Writes the shifted time into the `Date` header; the server would write this machine's.
pub(crate) async fn serve(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
