//! `POST /{tenant}/oauth2/v2.0/devicecode`: a code to type in a browser elsewhere (RFC 8628; facts: entra C.5).
//! There is no `verification_uri_complete`, as at Microsoft.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};
use rand::Rng;
use serde_json::json;
use uuid::Uuid;

use super::{
    Authority, Tenant,
    clients::Client,
    refusal::{Refusal, set_headers},
    scopes::Scopes,
    sign_ins::{Device, DeviceState, in_seconds},
    token::{self, Form},
};

/// Letters and digits that cannot be taken for one another.
const LETTERS: &[u8; 31] = b"ABCDEFGHJKLMNPQRSTUVWXYZ2345678";
const USER_CODE_LENGTH: usize = 9;

pub(super) async fn serve(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&headers, &body);
    let correlation_id = token::correlation_id(&headers, form.as_ref().ok());
    match begin(&authority, &tenant, &method, form) {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(&authority, correlation_id),
    }
}

fn begin(
    authority: &Authority,
    tenant: &str,
    method: &Method,
    form: Result<Form, Refusal>,
) -> Result<Response, Refusal> {
    match Tenant::recognise(tenant, &authority.identity) {
        Tenant::Known | Tenant::Shared => {}
        Tenant::Unknown => return Err(Refusal::tenant_not_found("invalid_request", tenant)),
        Tenant::Malformed => return Err(Refusal::tenant_malformed(tenant)),
    }
    if method != Method::POST {
        return Err(Refusal::post_only(method.as_str()));
    }
    let form = form?;
    let client_id = form.require("client_id")?;
    let client = Client::find(&authority.directory, client_id)
        .ok_or_else(|| Refusal::unknown_client(client_id, &authority.identity.tenant_name))?;
    let scopes = Scopes::read(authority, form.require("scope")?)?;
    let scenario = &authority.scenario;
    let user_code = user_code();
    let device_code = authority.sign_ins.begin_device(Device {
        user_code: user_code.clone(),
        client,
        scopes,
        until: in_seconds(authority, scenario.device_code_lifetime_seconds),
        state: DeviceState::Pending,
    });
    let verification_uri = format!("{}/{}/device", authority.origin, authority.identity.tenant_id);
    let mut response = Json(json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": verification_uri,
        "expires_in": scenario.device_code_lifetime_seconds,
        "interval": scenario.device_code_interval_seconds,
        "message": format!(
            "To sign in, use a web browser to open the page {verification_uri} and enter the code {user_code} to \
             authenticate."
        ),
    }))
    .into_response();
    set_headers(&mut response, Uuid::new_v4());
    Ok(response)
}

fn user_code() -> String {
    let mut random = rand::rng();
    (0..USER_CODE_LENGTH)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect()
}
