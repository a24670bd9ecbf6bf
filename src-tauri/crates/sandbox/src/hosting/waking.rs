//! A Function App that Azure has put to sleep: the first call wakes it and takes as long as that, the next one is quick.
//!
//! The door answers while the app sleeps; the sleep is that of CIPP's own code. Azure marks the call that woke it with a
//! header, by which CIPP knows of a cold start (source: `Invoke-PublicPing.ps1`).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

/// The header of the call that woke the app.
pub(crate) const COLD_START: HeaderName = HeaderName::from_static("x-ms-coldstart");

/// An app that sleeps until it is called.
pub(crate) struct Waking {
    takes: Duration,
    called: Mutex<Option<Instant>>,
}

impl Waking {
    pub(crate) fn new(takes: Duration) -> Self {
        Self {
            takes,
            called: Mutex::default(),
        }
    }

    /// When it was called first, and whether that was now.
    fn call(&self) -> (Instant, bool) {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        match *called {
            Some(first) => (first, false),
            None => (*called.insert(Instant::now()), true),
        }
    }
}

pub(crate) async fn serve(State(app): State<Arc<Waking>>, mut request: Request, next: Next) -> Response {
    let (first, wakes) = app.call();
    if wakes {
        request.headers_mut().insert(COLD_START, HeaderValue::from_static("1"));
    }
    tokio::time::sleep_until((first + app.takes).into()).await;
    next.run(request).await
}
