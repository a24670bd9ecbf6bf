//! The operating system's keychain: an item per connection, service "CIPP Desk", account = the connection's id, value
//! = the client secret alone (so that it fits Windows' 2,560 bytes); and one with `/archive` after the id, whose value
//! is the key of the connection's archive in hexadecimal digits.
//!
//! Three rules shape this room. A keychain may ask a person, hang or be missing, so every call runs on a thread of its
//! own with a time-out ([`worker`]). A secret is asked for once per process and then kept in memory, because some
//! keychains ask a person each time. And there is no second place: no keychain means memory for this session, if a
//! person chooses so, never a file.
//!
//! One file per system, all of the same shape, knows how to open the keychain, what to call it and what its errors
//! mean: [`system`]. Deliberately not here: the list of connections, and any way to show a secret.

mod by_hand;
#[cfg(target_os = "macos")]
#[path = "keychain/macos.rs"]
mod system;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "keychain/secret_service.rs"]
mod system;
#[cfg(target_os = "windows")]
#[path = "keychain/windows.rs"]
mod system;
mod worker;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cipp_client::Secret;
use keyring_core::{CredentialStore, Error as StoreAnswer};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{ConnectionId, KeychainError, Trouble};
use by_hand::System;
pub use by_hand::{ItemLabel, KeychainItem};
use worker::{Desk, Worker};

/// The service of every item.
const SERVICE: &str = "CIPP Desk";
/// What the account of an archive's key ends with.
const ARCHIVE: &str = "/archive";

/// What a connection has in the keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Item {
    ClientSecret,
    ArchiveKey,
}

impl Item {
    /// The account under which it is kept.
    fn account(self, id: &ConnectionId) -> String {
        match self {
            Self::ClientSecret => id.to_string(),
            Self::ArchiveKey => format!("{id}{ARCHIVE}"),
        }
    }

    fn of_account(account: &str) -> Self {
        if account.ends_with(ARCHIVE) {
            Self::ArchiveKey
        } else {
            Self::ClientSecret
        }
    }

    /// What to call it in a sentence.
    fn what(self) -> &'static str {
        match self {
            Self::ClientSecret => "client secret",
            Self::ArchiveKey => "archive key",
        }
    }

    /// What to do when there is something else in its place.
    fn remedy(self) -> &'static str {
        match self {
            Self::ClientSecret => "Enter the client secret of this connection again; it replaces what is there.",
            Self::ArchiveKey => {
                "Put the right archive key back, if you have kept a copy of it. Else delete the archive of this \
                 connection: it is fetched again as far back as CIPP still has it."
            }
        }
    }
}

/// What is known about the keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum KeychainState {
    /// Not asked yet.
    Unchecked,
    /// It did what it was last asked.
    Ready,
    /// There is none, or nothing by which to reach it.
    Missing,
    /// It is locked, or not set up yet, or the person refused to unlock it.
    Locked,
    /// It did not answer in time.
    NotAnswering,
    /// It answered with an error.
    Failing,
}

/// What to tell a person about the keychain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct KeychainStatus {
    /// Its name, as honestly as it can be known: "GNOME Keyring (Secret Service)", "Windows Credential Manager" ...
    pub store: String,
    /// How it last answered.
    pub state: KeychainState,
    /// The cause, one sentence.
    pub detail: String,
    /// What to do next; empty when there is nothing to do.
    pub remedy: String,
    /// Whether secrets are kept in memory alone, until the app closes.
    pub session_only: bool,
}

/// Where the secret of one connection is, as far as this process has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum SecretPlace {
    /// In the keychain.
    Keychain,
    /// In memory alone, until the app closes.
    Session,
    /// The keychain was asked and has none.
    Missing,
    /// Nobody has asked yet.
    Unknown,
}

/// How long to wait for the keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeychainTimeouts {
    /// For calls at which the system may ask a person for a password.
    pub call: Duration,
    /// For the self-test at the start, which asks nobody.
    pub self_test: Duration,
}

impl Default for KeychainTimeouts {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(60),
            self_test: Duration::from_secs(3),
        }
    }
}

/// Whether opening the keychain may put a question on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    Allowed,
    /// A keychain that is seen to be locked is reported so, and left alone.
    Avoided,
}

/// A keychain that can be reached.
struct Opened {
    name: String,
    store: Arc<CredentialStore>,
}

/// Opens the keychain anew.
type Open = dyn Fn(Asking) -> Result<Opened, KeychainError> + Send + Sync;

