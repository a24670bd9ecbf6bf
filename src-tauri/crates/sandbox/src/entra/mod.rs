//! Entra, as far as the sign-in of an API client or of a person reaches it: one file per document, endpoint or page.
//!
//! A person's way is `authorize` (or `device_code` and the page `device`), the pages `login` and `consent`, then the token
//! endpoint, whose grants are in `grant`. What is under way between them is kept in `sign_ins`. Deliberately not here:
//! sessions of a browser (each sign-in asks anew), second factors, registration of security information.

mod authorize;
mod clients;
mod consent;
mod device;
mod device_code;
mod grant;
mod instance_discovery;
mod interactive;
mod keys;
mod login;
mod openid_configuration;
mod pages;
mod refusal;
mod scopes;
mod sign_ins;
mod token;
mod user_tokens;

use std::sync::{Arc, atomic::AtomicU32};

use axum::{
    Router,
    routing::{any, get, post},
};
use uuid::Uuid;

use crate::{
    directory::Directory,
    hosting::clock::Clock,
    identity::{Identity, SigningKey},
    scenario::Scenario,
    server::Person,
};

pub(crate) use scopes::Resource;
pub(crate) use sign_ins::SignIns;
pub(crate) use token::Claims;

/// What the endpoints of the authority share.
pub(crate) struct Authority {
    /// Scheme, host and port under which the authority is reached, without a slash at the end.
    pub origin: String,
    pub identity: Arc<Identity>,
    pub key: Arc<SigningKey>,
    pub scenario: Arc<Scenario>,
    pub directory: Arc<Directory>,
    pub clock: Clock,
    /// Token requests seen so far, for scenarios that fail the first few.
    pub token_requests: AtomicU32,
    /// Sign-ins of people that are under way, and what came of them.
    pub sign_ins: Arc<SignIns>,
}

/// Who can sign in, for whoever starts the sandbox.
pub(crate) fn people(directory: &Directory) -> Vec<Person> {
    login::people(directory).collect()
}

/// The authority's routes. Paths alone decide: MSAL for Node adds a query string to the token POST (facts: entra A.7).
pub(crate) fn router(authority: Arc<Authority>) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", any(token::serve))
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::serve))
        .route("/{tenant}/oauth2/authorize", get(authorize::serve))
        .route("/{tenant}/login", get(login::again).post(login::serve))
        .route("/{tenant}/consent", post(consent::serve))
        .route("/{tenant}/oauth2/v2.0/devicecode", any(device_code::serve))
        .route("/{tenant}/device", get(device::ask).post(device::serve))
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
