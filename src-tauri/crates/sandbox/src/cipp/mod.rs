//! CIPP's own code, imitated: one file per endpoint, named as the endpoint, and the decision who may call it.
//!
//! A new endpoint needs a file and its line in [`ENDPOINTS`]. What deliberately is not here: tokens, App Service's door,
//! the container's cache and rate limit, broken transfers. Those stand in front of this; see `crate::hosting`.

mod access;
mod call;
mod exec_access_checks;
mod exec_api_client;
mod exec_backend_urls;
mod get_version;
mod list_api_test;
mod list_logs;
mod list_tenants;
mod me;
mod public_ping;
#[cfg(test)]
mod testing;

use std::sync::{Arc, atomic::AtomicU32};

pub(crate) use list_logs::every_row;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::any;
use serde_json::json;

use crate::directory::Directory;
use crate::hosting::response_cache::AsOf;
use crate::hosting::{Caller, refusal};
use crate::scenario::{Flavour, Scenario};
use crate::world::{MovingWorld, World};
use call::Call;

/// The longest request body that is read; no endpoint here needs more.
const REQUEST_BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// What the endpoints answer from.
#[derive(Clone, Debug)]
pub(crate) struct CippState {
    /// Tenants and rows, as they are while one call is answered.
    pub world: World,
    /// Where they come from.
    pub worlds: Arc<MovingWorld>,
    /// Hosting form and faults.
    pub scenario: Arc<Scenario>,
    /// The partner's tenant, which the checks look at.
    pub directory: Arc<Directory>,
    /// Calls of the tenant check so far, for scenarios in which its results are not there at first.
    pub tenant_checks: Arc<AtomicU32>,
    /// CIPP cannot reach the tenants: `ListTenants` says so, with status 200.
    pub tenants_fail: bool,
}

impl CippState {
    /// The endpoints' view of a sandbox.
    pub(crate) fn new(worlds: Arc<MovingWorld>, scenario: Arc<Scenario>, directory: Arc<Directory>) -> CippState {
        CippState {
            world: worlds.now(),
            worlds,
            directory,
            tenant_checks: Arc::default(),
            tenants_fail: scenario.tenants_fail,
            scenario,
        }
    }
}

/// One endpoint: its name as CIPP spells it, the permission it asks for, who answers.
struct Endpoint {
    name: &'static str,
    permission: Permission,
    answer: fn(&CippState, &Call) -> Response,
}

/// What a caller needs.
#[derive(Debug, Clone, Copy)]
enum Permission {
    /// Nothing, not even a token.
    Public,
    /// The endpoint decides by itself.
    Own,
    /// A permission of CIPP's, e.g. `CIPP.Core.Read`.
    Of(&'static str),
}

const CORE_READ: Permission = Permission::Of("CIPP.Core.Read");

/// Every endpoint of the sandbox (facts: cipp 2.6).
const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        name: "ListLogs",
        permission: CORE_READ,
        answer: list_logs::answer,
    },
    Endpoint {
        name: "ListTenants",
        permission: CORE_READ,
        answer: list_tenants::answer,
    },
    Endpoint {
        name: "ListApiTest",
        permission: CORE_READ,
        answer: list_api_test::answer,
    },
    Endpoint {
        name: "GetVersion",
        permission: CORE_READ,
        answer: get_version::answer,
    },
    Endpoint {
        name: "ExecBackendURLs",
        permission: Permission::Of("CIPP.AppSettings.Read"),
        answer: exec_backend_urls::answer,
    },
    Endpoint {
        name: "ExecAccessChecks",
        permission: Permission::Of("CIPP.AppSettings.Read"),
        answer: exec_access_checks::answer,
    },
    Endpoint {
        name: "ExecApiClient",
        permission: Permission::Of("CIPP.Extension.ReadWrite"),
        answer: exec_api_client::answer,
    },
    Endpoint {
        name: "PublicPing",
        permission: Permission::Public,
        answer: public_ping::answer,
    },
    Endpoint {
        name: "me",
        permission: Permission::Own,
        answer: me::answer,
    },
];

/// The routes `/api/{endpoint}`. A request carries its `Caller` as an extension where the front door recognised one.
pub(crate) fn router(state: CippState) -> Router {
    Router::new().route("/api/{endpoint}", any(dispatch)).with_state(state)
}