/// The keychain of this system, and what this process has learned from it. Clones share both.
#[derive(Clone)]
pub struct Keychain {
    worker: Arc<Worker>,
    known: Arc<Mutex<Known>>,
    timeouts: KeychainTimeouts,
}

struct Known {
    status: KeychainStatus,
    held: HashMap<(Item, ConnectionId), Held>,
}

enum Held {
    Keychain(Secret),
    Session(Secret),
    Missing,
}

impl Held {
    fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Keychain(secret) | Self::Session(secret) => Some(secret),
            Self::Missing => None,
        }
    }
}

impl std::fmt::Debug for Keychain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keychain")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Keychain {
    /// The keychain of this system. Nothing is asked of it yet.
    pub fn system() -> Self {
        Self::system_with(KeychainTimeouts::default())
    }

    /// The keychain of this system, with other time-outs.
    pub fn system_with(timeouts: KeychainTimeouts) -> Self {
        Self::opened_by(Arc::new(system::open), timeouts)
    }

    fn opened_by(open: Arc<Open>, timeouts: KeychainTimeouts) -> Self {
        let status = KeychainStatus {
            store: system::NAME.to_owned(),
            state: KeychainState::Unchecked,
            detail: "The keychain has not been asked yet.".to_owned(),
            remedy: String::new(),
            session_only: false,
        };
        let known = Known {
            status,
            held: HashMap::new(),
        };
        Self {
            worker: Arc::new(Worker::new(open)),
            known: Arc::new(Mutex::new(known)),
            timeouts,
        }
    }

    /// What to look for in the system's own keychain tool, to see or remove the item by hand.
    pub fn item_name(id: &ConnectionId) -> String {
        system::item_name(Item::ClientSecret, id)
    }

    /// As [`Keychain::item_name`], for the key of the connection's archive.
    pub fn archive_item_name(id: &ConnectionId) -> String {
        system::item_name(Item::ArchiveKey, id)
    }

    /// What the system's own tool shows of this connection's client secret, and how it is removed there by hand.
    pub fn item(&self, id: &ConnectionId) -> KeychainItem {
        System::THIS.item(Item::ClientSecret, id, &self.status().store)
    }

    /// As [`Keychain::item`], for the key of the connection's archive.
    pub fn archive_item(&self, id: &ConnectionId) -> KeychainItem {
        System::THIS.item(Item::ArchiveKey, id, &self.status().store)
    }

    /// Writes, reads and removes a random entry, without putting a question on the screen where that can be avoided: a
    /// keychain that is seen to be locked is reported so.
    pub async fn self_test(&self) -> KeychainStatus {
        self.probe(Asking::Avoided, self.timeouts.self_test).await
    }

    /// Opens the keychain anew and tests it; the system may ask the person to unlock it. Ends session-only mode when
    /// the keychain works.
    pub async fn retry(&self) -> KeychainStatus {
        let status = self.probe(Asking::Allowed, self.timeouts.call).await;
        if status.state == KeychainState::Ready {
            self.known().status.session_only = false;
        }
        self.status()
    }

    /// From now on secrets are kept in memory alone, until the app closes. The person's choice, never a silent one.
    pub fn use_session_memory(&self) {
        self.known().status.session_only = true;
    }

    /// What is known now, without asking anything.
    pub fn status(&self) -> KeychainStatus {
        self.known().status.clone()
    }

    /// Where this connection's secret is, as far as this process has seen; asks nothing.
    pub fn place(&self, id: &ConnectionId) -> SecretPlace {
        match self.known().held.get(&(Item::ClientSecret, *id)) {
            Some(Held::Keychain(_)) => SecretPlace::Keychain,
            Some(Held::Session(_)) => SecretPlace::Session,
            Some(Held::Missing) => SecretPlace::Missing,
            None => SecretPlace::Unknown,
        }
    }

    /// Puts a secret into the keychain (or into memory, in session-only mode), in place of the one that was there.
    pub async fn save(&self, id: &ConnectionId, secret: &Secret) -> Result<(), KeychainError> {
        if self.status().session_only {
            self.hold(Item::ClientSecret, *id, Held::Session(secret.clone()));
            return Ok(());
        }
        self.save_item(Item::ClientSecret, id, secret).await
    }

    /// The secret of this connection, or `None` if there is none. Asked for once per process, then kept in memory.
    pub async fn read(&self, id: &ConnectionId) -> Result<Option<Secret>, KeychainError> {
        self.read_item(Item::ClientSecret, id).await
    }

    /// Forgets the secret of this connection, in memory and in the keychain. In memory it is forgotten even when the
    /// keychain fails; the item that then stays is the one that [`Keychain::item_name`] names. The key of its archive
    /// is an item of its own: see [`Keychain::delete_archive_key`].
    pub async fn delete(&self, id: &ConnectionId) -> Result<(), KeychainError> {
        self.delete_item(Item::ClientSecret, id).await
    }

    /// Keeps the key of this connection's archive, as hexadecimal digits, in an item of its own.
    ///
    /// # Errors
    /// The keychain fails; or secrets are kept for this session only: whatever such a key encrypts could never be read
    /// again.
    pub async fn save_archive_key(&self, id: &ConnectionId, key: &Secret) -> Result<(), KeychainError> {
        let status = self.status();
        if status.session_only {
            return Err(no_archive_in_memory(&status.store));
        }
        self.save_item(Item::ArchiveKey, id, key).await
    }

    /// The key of this connection's archive, or `None` if it has none; always none in session-only mode. Asked for once
    /// per process, then kept in memory.
    pub async fn archive_key(&self, id: &ConnectionId) -> Result<Option<Secret>, KeychainError> {
        if self.status().session_only {
            return Ok(None);
        }
        self.read_item(Item::ArchiveKey, id).await
    }

    /// Forgets the key of this connection's archive, for when the connection or its archive is deleted: what it
    /// encrypted cannot be read any more. The item that stays when the keychain fails is the one that
    /// [`Keychain::archive_item_name`] names.
    pub async fn delete_archive_key(&self, id: &ConnectionId) -> Result<(), KeychainError> {
        self.delete_item(Item::ArchiveKey, id).await
    }

    async fn save_item(&self, item: Item, id: &ConnectionId, secret: &Secret) -> Result<(), KeychainError> {
        let account = item.account(id);
        let value = secret.clone();
        let written = self.ask(
            self.timeouts.call,
            move |desk| desk.set(&account, value.expose().as_bytes()),
            self.take_back(item, *id),
        );
        written.await?;
        self.hold(item, *id, Held::Keychain(secret.clone()));
        Ok(())
    }

    async fn read_item(&self, item: Item, id: &ConnectionId) -> Result<Option<Secret>, KeychainError> {
        let status = {
            let known = self.known();
            if let Some(secret) = known.held.get(&(item, *id)).and_then(Held::secret) {
                return Ok(Some(secret.clone()));
            }
            known.status.clone()
        };
        if status.session_only {
            return Ok(None);
        }
        let account = item.account(id);
        let found = self
            .ask(
                self.timeouts.call,
                move |desk| desk.get(&account),
                self.keep_late(item, *id),
            )
            .await?;
        let secret = found
            .map(|bytes| understood(&status.store, item, id, &bytes))
            .transpose()?;
        self.hold(item, *id, secret.clone().map_or(Held::Missing, Held::Keychain));
        Ok(secret)
    }

    async fn delete_item(&self, item: Item, id: &ConnectionId) -> Result<(), KeychainError> {
        let (was_session, session_only) = {
            let mut known = self.known();
            let was = known.held.remove(&(item, *id));
            (matches!(was, Some(Held::Session(_))), known.status.session_only)
        };
        if was_session && session_only {
            return Ok(());
        }
        // In session-only mode the keychain is known to be in trouble: ask, but do not keep the person waiting.
        let limit = if session_only {
            self.timeouts.self_test
        } else {
            self.timeouts.call
        };
        let account = item.account(id);
        self.ask(limit, move |desk| desk.delete(&account), |_, ()| ()).await
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing that holds this lock can leave it half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, item: Item, id: ConnectionId, held: Held) {
        self.known().held.insert((item, id), held);
    }

    async fn probe(&self, asking: Asking, limit: Duration) -> KeychainStatus {
        let account = format!("self-test-{}", uuid::Uuid::new_v4());
        let value = Zeroizing::new(uuid::Uuid::new_v4().to_string());
        let test = move |desk: &mut Desk| {
            desk.open_anew(asking)?;
            desk.round_trip(&account, value.as_bytes())
        };
        let _ = self.ask(limit, test, |_, ()| ()).await;
        self.status()
    }

    /// Asks the keychain and notes how it answered. `late` gets an answer that came after the caller had been told that
    /// there was none.
    async fn ask<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut Desk) -> Result<T, KeychainError> + Send + 'static,
        late: impl FnOnce(&mut Desk, T) + Send + 'static,
    ) -> Result<T, KeychainError> {
        let answer = self.worker.run(limit, work, late).await;
        let name = self.worker.store_name();
        let mut known = self.known();
        let answer = answer.map_err(|failure| failure.unwrap_or_else(|| not_answering(&known.status.store, limit)));
        let status = &mut known.status;
        if let Some(name) = name {
            status.store = name;
        }
        match &answer {
            Ok(_) => {
                status.state = KeychainState::Ready;
                status.detail = format!("{} is ready.", status.store);
                status.remedy.clear();
            }
            Err(error) => {
                tracing::warn!(state = ?error.state(), detail = %error, "the keychain did not do what it was asked");
                let trouble = error.trouble().clone();
                status.state = error.state();
                status.store = trouble.store;
                status.detail = trouble.detail;
                status.remedy = trouble.remedy;
            }
        }
        answer
    }

    /// A save that was reported as failed and then happened after all (the person answered the question late) would
    /// leave an item that nobody knows of: the keychain is put back to what this process believes it holds.
    fn take_back(&self, item: Item, id: ConnectionId) -> impl FnOnce(&mut Desk, ()) + Send + 'static {
        let known = Arc::clone(&self.known);
        move |desk, ()| {
            let believed = {
                let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                known.held.get(&(item, id)).and_then(Held::secret).cloned()
            };
            let account = item.account(&id);
            let outcome = match believed {
                Some(secret) => desk.set(&account, secret.expose().as_bytes()),
                None => desk.delete(&account),
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "a late entry could not be taken back");
            }
        }
    }

    /// A secret that was found after the caller had given up is kept, so that the next try has it at once.
    fn keep_late(
        &self,
        item: Item,
        id: ConnectionId,
    ) -> impl FnOnce(&mut Desk, Option<Zeroizing<Vec<u8>>>) + Send + 'static {
        let known = Arc::clone(&self.known);
        move |_, found| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let store = known.status.store.clone();
            if let Some(Ok(secret)) = found.map(|bytes| understood(&store, item, &id, &bytes)) {
                known.held.entry((item, id)).or_insert(Held::Keychain(secret));
            }
        }
    }
}

