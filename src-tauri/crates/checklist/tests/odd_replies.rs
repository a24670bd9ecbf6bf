//! What CIPP may answer besides the usual: half-made reports, old ones, unwrapped lists, its own untruths.
//!
//! A few lines of server in place of an instance, because the sandbox plays whole worlds and not single oddities.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use checklist::{CheckId, CheckProgress, Evidence, Obstacle, Planned, Sources, Subject, Verdict, check_all};
use cipp_client::{Client, ClientOptions, Connection, RetryPolicy, Secret};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const NOW: &str = "2026-11-22T12:00:00Z";

/// Answers by endpoint, the first whose words occur in `Endpoint?query`; what was asked is kept.
#[derive(Clone, Default)]
struct Instance {
    answers: Arc<Vec<(&'static str, u16, Value)>>,
    asked: Arc<Mutex<Vec<String>>>,
    tokens: Arc<AtomicUsize>,
}

impl Instance {
    fn new(answers: impl IntoIterator<Item = (&'static str, u16, Value)>) -> Instance {
        Instance {
            answers: Arc::new(answers.into_iter().collect()),
            ..Instance::default()
        }
    }

    async fn client(&self) -> Client {
        let routes = Router::new()
            .route("/msp.example/oauth2/v2.0/token", post(token))
            .route("/api/{endpoint}", get(answer))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let connection = Connection {
            api_url: address.parse().unwrap(),
            tenant_id: "msp.example".parse().unwrap(),
            client_id: "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f".parse().unwrap(),
            authority: address.parse().unwrap(),
            ca_cert: None,
        };
        let moment = Duration::from_millis(5);
        let options = ClientOptions {
            retry: RetryPolicy {
                first_pause: moment,
                first_pause_when_asked_to_wait: moment,
                ..RetryPolicy::default()
            },
            ..ClientOptions::default()
        };
        Client::new(connection, Secret::parse("planted8Q~secret").unwrap(), options).unwrap()
    }

    async fn look(&self, checks: &[CheckId]) -> Vec<(Verdict, Evidence)> {
        let sources = Sources {
            cipp: Some(self.client().await),
            microsoft: None,
            subject: Subject::default(),
            clock: Arc::new(|| NOW.parse::<Timestamp>().unwrap()),
        };
        let plan: Vec<Planned> = checks
            .iter()
            .map(|id| Planned {
                step: id.to_string(),
                checks: vec![*id],
            })
            .collect();
        let round = check_all(&sources, &plan, &mut |_: CheckProgress| {}, &CancellationToken::new()).await;
        round
            .findings
            .into_iter()
            .map(|found| (found.finding.verdict, found.finding.evidence))
            .collect()
    }

    async fn one(&self, check: CheckId) -> Verdict {
        self.look(&[check]).await.remove(0).0
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn token(State(instance): State<Instance>) -> Json<Value> {
    instance.tokens.fetch_add(1, Ordering::SeqCst);
    Json(json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "planted-token"}))
}

async fn answer(
    State(instance): State<Instance>,
    Path(endpoint): Path<String>,
    RawQuery(query): RawQuery,
) -> (StatusCode, Json<Value>) {
    let line = format!("{endpoint}?{}", query.unwrap_or_default());
    instance.asked.lock().unwrap().push(line.clone());
    let found = instance.answers.iter().find(|(words, ..)| line.contains(words));
    match found {
        Some((_, status, body)) => (StatusCode::from_u16(*status).unwrap(), Json(body.clone())),
        None => (StatusCode::NOT_FOUND, Json(json!("no such endpoint"))),
    }
}

fn permissions(changes: Value) -> Instance {
    Instance::new([("ExecAccessChecks?Type=Permissions", 200, report(changes, NOW))])
}

/// A report that is content, with these changes.
fn report(changes: Value, last_run: &str) -> Value {
    let mut results = json!({
        "AccessTokenDetails": {"AppId": "sam", "Name": "CIPP Service Account", "UserPrincipalName": "cipp@msp.example", "AuthMethods": ["pwd", "mfa"]},
        "ApplicationTokenDetails": {"AppId": "sam", "Roles": ["Directory.ReadWrite.All"]},
        "ErrorMessages": [], "MissingPermissions": [], "Success": true
    });
    for (name, value) in changes.as_object().unwrap() {
        results[name] = value.clone();
    }
    json!({"Results": results, "Metadata": {"LastRun": last_run}})
}

fn gdap(results: Value) -> Instance {
    let body = json!({"Results": results, "Metadata": {"LastRun": NOW}});
    Instance::new([("ExecAccessChecks?Type=GDAP", 200, body)])
}

fn cause(verdict: &Verdict) -> Obstacle {
    match verdict {
        Verdict::CouldNotCheck { cause, .. } => *cause,
        other => panic!("it could: {other:?}"),
    }
}

fn passed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Passed { .. })
}

