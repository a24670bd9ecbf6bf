//! What no real keychain can be made to do on demand: hang, answer late, break off, hold duplicates. The store here is
//! the keyring library's own interface; everything else is the code that runs in the app. The real keychain is in
//! `tests/keychain.rs`.

use std::{
    any::Any,
    sync::{
        Condvar,
        atomic::{AtomicUsize, Ordering},
    },
};

use keyring_core::{
    Entry,
    api::{Credential, CredentialApi, CredentialStoreApi},
};

use super::*;

const SECRET: &str = "abc8Q~0123456789abcdefghijklmnopqrstuv~x";
const SHORT: KeychainTimeouts = KeychainTimeouts {
    call: Duration::from_millis(80),
    self_test: Duration::from_millis(60),
};

type Answer<T> = keyring_core::Result<T>;

/// A keychain in memory that does as it is told.
#[derive(Default)]
struct Fake {
    items: Mutex<HashMap<String, Vec<u8>>>,
    mood: Mutex<Mood>,
    mood_changed: Condvar,
    opened: AtomicUsize,
    reads: AtomicUsize,
    waiting: AtomicUsize,
    changes: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Mood {
    #[default]
    Well,
    /// Every call blocks until the mood changes.
    Hanging,
    /// Every call on a store that was opened before now fails, as after a restart of the keychain.
    Restarted(usize),
    Full,
    Panicking,
    /// Reads see two items.
    Double,
    Forgetful,
}

impl Fake {
    fn keychain(self: &Arc<Self>, timeouts: KeychainTimeouts) -> Keychain {
        let fake = Arc::clone(self);
        let open = move |_: Asking| {
            let number = fake.opened.fetch_add(1, Ordering::SeqCst) + 1;
            let store = Arc::new(FakeStore {
                fake: Arc::clone(&fake),
                number,
            });
            Ok(Opened {
                name: "Test keychain".to_owned(),
                store,
            })
        };
        Keychain::opened_by(Arc::new(open), timeouts)
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
        self.mood_changed.notify_all();
    }

    fn mood(&self, store: usize) -> Answer<Mood> {
        let mut mood = self.mood.lock().unwrap();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        while *mood == Mood::Hanging {
            mood = self.mood_changed.wait(mood).unwrap();
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        match *mood {
            Mood::Restarted(first_good) if store < first_good => {
                Err(StoreAnswer::PlatformFailure("the connection is closed".into()))
            }
            Mood::Panicking => panic!("as the library does when its mutex is poisoned"),
            mood => Ok(mood),
        }
    }

    fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }

    fn stored(&self, id: &ConnectionId) -> Option<String> {
        let items = self.items.lock().unwrap();
        items
            .get(&id.to_string())
            .map(|bytes| String::from_utf8(bytes.clone()).unwrap())
    }

    /// Waits until a call hangs in the keychain, and no longer than a minute.
    async fn until_hanging(&self) {
        until(|| self.waiting.load(Ordering::SeqCst) > 0).await;
    }
}

async fn until(happened: impl Fn() -> bool) {
    for _ in 0..6000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happened");
}

struct FakeStore {
    fake: Arc<Fake>,
    number: usize,
}

impl CredentialStoreApi for FakeStore {
    fn vendor(&self) -> String {
        "test".to_owned()
    }

    fn id(&self) -> String {
        self.number.to_string()
    }

