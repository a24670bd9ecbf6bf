//! Azure Resource Manager, as far as the checks of a set-up reach it: subscriptions, role assignments, the Function App
//! and its sign-in settings (facts: entra C.2 rows 2, 8, 8b, 8c).
//!
//! A new endpoint is a file and its line in [`ENDPOINTS`]. Who may read what is in `rights`.

mod authsettings_v2;
mod permissions;
mod rights;
mod role_assignments;
mod sites;
mod subscriptions;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{OriginalUri, Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    directory::{Directory, same},
    entra::Resource,
    microsoft::{BadToken, Caller, Microsoft},
};

type Answer = Result<Value, ArmError>;
type Answering = fn(&Call<'_>) -> Answer;

/// One endpoint: what its address ends with, behind a scope.
struct Endpoint {
    method: &'static str,
    /// The end of the address, in lower case; `{}` stands for one segment.
    path: &'static str,
    answer: Answering,
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "GET",
        path: "/subscriptions",
        answer: subscriptions::list,
    },
    Endpoint {
        method: "GET",
        path: "/subscriptions/{}",
        answer: subscriptions::one,
    },
    Endpoint {
        method: "GET",
        path: "/subscriptions/{}/providers/microsoft.web/sites",
        answer: sites::list,
    },
    Endpoint {
        method: "GET",
        path: "/subscriptions/{}/resourcegroups/{}/providers/microsoft.web/sites",
        answer: sites::list,
    },
    Endpoint {
        method: "GET",
        path: "/subscriptions/{}/resourcegroups/{}/providers/microsoft.web/sites/{}",
        answer: sites::one,
    },
    Endpoint {
        method: "POST",
        path: "/subscriptions/{}/resourcegroups/{}/providers/microsoft.web/sites/{}/config/authsettingsv2/list",
        answer: authsettings_v2::list,
    },
];

/// What every scope has, by the end of its address.
const OF_EVERY_SCOPE: &[(&str, Answering)] = &[
    (
        "/providers/microsoft.authorization/roleassignments",
        role_assignments::list,
    ),
    ("/providers/microsoft.authorization/permissions", permissions::list),
];

/// A refusal of Azure's.
struct ArmError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ArmError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    fn token(problem: BadToken) -> Self {
        let (code, message) = match problem {
            BadToken::Missing => (
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            ),
            BadToken::Unreadable => ("InvalidAuthenticationToken", "The access token is invalid."),
            BadToken::Expired => (
                "ExpiredAuthenticationToken",
                "The access token expiry is earlier than the current time.",
            ),
            BadToken::Audience => (
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource. It should exactly match one of \
                 the allowed audiences 'https://management.core.windows.net/','https://management.azure.com/'.",
            ),
            BadToken::Tenant => (
                "InvalidAuthenticationTokenTenant",
                "The access token is from the wrong issuer. It must match the tenant associated with this \
                 subscription.",
            ),
        };
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }
}

/// One request on its way to an endpoint.
struct Call<'a> {
    microsoft: &'a Microsoft,
    caller: &'a Caller,
    /// Without `/arm`, with a slash at the front.
    path: &'a str,
    /// The scope of what is asked for: all of the path for resources, what stands in front of the provider for roles.
    scope: &'a str,
    query: &'a HashMap<String, String>,
}