fn failed(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Failed { reason, .. } => reason.clone(),
        other => panic!("not failed: {other:?}"),
    }
}

#[tokio::test]
async fn nothing_missing_without_a_single_permission_is_the_known_untruth() {
    let green = permissions(json!({}));
    assert!(passed(&green.one(CheckId::CippSamPermissions).await));
    for token in [json!({"AppId": "sam", "Roles": ""}), json!({}), Value::Null] {
        let untrue = permissions(json!({"ApplicationTokenDetails": token}));
        let verdict = untrue.one(CheckId::CippSamPermissions).await;
        assert_eq!(cause(&verdict), Obstacle::Unclear, "{verdict:?}");
    }
    let missing = permissions(json!({"MissingPermissions": {"Permission": "User.Read.All", "Application": "Graph"}}));
    assert!(failed(&missing.one(CheckId::CippSamPermissions).await).contains("User.Read.All (Graph)"));
    let no_list = permissions(json!({"MissingPermissions": null}));
    assert_eq!(
        cause(&no_list.one(CheckId::CippSamPermissions).await),
        Obstacle::Unclear
    );
}

#[tokio::test]
async fn what_a_report_does_not_say_is_neither_red_nor_green() {
    let nobody = permissions(json!({"AccessTokenDetails": {}}));
    assert_eq!(
        cause(&nobody.one(CheckId::CippServiceAccountName).await),
        Obstacle::Unclear
    );
    assert_eq!(cause(&nobody.one(CheckId::CippMfaClaim).await), Obstacle::Unclear);
    let silent = permissions(json!({"Success": null}));
    assert_eq!(
        cause(&silent.one(CheckId::CippAccessPermissions).await),
        Obstacle::Unclear
    );
    let groups = gdap(json!({"GDAPIssues": []}));
    assert_eq!(cause(&groups.one(CheckId::CippAdminagents).await), Obstacle::Unclear);
    assert_eq!(cause(&groups.one(CheckId::CippGdapGroups).await), Obstacle::Unclear);
}

#[tokio::test]
async fn methods_come_as_list_text_or_nothing() {
    let by = async |methods: Value| {
        permissions(json!({"AccessTokenDetails": {"Name": "x", "AuthMethods": methods}}))
            .one(CheckId::CippMfaClaim)
            .await
    };
    assert!(passed(&by(json!(["pwd", "MFA"])).await));
    assert!(passed(&by(json!("mfa")).await));
    failed(&by(json!("")).await);
    failed(&by(json!(["pwd"])).await);
}

#[tokio::test]
async fn the_key_vault_is_waited_for_and_any_other_fault_is_one() {
    let vault = "Your refresh token does not match the one in the Key Vault.";
    let waits = permissions(json!({"Success": false, "ErrorMessages": vault}));
    assert!(matches!(
        waits.one(CheckId::CippAccessPermissions).await,
        Verdict::Waiting { .. }
    ));
    let worse = permissions(json!({"Success": false, "ErrorMessages": [vault, "No MFA claim."]}));
    assert!(failed(&worse.one(CheckId::CippAccessPermissions).await).contains("No MFA claim"));
}

#[tokio::test]
async fn a_report_that_was_never_made_or_is_old_proves_nothing() {
    for (results, run) in [
        (Value::Null, json!(null)),
        (report(json!({}), NOW)["Results"].clone(), json!(null)),
        (report(json!({}), NOW)["Results"].clone(), json!("2026-11-20T12:00:00Z")),
    ] {
        let body = json!({"Results": results, "Metadata": {"LastRun": run}});
        let instance = Instance::new([("ExecAccessChecks", 200, body)]);
        assert_eq!(
            cause(&instance.one(CheckId::CippAccessPermissions).await),
            Obstacle::NotRunYet,
            "{run}"
        );
    }
}

