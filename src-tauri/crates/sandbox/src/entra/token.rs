//! `POST /{tenant}/oauth2/v2.0/token`: a token for client credentials, or the refusal Entra would give. What people's
//! sign-ins brought is redeemed in `grant`.
//!
//! The order of the checks matters: a wrong tenant hides a wrong client, which hides a wrong secret.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Authority, Tenant, grant, refusal::Refusal, refusal::set_headers};
use crate::scenario::TokenVersion;

/// How far before its issue a token is already valid: Entra back-dates `iat` and `nbf` by five minutes.
pub(super) const BACKDATED_SECONDS: i64 = 300;

/// Resources that exist in every tenant, by their application ID URIs.
const MICROSOFT_RESOURCES: [&str; 2] = ["https://graph.microsoft.com", "https://management.azure.com"];

/// The claims of an app-only token; which are present depends on its version (facts: entra B.1).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub aud: String,
    pub iss: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub aio: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appidacr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azp: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azpacr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
    pub oid: Uuid,
    pub rh: String,
    pub sub: Uuid,
    pub tid: Uuid,
    pub uti: String,
    pub ver: String,
}

pub(super) async fn serve(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&headers, &body);
    let correlation_id = correlation_id(&headers, form.as_ref().ok());
    if let Some(trouble) = scripted_trouble(&authority, correlation_id) {
        return trouble;
    }
    match issue(&authority, &tenant, &method, form) {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(&authority, correlation_id),
    }
}

/// The first few requests fail where the scenario says so: first the throttled ones, then the unavailable ones.
fn scripted_trouble(authority: &Authority, correlation_id: Uuid) -> Option<Response> {
    let scenario = &authority.scenario;
    let seen = authority.token_requests.fetch_add(1, Ordering::Relaxed);
    if seen < scenario.token_throttled_calls {
        let seconds = scenario.retry_after_seconds.unwrap_or(1).try_into().unwrap_or(u32::MAX);
        return Some(Refusal::throttled(seconds).into_response(authority, correlation_id));
    }
    if seen
        < scenario
            .token_throttled_calls
            .saturating_add(scenario.token_unavailable_calls)
    {
        let page = "<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body><h1>Sorry, but we're \
                    having trouble signing you in.</h1><p>We are currently experiencing issues. Please try again \
                    later.</p></body></html>";
        return Some((StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response());
    }
    None
}

fn issue(
    authority: &Authority,
    tenant: &str,
    method: &Method,
    form: Result<Form, Refusal>,
) -> Result<Response, Refusal> {
    let identity = &authority.identity;
    match Tenant::recognise(tenant, identity) {
        Tenant::Known | Tenant::Shared => {}
        Tenant::Unknown => return Err(Refusal::tenant_not_found("invalid_request", tenant)),
        Tenant::Malformed => return Err(Refusal::tenant_malformed(tenant)),
    }
    if method != Method::POST {
        return Err(Refusal::post_only(method.as_str()));
    }
    let form = form?;
    match form.require("grant_type")? {
        "client_credentials" => {}
        "authorization_code" => return grant::authorization_code::redeem(authority, &form),
        "refresh_token" => return grant::refresh_token::redeem(authority, &form),
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
            return grant::device_code::redeem(authority, &form);
        }
        other => return Err(Refusal::grant_type(other)),
    }
    if matches!(Tenant::recognise(tenant, identity), Tenant::Shared) {
        return Err(Refusal::shared_endpoint());
    }
    let client = form.require("client_id")?;
    if client.parse() != Ok(identity.client_id) {
        return Err(Refusal::unknown_client(client, &identity.tenant_name));
    }
    let audience = audience(authority, form.require("scope")?, client)?;
    let secret = form.require("client_secret").map_err(|_| Refusal::no_credential())?;
    if secret == identity.expired_secret {
        return Err(Refusal::by_code(7_000_222, identity));
    }
    if secret != identity.client_secret {
        return Err(Refusal::wrong_secret(client));
    }
    if let Some(code) = authority.scenario.aadsts {
        return Err(Refusal::by_code(code, identity));
    }
    Ok(success(authority, audience))
}

