//! Entra's error answers: which code has which status, name and text (facts: entra A.3, A.4).

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rand::{Rng, distr::Alphanumeric};
use serde_json::json;
use uuid::Uuid;

use super::Authority;
use crate::identity::Identity;

/// A refusal with one AADSTS code.
pub(super) struct Refusal {
    code: u32,
    status: StatusCode,
    error: &'static str,
    text: String,
    /// What a client may do about it, in a word of Entra's.
    suberror: Option<&'static str>,
    /// A claims challenge, e.g. after a Conditional Access refusal.
    claims: Option<&'static str>,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    fn new(code: u32, status: StatusCode, error: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            status,
            error,
            text: text.into(),
            suberror: None,
            claims: None,
            retry_after_seconds: None,
        }
    }

    pub(super) fn bad_request(code: u32, error: &'static str, text: impl Into<String>) -> Self {
        Self::new(code, StatusCode::BAD_REQUEST, error, text)
    }

    pub(super) fn invalid_client(code: u32, text: impl Into<String>) -> Self {
        Self::new(code, StatusCode::UNAUTHORIZED, "invalid_client", text)
    }

    /// With a word for what a client may do about it.
    pub(super) fn hinting(self, suberror: &'static str) -> Self {
        Self {
            suberror: Some(suberror),
            ..self
        }
    }

    /// Code and text, as a page shows them.
    pub(super) fn sentence(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    /// The parameters by which a redirect tells an app of it.
    pub(super) fn to_query(&self, authority: &Authority) -> Vec<(&'static str, String)> {
        let timestamp = authority.clock.now().strftime("%Y-%m-%d %H:%M:%SZ");
        vec![
            ("error", self.error.to_owned()),
            (
                "error_description",
                format!(
                    "{} Trace ID: {} Correlation ID: {} Timestamp: {timestamp}",
                    self.sentence(),
                    Uuid::new_v4(),
                    Uuid::new_v4()
                ),
            ),
            (
                "error_uri",
                format!("https://login.microsoftonline.com/error?code={}", self.code),
            ),
        ]
    }

    pub(super) fn tenant_not_found(error: &'static str, tenant: &str) -> Self {
        Self::bad_request(
            90002,
            error,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into \
                 the correct cloud. Check with your subscription administrator, this may happen if there are no \
                 active subscriptions for the tenant."
            ),
        )
    }

    pub(super) fn tenant_malformed(tenant: &str) -> Self {
        Self::bad_request(
            900023,
            "invalid_request",
            format!("Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."),
        )
    }

    pub(super) fn shared_endpoint() -> Self {
        Self::bad_request(
            9_001_023,
            "invalid_request",
            "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations \
             or tenant-specific endpoint.",
        )
    }

    pub(super) fn missing_parameter(name: &str) -> Self {
        Self::bad_request(
            900144,
            "invalid_request",
            format!("The request body must contain the following parameter: '{name}'."),
        )
    }

    pub(super) fn post_only(method: &str) -> Self {
        Self::bad_request(
            900561,
            "invalid_request",
            format!("The endpoint only accepts POST requests. Received a {method} request."),
        )
    }

    pub(super) fn malformed() -> Self {
        Self::bad_request(
            9_002_313,
            "invalid_request",
            "Invalid request. Request is malformed or invalid.",
        )
    }

    pub(super) fn grant_type(value: &str) -> Self {
        Self::bad_request(
            70003,
            "unsupported_grant_type",
            format!("The app requested an unsupported grant type '{value}'."),
        )
    }

    pub(super) fn unknown_client(client: &str, tenant_name: &str) -> Self {
        Self::bad_request(
            700016,
            "unauthorized_client",
            format!(
                "Application with identifier '{client}' was not found in the directory '{tenant_name}'. This can \
                 happen if the application has not been installed by the administrator of the tenant or consented to \
                 by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        )
    }

    pub(super) fn no_credential() -> Self {
        Self::invalid_client(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    }

    pub(super) fn wrong_secret(client: &str) -> Self {
        Self::invalid_client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{client}'."
            ),
        )
    }

    pub(super) fn scope_without_default(scope: &str) -> Self {
        Self::bad_request(
            1_002_012,
            "invalid_scope",
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
                 with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )
    }

    pub(super) fn scope_malformed(scope: &str) -> Self {
        Self::bad_request(
            70011,
            "invalid_scope",
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input \
                 parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        )
    }

    pub(super) fn unknown_resource(resource: &str, tenant_name: &str) -> Self {
        Self::bad_request(
            500_011,
            "invalid_resource",
            format!(
                "The resource principal named {resource} was not found in the tenant named {tenant_name}. This can \
                 happen if the application has not been installed by the administrator of the tenant or consented to \
                 by any user in the tenant. You might have sent your authentication request to the wrong tenant."
            ),
        )
    }

    pub(super) fn throttled(retry_after_seconds: u32) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(
                90055,
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "The tenant is throttled because there are too many incoming requests.",
            )
        }
    }

    /// The refusal that a scenario asks for by its code alone; a code that is not listed gets a general text.
    pub(super) fn by_code(code: u32, identity: &Identity) -> Self {
        let (client, name, tenant_name) = (
            &identity.client_id.to_string(),
            identity.client_name,
            identity.tenant_name.as_str(),
        );
        match code {
            7_000_215 => Self::wrong_secret(client),
            7_000_222 => Self::invalid_client(
                code,
                format!(
                    "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create \
                     new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials \
                     for added security: https://aka.ms/certCreds."
                ),
            ),
            7_000_218 => Self::no_credential(),
            7_000_229 => Self::invalid_client(
                code,
                format!(
                    "The client application {client} is missing service principal in the tenant {tenant_name}. See \
                     instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
                ),
            ),
            7_000_112 => Self::bad_request(
                code,
                "unauthorized_client",
                format!("Application '{client}'({name}) is disabled."),
            ),
            700_016 => Self::unknown_client(client, tenant_name),
            500_011 => Self::unknown_resource(&format!("api://{client}"), tenant_name),
            501_051 => Self::bad_request(
                code,
                "invalid_grant",
                format!(
                    "Application '{client}'({name}) is not assigned to a role for the application \
                     'api://{client}'({name})."
                ),
            ),
            53003 => Self {
                claims: Some(
                    r#"{"access_token":{"capolids":{"essential":true,"values":["6f2c6a1e-3c0f-4f57-9f4b-0d6f0f0b7d11"]}}}"#,
                ),
                ..Self::bad_request(
                    code,
                    "invalid_grant",
                    "Access has been blocked by Conditional Access policies. The access policy does not allow token \
                     issuance.",
                )
            },
            90055 => Self::throttled(5),
            other => Self::bad_request(other, "invalid_request", "The request was refused."),
        }
    }

    pub(super) fn into_response(self, authority: &Authority, correlation_id: Uuid) -> Response {
        let trace_id = Uuid::new_v4();
        let timestamp = authority.clock.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let code = self.code;
        let mut body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{code}: {}\r\nTrace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {timestamp}",
                self.text
            ),
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        });
        if let Some(claims) = self.claims {
            body["suberror"] = "message_only".into();
            body["claims"] = claims.into();
        }
        if let Some(suberror) = self.suberror {
            body["suberror"] = suberror.into();
        }
        let mut response = (self.status, axum::Json(body)).into_response();
        set_headers(&mut response, trace_id);
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The headers of every token answer, good or bad (facts: entra A.2).
pub(super) fn set_headers(response: &mut Response, trace_id: Uuid) {
    const FIXED: [(HeaderName, &str); 8] = [
        (header::CACHE_CONTROL, "no-store, no-cache"),
        (header::PRAGMA, "no-cache"),
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::EXPIRES, "-1"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("p3p"), r#"CP="DSP CUR OTPi IND OTRi ONL FIN""#),
        (
            HeaderName::from_static("x-ms-ests-server"),
            "2.1.19683.4 - WUS2 ProdSlices",
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&trace_id.to_string()) {
        headers.insert("x-ms-request-id", value);
    }
    let fpc: String = rand::rng().sample_iter(Alphanumeric).take(43).map(char::from).collect();
    let fpc = format!("fpc={fpc}; path=/; secure; HttpOnly; SameSite=None");
    if let Ok(value) = HeaderValue::from_str(&fpc) {
        headers.append(header::SET_COOKIE, value);
    }
    for cookie in [
        "x-ms-gateway-slice=estsfd; path=/; secure; httponly",
        "stsservicecookie=estsfd; path=/; secure; httponly",
    ] {
        headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
    }
}
