//! Scenarios of the set-up that no other file looks at: what is wrong in them can be seen by HTTP, and nothing else is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::time::Duration;

use sandbox::Ready;
use serde_json::{Value, json};
use support::{
    client, get, header,
    people::{arm_token, graph_token, person, read, read_all, text},
    sandbox,
};

/// The service account as Graph shows it to a Global Reader.
async fn service(ready: &Ready, token: &str, properties: &str) -> Value {
    let list = read_all(
        &ready.graph_url,
        token,
        "/v1.0/users?$select=id,displayName,userPrincipalName",
    )
    .await;
    let name = &person(ready, "service").user_principal_name;
    let found = list.iter().find(|user| user["userPrincipalName"] == name.as_str());
    let path = format!("/v1.0/users/{}?$select=id,{properties}", text(&found.unwrap()["id"]));
    let (status, user) = read(&ready.graph_url, token, &path).await;
    assert_eq!(status, 200, "{user:#}");
    user
}

#[tokio::test]
async fn the_service_account_is_a_guest_or_has_another_name() {
    let fields = "userType,creationType,displayName";
    let guest = sandbox("setup_ms_account_fails").await;
    let token = graph_token(guest.ready(), "reader").await;
    let user = service(guest.ready(), &token, fields).await;
    assert_eq!(
        (&user["userType"], &user["creationType"]),
        (&"Guest".into(), &"Invitation".into())
    );
    let renamed = sandbox("setup_cipp_service_account_name_fails").await;
    let token = graph_token(renamed.ready(), "reader").await;
    assert_eq!(
        service(renamed.ready(), &token, fields).await["displayName"],
        "David Lindqvist"
    );
}

#[tokio::test]
async fn groups_are_missing() {
    for (scenario, groups, agents) in [
        ("healthy", 16, 1),
        ("setup_ms_adminagents_fails", 15, 0),
        ("setup_cipp_adminagents_fails", 15, 0),
        ("setup_adminagents_deleted", 15, 0),
        ("setup_ms_gdap_groups_fails", 13, 1),
        ("setup_cipp_gdap_groups_fails", 13, 1),
        ("setup_gdap_not_migrated", 1, 1),
    ] {
        let sandbox = sandbox(scenario).await;
        let ready = sandbox.ready();
        let token = graph_token(ready, "reader").await;
        let id = text(&service(ready, &token, "mail").await["id"]);
        let path = format!("/v1.0/users/{id}/transitiveMemberOf/microsoft.graph.group?$count=true");
        let found = read_all(&ready.graph_url, &token, &path).await;
        assert_eq!(found.len(), groups, "{scenario}");
        let named = found
            .iter()
            .filter(|group| group["displayName"] == "AdminAgents")
            .count();
        assert_eq!(named, agents, "{scenario}");
    }
}

#[tokio::test]
async fn mfa_is_not_asked_for_every_time_or_is_remembered() {
    let rarely = sandbox("setup_mfa_not_every_time").await;
    let token = graph_token(rarely.ready(), "reader").await;
    let path = "/v1.0/identity/conditionalAccess/policies?$filter=startsWith(displayName,'CIPP')";
    let policies = read_all(&rarely.ready().graph_url, &token, path).await;
    assert!(policies[0]["sessionControls"].is_null() && policies[0]["state"] == "enabled");
    let kept = sandbox("setup_mfa_remembered").await;
    let token = graph_token(kept.ready(), "reader").await;
    let (_, policy) = read(&kept.ready().graph_url, &token, "/beta/policies/mfaServicePolicy").await;
    assert_eq!(policy["rememberMfaOnTrustedDevice"]["allowedNumberOfDays"], 14);
}

