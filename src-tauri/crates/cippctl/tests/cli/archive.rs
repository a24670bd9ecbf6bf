//! `cippctl collect`, `logs --offline`, `archive`: days that stay on this computer, encrypted.

use std::fs;
use std::path::PathBuf;

use sandbox::SandboxOptions;

use crate::place::{KEY_VARIABLE, Place, day, iso};

/// The only folder of a connection below the archives.
fn folder(place: &Place) -> PathBuf {
    let mut folders = fs::read_dir(place.archives()).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

/// The days before today that are over without doubt.
fn closed() -> [String; 4] {
    ["--from".into(), day(5), "--to".into(), day(2)]
}

fn with<'a>(days: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    days.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

#[test]
fn collected_days_are_read_without_cipp_and_are_the_same_rows() {
    for scenario in ["healthy", "odd_types", "hostile_text"] {
        let place = Place::playing(scenario);
        let days = closed();
        let collected = place
            .archived("collect", &with(&days, &[]))
            .code(0)
            .says("4 days fetched, 0 days in the archive before");
        let lines = |end: &str| collected.err.lines().filter(|line| line.ends_with(end)).count();
        assert_eq!((lines("archived"), lines("more may come")), (4, 0), "{}", collected.err);
        let ndjson = with(&days, &["--format", "ndjson"]);
        let direct = place.logs(&ndjson).code(0).out;
        place.sandbox.forget_calls();
        let offline = place.offline(&["logs", "--offline"], &ndjson).code(0).out;
        assert!(direct.lines().count() > 1_000);
        // Rows without a readable time go to the end of their day in the archive.
        let in_order = |text: &str| {
            let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
            if scenario == "odd_types" {
                rows.sort_unstable();
            }
            rows
        };
        assert!(in_order(&direct) == in_order(&offline), "{scenario}: byte for byte");
        assert!(
            place.archived("logs", &ndjson).code(0).out == offline,
            "over the archive"
        );
        assert_eq!(place.sandbox.calls().of("ListLogs"), 0, "nobody was asked");

        place
            .archived("collect", &with(&days, &[]))
            .code(0)
            .says("0 days fetched, 4 days in the archive before");
        assert_eq!(place.sandbox.calls().of("ListLogs"), 0, "a second run asks for nothing");
    }
}

#[test]
fn nothing_of_a_row_is_readable_on_the_disk() {
    let place = Place::healthy();
    place.archived("collect", &with(&closed(), &[])).code(0);
    let words = ["RowKey", "Severity", "contoso", "northwind", "@msp", "Failed to"];
    let mut files = 0;
    for entry in fs::read_dir(folder(&place)).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for word in words {
            let found = bytes
                .windows(word.len())
                .any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
            assert!(!found, "{word}");
        }
    }
    assert!(files >= 4);
}

#[test]
fn days_that_are_not_archived_are_named_offline_and_fetched_otherwise() {
    let place = Place::healthy();
    place.archived("collect", &with(&closed(), &[])).code(0);
    let wider = ["--from".to_owned(), day(6), "--to".into(), day(1)];
    let args = with(&wider, &["--count", "--format", "json"]);
    let run = place.offline(&["logs", "--offline"], &args).code(8).says(&format!(
        "2 of 6 days are not in the archive: {}, {}.",
        iso(1),
        iso(6)
    ));
    let offline: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(offline["complete"], false);

    place.sandbox.forget_calls();
    let over: serde_json::Value = serde_json::from_str(&place.archived("logs", &args).code(0).out).unwrap();
    assert_eq!(place.sandbox.calls().of("ListLogs"), 2);
    let direct: serde_json::Value = serde_json::from_str(&place.logs(&args).code(0).out).unwrap();
    assert_eq!(over, direct);
    assert!(offline["total"].as_u64() < over["total"].as_u64());
}

#[test]
fn severities_and_filters_hold_over_the_archive_too() {
    let place = Place::healthy();
    let days = closed();
    place.archived("collect", &with(&days, &[])).code(0);
    for filter in [
        &["--severity", "error,warning"][..],
        &["--tenant", "northwind"],
        &["--search", "failed", "--user", "@"],
        &["--query", "sev>=warning -api:Standards has:data"],
        &["--query", "data.NormalizedError:* -tenant:contoso"],
    ] {
        let args = with(&days, &[&["--format", "ndjson"], filter].concat());
        let direct = place.logs(&args).code(0).out;
        let offline = place.offline(&["logs", "--offline"], &args).code(0).out;
        assert!(!direct.is_empty(), "{filter:?} proves something");
        assert!(direct == offline, "{filter:?}");
    }
}

#[test]
fn a_key_of_the_wrong_form_is_refused_by_the_name_of_its_variable() {
    let place = Place::healthy();
    for wrong in [
        "",
        "0123",
        "secretsecretsecretsecretsecretsecretsecretsecretsecretsecretsecret",
        "zz".repeat(32).as_str(),
    ] {
        let run = place
            .run(place.archived_command("collect", &[]).env(KEY_VARIABLE, wrong))
            .code(2);
        assert!(
            run.err
                .contains("PLACE_ARCHIVE_KEY does not hold 64 hexadecimal digits"),
            "{}",
            run.err
        );
        assert!(
            wrong.is_empty() || !run.err.contains(wrong),
            "the value is not repeated"
        );
    }
    place
        .run(place.archived_command("collect", &[]).env_remove(KEY_VARIABLE))
        .code(2)
        .says("PLACE_ARCHIVE_KEY is not set");
    assert!(!place.archives().exists(), "nothing was made");

    let mut without = place.cippctl();
    without.arg("collect").args(place.given());
    place.run(&mut without).code(2).says("--key-env VARIABLE");
    let mut alone = place.cippctl();
    alone
        .arg("collect")
        .args(place.given())
        .args(["--key-env", KEY_VARIABLE]);
    place.run(&mut alone).code(2).says("--archive");
}

