//! What Graph and Azure mean when they do not answer with data.
//!
//! Here: statuses, codes and words turned into an [`MsError`]. A 403 is split into missing scope, missing role and missing
//! licence as far as the body tells; where it does not (Graph says `Authorization_RequestDenied` for scope and role
//! alike), the scopes that were granted decide. Not here: Entra's own refusals (`token.rs`).

use cipp_client::{Again, Failure, Known, excerpt};
use serde_json::Value;

use crate::http::Answer;
use crate::ms_error::MsError;
use crate::reply::Seen;
use crate::scopes::Scopes;

/// What is known about a read that failed.
pub(crate) struct Circumstances<'a> {
    /// The scopes of which one is needed; may be empty.
    pub(crate) needs: &'a Scopes,
    pub(crate) granted: &'a Scopes,
    pub(crate) known: &'a Known,
    pub(crate) seen: Seen,
}

/// An answer whose status is no success.
pub(crate) fn failed(answer: &Answer, circumstances: Circumstances<'_>) -> Failure<MsError> {
    let Circumstances {
        needs,
        granted,
        known,
        seen,
    } = circumstances;
    let (code, message) = code_and_words(answer);
    let text = excerpt(&message, known);
    let code = excerpt(&code, known);
    let seen = Box::new(seen);
    let status = answer.status.as_u16();
    if matches!(status, 400 | 402 | 403) && is_licence(&code, &text) {
        return Failure::last(MsError::NoLicence { text, seen });
    }
    match status {
        // The sign-in is good, and another one would change nothing.
        401 if code == "InvalidAuthenticationTokenTenant" => Failure::last(MsError::OtherTenant { text, seen }),
        401 => Failure::last(MsError::SignInAgain { aadsts: None }),
        403 => Failure::last(forbidden(code, text, seen, needs, granted)),
        404 | 410 => Failure::last(MsError::NotFound { code, text, seen }),
        429 => {
            let asked = answer.retry_after();
            Failure {
                error: MsError::Throttled {
                    retry_after_seconds: asked.map(|asked| asked.as_secs()),
                    seen,
                },
                again: Again::WhenAsked(asked),
            }
        }
        503 => Failure {
            error: MsError::ServerTrouble { text, seen },
            again: Again::WhenAsked(answer.retry_after()),
        },
        408 | 500 | 502 | 504 => Failure {
            error: MsError::ServerTrouble { text, seen },
            again: Again::Soon,
        },
        500.. => Failure::last(MsError::ServerTrouble { text, seen }),
        _ => Failure::last(MsError::BadQuestion { code, text, seen }),
    }
}

fn forbidden(code: String, text: String, seen: Box<Seen>, needs: &Scopes, granted: &Scopes) -> MsError {
    let lower = text.to_ascii_lowercase();
    let says = |fragments: &[&str]| fragments.iter().any(|fragment| lower.contains(fragment));
    let scope = matches!(
        code.as_str(),
        "Authentication_MSGraphPermissionMissing" | "PermissionScopeNotGranted"
    ) || says(&[
        "scopes are missing",
        "missing permission scope",
        "required msgraph permission",
        "required scopes",
    ]);
    let role = matches!(
        code.as_str(),
        "Authentication_RequestFromUnsupportedUserRole" | "AuthorizationFailed" | "LinkedAuthorizationFailed"
    ) || says(&["not in the allowed roles"]);
    // One of those that are needed is enough: they are alternatives.
    let has_one = needs.iter().any(|scope| granted.allows(scope));
    if scope || (!role && !needs.is_empty() && !has_one) {
        return MsError::NoScope {
            needs: needs.to_string(),
            text,
            seen,
        };
    }
    if role || has_one {
        return MsError::NoRole {
            action: action(&text),
            text,
            seen,
        };
    }
    MsError::NotAllowed { code, text, seen }
}

fn is_licence(code: &str, text: &str) -> bool {
    matches!(
        code,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant" | "AadPremiumLicenseRequired"
    ) || text.to_ascii_lowercase().contains("premium license")
}

/// What Azure says one would have to be allowed: `... authorization to perform action 'X' over scope ...`.
fn action(text: &str) -> Option<String> {
    let rest = text.split_once("perform action '")?.1;
    let action = rest.split_once('\'')?.0;
    (!action.is_empty() && action.len() <= 200).then(|| action.to_owned())
}

