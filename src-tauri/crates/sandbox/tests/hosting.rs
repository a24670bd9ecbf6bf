//! What stands in front of CIPP's own code: the door, the container's cache and limit, the website
//! (facts: cipp 0.3, 1.9, 2.2, 2.3, 2.9).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

mod support;

use std::time::Duration;

use reqwest::{Client, Response};
use sandbox::{SandboxError, SandboxOptions, Scenario, start};
use serde_json::Value;
use support::{client, form, get, get_with, header, sandbox, sandbox_with, token, token_url};

async fn assert_turned_away(response: Response, status: u16) {
    assert_eq!(response.status(), status);
    assert!(header(&response, "content-type").starts_with("text/html"));
    if status == 401 {
        let challenge = header(&response, "www-authenticate");
        assert!(challenge.starts_with("Bearer realm=\"127.0.0.1:"), "{challenge}");
    }
    let text = response.text().await.unwrap();
    assert_eq!(text, "You do not have permission to view this directory or page.");
}

#[tokio::test]
async fn a_good_token_opens_the_door() {
    for scenario in ["healthy", "healthy_container"] {
        let sandbox = sandbox(scenario).await;
        let response = get(sandbox.ready(), "ListTenants").await;
        assert_eq!(response.status(), 200, "{scenario}");
        assert!(
            header(&response, "content-type").starts_with("application/json"),
            "{scenario}"
        );
    }
}

