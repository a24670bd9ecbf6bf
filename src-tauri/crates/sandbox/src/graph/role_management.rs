//! `/roleManagement/directory`: who holds which directory role, and who could (facts: entra C.2 rows 4, 4b).

use axum::http::StatusCode;
use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words, roles};

const ASSIGNMENTS: Need = Need {
    scopes: &[
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All",
        "Directory.Read.All",
        "Directory.AccessAsUser.All",
    ],
    own: &[],
    roles: &[
        roles::GLOBAL_READER,
        roles::DIRECTORY_READERS,
        roles::PRIVILEGED_ROLE_ADMINISTRATOR,
    ],
    words: Words::Directory,
};

const ELIGIBILITY: Need = Need {
    scopes: &[
        "RoleEligibilitySchedule.Read.Directory",
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All",
    ],
    own: &[],
    roles: &[
        roles::GLOBAL_READER,
        roles::SECURITY_READER,
        roles::PRIVILEGED_ROLE_ADMINISTRATOR,
    ],
    words: Words::Privileged,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("roleManagement/directory/roleAssignments", ASSIGNMENTS, assignments),
    Endpoint::get(
        "roleManagement/directory/transitiveRoleAssignments",
        ASSIGNMENTS,
        transitive_assignments,
    )
    .beta(),
    Endpoint::get("roleManagement/directory/roleDefinitions", ASSIGNMENTS, definitions),
    Endpoint::get(
        "roleManagement/directory/roleEligibilityScheduleInstances",
        ELIGIBILITY,
        eligibility,
    ),
];

fn assignments(call: &Call<'_>) -> Answer {
    if call.query.filter().is_none() {
        return Err(GraphError::bad_request(
            "Request_BadRequest",
            "A filter on principalId or roleDefinitionId is required.",
        ));
    }
    all(call, "roleAssignments")
}

/// Without `ConsistencyLevel` and `$count` this address is not there at all.
fn transitive_assignments(call: &Call<'_>) -> Answer {
    if !call.eventual || !call.query.count {
        return Err(GraphError::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            "Resource not found for the segment 'transitiveRoleAssignments'.",
        ));
    }
    let principal = call.query.filter().and_then(|filter| filter.wanted("principalId"));
    let Some(principal) = principal else {
        return Err(GraphError::bad_request(
            "Request_UnsupportedQuery",
            "Only a filter on principalId is supported.",
        ));
    };
    let directory = call.directory();
    let found: Vec<Value> = directory.role_assignments_of(principal).into_iter().cloned().collect();
    call.whole("roleManagement/directory/transitiveRoleAssignments", found)
}

fn definitions(call: &Call<'_>) -> Answer {
    all(call, "roleDefinitions")
}

/// Privileged Identity Management is part of Entra ID P2.
fn eligibility(call: &Call<'_>) -> Answer {
    if call.directory().at("/tenant/premium") != "p2" {
        return Err(GraphError::bad_request(
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        ));
    }
    all(call, "roleEligibilityScheduleInstances")
}

fn all(call: &Call<'_>, table: &str) -> Answer {
    let objects: Vec<Value> = call.directory().all(table).map(|(_, one)| one.clone()).collect();
    call.list(&format!("roleManagement/directory/{table}"), objects)
}
