//! Azure Resource Manager: subscriptions, role assignments, the Function App and its sign-in settings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use sandbox::{Ready, Sandbox};
use serde_json::Value;
use support::{
    client,
    people::{arm_token, graph_token, person, read, read_all, text},
    sandbox,
};

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-4000-8000-000000000000";
const SITE: &str =
    "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/CIPP/providers/Microsoft.Web/sites/cippsandbox";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

struct Place {
    sandbox: Sandbox,
    token: String,
}

impl Place {
    async fn of(scenario: &str, person: &str) -> Self {
        let sandbox = sandbox(scenario).await;
        let token = arm_token(sandbox.ready(), person).await;
        Self { sandbox, token }
    }

    fn ready(&self) -> &Ready {
        self.sandbox.ready()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(&self.ready().arm_url, &self.token, path).await
    }

    async fn all(&self, path: &str) -> Vec<Value> {
        read_all(&self.ready().arm_url, &self.token, path).await
    }

    async fn settings(&self) -> (u16, Value) {
        let url = format!(
            "{}{SITE}/config/authsettingsV2/list?api-version=2020-06-01",
            self.ready().arm_url
        );
        let response = client().post(url).bearer_auth(&self.token).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The roles that somebody has at a scope.
    async fn roles(&self, scope: &str, principal: &str) -> Vec<String> {
        let filter = format!("atScope()+and+assignedTo('{principal}')");
        let path = format!(
            "{scope}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter={filter}"
        );
        let found = self.all(&path).await;
        found
            .iter()
            .map(|one| {
                text(&one["properties"]["roleDefinitionId"])
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }

    async fn service(&self) -> String {
        let graph = graph_token(self.ready(), "reader").await;
        let name = person(self.ready(), "service").user_principal_name.clone();
        let (_, user) = read(
            &self.ready().graph_url,
            &graph,
            &format!("/v1.0/users/{name}?$select=id"),
        )
        .await;
        text(&user["id"])
    }
}

#[tokio::test]
async fn subscriptions_are_those_one_has_a_role_in() {
    let admin = Place::of("healthy", "admin").await;
    let path = "/subscriptions?api-version=2022-12-01";
    assert_eq!(admin.all(path).await.len(), 3);
    let (_, first) = admin.get(path).await;
    assert!(text(&first["nextLink"]).starts_with(&admin.ready().arm_url));
    let reader = Place::of("healthy", "reader").await;
    assert_eq!(reader.all(path).await[0]["id"], SUBSCRIPTION);
    let technician = Place::of("healthy", "technician").await;
    assert!(technician.all(path).await.is_empty());
    let (status, body) = technician.get(&format!("{SITE}?api-version=2022-03-01")).await;
    assert_eq!((status, &body["error"]["code"]), (403, &"AuthorizationFailed".into()));
}

#[tokio::test]
async fn assignments_follow_groups_and_scopes() {
    for (scenario, roles) in [
        ("healthy", vec![CONTRIBUTOR]),
        ("setup_ms_contributor_fails", vec![]),
        ("setup_ms_contributor_removed_fails", vec![OWNER]),
        ("setup_cleaned_up", vec![]),
    ] {
        let place = Place::of(scenario, "reader").await;
        let service = place.service().await;
        assert_eq!(place.roles(SUBSCRIPTION, &service).await, roles, "{scenario}");
    }
    let place = Place::of("healthy", "reader").await;
    let base = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01");
    assert_eq!(place.all(&base).await.len(), 4, "above, at and below");
    assert_eq!(
        place.all(&format!("{base}&$filter=atScope()")).await.len(),
        3,
        "not below"
    );
    let (status, body) = place.get(&format!("{base}&$filter=roleName eq 'x'")).await;
    assert_eq!((status, &body["error"]["code"]), (400, &"InvalidFilter".into()));
}

#[tokio::test]
async fn the_function_app_has_an_identity_and_that_a_role() {
    for (scenario, roles) in [
        ("healthy", vec![CONTRIBUTOR]),
        ("setup_ms_function_identity_fails", vec![]),
    ] {
        let place = Place::of(scenario, "reader").await;
        let (status, site) = place.get(&format!("{SITE}?api-version=2022-03-01")).await;
        assert_eq!(status, 200, "{site:#}");
        let all = place
            .all(&format!(
                "{SUBSCRIPTION}/providers/Microsoft.Web/sites?api-version=2022-03-01"
            ))
            .await;
        assert_eq!(all.len(), 2, "one of them is the helper");
        assert!(
            all[0]["properties"]["hostNames"]
                .as_array()
                .unwrap()
                .iter()
                .any(|host| host == "127.0.0.1")
        );
        let identity = text(&site["identity"]["principalId"]);
        assert_eq!(place.roles(SITE, &identity).await, roles, "{scenario}");
    }
}

#[tokio::test]
async fn sign_in_settings_are_not_for_readers() {
    let reader = Place::of("healthy", "reader").await;
    let (status, body) = reader.settings().await;
    assert_eq!((status, &body["error"]["code"]), (403, &"AuthorizationFailed".into()));
    assert!(text(&body["error"]["message"]).contains("Microsoft.Web/sites/config/list/action"));
    let provider = "/properties/identityProviders/azureActiveDirectory";
    for (scenario, enabled) in [("healthy", true), ("setup_ms_auth_settings_fails", false)] {
        let admin = Place::of(scenario, "admin").await;
        let (status, body) = admin.settings().await;
        assert_eq!(status, 200, "{body:#}");
        let provider = body.pointer(provider).unwrap();
        assert_eq!(provider["enabled"], enabled);
        let audience = format!("api://{}", admin.ready().client_id);
        let audiences = provider["validation"]["allowedAudiences"].as_array().unwrap();
        assert_eq!(audiences.iter().any(|one| *one == audience), enabled);
    }
    let (status, _) = reader
        .get(&format!("{SITE}/config/authsettingsV2/list?api-version=2020-06-01"))
        .await;
    assert_eq!(status, 405, "by POST alone");
}

#[tokio::test]
async fn ones_own_permissions_can_be_asked() {
    let service = Place::of("healthy", "service").await;
    let path = format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01");
    let list = service.all(&path).await;
    assert_eq!(list[0]["actions"][0], "*");
    assert!(!list[0]["notActions"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn refusals_are_azures() {
    let place = Place::of("healthy", "reader").await;
    let graph = graph_token(place.ready(), "reader").await;
    let base = &place.ready().arm_url;
    for (token, path, status, code) in [
        (
            place.token.as_str(),
            "/subscriptions",
            400,
            "MissingApiVersionParameter",
        ),
        (
            graph.as_str(),
            "/subscriptions?api-version=2022-12-01",
            401,
            "InvalidAuthenticationTokenAudience",
        ),
        ("", "/subscriptions?api-version=2022-12-01", 401, "AuthenticationFailed"),
        (
            place.token.as_str(),
            "/subscriptions/11111111-2222-4333-8444-555555555555?api-version=2022-12-01",
            404,
            "SubscriptionNotFound",
        ),
        (
            place.token.as_str(),
            "/nothing/here?api-version=1",
            404,
            "InvalidResourceType",
        ),
    ] {
        let (told, body) = read(base, token, path).await;
        assert_eq!((told, &body["error"]["code"]), (status, &code.into()), "{path}");
    }
    let (status, body) = place.get(&format!("{SITE}x?api-version=2022-03-01")).await;
    assert_eq!((status, &body["error"]["code"]), (404, &"ResourceNotFound".into()));
    for (scenario, status) in [("setup_arm_unavailable", 503), ("setup_arm_throttled", 429)] {
        let place = Place::of(scenario, "reader").await;
        assert_eq!(
            place.get("/subscriptions?api-version=2022-12-01").await.0,
            status,
            "{scenario}"
        );
    }
}
