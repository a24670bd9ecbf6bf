//! Values wanted and left out, as a facet's tick or a value's menu asks for it.
//!
//! A list such as `tenant:="a",="b"` is changed value by value; the letters of its other values stay. What has no list
//! (any text, time, day, has) is changed term by term.

use jiff::{Timestamp, tz::TimeZone};

use crate::edit::{Act, Draft, field_of};
use crate::lex::{self, Form, RawField, RawKind, RawTerm};
use crate::names;
use crate::parse::{Context, Reader, family_named};
use crate::print;
use crate::query::{Field, Pattern, Test};
use crate::regexes::compile_regex;
use crate::severity::SeverityFamily;
use crate::words;

/// Adds a value to those wanted, or takes it out again.
pub(crate) fn include(draft: &mut Draft<'_>, field: Field, path: &[String], value: &str) {
    choose(draft, &Target::of(field, path, value), false);
}

/// Leaves a value out, or lets it in again.
pub(crate) fn exclude(draft: &mut Draft<'_>, field: Field, path: &[String], value: &str) {
    choose(draft, &Target::of(field, path, value), true);
}

/// This value alone.
pub(crate) fn only(draft: &mut Draft<'_>, field: Field, path: &[String], value: &str) {
    let target = Target::of(field, path, value);
    let first = draft.drop_where(|term| target.is_about(term));
    if let Some(term) = target.term(false) {
        draft.put(first, term);
    }
}

/// The value that is chosen.
struct Target<'a> {
    field: Field,
    path: &'a [String],
    value: &'a str,
    /// For severities.
    family: Option<SeverityFamily>,
}

/// A term with a list of values.
struct List {
    at: usize,
    negated: bool,
    /// What stands in front of the values, signs included.
    head: String,
    /// Each value as it is written, and what it means.
    values: Vec<(String, Value)>,
    /// Written as a comparison: changing it means writing it anew as a list.
    compared: bool,
}

enum Value {
    Pattern(Pattern),
    Family(SeverityFamily),
}

fn choose(draft: &mut Draft<'_>, target: &Target<'_>, leave_out: bool) {
    if matches!(target.field, Field::Anywhere | Field::Time | Field::Day | Field::Has) {
        return choose_term(draft, target, leave_out);
    }
    let lists = lists(draft, target);
    let names_it = |list: &&List| list.values.iter().any(|(_, value)| target.is(value));
    if lists
        .iter()
        .filter(|list| list.negated == leave_out)
        .any(|list| names_it(&list))
    {
        for list in lists.iter().filter(|list| list.negated == leave_out) {
            draft.acts[list.at] = list.without(|value| target.is(value));
        }
        return;
    }
    for list in lists.iter().filter(|list| list.negated != leave_out) {
        // What is wanted must not be left out by any term; what is left out need not be named as wanted.
        draft.acts[list.at] = list.without(|value| {
            if leave_out {
                target.is(value)
            } else {
                target.is_met_by(value)
            }
        });
    }
    let same = || lists.iter().rev().filter(|list| list.negated == leave_out);
    let exact = same().find(|list| list.is_exact() && list.can_take(target) && !(leave_out && list.compared));
    let loose = same().find(|list| {
        !leave_out && list.can_take(target) && !list.values.iter().any(|(_, value)| target.is_met_by(value))
    });
    match exact.or(loose) {
        Some(list) => draft.acts[list.at] = Act::Replace(list.with(&target.item())),
        None => draft.added = target.term(leave_out),
    }
}

/// For fields without lists: the term itself comes or goes.
fn choose_term(draft: &mut Draft<'_>, target: &Target<'_>, leave_out: bool) {
    let Some(wanted) = target.test() else {
        return;
    };
    let text = draft.text;
    let is_same = |term: &RawTerm| meaning(text, term).is_some_and(|test| same_test(&test, &wanted));
    let is_chosen = |term: &RawTerm| !term.off && term.negated == leave_out && is_same(term);
    if draft.terms.iter().any(is_chosen) {
        draft.drop_where(is_chosen);
        return;
    }
    // Of two days or times at once there is nothing to see.
    let single = !leave_out && matches!(target.field, Field::Time | Field::Day);
    let first = draft.drop_where(|term| {
        let opposite = term.negated != leave_out && (is_same(term) || (!leave_out && excludes(text, term, &wanted)));
        target.is_about(term) && !term.off && (opposite || (single && !term.negated))
    });
    if let Some(term) = target.term(leave_out) {
        draft.put(first.filter(|_| single), term);
    }
}

