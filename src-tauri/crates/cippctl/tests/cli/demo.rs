//! `cippctl demo`, which `npm start` runs where there is no display.

use crate::place::{Place, has_test_keychain};

fn assert_whole(out: &str) {
    for part in [
        "1. Start the sandbox",
        "2. Save a connection",
        "3. Sign in",
        "4. Read today",
        "By severity:",
        "5. Remove",
    ] {
        assert!(out.contains(part), "{part} is not in:\n{out}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_keychain_it_says_so_and_goes_on() {
    let place = Place::healthy();
    let mut command = place.cippctl();
    command
        .arg("demo")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env_remove("XDG_RUNTIME_DIR");
    let run = place.run(&mut command).code(0);
    assert_whole(&run.out);
    assert!(
        run.out.contains("The keychain cannot be used") && run.out.contains("in memory"),
        "{}",
        run.out
    );
}

#[test]
fn with_a_keychain_it_uses_it_and_leaves_nothing() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    let run = place.run(place.cippctl().arg("demo")).code(0);
    assert_whole(&run.out);
    assert!(run.out.contains("holds the secret"), "{}", run.out);
    let list = place
        .run(place.cippctl().args(["connections", "list", "--format", "json"]))
        .code(0)
        .out;
    assert_eq!(list.trim(), "[]");
}
