//! The sign-in against an OpenID provider that nobody here wrote: the certified npm `oidc-provider`, in the place of Entra
//! (`tests/oidc-provider/server.mjs`). What only Entra does is proved in `ms-client` and against the sandbox.
//!
//! Needs Node and the packages of `package.json` (`npm ci`).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use ms_client::{
    Clouds, Microsoft, MsError, MsGraph, MsOptions, Options, PendingSignIn, RefusalCause, Scopes, SignIn, SignInApp,
    SignInError,
};
use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

const ANNA: &str = "anna@msp.example";
const ANNAS_OID: &str = "aaaaaaaa-1111-4222-8333-444455556666";
const CARLA: &str = "carla@msp.example";
/// Of another tenant.
const BEN: &str = "ben@other.example";

const IPV4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const IPV6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// The provider, which ends with this.
struct Provider {
    process: Child,
    /// The provider ends when this closes, even if this test is killed.
    _input: Option<ChildStdin>,
    _output: BufReader<ChildStdout>,
    authority: String,
    microsoft: Microsoft,
}

impl Provider {
    fn start() -> Provider {
        // npm names the Node that it runs with; else the one on the path.
        let node = std::env::var_os("npm_node_execpath").unwrap_or_else(|| "node".into());
        let mut process = Command::new(&node)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oidc-provider/server.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", node.display()));
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("oidc-provider does not start, see above; if it is not installed: npm ci"));
        let text = |name: &str| ready[name].as_str().unwrap();
        let authority: Url = text("authority").parse().unwrap();
        // `<graph>/v1.0/me` is the provider's own userinfo endpoint.
        let graph = authority.join(text("mount")).unwrap();
        let clouds = Clouds {
            arm: graph.clone(),
            graph,
            authority,
        };
        let app = SignInApp::Own(text("client").parse().unwrap());
        let tenant = text("tenant").parse().unwrap();
        Provider {
            _input: process.stdin.take(),
            process,
            _output: output,
            authority: text("authority").to_owned(),
            microsoft: Microsoft::new(clouds, tenant, app, MsOptions::default()).unwrap(),
        }
    }

    async fn begin(&self) -> PendingSignIn {
        SignIn::begin(&self.microsoft, Scopes::tier_1()).await.unwrap()
    }

    async fn anna(&self) -> SignIn {
        let pending = self.begin().await;
        let back = Browser::new().sign_in(pending.url(), ANNA).await;
        finish(pending, back, IPV4).await.unwrap()
    }

    /// Has the provider do what it would not do by itself (`CONTROLS` in its script).
    async fn control(&self, what: &str) {
        let reply = http(IPV4).post(format!("{}/control/{what}", self.authority));
        assert!(reply.send().await.unwrap().status().is_success(), "{what}");
    }

    /// What the token endpoint has done so far.
    async fn events(&self) -> Vec<String> {
        let reply = http(IPV4)
            .get(format!("{}/events", self.authority))
            .send()
            .await
            .unwrap();
        reply.json().await.unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// To whom `localhost` is this address.
fn http(localhost: IpAddr) -> Client {
    let client = Client::builder().no_proxy().redirect(Policy::none());
    client
        .resolve("localhost", SocketAddr::new(localhost, 0))
        .build()
        .unwrap()
}

/// A person's browser: follows redirects, keeps cookies, and answers the provider's questions.
struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What the browser has come to.
struct Page {
    url: Url,
    text: String,
}

impl Page {
    /// The question that the provider asks.
    fn question(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is no question: {}", self.url, self.text))
    }

    /// The value that ties a form to this browser.
    fn xsrf(&self) -> &str {
        let (_, rest) = self.text.split_once(r#"name="xsrf" value=""#).expect("a form");
        rest.split_once('"').unwrap().0
    }
}

impl Browser {
    fn new() -> Browser {
        Browser {
            http: http(IPV4),
            cookies: BTreeMap::new(),
        }
    }

    async fn get(&mut self, url: &Url) -> Page {
        self.follow(self.http.get(url.clone())).await
    }

    async fn post(&mut self, url: &Url, form: &[(&str, &str)]) -> Page {
        self.follow(self.http.post(url.clone()).form(form)).await
    }

    /// Up to a page, or to a redirect that leaves the provider, which is not followed.
    async fn follow(&mut self, mut request: reqwest::RequestBuilder) -> Page {
        loop {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let reply = request.header("cookie", cookies.join("; ")).send().await.unwrap();
            let here = reply.url().clone();
            for cookie in reply.headers().get_all(SET_COOKIE) {
                let (cookie, _) = cookie.to_str().unwrap().split_once(';').unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(location) = reply.headers().get(LOCATION) else {
                let text = reply.text().await.unwrap();
                return Page { url: here, text };
            };
            let next = here.join(location.to_str().unwrap()).unwrap();
            if next.origin() != here.origin() {
                return Page {
                    url: next,
                    text: String::new(),
                };
            }
            request = self.http.get(next);
        }
    }

    /// Chooses this account, up to the question for consent.
    async fn choose(&mut self, page: Page, account: &str) -> Page {
        let asked = page.question()["prompt"].clone();
        assert!(asked == "select_account" || asked == "login", "{asked}");
        self.post(&page.url, &[("account", account)]).await
    }

    async fn answer(&mut self, page: Page, consent: &str) -> Page {
        assert_eq!(page.question()["prompt"], "consent");
        self.post(&page.url, &[("consent", consent)]).await
    }

    /// Signs in with this account and accepts; the address to go back to.
    async fn sign_in(&mut self, url: &Url, account: &str) -> Url {
        let page = self.get(url).await;
        let page = self.choose(page, account).await;
        self.answer(page, "accept").await.url
    }

    /// Types a device code in and signs in, up to the question for consent.
    async fn type_in(&mut self, page: &Url, user_code: &str, account: &str) -> Page {
        let page = self.get(page).await;
        let form = [("xsrf", page.xsrf()), ("user_code", user_code)];
        let page = self.post(&page.url, &form).await;
        assert!(page.text.contains("Our own application") && page.text.contains(user_code));
        let form = [("xsrf", page.xsrf()), ("user_code", user_code), ("confirm", "yes")];
        let page = self.post(&page.url, &form).await;
        self.choose(page, account).await
    }
}

/// Goes back to the app, to this of the two addresses that `localhost` may mean; status and text of what is shown.
async fn go_back(back: &Url, to: IpAddr) -> (u16, String) {
    let reply = http(to).get(back.clone()).send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

async fn finish(pending: PendingSignIn, back: Url, to: IpAddr) -> Result<SignIn, SignInError> {
    let cancel = CancellationToken::new();
    let (done, (status, page)) = tokio::join!(pending.finish(&cancel), go_back(&back, to));
    assert_eq!(status, 200, "{page}");
    done
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

/// The address with another value of a parameter, or without it.
fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    assert!(parameter(url, name).is_some(), "{url} has no {name}");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut changed = url.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs.into_iter().filter(|(found, _)| found != name))
        .extend_pairs(value.map(|value| (name, value)));
    changed
}

async fn me(sign_in: &SignIn) -> Result<Value, MsError> {
    let graph = MsGraph::new(sign_in);
    let reply = graph.get("/me", &Options::default(), &CancellationToken::new()).await?;
    Ok(reply.json)
}

fn cause(outcome: Result<SignIn, SignInError>) -> RefusalCause {
    let error = outcome.unwrap_err();
    error.cause().unwrap_or_else(|| panic!("no refusal: {error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_a_person_signs_in_by_code_and_pkce_over_either_loopback_address() {
    let provider = Provider::start();
    let mut addresses = vec![IPV4];
    if TcpListener::bind((IPV6, 0)).is_ok() {
        addresses.push(IPV6);
    } else {
        eprintln!("LEFT OUT: ::1, which this computer does not have");
    }
    for to in addresses {
        let (pending, mut browser) = (provider.begin().await, Browser::new());
        let page = browser.get(pending.url()).await;
        let page = browser.choose(page, ANNA).await;
        assert_eq!(
            page.question()["params"]["scope"],
            "openid profile offline_access MailboxSettings.Read User.Read"
        );
        let back = browser.answer(page, "accept").await.url;
        assert_eq!(back.host_str(), Some("localhost"));
        let sign_in = finish(pending, back, to).await.unwrap();
        let who = sign_in.who();
        assert_eq!((who.upn.as_str(), who.oid.as_str()), (ANNA, ANNAS_OID), "{to}");
        assert_eq!(who.tid, provider.microsoft.tenant().as_str());
        assert_eq!(who.name.as_deref(), Some("Anna Admin"));
        assert_eq!(sign_in.granted(), Scopes::tier_1());
        // The provider itself takes the access token.
        assert_eq!(me(&sign_in).await.unwrap()["preferred_username"], ANNA);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_refresh_tokens_rotate_until_the_grant_is_gone() {
    let provider = Provider::start();
    let sign_in = provider.anna().await;
    // Twice: a refresh token that was used up is refused, so the second time proves that the new one was kept.
    for times in 1..=2 {
        provider.control("forget-access-tokens").await;
        assert_eq!(me(&sign_in).await.unwrap()["sub"], ANNAS_OID);
        let events = provider.events().await;
        let happened = |what: &str| events.iter().filter(|event| *event == what).count();
        assert_eq!(happened("refresh_token: granted"), times, "{events:?}");
        assert_eq!(happened("refresh token used up"), times, "{events:?}");
    }
    provider.control("forget-access-tokens").await;
    provider.control("forget-grants").await;
    let error = me(&sign_in).await.unwrap_err();
    assert_eq!(error, MsError::SignInAgain { aadsts: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_more_scopes_are_added_by_the_same_person_alone() {
    let provider = Provider::start();
    let (pending, mut browser) = (provider.begin().await, Browser::new());
    let back = browser.sign_in(pending.url(), ANNA).await;
    let sign_in = finish(pending, back, IPV4).await.unwrap();
    let more: Scopes = ["Directory.Read.All"].iter().collect();

    let pending = sign_in.ask_for(more.clone()).await.unwrap();
    let page = browser.get(pending.url()).await;
    assert_eq!(page.question()["params"]["login_hint"], ANNA);
    let back = browser.answer(page, "accept").await.url;
    finish(pending, back, IPV4).await.unwrap();
    assert_eq!(sign_in.granted(), Scopes::tier_1().and(&more));
    provider.control("forget-access-tokens").await;
    assert_eq!(me(&sign_in).await.unwrap()["sub"], ANNAS_OID);
    assert_eq!(sign_in.granted(), Scopes::tier_1().and(&more));

    let pending = sign_in.ask_for(more).await.unwrap();
    let back = Browser::new().sign_in(pending.url(), CARLA).await;
    let error = finish(pending, back, IPV4).await.unwrap_err();
    assert!(matches!(error, SignInError::WrongPerson { .. }), "{error:?}");
    assert_eq!(me(&sign_in).await.unwrap()["sub"], ANNAS_OID);
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_what_is_refused_in_the_browser_says_why() {
    let provider = Provider::start();
    let (pending, mut browser) = (provider.begin().await, Browser::new());
    let page = browser.get(pending.url()).await;
    let page = browser.choose(page, ANNA).await;
    let back = browser.answer(page, "refuse").await.url;
    let error = finish(pending, back, IPV4).await.unwrap_err();
    assert_eq!(error.cause(), Some(RefusalCause::Declined), "{error:?}");
    assert!(error.detail().contains("The person refused."), "{error:?}");

    // The provider insists on what ms-client sends: without PKCE nobody signs in.
    let pending = provider.begin().await;
    let url = with(pending.url(), "code_challenge", None);
    let url = with(&url, "code_challenge_method", None);
    let back = Browser::new().get(&url).await.url;
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_request"));
    assert_eq!(cause(finish(pending, back, IPV4).await), RefusalCause::Other);
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_an_answer_with_a_wrong_state_is_refused_and_the_right_one_still_counts() {
    let provider = Provider::start();
    let pending = provider.begin().await;
    let back = Browser::new().sign_in(pending.url(), ANNA).await;
    for state in [Some("of-another-sign-in"), None] {
        let (status, page) = go_back(&with(&back, "state", state), IPV4).await;
        assert_eq!(status, 400, "{page}");
    }
    assert_eq!(pending.refused_answers(), 2);
    assert_eq!(provider.events().await, [""; 0], "no code was redeemed");
    assert_eq!(finish(pending, back, IPV4).await.unwrap().who().upn, ANNA);
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_a_code_works_once_and_for_its_own_sign_in_alone() {
    let provider = Provider::start();
    // Somebody was faster.
    let pending = provider.begin().await;
    let back = Browser::new().sign_in(pending.url(), ANNA).await;
    provider.control("use-codes").await;
    assert_eq!(cause(finish(pending, back, IPV4).await), RefusalCause::CodeExpired);
    // Somebody slips the app the code of another sign-in, together with the right state.
    let (theirs, ours) = (provider.begin().await, provider.begin().await);
    let back = Browser::new().sign_in(theirs.url(), CARLA).await;
    let code = parameter(&back, "code").unwrap();
    let back = Browser::new().sign_in(ours.url(), ANNA).await;
    let back = with(&back, "code", Some(&code));
    assert_eq!(cause(finish(ours, back, IPV4).await), RefusalCause::CodeExpired);
    // Somebody had the browser ask with a challenge of their own.
    let pending = provider.begin().await;
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let url = with(pending.url(), "code_challenge", Some(challenge));
    let back = Browser::new().sign_in(&url, ANNA).await;
    assert_eq!(cause(finish(pending, back, IPV4).await), RefusalCause::CodeExpired);

    let events = provider.events().await;
    let expected = [
        "authorization_code: invalid_grant: authorization code already consumed",
        "authorization_code: invalid_grant: code_verifier does not match code_challenge",
        "authorization_code: invalid_grant: code_verifier does not match code_challenge",
    ];
    assert_eq!(events, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_an_id_token_has_to_be_signed_by_a_known_key_for_this_sign_in_and_tenant() {
    let provider = Provider::start();
    // The keys were read when the sign-in began; what signs now has the same name, and is another.
    let pending = provider.begin().await;
    provider.control("new-keys").await;
    let back = Browser::new().sign_in(pending.url(), ANNA).await;
    let error = finish(pending, back, IPV4).await.unwrap_err();
    let expected = SignInError::NotGenuine {
        what: "its signature does not fit the server's keys".into(),
    };
    assert_eq!(error, expected);

    let pending = provider.begin().await;
    let url = with(pending.url(), "nonce", Some("of-another-sign-in"));
    let back = Browser::new().sign_in(&url, ANNA).await;
    let error = finish(pending, back, IPV4).await.unwrap_err();
    let expected = SignInError::NotGenuine {
        what: "it was not made for this sign-in".into(),
    };
    assert_eq!(error, expected);

    let pending = provider.begin().await;
    let back = Browser::new().sign_in(pending.url(), BEN).await;
    let error = finish(pending, back, IPV4).await.unwrap_err();
    assert!(matches!(error, SignInError::WrongTenant { .. }), "{error:?}");

    // The new keys are found by the next sign-in.
    assert_eq!(provider.anna().await.who().upn, ANNA);
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_a_person_signs_in_by_device_code_or_refuses() {
    let provider = Provider::start();
    let begin = || SignIn::begin_device_code(&provider.microsoft, Scopes::tier_1());
    let (accepted, refused) = (begin().await.unwrap(), begin().await.unwrap());
    let (page, codes) = (
        accepted.verification_uri().clone(),
        [accepted.user_code().to_owned(), refused.user_code().to_owned()],
    );
    let cancel = CancellationToken::new();
    let people = async {
        // Both are asked for in vain once: whoever polls has to go on.
        while provider.events().await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        for (code, consent) in codes.iter().zip(["accept", "refuse"]) {
            let mut browser = Browser::new();
            let question = browser.type_in(&page, code, ANNA).await;
            browser.answer(question, consent).await;
        }
    };
    let (accepted, refused, ()) = tokio::join!(accepted.finish(&cancel), refused.finish(&cancel), people);

    let sign_in = accepted.unwrap();
    assert_eq!(
        (sign_in.who().upn.as_str(), sign_in.who().oid.as_str()),
        (ANNA, ANNAS_OID)
    );
    assert_eq!(sign_in.granted(), Scopes::tier_1());
    provider.control("forget-access-tokens").await;
    assert_eq!(me(&sign_in).await.unwrap()["sub"], ANNAS_OID);
    assert_eq!(cause(refused), RefusalCause::Declined);
    let pending = "urn:ietf:params:oauth:grant-type:device_code: authorization_pending";
    let events = provider.events().await;
    assert!(
        events.iter().filter(|event| event.starts_with(pending)).count() >= 2,
        "{events:?}"
    );
}
