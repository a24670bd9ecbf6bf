//! App Service Authentication ("EasyAuth"), the door in front of CIPP's API (facts: cipp 2.2, 2.4; entra A.5).
//!
//! It knows tokens, not CIPP: whether the caller may do what it asks is decided behind it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, Validation};
use serde_json::json;
use uuid::Uuid;

use super::{Caller, Flavour, clock::Clock, host_paths::RESOURCE_METADATA, refusal};
use crate::{
    entra::Claims,
    identity::{Identity, SigningKey},
    scenario::{AzureConfiguration, Scenario},
};

/// The text .NET gives CIPP when there is no principal header to decode; CIPP passes it on (facts: cipp 2.5).
const NO_PRINCIPAL: &str =
    r#"Exception calling "FromBase64String" with "1" argument(s): "Value cannot be null. (Parameter 's')""#;

/// What the door knows.
pub(crate) struct FrontDoor {
    pub identity: Arc<Identity>,
    pub key: Arc<SigningKey>,
    pub scenario: Arc<Scenario>,
    pub clock: Clock,
    /// When a restart that is under way is over; absent: never.
    pub restarted: Option<Instant>,
    pub seen: Mutex<Seen>,
}

/// What the door remembers, for scenarios that change their mind after some calls.
#[derive(Default)]
pub(crate) struct Seen {
    accepted_calls: u32,
    /// The `uti` of the token that is no longer accepted.
    revoked: Option<String>,
}

enum Verdict {
    Pass(Box<Caller>),
    NotAccepted,
    NotAllowed,
}

pub(crate) async fn serve(
    State(door): State<Arc<FrontDoor>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    if door.is_restarting() {
        return (StatusCode::SERVICE_UNAVAILABLE, Html("The service is unavailable.")).into_response();
    }
    let Some(token) = bearer(request.headers()) else {
        return door.anonymous(request, next).await;
    };
    match door.judge(token, peer) {
        Verdict::Pass(caller) => {
            door.introduce(&caller, peer, request.headers_mut());
            request.extensions_mut().insert(*caller);
            next.run(request).await
        }
        Verdict::NotAccepted => door.unauthorised(request.headers()),
        Verdict::NotAllowed => no_permission(StatusCode::FORBIDDEN),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FrontDoor {
    fn is_restarting(&self) -> bool {
        self.scenario.azure_configuration == AzureConfiguration::Restarting
            && self.restarted.is_none_or(|end| Instant::now() < end)
    }

    /// A Function App turns everybody without a token away; the container lets them in, and CIPP itself refuses them
    /// everywhere but on its public endpoints.
    async fn anonymous(&self, request: Request, next: Next) -> Response {
        if self.scenario.flavour == Flavour::FunctionApp {
            return self.unauthorised(request.headers());
        }
        let path = request.uri().path().to_ascii_lowercase();
        if path.starts_with("/api/") && !path.starts_with("/api/public") {
            return refusal(Flavour::Container, StatusCode::FORBIDDEN, NO_PRINCIPAL);
        }
        next.run(request).await
    }

    fn judge(&self, token: &str, peer: SocketAddr) -> Verdict {
        if self.scenario.azure_configuration == AzureConfiguration::NotSaved {
            return Verdict::NotAccepted;
        }
        let Some(claims) = self.verify(token) else {
            return Verdict::NotAccepted;
        };
        let app_id = claims.appid.or(claims.azp);
        if self.scenario.azure_configuration == AzureConfiguration::ClientNotAllowed
            || app_id != Some(self.identity.client_id)
        {
            return Verdict::NotAllowed;
        }
        if !self.still_accepted(&claims.uti) {
            return Verdict::NotAccepted;
        }
        Verdict::Pass(Box::new(self.caller(peer)))
    }

    fn verify(&self, token: &str) -> Option<Claims> {
        let tenant = self.identity.tenant_id;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&self.audiences());
        validation.set_issuer(&[
            format!("https://sts.windows.net/{tenant}/"),
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        ]);
        // The library would ask this machine's clock; the sandbox's may be shifted.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key.decoding, &validation)
            .ok()?
            .claims;
        let now = self.clock.now().as_second();
        (claims.nbf <= now && now < claims.exp).then_some(claims)
    }

    fn audiences(&self) -> Vec<String> {
        let client_id = self.identity.client_id;
        let mut audiences = vec![format!("api://{client_id}")];
        if !self.scenario.v2_audience_gap {
            audiences.push(client_id.to_string());
        }
        audiences
    }

    /// Counts a good call, and says whether the scenario has had enough of them.
    fn still_accepted(&self, uti: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = seen.accepted_calls;
        if self
            .scenario
            .unauthorised_after_calls
            .is_some_and(|limit| calls >= limit)
        {
            return false;
        }
        if seen.revoked.is_none()
            && self
                .scenario
                .token_revoked_after_calls
                .is_some_and(|limit| calls >= limit)
        {
            seen.revoked = Some(uti.to_owned());
        }
        if seen.revoked.as_deref() == Some(uti) {
            return false;
        }
        seen.accepted_calls = calls.saturating_add(1);
        true
    }

    fn caller(&self, peer: SocketAddr) -> Caller {
        let scenario = &self.scenario;
        Caller {
            app_id: self.identity.client_id,
            ip: peer.ip(),
            role: scenario.role.clone(),
            role_permissions: scenario.role_permissions.clone(),
            blocked_endpoints: scenario.blocked_endpoints.clone(),
            ip_ranges: scenario.ip_ranges.clone(),
            tenant_limit: scenario.tenant_limit,
        }
    }

    /// The headers by which EasyAuth tells the app who calls.
    fn introduce(&self, caller: &Caller, peer: SocketAddr, headers: &mut HeaderMap) {
        let principal = json!({
            "auth_typ": "aad",
            "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
            "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
            "claims": [{ "typ": "appid", "val": caller.app_id }],
        });
        let service_principal_id: Uuid = self.identity.service_principal_id;
        for (name, value) in [
            ("x-ms-client-principal-idp", "aad".to_owned()),
            ("x-ms-client-principal-name", caller.app_id.to_string()),
            ("x-ms-client-principal-id", service_principal_id.to_string()),
            ("x-ms-client-principal", STANDARD.encode(principal.to_string())),
            ("x-forwarded-for", peer.to_string()),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    fn unauthorised(&self, headers: &HeaderMap) -> Response {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let Identity {
            tenant_id, client_id, ..
        } = &*self.identity;
        let mut challenge = format!(
            "Bearer realm=\"{host}\" authorization_uri=\"https://login.windows.net/{tenant_id}/oauth2/authorize\" \
             resource_id=\"{client_id}\""
        );
        if self.scenario.client_for_mcp {
            // A site that has an MCP server tells its clients where to read on.
            challenge.push_str(&format!(" resource_metadata=\"https://{host}{RESOURCE_METADATA}\""));
        }
        let mut response = no_permission(StatusCode::UNAUTHORIZED);
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn no_permission(status: StatusCode) -> Response {
    (
        status,
        Html("You do not have permission to view this directory or page."),
    )
        .into_response()
}
