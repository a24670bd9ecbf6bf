//! The browser of a [`Desktop`]: what the app opens goes there, and a person signs in in it, page by page.
//!
//! It is WebKit's own, which comes with the library that the app is drawn with. The app hands over an address as on every
//! Linux desktop, by `xdg-open`; the one of this computer writes it down, and the test goes there. Linux only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use fantoccini::{Client, Locator};
use serde_json::json;

use crate::desktop::{Desktop, Process};
use crate::window::connect;

const PATIENCE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(60);

/// Where the address lies that was opened last.
const OPENED: &str = "opened-address";

impl Desktop {
    /// A computer on which a page can be opened in a browser.
    #[must_use]
    pub fn with_browser(self) -> Self {
        let bin = self.folder().join("bin");
        let opened = self.folder().join(OPENED);
        let opened = opened.display();
        fs::create_dir(&bin).unwrap();
        let program = bin.join("xdg-open");
        // Moved into place, so that nobody reads half an address.
        let script = format!("#!/bin/sh\nprintf %s \"$1\" > '{opened}.new' && mv '{opened}.new' '{opened}'\n");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        self.env("PATH", &format!("{}:{path}", bin.display()))
    }

    /// The address that the app has opened in the browser, as soon as there is one. Each is given once.
    async fn opened_address(&self) -> String {
        let file = self.folder().join(OPENED);
        let started = Instant::now();
        loop {
            if let Ok(address) = fs::read_to_string(&file) {
                fs::remove_file(&file).unwrap();
                return address;
            }
            assert!(started.elapsed() < PATIENCE, "no page was opened in the browser");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A browser on the page that the app opened.
pub struct Browser {
    client: Client,
    _driver: Process,
}

impl Browser {
    /// Waits until the app opens a page, and goes there.
    pub async fn opened_by_the_app(desktop: &Desktop) -> Self {
        let address = desktop.opened_address().await;
        let (client, driver) = connect(desktop, None).await;
        client.goto(&address).await.unwrap();
        Self {
            client,
            _driver: driver,
        }
    }

    /// Types name and password, and accepts what is asked for, for the whole organisation where that is offered.
    pub async fn sign_in(&self, name: &str, password: &str) {
        let started = Instant::now();
        let ready = "return document.readyState === 'complete' && document.activeElement.id === 'person'";
        while self.client.execute(ready, vec![]).await.ok() != Some(json!(true)) {
            self.patience(started, "the sign-in page").await;
        }
        for (id, text) in [("person", name), ("password", password)] {
            self.type_into(id, text).await;
        }
        self.see("sign-in").await.click().await.unwrap();
        let started = Instant::now();
        // Either is asked for consent, or is back at the app.
        while !self.is_back().await {
            if let Some(accept) = self.find("accept").await {
                if let Some(organisation) = self.find("organisation").await {
                    organisation.click().await.unwrap();
                }
                accept.click().await.unwrap();
                break;
            }
            self.patience(started, "consent or the way back").await;
        }
        while !self.is_back().await {
            self.patience(started, "the way back to the app").await;
        }
    }

    /// The text of the page.
    pub async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", vec![]).await;
        text.unwrap().as_str().unwrap_or_default().to_owned()
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.client.current_url().await.unwrap().into()
    }

    /// Ends the browser.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// The app's own page says that the person can go back to it.
    async fn is_back(&self) -> bool {
        let there = "return new URL(location.href).searchParams.has('code') && document.readyState === 'complete'";
        self.client.execute(there, vec![]).await.ok() == Some(json!(true))
    }

    /// Types until the field has it: a page that is just coming takes the focus, and keys with it, to its first field.
    async fn type_into(&self, id: &str, text: &str) {
        let started = Instant::now();
        loop {
            let field = self.see(id).await;
            let typed = async {
                field.clear().await?;
                field.send_keys(text).await?;
                field.prop("value").await
            };
            if typed.await.ok().flatten().as_deref() == Some(text) {
                return;
            }
            self.patience(started, &format!("{id} to be typed")).await;
        }
    }

    async fn find(&self, id: &str) -> Option<fantoccini::elements::Element> {
        self.client.find(Locator::Id(id)).await.ok()
    }

    async fn see(&self, id: &str) -> fantoccini::elements::Element {
        let started = Instant::now();
        loop {
            if let Some(element) = self.find(id).await {
                return element;
            }
            self.patience(started, id).await;
        }
    }

    async fn patience(&self, started: Instant, what: &str) {
        if started.elapsed() < PATIENCE {
            tokio::time::sleep(PAUSE).await;
            return;
        }
        panic!("waited in vain for {what}. The page reads:\n{}", self.text().await);
    }
}
