//! Terms in words: the value on a chip, and the sentence for the whole filter.
//!
//! What deliberately is not here: what is wrong with a term (`parse.rs`), and the filter's own language (`print.rs`).

use jiff::tz::TimeZone;

use crate::lex::Order;
use crate::names;
use crate::query::{Has, Pattern, Query, Term, Test};
use crate::severity::SeverityFamily;
use crate::times;

/// The word for a severity as it is typed.
pub(crate) fn severity(family: SeverityFamily) -> String {
    family.word().to_ascii_lowercase()
}

/// A comparison of severities.
pub(crate) fn compared(order: Order, with: SeverityFamily) -> String {
    let with = severity(with);
    match order {
        Order::AtLeast => format!("{with} or worse"),
        Order::Above => format!("worse than {with}"),
        Order::AtMost => format!("{with} or milder"),
        Order::Below => format!("milder than {with}"),
    }
}

/// The value as it stands on a chip.
pub(crate) fn value(test: &Test, zone: &TimeZone) -> String {
    match test {
        Test::Anywhere(Pattern::Contains(text)) => text.clone(),
        Test::Anywhere(pattern) => one(pattern),
        Test::Text(_, patterns) | Test::Data(_, patterns) => several(patterns),
        Test::Severity(families) => severities(families, "or"),
        Test::Time { from, before } => range(
            from.map(|at| times::shown(at, zone)),
            before.map(|at| times::shown(at, zone)),
            "before",
        ),
        Test::Day { from, to } if from == to => from.map_or_else(String::new, |date| date.to_string()),
        Test::Day { from, to } => range(from.map(|date| date.to_string()), to.map(|date| date.to_string()), "to"),
        Test::Has(has) => has_word(*has).to_owned(),
    }
}

fn one(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Contains(text) => text.clone(),
        Pattern::Is(text) if text.trim().is_empty() => "is empty".to_owned(),
        Pattern::Is(text) => format!("is {text}"),
        Pattern::Wildcard(text) => format!("is like {text}"),
        Pattern::Regex(text) => format!("matches /{text}/"),
    }
}

fn several(patterns: &[Pattern]) -> String {
    if let [pattern] = patterns {
        return one(pattern);
    }
    let same = |plain: fn(&Pattern) -> Option<String>| patterns.iter().map(plain).collect::<Option<Vec<String>>>();
    let whole = same(|pattern| match pattern {
        Pattern::Is(text) if text.trim().is_empty() => Some("(empty)".to_owned()),
        Pattern::Is(text) => Some(text.clone()),
        _ => None,
    });
    let part = same(|pattern| match pattern {
        Pattern::Contains(text) => Some(text.clone()),
        _ => None,
    });
    match (whole, part) {
        (Some(values), _) => format!("is one of {}", values.join(", ")),
        (_, Some(values)) => format!("one of {}", values.join(", ")),
        _ => patterns.iter().map(one).collect::<Vec<_>>().join(" or "),
    }
}

fn severities(families: &[SeverityFamily], word: &str) -> String {
    let known = SeverityFamily::ALL.len() - 1;
    if families.len() > 2 && families.len() < known && families == &SeverityFamily::ALL[..families.len()] {
        return families
            .last()
            .map_or_else(String::new, |last| compared(Order::AtLeast, *last));
    }
    list(families.iter().map(|family| severity(*family)).collect(), word)
}

fn range(from: Option<String>, end: Option<String>, word: &str) -> String {
    match (from, end) {
        (Some(from), Some(end)) => format!("from {from} {word} {end}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(end)) if word == "to" => format!("up to {end}"),
        (None, Some(end)) => format!("before {end}"),
        (None, None) => "any".to_owned(),
    }
}

fn has_word(has: Has) -> &'static str {
    match has {
        Has::Data => "data",
        Has::Problem => "problem",
        Has::User => "user",
        Has::Ip => "ip",
        Has::Template => "template",
    }
}