    fn build(&self, service: &str, user: &str, _: Option<&HashMap<&str, &str>>) -> Answer<Entry> {
        assert_eq!(service, "CIPP Desk");
        let (fake, store, account) = (Arc::clone(&self.fake), self.number, user.to_owned());
        Ok(Entry::new_with_credential(Arc::new(FakeItem { fake, store, account })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct FakeItem {
    fake: Arc<Fake>,
    store: usize,
    account: String,
}

impl FakeItem {
    fn twins(&self) -> StoreAnswer {
        let twin = || {
            let (fake, account) = (Arc::clone(&self.fake), self.account.clone());
            Entry::new_with_credential(Arc::new(FakeTwin { fake, account }))
        };
        StoreAnswer::Ambiguous(vec![twin(), twin()])
    }
}

impl CredentialApi for FakeItem {
    fn set_secret(&self, secret: &[u8]) -> Answer<()> {
        match self.fake.mood(self.store)? {
            Mood::Full => return Err(StoreAnswer::TooLong("secret".to_owned(), 2560)),
            Mood::Double => return Err(self.twins()),
            _ => {}
        }
        self.fake
            .items
            .lock()
            .unwrap()
            .insert(self.account.clone(), secret.to_vec());
        self.fake.changes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn get_secret(&self) -> Answer<Vec<u8>> {
        self.fake.reads.fetch_add(1, Ordering::SeqCst);
        match self.fake.mood(self.store)? {
            Mood::Double => Err(self.twins()),
            Mood::Forgetful => Err(StoreAnswer::NoEntry),
            _ => self
                .fake
                .items
                .lock()
                .unwrap()
                .get(&self.account)
                .cloned()
                .ok_or(StoreAnswer::NoEntry),
        }
    }

    fn delete_credential(&self) -> Answer<()> {
        if self.fake.mood(self.store)? == Mood::Double {
            return Err(self.twins());
        }
        let removed = self.fake.items.lock().unwrap().remove(&self.account);
        self.fake.changes.fetch_add(1, Ordering::SeqCst);
        removed.map(|_| ()).ok_or(StoreAnswer::NoEntry)
    }

    fn get_credential(&self) -> Answer<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an item")
    }
}

/// One of two items for the same connection. Once it is removed, the keychain is well again.
struct FakeTwin {
    fake: Arc<Fake>,
    account: String,
}

impl CredentialApi for FakeTwin {
    fn set_secret(&self, _: &[u8]) -> Answer<()> {
        Err(StoreAnswer::NoEntry)
    }

    fn get_secret(&self) -> Answer<Vec<u8>> {
        Err(StoreAnswer::NoEntry)
    }

    fn delete_credential(&self) -> Answer<()> {
        self.fake.items.lock().unwrap().remove(&self.account);
        self.fake.be(Mood::Well);
        Ok(())
    }

    fn get_credential(&self) -> Answer<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a twin")
    }
}

fn secret(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

/// The same keychain, for calls that must succeed however busy this machine is.
fn patient(keychain: &Keychain) -> Keychain {
    Keychain {
        timeouts: KeychainTimeouts::default(),
        ..keychain.clone()
    }
}

fn shown(found: &Option<Secret>) -> Option<&str> {
    found.as_ref().map(Secret::expose)
}

#[tokio::test]
async fn a_secret_is_read_once_per_process() {
    let fake = Arc::new(Fake::default());
    let (writer, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    assert_eq!(writer.status().state, KeychainState::Unchecked);
    assert_eq!(writer.place(&id), SecretPlace::Unknown);
    writer.save(&id, &secret(SECRET)).await.unwrap();
    assert_eq!(writer.place(&id), SecretPlace::Keychain);
    assert_eq!(fake.stored(&id).as_deref(), Some(SECRET));

    let reader = fake.keychain(KeychainTimeouts::default());
    for _ in 0..3 {
        assert_eq!(shown(&reader.read(&id).await.unwrap()), Some(SECRET));
    }
    assert_eq!(fake.reads.load(Ordering::SeqCst), 1);
    reader.save(&id, &secret("another-secret")).await.unwrap();
    assert_eq!(shown(&reader.clone().read(&id).await.unwrap()), Some("another-secret"));
    assert_eq!(fake.reads.load(Ordering::SeqCst), 1);

    reader.delete(&id).await.unwrap();
    reader.delete(&id).await.unwrap();
    assert_eq!(fake.stored(&id), None);
    assert!(reader.read(&id).await.unwrap().is_none());
    assert_eq!(reader.place(&id), SecretPlace::Missing);
    // Another process may have saved it meanwhile: what is missing is asked for again.
    writer.save(&id, &secret(SECRET)).await.unwrap();
    assert_eq!(shown(&reader.read(&id).await.unwrap()), Some(SECRET));
}

#[tokio::test]
async fn the_key_of_an_archive_is_an_item_of_its_own() {
    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    assert!(keychain.archive_key(&id).await.unwrap().is_none());
    keychain.save_archive_key(&id, &secret(KEY)).await.unwrap();
    let account = format!("{id}/archive");
    assert_eq!(fake.items.lock().unwrap().get(&account).unwrap(), KEY.as_bytes());
    assert!(Keychain::archive_item_name(&id).contains(&account));

    // Asked for once per process, and neither is taken for the other.
    let reader = fake.keychain(KeychainTimeouts::default());
    let reads = fake.reads.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(shown(&reader.archive_key(&id).await.unwrap()), Some(KEY));
        assert_eq!(shown(&reader.read(&id).await.unwrap()), Some(SECRET));
    }
    assert_eq!(fake.reads.load(Ordering::SeqCst), reads + 2);
    reader.delete(&id).await.unwrap();
    assert_eq!(reader.place(&id), SecretPlace::Unknown);
    assert_eq!(shown(&reader.archive_key(&id).await.unwrap()), Some(KEY));
    reader.delete_archive_key(&id).await.unwrap();
    reader.delete_archive_key(&id).await.unwrap();
    assert!(reader.archive_key(&id).await.unwrap().is_none());
    assert!(fake.items.lock().unwrap().is_empty());
}

/// A GUID, as when somebody stored the secret's ID by hand: named, and a right secret can take its place.
#[tokio::test]
async fn what_is_no_secret_is_named_and_can_be_replaced() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    let guid = "0b9f7c3e-1111-4222-8333-444455556666";
    fake.items.lock().unwrap().insert(id.to_string(), guid.into());
    let error = keychain.read(&id).await.unwrap_err();
    assert!(matches!(error, KeychainError::NotOurs(_)), "{error:?}");
    assert!(error.to_string().contains("does not hold a client secret"), "{error}");
    assert!(!format!("{error:?} {}", error.remedy()).contains(guid));
    assert_eq!(
        keychain.status().state,
        KeychainState::Ready,
        "the keychain itself works"
    );
    keychain.save(&id, &Secret::parse(SECRET).unwrap()).await.unwrap();
    assert_eq!(fake.stored(&id).as_deref(), Some(SECRET));
}

#[tokio::test]
async fn what_is_no_archive_key_is_named_with_its_item() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    fake.items
        .lock()
        .unwrap()
        .insert(format!("{id}/archive"), vec![0xff, 0xfe, b'Q']);
    let error = keychain.archive_key(&id).await.unwrap_err();
    let said = format!("{error} {}", error.remedy());
    assert!(
        said.contains("does not hold an archive key") && said.contains(&format!("{id}/archive")),
        "{said}"
    );
    assert!(
        said.contains("fetched again") && !said.contains("client secret of"),
        "{said}"
    );
}

#[tokio::test]
async fn without_a_keychain_there_is_no_archive_key() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    keychain.use_session_memory();
    let error = keychain.save_archive_key(&id, &secret("00")).await.unwrap_err();
    assert!(error.to_string().contains("no archive"), "{error}");
    assert!(keychain.archive_key(&id).await.unwrap().is_none());
    keychain.delete_archive_key(&id).await.unwrap();
    assert!(fake.items.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_archive_key_that_was_saved_too_late_is_taken_back() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(SHORT), ConnectionId::random());
    patient(&keychain).save(&id, &secret(SECRET)).await.unwrap();
    fake.be(Mood::Hanging);
    keychain
        .save_archive_key(&id, &secret("never-confirmed"))
        .await
        .unwrap_err();
    fake.be(Mood::Well);
    until(|| fake.changes() == 3).await;
    assert_eq!(fake.items.lock().unwrap().len(), 1, "the client secret alone");
    assert_eq!(fake.stored(&id).as_deref(), Some(SECRET));
}

#[tokio::test]
async fn the_self_test_goes_round_and_leaves_nothing() {
    let fake = Arc::new(Fake::default());
    let keychain = fake.keychain(KeychainTimeouts::default());
    let status = keychain.self_test().await;
    assert_eq!(
        (status.state, status.store.as_str()),
        (KeychainState::Ready, "Test keychain")
    );
    assert!(fake.items.lock().unwrap().is_empty());
    // A store that says yes and keeps nothing is found out.
    fake.be(Mood::Forgetful);
    let status = keychain.self_test().await;
    assert_eq!(status.state, KeychainState::Failing);
    assert!(status.detail.contains("did not give back"), "{}", status.detail);
}

#[tokio::test]
async fn a_keychain_that_hangs_never_hangs_the_app() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(SHORT), ConnectionId::random());
    fake.be(Mood::Hanging);
    let status = keychain.self_test().await;
    assert_eq!(status.state, KeychainState::NotAnswering);
    assert!(
        status.detail.contains("did not answer") && !status.remedy.is_empty(),
        "{status:?}"
    );
    for _ in 0..3 {
        let error = keychain.read(&id).await.unwrap_err();
        assert_eq!(error.state(), KeychainState::NotAnswering);
    }
    // Every try had a thread of its own: one that is stuck does not block the next.
    fake.be(Mood::Well);
    let keychain = patient(&keychain);
    assert_eq!(keychain.retry().await.state, KeychainState::Ready);
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    assert_eq!(shown(&keychain.read(&id).await.unwrap()), Some(SECRET));
    until(|| fake.waiting.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn calls_whose_caller_has_gone_are_not_begun() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    fake.be(Mood::Hanging);
    let stuck = tokio::spawn({
        let keychain = keychain.clone();
        async move { keychain.read(&ConnectionId::random()).await }
    });
    fake.until_hanging().await;
    let queued = tokio::spawn({
        let keychain = keychain.clone();
        async move { keychain.save(&id, &secret(SECRET)).await }
    });
    tokio::task::yield_now().await;
    queued.abort();
    let _ = queued.await;
    fake.be(Mood::Well);
    assert!(stuck.await.unwrap().unwrap().is_none());
    // One thread, in order: once this is answered, the abandoned call would have been made.
    assert!(keychain.read(&ConnectionId::random()).await.unwrap().is_none());
    assert_eq!(fake.stored(&id), None);
}

#[tokio::test]
async fn a_save_that_happens_after_all_is_taken_back() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(SHORT), ConnectionId::random());
    fake.be(Mood::Hanging);
    assert_eq!(
        keychain
            .save(&id, &secret("never-confirmed"))
            .await
            .unwrap_err()
            .state(),
        KeychainState::NotAnswering
    );
    assert_eq!(keychain.place(&id), SecretPlace::Unknown);
    fake.be(Mood::Well);
    until(|| fake.changes() == 2).await;
    assert_eq!(fake.stored(&id), None);

    // With a secret that is known to be there, that one is put back.
    let patient = patient(&keychain);
    patient.save(&id, &secret(SECRET)).await.unwrap();
    let hasty = keychain;
    fake.be(Mood::Hanging);
    hasty.save(&id, &secret("never-confirmed-either")).await.unwrap_err();
    fake.be(Mood::Well);
    until(|| fake.changes() == 5).await;
    assert_eq!(fake.stored(&id).as_deref(), Some(SECRET));
    assert_eq!(shown(&patient.read(&id).await.unwrap()), Some(SECRET));
}

