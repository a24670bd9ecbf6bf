//! Who came, and whether it is proved.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cipp_client::ReachCause;
use jiff::Timestamp;
use ms_client::{Microsoft, MsOptions, RefusalCause, Scopes, SignIn, SignInError};
use serde_json::{Value, json};

use crate::support::*;

async fn with_claims(claims: Value) -> Result<SignIn, SignInError> {
    let fake = Fake::start().await;
    fake.behave().claims = claims;
    let pending = fake.begin().await;
    fake.finish(pending).await
}

#[tokio::test]
async fn another_tenant_is_named_beside_the_right_one() {
    let iss = format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0");
    let error = with_claims(json!({"tid": OTHER_TENANT, "iss": iss})).await.unwrap_err();
    let SignInError::WrongTenant { expected, got } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(expected, TENANT);
    assert!(got.contains(OTHER_TENANT) && got.contains(UPN), "{got}");
    assert!(error.to_string().contains(TENANT) && error.to_string().contains(OTHER_TENANT));
}

#[tokio::test]
async fn an_id_token_that_fails_any_check_lets_nobody_in() {
    for (claims, expected) in [
        (json!({"nonce": "of another sign-in"}), "not made for this sign-in"),
        (json!({"nonce": null}), "not made for this sign-in"),
        (
            json!({"aud": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"}),
            "another application",
        ),
        (json!({"aud": [OWN_APP, "https://evil.example"]}), "another application"),
        (json!({"iss": "https://evil.example/x/v2.0"}), "somebody else"),
        (json!({"exp": 1_000_000_000}), "expired"),
        (json!({"tid": null}), "no tenant"),
        (json!({"oid": null}), "names nobody"),
        (json!({"exp": null}), "cannot be read"),
    ] {
        let error = with_claims(claims.clone()).await.unwrap_err();
        assert!(
            matches!(&error, SignInError::NotGenuine { what } if what.contains(expected)),
            "{claims}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_signature_of_another_key_none_or_a_guessable_one_is_refused() {
    let fake = Fake::start().await;
    fake.behave().forged = true;
    let pending = fake.begin().await;
    let error = fake.finish(pending).await.unwrap_err();
    assert!(
        matches!(&error, SignInError::NotGenuine { what } if what.contains("signature")),
        "{error:?}"
    );
    for alg in ["none", "HS256"] {
        let pending = fake.begin().await;
        let nonce = parameters(pending.url())["nonce"].clone();
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": alg, "typ": "JWT"}));
        let now = Timestamp::now().as_second();
        let claims = part(json!({
            "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": OWN_APP, "iat": now,
            "exp": now + 600, "sub": "s", "tid": TENANT, "oid": OID, "nonce": nonce,
        }));
        let signature = if alg == "none" {
            String::new()
        } else {
            URL_SAFE_NO_PAD.encode([0; 32])
        };
        fake.behave().id_token = Some(format!("{header}.{claims}.{signature}"));
        let error = fake.finish(pending).await.unwrap_err();
        assert!(matches!(error, SignInError::NotGenuine { .. }), "{alg}: {error:?}");
    }
    fake.behave().id_token = Some("planted".into());
    let pending = fake.begin().await;
    let error = fake.finish(pending).await.unwrap_err();
    assert!(
        matches!(&error, SignInError::NotGenuine { what } if what.contains("read")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_clock_on_this_computer_keeps_nobody_out() {
    let fake = Fake::start().await;
    for clock in [|| Timestamp::UNIX_EPOCH, || "2099-01-01T00:00:00Z".parse().unwrap()] as [fn() -> Timestamp; 2] {
        let microsoft = fake.microsoft_with(own(), TENANT, |options| options.clock = clock);
        let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
        fake.finish(pending).await.unwrap();
    }
}

#[tokio::test]
async fn a_domain_stands_for_its_tenant() {
    let fake = Fake::start().await;
    let microsoft = fake.microsoft_with(own(), "msp.example", |_| {});
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    assert_eq!(fake.finish(pending).await.unwrap().who().tid, TENANT);
    let iss = format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0");
    fake.behave().claims = json!({"tid": OTHER_TENANT, "iss": iss});
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    let error = fake.finish(pending).await.unwrap_err();
    assert!(matches!(error, SignInError::WrongTenant { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_what_it_should_be_is_told_before_the_browser_opens() {
    let fake = Fake::start().await;
    let begin = async |tenant: &str| {
        let microsoft = fake.microsoft_with(own(), tenant, |_| {});
        SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap_err()
    };
    let error = begin("unknown.example").await;
    assert_eq!(error.cause(), Some(RefusalCause::UnknownTenant), "{error:?}");
    fake.behave().document = json!({"token_endpoint": "https://evil.example/token"});
    assert!(matches!(begin(TENANT).await, SignInError::NotUnderstood { .. }));
    fake.behave().document = json!({"issuer": format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0")});
    assert!(begin(TENANT).await.to_string().contains("another tenant"));
    fake.behave().document = json!({"issuer": null});
    assert!(matches!(begin(TENANT).await, SignInError::NotUnderstood { .. }));
    let gone = fake.address.clone();
    let microsoft = fake.microsoft(own());
    drop(fake);
    let error = soon(async {
        loop {
            match SignIn::begin(&microsoft, Scopes::tier_1()).await {
                Err(error @ SignInError::Unreachable { .. }) => break error,
                _ => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    assert!(
        matches!(
            &error,
            SignInError::Unreachable {
                cause: ReachCause::Refused | ReachCause::Reset,
                ..
            }
        ),
        "{gone}: {error:?}"
    );
}

/// A name goes into evidence and onto the screens of others.
#[tokio::test]
async fn a_name_cannot_turn_the_words_around_it_about() {
    let claims = json!({"name": "Anna\u{202e}\u{200b}\n Admin", "preferred_username": "anna\u{2066}@msp.example\u{7}"});
    let who = with_claims(claims).await.unwrap().who().clone();
    assert_eq!((who.name.as_deref(), who.upn.as_str()), (Some("Anna Admin"), UPN));
    let nameless = with_claims(json!({"name": "\u{200b}", "preferred_username": " "})).await;
    let who = nameless.unwrap().who().clone();
    assert_eq!((who.name, who.upn.as_str()), (None, OID));
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let fake = Fake::start().await;
    // The second begins as DER does.
    for (name, bytes) in [
        ("words.pem", b"no certificate".as_slice()),
        ("digits.cer", b"0123456789"),
    ] {
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, bytes).unwrap();
        let options = MsOptions {
            ca_cert: Some(file),
            ..MsOptions::default()
        };
        let error = Microsoft::new(fake.clouds(), TENANT.parse().unwrap(), own(), options).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
