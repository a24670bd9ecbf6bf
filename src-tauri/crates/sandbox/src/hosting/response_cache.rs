//! The container's response cache for `GET /api/List*` (facts: cipp 1.9): answers from the cache first and renews
//! behind the caller's back, so the first "refresh" shows the old state and the second the new one.
//!
//! One deliberate difference: the container keeps bodies of any size, partly on disk. Here a body beyond
//! [`LARGEST_BODY_BYTES`] streams past and is not kept, because a day of a large world must not rest in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_stream::stream;
use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header::CONTENT_LENGTH, request::Parts},
    middleware::Next,
    response::Response,
};
use futures_util::StreamExt;
use jiff::SignedDuration;

use super::Caller;
use crate::scenario::Scenario;

/// The largest body that is kept.
const LARGEST_BODY_BYTES: usize = 4 * 1024 * 1024;
/// What all kept bodies may take together; the oldest go first.
const BUDGET_BYTES: usize = 64 * 1024 * 1024;
/// The parameter that empties the cache.
const INVALIDATE: &str = "InvalidateCIPPCache";
/// The parameter that narrows what is emptied.
const SCOPE: &str = "tenantFilter";

/// What the web UI and other tools ask with, in lower case; `_user` stands for the caller.
const USUAL: [&str; 11] = [
    "_user",
    "api",
    "datefilter",
    "enddate",
    "filter",
    "logentryid",
    "severity",
    "startdate",
    "tenant",
    "tenantfilter",
    "user",
];

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

#[derive(Clone)]
struct Entry {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    kept_at: Instant,
    /// How much older than that it says it is.
    older: Duration,
}

impl Entry {
    fn age(&self, now: Instant) -> Duration {
        now.duration_since(self.kept_at) + self.older
    }
}

/// Asks for an answer as it was so long ago.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf(pub SignedDuration);

#[derive(Default)]
struct Kept {
    entries: HashMap<String, Entry>,
    refreshing: HashSet<String>,
    /// What was asked for since the scenario began to be played.
    asked: HashSet<String>,
    /// Grows with every invalidation: what was asked for before it must not come back after it.
    generation: u64,
}

pub(super) struct ResponseCache {
    fresh: Duration,
    /// How old the first answer to each question is.
    first_is: Option<Duration>,
    kept: Mutex<Kept>,
}

