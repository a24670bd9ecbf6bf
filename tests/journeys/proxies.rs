//! Corporate networks: a real forward proxy, with and without a password, and a real one that inspects TLS.
//!
//! A server on this computer is asked over a proxy only where the proxy runs on this computer too, as here.

use cipp_client::{
    Client, ClientError, ClientOptions, Connection, ListLogs, ManualProxy, ProxyChoice, ReachCause, Secret,
};
use cipp_desk_tests::proxies::{ForwardProxy, InspectingProxy, Rules, free_port};
use cipp_desk_tests::reachable::{Reachable, days_ago};
use sandbox::SandboxOptions;
use tokio_util::sync::CancellationToken;

const USER: &str = "anna";
const PASSWORD: &str = "plantedproxypassword";

/// A healthy CIPP over HTTPS: only that goes through a proxy as it does in life, in a tunnel.
async fn healthy() -> Reachable {
    Reachable::with(SandboxOptions {
        tls: true,
        ..SandboxOptions::default()
    })
    .await
}

fn manual(address: &str, password: Option<&str>) -> ProxyChoice {
    ProxyChoice::Manual(ManualProxy {
        address: address.parse().unwrap(),
        user: password.map(|_| USER.to_owned()),
        password: password.and_then(Secret::password),
        bypass: Vec::new(),
    })
}

fn client(place: &Reachable, connection: Connection, proxy: ProxyChoice) -> (Client, ClientOptions) {
    let options = ClientOptions {
        proxy,
        ..ClientOptions::default()
    };
    let client = Client::new(connection, place.secret.clone(), options.clone()).unwrap();
    (client, options)
}

async fn rows_of_yesterday(client: &Client) -> Result<usize, ClientError> {
    let cancel = CancellationToken::new();
    let mut rows = client.list_logs(&ListLogs::day(days_ago(1)), &cancel).await?;
    let mut read = 0;
    while let Some(row) = rows.next().await {
        row?;
        read += 1;
    }
    Ok(read)
}

/// The cause that is named for an error, and everything that the error can say.
fn named(error: &ClientError) -> (&'static str, String) {
    let said = format!("{error} {error:?} {} {}", error.remedy(), error.detail());
    let first = error
        .explanation()
        .failures
        .first()
        .map_or("", |failure| failure.id.as_str());
    (first, said)
}

