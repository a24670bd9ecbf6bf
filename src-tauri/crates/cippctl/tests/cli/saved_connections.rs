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