impl Call<'_> {
    fn directory(&self) -> &Directory {
        &self.microsoft.directory
    }

    /// The path's segment at this place, counted from 0.
    fn segment(&self, place: usize) -> &str {
        self.path.split('/').skip(1).nth(place).unwrap_or_default()
    }

    /// The subscription of the path.
    fn subscription(&self) -> Result<&Value, ArmError> {
        let id = self.segment(1);
        let all = self.directory().at("/arm/subscriptions").as_object();
        let mut all = all.into_iter().flatten();
        all.find(|(_, one)| same(&one["subscriptionId"], id))
            .map(|(_, one)| one)
            .ok_or_else(|| {
                ArmError::not_found(
                    "SubscriptionNotFound",
                    format!("The subscription '{id}' could not be found."),
                )
            })
    }

    /// Refuses a caller that may not do this here.
    fn needs(&self, action: &str) -> Result<(), ArmError> {
        if rights::may(self.directory(), self.caller, action, self.scope) {
            return Ok(());
        }
        let (name, oid, scope) = (&self.caller.name, &self.caller.oid, self.scope);
        Err(ArmError::new(
            StatusCode::FORBIDDEN,
            "AuthorizationFailed",
            format!(
                "The client '{name}' with object id '{oid}' does not have authorization to perform action '{action}' \
                 over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials."
            ),
        ))
    }

    /// A page of a list, with a link to the next one.
    fn list(&self, entries: Vec<Value>) -> Answer {
        let size = self.microsoft.scenario.arm_page_size.max(1);
        let skip: usize = self
            .query
            .get("$skiptoken")
            .and_then(|token| token.parse().ok())
            .unwrap_or(0);
        let total = entries.len();
        let page: Vec<Value> = entries.into_iter().skip(skip).take(size).collect();
        let next = skip + page.len();
        let mut answer = json!({ "value": page });
        if next < total {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(self.query.iter().filter(|(name, _)| *name != "$skiptoken"));
            query.append_pair("$skiptoken", &next.to_string());
            let link = format!("{}/arm{}?{}", self.microsoft.link_origin(), self.path, query.finish());
            answer["nextLink"] = link.into();
        }
        Ok(answer)
    }
}

pub(crate) fn router(microsoft: Arc<Microsoft>) -> Router {
    Router::new().route("/arm/{*path}", any(serve)).with_state(microsoft)
}

async fn serve(
    State(microsoft): State<Arc<Microsoft>>,
    Path(path): Path<String>,
    OriginalUri(address): OriginalUri,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let path = format!("/{}", path.trim_matches('/'));
    let query = url::form_urlencoded::parse(address.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    match answer(&microsoft, &path, &query, &method, &headers) {
        Ok(value) => with_ids(Json(value).into_response()),
        Err(refusal) => error(refusal.status, refusal.code, &refusal.message),
    }
}

fn answer(
    microsoft: &Microsoft,
    path: &str,
    query: &HashMap<String, String>,
    method: &Method,
    headers: &HeaderMap,
) -> Answer {
    let caller = microsoft.caller(headers, Resource::Arm).map_err(ArmError::token)?;
    if !query.contains_key("api-version") {
        return Err(ArmError::new(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let lower = path.to_ascii_lowercase();
    let call = |scope| Call {
        microsoft,
        caller: &caller,
        path,
        scope,
        query,
    };
    let of_scope = OF_EVERY_SCOPE.iter().find(|(end, _)| lower.ends_with(end));
    if let Some((end, answer)) = of_scope
        && method == Method::GET
    {
        let call = call(&path[..path.len() - end.len()]);
        call.subscription()?;
        return answer(&call);
    }
    let known = ENDPOINTS.iter().find(|endpoint| fits(endpoint.path, &lower));
    match known {
        Some(endpoint) if method.as_str() == endpoint.method => (endpoint.answer)(&call(path)),
        Some(_) => Err(ArmError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            format!("The resource does not support the method '{method}'."),
        )),
        None => Err(ArmError::not_found(
            "InvalidResourceType",
            format!("The resource type could not be found for '{path}'."),
        )),
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    pattern.split('/').count() == path.split('/').count()
        && pattern
            .split('/')
            .zip(path.split('/'))
            .all(|(pattern, segment)| pattern == segment || (pattern == "{}" && !segment.is_empty()))
}

/// A refusal in Azure's form.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    with_ids((status, Json(json!({ "error": { "code": code, "message": message } }))).into_response())
}

fn with_ids(mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-ms-correlation-request-id", id.clone());
        response.headers_mut().insert("x-ms-request-id", id);
    }
    response
}
