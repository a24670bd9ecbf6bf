//! The API client's role includes reading: at least `CIPP.Core.Read`.
//!
//! `me` tells the permissions of a custom role. For built-in roles it cannot answer, and its silence is no refusal
//! (facts: CIPP 2.7); then the logbook decides, which needs exactly this permission.

use cipp_client::{ClientError, Me, Refusal};

use crate::finding::Verdict;
use crate::sources::cipp::{Cipp, trouble};
use crate::sources::{Trail, Trouble};

const NEEDED: &str = "CIPP.Core.Read";

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match cipp.me(trail).await {
        Ok(Me::Told { roles, permissions, .. }) if !permissions.is_empty() => {
            trail.saw("appRole", roles.join(", "));
            // ReadWrite implies Read.
            let reads = permissions
                .iter()
                .any(|own| own.eq_ignore_ascii_case(NEEDED) || own.eq_ignore_ascii_case("CIPP.Core.ReadWrite"));
            trail.saw(format!("permissions hold {NEEDED}"), reads);
            if reads {
                return Ok(Verdict::passed());
            }
            Ok(Verdict::failed(
                format!("The API client's role does not include {NEEDED}."),
                "In CIPP, give the API client a role that includes it; \u{201C}readonly\u{201D} is enough for the logbook.",
            ))
        }
        Ok(_) => {
            trail.saw("me", "tells no role, as for built-in roles");
            by_the_logbook(cipp, trail).await
        }
        // Whatever is wrong with `me`, the logbook's own answer counts.
        Err(_) => by_the_logbook(cipp, trail).await,
    }
}

async fn by_the_logbook(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match cipp.logs(trail).await {
        Ok(_) => {
            trail.saw("ListLogs", format!("200, which needs {NEEDED}"));
            Ok(Verdict::passed())
        }
        Err(error) => match &error {
            ClientError::NotAllowed {
                cause: Refusal::RoleLacks { .. } | Refusal::EndpointBlocked { .. } | Refusal::NoRole,
                ..
            } => {
                trail.saw("ListLogs", format!("403: {error}"));
                Ok(Verdict::failed(error.to_string(), error.remedy()))
            }
            _ => Err(trouble(error)),
        },
    }
}
