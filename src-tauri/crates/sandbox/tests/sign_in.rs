//! People sign in: authorize, the pages, codes, refresh tokens, device codes, and everything that can come between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use reqwest::Response;
use sandbox::Ready;
use serde_json::Value;
use support::{
    client,
    people::{
        ARM, AZURE_CLI, COMMAND_LINE, GRAPH, OPENID, REDIRECT, agree, authorize, code, flow, page, person, post, read,
        redeem, redemption, request, text, tokens, told,
    },
    sandbox, sandbox_with,
};

async fn refusal(response: Response) -> (u16, String, u64) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, text(&body["error"]), body["error_codes"][0].as_u64().unwrap())
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims, if the signature is that of the published key.
async fn verified(ready: &Ready, token: &str) -> Option<Value> {
    let url = format!("{}/{}/discovery/v2.0/keys", ready.authority, ready.tenant_id);
    let keys: JwkSet = client().get(url).send().await.unwrap().json().await.unwrap();
    let head = jsonwebtoken::decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&head.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .ok()
        .map(|token| token.claims)
}

#[tokio::test]
async fn a_sign_in_yields_tokens_of_the_person_for_the_app() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let tokens = tokens(ready, COMMAND_LINE, &format!("{OPENID} User.Read"), "reader").await;
    let id = verified(ready, tokens["id_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(id["aud"], COMMAND_LINE);
    assert_eq!(
        id["iss"],
        format!("https://login.microsoftonline.com/{}/v2.0", ready.tenant_id)
    );
    assert_eq!(
        (&id["nonce"], &id["tid"]),
        (&"the nonce".into(), &ready.tenant_id.as_str().into())
    );
    assert_eq!(id["preferred_username"], person(ready, "reader").user_principal_name);
    let access = verified(ready, tokens["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(access["oid"], id["oid"]);
    let scopes = text(&access["scp"]);
    assert!(
        scopes.contains("User.Read") && scopes.contains("Directory.Read.All"),
        "{scopes}"
    );
    assert!(text(&tokens["scope"]).contains("User.Read"));
    assert_eq!(tokens["expires_in"], 3599);
    assert!(tokens["refresh_token"].is_string());
}

#[tokio::test]
async fn a_name_and_a_password_can_be_typed() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let mut asked = request(ready, COMMAND_LINE, GRAPH);
    asked.push(("login_hint", "<someone>\"@example".into()));
    let flow = flow(&authorize(ready, &asked).await);
    let html = page(ready, &format!("login?flow={flow}")).await;
    for id in ["person", "password", "sign-in", "choose-reader"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}: {html}");
    }
    assert!(html.contains("value=\"&lt;someone&gt;&quot;@example\"") && !html.contains("<someone>"));
    let reader = person(ready, "reader");
    let typed = |name: &str, password: &str| {
        let form = [
            ("flow", flow.clone()),
            ("person", name.to_owned()),
            ("password", password.to_owned()),
        ];
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            post(ready, "login", &form).await
        }
    };
    let unknown = typed("nobody@harbourlight.example", &reader.password)
        .await
        .text()
        .await
        .unwrap();
    assert!(unknown.contains("AADSTS50034"));
    let wrong = typed(&reader.user_principal_name, "wrong").await.text().await.unwrap();
    assert!(wrong.contains("AADSTS50126"));
    let good = typed(&reader.user_principal_name.to_uppercase(), &reader.password).await;
    assert!(!told(&good, "code").is_empty());
    assert_eq!(told(&good, "state"), "the state");
}

