//! The rows themselves: all of them, unchanged, and the filters.

use std::collections::BTreeMap;

use crate::place::{Place, day};
use crate::running::Running;

/// What the server sends, fetched without any of our own code.
fn sent(place: &Place, day: &str) -> String {
    place.wait_for(async {
        let ready = &place.ready;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let scope = format!("api://{}/.default", ready.client_id);
        let form = [
            ("client_id", ready.client_id.as_str()),
            ("client_secret", &ready.client_secret),
            ("scope", &scope),
            ("grant_type", "client_credentials"),
        ];
        let token_url = format!("{}/{}/oauth2/v2.0/token", ready.authority, ready.tenant_id);
        let token: serde_json::Value = http
            .post(token_url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let severities = "Info,Information,Warn,Warning,Error,Critical,Alert";
        let logs_url = format!(
            "{}/api/ListLogs?Filter=true&StartDate={day}&EndDate={day}&Severity={severities}",
            ready.api_url
        );
        let reply = http
            .get(logs_url)
            .bearer_auth(token["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        reply.text().await.unwrap()
    })
}

#[test]
fn ndjson_is_byte_for_byte_what_the_server_sent() {
    for scenario in [
        "healthy",
        "healthy_container",
        "odd_types",
        "hostile_text",
        "deep_log_data",
    ] {
        let place = Place::playing(scenario);
        let yesterday = day(1);
        let run = place
            .logs(&["--from", &yesterday, "--to", &yesterday, "--format", "ndjson"])
            .code(0);
        assert!(run.out.ends_with('\n'));
        let array = format!("[{}]", run.out.trim_end().replace('\n', ","));
        assert!(array == sent(&place, &yesterday), "{scenario}: not the same text");
    }
}

#[test]
fn an_empty_day_is_nothing_and_no_error() {
    let place = Place::playing("empty_day");
    assert_eq!(place.logs(&["--format", "ndjson"]).code(0).out, "");
    assert_eq!(place.logs(&["--format", "json"]).code(0).out.trim(), "[]");
    assert_eq!(place.logs(&["--format", "csv"]).code(0).out.lines().count(), 1);
    assert_eq!(place.logs(&[]).code(0).out, "");
    assert_eq!(
        place
            .logs(&["--count", "--format", "table"])
            .code(0)
            .out
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["Total", "0"]
    );
}

#[test]
fn days_come_newest_first_and_whole() {
    let place = Place::healthy();
    let rows = place.logs(&["--since", "5d", "--format", "ndjson"]).code(0).rows();
    let mut days: Vec<String> = rows
        .iter()
        .map(|row| row["DateFilter"].as_str().unwrap().to_owned())
        .collect();
    days.dedup();
    assert_eq!(days, [0, 1, 2, 3, 4].map(day));
    let each: usize = [0, 1, 2, 3, 4]
        .map(day)
        .iter()
        .map(|day| {
            serde_json::from_str::<Vec<serde_json::Value>>(&sent(&place, day))
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(rows.len(), each);
}

/// The world writes 200,000 rows; those that CIPP's severity filter never returns (no severity, Debug) are not sent.
#[test]
fn a_day_of_200_000_rows_is_counted_whole() {
    let place = Place::playing("big_day");
    let yesterday = day(1);
    let mut command = place.logs_command(&["--from", &yesterday, "--to", &yesterday, "--count", "--format", "json"]);
    let run = place.run(command.env("RUST_LOG", "warn")).code(0);
    let counts: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let sent: Vec<serde::de::IgnoredAny> = serde_json::from_str(&sent(&place, &yesterday)).unwrap();
    assert!(sent.len() > 190_000);
    assert_eq!(
        (&counts["total"], &counts["complete"]),
        (&sent.len().into(), &true.into()),
        "{counts}"
    );
}

#[test]
fn a_corrupt_row_is_kept_and_told_and_its_neighbours_are_good() {
    let place = Place::playing("corrupt_row");
    let yesterday = day(1);
    let run = place
        .logs(&["--from", &yesterday, "--to", &yesterday, "--format", "ndjson"])
        .code(7)
        .says("1 of ");
    let (unreadable, good): (Vec<_>, Vec<_>) = run.rows().into_iter().partition(|row| row.get("unreadable").is_some());
    assert_eq!(unreadable.len(), 1);
    assert!(sent(&place, &yesterday).contains(unreadable[0]["unreadable"].as_str().unwrap()));
    assert!(good.len() > 1_000 && good.iter().all(|row| row["RowKey"].is_string()));
}

#[test]
fn severities_are_families_with_all_their_spellings() {
    let place = Place::healthy();
    let spellings = |severity: &str| {
        let rows = place
            .logs(&["--since", "9d", "--severity", severity, "--format", "ndjson"])
            .code(0)
            .rows();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows {
            *counts.entry(row["Severity"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts.into_keys().collect::<Vec<_>>().join(" ").to_lowercase()
    };
    let warnings = spellings("warning");
    assert!(warnings.contains("warn ") && warnings.contains("warning"), "{warnings}");
    assert_eq!(spellings("WARN"), warnings);
    let bad = spellings("error,critical");
    assert!(
        bad.split(' ').all(|spelling| ["error", "critical"].contains(&spelling)),
        "{bad}"
    );
}

#[test]
fn filters_keep_what_they_say_and_nothing_else() {
    let place = Place::healthy();
    let all = place.logs(&["--since", "3d", "--format", "ndjson"]).code(0).rows();
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap().to_lowercase();
    for (option, field, value) in [
        ("--tenant", "Tenant", "NORTHWIND"),
        ("--user", "User", "cipp"),
        ("--api", "API", "Webhook"),
    ] {
        let kept = place
            .logs(&["--since", "3d", "--format", "ndjson", option, value])
            .code(0)
            .rows();
        let expected: Vec<_> = all
            .iter()
            .filter(|row| text(row, field).contains(&value.to_lowercase()))
            .cloned()
            .collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{option} proves something"
        );
        assert_eq!(kept.len(), expected.len(), "{option}");
        assert_eq!(kept, expected, "{option}");
    }
    let run = place.logs(&[
        "--since",
        "3d",
        "--format",
        "ndjson",
        "--search",
        "\"failed to\" licence",
        "--user",
        "@",
    ]);
    for row in run.code(0).rows() {
        let whole = row.to_string().to_lowercase();
        assert!(whole.contains("failed to") && whole.contains("licence") && text(&row, "User").contains('@'));
    }
    place.logs(&["--api", "(", "--count"]).code(0);
}

#[test]
fn the_first_row_is_out_while_the_last_is_far() {
    // 20 ms a row and more than 1,000 rows: whoever waits for the end waits 20 seconds.
    let place = Place::playing("slow_rows");
    let yesterday = day(1);
    let days = ["--from", yesterday.as_str(), "--to", yesterday.as_str()];
    let mut running = Running::start(&mut place.logs_command(&[&days[..], &["--format", "ndjson"]].concat()));
    assert!(serde_json::from_str::<serde_json::Value>(&running.line()).is_ok());
    assert!(running.runs(), "still reading");
}
