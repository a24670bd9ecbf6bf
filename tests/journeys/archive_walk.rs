//! The whole walk of every kind of log: collected, archived, read without CIPP, searched, exported, read back. What comes
//! out is to the byte what the sandbox sent.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cipp_client::Day;
use cipp_desk_tests::archives::{
    archive, assert_holds, assert_same_rows, closed_days, logbook_options, stored, truth, truth_of,
};
use cipp_desk_tests::reachable::Reachable;
use jiff::{Timestamp, tz::TimeZone};
use log_archive::ConnectionArchive;
use log_index::SeverityCounts;
use logbook::{Coverage, DayPhase, ExportFormat, ExportOptions, Logbook, LogbookOptions};
use sandbox::{Flavour, SandboxOptions, Scenario};
use serde_json::{Value, value::RawValue};
use tokio_util::sync::CancellationToken;

/// The worlds whose rows are hard to digest, and the ordinary one.
const WORLDS: [&str; 12] = [
    "healthy",
    "odd_types",
    "corrupt_row",
    "hostile_text",
    "lone_surrogates",
    "duplicate_row_keys",
    "huge_log_data",
    "deep_log_data",
    "future_rows",
    "many_tenants",
    "zone_far_east",
    "zone_los_angeles",
];

/// A world by its name in one of the two hosting forms. Its clock is the real one: the logbook's is, too.
async fn playing(world: &str, flavour: Flavour) -> Reachable {
    let mut scenario: Scenario = world.parse().unwrap();
    scenario.flavour = flavour;
    let now = scenario.clock.is_none().then(Timestamp::now);
    Reachable::with(SandboxOptions {
        scenario,
        now,
        ..SandboxOptions::default()
    })
    .await
}

async fn show(options: LogbookOptions, days: &[Day]) -> Arc<Logbook> {
    let logbook = Logbook::open(options);
    logbook.show(*days.last().unwrap(), days[0]).await;
    logbook
}

#[track_caller]
fn assert_complete(what: &str, logbook: &Logbook, source: Coverage) {
    let progress = logbook.progress();
    let complete = |day: &logbook::DayProgress| day.phase == DayPhase::Complete && day.source == source;
    assert!(
        progress.finished && progress.days.iter().all(complete),
        "{what}: {progress:#?}"
    );
}

