//! The SAM application misses no permission.
//!
//! CIPP can find nothing missing although nobody ever gave admin consent (CIPP issue 650): it compares lists and not the
//! token. The token itself is the better witness: without consent the application's own token has no roles.

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble, some_of};

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let report = cipp.permissions(trail).await?;
    let Some(missing) = report.missing_permissions else {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report has no list of missing permissions.",
            "Open the permission check in CIPP and look there.",
        ));
    };
    let missing: Vec<String> = missing
        .iter()
        .map(|one| match &one.application {
            Some(application) => format!("{} ({application})", one.permission),
            None => one.permission.clone(),
        })
        .collect();
    trail.saw("Results.MissingPermissions", missing.len());
    if !missing.is_empty() {
        trail.saw("missing", some_of(&missing));
        return Ok(Verdict::failed(
            format!("CIPP-SAM lacks {}.", some_of(&missing)),
            "In CIPP, open the permission check, repair the permissions and give admin consent.",
        ));
    }
    let roles = report.application_token.map(|token| token.roles).unwrap_or_default();
    trail.saw("ApplicationTokenDetails.Roles", roles.len());
    if roles.is_empty() {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP finds nothing missing, but its application's token holds no permission at all: the way it looks without admin consent (CIPP issue 650).",
            "Give admin consent to CIPP-SAM again, or check with a sign-in at Microsoft whether it was given.",
        ));
    }
    Ok(Verdict::passed())
}
