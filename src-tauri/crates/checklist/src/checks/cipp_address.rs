//! The address answers as CIPP's API and not as a website.
//!
//! The logbook is asked, because every client may read it; a refusal in CIPP's words is an answer of CIPP's too. Without a
//! token the public call must do, which some instances guard.

use cipp_client::{ClientError, Refusal};

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match cipp.logs(trail).await {
        Ok(_) => Ok(Verdict::passed()),
        Err(ClientError::SignInRefused { .. }) => ping(cipp, trail).await,
        Err(error) => judge(error, trail),
    }
}

async fn ping(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match cipp.ping(trail).await {
        Ok(ping) if ping.message.as_deref() == Some("Pong") => {
            trail.saw("Message", "Pong");
            Ok(Verdict::passed())
        }
        Ok(_) => Err(unclear("The address answers, but not in CIPP's words.")),
        // The call was refused without a token, and there is none: whoever guards it may be anybody.
        Err(ClientError::SignInRefused { .. }) => {
            Err(unclear("The address asks for a sign-in before it says anything."))
        }
        Err(error) => judge(error, trail),
    }
}

fn judge(error: ClientError, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match &error {
        ClientError::WrongAddress { .. } => {
            trail.saw("answer", &error);
            Ok(Verdict::failed(error.to_string(), error.remedy()))
        }
        ClientError::NotAllowed { cause, .. } if in_cipps_words(cause) => {
            trail.saw("answer", format!("403: {cause}"));
            Ok(Verdict::passed_but(
                "CIPP answers, and refuses this call: see the check of the role.",
            ))
        }
        ClientError::NotAllowed {
            cause: Refusal::WrongApp,
            ..
        } => Ok(Verdict::failed(error.to_string(), error.remedy())),
        ClientError::NotAccepted { .. } => {
            trail.saw("answer", "401");
            Ok(Verdict::passed_but(
                "Something that guards an API answers here, and does not accept the client yet.",
            ))
        }
        _ => Err(trouble(error)),
    }
}

fn in_cipps_words(cause: &Refusal) -> bool {
    !matches!(
        cause,
        Refusal::NotInAllowedApplications | Refusal::Unknown | Refusal::WrongApp
    )
}

fn unclear(reason: &str) -> Trouble {
    Trouble::new(
        Obstacle::NotLetIn,
        reason,
        "Make the sign-in work first, then check again.",
    )
}
