//! Sign-in and token: Entra issues one, and its claims fit this connection. The token itself is never looked at here.

use cipp_client::{ClientError, ReachCause, TokenClaims};
use jiff::Timestamp;

use super::way;
use crate::climb::{Broke, Broken, Climb, Held};
use crate::diagnosis::Fact;

pub(super) async fn sign_in(climb: &mut Climb<'_>) -> Result<Held, Broke> {
    let authority = climb.client.connection().authority.host().to_owned();
    let claims = match climb.client.sign_in(climb.cancel).await {
        Ok(claims) => claims,
        Err(error) => return Err(sign_in_failed(climb, &error).await),
    };
    let minutes = claims
        .expires_at
        .map(|until| Timestamp::now().duration_until(until).as_mins());
    let held = Held {
        proof: match minutes {
            Some(minutes) if minutes > 0 => format!("{authority} gave a token for {minutes} min"),
            _ => format!("{authority} gave a token"),
        },
        ..Held::default()
    };
    climb.claims = Some(claims);
    Ok(held)
}

/// Where the sign-in server itself is out of reach, a knock there shows the certificate and the proxy.
async fn sign_in_failed(climb: &Climb<'_>, error: &ClientError) -> Broke {
    let out_of_reach = matches!(
        error,
        ClientError::Unreachable {
            cause: ReachCause::Tls | ReachCause::Proxy,
            ..
        }
    );
    if !out_of_reach {
        return Broken::by(error, &[]);
    }
    match climb.client.knock_at_sign_in(climb.cancel).await {
        Ok(knock) => way::unreachable(error, knock.certificate.as_ref(), way::facts(&knock)),
        Err(ClientError::Cancelled) => Broke::Cancelled,
        Err(_) => Broken::by(error, &[]),
    }
}

pub(super) fn token_fits(climb: &Climb<'_>) -> Result<Held, Broke> {
    let Some(claims) = &climb.claims else {
        return Ok(Held::default());
    };
    let connection = climb.client.connection();
    let client = connection.client_id.to_string();
    let facts = facts(claims);
    let misfit = |proof: String| {
        Broke::Failed(Box::new(Broken {
            proof,
            facts: facts.clone(),
            causes: vec!["token-does-not-fit".to_owned()],
            server_said: String::new(),
        }))
    };
    let audience = claims.aud.as_deref().unwrap_or_default();
    let bare = audience.strip_prefix("api://").unwrap_or(audience);
    if !audience.is_empty() && !bare.eq_ignore_ascii_case(&client) {
        return Err(misfit(format!("The token is for {audience}, and not for {client}.")));
    }
    if let Some(app) = &claims.app_id
        && !app.eq_ignore_ascii_case(&client)
    {
        return Err(misfit(format!("The token was given to {app}, and not to {client}.")));
    }
    let tenant = connection.tenant_id.as_str();
    // A tenant may be named by its domain, which no token tells.
    if let Some(tid) = &claims.tid
        && uuid::Uuid::try_parse(tenant).is_ok()
        && !tid.eq_ignore_ascii_case(tenant)
    {
        return Err(misfit(format!(
            "The token is of the tenant {tid}, and not of {tenant}."
        )));
    }
    Ok(Held {
        proof: match audience {
            "" => "its claims cannot be read, which does no harm".to_owned(),
            audience => format!("for {audience}"),
        },
        facts,
        notes: Vec::new(),
    })
}

/// Whether the token is one for the bare client ID, as version 2 has it (facts: Entra B.1).
pub(super) fn is_for_bare_id(claims: &TokenClaims) -> bool {
    claims.version.as_deref() == Some("2.0")
        || claims
            .aud
            .as_deref()
            .is_some_and(|audience| uuid::Uuid::try_parse(audience).is_ok())
}

fn facts(claims: &TokenClaims) -> Vec<Fact> {
    let told = [
        ("Audience (aud)", claims.aud.clone()),
        ("Tenant (tid)", claims.tid.clone()),
        ("Client (appid)", claims.app_id.clone()),
        ("Version (ver)", claims.version.clone()),
        ("Issuer (iss)", claims.iss.clone()),
        ("Valid until (exp)", claims.expires_at.map(|until| until.to_string())),
        ("Roles", (!claims.roles.is_empty()).then(|| claims.roles.join(", "))),
    ];
    told.into_iter()
        .filter_map(|(label, value)| Some(Fact::new(label, value?)))
        .collect()
}
