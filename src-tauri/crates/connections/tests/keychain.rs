//! The real keychain, as the app meets it. On Linux that is gnome-keyring on a session bus of its own, made and removed
//! by `tests/with-keychain.sh`; each test starts itself again inside it, so that `cargo test` is all it takes.
//!
//! Elsewhere there is nothing here yet: the keychain of the person who runs the tests must not be touched.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use cipp_client::Secret;
use connections::{ConnectionId, Keychain, KeychainState, KeychainTimeouts, SecretPlace};
use zbus::{
    blocking::Connection,
    zvariant::{ObjectPath, OwnedObjectPath},
};

const SECRET: &str = "abc8Q~0123456789abcdefghijklmnopqrstuv~x";
const ARCHIVE_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// Set for a test that has a keychain to itself. A keychain around the whole run is not enough: these tests lock theirs.
const INSIDE: &str = "CIPP_DESK_TEST_OWN_KEYCHAIN";
const ROLE: &str = "CIPP_DESK_TEST_ROLE";
/// Ample, for a machine that is busy; the keychain answers in milliseconds.
const PATIENT: KeychainTimeouts = KeychainTimeouts {
    call: Duration::from_secs(60),
    self_test: Duration::from_secs(60),
};

/// This very binary, asked for one of its tests.
fn this_test(name: &str) -> Vec<String> {
    let binary = env::current_exe().unwrap().into_os_string().into_string().unwrap();
    [&binary, "--exact", name, "--nocapture", "--test-threads=1"]
        .map(str::to_owned)
        .into()
}

fn must_succeed(output: &Output) {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
}

