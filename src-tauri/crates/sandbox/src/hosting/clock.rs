//! The remote systems' clock: this machine's, shifted by what a scenario says, in tokens and in `Date` headers alike.

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

/// Writes the shifted time into the `Date` header; the server would write this machine's.
pub(crate) async fn serve(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
