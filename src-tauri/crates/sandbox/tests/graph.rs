//! Microsoft Graph: every address that a check reads, who may read it, and how it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use reqwest::StatusCode;
use sandbox::{Ready, Sandbox};
use serde_json::{Value, json};
use support::{
    client, header,
    people::{COMMAND_LINE, graph_token, person, read, read_all, text, tokens},
    sandbox, sandbox_with,
};

/// A sandbox with somebody signed in.
struct Place {
    sandbox: Sandbox,
    token: String,
}

impl Place {
    async fn of(scenario: &str, person: &str) -> Self {
        let sandbox = sandbox(scenario).await;
        let token = graph_token(sandbox.ready(), person).await;
        Self { sandbox, token }
    }

    async fn with(lines: &str, person: &str) -> Self {
        let sandbox = sandbox_with(lines).await;
        let token = graph_token(sandbox.ready(), person).await;
        Self { sandbox, token }
    }

    fn ready(&self) -> &Ready {
        self.sandbox.ready()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(&self.ready().graph_url, &self.token, path).await
    }

    async fn ok(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    async fn all(&self, path: &str) -> Vec<Value> {
        read_all(&self.ready().graph_url, &self.token, path).await
    }

    async fn refused(&self, path: &str) -> (u16, String) {
        let (status, body) = self.get(path).await;
        (status, text(&body["error"]["code"]))
    }

    /// The object id of somebody.
    async fn id(&self, who: &str) -> String {
        let name = person(self.ready(), who).user_principal_name.clone();
        text(&self.ok(&format!("/v1.0/users/{name}?$select=id")).await["id"])
    }

    async fn what_if(&self, question: &Value) -> (u16, Value) {
        let url = format!("{}/v1.0/identity/conditionalAccess/evaluate", self.ready().graph_url);
        let response = client()
            .post(url)
            .bearer_auth(&self.token)
            .json(question)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().map(|one| one["displayName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_organisation_is_a_partner_and_every_person_may_know() {
    let place = Place::of("healthy", "technician").await;
    let list = place
        .ok("/v1.0/organization?$select=id,displayName,verifiedDomains,partnerTenantType")
        .await;
    let one = &list["value"][0];
    assert_eq!(one["id"], place.ready().tenant_id);
    assert_eq!(one["partnerTenantType"], "resellerPartnerDelegatedAdmin");
    assert_eq!(one["verifiedDomains"].as_array().map(Vec::len), Some(2));
    assert!(one.get("countryLetterCode").is_none());
    let other = Place::of("setup_ms_tenant_fails", "reader").await;
    let list = other.ok("/v1.0/organization?$select=id,partnerTenantType").await;
    assert!(list["value"][0]["partnerTenantType"].is_null());
    assert_ne!(list["value"][0]["id"], other.ready().tenant_id);
}

#[tokio::test]
async fn people_come_with_a_dozen_properties_unless_more_is_asked_for() {
    let place = Place::of("healthy", "reader").await;
    let service = person(place.ready(), "service").user_principal_name.clone();
    let short = place.ok(&format!("/v1.0/users/{service}")).await;
    assert!(short.get("userType").is_none() && short["jobTitle"].is_null());
    let path = format!(
        "/v1.0/users/{service}?$select=userType,accountEnabled,creationType,onPremisesSyncEnabled,assignedPlans"
    );
    let full = place.ok(&path).await;
    assert_eq!(
        (&full["userType"], &full["accountEnabled"]),
        (&"Member".into(), &true.into())
    );
    assert!(full["creationType"].is_null() && full["onPremisesSyncEnabled"].is_null());
    assert_eq!(full["assignedPlans"][0]["service"], "exchange");
    assert_eq!(
        place.refused("/v1.0/users/nobody@harbourlight.example").await,
        (404, "Request_ResourceNotFound".into())
    );
    let me = place.ok("/v1.0/me?$select=id,displayName").await;
    assert_eq!(me["displayName"], "Chiara Rossi");
}

#[tokio::test]
async fn memberships_are_transitive_filtered_and_in_pages() {
    let place = Place::of("healthy", "reader").await;
    let id = place.id("service").await;
    let path = format!("/v1.0/users/{id}/transitiveMemberOf/microsoft.graph.group?$count=true&$select=id,displayName");
    let groups = place.all(&path).await;
    assert_eq!(groups.len(), 16);
    let first = place.ok(&path).await;
    assert_eq!(
        (first["@odata.count"].as_u64(), first["value"].as_array().map(Vec::len)),
        (Some(16), Some(4))
    );
    let one = place
        .all(&format!("{path}&$filter=displayName%20eq%20'AdminAgents'"))
        .await;
    assert_eq!(names(&one), ["AdminAgents"]);
    let nested = Place::of("setup_adminagents_nested", "reader").await;
    let id = nested.id("service").await;
    let direct = nested.all(&format!("/v1.0/users/{id}/memberOf")).await;
    assert!(!names(&direct).contains(&"AdminAgents"));
    let path = format!(
        "/v1.0/users/{id}/transitiveMemberOf/microsoft.graph.group?$count=true&$filter=displayName eq 'AdminAgents'"
    );
    assert_eq!(nested.all(&path).await.len(), 1);
    // Without eventual consistency the question is refused.
    let (status, code) = nested
        .refused(&format!("/v1.0/users/{id}/transitiveMemberOf/microsoft.graph.group"))
        .await;
    assert_eq!((status, code.as_str()), (400, "Request_UnsupportedQuery"));
}

#[tokio::test]
async fn with_user_read_alone_one_learns_ids() {
    let sandbox = sandbox("setup_consent_missing").await;
    let ready = sandbox.ready();
    let tokens = tokens(ready, COMMAND_LINE, "openid User.Read", "service").await;
    let token = text(&tokens["access_token"]);
    let (status, list) = read(&ready.graph_url, &token, "/v1.0/me/memberOf").await;
    assert_eq!(status, 200);
    assert!(list["value"][0]["id"].is_string() && list["value"][0]["displayName"].is_null());
    let (status, body) = read(&ready.graph_url, &token, "/v1.0/groups").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (403, &"Authorization_RequestDenied".into())
    );
    for (path, code) in [
        ("/v1.0/identity/conditionalAccess/policies", "AccessDenied"),
        (
            "/v1.0/users/anna.keller@harbourlight.example/authentication/methods",
            "accessDenied",
        ),
        ("/v1.0/auditLogs/signIns", "Authentication_MSGraphPermissionMissing"),
        (
            "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
            "PermissionScopeNotGranted",
        ),
        ("/v1.0/me/mailboxSettings/userPurpose", "ErrorAccessDenied"),
        (
            "/v1.0/users/anna.keller@harbourlight.example",
            "Authorization_RequestDenied",
        ),
    ] {
        let (status, body) = read(&ready.graph_url, &token, path).await;
        assert_eq!((status, &body["error"]["code"]), (403, &code.into()), "{path}");
    }
}

#[tokio::test]
async fn without_a_role_the_scopes_are_not_enough() {
    let place = Place::of("healthy", "technician").await;
    let id = place.id("service").await;
    for (path, code) in [
        (
            format!("/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '{id}'"),
            "Authorization_RequestDenied",
        ),
        ("/v1.0/identity/conditionalAccess/policies".into(), "AccessDenied"),
        (format!("/v1.0/users/{id}/authentication/methods"), "accessDenied"),
        (
            "/v1.0/auditLogs/signIns".into(),
            "Authentication_RequestFromUnsupportedUserRole",
        ),
        (
            "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances".into(),
            "UnauthorizedAccessException",
        ),
    ] {
        assert_eq!(place.refused(&path).await, (403, code.to_owned()), "{path}");
    }
    assert_eq!(place.get("/v1.0/groups").await.0, 200);
}

#[tokio::test]
async fn groups_are_found_by_the_start_of_their_names() {
    let place = Place::of("healthy", "reader").await;
    let path = "/v1.0/groups?$filter=startsWith(displayName,'M365%20GDAP')&$count=true&$select=id,displayName";
    let groups = place.all(path).await;
    assert_eq!(groups.len(), 15);
    assert!(groups.iter().all(|group| group.get("members").is_none()));
    let id = text(&groups[0]["id"]);
    assert_eq!(place.all(&format!("/v1.0/groups/{id}/members")).await.len(), 1);
    let none = Place::of("setup_gdap_not_migrated", "reader").await;
    assert!(none.all(path).await.is_empty());
    let gone = Place::of("setup_adminagents_deleted", "reader").await;
    let list = gone.all("/v1.0/groups?$filter=displayName eq 'AdminAgents'").await;
    assert!(list.is_empty());
}

#[tokio::test]
async fn roles_are_active_eligible_or_through_a_group() {
    let direct = |id: &str| format!("/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '{id}'");
    let through = |id: &str| {
        format!("/beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId eq '{id}'")
    };
    let eligible = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId eq";
    for (scenario, active, all, could) in [
        ("healthy", 3, 3, 0),
        ("setup_ms_setup_roles_fails", 0, 0, 0),
        ("setup_ms_setup_roles_waiting", 0, 0, 1),
        ("setup_roles_through_group", 0, 1, 0),
        ("setup_ms_setup_roles_removed_fails", 1, 1, 0),
        ("setup_cleaned_up", 0, 0, 0),
    ] {
        let place = Place::of(scenario, "reader").await;
        let id = place.id("service").await;
        assert_eq!(place.all(&direct(&id)).await.len(), active, "{scenario}");
        assert_eq!(place.all(&through(&id)).await.len(), all, "{scenario}");
        assert_eq!(
            place.all(&format!("{eligible} '{id}'")).await.len(),
            could,
            "{scenario}"
        );
    }
    let place = Place::of("setup_roles_through_group", "reader").await;
    let id = place.id("service").await;
    let roles = place
        .all(&format!(
            "/v1.0/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole?$count=true"
        ))
        .await;
    assert_eq!(roles[0]["roleTemplateId"], "62e90394-69f5-4237-9190-012177145e10");
}

#[tokio::test]
async fn without_a_consistency_level_transitive_assignments_are_not_there() {
    let place = Place::of("healthy", "reader").await;
    let id = place.id("service").await;
    let url = format!(
        "{}/beta/roleManagement/directory/transitiveRoleAssignments",
        place.ready().graph_url
    );
    let query = [
        ("$count", "true".to_owned()),
        ("$filter", format!("principalId eq '{id}'")),
    ];
    let asked = client().get(url).query(&query).bearer_auth(&place.token);
    assert_eq!(
        asked.try_clone().unwrap().send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let with = asked.header("ConsistencyLevel", "eventual").send().await.unwrap();
    assert_eq!(with.status(), StatusCode::OK);
    let v1 = place
        .refused("/v1.0/roleManagement/directory/transitiveRoleAssignments?$count=true")
        .await;
    assert_eq!(v1, (400, "BadRequest".into()), "beta only");
}

#[tokio::test]
async fn applications_permissions_and_consents() {
    let arm = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
    for (scenario, asks, consents) in [
        ("healthy", true, vec!["AllPrincipals"]),
        ("setup_ms_sam_permission_fails", false, vec!["AllPrincipals"]),
        ("setup_ms_sam_consent_fails", true, vec![]),
        ("setup_sam_consent_for_one", true, vec!["Principal"]),
    ] {
        let place = Place::of(scenario, "reader").await;
        let found = place
            .all("/v1.0/applications?$filter=displayName eq 'CIPP-SAM'&$select=appId")
            .await;
        let sam = text(&found[0]["appId"]);
        let one = place
            .ok(&format!(
                "/v1.0/applications(appId='{sam}')?$select=appId,requiredResourceAccess"
            ))
            .await;
        let entry = one["requiredResourceAccess"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["resourceAppId"] == arm);
        assert_eq!(entry.is_some(), asks, "{scenario}");
        let id_of = async |app: &str| {
            text(
                &place
                    .ok(&format!("/v1.0/servicePrincipals(appId='{app}')?$select=id"))
                    .await["id"],
            )
        };
        let (client_id, resource) = (id_of(&sam).await, id_of(arm).await);
        let own = place
            .all(&format!("/v1.0/servicePrincipals/{client_id}/oauth2PermissionGrants"))
            .await;
        let all = place
            .all(&format!(
                "/v1.0/oauth2PermissionGrants?$filter=clientId eq '{client_id}'"
            ))
            .await;
        assert_eq!(own, all);
        let kinds: Vec<&str> = own
            .iter()
            .filter(|grant| grant["resourceId"] == resource && text(&grant["scope"]).contains("user_impersonation"))
            .map(|grant| grant["consentType"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, consents, "{scenario}");
    }
    let two = Place::of("setup_two_sam_apps", "reader").await;
    assert_eq!(
        two.all("/v1.0/applications?$filter=displayName eq 'CIPP-SAM'")
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn the_api_client_is_found_by_its_uri_and_by_its_redirect() {
    let place = Place::of("healthy", "reader").await;
    let client_id = place.ready().client_id.clone();
    let uri = format!("/v1.0/applications?$filter=identifierUris/any(x:x eq 'api://{client_id}')");
    let found = place.all(&uri).await;
    assert_eq!(
        found[0]["api"]["oauth2PermissionScopes"][0]["id"],
        "ba7ffeff-96ea-4ac4-9822-1bcfee9adaa4"
    );
    let hint = text(&found[0]["passwordCredentials"][0]["hint"]);
    assert_eq!(hint, place.ready().client_secret[..3]);
    assert!(found[0]["passwordCredentials"][0].get("secretText").is_none());
    let redirect = "signInAudience eq 'AzureADMyOrg' and web/redirectUris/any(x:x eq \
                    'https://cippsandbox.azurewebsites.net/.auth/login/aad/callback')";
    let by_redirect = place
        .all(&format!("/v1.0/applications?$filter={redirect}&$count=true"))
        .await;
    assert_eq!(by_redirect.len(), 1);
    let without = place.refused(&format!("/v1.0/applications?$filter={redirect}")).await;
    assert_eq!(without, (400, "Request_UnsupportedQuery".into()));
    let missing = Place::of("setup_ms_api_app_fails", "reader").await;
    assert!(missing.all(&uri).await.is_empty());
    let assigned = Place::of("setup_ms_api_app_assignment", "reader").await;
    let principal = assigned
        .ok(&format!("/v1.0/servicePrincipals(appId='{client_id}')"))
        .await;
    assert_eq!(principal["appRoleAssignmentRequired"], true);
    let soon = Place::of("setup_ms_secret_expiry_fails", "reader").await;
    let end = text(&soon.all(&uri).await[0]["passwordCredentials"][0]["endDateTime"]);
    let left = end
        .parse::<jiff::Timestamp>()
        .unwrap()
        .duration_since(jiff::Timestamp::now());
    assert!(left.as_hours() > 100 && left.as_hours() <= 120);
}

#[tokio::test]
async fn relationships_can_be_filtered_by_state() {
    let place = Place::of("healthy", "reader").await;
    let path = "/v1.0/tenantRelationships/delegatedAdminRelationships";
    assert_eq!(place.all(path).await.len(), 3);
    assert_eq!(place.all(&format!("{path}?$filter=status eq 'active'")).await.len(), 2);
}

#[tokio::test]
async fn which_group_was_given_which_role_stands_below_the_relationship() {
    let place = Place::of("healthy", "reader").await;
    let path = "/v1.0/tenantRelationships/delegatedAdminRelationships";
    let active = place.all(&format!("{path}?$filter=status eq 'active'")).await;
    let id = active[0]["id"].as_str().unwrap();
    assert!(
        active[0].get("accessAssignments").is_none(),
        "a relation and no property"
    );
    assert_eq!(active[0]["accessDetails"]["unifiedRoles"].as_array().unwrap().len(), 15);
    let assignments = place.all(&format!("{path}/{id}/accessAssignments")).await;
    assert_eq!(assignments.len(), 15);
    let group = assignments[0]["accessContainer"]["accessContainerId"].as_str().unwrap();
    let group = place.ok(&format!("/v1.0/groups/{group}")).await;
    assert!(group["displayName"].as_str().unwrap().starts_with("M365 GDAP"));
    let nowhere = format!("{path}/00000000-0000-0000-0000-000000000000/accessAssignments");
    assert_eq!(place.get(&nowhere).await.0, 404);
}

#[tokio::test]
async fn methods_registration_and_per_user_state() {
    let place = Place::of("healthy", "reader").await;
    let id = place.id("service").await;
    let methods = place.all(&format!("/v1.0/users/{id}/authentication/methods")).await;
    assert_eq!(methods.len(), 3);
    let details = place
        .ok(&format!(
            "/v1.0/reports/authenticationMethods/userRegistrationDetails/{id}"
        ))
        .await;
    assert_eq!(
        (&details["isMfaRegistered"], &details["id"]),
        (&true.into(), &id.as_str().into())
    );
    let state = place.ok(&format!("/beta/users/{id}/authentication/requirements")).await;
    assert_eq!(state["perUserMfaState"], "disabled");
    assert_eq!(
        place
            .get(&format!("/v1.0/users/{id}/authentication/requirements"))
            .await
            .0,
        400,
        "beta only"
    );
    let none = Place::of("setup_ms_mfa_registered_fails", "reader").await;
    assert_eq!(
        none.all(&format!("/v1.0/users/{id}/authentication/methods"))
            .await
            .len(),
        1
    );
    let disabled = Place::of("setup_account_disabled", "reader").await;
    let path = format!("/v1.0/reports/authenticationMethods/userRegistrationDetails/{id}");
    assert_eq!(disabled.get(&path).await.0, 404);
    let per_user = Place::of("setup_mfa_per_user", "reader").await;
    let state = per_user
        .ok(&format!("/beta/users/{id}/authentication/requirements"))
        .await;
    assert_eq!(state["perUserMfaState"], "enforced");
}

#[tokio::test]
async fn without_a_licence_reports_and_logs_are_refused() {
    let place = Place::of("setup_no_licence", "reader").await;
    let id = place.id("service").await;
    for path in [
        "/v1.0/auditLogs/signIns".to_owned(),
        format!("/v1.0/reports/authenticationMethods/userRegistrationDetails/{id}"),
    ] {
        let expected = (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant".to_owned());
        assert_eq!(place.refused(&path).await, expected, "{path}");
    }
    let eligible = place
        .refused("/v1.0/roleManagement/directory/roleEligibilityScheduleInstances")
        .await;
    assert_eq!(eligible, (400, "AadPremiumLicenseRequired".into()));
    assert_eq!(
        place.get(&format!("/v1.0/users/{id}/authentication/methods")).await.0,
        200
    );
}

#[tokio::test]
async fn sign_ins_are_those_of_the_person() {
    let place = Place::of("healthy", "reader").await;
    let id = place.id("service").await;
    let list = place
        .all(&format!("/v1.0/auditLogs/signIns?$filter=userId eq '{id}'&$top=20"))
        .await;
    assert_eq!(list[0]["authenticationRequirement"], "multiFactorAuthentication");
    let other = place.id("admin").await;
    assert!(
        place
            .all(&format!("/v1.0/auditLogs/signIns?$filter=userId eq '{other}'"))
            .await
            .is_empty()
    );
}

fn question(user: &str) -> Value {
    json!({
        "signInIdentity": { "@odata.type": "#microsoft.graph.userSignIn", "userId": user },
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": ["00000003-0000-0000-c000-000000000000"],
        },
        "signInConditions": { "clientAppType": "browser" },
        "appliedPoliciesOnly": true,
    })
}

#[tokio::test]
async fn policies_and_what_if_agree() {
    for (scenario, applied) in [
        ("healthy", vec!["CIPP Service Account Conditional Access Policy"]),
        ("setup_ms_mfa_enforced_fails", vec![]),
        (
            "setup_mfa_report_only",
            vec!["CIPP Service Account Conditional Access Policy"],
        ),
        ("setup_mfa_excluded", vec![]),
        ("setup_mfa_security_defaults", vec![]),
    ] {
        let place = Place::of(scenario, "reader").await;
        let (status, answer) = place.what_if(&question(&place.id("service").await)).await;
        assert_eq!(status, 200, "{answer:#}");
        assert_eq!(names(answer["value"].as_array().unwrap()), applied, "{scenario}");
        let defaults = place
            .ok("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy")
            .await;
        assert_eq!(defaults["isEnabled"], scenario == "setup_mfa_security_defaults");
    }
    let place = Place::of("healthy", "reader").await;
    assert_eq!(place.all("/v1.0/identity/conditionalAccess/policies").await.len(), 3);
    assert_eq!(place.what_if(&json!({})).await.0, 400);
    let (_, others) = place.what_if(&question(&place.id("technician").await)).await;
    assert_eq!(
        names(others["value"].as_array().unwrap()),
        ["Everybody: MFA outside the office"]
    );
    assert_eq!(place.get("/v1.0/identity/conditionalAccess/evaluate").await.0, 405);
}

#[tokio::test]
async fn third_parties_are_seen_in_policies_methods_and_domains() {
    let duo = Place::of("setup_ms_microsoft_mfa_fails", "reader").await;
    let policies = duo.all("/v1.0/identity/conditionalAccess/policies").await;
    let factors = |policy: &Value| {
        policy["grantControls"]["customAuthenticationFactors"]
            .as_array()
            .map(Vec::len)
    };
    assert!(policies.iter().any(|policy| factors(policy) == Some(1)));
    let methods = duo.ok("/v1.0/policies/authenticationMethodsPolicy").await;
    let kinds = methods["authenticationMethodConfigurations"].as_array().unwrap();
    let external = "#microsoft.graph.externalAuthenticationMethodConfiguration";
    assert!(
        kinds
            .iter()
            .any(|kind| kind["@odata.type"] == external && kind["state"] == "enabled")
    );
    let federated = Place::of("setup_federated_domain", "reader").await;
    let domain = federated.ok("/v1.0/domains/harbourlight.example").await;
    assert_eq!(domain["authenticationType"], "Federated");
    let list = federated
        .all("/v1.0/domains/harbourlight.example/federationConfiguration")
        .await;
    assert_eq!(list[0]["federatedIdpMfaBehavior"], "acceptIfMfaDoneByFederatedIdp");
    let healthy = Place::of("healthy", "reader").await;
    assert!(
        healthy
            .all("/v1.0/domains/harbourlight.example/federationConfiguration")
            .await
            .is_empty()
    );
    assert_eq!(
        healthy.ok("/beta/policies/mfaServicePolicy").await["rememberMfaOnTrustedDevice"]["isEnabled"],
        false
    );
    assert_eq!(healthy.get("/v1.0/policies/authorizationPolicy").await.0, 200);
}

#[tokio::test]
async fn a_mailbox_shows_itself_to_its_owner_alone() {
    for (scenario, status, purpose) in [
        ("healthy", 200, "user"),
        ("setup_mailbox_shared", 200, "shared"),
        ("setup_ms_mailbox_fails", 404, ""),
    ] {
        let place = Place::of(scenario, "service").await;
        let (told, body) = place.get("/v1.0/me/mailboxSettings/userPurpose").await;
        assert_eq!(
            (told, body["value"].as_str().unwrap_or_default()),
            (status, purpose),
            "{scenario}"
        );
        if status == 404 {
            assert_eq!(body["error"]["code"], "MailboxNotEnabledForRESTAPI");
        }
    }
    let reader = Place::of("setup_mailbox_shared", "reader").await;
    let id = reader.id("service").await;
    let other = reader
        .refused(&format!("/v1.0/users/{id}/mailboxSettings/userPurpose"))
        .await;
    assert_eq!(other, (403, "ErrorAccessDenied".into()));
    let user = reader
        .ok(&format!("/v1.0/users/{id}?$select=assignedPlans,mail,proxyAddresses"))
        .await;
    assert!(user["assignedPlans"].as_array().unwrap().is_empty() && user["mail"].is_string());
}

#[tokio::test]
async fn tokens_are_looked_at() {
    let place = Place::of("healthy", "reader").await;
    let base = &place.ready().graph_url;
    let arm = support::people::arm_token(place.ready(), "reader").await;
    let app = support::token(place.ready()).await;
    for (token, message) in [
        ("", "Access token is empty."),
        ("not.a.token", "IDX14100"),
        (arm.as_str(), "Access token validation failure. Invalid audience."),
        (app.as_str(), "Access token validation failure. Invalid audience."),
    ] {
        let (status, body) = read(base, token, "/v1.0/me").await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (401, &"InvalidAuthenticationToken".into())
        );
        assert!(text(&body["error"]["message"]).starts_with(message));
        assert!(body["error"]["innerError"]["request-id"].is_string());
    }
    let response = support::get_with(place.ready(), &place.token, "ListLogs").await;
    assert_eq!(response.status(), 401, "CIPP's door does not take a token for Graph");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_graphs_words() {
    let place = Place::of("healthy", "reader").await;
    assert_eq!(place.refused("/v1.0/nothing/here").await, (400, "BadRequest".into()));
    assert_eq!(place.refused("/v2.0/me").await, (400, "BadRequest".into()));
    assert_eq!(
        place.refused("/v1.0/groups?$filter=displayName like 'x'").await,
        (400, "BadRequest".into())
    );
    let url = format!("{}/v1.0/users", place.ready().graph_url);
    let created = client()
        .post(url)
        .bearer_auth(&place.token)
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(
        created.status(),
        StatusCode::METHOD_NOT_ALLOWED,
        "nothing can be changed"
    );
}

#[tokio::test]
async fn trouble_comes_where_and_as_often_as_it_is_asked_for() {
    let place = Place::of("setup_graph_throttled", "reader").await;
    let url = format!("{}/v1.0/me", place.ready().graph_url);
    for _ in 0..3 {
        let response = client().get(&url).bearer_auth(&place.token).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), header(&response, "retry-after")),
            (429, "1")
        );
        assert_eq!(
            response.json::<Value>().await.unwrap()["error"]["code"],
            "TooManyRequests"
        );
    }
    assert_eq!(place.get("/v1.0/me").await.0, 200);

    let down = Place::of("setup_policies_unavailable", "reader").await;
    assert_eq!(
        down.get("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy")
            .await
            .0,
        503
    );
    assert_eq!(down.get("/v1.0/me").await.0, 200);

    let reset = Place::of("setup_graph_reset", "reader").await;
    let url = format!("{}/v1.0/me", reset.ready().graph_url);
    assert!(client().get(url).bearer_auth(&reset.token).send().await.is_err());

    let portal = Place::of("setup_graph_portal", "reader").await;
    let url = format!("{}/v1.0/me", portal.ready().graph_url);
    let response = client().get(url).bearer_auth(&portal.token).send().await.unwrap();
    assert!(header(&response, "content-type").starts_with("text/html"));
}

#[tokio::test]
async fn what_was_asked_is_written_down() {
    let place = Place::of("healthy", "reader").await;
    place.get("/v1.0/me?$select=id").await;
    place.what_if(&json!({})).await;
    assert_eq!(
        place.sandbox.microsoft_calls(),
        [
            "GET /graph/v1.0/me?$select=id",
            "POST /graph/v1.0/identity/conditionalAccess/evaluate"
        ]
    );
    place.sandbox.forget_calls();
    assert!(place.sandbox.microsoft_calls().is_empty());
}

#[tokio::test]
async fn page_sizes_are_the_scenarios() {
    let place = Place::with("graph_page_size = 100", "reader").await;
    let list = place.ok("/v1.0/groups?$top=3").await;
    assert_eq!(list["value"].as_array().map(Vec::len), Some(3));
    let link = text(&list["@odata.nextLink"]);
    assert!(link.starts_with(&place.ready().graph_url) && link.contains("skiptoken"));
    assert!(place.ok("/v1.0/groups").await.get("@odata.nextLink").is_none());
}
