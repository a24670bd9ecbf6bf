//! The text for a ticket: rungs, times, ids, versions. What a colleague needs, and nothing that opens a door.

use std::fmt::Write;

use failures::Failure;

use crate::diagnosis::{Diagnosis, RungOutcome, RungState, Verdict, name};

/// A run as plain text, in Markdown that also reads without. Holds no secret, no token and no header: none of them is
/// part of a [`Diagnosis`]. Addresses and GUIDs stay, a ticket is of no use without them.
#[must_use]
pub fn report(run: &Diagnosis) -> String {
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write_report(&mut text, run);
    text
}

fn write_report(text: &mut String, run: &Diagnosis) -> std::fmt::Result {
    writeln!(text, "# CIPP Desk: diagnosis of a connection\n")?;
    writeln!(text, "- Result: {}", result(run))?;
    writeln!(
        text,
        "- Begun: {:.0}, took {}",
        run.started_at,
        seconds(run.duration_ms)
    )?;
    for fact in &run.setting {
        writeln!(text, "- {}: {}", fact.label, one_line(&fact.value))?;
    }
    writeln!(text, "\n## Rungs\n")?;
    for rung in &run.rungs {
        write_rung(text, rung)?;
    }
    if let Some(broken) = run.broken() {
        write_causes(text, broken)?;
    }
    Ok(())
}

fn write_rung(text: &mut String, rung: &RungOutcome) -> std::fmt::Result {
    let state = match rung.state {
        RungState::NotReached => "not reached",
        RungState::Running => "running",
        RungState::Passed => "ok",
        RungState::Failed => "FAILED",
        RungState::Skipped => "skipped",
    };
    write!(text, "{}. {}: {state}", rung.number, name(rung.rung))?;
    if !rung.proof.is_empty() {
        write!(text, " - {}", one_line(&rung.proof))?;
    }
    if matches!(rung.state, RungState::Passed | RungState::Failed) {
        write!(text, " ({})", seconds(rung.duration_ms))?;
    }
    writeln!(text)?;
    for fact in &rung.facts {
        writeln!(text, "   - {}: {}", fact.label, one_line(&fact.value))?;
    }
    for note in rung.notes() {
        writeln!(text, "   - Worth knowing: {}", note.title)?;
    }
    Ok(())
}

fn write_causes(text: &mut String, broken: &RungOutcome) -> std::fmt::Result {
    if !broken.server_said.is_empty() {
        writeln!(text, "\n## What the server said\n")?;
        for line in broken.server_said.lines() {
            writeln!(text, "> {line}")?;
        }
    }
    let causes = broken.causes();
    let Some((first, others)) = causes.split_first() else {
        return Ok(());
    };
    writeln!(text, "\n## {}\n\n{}\n", title(first), first.cause)?;
    for (action, number) in first.remedy.iter().zip(1..) {
        writeln!(text, "{number}. {action}")?;
    }
    writeln!(text, "\nSource: {}", first.source)?;
    if !others.is_empty() {
        writeln!(text, "\nIt may also be:\n")?;
        for other in others {
            writeln!(text, "- {}", title(other))?;
        }
    }
    Ok(())
}

fn title(failure: &Failure) -> String {
    match failure.certain {
        true => failure.title.clone(),
        false => format!("Probably: {}", failure.title),
    }
}

fn result(run: &Diagnosis) -> String {
    match (run.verdict, run.broken()) {
        (Verdict::Works, _) => "the log can be read".to_owned(),
        (Verdict::Cancelled, _) => "cancelled".to_owned(),
        (Verdict::Broken, Some(rung)) => format!("broken at rung {}, {}", rung.number, name(rung.rung)),
        (Verdict::Broken, None) => "broken".to_owned(),
    }
}

fn seconds(milliseconds: u32) -> String {
    match milliseconds {
        short if short < 1000 => format!("{short} ms"),
        long => format!("{:.1} s", f64::from(long) / 1000.0),
    }
}

/// Servers choose these words; a line end among them must not look like a line of the report.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
