//! An Entra of a few lines that signs real ID tokens, a browser that does as it is told, and a place for Graph and Azure.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cipp_client::RetryPolicy;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ms_client::{Ask, Clouds, Microsoft, MsOptions, PendingSignIn, Scopes, SignIn, SignInApp, SignInError};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

pub const TENANT: &str = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
pub const OTHER_TENANT: &str = "11111111-5a41-4a7f-9a53-0d8a1c2b3e4f";
pub const OWN_APP: &str = "0a1b2c3d-1111-4222-8333-444455556666";
pub const OID: &str = "aaaaaaaa-1111-4222-8333-444455556666";
pub const UPN: &str = "anna@msp.example";

/// A key that signs, and its public half for the key set.
pub struct Key {
    encoding: EncodingKey,
    jwk: Value,
}

/// Two keys, made once: the server's, and a stranger's.
pub fn keys() -> &'static [Key; 2] {
    static KEYS: OnceLock<[Key; 2]> = OnceLock::new();
    KEYS.get_or_init(|| [key("planted-kid"), key("planted-kid")])
}

fn key(kid: &str) -> Key {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let public = aws_lc_rs::rsa::PublicKey::from_der(pair.public_key_raw()).unwrap();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (n, e) = (
        part(public.modulus().big_endian_without_leading_zero()),
        part(public.exponent().big_endian_without_leading_zero()),
    );
    Key {
        encoding: EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap(),
        jwk: json!({"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid, "n": n, "e": e, "x5c": ["MII"], "issuer": "x"}),
    }
}

/// What was asked for in the browser, until its code is redeemed.
#[derive(Clone)]
struct Asked {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    nonce: String,
}

/// How the server behaves; tests change it.
pub struct Behaviour {
    /// These answers come first from the token endpoint, one each.
    pub refusals: VecDeque<(u16, Value)>,
    /// These answers come from the token endpoint to a device code, one each, before the token.
    pub device: VecDeque<(u16, Value)>,
    /// Whether a refusal says when to come again.
    pub says_when: bool,
    /// Put over the claims of ID tokens; `null` takes one away.
    pub claims: Value,
    pub expires_in: Value,
    /// Whether ID tokens are signed by the stranger's key.
    pub forged: bool,
    /// An ID token to be sent as it is.
    pub id_token: Option<String>,
    /// The token endpoint waits for this before it answers.
    pub hold: Option<Arc<Notify>>,
    /// Every form that came to the token and device code endpoints.
    pub forms: Vec<HashMap<String, String>>,
    /// Put over the reply to the request for a device code.
    pub code: Value,
    /// Put over the discovery document.
    pub document: Value,
    /// The scopes that a reply names; else those that were asked for.
    pub scope: Option<String>,
    asked: HashMap<String, Asked>,
    refresh: HashMap<String, String>,
    issued: u32,
}

pub struct Fake {
    pub address: String,
    behaviour: Arc<Mutex<Behaviour>>,
    task: JoinHandle<()>,
}

type Shared = State<(String, Arc<Mutex<Behaviour>>)>;

impl Fake {
    pub async fn start() -> Fake {
        Fake::with(Router::new()).await
    }

    /// With these routes for Graph (`/graph/...`) and Azure (`/arm/...`).
    pub async fn with(reads: Router) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(Behaviour {
            refusals: VecDeque::new(),
            device: VecDeque::new(),
            says_when: true,
            claims: json!({}),
            expires_in: json!(3599),
            forged: false,
            id_token: None,
            hold: None,
            forms: Vec::new(),
            code: json!({}),
            document: json!({}),
            scope: None,
            asked: HashMap::new(),
            refresh: HashMap::new(),
            issued: 0,
        }));
        let routes = Router::new()
            .route("/{tenant}/v2.0/.well-known/openid-configuration", get(document))
            .route(
                "/{tenant}/discovery/v2.0/keys",
                get(|| async { Json(json!({"keys": [keys()[0].jwk]})) }),
            )
            .route("/{tenant}/oauth2/v2.0/token", post(token))
            .route("/{tenant}/oauth2/v2.0/devicecode", post(device_code))
            .with_state((address.clone(), Arc::clone(&behaviour)))
            .merge(reads);
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Fake {
            address,
            behaviour,
            task,
        }
    }

    pub fn behave(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().unwrap()
    }

    pub fn clouds(&self) -> Clouds {
        let at = |path: &str| format!("{}{path}", self.address).parse().unwrap();
        Clouds {
            authority: at(""),
            graph: at("/graph"),
            arm: at("/arm"),
        }
    }

    pub fn microsoft(&self, app: SignInApp) -> Microsoft {
        self.microsoft_with(app, TENANT, |_| {})
    }

    pub fn microsoft_with(&self, app: SignInApp, tenant: &str, change: impl FnOnce(&mut MsOptions)) -> Microsoft {
        let mut options = MsOptions {
            retry: RetryPolicy {
                first_pause: Duration::from_millis(5),
                first_pause_when_asked_to_wait: Duration::from_millis(5),
                ..RetryPolicy::default()
            },
            ..MsOptions::default()
        };
        change(&mut options);
        Microsoft::new(self.clouds(), tenant.parse().unwrap(), app, options).unwrap()
    }

    /// Begins a sign-in with the MSP's own application.
    pub async fn begin(&self) -> PendingSignIn {
        SignIn::begin(&self.microsoft(own()), Scopes::tier_1()).await.unwrap()
    }

    /// A person who is signed in with the MSP's own application.
    pub async fn signed_in(&self) -> SignIn {
        let pending = self.begin().await;
        self.finish(pending).await.unwrap()
    }

    /// The person accepts everything in the browser, and the app goes on.
    pub async fn finish(&self, pending: PendingSignIn) -> Result<SignIn, SignInError> {
        let back = self.accept(pending.url());
        let (done, page) = finished_beside(pending, browse(back)).await;
        assert_eq!(page.0, 200, "{}", page.1);
        done
    }

    /// What Entra's page does when the person accepts: remembers what was asked for; the address to go back to.
    pub fn accept(&self, url: &Url) -> Url {
        let asked = parameters(url);
        let mut behaviour = self.behave();
        behaviour.issued += 1;
        let code = format!("planted-code-{}", behaviour.issued);
        behaviour.asked.insert(
            code.clone(),
            Asked {
                client_id: asked["client_id"].clone(),
                redirect_uri: asked["redirect_uri"].clone(),
                challenge: asked["code_challenge"].clone(),
                nonce: asked["nonce"].clone(),
            },
        );
        back(url, &[("code", &code), ("session_state", "x")])
    }

    pub fn forms_of(&self, grant: &str) -> Vec<HashMap<String, String>> {
        let forms = self.behave().forms.clone();
        forms
            .into_iter()
            .filter(|form| form.get("grant_type").is_some_and(|g| g == grant))
            .collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn own() -> SignInApp {
    SignInApp::Own(OWN_APP.parse().unwrap())
}

pub fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// The address to go back to, with the state that was given and these parameters.
pub fn back(url: &Url, more: &[(&str, &str)]) -> Url {
    let asked = parameters(url);
    let mut back: Url = asked["redirect_uri"].parse().unwrap();
    back.query_pairs_mut()
        .extend_pairs(more)
        .append_pair("state", &asked["state"]);
    back
}

/// A browser: status and text of a page.
pub async fn browse(url: Url) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let page = http.get(url).send().await.unwrap();
    (page.status().as_u16(), page.text().await.unwrap())
}

/// What becomes of a sign-in while this happens in the browser.
pub async fn finished_beside<T>(
    pending: PendingSignIn,
    browser: impl Future<Output = T>,
) -> (Result<SignIn, SignInError>, T) {
    let cancel = never();
    soon(async { tokio::join!(pending.finish(&cancel), browser) }).await
}

async fn document(Path(tenant): Path<String>, State((address, behaviour)): Shared) -> Response {
    if tenant != TENANT && tenant != "msp.example" {
        let body = refused("invalid_tenant", 90002, "Tenant not found.");
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let base = format!("{address}/{TENANT}");
    let mut document = json!({
        "issuer": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
    });
    overlay(&mut document, &behaviour.lock().unwrap().document);
    Json(document).into_response()
}

fn overlay(base: &mut Value, over: &Value) {
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
            value => base[name] = value.clone(),
        }
    }
}

