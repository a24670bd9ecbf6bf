//! The logbook answers with a list, which may be empty.

use cipp_client::ClientError;

use crate::finding::Verdict;
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let error = match cipp.logs(trail).await {
        Ok(rows) => {
            trail.saw(
                "rows today",
                if rows {
                    "at least one"
                } else {
                    "none, which is an answer too"
                },
            );
            return Ok(Verdict::passed());
        }
        Err(error) => error,
    };
    match &error {
        ClientError::ServerTrouble { starting: true, .. } => Ok(Verdict::waiting(error.to_string(), 60)),
        ClientError::NotAllowed { .. }
        | ClientError::NotAccepted { .. }
        | ClientError::WrongAddress { .. }
        | ClientError::NotUnderstood { .. }
        | ClientError::ServerTrouble { .. } => {
            trail.saw("answer", &error);
            Ok(Verdict::failed(error.to_string(), error.remedy()))
        }
        // No token, no network, too many calls, an answer that broke off: the logbook has said nothing.
        _ => Err(trouble(error)),
    }
}
