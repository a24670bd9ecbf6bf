//! `ExecApiClient`: the API clients that CIPP knows and how far they have come in Azure (facts: cipp 2.8).
//!
//! Of its actions the three that read. The others change CIPP; whoever asks for one here is told that there is none.

use axum::response::Response;
use serde_json::{Value, json};

use super::call::Call;
use super::{CippState, json_answer};
use crate::directory::places::SITE;

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    let results = match call.filled("Action").unwrap_or_default().to_ascii_lowercase().as_str() {
        "list" => list(state, call),
        "listavailable" => list_available(state),
        "getazureconfiguration" => azure_configuration(state),
        _ => json!("Invalid action"),
    };
    json_answer(&json!({ "Results": results }))
}

fn list(state: &CippState, call: &Call) -> Value {
    let api = state.directory.entry("applications", "api").unwrap_or(&Value::Null);
    let role = call.caller.as_ref().map(|caller| caller.role.clone());
    json!([{
        "ClientId": api["appId"],
        "AppName": api["displayName"],
        "Role": role.filter(|role| !role.is_empty()),
        "IPRange": state.scenario.ip_ranges,
        "Enabled": state.scenario.client_enabled,
        "MCPAllowed": state.scenario.client_for_mcp,
    }])
}

/// Registrations whose redirect address is this site's.
fn list_available(state: &CippState) -> Value {
    let address = format!("https://{SITE}.azurewebsites.net/.auth/login/aad/callback");
    let redirects = |application: &Value| {
        let addresses = application["web"]["redirectUris"].as_array();
        addresses.is_some_and(|addresses| addresses.iter().any(|one| *one == address))
    };
    let fitting = state
        .directory
        .all("applications")
        .map(|(_, application)| application)
        .filter(|application| redirects(application));
    fitting
        .map(|application| {
            let mut shown = json!({});
            for name in [
                "appId",
                "displayName",
                "createdDateTime",
                "api",
                "web",
                "passwordCredentials",
            ] {
                shown[name] = application[name].clone();
            }
            shown
        })
        .collect()
}

/// Read with the Function App's own identity: without a role on itself it cannot.
fn azure_configuration(state: &CippState) -> Value {
    let hosted = state.directory.at("/cipp/hosted") == true;
    if !hosted && state.directory.at("/arm/assignments/function").is_null() {
        return json!({
            "Enabled": "Could not get API clients, ensure you have the appropriate rights to read the Authentication \
                        settings.",
            "Error": {
                "Message": "The client does not have authorization to perform action \
                            'Microsoft.Web/sites/config/list/action'.",
                "Category": "OperationStopped",
            },
        });
    }
    let provider = state
        .directory
        .at("/arm/authsettings/identityProviders/azureActiveDirectory");
    let clients = &provider["validation"]["defaultAuthorizationPolicy"]["allowedApplications"];
    json!({
        "ApiUrl": format!("https://{SITE}.azurewebsites.net"),
        "TenantID": state.directory.at("/organization/partner")["id"],
        "ClientIDs": if clients.is_null() { json!([]) } else { clients.clone() },
        "Enabled": provider["enabled"] == true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::cipp::testing::{Site, caller};
    use crate::scenario::{Flavour, Scenario};

    async fn ask(scenario: &str, action: &str) -> Value {
        let site = Site::new(Flavour::FunctionApp)
            .called_by(Some(caller("editor")))
            .playing(scenario.parse::<Scenario>().unwrap());
        let reply = site.get(&format!("/api/ExecApiClient?Action={action}")).await;
        assert_eq!(reply.status, 200);
        reply.json()["Results"].clone()
    }

    #[tokio::test]
    async fn readonly_may_not_even_list() {
        let site = Site::new(Flavour::FunctionApp).called_by(Some(caller("readonly")));
        assert_eq!(site.get("/api/ExecApiClient?Action=List").await.status, 403);
    }

    #[tokio::test]
    async fn the_client_is_listed_available_and_allowed() {
        let listed = ask("healthy", "List").await;
        let available = ask("healthy", "ListAvailable").await;
        let azure = ask("healthy", "GetAzureConfiguration").await;
        assert_eq!(listed[0]["ClientId"], available[0]["appId"]);
        assert_eq!(listed[0]["ClientId"], azure["ClientIDs"][0]);
        assert_eq!(azure["Enabled"], true);
        assert_eq!(ask("healthy", "Delete").await, "Invalid action");
    }

    #[tokio::test]
    async fn without_a_role_on_itself_the_function_app_cannot_tell() {
        let azure = ask("setup_ms_function_identity_fails", "GetAzureConfiguration").await;
        assert!(
            azure["Enabled"]
                .as_str()
                .unwrap()
                .starts_with("Could not get API clients")
        );
        assert!(azure["Error"].is_object());
        let off = ask("setup_ms_auth_settings_fails", "GetAzureConfiguration").await;
        assert_eq!(off["Enabled"], false);
    }
}
