//! CIPP's own permission check ran and is content.
//!
//! A refresh token that is not yet the one in the Key Vault is no fault: it takes up to half an hour (facts: CIPP 2.8).

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble, some_of};

/// When to look again for the Key Vault, in seconds.
const KEY_VAULT: u32 = 300;

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let report = cipp.permissions(trail).await?;
    let Some(success) = report.success else {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report does not say whether it is content.",
            "Open the permission check in CIPP and look there.",
        ));
    };
    trail.saw("Results.Success", success);
    if !report.error_messages.is_empty() {
        trail.saw("Results.ErrorMessages", some_of(&report.error_messages));
    }
    if success && report.error_messages.is_empty() {
        return Ok(Verdict::passed());
    }
    let vault = |message: &String| {
        let message = message.to_ascii_lowercase();
        message.contains("key vault") || message.contains("keyvault")
    };
    if !report.error_messages.is_empty() && report.error_messages.iter().all(vault) {
        return Ok(Verdict::waiting(
            "CIPP's token is not yet the one in the Key Vault, which takes up to 30 minutes.",
            KEY_VAULT,
        ));
    }
    let said = match report.error_messages.as_slice() {
        [] => "without saying why".to_owned(),
        messages => some_of(messages),
    };
    Ok(Verdict::failed(
        format!("CIPP's permission check is not content: {said}"),
        "Open the permission check in CIPP and follow what it says under Details.",
    ))
}
