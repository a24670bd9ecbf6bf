//! The built app in a real window, driven as a person would: by what is on the screen and by keys.
//!
//! One [`Window`] is one run of the app on a [`Desktop`], through WebKitWebDriver. Helpers wait for what they need and
//! end the test with the page's text and a picture when it does not come, so that a test is a few lines without pauses.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
pub use fantoccini::key::Key;
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::desktop::{Desktop, Process};
pub use crate::programs::{built, project};

/// How long to wait for anything: far above what is usual, since the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(40);

const PAUSE: Duration = Duration::from_millis(60);

/// One run of the app.
pub struct Window {
    client: Client,
    patience: Duration,
    _driver: Process,
}

impl Window {
    /// Starts the app and waits until its page is there.
    pub async fn open(desktop: &Desktop, arguments: &[&str]) -> Self {
        desktop.wait_until_app_has_gone();
        let (client, driver) = connect(desktop, Some(arguments)).await;
        // Scripts that wait for two frames or for axe may take long on a busy machine.
        let timeouts = TimeoutConfiguration::new(Some(PATIENCE), None, Some(Duration::ZERO));
        client.update_timeouts(timeouts).await.unwrap();
        let window = Self {
            client,
            patience: PATIENCE,
            _driver: driver,
        };
        window
            .until(
                "the page is drawn",
                "return document.querySelector('[data-testid]') !== null",
            )
            .await;
        window
    }

    /// The element with this test id, as soon as it is there and can be seen.
    pub async fn see(&self, id: &str) -> Element {
        let started = Instant::now();
        loop {
            if let Some(element) = self.find(id).await {
                return element;
            }
            self.patience(started, &format!("{id} on the screen")).await;
        }
    }

    /// Whether an element with this test id is on the screen now.
    pub async fn sees(&self, id: &str) -> bool {
        self.find(id).await.is_some()
    }

    /// Waits until no element with this test id is on the screen.
    pub async fn see_no_more(&self, id: &str) {
        let started = Instant::now();
        while self.sees(id).await {
            self.patience(started, &format!("{id} to go away")).await;
        }
    }

    async fn find(&self, id: &str) -> Option<Element> {
        let css = format!("[data-testid='{id}']");
        let element = self.client.find(Locator::Css(&css)).await.ok()?;
        element.is_displayed().await.ok()?.then_some(element)
    }

    /// How many elements with this test id the page has.
    pub async fn count(&self, id: &str) -> usize {
        let css = format!("[data-testid='{id}']");
        self.client.find_all(Locator::Css(&css)).await.unwrap().len()
    }

    /// Waits until the page's text has these words, in any case and with any spacing.
    pub async fn read(&self, words: &str) {
        self.read_in("", words).await;
    }

    /// Waits until the text of the element with this test id has these words.
    pub async fn read_in(&self, id: &str, words: &str) {
        let started = Instant::now();
        while !squeezed(&self.text(id).await).contains(&squeezed(words)) {
            self.patience(started, &format!("the words \"{words}\" in {}", or_page(id)))
                .await;
        }
    }

    /// Waits until the text of the elements with this test id no longer has these words.
    pub async fn see_no_words_in(&self, id: &str, words: &str) {
        let started = Instant::now();
        while squeezed(&self.text(id).await).contains(&squeezed(words)) {
            self.patience(started, &format!("the words \"{words}\" to go away in {id}"))
                .await;
        }
    }

    /// The text that can be read now: of the elements with this test id, or of the whole page when it is empty.
    pub async fn text(&self, id: &str) -> String {
        let css = if id.is_empty() {
            "body".to_owned()
        } else {
            format!("[data-testid='{id}']")
        };
        let script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText).join('\\n')";
        let text = self.run(script, vec![json!(css)]).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks the element with this test id.
    pub async fn click(&self, id: &str) {
        let started = Instant::now();
        // Between finding and clicking the page may have drawn the element anew.
        while let Err(error) = self.see(id).await.click().await {
            self.patience(started, &format!("{id} to be clicked ({error})")).await;
        }
    }

