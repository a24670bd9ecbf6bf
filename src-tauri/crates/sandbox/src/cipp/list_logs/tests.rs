//! Each trap of ListLogs by name, then the printed rows, then the stream.

use serde_json::{Value, json};

use super::answer::{Answer, Step};
use super::{odd, wanted};
use crate::cipp::testing::{Reply, Site, caller, now, world};
use crate::scenario::Flavour::{self, Container, FunctionApp};
use crate::world::{Walk, World, WorldFlags, WorldSize};

const ALL: &str = "Info,Warn,Warning,Error,Critical,Alert,Information";
const TODAY: &str = "20260819";
const YESTERDAY: &str = "20260818";

fn site() -> Site {
    Site::new(FunctionApp)
}

async fn logs(query: &str) -> Vec<Value> {
    site().get(&format!("/api/ListLogs?{query}")).await.rows()
}

/// How many rows come, without taking them apart.
async fn count(query: &str) -> usize {
    let reply = site().get(&format!("/api/ListLogs?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.text.matches("{\"DateTime\":\"").count()
}

async fn refused(flavour: Flavour, query: &str) -> Reply {
    let reply = Site::new(flavour).get(&format!("/api/ListLogs?{query}")).await;
    assert_eq!(reply.status, 500, "{}", reply.text);
    reply
}

fn days_of(rows: &[Value]) -> Vec<&str> {
    let mut days: Vec<_> = rows.iter().filter_map(|row| row["DateFilter"].as_str()).collect();
    days.sort_unstable();
    days.dedup();
    days
}

fn texts<'a>(rows: &'a [Value], key: &str) -> Vec<&'a str> {
    let mut texts: Vec<_> = rows.iter().filter_map(|row| row[key].as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

// ---- Modes and the Filter switch (1.2, 1.3)

#[tokio::test]
async fn without_filter_everything_else_is_ignored() {
    let plain = logs("").await;
    assert_eq!(days_of(&plain), [TODAY]);
    for filter in ["", "Filter=1&", "Filter=yes&", "Filter=false&", "Filter=&"] {
        let query = format!("{filter}Severity=Error&User=nobody&API=[&StartDate=x&EndDate=x&ScheduledTaskId=x");
        assert_eq!(logs(&query).await, plain, "{filter}");
    }
}

#[tokio::test]
async fn filter_is_true_in_any_case_and_so_are_the_names() {
    let rows = logs("filter=TRUE&startdate=20260818&SEVERITY=critical").await;
    assert_eq!(
        (days_of(&rows), texts(&rows, "Severity").is_empty()),
        (vec![YESTERDAY], false)
    );
}

#[tokio::test]
async fn any_text_in_list_logs_asks_for_the_days() {
    let f = site()
        .get("/api/ListLogs?ListLogs=false&logentryid=x&Filter=true")
        .await;
    let days = f.rows();
    assert_eq!(days.len(), 30);
    assert!(
        days.iter()
            .all(|day| day["value"] == day["label"] && day["value"].as_str().is_some_and(|key| key.len() == 8))
    );
    let keys: Vec<_> = days.iter().map(|day| day["value"].as_str()).collect();
    assert!(
        !keys.is_sorted() && !keys.iter().rev().is_sorted(),
        "the order is not dependable"
    );
    let c = Site::new(Container).get("/api/ListLogs?ListLogs=1").await;
    assert!(c.text.starts_with(r#"[{"value":"#) && f.text.starts_with(r#"[{"label":"#));
    assert_eq!(logs("ListLogs=").await, logs("").await);
}

// ---- Severity

#[tokio::test]
async fn severities_ignore_case_but_are_not_trimmed() {
    let errors = logs("Filter=true&Severity=error").await;
    assert!(texts(&errors, "Severity").contains(&"Error"));
    let blank = logs("Filter=true&Severity=Info,%20Error").await;
    assert_eq!(
        texts(&blank, "Severity")
            .iter()
            .filter(|text| text.eq_ignore_ascii_case("error"))
            .count(),
        0
    );
    let warn = logs("Filter=true&Severity=Warn").await.len();
    assert!(
        warn * 4 < logs("Filter=true&Severity=Warning").await.len(),
        "Warn is not Warning"
    );
}

#[tokio::test]
async fn the_default_list_leaves_information_out_and_empty_means_default() {
    let range = "Filter=true&StartDate=20260701&EndDate=20260819";
    let default = site().get(&format!("/api/ListLogs?{range}")).await.text;
    assert!(!default.contains("\"Severity\":\"Information\""));
    assert!(count(&format!("{range}&Severity=Information")).await > 0);
    let short = "Filter=true&StartDate=20260818";
    assert_eq!(count(&format!("{short}&Severity=")).await, count(short).await);
}

#[tokio::test]
async fn rows_without_severity_are_never_returned() {
    let world = world(WorldFlags::default());
    let day = world.day(world.days()[1]);
    let hidden = (0..day.len())
        .filter_map(|place| world.row(&day, place))
        .find(|row| row.entry().severity.is_empty())
        .unwrap();
    for severity in [ALL, ",", "Info,", ""] {
        let rows = logs(&format!("Filter=true&StartDate={YESTERDAY}&Severity={severity}")).await;
        assert!(!texts(&rows, "Severity").contains(&""), "{severity}");
    }
    let one = logs(&format!("logentryid={}&DateFilter={YESTERDAY}", hidden.row_key())).await;
    assert_eq!((one.len(), &one[0]["Severity"]), (1, &json!("")));
}

// ---- User, tenant, API

#[tokio::test]
async fn users_are_matched_whole() {
    let range = format!("Filter=true&StartDate={YESTERDAY}");
    assert!(logs(&format!("{range}&User=anna.keller")).await.is_empty());
    let anna = logs(&format!("{range}&User=ANNA.k*")).await;
    assert_eq!(texts(&anna, "User"), ["anna.keller@harbourlight.example"]);
    assert_eq!(logs(&format!("{range}&User=*")).await.len(), logs(&range).await.len());
    assert!(logs(&format!("{range}&User=")).await.is_empty(), "empty is not absent");
    let reply = refused(FunctionApp, "Filter=true&User=[").await;
    assert!(reply.text.contains("wildcard") && reply.content_type.starts_with("text/plain"));
}

#[tokio::test]
async fn tenants_are_matched_by_part_or_id() {
    let short = "Filter=true&StartDate=20260818";
    let all = count(short).await;
    for ignored in ["Tenant=alltenants", "Tenant=", "tenantFilter=BLUEFIN"] {
        assert_eq!(count(&format!("{short}&{ignored}")).await, all, "{ignored}");
    }
    let part = logs(&format!("{short}&Tenant=BLUEFIN")).await;
    assert_eq!(texts(&part, "Tenant"), ["bluefin-logistics.example"]);
    let range = "Filter=true&StartDate=20260801&EndDate=20260819";
    let id = world(WorldFlags::default()).cast().tenants[0].id.clone();
    let by_id = logs(&format!("{range}&Tenant={}", id.to_uppercase())).await;
    assert!(texts(&by_id, "TenantID").contains(&id.as_str()));
    assert!(by_id.iter().all(|row| row["TenantID"] == id || row["Tenant"] == id));
    let none = logs(&format!("{range}&Tenant=none")).await;
    assert_eq!(texts(&none, "Tenant"), ["None", "None ", "none"]);
    refused(FunctionApp, "Filter=true&Tenant=[").await;
}

#[tokio::test]
async fn the_api_name_is_an_unanchored_regular_expression() {
    let range = "Filter=true&StartDate=20260810&EndDate=20260819";
    let rows = logs(&format!("{range}&API=user")).await;
    let apis = texts(&rows, "API");
    assert!(
        apis.contains(&"AddUser") && apis.contains(&"Scheduler_UserTasks"),
        "{apis:?}"
    );
    assert_eq!(
        texts(&logs(&format!("{range}&API=^edituser$")).await, "API"),
        ["EditUser"]
    );
    let c = refused(Container, "Filter=true&API=(").await;
    assert!(
        c.json().as_str().unwrap().starts_with("Invalid pattern '('. "),
        "{}",
        c.text
    );
}

// ---- Dates (1.4)

#[tokio::test]
async fn the_date_table_holds_line_by_line() {
    let none: &[&str] = &[];
    for (query, days) in [
        ("", &[TODAY][..]),
        ("DateFilter=20260817", &["20260817"]),
        ("StartDate=20260817", &["20260817"]),
        ("EndDate=20260817", &[TODAY]),
        ("StartDate=20260816&EndDate=20260817", &["20260816", "20260817"]),
        ("StartDate=20260816&DateFilter=20260817", &["20260816", "20260817"]),
        ("EndDate=20260817&DateFilter=20260816", &["20260816", "20260817"]),
        (
            "StartDate=20260815&EndDate=20260816&DateFilter=20260801",
            &["20260815", "20260816"],
        ),
        ("StartDate=20260817&EndDate=20260816", none),
        ("StartDate=&EndDate=&DateFilter=20260817", &[TODAY]),
        ("StartDate=20260817&EndDate=&DateFilter=20260818", &["20260817"]),
    ] {
        let rows = logs(&format!("Filter=true&Severity=Alert&{query}")).await;
        assert_eq!(days_of(&rows), days, "{query}");
    }
}

#[tokio::test]
async fn dates_with_dashes_pass_and_match_by_text() {
    assert!(
        logs("Filter=true&StartDate=2026-08-17&EndDate=2026-08-18")
            .await
            .is_empty()
    );
    assert!(logs("Filter=true&StartDate=2026-08-17").await.is_empty());
    // A dash sorts below any digit: the start matches every day of the year.
    let rows = logs("Filter=true&Severity=Alert&StartDate=2026-08-17&EndDate=20260818").await;
    assert_eq!(days_of(&rows).len(), 29);
    assert!(logs("Filter=true&StartDate=20261399&EndDate=20261399").await.is_empty());
}

#[tokio::test]
async fn bad_dates_are_refused_with_their_value() {
    for query in [
        "StartDate=yesterday",
        "StartDate=20260818&EndDate=2026-8-1",
        "DateFilter=202608180",
    ] {
        let f = refused(FunctionApp, &format!("Filter=true&{query}")).await;
        assert!(
            f.text.starts_with(
                "Invalid date format for OData filter. Expected ISO 8601 (e.g. yyyy-MM-dd or yyyy-MM-ddTHH:mm:ssZ), got: '"
            ) && f.text.ends_with('\''),
            "{}",
            f.text
        );
        let c = refused(Container, &format!("Filter=true&{query}")).await;
        assert_eq!(c.json(), Value::from(f.text));
    }
}

#[tokio::test]
async fn full_date_times_fail_on_the_function_app_and_match_nothing_on_the_container() {
    let query = "Filter=true&StartDate=2026-08-17T00:00:00Z&EndDate=2026-08-18T00:00:00.5%2B02:00";
    refused(FunctionApp, query).await;
    assert!(
        Site::new(Container)
            .get(&format!("/api/ListLogs?{query}"))
            .await
            .rows()
            .is_empty()
    );
}

// ---- GUIDs, templates, tasks

#[tokio::test]
async fn guids_are_validated_and_compared_exactly() {
    for name in ["StandardTemplateId", "ScheduledTaskId", "BaselineRunId"] {
        let reply = refused(FunctionApp, &format!("Filter=true&{name}=42")).await;
        assert_eq!(reply.text, "Invalid GUID format for OData filter: '42'");
    }
    refused(Container, "logentryid=42").await;
    let world = world(WorldFlags::default());
    let range = "Filter=true&StartDate=20260810&EndDate=20260819";
    for (name, id) in [
        ("StandardTemplateId", &world.cast().templates[0].id),
        ("ScheduledTaskId", &world.cast().scheduled_tasks[0]),
        ("BaselineRunId", &world.cast().baseline_runs[0]),
    ] {
        assert!(!logs(&format!("{range}&{name}={id}")).await.is_empty(), "{name}");
        assert!(
            logs(&format!("{range}&{name}={}", id.to_uppercase())).await.is_empty(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn standard_info_is_filled_for_a_task_alone() {
    let world = world(WorldFlags::default());
    let range = "Filter=true&StartDate=20260721&EndDate=20260819";
    let by_template = logs(&format!("{range}&StandardTemplateId={}", world.cast().templates[0].id)).await;
    assert!(by_template.iter().all(|row| row["StandardInfo"] == json!({})));
    let by_task = logs(&format!("{range}&ScheduledTaskId={}", world.cast().scheduled_tasks[0])).await;
    let filled: Vec<_> = by_task
        .iter()
        .map(|row| &row["StandardInfo"])
        .filter(|info| **info != json!({}))
        .collect();
    assert!(filled.len() < by_task.len() && filled.iter().all(|info| info["Standard"].is_string()));
    for member in ["IntunePolicy", "ConditionalAccessPolicy"] {
        assert!(filled.iter().any(|info| info[member].is_string()), "{member}");
    }
    assert!(
        filled.iter().any(|info| info["Template"].is_null()),
        "a template that was deleted"
    );
}

#[tokio::test]
async fn one_entry_needs_its_day_and_calls_the_details_standard() {
    let rows = logs(&format!("Filter=true&StartDate={YESTERDAY}&API=^Standards$")).await;
    let id = rows[0]["RowKey"].as_str().unwrap();
    assert!(
        logs(&format!("logentryid={id}")).await.is_empty(),
        "only today is searched"
    );
    assert!(
        logs(&format!("logentryid={}&DateFilter={YESTERDAY}", id.to_uppercase()))
            .await
            .is_empty()
    );
    let one = logs(&format!("logentryid={id}&DateFilter={YESTERDAY}")).await;
    assert_eq!(one.len(), 1);
    assert!(one[0].get("StandardInfo").is_none() && one[0]["Standard"]["Standard"].is_string());
    assert_eq!(
        (&one[0]["Message"], &one[0]["LogData"]),
        (&rows[0]["Message"], &rows[0]["LogData"])
    );
    refused(FunctionApp, &format!("logentryid={id}&DateFilter=x")).await;
}

// ---- Scope

#[tokio::test]
async fn a_limited_client_sees_its_tenants_and_cipp_but_not_none() {
    let mut limited = caller("readonly");
    limited.tenant_limit = Some(2);
    let site = site().called_by(Some(limited));
    let rows = site
        .get("/api/ListLogs?Filter=true&StartDate=20260801&EndDate=20260819")
        .await
        .rows();
    assert_eq!(
        texts(&rows, "Tenant"),
        ["CIPP", "alpenrose.example", "bluefin-logistics.example"]
    );
    let all = logs(&format!("Filter=true&StartDate={YESTERDAY}&Tenant=dunmore")).await;
    let id = all[0]["RowKey"].as_str().unwrap();
    assert!(
        site.get(&format!("/api/ListLogs?logentryid={id}&DateFilter={YESTERDAY}"))
            .await
            .rows()
            .is_empty()
    );
}

// ---- Printed rows (1.7, 1.8)

#[tokio::test]
async fn rows_have_the_keys_in_order() {
    let reply = site().get("/api/ListLogs").await;
    assert!(reply.content_type.starts_with("application/json"));
    let rows = reply.rows();
    let keys: Vec<_> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "DateTime",
            "Tenant",
            "API",
            "Message",
            "User",
            "Severity",
            "LogData",
            "TenantID",
            "AppId",
            "IP",
            "RowKey",
            "StandardInfo",
            "DateFilter"
        ]
    );
    for row in &rows {
        let time = row["DateTime"].as_str().unwrap();
        assert!(
            time.len() == 33 && time.ends_with("+00:00") && time.as_bytes()[19] == b'.',
            "{time}"
        );
        assert!(row["RowKey"].as_str().unwrap().parse::<uuid::Uuid>().is_ok());
    }
    assert!(!reply.text.contains("\n") && !reply.text.contains("\": "), "compact");
}

#[tokio::test]
async fn a_range_is_one_list_newest_first() {
    let rows = logs("Filter=true&StartDate=20260801&EndDate=20260819").await;
    let times: Vec<_> = rows.iter().map(|row| row["DateTime"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    let later =
        |row: &&Value| row["DateTime"].as_str().unwrap()[..10].replace('-', "") != row["DateFilter"].as_str().unwrap();
    assert!(rows.iter().any(|row| later(&row)), "marked as sent after midnight");
}

#[tokio::test]
async fn nothing_found_is_an_empty_list() {
    for flavour in [FunctionApp, Container] {
        assert_eq!(
            Site::new(flavour)
                .get("/api/ListLogs?Filter=true&StartDate=19990101")
                .await
                .text,
            "[]"
        );
    }
}

#[tokio::test]
async fn empty_objects_become_null_on_the_container() {
    let path = "/api/ListLogs?Filter=true&Severity=Alert&StartDate=20260801&EndDate=20260819";
    let f = site().get(path).await.rows();
    let c = Site::new(Container).get(path).await.rows();
    let empty: Vec<_> = (0..f.len()).filter(|n| f[*n]["LogData"] == json!({})).collect();
    assert!(!empty.is_empty() && empty.iter().all(|n| c[*n]["LogData"].is_null()));
}

#[tokio::test]
async fn log_data_comes_in_every_form() {
    let reply = site()
        .get("/api/ListLogs?Filter=true&StartDate=20260801&EndDate=20260819")
        .await;
    let rows = reply.rows();
    let has = |what: fn(&Value) -> bool| rows.iter().any(|row| what(&row["LogData"]));
    assert!(has(Value::is_object) && has(Value::is_array));
    assert!(has(Value::is_number) && has(Value::is_null));
    assert!(has(|data| data == ""));
    assert!(has(|data| data
        .as_str()
        .is_some_and(|text| text.starts_with("{\"error\""))));
    assert!(has(|data| data["RawError"]
        .as_str()
        .is_some_and(|raw| raw.starts_with("{\"error\""))));
    let row_bytes = reply.text.len() / rows.len();
    assert!((580..700).contains(&row_bytes), "{row_bytes} bytes a row");
}

// ---- Worlds that are hard to digest

#[tokio::test]
async fn one_row_breaks_the_json_but_not_the_braces() {
    let flags = WorldFlags {
        corrupt_row: true,
        ..WorldFlags::default()
    };
    let text = Site::with(FunctionApp, world(flags)).get("/api/ListLogs").await.text;
    assert!(serde_json::from_str::<Value>(&text).is_err());
    let mended = text.replacen(":NaN,\"Reason\":undefined", ":0", 1);
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&mended).unwrap().len(),
        logs("").await.len().max(1)
    );
}

#[tokio::test]
async fn deep_log_data_is_deeper_on_the_container() {
    let flags = WorldFlags {
        deep_log_data: true,
        ..WorldFlags::default()
    };
    let f = Site::with(FunctionApp, world(flags)).get("/api/ListLogs").await;
    assert!(f.rows().iter().any(|row| row["LogData"].to_string().len() > 190_000));
    let c = Site::with(Container, world(flags)).get("/api/ListLogs").await;
    assert!(c.text.contains("{\"Level\":199,") && !f.text.contains("{\"Level\":48,"));
}

#[tokio::test]
async fn hostile_text_is_still_json() {
    let flags = WorldFlags {
        hostile_text: true,
        ..WorldFlags::default()
    };
    let rows = Site::with(FunctionApp, world(flags)).get("/api/ListLogs").await.rows();
    for key in ["Tenant", "API", "Message", "User", "TenantID", "AppId", "IP", "LogData"] {
        for mark in ["<script>", "\u{202e}", "\u{1b}["] {
            // LogData is an object: compare as printed.
            let mark = json!(mark).to_string();
            let mark = mark.trim_matches('"');
            assert!(
                rows.iter().any(|row| row[key].to_string().contains(mark)),
                "{key} {mark}"
            );
        }
    }
}

#[tokio::test]
async fn odd_rows_stay_rows() {
    let flags = WorldFlags {
        odd_types: true,
        ..WorldFlags::default()
    };
    let rows = Site::with(FunctionApp, world(flags)).get("/api/ListLogs").await.rows();
    assert_eq!(rows.len(), logs("").await.len());
    let kinds: [fn(&Value) -> bool; 9] = [
        |row| row["DateTime"].is_object(),
        |row| row["DateTime"].is_number(),
        |row| row["Severity"].is_number(),
        |row| row["Tenant"].is_object(),
        |row| row["User"].is_array(),
        |row| row["Message"].is_null() && row["API"].is_string(),
        |row| row.get("sentAsAlert").is_some(),
        |row| row == &json!({}),
        |row| row["RowKey"].as_str().is_some_and(|key| key.ends_with("-part1")),
    ];
    for what in kinds {
        assert!(rows.iter().any(what));
    }
    let row = logs("").await[0].to_string();
    for turn in 0..odd::TWISTS {
        let mut out = format!("[{row}").into_bytes();
        odd::twist(turn, 1, &mut out);
        assert!(
            serde_json::from_slice::<Value>(&out[1..]).unwrap().is_object(),
            "{turn}"
        );
        assert!(out[1..] != *row.as_bytes(), "{turn}");
    }
}

// ---- The stream

fn large_answer(severity: &str) -> Answer {
    let world = World::generate(WorldSize::Large, 7, now(), WorldFlags::default());
    let uri = format!("/api/ListLogs?Filter=true&StartDate=20260101&EndDate=20261231&Severity={severity}");
    let (parts, ()) = axum::http::Request::get(uri).body(()).unwrap().into_parts();
    let call = crate::cipp::call::Call::read(&parts, Default::default(), None, FunctionApp).unwrap();
    match wanted::read(&world, &call, FunctionApp).unwrap() {
        wanted::Wanted::Rows(filter) => Answer::new(Walk::new(world, filter.days.clone()), filter, FunctionApp),
        other => panic!("{other:?}"),
    }
}

/// The million rows are not made beforehand: the first piece has been made from the first rows alone.
#[test]
fn the_first_piece_of_a_million_rows_costs_its_own_rows() {
    let mut answer = large_answer(ALL);
    let Step::Piece(piece) = answer.step() else {
        panic!("no piece")
    };
    assert!((64 * 1024..80 * 1024).contains(&piece.len()));
    assert!(answer.rows_made() < 400, "{}", answer.rows_made());
    assert!(answer.rows_held() < 30_000, "two days at most: {}", answer.rows_held());
}

#[test]
fn a_filter_that_turns_everything_away_pauses_between() {
    let mut answer = large_answer("NoSuchSeverity");
    assert!(matches!(answer.step(), Step::Pause));
    let mut most = 0;
    let last = loop {
        most = most.max(answer.rows_held());
        match answer.step() {
            Step::Pause => {}
            other => break other,
        }
    };
    assert!(matches!(last, Step::Piece(piece) if *piece == *b"[]"));
    assert!(matches!(answer.step(), Step::End));
    assert!(most < 30_000, "two days at most: {most}");
}

#[tokio::test]
async fn a_big_day_arrives_whole() {
    let flags = WorldFlags {
        big_day: true,
        ..WorldFlags::default()
    };
    let path = format!("/api/ListLogs?Filter=true&StartDate={YESTERDAY}&EndDate={YESTERDAY}&Severity={ALL}");
    let text = Site::with(FunctionApp, world(flags)).get(&path).await.text;
    let rows = text.matches("{\"DateTime\":\"").count();
    assert!(
        (196_000..200_000).contains(&rows),
        "{rows}: all but those without severity"
    );
    assert!(text.starts_with('[') && text.ends_with("}]"));
}
