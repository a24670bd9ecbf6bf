//! One day of JSON: we, Python, and the tools of a shell.

use std::{path::Path, process::Command};

use engine_bench::measure::{children_cpu_ms, median};
use serde_json::{Value, json};

use crate::{Options, gate, rounded, write_day};

const ROWS: usize = 100_000;
const WORD: &str = "contoso";

/// Everybody looks for the word in the same day; in turns.
pub fn day(options: &Options, folder: &Path, gates: &mut Vec<Value>) -> Value {
    let (list, lines) = write_day(folder, ROWS);
    let own = std::env::current_exe().expect("this program's file");
    let (mut ours, mut python) = (Vec::new(), Vec::new());
    let mut tools: Vec<(&str, Vec<f64>, u64)> = Vec::new();
    for run in 0..options.runs {
        ours.push(reported(Command::new(&own).arg("json-day").arg(&list).arg(WORD)));
        python.push(reported(Command::new(&options.python).arg(&options.json_filter).arg(&list).arg(WORD)));
        for (n, (name, mut command)) in tools_of_a_shell(&lines).into_iter().enumerate() {
            // The slow ones say all there is to say in three runs.
            if run >= 3 && name != "ripgrep" {
                continue;
            }
            let Some((cpu, hits)) = counted(&mut command) else {
                continue;
            };
            match tools.iter_mut().find(|tool| tool.0 == name) {
                Some(tool) => tool.1.push(cpu),
                None => tools.insert(n.min(tools.len()), (name, vec![cpu], hits)),
            }
        }
    }
    let column = |of: &[[f64; 3]], n: usize| median(&of.iter().map(|one| one[n]).collect::<Vec<_>>());
    let (cpu, peak) = (column(&ours, 0) / column(&python, 0), column(&ours, 1) / column(&python, 1));
    gates.push(gate("JSON day to ready index and one search : Python, CPU", cpu, 0.5, false));
    gates.push(gate("JSON day to ready index and one search : Python, peak memory", peak, 0.5, false));
    let tools: Vec<Value> = tools
        .iter()
        .map(|(name, cpu, hits)| json!({ "tool": name, "cpu_ms": rounded(median(cpu)), "hits": hits }))
        .collect();
    json!({
        "rows": ROWS, "word": WORD,
        "ours": { "cpu_ms": rounded(column(&ours, 0) * 1e3), "peak_mb": rounded(column(&ours, 1)), "hits": column(&ours, 2) },
        "python": {
            "cpu_ms": rounded(column(&python, 0) * 1e3), "peak_mb": rounded(column(&python, 1)), "hits": column(&python, 2),
        },
        "on_lines": tools,
    })
}

/// Runs a program that tells CPU seconds, peak memory in MB and hits itself.
fn reported(command: &mut Command) -> [f64; 3] {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(|part| part.parse().expect("a number"));
    [(); 3].map(|()| numbers.next().expect("three numbers"))
}

/// Runs a tool that prints the number of hits, or a line for each; none where it is not installed.
fn counted(command: &mut Command) -> Option<(f64, u64)> {
    let before = children_cpu_ms();
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let hits = match text.trim().parse() {
        Ok(number) => number,
        Err(_) => text.lines().count() as u64,
    };
    Some((children_cpu_ms() - before, hits))
}

fn tools_of_a_shell(lines: &Path) -> Vec<(&'static str, Command)> {
    let command = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    };
    let mut tools = vec![
        ("ripgrep", command("rg", &["-ci", WORD])),
        ("jq", command("jq", &["-c", "select(tostring | test(\"contoso\"; \"i\")) | .RowKey"])),
        ("lnav", command("lnav", &["-n", "-c", ":filter-in (?i)contoso"])),
    ];
    for (_, tool) in &mut tools {
        tool.arg(lines);
    }
    tools
}
