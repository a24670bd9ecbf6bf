//! Entra's documents and refusals, as the facts have them (facts: entra A, B).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value, json};
use support::{client, form, header, sandbox, sandbox_with, token, token_url};
use uuid::Uuid;

async fn ask(url: String, form: &[(&'static str, String)]) -> Response {
    client().post(url).form(form).send().await.unwrap()
}

/// The refusal's code, after checking everything that all refusals have in common.
async fn code_of(response: Response, status: u16, error: &str) -> u64 {
    assert_eq!(response.status(), status);
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    let request_id = header(&response, "x-ms-request-id").to_owned();
    let body: Value = response.json().await.unwrap();
    let code = body["error_codes"][0].as_u64().unwrap();
    let (trace, correlation, timestamp) = (
        &body["trace_id"],
        &body["correlation_id"],
        body["timestamp"].as_str().unwrap(),
    );
    assert_eq!(body["error"], error, "{body:#}");
    assert_eq!(*trace, request_id);
    assert_eq!(
        body["error_uri"],
        format!("https://login.microsoftonline.com/error?code={code}")
    );
    let tail = format!(
        "\r\nTrace ID: {request_id}\r\nCorrelation ID: {}\r\nTimestamp: {timestamp}",
        correlation.as_str().unwrap()
    );
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with(&format!("AADSTS{code}: ")) && description.ends_with(&tail),
        "{description}"
    );
    assert!(
        timestamp.len() == 20 && timestamp.ends_with('Z') && timestamp.as_bytes()[10] == b' ',
        "{timestamp}"
    );
    code
}

fn segment(token: &str, index: usize) -> Map<String, Value> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn keys(map: &Map<String, Value>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn success_has_four_members_and_microsofts_headers() {
    let sandbox = sandbox("healthy").await;
    let response = ask(token_url(sandbox.ready()), &form(sandbox.ready())).await;
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("cache-control", "no-store, no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("content-type", "application/json; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\""),
    ] {
        assert_eq!(header(&response, name), value);
    }
    assert!(header(&response, "x-ms-request-id").parse::<Uuid>().is_ok());
    assert!(header(&response, "x-ms-ests-server").ends_with("ProdSlices"));
    let cookies: Vec<&str> = response
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|c| c.to_str().unwrap())
        .collect();
    for name in ["fpc=", "x-ms-gateway-slice=", "stsservicecookie="] {
        assert!(
            cookies.iter().any(|cookie| cookie.starts_with(name)),
            "{name} is missing in {cookies:?}"
        );
    }
    let body: Map<String, Value> = response.json().await.unwrap();
    assert_eq!(
        keys(&body),
        ["token_type", "expires_in", "ext_expires_in", "access_token"]
    );
    assert_eq!(
        (&body["expires_in"], &body["ext_expires_in"]),
        (&json!(3599), &json!(3599))
    );
}

#[tokio::test]
async fn a_version_1_token_has_exactly_its_claims() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let token = token(ready).await;
    let (head, claims) = (segment(&token, 0), segment(&token, 1));
    assert_eq!(
        (&head["typ"], &head["alg"], &head["kid"]),
        (&json!("JWT"), &json!("RS256"), &head["x5t"])
    );
    assert_eq!(
        keys(&claims),
        [
            "aud", "iss", "iat", "nbf", "exp", "aio", "appid", "appidacr", "idp", "oid", "rh", "sub", "tid", "uti",
            "ver"
        ]
    );
    let issuer = format!("https://sts.windows.net/{}/", ready.tenant_id);
    assert_eq!(claims["aud"], format!("api://{}", ready.client_id));
    assert_eq!((&claims["iss"], &claims["idp"]), (&json!(issuer), &json!(issuer)));
    assert_eq!(
        (&claims["appid"], &claims["appidacr"]),
        (&json!(ready.client_id), &json!("1"))
    );
    assert_eq!((&claims["sub"], &claims["ver"]), (&claims["oid"], &json!("1.0")));
}

