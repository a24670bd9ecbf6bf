//! Versions, and whether the access checks may be read. Nobody needs either for the log.

use cipp_client::ClientError;

use crate::climb::{Broke, Climb, Held};
use crate::diagnosis::Fact;

pub(super) async fn versions(climb: &mut Climb<'_>) -> Result<Held, Broke> {
    let version = match climb.client.get_version(climb.cancel).await {
        Ok(version) => version,
        Err(ClientError::Cancelled) => return Err(Broke::Cancelled),
        Err(error) => return Err(Broke::Skipped(format!("The version could not be read. {error}"))),
    };
    let mut held = Held::default();
    let mut proof = Vec::new();
    if let Some(api) = &version.local_api {
        proof.push(format!("CIPP-API {api}"));
        held.facts.push(Fact::new("CIPP-API", api));
    }
    if let Some(cipp) = &version.local_cipp {
        held.facts.push(Fact::new("CIPP", cipp));
    }
    if version.api_out_of_date == Some(true) || version.cipp_out_of_date == Some(true) {
        held.notes.push("cipp-out-of-date");
    }
    match climb.client.permissions_check(false, climb.cancel).await {
        Ok(_) => proof.push("may read the access checks".to_owned()),
        Err(ClientError::Cancelled) => return Err(Broke::Cancelled),
        Err(ClientError::NotAllowed { .. }) => {
            proof.push("may not read the access checks, which only the checklists need".to_owned());
            held.notes.push("checks-need-more-than-readonly");
        }
        Err(error) => proof.push(format!("the access checks could not be read: {error}")),
    }
    held.proof = proof.join(", ");
    Ok(held)
}
