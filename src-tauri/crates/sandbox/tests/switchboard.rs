//! The faults of the switchboard, each switched on while the sandbox runs: what a client gets, to the byte where that is what
//! it has to recognise, and that all is well again afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, Response};
use sandbox::{Ready, Sandbox, SandboxError, SandboxOptions, Scenario, faults, start};
use serde_json::{Value, json};
use support::{client, form, get, get_with, header, people, sandbox, token, token_url};

/// A thousand seconds of a scenario in one.
async fn quick() -> Sandbox {
    with_pace(1000).await
}

async fn with_pace(pace: u32) -> Sandbox {
    start(SandboxOptions {
        pace,
        ..SandboxOptions::default()
    })
    .await
    .unwrap()
}

async fn play(sandbox: &Sandbox, name: &str) -> Ready {
    let ready = sandbox.play(name.parse().unwrap()).await.unwrap();
    assert_eq!(sandbox.playing().name, name);
    ready
}

/// Yesterday's log, asked for as a careful client does.
fn yesterday(sandbox: &Sandbox) -> String {
    let day = sandbox.days()[1].strftime("%Y%m%d");
    format!(
        "ListLogs?Filter=true&StartDate={day}&EndDate={day}&Severity=Info,Information,Warn,Warning,Error,Critical,Alert"
    )
}

/// What a connection needs, in its order: the anonymous knock, the sign-in, the test call, the log.
async fn assert_well(sandbox: &Sandbox) {
    let ready = play(sandbox, "healthy").await;
    let knock = client()
        .get(format!("{}/api/PublicPing", ready.api_url))
        .send()
        .await
        .unwrap();
    assert_eq!(knock.status(), 401);
    let token = token(&ready).await;
    assert_eq!(claims(&token)["ver"], "1.0");
    let test: Value = get_with(&ready, &token, "ListApiTest").await.json().await.unwrap();
    assert_eq!(test["AllowedTenants"], Value::Null);
    assert!(test["Request"]["headers"].get("x-ms-coldstart").is_none());
    let response = get_with(&ready, &token, &yesterday(sandbox)).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-cache")), (200, ""));
    let rows: Vec<Value> = response.json().await.unwrap();
    assert_eq!(rows.len(), sandbox.rows(sandbox.days()[1]).len());
    assert_eq!(get_with(&ready, &token, "ExecBackendURLs").await.status(), 200);
}

