//! CIPP runs as an account whose name says that it is a service account.
//!
//! CIPP's own test: "CIPP" or "Service" in the display name or the user name. It is a hint about names and no more.

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = cipp.permissions(trail).await?.access_token.unwrap_or_default();
    let names = [
        ("UserPrincipalName", account.user_principal_name),
        ("Name", account.name),
    ];
    let mut known: Vec<String> = Vec::new();
    for (field, name) in names {
        if let Some(name) = name {
            trail.saw(format!("AccessTokenDetails.{field}"), &name);
            known.push(name);
        }
    }
    if known.is_empty() {
        return Err(Trouble::new(
            Obstacle::Unclear,
            "CIPP's report does not say which account it runs under.",
            "Run CIPP's set-up wizard, then its permission check.",
        ));
    }
    if known.iter().any(|name| is_service_name(name)) {
        return Ok(Verdict::passed());
    }
    Ok(Verdict::failed(
        format!(
            "CIPP runs as {}: neither CIPP nor Service occurs in the name.",
            known.join(", ")
        ),
        "If this is the service account, rename it. If it is a person, run the set-up wizard again with the service account.",
    ))
}

/// CIPP's own rule, without regard to case as PowerShell compares.
pub(super) fn is_service_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("cipp") || name.contains("service")
}