fn host_and_port(address: &str) -> String {
    address.split_once("://").unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_through_the_proxy_that_was_entered() {
    let Some(proxy) = ForwardProxy::start(Rules::default()) else {
        return;
    };
    let place = healthy().await;
    let (through, options) = client(&place, place.connection.clone(), manual(&proxy.address, None));
    assert!(rows_of_yesterday(&through).await.unwrap() > 100);
    for server in [
        place.connection.api_url.to_string(),
        place.connection.authority.to_string(),
    ] {
        assert!(
            proxy.tunnels_to(&host_and_port(&server)) > 0,
            "{server}: {}",
            proxy.log()
        );
    }
    let knock = through.knock(&CancellationToken::new()).await.unwrap();
    assert_eq!(knock.proxy.as_deref(), Some(proxy.address.as_str()));
    assert!(knock.addresses.is_empty(), "the proxy looks names up");
    assert_eq!(knock.reply.unwrap().status, 401, "it answers, and asks for a token");
    let certificate = knock.certificate.unwrap();
    assert!(
        !certificate.issuer.is_empty() && certificate.valid_until.is_some(),
        "{certificate:?}"
    );
    let calls = options.ledger.calls();
    assert!(
        calls.len() >= 3 && calls.iter().all(|call| call.outcome.is_empty()),
        "{calls:#?}"
    );

    let before = proxy.log().len();
    let (around, _) = client(&place, place.connection.clone(), ProxyChoice::None);
    assert!(rows_of_yesterday(&around).await.is_ok());
    let (system, _) = client(&place, place.connection.clone(), ProxyChoice::System);
    assert!(rows_of_yesterday(&system).await.is_ok());
    assert_eq!(proxy.log().len(), before, "nothing else went through it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_a_password_is_told_apart_and_gets_it() {
    let rules = Rules {
        sign_in: Some((USER, PASSWORD)),
        ..Rules::default()
    };
    let Some(proxy) = ForwardProxy::start(rules) else {
        return;
    };
    let place = healthy().await;
    for password in [None, Some("anotherplantedpassword")] {
        let choice = manual(&proxy.address, password);
        let (refused, options) = client(&place, place.connection.clone(), choice.clone());
        let knock = refused.knock(&CancellationToken::new()).await.unwrap();
        for error in [rows_of_yesterday(&refused).await.unwrap_err(), knock.reply.unwrap_err()] {
            let (cause, said) = named(&error);
            let causes = error.explanation().failures;
            let named = |id: &str| causes.iter().any(|cause| cause.id == id);
            // tinyproxy answers a wrong password with 401 and not 407, which other proxies do: then it may be either.
            assert!(
                cause == "proxy-wants-password" || (password.is_some() && named("proxy-wants-password")),
                "{said}"
            );
            assert!(
                matches!(
                    error,
                    ClientError::Unreachable {
                        cause: ReachCause::Proxy,
                        ..
                    }
                ),
                "{said}"
            );
            assert!(!said.contains("planted"), "{said}");
        }
        let seen = format!("{choice:?} {options:?} {:?} {:?}", options.ledger.calls(), refused);
        assert!(!seen.contains("planted"), "{seen}");
        assert!(options.ledger.calls().iter().all(|call| call.outcome == "proxy"));
    }
    let (let_in, _) = client(&place, place.connection.clone(), manual(&proxy.address, Some(PASSWORD)));
    assert!(rows_of_yesterday(&let_in).await.unwrap() > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_and_one_that_is_not_there_are_told_apart() {
    let rules = Rules {
        only_to_port: Some(443),
        ..Rules::default()
    };
    let place = healthy().await;
    let mut causes = Vec::new();
    if let Some(proxy) = ForwardProxy::start(rules) {
        causes.push((manual(&proxy.address, None), "proxy-refuses-host", Some(proxy)));
    }
    let nobody = format!("127.0.0.1:{}", free_port());
    causes.push((manual(&nobody, None), "proxy-not-reachable", None));
    causes.push((manual(&format!("socks5://{nobody}"), None), "proxy-not-reachable", None));
    for (choice, expected, _proxy) in causes {
        let (client, _) = client(&place, place.connection.clone(), choice);
        let (cause, said) = named(&rows_of_yesterday(&client).await.unwrap_err());
        assert_eq!(cause, expected, "{said}");
    }
    // A proxy whose name is not known is no trouble of the server's name.
    let mut outside = place.connection.clone();
    outside.api_url = "https://cipp.invalid".parse().unwrap();
    let (client, _) = client(&place, outside, manual("http://proxy.invalid:3128", None));
    let knock = client.knock(&CancellationToken::new()).await.unwrap();
    assert_eq!(knock.proxy.as_deref(), Some("proxy.invalid:3128"));
    let (cause, said) = named(&knock.reply.unwrap_err());
    assert_eq!(cause, "proxy-not-reachable", "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn inspected_tls_is_refused_with_its_issuer_and_works_once_its_authority_is_given() {
    let place = healthy().await;
    let Some(proxy) = InspectingProxy::start(place.connection.ca_cert.as_deref().unwrap()) else {
        return;
    };
    let (refusing, options) = client(&place, place.connection.clone(), manual(&proxy.address, None));
    let knock = refusing.knock(&CancellationToken::new()).await.unwrap();
    let shown = knock.certificate.unwrap();
    assert!(shown.issuer.contains("mitmproxy"), "{shown:?}");
    assert!(shown.valid_until.is_some());
    for error in [
        knock.reply.unwrap_err(),
        rows_of_yesterday(&refusing).await.unwrap_err(),
    ] {
        let (cause, said) = named(&error);
        assert_eq!(cause, "tls-inspected", "{said}");
    }
    assert!(
        options
            .ledger
            .calls()
            .iter()
            .all(|call| call.outcome == "no secure connection")
    );

    let mut trusting = place.connection.clone();
    trusting.ca_cert = Some(proxy.authority());
    let (trusting, _) = client(&place, trusting, manual(&proxy.address, None));
    assert!(rows_of_yesterday(&trusting).await.unwrap() > 100);
    let knock = trusting.knock(&CancellationToken::new()).await.unwrap();
    assert_eq!(knock.certificate.unwrap().issuer, shown.issuer);
    assert_eq!(knock.reply.unwrap().status, 401, "it answers, and asks for a token");
}
