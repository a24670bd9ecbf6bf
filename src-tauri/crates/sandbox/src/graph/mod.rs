//! Microsoft Graph, as far as the checks of a set-up reach it: one file per collection, named as Graph names it.
//!
//! A new endpoint is a line in its file's `ENDPOINTS` and, for a new file, one in [`FILES`]. This module finds the
//! endpoint, checks scope and role, and words the refusals (facts: entra C.2); `query` reads the OData parameters.

mod applications;
mod audit_logs;
mod authentication;
mod conditional_access;
mod domains;
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
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    directory::Directory,
    entra::Resource,
    microsoft::{BadToken, Caller, Microsoft},
};
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

/// Which of Graph's services answers; each words its refusals its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// Users, groups, applications.
    Directory,
    /// Conditional Access and other policies.
    Policies,
    /// Authentication methods.
    Authentication,
    /// Sign-in logs and registration reports.
    Reports,
    /// Privileged Identity Management.
    Privileged,
    /// Exchange.
    Mailbox,
}

type Answer = Result<Value, GraphError>;

/// A refusal of Graph's.
#[derive(Debug)]
struct GraphError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl GraphError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn token(problem: BadToken) -> Self {
        let message = match problem {
            BadToken::Missing => "Access token is empty.",
            BadToken::Unreadable => "IDX14100: JWT is not well formed, or its signature is invalid.",
            BadToken::Expired => "Lifetime validation failed, the token is expired.",
            BadToken::Audience => "Access token validation failure. Invalid audience.",
            BadToken::Tenant => "Access token validation failure. Invalid tenant.",
        };
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    /// The scope is missing.
    fn scope(need: &Need) -> Self {
        let forbidden = |code, message: String| Self::new(StatusCode::FORBIDDEN, code, message);
        match need.words {
            Words::Directory => forbidden(
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.".into(),
            ),
            Words::Policies => forbidden(
                "AccessDenied",
                "You cannot perform the requested operation, required scopes are missing in the token.".into(),
            ),
            Words::Authentication => forbidden("accessDenied", "Request Authorization failed".into()),
            Words::Reports => forbidden(
                "Authentication_MSGraphPermissionMissing",
                format!(
                    "The principal does not have required Microsoft Graph permission(s): {} to call this API. For more \
                     information about Microsoft Graph permissions, please visit \
                     https://learn.microsoft.com/graph/permissions-overview.",
                    need.scopes.join(",")
                ),
            ),
            Words::Privileged => forbidden(
                "PermissionScopeNotGranted",
                format!(
                    "Authorization failed due to missing permission scope {}.",
                    need.scopes.join(",")
                ),
            ),
            Words::Mailbox => forbidden(
                "ErrorAccessDenied",
                "Access is denied. Check credentials and try again.".into(),
            ),
        }
    }

    /// The role is missing.
    fn role(need: &Need) -> Self {
        let forbidden = |code, message: &str| Self::new(StatusCode::FORBIDDEN, code, message);
        match need.words {
            Words::Directory => forbidden(
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
            Words::Policies => forbidden(
                "AccessDenied",
                "You cannot perform the requested operation, your account does not have a role that allows it.",
            ),
            Words::Authentication => forbidden("accessDenied", "Request Authorization failed"),
            Words::Reports => forbidden(
                "Authentication_RequestFromUnsupportedUserRole",
                "User is not in the allowed roles",
            ),
            Words::Privileged => forbidden(
                "UnauthorizedAccessException",
                "Attempted to perform an unauthorized operation.",
            ),
            Words::Mailbox => forbidden(
                "ErrorAccessDenied",
                "Access is denied. Check credentials and try again.",
            ),
        }
    }

    /// The tenant has no Entra ID P1 or P2.
    fn no_licence() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    }
}

/// One request on its way to an endpoint.
struct Call<'a> {
    microsoft: &'a Microsoft,
    caller: &'a Caller,
    /// The version and path as they were asked for, for links back.
    address: &'a str,
    beta: bool,
    /// What stood in the holes of the path, in their order; `me` is the caller's id.
    holes: &'a [String],
    query: &'a Query,
    /// `ConsistencyLevel: eventual` was sent.
    eventual: bool,
    body: &'a Value,
}

impl Call<'_> {
    fn directory(&self) -> &Directory {
        &self.microsoft.directory
    }

    /// The first hole of the path.
    fn id(&self) -> &str {
        self.holes.first().map_or("", String::as_str)
    }

    /// The user that the first hole names, with its key.
    fn user(&self) -> Result<(&str, &Value), GraphError> {
        self.directory()
            .user(self.id())
            .ok_or_else(|| GraphError::not_found(self.id()))
    }

    /// Whether the tenant has paid for Entra ID P1 (or P2).
    fn has_premium(&self) -> bool {
        self.directory().at("/tenant/premium") != "none"
    }

    /// A query that Graph answers only with eventual consistency and a count.
    fn needs_advanced(&self) -> Result<(), GraphError> {
        if self.eventual && self.query.count {
            return Ok(());
        }
        Err(GraphError::bad_request(
            "Request_UnsupportedQuery",
            "The specified query is not supported without the header 'ConsistencyLevel: eventual' and $count=true.",
        ))
    }

    /// One object, or those of its properties that were asked for.
    fn one(&self, kind: &str, object: &Value) -> Answer {
        let mut selected = json!({ "@odata.context": self.context(&format!("{kind}/$entity")) });
        let picked = self.query.pick(object);
        if let (Some(all), Some(picked)) = (selected.as_object_mut(), picked.as_object()) {
            all.extend(picked.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Ok(selected)
    }

    /// A page of a list: filtered, the properties that were asked for, a link to the next page.
    fn list(&self, kind: &str, objects: impl IntoIterator<Item = Value>) -> Answer {
        let matching = objects.into_iter().filter(|object| self.query.matches(object));
        self.whole(kind, matching.collect())
    }

    /// A page of a list that has been filtered already.
    fn whole(&self, kind: &str, matching: Vec<Value>) -> Answer {
        let total = matching.len();
        let size = self.microsoft.scenario.graph_page_size.max(1);
        let size = self.query.top.map_or(size, |top| top.clamp(1, size));
        let page: Vec<Value> = matching
            .iter()
            .skip(self.query.skip)
            .take(size)
            .map(|object| self.query.pick(object))
            .collect();
        let next = self.query.skip + page.len();
        let mut answer = json!({ "@odata.context": self.context(kind) });
        if self.query.count && self.eventual {
            answer["@odata.count"] = total.into();
        }
        if next < total {
            let link = format!("{}{}", self.microsoft.origin, self.address);
            answer["@odata.nextLink"] = self.query.next_link(&link, next).into();
        }
        answer["value"] = page.into();
        Ok(answer)
    }

    fn context(&self, kind: &str) -> String {
        let version = if self.beta { "beta" } else { "v1.0" };
        format!("https://graph.microsoft.com/{version}/$metadata#{kind}")
    }
}

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
    if need.roles.is_empty() || role(&roles::GLOBAL_ADMINISTRATOR) || need.roles.iter().any(|wanted| role(wanted)) {
        return Ok(());
    }
    Err(GraphError::role(need))
}

/// A refusal in Graph's form.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let body = json!({
        "error": {
            "code": code,
            "message": message,
            "innerError": {
                "date": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": request_id,
            },
        }
    });
    let mut response = (status, Json(body)).into_response();
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("request-id", id);
    }
    response
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
