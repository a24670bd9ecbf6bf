//! The README's table of the founding documents' steps, held against the checklists: what it says of a step is what the
//! step says, no number is missing, and the counts are counted.

use std::collections::BTreeSet;
use std::fs;

use checklist::{Checklist, ProofBy, Step, all};
use cipp_desk_tests::programs::project;

const ENABLE: &str = "enable-the-cipp-api";
const ACCOUNT: &str = "create-the-cipp-service-account";

/// Headings of the three tables, with the checklist that each is about.
const TABLES: [(&str, &str); 3] = [
    ("### Setup & Authentication", ENABLE),
    ("### Creating the CIPP Service Account", ACCOUNT),
    ("### What replaced the first document since CIPP 7.1", ENABLE),
];

/// A table row that says "the same step, action 7".
const SAME_STEP: &str = "the same step, action ";

fn readme() -> String {
    fs::read_to_string(project().join("README.md")).unwrap()
}

fn list(id: &str) -> &'static Checklist {
    all().unwrap().iter().find(|list| list.id == id).unwrap()
}

/// The rows of the table under a heading, cell by cell.
fn rows(readme: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = readme
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no {heading}"));
    let section = rest.split("\n#").next().unwrap();
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    section
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(cells)
        .collect()
}

/// How a step is proved, in the words of the table, and by which checks.
fn proof(step: &Step) -> (String, String) {
    let mut families: Vec<&str> = Vec::new();
    for check in &step.proof.checks {
        let family = if check.is_cipp() { "CIPP" } else { "Microsoft" };
        if !families.contains(&family) {
            families.push(family);
        }
    }
    let checks: Vec<String> = step.proof.checks.iter().map(|check| format!("`{check}`")).collect();
    match families.is_empty() {
        true => ("by hand".to_owned(), String::new()),
        false => (
            format!("automatic by {}", families.join(", else by ")),
            checks.join(", else "),
        ),
    }
}

#[test]
fn each_row_says_what_its_step_says() {
    let readme = readme();
    for (heading, id) in TABLES {
        let rows = rows(&readme, heading);
        assert!(rows.len() > 15, "{heading}");
        let mut before: Option<&Step> = None;
        for row in rows {
            let [number, _, title, trace, how, checks] = row.as_slice() else {
                panic!("{row:?}");
            };
            if let Some(action) = title.strip_prefix(SAME_STEP) {
                let step = before.expect("a step before it");
                assert_eq!(*number, format!("A4.{action}"));
                assert!(action.parse::<usize>().unwrap() <= step.actions.len(), "{row:?}");
                assert!(step.seed.contains(number), "{row:?}");
                assert_eq!((trace.as_str(), how.as_str()), ("with A4", "with A4"));
                assert_eq!(*checks, proof(step).1);
                continue;
            }
            let step = list(id).steps().find(|step| step.title == *title);
            let step = step.unwrap_or_else(|| panic!("{id} has no step {title}"));
            for number in number.split(", ").filter(|number| *number != "\u{2013}") {
                assert!(
                    step.seed.iter().any(|held| held == number),
                    "{number} is not held by {title}"
                );
            }
            assert_eq!(trace, if step.trace { "yes" } else { "no" }, "{title}");
            assert_eq!((how.clone(), checks.clone()), proof(step), "{title}");
            before = Some(step);
        }
    }
}

#[test]
fn no_number_of_the_founding_documents_is_missing() {
    let readme = readme();
    for id in [ENABLE, ACCOUNT] {
        let tables = TABLES.iter().filter(|(_, of)| *of == id);
        let rows: Vec<Vec<String>> = tables.flat_map(|(heading, _)| rows(&readme, heading)).collect();
        let told: BTreeSet<&str> = rows
            .iter()
            .flat_map(|row| row[0].split(", "))
            .filter(|number| *number != "\u{2013}")
            .collect();
        let held: BTreeSet<&str> = list(id)
            .steps()
            .flat_map(|step| &step.seed)
            .map(String::as_str)
            .collect();
        assert_eq!(told, held, "{id}");
    }
}

#[test]
fn the_counts_are_counted() {
    let readme = readme();
    let mut behind: Vec<&Step> = Vec::new();
    for (heading, id) in &TABLES[..2] {
        for row in rows(&readme, heading) {
            if let Some(step) = list(id).steps().find(|step| step.title == row[2])
                && !behind.iter().any(|known| std::ptr::eq(*known, step))
            {
                behind.push(step);
            }
        }
    }
    let label = format!(
        "Steps behind the rows of the two documents, each counted once: {} (A4.1\u{2013}A4.10 are one step, as in the data)",
        behind.len()
    );
    let mut wanted = vec![counted(&label, &behind)];
    for list in [list(ENABLE), list(ACCOUNT)] {
        let steps: Vec<&Step> = list.steps().collect();
        wanted.push(counted(
            &format!("Checklist *{}*, {} steps", list.title, steps.len()),
            &steps,
        ));
        for variant in &list.variants {
            let steps: Vec<&Step> = list.steps_of(&variant.id).collect();
            let label = format!("\u{2013} variant *{}*, {} steps", variant.title, steps.len());
            wanted.push(counted(&label, &steps));
        }
    }
    let steps: Vec<&Step> = all().unwrap().iter().flat_map(Checklist::steps).collect();
    wanted.push(counted(&format!("Both checklists, {} steps", steps.len()), &steps));
    let told: Vec<String> = rows(&readme, "### The counts")
        .iter()
        .map(|row| format!("| {} |", row.join(" | ")))
        .collect();
    assert_eq!(told, wanted);
}

/// The row of the table of counts for these steps.
fn counted(label: &str, steps: &[&Step]) -> String {
    let count = |trace: bool, automatic: bool| {
        let like = |step: &&&Step| step.trace == trace && (step.proof.by != ProofBy::Hand) == automatic;
        steps.iter().filter(like).count()
    };
    let (seen, unseen) = (count(true, true), count(true, false));
    let (checked, told) = (count(false, true), count(false, false));
    let share = 100.0 * seen as f64 / (seen + unseen) as f64;
    format!(
        "| {label} | {} | {seen} | {unseen} | {share:.0} % | {} | {checked} | {told} |",
        seen + unseen,
        checked + told
    )
}

/// The README has no list of steps that leave a trace and are by hand: there is none. One that comes needs its reason there.
#[test]
fn nothing_that_leaves_a_trace_is_by_hand() {
    let by_hand: Vec<&str> = all()
        .unwrap()
        .iter()
        .flat_map(Checklist::steps)
        .filter(|step| step.trace && step.proof.by == ProofBy::Hand)
        .map(|step| step.title.as_str())
        .collect();
    assert!(by_hand.is_empty(), "{by_hand:?}");
}