#[tokio::test]
async fn an_answer_that_comes_late_is_kept() {
    let fake = Arc::new(Fake::default());
    let id = ConnectionId::random();
    fake.items
        .lock()
        .unwrap()
        .insert(id.to_string(), SECRET.as_bytes().to_vec());
    let keychain = fake.keychain(SHORT);
    fake.be(Mood::Hanging);
    keychain.read(&id).await.unwrap_err();
    fake.be(Mood::Well);
    until(|| keychain.place(&id) == SecretPlace::Keychain).await;
    assert_eq!(shown(&keychain.read(&id).await.unwrap()), Some(SECRET));
    assert_eq!(fake.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_keychain_that_was_restarted_is_opened_again() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    fake.be(Mood::Restarted(2));
    keychain.save(&id, &secret("after-the-restart")).await.unwrap();
    assert_eq!(fake.opened.load(Ordering::SeqCst), 2);
    // But not for ever.
    fake.be(Mood::Restarted(99));
    let error = keychain.save(&id, &secret(SECRET)).await.unwrap_err();
    assert_eq!(error.state(), KeychainState::Failing);
    assert_eq!(fake.opened.load(Ordering::SeqCst), 3);
    assert_eq!(keychain.status().state, KeychainState::Failing);
}

#[tokio::test]
async fn a_panic_in_the_library_is_an_error_and_no_end() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    fake.be(Mood::Panicking);
    let other = ConnectionId::random();
    assert_eq!(keychain.read(&other).await.unwrap_err().state(), KeychainState::Failing);
    *fake.mood.lock().unwrap_or_else(PoisonError::into_inner) = Mood::Well;
    fake.mood.clear_poison();
    assert!(keychain.read(&other).await.unwrap().is_none());
    assert_eq!(keychain.status().state, KeychainState::Ready);
}

