//! The sign-in in the browser: what is asked for, what comes back, and who else knocks.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use ms_client::{Ask, RefusalCause, Scopes, SignIn, SignInApp, SignInError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::*;

fn at(mut url: Url, host: &str) -> Url {
    url.set_host(Some(host)).unwrap();
    url
}

#[tokio::test]
async fn a_person_signs_in_by_either_address_of_this_computer() {
    let fake = Fake::start().await;
    let has_ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok();
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        if host == "[::1]" && !has_ipv6 {
            continue;
        }
        let pending = fake.begin().await;
        let back = at(fake.accept(pending.url()), host);
        let (done, (status, page)) = finished_beside(pending, browse(back)).await;
        let sign_in = done.unwrap();
        assert_eq!((sign_in.who().upn.as_str(), sign_in.who().tid.as_str()), (UPN, TENANT));
        assert_eq!(sign_in.who().name.as_deref(), Some("Anna Admin"));
        assert_eq!(sign_in.granted(), Scopes::tier_1());
        assert!(status == 200 && page.contains("You may close this page"), "{page}");
        assert!(!page.contains("planted") && !page.contains("<script"), "{page}");
    }
}

#[tokio::test]
async fn the_request_is_a_public_clients_with_pkce_state_and_nonce() {
    let fake = Fake::start().await;
    let pending = fake.begin().await;
    let asked = parameters(pending.url());
    let path = format!("/{TENANT}/oauth2/v2.0/authorize");
    assert_eq!(
        (pending.url().path(), asked["response_type"].as_str()),
        (path.as_str(), "code")
    );
    assert_eq!(asked["client_id"], OWN_APP);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["response_mode"], "query");
    assert_eq!(asked["prompt"], "select_account");
    assert_eq!(
        asked["scope"],
        "openid profile offline_access MailboxSettings.Read User.Read"
    );
    let (name, port) = asked["redirect_uri"].rsplit_once(':').unwrap();
    assert!(
        name == "http://localhost" && port.parse::<u16>().is_ok(),
        "{}",
        asked["redirect_uri"]
    );
    assert!(asked["state"].len() >= 43 && asked["nonce"].len() >= 22 && asked["code_challenge"].len() == 43);
    // A second sign-in shares nothing with the first.
    let other = parameters(fake.begin().await.url());
    for name in ["state", "nonce", "code_challenge", "redirect_uri"] {
        assert_ne!(asked[name], other[name], "{name}");
    }
    fake.finish(pending).await.unwrap();
    let form = &fake.forms_of("authorization_code")[0];
    assert!(!form.contains_key("client_secret") && form["redirect_uri"] == asked["redirect_uri"]);
}

#[tokio::test]
async fn microsofts_own_tools_are_named_and_the_right_one_is_used() {
    let fake = Fake::start().await;
    let microsoft = fake.microsoft(SignInApp::WellKnown);
    let graph = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    assert_eq!(
        parameters(graph.url())["client_id"],
        "14d82eec-204b-4c2f-b7e8-296a70dab67e"
    );
    assert_eq!(graph.shown_name(), "Microsoft Graph Command Line Tools");
    let azure = SignIn::begin(&microsoft, Ask::Arm).await.unwrap();
    let asked = parameters(azure.url());
    assert_eq!(asked["client_id"], "04b07795-8ddb-461a-bbee-02f9e1bf7b46");
    assert_eq!(
        asked["scope"],
        "openid profile offline_access https://management.azure.com/user_impersonation"
    );
}

