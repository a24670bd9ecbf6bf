//! The file of connections, as its users meet it: with two processes, a process that is killed, a file that is damaged,
//! newer or cannot be written.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use connections::{ConnectionId, ConnectionStore, EndSource, SavedConnection, SecretEnd, StoreError};
use jiff::Timestamp;

fn now() -> Timestamp {
    "2026-08-22T09:15:00Z".parse().unwrap()
}

fn connection() -> cipp_client::Connection {
    cipp_client::Connection {
        api_url: "https://cippabc12.azurewebsites.net".parse().unwrap(),
        tenant_id: "msp.example".parse().unwrap(),
        client_id: "11112222-3333-4444-9555-666677778888".parse().unwrap(),
        authority: Default::default(),
        ca_cert: None,
    }
}

fn new(name: &str) -> SavedConnection {
    SavedConnection::new(ConnectionId::random(), name, connection(), now())
}

fn names(store: &ConnectionStore) -> Vec<String> {
    store.list().unwrap().into_iter().map(|saved| saved.name).collect()
}

/// A store in a folder of its own that does not exist yet.
fn fresh() -> (tempfile::TempDir, ConnectionStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ConnectionStore::open(folder.path().join("settings/cipp-desk/connections.json"));
    (folder, store)
}

fn with_text(text: &str) -> (tempfile::TempDir, ConnectionStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connections.json");
    fs::write(&path, text).unwrap();
    (folder, ConnectionStore::open(path))
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    files
}

#[test]
fn connections_are_kept_changed_and_removed() {
    let (_folder, store) = fresh();
    assert_eq!(store.list().unwrap(), []);
    assert!(!store.path().exists(), "reading makes nothing");

    let first = store.add(new("  Contoso MSP ")).unwrap();
    let second = store.add(new("Zweite Instanz – Überwald")).unwrap();
    assert_eq!(names(&store), ["Contoso MSP", "Zweite Instanz – Überwald"]);
    assert_eq!(store.get(&first.id).unwrap(), first);
    assert_eq!(store.find_by_name(" contoso msp").unwrap(), Some(first.clone()));
    assert_eq!(
        store.find_by_name("ZWEITE INSTANZ – ÜBERWALD").unwrap(),
        Some(second.clone())
    );
    assert_eq!(store.find_by_name("nobody").unwrap(), None);

    let mut changed = first.clone();
    changed.name = "Contoso".to_owned();
    changed.connection.ca_cert = Some("/etc/ca.pem".into());
    changed.secret_saved_at = Some(now());
    store.update(&changed).unwrap();
    assert_eq!(store.get(&first.id).unwrap(), changed);
    changed.connection.ca_cert = None;
    store.update(&changed).unwrap();
    assert_eq!(store.get(&first.id).unwrap().connection.ca_cert, None);

    store.touch_used(&second.id, now()).unwrap();
    assert_eq!(store.get(&second.id).unwrap().last_used_at, Some(now()));

    store.remove(&first.id).unwrap();
    assert_eq!(names(&store), ["Zweite Instanz – Überwald"]);
    assert!(matches!(store.get(&first.id), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.remove(&first.id), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.update(&first), Err(StoreError::NotFound { .. })));
    assert!(matches!(
        store.touch_used(&first.id, now()),
        Err(StoreError::NotFound { .. })
    ));
}

#[test]
fn when_a_secret_ends_is_kept_beside_the_rest() {
    let (_folder, store) = fresh();
    let id = store.add(new("A")).unwrap().id;
    let end = SecretEnd::new("2026-09-01T00:00:00Z".parse().unwrap(), EndSource::Typed, now());
    let saved = store.set_secret_end(&id, Some(end.clone())).unwrap();
    assert_eq!(saved.secret_end.as_ref(), Some(&end));
    assert!(end.due(now()).is_some());
    let saved = store.put_off_reminder(&id, now()).unwrap();
    assert_eq!(saved.secret_end.as_ref().unwrap().due(now()), None);
    store.note_secret_read(&id, now()).unwrap();
    store.touch_used(&id, now()).unwrap();
    let again = store.get(&id).unwrap();
    assert_eq!(
        (again.secret_end, again.secret_read_at),
        (saved.secret_end, Some(now()))
    );
    // An older version, which knows neither, carries them as it carries whatever it does not know: both stand among the
    // connection's own fields, and neither is there when there is nothing to say.
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(store.path()).unwrap()).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["connections"][0]["secret_end"]["source"], "typed");
    store.set_secret_end(&id, None).unwrap();
    assert!(!fs::read_to_string(store.path()).unwrap().contains("secret_end"));
    assert!(matches!(
        store.set_secret_end(&ConnectionId::random(), None),
        Err(StoreError::NotFound { .. })
    ));
}