#[tokio::test]
async fn session_only_touches_no_keychain() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(SHORT), ConnectionId::random());
    fake.be(Mood::Hanging);
    keychain.self_test().await;
    keychain.use_session_memory();
    assert!(keychain.status().session_only);
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    assert_eq!(keychain.place(&id), SecretPlace::Session);
    assert_eq!(shown(&keychain.read(&id).await.unwrap()), Some(SECRET));
    assert!(keychain.read(&ConnectionId::random()).await.unwrap().is_none());
    keychain.delete(&id).await.unwrap();
    assert!(keychain.read(&id).await.unwrap().is_none());
    keychain.save(&id, &secret(SECRET)).await.unwrap();

    // Still broken: still session only. Well again: what comes from now on goes into the keychain.
    assert!(keychain.retry().await.session_only);
    fake.be(Mood::Well);
    let keychain = patient(&keychain);
    let status = keychain.retry().await;
    assert_eq!((status.state, status.session_only), (KeychainState::Ready, false));
    assert_eq!(
        shown(&keychain.read(&id).await.unwrap()),
        Some(SECRET),
        "not forgotten by the way"
    );
    until(|| fake.items.lock().unwrap().is_empty()).await;
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    assert_eq!(keychain.place(&id), SecretPlace::Keychain);
    assert_eq!(fake.stored(&id).as_deref(), Some(SECRET));
}

