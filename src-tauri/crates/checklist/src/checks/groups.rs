//! Which groups and roles the account has, groups within groups included: shared by the checks of groups and of policies.

use std::collections::HashSet;

use serde_json::Value;

use crate::sources::microsoft::{Account, Ask, Ms, encoded, text};
use crate::sources::{Trail, Trouble};

/// The names of the account's groups that this OData filter lets through.
pub(super) async fn memberships(
    ms: &mut Ms<'_>,
    account: &Account,
    filter: &str,
    trail: &mut Trail,
) -> Result<Vec<String>, Trouble> {
    let path = format!(
        "/users/{}/transitiveMemberOf/microsoft.graph.group?$count=true&$filter={}&$select=id,displayName",
        encoded(&account.id),
        encoded(filter)
    );
    Ok(names(&ms.list(trail, Ask::graph(path).eventual()).await?))
}

/// What the account is a member of, as texts to compare without regard to case: of each `group` its `id`, or of each
/// `directoryRole` its `roleTemplateId`.
pub(super) async fn member_of(
    ms: &mut Ms<'_>,
    account: &Account,
    kind: &str,
    field: &str,
    trail: &mut Trail,
) -> Result<HashSet<String>, Trouble> {
    let path = format!(
        "/users/{}/transitiveMemberOf/microsoft.graph.{kind}?$count=true&$select={field}",
        encoded(&account.id)
    );
    let all = ms.list(trail, Ask::graph(path).eventual()).await?;
    Ok(all
        .iter()
        .filter_map(|one| text(one, field))
        .map(str::to_ascii_lowercase)
        .collect())
}

/// The names in a list of groups. With too small a permission a group comes without a name; it is left out.
pub(super) fn names(groups: &[Value]) -> Vec<String> {
    groups
        .iter()
        .filter_map(|group| text(group, "displayName"))
        .map(str::to_owned)
        .collect()
}
