//! The refusals that a person's sign-in can meet (facts: entra C.6), by their codes.

use super::{Authority, clients::Client, refusal::Refusal};

/// What the texts name.
pub(super) struct About<'a> {
    pub client: &'a Client,
    /// What is asked for, as the app wrote it.
    pub scopes: &'a str,
    /// The person's sign-in name, once there is one.
    pub person: &'a str,
}

/// A refusal in Entra's words; a code that is not listed gets a general text.
pub(super) fn refusal(authority: &Authority, code: u32, about: &About<'_>) -> Refusal {
    let (id, name, person) = (&about.client.app_id, &about.client.name, about.person);
    let tenant = &authority.identity.tenant_name;
    let (error, text) = match code {
        50011 => (
            "invalid_request",
            format!(
                "The redirect URI specified in the request does not match the redirect URIs configured for the \
                 application '{id}'. Make sure the redirect URI sent in the request matches one added to your \
                 application in the Azure portal."
            ),
        ),
        50020 => (
            "access_denied",
            format!(
                "User account '{person}' from identity provider 'https://sts.windows.net/' does not exist in tenant \
                 '{tenant}' and cannot access the application '{id}'({name}) in that tenant. The account needs to be \
                 added as an external user in the tenant first. Sign out and sign in again with a different account."
            ),
        ),
        50076 => (
            "interaction_required",
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must use multi-factor authentication to access the resource."
                .to_owned(),
        ),
        50058 => (
            "login_required",
            "A silent sign-in request was sent but no user is signed in.".to_owned(),
        ),
        50105 => (
            "access_denied",
            format!(
                "Your administrator has configured the application {name} ('{id}') to block users unless they are \
                 specifically granted ('assigned') access to the application. The signed in user '{person}' is \
                 blocked because they are not a direct member of a group with access."
            ),
        ),
        50173 => (
            "invalid_grant",
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might \
             have changed or reset their password."
                .to_owned(),
        ),
        53003 => (
            "access_denied",
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
                .to_owned(),
        ),
        65001 => (
            "consent_required",
            format!(
                "The user or administrator has not consented to use the application with ID '{id}' named '{name}'. \
                 Send an interactive authorization request for this user and resource."
            ),
        ),
        65002 => (
            "invalid_request",
            format!(
                "Consent between first party application '{id}' and first party resource of the scopes '{}' must be \
                 configured via preauthorization - applications owned and operated by Microsoft must get approval \
                 from the API owner before requesting tokens for that API.",
                about.scopes
            ),
        ),
        65004 => (
            "access_denied",
            "User declined to consent to access the app.".to_owned(),
        ),
        70043 => (
            "invalid_grant",
            "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access."
                .to_owned(),
        ),
        90094 => (
            "access_denied",
            format!(
                "The grant requires admin permission: {name} ('{id}') needs permission that only an admin can grant."
            ),
        ),
        700_082 => (
            "invalid_grant",
            "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.".to_owned(),
        ),
        _ => ("access_denied", "The sign-in was refused.".to_owned()),
    };
    Refusal::bad_request(code, error, text)
}

/// The same at the token endpoint, where nearly all of them are an `invalid_grant` with a hint.
pub(super) fn of_grant(authority: &Authority, code: u32, about: &About<'_>) -> Refusal {
    let text = refusal(authority, code, about).sentence();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
    let refusal = Refusal::bad_request(
        code,
        if code == 65002 {
            "invalid_request"
        } else {
            "invalid_grant"
        },
        text,
    );
    match code {
        65001 => refusal.hinting("consent_required"),
        50076 => refusal.hinting("basic_action"),
        53003 => refusal.hinting("message_only"),
        70043 | 50173 | 700_082 => refusal.hinting("bad_token"),
        _ => refusal,
    }
}