#[tokio::test]
async fn consent_names_app_and_scopes_and_can_be_refused() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let asked = request(ready, COMMAND_LINE, &format!("{OPENID} User.Read"));
    let first = flow(&authorize(ready, &asked).await);
    let html = post(ready, "login", &[("flow", &first), ("choose", "technician")])
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("Microsoft Graph Command Line Tools") && html.contains("<code>User.Read</code>"));
    assert!(html.contains("id=\"accept\"") && html.contains("id=\"cancel\""));
    let no = post(ready, "consent", &[("flow", &first), ("answer", "cancel")]).await;
    assert_eq!(
        (told(&no, "error").as_str(), told(&no, "state").as_str()),
        ("access_denied", "the state")
    );
    assert!(told(&no, "error_description").starts_with("AADSTS65004"));
    // The flow is over.
    let again = post(ready, "consent", &[("flow", &first), ("answer", "accept")]).await;
    assert!(again.text().await.unwrap().contains("over or was never begun"));
    // What was agreed to once is not asked again, but by those who want to be asked.
    code(ready, COMMAND_LINE, &format!("{OPENID} User.Read"), "technician").await;
    let second = flow(&authorize(ready, &asked).await);
    let straight = post(ready, "login", &[("flow", &second), ("choose", "technician")]).await;
    assert!(!told(&straight, "code").is_empty());
    let other = flow(&authorize(ready, &asked).await);
    let other = post(ready, "login", &[("flow", &other), ("choose", "reader")]).await;
    assert_eq!(other.status(), 200, "somebody else has not agreed");
}

#[tokio::test]
async fn what_needs_an_administrator_is_not_for_everybody() {
    let sandbox = sandbox("setup_consent_missing").await;
    let ready = sandbox.ready();
    let asked = request(ready, COMMAND_LINE, GRAPH);
    let first = flow(&authorize(ready, &asked).await);
    let html = post(ready, "login", &[("flow", &first), ("choose", "reader")])
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("Need admin approval") && html.contains("AADSTS90094") && !html.contains("id=\"accept\""));
    let forced = post(ready, "consent", &[("flow", &first), ("answer", "accept")]).await;
    assert!(told(&forced, "error_description").starts_with("AADSTS90094"));
    // An administrator agrees for everybody.
    let second = flow(&authorize(ready, &asked).await);
    let html = post(ready, "login", &[("flow", &second), ("choose", "admin")])
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("id=\"organisation\""));
    let form = [("flow", second.as_str()), ("answer", "accept"), ("organisation", "yes")];
    assert!(!told(&post(ready, "consent", &form).await, "code").is_empty());
    assert!(!code(ready, COMMAND_LINE, GRAPH, "reader").await.is_empty());
}

#[tokio::test]
async fn strangers_and_disabled_accounts_do_not_get_in() {
    let sandbox = sandbox("setup_account_disabled").await;
    let ready = sandbox.ready();
    let open = flow(&authorize(ready, &request(ready, COMMAND_LINE, GRAPH)).await);
    let disabled = post(ready, "login", &[("flow", &open), ("choose", "service")]).await;
    assert!(disabled.text().await.unwrap().contains("AADSTS50057"));
    let stranger = post(ready, "login", &[("flow", &open), ("choose", "stranger")])
        .await
        .text()
        .await
        .unwrap();
    assert!(
        stranger.contains("AADSTS50020") && stranger.contains("id=\"back\""),
        "{stranger}"
    );
    // Going back lets another one in.
    page(ready, &format!("login?flow={open}")).await;
    assert!(!told(&agree(ready, &open, "reader").await, "code").is_empty());
}

#[tokio::test]
async fn what_must_not_be_redirected_is_a_page() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let with = |name: &'static str, value: &str| {
        let mut asked = request(ready, COMMAND_LINE, GRAPH);
        asked.retain(|(known, _)| *known != name);
        asked.push((name, value.to_owned()));
        asked
    };
    for (asked, code) in [
        (with("client_id", ""), "AADSTS900144"),
        (
            with("client_id", "5d1f2c8e-6b1e-4f43-8f5a-2f6d9d0e7a10"),
            "AADSTS700016",
        ),
        (with("redirect_uri", ""), "AADSTS900971"),
        (with("redirect_uri", "https://evil.example/"), "AADSTS50011"),
        (with("redirect_uri", "http://127.0.0.1:51234"), "AADSTS50011"),
        (with("redirect_uri", "http://localhost:51234/other"), "AADSTS50011"),
    ] {
        let response = authorize(ready, &asked).await;
        assert_eq!(response.status(), 200, "{code}");
        assert!(response.text().await.unwrap().contains(code), "{code}");
    }
}

