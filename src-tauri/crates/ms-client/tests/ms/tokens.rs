//! What happens to tokens: renewed once for many, for a second resource, with more scopes, and forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, extract::State};
use ms_client::{Ask, MsArm, MsError, MsGraph, Options, Resource, Scopes, SignIn, SignInApp, SignInError};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// Says which token it was asked with.
fn echo() -> Router {
    let read = get(|headers: HeaderMap| async move { Json(json!({"token": bearer(&headers)})) });
    Router::new()
        .route("/graph/v1.0/me", read.clone())
        .route("/arm/subscriptions", read)
}

async fn me(sign_in: &SignIn) -> Result<String, MsError> {
    let reply = soon(MsGraph::new(sign_in).get("/me", &Options::default(), &never())).await?;
    Ok(reply.json["token"].as_str().unwrap().to_owned())
}

async fn subscriptions(sign_in: &SignIn) -> Result<String, MsError> {
    let reply = soon(MsArm::new(sign_in).get("/subscriptions?api-version=2022-12-01", &never())).await?;
    Ok(reply.json["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn azure_comes_by_the_refresh_token_once_for_many() {
    let fake = Fake::with(echo()).await;
    let sign_in = fake.signed_in().await;
    assert!(!sign_in.must_ask_for_azure() && sign_in.reaches(Resource::Arm));
    let graph = me(&sign_in).await.unwrap();
    let all = tokio::join!(
        subscriptions(&sign_in),
        subscriptions(&sign_in),
        subscriptions(&sign_in),
        subscriptions(&sign_in)
    );
    let azure = all.0.unwrap();
    assert!(all.1.unwrap() == azure && all.2.unwrap() == azure && all.3.unwrap() == azure && azure != graph);
    let forms = fake.forms_of("refresh_token");
    assert_eq!(forms.len(), 1, "one renewal for four readers");
    assert_eq!(
        forms[0]["scope"],
        "openid profile offline_access https://management.azure.com/user_impersonation"
    );
    assert_eq!(me(&sign_in).await.unwrap(), graph, "Graph keeps its own token");
}

#[tokio::test]
async fn with_microsofts_own_tools_azure_is_a_sign_in_of_its_own_by_the_same_person() {
    let fake = Fake::with(echo()).await;
    let microsoft = fake.microsoft(SignInApp::WellKnown);
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    let sign_in = fake.finish(pending).await.unwrap();
    assert!(sign_in.must_ask_for_azure());
    let error = subscriptions(&sign_in).await.unwrap_err();
    assert_eq!(
        error,
        MsError::NotSignedIn {
            resource: Resource::Arm
        }
    );
    assert!(
        fake.forms_of("refresh_token").is_empty(),
        "a refresh token is of no use to another application"
    );

    fake.behave().claims =
        json!({"oid": "bbbbbbbb-1111-4222-8333-444455556666", "preferred_username": "bob@msp.example"});
    let pending = sign_in.ask_for(Ask::Arm).await.unwrap();
    let error = fake.finish(pending).await.unwrap_err();
    let (expected, got) = (UPN.to_owned(), "bob@msp.example".to_owned());
    assert_eq!(error, SignInError::WrongPerson { expected, got });
    assert!(sign_in.must_ask_for_azure());

    fake.behave().claims = json!({});
    let pending = sign_in.ask_for(arm()).await.unwrap();
    let asked = parameters(pending.url());
    assert_eq!(asked["login_hint"], UPN);
    assert!(!asked.contains_key("prompt"));
    assert_eq!(pending.shown_name(), "Microsoft Azure CLI");
    fake.finish(pending).await.unwrap();
    subscriptions(&sign_in).await.unwrap();
    me(&sign_in).await.unwrap();
    assert!(!sign_in.must_ask_for_azure());
}

#[tokio::test]
async fn further_scopes_add_to_those_there_are() {
    let fake = Fake::with(echo()).await;
    let sign_in = fake.signed_in().await;
    let before = me(&sign_in).await.unwrap();
    let pending = sign_in
        .ask_for(["Policy.Read.All"].iter().collect::<Scopes>())
        .await
        .unwrap();
    assert_eq!(
        parameters(pending.url())["scope"],
        "openid profile offline_access MailboxSettings.Read Policy.Read.All User.Read"
    );
    // The tenant consented to more earlier, and Entra says so with full addresses.
    fake.behave().scope = Some("https://graph.microsoft.com/Policy.Read.All User.Read Group.Read.All openid".into());
    let same = fake.finish(pending).await.unwrap();
    assert_eq!(
        sign_in.granted().to_string(),
        "Group.Read.All Policy.Read.All User.Read"
    );
    assert_eq!(same.granted(), sign_in.granted());
    assert_ne!(
        me(&sign_in).await.unwrap(),
        before,
        "the new token is the one that is used"
    );
}

#[tokio::test]
async fn a_token_that_runs_out_is_renewed_and_its_refresh_token_replaced() {
    let fake = Fake::with(echo()).await;
    fake.behave().expires_in = json!(0);
    let sign_in = fake.signed_in().await;
    let first = me(&sign_in).await.unwrap();
    let second = me(&sign_in).await.unwrap();
    assert_ne!(first, second);
    let forms = fake.forms_of("refresh_token");
    assert_eq!(forms.len(), 2);
    assert_ne!(
        forms[0]["refresh_token"], forms[1]["refresh_token"],
        "each is used once"
    );
    assert_eq!(
        forms[1]["scope"],
        "openid profile offline_access MailboxSettings.Read User.Read"
    );
}

/// Accepts tokens from the nth on.
fn accepts_from(n: u32) -> Router {
    let read = get(move |headers: HeaderMap| async move {
        let number: u32 = bearer(&headers).rsplit_once('-').unwrap().1.parse().unwrap();
        if number < n {
            let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token has expired."}});
            return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
        }
        Json(json!({"token": bearer(&headers)})).into_response()
    });
    Router::new().route("/graph/v1.0/me", read)
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_renewed_once_and_never_in_a_loop() {
    let fake = Fake::with(accepts_from(3)).await;
    let sign_in = fake.signed_in().await;
    let (one, two) = tokio::join!(me(&sign_in), me(&sign_in));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(fake.forms_of("refresh_token").len(), 1);
    let fake = Fake::with(accepts_from(1_000)).await;
    let sign_in = fake.signed_in().await;
    assert_eq!(me(&sign_in).await.unwrap_err(), MsError::SignInAgain { aadsts: None });
    assert_eq!(fake.forms_of("refresh_token").len(), 1);
}

#[tokio::test]
async fn a_dead_refresh_token_and_a_missing_consent_are_told_apart_and_shared() {
    let fake = Fake::with(echo()).await;
    fake.behave().expires_in = json!(0);
    let sign_in = fake.signed_in().await;
    fake.behave().refusals = [(400, refused("invalid_grant", 700_082, "The refresh token has expired."))].into();
    assert_eq!(
        me(&sign_in).await.unwrap_err(),
        MsError::SignInAgain { aadsts: Some(700_082) }
    );
    // The next checks of the run are not worth another request.
    assert_eq!(
        me(&sign_in).await.unwrap_err(),
        MsError::SignInAgain { aadsts: Some(700_082) }
    );
    assert_eq!(fake.forms_of("refresh_token").len(), 1);
    fake.behave().refusals = [(400, refused("invalid_grant", 65_001, "No consent."))].into();
    let error = subscriptions(&sign_in).await.unwrap_err();
    let (resource, admin, aadsts) = (Resource::Arm, false, Some(65_001));
    assert_eq!(
        error,
        MsError::ConsentNeeded {
            resource,
            admin,
            aadsts
        }
    );
    // Signing in again puts both right.
    let pending = sign_in.ask_for(Scopes::tier_1()).await.unwrap();
    fake.finish(pending).await.unwrap();
    me(&sign_in).await.unwrap();
    subscriptions(&sign_in).await.unwrap();
}

#[tokio::test]
async fn mfa_for_azure_says_so() {
    let fake = Fake::with(echo()).await;
    let sign_in = fake.signed_in().await;
    fake.behave().refusals = [(400, refused("interaction_required", 50_076, "MFA."))].into();
    let error = subscriptions(&sign_in).await.unwrap_err();
    assert!(matches!(error, MsError::SignIn(SignInError::Refused(_))), "{error:?}");
    assert!(error.to_string().contains("second factor") && error.remedy().contains("browser"));
}

#[tokio::test]
async fn signing_out_forgets_everything_for_every_clone() {
    let fake = Fake::with(echo()).await;
    let sign_in = fake.signed_in().await;
    let graph = MsGraph::new(&sign_in);
    me(&sign_in).await.unwrap();
    let pending = sign_in.ask_for(arm()).await.unwrap();
    sign_in.clone().sign_out();
    let error = graph.get("/me", &Options::default(), &never()).await.unwrap_err();
    assert_eq!(
        error,
        MsError::NotSignedIn {
            resource: Resource::Graph
        }
    );
    assert!(!sign_in.is_signed_in() && sign_in.granted().is_empty() && !sign_in.reaches(Resource::Arm));
    assert_eq!(
        sign_in.ask_for(Scopes::tier_2()).await.unwrap_err(),
        SignInError::SignedOut
    );
    // Even a sign-in that was under way adds nothing to it.
    assert_eq!(fake.finish(pending).await.unwrap_err(), SignInError::SignedOut);
    assert_eq!(
        subscriptions(&sign_in).await.unwrap_err(),
        MsError::NotSignedIn {
            resource: Resource::Arm
        }
    );
    assert!(fake.forms_of("refresh_token").is_empty());
}

#[tokio::test]
async fn what_is_not_renewed_any_more_is_not_called_allowed() {
    let fake = Fake::with(echo()).await;
    fake.behave().expires_in = json!(0);
    let sign_in = fake.signed_in().await;
    assert!(sign_in.reaches(Resource::Graph) && sign_in.reaches(Resource::Arm));
    fake.behave().refusals = [
        (400, refused("interaction_required", 50_076, "MFA.")),
        (400, refused("invalid_grant", 700_082, "The refresh token has expired.")),
    ]
    .into();
    subscriptions(&sign_in).await.unwrap_err();
    assert!(sign_in.reaches(Resource::Graph) && !sign_in.reaches(Resource::Arm));
    me(&sign_in).await.unwrap_err();
    assert!(!sign_in.reaches(Resource::Graph) && sign_in.granted().is_empty());
    assert!(sign_in.is_signed_in(), "it is the same person who goes on");
    let pending = sign_in.ask_for(Scopes::tier_1()).await.unwrap();
    fake.finish(pending).await.unwrap();
    assert!(sign_in.reaches(Resource::Graph) && sign_in.reaches(Resource::Arm));
    assert_eq!(sign_in.granted(), Scopes::tier_1());
    // What passes by itself is no reason to sign in again.
    fake.behave().says_when = false;
    fake.behave().refusals = (0..3).map(|_| (503, json!({}))).collect();
    me(&sign_in).await.unwrap_err();
    assert!(sign_in.reaches(Resource::Graph) && !sign_in.granted().is_empty());
}

#[tokio::test]
async fn a_sign_in_is_not_undone_by_a_renewal_that_began_before_it() {
    let fake = Fake::with(echo()).await;
    fake.behave().expires_in = json!(0);
    let sign_in = fake.signed_in().await;
    let hold = Arc::new(Notify::new());
    fake.behave().hold = Some(Arc::clone(&hold));
    fake.behave().expires_in = json!(3599);
    let more = async {
        while fake.forms_of("refresh_token").is_empty() {
            tokio::task::yield_now().await;
        }
        fake.behave().hold = None;
        let more = sign_in.ask_for(["Policy.Read.All"].iter().collect::<Scopes>()).await;
        fake.finish(more.unwrap()).await.unwrap();
        hold.notify_one();
    };
    let (read, ()) = soon(async { tokio::join!(me(&sign_in), more) }).await;
    assert!(sign_in.granted().contains("Policy.Read.All"), "{}", sign_in.granted());
    assert_eq!(read.unwrap(), me(&sign_in).await.unwrap());
}

async fn never_answers(State(begun): State<Arc<AtomicUsize>>) -> Response {
    begun.fetch_add(1, Ordering::SeqCst);
    std::future::pending().await
}

#[tokio::test]
async fn signing_out_ends_what_is_under_way() {
    let begun = Arc::new(AtomicUsize::new(0));
    let hang = Router::new()
        .route("/graph/v1.0/me", get(never_answers))
        .with_state(Arc::clone(&begun));
    let fake = Fake::with(hang).await;
    let sign_in = fake.signed_in().await;
    let out = async {
        while begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        sign_in.sign_out();
    };
    let (error, ()) = tokio::join!(me(&sign_in), out);
    assert_eq!(
        error.unwrap_err(),
        MsError::NotSignedIn {
            resource: Resource::Graph
        }
    );
}

/// Not only nobody waits for it: the refresh token is not kept for another try.
#[tokio::test]
async fn signing_out_ends_a_renewal_that_is_under_way() {
    let fake = Fake::with(echo()).await;
    let patient = |options: &mut ms_client::MsOptions| options.request_timeout = Duration::from_secs(600);
    let microsoft = fake.microsoft_with(own(), TENANT, patient);
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    let sign_in = fake.finish(pending).await.unwrap();
    let hold = Arc::new(Notify::new());
    fake.behave().hold = Some(Arc::clone(&hold));
    let out = async {
        while fake.forms_of("refresh_token").is_empty() {
            tokio::task::yield_now().await;
        }
        sign_in.sign_out();
    };
    let (error, ()) = soon(async { tokio::join!(subscriptions(&sign_in), out) }).await;
    let resource = Resource::Arm;
    assert_eq!(error.unwrap_err(), MsError::NotSignedIn { resource });
    // The server notices that nobody is there any more: its answer to the refresh token is dropped.
    soon(async {
        while Arc::strong_count(&hold) > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_is_cancelled_in_the_middle_of_a_renewal_does_not_lose_it() {
    let fake = Fake::with(echo()).await;
    let sign_in = fake.signed_in().await;
    let hold = Arc::new(Notify::new());
    fake.behave().hold = Some(Arc::clone(&hold));
    let (cancel, arm) = (CancellationToken::new(), MsArm::new(&sign_in));
    let stop = async {
        while fake.forms_of("refresh_token").is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (error, ()) = soon(async { tokio::join!(arm.get("/subscriptions", &cancel), stop) }).await;
    assert_eq!(error.unwrap_err(), MsError::Cancelled);
    fake.behave().hold = None;
    hold.notify_one();
    subscriptions(&sign_in).await.unwrap();
    assert_eq!(
        fake.forms_of("refresh_token").len(),
        1,
        "the one renewal served the next reader"
    );
}
