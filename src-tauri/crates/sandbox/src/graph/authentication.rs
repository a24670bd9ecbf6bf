//! `/users/{id}/authentication`: registered methods, and (beta) the state of per-user MFA (facts: entra C.2 row 15, C.3).

use serde_json::{Value, json};

use super::{Answer, Call, Endpoint, Need, Words, roles};

const METHODS: Need = Need {
    scopes: &["UserAuthenticationMethod.Read.All"],
    own: &["UserAuthenticationMethod.Read"],
    roles: &[roles::GLOBAL_READER],
    words: Words::Authentication,
};

const REQUIREMENTS: Need = Need {
    scopes: &["Policy.Read.All"],
    own: &["UserAuthenticationMethod.Read", "UserAuthenticationMethod.Read.All"],
    roles: &[roles::GLOBAL_READER, roles::AUTHENTICATION_POLICY_ADMINISTRATOR],
    words: Words::Authentication,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("users/{}/authentication/methods", METHODS, methods),
    Endpoint::get("users/{}/authentication/requirements", REQUIREMENTS, requirements).beta(),
];

fn methods(call: &Call<'_>) -> Answer {
    let (key, _) = call.user()?;
    let entry = call.directory().entry("authentication", key);
    let methods = entry.and_then(|entry| entry["methods"].as_array().cloned());
    call.list("authentication/methods", methods.unwrap_or_else(password_alone))
}

/// Everybody has a password.
fn password_alone() -> Vec<Value> {
    vec![json!({
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": "28c10230-6103-485e-b985-444c60001490",
    })]
}

fn requirements(call: &Call<'_>) -> Answer {
    let (key, _) = call.user()?;
    let entry = call.directory().entry("authentication", key);
    let state = entry
        .and_then(|entry| entry["perUserMfaState"].as_str())
        .unwrap_or("disabled");
    call.one(
        "users/authentication/requirements",
        &json!({ "perUserMfaState": state }),
    )
}