#[tokio::test]
async fn strangers_are_refused_counted_and_do_not_end_the_waiting() {
    let fake = Fake::start().await;
    let pending = fake.begin().await;
    let port = pending
        .url()
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap()
        .1;
    let port: u16 = port.rsplit_once(':').unwrap().1.parse().unwrap();
    let here = |path: &str| -> Url { format!("http://localhost:{port}{path}").parse().unwrap() };
    for (path, status) in [
        ("/?code=planted&state=wrong", 400),
        ("/?code=planted", 400),
        ("/?error=access_denied&error_description=evil", 400),
        ("/favicon.ico", 404),
        ("/", 404),
        ("/other?code=planted&state=wrong", 404),
    ] {
        let (got, page) = browse(here(path)).await;
        assert_eq!(got, status, "{path}");
        assert!(!page.contains("planted") && !page.contains("evil"), "{page}");
    }
    assert_eq!(pending.refused_answers(), 3);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let right = fake.accept(pending.url());
    assert_eq!(http.post(right.clone()).send().await.unwrap().status().as_u16(), 405);
    let renamed = http.get(right.clone()).header("host", format!("evil.example:{port}"));
    assert_eq!(renamed.send().await.unwrap().status().as_u16(), 421);
    // Somebody who says nothing at all, and stays.
    let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (done, page) = finished_beside(pending, browse(right)).await;
    assert_eq!((done.unwrap().who().upn.as_str(), page.0), (UPN, 200));
}

/// Whatever else speaks to the port: nothing of it keeps the person out.
#[tokio::test]
async fn noise_on_the_port_ends_nothing() {
    let fake = Fake::start().await;
    let pending = fake.begin().await;
    let redirect: Url = parameters(pending.url())["redirect_uri"].parse().unwrap();
    let port = redirect.port().unwrap();
    let mut held = Vec::new();
    for noise in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        format!("GET /?code={} HTTP/1.1\r\n\r\n", "x".repeat(200_000)).into_bytes(),
        format!(
            "GET / HTTP/1.1\r\nhost: localhost:{port}\r\n{}\r\n",
            "a: b\r\n".repeat(2_000)
        )
        .into_bytes(),
        format!("GET /?code=\u{fc}&state=%ff%00 HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n").into_bytes(),
        format!("POST /?x HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-length: 99999999999\r\n\r\nx").into_bytes(),
        b"GET /?code=x".to_vec(),
        Vec::new(),
    ] {
        for _ in 0..3 {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            // The app may have hung up already.
            let _ = soon(stream.write_all(&noise)).await;
            held.push(stream);
        }
    }
    let right = at(fake.accept(pending.url()), "127.0.0.1");
    let (done, page) = finished_beside(pending, browse(right)).await;
    assert_eq!((done.unwrap().who().upn.as_str(), page.0), (UPN, 200));
}

#[tokio::test]
async fn the_right_answer_counts_once() {
    let fake = Fake::start().await;
    let hold = Arc::new(Notify::new());
    fake.behave().hold = Some(Arc::clone(&hold));
    let pending = fake.begin().await;
    let back = fake.accept(pending.url());
    let twice = async {
        assert_eq!(browse(back.clone()).await.0, 200);
        let (status, page) = browse(back).await;
        assert!(status == 410 && page.contains("already answered"), "{status} {page}");
        hold.notify_one();
    };
    let (done, ()) = finished_beside(pending, twice).await;
    assert!(done.is_ok());
    assert_eq!(fake.forms_of("authorization_code").len(), 1);
}

#[tokio::test]
async fn when_nobody_comes_it_says_so_and_when_only_strangers_came_too() {
    let fake = Fake::start().await;
    let short = |options: &mut ms_client::MsOptions| options.sign_in_patience = Duration::from_millis(300);
    let microsoft = fake.microsoft_with(own(), TENANT, short);
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    let error = soon(pending.finish(&never())).await.unwrap_err();
    assert!(matches!(error, SignInError::TimedOut { .. }), "{error:?}");
    let patient = |options: &mut ms_client::MsOptions| options.sign_in_patience = Duration::from_secs(3);
    let microsoft = fake.microsoft_with(own(), TENANT, patient);
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    let mut wrong = back(pending.url(), &[("code", "planted")]);
    wrong.set_query(Some("code=planted&state=of-an-older-page"));
    assert_eq!(browse(wrong).await.0, 400);
    let error = soon(pending.finish(&never())).await.unwrap_err();
    assert_eq!(error, SignInError::StateMismatch { refused: 1 });
}

