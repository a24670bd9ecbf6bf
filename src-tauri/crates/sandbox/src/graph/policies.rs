//! `/policies`: security defaults, authentication methods, what users may consent to, and (beta) the old MFA service
//! (facts: entra C.3, C.4).

use super::{Answer, Call, Endpoint, GraphError, Need, Words, roles};

pub(super) const NEED: Need = Need {
    scopes: &["Policy.Read.All"],
    own: &[],
    roles: &[
        roles::GLOBAL_READER,
        roles::SECURITY_READER,
        roles::SECURITY_ADMINISTRATOR,
        roles::AUTHENTICATION_POLICY_ADMINISTRATOR,
    ],
    words: Words::Policies,
};

/// What every member of the tenant may read.
const FOR_MEMBERS: Need = Need { roles: &[], ..NEED };

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get(
        "policies/identitySecurityDefaultsEnforcementPolicy",
        NEED,
        security_defaults,
    ),
    Endpoint::get("policies/authenticationMethodsPolicy", NEED, authentication_methods),
    Endpoint::get("policies/authorizationPolicy", FOR_MEMBERS, authorization),
    Endpoint::get("policies/mfaServicePolicy", NEED, mfa_service).beta(),
];

fn security_defaults(call: &Call<'_>) -> Answer {
    policy(call, "identitySecurityDefaultsEnforcementPolicy")
}

fn authentication_methods(call: &Call<'_>) -> Answer {
    policy(call, "authenticationMethodsPolicy")
}

fn authorization(call: &Call<'_>) -> Answer {
    policy(call, "authorizationPolicy")
}

fn mfa_service(call: &Call<'_>) -> Answer {
    policy(call, "mfaServicePolicy")
}

fn policy(call: &Call<'_>, name: &str) -> Answer {
    let policy = call.directory().entry("policies", name);
    call.one(
        &format!("policies/{name}"),
        policy.ok_or_else(|| GraphError::not_found(name))?,
    )
}
