//! Who signed in: the ID token, validated in full (OpenID Connect Core 3.1.3.7).
//!
//! Here: signature by the server's own keys, audience, expiry, nonce, tenant and issuer, checked by the `openidconnect`
//! library, and what is kept of it. Not here: access tokens, which are opaque to the app and are verified by whom they
//! are for.

use std::fmt;

use chrono::DateTime;
use cipp_client::one_line;
use jiff::Timestamp;
use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, Nonce, NonceVerifier};
use serde::{Deserialize, Serialize};

use crate::discovery::Discovered;
use crate::error::SignInError;

/// Who is signed in. Nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The user principal name, such as `anna@msp.example`.
    pub upn: String,
    /// The display name.
    pub name: Option<String>,
    /// The object ID in the tenant.
    pub oid: String,
    /// The tenant's GUID.
    pub tid: String,
}

impl Person {
    /// Whether it is the same account, whatever it is called by now.
    pub fn is(&self, other: &Person) -> bool {
        self.oid.eq_ignore_ascii_case(&other.oid) && self.tid.eq_ignore_ascii_case(&other.tid)
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.upn)
    }
}

/// Entra's own claims.
#[derive(Debug, Serialize, Deserialize)]
struct OfEntra {
    tid: Option<String>,
    oid: Option<String>,
}

impl AdditionalClaims for OfEntra {}

type EntraIdToken = IdToken<OfEntra, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// What an ID token has to fit.
pub(crate) struct Expected<'a> {
    pub(crate) discovered: &'a Discovered,
    pub(crate) client_id: &'a str,
    /// `None` for a device code, whose request cannot carry one.
    pub(crate) nonce: Option<&'a Nonce>,
    /// The sign-in server's clock if it sent its time: a wrong clock on this computer must not keep anybody out.
    pub(crate) now: Timestamp,
}

/// Checks an ID token; who it is about.
pub(crate) fn validate(id_token: &str, expected: &Expected<'_>) -> Result<Person, SignInError> {
    let not_genuine = |what: &str| SignInError::NotGenuine { what: what.to_owned() };
    let token: EntraIdToken = id_token.parse().map_err(|_| not_genuine("it cannot be read"))?;
    let discovered = expected.discovered;
    let now = DateTime::from_timestamp(expected.now.as_second(), 0).unwrap_or(DateTime::UNIX_EPOCH);
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(expected.client_id.to_owned()),
        discovered.issuer.clone(),
        discovered.keys.clone(),
    )
    .set_time_fn(move || now)
    // Checked below: the issuer names the tenant, and a sign-in to another tenant deserves more than "wrong issuer".
    .require_issuer_match(false);
    let nonce = |claimed: Option<&Nonce>| match expected.nonce {
        Some(nonce) => nonce.verify(claimed),
        None => Ok(()),
    };
    let claims = token
        .claims(&verifier, nonce)
        .map_err(|error| not_genuine(words(&error)))?;
    // Names are chosen by people, and are shown to others.
    let shown = |name: &str| Some(one_line(name)).filter(|name| !name.is_empty());
    let upn = claims.preferred_username().and_then(|upn| shown(upn.as_str()));
    let OfEntra { tid, oid } = claims.additional_claims();
    let tid = tid.as_deref().ok_or_else(|| not_genuine("it names no tenant"))?;
    if !tid.eq_ignore_ascii_case(&discovered.tenant) {
        return Err(SignInError::WrongTenant {
            expected: discovered.tenant.clone(),
            got: upn.map_or_else(|| tid.to_owned(), |upn| format!("{tid} ({upn})")),
        });
    }
    if *claims.issuer() != discovered.issuer {
        return Err(not_genuine("it was issued by somebody else"));
    }
    let oid = oid.clone().ok_or_else(|| not_genuine("it names nobody"))?;
    Ok(Person {
        upn: upn.unwrap_or_else(|| oid.clone()),
        name: claims
            .name()
            .and_then(|name| name.get(None))
            .and_then(|name| shown(name.as_str())),
        oid,
        tid: discovered.tenant.clone(),
    })
}

/// Which check failed. The library's own words quote what they found, so they are not used.
fn words(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "it has expired",
        ClaimsVerificationError::InvalidAudience(_) => "it was made for another application",
        ClaimsVerificationError::InvalidNonce(_) => "it was not made for this sign-in",
        ClaimsVerificationError::SignatureVerification(_) => "its signature does not fit the server's keys",
        _ => "it is not in order",
    }
}
