//! Changing a filter text from outside: chips, facets, the histogram, a value of an entry.
//!
//! The text is the truth: every change is one of its letters, and what is not concerned stays letter for letter.
//!
//! What deliberately is not here: which values of a list come and go (`choose.rs`).

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::choose;
use crate::lex::{self, RawKind, RawTerm};
use crate::names;
use crate::parse;
use crate::query::Field;

/// A change of a filter text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Edit {
    /// Takes the term (its position in [`crate::QueryRead::terms`]) out.
    Remove {
        /// Which term.
        term: u32,
    },
    /// Turns include into exclude and back.
    Flip {
        /// Which term.
        term: u32,
    },
    /// Switches the term off (`~`) or on again.
    Switch {
        /// Which term.
        term: u32,
    },
    /// Adds a value to those of its field that are wanted, or takes it out again when it is among them (a facet's tick).
    /// A term that excludes it goes.
    Include {
        /// The field.
        field: Field,
        /// Members of the data, for [`Field::Data`]; else empty.
        path: Vec<String>,
        /// The exact value. For [`Field::Severity`] the family's name; for [`Field::Anywhere`] a text.
        value: String,
    },
    /// Leaves out the rows with this value, or lets them in again when they are left out.
    Exclude {
        /// As in `Include`.
        field: Field,
        /// As in `Include`.
        path: Vec<String>,
        /// As in `Include`.
        value: String,
    },
    /// This value alone: every other term about the field goes.
    Only {
        /// As in `Include`.
        field: Field,
        /// As in `Include`.
        path: Vec<String>,
        /// As in `Include`.
        value: String,
    },
    /// Every term about the field goes.
    ClearField {
        /// The field.
        field: Field,
    },
    /// The time range becomes this one (the brush of the histogram); both none takes it out. ISO 8601 with offset.
    Time {
        /// The first moment, included.
        from: Option<String>,
        /// The end, not included.
        before: Option<String>,
    },
}

/// The text after the change. What is not touched stays letter for letter.
pub fn edit(text: &str, change: &Edit) -> String {
    let mut draft = Draft::of(text);
    match change {
        Edit::Remove { term } => draft.act(*term, |_, _| Act::Drop),
        Edit::Flip { term } => draft.act(*term, |text, raw| {
            Act::Replace(with_signs(text, raw, !raw.negated, raw.off))
        }),
        Edit::Switch { term } => draft.act(*term, |text, raw| {
            Act::Replace(with_signs(text, raw, raw.negated, !raw.off))
        }),
        Edit::Include { field, path, value } => choose::include(&mut draft, *field, path, value),
        Edit::Exclude { field, path, value } => choose::exclude(&mut draft, *field, path, value),
        Edit::Only { field, path, value } => choose::only(&mut draft, *field, path, value),
        Edit::ClearField { field } => {
            draft.drop_where(|term| field_of(term) == *field);
        }
        Edit::Time { from, before } => time(&mut draft, from.as_deref(), before.as_deref()),
    }
    draft.finish()
}

/// A text about to be changed, term by term.
pub(crate) struct Draft<'a> {
    pub text: &'a str,
    pub terms: Vec<RawTerm>,
    /// One for each term.
    pub acts: Vec<Act>,
    /// A new term.
    pub added: Option<String>,
}

/// What becomes of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Keep,
    Drop,
    Replace(String),
}

impl<'a> Draft<'a> {
    fn of(text: &'a str) -> Draft<'a> {
        let terms = lex::lex(text);
        Draft {
            text,
            acts: vec![Act::Keep; terms.len()],
            terms,
            added: None,
        }
    }

    fn act(&mut self, term: u32, act: impl Fn(&str, &RawTerm) -> Act) {
        let at = term as usize;
        if let (Some(raw), Some(slot)) = (self.terms.get(at), self.acts.get_mut(at)) {
            *slot = act(self.text, raw);
        }
    }

    /// Drops terms; says where the first of them was.
    pub(crate) fn drop_where(&mut self, unwanted: impl Fn(&RawTerm) -> bool) -> Option<usize> {
        let mut first = None;
        for (at, (term, act)) in self.terms.iter().zip(&mut self.acts).enumerate() {
            if unwanted(term) {
                *act = Act::Drop;
                first = first.or(Some(at));
            }
        }
        first
    }

    /// Puts a term where the given one was, or adds it.
    pub(crate) fn put(&mut self, at: Option<usize>, term: String) {
        match at.and_then(|at| self.acts.get_mut(at)) {
            Some(act) => *act = Act::Replace(term),
            None => self.added = Some(term),
        }
    }

    /// The text with everything done.
    fn finish(self) -> String {
        if self.added.is_none() && self.acts.iter().all(|act| *act == Act::Keep) {
            return self.text.to_owned();
        }
        let mut out = String::new();
        let mut gap = &self.text[..self.terms.first().map_or(self.text.len(), |term| term.start)];
        let mut added = self.added.as_deref();
        for (at, (term, act)) in self.terms.iter().zip(&self.acts).enumerate() {
            let piece = match act {
                Act::Keep => &self.text[term.start..term.end],
                Act::Drop => continue,
                Act::Replace(piece) => piece,
            };
            out.push_str(gap);
            if term.open
                && *act == Act::Keep
                && let Some(added) = added.take()
            {
                // Behind an open term it would become a part of it.
                out.push_str(added);
                out.push(' ');
            }
            out.push_str(piece);
            let next = self.terms.get(at + 1).map_or(self.text.len(), |next| next.start);
            gap = &self.text[term.end..next];
        }
        let end = self.terms.last().map_or(self.text.len(), |term| term.end);
        if out.is_empty() && added.is_none() {
            return String::new();
        }
        if !out.is_empty() || self.terms.is_empty() {
            out.push_str(&self.text[end..]);
        }
        if let Some(added) = added {
            if out.ends_with(|c: char| !c.is_whitespace()) {
                out.push(' ');
            }
            out.push_str(added);
        }
        // A sign that stood by itself, and is at the end now, keeps its blank: it would become the sign of nothing.
        let was_open = self.terms.last().is_some_and(|term| term.open);
        if !was_open && lex::lex(&out).last().is_some_and(|term| term.open) {
            out.push(' ');
        }
        out
    }
}

/// What a term is about, be it readable or not.
pub(crate) fn field_of(term: &RawTerm) -> Field {
    match &term.kind {
        RawKind::Field(field) => field.field,
        _ => Field::Anywhere,
    }
}

/// A term with its signs changed. A text that begins like a sign comes into quotation marks.
fn with_signs(text: &str, term: &RawTerm, negated: bool, off: bool) -> String {
    let body = &text[term.body..term.end];
    let body = if matches!(term.kind, RawKind::Word) && body.starts_with(['-', '~']) {
        lex::quoted(&parse::word(body))
    } else {
        body.to_owned()
    };
    format!("{}{}{body}", if off { "~" } else { "" }, if negated { "-" } else { "" })
}

/// The one range of time: terms that ask for one are replaced, exclusions stay.
fn time(draft: &mut Draft<'_>, from: Option<&str>, before: Option<&str>) {
    let first = draft.drop_where(|term| field_of(term) == Field::Time && !term.negated && !term.off);
    if from.is_some() || before.is_some() {
        let range = format!("{}..{}", from.unwrap_or_default(), before.unwrap_or_default());
        draft.put(
            first,
            format!("{}:{}", names::word(Field::Time), choose::bare_or_quoted(&range)),
        );
    }
}