pub(super) async fn serve(State(cache): State<Arc<ResponseCache>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    if parameter(request.uri(), INVALIDATE).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        cache.invalidate(parameter(request.uri(), SCOPE).as_deref());
    }
    let mut response = match cache_key(&request) {
        Some(key) => cache.read(key, request, next).await,
        None => {
            let write_scope = (request.method() != Method::GET).then(|| parameter(request.uri(), SCOPE));
            let response = next.run(request).await;
            if let Some(scope) = write_scope {
                cache.invalidate(scope.as_deref());
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.entry(X_CACHE).or_insert(HeaderValue::from_static("MISS"));
    set(
        headers,
        "x-request-duration",
        &format!("{}ms", started.elapsed().as_millis()),
    );
    response
}

impl ResponseCache {
    pub(super) fn of(scenario: &Scenario) -> Self {
        Self {
            fresh: Duration::from_secs(scenario.cache_fresh_seconds),
            first_is: scenario.cached_seconds_ago.map(Duration::from_secs),
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(self: &Arc<Self>, key: String, request: Request, next: Next) -> Response {
        let Some(entry) = self.find(&key, Instant::now()) else {
            if let Some(age) = self.first_is.filter(|_| self.has_been_asked_before(&key)) {
                return self.first(key, request.into_parts().0, next, age).await;
            }
            let generation = self.kept().generation;
            return self.keep_while_sending(key, generation, next.run(request).await).await;
        };
        self.refresh_in_background(key, request.into_parts().0, next);
        self.replay(&entry)
    }

    /// Whether somebody else can have asked the same some minutes ago: with parameters of CIPP's own, and not since the
    /// scenario began to be played. A parameter that is made up for the purpose gets past the cache, as in life.
    fn has_been_asked_before(&self, key: &str) -> bool {
        let names = key.split('|').skip(1).filter_map(|part| part.split('=').next());
        names.into_iter().all(|name| USUAL.contains(&name)) && self.kept().asked.insert(key.to_owned())
    }

    /// The first answer of all: one that was kept some time ago.
    async fn first(self: &Arc<Self>, key: String, parts: Parts, next: Next, age: Duration) -> Response {
        let mut then = Request::from_parts(parts.clone(), Body::empty());
        then.extensions_mut()
            .insert(AsOf(SignedDuration::try_from(age).unwrap_or_default()));
        let (old, body) = next.clone().run(then).await.into_parts();
        let entry = Entry {
            status: old.status,
            headers: old.headers,
            body: to_bytes(body, LARGEST_BODY_BYTES).await.unwrap_or_default(),
            kept_at: Instant::now(),
            older: age,
        };
        self.kept().entries.insert(key.clone(), entry.clone());
        self.refresh_in_background(key, parts, next);
        self.replay(&entry)
    }

    /// An entry that may still be served, fresh or stale.
    fn find(&self, key: &str, now: Instant) -> Option<Entry> {
        let mut kept = self.kept();
        let entry = kept.entries.get(key)?;
        if entry.age(now) > self.fresh * 2 {
            kept.entries.remove(key);
            return None;
        }
        Some(entry.clone())
    }

    fn replay(&self, entry: &Entry) -> Response {
        let age = entry.age(Instant::now());
        let mut response = Response::new(Body::from(entry.body.clone()));
        *response.status_mut() = entry.status;
        *response.headers_mut() = entry.headers.clone();
        let headers = response.headers_mut();
        set(headers, "x-cache", if age > self.fresh { "HIT-STALE" } else { "HIT" });
        set(headers, "x-cache-age", &format!("{:.0}s", age.as_secs_f64()));
        set(headers, "x-cache-ttl", &format!("{}s", self.fresh.as_secs()));
        response
    }

    /// Every hit starts a renewal, unless one for the same key is under way.
    fn refresh_in_background(self: &Arc<Self>, key: String, parts: Parts, next: Next) {
        let generation = {
            let mut kept = self.kept();
            if !kept.refreshing.insert(key.clone()) {
                return;
            }
            kept.generation
        };
        let cache = Arc::clone(self);
        tokio::spawn(async move {
            let response = next.run(Request::from_parts(parts, Body::empty())).await;
            let (parts, body) = response.into_parts();
            // A body that has grown beyond the limit leaves the old entry to its age.
            if let Ok(body) = to_bytes(body, LARGEST_BODY_BYTES).await {
                cache.keep(key.clone(), generation, parts.status, parts.headers, body);
            }
            cache.kept().refreshing.remove(&key);
        });
    }

    /// Sends the answer as it comes and keeps a copy if it turns out small enough and complete.
    async fn keep_while_sending(self: &Arc<Self>, key: String, generation: u64, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let exact = body.size_hint().exact().and_then(|size| usize::try_from(size).ok());
        if exact.is_some_and(|size| size <= LARGEST_BODY_BYTES) {
            let body = to_bytes(body, LARGEST_BODY_BYTES).await.unwrap_or_default();
            self.keep(key, generation, parts.status, parts.headers.clone(), body.clone());
            return Response::from_parts(parts, Body::from(body));
        }
        // With a length the server would stop asking at the last byte, and never learn that it was the last.
        parts.headers.remove(CONTENT_LENGTH);
        let (cache, status, headers) = (Arc::clone(self), parts.status, parts.headers.clone());
        let copying = stream! {
            let mut body = body.into_data_stream();
            let mut copy = Some(Vec::new());
            while let Some(chunk) = body.next().await {
                copy = copy.and_then(|copy| append(copy, chunk.as_deref().ok()?));
                yield chunk;
            }
            if let Some(copy) = copy {
                cache.keep(key, generation, status, headers, copy.into());
            }
        };
        Response::from_parts(parts, Body::from_stream(copying))
    }

    fn keep(&self, key: String, generation: u64, status: StatusCode, headers: HeaderMap, body: Bytes) {
        let mut kept = self.kept();
        if generation != kept.generation || !(200..400).contains(&status.as_u16()) {
            return;
        }
        let kept_at = Instant::now();
        kept.entries.insert(
            key,
            Entry {
                status,
                headers,
                body,
                kept_at,
                older: Duration::ZERO,
            },
        );
        kept.stay_within_budget();
    }

    fn invalidate(&self, scope: Option<&str>) {
        let mut kept = self.kept();
        kept.generation += 1;
        match scope.filter(|scope| !scope.is_empty()) {
            None => kept.entries.clear(),
            Some(scope) => {
                let needle = format!("{SCOPE}={scope}").to_ascii_lowercase();
                kept.entries.retain(|key, _| !key.contains(&needle));
            }
        }
    }
}

impl Kept {
    fn stay_within_budget(&mut self) {
        let mut total: usize = self.entries.values().map(|entry| entry.body.len()).sum();
        while total > BUDGET_BYTES {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.kept_at)
                .map(|(key, _)| key.clone());
            let Some(entry) = oldest.and_then(|key| self.entries.remove(&key)) else {
                return;
            };
            total -= entry.body.len();
        }
    }
}

fn append(mut copy: Vec<u8>, chunk: &[u8]) -> Option<Vec<u8>> {
    if copy.len() + chunk.len() > LARGEST_BODY_BYTES {
        return None;
    }
    copy.extend_from_slice(chunk);
    Some(copy)
}

/// Endpoint, sorted parameters and caller, in lower case as the container compares them; `None` if the request is not
/// a cacheable read.
fn cache_key(request: &Request) -> Option<String> {
    let endpoint = request.uri().path().strip_prefix("/api/")?.to_ascii_lowercase();
    if request.method() != Method::GET || !endpoint.starts_with("list") {
        return None;
    }
    let mut parameters: Vec<String> = parameters(request.uri())
        .filter(|(name, _)| !name.eq_ignore_ascii_case(INVALIDATE))
        .map(|(name, value)| format!("|{name}={value}").to_ascii_lowercase())
        .collect();
    parameters.sort_unstable();
    let caller = request.extensions().get::<Caller>();
    let caller = caller
        .map(|caller| format!("|_user={}", caller.app_id))
        .unwrap_or_default();
    Some(format!("{endpoint}{}{caller}", parameters.concat()))
}

fn parameters(uri: &Uri) -> impl Iterator<Item = (String, String)> + '_ {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned()
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    parameters(uri)
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value)
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_with(key: &str) -> ResponseCache {
        let cache = ResponseCache::of(&Scenario::default());
        cache.keep(
            key.into(),
            0,
            StatusCode::OK,
            HeaderMap::new(),
            Bytes::from_static(b"[]"),
        );
        cache
    }

    #[test]
    fn an_entry_is_served_for_twice_its_lifetime_and_then_dropped() {
        let cache = cache_with("listlogs");
        let now = Instant::now();
        assert!(cache.find("listlogs", now + Duration::from_secs(1199)).is_some());
        assert!(cache.find("listlogs", now + Duration::from_secs(1201)).is_none());
        assert!(cache.find("listlogs", now).is_none());
    }

    #[test]
    fn what_was_asked_for_before_an_invalidation_does_not_come_back_after_it() {
        let cache = cache_with("listlogs|tenantfilter=a.example");
        cache.invalidate(Some("b.example"));
        assert!(cache.find("listlogs|tenantfilter=a.example", Instant::now()).is_some());
        cache.invalidate(None);
        assert!(cache.find("listlogs|tenantfilter=a.example", Instant::now()).is_none());
        cache.keep("listlogs".into(), 0, StatusCode::OK, HeaderMap::new(), Bytes::new());
        assert!(cache.find("listlogs", Instant::now()).is_none());
    }

    #[test]
    fn errors_are_not_kept_and_the_budget_holds() {
        let cache = ResponseCache::of(&Scenario::default());
        cache.keep("error".into(), 0, StatusCode::FORBIDDEN, HeaderMap::new(), Bytes::new());
        assert!(cache.find("error", Instant::now()).is_none());
        let body = Bytes::from(vec![0; LARGEST_BODY_BYTES]);
        for index in 0..20 {
            cache.keep(index.to_string(), 0, StatusCode::OK, HeaderMap::new(), body.clone());
        }
        assert!(cache.find("0", Instant::now()).is_none());
        assert!(cache.find("19", Instant::now()).is_some());
    }

    #[test]
    fn the_key_ignores_the_order_of_parameters_and_the_case() {
        let key = |uri: &str| cache_key(&Request::builder().uri(uri).body(Body::empty()).unwrap());
        assert_eq!(
            key("/api/ListLogs?b=1&A=2"),
            key("/api/listlogs?a=2&B=1&InvalidateCIPPCache=true")
        );
        assert_eq!(key("/api/ExecBackendURLs"), None);
    }
}
