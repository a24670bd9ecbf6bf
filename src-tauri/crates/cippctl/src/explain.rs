//! `cippctl explain`: what an error means and what to do about it.
//!
//! The words are those of the catalogue that the whole product speaks from (`failures`). The text that is explained is
//! neither printed again nor kept: somebody may have pasted more than the error.

use std::io::{self, IsTerminal, Read, Write};

use clap::{Args, ValueEnum};
use failures::{Explanation, Failure as Known, Seen, Symptom, by_status, explain, microsoft_page, search};
use serde::Serialize;

use crate::exit::{Code, Failure};
use crate::output::{print_json, say};

/// How many of the causes that only a status or words lead to are shown.
const MOST: usize = 8;
/// What is read of a file, in bytes; the error is in it or nowhere.
const LONGEST: u64 = 1024 * 1024;

/// What is to be explained.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A code, a status, a reply, a message, or what you see in words; without it, standard input is read
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// The HTTP status that came with it
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..600))]
    status: Option<u16>,
    /// Where it was seen; without it, all places count
    #[arg(long, value_name = "WHERE", value_enum)]
    seen: Option<Place>,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For reading
    Text,
    /// For scripts: everything the catalogue has about each cause
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// An answer to an API client: from Entra, CIPP, or the network between
    Client,
    /// A person's sign-in at Microsoft
    Person,
    /// A message or the data of CIPP's log
    Log,
    /// A page of CIPP or Entra
    Page,
}

/// What is printed for scripts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    causes: Vec<&'static Known>,
    unknown_codes: Vec<u32>,
}

/// Prints all plausible causes, the most specific first.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let text = text_of(args)?;
    let found = causes(&text, args.status, args.seen.map(Seen::from));
    if args.format == Form::Json {
        print_json(&found)?;
    } else {
        let mut out = io::stdout().lock();
        if found.causes.len() > 1 {
            writeln!(
                out,
                "{} causes are possible, the likeliest first.\n",
                found.causes.len()
            )?;
        }
        let parts: Vec<String> = found.causes.iter().map(|cause| in_words(cause)).collect();
        write!(out, "{}", parts.join("\n"))?;
        for code in &found.unknown_codes {
            writeln!(out, "AADSTS{code}: Microsoft explains it at {}", microsoft_page(*code))?;
        }
    }
    if found.causes.is_empty() && found.unknown_codes.is_empty() {
        return Err(Failure::new(
            Code::Amiss,
            "Nothing is known about this.",
            "Give the whole reply with --status, or a few words about what you see.",
        ));
    }
    Ok(())
}

fn text_of(args: &ExplainArgs) -> Result<String, Failure> {
    if !args.text.is_empty() {
        return Ok(args.text.join(" "));
    }
    if args.status.is_some() && io::stdin().is_terminal() {
        return Ok(String::new());
    }
    if io::stdin().is_terminal() {
        say("Paste the error, then end with Ctrl+D (on Windows Ctrl+Z and Enter).");
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// By what was written; failing that, by the status alone; failing that, by words.
fn causes(text: &str, status: Option<u16>, seen: Option<Seen>) -> Explained {
    let text = text.trim();
    let number: Option<u32> = text.parse().ok();
    let (text, status) = match number {
        Some(number @ 100..=599) => ("", status.or(u16::try_from(number).ok())),
        _ => (text, status),
    };
    let code = number
        .filter(|number| *number >= 1_000)
        .map(|code| format!("AADSTS{code}"));
    let symptom = Symptom {
        text: code.as_deref().unwrap_or(text),
        status,
        seen,
    };
    let Explanation {
        failures: mut causes,
        unknown_codes,
    } = explain(&symptom);
    let is_bare = text.is_empty() && code.is_none();
    if is_bare || causes.is_empty() && unknown_codes.is_empty() {
        let here = |known: &&Known| seen.is_none_or(|seen| known.seen.contains(&seen));
        let by_status: Vec<_> = status.map(by_status).unwrap_or_default();
        let others = if text.is_empty() { by_status } else { search(text, MOST) };
        for other in others.into_iter().filter(here) {
            if !causes.iter().any(|known| known.id == other.id) {
                causes.push(other);
            }
        }
        causes.truncate(MOST);
    }
    Explained { causes, unknown_codes }
}

fn in_words(known: &Known) -> String {
    let mut lines = vec![known.title.clone()];
    if !known.certain {
        lines.push("  (probably: this is not established)".into());
    }
    lines.push(format!("  What one sees: {}", known.symptom));
    lines.push(format!("  Why: {}", known.cause));
    lines.push("  What to do:".into());
    let numbered = known.remedy.iter().enumerate();
    lines.extend(numbered.map(|(at, action)| format!("    {}. {action}", at + 1)));
    if let Some(waiting) = &known.waiting {
        lines.push(format!("  Waiting helps: {}", waiting.why));
    }
    if let Some(step) = &known.step {
        lines.push(format!("  Step of the checklist: {step}"));
    }
    if let Some(link) = &known.link {
        lines.push(format!("  {}: {}", link.label, link.url));
    }
    lines.join("\n") + "\n"
}

impl From<Place> for Seen {
    fn from(place: Place) -> Self {
        match place {
            Place::Client => Seen::Client,
            Place::Person => Seen::Person,
            Place::Log => Seen::Log,
            Place::Page => Seen::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str, status: Option<u16>, seen: Option<Seen>) -> Option<&'static str> {
        causes(text, status, seen).causes.first().map(|known| known.id.as_str())
    }

    #[test]
    fn a_code_is_understood_with_and_without_its_name() {
        for text in ["AADSTS7000222", "7000222", " 7000222\n"] {
            assert_eq!(first(text, None, Some(Seen::Client)), Some("secret-expired"), "{text}");
        }
        assert_eq!(causes("4711000", None, None).unknown_codes, [4_711_000]);
    }

    #[test]
    fn a_status_alone_shows_what_may_come_with_it() {
        let found = causes("403", None, Some(Seen::Client)).causes;
        assert!(found.len() > 1 && found.len() <= MOST);
        assert!(found.iter().all(|known| known.seen.contains(&Seen::Client)));
        assert_eq!(found.len(), causes("", Some(403), Some(Seen::Client)).causes.len());
    }

    #[test]
    fn words_lead_where_no_text_does() {
        let found = causes("rows missing around midnight", None, None);
        assert!(found.causes.iter().any(|known| known.numbers.contains(&21)));
        assert!(causes("penguin zebra", None, None).causes.is_empty());
    }

    #[test]
    fn every_failure_can_be_put_into_words() {
        for known in failures::all() {
            let words = in_words(known);
            assert!(
                words.starts_with(&known.title) && words.contains("What to do:"),
                "{}",
                known.id
            );
        }
    }
}