#[tokio::test]
async fn a_version_2_token_has_exactly_its_claims() {
    let sandbox = sandbox_with("token_version = \"2.0\"").await;
    let ready = sandbox.ready();
    let token = token(ready).await;
    let (head, claims) = (segment(&token, 0), segment(&token, 1));
    assert!(head.contains_key("kid") && !head.contains_key("x5t"), "{head:?}");
    assert_eq!(
        keys(&claims),
        [
            "aud", "iss", "iat", "nbf", "exp", "aio", "azp", "azpacr", "oid", "rh", "sub", "tid", "uti", "ver"
        ]
    );
    assert_eq!(claims["aud"], ready.client_id);
    assert_eq!(
        claims["iss"],
        format!("https://login.microsoftonline.com/{}/v2.0", ready.tenant_id)
    );
    assert_eq!(claims["ver"], "2.0");
}

#[tokio::test]
async fn a_token_verifies_under_the_published_key() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let url = format!("{}/{}/discovery/v2.0/keys", ready.authority, ready.tenant_id);
    let keys: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    let key = &keys["keys"][0];
    for member in ["kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer"] {
        assert!(!key[member].is_null(), "{member} is missing in {key:#}");
    }
    let token = token(ready).await;
    assert_eq!(segment(&token, 0)["kid"], key["kid"]);
    let decoding = DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[format!("api://{}", ready.client_id)]);
    jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
}

#[tokio::test]
async fn each_mistake_in_a_request_has_its_refusal() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let own = format!("api://{}", ready.client_id);
    let secret_id = Uuid::new_v4().to_string();
    let cases: Vec<(&str, &str, u16, &str, u64)> = vec![
        ("client_secret", "abc8Q~wrong", 401, "invalid_client", 7_000_215),
        ("client_secret", &secret_id, 401, "invalid_client", 7_000_215),
        ("client_secret", "", 401, "invalid_client", 7_000_218),
        ("client_id", &secret_id, 400, "unauthorized_client", 700_016),
        ("client_id", "", 400, "invalid_request", 900_144),
        ("grant_type", "", 400, "invalid_request", 900_144),
        ("grant_type", "password", 400, "unsupported_grant_type", 70003),
        ("scope", "", 400, "invalid_request", 900_144),
        ("scope", &own, 400, "invalid_scope", 1_002_012),
        ("scope", "/.default", 400, "invalid_scope", 70011),
        (
            "scope",
            "api://one/.default api://two/.default",
            400,
            "invalid_scope",
            70011,
        ),
        (
            "scope",
            "api://somebody-else/.default",
            400,
            "invalid_resource",
            500_011,
        ),
    ];
    for (field, value, status, error, code) in cases {
        let mut form = form(ready);
        form.retain(|(name, _)| *name != field);
        form.push((field, value.to_owned()));
        let response = ask(token_url(ready), &form).await;
        assert_eq!(code_of(response, status, error).await, code, "{field}={value}");
    }
}

#[tokio::test]
async fn each_mistake_in_the_tenant_has_its_refusal() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let nobody = Uuid::new_v4().to_string();
    for (tenant, code) in [
        (nobody.as_str(), 90002),
        ("unknown.example", 90002),
        ("Harbour Light IT", 900_023),
        ("undefined", 900_023),
        ("common", 9_001_023),
        ("organizations", 9_001_023),
    ] {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", ready.authority);
        let response = ask(url, &form(ready)).await;
        assert_eq!(code_of(response, 400, "invalid_request").await, code, "{tenant}");
    }
}

#[tokio::test]
async fn a_request_of_the_wrong_form_is_refused() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let get = client().get(token_url(ready)).send().await.unwrap();
    assert_eq!(code_of(get, 400, "invalid_request").await, 900_561);
    let as_json = client()
        .post(token_url(ready))
        .json(&json!({ "grant_type": "client_credentials" }));
    assert_eq!(
        code_of(as_json.send().await.unwrap(), 400, "invalid_request").await,
        9_002_313
    );
    let empty = client().post(token_url(ready)).send().await.unwrap();
    assert_eq!(code_of(empty, 400, "invalid_request").await, 900_144);
}