/// Graph's and Azure's error form: `{"error":{"code":"...","message":"..."}}`; or whatever there is instead.
fn code_and_words(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let error = body.get("error").unwrap_or(&body);
    let text = |names: [&str; 2]| names.iter().find_map(|name| error.get(*name)).and_then(Value::as_str);
    let code = text(["code", "Code"]).unwrap_or_default().to_owned();
    match text(["message", "Message"]).or_else(|| error.as_str()) {
        Some(message) => (code, message.to_owned()),
        None => (code, answer.words()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::ms_error::MsErrorKind;

    fn fails(status: u16, body: &str, needs: &[&str], granted: &[&str]) -> Failure<MsError> {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: Default::default(),
            body: body.as_bytes().to_vec(),
        };
        let seen = Seen {
            method: "GET".into(),
            url: "https://h/x".into(),
            status,
            at: jiff::Timestamp::UNIX_EPOCH,
            request_id: None,
        };
        let circumstances = Circumstances {
            needs: &needs.iter().collect(),
            granted: &granted.iter().collect(),
            known: &Known::new(["planted-token"]),
            seen,
        };
        failed(&answer, circumstances)
    }

    fn form(code: &str, message: &str) -> String {
        json!({"error": {"code": code, "message": message, "innerError": {"date": "x"}}}).to_string()
    }

    #[test]
    fn a_403_is_split_as_far_as_its_body_tells() {
        use MsErrorKind::{NoLicence, NoRole, NoScope, NotAllowed};
        let needs = ["Directory.Read.All", "RoleManagement.Read.Directory"];
        let denied = form(
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        );
        for (body, needs, granted, expected) in [
            (&denied, &needs[..], &["User.Read"][..], NoScope),
            (
                &denied,
                &needs[..],
                &["User.Read", "RoleManagement.Read.Directory"][..],
                NoRole,
            ),
            (&denied, &[][..], &["User.Read"][..], NotAllowed),
            (
                &form(
                    "AccessDenied",
                    "You cannot perform the requested operation, required scopes are missing in the token.",
                ),
                &[][..],
                &[][..],
                NoScope,
            ),
            (
                &form(
                    "Authentication_MSGraphPermissionMissing",
                    "Calling principal does not have required MSGraph permissions AuditLog.Read.All",
                ),
                &[][..],
                &[][..],
                NoScope,
            ),
            (
                &form(
                    "Authentication_RequestFromUnsupportedUserRole",
                    "User is not in the allowed roles",
                ),
                &["AuditLog.Read.All"][..],
                &[][..],
                NoRole,
            ),
            (
                &form(
                    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
                    "Neither tenant is B2C or tenant doesn't have premium license",
                ),
                &["AuditLog.Read.All"][..],
                &[][..],
                NoLicence,
            ),
            (
                &form(
                    "AadPremiumLicenseRequired",
                    "The tenant needs to have Microsoft Entra ID P2.",
                ),
                &[][..],
                &[][..],
                NoLicence,
            ),
            (&"<html><title>403</title>".to_owned(), &[][..], &[][..], NotAllowed),
        ] {
            let failure = fails(403, body, needs, granted);
            assert_eq!((failure.error.kind(), failure.again), (expected, Again::No), "{body}");
            assert!(!failure.error.remedy().is_empty());
        }
    }

    #[test]
    fn azure_names_what_would_be_needed() {
        let said = "The client 'anna' with object id 'x' does not have authorization to perform action 'Microsoft.Web/sites/config/list/action' over scope '/subscriptions/s' or the scope is invalid.";
        let error = fails(403, &form("AuthorizationFailed", said), &[], &[]).error;
        assert!(
            matches!(&error, MsError::NoRole { action: Some(action), .. } if action == "Microsoft.Web/sites/config/list/action"),
            "{error:?}"
        );
        assert!(error.to_string().contains("sites/config/list/action"));
    }

    #[test]
    fn statuses_have_their_kind_and_their_patience() {
        for (status, body, kind, again) in [
            (
                400,
                form("Request_UnsupportedQuery", "x"),
                MsErrorKind::BadQuestion,
                Again::No,
            ),
            (
                401,
                form("InvalidAuthenticationToken", "x"),
                MsErrorKind::SignInAgain,
                Again::No,
            ),
            (
                401,
                form("InvalidAuthenticationTokenTenant", "x"),
                MsErrorKind::OtherTenant,
                Again::No,
            ),
            (
                404,
                form("MailboxNotEnabledForRESTAPI", "x"),
                MsErrorKind::NotFound,
                Again::No,
            ),
            (409, String::new(), MsErrorKind::BadQuestion, Again::No),
            (429, String::new(), MsErrorKind::Throttled, Again::WhenAsked(None)),
            (500, "oops".into(), MsErrorKind::ServerTrouble, Again::Soon),
            (501, String::new(), MsErrorKind::ServerTrouble, Again::No),
            (503, "<html>".into(), MsErrorKind::ServerTrouble, Again::WhenAsked(None)),
            (504, String::new(), MsErrorKind::ServerTrouble, Again::Soon),
        ] {
            let failure = fails(status, &body, &[], &[]);
            assert_eq!((failure.error.kind(), failure.again), (kind, again), "{status} {body}");
            if status != 401 {
                assert_eq!(failure.error.seen().unwrap().status, status);
            }
        }
        assert_ne!(Again::WhenAsked(None), Again::WhenAsked(Some(Duration::ZERO)));
    }

    #[test]
    fn the_token_never_comes_back_in_an_error() {
        for status in [400, 403, 404, 500, 503] {
            let error = fails(status, &form("planted-token", "You sent planted-token."), &[], &[]).error;
            let all = format!("{error} {error:?} {} {}", error.remedy(), error.detail());
            assert!(!all.contains("planted"), "{all}");
        }
    }
}