/// Which `aud` a scope asks for.
fn audience(authority: &Authority, scope: &str, client: &str) -> Result<String, Refusal> {
    if scope.trim() != scope || scope.contains(' ') {
        return Err(Refusal::scope_malformed(scope));
    }
    let resource = scope
        .strip_suffix("/.default")
        .ok_or_else(|| Refusal::scope_without_default(scope))?;
    if resource.is_empty() {
        return Err(Refusal::scope_malformed(scope));
    }
    let own_id = authority.identity.client_id;
    let own = resource.strip_prefix("api://").unwrap_or(resource).parse() == Ok(own_id);
    match authority.scenario.token_version {
        TokenVersion::V2 if own => Ok(own_id.to_string()),
        _ if own || MICROSOFT_RESOURCES.contains(&resource.trim_end_matches('/')) => {
            Ok(resource.replace(client, &own_id.to_string()))
        }
        _ => Err(Refusal::unknown_resource(resource, &authority.identity.tenant_name)),
    }
}

fn success(authority: &Authority, audience: String) -> Response {
    let trace_id = Uuid::new_v4();
    let lifetime = authority.scenario.token_lifetime_seconds;
    match sign(authority, audience, trace_id) {
        Ok(token) => {
            let mut response = Json(json!({
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": token,
            }))
            .into_response();
            set_headers(&mut response, trace_id);
            response
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn sign(authority: &Authority, aud: String, trace_id: Uuid) -> Result<String, jsonwebtoken::errors::Error> {
    let (identity, scenario) = (&authority.identity, &authority.scenario);
    let v1 = scenario.token_version == TokenVersion::V1;
    let (tid, now) = (identity.tenant_id, authority.clock.now().as_second());
    let claims = Claims {
        aud,
        iss: if v1 {
            format!("https://sts.windows.net/{tid}/")
        } else {
            format!("https://login.microsoftonline.com/{tid}/v2.0")
        },
        iat: now - BACKDATED_SECONDS,
        nbf: now - BACKDATED_SECONDS,
        exp: now + i64::from(scenario.token_lifetime_seconds),
        aio: STANDARD.encode(rand::rng().random::<[u8; 32]>()),
        appid: v1.then_some(identity.client_id),
        appidacr: v1.then(|| "1".into()),
        azp: (!v1).then_some(identity.client_id),
        azpacr: (!v1).then(|| "1".into()),
        idp: v1.then(|| format!("https://sts.windows.net/{tid}/")),
        oid: identity.service_principal_id,
        rh: format!("1.{}.", URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 36]>())),
        sub: identity.service_principal_id,
        tid,
        // The trace ID in another spelling, as Microsoft's sign-in log relates the two.
        uti: URL_SAFE_NO_PAD.encode(trace_id.as_bytes()),
        ver: if v1 { "1.0" } else { "2.0" }.into(),
    };
    let header = Header {
        kid: Some(authority.key.key_id.clone()),
        x5t: v1.then(|| authority.key.key_id.clone()),
        ..Header::new(Algorithm::RS256)
    };
    jsonwebtoken::encode(&header, &claims, &authority.key.encoding)
}

/// The fields of a request body, with client authentication by HTTP Basic folded in.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let form_encoded = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .to_ascii_lowercase()
                    .starts_with("application/x-www-form-urlencoded")
            });
        if !form_encoded && !body.is_empty() {
            return Err(Refusal::malformed());
        }
        let mut fields: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        if let Some((client_id, client_secret)) = basic(headers) {
            fields.entry("client_id".into()).or_insert(client_id);
            fields.entry("client_secret".into()).or_insert(client_secret);
        }
        Ok(Self(fields))
    }

    /// A field's value where it is there and not empty.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A field's value; an empty one counts as missing.
    pub(super) fn require(&self, name: &str) -> Result<&str, Refusal> {
        self.filled(name).ok_or_else(|| Refusal::missing_parameter(name))
    }
}

/// Client ID and secret of an `Authorization: Basic` header; RFC 6749 has both form-encoded before base64.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        url::form_urlencoded::parse(part.as_bytes())
            .next()
            .map(|(name, _)| name.into_owned())
            .unwrap_or_default()
    };
    Some((decode(id), decode(secret)))
}

/// What the client sent to recognise its request by, in the header, in the body, or nothing: then a new one.
pub(super) fn correlation_id(headers: &HeaderMap, form: Option<&Form>) -> Uuid {
    headers
        .get("client-request-id")
        .and_then(|value| value.to_str().ok())
        .or_else(|| form.and_then(|form| form.require("client-request-id").ok()))
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(Uuid::new_v4)
}