#[tokio::test]
async fn without_a_token_a_function_app_says_401_and_a_container_lets_cipp_refuse() {
    let function_app = sandbox("healthy").await;
    let url = |base: &str, endpoint: &str| format!("{base}/api/{endpoint}");
    let response = client()
        .get(url(&function_app.ready().api_url, "ListLogs"))
        .send()
        .await
        .unwrap();
    assert_turned_away(response, 401).await;
    let ping = client()
        .get(url(&function_app.ready().api_url, "PublicPing"))
        .send()
        .await
        .unwrap();
    assert_turned_away(ping, 401).await;

    let container = sandbox("healthy_container").await;
    let response = client()
        .get(url(&container.ready().api_url, "ListLogs"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    assert!(response.json::<String>().await.unwrap().contains("FromBase64String"));
    let ping = client()
        .get(url(&container.ready().api_url, "PublicPing"))
        .send()
        .await
        .unwrap();
    assert_eq!(ping.json::<Value>().await.unwrap()["Results"]["Message"], "Pong");
}

#[tokio::test]
async fn a_token_that_is_forged_foreign_or_expired_is_not_accepted() {
    let sandbox = sandbox("healthy").await;
    let ready = sandbox.ready();
    let good = token(ready).await;

    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{unsigned}.{flipped}{}", &signature[1..]);
    assert_turned_away(get_with(ready, &forged, "ListLogs").await, 401).await;
    assert_turned_away(get_with(ready, "not-a-token", "ListLogs").await, 401).await;

    let mut graph = form(ready);
    graph.retain(|(name, _)| *name != "scope");
    graph.push(("scope", "https://graph.microsoft.com/.default".into()));
    let graph: Value = client()
        .post(token_url(ready))
        .form(&graph)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_turned_away(
        get_with(ready, graph["access_token"].as_str().unwrap(), "ListLogs").await,
        401,
    )
    .await;

    // Good in every respect but the key it is signed with: that of another sandbox with the same IDs.
    let twin = support::sandbox("healthy").await;
    assert_eq!(twin.ready().client_id, ready.client_id);
    assert_turned_away(get_with(ready, &token(twin.ready()).await, "ListLogs").await, 401).await;

    let brief = sandbox_with("token_lifetime_seconds = 0").await;
    assert_turned_away(get(brief.ready(), "ListLogs").await, 401).await;
}

#[tokio::test]
async fn a_configuration_that_is_not_there_yet_keeps_good_tokens_out() {
    assert_turned_away(get(sandbox("not_saved").await.ready(), "ListLogs").await, 401).await;
    assert_turned_away(get(sandbox("client_not_allowed").await.ready(), "ListLogs").await, 403).await;
    let restarting = sandbox("restarting").await;
    let response = get(restarting.ready(), "ListLogs").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.text().await.unwrap(), "The service is unavailable.");
}

#[tokio::test]
async fn version_2_tokens_pass_unless_their_audience_is_missing() {
    assert_turned_away(get(sandbox("v2_audience_gap").await.ready(), "ListTenants").await, 401).await;
    let open = sandbox_with("token_version = \"2.0\"").await;
    assert_eq!(get(open.ready(), "ListTenants").await.status(), 200);
}

#[tokio::test]
async fn a_new_token_heals_a_revoked_one_but_not_a_disabled_client() {
    let revoked = sandbox("token_revoked").await;
    let first = token(revoked.ready()).await;
    for _ in 0..5 {
        assert_eq!(get_with(revoked.ready(), &first, "GetVersion").await.status(), 200);
    }
    for _ in 0..2 {
        assert_turned_away(get_with(revoked.ready(), &first, "GetVersion").await, 401).await;
    }
    assert_eq!(get(revoked.ready(), "GetVersion").await.status(), 200);

    let disabled = sandbox("unauthorised_after_good_token").await;
    let first = token(disabled.ready()).await;
    for _ in 0..5 {
        assert_eq!(get_with(disabled.ready(), &first, "GetVersion").await.status(), 200);
    }
    assert_turned_away(get_with(disabled.ready(), &first, "GetVersion").await, 401).await;
    assert_turned_away(get(disabled.ready(), "GetVersion").await, 401).await;
}

#[tokio::test]
async fn the_remote_clock_is_off_in_tokens_and_dates_alike() {
    let sandbox = sandbox("clock_off").await;
    let response = get(sandbox.ready(), "GetVersion").await;
    assert_eq!(response.status(), 200);
    let date = jiff::fmt::rfc2822::parse(header(&response, "date"))
        .unwrap()
        .timestamp();
    let ahead = date.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((500..=600).contains(&ahead), "{ahead} s");
}

#[tokio::test]
async fn the_website_redirects_to_its_sign_in_and_ends_on_microsofts_page() {
    let sandbox = sandbox("website_address").await;
    let ready = sandbox.ready();
    assert_eq!(ready.api_url, ready.website_url);
    let response = get(ready, "ListLogs").await;
    assert_eq!(response.status(), 302);
    assert_eq!(
        header(&response, "location"),
        "/.auth/login/aad?post_login_redirect_uri=.referrer"
    );

    let browser = Client::builder().no_proxy().build().unwrap();
    let page = browser
        .get(format!("{}/api/ListLogs", ready.website_url))
        .send()
        .await
        .unwrap();
    assert!(page.url().as_str().starts_with(&ready.authority));
    assert!(page.text().await.unwrap().contains("AADSTS900144"));

    let unknown = client()
        .get(format!("{}/cipp/logs", ready.website_url))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 200);
    assert!(unknown.text().await.unwrap().contains("<title>CIPP</title>"));
    let ping = client()
        .get(format!("{}/api/PublicPing", ready.website_url))
        .send()
        .await
        .unwrap();
    assert_eq!(ping.json::<Value>().await.unwrap()["Results"]["Message"], "Pong");
}

#[tokio::test]
async fn paths_differ_by_depth_not_by_case() {
    for (scenario, page) in [
        ("healthy", "Functions 4.0"),
        ("healthy_container", "<title>CIPP</title>"),
    ] {
        let sandbox = sandbox(scenario).await;
        let (base, token) = (&sandbox.ready().api_url, token(sandbox.ready()).await);
        let get = async |path: &str| {
            client()
                .get(format!("{base}{path}"))
                .bearer_auth(&token)
                .send()
                .await
                .unwrap()
        };
        assert_eq!(
            get("/API/ListTenants?AllTenantSelector=true").await.status(),
            200,
            "{scenario}"
        );
        assert_eq!(get("/api/api/ListTenants").await.status(), 404, "{scenario}");
        assert_eq!(get("/api/NoSuchThing").await.status(), 404, "{scenario}");
        assert!(get("/").await.text().await.unwrap().contains(page), "{scenario}");
    }
}

