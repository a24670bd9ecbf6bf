//! `/groups`: groups, and who is in them. A deleted group is a 404, though policies may still hold its id.

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words};

const NEED: Need = Need {
    scopes: &[
        "GroupMember.Read.All",
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.AccessAsUser.All",
    ],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("groups", NEED, list),
    Endpoint::get("groups/{}", NEED, one),
    Endpoint::get("groups/{}/members", NEED, members),
    Endpoint::get("groups/{}/transitiveMembers", NEED, transitive_members),
];

fn list(call: &Call<'_>) -> Answer {
    if call.query.filter().is_some_and(super::filter::Filter::is_advanced) {
        call.needs_advanced()?;
    }
    let groups: Vec<Value> = call.directory().all("groups").map(|(_, group)| group.clone()).collect();
    call.list("groups", groups)
}

fn group<'a>(call: &'a Call<'_>) -> Result<&'a Value, GraphError> {
    let group = call.directory().by_id("groups", call.id());
    group
        .map(|(_, group)| group)
        .ok_or_else(|| GraphError::not_found(call.id()))
}

fn one(call: &Call<'_>) -> Answer {
    call.one("groups", group(call)?)
}

fn members(call: &Call<'_>) -> Answer {
    let direct = group(call)?["members"].as_array().cloned().unwrap_or_default();
    let users = call.directory().all("users").map(|(_, user)| user);
    let members = users.filter(|user| direct.contains(&user["id"])).map(typed);
    call.list("directoryObjects", members.collect::<Vec<_>>())
}

fn transitive_members(call: &Call<'_>) -> Answer {
    let group = &group(call)?["id"];
    let is_in = |user: &&Value| {
        let groups = call.directory().all_groups_of(user["id"].as_str().unwrap_or_default());
        groups.iter().any(|one| one["id"] == *group)
    };
    let members = call
        .directory()
        .all("users")
        .map(|(_, user)| user)
        .filter(is_in)
        .map(typed);
    call.list("directoryObjects", members.collect::<Vec<_>>())
}

fn typed(user: &Value) -> Value {
    let mut user = user.clone();
    user["@odata.type"] = "#microsoft.graph.user".into();
    user
}
