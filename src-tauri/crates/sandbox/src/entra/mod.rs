//! Entra, as far as an API client's sign-in reaches it: one file per document or endpoint.
//!
//! Deliberately not here: consent, users, browsers. The one page that a lost browser could reach says what
//! Microsoft's says in that case (AADSTS900144).

mod authorize;
mod instance_discovery;
mod keys;
mod openid_configuration;
mod refusal;
mod token;

use std::sync::{Arc, atomic::AtomicU32};

use axum::{
    Router,
    routing::{any, get},
};
use uuid::Uuid;

use crate::{
    hosting::clock::Clock,
    identity::{Identity, SigningKey},
    scenario::Scenario,
};

pub(crate) use token::Claims;

/// What the endpoints of the authority share.
pub(crate) struct Authority {
    /// Scheme, host and port under which the authority is reached, without a slash at the end.
    pub origin: String,
    pub identity: Arc<Identity>,
    pub key: Arc<SigningKey>,
    pub scenario: Arc<Scenario>,
    pub clock: Clock,
    /// Token requests seen so far, for scenarios that fail the first few.
    pub token_requests: AtomicU32,
}

/// The authority's routes. Paths alone decide: MSAL for Node adds a query string to the token POST (facts: entra A.7).
pub(crate) fn router(authority: Arc<Authority>) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", any(token::serve))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::serve))
        .route("/{tenant}/oauth2/authorize", get(authorize::serve))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(openid_configuration::serve),
        )
        .route("/common/discovery/instance", get(instance_discovery::serve))
        .route("/{tenant}/discovery/v2.0/keys", get(keys::serve))
        .with_state(authority)
}

/// How a URL's tenant segment is understood.
enum Tenant {
    Known,
    /// `common`, `organizations`, `consumers`.
    Shared,
    Unknown,
    /// Neither a GUID nor a domain.
    Malformed,
}

impl Tenant {
    fn recognise(segment: &str, identity: &Identity) -> Self {
        if identity.is_tenant(segment) {
            Self::Known
        } else if ["common", "organizations", "consumers"].contains(&segment.to_ascii_lowercase().as_str()) {
            Self::Shared
        } else if segment.parse::<Uuid>().is_ok() || is_domain(segment) {
            Self::Unknown
        } else {
            Self::Malformed
        }
    }
}

fn is_domain(segment: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
    };
    segment.contains('.') && segment.split('.').all(label)
}
