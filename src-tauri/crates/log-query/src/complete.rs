//! Completing a filter text from names of the language and values of the log.
//!
//! What deliberately is not here: finding the values (whoever implements [`Values`]).

use std::ops::Range;

use serde::Serialize;
use specta::Type;

use crate::lex::{self, Item, RawField, RawKind, RawTerm};
use crate::names::{self, NAMES};
use crate::parse::HAS;
use crate::print;
use crate::query::{FacetField, Field};
use crate::severity::SeverityFamily;
use crate::utf16::Utf16;
use crate::words;

/// The most proposals.
const MOST: usize = 12;
/// A word of this many letters is looked for among the values too.
const SHORTEST_WORD_FOR_VALUES: usize = 2;
/// Facets whose values are proposed for a word without a field, and how many of each.
const WORD_FACETS: [FacetField; 5] = [
    FacetField::Tenant,
    FacetField::User,
    FacetField::Api,
    FacetField::Template,
    FacetField::Ip,
];
const MOST_OF_A_FACET: usize = 3;

/// Where completion finds values.
pub trait Values {
    /// Values of a field that contain `typed` (any case), with how many rows have them: first those that begin with it, the
    /// most frequent first, then the others, the same.
    fn values(&self, field: FacetField, typed: &str, most: usize) -> Vec<(String, u64)>;
    /// Member names of the data, outermost first, dotted: `NormalizedError`, `Exchange.Code`; those that start with
    /// `typed`, any case.
    fn data_paths(&self, typed: &str, most: usize) -> Vec<String>;
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// The span of the text that it replaces, UTF-16 code units.
    pub start: u32,
    /// Its end.
    pub end: u32,
    /// What is put there.
    pub insert: String,
    /// What the list shows.
    pub label: String,
    /// A word of explanation, or how many rows have the value.
    pub detail: String,
    /// What it is.
    pub kind: CompletionKind,
}

/// What a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum CompletionKind {
    /// The name of a field.
    Field,
    /// A value of the log.
    Value,
    /// A form of the language: `/regular expression/`, `time:-1h..`.
    Form,
}

/// Proposals for the place of the cursor (UTF-16 code units), the best first, at most 12. A cursor behind the end counts
/// as at the end.
pub fn complete(text: &str, cursor: u32, values: &dyn Values) -> Vec<Completion> {
    let utf16 = Utf16::of(text);
    let cursor = utf16.byte(cursor);
    let terms = lex::lex(text);
    let term = terms.iter().find(|term| term.start <= cursor && cursor <= term.end);
    let place = Place {
        text,
        cursor,
        values,
        utf16,
    };
    let mut found = match term {
        None => place.fields("", cursor..cursor),
        Some(term) if cursor < term.body => Vec::new(),
        Some(term) => place.within(term),
    };
    found.truncate(MOST);
    found
}

struct Place<'a> {
    text: &'a str,
    cursor: usize,
    values: &'a dyn Values,
    utf16: Utf16<'a>,
}

