//! The one thread that talks to the keychain, and the desk on which it works.
//!
//! One thread, because the stores do not promise order between threads (Windows says so outright) and because two
//! questions on the screen at once help nobody. A thread, because the stores block and none has a time-out: a caller
//! waits for as long as it was told and then goes on; the stuck thread is left to itself and a fresh one takes the
//! later calls. Calls whose caller has gone are not begun.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use keyring_core::{CredentialStore, Entry, Error as StoreAnswer};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{Asking, Item, Open, Opened, SERVICE, system};
use crate::{KeychainError, Trouble};

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// Sends work to the keychain's thread.
pub(super) struct Worker {
    open: Arc<Open>,
    line: Mutex<Line>,
    name: Arc<Mutex<Option<String>>>,
}

#[derive(Default)]
struct Line {
    to_thread: Option<Sender<Job>>,
    /// Counts the threads, so that who gave up on one does not dismiss its successor.
    thread: u64,
}

impl Worker {
    pub(super) fn new(open: Arc<Open>) -> Self {
        Self {
            open,
            line: Mutex::default(),
            name: Arc::default(),
        }
    }

    /// The name of the keychain that was last opened.
    pub(super) fn store_name(&self) -> Option<String> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does `work` on the keychain's thread. `Err(None)`: no answer in time. An answer that comes later than that goes
    /// to `late`, on the same thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut Desk) -> Result<T, KeychainError> + Send + 'static,
        late: impl FnOnce(&mut Desk, T) + Send + 'static,
    ) -> Result<T, Option<KeychainError>> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            if answer.is_closed() {
                return;
            }
            if let Err(Ok(outcome)) = answer.send(work(desk)) {
                late(desk, outcome);
            }
        });
        let thread = self.send(job).map_err(|error| Some(thread_trouble(&error)))?;
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(outcome)) => outcome.map_err(Some),
            Ok(Err(_gone)) => Err(Some(thread_trouble("it broke off in the middle of its work"))),
            Err(_elapsed) => {
                self.leave(thread);
                Err(None)
            }
        }
    }

    fn send(&self, job: Job) -> Result<u64, String> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let unsent = match &line.to_thread {
            Some(to_thread) => match to_thread.send(job) {
                Ok(()) => return Ok(line.thread),
                // The thread has ended: the job comes back, for the next one.
                Err(mpsc::SendError(job)) => job,
            },
            None => job,
        };
        let (to_thread, jobs) = mpsc::channel();
        let desk = Desk {
            open: Arc::clone(&self.open),
            name: Arc::clone(&self.name),
            store: None,
        };
        let spawned = std::thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || serve(desk, &jobs));
        spawned.map_err(|error| error.to_string())?;
        line.thread += 1;
        to_thread.send(unsent).map_err(|_| "it ended at once".to_owned())?;
        line.to_thread = Some(to_thread);
        Ok(line.thread)
    }

    /// Leaves a stuck thread to itself. It ends by itself once it is free and finds nobody waiting.
    fn leave(&self, thread: u64) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.thread == thread {
            line.to_thread = None;
        }
    }
}

/// A panic in the library (a poisoned lock, say) costs the open store and the one call, not the thread and its order.
fn serve(mut desk: Desk, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        if catch_unwind(AssertUnwindSafe(|| job(&mut desk))).is_err() {
            desk.store = None;
        }
    }
}

fn thread_trouble(detail: &str) -> KeychainError {
    KeychainError::Failing(Trouble {
        store: system::NAME.to_owned(),
        detail: format!("The thread that talks to the keychain failed: {detail}."),
        remedy: "Try again. If it stays so, restart CIPP Desk.".to_owned(),
    })
}

/// What the keychain's thread has before it: the store, once it is open.
pub(super) struct Desk {
    open: Arc<Open>,
    name: Arc<Mutex<Option<String>>>,
    store: Option<Arc<CredentialStore>>,
}

impl Desk {
    /// Forgets the open store, if there is one, and opens the keychain as if for the first time.
    pub(super) fn open_anew(&mut self, asking: Asking) -> Result<Arc<CredentialStore>, KeychainError> {
        self.store = None;
        let Opened { name, store } = (self.open)(asking)?;
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        self.store = Some(Arc::clone(&store));
        Ok(store)
    }

    pub(super) fn set(&mut self, account: &str, value: &[u8]) -> Result<(), KeychainError> {
        self.with_entry(account, |entry| match entry.set_secret(value) {
            Err(StoreAnswer::Ambiguous(duplicates)) => {
                remove_all(&duplicates)?;
                entry.set_secret(value)
            }
            outcome => outcome,
        })
    }

    pub(super) fn get(&mut self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
        self.with_entry(account, |entry| match entry.get_secret() {
            Err(StoreAnswer::NoEntry) => Ok(None),
            outcome => outcome.map(|bytes| Some(Zeroizing::new(bytes))),
        })
    }

    pub(super) fn delete(&mut self, account: &str) -> Result<(), KeychainError> {
        self.with_entry(account, |entry| match entry.delete_credential() {
            Err(StoreAnswer::NoEntry) => Ok(()),
            Err(StoreAnswer::Ambiguous(duplicates)) => remove_all(&duplicates),
            outcome => outcome,
        })
    }

    /// Writes, reads, compares and removes. What was written is removed even when it could not be read.
    pub(super) fn round_trip(&mut self, account: &str, value: &[u8]) -> Result<(), KeychainError> {
        self.set(account, value)?;
        let found = self.get(account);
        self.delete(account)?;
        match found? {
            Some(found) if *found == value => Ok(()),
            _ => Err(KeychainError::Failing(Trouble {
                store: self.name(),
                detail: format!("{} did not give back what was put into it.", self.name()),
                remedy: "Try again. If it stays so, keep the secret in memory for this session only.".to_owned(),
            })),
        }
    }

    /// A keychain that was restarted leaves us with a dead connection: the store is then opened once more. Everything
    /// done here can be done twice.
    fn with_entry<T>(
        &mut self,
        account: &str,
        act: impl Fn(&Entry) -> keyring_core::Result<T>,
    ) -> Result<T, KeychainError> {
        if let Some(store) = self.store.clone() {
            match build(&store, account).and_then(|entry| act(&entry)) {
                Err(StoreAnswer::PlatformFailure(_)) => self.store = None,
                outcome => return outcome.map_err(|answer| system::explain(&self.name(), &answer)),
            }
        }
        let store = self.open_anew(Asking::Allowed)?;
        build(&store, account).and_then(|entry| act(&entry)).map_err(|answer| {
            self.store = None;
            system::explain(&self.name(), &answer)
        })
    }

    fn name(&self) -> String {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner).clone();
        name.unwrap_or_else(|| system::NAME.to_owned())
    }
}

/// An entry of this very store: the keyring library's process-wide default store is not used.
fn build(store: &Arc<CredentialStore>, account: &str) -> keyring_core::Result<Entry> {
    store.build(SERVICE, account, Some(&system::modifiers(Item::of_account(account))))
}

fn remove_all(entries: &[Entry]) -> keyring_core::Result<()> {
    entries.iter().try_for_each(Entry::delete_credential)
}
