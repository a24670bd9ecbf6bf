//! The log's engine measured against what could have been taken instead, in one interleaved run; one JSON document.
//!
//! All times are CPU time of all threads, medians. Gates are ratios, since absolute times say more about the machine and
//! its load than about the program.

mod engine;
mod json_day;
mod others;
mod sides;

// The splitter is private to the client; the same source files are compiled in here, so that a day is read as the app
// reads it.
#[allow(dead_code, missing_docs)]
#[path = "../../../../src-tauri/crates/cipp-client/src/row.rs"]
mod row;
#[allow(dead_code, missing_docs)]
#[path = "../../../../src-tauri/crates/cipp-client/src/split.rs"]
mod split;

use std::path::PathBuf;

use engine::Loaded;
use engine_bench::{
    measure::{median, timed},
    rows::{DAYS, row as synthetic},
    sqlite::{self, Look},
};
use serde_json::{Value, json};
use sides::Cipher;

/// What is asked for.
struct Options {
    rows: usize,
    large: usize,
    runs: usize,
    cipher: Option<PathBuf>,
    python: String,
    json_filter: PathBuf,
}

/// What is typed in the measurements.
fn looks() -> Vec<Look> {
    vec![
        Look::Like("contoso".into()),
        Look::Like("error".into()),
        Look::Like("a".into()),
        Look::Like("AADSTS50076".into()),
        Look::Regexp("fail(ed|ure).*license".into()),
    ]
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "json-day") {
        println!("{}", json_day::measured(&PathBuf::from(&arguments[1]), &arguments[2]));
        return;
    }
    let mut option = |name: &str, default: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(default.to_owned(), |at| arguments.drain(at..at + 2).nth(1).expect("a value"))
    };
    let options = Options {
        rows: option("--rows", "1000000").parse().expect("a number"),
        large: option("--large", "5000000").parse().expect("a number"),
        runs: option("--runs", "9").parse().expect("a number"),
        cipher: Some(PathBuf::from(option("--cipher", ""))).filter(|path| path.exists()),
        python: option("--python", "python3"),
        json_filter: PathBuf::from(option("--json-filter", "json_filter.py")),
    };
    let document = measured(&options);
    println!("{}", serde_json::to_string_pretty(&document).expect("a document"));
}

/// One comparison: how often ours fits into theirs, or ours as a share of theirs.
fn gate(what: &str, result: f64, limit: f64, at_least: bool) -> Value {
    let holds = if at_least { result >= limit } else { result <= limit };
    let word = if at_least { "at least" } else { "at most" };
    json!({ "gate": what, "result": rounded(result), "hold": format!("{word} {limit}"), "holds": holds })
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn say(text: &str) {
    eprintln!("{text}");
}

fn measured(options: &Options) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    say("Rows into the index");
    let loaded = Loaded::new(options.rows);
    say("Rows into SQLite");
    let mut plain = sqlite::open(&folder.path().join("plain.db"), None).expect("SQLite opens");
    let (plain_fill, json_bytes) = timed(|| sqlite::fill(&mut plain, options.rows).expect("SQLite takes the rows"));
    say("Rows into SQLCipher");
    let mut cipher = options
        .cipher
        .as_ref()
        .map(|program| Cipher::start(program, &folder.path().join("cipher.db"), options.rows));

    let mut gates = Vec::new();
    say("Keystrokes");
    let keystrokes = keystrokes(options, &loaded, &plain, cipher.as_mut(), &mut gates);
    say("Deep pages");
    let deep = deep_pages(options, &loaded, &plain, cipher.as_mut(), &mut gates);
    say("The archive");
    let archive = archive(options, folder.path(), json_bytes, &plain, cipher.as_mut(), &mut gates);
    drop(cipher);
    say("A day of JSON, and the tools of a shell");
    let day = others::day(options, folder.path(), &mut gates);
    let memory = loaded.memory();
    gates.push(gate(
        "KB in memory a row, without data",
        memory["kb_a_row_without_data"].as_f64().unwrap_or(f64::NAN),
        0.30,
        false,
    ));
    gates.push(gate(
        "KB in memory a row, with data",
        memory["kb_a_row"].as_f64().unwrap_or(f64::NAN),
        0.45,
        false,
    ));
    let small: Vec<f64> = keystrokes.iter().map(|one| one["ours_ms"].as_f64().unwrap_or(f64::NAN)).collect();
    let growth = (options.large > options.rows).then(|| {
        drop(loaded);
        say("The larger index");
        growth(options, &small, &mut gates)
    });
    json!({
        "rows": options.rows,
        "days": DAYS,
        "json_bytes_a_row": rounded(json_bytes as f64 / options.rows as f64),
        "runs": options.runs,
        "times": "CPU milliseconds of all threads, medians",
        "gates": gates,
        "keystrokes": keystrokes,
        "deep_page": deep,
        "archive": archive,
        "fill_sqlite_ms": rounded(plain_fill),
        "memory": memory,
        "growth": growth,
        "day_of_json": day,
        "where_others_win": [
            "ripgrep on a first look at one file of lines: it reads once and keeps nothing",
            "a word index (FTS5, tantivy) on one selective whole word",
            "SQLite on one row by its id",
        ],
    })
}