impl Place<'_> {
    fn proposal(
        &self,
        at: &Range<usize>,
        kind: CompletionKind,
        insert: String,
        label: &str,
        detail: String,
    ) -> Completion {
        Completion {
            start: self.utf16.at(at.start),
            end: self.utf16.at(at.end),
            insert,
            label: label.to_owned(),
            detail,
            kind,
        }
    }

    fn within(&self, term: &RawTerm) -> Vec<Completion> {
        let body = &self.text[term.body..term.end];
        if body.starts_with('/') || body.starts_with(lex::is_quote) {
            return Vec::new();
        }
        if let RawKind::Field(field) = &term.kind {
            return self.within_field(term, field);
        }
        let typed = &self.text[term.body..self.cursor];
        if let Some((name, _)) = typed.split_once(':')
            && let Some(meant) = names::nearest(name)
        {
            // Only the misspelt name is replaced.
            return self.named(meant, term.body..term.body + name.len() + 1);
        }
        let at = term.body..term.end;
        if let Some(member) = begins_with_data(typed) {
            return self.members(member, at);
        }
        let mut found = self.fields(typed, at.clone());
        if typed.chars().count() >= SHORTEST_WORD_FOR_VALUES && !term.open {
            found.extend(self.values_of_any(typed, &at));
        }
        found
    }

    fn within_field(&self, term: &RawTerm, field: &RawField) -> Vec<Completion> {
        let Some(first) = field.items.first() else {
            return Vec::new();
        };
        if self.cursor < first.start {
            let name = &self.text[term.body..self.cursor];
            let at = term.body..first.start;
            return match begins_with_data(name) {
                Some(member) => self.members(member.trim_end_matches(':'), at),
                None => self.fields(name.trim_end_matches([':', '>', '<', '=']), at),
            };
        }
        let item = field
            .items
            .iter()
            .find(|item| item.start <= self.cursor && self.cursor <= item.end);
        item.map_or_else(Vec::new, |item| self.within_item(term, field, item))
    }

    fn within_item(&self, term: &RawTerm, field: &RawField, item: &Item) -> Vec<Completion> {
        // An unclosed quotation mark reaches to the end of the text: what stands behind the cursor is not meant.
        let end = if term.open { self.cursor } else { item.end };
        let at = item.start..end;
        let typed = self.text[item.start..self.cursor].trim_start_matches('=');
        if typed.starts_with('/') {
            return Vec::new();
        }
        let typed = typed.trim_start_matches(lex::is_quote).replace("\"\"", "\"");
        let typed = typed.trim_end_matches(lex::is_quote);
        match field.field {
            Field::Severity => self.severities(field, typed, &at),
            Field::Has => self.words(
                HAS.iter().map(|(name, _)| (*name, "")),
                typed,
                &at,
                CompletionKind::Value,
            ),
            Field::Time if field.order.is_none() => self.words(TIMES.into_iter(), typed, &at, CompletionKind::Form),
            other => match FacetField::ALL.into_iter().find(|facet| facet.field() == other) {
                Some(facet) => self.values_of(facet, typed, &at),
                None if typed.is_empty() && names::text_field(other).is_some() || other == Field::Data => {
                    self.words(FORMS.into_iter(), typed, &at, CompletionKind::Form)
                }
                None => Vec::new(),
            },
        }
    }

    /// Fields whose name begins with what was typed; all of them for nothing.
    fn fields(&self, typed: &str, at: Range<usize>) -> Vec<Completion> {
        let begins = |word: &str| starts_with(word, typed);
        NAMES
            .iter()
            .filter(|name| begins(name.word) || name.aliases.iter().any(|alias| begins(alias)))
            .flat_map(|name| self.named(name.word, at.clone()))
            .collect()
    }

    /// The proposal for a field, and for what else can be written with it.
    fn named(&self, word: &str, at: Range<usize>) -> Vec<Completion> {
        let Some(name) = NAMES.iter().find(|name| name.word == word) else {
            return Vec::new();
        };
        let field =
            |insert: String, about: &str, kind| self.proposal(&at, kind, insert.clone(), &insert, about.to_owned());
        let mut found = vec![field(format!("{word}:"), name.about, CompletionKind::Field)];
        match name.field {
            Field::Severity => found.push(field(
                "sev>=".to_owned(),
                "this severity or worse",
                CompletionKind::Form,
            )),
            Field::Data => found.push(field("data.".to_owned(), "a member of the data", CompletionKind::Form)),
            _ => {}
        }
        found
    }

    fn members(&self, typed: &str, at: Range<usize>) -> Vec<Completion> {
        let paths = self.values.data_paths(typed, MOST);
        paths
            .iter()
            .map(|path| {
                let members: Vec<String> = path.split('.').map(str::to_owned).collect();
                let insert = format!("{}:", print::data_name(&members));
                let label = format!("data.{path}");
                self.proposal(&at, CompletionKind::Field, insert, &label, String::new())
            })
            .collect()
    }

    fn severities(&self, field: &RawField, typed: &str, at: &Range<usize>) -> Vec<Completion> {
        let families = SeverityFamily::ALL
            .into_iter()
            .filter(|family| field.order.is_none() || *family != SeverityFamily::Unknown);
        let words: Vec<String> = families.map(words::severity).collect();
        self.words(
            words.iter().map(|word| (word.as_str(), "")),
            typed,
            at,
            CompletionKind::Value,
        )
    }

    /// Fixed words that begin with what was typed.
    fn words<'w>(
        &self,
        words: impl Iterator<Item = (&'w str, &'w str)>,
        typed: &str,
        at: &Range<usize>,
        kind: CompletionKind,
    ) -> Vec<Completion> {
        words
            .filter(|(word, _)| starts_with(word, typed))
            .map(|(word, about)| self.proposal(at, kind, word.to_owned(), word, about.to_owned()))
            .collect()
    }

    fn values_of(&self, facet: FacetField, typed: &str, at: &Range<usize>) -> Vec<Completion> {
        self.values
            .values(facet, typed, MOST)
            .iter()
            .map(|(value, rows)| {
                let label = if value.is_empty() { "(empty)" } else { value };
                self.proposal(at, CompletionKind::Value, print::exact(value), label, counted(*rows))
            })
            .collect()
    }

    fn values_of_any(&self, typed: &str, at: &Range<usize>) -> Vec<Completion> {
        let mut found = Vec::new();
        for facet in WORD_FACETS {
            for (value, rows) in self.values.values(facet, typed, MOST_OF_A_FACET) {
                let name = names::word(facet.field());
                let insert = format!("{name}:{}", print::exact(&value));
                let detail = format!("{}, {}", names::label(facet.field(), &[]), counted(rows));
                found.push(self.proposal(at, CompletionKind::Value, insert, &value, detail));
            }
        }
        found
    }
}

/// Ranges of time that are often meant.
const TIMES: [(&str, &str); 8] = [
    ("-15m..", "the last 15 minutes"),
    ("-1h..", "the last hour"),
    ("-24h..", "the last 24 hours"),
    ("-7d..", "the last 7 days"),
    ("-30d..", "the last 30 days"),
    ("today", "today"),
    ("yesterday", "yesterday"),
    ("..-1h", "all but the last hour"),
];

/// What else may stand behind the name of a field with text.
const FORMS: [(&str, &str); 3] = [
    ("\"", "words in quotation marks"),
    ("=\"", "the whole value"),
    ("/", "a regular expression, closed by another slash"),
];

/// What was typed behind `data.`.
fn begins_with_data(typed: &str) -> Option<&str> {
    let (name, member) = typed.split_at_checked(5)?;
    name.eq_ignore_ascii_case("data.").then_some(member)
}

fn starts_with(word: &str, typed: &str) -> bool {
    word.get(..typed.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(typed))
}

/// `1,234 rows`.
fn counted(rows: u64) -> String {
    let digits = rows.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} row{}", if rows == 1 { "" } else { "s" })
}