async fn sign_in(ready: &Ready) -> (u16, Value) {
    let response = client().post(token_url(ready)).form(&form(ready)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn told(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

const TURNED_AWAY: &str = "You do not have permission to view this directory or page.";

#[tokio::test]
async fn what_was_typed_wrong_is_refused_by_entra_or_by_the_website() {
    let sandbox = quick().await;
    let right = sandbox.ready().client_secret.clone();
    let client_id = sandbox.ready().client_id.clone();
    for (name, code, words) in [
        ("wrong_secret", 7_000_215, "Invalid client secret provided."),
        ("secret_id", 7_000_215, "Invalid client secret provided."),
        ("expired_secret", 7_000_222, "The provided client secret keys for app"),
    ] {
        let ready = play(&sandbox, name).await;
        assert_ne!(ready.client_secret, right, "{name}");
        assert_eq!(
            ready.client_secret.parse::<uuid::Uuid>().is_ok(),
            name == "secret_id",
            "{name}"
        );
        let (status, body) = sign_in(&ready).await;
        assert_eq!((status, &body["error"]), (401, &json!("invalid_client")), "{name}");
        assert_eq!(body["error_codes"], json!([code]), "{name}");
        let description = body["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{code}: {words}")) && description.contains(&client_id),
            "{description}"
        );
        assert_eq!(play(&sandbox, "healthy").await.client_secret, right);
    }
    let website = play(&sandbox, "website_address").await;
    assert_eq!(website.api_url, website.website_url);
    let response = get(&website, "ListApiTest").await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (302, "/.auth/login/aad?post_login_redirect_uri=.referrer")
    );
    let without_path = play(&sandbox, "api_missing").await;
    assert!(!without_path.api_url.ends_with("/api"));
    assert_eq!(get(&without_path, "ListApiTest").await.status(), 200);
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn the_door_refuses_four_faults_alike_and_the_token_tells_two_of_them_apart() {
    let sandbox = quick().await;
    let (tenant, id) = (&sandbox.ready().tenant_id, &sandbox.ready().client_id);
    for (name, version, audience) in [
        ("client_not_enabled", "1.0", format!("api://{id}")),
        ("not_saved", "1.0", format!("api://{id}")),
        ("v2_audience_gap", "2.0", id.clone()),
        ("mcp_client", "2.0", id.clone()),
    ] {
        let ready = play(&sandbox, name).await;
        let token = token(&ready).await;
        let claims = claims(&token);
        assert_eq!(
            (&claims["ver"], &claims["aud"]),
            (&json!(version), &json!(audience)),
            "{name}"
        );

        let host = ready.api_url.strip_prefix("http://").unwrap();
        let metadata = if name == "mcp_client" {
            format!(" resource_metadata=\"https://{host}/.well-known/oauth-protected-resource\"")
        } else {
            String::new()
        };
        let response = get_with(&ready, &token, "ListApiTest").await;
        assert_eq!(
            header(&response, "www-authenticate"),
            format!(
                "Bearer realm=\"{host}\" authorization_uri=\"https://login.windows.net/{tenant}/oauth2/authorize\" \
                 resource_id=\"{id}\"{metadata}"
            ),
            "{name}"
        );
        assert!(header(&response, "content-type").starts_with("text/html"), "{name}");
        assert_eq!(told(response).await, (401, TURNED_AWAY.to_owned()), "{name}");
    }
    // The last one published where its MCP server is signed in to; others have the web UI there.
    let path = "/.well-known/oauth-protected-resource";
    let published = async |ready: &Ready| client().get(format!("{}{path}", ready.api_url)).send().await.unwrap();
    let document: Value = published(&play(&sandbox, "mcp_client").await)
        .await
        .json()
        .await
        .unwrap();
    assert!(document["resource"].as_str().unwrap().ends_with("/api/ExecMcp"));
    let other = published(&play(&sandbox, "v2_audience_gap").await).await;
    assert!(header(&other, "content-type").starts_with("text/html"));
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn what_azure_and_entra_show_of_the_door_fits_the_fault() {
    const SITE: &str = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/CIPP/providers/Microsoft.Web/\
                        sites/cippsandbox";
    let sandbox = quick().await;
    let provider = "/identityProviders/azureActiveDirectory";
    for (name, enabled, version) in [
        ("healthy", true, Value::Null),
        ("not_saved", false, Value::Null),
        ("client_not_enabled", false, Value::Null),
        ("v2_audience_gap", true, json!(2)),
        ("mcp_client", true, json!(2)),
    ] {
        let ready = play(&sandbox, name).await;
        let azure = people::arm_token(&ready, "admin").await;
        let response = client()
            .post(format!(
                "{}{SITE}/config/authsettingsV2/list?api-version=2020-06-01",
                ready.arm_url
            ))
            .bearer_auth(azure)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let settings: Value = response.json().await.unwrap();
        let settings = &settings["properties"];
        assert_eq!(
            settings.pointer(&format!("{provider}/enabled")),
            Some(&json!(enabled)),
            "{name}"
        );

        let graph = people::graph_token(&ready, "reader").await;
        let address = format!("/v1.0/applications(appId='{}')", ready.client_id);
        let (status, application) = people::read(&ready.graph_url, &graph, &address).await;
        assert_eq!(status, 200, "{application:#}");
        assert_eq!(application["api"]["requestedAccessTokenVersion"], version, "{name}");
        let addresses = application["identifierUris"].as_array().unwrap().len();
        assert_eq!(addresses, if name == "mcp_client" { 3 } else { 1 }, "{name}");
    }
}

#[tokio::test]
async fn a_restart_is_over_after_a_while() {
    let sandbox = with_pace(30).await;
    let ready = play(&sandbox, "restarting").await;
    let response = get(&ready, "ListApiTest").await;
    assert!(header(&response, "content-type").starts_with("text/html"));
    assert_eq!(told(response).await, (503, "The service is unavailable.".to_owned()));
    while get(&ready, "ListApiTest").await.status() == 503 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(get(&ready, "ListApiTest").await.status(), 200);
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn cipp_refuses_in_its_own_words() {
    const ADDRESS: &str =
        "Access to this CIPP API endpoint is not allowed, the API Client does not have the required permission";
    let sandbox = quick().await;
    for (name, endpoint, words) in [
        ("ip_blocked", "ListApiTest", ADDRESS.to_owned()),
        // The container sends its sentences as JSON texts.
        ("ip_list_empty", "ListApiTest", format!("\"{ADDRESS}\"")),
        (
            "readonly_role",
            "ExecAccessChecks?Type=Permissions",
            "Access to this CIPP API endpoint is not allowed, the 'readonly' base role does not have the required \
             permission: CIPP.AppSettings.Read"
                .to_owned(),
        ),
        (
            "role_deleted",
            "ListApiTest",
            "Access to this CIPP API endpoint is not allowed, the user does not have the required permission"
                .to_owned(),
        ),
        (
            "subscription_ended",
            "ListApiTest",
            "Your CIPP subscription has ended. Access to this instance is no longer available.".to_owned(),
        ),
    ] {
        let ready = play(&sandbox, name).await;
        assert_eq!(told(get(&ready, endpoint).await).await, (403, words), "{name}");
    }
    let readonly = play(&sandbox, "readonly_role").await;
    assert_eq!(get(&readonly, &yesterday(&sandbox)).await.status(), 200);

    let limited = play(&sandbox, "tenant_limit").await;
    let test: Value = get(&limited, "ListApiTest").await.json().await.unwrap();
    assert_eq!(test["AllowedTenants"].as_array().unwrap().len(), 3);
    let rows: Vec<Value> = get(&limited, &yesterday(&sandbox)).await.json().await.unwrap();
    assert!(rows.len() < sandbox.rows(sandbox.days()[1]).len());
    assert!(rows.iter().all(|row| row["Tenant"] != "None"));
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn limits_say_how_long_to_wait() {
    let sandbox = quick().await;
    for _ in 0..2 {
        // The count begins anew each time.
        let ready = play(&sandbox, "too_many_calls").await;
        let token = token(&ready).await;
        for _ in 0..12 {
            let response = get_with(&ready, &token, "ListApiTest").await;
            assert_eq!(header(&response, "retry-after"), "1");
            assert_eq!(told(response).await, (429, String::new()));
        }
        assert_eq!(get_with(&ready, &token, "ListApiTest").await.status(), 200);
    }
    let ready = play(&sandbox, "too_many_calls").await;
    let anonymous = client()
        .get(format!("{}/api/PublicPing", ready.api_url))
        .send()
        .await
        .unwrap();
    assert_eq!(anonymous.status(), 200, "the limit is that of the client");

    let ready = play(&sandbox, "egress_quota").await;
    let response = get(&ready, "ListApiTest").await;
    assert_eq!(response.status(), 429);
    let wait: i64 = header(&response, "retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        (&body["error"], &body["retryAfterSeconds"]),
        (&json!("egress_quota_exceeded"), &json!(wait))
    );
    assert!(body["resetUtc"].as_str().unwrap().ends_with("T00:00:00Z"));
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn a_sleeping_app_tells_the_call_that_woke_it() {
    let sandbox = quick().await;
    let ready = play(&sandbox, "cold_start").await;
    let token = token(&ready).await;
    let knock = client()
        .get(format!("{}/api/PublicPing", ready.api_url))
        .send()
        .await
        .unwrap();
    assert_eq!(knock.status(), 401, "the door does not sleep");
    let marked = async || {
        let test: Value = get_with(&ready, &token, "ListApiTest").await.json().await.unwrap();
        test["Request"]["headers"]["x-ms-coldstart"] == "1"
    };
    assert!(marked().await);
    assert!(!marked().await);

    let ready = play(&sandbox, "cold_start").await;
    let cold = async || {
        let ping: Value = get_with(&ready, &token, "PublicPing").await.json().await.unwrap();
        ping["Results"]["ColdStart"].clone()
    };
    assert_eq!((cold().await, cold().await), (json!(true), json!(false)));
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn calls_that_take_too_long_are_given_up_in_the_words_of_who_gave_them_up() {
    let sandbox = quick().await;
    for (name, status, kind, words) in [
        ("cut_off_at_45_seconds", 500, "text/plain", "Backend call failure"),
        (
            "cut_off_at_230_seconds",
            500,
            "text/html",
            "<html><head><title>500 - The request timed out.</title></head><body><h2>500 - The request timed out.</h2>\
             <h3>The web server failed to respond within the specified time.</h3></body></html>",
        ),
        (
            "ten_minute_limit",
            504,
            "application/json",
            r#"{"error":"Request timed out after 600s","code":"timeout"}"#,
        ),
    ] {
        let ready = play(&sandbox, name).await;
        assert_eq!(
            get(&ready, "ListApiTest").await.status(),
            200,
            "{name}: only the log is slow"
        );
        let response = get(&ready, &yesterday(&sandbox)).await;
        assert!(header(&response, "content-type").starts_with(kind), "{name}");
        let (seen, body) = told(response).await;
        assert_eq!(seen, status, "{name}");
        if kind == "application/json" {
            assert_eq!(
                serde_json::from_str::<Value>(&body).unwrap(),
                serde_json::from_str::<Value>(words).unwrap()
            );
        } else {
            assert_eq!(body, words, "{name}");
        }
    }
    assert_well(&sandbox).await;
}

/// What came of a body, and whether it ended as a body does.
async fn read(mut response: Response) -> (String, bool) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            ended => return (String::from_utf8(body).unwrap(), ended.is_ok()),
        }
    }
}

#[tokio::test]
async fn logs_break_off_and_have_bad_rows() {
    let sandbox = quick().await;
    for (name, rows, properly) in [("truncated_body", 101, true), ("half_a_day", 800, false)] {
        let ready = play(&sandbox, name).await;
        let (body, ended_properly) = read(get(&ready, &yesterday(&sandbox)).await).await;
        assert_eq!(
            (body.matches("\"RowKey\"").count(), ended_properly),
            (rows, properly),
            "{name}"
        );
        assert!(serde_json::from_str::<Value>(&body).is_err(), "{name}");
        // A log that is shorter, or empty, breaks off all the same.
        let short = yesterday(&sandbox).replace("Info,Information,Warn,Warning,Error,Critical,Alert", "Critical");
        let (body, ended_properly) = read(get(&ready, &short).await).await;
        assert!(
            serde_json::from_str::<Value>(&body).is_err() && !body.is_empty(),
            "{name}: {body}"
        );
        assert_eq!(ended_properly, properly, "{name}");
        let (body, _) = read(get(&ready, "ListLogs?Filter=true&StartDate=19990101&EndDate=19990101").await).await;
        assert_eq!(body, "[", "{name}");
        let _: Vec<Value> = get(&ready, "ListTenants")
            .await
            .json()
            .await
            .expect("other lists are whole");
    }
    let ready = play(&sandbox, "corrupt_row").await;
    let (body, ended_properly) = read(get(&ready, &yesterday(&sandbox)).await).await;
    assert!(ended_properly && body.ends_with(']') && serde_json::from_str::<Value>(&body).is_err());
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn days_clocks_and_the_cache_can_be_off() {
    let sandbox = quick().await;
    sandbox.set_clock("2026-08-08T23:00:00Z".parse().unwrap());
    let ready = play(&sandbox, "time_zone").await;
    let rows: Vec<Value> = get(&ready, "ListLogs").await.json().await.unwrap();
    assert_eq!(
        rows[0]["DateFilter"], "20260809",
        "the world's clock stays where it was put"
    );
    assert!(rows[0]["DateTime"].as_str().unwrap().starts_with("2026-08-08T"));

    let ready = play(&sandbox, "clock_off").await;
    let response = get(&ready, "ListApiTest").await;
    assert_eq!(response.status(), 200);
    let date = jiff::fmt::rfc2822::parse(header(&response, "date"))
        .unwrap()
        .timestamp();
    let ahead = date.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((400..=600).contains(&ahead), "{ahead} s");

    sandbox.set_clock("2026-08-08T12:00:00Z".parse().unwrap());
    let ready = play(&sandbox, "stale_cache").await;
    let token = token(&ready).await;
    let today = sandbox.days()[0];
    let question = format!(
        "ListLogs?Filter=true&StartDate={0}&EndDate={0}",
        today.strftime("%Y%m%d")
    );
    let ask = async |question: &str| {
        let response = get_with(&ready, &token, question).await;
        let (cache, age) = (
            header(&response, "x-cache").to_owned(),
            header(&response, "x-cache-age").to_owned(),
        );
        (cache, age, response.json::<Vec<Value>>().await.unwrap())
    };
    let (cache, age, old) = ask(&question).await;
    assert_eq!((cache.as_str(), age.as_str()), ("HIT-STALE", "734s"));
    let (cache, _, current) = ask(&format!("{question}&Fresh=1")).await;
    assert_eq!(cache, "MISS");
    assert!(old.len() < current.len(), "{} {}", old.len(), current.len());
    // The first answer had a new one fetched behind it; sooner or later it is the one that comes.
    loop {
        let (cache, _, rows) = ask(&question).await;
        if rows.len() == current.len() {
            assert_eq!(cache, "HIT");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_well(&sandbox).await;
}

fn trusting(ready: &Ready) -> Client {
    let ca = reqwest::Certificate::from_pem(ready.ca_pem.as_ref().unwrap().as_bytes()).unwrap();
    Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap()
}

async fn issuer_of(url: &str) -> String {
    let anyone = Client::builder()
        .no_proxy()
        .tls_info(true)
        .tls_danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let response = anyone.get(url).send().await.unwrap();
    let shown = response.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    String::from_utf8_lossy(shown.peer_certificate().unwrap()).into_owned()
}

#[tokio::test]
async fn inspected_tls_shows_a_certificate_of_somebody_elses() {
    const AUTHORITY: &str = "Contoso Inspection CA";
    // Without TLS of its own the sandbox gives out an address that has it.
    let plain = quick().await;
    let ready = play(&plain, "tls_inspection").await;
    assert!(ready.api_url.starts_with("https://localhost:") && ready.ca_pem.is_none());
    let refused = client().get(&ready.api_url).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    assert!(issuer_of(&ready.api_url).await.contains(AUTHORITY));
    let again = play(&plain, "tls_inspection").await;
    assert_eq!(again.api_url, ready.api_url, "the port stays");
    assert_eq!(play(&plain, "healthy").await.api_url, plain.ready().api_url);
    assert_well(&plain).await;

    let secure = start(SandboxOptions {
        tls: true,
        ..SandboxOptions::default()
    })
    .await
    .unwrap();
    let ready = play(&secure, "tls_inspection").await;
    assert_eq!(ready.api_url, secure.ready().api_url);
    assert!(trusting(&ready).get(&ready.api_url).send().await.is_err());
    assert!(issuer_of(&ready.authority).await.contains(AUTHORITY));
    let ready = play(&secure, "healthy").await;
    assert_eq!(trusting(&ready).get(&ready.api_url).send().await.unwrap().status(), 401);

    let from_the_start = sandbox("tls_inspection").await;
    assert!(issuer_of(&from_the_start.ready().api_url).await.contains(AUTHORITY));
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_lets_nobody_through() {
    let sandbox = quick().await;
    let ready = play(&sandbox, "proxy_password").await;
    let proxy = ready.proxy.clone().unwrap();
    let behind = Client::builder()
        .proxy(reqwest::Proxy::all(&proxy).unwrap())
        .build()
        .unwrap();
    let tunnel = behind
        .get(format!("{}/api/PublicPing", ready.api_url))
        .send()
        .await
        .unwrap_err();
    assert!(
        format!("{tunnel:?}").to_lowercase().contains("proxyauthrequired")
            || format!("{tunnel:?}").contains("proxy authorization required"),
        "{tunnel:?}"
    );
    let plain = behind.get("http://cipp.example/api/PublicPing").send().await.unwrap();
    assert_eq!(
        (plain.status().as_u16(), header(&plain, "proxy-authenticate")),
        (407, "Basic realm=\"Contoso web proxy\"")
    );
    assert!(plain.text().await.unwrap().contains("Proxy Authentication Required"));
    assert_eq!(
        get_with(sandbox.ready(), &token(&ready).await, "ListApiTest")
            .await
            .status(),
        200
    );

    assert_eq!(play(&sandbox, "healthy").await.proxy, None);
    assert_eq!(
        play(&sandbox, "proxy_password").await.proxy,
        Some(proxy),
        "the port stays"
    );
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn another_scenario_changes_what_comes_and_leaves_what_is_there() {
    let sandbox = sandbox("slow_rows").await;
    let before = sandbox.ready().clone();
    let issued = token(&before).await;
    let person = people::tokens(&before, &before.sign_in_app_id, people::GRAPH, "reader").await;
    // A client that keeps its connection, and a body that is on its way.
    let keeping = client();
    let url = format!(
        "{}/api/ListLogs?Filter=true&StartDate=20000101&EndDate=29991231",
        before.api_url
    );
    let mut under_way = keeping.get(&url).bearer_auth(&issued).send().await.unwrap();
    let first = under_way.chunk().await.unwrap().unwrap();
    assert_eq!(first[0], b'[');

    let refused = Scenario::from_toml("x", "name = \"x\"\ninstance_time_zone = \"Nowhere/Land\"").unwrap();
    let error = sandbox.play(refused).await.unwrap_err();
    assert!(matches!(error, SandboxError::TimeZone(_)), "{error}");
    assert_eq!(sandbox.playing().name, "slow_rows");

    let now = play(&sandbox, "healthy_container").await;
    assert_eq!(
        (
            &now.authority,
            &now.api_url,
            &now.tenant_id,
            &now.client_id,
            &now.client_secret
        ),
        (
            &before.authority,
            &before.api_url,
            &before.tenant_id,
            &before.client_id,
            &before.client_secret
        )
    );
    assert_eq!(now.website_url, now.api_url, "the container's website is its API host");
    let response = keeping
        .get(format!("{}/api/ListTenants", now.api_url))
        .bearer_auth(&issued)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "x-cache")),
        (200, "MISS")
    );
    let more = under_way.chunk().await.unwrap();
    assert!(more.is_some(), "the body under way goes on as it began");

    let back = play(&sandbox, "healthy").await;
    assert_eq!(back.website_url, before.website_url);
    let renewed = people::redeem(
        &back,
        &[
            ("grant_type", "refresh_token".into()),
            ("client_id", back.sign_in_app_id.clone()),
            ("refresh_token", people::text(&person["refresh_token"])),
            ("scope", people::GRAPH.into()),
        ],
    )
    .await;
    assert_eq!(renewed.status(), 200);
    assert_well(&sandbox).await;
}

#[tokio::test]
async fn every_fault_can_follow_every_other_and_says_what_it_is() {
    let sandbox = quick().await;
    for fault in faults() {
        let name = fault.name.clone();
        assert!(!fault.teaches.is_empty() && fault.teaches.ends_with('.'), "{name}");
        let ready = sandbox.play(fault).await.unwrap();
        assert_eq!(ready.authority, sandbox.ready().authority, "{name}");
        assert_eq!(ready.proxy.is_some(), name == "proxy_password");
    }
    assert_well(&sandbox).await;
    sandbox.stop().await;
}