fn keystrokes(
    options: &Options,
    loaded: &Loaded,
    plain: &rusqlite::Connection,
    mut cipher: Option<&mut Cipher>,
    gates: &mut Vec<Value>,
) -> Vec<Value> {
    let looks = looks();
    let everything = looks.len();
    // One more round for all rows without a filter: facets and histogram alone.
    let mut all = looks.clone();
    all.push(Look::All);
    let mut times = vec![[Vec::new(), Vec::new(), Vec::new(), Vec::new()]; all.len()];
    let mut hits = vec![[0u64; 3]; all.len()];
    let mut sums = Vec::new();
    let text = loaded.searched_bytes();
    for run in 0..=options.runs {
        for (n, look) in all.iter().enumerate() {
            let (search, first) = timed(|| loaded.search(look));
            let (rest, matched) = timed(|| loaded.counted(look, &first));
            let (theirs, answer) = timed(|| sqlite::keystroke(plain, look).expect("SQLite searches"));
            assert!(answer.weight() > 0);
            hits[n] = [u64::from(matched), answer.hits, answer.hits];
            let sealed = cipher.as_mut().map(|cipher| cipher.ask(&look.line()));
            if let Some((_, found)) = sealed {
                hits[n][2] = found;
            }
            // The first round warms everything up.
            if run > 0 {
                times[n][0].push(search);
                times[n][1].push(search + rest);
                times[n][2].push(theirs);
                times[n][3].push(sealed.map_or(f64::NAN, |(cpu, _)| cpu));
            }
        }
        let (sum, total) = timed(|| engine::summed(&text));
        assert!(total > 0);
        sums.push(sum);
    }
    let sum = median(&sums);
    let mut table = Vec::new();
    for (n, look) in all.iter().enumerate() {
        let [search, ours, theirs, sealed] = &times[n];
        let (search, ours, theirs, sealed) = (median(search), median(ours), median(theirs), median(sealed));
        let equal = hits[n].iter().all(|count| *count == hits[n][0]);
        let name = look.line();
        table.push(json!({
            "look": name, "hits": hits[n][0], "hits_equal": equal, "search_ms": rounded(search), "ours_ms": rounded(ours),
            "sqlite_ms": rounded(theirs), "sqlcipher_ms": rounded(sealed), "against_sqlite": rounded(theirs / ours),
            "against_sqlcipher": rounded(sealed / ours),
        }));
        gates.push(gate(&format!("{name}: hits equal"), f64::from(equal), 1.0, true));
        if n == everything {
            gates.push(gate("facets and histogram of all rows, SQLite : ours", theirs / ours, 30.0, true));
        } else if matches!(look, Look::Like(_)) {
            gates.push(gate(&format!("{name}: SQLite : ours"), theirs / ours, 12.0, true));
            if cipher.is_some() {
                gates.push(gate(&format!("{name}: SQLCipher : ours"), sealed / ours, 60.0, true));
            }
            if n == 0 || n == 3 {
                gates.push(gate(&format!("{name}: summing the same bytes : search"), sum / search, 0.5, true));
            }
        }
    }
    table
}

