//! `cippctl connections` and `logs --connection`, with the real file and, where one was started for the tests, a real
//! keychain.

use std::fs;
use std::process::{Command, Stdio};

use crate::place::{Place, SECRET_VARIABLE, day, has_test_keychain};

fn add(place: &Place, name: &str) -> Command {
    let mut command = place.cippctl();
    command.args(["connections", "add", "--name", name]).args(place.given());
    command
}

fn connections(place: &Place, args: &[&str]) -> Command {
    let mut command = place.cippctl();
    command.arg("connections").args(args);
    command
}

/// No bus, no keychain: as in a container or over a bare remote session.
#[cfg(target_os = "linux")]
fn without_keychain(command: &mut Command) -> &mut Command {
    command
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env_remove("XDG_RUNTIME_DIR")
}

#[test]
fn the_whole_life_of_a_connection() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    place
        .run(&mut add(&place, "Nordlicht MSP"))
        .code(0)
        .says("Saved \u{201c}Nordlicht MSP\u{201d}");
    place
        .run(&mut add(&place, "nordlicht msp"))
        .code(2)
        .says("already a connection");

    let list = place
        .run(&mut connections(&place, &["list", "--format", "json"]))
        .code(0)
        .out;
    let listed: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["name"], "Nordlicht MSP");
    assert_eq!(listed[0]["client_id"], place.ready.client_id.as_str());
    assert!(listed[0]["last_used_at"].is_null());

    place
        .run(&mut connections(&place, &["test", "Nordlicht MSP"]))
        .code(0)
        .says("ok  Log read");
    let logs = place.run(
        place
            .cippctl()
            .args(["logs", "--connection", "nordlicht MSP", "--format", "ndjson"]),
    );
    assert!(!logs.code(0).rows().is_empty());
    let list = place
        .run(&mut connections(&place, &["list", "--format", "json"]))
        .code(0)
        .out;
    assert!(serde_json::from_str::<serde_json::Value>(&list).unwrap()[0]["last_used_at"].is_string());

    place
        .run(&mut connections(&place, &["remove", "Nordlicht MSP"]))
        .code(0)
        .says("and its secret");
    place
        .run(&mut connections(&place, &["test", "Nordlicht MSP"]))
        .code(3)
        .says("no connection called");
    assert_eq!(
        place
            .run(&mut connections(&place, &["list", "--format", "json"]))
            .code(0)
            .out
            .trim(),
        "[]"
    );
}

#[test]
fn a_secret_is_replaced_only_when_the_new_one_works() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    let (right, wrong) = (
        place.ready.client_secret.clone(),
        "abc8Q~wrong-secret-wrong-secret-wrong-wr",
    );
    place.run(add(&place, "Contoso").env(SECRET_VARIABLE, wrong)).code(0);
    let replace = |secret: &str| {
        let mut command = connections(&place, &["replace-secret", "Contoso", "--secret-env", SECRET_VARIABLE]);
        command.env(SECRET_VARIABLE, secret);
        command
    };
    place
        .run(&mut replace("abc8Q~other-secret-other-secret-other-ot"))
        .code(4)
        .says("The old secret is still stored, unchanged.");
    place.run(&mut connections(&place, &["test", "Contoso"])).code(4);
    place
        .run(&mut connections(&place, &["expires", "Contoso", "2027-05-31"]))
        .code(0);
    place.run(&mut replace(&right)).code(0).says("Replaced.");
    place.run(&mut connections(&place, &["test", "Contoso"])).code(0);
    place.run(&mut replace(&right)).code(2).says("stored already");
    // Of the new one nothing is known.
    let known = place.run(&mut connections(&place, &["expires", "Contoso"])).code(0).out;
    assert_eq!(known.trim(), "not known");

    let said = place.run(&mut connections(&place, &["where", "Contoso"])).code(0).out;
    for words in ["GNOME Keyring", "secret-tool clear", "last read  2", "connections.json"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    place.run(&mut connections(&place, &["remove", "Contoso"])).code(0);
}

#[test]
fn a_connection_is_handed_on_without_its_secret() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    place.run(&mut add(&place, "Contoso")).code(0);
    let file = place.home.path().join("contoso.json");
    let path = file.to_str().unwrap();
    place
        .run(&mut connections(&place, &["export", "Contoso", path]))
        .code(0)
        .says("without the secret");
    place
        .run(&mut connections(&place, &["export", "Contoso", path]))
        .code(1)
        .says("--force");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        !text.contains(&place.ready.client_secret) && text.contains("\"format\": 1"),
        "{text}"
    );
    let mut import = connections(&place, &["import", path, "--secret-env", SECRET_VARIABLE]);
    place
        .run(import.env(SECRET_VARIABLE, &place.ready.client_secret))
        .code(0)
        .says("Contoso (2)");
    place.run(&mut connections(&place, &["test", "Contoso (2)"])).code(0);

    fs::write(
        &file,
        text.replace("\"format\"", "\"client_secret\": \"hunter2\", \"format\""),
    )
    .unwrap();
    let refused = place.run(&mut connections(
        &place,
        &["import", path, "--secret-env", SECRET_VARIABLE],
    ));
    refused.code(2).says("looks like a secret").says_not("hunter2");
    for form in ["powershell", "module", "curl"] {
        let script = place
            .run(&mut connections(&place, &["script", "Contoso", "--as", form]))
            .code(0)
            .out;
        assert!(
            script.contains(&place.ready.client_id) && !script.contains(&place.ready.client_secret),
            "{script}"
        );
    }
    for name in ["Contoso", "Contoso (2)"] {
        place.run(&mut connections(&place, &["remove", name])).code(0);
    }
}