/// Runs `body` inside `with-keychain.sh`: there at once, else by way of a process that runs this test there.
fn with_keychain(name: &str, body: impl Future<Output = ()>) {
    if env::var_os(INSIDE).is_none() {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/with-keychain.sh");
        let output = Command::new("bash")
            .arg(script)
            .args(this_test(name))
            .env(INSIDE, "1")
            .output()
            .unwrap();
        must_succeed(&output);
        return;
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(body);
}

/// Another process of the app, on the same keychain.
fn other_process(role: &str, id: &ConnectionId) -> Output {
    let command = this_test("in_another_process");
    Command::new(&command[0])
        .args(&command[1..])
        .env(ROLE, format!("{role} {id}"))
        .output()
        .unwrap()
}

/// What the other processes do. Without a role (in an ordinary run) it does nothing.
#[test]
fn in_another_process() {
    let Ok(role) = env::var(ROLE) else { return };
    with_keychain("in_another_process", async move {
        let (role, id) = role.split_once(' ').unwrap();
        let (id, keychain) = (id.parse().unwrap(), Keychain::system_with(PATIENT));
        match role {
            "finds" => assert_eq!(keychain.read(&id).await.unwrap().unwrap().expose(), SECRET),
            "finds-nothing" => assert!(keychain.read(&id).await.unwrap().is_none()),
            "saves" => keychain.save(&id, &secret()).await.unwrap(),
            "finds-archive-key" => assert_eq!(keychain.archive_key(&id).await.unwrap().unwrap().expose(), ARCHIVE_KEY),
            "finds-no-archive-key" => assert!(keychain.archive_key(&id).await.unwrap().is_none()),
            other => panic!("{other}"),
        }
    });
}

fn secret() -> Secret {
    Secret::parse(SECRET).unwrap()
}

fn service_call<B: serde::Serialize + zbus::zvariant::DynamicType>(method: &str, body: &B) -> zbus::Message {
    let (name, path) = ("org.freedesktop.secrets", "/org/freedesktop/secrets");
    let bus = Connection::session().unwrap();
    bus.call_method(Some(name), path, Some("org.freedesktop.Secret.Service"), method, body)
        .unwrap()
}

fn default_collection() -> OwnedObjectPath {
    service_call("ReadAlias", &("default",)).body().deserialize().unwrap()
}

fn lock_default_collection() {
    let reply = service_call("Lock", &(vec![default_collection()],));
    let (locked, _): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize().unwrap();
    assert_eq!(locked.len(), 1);
}

/// As on an account that never signed in with a password.
fn delete_default_collection() {
    let (bus, collection) = (Connection::session().unwrap(), default_collection());
    let interface = Some("org.freedesktop.Secret.Collection");
    bus.call_method(Some("org.freedesktop.secrets"), &collection, interface, "Delete", &())
        .unwrap();
    assert_eq!(default_collection().as_str(), "/");
}

/// Zbus' blocking calls may not be made on a thread of the async runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// How many entries of ours the keychain holds, whoever they belong to.
fn entries() -> usize {
    let attributes = std::collections::HashMap::from([("service", "CIPP Desk")]);
    let reply = service_call("SearchItems", &(attributes,));
    let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply.body().deserialize().unwrap();
    unlocked.len() + locked.len()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

#[test]
fn a_secret_is_saved_found_by_another_process_replaced_and_deleted() {
    with_keychain(
        "a_secret_is_saved_found_by_another_process_replaced_and_deleted",
        async {
            let (keychain, id) = (Keychain::system_with(PATIENT), ConnectionId::random());
            let status = keychain.self_test().await;
            assert_eq!(status.state, KeychainState::Ready, "{status:?}");
            assert_eq!(status.store, "GNOME Keyring (Secret Service)");
            assert_eq!(blocking(entries).await, 0, "the probe is gone");

            keychain
                .save(&id, &Secret::parse("first-secret").unwrap())
                .await
                .unwrap();
            keychain.save(&id, &secret()).await.unwrap();
            assert_eq!(blocking(entries).await, 1, "replaced, not doubled");
            must_succeed(&other_process("finds", &id));
            must_succeed(&other_process("finds-nothing", &ConnectionId::random()));

            keychain.delete(&id).await.unwrap();
            keychain.delete(&id).await.unwrap();
            assert_eq!(blocking(entries).await, 0);
            must_succeed(&other_process("finds-nothing", &id));
            assert!(keychain.read(&id).await.unwrap().is_none());

            must_succeed(&other_process("saves", &id));
            assert_eq!(
                keychain.read(&id).await.unwrap().unwrap().expose(),
                SECRET,
                "what was missing is asked for again"
            );
            assert_eq!(keychain.place(&id), SecretPlace::Keychain);
        },
    );
}

#[test]
fn the_key_of_an_archive_has_an_entry_of_its_own() {
    with_keychain("the_key_of_an_archive_has_an_entry_of_its_own", async {
        let (keychain, id) = (Keychain::system_with(PATIENT), ConnectionId::random());
        keychain.save(&id, &secret()).await.unwrap();
        must_succeed(&other_process("finds-no-archive-key", &id));
        let key = Secret::parse(ARCHIVE_KEY).unwrap();
        keychain.save_archive_key(&id, &key).await.unwrap();
        keychain.save_archive_key(&id, &key).await.unwrap();
        assert_eq!(blocking(entries).await, 2, "one each");
        must_succeed(&other_process("finds-archive-key", &id));
        must_succeed(&other_process("finds-no-archive-key", &ConnectionId::random()));

        // The client secret is replaced and removed without touching it, and the other way round.
        keychain.save(&id, &secret()).await.unwrap();
        keychain.delete(&id).await.unwrap();
        must_succeed(&other_process("finds-archive-key", &id));
        must_succeed(&other_process("finds-nothing", &id));
        keychain.save(&id, &secret()).await.unwrap();
        keychain.delete_archive_key(&id).await.unwrap();
        keychain.delete_archive_key(&id).await.unwrap();
        must_succeed(&other_process("finds-no-archive-key", &id));
        must_succeed(&other_process("finds", &id));
        assert_eq!(blocking(entries).await, 1);
    });
}

/// The item that has these attributes, as any other program finds it.
fn item_with(attributes: &[(&str, &str)]) -> Vec<OwnedObjectPath> {
    let attributes: std::collections::HashMap<&str, &str> = attributes.iter().copied().collect();
    let reply = service_call("SearchItems", &(attributes,));
    let (unlocked, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply.body().deserialize().unwrap();
    unlocked
}

/// What the words for a person say is there is there under that name, and what is removed in that way is gone.
#[test]
fn an_item_is_found_and_removed_by_hand_as_it_is_told() {
    with_keychain("an_item_is_found_and_removed_by_hand_as_it_is_told", async {
        let (keychain, id) = (Keychain::system_with(PATIENT), ConnectionId::random());
        keychain.save(&id, &secret()).await.unwrap();
        let key = Secret::parse(ARCHIVE_KEY).unwrap();
        keychain.save_archive_key(&id, &key).await.unwrap();
        let told = keychain.item(&id);
        assert!(!format!("{told:?}").contains("Q~"));
        let field = |label: &str| {
            let field = told.labels.iter().find(|field| field.label == label);
            field.unwrap().value.clone()
        };
        let (name, service, username) = (field("Name"), field("service"), field("username"));
        for value in [&service, &username] {
            assert!(told.command.contains(&format!("'{value}'")), "{}", told.command);
        }
        blocking(move || {
            let found = item_with(&[("service", &service), ("username", &username)]);
            assert_eq!(found.len(), 1, "the secret, and not the key beside it");
            let bus = Connection::session().unwrap();
            let call = |interface: &str, method: &str| {
                let name = Some("org.freedesktop.secrets");
                match method {
                    "Get" => bus.call_method(
                        name,
                        &found[0],
                        Some(interface),
                        method,
                        &("org.freedesktop.Secret.Item", "Label"),
                    ),
                    _ => bus.call_method(name, &found[0], Some(interface), method, &()),
                }
                .unwrap()
            };
            let label: zbus::zvariant::OwnedValue = call("org.freedesktop.DBus.Properties", "Get")
                .body()
                .deserialize()
                .unwrap();
            assert_eq!(String::try_from(label).unwrap(), name);
            call("org.freedesktop.Secret.Item", "Delete");
        })
        .await;
        must_succeed(&other_process("finds-nothing", &id));
        must_succeed(&other_process("finds-archive-key", &id));
    });
}

#[test]
fn the_secret_is_in_no_file_and_in_no_message() {
    with_keychain("the_secret_is_in_no_file_and_in_no_message", async {
        let (keychain, id) = (Keychain::system_with(PATIENT), ConnectionId::random());
        keychain.save(&id, &secret()).await.unwrap();
        keychain.read(&id).await.unwrap();
        let printed = format!("{keychain:?} {:?} {:?}", keychain.status(), secret());
        assert!(!printed.contains("Q~"), "{printed}");

        let utf16: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut searched = 0;
        for variable in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
            for file in files_below(Path::new(&env::var(variable).unwrap())) {
                let bytes = fs::read(&file).unwrap();
                for form in [SECRET.as_bytes(), &utf16] {
                    let found = bytes.windows(form.len()).any(|window| window == form);
                    assert!(!found, "{} holds the secret in clear", file.display());
                }
                searched += 1;
            }
        }
        assert!(searched >= 1, "the keyring's own file at least");
    });
}

#[test]
fn a_locked_keychain_is_called_locked_and_works_again_once_it_is_unlocked() {
    with_keychain(
        "a_locked_keychain_is_called_locked_and_works_again_once_it_is_unlocked",
        async {
            let (keychain, id) = (Keychain::system_with(PATIENT), ConnectionId::random());
            keychain.save(&id, &secret()).await.unwrap();
            blocking(lock_default_collection).await;

            // The running process goes on: it asked once and keeps the answer.
            assert_eq!(keychain.read(&id).await.unwrap().unwrap().expose(), SECRET);

            // A new one is told, by the self-test (which asks nobody) and by each call (which may ask, but nobody is there).
            let later = Keychain::system_with(PATIENT);
            let status = later.self_test().await;
            assert_eq!(status.state, KeychainState::Locked, "{status:?}");
            assert_eq!(status.detail, "GNOME Keyring (Secret Service) is locked.");
            assert!(status.remedy.contains("password"), "{}", status.remedy);
            let refused = [
                later.read(&id).await.unwrap_err(),
                later.save(&id, &secret()).await.unwrap_err(),
            ];
            for error in refused {
                assert_eq!(error.state(), KeychainState::Locked, "{error:?}");
                assert!(!format!("{error} {error:?} {}", error.remedy()).contains("Q~"));
            }
            assert_eq!(later.retry().await.state, KeychainState::Locked);

            // This session only, as the person chose.
            later.use_session_memory();
            let other = ConnectionId::random();
            later.save(&other, &secret()).await.unwrap();
            assert_eq!(later.read(&other).await.unwrap().unwrap().expose(), SECRET);
            assert_eq!(later.place(&other), SecretPlace::Session);

            // The person unlocks it and presses "Try again".
            blocking(unlock_with_a_fresh_daemon).await;
            let status = later.retry().await;
            assert_eq!(
                (status.state, status.session_only),
                (KeychainState::Ready, false),
                "{status:?}"
            );
            assert_eq!(later.read(&id).await.unwrap().unwrap().expose(), SECRET);
            // The first one's connection was to the keychain that is gone: it opens the new one by itself.
            keychain.delete(&id).await.unwrap();
            must_succeed(&other_process("finds-nothing", &id));
        },
    );
}

/// Nobody can answer the keychain's question here, so a new daemon takes over that is given the password at its start.
/// That is also how a keychain that was restarted looks to the app. It ends with the bus.
fn unlock_with_a_fresh_daemon() {
    use std::{io::Write, process::Stdio};
    let mut daemon = Command::new("gnome-keyring-daemon")
        .args(["--replace", "--unlock", "--components=secrets", "--daemonize"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    daemon.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(daemon.wait().unwrap().success());
    let collection = default_collection();
    assert_ne!(collection.as_str(), "/");
    assert!(!is_locked(&collection));
}

fn is_locked(collection: &ObjectPath<'_>) -> bool {
    let bus = Connection::session().unwrap();
    let properties = Some("org.freedesktop.DBus.Properties");
    let body = ("org.freedesktop.Secret.Collection", "Locked");
    let reply = bus
        .call_method(Some("org.freedesktop.secrets"), collection, properties, "Get", &body)
        .unwrap();
    reply
        .body()
        .deserialize::<zbus::zvariant::OwnedValue>()
        .unwrap()
        .try_into()
        .unwrap()
}

#[test]
fn a_keychain_without_a_default_keyring_says_so() {
    with_keychain("a_keychain_without_a_default_keyring_says_so", async {
        blocking(delete_default_collection).await;
        let keychain = Keychain::system_with(PATIENT);
        for status in [keychain.self_test().await, keychain.retry().await] {
            assert_eq!(status.state, KeychainState::Locked, "{status:?}");
            assert!(status.detail.contains("no default keyring"), "{}", status.detail);
        }
        let error = keychain.save(&ConnectionId::random(), &secret()).await.unwrap_err();
        assert!(error.to_string().contains("no default keyring"), "{error}");
    });
}

/// Runs a test of this binary in a process with this address as its session bus.
fn on_this_bus(test: &str, address: &str, role: &str) {
    let command = this_test(test);
    let output = Command::new(&command[0])
        .args(&command[1..])
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .env(INSIDE, "1")
        .env(ROLE, role)
        .output()
        .unwrap();
    must_succeed(&output);
}

/// There, the keychain is missing for this cause.
fn on_another_bus(address: &str, cause: &str) {
    on_this_bus("no_keychain_at_all", address, cause);
}

#[test]
fn no_keychain_at_all() {
    let Ok(expected) = env::var(ROLE) else { return };
    with_keychain("no_keychain_at_all", async move {
        let (keychain, id) = (Keychain::system_with(PATIENT), ConnectionId::random());
        for status in [keychain.self_test().await, keychain.retry().await] {
            assert_eq!(status.state, KeychainState::Missing, "{status:?}");
            assert!(status.detail.contains(&expected), "{}", status.detail);
            assert!(status.remedy.contains("this session only"), "{}", status.remedy);
        }
        assert_eq!(
            keychain.save(&id, &secret()).await.unwrap_err().state(),
            KeychainState::Missing
        );
        keychain.use_session_memory();
        keychain.save(&id, &secret()).await.unwrap();
        assert_eq!(keychain.read(&id).await.unwrap().unwrap().expose(), SECRET);
        keychain.delete(&id).await.unwrap();
        assert!(keychain.read(&id).await.unwrap().is_none());
    });
}

#[test]
fn without_a_bus_the_keychain_is_missing() {
    let nowhere = tempfile::tempdir().unwrap();
    on_another_bus(&format!("unix:path={}/bus", nowhere.path().display()), "no D-Bus");
    on_another_bus("not an address", "no D-Bus");
}

#[test]
fn without_a_keychain_program_the_keychain_is_missing() {
    let bus = Bus::start();
    on_another_bus(&bus.address, "No program on this system offers a keychain");
}

/// A Secret Service that takes calls and never answers: what was seen of a daemon whose home folder was missing.
#[test]
fn a_keychain_that_never_answers_does_not_hang_the_app() {
    struct Silent;
    #[zbus::interface(name = "org.freedesktop.Secret.Service")]
    impl Silent {
        async fn read_alias(&self, _name: String) -> OwnedObjectPath {
            std::future::pending().await
        }
    }
    let bus = Bus::start();
    let _service = zbus::blocking::connection::Builder::address(bus.address.as_str())
        .and_then(|builder| builder.name("org.freedesktop.secrets"))
        .and_then(|builder| builder.serve_at("/org/freedesktop/secrets", Silent))
        .and_then(zbus::blocking::connection::Builder::build)
        .unwrap();
    on_this_bus("a_silent_keychain", &bus.address, "silent");
}

#[test]
fn a_silent_keychain() {
    let Ok(_) = env::var(ROLE) else { return };
    with_keychain("a_silent_keychain", async {
        let short = Duration::from_millis(300);
        let keychain = Keychain::system_with(KeychainTimeouts {
            call: short,
            self_test: short,
        });
        assert_eq!(keychain.self_test().await.state, KeychainState::NotAnswering);
        let error = keychain.read(&ConnectionId::random()).await.unwrap_err();
        assert_eq!(error.state(), KeychainState::NotAnswering, "{error:?}");
        assert!(error.to_string().contains("did not answer"), "{error}");
    });
}

/// A bus on which nobody offers a keychain, and that knows how to start none. Ends when it is dropped.
struct Bus {
    address: String,
    daemon: std::process::Child,
    _folder: tempfile::TempDir,
}

impl Bus {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, socket) = (folder.path().join("bus.conf"), folder.path().join("bus"));
        let address = format!("unix:path={}", socket.display());
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>"
        );
        fs::write(&config, text).unwrap();
        let config = format!("--config-file={}", config.display());
        let daemon = Command::new("dbus-daemon").args(["--nofork", &config]).spawn().unwrap();
        let bus = Self {
            address,
            daemon,
            _folder: folder,
        };
        for _ in 0..600 {
            if socket.exists() {
                return bus;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("dbus-daemon did not start");
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
