//! Terms -> text: the language as this program writes it.
//!
//! What deliberately is not here: changing a text that a person wrote (`edit.rs`), which keeps their letters.

use std::fmt::Write;

use crate::lex::{self, is_member_char};
use crate::names;
use crate::parse::HAS;
use crate::query::{Field, Pattern, Query, Test};
use crate::times;
use crate::words;

impl Query {
    /// The filter as text that [`crate::parse`] reads as the same query, whatever the time and the zone. Switched-off
    /// terms and mistakes are gone; relative times have become fixed ones.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for term in &self.terms {
            if !text.is_empty() {
                text.push(' ');
            }
            if term.negated {
                text.push('-');
            }
            text.push_str(&test(&term.test));
        }
        text
    }
}

pub(crate) fn test(test: &Test) -> String {
    match test {
        Test::Anywhere(Pattern::Regex(text)) => regex(text, false),
        Test::Anywhere(Pattern::Contains(text) | Pattern::Is(text) | Pattern::Wildcard(text)) => {
            if is_plain(text, "") {
                text.clone()
            } else {
                lex::quoted(text)
            }
        }
        Test::Text(field, patterns) => {
            format!("{}:{}", names::word(names::field_of(*field)), items(patterns))
        }
        Test::Data(path, patterns) => format!("{}:{}", data_name(path), items(patterns)),
        Test::Severity(families) => {
            let families: Vec<String> = families.iter().map(|family| words::severity(*family)).collect();
            format!("{}:{}", names::word(Field::Severity), families.join(","))
        }
        Test::Time { from, before } => {
            let iso = |at: Option<i64>| at.map_or_else(String::new, times::iso);
            format!("time:{}..{}", iso(*from), iso(*before))
        }
        Test::Day { from: Some(from), to } if Some(*from) == *to => format!("day:{from}"),
        Test::Day { from, to } => {
            let day = |day: &Option<jiff::civil::Date>| day.map_or_else(String::new, |day| day.to_string());
            format!("day:{}..{}", day(from), day(to))
        }
        Test::Has(has) => {
            let name = HAS.iter().find(|(_, each)| each == has).map_or("", |(name, _)| name);
            format!("has:{name}")
        }
    }
}

fn items(patterns: &[Pattern]) -> String {
    patterns.iter().map(item).collect::<Vec<_>>().join(",")
}

fn item(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Is(text) => exact(text),
        Pattern::Regex(text) => regex(text, true),
        // Stars and question marks mean something behind a field's name; only an expression can look for them.
        Pattern::Contains(text) if text.contains(['*', '?']) => regex(&regex::escape(text), true),
        Pattern::Contains(text) if is_plain(text, "") => text.clone(),
        Pattern::Wildcard(text) if is_plain(text, "*?") => text.clone(),
        Pattern::Contains(text) | Pattern::Wildcard(text) => lex::quoted(text),
    }
}

/// A whole value.
pub(crate) fn exact(text: &str) -> String {
    format!("={}", lex::quoted(text))
}

/// A regular expression between slashes.
fn regex(text: &str, in_list: bool) -> String {
    let mut written = String::from("/");
    // Directly behind the slash, each of these would make it something else.
    if text.is_empty() || text.starts_with(|c: char| c.is_whitespace() || (in_list && c == ',')) {
        written.push_str("(?:)");
    }
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => written.push_str("\\/"),
            '\\' => {
                written.push(c);
                written.extend(chars.next());
            }
            _ => written.push(c),
        }
    }
    written.push('/');
    written
}

/// `data` or `data.To.Member`.
pub(crate) fn data_name(path: &[String]) -> String {
    path.iter().fold("data".to_owned(), |mut name, member| {
        name.push('.');
        if !member.is_empty() && member.chars().all(is_member_char) {
            name.push_str(member);
        } else {
            let _ = write!(name, "{}", lex::quoted(member));
        }
        name
    })
}

/// Whether a text reads as itself, without quotation marks.
fn is_plain(text: &str, also: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_alphanumeric() || also.contains(c));
    begins
        && !matches!(text, "OR" | "AND" | "NOT")
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@') || also.contains(c))
}