#[tokio::test]
async fn given_addresses_carry_the_mistake_they_are_named_after() {
    let with_path = sandbox("api_in_address").await;
    assert!(with_path.ready().api_url.ends_with("/api"));
    let doubled = sandbox("api_doubled").await;
    assert!(doubled.ready().api_url.ends_with("/api/api/"));
}

#[tokio::test]
async fn the_container_answers_from_its_cache_first_and_renews_behind_it() {
    let sandbox = sandbox("healthy_container").await;
    let (ready, token) = (sandbox.ready(), token(sandbox.ready()).await);
    // ListApiTest echoes the headers of the request it was asked with; the cache does not look at them.
    let ask = async |query: &str, probe: &str| {
        let url = format!("{}/api/ListApiTest?{query}", ready.api_url);
        let request = client().get(url).bearer_auth(&token).header("x-probe", probe);
        request.send().await.unwrap()
    };
    let probe = async |response: Response| {
        let body: Value = response.json().await.unwrap();
        body["Request"]["headers"]["x-probe"].as_str().unwrap().to_owned()
    };

    let miss = ask("b=2&a=1", "first").await;
    assert_eq!(header(&miss, "x-cache"), "MISS");
    assert!(header(&miss, "x-request-duration").ends_with("ms"));
    assert_eq!(header(&miss, "x-cache-age"), "");
    assert_eq!(probe(miss).await, "first");

    // The same question in another order. The answer is the old one, however soon.
    let hit = ask("A=1&b=2", "second").await;
    assert_eq!(header(&hit, "x-cache"), "HIT");
    assert_eq!(header(&hit, "x-cache-ttl"), "600s");
    assert!(header(&hit, "x-cache-age").ends_with('s'));
    assert_eq!(probe(hit).await, "first");

    // Some time after the hit, the answer that it asked for is the one in the cache.
    let renewed = async || {
        while probe(ask("a=1&b=2", "third").await).await == "first" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let renewed = tokio::time::timeout(Duration::from_secs(20), renewed()).await;
    renewed.expect("the cache was never renewed");

    let other = get_with(ready, &token, "ListApiTest?a=1&b=3").await;
    assert_eq!(header(&other, "x-cache"), "MISS");
    let invalidated = get_with(ready, &token, "ListApiTest?a=1&b=3&InvalidateCIPPCache=true").await;
    assert_eq!(header(&invalidated, "x-cache"), "MISS");
    let written = client()
        .post(format!("{}/api/ListApiTest", ready.api_url))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(written.status(), 200);
    assert_eq!(
        header(&get_with(ready, &token, "ListApiTest?a=1&b=3").await, "x-cache"),
        "MISS"
    );
}

#[tokio::test]
async fn a_stale_answer_says_so() {
    let sandbox = sandbox_with("flavour = \"container\"\ncache_fresh_seconds = 2").await;
    let (ready, token) = (sandbox.ready(), token(sandbox.ready()).await);
    get_with(ready, &token, "ListApiTest").await;
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let cache = header(&get_with(ready, &token, "ListApiTest").await, "x-cache").to_owned();
    // On a machine that was busy for two more seconds the entry is gone altogether.
    assert!(["HIT-STALE", "MISS"].contains(&cache.as_str()), "{cache}");
}

#[tokio::test]
async fn a_function_app_keeps_nothing_and_packs_nothing() {
    let sandbox = sandbox("healthy").await;
    let url = format!("{}/api/ListTenants", sandbox.ready().api_url);
    let request = client()
        .get(url)
        .bearer_auth(token(sandbox.ready()).await)
        .header("accept-encoding", "gzip, br");
    let response = request.send().await.unwrap();
    assert_eq!(
        (header(&response, "x-cache"), header(&response, "content-encoding")),
        ("", "")
    );
}

#[tokio::test]
async fn the_container_packs_what_the_client_accepts() {
    let sandbox = sandbox("healthy_container").await;
    let token = token(sandbox.ready()).await;
    for (accepted, expected) in [("gzip", "gzip"), ("br", "br"), ("identity", "")] {
        let url = format!("{}/api/ListTenants", sandbox.ready().api_url);
        let request = client()
            .get(url)
            .bearer_auth(&token)
            .header("accept-encoding", accepted);
        assert_eq!(header(&request.send().await.unwrap(), "content-encoding"), expected);
    }
}

#[tokio::test]
async fn a_large_answer_streams_past_the_cache() {
    let sandbox = sandbox("healthy_container").await;
    let (ready, token) = (sandbox.ready(), token(sandbox.ready()).await);
    for _ in 0..2 {
        let response = get_with(
            ready,
            &token,
            "ListLogs?Filter=true&StartDate=20000101&EndDate=29991231",
        )
        .await;
        assert_eq!(header(&response, "x-cache"), "MISS");
        assert!(response.bytes().await.unwrap().len() > 4 * 1024 * 1024);
    }
}

#[tokio::test]
async fn calls_beyond_the_limit_get_an_empty_429_with_a_time_to_wait() {
    let sandbox = sandbox_with("flavour = \"container\"\ncalls_per_10_seconds = 3").await;
    let (ready, token) = (sandbox.ready(), token(sandbox.ready()).await);
    let mut refused = None;
    // A window may end between two of these calls, never between five of them on a machine that runs at all.
    for _ in 0..12 {
        let response = get_with(ready, &token, "GetVersion").await;
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("twelve calls were let through");
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    assert_eq!(refused.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn health_is_open_on_the_container() {
    let sandbox = sandbox("healthy_container").await;
    let health = client()
        .get(format!("{}/healthz", sandbox.ready().api_url))
        .send()
        .await
        .unwrap();
    assert_eq!(health.json::<Value>().await.unwrap()["status"], "ready");
}

#[tokio::test]
async fn one_seed_and_one_moment_give_the_same_bytes() {
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let options = SandboxOptions {
            now: Some("2026-08-08T12:00:00Z".parse().unwrap()),
            ..SandboxOptions::default()
        };
        let sandbox = start(options).await.unwrap();
        let body = get(sandbox.ready(), "ListLogs").await.bytes().await.unwrap();
        assert!(body.len() > 1000);
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn stopping_frees_the_ports_and_only_loopback_is_served() {
    let sandbox = sandbox("healthy").await;
    let authority = sandbox.ready().authority.clone();
    sandbox.stop().await;
    let port = authority.rsplit_once(':').unwrap().1;
    std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();

    let options = SandboxOptions {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..SandboxOptions::default()
    };
    let error = start(options).await.unwrap_err();
    assert!(matches!(error, SandboxError::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_call_that_hangs() {
    let sandbox = sandbox("hang").await;
    let (ready, token) = (sandbox.ready().clone(), token(sandbox.ready()).await);
    let url = format!("{}/api/ListLogs", ready.api_url);
    let call = tokio::spawn(client().get(url).bearer_auth(token).send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(20), sandbox.stop()).await;
    stopped.expect("the sandbox did not stop");
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn an_instance_in_another_time_zone_has_another_today() {
    // Eleven at night in UTC is the next morning twelve hours to the east.
    let options = SandboxOptions {
        scenario: "time_zone".parse().unwrap(),
        now: Some("2026-08-08T23:00:00Z".parse().unwrap()),
        ..SandboxOptions::default()
    };
    let sandbox = start(options).await.unwrap();
    let rows: Vec<Value> = get(sandbox.ready(), "ListLogs").await.json().await.unwrap();
    assert_eq!(rows[0]["DateFilter"], "20260809");
    assert!(rows[0]["DateTime"].as_str().unwrap().starts_with("2026-08-08T"));
}

#[tokio::test]
async fn every_scenario_plays_and_no_secret_is_shown() {
    let sandbox = sandbox("healthy").await;
    for scenario in Scenario::all().unwrap() {
        let name = scenario.name.clone();
        let ready = sandbox.play(scenario).await.unwrap();
        let shown = format!("{ready:?} {sandbox:?}");
        assert!(!shown.contains(&ready.client_secret), "{name}");
        assert!(!shown.contains(&sandbox.ready().client_secret), "{name}");
    }
}