    /// Empties a field and types into it.
    pub async fn type_into(&self, id: &str, text: &str) {
        let field = self.see(id).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Pastes text into a field: a real one, from the clipboard by Ctrl+V. The text gets into the clipboard by cutting it
    /// out of the same field.
    pub async fn paste_into(&self, id: &str, text: &str) {
        let field = self.see(id).await;
        let script = "const [field, text] = arguments; field.value = text; field.focus(); field.select();";
        self.run(script, vec![serde_json::to_value(&field).unwrap(), json!(text)])
            .await;
        for key in ["x", "v"] {
            field.send_keys(&format!("{}{key}", Key::Control)).await.unwrap();
        }
    }

    /// Presses keys on whatever has the focus, for example `"j"` or `Key::Enter`.
    pub async fn press(&self, keys: impl std::fmt::Display) {
        self.client
            .active_element()
            .await
            .unwrap()
            .send_keys(&keys.to_string())
            .await
            .unwrap();
    }

    /// What a form field holds now.
    pub async fn value(&self, id: &str) -> String {
        self.see(id).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// An attribute of the element with this test id.
    pub async fn attribute(&self, id: &str, name: &str) -> Option<String> {
        self.see(id).await.attr(name).await.unwrap()
    }

    /// Waits until a script (with `return`) says true.
    pub async fn until(&self, what: &str, script: &str) {
        let started = Instant::now();
        while self.client.execute(script, vec![]).await.ok() != Some(Value::Bool(true)) {
            self.patience(started, what).await;
        }
    }

    /// Waits longer than usual from now on, for what takes long by its nature.
    pub fn be_patient(&mut self, seconds: u64) {
        self.patience = Duration::from_secs(seconds);
    }

    /// Types into the filter of the log and waits until it has left fewer entries: (entries left, all entries). That the
    /// words "x of y" are there is not enough, they come with the first key, before anything was filtered.
    pub async fn filter(&self, text: &str) -> (u64, u64) {
        self.type_into("filter", text).await;
        let started = Instant::now();
        loop {
            // Every key is a question of its own: only the answer to the last one is waited for.
            let settled = "return !document.querySelector('[data-testid=counts][aria-busy=true]')";
            if self.run(settled, vec![]).await == json!(true)
                && let [left, all] = numbers(&self.text("counts").await)[..]
                && left < all
            {
                return (left, all);
            }
            self.patience(started, &format!("the filter \"{text}\" to leave fewer entries"))
                .await;
        }
    }

    /// The entries that are left and all entries, as the counts say.
    pub async fn shown(&self) -> (u64, u64) {
        match numbers(&self.text("counts").await)[..] {
            [left, all, ..] => (left, all),
            [all] => (all, all),
            [] => (0, 0),
        }
    }

    /// Waits until so many entries are left.
    pub async fn until_shown(&self, left: u64) {
        self.until_left(&format!("{left} entries"), |now| now == left).await;
    }

    /// Waits until the number of entries that are left is as wanted, and gives it.
    pub async fn until_left(&self, what: &str, wanted: impl Fn(u64) -> bool) -> u64 {
        let started = Instant::now();
        loop {
            let (left, _) = self.shown().await;
            if wanted(left) {
                return left;
            }
            self.patience(started, what).await;
        }
    }

    /// Chooses an option of a list by its value.
    pub async fn choose(&self, id: &str, value: &str) {
        let script = "const [list, value] = arguments;
            list.value = value;
            list.dispatchEvent(new Event('change', { bubbles: true }));";
        let list = serde_json::to_value(self.see(id).await).unwrap();
        self.run(script, vec![list, json!(value)]).await;
    }

    /// Runs a script in the page that calls its last argument with the result when it is done.
    pub async fn run_async(&self, script: &str) -> Value {
        self.client.execute_async(script, vec![]).await.unwrap()
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    /// Everything the page holds that a secret could be read from: its markup, its text and what its fields hold.
    pub async fn everything(&self) -> String {
        let script = "const fields = [...document.querySelectorAll('input, textarea')].map((one) => one.value);
            return [document.documentElement.outerHTML, document.body.innerText, ...fields,
                JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })].join('\\n')";
        self.run(script, vec![]).await.as_str().unwrap().to_owned()
    }

    /// Saves a picture of the window as `target/screenshots/<name>.png`.
    pub async fn picture(&self, name: &str) {
        // A picture taken right after a change shows the frame before it.
        let frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));";
        self.client.execute_async(frames, vec![]).await.unwrap();
        let folder = project().join("target/screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(format!("{name}.png")),
            self.client.screenshot().await.unwrap(),
        )
        .unwrap();
    }

    /// Checks the page for accessibility with axe-core; every violation is listed.
    pub async fn accessible(&self, screen: &str) {
        let axe = project().join("node_modules/axe-core/axe.min.js");
        let source = fs::read_to_string(axe).expect("axe-core is installed; run: npm ci");
        self.run(&source, vec![]).await;
        let script = "const done = arguments[0];
            axe.run(document, { resultTypes: ['violations'] }).then(
                ({ violations }) => done(violations.flatMap(({ id, help, nodes }) =>
                    nodes.map(({ html, failureSummary }) => `${id}: ${help}\\n    ${html}\\n    ${failureSummary}`))),
                (error) => done([`axe failed: ${error}`]))";
        let violations = self.client.execute_async(script, vec![]).await.unwrap();
        let list: Vec<&str> = violations
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(list.is_empty(), "{screen} is not accessible:\n{}", list.join("\n"));
    }

    /// A picture and the accessibility check of one screen.
    pub async fn inspect(&self, screen: &str) {
        self.picture(screen).await;
        self.accessible(screen).await;
    }

    /// Sets the size of the window, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// Ends the app.
    pub async fn close(self) {
        let closed = tokio::time::timeout(PATIENCE, self.client.close()).await;
        closed.expect("the app ends when it is told to").unwrap();
    }

    async fn patience(&self, started: Instant, what: &str) {
        if started.elapsed() < self.patience {
            tokio::time::sleep(PAUSE).await;
            return;
        }
        let picture = format!(
            "failed-{}",
            std::thread::current().name().unwrap_or("test").replace("::", "-")
        );
        self.picture(&picture).await;
        let page = self.text("").await;
        let waited = self.patience;
        panic!("waited {waited:?} in vain for {what}; picture {picture}.png. The page reads:\n{page}");
    }
}

