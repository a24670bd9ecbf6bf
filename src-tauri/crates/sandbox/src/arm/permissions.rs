//! `…/providers/Microsoft.Authorization/permissions`: what the caller itself may do at a scope.

use serde_json::json;

use super::{Answer, Call, rights};

pub(super) fn list(call: &Call<'_>) -> Answer {
    let roles = rights::roles_at(call.directory(), &call.caller.oid, call.scope);
    let permissions = roles.into_iter().map(|role| {
        let (actions, except) = rights::actions_of(role);
        json!({ "actions": actions, "notActions": except, "dataActions": [], "notDataActions": [] })
    });
    call.list(permissions.collect())
}