async fn device_code(State((address, behaviour)): Shared, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut behaviour = behaviour.lock().unwrap();
    behaviour.forms.push(form);
    let mut reply = json!({
        "device_code": "planted-device-code", "user_code": "ABCD1234", "expires_in": 900, "interval": 0,
        "verification_uri": format!("{address}/device"), "message": "To sign in ...",
    });
    overlay(&mut reply, &behaviour.code);
    Json(reply).into_response()
}

async fn token(State((_, behaviour)): Shared, Form(form): Form<HashMap<String, String>>) -> Response {
    let hold = {
        let mut behaviour = behaviour.lock().unwrap();
        behaviour.forms.push(form.clone());
        behaviour.hold.clone()
    };
    if let Some(hold) = hold {
        hold.notified().await;
    }
    let mut behaviour = behaviour.lock().unwrap();
    let is_device = form["grant_type"].ends_with("device_code");
    let scripted = behaviour.refusals.pop_front();
    let scripted = scripted.or_else(|| behaviour.device.pop_front().filter(|_| is_device));
    if let Some((status, body)) = scripted {
        return (
            StatusCode::from_u16(status).unwrap(),
            behaviour.says_when.then_some([(header::RETRY_AFTER, "0")]),
            Json(body),
        )
            .into_response();
    }
    let nonce = match form["grant_type"].as_str() {
        "authorization_code" => match behaviour.asked.remove(&form["code"]).filter(|asked| fits(asked, &form)) {
            Some(asked) => Some(asked.nonce),
            None => return no("invalid_grant", 9_002_313),
        },
        "refresh_token" => match behaviour.refresh.remove(&form["refresh_token"]) {
            Some(client_id) if client_id == form["client_id"] => None,
            _ => return no("invalid_grant", 700_082),
        },
        _ if is_device && form["device_code"] == "planted-device-code" => None,
        _ => return no("invalid_request", 900_144),
    };
    Json(behaviour.issue(&form, nonce)).into_response()
}

