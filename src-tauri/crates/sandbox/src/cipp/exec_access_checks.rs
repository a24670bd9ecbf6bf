//! `ExecAccessChecks`: CIPP's checks of its own service account, of the GDAP groups and of the customers (facts: cipp 2.8).
//!
//! Names, groups and memberships come from the directory, so that they fit what Graph says; what only CIPP can see (the
//! claims of its token, whom it reaches) is the directory's table `cipp`. That permissions are all there says nothing about
//! consent: the known false green.

use std::sync::atomic::Ordering;

use axum::response::Response;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::call::Call;
use super::{CippState, json_answer};

/// The groups that CIPP expects, by the roles they stand for.
const GDAP_ROLES: [&str; 15] = [
    "Application Administrator",
    "User Administrator",
    "Intune Administrator",
    "Exchange Administrator",
    "Security Administrator",
    "Cloud App Security Administrator",
    "Cloud Device Administrator",
    "Teams Administrator",
    "SharePoint Administrator",
    "Authentication Policy Administrator",
    "Privileged Role Administrator",
    "Privileged Authentication Administrator",
    "Billing Administrator",
    "Global Reader",
    "Domain Name Administrator",
];

/// How old cached results are, in minutes. They are kept for an hour.
const CACHED_MINUTES: i64 = 40;
/// So many calls of the tenant check find it queued before its results are there.
const QUEUED_CALLS: u32 = 2;

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    let kind = call.filled("Type").unwrap_or_default().to_ascii_lowercase();
    let (results, metadata) = match kind.as_str() {
        "permissions" => (permissions(state), metadata(state, call)),
        "gdap" => (gdap(state), metadata(state, call)),
        "tenants" => tenants(state, call),
        _ => (Value::Null, json!({ "LastRun": null })),
    };
    json_answer(&json!({ "Results": results, "Metadata": metadata }))
}

fn setting<'a>(state: &'a CippState, name: &str) -> &'a Value {
    state.directory.at(&format!("/cipp/{name}"))
}

fn metadata(state: &CippState, call: &Call) -> Value {
    let anew = call
        .filled("SkipCache")
        .is_some_and(|skip| skip.eq_ignore_ascii_case("true"));
    let minutes = if setting(state, "checks") == "cached" && !anew {
        CACHED_MINUTES
    } else {
        0
    };
    json!({ "LastRun": before(state, minutes) })
}