#[tokio::test]
async fn cancelling_ends_it_and_frees_the_port() {
    let fake = Fake::start().await;
    let pending = fake.begin().await;
    let redirect: Url = parameters(pending.url())["redirect_uri"].parse().unwrap();
    let cancel = CancellationToken::new();
    let (done, ()) = soon(async { tokio::join!(pending.finish(&cancel), async { cancel.cancel() }) }).await;
    assert_eq!(done.unwrap_err(), SignInError::Cancelled);
    soon(async {
        while TcpStream::connect(("127.0.0.1", redirect.port().unwrap()))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_microsoft_refuses_in_the_browser_has_its_cause() {
    let fake = Fake::start().await;
    for (parameters, cause, status) in [
        (
            &[
                ("error", "access_denied"),
                ("error_subcode", "cancel"),
                (
                    "error_description",
                    "AADSTS65004: User declined to consent to access the app.",
                ),
            ][..],
            RefusalCause::Declined,
            200,
        ),
        (&[("error", "access_denied")][..], RefusalCause::Declined, 200),
        (
            &[
                ("error", "access_denied"),
                ("error_description", "AADSTS90094: An administrator must consent."),
            ][..],
            RefusalCause::AdminConsentNeeded,
            200,
        ),
        (
            &[
                ("error", "invalid_request"),
                ("error_description", "AADSTS65002: Preauthorization needed."),
            ][..],
            RefusalCause::NotPreauthorised,
            200,
        ),
        (
            &[
                ("error", "access_denied"),
                ("error_description", "AADSTS53003: Blocked by Conditional Access."),
            ][..],
            RefusalCause::ConditionalAccess,
            200,
        ),
        (
            &[
                ("error", "invalid_request"),
                ("error_description", "AADSTS50020: User account from another provider."),
            ][..],
            RefusalCause::WrongAccount,
            200,
        ),
    ] {
        let pending = fake.begin().await;
        let back = back(pending.url(), parameters);
        let (done, page) = finished_beside(pending, browse(back)).await;
        let error = done.unwrap_err();
        assert_eq!((error.cause(), page.0), (Some(cause), status), "{error:?}");
        assert!(page.1.contains("did not complete"), "{}", page.1);
        assert!(!error.remedy().is_empty());
    }
    assert!(fake.behave().forms.is_empty(), "nothing was redeemed");
}

#[tokio::test]
async fn what_microsoft_refuses_to_redeem_has_its_cause_and_a_code_is_not_sent_twice() {
    let fake = Fake::start().await;
    for (status, code, cause) in [
        (401, 7_000_218, RefusalCause::AppIsConfidential),
        (400, 9_002_327, RefusalCause::RedirectIsForWebPages),
        (400, 50_076, RefusalCause::MfaNeeded),
        (400, 50_011, RefusalCause::RedirectNotRegistered),
        (500, 90_033, RefusalCause::Passing),
    ] {
        let before = fake.behave().forms.len();
        fake.behave().refusals = [(status, refused("invalid_grant", code, "No."))].into();
        let pending = fake.begin().await;
        let outcome = fake.finish(pending).await;
        if status == 500 {
            outcome.unwrap();
            assert_eq!(
                fake.behave().forms.len(),
                before + 2,
                "the server said when to come again"
            );
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!(error.cause(), Some(cause), "{error:?}");
        assert!(error.to_string().contains(&format!("AADSTS{code}")), "{error}");
        assert_eq!(fake.behave().forms.len(), before + 1);
    }
    // A server's trouble that does not say so may mean that the code is spent.
    fake.behave().says_when = false;
    fake.behave().refusals = [(500, refused("server_error", 90_033, "Trouble."))].into();
    let before = fake.behave().forms.len();
    let pending = fake.begin().await;
    let error = fake.finish(pending).await.unwrap_err();
    assert_eq!(error.cause(), Some(RefusalCause::Passing), "{error:?}");
    assert_eq!(fake.behave().forms.len(), before + 1);
}
