//! Who may do what in Azure: role assignments at a scope and above it, those of groups included.

use serde_json::Value;

use crate::{
    directory::{Directory, same},
    microsoft::Caller,
};

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

/// Whether a caller may do this at a scope.
pub(super) fn may(directory: &Directory, caller: &Caller, action: &str, scope: &str) -> bool {
    if !caller.has_one_of(&["user_impersonation"]) {
        return false;
    }
    roles_at(directory, &caller.oid, scope).iter().any(|role| {
        let (actions, except) = actions_of(role);
        let covers = |list: &[&str]| list.iter().any(|pattern| matches(pattern, action));
        covers(actions) && !covers(except)
    })
}

/// The role definitions that somebody holds at a scope.
pub(super) fn roles_at<'a>(directory: &'a Directory, oid: &str, scope: &str) -> Vec<&'a str> {
    let principals = directory.principals_of(oid);
    assignments(directory)
        .filter(|(_, assignment)| is_at_or_above(text(&assignment["scope"]), scope))
        .filter(|(_, assignment)| principals.iter().any(|id| same(&assignment["principalId"], id)))
        .map(|(_, assignment)| text(&assignment["roleDefinitionId"]))
        .collect()
}

/// What a role allows, and what of that it does not.
pub(super) fn actions_of(role: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match role {
        OWNER => (&["*"], &[]),
        CONTRIBUTOR => (
            &["*"],
            &[
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
            ],
        ),
        USER_ACCESS_ADMINISTRATOR => (&["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"], &[]),
        READER => (&["*/read"], &[]),
        _ => (&[], &[]),
    }
}

/// All assignments, with the keys of the directory's file.
pub(super) fn assignments(directory: &Directory) -> impl Iterator<Item = (&str, &Value)> {
    let all = directory.at("/arm/assignments").as_object();
    all.into_iter().flatten().map(|(key, one)| (key.as_str(), one))
}

/// Whether what is assigned at one scope holds at another. Management groups of this tenant are above all of it.
pub(super) fn is_at_or_above(assigned: &str, scope: &str) -> bool {
    let (assigned, scope) = (assigned.to_ascii_lowercase(), scope.to_ascii_lowercase());
    assigned == "/"
        || assigned.starts_with("/providers/microsoft.management/managementgroups/")
        || assigned == scope
        || scope.strip_prefix(&assigned).is_some_and(|rest| rest.starts_with('/'))
}

/// A pattern with at most one star.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, end)) => {
            action.len() >= start.len() + end.len() && action.starts_with(start) && action.ends_with(end)
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_above_one_another_at_whole_segments() {
        assert!(is_at_or_above("/", "/subscriptions/a"));
        assert!(is_at_or_above("/subscriptions/A", "/subscriptions/a/resourceGroups/b"));
        assert!(!is_at_or_above("/subscriptions/a", "/subscriptions/ab"));
        assert!(!is_at_or_above("/subscriptions/a/resourceGroups/b", "/subscriptions/a"));
    }

    #[test]
    fn actions_are_matched_with_a_star() {
        assert!(matches("*/read", "Microsoft.Web/sites/read"));
        assert!(!matches("*/read", "Microsoft.Web/sites/config/list/action"));
        assert!(matches(
            "Microsoft.Authorization/*/Write",
            "microsoft.authorization/roleAssignments/write"
        ));
        assert!(matches("*", "anything"));
    }
}
