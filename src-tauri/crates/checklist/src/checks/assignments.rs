//! Which Azure roles somebody has at a subscription or a resource: shared by the checks of Contributor.
//!
//! Azure follows groups itself (`assignedTo`), and an assignment inherited from a management group counts. A role with a
//! condition may not do everything, so it does not count (facts: Entra C.2 row 8).

use serde_json::Value;

use crate::sources::microsoft::{Ask, Ms, encoded, text};
use crate::sources::{Trail, Trouble};

const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// What was found of Contributor and Owner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    /// `Contributor at /subscriptions/...`.
    pub(super) whole: Vec<String>,
    /// The same with a condition.
    pub(super) conditional: Vec<String>,
}

/// The roles of a user or an application at this scope and above.
pub(super) async fn rights(
    ms: &mut Ms<'_>,
    trail: &mut Trail,
    scope: &str,
    principal: &str,
    only_at_scope: bool,
) -> Result<Rights, Trouble> {
    let assigned = format!("assignedTo('{principal}')");
    let filter = if only_at_scope {
        format!("atScope() and {assigned}")
    } else {
        assigned
    };
    let path = format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter={}",
        encoded(&filter)
    );
    let assignments = ms.list(trail, Ask::azure(path)).await?;
    Ok(seen(&assignments, trail))
}

fn seen(assignments: &[Value], trail: &mut Trail) -> Rights {
    let mut rights = Rights::default();
    for assignment in assignments {
        let properties = &assignment["properties"];
        let Some(role) = text(properties, "roleDefinitionId").and_then(role_name) else {
            continue;
        };
        let at = format!("{role} at {}", text(properties, "scope").unwrap_or("an unnamed scope"));
        trail.saw(
            "role assignment",
            format!("{at}, of {}", text(properties, "principalId").unwrap_or("?")),
        );
        match text(properties, "condition") {
            None => rights.whole.push(at),
            Some(_) => rights.conditional.push(at),
        }
    }
    if rights == Rights::default() {
        trail.saw("role assignment", "neither Contributor nor Owner");
    }
    rights
}

fn role_name(definition: &str) -> Option<&'static str> {
    let id = definition.rsplit('/').next()?;
    if id.eq_ignore_ascii_case(CONTRIBUTOR) {
        Some("Contributor")
    } else if id.eq_ignore_ascii_case(OWNER) {
        Some("Owner")
    } else {
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::checks) fn contributor(condition: Option<&str>) -> Value {
        json!([{"properties": {
            "roleDefinitionId": format!("/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"),
            "scope": "/providers/Microsoft.Management/managementGroups/root", "principalId": "a-group", "condition": condition}}])
    }

    pub(in crate::checks) fn reader() -> Value {
        json!([{"properties": {"roleDefinitionId": "/x/acdd72a7-3385-48ef-bd42-f606fba81ae7", "scope": "/"}}])
    }
}
