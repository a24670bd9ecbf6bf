//! `/applications`: the tenant's own registrations, by object id, by application id, and by what is registered in them.

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words};

pub(super) const NEED: Need = Need {
    scopes: &[
        "Application.Read.All",
        "Directory.Read.All",
        "Directory.AccessAsUser.All",
    ],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("applications", NEED, list),
    Endpoint::get("applications/{}", NEED, by_id),
    Endpoint::get("applications(appId='{}')", NEED, by_app_id),
];

fn list(call: &Call<'_>) -> Answer {
    listed(call, "applications")
}

fn by_id(call: &Call<'_>) -> Answer {
    found(call, "applications", "id")
}

fn by_app_id(call: &Call<'_>) -> Answer {
    found(call, "applications", "appId")
}

/// A list of one of the two kinds of applications.
pub(super) fn listed(call: &Call<'_>, table: &str) -> Answer {
    if call.query.filter().is_some_and(super::filter::Filter::is_advanced) {
        call.needs_advanced()?;
    }
    let objects: Vec<Value> = call.directory().all(table).map(|(_, one)| one.clone()).collect();
    call.list(table, objects)
}

/// One of them, by the property that the address names.
pub(super) fn found(call: &Call<'_>, table: &str, property: &str) -> Answer {
    let found = call.directory().by(table, property, call.id());
    let (_, object) = found.ok_or_else(|| GraphError::not_found(call.id()))?;
    call.one(table, object)
}
