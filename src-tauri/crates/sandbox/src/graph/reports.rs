//! `/reports/authenticationMethods/userRegistrationDetails`: who has registered for MFA. Not for tenants without Entra ID
//! P1, not for disabled accounts (facts: entra C.2 row 15).

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words, roles};

pub(super) const NEED: Need = Need {
    scopes: &["AuditLog.Read.All"],
    own: &[],
    roles: &[
        roles::GLOBAL_READER,
        roles::REPORTS_READER,
        roles::SECURITY_READER,
        roles::SECURITY_ADMINISTRATOR,
    ],
    words: Words::Reports,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("reports/authenticationMethods/userRegistrationDetails", NEED, list),
    Endpoint::get("reports/authenticationMethods/userRegistrationDetails/{}", NEED, one),
];

fn details(call: &Call<'_>) -> Result<Vec<Value>, GraphError> {
    if !call.has_premium() {
        return Err(GraphError::no_licence());
    }
    let directory = call.directory();
    let enabled = directory
        .all("users")
        .filter(|(_, user)| user["accountEnabled"] == true);
    Ok(enabled
        .filter_map(|(key, user)| {
            let mut details = directory.entry("registrationDetails", key)?.clone();
            for (name, of) in [
                ("id", "id"),
                ("userPrincipalName", "userPrincipalName"),
                ("userDisplayName", "displayName"),
            ] {
                details[name] = user[of].clone();
            }
            Some(details)
        })
        .collect())
}

fn list(call: &Call<'_>) -> Answer {
    call.list("reports/authenticationMethods/userRegistrationDetails", details(call)?)
}

fn one(call: &Call<'_>) -> Answer {
    let details = details(call)?;
    let found = details.iter().find(|one| crate::directory::same(&one["id"], call.id()));
    let found = found.ok_or_else(|| GraphError::not_found(call.id()))?;
    call.one("reports/authenticationMethods/userRegistrationDetails", found)
}