#[tokio::test]
async fn what_can_be_told_to_the_app_is_told() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let with = |name: &'static str, value: &str| {
        let mut asked = request(ready, COMMAND_LINE, GRAPH);
        asked.retain(|(known, _)| *known != name);
        asked.push((name, value.to_owned()));
        asked
    };
    for (asked, error, code) in [
        (with("scope", "Directory.Reed.All"), "invalid_client", "AADSTS650053"),
        (
            with("scope", "https://nothing.example/.default"),
            "invalid_resource",
            "AADSTS500011",
        ),
        (
            with("scope", "User.Read https://management.azure.com/user_impersonation"),
            "invalid_request",
            "AADSTS28000",
        ),
        (with("scope", ""), "invalid_request", "AADSTS900144"),
        (
            with("response_type", "token"),
            "unsupported_response_type",
            "AADSTS700054",
        ),
        (with("prompt", "none"), "login_required", "AADSTS50058"),
        (with("code_challenge", "short"), "invalid_request", "AADSTS501491"),
    ] {
        let response = authorize(ready, &asked).await;
        assert_eq!(told(&response, "error"), error, "{code}");
        assert!(told(&response, "error_description").starts_with(code), "{code}");
        assert_eq!(told(&response, "state"), "the state");
    }
}

#[tokio::test]
async fn microsofts_own_command_line_gets_azure_and_little_of_graph() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let tokens = tokens(ready, AZURE_CLI, ARM, "reader").await;
    assert_eq!(
        claims(&text(&tokens["access_token"]))["aud"],
        "https://management.azure.com"
    );
    let open = flow(&authorize(ready, &request(ready, AZURE_CLI, GRAPH)).await);
    let refused = post(ready, "login", &[("flow", &open), ("choose", "admin")]).await;
    assert!(told(&refused, "error_description").starts_with("AADSTS65002"));
}

#[tokio::test]
async fn a_code_is_good_once_for_its_app_its_redirect_and_its_verifier() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    for (name, value, status, error, code_wanted) in [
        (
            "code_verifier",
            "EBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            400,
            "invalid_grant",
            501_481,
        ),
        ("code_verifier", "", 400, "invalid_grant", 50148),
        ("redirect_uri", "http://localhost:51235", 401, "invalid_client", 500_112),
        ("client_id", AZURE_CLI, 400, "invalid_grant", 700_005),
        ("client_secret", "anything", 401, "invalid_client", 700_025),
        ("code", "1.nothing", 400, "invalid_grant", 9_002_313),
    ] {
        let mut form = redemption(COMMAND_LINE, &code(ready, COMMAND_LINE, GRAPH, "admin").await);
        form.retain(|(known, _)| *known != name);
        form.push((name, value.into()));
        let expected = (status, error.to_owned(), code_wanted);
        assert_eq!(refusal(redeem(ready, &form).await).await, expected, "{name}");
    }
    let form = redemption(COMMAND_LINE, &code(ready, COMMAND_LINE, GRAPH, "admin").await);
    assert_eq!(redeem(ready, &form).await.status(), 200);
    assert_eq!(
        refusal(redeem(ready, &form).await).await,
        (400, "invalid_grant".into(), 54005)
    );

    let late = support::sandbox("authorization_code_expires").await;
    let form = redemption(COMMAND_LINE, &code(late.ready(), COMMAND_LINE, GRAPH, "admin").await);
    assert_eq!(
        refusal(redeem(late.ready(), &form).await).await,
        (400, "invalid_grant".into(), 70008)
    );
}

