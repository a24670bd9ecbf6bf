//! `/users/{id}/memberOf` and `/transitiveMemberOf`: groups and directory roles, directly and through groups. With no more
//! than `User.Read` a person learns the ids alone (facts: entra C.2 row 13).

use serde_json::{Value, json};

use super::{Answer, Call, Endpoint, Need, Words};

/// Scopes that show more than ids.
const FULL: &[&str] = &[
    "GroupMember.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.AccessAsUser.All",
];

const NEED: Need = Need {
    scopes: FULL,
    own: &["User.Read"],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("users/{}/memberOf", NEED, direct),
    Endpoint::get("users/{}/memberOf/microsoft.graph.group", NEED, direct_groups),
    Endpoint::get("users/{}/memberOf/microsoft.graph.directoryRole", NEED, direct_roles),
    Endpoint::get("users/{}/transitiveMemberOf", NEED, transitive),
    Endpoint::get(
        "users/{}/transitiveMemberOf/microsoft.graph.group",
        NEED,
        transitive_groups,
    ),
    Endpoint::get(
        "users/{}/transitiveMemberOf/microsoft.graph.directoryRole",
        NEED,
        transitive_roles,
    ),
];

fn direct(call: &Call<'_>) -> Answer {
    let both = [typed(groups(call, false)?), own_roles(call)?].concat();
    show(call, both, call.query.filter().is_some())
}

fn direct_groups(call: &Call<'_>) -> Answer {
    show(call, groups(call, false)?, true)
}

fn direct_roles(call: &Call<'_>) -> Answer {
    show(call, own_roles(call)?, true)
}

fn transitive(call: &Call<'_>) -> Answer {
    let both = [typed(groups(call, true)?), all_roles(call)?].concat();
    show(call, both, call.query.filter().is_some())
}

fn transitive_groups(call: &Call<'_>) -> Answer {
    show(call, groups(call, true)?, true)
}

fn transitive_roles(call: &Call<'_>) -> Answer {
    show(call, all_roles(call)?, true)
}

fn id<'a>(call: &'a Call<'_>) -> Result<&'a str, super::GraphError> {
    Ok(call.user()?.1["id"].as_str().unwrap_or_default())
}

fn groups(call: &Call<'_>, through_others: bool) -> Result<Vec<Value>, super::GraphError> {
    let id = id(call)?;
    let groups = if through_others {
        call.directory().all_groups_of(id)
    } else {
        call.directory().groups_of(id)
    };
    Ok(groups.into_iter().cloned().collect())
}

fn typed(groups: Vec<Value>) -> Vec<Value> {
    let with_type = |mut group: Value| {
        group["@odata.type"] = "#microsoft.graph.group".into();
        group
    };
    groups.into_iter().map(with_type).collect()
}

fn all_roles(call: &Call<'_>) -> Result<Vec<Value>, super::GraphError> {
    Ok(call.directory().directory_roles_of(id(call)?))
}

/// Roles assigned to the person, not to a group.
fn own_roles(call: &Call<'_>) -> Result<Vec<Value>, super::GraphError> {
    let id = id(call)?;
    let own: Vec<&Value> = call
        .directory()
        .role_assignments_of(id)
        .into_iter()
        .filter(|assignment| crate::directory::same(&assignment["principalId"], id))
        .map(|assignment| &assignment["roleDefinitionId"])
        .collect();
    let mut roles = call.directory().directory_roles_of(id);
    roles.retain(|role| own.contains(&&role["roleTemplateId"]));
    Ok(roles)
}

/// `advanced`: the address names a type or a filter, which takes eventual consistency.
fn show(call: &Call<'_>, objects: Vec<Value>, advanced: bool) -> Answer {
    if advanced {
        call.needs_advanced()?;
    }
    if call.caller.has_one_of(FULL) {
        return call.list("directoryObjects", objects);
    }
    let limited = objects.into_iter().map(|object| {
        json!({
            "@odata.type": object.get("@odata.type").cloned().unwrap_or_else(|| "#microsoft.graph.group".into()),
            "id": object["id"],
            "displayName": null,
        })
    });
    call.list("directoryObjects", limited)
}
