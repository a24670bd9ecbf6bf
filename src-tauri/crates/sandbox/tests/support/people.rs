//! A person with a browser and an app with a loopback redirect, as far as a test needs them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Response, StatusCode};
use sandbox::{Person, Ready};
use serde_json::Value;
use url::Url;

use super::client;

pub const COMMAND_LINE: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
pub const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
pub const REDIRECT: &str = "http://localhost:51234";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const OPENID: &str = "openid profile offline_access";
pub const GRAPH: &str = "openid profile offline_access Directory.Read.All";
pub const ARM: &str = "openid profile offline_access https://management.azure.com/user_impersonation";

pub fn person<'a>(ready: &'a Ready, key: &str) -> &'a Person {
    ready.people.iter().find(|person| person.key == key).unwrap()
}

/// What an app sends the browser to `authorize` with.
pub fn request(ready: &Ready, client_id: &str, scope: &str) -> Vec<(&'static str, String)> {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    let _ = ready;
    vec![
        ("client_id", client_id.to_owned()),
        ("response_type", "code".into()),
        ("redirect_uri", REDIRECT.into()),
        ("scope", scope.to_owned()),
        ("state", "the state".into()),
        ("nonce", "the nonce".into()),
        ("code_challenge", URL_SAFE_NO_PAD.encode(hash)),
        ("code_challenge_method", "S256".into()),
    ]
}

pub async fn authorize(ready: &Ready, parameters: &[(&'static str, String)]) -> Response {
    let url = format!("{}/{}/oauth2/v2.0/authorize", ready.authority, ready.tenant_id);
    client().get(url).query(parameters).send().await.unwrap()
}

/// The name of the flow that the browser is sent to.
pub fn flow(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::FOUND);
    let location = response.headers()["location"].to_str().unwrap();
    location.split_once("flow=").unwrap().1.to_owned()
}

pub async fn post(ready: &Ready, page: &str, form: &[(&str, &str)]) -> Response {
    let url = format!("{}/{}/{page}", ready.authority, ready.tenant_id);
    client().post(url).form(form).send().await.unwrap()
}

pub async fn page(ready: &Ready, path: &str) -> String {
    let url = format!("{}/{}/{path}", ready.authority, ready.tenant_id);
    client().get(url).send().await.unwrap().text().await.unwrap()
}

/// From the sign-in page on: the person chooses themselves, and accepts what there is to accept.
pub async fn agree(ready: &Ready, flow: &str, person: &str) -> Response {
    let response = post(ready, "login", &[("flow", flow), ("choose", person)]).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let html = response.text().await.unwrap();
    assert!(html.contains("id=\"accept\""), "{html}");
    post(ready, "consent", &[("flow", flow), ("answer", "accept")]).await
}

/// A parameter of the redirect to the app.
#[track_caller]
pub fn told(response: &Response, name: &str) -> String {
    assert_eq!(response.status(), StatusCode::FOUND);
    let location: Url = response.headers()["location"].to_str().unwrap().parse().unwrap();
    assert_eq!(
        (location.scheme(), location.host_str(), location.port()),
        ("http", Some("localhost"), Some(51234))
    );
    let found = location.query_pairs().find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| value.into_owned())
}

/// A whole sign-in up to the code.
pub async fn code(ready: &Ready, client_id: &str, scope: &str, person: &str) -> String {
    let flow = flow(&authorize(ready, &request(ready, client_id, scope)).await);
    told(&agree(ready, &flow, person).await, "code")
}

pub fn redemption(client_id: &str, code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".into()),
        ("client_id", client_id.to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT.into()),
        ("code_verifier", VERIFIER.into()),
    ]
}

pub async fn redeem(ready: &Ready, form: &[(&'static str, String)]) -> Response {
    client().post(super::token_url(ready)).form(form).send().await.unwrap()
}

/// A whole sign-in up to the tokens.
pub async fn tokens(ready: &Ready, client_id: &str, scope: &str, person: &str) -> Value {
    let code = code(ready, client_id, scope, person).await;
    let response = redeem(ready, &redemption(client_id, &code)).await;
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, 200, "{body:#}");
    body
}

/// An access token for Graph by the own application, which has all read scopes.
pub async fn graph_token(ready: &Ready, person: &str) -> String {
    text(&tokens(ready, &ready.sign_in_app_id, GRAPH, person).await["access_token"])
}

/// An access token for Azure.
pub async fn arm_token(ready: &Ready, person: &str) -> String {
    text(&tokens(ready, AZURE_CLI, ARM, person).await["access_token"])
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// `GET` under this base with a token; `ConsistencyLevel: eventual` where the address counts.
pub async fn read(base: &str, token: &str, path: &str) -> (u16, Value) {
    let mut request = client().get(format!("{base}{path}")).bearer_auth(token);
    if path.contains("$count=true") {
        request = request.header("ConsistencyLevel", "eventual");
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

/// All pages of a list.
pub async fn read_all(base: &str, token: &str, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = format!("{base}{path}");
    loop {
        let (status, page) = read("", token, &next.replace("%24count", "$count")).await;
        assert_eq!(status, 200, "{page:#}");
        all.extend(page["value"].as_array().unwrap().iter().cloned());
        let link = [&page["@odata.nextLink"], &page["nextLink"]];
        match link.into_iter().find_map(Value::as_str) {
            Some(link) => next = link.to_owned(),
            None => return all,
        }
    }
}
