//! Sign-in by device code.

use ms_client::{RefusalCause, Scopes, SignIn, SignInError};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::*;

fn pending() -> (u16, serde_json::Value) {
    (400, refused("authorization_pending", 70_016, "Pending."))
}

#[tokio::test]
async fn the_app_polls_until_the_person_is_done() {
    let fake = Fake::start().await;
    fake.behave().device = [pending(), (503, json!({})), pending()].into();
    let begun = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
        .await
        .unwrap();
    assert_eq!(begun.user_code(), "ABCD1234");
    assert!(begun.verification_uri().as_str().ends_with("/device") && !begun.time_left().is_zero());
    assert!(!format!("{begun:?}").contains("planted") && !format!("{begun:?}").contains("ABCD1234"));
    let sign_in = soon(begun.finish(&never())).await.unwrap();
    assert_eq!((sign_in.who().upn.as_str(), sign_in.granted()), (UPN, Scopes::tier_1()));
    let forms = fake.behave().forms.clone();
    assert_eq!(
        forms[0]["scope"],
        "openid profile offline_access MailboxSettings.Read User.Read"
    );
    assert_eq!(fake.forms_of("urn:ietf:params:oauth:grant-type:device_code").len(), 4);
}

#[tokio::test]
async fn a_block_by_policy_says_to_use_the_browser_and_other_ends_have_their_cause() {
    let fake = Fake::start().await;
    for (error, code, cause) in [
        ("access_denied", 53_003, RefusalCause::DeviceCodeBlocked),
        ("authorization_declined", 65_004, RefusalCause::Declined),
        ("expired_token", 70_019, RefusalCause::CodeExpired),
        ("bad_verification_code", 70_018, RefusalCause::CodeExpired),
        ("invalid_client", 7_000_218, RefusalCause::AppIsConfidential),
    ] {
        fake.behave().device = [pending(), (400, refused(error, code, "No."))].into();
        let begun = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
            .await
            .unwrap();
        let error = soon(begun.finish(&never())).await.unwrap_err();
        assert_eq!(error.cause(), Some(cause), "{error:?}");
        if cause == RefusalCause::DeviceCodeBlocked {
            assert!(error.remedy().contains("browser"), "{}", error.remedy());
        }
    }
}

#[tokio::test]
async fn it_can_be_cancelled_and_does_not_exist_everywhere() {
    let fake = Fake::start().await;
    fake.behave().device = std::iter::repeat_with(pending).take(10_000).collect();
    let begun = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
        .await
        .unwrap();
    let cancel = CancellationToken::new();
    let (done, ()) = soon(async { tokio::join!(begun.finish(&cancel), async { cancel.cancel() }) }).await;
    assert_eq!(done.unwrap_err(), SignInError::Cancelled);
    fake.behave().document = json!({"device_authorization_endpoint": null});
    let error = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("device code"), "{error}");
}

#[tokio::test]
async fn a_code_that_ends_before_the_server_wants_to_be_asked_again_ends_the_waiting() {
    let fake = Fake::start().await;
    for interval in [json!(3600), json!(u64::MAX), json!(null)] {
        fake.behave().code = json!({"expires_in": 0, "interval": interval});
        let begun = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
            .await
            .unwrap();
        let error = soon(begun.finish(&never())).await.unwrap_err();
        assert_eq!(error.cause(), Some(RefusalCause::CodeExpired), "{error:?}");
    }
    // What is no safe page is not shown to anybody.
    for page in [
        "http://evil.example/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ] {
        fake.behave().code = json!({"verification_uri": page});
        let error = SignIn::begin_device_code(&fake.microsoft(own()), Scopes::tier_1())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("not a safe address"), "{page}: {error}");
    }
}
