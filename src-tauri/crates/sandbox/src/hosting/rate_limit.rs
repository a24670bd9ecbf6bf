//! The container's rate limit: a fixed window of ten seconds per caller, an empty 429 with `Retry-After` beyond it
//! (facts: cipp 0.3, 2.9).

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header::RETRY_AFTER},
    middleware::Next,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::Caller;

const WINDOW: Duration = Duration::from_secs(10);

#[derive(PartialEq, Eq, Hash)]
enum Partition {
    Client(Uuid),
    Address(IpAddr),
}

struct Window {
    opened: Instant,
    calls: u32,
}

pub(super) struct RateLimit {
    calls_per_window: u32,
    windows: Mutex<HashMap<Partition, Window>>,
}

pub(super) async fn serve(
    State(limit): State<Arc<RateLimit>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let partition = match request.extensions().get::<Caller>() {
        Some(caller) => Partition::Client(caller.app_id),
        None => Partition::Address(peer.ip()),
    };
    match limit.admit(partition, Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            // Rounded up and never zero: a zero would tell a polite client to come back at once.
            let seconds = wait.as_secs_f64().ceil().max(1.0);
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, format!("{seconds:.0}"))]).into_response()
        }
    }
}

impl RateLimit {
    pub(super) fn new(calls_per_window: u32) -> Self {
        Self {
            calls_per_window: calls_per_window.max(1),
            windows: Mutex::default(),
        }
    }

    /// Counts a call, or says how long the window is still closed.
    fn admit(&self, partition: Partition, now: Instant) -> Result<(), Duration> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(partition).or_insert(Window { opened: now, calls: 0 });
        let open_for = now.duration_since(window.opened);
        if open_for >= WINDOW {
            *window = Window { opened: now, calls: 0 };
        } else if window.calls >= self.calls_per_window {
            return Err(WINDOW - open_for);
        }
        window.calls += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_refuses_until_it_is_over_and_each_caller_has_its_own() {
        let limit = RateLimit::new(2);
        let start = Instant::now();
        let client = || Partition::Client(Uuid::nil());
        assert_eq!(limit.admit(client(), start), Ok(()));
        assert_eq!(limit.admit(client(), start), Ok(()));
        let later = start + Duration::from_millis(2500);
        assert_eq!(limit.admit(client(), later), Err(Duration::from_millis(7500)));
        assert_eq!(limit.admit(Partition::Address([127, 0, 0, 1].into()), later), Ok(()));
        assert_eq!(limit.admit(client(), start + WINDOW), Ok(()));
    }
}
