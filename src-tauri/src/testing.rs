//! For the tests: an app over a folder of its own with a saved connection to a sandbox, and a person at a browser.

use std::{fs, sync::Arc};

use cipp_client::Connection;
use connections::{ConnectionId, Keychain, SavedConnection};
use jiff::Timestamp;
use sandbox::{Sandbox, SandboxOptions, Scenario};
use tauri::Url;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    connect::{self, ConnectionInput, SecretInput},
    error::CommandResult,
    microsoft::{self, SignInAsk, SignInProgress, SignedIn, Way, Window},
    state::AppState,
};

/// An app over a folder of its own that keeps secrets in memory, and a sandbox.
pub struct Desk {
    pub folder: TempDir,
    pub state: Arc<AppState>,
    pub sandbox: Sandbox,
}

impl Desk {
    pub async fn new(scenario: &str) -> Desk {
        Desk::over(in_memory(), scenario).await
    }

    /// Over another keychain than memory.
    pub async fn over(keychain: Keychain, scenario: &str) -> Desk {
        let scenario = Scenario::all()
            .unwrap()
            .into_iter()
            .find(|known| known.name == scenario)
            .unwrap();
        let options = SandboxOptions {
            scenario,
            ..SandboxOptions::default()
        };
        let folder = tempfile::tempdir().unwrap();
        Desk {
            state: app_over(&folder, keychain),
            folder,
            sandbox: sandbox::start(options).await.unwrap(),
        }
    }

    /// With one connection to the sandbox, saved as a person would.
    pub async fn connected(scenario: &str) -> (Desk, ConnectionId) {
        let desk = Desk::new(scenario).await;
        let id = desk.save(None, "Contoso").await;
        (desk, id)
    }

    /// Saves a connection to the sandbox, a new one or changed.
    pub async fn save(&self, id: Option<ConnectionId>, name: &str) -> ConnectionId {
        let ready = self.sandbox.ready();
        let input = ConnectionInput {
            id,
            name: name.to_owned(),
            api_url: ready.api_url.clone(),
            tenant_id: ready.tenant_id.clone(),
            client_id: ready.client_id.clone(),
            authority: Some(ready.authority.clone()),
            ca_cert: None,
            secret: SecretInput::Typed {
                value: ready.client_secret.clone(),
            },
            test: false,
        };
        let never = tokio_util::sync::CancellationToken::new();
        connect::save(&self.state, input, &|_| {}, &never).await.unwrap().id
    }

    /// A connection that is in the file and has no secret anywhere.
    pub async fn without_secret(&self) -> ConnectionId {
        let ready = self.sandbox.ready();
        let connection = Connection {
            api_url: ready.api_url.parse().unwrap(),
            tenant_id: ready.tenant_id.parse().unwrap(),
            client_id: ready.client_id.parse().unwrap(),
            authority: ready.authority.parse().unwrap(),
            ca_cert: None,
        };
        let saved = SavedConnection::new(ConnectionId::random(), "No secret", connection, Timestamp::now());
        let id = saved.id;
        self.state.with_store(move |store| store.add(saved)).await.unwrap();
        id
    }

    /// The app once more, as after a restart: over the same files, with nothing in memory.
    pub fn restarted(&self) -> Arc<AppState> {
        self.over_again(in_memory())
    }

    /// The same with this keychain.
    pub fn over_again(&self, keychain: Keychain) -> Arc<AppState> {
        app_over(&self.folder, keychain)
    }

    /// The ID of the sandbox's own application for signing in.
    pub fn own_app(&self) -> &str {
        &self.sandbox.ready().sign_in_app_id
    }

    /// Signs a person in who accepts everything in the browser.
    pub async fn sign_in(&self, id: ConnectionId, ask: SignInAsk, app: &str, person: &str) -> CommandResult<SignedIn> {
        let (window, mut pages) = Told::new();
        let signing_in = window.sign_in(&self.state, id, ask, app, Way::Browser);
        let browsing = async {
            let page = pages.recv().await.unwrap();
            self.browse(page, person, true).await;
        };
        // A sign-in that fails before any page opens never needs the browser.
        tokio::pin!(signing_in);
        tokio::select! {
            done = &mut signing_in => done,
            () = browsing => signing_in.await,
        }
    }

