//! Which groups the account is in, groups within groups included: shared by the checks of groups.

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

/// The names in a list of groups. With too small a permission a group comes without a name; it is left out.
pub(super) fn names(groups: &[Value]) -> Vec<String> {
    groups
        .iter()
        .filter_map(|group| text(group, "displayName"))
        .map(str::to_owned)
        .collect()
}