#[tokio::test]
async fn the_platform_of_the_redirect_decides_who_may_redeem() {
    let site = sandbox_with(
        "[directory.applications.desk]\npublicClient = { redirectUris = [] }\nweb = { redirectUris = [\"http://localhost\"] }",
    )
    .await;
    let ready = site.ready();
    let form = redemption(
        &ready.sign_in_app_id,
        &code(ready, &ready.sign_in_app_id, GRAPH, "admin").await,
    );
    assert_eq!(
        refusal(redeem(ready, &form).await).await,
        (401, "invalid_client".into(), 7_000_218)
    );
    let page = sandbox_with(
        "[directory.applications.desk]\npublicClient = { redirectUris = [] }\nspa = { redirectUris = [\"http://localhost\"] }",
    )
    .await;
    let ready = page.ready();
    let form = redemption(
        &ready.sign_in_app_id,
        &code(ready, &ready.sign_in_app_id, GRAPH, "admin").await,
    );
    assert_eq!(
        refusal(redeem(ready, &form).await).await,
        (400, "invalid_request".into(), 9_002_327)
    );
}

fn refresh(client_id: &str, token: &str, scope: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "refresh_token".into()),
        ("client_id", client_id.to_owned()),
        ("refresh_token", token.to_owned()),
        ("scope", scope.to_owned()),
    ]
}

#[tokio::test]
async fn a_refresh_token_brings_new_ones_also_for_another_resource() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let own = &ready.sign_in_app_id;
    let first = tokens(ready, own, GRAPH, "reader").await;
    let token = text(&first["refresh_token"]);
    let second: Value = redeem(ready, &refresh(own, &token, GRAPH)).await.json().await.unwrap();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let arm: Value = redeem(ready, &refresh(own, &text(&second["refresh_token"]), ARM))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        claims(&text(&arm["access_token"]))["aud"],
        "https://management.azure.com"
    );
    // The application of Graph's command line has no consent for Azure.
    let other = tokens(ready, COMMAND_LINE, GRAPH, "reader").await;
    let refused = redeem(ready, &refresh(COMMAND_LINE, &text(&other["refresh_token"]), ARM)).await;
    assert_eq!(refusal(refused).await, (400, "invalid_grant".into(), 65001));
    let unknown = redeem(ready, &refresh(own, "1.nothing", GRAPH)).await;
    assert_eq!(refusal(unknown).await, (400, "invalid_grant".into(), 9_002_313));
}

#[tokio::test]
async fn scenarios_refuse_where_they_say() {
    for (scenario, code_wanted) in [("sign_in_refresh_dead", 700_082), ("sign_in_session_over", 70043)] {
        let sandbox = sandbox(scenario).await;
        let ready = sandbox.ready();
        let tokens = tokens(ready, COMMAND_LINE, GRAPH, "reader").await;
        let refused = redeem(ready, &refresh(COMMAND_LINE, &text(&tokens["refresh_token"]), GRAPH)).await;
        assert_eq!(
            refusal(refused).await,
            (400, "invalid_grant".into(), code_wanted),
            "{scenario}"
        );
        let token = text(&tokens["access_token"]);
        for call in 0..6 {
            let (status, body) = read(&ready.graph_url, &token, "/v1.0/me").await;
            assert_eq!(status, if call < 5 { 200 } else { 401 }, "{body:#}");
        }
    }
    let sandbox = sandbox("sign_in_wants_mfa").await;
    let form = redemption(
        COMMAND_LINE,
        &code(sandbox.ready(), COMMAND_LINE, GRAPH, "reader").await,
    );
    assert_eq!(
        refusal(redeem(sandbox.ready(), &form).await).await,
        (400, "invalid_grant".into(), 50076)
    );
    for (scenario, wanted) in [
        ("sign_in_blocked", "AADSTS53003"),
        ("sign_in_not_assigned", "AADSTS50105"),
    ] {
        let sandbox = support::sandbox(scenario).await;
        let open = flow(&authorize(sandbox.ready(), &request(sandbox.ready(), COMMAND_LINE, GRAPH)).await);
        let back = post(sandbox.ready(), "login", &[("flow", &open), ("choose", "reader")]).await;
        assert!(told(&back, "error_description").starts_with(wanted));
    }
}