fn deep_pages(
    options: &Options,
    loaded: &Loaded,
    plain: &rusqlite::Connection,
    mut cipher: Option<&mut Cipher>,
    gates: &mut Vec<Value>,
) -> Value {
    // Far below what the clock can tell of one page, so many at once are measured.
    const PAGES: usize = 100;
    let all = loaded.search(&Look::All);
    let (mut ours, mut theirs, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let (cpu, rows) = timed(|| (0..PAGES).map(|n| loaded.page(&all, options.rows / 2 + n)).sum::<usize>());
        assert_eq!(rows, 100 * PAGES);
        ours.push(cpu / PAGES as f64);
        theirs.push(timed(|| sqlite::deep_page(plain, options.rows / 2).expect("SQLite reads")).0);
        sealed.push(cipher.as_mut().map_or(f64::NAN, |cipher| cipher.ask("deep").0));
    }
    let (ours, theirs, sealed) = (median(&ours), median(&theirs), median(&sealed));
    gates.push(gate("page in the middle, SQLite OFFSET : ours", theirs / ours, 100.0, true));
    json!({ "ours_ms": ours, "sqlite_ms": rounded(theirs), "sqlcipher_ms": rounded(sealed) })
}

fn archive(
    options: &Options,
    folder: &std::path::Path,
    json_bytes: u64,
    plain: &rusqlite::Connection,
    mut cipher: Option<&mut Cipher>,
    gates: &mut Vec<Value>,
) -> Value {
    let (archive, written) = engine::archived(folder, options.rows);
    let bytes = archive.bytes().expect("the archive's size");
    let (mut without, mut with, mut theirs, mut sealed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.runs {
        without.push(timed(|| engine::load(&archive, false, options.rows)).0);
        with.push(timed(|| engine::load(&archive, true, options.rows)).0);
        theirs.push(timed(|| sqlite::read_all(plain).expect("SQLite reads")).0);
        sealed.push(cipher.as_mut().map_or(f64::NAN, |cipher| cipher.ask("read").0));
    }
    let (without, with) = (median(&without), median(&with));
    let (theirs, sealed) = (median(&theirs), median(&sealed));
    gates.push(gate("archive : raw JSON, bytes", bytes as f64 / json_bytes as f64, 0.14, false));
    if cipher.is_some() {
        gates.push(gate("load to a ready index, data too : SQLCipher scan", with / sealed, 0.3, false));
    }
    json!({
        "bytes_a_row": rounded(bytes as f64 / options.rows as f64), "write_ms": rounded(written),
        "load_without_data_ms": rounded(without), "load_ms": rounded(with), "sqlite_scan_ms": rounded(theirs),
        "sqlcipher_scan_ms": rounded(sealed),
        "sqlcipher_bytes_a_row": cipher.map(|cipher| rounded(cipher.bytes as f64 / options.rows as f64)),
    })
}

fn growth(options: &Options, small: &[f64], gates: &mut Vec<Value>) -> Value {
    let loaded = Loaded::new(options.large);
    let times: Vec<Value> = looks()
        .iter()
        .zip(small)
        .map(|(look, small)| {
            let runs = (0..=options.runs).map(|_| timed(|| loaded.counted(look, &loaded.search(look))).0);
            let runs: Vec<f64> = runs.skip(1).collect();
            let large = median(&runs);
            let times = options.large as f64 / options.rows as f64;
            gates.push(gate(
                &format!("{}: {} rows : {} rows", look.line(), options.large, options.rows),
                large / small,
                times * 1.1,
                false,
            ));
            json!({ "look": look.line(), "ours_ms": rounded(large), "times": rounded(large / small) })
        })
        .collect();
    json!({ "rows": options.large, "keystrokes": times, "memory": loaded.memory() })
}

/// All rows of a day of `rows` rows as one JSON list and as lines.
fn write_day(folder: &std::path::Path, rows: usize) -> (PathBuf, PathBuf) {
    let texts: Vec<String> = (0..rows).map(|n| synthetic(n, rows)).collect();
    let (list, lines) = (folder.join("day.json"), folder.join("day.jsonl"));
    std::fs::write(&list, format!("[{}]", texts.join(","))).expect("the day is written");
    std::fs::write(&lines, texts.join("\n") + "\n").expect("the day is written");
    (list, lines)
}
