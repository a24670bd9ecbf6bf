//! Every call that the client can make is answered by the sandbox, which was written from the facts alone.

use cipp_client::{Client, ClientError, ENDPOINTS, Endpoint, ErrorKind, ListLogs};
use cipp_desk_tests::reachable::{Reachable, days_ago};
use tokio_util::sync::CancellationToken;

/// Makes the call and looks at what came of it. A new endpoint has no arm and fails the walk until it gets one.
pub async fn call(name: &str, client: &Client) -> Result<(), ClientError> {
    let cancel = CancellationToken::new();
    match name {
        "ListLogs" => {
            let mut rows = client.list_logs(&ListLogs::day(days_ago(1)), &cancel).await?;
            let first = rows.next().await.expect("yesterday has rows")?;
            assert!(first.fields().unwrap().row_key.is_some());
        }
        "ListApiTest" => {
            let scope = client.list_api_test(&cancel).await?;
            assert_eq!(scope.allowed_tenants, None, "no limit");
            assert!(
                !format!("{scope:?}").contains("eyJ"),
                "the echoed token went no further"
            );
        }
        "ListTenants" => {
            let tenants = client.list_tenants(&cancel).await?;
            assert!(tenants.len() >= 15, "{tenants:?}");
        }
        "GetVersion" => {
            let version = client.get_version(&cancel).await?;
            assert!(format!("{version:?}").contains('.'), "{version:?}");
        }
        "ExecAccessChecks" => {
            let report = client.permissions_check(false, &cancel).await?;
            let account = report.results.expect("CIPP has made this report").access_token;
            assert!(account.expect("the token it looked at").user_principal_name.is_some());
        }
        "ExecApiClient" => {
            let clients = client.api_clients(&cancel).await?;
            let own = client.connection().client_id.to_string();
            assert!(clients.iter().any(|one| one.client_id == own && one.role.is_some()));
        }
        "ExecBackendURLs" => {
            let zone = client.instance_time_zone(&cancel).await?;
            assert_eq!(zone.as_deref(), Some("UTC"));
        }
        "PublicPing" => {
            client.public_ping(&cancel).await?;
        }
        "me" => {
            client.me(&cancel).await?;
        }
        other => panic!("{other} has no journey yet"),
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_is_answered_by_both_flavours() {
    for scenario in ["healthy", "healthy_container"] {
        let client = Reachable::playing(scenario).await;
        for endpoint in ENDPOINTS {
            let answer = call(endpoint.name, &client.client()).await;
            assert!(answer.is_ok(), "{scenario}: {}: {}", endpoint.name, answer.unwrap_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_permission_is_refused_without_it() {
    let place = Reachable::playing("role_lacks_permission").await;
    // Who one is may be asked in any role.
    let guarded = |endpoint: &&&Endpoint| !endpoint.public && endpoint.name != "me";
    for endpoint in ENDPOINTS.iter().filter(guarded) {
        let error = call(endpoint.name, &place.client()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAllowed, "{}: {error}", endpoint.name);
        assert!(error.to_string().contains(endpoint.permission), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_role_is_enough_for_what_it_may_read() {
    let place = Reachable::playing("readonly_role").await;
    for endpoint in ENDPOINTS {
        let answer = call(endpoint.name, &place.client()).await;
        if ["CIPP.AppSettings.Read", "CIPP.Extension.ReadWrite"].contains(&endpoint.permission) {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::NotAllowed, "{}", endpoint.name);
        } else {
            answer.unwrap();
        }
    }
}