fn before(state: &CippState, minutes: i64) -> String {
    let now = state.world.now();
    let moment = now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn permissions(state: &CippState) -> Value {
    let service = state.directory.entry("users", "service").unwrap_or(&Value::Null);
    let sam = state.directory.entry("applications", "sam").unwrap_or(&Value::Null);
    let methods = setting(state, "auth_methods").as_array().cloned().unwrap_or_default();
    let missing = setting(state, "missing_permissions")
        .as_array()
        .cloned()
        .unwrap_or_default();
    let (mut messages, mut errors) = (Vec::new(), texts(setting(state, "errors")));

    let named = ["displayName", "userPrincipalName"].iter().any(|property| {
        let name = service[*property].as_str().unwrap_or_default().to_lowercase();
        name.contains("cipp") || name.contains("service")
    });
    if named {
        messages.push("You are running CIPP as a service account.".to_owned());
    } else {
        errors.push("You are running CIPP without a service account; the account's name tells nothing.".to_owned());
    }
    if methods.iter().any(|method| method == "mfa") {
        messages.push("Your access token contains the MFA claim.".to_owned());
    } else {
        errors
            .push("Your access token does not contain the MFA claim; refresh the tokens after MFA is set.".to_owned());
    }
    if missing.is_empty() {
        messages.push("You have all the required permissions.".to_owned());
    } else {
        errors.push("There are permissions missing from the application.".to_owned());
    }
    let tenant_id = &state.directory.at("/organization/partner")["id"];
    json!({
        "AccessTokenDetails": {
            "AppId": sam["appId"],
            "AppName": sam["displayName"],
            "Audience": "https://graph.microsoft.com",
            "AuthMethods": if methods.is_empty() { json!("") } else { methods.into() },
            "IPAddress": "203.0.113.20",
            "Name": service["displayName"],
            "Scope": ["Directory.Read.All", "Group.ReadWrite.All", "User.Read"],
            "Roles": "",
            "TenantId": tenant_id,
            "UserPrincipalName": service["userPrincipalName"],
        },
        "ApplicationTokenDetails": {
            "AppId": sam["appId"],
            "AppName": sam["displayName"],
            "Audience": "https://graph.microsoft.com",
            "AuthMethods": "",
            "IPAddress": "",
            "Name": "",
            "Scope": "",
            "Roles": ["Application.ReadWrite.All", "Directory.ReadWrite.All"],
            "TenantId": tenant_id,
            "UserPrincipalName": "",
        },
        "Messages": messages,
        "Success": errors.is_empty(),
        "ErrorMessages": errors,
        "MissingPermissions": missing,
        "CPVRefreshList": [],
        "Links": [{
            "Text": "Permissions",
            "Href": "https://docs.cipp.app/setup/installation/permissions",
        }],
    })
}

fn gdap(state: &CippState) -> Value {
    let directory = &state.directory;
    let service = directory.entry("users", "service").and_then(|user| user["id"].as_str());
    let memberships = service.map(|id| directory.all_groups_of(id)).unwrap_or_default();
    let name = |group: &Value| group["displayName"].as_str().unwrap_or_default().to_owned();
    let is_member = |wanted: &str| memberships.iter().any(|group| name(group) == wanted);

    let mut issues = setting(state, "gdap_issues").as_array().cloned().unwrap_or_default();
    let mut missing = Vec::new();
    if !is_member("AdminAgents") {
        issues.push(json!({
            "Type": "Error",
            "Issue": "The service account is not a member of the AdminAgents group. This group must be assigned.",
            "Tenant": "*Partner Tenant",
            "Relationship": "None",
            "Link": "https://docs.cipp.app/setup/installation/creating-the-cipp-service-account-gdap-ready",
        }));
        missing.push(json!({ "Name": "AdminAgents", "Type": "SAM User Membership" }));
    }
    for role in GDAP_ROLES {
        let group = format!("M365 GDAP {role}");
        if !is_member(&group) {
            issues.push(json!({
                "Type": "Warning",
                "Issue": format!("The service account is not a member of the group {group}."),
                "Tenant": "*Partner Tenant",
                "Relationship": "None",
                "Link": "https://docs.cipp.app/setup/installation/recommended-roles",
            }));
            missing.push(json!({ "Name": group, "Type": "SAM User Membership" }));
        }
    }
    let count = directory
        .all("groups")
        .filter(|(_, group)| name(group).starts_with("M365 GDAP "))
        .count();
    let shown: Vec<Value> = memberships
        .iter()
        .map(|group| {
            json!({
                "@odata.type": "#microsoft.graph.group",
                "id": group["id"],
                "displayName": group["displayName"],
                "isAssignableToRole": group["isAssignableToRole"],
            })
        })
        .collect();
    json!({
        "GDAPIssues": issues,
        "MissingGroups": missing,
        "Memberships": shown,
        "CIPPGroupCount": count,
        "RoleMappingResults": [],
    })
}

/// The check of the customers runs in the background: results are there, or old, or not there yet.
fn tenants(state: &CippState, call: &Call) -> (Value, Value) {
    let count = state.world.cast().tenants.len();
    let seen = state.tenant_checks.fetch_add(1, Ordering::Relaxed);
    let queued = format!("Queued {count} tenants for access checks.");
    match setting(state, "checks").as_str().unwrap_or_default() {
        "never" => (rows(state, false), json!({ "LastRun": null, "AlertMessage": queued })),
        "queued" if seen < QUEUED_CALLS => (
            rows(state, seen > 0),
            json!({ "LastRun": before(state, 26 * 60), "AlertMessage": queued }),
        ),
        _ => (rows(state, true), metadata(state, call)),
    }
}

fn rows(state: &CippState, run: bool) -> Value {
    let without_graph = texts(setting(state, "tenants_without_graph"));
    let without_exchange = texts(setting(state, "tenants_without_exchange"));
    let service = state.directory.entry("users", "service").unwrap_or(&Value::Null);
    let tenants = state.world.cast().tenants.iter().map(|tenant| {
        let graph = !without_graph.contains(&tenant.default_domain);
        let exchange = !without_exchange.contains(&tenant.default_domain);
        let status = |good: bool| if run { json!(good) } else { json!("Not run yet") };
        let test = |good: bool, what: &str| match (run, good) {
            (false, _) => String::new(),
            (true, true) => format!("Successfully connected to {what}"),
            (true, false) => format!("Failed to connect to {what}. AADSTS65001: consent is missing."),
        };
        json!({
            "TenantId": tenant.id,
            "TenantName": tenant.display_name,
            "DefaultDomainName": tenant.default_domain,
            "TenantType": if tenant.direct { "Direct" } else { "GDAP" },
            "ServiceAccount": if run { service["userPrincipalName"].clone() } else { "Not run yet".into() },
            "ServiceAccountLastAuth": if run { json!(before(state, 60)) } else { Value::Null },
            "GraphStatus": status(graph),
            "ExchangeStatus": status(exchange),
            "AssignedRoles": if run { json!([{ "Role": "User Administrator", "Group": "M365 GDAP User Administrator" }]) } else { json!("") },
            "MissingRoles": "",
            "LastRun": if run { json!(before(state, 30)) } else { Value::Null },
            "GraphTest": test(graph, "Graph"),
            "ExchangeTest": test(exchange, "Exchange"),
            "OrgManagementRoles": [],
            "OrgManagementRolesMissing": [],
            "OrgManagementRepairNeeded": false,
        })
    });
    tenants.collect()
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::cipp::testing::{Site, caller};
    use crate::scenario::{Flavour, Scenario};

    fn site(scenario: &str) -> Site {
        Site::new(Flavour::FunctionApp)
            .called_by(Some(caller("admin")))
            .playing(scenario.parse::<Scenario>().unwrap())
    }

    async fn results(site: &Site, kind: &str) -> Value {
        let reply = site.get(&format!("/api/ExecAccessChecks?Type={kind}")).await;
        assert_eq!(reply.status, 200);
        reply.json()
    }

    #[tokio::test]
    async fn is_for_admins_alone() {
        for (role, status) in [("readonly", 403), ("editor", 403), ("admin", 200)] {
            let site = Site::new(Flavour::FunctionApp).called_by(Some(caller(role)));
            let reply = site.get("/api/ExecAccessChecks?Type=Permissions").await;
            assert_eq!(reply.status, status, "{role}");
        }
    }

    #[tokio::test]
    async fn all_is_well_in_a_healthy_world() {
        let site = site("healthy");
        let permissions = results(&site, "Permissions").await;
        assert_eq!(permissions["Results"]["Success"], true);
        assert_eq!(permissions["Results"]["ErrorMessages"], serde_json::json!([]));
        assert!(permissions["Metadata"]["LastRun"].is_string());
        let gdap = results(&site, "GDAP").await;
        assert_eq!(gdap["Results"]["CIPPGroupCount"], 15);
        assert_eq!(gdap["Results"]["MissingGroups"], serde_json::json!([]));
        assert_eq!(gdap["Results"]["Memberships"].as_array().map(Vec::len), Some(16));
        let tenants = results(&site, "Tenants").await;
        assert!(
            tenants["Results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|row| row["GraphStatus"] == true)
        );
        assert!(results(&site, "Nothing").await["Results"].is_null());
    }

    #[tokio::test]
    async fn each_scenario_spoils_its_check() {
        let error = async |scenario: &str| results(&site(scenario), "Permissions").await["Results"].clone();
        let name = error("setup_cipp_service_account_name_fails").await;
        assert_eq!(name["Success"], false);
        assert!(
            name["ErrorMessages"][0]
                .as_str()
                .unwrap()
                .contains("without a service account")
        );
        let mfa = error("setup_cipp_mfa_claim_fails").await;
        assert_eq!(mfa["AccessTokenDetails"]["AuthMethods"], serde_json::json!(["pwd"]));
        let missing = error("setup_cipp_sam_permissions_fails").await;
        assert_eq!(missing["MissingPermissions"][0]["Type"], "Delegated");
        let failed = error("setup_cipp_access_permissions_fails").await;
        assert_eq!(
            (&failed["Success"], failed["ErrorMessages"].as_array().map(Vec::len)),
            (&false.into(), Some(1))
        );
        let agents = results(&site("setup_cipp_adminagents_fails"), "GDAP").await;
        assert_eq!(agents["Results"]["GDAPIssues"][0]["Type"], "Error");
        let groups = results(&site("setup_cipp_gdap_groups_fails"), "GDAP").await;
        assert_eq!(groups["Results"]["MissingGroups"].as_array().map(Vec::len), Some(3));
        let tenants = results(&site("setup_cipp_tenant_access_fails"), "Tenants").await;
        let bad = |row: &&Value| row["GraphStatus"] == false;
        assert_eq!(tenants["Results"].as_array().unwrap().iter().filter(bad).count(), 1);
    }

    #[tokio::test]
    async fn the_tenant_check_is_queued_and_then_there() {
        let queued = site("setup_cipp_checks_queued");
        for _ in 0..2 {
            let answer = results(&queued, "Tenants").await;
            assert!(
                answer["Metadata"]["AlertMessage"]
                    .as_str()
                    .unwrap()
                    .starts_with("Queued")
            );
        }
        assert!(results(&queued, "Tenants").await["Metadata"]["AlertMessage"].is_null());
        let never = results(&site("setup_cipp_checks_never_run"), "Tenants").await;
        assert!(never["Metadata"]["LastRun"].is_null());
        assert_eq!(never["Results"][0]["GraphStatus"], "Not run yet");
    }

    #[tokio::test]
    async fn cached_results_are_older_until_the_cache_is_skipped() {
        let site = site("setup_cipp_checks_cached");
        let old = results(&site, "Permissions").await["Metadata"]["LastRun"].clone();
        let new = results(&site, "Permissions&SkipCache=true").await["Metadata"]["LastRun"].clone();
        assert!(old.as_str() < new.as_str());
    }
}
