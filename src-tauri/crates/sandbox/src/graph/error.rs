//! How Graph refuses: each of its services in its own words (facts: entra C.2, C.3).

use axum::{
    Json,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;
use uuid::Uuid;

use super::Need;
use crate::microsoft::BadToken;

/// Which of Graph's services answers; each words its refusals its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
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

/// A refusal of Graph's.
#[derive(Debug)]
pub(super) struct GraphError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl GraphError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn token(problem: BadToken) -> Self {
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
    pub(super) fn scope(need: &Need) -> Self {
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
    pub(super) fn role(need: &Need) -> Self {
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
    pub(super) fn no_licence() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    }
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