#[test]
fn what_lies_beside_the_file_for_a_connection_is_found() {
    let (_folder, store) = fresh();
    let (id, other) = (store.add(new("A")).unwrap().id, store.add(new("B")).unwrap().id);
    let folder = store.path().parent().unwrap();
    for name in ["checklist-runs", "diagnoses", "archive"] {
        fs::create_dir(folder.join(name)).unwrap();
        for id in [id, other] {
            fs::write(folder.join(name).join(format!("{id}.json")), "{}").unwrap();
        }
    }
    let found = store.files_of(&id);
    assert_eq!(
        found,
        ["checklist-runs", "diagnoses"].map(|name| folder.join(name).join(format!("{id}.json")))
    );
}

#[test]
fn names_are_unique_and_not_empty() {
    let (_folder, store) = fresh();
    let mut first = store.add(new("Contoso")).unwrap();
    store.add(new("Fabrikam")).unwrap();
    let taken = StoreError::NameTaken {
        name: "Contoso".to_owned(),
    };
    assert_eq!(store.add(new(" CONTOSO ")).unwrap_err(), taken);
    assert!(taken.to_string().contains("Contoso"), "{taken}");
    assert!(matches!(store.add(new(" \t")), Err(StoreError::Field(error)) if error.field == cipp_client::Field::Name));
    // Its own name in other letters is no conflict.
    first.name = "CONTOSO".to_owned();
    store.update(&first).unwrap();
    first.name = "fabrikam".to_owned();
    assert!(matches!(store.update(&first), Err(StoreError::NameTaken { .. })));
}

#[test]
fn the_file_says_its_format_and_what_a_newer_version_wrote_is_kept() {
    let id = ConnectionId::random();
    let (_folder, store) = with_text(&format!(
        "\u{feff}{{\"format\":1,\"groups\":[{{\"a\":1}}],\"connections\":[{{\"id\":\"{id}\",\"name\":\"A\",\
         \"api_url\":\"https://cipp.msp.example\",\"tenant_id\":\"msp.example\",\
         \"client_id\":\"11112222-3333-4444-9555-666677778888\",\"created_at\":\"2026-08-22T09:15:00Z\",\
         \"colour\":{{\"hue\":12345678901234567890}}}}]}}"
    ));
    let mut saved = store.get(&id).unwrap();
    assert!(saved.connection.authority.is_default());
    saved.name = "B".to_owned();
    store.update(&saved).unwrap();
    store.touch_used(&id, now()).unwrap();
    store.add(new("C")).unwrap();

    let text = fs::read_to_string(store.path()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["groups"][0]["a"], 1);
    assert_eq!(json["connections"][0]["name"], "B");
    assert_eq!(json["connections"][0]["colour"]["hue"], 12_345_678_901_234_567_890_u64);
    assert_eq!(json["connections"][1]["name"], "C");
}