    /// A browser in the hands of this person, until no page asks anything more.
    pub async fn browse(&self, url: Url, person: &str, accepts: bool) {
        let tenant = url.path_segments().and_then(|mut parts| parts.next()).unwrap();
        let pages = format!("{}/{tenant}", url.origin().ascii_serialization());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut html = http.get(url).send().await.unwrap().text().await.unwrap();
        for _ in 0..4 {
            let Some((_, rest)) = html.split_once("name=\"flow\" value=\"") else {
                return;
            };
            let flow = rest.split('"').next().unwrap();
            let (page, mut form) = if html.contains("id=\"accept\"") {
                let answer = if accepts { "accept" } else { "cancel" };
                ("consent", vec![("flow", flow), ("answer", answer)])
            } else {
                ("login", vec![("flow", flow), ("choose", person)])
            };
            if html.contains("name=\"organisation\"") {
                form.push(("organisation", "yes"));
            }
            let reply = http.post(format!("{pages}/{page}")).form(&form).send().await.unwrap();
            html = reply.text().await.unwrap();
        }
    }

    /// Types the code in on its page and signs in there.
    pub async fn type_code(&self, page: Url, code: &str, person: &str) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let reply = http.post(page).form(&[("code", code)]).send().await.unwrap();
        self.browse(reply.url().clone(), person, true).await;
    }

    /// Signs a person in by a code; what the window was told.
    pub async fn device_code(&self, id: ConnectionId, app: &str, person: &str) -> Vec<SignInProgress> {
        let (shown, mut codes) = unbounded_channel();
        let tell = |progress| drop(shown.send(progress));
        let window = Window {
            tell: &tell,
            open: &|_| true,
        };
        let ask = SignInAsk::Directory;
        let signing_in = microsoft::sign_in(&self.state, id, ask, app, Way::DeviceCode, window);
        let typing = async {
            let told = codes.recv().await.unwrap();
            if let SignInProgress::DeviceCode { code, url, .. } = &told {
                self.type_code(url.parse().unwrap(), code, person).await;
            }
            vec![told]
        };
        let (done, told) = tokio::join!(signing_in, typing);
        done.unwrap();
        told
    }

    /// Everything that lies in the app's folder, as one text.
    pub fn files(&self) -> String {
        fn read(folder: &std::path::Path, all: &mut String) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    read(&path, all);
                } else {
                    all.push_str(&fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut all = String::new();
        read(self.folder.path(), &mut all);
        all
    }
}

fn in_memory() -> Keychain {
    let keychain = Keychain::system();
    keychain.use_session_memory();
    keychain
}

fn app_over(folder: &TempDir, keychain: Keychain) -> Arc<AppState> {
    Arc::new(AppState::over(folder.path().join("connections.json"), keychain))
}

/// A window that notes what it is told, and a browser that hands over the page it shall open.
pub struct Told {
    pages: UnboundedSender<Url>,
    pub news: std::sync::Mutex<Vec<SignInProgress>>,
}

impl Told {
    pub fn new() -> (Told, UnboundedReceiver<Url>) {
        let (pages, opened) = unbounded_channel();
        let news = std::sync::Mutex::default();
        (Told { pages, news }, opened)
    }

    pub async fn sign_in(
        &self,
        state: &Arc<AppState>,
        id: ConnectionId,
        ask: SignInAsk,
        app: &str,
        way: Way,
    ) -> CommandResult<SignedIn> {
        let tell = |progress| self.news.lock().unwrap().push(progress);
        let open = |page: &Url| self.pages.send(page.clone()).is_ok();
        let window = Window {
            tell: &tell,
            open: &open,
        };
        microsoft::sign_in(state, id, ask, app, way, window).await
    }
}
