//! `grant_type=authorization_code`: a code for tokens, once, within its time, by whoever holds the verifier (RFC 7636).

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{refused, same_client, tokens, without_secret};
use crate::entra::{Authority, clients::Platform, refusal::Refusal, scopes::Scopes, sign_ins::Redirect, token::Form};

pub(in crate::entra) fn redeem(authority: &Authority, form: &Form) -> Result<Response, Refusal> {
    let shown = form.require("code")?;
    let Some((code, first)) = authority.sign_ins.redeem_code(shown) else {
        return Err(Refusal::bad_request(
            9_002_313,
            "invalid_grant",
            "Invalid request. The authorization code is malformed or invalid.",
        ));
    };
    same_client(form, &code.granted)?;
    if !first {
        return Err(Refusal::bad_request(
            54005,
            "invalid_grant",
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing \
             refresh token.",
        ));
    }
    if code.until <= authority.clock.now() {
        return Err(Refusal::bad_request(
            70008,
            "invalid_grant",
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive \
             authorization request for this user and resource.",
        ));
    }
    if form.require("redirect_uri")? != code.redirect.address {
        return Err(Refusal::invalid_client(
            500_112,
            "The reply address does not match the reply address provided when requesting Authorization code.",
        ));
    }
    check_platform(code.redirect.platform, form)?;
    check_verifier(&code.redirect, form)?;
    if let Some(number) = authority.scenario.redeem_aadsts {
        return Err(refused(authority, &code.granted, number));
    }
    let mut granted = code.granted;
    // The scopes may be repeated; a code is for one resource all the same.
    if let Some(written) = form.filled("scope") {
        let again = Scopes::read(authority, written)?;
        if again.resource != granted.scopes.resource && !again.names.is_empty() {
            return Err(Refusal::scope_malformed(written));
        }
    }
    granted.scopes.written = granted.scopes.full_names().collect::<Vec<_>>().join(" ");
    tokens(authority, granted, form)
}

fn check_platform(platform: Platform, form: &Form) -> Result<(), Refusal> {
    match platform {
        Platform::Public => without_secret(form),
        Platform::Web if form.filled("client_secret").is_none() => Err(Refusal::no_credential()),
        Platform::Web => Err(Refusal::wrong_secret(form.require("client_id")?)),
        Platform::SinglePage => Err(Refusal::bad_request(
            9_002_327,
            "invalid_request",
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
        )),
    }
}

fn check_verifier(redirect: &Redirect, form: &Form) -> Result<(), Refusal> {
    match (&redirect.challenge, form.filled("code_verifier")) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Refusal::bad_request(
            501_491,
            "invalid_grant",
            "A Code_Verifier was sent, but the authorization request had no code_challenge.",
        )),
        (Some(_), None) => Err(Refusal::bad_request(
            50148,
            "invalid_grant",
            "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.",
        )),
        (Some((challenge, hashed)), Some(verifier)) if fits(challenge, *hashed, verifier) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::bad_request(
            501_481,
            "invalid_grant",
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        )),
    }
}

fn fits(challenge: &str, hashed: bool, verifier: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(allowed) {
        return false;
    }
    if hashed {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        URL_SAFE_NO_PAD.encode(hash) == challenge
    } else {
        verifier == challenge
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn the_example_of_rfc_7636_fits() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(fits(challenge, true, verifier));
        assert!(!fits(challenge, false, verifier));
        assert!(!fits(challenge, true, &verifier[..42]));
        assert!(!fits(challenge, true, "EBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    }
}
