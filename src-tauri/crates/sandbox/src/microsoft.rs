//! What Microsoft Graph and Azure Resource Manager have in common: tokens of people, trouble on the way, pages.
//!
//! The two are under `/graph` and `/arm` of the authority's address. Deliberately not here: their endpoints, and how each of
//! them words a refusal.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Response},
};
use futures_util::{Stream, stream};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    arm,
    directory::Directory,
    entra::Resource,
    graph,
    hosting::{clock::Clock, connection::ResetSwitch},
    identity::{Identity, SigningKey},
    scenario::{MicrosoftTrouble, Scenario},
};

const PORTAL: &str = "<!DOCTYPE html><html><head><title>Network access</title></head><body><h1>Please sign in to use \
                      this network</h1></body></html>";

/// What both answer from.
pub(crate) struct Microsoft {
    /// Scheme, host and port under which they are reached, without a slash at the end.
    pub origin: String,
    pub identity: Arc<Identity>,
    pub key: Arc<SigningKey>,
    pub scenario: Arc<Scenario>,
    pub directory: Arc<Directory>,
    pub clock: Clock,
    pub seen: Mutex<Seen>,
    pub journal: Arc<Journal>,
}

/// What was asked of Graph and Azure so far, for tests that hold evidence against it or prove that nothing was changed.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Vec<String>>);

impl Journal {
    pub(crate) fn calls(&self) -> Vec<String> {
        self.locked().clone()
    }

    pub(crate) fn forget(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is remembered, for scenarios that change their mind after some calls.
#[derive(Default)]
pub(crate) struct Seen {
    troubles: u32,
    accepted: u32,
    /// The `uti` of the token that has expired before its time.
    expired: Option<String>,
}

impl Microsoft {
    /// What links to a next page begin with.
    pub(crate) fn link_origin(&self) -> &str {
        if self.scenario.next_link_elsewhere {
            "http://graph.elsewhere.example"
        } else {
            &self.origin
        }
    }
}

/// The routes of both.
pub(crate) fn router(microsoft: Arc<Microsoft>) -> Router {
    Router::new()
        .merge(graph::router(Arc::clone(&microsoft)))
        .merge(arm::router(Arc::clone(&microsoft)))
        .layer(from_fn_with_state(microsoft, disturb))
}

/// A signed-in person who calls, with an app's delegated scopes.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The person's object id; for a token of an application alone its service principal's.
    pub oid: String,
    pub name: String,
    /// Absent in a token of an application alone.
    pub scopes: Vec<String>,
    /// Templates of the directory roles the person holds now.
    pub roles: Vec<String>,
}

impl Caller {
    pub(crate) fn has_one_of(&self, scopes: &[&str]) -> bool {
        scopes
            .iter()
            .any(|scope| self.scopes.iter().any(|held| held.eq_ignore_ascii_case(scope)))
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    Missing,
    Unreadable,
    Expired,
    Audience,
    Tenant,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    nbf: i64,
    tid: Uuid,
    oid: String,
    uti: String,
    #[serde(default)]
    scp: String,
    #[serde(default)]
    upn: String,
}

impl Microsoft {
    /// Who calls, by the bearer token of the request.
    pub(crate) fn caller(&self, headers: &HeaderMap, resource: Resource) -> Result<Caller, BadToken> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
            .map(|(_, token)| token.trim())
            .ok_or(BadToken::Missing)?;
        let claims = self.claims(token).ok_or(BadToken::Unreadable)?;
        let now = self.clock.now().as_second();
        if claims.aud.trim_end_matches('/') != resource.identifier() {
            return Err(BadToken::Audience);
        }
        if claims.tid != self.identity.tenant_id {
            return Err(BadToken::Tenant);
        }
        if now < claims.nbf || claims.exp <= now || !self.still_accepted(&claims.uti) {
            return Err(BadToken::Expired);
        }
        Ok(Caller {
            roles: self.directory.roles_of(&claims.oid),
            oid: claims.oid,
            name: claims.upn,
            scopes: claims.scp.split_whitespace().map(str::to_owned).collect(),
        })
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &self.key.decoding, &validation)
            .ok()
            .map(|token| token.claims)
    }

    /// Counts a good call; the token that made the last one allowed has expired from then on.
    fn still_accepted(&self, uti: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = self.scenario.microsoft_token_expired_after_calls;
        if seen.expired.is_none() && limit.is_some_and(|limit| seen.accepted >= limit) {
            seen.expired = Some(uti.to_owned());
        }
        if seen.expired.as_deref() == Some(uti) {
            return false;
        }
        seen.accepted = seen.accepted.saturating_add(1);
        true
    }

    /// The trouble that this address meets now.
    fn trouble(&self, address: &str) -> Option<MicrosoftTrouble> {
        let scenario = &self.scenario;
        let trouble = scenario.microsoft_trouble?;
        let places = &scenario.microsoft_trouble_at;
        if !places.is_empty() && !places.iter().any(|place| address.contains(place.as_str())) {
            return None;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if scenario
            .microsoft_trouble_calls
            .is_some_and(|calls| seen.troubles >= calls)
        {
            return None;
        }
        seen.troubles = seen.troubles.saturating_add(1);
        Some(trouble)
    }
}

/// Stands in front of both: writes down what is asked, and makes the trouble that the scenario wants.
async fn disturb(State(microsoft): State<Arc<Microsoft>>, request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    microsoft
        .journal
        .locked()
        .push(format!("{} {address}", request.method()));
    let Some(trouble) = microsoft.trouble(address) else {
        return next.run(request).await;
    };
    let graph = address.starts_with("/graph/");
    match trouble {
        MicrosoftTrouble::Hang => std::future::pending().await,
        MicrosoftTrouble::Portal => Html(PORTAL).into_response(),
        MicrosoftTrouble::Truncated => with_json(Body::from("{\"value\":[{\"id\":\"")),
        MicrosoftTrouble::Endless => with_json(Body::from_stream(endless())),
        MicrosoftTrouble::Reset => {
            if let Some(switch) = request.extensions().get::<ResetSwitch>() {
                switch.reset();
            }
            Html(PORTAL).into_response()
        }
        MicrosoftTrouble::Throttled => {
            let mut response = if graph {
                graph::error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests.")
            } else {
                let text = "The request is being throttled as the limit has been reached for operation type 'Read'.";
                arm::error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", text)
            };
            if let Some(seconds) = microsoft.scenario.retry_after_seconds {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        MicrosoftTrouble::Unavailable if graph => graph::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "serviceNotAvailable",
            "The service is temporarily unavailable.",
        ),
        MicrosoftTrouble::Unavailable => arm::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServerTimeout",
            "The request timed out. Please try again.",
        ),
    }
}

fn with_json(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// White space is valid at the start of JSON, so a reader cannot know that nothing will come.
fn endless() -> impl Stream<Item = Result<Bytes, Infallible>> {
    static PIECE: [u8; 64 * 1024] = [b' '; 64 * 1024];
    stream::repeat_with(|| Ok(Bytes::from_static(&PIECE)))
}