#[tokio::test]
async fn basic_authentication_a_domain_and_a_query_string_are_fine() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let mut form = form(ready);
    form.retain(|(name, _)| !name.starts_with("client_"));
    let url = format!(
        "{}/harbourlight.example/oauth2/v2.0/token?client-request-id=1",
        ready.authority
    );
    let request = client()
        .post(url)
        .basic_auth(&ready.client_id, Some(&ready.client_secret))
        .form(&form);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_clients_request_id_comes_back() {
    let sandbox = sandbox("expired_secret").await;
    let ready = sandbox.ready();
    let id = Uuid::new_v4().to_string();
    let request = client()
        .post(token_url(ready))
        .form(&form(ready))
        .header("client-request-id", &id);
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["correlation_id"], id);
}

#[tokio::test]
async fn scenarios_refuse_with_their_code() {
    for (scenario, status, error, code) in [
        ("expired_secret", 401, "invalid_client", 7_000_222),
        ("service_principal_missing", 401, "invalid_client", 7_000_229),
        ("app_disabled", 400, "unauthorized_client", 7_000_112),
        ("assignment_required", 400, "invalid_grant", 501_051),
        ("conditional_access", 400, "invalid_grant", 53003),
        ("uri_missing", 400, "invalid_resource", 500_011),
    ] {
        let sandbox = sandbox(scenario).await;
        let response = ask(token_url(sandbox.ready()), &form(sandbox.ready())).await;
        assert_eq!(code_of(response, status, error).await, code, "{scenario}");
    }
}

#[tokio::test]
async fn throttling_and_trouble_pass() {
    let throttled = sandbox("entra_throttled").await;
    for _ in 0..2 {
        let response = ask(token_url(throttled.ready()), &form(throttled.ready())).await;
        assert_eq!(header(&response, "retry-after"), "1");
        assert_eq!(code_of(response, 429, "temporarily_unavailable").await, 90055);
    }
    token(throttled.ready()).await;

    let unavailable = sandbox("entra_unavailable").await;
    for _ in 0..2 {
        let response = ask(token_url(unavailable.ready()), &form(unavailable.ready())).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(header(&response, "content-type").starts_with("text/html"));
    }
    token(unavailable.ready()).await;
}

#[tokio::test]
async fn the_configuration_names_the_tenants_guid_even_when_asked_by_domain() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let url = |tenant: &str| format!("{}/{tenant}/v2.0/.well-known/openid-configuration", ready.authority);
    let document: Value = client()
        .get(url("harbourlight.example"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(document["token_endpoint"], token_url(ready));
    assert_eq!(
        document["issuer"],
        format!("https://login.microsoftonline.com/{}/v2.0", ready.tenant_id)
    );
    let unknown = client().get(url("unknown.example")).send().await.unwrap();
    assert_eq!(code_of(unknown, 400, "invalid_tenant").await, 90002);
}

#[tokio::test]
async fn instance_discovery_knows_itself_and_microsofts_hosts_only() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let ask = async |endpoint: String| {
        let url = format!("{}/common/discovery/instance", ready.authority);
        let query = [("authorization_endpoint", endpoint), ("api-version", "1.1".into())];
        client().get(url).query(&query).send().await.unwrap()
    };
    let own = ask(format!("{}/{}/oauth2/v2.0/authorize", ready.authority, ready.tenant_id)).await;
    assert_eq!(header(&own, "cache-control"), "max-age=86400, private");
    let own: Value = own.json().await.unwrap();
    let expected = format!(
        "{}/{}/v2.0/.well-known/openid-configuration",
        ready.authority, ready.tenant_id
    );
    assert_eq!(own["tenant_discovery_endpoint"], expected);
    assert_eq!(own["metadata"][0]["preferred_cache"], "login.windows.net");
    let microsoft = ask("https://login.microsoftonline.com/common/oauth2/v2.0/authorize".into()).await;
    assert_eq!(microsoft.status(), 200);
    let foreign = ask("https://login.example/common/oauth2/v2.0/authorize".into()).await;
    assert_eq!(foreign.status(), 400);
    assert_eq!(foreign.json::<Value>().await.unwrap()["error"], "invalid_instance");
}
