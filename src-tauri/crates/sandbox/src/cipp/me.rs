//! `/api/me`: who am I? For API clients with a built-in role the answer is an accident (facts: cipp 2.7), which is why a
//! client must not test its credentials with it.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::access::{self, BuiltIn};
use super::call::Call;
use super::{CippState, json_answer};
use crate::hosting::{Caller, refusal};
use crate::scenario::Flavour;

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    match (principal(call), state.scenario.flavour) {
        (Ok(caller), _) => json_answer(&described(caller)),
        (Err(text), Flavour::FunctionApp) => refusal(Flavour::FunctionApp, StatusCode::FORBIDDEN, &text),
        // The container's route answers 200 whatever happens inside.
        (Err(text), Flavour::Container) => json_answer(&json!({
            "clientPrincipal": null,
            "permissions": [],
            "message": format!("Access denied: {text}"),
        })),
    }
}

fn principal(call: &Call) -> Result<&Caller, String> {
    let caller = call.caller.as_ref().ok_or_else(access::no_principal)?;
    access::check_ip(caller)?;
    if BuiltIn::named(&caller.role).is_some() {
        return Err("Cannot bind argument to parameter 'UserRoles' because it is null.".into());
    }
    Ok(caller)
}

/// One role is a text, the fallback is a list; permissions collapse as PowerShell collapses lists.
fn described(caller: &Caller) -> Value {
    let role = if caller.role.is_empty() {
        json!(["cipp-api"])
    } else {
        json!(caller.role)
    };
    let permissions = match caller.role_permissions.as_deref() {
        None | Some([]) => Value::Null,
        Some([only]) => json!(only),
        Some(many) => json!(many),
    };
    json!({ "clientPrincipal": { "appId": caller.app_id, "appRole": role }, "permissions": permissions })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::cipp::testing::{Site, caller};
    use crate::scenario::Flavour;

    #[tokio::test]
    async fn a_built_in_role_is_refused_or_denied() {
        let f = Site::new(Flavour::FunctionApp).get("/api/me").await;
        assert_eq!(f.status, 403);
        assert!(f.text.contains("'UserRoles'"));
        let c = Site::new(Flavour::Container).get("/api/me").await;
        assert_eq!(c.status, 200);
        assert!(c.json()["clientPrincipal"].is_null());
        assert_eq!(c.json()["permissions"], json!([]));
    }

    #[tokio::test]
    async fn a_custom_role_is_described() {
        let mut custom = caller("log-reader");
        custom.role_permissions = Some(vec!["CIPP.Core.Read".into()]);
        let me = Site::new(Flavour::FunctionApp)
            .called_by(Some(custom.clone()))
            .get("/api/me")
            .await
            .json();
        assert_eq!(
            (&me["clientPrincipal"]["appRole"], &me["permissions"]),
            (&"log-reader".into(), &"CIPP.Core.Read".into())
        );
        custom.role.clear();
        let me = Site::new(Flavour::FunctionApp)
            .called_by(Some(custom))
            .get("/api/me")
            .await
            .json();
        assert_eq!(me["clientPrincipal"]["appRole"], json!(["cipp-api"]));
    }
}
