//! The switchboard's faults against the catalogue of failures: what a fault is to be named, the catalogue has; and what the
//! sandbox answers with it, the catalogue recognises. The two crates know nothing of each other.

use std::collections::BTreeSet;

use failures::{Seen, Symptom, by_id, explain};
use reqwest::{Client, Response, redirect::Policy};
use sandbox::{Ready, Sandbox, SandboxOptions, faults};
use serde_json::Value;

#[test]
fn every_fault_is_to_be_named_by_a_failure_that_there_is() {
    for fault in faults() {
        for id in fault.names.iter().chain(&fault.also_names) {
            assert!(by_id(id).is_some(), "{fault}: there is no failure \"{id}\"");
        }
    }
}

/// A reply as the catalogue's samples write it: headers that matter, a blank line, the body.
async fn said(response: Response) -> (u16, String) {
    let mut text = String::new();
    for name in [
        "location",
        "www-authenticate",
        "content-type",
        "retry-after",
        "x-cache",
        "x-cache-age",
    ] {
        if let Some(value) = response.headers().get(name).and_then(|value| value.to_str().ok()) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    (
        response.status().as_u16(),
        format!("{text}\n{}", response.text().await.unwrap()),
    )
}

/// The first reply on a connection's way that is not as it should be.
async fn first_trouble(ready: &Ready, day: &str) -> Option<(u16, String)> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &ready.client_id),
        ("client_secret", &ready.client_secret),
        ("scope", &format!("api://{}/.default", ready.client_id)),
    ];
    let url = format!("{}/{}/oauth2/v2.0/token", ready.authority, ready.tenant_id);
    let answer = client.post(url).form(&form).send().await.unwrap();
    if answer.status() != 200 {
        return Some(said(answer).await);
    }
    let answer: Value = answer.json().await.unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let log = format!("ListLogs?Filter=true&StartDate={day}&EndDate={day}");
    for endpoint in ["ListApiTest", &log, "ExecAccessChecks?Type=Permissions"] {
        let request = client
            .get(format!("{}/api/{endpoint}", ready.api_url))
            .bearer_auth(token);
        let (status, text) = said(request.send().await.unwrap()).await;
        if status != 200 || text.contains("x-cache: HIT") {
            return Some((status, text));
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fault_answers_is_recognised_as_what_it_is_to_be_named() {
    let options = SandboxOptions {
        pace: 1000,
        ..SandboxOptions::default()
    };
    let sandbox: Sandbox = sandbox::start(options).await.unwrap();
    let day = sandbox.days()[1].strftime("%Y%m%d").to_string();
    let mut recognised = 0;
    for fault in faults() {
        // Not told by a reply: the token says it, the transfer ends early, or nothing gets that far.
        let silent = [
            "secret_id",
            "v2_audience_gap",
            "mcp_client",
            "cold_start",
            "half_a_day",
            "tls_inspection",
            "proxy_password",
            // Over before a call of a test would meet it at this pace.
            "restarting",
        ];
        if silent.contains(&fault.name.as_str()) {
            continue;
        }
        let (name, names) = (fault.name.clone(), fault.names.clone());
        let ready = sandbox.play(fault).await.unwrap();
        let Some((status, text)) = first_trouble(&ready, &day).await else {
            continue;
        };
        let found = explain(&Symptom {
            text: &text,
            status: Some(status),
            seen: Some(Seen::Client),
        });
        let ids: Vec<&str> = found.failures.iter().map(|failure| failure.id.as_str()).collect();
        let names = names.unwrap_or_else(|| panic!("{name} is to connect, and got {status} {text}"));
        assert!(
            ids.contains(&names.as_str()),
            "{name}: {names} is not among {ids:?} for {status} {text}"
        );
        recognised += 1;
    }
    assert_eq!(recognised, 16, "of the faults that a reply tells");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_log_means_the_same_in_cipps_words_and_in_microsofts() {
    let sandbox = sandbox::start(SandboxOptions::default()).await.unwrap();
    let meaning = |text: &str| -> BTreeSet<&str> {
        let found = explain(&Symptom::log(text)).failures;
        found.iter().map(|failure| failure.id.as_str()).collect()
    };
    let mut seen = BTreeSet::new();
    for day in sandbox.days().into_iter().take(5) {
        for row in sandbox.rows(day) {
            let Ok(row) = serde_json::from_str::<Value>(&row) else {
                continue;
            };
            let (Some(normalised), Some(raw)) = (
                row["LogData"]["NormalizedError"].as_str(),
                row["LogData"]["RawError"].as_str(),
            ) else {
                continue;
            };
            assert!(
                !meaning(normalised).is_disjoint(&meaning(raw)),
                "{normalised} means {:?}, {raw} means {:?}",
                meaning(normalised),
                meaning(raw)
            );
            seen.insert(normalised.to_owned());
        }
    }
    assert!(seen.len() >= 10, "only {seen:?} came up");
}
