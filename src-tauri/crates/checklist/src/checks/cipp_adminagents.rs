//! The service account is in the group AdminAgents, by CIPP's report about groups.

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble};

pub(super) const GROUP: &str = "AdminAgents";

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let report = cipp.gdap(trail).await?;
    let is_it = |name: &String| name.trim().eq_ignore_ascii_case(GROUP);
    let missing = report
        .missing_groups
        .as_ref()
        .is_some_and(|names| names.iter().any(is_it));
    let issue = report
        .issues
        .iter()
        .find(|issue| issue.kind.as_deref() == Some("Error") && issue.issue.contains(GROUP));
    if let Some(issue) = issue {
        trail.saw("Results.GDAPIssues", &issue.issue);
    }
    let member = report.memberships.as_ref().map(|names| names.iter().any(is_it));
    if let Some(member) = member {
        trail.saw("Results.Memberships holds AdminAgents", member);
    }
    if missing || issue.is_some() || member == Some(false) {
        return Ok(Verdict::failed(
            "The service account is not a member of AdminAgents.",
            "In the Entra admin centre, add the account to the group AdminAgents.",
        ));
    }
    match member {
        Some(true) => Ok(Verdict::passed()),
        _ => Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report does not list the account's groups.",
            "Open the GDAP check in CIPP and look there.",
        )),
    }
}