/// PKCE, the redirect and the application have to be those of the request (RFC 7636, RFC 6749).
fn fits(asked: &Asked, form: &HashMap<String, String>) -> bool {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, form["code_verifier"].as_bytes());
    URL_SAFE_NO_PAD.encode(hash) == asked.challenge
        && form["redirect_uri"] == asked.redirect_uri
        && form["client_id"] == asked.client_id
}

impl Behaviour {
    fn issue(&mut self, form: &HashMap<String, String>, nonce: Option<String>) -> Value {
        self.issued += 1;
        let n = self.issued;
        let refresh = format!("planted-refresh-{n}");
        self.refresh.insert(refresh.clone(), form["client_id"].clone());
        // Where nothing was asked for in this very form (a device code), nothing is named: RFC 6749, 5.1.
        let scope = self.scope.clone().or_else(|| form.get("scope").cloned());
        json!({
            "token_type": "Bearer", "scope": scope, "expires_in": self.expires_in, "ext_expires_in": 3599,
            "access_token": format!("planted-access-{n}"), "refresh_token": refresh,
            "id_token": self.id_token.clone().unwrap_or_else(|| self.signed(&form["client_id"], nonce)),
        })
    }

    fn signed(&self, client_id: &str, nonce: Option<String>) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": client_id, "iat": now - 300,
            "nbf": now - 300, "exp": now + 3600, "name": "Anna Admin", "oid": OID, "preferred_username": UPN,
            "rh": "x", "sub": "pairwise", "tid": TENANT, "uti": "x", "ver": "2.0", "nonce": nonce,
        });
        overlay(&mut claims, &self.claims);
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("planted-kid".into());
        jsonwebtoken::encode(&header, &claims, &keys()[usize::from(self.forged)].encoding).unwrap()
    }
}

pub fn refused(error: &str, code: u32, said: &str) -> Value {
    json!({
        "error": error, "error_description": format!("AADSTS{code}: {said}\r\nTrace ID: t\r\nCorrelation ID: c"),
        "error_codes": [code], "trace_id": "t", "correlation_id": "c",
    })
}

fn no(error: &str, code: u32) -> Response {
    (StatusCode::BAD_REQUEST, Json(refused(error, code, "No."))).into_response()
}

/// The bearer token of a read.
pub fn bearer(headers: &HeaderMap) -> &str {
    headers[header::AUTHORIZATION]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap()
}

pub fn never() -> CancellationToken {
    CancellationToken::new()
}

pub fn arm() -> Ask {
    Ask::Arm
}

/// Ends a test that would hang. Far above anything that a slow machine needs.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("it should have ended long ago")
}