/// What CIPP's own checks say, by HTTP.
async fn check(scenario: &str, kind: &str) -> Value {
    let sandbox = sandbox(scenario).await;
    let response = get(sandbox.ready(), &format!("ExecAccessChecks?Type={kind}")).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn cipp_says_what_is_wrong() {
    let permissions = async |scenario: &str| check(scenario, "Permissions").await["Results"].clone();
    assert_eq!(permissions("healthy").await["Success"], true);
    for scenario in [
        "setup_cipp_access_permissions_fails",
        "setup_cipp_service_account_name_fails",
        "setup_cipp_mfa_claim_fails",
        "setup_cipp_sam_permissions_fails",
    ] {
        let results = permissions(scenario).await;
        assert_eq!(results["Success"], false, "{scenario}");
        assert_eq!(results["ErrorMessages"].as_array().map(Vec::len), Some(1), "{scenario}");
    }
    // The known false green: nobody has consented, and CIPP's check knows nothing of it.
    assert_eq!(permissions("setup_ms_sam_consent_fails").await["Success"], true);
    let gdap = check("setup_gdap_issues", "GDAP").await;
    let kinds: Vec<&str> = gdap["Results"]["GDAPIssues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["Type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Warning", "Error"]);
    let tenants = check("setup_cipp_tenant_access_fails", "Tenants").await;
    let failed = |row: &&Value| row["GraphStatus"] == false && row["ExchangeStatus"] == false;
    assert_eq!(tenants["Results"].as_array().unwrap().iter().filter(failed).count(), 1);
    let old = sandbox("setup_cipp_version_fails").await;
    let version: Value = get(old.ready(), "GetVersion").await.json().await.unwrap();
    assert_eq!(
        (&version["LocalCIPPAPIVersion"], &version["OutOfDateCIPPAPI"]),
        (&"10.6.0".into(), &true.into())
    );
}

#[tokio::test]
async fn the_api_client_cannot_get_in_where_its_registration_is_wrong() {
    for (scenario, code) in [
        ("setup_ms_api_app_fails", 500_011),
        ("setup_ms_api_app_assignment", 501_051),
    ] {
        let sandbox = sandbox(scenario).await;
        let ready = sandbox.ready();
        let answer = client()
            .post(support::token_url(ready))
            .form(&support::form(ready))
            .send()
            .await
            .unwrap();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error_codes"], json!([code]), "{scenario}");
    }
    let refused = sandbox("setup_ms_auth_settings_fails").await;
    assert_eq!(get(refused.ready(), "ListLogs").await.status(), 403);
}

#[tokio::test]
async fn graph_is_slow_down_or_broken() {
    let ask = async |ready: &Ready| {
        let token = graph_token(ready, "reader").await;
        let url = format!("{}/v1.0/me", ready.graph_url);
        client().get(url).bearer_auth(token)
    };
    let throttled = sandbox("setup_graph_throttled_for_long").await;
    for _ in 0..4 {
        let response = ask(throttled.ready()).await.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), header(&response, "retry-after")),
            (429, "600")
        );
    }
    let down = sandbox("setup_graph_unavailable").await;
    let response = ask(down.ready()).await.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.json::<Value>().await.unwrap()["error"]["code"].is_string());
    let hangs = sandbox("setup_graph_hangs").await;
    let call = ask(hangs.ready()).await.send();
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    let cut = sandbox("setup_graph_truncated").await;
    let response = ask(cut.ready()).await.send().await.unwrap();
    assert!(response.status() == 200 && response.json::<Value>().await.is_err());
    let endless = sandbox("setup_graph_endless").await;
    let mut response = ask(endless.ready()).await.send().await.unwrap();
    let mut seen = 0;
    while seen < 4 * 1024 * 1024 {
        seen += response.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn a_hosted_instance_is_in_no_subscription_of_ones_own() {
    let sandbox = sandbox("setup_hosted").await;
    let ready = sandbox.ready();
    let token = arm_token(ready, "reader").await;
    let subscriptions = read_all(&ready.arm_url, &token, "/subscriptions?api-version=2022-12-01").await;
    assert_eq!(subscriptions.len(), 1);
    let path = format!(
        "{}/providers/Microsoft.Web/sites?api-version=2022-03-01",
        text(&subscriptions[0]["id"])
    );
    assert!(read_all(&ready.arm_url, &token, &path).await.is_empty());
    let answer: Value = get(ready, "ExecApiClient?Action=GetAzureConfiguration")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(answer["Results"]["Enabled"], true);
}

#[tokio::test]
async fn the_next_page_can_be_somewhere_else() {
    let sandbox = sandbox("setup_next_link_elsewhere").await;
    let token = graph_token(sandbox.ready(), "reader").await;
    let (_, list) = read(&sandbox.ready().graph_url, &token, "/v1.0/groups").await;
    assert!(text(&list["@odata.nextLink"]).starts_with("http://graph.elsewhere.example/graph/v1.0/groups?"));
}

#[tokio::test]
async fn the_ready_document_says_where_everything_is_and_who_can_sign_in() {
    let sandbox = sandbox("healthy").await;
    let ready = serde_json::to_value(sandbox.ready()).unwrap();
    let authority = text(&ready["authority"]);
    assert_eq!(ready["graph_url"], format!("{authority}/graph"));
    assert_eq!(ready["arm_url"], format!("{authority}/arm"));
    assert!(text(&ready["sign_in_app_id"]).parse::<uuid::Uuid>().is_ok());
    let keys: Vec<&str> = ready["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    for key in ["admin", "reader", "technician", "service", "guest", "stranger"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    assert!(
        ready["people"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| text(&one["user_principal_name"]).contains('@'))
    );
}