/// Finds the endpoint without regard to case, as the web UI's own `/api/Listlogs` needs (facts: cipp 1.1).
async fn dispatch(State(mut state): State<CippState>, Path(name): Path<String>, request: Request) -> Response {
    state.world = state.worlds.now();
    if let Some(AsOf(ago)) = request.extensions().get() {
        let now = state.world.now();
        state.world = state.world.at(now.checked_sub(*ago).unwrap_or(now));
    }
    let flavour = state.scenario.flavour;
    let (parts, body) = request.into_parts();
    let Some(endpoint) = ENDPOINTS
        .iter()
        .find(|endpoint| endpoint.name.eq_ignore_ascii_case(&name))
    else {
        return unknown_endpoint(flavour, &name);
    };
    let Ok(body) = to_bytes(body, REQUEST_BODY_LIMIT_BYTES).await else {
        return refusal(flavour, StatusCode::PAYLOAD_TOO_LARGE, "Request body too large");
    };
    let caller = parts.extensions.get::<Caller>().cloned();
    let call = match Call::read(&parts, body, caller, flavour) {
        Ok(call) => call,
        Err(text) => return refusal(flavour, StatusCode::INTERNAL_SERVER_ERROR, &text),
    };
    match access::decide(
        &state.scenario,
        call.caller.as_ref(),
        endpoint.name,
        endpoint.permission,
    ) {
        Ok(()) => (endpoint.answer)(&state, &call),
        Err(text) => refusal(flavour, StatusCode::FORBIDDEN, &text),
    }
}

fn unknown_endpoint(flavour: Flavour, name: &str) -> Response {
    match flavour {
        Flavour::FunctionApp => refusal(flavour, StatusCode::NOT_FOUND, "Endpoint not found"),
        Flavour::Container => {
            let mut response = json_answer(&json!({ "error": format!("Endpoint '{name}' not found") }));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

/// A 200 with compact JSON, the normal answer.
fn json_answer(value: &serde_json::Value) -> Response {
    json_body(Body::from(value.to_string()))
}

/// A 200 with a body that already is JSON.
fn json_body(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::testing::{Site, caller};
    use crate::scenario::Flavour;

    #[tokio::test]
    async fn endpoint_names_ignore_case() {
        let site = Site::new(Flavour::FunctionApp);
        assert_eq!(site.get("/api/Listlogs").await.status, 200);
        assert_eq!(site.get("/api/LISTAPITEST").await.status, 200);
    }

    #[tokio::test]
    async fn unknown_endpoints_are_refused_in_each_form() {
        let f = Site::new(Flavour::FunctionApp).get("/api/ListNothing").await;
        assert_eq!((f.status, f.text.as_str()), (404, "Endpoint not found"));
        assert!(f.content_type.starts_with("text/plain"));
        let c = Site::new(Flavour::Container).get("/api/ListNothing").await;
        assert_eq!(
            (c.status, c.text.as_str()),
            (404, r#"{"error":"Endpoint 'ListNothing' not found"}"#)
        );
    }

    #[tokio::test]
    async fn a_refusal_is_text_on_the_function_app_and_a_json_string_on_the_container() {
        let mut caller = caller("readonly");
        caller.ip_ranges = vec!["192.0.2.0/24".into()];
        let f = Site::new(Flavour::FunctionApp)
            .called_by(Some(caller.clone()))
            .get("/api/ListLogs")
            .await;
        assert_eq!(f.status, 403);
        assert!(
            f.text.ends_with("the API Client does not have the required permission"),
            "{}",
            f.text
        );
        let c = Site::new(Flavour::Container)
            .called_by(Some(caller))
            .get("/api/ListLogs")
            .await;
        assert_eq!(c.text, format!("{:?}", f.text));
    }

    #[tokio::test]
    async fn query_names_that_differ_in_case_alone_break_the_function_app() {
        let path = "/api/ListLogs?Filter=true&filter=true";
        assert_eq!(Site::new(Flavour::FunctionApp).get(path).await.status, 500);
        assert_eq!(Site::new(Flavour::Container).get(path).await.status, 200);
    }
}
