//! `cippctl sandbox`: one line when ready, and an end when told.

use std::fs;

use crate::place::Place;
use crate::running::Running;

struct Served {
    running: Running,
    ready: serde_json::Value,
}

impl Served {
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut running = Running::start(place.cippctl().arg("sandbox").args(args));
        let line = running.line();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Served { running, ready }
    }

    fn text(&self, member: &str) -> &str {
        self.ready[member].as_str().unwrap_or_else(|| panic!("no {member}"))
    }
}

/// The whole way with two processes, as a script would go it.
fn count(place: &Place, served: &Served, more: &[&str]) -> crate::place::Run {
    place.run(
        place
            .cippctl()
            .args([
                "logs",
                "--api-url",
                served.text("api_url"),
                "--tenant-id",
                served.text("tenant_id"),
            ])
            .args([
                "--client-id",
                served.text("client_id"),
                "--authority",
                served.text("authority"),
            ])
            .args(["--secret-env", "SERVED_SECRET", "--count", "--format", "json"])
            .args(more)
            .env("SERVED_SECRET", served.text("client_secret")),
    )
}

#[test]
fn one_line_says_everything_a_client_needs() {
    let place = Place::healthy();
    let served = Served::start(
        &place,
        &[
            "--listen",
            "127.0.0.1:0",
            "--scenario",
            "healthy",
            "--size",
            "small",
            "--seed",
            "7",
        ],
    );
    assert!(served.ready.get("ca_pem").is_none());
    let counts: serde_json::Value =
        serde_json::from_str(&count(&place, &served, &["--since", "2d"]).code(0).out).unwrap();
    assert!(counts["total"].as_u64().unwrap() > 500, "{counts}");
}

#[test]
fn with_tls_the_line_holds_the_authority_to_trust() {
    let place = Place::healthy();
    let served = Served::start(&place, &["--tls"]);
    let ca = place.home.path().join("ca.pem");
    fs::write(&ca, served.text("ca_pem")).unwrap();
    count(&place, &served, &["--ca-cert", ca.to_str().unwrap()]).code(0);
    count(&place, &served, &[]).code(5).says("No secure connection");
}

#[cfg(unix)]
#[test]
fn it_ends_when_it_is_told_and_says_nothing_more() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::healthy();
        let served = Served::start(&place, &[]);
        served.running.send(signal);
        let ended = served.running.end();
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{signal}");
    }
}

#[test]
fn mistakes_are_usage_and_scenarios_can_be_listed() {
    let place = Place::healthy();
    let run = |args: &[&str]| place.run(place.cippctl().arg("sandbox").args(args));
    run(&["--scenario", "no_such"]).code(2).says("no_such");
    run(&["--size", "huge"]).code(2).says("Use small, medium, large");
    run(&["--listen", "0.0.0.0:0"]).code(2).says("this computer only");
    let list = run(&["--list"]).code(0).out;
    assert!(list.starts_with("healthy ") && list.lines().count() > 30);
}
