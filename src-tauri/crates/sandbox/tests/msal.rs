//! The judge of fidelity: MSAL for Python, Microsoft's own library, gets tokens from the sandbox over HTTPS, for itself
//! and for a person in a browser and on a device, and reports its refusals as it would Microsoft's.
//!
//! Needs a Python with `tests/requirements.txt` installed, named by `CIPP_DESK_PYTHON`; `npm test` sets both up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

use std::{
    io::Write,
    process::{Command, Stdio},
};

use sandbox::{Ready, Sandbox, SandboxOptions, start};
use serde_json::{Value, json};

const DOMAIN: &str = "harbourlight.example";

async fn sandbox(scenario: &str) -> Sandbox {
    start(SandboxOptions {
        scenario: scenario.parse().unwrap(),
        tls: true,
        ..SandboxOptions::default()
    })
    .await
    .unwrap()
}

/// What MSAL reports for each case.
async fn judge(ready: &Ready) -> Value {
    let python = std::env::var("CIPP_DESK_PYTHON").expect(
        "CIPP_DESK_PYTHON is not set. Name a Python that has tests/requirements.txt \
         installed, for example target/venv/bin/python; npm test does it by itself",
    );
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    ca_file
        .as_file()
        .write_all(ready.ca_pem.as_ref().unwrap().as_bytes())
        .unwrap();
    let mut given = serde_json::to_value(ready).unwrap();
    given["ca_file"] = json!(ca_file.path());
    given["tenant_domain"] = json!(DOMAIN);
    tokio::task::spawn_blocking(move || {
        let mut child = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/msal_judge.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("CIPP_DESK_PYTHON names {python}, which does not start: {error}"));
        child
            .stdin
            .take()
            .unwrap()
            .write_all(given.to_string().as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        drop(ca_file);
        assert!(output.status.success(), "msal_judge.py failed, see above");
        serde_json::from_slice(&output.stdout).unwrap()
    })
    .await
    .unwrap()
}

#[track_caller]
fn assert_refused(answer: &Value, error: &str, code: u32) {
    assert_eq!(answer["error"], error, "{answer:#}");
    assert_eq!(answer["error_codes"], json!([code]), "{answer:#}");
    let description = answer["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    let trace_id = answer["trace_id"].as_str().unwrap();
    assert!(
        description.contains(&format!("\r\nTrace ID: {trace_id}\r\n")),
        "{description}"
    );
    assert!(
        answer["correlation_id"].is_string() && answer["timestamp"].is_string(),
        "{answer:#}"
    );
}

#[tokio::test]
async fn msal_gets_a_token_and_reports_refusals_as_microsofts() {
    let sandbox = sandbox("healthy").await;
    let said = judge(sandbox.ready()).await;

    for case in ["token", "by_domain"] {
        let answer = &said[case];
        assert_eq!(answer["token_type"], "Bearer", "{case}: {answer:#}");
        assert_eq!(answer["expires_in"], 3599, "{case}: {answer:#}");
        assert_eq!(answer["second_from"], "cache", "{case}: {answer:#}");
        assert_eq!(answer["access_token"].as_str().unwrap().split('.').count(), 3);
    }
    let ready = sandbox.ready();
    let endpoint = format!("{}/{}/oauth2/v2.0/token", ready.authority, ready.tenant_id);
    assert_eq!(said["discovered_token_endpoint"], endpoint);
    assert_refused(&said["wrong_secret"], "invalid_client", 7_000_215);
    assert_refused(&said["secret_id"], "invalid_client", 7_000_215);
    assert_refused(&said["wrong_client"], "unauthorized_client", 700_016);
    assert_refused(&said["bad_scope"], "invalid_scope", 1_002_012);
    assert_refused(&said["unknown_resource"], "invalid_resource", 500_011);
    assert_refused(&said["unknown_tenant"], "invalid_request", 90002);
    let discovery = &said["discovery_of_unknown_tenant"]["value_error"];
    assert!(
        discovery
            .as_str()
            .is_some_and(|text| text.starts_with("Unable to get authority configuration")),
        "{discovery}"
    );
    for case in ["person_in_browser", "person_on_device"] {
        let answer = &said[case];
        assert_eq!(answer["token_type"], "Bearer", "{case}: {answer:#}");
        assert!(
            answer["scope"].as_str().unwrap().contains("Directory.Read.All"),
            "{answer:#}"
        );
        let claims = &answer["id_token_claims"];
        assert_eq!(claims["tid"], ready.tenant_id, "{case}: {answer:#}");
    }
    let person = &said["person_in_browser"];
    let reader = ready.people.iter().find(|person| person.key == "reader").unwrap();
    assert_eq!(person["account"], reader.user_principal_name, "{person:#}");
    assert_eq!(person["refreshed_from"], "identity_provider", "{person:#}");
    sandbox.stop().await;
}

#[tokio::test]
async fn msal_reports_an_expired_secret_as_microsofts() {
    let sandbox = sandbox("expired_secret").await;
    let said = judge(sandbox.ready()).await;
    assert_refused(&said["token"], "invalid_client", 7_000_222);
}
