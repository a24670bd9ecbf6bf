//! Microsoft Graph, as far as the checks of a set-up reach it: one file per collection, named as Graph names it.
//!
//! A new endpoint is a line in its file's `ENDPOINTS` and, for a new file, one in [`FILES`]. This module finds the
//! endpoint, checks scope and role, and words the refusals (facts: entra C.2); `query` reads the OData parameters.

mod applications;
mod audit_logs;
mod authentication;
mod call;
mod conditional_access;
mod domains;
mod error;
mod filter;
mod groups;
mod mailbox_settings;
mod member_of;
mod oauth2_permission_grants;
mod organization;
mod policies;
mod query;
mod reports;
mod role_management;
mod service_principals;
mod tenant_relationships;
mod users;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{OriginalUri, Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    entra::Resource,
    microsoft::{Caller, Microsoft},
};
use call::Call;
pub(crate) use error::error;
use error::{GraphError, Words};
use query::Query;

/// Every endpoint, by file.
const FILES: &[&[Endpoint]] = &[
    organization::ENDPOINTS,
    users::ENDPOINTS,
    member_of::ENDPOINTS,
    groups::ENDPOINTS,
    role_management::ENDPOINTS,
    applications::ENDPOINTS,
    service_principals::ENDPOINTS,
    oauth2_permission_grants::ENDPOINTS,
    tenant_relationships::ENDPOINTS,
    authentication::ENDPOINTS,
    reports::ENDPOINTS,
    policies::ENDPOINTS,
    conditional_access::ENDPOINTS,
    domains::ENDPOINTS,
    audit_logs::ENDPOINTS,
    mailbox_settings::ENDPOINTS,
];

/// Templates of roles that may read more than every member of a tenant may.
mod roles {
    pub(super) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
    pub(super) const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    pub(super) const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
    pub(super) const SECURITY_READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";
    pub(super) const SECURITY_ADMINISTRATOR: &str = "194ae4cb-b126-40b2-bd5b-6091b380977d";
    pub(super) const REPORTS_READER: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";
    pub(super) const DIRECTORY_READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
    pub(super) const AUTHENTICATION_POLICY_ADMINISTRATOR: &str = "0526716b-113d-4c15-b2c8-68e3c22b9f80";
}

/// Which of Graph's two versions has an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    Both,
    BetaOnly,
}

/// How an endpoint is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    /// A read all the same: the question is too long for an address.
    Post,
}

/// One endpoint.
struct Endpoint {
    verb: Verb,
    /// Segments with `{}` for what varies; `users/{}` stands for `me` too.
    path: &'static str,
    versions: Versions,
    need: Need,
    answer: fn(&Call<'_>) -> Answer,
}

impl Endpoint {
    const fn get(path: &'static str, need: Need, answer: fn(&Call<'_>) -> Answer) -> Self {
        Self {
            verb: Verb::Get,
            path,
            versions: Versions::Both,
            need,
            answer,
        }
    }

    const fn post(path: &'static str, need: Need, answer: fn(&Call<'_>) -> Answer) -> Self {
        Self {
            verb: Verb::Post,
            ..Self::get(path, need, answer)
        }
    }

    const fn beta(self) -> Self {
        Self {
            versions: Versions::BetaOnly,
            ..self
        }
    }

    fn is_called_by(&self, method: &Method) -> bool {
        *method
            == match self.verb {
                Verb::Get => Method::GET,
                Verb::Post => Method::POST,
            }
    }
}

/// What a caller needs: one of the scopes and, where there are any, one of the roles. Global Administrators need no role.
#[derive(Clone, Copy)]
struct Need {
    scopes: &'static [&'static str],
    /// Scopes that do for what is the caller's own; no role is needed then.
    own: &'static [&'static str],
    roles: &'static [&'static str],
    words: Words,
}

type Answer = Result<Value, GraphError>;

pub(crate) fn router(microsoft: Arc<Microsoft>) -> Router {
    Router::new()
        .route("/graph/{version}/{*path}", any(serve))
        .with_state(microsoft)
}

async fn serve(
    State(microsoft): State<Arc<Microsoft>>,
    Path((version, path)): Path<(String, String)>,
    OriginalUri(address): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let client_request_id = headers.get("client-request-id").cloned();
    let answer = answer(&microsoft, &version, &path, &address, &method, &headers, &body);
    let mut response = match answer {
        Ok(value) => Json(value).into_response(),
        Err(refusal) => error(refusal.status, refusal.code, &refusal.message),
    };
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
        ),
    );
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.entry("request-id").or_insert(id.clone());
        headers.insert("client-request-id", client_request_id.unwrap_or(id));
    }
    response
}