#[test]
fn a_damaged_file_is_named_left_alone_and_set_aside_on_request() {
    for (text, line) in [
        ("", 1),
        ("{\"format\": 1,\n \"connections\": [", 2),
        ("{\"format\": 1,\n \"connections\": [\n {\"id\": \"x\"}\n]}", 3),
        ("not json", 1),
        ("{\"connections\": []}", 1),
        ("[]", 1),
        ("{\"format\": 1, \"connections\": []}\n}", 2),
    ] {
        let (folder, store) = with_text(text);
        let error = store.list().unwrap_err();
        let StoreError::Damaged { path, line: at, .. } = &error else {
            panic!("{text}: {error:?}")
        };
        assert_eq!((path.as_path(), *at), (store.path(), line), "{text}: {error}");
        assert!(error.remedy().contains("connections.json"), "{}", error.remedy());

        // Nothing that would write touches it.
        assert_eq!(store.add(new("A")).unwrap_err(), error, "{text}");
        assert!(store.remove(&ConnectionId::random()).is_err());
        assert_eq!(fs::read_to_string(store.path()).unwrap(), text);

        let aside = store.set_aside(now()).unwrap();
        assert_eq!(
            aside,
            folder
                .path()
                .canonicalize()
                .unwrap()
                .join("connections.damaged-20260822T091500Z.json")
        );
        assert_eq!(fs::read_to_string(&aside).unwrap(), text);
        assert_eq!(store.list().unwrap(), []);
        store.add(new("A")).unwrap();
        // A good file is never set aside, and an earlier one aside is never overwritten.
        assert!(matches!(store.set_aside(now()), Err(StoreError::NotDamaged { .. })));
        fs::write(store.path(), "again").unwrap();
        assert!(
            store
                .set_aside(now())
                .unwrap()
                .ends_with("connections.damaged-20260822T091500Z-2.json")
        );
    }
}

#[test]
fn a_file_that_is_no_text_is_damaged() {
    let (_folder, store) = with_text("");
    fs::write(store.path(), [0xff, 0xfe, 0, 1]).unwrap();
    assert!(matches!(store.list(), Err(StoreError::Damaged { .. })));
}

#[test]
fn one_bad_value_is_named_with_its_place() {
    let (_folder, store) = fresh();
    store.add(new("A")).unwrap();
    let text = fs::read_to_string(store.path()).unwrap();
    fs::write(store.path(), text.replace("https://cippabc12", "http://cippabc12")).unwrap();
    let error = store.list().unwrap_err();
    assert!(
        matches!(&error, StoreError::Damaged { detail, .. } if detail.contains("API address")),
        "{error}"
    );
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let text = r#"{"format": 2, "connections": {"entirely": "different"}}"#;
    let (_folder, store) = with_text(text);
    let error = store.list().unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 2, known: 1, .. }),
        "{error:?}"
    );
    assert!(error.remedy().contains("Update"), "{}", error.remedy());
    assert_eq!(store.add(new("A")).unwrap_err(), error);
    assert_eq!(store.set_aside(now()).unwrap_err(), error);
    assert_eq!(fs::read_to_string(store.path()).unwrap(), text);
}

/// Permission bits do not hold for root, so what cannot be written is made of things that nobody can write.
#[test]
fn what_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = ConnectionStore::open(folder.path().join("file/connections.json"));
    let error = below_a_file.add(new("A")).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
    assert!(!error.remedy().is_empty());

    let a_folder = ConnectionStore::open(folder.path().join("connections.json"));
    fs::create_dir(a_folder.path()).unwrap();
    for error in [a_folder.list().unwrap_err(), a_folder.add(new("A")).unwrap_err()] {
        assert!(error.to_string().contains("connections.json"), "{error}");
    }
    assert!(a_folder.path().is_dir());
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_can_still_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = fresh();
    store.add(new("A")).unwrap();
    let settings = store.path().parent().unwrap();
    fs::set_permissions(settings, fs::Permissions::from_mode(0o500)).unwrap();
    let holds = fs::write(settings.join("probe"), "").is_err();
    assert_eq!(names(&store), ["A"]);
    let outcome = store.add(new("B"));
    fs::set_permissions(settings, fs::Permissions::from_mode(0o700)).unwrap();
    if holds {
        assert!(matches!(outcome, Err(StoreError::ReadOnly { .. })), "{outcome:?}");
        assert_eq!(names(&store), ["A"]);
    }
}

