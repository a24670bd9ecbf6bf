//! Reads: what is sent, pages, patience, limits, and what is kept as a proof.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, middleware};
use ms_client::{
    ArmPost, GraphPost, MsArm, MsError, MsErrorKind, MsGraph, MsOptions, Options, Path, Scopes, SignIn, Site,
    odata_text,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::*;

fn plain() -> Options {
    Options::default()
}

/// These answers one after the other, at any path of Graph and Azure; the last one again and again.
fn script<const N: usize>(answers: [fn() -> Response; N]) -> (Router, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let answer = any(move || {
        let n = counter.fetch_add(1, Ordering::SeqCst).min(N - 1);
        async move { answers[n]() }
    });
    let routes = Router::new()
        .route("/graph/{*path}", answer.clone())
        .route("/arm/{*path}", answer);
    (routes, asked)
}

fn denied(code: &str, message: &str) -> Response {
    let body = json!({"error": {"code": code, "message": message}});
    let ids = [("request-id", "planted0-request-id")];
    (StatusCode::FORBIDDEN, ids, Json(body)).into_response()
}

fn throttled(seconds: &'static str) -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)], "{}").into_response()
}

async fn reader<const N: usize>(answers: [fn() -> Response; N]) -> (Fake, MsGraph, Arc<AtomicUsize>) {
    let (routes, asked) = script(answers);
    let fake = Fake::with(routes).await;
    let sign_in = fake.signed_in().await;
    (fake, MsGraph::new(&sign_in), asked)
}

#[tokio::test]
async fn a_read_says_what_it_is_and_is_proved() {
    type Sent = (String, String, HeaderMap, Bytes);
    let seen: Arc<Mutex<Vec<Sent>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let record = any(
        move |method: Method, OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes| async move {
            kept.lock()
                .unwrap()
                .push((method.to_string(), uri.to_string(), headers, body));
            ([("request-id", "0f0e0d0c-request")], Json(json!({"value": []}))).into_response()
        },
    );
    let routes = Router::new()
        .route("/graph/{*path}", record.clone())
        .route("/arm/{*path}", record);
    let fake = Fake::with(routes).await;
    let sign_in = fake.signed_in().await;
    let (graph, arm) = (MsGraph::new(&sign_in), MsArm::new(&sign_in));
    let path = Path::new("/users")
        .then("anna_msp.example#EXT#@x.example")
        .and("/transitiveMemberOf/microsoft.graph.group")
        .with("$filter", &format!("displayName eq {}", odata_text("AdminAgents")));
    let consistent = Options {
        consistency: true,
        beta: true,
        needs: Scopes::none(),
    };
    let reply = graph.get(path.as_str(), &consistent, &never()).await.unwrap();
    graph.get("/me", &plain(), &never()).await.unwrap();
    let question = json!({"appliedPoliciesOnly": true});
    graph
        .post_read(GraphPost::EvaluateConditionalAccess, &question, &plain(), &never())
        .await
        .unwrap();
    let site = Site {
        subscription: "s".into(),
        resource_group: "r g".into(),
        name: "cipp".into(),
    };
    arm.post_read(&ArmPost::AuthSettingsV2(site), &never()).await.unwrap();

    let seen = seen.lock().unwrap();
    let lines: Vec<String> = seen.iter().map(|(method, uri, ..)| format!("{method} {uri}")).collect();
    assert_eq!(
        lines,
        [
            "GET /graph/beta/users/anna_msp.example%23EXT%23@x.example/transitiveMemberOf/microsoft.graph.group?$filter=displayName%20eq%20%27AdminAgents%27",
            "GET /graph/v1.0/me",
            "POST /graph/v1.0/identity/conditionalAccess/evaluate",
            "POST /arm/subscriptions/s/resourceGroups/r%20g/providers/Microsoft.Web/sites/cipp/config/authsettingsV2/list?api-version=2020-06-01",
        ]
    );
    assert_eq!(seen[0].2["consistencylevel"], "eventual");
    assert!(!seen[1].2.contains_key("consistencylevel"));
    assert!(
        seen.iter()
            .all(|(_, _, headers, _)| bearer(headers).starts_with("planted-access-"))
    );
    assert_eq!(serde_json::from_slice::<Value>(&seen[2].3).unwrap(), question);

    assert_eq!((reply.seen.method.as_str(), reply.seen.status), ("GET", 200));
    assert!(
        reply
            .seen
            .url
            .starts_with(&format!("{}/graph/beta/users/", fake.address)),
        "{}",
        reply.seen.url
    );
    assert_eq!(reply.seen.request_id.as_deref(), Some("0f0e0d0c-request"));
    assert!(!serde_json::to_string(&reply.seen).unwrap().contains("planted"));
}

#[tokio::test]
async fn all_pages_of_a_list_are_followed_with_the_same_headers() {
    let pages = get(|headers: HeaderMap, OriginalUri(uri): OriginalUri| async move {
        let consistent = headers.contains_key("consistencylevel");
        let page: u32 = uri
            .query()
            .and_then(|q| q.rsplit_once('='))
            .map_or(0, |(_, n)| n.parse().unwrap());
        let mut body = json!({"value": [{"n": page, "consistent": consistent}], "@odata.count": 3});
        if page < 2 {
            let host = headers["host"].to_str().unwrap();
            body["@odata.nextLink"] = json!(format!("http://{host}/graph/v1.0/groups?$skiptoken={}", page + 1));
        }
        Json(body)
    });
    let fake = Fake::with(Router::new().route("/graph/v1.0/groups", pages)).await;
    let graph = MsGraph::new(&fake.signed_in().await);
    let options = Options {
        consistency: true,
        ..plain()
    };
    let listing = graph.list("/groups", &options, &never()).await.unwrap();
    let numbers: Vec<_> = listing
        .values
        .iter()
        .map(|value| value["n"].as_u64().unwrap())
        .collect();
    assert_eq!((numbers, listing.pages, listing.count), (vec![0, 1, 2], 3, Some(3)));
    assert!(listing.values.iter().all(|value| value["consistent"] == true));
    assert!(listing.seen.url.ends_with("/graph/v1.0/groups"));
}

#[tokio::test]
async fn azures_pages_are_followed_too() {
    let pages = get(|headers: HeaderMap, OriginalUri(uri): OriginalUri| async move {
        let host = headers["host"].to_str().unwrap();
        match uri.query() {
            Some("api-version=1") => {
                Json(json!({"value": [1], "nextLink": format!("http://{host}/arm/subscriptions?page=2")}))
            }
            _ => Json(json!({"value": [2], "nextLink": null})),
        }
    });
    let fake = Fake::with(Router::new().route("/arm/subscriptions", pages)).await;
    let arm = MsArm::new(&fake.signed_in().await);
    let listing = arm.list("/subscriptions?api-version=1", &never()).await.unwrap();
    assert_eq!((listing.values, listing.pages), (vec![json!(1), json!(2)], 2));
}

#[tokio::test]
async fn the_token_does_not_travel_to_another_server() {
    let elsewhere = Fake::with(script([|| panic!("the token was sent elsewhere")]).0).await;
    let address: &'static str = Box::leak(elsewhere.address.clone().into_boxed_str());
    static ELSEWHERE: std::sync::OnceLock<&str> = std::sync::OnceLock::new();
    ELSEWHERE.set(address).unwrap();
    let called: Arc<AtomicUsize> = Arc::default();
    let counter = Arc::clone(&called);
    let watch = middleware::from_fn(move |request: Request, next: middleware::Next| {
        counter.fetch_add(1, Ordering::SeqCst);
        next.run(request)
    });
    let (routes, _) = script([
        || {
            let next = format!("{}/graph/v1.0/users?$skiptoken=x", ELSEWHERE.get().unwrap());
            Json(json!({"value": [1], "@odata.nextLink": next})).into_response()
        },
        || {
            let to = format!("{}/graph/v1.0/users", ELSEWHERE.get().unwrap());
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        },
    ]);
    let fake = Fake::with(routes.layer(watch)).await;
    let graph = MsGraph::new(&fake.signed_in().await);
    let error = graph.list("/users", &plain(), &never()).await.unwrap_err();
    assert_eq!(
        error,
        MsError::StrangeNextPage {
            host: "127.0.0.1".into()
        }
    );
    let error = graph.get("/users", &plain(), &never()).await.unwrap_err();
    assert_eq!(error.kind(), MsErrorKind::Unreachable, "{error:?}");
    assert_eq!(called.load(Ordering::SeqCst), 2);
    for path in ["//evil.example/me", "@evil.example/me", "/../../arm/x"] {
        let error = graph.get(path, &plain(), &never()).await.unwrap_err();
        assert_eq!(error.kind(), MsErrorKind::Local, "{path}");
    }
}

#[tokio::test]
async fn lists_that_do_not_end_or_are_none_are_refused() {
    let circle = get(|headers: HeaderMap| async move {
        let host = headers["host"].to_str().unwrap();
        Json(json!({"value": [1], "@odata.nextLink": format!("http://{host}/graph/v1.0/circle?x=1")}))
    });
    let endless = get(|headers: HeaderMap, OriginalUri(uri): OriginalUri| async move {
        let host = headers["host"].to_str().unwrap();
        let longer = uri.query().unwrap_or("x").len() + 1;
        let next = format!("http://{host}/graph/v1.0/endless?{}", "x".repeat(longer));
        Json(json!({"value": [1], "@odata.nextLink": next}))
    });
    let many = get(|| async { Json(json!({"value": vec![1; 1000], "@odata.nextLink": ""})) });
    let routes = Router::new()
        .route("/graph/v1.0/circle", circle)
        .route("/graph/v1.0/endless", endless)
        .route("/graph/v1.0/many", many)
        .route("/graph/v1.0/none", get(|| async { Json(json!({"value": {"a": 1}})) }))
        .route("/graph/v1.0/text", get(|| async { "planted" }))
        .route("/graph/v1.0/empty", get(|| async { "" }))
        .route("/graph/v1.0/bytes", get(|| async { [b'"', 0xC3, b'"'] }))
        .route("/graph/v1.0/half", get(|| async { "[1," }));
    let fake = Fake::with(routes).await;
    let microsoft = fake.microsoft_with(own(), TENANT, |options| {
        *options = MsOptions {
            most_pages: 3,
            most_items: 1500,
            longest_reply_bytes: 1500,
            ..options.clone()
        };
    });
    let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await.unwrap();
    let graph = MsGraph::new(&fake.finish(pending).await.unwrap());
    for (path, kind) in [
        ("/circle", MsErrorKind::NotUnderstood),
        ("/endless", MsErrorKind::TooLarge),
        ("/many", MsErrorKind::TooLarge),
        ("/none", MsErrorKind::NotUnderstood),
        ("/text", MsErrorKind::NotUnderstood),
        ("/half", MsErrorKind::NotUnderstood),
        ("/empty", MsErrorKind::NotUnderstood),
        ("/bytes", MsErrorKind::NotUnderstood),
    ] {
        let error = graph.list(path, &plain(), &never()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{path}: {error:?}");
        assert!(!format!("{error:?}").contains("planted"));
    }
    // Nothing is no answer to any question.
    let error = graph.get("/empty", &plain(), &never()).await.unwrap_err();
    assert_eq!(error.kind(), MsErrorKind::NotUnderstood);
}

#[tokio::test]
async fn patience_has_an_end_and_a_long_wait_is_told_at_once() {
    let ok = || Json(json!({"ok": true})).into_response();
    let (_fake, graph, asked) = reader([|| throttled("0"), || StatusCode::BAD_GATEWAY.into_response(), ok]).await;
    assert_eq!(graph.get("/me", &plain(), &never()).await.unwrap().json["ok"], true);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    let (_fake, graph, asked) = reader([|| throttled("0")]).await;
    let error = graph.get("/me", &plain(), &never()).await.unwrap_err();
    assert!(
        matches!(&error, MsError::Throttled { seen, .. } if seen.status == 429),
        "{error:?}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 5);
    let (_fake, graph, asked) = reader([|| throttled("3600")]).await;
    let error = graph.get("/me", &plain(), &never()).await.unwrap_err();
    assert!(error.to_string().contains("3600 s"), "{error}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let (_fake, graph, asked) = reader([|| (StatusCode::SERVICE_UNAVAILABLE, "<html>").into_response()]).await;
    let error = graph.get("/me", &plain(), &never()).await.unwrap_err();
    assert_eq!(error.kind(), MsErrorKind::ServerTrouble);
    assert_eq!(asked.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_refusal_tells_scope_from_role_from_licence_and_is_proved() {
    let (_fake, graph, asked) = reader([
        || {
            denied(
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )
        },
        || {
            denied(
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )
        },
        || {
            denied(
                "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
                "No premium license",
            )
        },
        || {
            let body = json!({"error": {"code": "Request_ResourceNotFound", "message": "Resource 'x' does not exist"}});
            (StatusCode::NOT_FOUND, Json(body)).into_response()
        },
    ])
    .await;
    let needs = |scope: &str| Options {
        needs: [scope].iter().collect(),
        ..plain()
    };
    for (options, kind) in [
        (needs("Directory.Read.All"), MsErrorKind::NoScope),
        (needs("User.Read"), MsErrorKind::NoRole),
        (needs("AuditLog.Read.All"), MsErrorKind::NoLicence),
        (plain(), MsErrorKind::NotFound),
    ] {
        let error = graph.get("/x", &options, &never()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.seen().unwrap().url.ends_with("/graph/v1.0/x"));
        assert!(error.detail().contains("GET http") && !error.remedy().is_empty());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 4, "none of these is worth a second try");
}

#[tokio::test]
async fn cancelling_ends_a_read_in_every_state() {
    async fn hang() -> Response {
        std::future::pending().await
    }
    let slow = Router::new()
        .route("/graph/v1.0/hang", get(hang))
        .route("/graph/v1.0/wait", get(|| async { throttled("50") }));
    let fake = Fake::with(slow).await;
    let graph = MsGraph::new(&fake.signed_in().await);
    for path in ["/hang", "/wait"] {
        let cancel = CancellationToken::new();
        let stop = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            cancel.cancel();
        };
        let options = plain();
        let (done, ()) = soon(async { tokio::join!(graph.list(path, &options, &cancel), stop) }).await;
        assert_eq!(done.unwrap_err(), MsError::Cancelled, "{path}");
    }
}
