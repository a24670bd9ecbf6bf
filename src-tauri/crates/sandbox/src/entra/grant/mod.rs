//! The grants of the token endpoint that redeem what a person's sign-in brought; a file each.

pub(super) mod authorization_code;
pub(super) mod device_code;
pub(super) mod refresh_token;

use axum::response::Response;

use super::{
    Authority,
    interactive::{self, About},
    refusal::Refusal,
    sign_ins::Granted,
    token::Form,
    user_tokens,
};

/// The tokens for what was granted, if all of it has been agreed to.
fn tokens(authority: &Authority, granted: Granted, form: &Form) -> Result<Response, Refusal> {
    let agreed = authority.sign_ins.agreed(
        &authority.directory,
        &granted.client,
        &granted.person,
        granted.scopes.resource,
    );
    let all = granted.scopes.names.iter().all(|scope| agreed.contains(scope));
    if !all || (granted.scopes.default && agreed.is_empty()) {
        let code = if granted.client.dynamic_consent { 65001 } else { 65002 };
        return Err(refused(authority, &granted, code));
    }
    let with_client_info = form.filled("client_info") == Some("1");
    Ok(user_tokens::issue(authority, granted, &agreed, with_client_info))
}

/// A refusal of one of these grants.
fn refused(authority: &Authority, granted: &Granted, code: u32) -> Refusal {
    let about = About {
        client: &granted.client,
        scopes: &granted.scopes.written,
        person: &granted.person,
    };
    interactive::of_grant(authority, code, &about)
}

/// Public clients have no secret; one that is sent all the same is refused.
fn without_secret(form: &Form) -> Result<(), Refusal> {
    match form.filled("client_secret") {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid_client(
            700_025,
            "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        )),
    }
}

/// The client that asks has to be the one that the code or token was issued to.
fn same_client(form: &Form, granted: &Granted) -> Result<(), Refusal> {
    if form.require("client_id")?.eq_ignore_ascii_case(&granted.client.app_id) {
        return Ok(());
    }
    Err(Refusal::bad_request(
        700_005,
        "invalid_grant",
        "The provided Authorization Code or refresh token is intended to be used with another application.",
    ))
}