#[cfg(unix)]
#[test]
fn only_this_user_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = fresh();
    store.add(new("A")).unwrap();
    assert_eq!(fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_file_stays_a_link() {
    let (folder, store) = with_text("{\"format\":1,\"connections\":[]}");
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(store.path(), &link).unwrap();
    ConnectionStore::open(&link).add(new("A")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(&store), ["A"]);
}

#[test]
fn nothing_is_left_lying_about() {
    let (_folder, store) = fresh();
    store.add(new("A")).unwrap();
    store.touch_used(&store.list().unwrap()[0].id, now()).unwrap();
    assert_eq!(
        files_in(store.path().parent().unwrap()),
        ["connections.json", "connections.lock"]
    );
}

/// Runs one of this binary's own tests as another process, with the store's path in its environment.
fn other_process(role: &str, store: &ConnectionStore) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "in_another_process", "--nocapture", "--test-threads=1"])
        .env("CIPP_DESK_TEST_ROLE", role)
        .env("CIPP_DESK_TEST_STORE", store.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the other processes do. Without a role (in an ordinary run) it does nothing.
#[test]
fn in_another_process() {
    let (Ok(role), Some(path)) = (env::var("CIPP_DESK_TEST_ROLE"), env::var_os("CIPP_DESK_TEST_STORE")) else {
        return;
    };
    let store = ConnectionStore::open(path);
    match role.split_once(' ') {
        Some(("add", who)) => {
            for number in 0..25 {
                store.add(new(&format!("{who} {number}"))).unwrap();
            }
        }
        _ => loop {
            let id = store.list().unwrap()[0].id;
            store.touch_used(&id, now()).unwrap();
        },
    }
}

#[test]
fn two_processes_lose_nothing_of_each_other() {
    let (_folder, store) = fresh();
    let mut others: Vec<Child> = ["add left", "add right"].map(|role| other_process(role, &store)).into();
    for number in 0..25 {
        store.add(new(&format!("here {number}"))).unwrap();
    }
    for other in &mut others {
        assert!(other.wait().unwrap().success());
    }
    let names = names(&store);
    assert_eq!(names.len(), 75);
    for who in ["left", "right", "here"] {
        let own: Vec<String> = (0..25).map(|number| format!("{who} {number}")).collect();
        let found: Vec<&String> = names.iter().filter(|name| name.starts_with(who)).collect();
        assert_eq!(found, own.iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_process_that_is_killed_leaves_a_whole_file_and_no_rubbish() {
    let (_folder, store) = fresh();
    for number in 0..50 {
        store.add(new(&format!("connection {number}"))).unwrap();
    }
    let before = names(&store);
    for round in 0..8_u64 {
        let mut other = other_process("write for ever", &store);
        std::thread::sleep(Duration::from_millis(60 + 17 * round));
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(names(&store), before);
    }
    // As a process leaves it that is killed between writing and renaming; the next change sweeps it away.
    let folder = store.path().parent().unwrap();
    fs::write(folder.join(".connections-x1y2z3.tmp"), "{\"format\": 1, \"conn").unwrap();
    fs::write(folder.join("somebody-else.tmp"), "").unwrap();
    store.touch_used(&store.list().unwrap()[0].id, now()).unwrap();
    assert_eq!(
        files_in(folder),
        ["connections.json", "connections.lock", "somebody-else.tmp"]
    );
    assert_eq!(names(&store), before);
}

#[test]
fn a_lock_that_is_never_let_go_is_reported() {
    let (_folder, store) = fresh();
    store.add(new("A")).unwrap();
    let side = fs::File::open(store.path().with_extension("lock")).unwrap();
    let mut lock = fd_lock::RwLock::new(side);
    let held = lock.write().unwrap();
    let error = store.add(new("B")).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
    assert_eq!(names(&store), ["A"], "reading needs no lock");
    drop(held);
    store.add(new("B")).unwrap();
}

#[test]
fn the_default_file_is_this_users_own() {
    let path = ConnectionStore::default_path().unwrap();
    assert!(path.ends_with("connections.json"), "{}", path.display());
    assert!(path.to_string_lossy().contains("cipp-desk"), "{}", path.display());
}