#[test]
fn another_key_reads_nothing_and_says_so() {
    let place = Place::healthy();
    let days = closed();
    place.archived("collect", &with(&days, &[])).code(0);
    let other = "11".repeat(32);
    let mut verify = place.cippctl();
    verify
        .args(["archive", "verify"])
        .args(place.who())
        .args(place.archive())
        .env(KEY_VARIABLE, &other);
    place.run(&mut verify).code(8).says("4 days are not whole");
    let mut read = place.archived_command("logs", &with(&days, &["--offline", "--format", "ndjson"]));
    let run = place.run(read.env(KEY_VARIABLE, &other)).code(8).says("another key");
    assert_eq!(run.out, "");
}

#[test]
fn a_damaged_day_is_found_told_and_read_from_cipp() {
    let place = Place::healthy();
    let days = closed();
    place.archived("collect", &with(&days, &[])).code(0);
    place
        .offline(&["archive", "verify"], &[])
        .code(0)
        .says("4 days are whole");
    let file = folder(&place).join(format!("{}.parquet", day(3)));
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(&file, bytes).unwrap();

    place
        .offline(&["archive", "verify"], &[])
        .code(8)
        .says("1 days are not whole");
    let args = with(&days, &["--count", "--format", "json"]);
    let run = place.archived("logs", &args).code(0).says("damaged");
    assert_eq!(run.out, place.logs(&args).code(0).out);
    place
        .offline(&["logs", "--offline"], &args)
        .code(8)
        .says("1 of 4 days are not in the archive");

    place
        .archived("collect", &with(&days, &[]))
        .code(0)
        .says("1 day fetched, 3 days in the archive before");
    place
        .offline(&["archive", "verify"], &[])
        .code(0)
        .says("4 days are whole");
}

#[test]
fn status_export_and_delete() {
    let place = Place::healthy();
    place
        .offline(&["archive", "status"], &[])
        .code(3)
        .says("There is no archive of");
    place.archived("collect", &with(&closed(), &[])).code(0);
    let status = place.offline(&["archive", "status"], &["--format", "json"]).code(0).out;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["days"].as_array().unwrap().len(), 4);
    assert!(status["bytes"].as_u64().unwrap() > 10_000);
    let table = place.offline(&["archive", "status"], &[]).code(0).out;
    assert!(table.lines().count() == 5 && table.contains("4 days, "), "{table}");

    let out = place.home.path().join("plain");
    let to = ["--out", out.to_str().unwrap()];
    place
        .offline(&["archive", "export"], &to)
        .code(2)
        .says("There is no folder");
    fs::create_dir(&out).unwrap();
    place.offline(&["archive", "export"], &to).code(0).says("4 days, ");
    let plain = fs::read(out.join(format!("{}.parquet", day(3)))).unwrap();
    assert!(plain.starts_with(b"PAR1") && plain.ends_with(b"PAR1"));
    place
        .offline(&["archive", "export"], &to)
        .code(2)
        .says("is there already");
    place
        .offline(&["archive", "export"], &[&to[..], &["--overwrite"]].concat())
        .code(0);

    place
        .offline(&["archive", "delete"], &[])
        .code(2)
        .says("would delete 4 days");
    place
        .offline(&["archive", "delete"], &["--yes"])
        .code(0)
        .says("are free");
    assert_eq!(fs::read_dir(place.archives()).unwrap().count(), 0);
}

#[test]
fn a_day_that_fails_is_told_and_the_others_are_kept() {
    let place = Place::playing("unauthorised_after_good_token");
    let days = ["--from".to_owned(), day(9), "--to".into(), day(2)];
    let run = place
        .archived("collect", &with(&days, &[]))
        .code(6)
        .says("not complete");
    assert!(run.err.contains("did not accept the token"), "{}", run.err);
    let status = place.offline(&["archive", "status"], &["--format", "json"]).code(0).out;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let kept = status["days"].as_array().unwrap().len();
    assert!((1..8).contains(&kept), "{kept}");
}

#[test]
fn each_connection_has_a_folder_of_its_own_and_always_the_same() {
    let place = Place::with(SandboxOptions::default());
    let days = ["--from".to_owned(), day(2), "--to".into(), day(2)];
    place.archived("collect", &with(&days, &[])).code(0);
    let name = folder(&place).file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(name.len(), 36);
    let mut other = place.cippctl();
    let mut who = place.who();
    who[3] = "somebody-else.example".to_owned();
    other.args(["archive", "status"]).args(who).args(place.archive());
    place.run(&mut other).code(3).says("There is no archive of");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_goes_on_where_it_ended() {
    use crate::running::Running;

    let place = Place::with_scenario(|scenario| scenario.row_delay_ms = 1);
    let days = ["--from".to_owned(), day(6), "--to".into(), day(2)];
    let mut command = place.archived_command("collect", &with(&days, &[]));
    let running = Running::start(&mut command);
    while !place.archives().exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.send("-INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(
        ended.err.contains("Stopped") || ended.err.contains("stopped"),
        "{}",
        ended.err
    );
    let again = place.archived("collect", &with(&days, &[])).code(0);
    let ndjson = with(&days, &["--format", "ndjson"]);
    let offline = place.offline(&["logs", "--offline"], &ndjson).code(0).out;
    assert!(offline == place.logs(&ndjson).code(0).out, "{}", again.err);
}
