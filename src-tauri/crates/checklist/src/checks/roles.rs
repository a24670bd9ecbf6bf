//! Which directory roles the account has: shared by the checks that want them and that want them gone.
//!
//! Active means now, whatever way it came: directly, through a group, or activated for a while. Eligible means that the
//! person may activate it, and is not active (facts: Entra C.2 rows 4, 4b, 5).

use serde_json::Value;

use crate::sources::microsoft::{Account, Ask, Ms, encoded, quoted, text};
use crate::sources::{Trail, Trouble, TroubleKind};

/// The role definitions that the set-up asks for, with the names that people know.
pub(super) const GLOBAL_ADMINISTRATOR: (&str, &str) = ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator");
pub(super) const NARROWER: [(&str, &str); 3] = [
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
];

/// Those of the set-up's roles that a list of assignments holds, for the whole tenant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Held(Vec<&'static str>);

impl Held {
    pub(super) fn of(assignments: &[Value]) -> Held {
        let whole_tenant = |assignment: &Value| text(assignment, "directoryScopeId") == Some("/");
        let ids: Vec<&str> = assignments
            .iter()
            .filter(|assignment| whole_tenant(assignment))
            .filter_map(|assignment| text(assignment, "roleDefinitionId"))
            .collect();
        let all = std::iter::once(GLOBAL_ADMINISTRATOR).chain(NARROWER);
        Held(
            all.filter(|(id, _)| ids.iter().any(|own| own.eq_ignore_ascii_case(id)))
                .map(|(_, name)| name)
                .collect(),
        )
    }

    pub(super) fn and(&self, other: &Held) -> Held {
        let mut both = self.0.clone();
        both.extend(other.0.iter().filter(|name| !self.0.contains(name)));
        Held(both)
    }

    /// Whether they are enough for the set-up.
    pub(super) fn are_enough(&self) -> bool {
        self.0.contains(&GLOBAL_ADMINISTRATOR.1) || NARROWER.iter().all(|(_, name)| self.0.contains(name))
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> String {
        if self.0.is_empty() {
            "none of them".into()
        } else {
            self.0.join(", ")
        }
    }
}

/// The roles that are active now. The question that follows groups exists in Graph's beta alone; where it is not
/// answered, the direct assignments are asked for, and the second value says so.
pub(super) async fn active(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<(Held, bool), Trouble> {
    let filter = encoded(&format!("principalId eq {}", quoted(&account.id)));
    let through_groups = format!("/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter={filter}");
    match ms.list(trail, Ask::graph(through_groups).beta().eventual()).await {
        Ok(assignments) => Ok((seen(&assignments, trail), true)),
        Err(trouble) if matches!(trouble.kind, TroubleKind::NotFound | TroubleKind::NotTaken) => {
            let direct = format!("/roleManagement/directory/roleAssignments?$filter={filter}");
            let assignments = ms.list(trail, Ask::graph(direct)).await?;
            Ok((seen(&assignments, trail), false))
        }
        Err(trouble) => Err(trouble),
    }
}

fn seen(assignments: &[Value], trail: &mut Trail) -> Held {
    let held = Held::of(assignments);
    trail.saw("active for the whole tenant", held.names());
    held
}

/// The roles that may be activated.
pub(super) async fn eligible(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Held, Trouble> {
    let filter = encoded(&format!("principalId eq {}", quoted(&account.id)));
    let path = format!("/roleManagement/directory/roleEligibilityScheduleInstances?$filter={filter}");
    let held = Held::of(&ms.list(trail, Ask::graph(path)).await?);
    trail.saw("eligible for the whole tenant", held.names());
    Ok(held)
}
