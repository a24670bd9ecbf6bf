//! What a query says beside its plain meaning: without a field, narrower than another, which values it names.
//!
//! What deliberately is not here: comparing a row (`log-index`).

use crate::names;
use crate::query::{FacetField, Field, Pattern, Query, Term, Test, TextField};
use crate::words;

impl Test {
    /// The field that the test is about.
    pub fn field(&self) -> Field {
        match self {
            Test::Anywhere(_) => Field::Anywhere,
            Test::Text(text, _) => names::field_of(*text),
            Test::Data(..) => Field::Data,
            Test::Severity(_) => Field::Severity,
            Test::Time { .. } => Field::Time,
            Test::Day { .. } => Field::Day,
            Test::Has(_) => Field::Has,
        }
    }
}

impl Query {
    /// Whether every row matches.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The query without every term about a field: a facet ignores its own choice, the histogram ignores the time.
    pub fn without(&self, field: Field) -> Query {
        Query {
            terms: self
                .terms
                .iter()
                .filter(|term| term.test.field() != field)
                .cloned()
                .collect(),
        }
    }

    /// Whether whatever matches this query surely matches the previous one too, so that only the rows found before need
    /// to be looked at. False where that is not obvious.
    pub fn is_narrowing_of(&self, previous: &Query) -> bool {
        previous
            .terms
            .iter()
            .all(|old| self.terms.iter().any(|new| term_implies(new, old)))
    }

    /// The exact values of a facet that the query names: wanted (true) or left out (false). Severities by the family's
    /// name in small letters.
    pub fn chosen(&self, facet: FacetField) -> Vec<(String, bool)> {
        let field = facet.field();
        let mut chosen = Vec::new();
        for term in self.terms.iter().filter(|term| term.test.field() == field) {
            match &term.test {
                Test::Severity(families) => {
                    chosen.extend(families.iter().map(|family| (words::severity(*family), !term.negated)));
                }
                Test::Text(_, patterns) => chosen.extend(patterns.iter().filter_map(|pattern| match pattern {
                    Pattern::Is(text) => Some((text.clone(), !term.negated)),
                    _ => None,
                })),
                _ => {}
            }
        }
        chosen
    }
}

fn term_implies(new: &Term, old: &Term) -> bool {
    match (new.negated, old.negated) {
        (false, false) => implies(&new.test, &old.test),
        (true, true) => implies(&old.test, &new.test),
        _ => false,
    }
}

/// Whether a row that passes the one surely passes the other.
fn implies(one: &Test, other: &Test) -> bool {
    match (one, other) {
        (Test::Anywhere(one), Test::Anywhere(other)) => pattern_implies(one, other),
        (Test::Text(field, ones), Test::Anywhere(other)) => {
            let is_searched = matches!(
                field,
                TextField::Message | TextField::Tenant | TextField::User | TextField::Api | TextField::Ip
            );
            is_searched && ones.iter().all(|one| pattern_implies(one, other))
        }
        (Test::Text(a, ones), Test::Text(b, others)) => a == b && each_implies_one(ones, others),
        (Test::Data(a, ones), Test::Data(b, others)) => {
            let same_path = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b));
            same_path && each_implies_one(ones, others)
        }
        (Test::Severity(ones), Test::Severity(others)) => ones.iter().all(|family| others.contains(family)),
        (
            Test::Time { from, before },
            Test::Time {
                from: from2,
                before: before2,
            },
        ) => lies_within(*from, *before, *from2, *before2),
        (Test::Day { from, to }, Test::Day { from: from2, to: to2 }) => lies_within(*from, *to, *from2, *to2),
        (Test::Has(one), Test::Has(other)) => one == other,
        _ => false,
    }
}

fn lies_within<T: PartialOrd>(from: Option<T>, end: Option<T>, outer_from: Option<T>, outer_end: Option<T>) -> bool {
    let begins = outer_from.is_none_or(|outer| from.is_some_and(|from| from >= outer));
    let ends = outer_end.is_none_or(|outer| end.is_some_and(|end| end <= outer));
    begins && ends
}

fn each_implies_one(ones: &[Pattern], others: &[Pattern]) -> bool {
    ones.iter()
        .all(|one| others.iter().any(|other| pattern_implies(one, other)))
}

/// Letters outside of ASCII are compared as they stand: how case is folded there is the searching room's business.
fn pattern_implies(one: &Pattern, other: &Pattern) -> bool {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    match (one, other) {
        (Pattern::Contains(one), Pattern::Contains(other)) => contains(one, other),
        (Pattern::Is(one), Pattern::Contains(other)) => contains(one.trim(), other),
        (Pattern::Is(one), Pattern::Is(other)) => same(one.trim(), other.trim()),
        (Pattern::Wildcard(one), Pattern::Wildcard(other)) => same(one, other),
        (Pattern::Regex(one), Pattern::Regex(other)) => one == other,
        _ => false,
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
}