#[tokio::test]
async fn a_fault_in_a_kept_report_is_looked_at_afresh_and_a_good_one_is_believed() {
    let kept = "2026-11-22T11:20:00Z";
    let bad = report(json!({"Success": false, "ErrorMessages": ["No MFA claim."]}), kept);
    let instance = Instance::new([
        ("SkipCache=true", 200, report(json!({}), NOW)),
        ("Type=Permissions", 200, bad),
    ]);
    let found = instance
        .look(&[CheckId::CippAccessPermissions, CheckId::CippMfaClaim])
        .await;
    assert!(found.iter().all(|(verdict, _)| passed(verdict)), "{found:?}");
    assert_eq!(
        instance.asked().len(),
        2,
        "once as it is kept, once afresh, for both checks"
    );
    let good = Instance::new([("Type=Permissions", 200, report(json!({}), kept))]);
    let (verdict, evidence) = good.look(&[CheckId::CippAccessPermissions]).await.remove(0);
    assert!(passed(&verdict) && good.asked().len() == 1);
    let told = evidence
        .fields
        .iter()
        .any(|field| field.name == "Metadata.LastRun" && field.value == kept);
    assert!(told, "{evidence:?}");
}

#[tokio::test]
async fn groups_are_missing_not_there_yet_or_too_few() {
    let agents = gdap(
        json!({"GDAPIssues": {"Type": "Error", "Issue": "not in AdminAgents"}, "MissingGroups": [], "Memberships": []}),
    );
    failed(&agents.one(CheckId::CippAdminagents).await);
    let none = gdap(json!({"MissingGroups": [{"Name": "M365 GDAP User Administrator"}], "CIPPGroupCount": 0}));
    assert!(matches!(
        none.one(CheckId::CippGdapGroups).await,
        Verdict::NotApplicable { .. }
    ));
    let few = gdap(json!({"MissingGroups": [], "CIPPGroupCount": 14}));
    assert!(failed(&few.one(CheckId::CippGdapGroups).await).contains("14"));
    let other = gdap(json!({"MissingGroups": [{"Name": "AdminAgents"}], "CIPPGroupCount": 15}));
    assert!(
        passed(&other.one(CheckId::CippGdapGroups).await),
        "AdminAgents is another check's affair"
    );
}

#[tokio::test]
async fn tenants_are_bad_open_or_none() {
    let tenants = async |tenants: Value| {
        let body = json!({"Results": tenants, "Metadata": {"LastRun": NOW}});
        Instance::new([("Type=Tenants", 200, body)])
            .one(CheckId::CippTenantAccess)
            .await
    };
    let row =
        |graph: Value| json!({"DefaultDomainName": "contoso.example", "GraphStatus": graph, "ExchangeStatus": true});
    assert!(passed(&tenants(json!([row(json!(true))])).await));
    assert!(
        passed(&tenants(row(json!("True"))).await),
        "one tenant may come without its list"
    );
    assert!(failed(&tenants(json!([row(json!(false)), row(json!("Not run yet"))])).await).contains("contoso.example"));
    assert!(matches!(
        tenants(json!([row(json!("Not run yet"))])).await,
        Verdict::Waiting { .. }
    ));
    assert!(matches!(tenants(json!([])).await, Verdict::NotApplicable { .. }));
    assert_eq!(cause(&tenants(json!(null)).await), Obstacle::NotRunYet);
}

