//! `…/providers/Microsoft.Authorization/roleAssignments`: who has which role at a scope, above it and below it. The filter
//! `atScope()` leaves out what is below; `assignedTo('id')` follows groups (facts: entra C.2 row 8).

use axum::http::StatusCode;
use regex::Regex;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, ArmError, Call, rights};
use crate::directory::same;

/// What a filter leaves.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    at_scope: bool,
    assigned_to: Option<String>,
    principal: Option<String>,
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    call.needs("Microsoft.Authorization/roleAssignments/read")?;
    let wanted = match call.query.get("$filter") {
        None => Wanted::default(),
        Some(filter) => Wanted::parse(filter).ok_or_else(|| {
            ArmError::new(
                StatusCode::BAD_REQUEST,
                "InvalidFilter",
                format!("The filter '{filter}' is not supported."),
            )
        })?,
    };
    let principals = wanted.assigned_to.map(|id| call.directory().principals_of(&id));
    let found = rights::assignments(call.directory())
        .filter(|(_, one)| {
            let scope = one["scope"].as_str().unwrap_or_default();
            rights::is_at_or_above(scope, call.scope) || (!wanted.at_scope && rights::is_at_or_above(call.scope, scope))
        })
        .filter(|(_, one)| {
            let is = |id: &String| same(&one["principalId"], id);
            principals.as_ref().is_none_or(|ids| ids.iter().any(is)) && wanted.principal.iter().all(is)
        })
        .map(|(key, one)| shown(call, key, one));
    call.list(found.collect())
}

impl Wanted {
    fn parse(filter: &str) -> Option<Self> {
        let mut wanted = Self::default();
        let and = Regex::new(r"(?i)\s+and\s+").ok()?;
        let id = Regex::new(r"(?i)^(assignedTo\(|principalId\s+eq\s+)'([0-9a-f-]{36})'\)?$").ok()?;
        for part in and.split(filter.trim()) {
            let part = part.trim();
            if part.eq_ignore_ascii_case("atScope()") {
                wanted.at_scope = true;
                continue;
            }
            let found = id.captures(part)?;
            let to = if found[1].to_ascii_lowercase().starts_with("assignedto") {
                &mut wanted.assigned_to
            } else {
                &mut wanted.principal
            };
            *to = Some(found[2].to_owned());
        }
        Some(wanted)
    }
}

fn shown(call: &Call<'_>, key: &str, assignment: &Value) -> Value {
    let name = Uuid::new_v5(
        &call.microsoft.identity.tenant_id,
        format!("assignment/{key}").as_bytes(),
    );
    let scope = assignment["scope"].as_str().unwrap_or_default();
    let role = assignment["roleDefinitionId"].as_str().unwrap_or_default();
    json!({
        "id": format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/{name}",
            scope.trim_end_matches('/')
        ),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
        "properties": {
            "roleDefinitionId": format!(
                "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                call.segment(1)
            ),
            "principalId": assignment["principalId"],
            "principalType": assignment["principalType"],
            "scope": scope,
            "condition": assignment["condition"],
            "conditionVersion": if assignment["condition"].is_null() { Value::Null } else { "2.0".into() },
            "createdOn": "2026-11-19T08:12:00.0000000Z",
            "updatedOn": "2026-11-19T08:12:00.0000000Z",
            "delegatedManagedIdentityResourceId": null,
            "description": null,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_with_blanks_of_any_kind() {
        let id = "11111111-2222-4333-8444-555555555555";
        let both = Wanted::parse(&format!("atScope() and assignedTo('{id}')")).unwrap();
        assert_eq!((both.at_scope, both.assigned_to.as_deref()), (true, Some(id)));
        let one = Wanted::parse(&format!("principalId eq '{id}'")).unwrap();
        assert_eq!((one.at_scope, one.principal.as_deref()), (false, Some(id)));
        assert_eq!(Wanted::parse("roleName eq 'Owner'"), None);
    }
}
