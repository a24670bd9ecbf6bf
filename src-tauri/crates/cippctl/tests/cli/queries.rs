//! The app's filter language on the command line; values and bars; following.

use crate::place::{Place, day, iso};

#[test]
fn a_query_keeps_what_it_says_and_nothing_else() {
    let place = Place::healthy();
    let all = place.logs(&["--since", "3d", "--format", "ndjson"]).code(0).rows();
    let lower = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap_or_default().to_lowercase();
    type Wanted<'a> = &'a dyn Fn(&serde_json::Value) -> bool;
    let cases: [(&str, Wanted<'_>); 5] = [
        ("tenant:northwind -api:standards", &|row| {
            lower(row, "Tenant").contains("northwind") && !lower(row, "API").contains("standards")
        }),
        ("sev>=error", &|row| {
            ["error", "critical"].contains(&lower(row, "Severity").as_str())
        }),
        ("-user:=\"CIPP\"", &|row| lower(row, "User") != "cipp"),
        ("has:data", &|row| {
            !["\"\"", "null", "{}"].contains(&row["LogData"].to_string().as_str())
        }),
        ("message:/^(failed|could not)/", &|row| {
            lower(row, "Message").starts_with("failed") || lower(row, "Message").starts_with("could not")
        }),
    ];
    for (query, wanted) in cases {
        let kept = place
            .logs(&["--since", "3d", "--format", "ndjson", "--query", query])
            .code(0)
            .rows();
        let expected: Vec<_> = all.iter().filter(|row| wanted(row)).cloned().collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query} proves something"
        );
        assert!(kept == expected, "{query}: {} of {}", kept.len(), expected.len());
    }
}

#[test]
fn a_query_may_begin_with_a_dash_and_come_from_a_variable() {
    let place = Place::healthy();
    let dashed = place.logs(&["--query", "-user:cipp", "--format", "ndjson"]).code(0).out;
    let mut command = place.logs_command(&["--query-env", "VIEW", "--format", "ndjson"]);
    let from_variable = place.run(command.env("VIEW", "-user:cipp")).code(0).out;
    assert!(!dashed.is_empty() && dashed == from_variable);
    place
        .logs(&["--query-env", "NOT_SET_AT_ALL"])
        .code(2)
        .says("NOT_SET_AT_ALL is not set");
}

#[test]
fn a_query_that_is_not_understood_is_usage_before_anything_is_asked() {
    let place = Place::healthy();
    place.sandbox.forget_calls();
    for (query, part) in [
        ("tenant:/(/", "is not understood at"),
        ("sev:loud", "loud is no severity"),
    ] {
        place.logs(&["--query", query]).code(2).says(part);
    }
    place.logs(&["--zone", "Mars/Olympus"]).code(2).says("not a time zone");
    assert_eq!(place.sandbox.calls().total(), 0);
}

#[test]
fn times_are_meant_in_the_zone_that_is_named() {
    let place = Place::healthy();
    let yesterday = day(1);
    let iso = iso(1);
    let days = [
        "--from",
        yesterday.as_str(),
        "--to",
        yesterday.as_str(),
        "--format",
        "ndjson",
    ];
    let utc = format!("time:{iso}T08:00..{iso}T10:00");
    let tokyo = format!("time:{iso}T17:00..{iso}T19:00");
    let count = |query: &str, zone: &str| {
        place
            .logs(&[&days[..], &["--query", query, "--zone", zone]].concat())
            .code(0)
            .out
    };
    let expected = count(&utc, "UTC");
    assert!(!expected.is_empty());
    assert!(expected == count(&tokyo, "Asia/Tokyo"));
}

#[test]
fn facets_count_values_and_the_histogram_counts_rows() {
    let place = Place::healthy();
    let rows = place.logs(&["--since", "3d", "--format", "ndjson"]).code(0).rows();
    let facets = place.logs(&["--since", "3d", "--facets"]).code(0).out;
    let facets: serde_json::Value = serde_json::from_str(&facets).unwrap();
    assert_eq!(
        (&facets["matched"], &facets["complete"]),
        (&rows.len().into(), &true.into())
    );
    let tenants = facets["facets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|facet| facet["field"] == "tenant")
        .unwrap();
    for value in tenants["values"].as_array().unwrap() {
        let expected = rows.iter().filter(|row| row["Tenant"] == value["value"]).count();
        assert_eq!(value["count"], expected, "{value}");
    }
    let histogram = place
        .logs(&["--since", "3d", "--histogram", "--severity", "error"])
        .code(0)
        .out;
    let histogram: serde_json::Value = serde_json::from_str(&histogram).unwrap();
    let errors: u64 = histogram["bars"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bar| bar["error"].as_u64().unwrap())
        .sum();
    let expected = rows
        .iter()
        .filter(|row| row["Severity"].as_str().unwrap().eq_ignore_ascii_case("error"))
        .count();
    assert_eq!(errors as usize, expected);
    place.logs(&["--facets", "--count"]).code(2);
}

#[cfg(unix)]
#[test]
fn following_prints_what_comes_and_ends_well() {
    use crate::running::Running;
    use sandbox::SandboxOptions;

    let noon = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .with()
        .time(jiff::civil::time(12, 0, 0, 0))
        .build()
        .unwrap();
    // A minute passes in a second, and a row comes with it.
    let place = Place::with(SandboxOptions {
        scenario: "rows_keep_coming".parse().unwrap(),
        now: Some(noon.timestamp()),
        ..SandboxOptions::default()
    });
    let there = place.logs(&["--format", "ndjson"]).code(0).rows().len();
    let mut running = Running::start(&mut place.logs_command(&["--follow", "--every", "5", "--format", "ndjson"]));
    // More lines than there were rows: the last of them came later.
    let mut seen: Vec<serde_json::Value> = (0..there + 20)
        .map(|_| serde_json::from_str(&running.line()).unwrap())
        .collect();
    running.send("-INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    seen.extend(ended.out.lines().map(|line| serde_json::from_str(line).unwrap()));
    let mut keys: Vec<&str> = seen.iter().map(|row| row["RowKey"].as_str().unwrap()).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "no row comes twice");
    let times: Vec<&str> = seen[..there]
        .iter()
        .map(|row| row["DateTime"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "oldest first");
}