#[tokio::test]
async fn duplicates_are_named_when_read_and_removed_when_saved() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    fake.be(Mood::Double);
    let error = keychain.read(&id).await.unwrap_err();
    assert!(error.to_string().contains("more than one item"), "{error}");
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    assert_eq!(fake.stored(&id).as_deref(), Some(SECRET));
    fake.be(Mood::Double);
    keychain.delete(&id).await.unwrap();
    assert_eq!(fake.stored(&id), None);
}

#[tokio::test]
async fn windows_limit_has_its_sentence() {
    let fake = Arc::new(Fake::default());
    fake.be(Mood::Full);
    let error = fake
        .keychain(KeychainTimeouts::default())
        .save(&ConnectionId::random(), &secret(SECRET))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("2560 bytes"), "{error}");
    assert!(error.remedy().contains("Value"), "{}", error.remedy());
}

#[tokio::test]
async fn an_item_that_is_no_secret_is_not_shown() {
    let fake = Arc::new(Fake::default());
    for bytes in [vec![], b"\xff\xfe\x00planted".to_vec()] {
        let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
        fake.items.lock().unwrap().insert(id.to_string(), bytes);
        let error = keychain.read(&id).await.unwrap_err();
        assert_eq!(error.state(), KeychainState::Failing);
        assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
    }
}

#[tokio::test]
async fn no_secret_is_printed() {
    let fake = Arc::new(Fake::default());
    let (keychain, id) = (fake.keychain(KeychainTimeouts::default()), ConnectionId::random());
    keychain.save(&id, &secret(SECRET)).await.unwrap();
    fake.be(Mood::Full);
    let error = keychain.save(&id, &secret(SECRET)).await.unwrap_err();
    let printed = format!(
        "{keychain:?} {error} {error:?} {} {:?}",
        error.remedy(),
        keychain.status()
    );
    assert!(!printed.contains("Q~"), "{printed}");
    let status = serde_json::to_string(&keychain.status()).unwrap();
    assert!(
        status.contains("\"sessionOnly\":false") && status.contains("\"state\":\"failing\""),
        "{status}"
    );
}
