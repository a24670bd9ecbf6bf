//! Everything that stands in the way, told apart by kind, each with a sentence, a next step and never a secret.

use cipp_client::{Client, ClientError, ClientOptions, ErrorKind, ListLogs, Refusal, Secret, WrongDoor};
use cipp_desk_tests::reachable::{Reachable, days_ago};
use tokio_util::sync::CancellationToken;

/// Signs in and reads today's log to its end.
async fn read_today(client: &Client) -> Result<u64, ClientError> {
    let cancel = CancellationToken::new();
    client.sign_in(&cancel).await?;
    let mut rows = client.list_logs(&ListLogs::day(days_ago(0)), &cancel).await?;
    while let Some(row) = rows.next().await {
        row?;
    }
    Ok(rows.rows_read())
}

fn assert_speaks(error: &ClientError, secret: &str) {
    let (sentence, remedy) = (error.to_string(), error.remedy());
    assert!(
        sentence.ends_with(['.', ')']) && !remedy.is_empty(),
        "{sentence:?} {remedy:?}"
    );
    for text in [sentence, remedy, error.detail(), format!("{error:?}")] {
        assert!(!text.contains(secret) && !text.contains("eyJ"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scenario_is_the_kind_of_trouble_that_it_plays() {
    for (scenario, kind) in [
        ("website_address", ErrorKind::WrongAddress),
        ("html_instead_of_json", ErrorKind::WrongAddress),
        ("expired_secret", ErrorKind::SignInRefused),
        ("service_principal_missing", ErrorKind::SignInRefused),
        ("app_disabled", ErrorKind::SignInRefused),
        ("assignment_required", ErrorKind::SignInRefused),
        ("conditional_access", ErrorKind::SignInRefused),
        ("uri_missing", ErrorKind::SignInRefused),
        ("not_saved", ErrorKind::NotAccepted),
        ("v2_audience_gap", ErrorKind::NotAccepted),
        ("client_not_allowed", ErrorKind::NotAllowed),
        ("role_lacks_permission", ErrorKind::NotAllowed),
        ("endpoint_blocked", ErrorKind::NotAllowed),
        ("role_deleted", ErrorKind::NotAllowed),
        ("ip_blocked", ErrorKind::NotAllowed),
        ("subscription_ended", ErrorKind::NotAllowed),
        ("wrong_app", ErrorKind::NotAllowed),
        ("truncated_body", ErrorKind::CutOff),
        ("aborted_body", ErrorKind::CutOff),
    ] {
        let place = Reachable::playing(scenario).await;
        let error = read_today(&place.client()).await.expect_err(scenario);
        assert_eq!(error.kind(), kind, "{scenario}: {error}");
        assert_speaks(&error, place.secret.expose());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_with_the_same_status_have_different_causes() {
    let causes = [
        ("ip_blocked", Refusal::IpNotInRange),
        ("role_deleted", Refusal::NoRole),
        ("subscription_ended", Refusal::SubscriptionEnded),
        ("wrong_app", Refusal::WrongApp),
        ("client_not_allowed", Refusal::NotInAllowedApplications),
    ];
    for (scenario, expected) in causes {
        let place = Reachable::playing(scenario).await;
        match read_today(&place.client()).await {
            Err(ClientError::NotAllowed { cause, text }) => assert_eq!(cause, expected, "{scenario}: {text}"),
            other => panic!("{scenario}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_website_is_recognised_as_the_website() {
    let place = Reachable::playing("website_address").await;
    match read_today(&place.client()).await {
        Err(ClientError::WrongAddress {
            found: WrongDoor::SignInRedirect { .. },
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_are_told_apart_by_entras_code() {
    let place = Reachable::playing("healthy").await;
    let other_id = "0b9f7c3e-1111-2222-3333-444455556666";
    let code_of = async |connection, secret| {
        let client = Client::new(connection, secret, ClientOptions::default()).unwrap();
        match client.sign_in(&CancellationToken::new()).await {
            Err(ClientError::SignInRefused { aadsts, .. }) => aadsts,
            other => panic!("{other:?}"),
        }
    };
    let right = &place.connection;
    let wrong_secret = Secret::parse("abc8Q~wrong-secret-wrong-secret-wrong-wr").unwrap();
    assert_eq!(code_of(right.clone(), wrong_secret).await, Some(7_000_215));

    let mut wrong_tenant = right.clone();
    wrong_tenant.tenant_id = other_id.parse().unwrap();
    assert_eq!(code_of(wrong_tenant, place.secret.clone()).await, Some(90_002));

    let mut wrong_client = right.clone();
    wrong_client.client_id = other_id.parse().unwrap();
    assert_eq!(code_of(wrong_client, place.secret.clone()).await, Some(700_016));
}

#[test]
fn a_secret_id_never_becomes_a_secret() {
    let problem = Secret::parse(" 0b9f7c3e-1111-2222-3333-444455556666\n").unwrap_err();
    assert!(problem.problem.contains("ID"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_write_the_address_leads_to_the_same_place() {
    let place = Reachable::playing("healthy").await;
    let address = place.connection.api_url.to_string();
    let address = address.trim_end_matches('/');
    for written in ["", "/", "/api", "/api/", "/api/api", " ", "\u{a0}"] {
        let mut connection = place.connection.clone();
        connection.api_url = format!("{address}{written}").parse().unwrap();
        assert!(
            read_today(&place.client_for(connection)).await.is_ok(),
            "{address}{written:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ten_minutes_off_reads_all_the_same_and_is_measured() {
    let place = Reachable::playing("clock_off").await;
    let client = place.client();
    let claims = client.sign_in(&CancellationToken::new()).await.unwrap();
    let ahead = claims.clock_skew_seconds.expect("the reply has a date");
    assert!((-660..=-540).contains(&ahead), "{ahead}");
    read_today(&client).await.unwrap();
}