#[tokio::test]
async fn a_new_token_is_good_where_the_old_one_expired_early() {
    let sandbox = sandbox("sign_in_token_expires").await;
    let ready = sandbox.ready();
    let first = tokens(ready, COMMAND_LINE, GRAPH, "reader").await;
    let old = text(&first["access_token"]);
    for _ in 0..5 {
        assert_eq!(read(&ready.graph_url, &old, "/v1.0/me").await.0, 200);
    }
    let (status, body) = read(&ready.graph_url, &old, "/v1.0/me").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (401, &"InvalidAuthenticationToken".into())
    );
    let again = redeem(ready, &refresh(COMMAND_LINE, &text(&first["refresh_token"]), GRAPH)).await;
    let again: Value = again.json().await.unwrap();
    assert_eq!(
        read(&ready.graph_url, &text(&again["access_token"]), "/v1.0/me")
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn false_answers_are_false_in_one_way_each() {
    for (scenario, claim, value) in [
        (
            "sign_in_wrong_nonce",
            "nonce",
            Value::from("not-the-nonce-that-was-sent"),
        ),
        (
            "sign_in_wrong_audience",
            "aud",
            Value::from("5d1f2c8e-6b1e-4f43-8f5a-2f6d9d0e7a10"),
        ),
    ] {
        let sandbox = sandbox(scenario).await;
        let tokens = tokens(sandbox.ready(), COMMAND_LINE, GRAPH, "reader").await;
        assert_eq!(claims(&text(&tokens["id_token"]))[claim], value, "{scenario}");
    }
    let tenant = sandbox("sign_in_wrong_tenant").await;
    let tokens_of = async |ready: &Ready| text(&tokens(ready, COMMAND_LINE, GRAPH, "reader").await["id_token"]);
    assert_ne!(
        claims(&tokens_of(tenant.ready()).await)["tid"],
        tenant.ready().tenant_id
    );
    for scenario in ["sign_in_expired_id_token", "sign_in_wrong_signature"] {
        let sandbox = sandbox(scenario).await;
        let token = tokens_of(sandbox.ready()).await;
        assert!(verified(sandbox.ready(), &token).await.is_none(), "{scenario}");
    }
    let state = sandbox("sign_in_wrong_state").await;
    let open = flow(&authorize(state.ready(), &request(state.ready(), COMMAND_LINE, GRAPH)).await);
    assert_ne!(told(&agree(state.ready(), &open, "reader").await, "state"), "the state");
}

async fn begin_device(ready: &Ready, client_id: &str) -> Value {
    let url = format!("{}/{}/oauth2/v2.0/devicecode", ready.authority, ready.tenant_id);
    let form = [("client_id", client_id), ("scope", GRAPH)];
    client()
        .post(url)
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

async fn poll(ready: &Ready, client_id: &str, device_code: &Value) -> Response {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code".to_owned()),
        ("client_id", client_id.to_owned()),
        ("device_code", text(device_code)),
    ];
    redeem(ready, &form).await
}

/// Types a device's code and comes to the sign-in page.
async fn enter(ready: &Ready, user_code: &str) -> Response {
    post(ready, "device", &[("code", user_code)]).await
}

#[tokio::test]
async fn a_device_waits_for_its_person() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let device = begin_device(ready, COMMAND_LINE).await;
    assert_eq!(device["expires_in"], 900);
    assert!(device.get("verification_uri_complete").is_none());
    assert!(text(&device["message"]).contains(&text(&device["user_code"])));
    let pending = poll(ready, COMMAND_LINE, &device["device_code"]).await;
    assert_eq!(refusal(pending).await, (400, "authorization_pending".into(), 70016));
    let html = client()
        .get(text(&device["verification_uri"]))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(html.contains("id=\"code\"") && html.contains("id=\"next\""));
    let wrong = enter(ready, "NOTACODE9").await.text().await.unwrap();
    assert!(
        wrong.contains("id=\"message\"") && wrong.contains("id=\"code\""),
        "{wrong}"
    );
    let typed = text(&device["user_code"]).to_lowercase();
    let open = flow(&enter(ready, &format!("{}-{}", &typed[..4], &typed[4..])).await);
    let done = post(ready, "login", &[("flow", &open), ("choose", "reader")])
        .await
        .text()
        .await
        .unwrap();
    assert!(done.contains("You have signed in"), "{done}");
    let tokens: Value = poll(ready, COMMAND_LINE, &device["device_code"])
        .await
        .json()
        .await
        .unwrap();
    assert!(tokens["access_token"].is_string() && tokens["id_token"].is_string());
    let again = poll(ready, COMMAND_LINE, &device["device_code"]).await;
    assert_eq!(refusal(again).await, (400, "invalid_grant".into(), 54005));
    let unknown = poll(ready, COMMAND_LINE, &"nothing".into()).await;
    assert_eq!(refusal(unknown).await, (400, "bad_verification_code".into(), 70018));
}

