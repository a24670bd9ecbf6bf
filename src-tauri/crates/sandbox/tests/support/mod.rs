//! A sandbox, a token and a call, short enough that a test says only what it is about.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod people;

use reqwest::{Client, Response, redirect::Policy};
use sandbox::{Ready, Sandbox, SandboxOptions, Scenario, start};
use serde_json::Value;

pub async fn sandbox(scenario: &str) -> Sandbox {
    play(scenario.parse().unwrap()).await
}

/// A healthy sandbox but for some lines of TOML.
pub async fn sandbox_with(lines: &str) -> Sandbox {
    play(Scenario::from_toml("test", &format!("name = \"test\"\n{lines}")).unwrap()).await
}

async fn play(scenario: Scenario) -> Sandbox {
    start(SandboxOptions {
        scenario,
        ..SandboxOptions::default()
    })
    .await
    .unwrap()
}

/// Follows no redirect, unpacks nothing, knows no proxy.
pub fn client() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .build()
        .unwrap()
}

pub fn form(ready: &Ready) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".into()),
        ("client_id", ready.client_id.clone()),
        ("client_secret", ready.client_secret.clone()),
        ("scope", format!("api://{}/.default", ready.client_id)),
    ]
}

pub fn token_url(ready: &Ready) -> String {
    format!("{}/{}/oauth2/v2.0/token", ready.authority, ready.tenant_id)
}

pub async fn token(ready: &Ready) -> String {
    let response = client().post(token_url(ready)).form(&form(ready)).send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    body["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{body:#}"))
        .to_owned()
}

/// `GET /api/{endpoint}` with this token.
pub async fn get_with(ready: &Ready, token: &str, endpoint: &str) -> Response {
    let url = format!("{}/api/{endpoint}", ready.api_url);
    client().get(url).bearer_auth(token).send().await.unwrap()
}

/// `GET /api/{endpoint}` with a token of its own.
pub async fn get(ready: &Ready, endpoint: &str) -> Response {
    get_with(ready, &token(ready).await, endpoint).await
}

#[track_caller]
pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