#[test]
fn the_list_says_when_a_secret_ends() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    place.run(&mut add(&place, "Contoso")).code(0);
    place.run(&mut connections(&place, &["list"])).code(0).says_not("note:");
    place
        .run(&mut connections(&place, &["expires", "Contoso", "2021-05-31"]))
        .code(0);
    let list = place
        .run(&mut connections(&place, &["list"]))
        .code(0)
        .says("replace-secret");
    assert!(list.out.contains("ended 2021-05-31"), "{}", list.out);
    let json = place
        .run(&mut connections(&place, &["list", "--format", "json"]))
        .code(0)
        .out;
    assert!(json.contains("\"secret_ends_at\": \"2021-05-3"), "{json}");
    place
        .run(&mut connections(&place, &["expires", "Contoso", "2021-02-30"]))
        .code(2);
    place
        .run(&mut connections(&place, &["expires", "Contoso", "--unknown"]))
        .code(0);
    place.run(&mut connections(&place, &["remove", "Contoso"])).code(0);
}

/// Two windows, or a window and a script: none may overwrite what the other has just written.
#[test]
fn six_processes_at_once_lose_no_connection() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    let names: Vec<String> = (0..6).map(|number| format!("at once {number}")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| add(&place, name).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for child in children {
        place.seen(child.wait_with_output().unwrap()).code(0);
    }
    let list = place
        .run(&mut connections(&place, &["list", "--format", "json"]))
        .code(0)
        .out;
    let listed: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    let mut found: Vec<&str> = listed.iter().map(|each| each["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, names);
    for name in &names {
        place.run(&mut connections(&place, &["test", name])).code(0);
        place.run(&mut connections(&place, &["remove", name])).code(0);
    }
}

/// The key of the archive is made at the first collect and rests in the keychain; the connection's archive goes with it.
#[test]
fn the_archive_of_a_saved_connection_has_its_key_in_the_keychain() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    place.run(&mut add(&place, "kept")).code(0);
    let days = ["--from".to_owned(), day(3), "--to".into(), day(2)];
    let of = |command: &[&str]| {
        let mut made = place.cippctl();
        made.args(command).args(["--connection", "kept"]);
        made
    };
    let direct = place.run(of(&["logs", "--format", "ndjson"]).args(&days)).code(0).out;
    place.run(of(&["collect"]).args(&days)).code(0).says("2 days fetched");
    place.sandbox.forget_calls();
    let over = place.run(of(&["logs", "--format", "ndjson"]).args(&days)).code(0).out;
    assert!(direct == over, "the archive is used without being named");
    let offline = of(&["logs", "--offline", "--format", "ndjson"])
        .args(&days)
        .output()
        .unwrap();
    assert!(place.seen(offline).code(0).out == direct);
    assert_eq!(place.sandbox.calls().of("ListLogs"), 0);
    place.run(of(&["logs", "--no-archive", "--count"]).args(&days)).code(0);
    assert_eq!(place.sandbox.calls().of("ListLogs"), 2);
    place
        .run(&mut of(&["archive", "verify"]))
        .code(0)
        .says("2 days are whole");

    place
        .run(&mut connections(&place, &["remove", "kept"]))
        .code(0)
        .says("Deleted its archive");
    let archives = place.home.path().join("data/cipp-desk/archive");
    assert_eq!(fs::read_dir(archives).unwrap().count(), 0);
}

#[test]
fn the_secret_may_come_on_standard_input() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    let mut given = place.given();
    given.truncate(8);
    let mut command = place.cippctl();
    command
        .args(["connections", "add", "--name", "stdin", "--secret-stdin"])
        .args(given)
        .env_remove(SECRET_VARIABLE);
    let line = format!("{}\r\nanother line\n", place.ready.client_secret);
    place.run_with_input(&mut command, &line).code(0);
    place.run(&mut connections(&place, &["test", "stdin"])).code(0);
    place.run(&mut connections(&place, &["remove", "stdin"])).code(0);
}

#[test]
fn a_wrong_secret_that_was_saved_is_found_by_the_test() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    place
        .run(add(&place, "wrong").env(SECRET_VARIABLE, "abc8Q~wrong-secret-wrong-secret-wrong-wr"))
        .code(0);
    place
        .run(&mut connections(&place, &["test", "wrong"]))
        .code(4)
        .says("The client secret is wrong");
    place.run(&mut connections(&place, &["remove", "wrong"])).code(0);
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_keychain_nothing_is_saved_and_the_second_form_works() {
    let place = Place::healthy();
    place
        .run(without_keychain(&mut add(&place, "none")))
        .code(3)
        .says("no D-Bus");
    let list = place
        .run(&mut connections(&place, &["list", "--format", "json"]))
        .code(0)
        .out;
    assert_eq!(list.trim(), "[]", "no connection without its secret");
    place
        .run(without_keychain(&mut place.logs_command(&["--count"])))
        .code(0);
    assert!(
        !place.home.path().join("config/cipp-desk/connections.json").exists(),
        "the second form stores nothing"
    );
}

#[test]
fn an_unknown_name_is_told() {
    let place = Place::healthy();
    for args in [
        &["logs", "--connection", "ghost"][..],
        &["connections", "remove", "ghost"],
        &["connections", "test", "ghost"],
    ] {
        place
            .run(place.cippctl().args(args))
            .code(3)
            .says("There is no connection called \u{201c}ghost\u{201d}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_damaged_file_is_named_and_left_alone() {
    let place = Place::healthy();
    let folder = place.home.path().join("config/cipp-desk");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("connections.json");
    fs::write(&file, "{\"format\": 1, \"connec").unwrap();
    place
        .run(&mut connections(&place, &["list"]))
        .code(3)
        .says("is damaged at line 1");
    place
        .run(place.cippctl().args(["logs", "--connection", "x"]))
        .code(3)
        .says("connections.json");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"format\": 1, \"connec");
}