#[tokio::test]
async fn a_role_that_cipp_does_not_tell_is_proved_by_the_logbook() {
    let silent = [
        (
            "me?",
            403,
            json!("Cannot bind argument to parameter 'UserRoles' because it is null."),
        ),
        ("me?", 200, json!({"clientPrincipal": null, "permissions": []})),
    ];
    for me in silent {
        let reads = Instance::new([me.clone(), ("ListLogs", 200, json!([]))]);
        assert!(passed(&reads.one(CheckId::CippRole).await));
        let small = "the 'x' base role does not have the required permission: CIPP.Core.Read";
        let lacks = Instance::new([me, ("ListLogs", 403, json!(small))]);
        failed(&lacks.one(CheckId::CippRole).await);
    }
    let told = |permissions: Value| {
        Instance::new([(
            "me?",
            200,
            json!({"clientPrincipal": {"appRole": "logs"}, "permissions": permissions}),
        )])
    };
    assert!(passed(&told(json!("CIPP.Core.Read")).one(CheckId::CippRole).await));
    assert!(passed(
        &told(json!(["CIPP.Core.ReadWrite"])).one(CheckId::CippRole).await
    ));
    failed(&told(json!(["Identity.User.Read"])).one(CheckId::CippRole).await);
}

#[tokio::test]
async fn not_accepted_is_found_out_once_and_told_everywhere() {
    let instance = Instance::new([("", 401, json!(""))]);
    let checks: Vec<CheckId> = CheckId::ALL.iter().copied().filter(|id| id.is_cipp()).collect();
    let found = instance.look(&checks).await;
    for (id, (verdict, evidence)) in checks.iter().zip(&found) {
        match id {
            CheckId::CippToken => assert!(passed(verdict)),
            CheckId::CippAddress => assert!(matches!(verdict, Verdict::Passed { hint: Some(_) }), "{verdict:?}"),
            CheckId::CippAccepted | CheckId::CippListlogs => _ = failed(verdict),
            _ => assert_eq!(cause(verdict), Obstacle::NotLetIn, "{id}"),
        }
        let text = format!("{evidence:?}");
        assert!(!text.contains("planted"), "{text}");
    }
    assert!(
        instance.asked().len() <= 2,
        "once, and once with another token: {:?}",
        instance.asked()
    );
    assert_eq!(instance.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_server_that_starts_is_waited_for_and_one_in_trouble_is_not_judged() {
    let starting = Instance::new([(
        "ListLogs",
        503,
        json!({"error": "Application is starting up. Please wait."}),
    )]);
    assert!(matches!(
        starting.one(CheckId::CippAccepted).await,
        Verdict::Waiting { .. }
    ));
    assert!(matches!(
        starting.one(CheckId::CippListlogs).await,
        Verdict::Waiting { .. }
    ));
    let trouble = Instance::new([("", 500, json!("boom"))]);
    assert_eq!(cause(&trouble.one(CheckId::CippVersion).await), Obstacle::Network);
    assert_eq!(cause(&trouble.one(CheckId::CippAccepted).await), Obstacle::Network);
    let nameless = Instance::new([("GetVersion", 200, json!({}))]);
    assert_eq!(cause(&nameless.one(CheckId::CippVersion).await), Obstacle::Unclear);
}

#[tokio::test]
async fn nobody_at_the_address_is_no_fault_of_the_set_up() {
    let client = Instance::default().client().await;
    let mut connection = client.connection().clone();
    connection.api_url = "http://127.0.0.1:1".parse().unwrap();
    let client = Client::new(
        connection,
        Secret::parse("planted8Q~secret").unwrap(),
        ClientOptions {
            retry: RetryPolicy {
                first_pause: Duration::from_millis(1),
                ..RetryPolicy::default()
            },
            ..ClientOptions::default()
        },
    );
    let sources = Sources {
        cipp: Some(client.unwrap()),
        microsoft: None,
        subject: Subject::default(),
        clock: Arc::new(|| NOW.parse::<Timestamp>().unwrap()),
    };
    let plan: Vec<Planned> = [CheckId::CippAddress, CheckId::CippListlogs, CheckId::CippVersion]
        .map(|id| Planned {
            step: id.to_string(),
            checks: vec![id],
        })
        .into();
    let round = check_all(&sources, &plan, &mut |_: CheckProgress| {}, &CancellationToken::new()).await;
    for found in &round.findings {
        assert_eq!(cause(&found.finding.verdict), Obstacle::Network, "{}", found.step);
    }
    let made: usize = round
        .findings
        .iter()
        .map(|found| found.finding.evidence.requests.len())
        .sum();
    assert_eq!(
        made, 2,
        "the log was asked for twice in evidence, the version not at all"
    );
}
