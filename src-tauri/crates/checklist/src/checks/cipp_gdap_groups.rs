//! The service account is in the fifteen groups `M365 GDAP <role>`, by CIPP's report. No such group at all means that the
//! move to GDAP is still to come, which is no fault.

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble, some_of};

pub(super) const PREFIX: &str = "M365 GDAP";

/// How many there should be.
pub(super) const WANTED: usize = 15;

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let report = cipp.gdap(trail).await?;
    let count = report.group_count;
    if let Some(count) = count {
        trail.saw("Results.CIPPGroupCount", count);
    }
    let Some(missing) = report.missing_groups else {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report does not list missing groups.",
            "Open the GDAP check in CIPP and look there.",
        ));
    };
    let missing: Vec<&String> = missing.iter().filter(|name| is_gdap(name)).collect();
    trail.saw("Results.MissingGroups", missing.len());
    if count == Some(0) {
        return Ok(Verdict::NotApplicable {
            reason: not_yet().into(),
        });
    }
    if !missing.is_empty() {
        return Ok(Verdict::failed(
            format!("The service account is not in {}.", some_of(&missing)),
            "In the Entra admin centre, add the account to these groups.",
        ));
    }
    match count {
        Some(count) if count >= WANTED as u64 => Ok(Verdict::passed()),
        Some(count) => Ok(Verdict::failed(
            format!("Only {count} of the {WANTED} GDAP groups exist."),
            "In CIPP, map the recommended roles; it creates the groups that are missing.",
        )),
        None => Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report does not say how many GDAP groups there are.",
            "Open the GDAP check in CIPP and look there.",
        )),
    }
}

pub(super) fn is_gdap(name: &str) -> bool {
    name.trim_start()
        .get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

pub(super) fn not_yet() -> &'static str {
    "There is no group M365 GDAP yet: this partner has not moved to GDAP with CIPP. Come back after CIPP has made the groups."
}