fn understood(store: &str, item: Item, id: &ConnectionId, bytes: &[u8]) -> Result<Secret, KeychainError> {
    let secret = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Secret::parse(text).ok());
    secret.ok_or_else(|| {
        KeychainError::NotOurs(Trouble {
            store: store.to_owned(),
            detail: format!(
                "The item \"{}\" in {store} does not hold {} {}.",
                system::item_name(item, id),
                if item == Item::ArchiveKey { "an" } else { "a" },
                item.what()
            ),
            remedy: item.remedy().to_owned(),
        })
    })
}

fn no_archive_in_memory(store: &str) -> KeychainError {
    KeychainError::Missing(Trouble {
        store: store.to_owned(),
        detail: "Secrets are kept in memory for this session only, so there is no archive.".to_owned(),
        remedy: "Unlock or set up the keychain and try again; days are archived from then on.".to_owned(),
    })
}

fn not_answering(store: &str, waited: Duration) -> KeychainError {
    KeychainError::NotAnswering(Trouble {
        store: store.to_owned(),
        detail: format!("{store} did not answer within {} seconds.", waited.as_secs_f32().ceil()),
        remedy: "Look for a window that asks for your keychain password, answer it and try again. Or keep the secret \
                 in memory for this session only."
            .to_owned(),
    })
}

/// What every system says about an answer that is the library's own and none of the system's.
fn general_trouble(store: &str, answer: &StoreAnswer) -> KeychainError {
    let failing = |detail: String, remedy: &str| {
        KeychainError::Failing(Trouble {
            store: store.to_owned(),
            detail,
            remedy: remedy.to_owned(),
        })
    };
    match answer {
        StoreAnswer::TooLong(_, limit) => failing(
            format!("{store} holds at most {limit} bytes in one item, and this secret is longer."),
            "A client secret has about 40 characters: copy its Value alone, without anything around it.",
        ),
        StoreAnswer::Ambiguous(_) => failing(
            format!("{store} has more than one item for this connection."),
            "Enter the client secret again: the duplicates are removed and one new item is made.",
        ),
        // Never `{:?}`: some of these carry the bytes of the item.
        other => failing(
            format!("{store} answered with an error: {other}."),
            "Try again. If it stays so, keep the secret in memory for this session only.",
        ),
    }
}

#[cfg(test)]
mod tests;