/// Whether a term on any text would leave out the rows with a wanted text.
fn excludes(text: &str, term: &RawTerm, wanted: &Test) -> bool {
    match (meaning(text, term), wanted) {
        (Some(Test::Anywhere(pattern)), Test::Anywhere(Pattern::Contains(value))) => fits(&pattern, value),
        _ => false,
    }
}

/// What a readable term means, whatever time it is.
fn meaning(text: &str, term: &RawTerm) -> Option<Test> {
    let context = Context {
        zone: TimeZone::UTC,
        now: Timestamp::UNIX_EPOCH,
    };
    if !term.mistakes.is_empty() {
        return None;
    }
    let mut mistakes = Vec::new();
    let meaning = Reader {
        text,
        context: &context,
        regexes_left: None,
    }
    .understand(term, &mut mistakes);
    meaning.test.filter(|_| mistakes.is_empty())
}

fn same_test(one: &Test, other: &Test) -> bool {
    match (one, other) {
        (Test::Anywhere(Pattern::Contains(one)), Test::Anywhere(Pattern::Contains(other))) => same_text(one, other),
        _ => one == other,
    }
}

/// The readable, switched-on terms about the target's field that have a list.
fn lists(draft: &Draft<'_>, target: &Target<'_>) -> Vec<List> {
    let of = |(at, term): (usize, &RawTerm)| {
        let RawKind::Field(field) = &term.kind else {
            return None;
        };
        if term.off || !target.is_about(term) {
            return None;
        }
        let test = meaning(draft.text, term)?;
        let signs = &draft.text[term.start..term.body];
        let first = field.items.first()?;
        let (head, values) = match (&test, field.order) {
            (Test::Severity(families), Some(_)) => (
                format!("{signs}{}:", names::word(Field::Severity)),
                families
                    .iter()
                    .map(|family| (words::severity(*family), Value::Family(*family)))
                    .collect(),
            ),
            _ => (
                draft.text[term.start..first.start].to_owned(),
                values(draft.text, field),
            ),
        };
        Some(List {
            at,
            negated: term.negated,
            head,
            values,
            compared: field.order.is_some(),
        })
    };
    draft.terms.iter().enumerate().filter_map(of).collect()
}

/// The values of a readable term.
fn values(text: &str, field: &RawField) -> Vec<(String, Value)> {
    field
        .items
        .iter()
        .filter_map(|item| {
            let value = match &item.form {
                Form::Bare(text) | Form::Quoted(text) if item.exact => Value::Pattern(Pattern::Is(text.clone())),
                Form::Bare(text) | Form::Quoted(text) if text.contains(['*', '?']) => {
                    Value::Pattern(Pattern::Wildcard(text.clone()))
                }
                Form::Bare(text) | Form::Quoted(text) => match family_named(text) {
                    Some(family) if field.field == Field::Severity => Value::Family(family),
                    _ => Value::Pattern(Pattern::Contains(text.clone())),
                },
                Form::Regex(inside) => Value::Pattern(Pattern::Regex(text[inside.clone()].to_owned())),
                Form::Missing | Form::Broken => return None,
            };
            Some((text[item.start..item.end].to_owned(), value))
        })
        .collect()
}

impl List {
    /// The term without some of its values.
    fn without(&self, unwanted: impl Fn(&Value) -> bool) -> Act {
        let kept: Vec<&str> = self
            .values
            .iter()
            .filter(|(_, value)| !unwanted(value))
            .map(|(written, _)| written.as_str())
            .collect();
        if kept.len() == self.values.len() {
            Act::Keep
        } else if kept.is_empty() {
            Act::Drop
        } else {
            Act::Replace(format!("{}{}", self.head, kept.join(",")))
        }
    }

    /// The term with one value more.
    fn with(&self, item: &str) -> String {
        let written: Vec<&str> = self.values.iter().map(|(written, _)| written.as_str()).collect();
        format!("{}{},{item}", self.head, written.join(","))
    }

    /// Whether it names whole values only, as facets write them.
    fn is_exact(&self) -> bool {
        self.values
            .iter()
            .all(|(_, value)| matches!(value, Value::Family(_) | Value::Pattern(Pattern::Is(_))))
    }

