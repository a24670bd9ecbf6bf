//! Counts what is asked of the API host, for tests and measurements of how polite a client is.
//!
//! Counted is every call that arrives, whatever becomes of it: one that a token, a limit or the cache answers has been
//! made all the same.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    Json, Router,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::Response,
    routing::get,
};
use http_body::{Frame, SizeHint};
use serde::Serialize;

/// What was asked of the API host so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls by endpoint, as the client spelled it, and by what was asked for: for `ListLogs` a day key, two of them with
    /// `..` between, or `today` where no day was named; else an empty text.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// How many calls there were at the same time at most, from the arrival to the end of the body.
    pub most_at_once: usize,
}

impl Calls {
    /// Calls of an endpoint, whatever they asked for.
    pub fn of(&self, endpoint: &str) -> u64 {
        self.asked(endpoint).map(|(_, count)| count).sum()
    }

    /// Calls of `ListLogs` for exactly this day, by its key (`yyyyMMdd`).
    pub fn of_day(&self, day: &str) -> u64 {
        self.asked("ListLogs")
            .filter(|(asked, _)| *asked == day)
            .map(|(_, count)| count)
            .sum()
    }

    /// Calls of all endpoints.
    pub fn total(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    fn asked(&self, endpoint: &str) -> impl Iterator<Item = (&str, u64)> {
        self.counts
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(endpoint))
            .flat_map(|(_, asked)| asked.iter().map(|(what, count)| (what.as_str(), *count)))
    }
}

/// Where the counts are kept while calls come in.
#[derive(Debug, Default)]
pub(crate) struct CallCounter {
    calls: Mutex<(Calls, usize)>,
}

impl CallCounter {
    pub(crate) fn calls(&self) -> Calls {
        self.locked().0.clone()
    }

    /// Forgets what was counted; calls that are under way are still known to be.
    pub(crate) fn forget(&self) {
        let mut locked = self.locked();
        locked.0 = Calls {
            most_at_once: locked.1,
            ..Calls::default()
        };
    }

    fn begin(self: &Arc<Self>, endpoint: &str, asked: String) -> UnderWay {
        let mut locked = self.locked();
        let (calls, under_way) = &mut *locked;
        let of_endpoint = calls.counts.entry(endpoint.to_owned()).or_default();
        *of_endpoint.entry(asked).or_default() += 1;
        *under_way += 1;
        calls.most_at_once = calls.most_at_once.max(*under_way);
        UnderWay(Arc::clone(self))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, (Calls, usize)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is not over.
struct UnderWay(Arc<CallCounter>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.locked().1 -= 1;
    }
}

pub(crate) async fn serve(State(counter): State<Arc<CallCounter>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !path.to_ascii_lowercase().starts_with("/api/") {
        return next.run(request).await;
    }
    let endpoint = path.rsplit('/').next().unwrap_or_default().to_owned();
    let under_way = counter.begin(&endpoint, asked_for(&endpoint, request.uri()));
    next.run(request)
        .await
        .map(|inner| Body::new(Counted { inner, under_way }))
}

/// The counts over HTTP, for programs that did not start the sandbox themselves. On the authority's address, where no
/// client looks.
pub(crate) fn router(counter: Arc<CallCounter>) -> Router {
    let tell = |State(counter): State<Arc<CallCounter>>| async move { Json(counter.calls()) };
    Router::new().route("/sandbox/calls", get(tell)).with_state(counter)
}

/// Which days a call of `ListLogs` names.
fn asked_for(endpoint: &str, uri: &Uri) -> String {
    if !endpoint.eq_ignore_ascii_case("ListLogs") {
        return String::new();
    }
    let named = |wanted: &str| {
        let query = uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    let day = named("DateFilter");
    match (named("StartDate").or(day.clone()), named("EndDate").or(day)) {
        (None, _) => "today".to_owned(),
        (Some(start), Some(end)) if start != end => format!("{start}..{end}"),
        (Some(start), _) => start,
    }
}

/// A body that keeps its call under way until it has been sent or given up.
struct Counted {
    inner: Body,
    under_way: UnderWay,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let _ = &self.under_way;
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_apart_and_ranges_from_days() {
        let asked = |query: &str| asked_for("Listlogs", &format!("/api/Listlogs?{query}").parse().unwrap());
        assert_eq!(asked("Filter=true&StartDate=20261120&EndDate=20261120"), "20261120");
        assert_eq!(asked("startdate=20261118&EndDate=20261120"), "20261118..20261120");
        assert_eq!(asked("DateFilter=20261120"), "20261120");
        assert_eq!(asked("StartDate=&EndDate=20261120"), "today");
        assert_eq!(asked_for("ListTenants", &"/api/ListTenants?a=b".parse().unwrap()), "");
    }

    #[test]
    fn calls_are_counted_by_endpoint_and_day_and_at_the_same_time() {
        let counter = Arc::new(CallCounter::default());
        let first = counter.begin("ListLogs", "20261120".into());
        drop(counter.begin("Listlogs", "20261120".into()));
        drop(first);
        drop(counter.begin("ListTenants", String::new()));
        let calls = counter.calls();
        assert_eq!(
            (calls.of("listlogs"), calls.of_day("20261120"), calls.total()),
            (2, 2, 3)
        );
        assert_eq!(calls.most_at_once, 2);
        counter.forget();
        assert_eq!(counter.calls(), Calls::default());
    }
}
