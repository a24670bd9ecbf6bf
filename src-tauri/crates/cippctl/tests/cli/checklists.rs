//! `cippctl checklist`: what is found, what is kept, and what the exit code says.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::place::{Place, Run, has_test_keychain};

/// Any GUID of the form that connections have.
#[cfg(target_os = "linux")]
const ID: &str = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";

fn checklist(place: &Place, args: &[&str]) -> Command {
    let mut command = place.cippctl();
    command.arg("checklist").args(args);
    command
}

/// `checklist check` with the values of the sandbox given on the spot.
fn check_command(place: &Place, args: &[&str]) -> Command {
    let mut command = checklist(place, &["check"]);
    command.args(place.given()).args(args);
    command
}

fn check(scenario: &str, args: &[&str]) -> Run {
    println!("{scenario}");
    let place = Place::playing(scenario);
    place.run(&mut check_command(&place, args))
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.out))
}

/// Which step was found how, of what `check --format json` printed.
fn verdicts(report: &Value) -> BTreeMap<&str, &str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|found| {
            (
                found["step"].as_str().unwrap(),
                found["verdict"]["kind"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn in_a_sound_world_nothing_fails_and_each_step_has_its_proof() {
    let place = Place::healthy();
    let run = place
        .run(&mut check_command(&place, &["--format", "json"]))
        .code(0)
        .says("Nothing is kept: that takes a saved connection")
        .says("more steps need a sign-in at Microsoft, in the app");
    let report = json(&run);
    assert_eq!(report["connection"], "127.0.0.1");
    assert_eq!((&report["kept"], &report["cancelled"]), (&false.into(), &false.into()));
    assert!(report["needSignIn"].as_u64().unwrap() > 5);
    let found = verdicts(&report);
    assert!(found.len() > 12, "{found:?}");
    // What was just set up is not cleaned up yet: that is told, and the code stays 0.
    let open: Vec<&str> = found
        .iter()
        .filter(|(_, verdict)| **verdict != "passed")
        .map(|(step, _)| *step)
        .collect();
    assert_eq!(open, ["lower-the-client-role", "narrow-the-ip-range"], "{found:?}");
    let counts = &report["counts"];
    assert_eq!((&counts["failed"], &counts["toCleanUp"]), (&0.into(), &2.into()));
    assert_eq!(counts["passed"], report["findings"].as_array().unwrap().len() - 2);
    assert!(run.err.contains("to clean up"), "{}", run.err);
    let logbook = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["step"] == "first-log-rows")
        .unwrap();
    assert_eq!(logbook["checklist"], "enable-the-cipp-api");
    assert_eq!(logbook["title"], "See that the logbook answers");
    assert_eq!(logbook["check"], "cipp-listlogs");
    let request = &logbook["evidence"]["requests"][0];
    assert!(request["url"].as_str().unwrap().contains("/api/ListLogs?"), "{request}");
    assert_eq!(request["status"], 200);
    // Both checklists in one round: each thing is asked once.
    assert_eq!(place.sandbox.calls().of("ListLogs"), 1);
    assert_eq!(place.sandbox.calls().of("ExecAccessChecks"), 3);
    assert!(!place.home.path().join("config/cipp-desk").exists(), "nothing is kept");
}

#[test]
fn each_fault_has_its_line_and_code_8() {
    for (scenario, step, sentence) in [
        ("expired_secret", "See that the sign-in gives a token", "expired"),
        (
            "not_saved",
            "See that CIPP accepts the client",
            "did not accept the token",
        ),
        ("website_address", "Enter the four values in this app", "website"),
        ("setup_cipp_adminagents_fails", "Select AdminAgents", "AdminAgents"),
        (
            "setup_cipp_gdap_groups_fails",
            "Select your GDAP groups, now or later",
            "M365 GDAP",
        ),
        (
            "setup_cipp_sam_permissions_fails",
            "Make sure that CIPP-SAM has all its permissions",
            "CIPP-SAM lacks",
        ),
        (
            "setup_cipp_service_account_name_fails",
            "Enter the display name",
            "neither CIPP nor Service",
        ),
    ] {
        let run = check(scenario, &[]).code(8).says("failed.");
        let mut lines = run
            .out
            .lines()
            .skip_while(|line| !(line.contains("  failed  ") && line.ends_with(step)));
        assert!(lines.next().is_some(), "{step} did not fail: {}", run.out);
        let reason = lines.next().unwrap();
        assert!(reason.contains(sentence), "{scenario}: {reason}");
    }
}

#[test]
fn what_cannot_be_checked_is_neither_red_nor_green() {
    // A small role is no fault: the code stays 0.
    let run = check("readonly_role", &["--format", "json"])
        .code(0)
        .says("could not be checked");
    let report = json(&run);
    let found = verdicts(&report);
    assert_eq!(found["admin-agents"], "couldNotCheck");
    assert_eq!(found["first-log-rows"], "passed");
    assert_eq!(report["counts"]["failed"], 0);

    // CIPP that has not looked itself yet.
    let run = check("setup_cipp_checks_never_run", &[]).code(0);
    assert!(run.out.contains("  waiting  "), "{}", run.out);
}

#[test]
fn an_instance_that_is_not_there_is_no_success() {
    let place = Place::healthy();
    let mut given = place.given();
    // Nothing listens on the port that is reserved for nothing.
    given[1] = "http://127.0.0.1:9".to_owned();
    let authority = given.iter().position(|each| *each == "--authority").unwrap();
    given[authority + 1] = "http://127.0.0.1:9".to_owned();
    let mut command = checklist(&place, &["check", "--format", "json"]);
    let run = place.run(command.args(&given)).code(5).says("error: ");
    let report = json(&run);
    assert!(
        verdicts(&report).values().all(|verdict| *verdict == "couldNotCheck"),
        "{report}"
    );
}

#[test]
fn as_markdown_it_is_the_setup_report() {
    let run = check("readonly_role", &["--format", "markdown", "--by", "Anna"]).code(0);
    for wanted in [
        "# Setup report: 127",
        "by Anna with CIPP Desk",
        "## Enable the CIPP API",
        "## Create the CIPP service account",
        "**See that the logbook answers**: verified",
        "could not be checked",
        "/api/ListLogs?",
    ] {
        assert!(run.out.contains(wanted), "{wanted} is not in\n{}", run.out);
    }
    // The steps are told as they are found, beside the report.
    assert!(
        run.err.contains("verified         See that the logbook answers"),
        "{}",
        run.err
    );
}

#[test]
fn one_checklist_and_one_variant() {
    let place = Place::healthy();
    let only = |variant: &str| {
        let args = [
            "--checklist",
            "enable-the-cipp-api",
            "--variant",
            variant,
            "--format",
            "json",
        ];
        place.run(&mut check_command(&place, &args)).code(0)
    };
    let (hosted, older) = (only("hosted"), only("extension"));
    let (hosted, older) = (json(&hosted), json(&older));
    assert!(verdicts(&hosted).contains_key("create-the-client"));
    assert!(!verdicts(&older).contains_key("create-the-client"));
    assert!(
        !verdicts(&hosted).contains_key("admin-agents"),
        "of the other checklist"
    );
}

#[test]
fn mistakes_on_the_command_line_are_usage() {
    let place = Place::healthy();
    for (args, sentence) in [
        (
            &["show", "--checklist", "nothing"][..],
            "create-the-cipp-service-account",
        ),
        (&["show", "--variant", "nothing"], "self-hosted-before-7.1"),
        (
            &[
                "show",
                "--checklist",
                "create-the-cipp-service-account",
                "--variant",
                "hosted",
            ],
            "has no variant",
        ),
        (&["check"], "--connection"),
        (&["list", "--format", "html"], "markdown"),
    ] {
        place.run(&mut checklist(&place, args)).code(2).says(sentence);
    }
    for args in [
        &["show", "--connection", "ghost"][..],
        &["list", "--connection", "ghost"],
    ] {
        place
            .run(&mut checklist(&place, args))
            .code(3)
            .says("There is no connection called \u{201c}ghost\u{201d}");
    }
}

/// Before any connection exists, and without asking anybody.
#[test]
fn the_lists_can_be_read_before_there_is_a_connection() {
    let place = Place::healthy();
    let listed = json(&place.run(&mut checklist(&place, &["list", "--format", "json"])).code(0));
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["checklist"], "enable-the-cipp-api");
    assert_eq!(
        (&listed[0]["connection"], &listed[0]["variant"]),
        (&Value::Null, &"hosted".into())
    );
    assert_eq!(listed[0]["variantChosen"], false);
    assert_eq!(listed[0]["counts"]["todo"], listed[0]["counts"]["steps"]);
    let table = place.run(&mut checklist(&place, &["list"])).code(0).out;
    assert!(
        table.contains("(no connection yet)") && table.contains("to do"),
        "{table}"
    );
    let markdown = place
        .run(&mut checklist(&place, &["list", "--format", "markdown"]))
        .code(0)
        .out;
    assert!(
        markdown
            .lines()
            .all(|line| line.starts_with("| ") && line.ends_with(" |")),
        "{markdown}"
    );

    let shown = place.run(&mut checklist(&place, &["show"])).code(0).out;
    for wanted in [
        "Enable the CIPP API",
        "CyberDrain hosts our CIPP (not chosen yet)",
        "to do              See that the logbook answers",
        "how we know: GET /api/ListLogs",
        "by hand, because: ",
    ] {
        assert!(shown.contains(wanted), "{wanted} is not in\n{shown}");
    }
    assert_eq!(place.sandbox.calls().total(), 0);
    assert!(
        !place.home.path().join("config/cipp-desk").exists(),
        "looking makes no file"
    );
}

/// A run of the time before a connection, in the form of the app's file: nothing in it steers a terminal.
#[cfg(target_os = "linux")]
#[test]
fn what_a_person_wrote_cannot_steer_the_terminal() {
    let place = Place::healthy();
    let folder = place.home.path().join("config/cipp-desk/checklist-runs");
    fs::create_dir_all(&folder).unwrap();
    let note = "\\u001b]0;renamed\\u0007 \\u202e reversed";
    let run = format!(
        r#"{{"format":2,"checklists":{{"enable-the-cipp-api":{{"steps":{{"first-log-rows":{{"history":[
            {{"id":"{ID}","at":"2026-01-01T00:00:00Z","by":"anna","what":"confirmed","note":"{note}"}}]}}}}}}}}}}"#
    );
    fs::write(folder.join("none.json"), run).unwrap();
    for format in ["text", "markdown", "json"] {
        let shown = place
            .run(&mut checklist(&place, &["show", "--format", format]))
            .code(0)
            .out;
        assert!(shown.contains("renamed"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{format}");
    }
}

#[test]
fn what_is_found_for_a_saved_connection_is_kept_and_goes_with_it() {
    if !has_test_keychain() {
        return;
    }
    let place = Place::healthy();
    place
        .run(
            place
                .cippctl()
                .args(["connections", "add", "--name", "Contoso"])
                .args(place.given()),
        )
        .code(0);
    let whole = |command: &str, args: &[&str]| {
        let mut made = checklist(&place, &[command, "--connection", "contoso"]);
        place.run(made.args(args)).code(0)
    };
    let checked =
        whole("check", &["--variant", "self-hosted", "--by", "Anna"]).says("Kept for \u{201c}Contoso\u{201d}");
    assert!(
        checked.out.starts_with("Enable the CIPP API: We host it"),
        "{}",
        checked.out
    );
    whole("check", &["--by", "Ben"]);

    let listed = json(&whole("list", &["--format", "json"]));
    assert_eq!(listed[0]["connection"], "Contoso");
    assert_eq!(
        (&listed[0]["variant"], &listed[0]["variantChosen"]),
        (&"self-hosted".into(), &true.into())
    );
    assert!(listed[0]["counts"]["verified"].as_u64().unwrap() > 8, "{listed}");
    let all = json(&place.run(&mut checklist(&place, &["list", "--format", "json"])).code(0));
    assert_eq!(
        all.as_array().unwrap().len(),
        4,
        "two before there was a connection, two of it"
    );

    let shown = json(&whole(
        "show",
        &["--checklist", "enable-the-cipp-api", "--format", "json"],
    ));
    let steps = shown[0]["progress"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["id"] == "token-arrives").unwrap();
    assert_eq!(step["state"]["kind"], "verified");
    assert_eq!(step["state"]["evidence"]["requests"][0]["method"], "POST");
    let by: Vec<&Value> = step["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["by"])
        .collect();
    assert_eq!(by, ["Anna", "Ben"]);
    let ids = |shown: &Value| -> Vec<String> {
        let steps = shown[0]["progress"]["steps"].as_array().unwrap();
        steps
            .iter()
            .map(|step| step["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let words: Vec<String> = shown[0]["checklist"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["steps"].as_array().unwrap())
        .map(|step| step["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids(&shown), words, "words and states of the same steps");

    let text = whole("show", &[]).out;
    assert!(
        text.contains("verified           See that the logbook answers") && text.contains("proof: GET http"),
        "{text}"
    );
    let report = whole("show", &["--format", "markdown"]).out;
    assert!(report.starts_with("# Setup report: Contoso\n"), "{report}");
    assert!(report.contains("Anna: verified"), "{report}");

    // Looking at another variant changes nothing.
    whole("show", &["--variant", "extension"]);
    let listed = json(&whole("list", &["--format", "json"]));
    assert_eq!(listed[0]["variant"], "self-hosted");

    let runs = place.home.path().join("config/cipp-desk/checklist-runs");
    let files = || -> Vec<_> {
        let all = fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect()
    };
    assert_eq!(files().len(), 1);
    let remove = ["connections", "remove", "Contoso"];
    place.run(place.cippctl().args(remove)).code(0);
    assert_eq!(files().len(), 0);
}

/// Found out before anything is asked for; the file stays as it is.
#[cfg(target_os = "linux")]
#[test]
fn a_damaged_run_is_named_and_left_alone() {
    let place = Place::healthy();
    let folder = place.home.path().join("config/cipp-desk");
    fs::create_dir_all(folder.join("checklist-runs")).unwrap();
    let ready = &place.ready;
    let connections = format!(
        r#"{{"format":1,"connections":[{{"id":"{ID}","name":"hurt","api_url":"{}","tenant_id":"{}","client_id":"{}","authority":"{}","created_at":"2026-01-01T00:00:00Z"}}]}}"#,
        ready.api_url, ready.tenant_id, ready.client_id, ready.authority
    );
    fs::write(folder.join("connections.json"), connections).unwrap();
    let run = folder.join("checklist-runs").join(format!("{ID}.json"));
    fs::write(&run, "{\"format\":2,\"check").unwrap();
    for command in ["show", "check"] {
        place
            .run(&mut checklist(&place, &[command, "--connection", "hurt"]))
            .code(1)
            .says("is damaged at line 1");
    }
    let listed = place
        .run(&mut checklist(&place, &["list"]))
        .code(1)
        .says("is damaged at line 1");
    assert!(
        listed.out.contains("(no connection yet)"),
        "the others are listed: {}",
        listed.out
    );
    assert_eq!(fs::read_to_string(&run).unwrap(), "{\"format\":2,\"check");
    assert_eq!(place.sandbox.calls().total(), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_what_was_found_is_whole() {
    use crate::running::Running;

    let place = Place::playing("hang");
    let mut running = Running::start(&mut check_command(&place, &["--format", "json"]));
    while place.sandbox.calls().total() == 0 {
        assert!(running.runs());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.send("-INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report["cancelled"], true);
    assert_eq!(report["counts"]["failed"], 0, "{report}");
}
