//! CIPP accepts the API client: any answer but 401 in CIPP's own words.
//!
//! Whether the role is large enough is another matter (`cipp_role`). A 401 shortly after "Save to Azure" is normal; the
//! wait that the technician began outlives this check's failure (see `history`).

use cipp_client::{ClientError, Refusal};

use crate::finding::Verdict;
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble};

/// How long a restart takes, in seconds.
const RESTART: u32 = 60;

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let error = match cipp.logs(trail).await {
        Ok(_) => {
            trail.saw("status", 200);
            return Ok(Verdict::passed());
        }
        Err(error) => error,
    };
    match &error {
        ClientError::NotAccepted { .. } => {
            trail.saw("status", 401);
            Ok(Verdict::failed(error.to_string(), error.remedy()))
        }
        ClientError::NotAllowed {
            cause: Refusal::NotInAllowedApplications,
            ..
        } => {
            trail.saw("status", 403);
            Ok(Verdict::failed(error.to_string(), error.remedy()))
        }
        ClientError::NotAllowed {
            cause: Refusal::Unknown | Refusal::WrongApp | Refusal::SubscriptionEnded,
            ..
        } => Err(trouble(error)),
        ClientError::NotAllowed { cause, .. } => {
            trail.saw("status", 403);
            Ok(Verdict::passed_but(format!(
                "CIPP knows the client and refuses this call: {cause}."
            )))
        }
        ClientError::ServerTrouble { starting: true, .. } => Ok(Verdict::waiting(error.to_string(), RESTART)),
        _ => Err(trouble(error)),
    }
}
