//! What a person's sign-in yields: access token, ID token, refresh token (facts: entra A.7, B).

use std::collections::BTreeSet;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use rand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Authority, refusal::set_headers, scopes::full_name, sign_ins::Granted, token::BACKDATED_SECONDS};
use crate::scenario::SignInFault;

/// How long an ID token is valid, in seconds.
const ID_TOKEN_SECONDS: i64 = 3600;

/// The answer of the token endpoint. `agreed` are the scopes of the resource that the app has; `with_client_info` adds
/// what MSAL asks for.
pub(super) fn issue(
    authority: &Authority,
    granted: Granted,
    agreed: &BTreeSet<String>,
    with_client_info: bool,
) -> Response {
    match body(authority, granted, agreed, with_client_info) {
        Ok((body, trace_id)) => {
            let mut response = Json(body).into_response();
            set_headers(&mut response, trace_id);
            response
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn body(
    authority: &Authority,
    granted: Granted,
    agreed: &BTreeSet<String>,
    with_client_info: bool,
) -> Result<(Value, Uuid), jsonwebtoken::errors::Error> {
    let trace_id = Uuid::new_v4();
    let user = authority
        .directory
        .entry("users", &granted.person)
        .unwrap_or(&Value::Null);
    let lifetime = authority.scenario.token_lifetime_seconds;
    let mut body = json!({
        "token_type": "Bearer",
        "scope": scope(&granted, agreed),
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": sign(authority, &access_claims(authority, &granted, user, agreed, trace_id))?,
    });
    if granted.scopes.openid {
        body["id_token"] = id_token(authority, &granted, user)?.into();
    }
    if with_client_info {
        let info = json!({ "uid": user["id"], "utid": authority.identity.tenant_id });
        body["client_info"] = URL_SAFE_NO_PAD.encode(info.to_string()).into();
    }
    if granted.scopes.offline_access {
        body["refresh_token"] = authority.sign_ins.issue_refresh_token(granted).into();
    }
    Ok((body, trace_id))
}

/// All scopes that the app has at the resource, whichever of them it asked for, as Entra answers.
fn scope(granted: &Granted, agreed: &BTreeSet<String>) -> String {
    let scopes = &granted.scopes;
    let mut names: Vec<String> = agreed
        .iter()
        .map(|name| {
            if scopes.qualified {
                full_name(scopes.resource, name)
            } else {
                name.clone()
            }
        })
        .collect();
    if scopes.openid {
        names.extend(["openid", "profile", "email"].map(str::to_owned));
    }
    names.join(" ")
}

fn access_claims(
    authority: &Authority,
    granted: &Granted,
    user: &Value,
    agreed: &BTreeSet<String>,
    trace_id: Uuid,
) -> Value {
    let (tid, now) = (authority.identity.tenant_id, authority.clock.now().as_second());
    let roles = authority.directory.roles_of(user["id"].as_str().unwrap_or_default());
    let scp: Vec<&str> = agreed.iter().map(String::as_str).collect();
    json!({
        "aud": granted.scopes.resource.identifier(),
        "iss": format!("https://sts.windows.net/{tid}/"),
        "iat": now - BACKDATED_SECONDS,
        "nbf": now - BACKDATED_SECONDS,
        "exp": now + i64::from(authority.scenario.token_lifetime_seconds),
        "acr": "1",
        "aio": STANDARD.encode(rand::rng().random::<[u8; 32]>()),
        "amr": ["pwd", "mfa"],
        "app_displayname": granted.client.name,
        "appid": granted.client.app_id,
        "appidacr": "0",
        "idtyp": "user",
        "name": user["displayName"],
        "oid": user["id"],
        "scp": scp.join(" "),
        "sub": subject(granted, user),
        "tid": tid,
        "unique_name": user["userPrincipalName"],
        "upn": user["userPrincipalName"],
        "uti": URL_SAFE_NO_PAD.encode(trace_id.as_bytes()),
        "ver": "1.0",
        "wids": roles,
    })
}

fn id_token(authority: &Authority, granted: &Granted, user: &Value) -> Result<String, jsonwebtoken::errors::Error> {
    let fault = authority.scenario.sign_in_fault;
    let now = authority.clock.now().as_second();
    let tid = if fault == Some(SignInFault::Tenant) {
        Uuid::new_v5(&authority.identity.tenant_id, b"another tenant")
    } else {
        authority.identity.tenant_id
    };
    let exp = if fault == Some(SignInFault::Expired) {
        now - ID_TOKEN_SECONDS
    } else {
        now + ID_TOKEN_SECONDS
    };
    let mut claims = json!({
        "aud": granted.client.app_id,
        "iss": format!("https://login.microsoftonline.com/{tid}/v2.0"),
        "iat": exp - ID_TOKEN_SECONDS - BACKDATED_SECONDS,
        "nbf": exp - ID_TOKEN_SECONDS - BACKDATED_SECONDS,
        "exp": exp,
        "name": user["displayName"],
        "oid": user["id"],
        "preferred_username": user["userPrincipalName"],
        "sub": subject(granted, user),
        "tid": tid,
        "uti": URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>()),
        "ver": "2.0",
    });
    if let Some(nonce) = &granted.nonce {
        claims["nonce"] = nonce.as_str().into();
    }
    match fault {
        Some(SignInFault::Nonce) => claims["nonce"] = "not-the-nonce-that-was-sent".into(),
        Some(SignInFault::Audience) => claims["aud"] = "5d1f2c8e-6b1e-4f43-8f5a-2f6d9d0e7a10".into(),
        _ => {}
    }
    let token = sign(authority, &claims)?;
    if fault == Some(SignInFault::Signature) {
        return Ok(forged(&token));
    }
    Ok(token)
}

/// The same token with a signature that does not fit.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let turned: String = signature.chars().rev().collect();
    format!("{signed}.{turned}")
}

/// Pairwise: another app knows the same person by another subject.
fn subject(granted: &Granted, user: &Value) -> String {
    let both = format!("{}/{}", granted.client.app_id, user["id"]);
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, both.as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

fn sign(authority: &Authority, claims: &Value) -> Result<String, jsonwebtoken::errors::Error> {
    let header = Header {
        kid: Some(authority.key.key_id.clone()),
        ..Header::new(Algorithm::RS256)
    };
    jsonwebtoken::encode(&header, claims, &authority.key.encoding)
}
