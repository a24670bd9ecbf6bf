//! A world of the sandbox with its Microsoft side, and a person who signs in there, page by page and form by form, as a
//! browser would. Nothing here tests anything.

use std::fs;
use std::path::Path;
use std::time::Duration;

use checklist::Subject;
use cipp_client::{Client, ClientOptions, Connection, Ledger, RetryPolicy, Secret};
use ms_client::{Ask, Clouds, Microsoft, MsOptions, Scopes, SignIn, SignInApp};
use reqwest::Url;
use sandbox::{Ready, Sandbox, SandboxOptions};
use tokio_util::sync::CancellationToken;

/// A sandbox that plays a scenario. It runs with this computer's clock.
pub struct World {
    sandbox: Sandbox,
    /// Every call of its own client, and of those who signed in.
    pub ledger: Ledger,
}

/// What a person saw on the way through the pages.
pub struct Walked {
    /// The consent page, if there was one.
    pub consent: Option<String>,
    /// Where the browser ended: the app's own address, with the code in it.
    pub end: Url,
}

impl World {
    /// A built-in scenario.
    pub async fn playing(scenario: &str) -> Self {
        let options = SandboxOptions {
            scenario: scenario.parse().unwrap(),
            ..SandboxOptions::default()
        };
        World {
            sandbox: sandbox::start(options).await.unwrap(),
            ledger: Ledger::default(),
        }
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub fn ready(&self) -> &Ready {
        self.sandbox.ready()
    }

    pub fn connection(&self) -> Connection {
        let ready = self.ready();
        Connection {
            api_url: ready.api_url.parse().unwrap(),
            tenant_id: ready.tenant_id.parse().unwrap(),
            client_id: ready.client_id.parse().unwrap(),
            authority: ready.authority.parse().unwrap(),
            ca_cert: None,
        }
    }

    pub fn client(&self) -> Client {
        let secret = Secret::parse(&self.ready().client_secret).unwrap();
        Self::noting(self.connection(), secret, &self.ledger)
    }

    /// A client that does not wait long between two attempts.
    pub fn client_of(connection: Connection, secret: Secret) -> Client {
        Self::noting(connection, secret, &Ledger::default())
    }

    /// The same, which notes its calls here.
    pub fn noting(connection: Connection, secret: Secret, ledger: &Ledger) -> Client {
        let options = ClientOptions {
            retry: impatient(),
            ledger: ledger.clone(),
            ..ClientOptions::default()
        };
        Client::new(connection, secret, options).unwrap()
    }

    /// What the app knows from a connection; account and application are left to be looked up.
    pub fn subject(&self) -> Subject {
        let ready = self.ready();
        Subject {
            tenant: Some(ready.tenant_id.clone()),
            client_id: Some(ready.client_id.clone()),
            secret_hint: Some(ready.client_secret.chars().take(3).collect()),
            api_host: Some(self.connection().api_url.host().to_owned()),
            ..Subject::default()
        }
    }

    /// Signs this person in with the MSP's own application.
    pub async fn sign_in(&self, person: &str, scopes: Scopes) -> (SignIn, Walked) {
        let ready = self.ready();
        let clouds = Clouds {
            authority: ready.authority.parse().unwrap(),
            graph: ready.graph_url.parse().unwrap(),
            arm: ready.arm_url.parse().unwrap(),
        };
        let app = SignInApp::Own(ready.sign_in_app_id.parse().unwrap());
        let options = MsOptions {
            retry: impatient(),
            ledger: self.ledger.clone(),
            ..MsOptions::default()
        };
        let microsoft = Microsoft::new(clouds, ready.tenant_id.parse().unwrap(), app, options).unwrap();
        let pending = SignIn::begin(&microsoft, Ask::Graph(scopes)).await.unwrap();
        let (url, cancel) = (pending.url().clone(), CancellationToken::new());
        let (signed_in, walked) = tokio::join!(pending.finish(&cancel), self.walk(url, person));
        (signed_in.unwrap(), walked)
    }

    /// Types name and password, and accepts what is asked for, for the whole organisation where that is offered.
    async fn walk(&self, url: Url, person: &str) -> Walked {
        let person = self.ready().people.iter().find(|known| known.key == person).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut page = Page::of(http.get(url).send().await.unwrap()).await;
        let typed = [
            ("person", person.user_principal_name.as_str()),
            ("password", &person.password),
        ];
        page = page.submit(&http, "sign-in", &typed).await;
        let mut consent = None;
        if page.html.contains("id=\"accept\"") {
            consent = Some(page.html.clone());
            let mut ticked = vec![("answer", "accept")];
            if page.html.contains("name=\"organisation\"") {
                ticked.push(("organisation", "yes"));
            }
            page = page.submit(&http, "accept", &ticked).await;
        }
        Walked { consent, end: page.url }
    }
}

fn impatient() -> RetryPolicy {
    let moment = Duration::from_millis(5);
    RetryPolicy {
        first_pause: moment,
        first_pause_when_asked_to_wait: moment,
        ..RetryPolicy::default()
    }
}

/// A page as a browser has it.
struct Page {
    url: Url,
    html: String,
}

impl Page {
    async fn of(reply: reqwest::Response) -> Page {
        assert!(reply.status().is_success(), "{} at {}", reply.status(), reply.url());
        Page {
            url: reply.url().clone(),
            html: reply.text().await.unwrap(),
        }
    }

    /// Presses the button with this id: sends its form, with everything hidden in it and what was typed. Redirects are
    /// followed, to the app's own address too.
    async fn submit(&self, http: &reqwest::Client, button: &str, typed: &[(&str, &str)]) -> Page {
        let mark = format!("id=\"{button}\"");
        let mut forms = self.html.split("<form ").skip(1);
        let form = forms
            .find(|form| form.split("</form>").next().unwrap().contains(&mark))
            .unwrap_or_else(|| panic!("no button {button} in {}", self.html));
        let between = |text: &'_ str, before: &str| -> Option<String> {
            let (_, rest) = text.split_once(before)?;
            Some(rest.split('"').next().unwrap().to_owned())
        };
        let action = between(form, "action=\"").unwrap();
        let mut fields: Vec<(String, String)> = form
            .split("<input ")
            .skip(1)
            .filter(|input| input.starts_with("type=\"hidden\""))
            .map(|input| (between(input, "name=\"").unwrap(), between(input, "value=\"").unwrap()))
            .collect();
        fields.extend(
            typed
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let to = self.url.join(&action).unwrap();
        Page::of(http.post(to).form(&fields).send().await.unwrap()).await
    }
}

/// Every file under a folder, as text.
pub fn files_under(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(files_under(&path));
        } else {
            texts.push(String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
        }
    }
    texts
}
