//! Everything that goes wrong, each with its exit code and its sentence.

use std::fs;
use std::net::TcpListener;

use sandbox::{Break, SandboxOptions};

use crate::place::{Place, day};

/// One row of output per failure: scenario, exit code, what the person reads.
#[test]
fn each_scenario_has_its_code_and_its_sentence() {
    for (scenario, code, sentence) in [
        ("healthy_container", 0, ""),
        ("api_in_address", 0, ""),
        ("api_doubled", 0, ""),
        ("empty_day", 0, ""),
        ("short_tokens", 0, ""),
        ("clock_off", 0, "clock is about 10 minutes behind the sign-in server's"),
        ("tenant_limit", 0, ""),
        ("readonly_role", 0, ""),
        ("odd_types", 0, ""),
        ("deep_log_data", 0, ""),
        ("hostile_text", 0, ""),
        ("website_address", 5, "website, not its API"),
        ("html_instead_of_json", 5, "web page"),
        ("expired_secret", 4, "expired"),
        ("service_principal_missing", 4, "AADSTS7000229"),
        ("app_disabled", 4, "AADSTS7000112"),
        ("assignment_required", 4, "AADSTS501051"),
        ("conditional_access", 4, "AADSTS53003"),
        ("uri_missing", 4, "AADSTS500011"),
        ("not_saved", 6, "did not accept the token"),
        ("v2_audience_gap", 6, "did not accept the token"),
        ("client_not_allowed", 6, "does not list this API client"),
        ("role_lacks_permission", 6, "lacks the permission CIPP.Core.Read"),
        ("endpoint_blocked", 6, "blocks this part of the API"),
        ("role_deleted", 6, "no role that exists"),
        ("ip_blocked", 6, "IP address is not in the API client's allowed range"),
        (
            "subscription_ended",
            6,
            "subscription of this hosted CIPP instance has ended",
        ),
        ("wrong_app", 6, "helper app"),
        ("truncated_body", 7, "error: "),
        ("aborted_body", 7, "error: "),
        ("corrupt_row", 7, "not valid JSON"),
    ] {
        ends_so(scenario, code, sentence);
    }
}

/// These wait, as the server asks them to: side by side.
#[test]
fn trouble_that_passes_is_waited_out_and_what_stays_is_told() {
    std::thread::scope(|scope| {
        for (scenario, code, sentence) in [
            ("starting", 0, ""),
            ("throttled", 0, ""),
            ("entra_throttled", 0, ""),
            ("entra_unavailable", 0, ""),
            ("restarting", 5, "HTTP 503"),
        ] {
            scope.spawn(move || ends_so(scenario, code, sentence));
        }
    });
}

fn ends_so(scenario: &str, code: i32, sentence: &str) {
    println!("{scenario}");
    let run = Place::playing(scenario)
        .logs(&["--format", "ndjson"])
        .code(code)
        .says(sentence);
    assert_eq!(code != 0, run.err.contains("error: "), "{scenario}: {}", run.err);
    run.rows();
}

#[test]
fn a_wrong_secret_is_refused_by_entra_and_never_repeated() {
    let place = Place::healthy();
    let mut command = place.logs_command(&[]);
    command.env(
        crate::place::SECRET_VARIABLE,
        "abc8Q~wrong-secret-wrong-secret-wrong-wr",
    );
    place
        .run(&mut command)
        .code(4)
        .says("The client secret is wrong. (AADSTS7000215)");
}

#[test]
fn a_secret_id_is_refused_before_anything_is_sent() {
    let place = Place::healthy();
    let mut command = place.cippctl();
    // Nobody listens there: had anything been sent, the code would be another.
    command.args([
        "logs",
        "--api-url",
        "https://cipp.invalid",
        "--tenant-id",
        "contoso.example",
    ]);
    command.args(["--client-id", &place.ready.client_id, "--secret-env", "SECRET_ID"]);
    command.env("SECRET_ID", "0b9f7c3e-1111-2222-3333-444455556666");
    place
        .run(&mut command)
        .code(2)
        .says("This is the secret's ID, not its value.");
}

#[test]
fn wrong_tenant_and_wrong_client_are_told_apart() {
    let place = Place::healthy();
    let with = |option: &str, value: &str| {
        let mut given = place.given();
        let at = given.iter().position(|each| each == option).unwrap();
        given[at + 1] = value.to_owned();
        place.run(place.cippctl().arg("logs").args(given))
    };
    with("--tenant-id", "0b9f7c3e-1111-2222-3333-444455556666")
        .code(4)
        .says("AADSTS90002");
    with("--client-id", "0b9f7c3e-1111-2222-3333-444455556666")
        .code(4)
        .says("AADSTS700016");
}