/// `a`, `a or b`, `a, b or c`.
fn list(mut parts: Vec<String>, word: &str) -> String {
    match parts.pop() {
        None => String::new(),
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} {word} {last}", parts.join(", ")),
    }
}

/// The whole filter in one sentence; empty without terms.
pub(crate) fn sentence(query: &Query, zone: &TimeZone) -> String {
    if query.terms.is_empty() {
        return String::new();
    }
    let phrases = query.terms.iter().map(|term| phrase(term, zone)).collect();
    format!("Rows where {}.", list(phrases, "and"))
}

fn phrase(term: &Term, zone: &TimeZone) -> String {
    let no = term.negated;
    let is = if no { "is not" } else { "is" };
    match &term.test {
        Test::Anywhere(pattern) => match pattern {
            Pattern::Regex(text) if no => format!("nothing matches /{text}/"),
            Pattern::Regex(text) => format!("any text matches /{text}/"),
            Pattern::Contains(text) | Pattern::Is(text) | Pattern::Wildcard(text) if no => {
                format!("no text contains “{text}”")
            }
            Pattern::Contains(text) | Pattern::Is(text) | Pattern::Wildcard(text) => {
                format!("any text contains “{text}”")
            }
        },
        Test::Text(field, patterns) => {
            let label = names::label(names::field_of(*field), &[]);
            compare(&format!("the {}", decapitalised(&label)), patterns, no)
        }
        Test::Data(path, patterns) if path.is_empty() => compare("the data", patterns, no),
        Test::Data(path, patterns) => compare(&format!("data.{}", path.join(".")), patterns, no),
        Test::Severity(families) => format!("the severity {is} {}", severities(families, "or")),
        Test::Time { .. } => format!("the time {is} {}", value(&term.test, zone)),
        Test::Day { .. } => format!("the day {is} {}", value(&term.test, zone)),
        Test::Has(has) => {
            let thing = match has {
                Has::Data => "data",
                Has::Problem => "a problem",
                Has::User => "a user",
                Has::Ip => "an IP address",
                Has::Template => "a template",
            };
            if no {
                let thing = thing.trim_start_matches("a ").trim_start_matches("an ");
                format!("there is no {thing}")
            } else {
                format!("there is {thing}")
            }
        }
    }
}

/// "Tenant" inside of a sentence; "API" and "IP address" stay.
fn decapitalised(label: &str) -> String {
    let mut chars = label.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            format!("{}{}", first.to_lowercase(), &label[first.len_utf8()..])
        }
        _ => label.to_owned(),
    }
}

fn compare(what: &str, patterns: &[Pattern], no: bool) -> String {
    let verb = |pattern: &Pattern| match (pattern, no) {
        (Pattern::Contains(_), false) => "contains",
        (Pattern::Contains(_), true) => "does not contain",
        (Pattern::Is(_), false) => "is",
        (Pattern::Is(_), true) => "is not",
        (Pattern::Wildcard(_), false) => "is like",
        (Pattern::Wildcard(_), true) => "is not like",
        (Pattern::Regex(_), false) => "matches",
        (Pattern::Regex(_), true) => "does not match",
    };
    let object = |pattern: &Pattern| match pattern {
        Pattern::Is(text) if text.trim().is_empty() => "empty".to_owned(),
        Pattern::Contains(text) | Pattern::Is(text) | Pattern::Wildcard(text) => format!("“{text}”"),
        Pattern::Regex(text) => format!("/{text}/"),
    };
    // The same verb is said once.
    let mut parts: Vec<String> = Vec::new();
    let mut last_verb = "";
    for pattern in patterns {
        let verb = verb(pattern);
        parts.push(if verb == last_verb {
            object(pattern)
        } else {
            format!("{verb} {}", object(pattern))
        });
        last_verb = verb;
    }
    format!("{what} {}", list(parts, if no { "and" } else { "or" }))
}