fn answer(
    microsoft: &Microsoft,
    version: &str,
    path: &str,
    address: &axum::http::Uri,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let beta = match version {
        "v1.0" => false,
        "beta" => true,
        other => {
            return Err(GraphError::bad_request(
                "BadRequest",
                format!("Invalid version: {other}"),
            ));
        }
    };
    let caller = microsoft.caller(headers, Resource::Graph).map_err(GraphError::token)?;
    let (endpoint, holes) = find(path, beta, method, &caller)?;
    let own = endpoint.path.starts_with("users/{}") && holes.first().is_some_and(|id| is_own(microsoft, &caller, id));
    check(&endpoint.need, &caller, own)?;
    let query = Query::read(address.query().unwrap_or_default())?;
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let eventual = headers
        .get("ConsistencyLevel")
        .is_some_and(|level| level.as_bytes().eq_ignore_ascii_case(b"eventual"));
    (endpoint.answer)(&Call {
        microsoft,
        caller: &caller,
        address: address.path(),
        beta,
        holes: &holes,
        query: &query,
        eventual,
        body: &body,
    })
}

/// The endpoint of a path, and what stands in its holes.
fn find(
    path: &str,
    beta: bool,
    method: &Method,
    caller: &Caller,
) -> Result<(&'static Endpoint, Vec<String>), GraphError> {
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let Some(first) = segments.first_mut()
        && first.eq_ignore_ascii_case("me")
    {
        *first = "users";
        segments.insert(1, &caller.oid);
    }
    let known = FILES
        .iter()
        .flat_map(|file| file.iter())
        .filter(|endpoint| beta || endpoint.versions == Versions::Both)
        .filter_map(|endpoint| Some((endpoint, holes(endpoint.path, &segments)?)));
    let mut other_method = false;
    for (endpoint, holes) in known {
        if endpoint.is_called_by(method) {
            return Ok((endpoint, holes));
        }
        other_method = true;
    }
    if other_method {
        return Err(GraphError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            format!("Specified HTTP method is not allowed for the request target: {method}."),
        ));
    }
    Err(GraphError::bad_request(
        "BadRequest",
        format!(
            "Resource not found for the segment '{}'.",
            segments.last().copied().unwrap_or_default()
        ),
    ))
}

/// What stands in the holes of a pattern where the segments fit it. Holes may have text around them:
/// `applications(appId='{}')`.
fn holes(pattern: &str, segments: &[&str]) -> Option<Vec<String>> {
    let pattern: Vec<&str> = pattern.split('/').collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut holes = Vec::new();
    for (part, segment) in pattern.into_iter().zip(segments) {
        match part.split_once("{}") {
            None if part.eq_ignore_ascii_case(segment) => {}
            None => return None,
            Some((before, after)) => {
                let middle = segment.len().checked_sub(before.len() + after.len())?;
                let hole = segment.get(before.len()..before.len() + middle)?;
                let fits = segment.get(..before.len())?.eq_ignore_ascii_case(before)
                    && segment.get(before.len() + middle..)?.eq_ignore_ascii_case(after);
                if !fits || hole.is_empty() || (before.is_empty() && hole.contains('(')) {
                    return None;
                }
                holes.push(hole.to_owned());
            }
        }
    }
    Some(holes)
}

fn is_own(microsoft: &Microsoft, caller: &Caller, id: &str) -> bool {
    let user = microsoft.directory.user(id);
    user.is_some_and(|(_, user)| crate::directory::same(&user["id"], &caller.oid))
}

fn check(need: &Need, caller: &Caller, own: bool) -> Result<(), GraphError> {
    if own && caller.has_one_of(need.own) {
        return Ok(());
    }
    if !caller.has_one_of(need.scopes) {
        return Err(GraphError::scope(need));
    }
    let role = |role: &&str| caller.roles.iter().any(|held| held == *role);
    if need.roles.is_empty() || role(&roles::GLOBAL_ADMINISTRATOR) || need.roles.iter().any(role) {
        return Ok(());
    }
    Err(GraphError::role(need))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_in_segments_and_within_them() {
        assert_eq!(
            holes("users/{}/memberOf", &["Users", "7", "memberof"]),
            Some(vec!["7".into()])
        );
        assert_eq!(
            holes("applications(appId='{}')", &["applications(appId='x')"]),
            Some(vec!["x".into()])
        );
        assert_eq!(holes("applications(appId='{}')", &["applications(appId='')"]), None);
        assert_eq!(holes("users/{}", &["users"]), None);
        assert_eq!(holes("applications(appId='{}')", &["app"]), None);
    }

    #[test]
    fn no_two_endpoints_share_a_path() {
        let mut paths: Vec<&str> = FILES
            .iter()
            .flat_map(|file| file.iter())
            .map(|endpoint| endpoint.path)
            .collect();
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count);
    }
}