#[test]
fn nobody_at_the_address() {
    let place = Place::healthy();
    let free_port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut given = place.given();
    given[1] = format!("http://127.0.0.1:{free_port}");
    place
        .run(place.cippctl().arg("logs").args(given))
        .code(5)
        .says("refused the connection");
}

#[test]
fn throttling_that_does_not_end_is_told() {
    let place = Place::with_scenario(|scenario| {
        scenario.throttled_calls = 1_000;
        scenario.retry_after_seconds = Some(3_600);
    });
    place.logs(&[]).code(5).says("error: ");
}

/// How many rows arrive before a reset depends on the network: a reset throws away what is still under way. A connection
/// that is closed in the same place does not, so there the number is known.
#[test]
fn rows_before_a_break_are_printed_and_json_stays_json() {
    for (kind, least) in [(Break::Abrupt, 4_999), (Break::Clean, 4_999), (Break::Reset, 1)] {
        let place = Place::with_scenario(|scenario| {
            scenario.big_day = true;
            scenario.break_in_row = Some(5_000);
            scenario.break_kind = Some(kind);
        });
        let yesterday = day(1);
        let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
        let expected = least..=4_999;

        let run = place.logs(&[&days[..], &["--format", "ndjson"]].concat()).code(7);
        assert!(expected.contains(&run.rows().len()), "{kind:?}: {}", run.rows().len());

        let run = place.logs(&[&days[..], &["--format", "json"]].concat()).code(7);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&run.out).unwrap();
        assert!(expected.contains(&rows.len()), "{kind:?}: {}", rows.len());

        let run = place
            .logs(&[&days[..], &["--count", "--format", "json"]].concat())
            .code(7);
        let counts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert!(
            expected.contains(&(counts["total"].as_u64().unwrap() as usize)),
            "{kind:?}: {counts}"
        );
        assert_eq!(counts["complete"], false);
    }
}

#[test]
fn what_was_read_before_a_refusal_stays() {
    // Five calls are accepted, one a day; the sixth is not.
    let place = Place::playing("unauthorised_after_good_token");
    let run = place
        .logs(&["--since", "9d", "--format", "ndjson"])
        .code(6)
        .says("did not accept the token");
    let days: std::collections::BTreeSet<String> = run
        .rows()
        .iter()
        .map(|row| row["DateFilter"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(days.len(), 5);
    assert!(run.err.contains("Stopped at "), "says where it stopped");
}

#[test]
fn a_token_that_is_revoked_on_the_way_is_renewed() {
    let place = Place::playing("token_revoked");
    let run = place.logs(&["--since", "9d", "--count", "--format", "json"]).code(0);
    let counts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(counts["complete"], true);
}

#[test]
fn https_with_a_certificate_that_nobody_trusts_needs_ca_cert() {
    let place = Place::with(SandboxOptions {
        tls: true,
        ..SandboxOptions::default()
    });
    place.logs(&[]).code(5).says("No secure connection to localhost");

    let ca = place.home.path().join("ca.pem");
    fs::write(&ca, place.ready.ca_pem.as_deref().unwrap()).unwrap();
    let ca = ca.to_str().unwrap().to_owned();
    let run = place.logs(&["--ca-cert", &ca, "--format", "ndjson"]).code(0);
    assert!(!run.rows().is_empty());

    place
        .logs(&["--ca-cert", "no-such-file.pem"])
        .code(2)
        .says("no-such-file.pem");
}

#[test]
fn mistakes_on_the_command_line_are_usage() {
    let place = Place::healthy();
    for (args, sentence) in [
        (&["--from", "2026-02-30"][..], "not a day of the calendar"),
        (&["--to", "2026-02-20"], "--from"),
        (&["--from", "2026-02-20", "--to", "2026-02-19"], "later than the last"),
        (&["--since", "soon"], "not a length of time"),
        (&["--severity", "loud"], "not a severity"),
        (&["--format", "xml"], "ndjson"),
        (&["--connection", "also"], "cannot be used with"),
    ] {
        place.logs(args).code(2).says(sentence);
    }
    place.run(&mut place.cippctl()).code(2);
    place.run(place.cippctl().arg("logs")).code(2);
}

#[test]
fn a_missing_secret_is_named_with_its_remedy() {
    let place = Place::healthy();
    let given: Vec<String> = place.given().into_iter().take(8).collect();
    place
        .run(place.cippctl().arg("logs").args(&given))
        .code(2)
        .says("No client secret was given.");
    place
        .run(
            place
                .cippctl()
                .arg("logs")
                .args(&given)
                .args(["--secret-env", "NOT_SET_AT_ALL"]),
        )
        .code(2)
        .says("NOT_SET_AT_ALL is not set");
    let run = place.run_with_input(place.cippctl().arg("logs").args(&given).arg("--secret-stdin"), "\n");
    run.code(2).says("empty");
}
