//! Address, reach and right door: one anonymous knock proves them.

use cipp_client::{Certificate, ClientError, Knock, ReachCause};
use jiff::{SignedDuration, Timestamp};

use crate::climb::{Broke, Broken, Climb, Held, clock_words};
use crate::diagnosis::Fact;

/// Entra and Azure let clocks differ by five minutes (facts: Entra E.2).
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn address(climb: &Climb<'_>) -> Held {
    let address = &climb.client.connection().api_url;
    Held {
        proof: format!("{}; \u{201C}/api\u{201D} is added by itself", address.host()),
        facts: vec![Fact::new("Address", address.to_string())],
        notes: Vec::new(),
    }
}

pub(super) async fn reach(climb: &mut Climb<'_>) -> Result<Held, Broke> {
    let knock = climb.client.knock(climb.cancel).await;
    let knock = knock.map_err(|error| Broken::by(&error, &[]))?;
    let facts = facts(&knock);
    let held = match &knock.reply {
        Err(error) => Err(unreachable(error, knock.certificate.as_ref(), facts)),
        Ok(reply) => {
            let ahead = reply.server_ahead_seconds;
            let mut proof = vec![match &knock.proxy {
                Some(proxy) => format!("reached through the proxy {proxy}"),
                None => "reached".to_owned(),
            }];
            if let Some(certificate) = &knock.certificate {
                proof.push(format!("certificate from {}", certificate.issuer));
            }
            if let Some(ahead) = ahead {
                proof.push(format!("this computer's clock {}", clock_words(ahead)));
            }
            let mut notes = Vec::new();
            if clock_is_off(&knock) {
                notes.push("clock-off");
            }
            if knock.duration >= climb.patience.slow {
                notes.push("cold-start");
            }
            Ok(Held {
                proof: proof.join(", "),
                facts,
                notes,
            })
        }
    };
    climb.knock = Some(knock);
    held
}

pub(super) fn right_door(climb: &Climb<'_>) -> Result<Held, Broke> {
    let Some(Ok(reply)) = climb.knock.as_ref().map(|knock| &knock.reply) else {
        return Ok(Held::default());
    };
    let facts = vec![
        Fact::new("Status", reply.status.to_string()),
        Fact::new("Content type", reply.content_type.as_deref().unwrap_or("none")),
    ];
    if let Some(error) = &reply.wrong_door {
        return Err(with(Broken::by(error, &[]), facts));
    }
    let proof = match reply.status {
        200 => "no website".to_owned(),
        401 | 403 => "no website: it asks who is there".to_owned(),
        // The rungs above tell what that means for the log.
        status => format!("no website; it answers with {status} at the moment"),
    };
    Ok(Held {
        proof,
        facts,
        notes: Vec::new(),
    })
}

/// Whether this computer's clock and the server's are too far apart.
pub(super) fn clock_is_off(knock: &Knock) -> bool {
    let ahead = knock.reply.as_ref().ok().and_then(|reply| reply.server_ahead_seconds);
    ahead.is_some_and(|ahead| SignedDuration::from_secs(ahead).abs() > CLOCK_TOLERANCE)
}

/// A server that cannot be reached; a certificate that was shown tells more than the error.
pub(super) fn unreachable(error: &ClientError, certificate: Option<&Certificate>, facts: Vec<Fact>) -> Broke {
    let is_tls = matches!(
        error,
        ClientError::Unreachable {
            cause: ReachCause::Tls,
            ..
        }
    );
    let over = |certificate: &Certificate| certificate.valid_until.is_some_and(|until| until < Timestamp::now());
    let likely: &[&str] = match certificate {
        Some(certificate) if is_tls && over(certificate) => &["certificate-expired"],
        _ => &[],
    };
    with(Broken::by(error, likely), facts)
}

pub(super) fn facts(knock: &Knock) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Host", &knock.host)];
    let addresses: Vec<String> = knock.addresses.iter().map(ToString::to_string).collect();
    if !addresses.is_empty() {
        facts.push(Fact::new("IP addresses", addresses.join(", ")));
    }
    facts.push(Fact::new("Proxy", knock.proxy.as_deref().unwrap_or("none")));
    if let Some(certificate) = &knock.certificate {
        facts.push(Fact::new("Certificate for", &certificate.subject));
        facts.push(Fact::new("Certificate issued by", &certificate.issuer));
        if let Some(until) = certificate.valid_until {
            facts.push(Fact::new("Certificate valid until", until.to_string()));
        }
    }
    if let Ok(reply) = &knock.reply {
        facts.push(Fact::new("Protocol", &reply.protocol));
    }
    facts
}

/// Adds details to whatever broke.
pub(super) fn with(broke: Broke, mut facts: Vec<Fact>) -> Broke {
    match broke {
        Broke::Failed(mut broken) => {
            facts.append(&mut broken.facts);
            broken.facts = facts;
            Broke::Failed(broken)
        }
        other => other,
    }
}