    /// `unknown` and a spelling of a severity cannot stand in one list.
    fn can_take(&self, target: &Target<'_>) -> bool {
        let unknown = |value: &Value| matches!(value, Value::Family(SeverityFamily::Unknown));
        let spelling = |value: &Value| matches!(value, Value::Pattern(_));
        if target.field != Field::Severity {
            return true;
        }
        match target.family {
            None => !self.values.iter().any(|(_, value)| unknown(value)),
            Some(SeverityFamily::Unknown) => !self.values.iter().any(|(_, value)| spelling(value)),
            Some(_) => true,
        }
    }
}

impl<'a> Target<'a> {
    fn of(field: Field, path: &'a [String], value: &'a str) -> Target<'a> {
        let family = match field {
            // Facets name rows without a severity by the empty text or by the family.
            Field::Severity if value.trim().is_empty() => Some(SeverityFamily::Unknown),
            Field::Severity => family_named(value),
            _ => None,
        };
        Target {
            field,
            path: if field == Field::Data { path } else { &[] },
            value,
            family,
        }
    }

    fn is_about(&self, term: &RawTerm) -> bool {
        let path = match &term.kind {
            RawKind::Field(field) => field.path.as_slice(),
            _ => &[],
        };
        field_of(term) == self.field
            && path.len() == self.path.len()
            && path.iter().zip(self.path).all(|(one, other)| same_text(one, other))
    }

    /// Whether a value of a list names just this one.
    fn is(&self, value: &Value) -> bool {
        match (value, self.family) {
            (Value::Family(family), Some(wanted)) => *family == wanted,
            (Value::Pattern(Pattern::Is(text)), None) => same_text(text, self.value),
            _ => false,
        }
    }

    /// Whether a value of a list holds for this one.
    fn is_met_by(&self, value: &Value) -> bool {
        match (value, self.family) {
            (Value::Family(family), wanted) => wanted == Some(*family),
            (Value::Pattern(pattern), Some(wanted)) => wanted.spellings().iter().any(|each| fits(pattern, each)),
            (Value::Pattern(pattern), None) => fits(pattern, self.value),
        }
    }

    /// The value as an item of a list.
    fn item(&self) -> String {
        self.family.map_or_else(|| print::exact(self.value), words::severity)
    }

    /// A new term for the value; none for what no term can say.
    fn term(&self, leave_out: bool) -> Option<String> {
        let minus = if leave_out { "-" } else { "" };
        let term = match self.field {
            Field::Anywhere if self.value.is_empty() => return None,
            Field::Anywhere => print::test(&Test::Anywhere(Pattern::Contains(self.value.to_owned()))),
            Field::Data => format!("{}:{}", print::data_name(self.path), self.item()),
            Field::Time | Field::Day | Field::Has => {
                format!("{}:{}", names::word(self.field), bare_or_quoted(self.value))
            }
            field => format!("{}:{}", names::word(field), self.item()),
        };
        Some(format!("{minus}{term}"))
    }

    /// What a new term would mean, for fields without lists.
    fn test(&self) -> Option<Test> {
        let term = self.term(false)?;
        lex::lex(&term).first().and_then(|raw| meaning(&term, raw))
    }
}

/// A value behind a name as it stands, where it reads back as itself; else in quotation marks.
pub(crate) fn bare_or_quoted(value: &str) -> String {
    let special = |c: char| c.is_whitespace() || c == ',' || lex::is_quote(c);
    if value.is_empty() || value.starts_with(['/', '=', '<', '>']) || value.contains(special) {
        lex::quoted(value)
    } else {
        value.to_owned()
    }
}

fn same_text(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Whether a pattern fits a value.
fn fits(pattern: &Pattern, value: &str) -> bool {
    match pattern {
        Pattern::Contains(text) => value.to_lowercase().contains(&text.to_lowercase()),
        Pattern::Is(text) => same_text(text, value),
        Pattern::Wildcard(text) => {
            let pattern = regex::escape(text).replace("\\*", ".*").replace("\\?", ".");
            compile_regex(&format!("^(?s:{pattern})$")).is_ok_and(|regex| regex.is_match(value.trim()))
        }
        Pattern::Regex(text) => compile_regex(text).is_ok_and(|regex| regex.is_match(value)),
    }
}