/// Collects some closed days into an archive and opens that archive without CIPP.
async fn collected_and_reopened(
    what: &str,
    place: &Reachable,
    days: &[Day],
    root: &Path,
) -> (Arc<Logbook>, ConnectionArchive) {
    let online = show(logbook_options(Some(place.client()), Some(archive(root))), days).await;
    assert_complete(what, &online, Coverage::Cipp);
    online.close();
    let calls = place.sandbox().calls().total();
    let offline = show(logbook_options(None, Some(archive(root))), days).await;
    assert_complete(what, &offline, Coverage::Archive);
    assert_eq!(
        place.sandbox().calls().total(),
        calls,
        "{what}: offline asks for nothing"
    );
    (offline, archive(root))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_world_comes_out_as_it_went_in_from_both_flavours() {
    for world in WORLDS {
        for flavour in [Flavour::FunctionApp, Flavour::Container] {
            let what = format!("{world}, {flavour:?}");
            let place = playing(world, flavour).await;
            // Not up to yesterday: in the far east that is still today as long as the zone is not known, and a range
            // that ends today moves on with it.
            let days = &closed_days(place.sandbox())[1..4];
            let folder = tempfile::tempdir().unwrap();
            let (offline, archive) = collected_and_reopened(&what, &place, days, folder.path()).await;
            let sealed = |day: &Day| assert_same_rows(&what, &stored(&archive, *day), &truth(place.sandbox(), *day));
            days.iter().for_each(sealed);

            let truth = truth_of(place.sandbox(), days);
            let counts = offline.counts();
            assert_eq!(
                (counts.total as usize, counts.matched as usize),
                (truth.len(), truth.len()),
                "{what}"
            );
            assert_exports(&what, &offline, &truth, folder.path());
            offline.close();
        }
    }
}

fn options(format: ExportFormat) -> ExportOptions {
    ExportOptions {
        format,
        formula_safe: true,
        bom: false,
        zone: "Europe/Berlin".into(),
        overwrite: true,
    }
}

fn export(logbook: &Logbook, folder: &Path, format: ExportFormat) -> (std::path::PathBuf, u32) {
    let path = folder.join(format!("export.{format:?}").to_lowercase());
    let summary = logbook
        .export(&path, &options(format), &|_| {}, &CancellationToken::new())
        .unwrap();
    (path, summary.rows)
}

/// Every row of the view, in the two forms that keep rows as they came.
fn assert_exports(what: &str, logbook: &Logbook, truth: &[String], folder: &Path) {
    let (path, rows) = export(logbook, folder, ExportFormat::Ndjson);
    let text = fs::read_to_string(path).unwrap();
    // Rows have no line breaks of their own: CIPP sends compact JSON.
    let mut lines: Vec<String> = text.lines().map(|line| unwrapped(line.to_owned())).collect();
    lines.sort_unstable();
    assert_eq!(rows as usize, truth.len(), "{what}");
    assert_same_rows(&format!("{what}, NDJSON"), &lines, truth);

    let (path, _) = export(logbook, folder, ExportFormat::Json);
    let text = fs::read_to_string(path).unwrap();
    let array: Vec<&RawValue> = serde_json::from_str(&text).unwrap();
    let mut rows: Vec<String> = array.into_iter().map(|row| unwrapped(row.get().to_owned())).collect();
    rows.sort_unstable();
    assert_same_rows(&format!("{what}, JSON"), &rows, truth);
}

/// A row that is not JSON is wrapped, so that the file stays JSON: the row as it came.
fn unwrapped(row: String) -> String {
    if !row.starts_with("{\"unreadable\":") {
        return row;
    }
    let wrapped: Value = serde_json::from_str(&row).unwrap();
    wrapped["unreadable"].as_str().unwrap().to_owned()
}

/// The text of a field, as a person would search it.
fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn has(row: &Value, name: &str, text: &str) -> bool {
    field(row, name).to_lowercase().contains(text)
}

/// A filter, and the same question asked of a row in the plainest way.
type Question = (&'static str, fn(&Value) -> bool);

const QUESTIONS: [Question; 9] = [
    ("message:failed", |row| has(row, "Message", "failed")),
    ("tenant:dunmore", |row| has(row, "Tenant", "dunmore")),
    ("user:=CIPP -api:standards", |row| {
        field(row, "User").eq_ignore_ascii_case("CIPP") && !has(row, "API", "standards")
    }),
    ("sev:error", |row| field(row, "Severity").eq_ignore_ascii_case("error")),
    ("sev>=warning", |row| {
        let severity = field(row, "Severity").to_lowercase();
        ["critical", "error", "warning", "warn"].contains(&severity.as_str())
    }),
    ("user:\"anna.*\"", |row| {
        field(row, "User").to_lowercase().starts_with("anna.")
    }),
    ("message:/step|retry\\b/", |row| {
        let message = field(row, "Message").to_lowercase();
        message.contains("step")
            || message.match_indices("retry").any(|(at, word)| {
                let next = message[at + word.len()..].chars().next();
                next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
            })
    }),
    ("has:data -has:ip", |row| {
        let empty = |value: &Value| value.is_null() || value == "" || value == &Value::Object(Default::default());
        !empty(&row["LogData"]) && row["IP"].is_null()
    }),
    ("data.NormalizedError:\"conditional access\"", |row| {
        has(&row["LogData"], "NormalizedError", "conditional access")
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn filters_over_the_archive_find_what_a_plain_look_at_every_row_finds() {
    let place = playing("healthy", Flavour::FunctionApp).await;
    let days = &closed_days(place.sandbox())[..5];
    let folder = tempfile::tempdir().unwrap();
    let (offline, _) = collected_and_reopened("questions", &place, days, folder.path()).await;
    let truth = truth_of(place.sandbox(), days);
    for (query, admits) in QUESTIONS {
        let answer = offline.set_query(query, TimeZone::UTC).unwrap();
        assert!(answer.applied, "{query}: {:?}", answer.read);
        finished_searching(&offline).await;
        let expected: Vec<String> = truth
            .iter()
            .filter(|row| admits(&serde_json::from_str(row).unwrap()))
            .cloned()
            .collect();
        assert!(!expected.is_empty(), "{query} asks for something that there is");
        assert_eq!(offline.counts().matched as usize, expected.len(), "{query}");
        assert_exports(query, &offline, &expected, folder.path());
    }
}

/// Waits until the data that is not in memory has been searched too.
async fn finished_searching(logbook: &Logbook) {
    while {
        let search = logbook.progress().data_search;
        search.done < search.of
    } {
        logbook.changed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_gets_every_row_and_no_formula() {
    let place = playing("hostile_text", Flavour::FunctionApp).await;
    let days = &closed_days(place.sandbox())[..1];
    let folder = tempfile::tempdir().unwrap();
    let (offline, _) = collected_and_reopened("csv", &place, days, folder.path()).await;
    let truth = truth_of(place.sandbox(), days);
    let (path, _) = export(&offline, folder.path(), ExportFormat::Csv);
    let mut reader = csv::Reader::from_path(path).unwrap();
    let key = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "RowKey")
        .unwrap();
    let mut keys = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        keys.push(record[key].to_owned());
        let formula = record
            .iter()
            .find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
        assert_eq!(formula, None, "a cell that a spreadsheet would run");
    }
    keys.sort_unstable();
    let mut expected: Vec<String> = truth
        .iter()
        .map(|row| field(&serde_json::from_str(row).unwrap(), "RowKey").to_owned())
        .collect();
    expected.sort_unstable();
    assert_eq!(keys, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_200_000_rows_is_kept_and_found() {
    let place = playing("big_day", Flavour::FunctionApp).await;
    let days = &closed_days(place.sandbox())[..1];
    let folder = tempfile::tempdir().unwrap();
    let (offline, archive) = collected_and_reopened("big day", &place, days, folder.path()).await;
    let truth = truth_of(place.sandbox(), days);
    assert!(truth.len() > 190_000, "those with a severity: {}", truth.len());
    assert_eq!(offline.counts().total as usize, truth.len());
    assert_same_rows("big day", &stored(&archive, days[0]), &truth);
}

/// A sandbox whose days change after they have ended, at some time after midnight.
async fn changing(now: &str) -> Reachable {
    Reachable::with(SandboxOptions {
        scenario: "changes_after_close".parse().unwrap(),
        now: Some(now.parse().unwrap()),
        ..SandboxOptions::default()
    })
    .await
}

fn at(now: fn() -> Timestamp, options: LogbookOptions) -> LogbookOptions {
    LogbookOptions { now, ..options }
}

/// The rows after a change, and those from before that CIPP no longer has: what was archived is not thrown away because
/// CIPP forgets.
fn kept_and_new(before: &[String], after: &[String]) -> Vec<String> {
    let key = |row: &String| field(&serde_json::from_str(row).unwrap(), "RowKey").to_owned();
    let there: std::collections::HashSet<String> = after.iter().map(key).collect();
    let gone = before.iter().filter(|row| !there.contains(&key(row))).cloned();
    let mut rows: Vec<String> = after.iter().cloned().chain(gone).collect();
    rows.sort_unstable();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_day_is_asked_for_again_only_on_request_and_then_is_as_cipp_has_it_now() {
    let day: Day = "20261119".parse().unwrap();
    let place = changing("2026-11-20T02:30:00Z").await;
    let sandbox = place.sandbox();
    let folder = tempfile::tempdir().unwrap();
    let options = || logbook_options(Some(place.client()), Some(archive(folder.path())));
    let half_past_two = || "2026-11-20T02:30:00Z".parse().unwrap();
    show(at(half_past_two, options()), &[day]).await.close();
    let before = truth(sandbox, day);
    assert_holds(&archive(folder.path()), sandbox, &[day]);

    // Rows are marked as sent, one goes, one comes: the archive still has the day as it was.
    sandbox.set_clock("2026-11-20T05:00:00Z".parse().unwrap());
    let after = truth(sandbox, day);
    assert_ne!(after, before);
    sandbox.forget_calls();
    let logbook = show(at(|| "2026-11-20T05:00:00Z".parse().unwrap(), options()), &[day]).await;
    assert_complete("unchanged", &logbook, Coverage::Archive);
    assert_eq!(sandbox.calls().of_day("20261119"), 0);
    assert_same_rows("as it was", &stored(&archive(folder.path()), day), &before);

    logbook.fetch_day(day).await;
    assert_complete("asked for", &logbook, Coverage::Cipp);
    let expected = kept_and_new(&before, &after);
    assert_eq!(expected.len(), after.len() + 1, "one row went");
    assert_eq!(logbook.counts().total as usize, expected.len());
    assert_same_rows("as it is now", &stored(&archive(folder.path()), day), &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_was_read_right_after_its_end_is_read_once_more_by_itself() {
    let day: Day = "20261119".parse().unwrap();
    let place = changing("2026-11-20T00:05:00Z").await;
    let sandbox = place.sandbox();
    let folder = tempfile::tempdir().unwrap();
    let options = || logbook_options(Some(place.client()), Some(archive(folder.path())));
    show(at(|| "2026-11-20T00:05:00Z".parse().unwrap(), options()), &[day])
        .await
        .close();
    let before = truth(sandbox, day);

    sandbox.set_clock("2026-11-20T05:00:00Z".parse().unwrap());
    let expected = kept_and_new(&before, &truth(sandbox, day));
    for calls in [1, 0] {
        sandbox.forget_calls();
        show(at(|| "2026-11-20T05:00:00Z".parse().unwrap(), options()), &[day])
            .await
            .close();
        assert_eq!(sandbox.calls().of_day("20261119"), calls);
        assert_same_rows("settled", &stored(&archive(folder.path()), day), &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_day_again_that_has_not_changed_changes_nothing() {
    for world in [
        "healthy",
        "duplicate_row_keys",
        "future_rows",
        "odd_types",
        "corrupt_row",
        "lone_surrogates",
    ] {
        let place = playing(world, Flavour::FunctionApp).await;
        let days = &closed_days(place.sandbox())[..1];
        let folder = tempfile::tempdir().unwrap();
        let options = || logbook_options(Some(place.client()), Some(archive(folder.path())));
        let logbook = show(options(), days).await;
        logbook.fetch_day(days[0]).await;
        logbook.close();
        assert_holds(&archive(folder.path()), place.sandbox(), days);
        let again = show(options(), days).await;
        again.fetch_day(days[0]).await;
        assert_eq!(
            again.counts().total as usize,
            truth(place.sandbox(), days[0]).len(),
            "{world}"
        );
        again.close();
        assert_holds(&archive(folder.path()), place.sandbox(), days);
    }
}

fn all_of(bar: &SeverityCounts) -> u32 {
    bar.critical + bar.error + bar.warning + bar.alert + bar.info + bar.debug + bar.unknown
}

#[tokio::test(flavor = "multi_thread")]
async fn nights_in_which_clocks_change_lose_no_hour_and_double_none() {
    type Clock = fn() -> Timestamp;
    let nights: [(&str, Clock, &str); 2] = [
        ("clocks_forward", || "2026-03-30T10:00:00Z".parse().unwrap(), "20260329"),
        ("clocks_back", || "2026-10-26T11:00:00Z".parse().unwrap(), "20261025"),
    ];
    for (world, now, night) in nights {
        let place = playing(world, Flavour::FunctionApp).await;
        let days = &closed_days(place.sandbox())[..3];
        let folder = tempfile::tempdir().unwrap();
        let options = |client| LogbookOptions {
            now,
            ..logbook_options(client, Some(archive(folder.path())))
        };
        let online = show(options(Some(place.client())), days).await;
        assert_complete(world, &online, Coverage::Cipp);
        assert_eq!(
            online.progress().zone.name,
            "Europe/Berlin",
            "{world}: an admin is told"
        );
        online.close();
        let offline = show(options(None), days).await;
        assert_complete(world, &offline, Coverage::Archive);
        let all = truth_of(place.sandbox(), days).len();
        assert_eq!(offline.counts().total as usize, all, "{world}");

        let night: Day = night.parse().unwrap();
        let of_night = truth(place.sandbox(), night).len();
        offline
            .set_query(&format!("day:{}", night.iso()), TimeZone::UTC)
            .unwrap();
        assert_eq!(offline.counts().matched as usize, of_night, "{world}");
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let histogram = offline.histogram(None, 60, berlin).unwrap();
        let in_bars: u32 = histogram.bars.iter().map(all_of).sum();
        assert_eq!(in_bars as usize, of_night, "{world}: every row is in one bar");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_beyond_the_retention_are_gone_and_not_merely_empty() {
    let place = playing("short_retention", Flavour::FunctionApp).await;
    let days = closed_days(place.sandbox());
    let last = *days.last().unwrap();
    // A day or two more may be empty for another reason; nobody can say that of those before.
    let older = Day::new(last.date().saturating_sub(jiff::Span::new().days(4)));
    let folder = tempfile::tempdir().unwrap();
    let logbook = show(
        logbook_options(Some(place.client()), Some(archive(folder.path()))),
        &[days[0], older],
    )
    .await;
    let progress = logbook.progress();
    let phase_of = |day| progress.days.iter().find(|one| one.day == day).unwrap().phase;
    assert_eq!((phase_of(last), phase_of(older)), (DayPhase::Complete, DayPhase::Gone));
    let archive = archive(folder.path());
    for day in &days {
        assert_same_rows(&day.to_string(), &stored(&archive, *day), &truth(place.sandbox(), *day));
    }
    // And it is not asked for again.
    logbook.close();
    place.sandbox().forget_calls();
    let again = show(logbook_options(Some(place.client()), Some(archive)), &[days[0], older]).await;
    assert_eq!(place.sandbox().calls().of_day(&older.to_string()), 0);
    again.close();
}
