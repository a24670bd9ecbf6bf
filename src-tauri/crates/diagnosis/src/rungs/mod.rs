//! The rungs: what each is proved by.

pub(crate) mod log;
mod sign_in;
mod versions;
mod way;

use cipp_client::{ClientError, Field, FieldError};
use failures::Rung;

use crate::climb::{Broke, Climb, Held};
use crate::diagnosis::Fact;

/// Tries one rung. Those beside the ladder hold by themselves; none of them is asked for.
pub(crate) async fn climb(rung: Rung, climb: &mut Climb<'_>) -> Result<Held, Broke> {
    match rung {
        Rung::Address => Ok(way::address(climb)),
        Rung::Reach => way::reach(climb).await,
        Rung::RightDoor => way::right_door(climb),
        Rung::SignIn => sign_in::sign_in(climb).await,
        Rung::TokenFits => sign_in::token_fits(climb),
        Rung::Accepted => log::accepted(climb).await,
        Rung::Allowed => log::allowed(climb).await,
        Rung::LogRead => log::log_read(climb).await,
        Rung::Versions => versions::versions(climb).await,
        Rung::SetUp | Rung::InsideCipp => Ok(Held::default()),
    }
}

/// What of the connection and the way decides whether it works.
pub(crate) fn setting(climb: &Climb<'_>) -> Vec<Fact> {
    let connection = climb.client.connection();
    let mut facts = vec![
        Fact::new("Address", connection.api_url.to_string()),
        Fact::new("Tenant", connection.tenant_id.as_str()),
        Fact::new("Client", connection.client_id.to_string()),
        Fact::new("Sign-in server", connection.authority.host()),
    ];
    if let Some(file) = &connection.ca_cert {
        facts.push(Fact::new("Certificate file", file.display().to_string()));
    }
    let Some(knock) = &climb.knock else { return facts };
    facts.push(Fact::new("Proxy", knock.proxy.as_deref().unwrap_or("none")));
    if let Some(certificate) = &knock.certificate {
        facts.push(Fact::new("Certificate issued by", &certificate.issuer));
    }
    facts
}

/// For Microsoft's support.
pub(crate) fn ids(error: &ClientError) -> Vec<Fact> {
    let ClientError::SignInRefused {
        trace_id,
        correlation_id,
        ..
    } = error
    else {
        return Vec::new();
    };
    let fact = |label, id: &Option<String>| id.as_ref().map(|id| Fact::new(label, id));
    [fact("Trace ID", trace_id), fact("Correlation ID", correlation_id)]
        .into_iter()
        .flatten()
        .collect()
}

/// What stands behind a value that was refused before anything was sent.
pub(crate) fn causes_of_field(error: &FieldError) -> &'static [&'static str] {
    match error.field {
        Field::ApiUrl => &["address-incomplete"],
        // Nothing else about a secret is refused but that it is empty, which no form lets through.
        Field::Secret => &["secret-id-instead-of-value"],
        Field::TenantId => &["tenant-malformed"],
        _ => &[],
    }
}
