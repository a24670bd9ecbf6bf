//! Both hosting forms of CIPP and both kinds of transport: what is read must not depend on them.

use cipp_client::{Client, ClientOptions, ErrorKind, ListLogs, ReachCause};
use cipp_desk_tests::reachable::{Reachable, days_ago};
use sandbox::SandboxOptions;
use tokio_util::sync::CancellationToken;

async fn yesterday(client: &Client) -> (Vec<String>, Option<String>) {
    let mut rows = client
        .list_logs(&ListLogs::day(days_ago(1)), &CancellationToken::new())
        .await
        .unwrap();
    let mut read = Vec::new();
    while let Some(row) = rows.next().await {
        read.push(row.unwrap().raw().to_owned());
    }
    (read, rows.cache().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn http_https_and_both_flavours_give_the_same_number_of_rows() {
    let mut counts = Vec::new();
    for scenario in ["healthy", "healthy_container"] {
        for tls in [false, true] {
            let scenario = scenario.parse().unwrap();
            let place = Reachable::with(SandboxOptions {
                scenario,
                tls,
                ..SandboxOptions::default()
            })
            .await;
            assert_eq!(place.connection.api_url.to_string().starts_with("https"), tls);
            let (rows, _) = yesterday(&place.client()).await;
            counts.push(rows.len());
        }
    }
    assert!(
        counts[0] > 1_000 && counts.iter().all(|count| *count == counts[0]),
        "{counts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_trusts_is_refused() {
    let place = Reachable::with(SandboxOptions {
        tls: true,
        ..SandboxOptions::default()
    })
    .await;
    let mut connection = place.connection.clone();
    connection.ca_cert = None;
    match place.client_for(connection).sign_in(&CancellationToken::new()).await {
        Err(cipp_client::ClientError::Unreachable {
            cause: ReachCause::Tls, ..
        }) => {}
        other => panic!("{other:?}"),
    }

    let mut connection = place.connection.clone();
    connection.ca_cert = Some("no-such-file.pem".into());
    let error = Client::new(connection, place.secret.clone(), ClientOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert!(error.to_string().contains("no-such-file.pem"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_containers_cache_is_seen_and_changes_nothing() {
    let place = Reachable::playing("healthy_container").await;
    let client = place.client();
    let (first, miss) = yesterday(&client).await;
    let (second, hit) = yesterday(&client).await;
    assert_eq!((miss.as_deref(), hit.as_deref()), (Some("MISS"), Some("HIT")));
    assert!(first == second);

    let function_app = Reachable::playing("healthy").await;
    assert_eq!(yesterday(&function_app.client()).await.1, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_passes_is_waited_out() {
    let scenarios = ["throttled", "starting", "entra_throttled"];
    let reads = scenarios.map(|scenario| {
        tokio::spawn(async move {
            (
                scenario,
                yesterday(&Reachable::playing(scenario).await.client()).await.0.len(),
            )
        })
    });
    for read in reads {
        let (scenario, rows) = read.await.unwrap();
        assert!(rows > 1_000, "{scenario}: {rows}");
    }
}
