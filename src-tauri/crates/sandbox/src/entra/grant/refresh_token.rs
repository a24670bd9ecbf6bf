//! `grant_type=refresh_token`: new tokens, for the same resource or for another one that was agreed to. A new refresh
//! token comes with them.

use axum::response::Response;

use super::{refused, same_client, tokens, without_secret};
use crate::entra::{Authority, refusal::Refusal, scopes::Scopes, token::Form};

pub(in crate::entra) fn redeem(authority: &Authority, form: &Form) -> Result<Response, Refusal> {
    let shown = form.require("refresh_token")?;
    let Some(mut granted) = authority.sign_ins.refresh_token(shown) else {
        return Err(Refusal::bad_request(
            9_002_313,
            "invalid_grant",
            "Invalid request. Request is malformed or invalid.",
        ));
    };
    same_client(form, &granted)?;
    without_secret(form)?;
    if let Some(number) = authority.scenario.refresh_aadsts {
        return Err(refused(authority, &granted, number));
    }
    if let Some(written) = form.filled("scope") {
        granted.scopes = Scopes::read(authority, written)?;
    }
    // What has no openid in it gets no ID token, but a refresh token always comes back.
    granted.scopes.offline_access = true;
    granted.nonce = None;
    tokens(authority, granted, form)
}