#[tokio::test]
async fn a_device_is_declined_blocked_late_or_not_allowed() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let url = format!("{}/{}/oauth2/v2.0/devicecode", ready.authority, ready.tenant_id);
    let form = [("client_id", COMMAND_LINE), ("scope", "openid User.Read")];
    let device: Value = client()
        .post(url)
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let open = flow(&enter(ready, &text(&device["user_code"])).await);
    post(ready, "login", &[("flow", &open), ("choose", "reader")]).await;
    post(ready, "consent", &[("flow", &open), ("answer", "cancel")]).await;
    let declined = poll(ready, COMMAND_LINE, &device["device_code"]).await;
    assert_eq!(refusal(declined).await, (400, "authorization_declined".into(), 65004));

    let blocked = support::sandbox("device_code_blocked").await;
    let device = begin_device(blocked.ready(), COMMAND_LINE).await;
    let open = flow(&enter(blocked.ready(), &text(&device["user_code"])).await);
    let html = post(blocked.ready(), "login", &[("flow", &open), ("choose", "reader")])
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("AADSTS53003"));
    let refused = poll(blocked.ready(), COMMAND_LINE, &device["device_code"]).await;
    assert_eq!(refusal(refused).await, (400, "invalid_grant".into(), 53003));

    let late = support::sandbox_with("device_code_lifetime_seconds = 0").await;
    let device = begin_device(late.ready(), COMMAND_LINE).await;
    let expired = poll(late.ready(), COMMAND_LINE, &device["device_code"]).await;
    assert_eq!(refusal(expired).await, (400, "expired_token".into(), 70019));

    let secret = support::sandbox_with("[directory.applications.desk]\nisFallbackPublicClient = false").await;
    let own = secret.ready().sign_in_app_id.clone();
    let device = begin_device(secret.ready(), &own).await;
    let refused = poll(secret.ready(), &own, &device["device_code"]).await;
    assert_eq!(refusal(refused).await, (401, "invalid_client".into(), 7_000_218));
}

#[tokio::test]
async fn pages_forbid_scripts_and_frames_and_are_not_kept() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let url = format!("{}/{}/device?code=%3Cscript%3E", ready.authority, ready.tenant_id);
    let response = client().get(url).send().await.unwrap();
    let policy = support::header(&response, "content-security-policy").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(support::header(&response, "cache-control"), "no-store, no-cache");
    let html = response.text().await.unwrap();
    assert!(!html.contains("<script"), "{html}");
    assert!(REDIRECT.starts_with("http://localhost"));
}
