//! The ladder on every fault of the switchboard: what is broken against what is named.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use ::diagnosis::{About, Diagnosis, RungOutcome, RungState, Verdict};
use cipp_client::{Client, ClientOptions, Connection, FieldError, ManualProxy, ProxyChoice, Secret};
use sandbox::{Ready, Sandbox, SandboxOptions, Scenario};
use tokio_util::sync::CancellationToken;

/// Minutes of a fault are fractions of a second here.
const PACE: u32 = 200;

async fn sandbox(pace: u32) -> Sandbox {
    let options = SandboxOptions {
        pace,
        ..SandboxOptions::default()
    };
    sandbox::start(options).await.unwrap()
}

/// What a technician would have typed, and what the app makes of it.
fn client(ready: &Ready, about: &About) -> Result<Client, FieldError> {
    let connection = Connection {
        api_url: ready.api_url.parse()?,
        tenant_id: ready.tenant_id.parse()?,
        client_id: ready.client_id.parse()?,
        authority: ready.authority.parse()?,
        ca_cert: None,
    };
    let proxy = ready.proxy.as_ref().map(|address| {
        ProxyChoice::Manual(ManualProxy {
            address: address.parse().unwrap(),
            user: None,
            password: None,
            bypass: Vec::new(),
        })
    });
    let options = ClientOptions {
        proxy: proxy.unwrap_or_default(),
        ..ClientOptions::default()
    };
    let secret = Secret::parse(&ready.client_secret)?;
    Ok(Client::new(connection, secret, about.patience.options(options)).unwrap())
}

async fn climb(ready: &Ready) -> Diagnosis {
    let about = About::default();
    match client(ready, &about) {
        Ok(client) => ::diagnosis::run(&client, &about, &|_| {}, &CancellationToken::new()).await,
        Err(refused) => ::diagnosis::refused(&refused, &about),
    }
}

/// Everything that a run names, the one first that is to be read first.
fn named(run: &Diagnosis) -> Vec<String> {
    let told = match run.broken() {
        Some(broken) => broken.causes.clone(),
        None => run.rungs.iter().flat_map(|rung| rung.notes.clone()).collect(),
    };
    assert!(
        told.iter().all(|id| failures::by_id(id).is_some()),
        "not in the catalogue: {told:?}"
    );
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_switchboard_is_named() {
    let faults = sandbox::faults();
    assert!(faults.len() >= 29, "the issue lists 29");
    println!("{:<26} {:<30} {:<30} broken at", "injected", "to be named", "named");
    let mut wrong = Vec::new();
    for fault in faults {
        // A restart is over after its own time; at this pace before anybody looks.
        let pace = if fault.names.as_deref() == Some("instance-restarting") {
            1
        } else {
            PACE
        };
        let sandbox = sandbox(pace).await;
        let ready = sandbox.play(fault.clone()).await.unwrap();
        let run = climb(&ready).await;
        let told = named(&run);
        let (wanted, found) = (fault.names.as_deref(), told.first().map(String::as_str));
        let rung = run.broken().map_or("-", |rung| ::diagnosis::name(rung.rung));
        println!(
            "{:<26} {:<30} {:<30} {rung}",
            fault.name,
            wanted.unwrap_or("-"),
            found.unwrap_or("-")
        );
        let also = fault.also_names.iter().all(|id| told.contains(id));
        if wanted != found || !also {
            wrong.push(format!(
                "{}: {wanted:?} and {:?}, not {told:?}: {run:#?}",
                fault.name, fault.also_names
            ));
        }
        let healthy = climb(&sandbox.play(Scenario::default()).await.unwrap()).await;
        if healthy.verdict != Verdict::Works || !named(&healthy).is_empty() {
            wrong.push(format!("{}, repaired: {healthy:#?}", fault.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_connection_holds_at_every_rung_in_order() {
    let sandbox = sandbox(1).await;
    let about = About::default();
    let client = client(sandbox.ready(), &about).unwrap();
    let told = Mutex::new(Vec::new());
    let tell = |outcome: &RungOutcome| told.lock().unwrap().push((outcome.number, outcome.state));
    let run = ::diagnosis::run(&client, &about, &tell, &CancellationToken::new()).await;
    assert_eq!(run.verdict, Verdict::Works, "{run:#?}");
    let expected: Vec<_> = (1..=9)
        .flat_map(|number| [(number, RungState::Running), (number, RungState::Passed)])
        .collect();
    assert_eq!(told.into_inner().unwrap(), expected);
    assert!(run.rungs.iter().all(|rung| !rung.proof.is_empty()), "{run:#?}");
    let report = ::diagnosis::report(&run);
    for told in ["the log can be read", "8. Log read: ok", "- Client: ", "CIPP-API"] {
        assert!(report.contains(told), "{told} is not in\n{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_holds_the_secret_or_a_token() {
    let sandbox = sandbox(PACE).await;
    for name in [
        "healthy",
        "expired_secret",
        "not_saved",
        "role_deleted",
        "website_address",
    ] {
        let ready = sandbox.play(name.parse().unwrap()).await.unwrap();
        let run = climb(&ready).await;
        let kept = serde_json::to_string(&run).unwrap();
        let report = ::diagnosis::report(&run);
        for text in [kept, report, format!("{run:?}")] {
            assert!(!text.contains(&ready.client_secret), "{name}: the secret is in {text}");
            // Every token of the sandbox begins like this, as every JSON token does.
            assert!(!text.contains("eyJ"), "{name}: a token is in {text}");
            assert!(!text.to_lowercase().contains("authorization:"), "{name}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_climb_ends_as_soon_as_it_is_cancelled() {
    let sandbox = sandbox(1).await;
    let ready = sandbox.play("hang".parse().unwrap()).await.unwrap();
    let about = About::default();
    let client = client(&ready, &about).unwrap();
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let (hanging, mut is_hanging) = tokio::sync::mpsc::unbounded_channel();
    let tell = move |outcome: &RungOutcome| {
        let _ = hanging.send((outcome.number, outcome.state));
    };
    let climbing = tokio::spawn(async move { ::diagnosis::run(&client, &about, &tell, &cancel).await });
    while let Some(told) = is_hanging.recv().await {
        if told == (2, RungState::Running) {
            break;
        }
    }
    // It hangs at whatever rung by now; no rung may outlive the wish to stop.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    stop.cancel();
    let run = climbing.await.unwrap();
    assert_eq!(run.verdict, Verdict::Cancelled);
    // Generous: what is held is that nobody waits for a time-out of seconds.
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert!(run.rungs.iter().all(|rung| rung.state != RungState::Running));
}