/// A WebKitWebDriver that has started the app with these arguments, or its own browser.
pub(crate) async fn connect(desktop: &Desktop, app: Option<&[&str]>) -> (Client, Process) {
    let mut capabilities = serde_json::Map::new();
    if let Some(arguments) = app {
        let app = json!({ "binary": built("cipp-desk"), "args": arguments });
        capabilities.insert("webkitgtk:browserOptions".into(), app);
    }
    let log = || -> File {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(desktop.log_file())
            .unwrap()
    };
    let port = free_port();
    let mut driver = Process::start(
        desktop
            .command("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdout(log())
            .stderr(log()),
    );
    let address = format!("http://127.0.0.1:{port}");
    let started = Instant::now();
    loop {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.clone());
        let error = match tokio::time::timeout(PATIENCE, builder.connect(&address)).await {
            Ok(Ok(client)) => return (client, driver),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        assert!(driver.is_running(), "WebKitWebDriver ended: {error}");
        assert!(started.elapsed() < PATIENCE, "nothing could be started: {error}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// A port for a driver. Not one that the system hands out to whoever asks for any: another test's server could get it
/// between here and the driver's start, and would be spoken to in the driver's place.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + ((std::process::id().wrapping_mul(101) + step) % 20_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The numbers in a text, whose thousands are set apart by commas.
fn numbers(text: &str) -> Vec<u64> {
    let words = text.split_whitespace().map(|word| word.replace(',', ""));
    words.filter_map(|word| word.parse().ok()).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn or_page(id: &str) -> &str {
    if id.is_empty() { "the page" } else { id }
}
