//! Rows in a plain list, and every rule of the index written as simply as can be.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use cipp_client::{Day, Row};
use log_index::{Facet, FacetChoice, Histogram, NO_TIME, ReadRow, RowId};
use log_query::{FacetField, Has, Pattern, Query, SeverityFamily, Term, Test, TextField, family};
use regex::{Regex, RegexBuilder};

/// The middle of the days in these tests, nanoseconds since 1970.
pub const NOON: i64 = 1_786_190_400_000_000_000;

#[derive(Clone, Debug)]
pub struct PlainRow {
    pub id: RowId,
    pub time: i64,
    pub severity: String,
    pub tenant: String,
    pub api: String,
    pub user: String,
    pub tenant_id: String,
    pub app_id: String,
    pub ip: String,
    pub template: String,
    pub message: String,
    pub row_key: String,
    pub log_data: String,
    pub problem: Option<String>,
}

impl PlainRow {
    pub fn read(raw: &str, id: RowId) -> PlainRow {
        let row = Row::from_raw(raw.into());
        let read = ReadRow::of(&row);
        PlainRow {
            id,
            time: read.time,
            severity: read.severity.into_owned(),
            tenant: read.tenant.into_owned(),
            api: read.api.into_owned(),
            user: read.user.into_owned(),
            tenant_id: read.tenant_id.into_owned(),
            app_id: read.app_id.into_owned(),
            ip: read.ip.into_owned(),
            template: read.template.into_owned(),
            message: read.message.into_owned(),
            row_key: read.row_key.into_owned(),
            log_data: read.log_data.to_owned(),
            problem: read.problem,
        }
    }

    pub fn family(&self) -> SeverityFamily {
        family(&self.severity)
    }

    pub fn time_text(&self) -> Option<String> {
        (self.time != NO_TIME).then(|| {
            let time = jiff::Timestamp::from_nanosecond(i128::from(self.time)).unwrap();
            time.to_string()
        })
    }

    pub fn shown_message(&self) -> String {
        let blank = |c: char| c.is_whitespace() || c.is_control();
        let words: Vec<&str> = self.message.split(blank).filter(|word| !word.is_empty()).collect();
        let line = words.join(" ");
        match line.char_indices().nth(400) {
            Some((at, _)) => format!("{}\u{2026}", &line[..at]),
            None => line,
        }
    }

    fn text(&self, field: TextField) -> &str {
        match field {
            TextField::Message => &self.message,
            TextField::Tenant => &self.tenant,
            TextField::TenantId => &self.tenant_id,
            TextField::User => &self.user,
            TextField::Api => &self.api,
            TextField::Ip => &self.ip,
            TextField::App => &self.app_id,
            TextField::Template => &self.template,
            TextField::RowKey => &self.row_key,
            TextField::SeverityText => &self.severity,
        }
    }

    fn facet_text(&self, field: FacetField) -> String {
        match field {
            FacetField::Severity => format!("{:?}", self.family()).to_lowercase(),
            FacetField::Tenant => self.tenant.clone(),
            FacetField::User => self.user.clone(),
            FacetField::Api => self.api.clone(),
            FacetField::Ip => self.ip.clone(),
            FacetField::App => self.app_id.clone(),
            FacetField::Template => self.template.clone(),
        }
    }

    fn fulfils(&self, test: &Test) -> bool {
        match test {
            Test::Anywhere(pattern) => {
                let texts = [&self.message, &self.tenant, &self.user, &self.api, &self.ip];
                texts.iter().any(|text| fits(pattern, text))
                    || (!self.log_data.is_empty() && fits(pattern, &self.log_data))
            }
            Test::Text(field, patterns) => patterns.iter().any(|pattern| fits(pattern, self.text(*field))),
            Test::Data(path, patterns) if path.is_empty() => {
                patterns.iter().any(|pattern| fits(pattern, &self.log_data))
            }
            Test::Data(path, patterns) => {
                let path: Vec<String> = path.iter().map(|member| member.to_lowercase()).collect();
                let mut values = Vec::new();
                if let Ok(data) = serde_json::from_str(&self.log_data) {
                    values_at(&data, &path, &mut values);
                }
                values
                    .iter()
                    .any(|value| patterns.iter().any(|pattern| fits(pattern, value)))
            }
            Test::Severity(families) => families.contains(&self.family()),
            Test::Time { from, before } => {
                self.time != NO_TIME
                    && from.is_none_or(|from| self.time >= from)
                    && before.is_none_or(|before| self.time < before)
            }
            Test::Day { from, to } => {
                let day = self.id.day.date();
                from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
            }
            Test::Has(Has::Data) => !self.log_data.is_empty(),
            Test::Has(Has::Problem) => self.problem.is_some(),
            Test::Has(Has::User) => !["", "cipp"].contains(&self.user.trim().to_ascii_lowercase().as_str()),
            Test::Has(Has::Ip) => !self.ip.trim().is_empty(),
            Test::Has(Has::Template) => !self.template.trim().is_empty(),
        }
    }
}

fn values_at(value: &serde_json::Value, path: &[String], values: &mut Vec<String>) {
    use serde_json::Value;
    match (value, path) {
        (Value::Array(elements), _) => {
            for (at, element) in elements.iter().enumerate() {
                values_at(element, path, values);
                if let [first, rest @ ..] = path
                    && first.parse() == Ok(at)
                {
                    values_at(element, rest, values);
                }
            }
        }
        (Value::Object(members), [first, rest @ ..]) => {
            for (name, member) in members {
                if name.to_lowercase() == *first {
                    values_at(member, rest, values);
                }
            }
        }
        (Value::String(text), []) => values.push(text.clone()),
        (Value::String(text), path) => {
            if text.trim_start().starts_with(['{', '['])
                && let Ok(inside) = serde_json::from_str(text)
            {
                values_at(&inside, path, values);
            }
        }
        (value, []) => values.push(value.to_string()),
        _ => {}
    }
}

thread_local! {
    /// Compiling costs more than anything else here.
    static EXPRESSIONS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

fn expression(source: &str, text: &str) -> bool {
    EXPRESSIONS.with_borrow_mut(|known| {
        let compiled = || RegexBuilder::new(source).case_insensitive(true).build().unwrap();
        known.entry(source.to_owned()).or_insert_with(compiled).is_match(text)
    })
}

pub fn fits(pattern: &Pattern, text: &str) -> bool {
    match pattern {
        Pattern::Contains(wanted) => expression(&regex::escape(wanted), text),
        Pattern::Is(wanted) => expression(&format!("^{}$", regex::escape(wanted.trim())), text.trim()),
        Pattern::Wildcard(wanted) => {
            let wanted: Vec<char> = wanted.chars().collect();
            let text: Vec<char> = text.chars().collect();
            wildcard(&wanted, &text)
        }
        Pattern::Regex(source) => expression(source, text),
    }
}

/// Row by row of a table: whether the first so many signs fit the first so many characters.
fn wildcard(wanted: &[char], text: &[char]) -> bool {
    let mut fits: Vec<bool> = (0..=text.len()).map(|length| length == 0).collect();
    for sign in wanted {
        let mut next = vec![*sign == '*' && fits[0]];
        for (at, character) in text.iter().enumerate() {
            next.push(match sign {
                '*' => fits[at + 1] || next[at],
                '?' => fits[at],
                sign => fits[at] && same(*sign, *character),
            });
        }
        fits = next;
    }
    fits[text.len()]
}

fn same(one: char, other: char) -> bool {
    one == other
        || one.eq_ignore_ascii_case(&other)
        || (!(one.is_ascii() && other.is_ascii())
            && expression(
                &format!("^(?:{})$", regex::escape(&one.to_string())),
                &other.to_string(),
            ))
}

/// Days with their segments; the rows of a segment in the order in which they came, and whether their data is in memory.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub days: BTreeMap<Day, Vec<(Vec<PlainRow>, bool)>>,
}

impl Model {
    pub fn rows(&self) -> impl Iterator<Item = &PlainRow> {
        self.days.values().flatten().flat_map(|(rows, _)| rows)
    }

    /// What a day's file would give: the rows of the segments whose data is not in memory, one after the other.
    pub fn data_of_day_without_memory(&self, day: Day) -> Vec<&str> {
        let segments = self.days[&day].iter().filter(|(_, in_memory)| !in_memory);
        segments
            .flat_map(|(rows, _)| rows.iter().map(|row| row.log_data.as_str()))
            .collect()
    }

    pub fn matches(&self, query: &Query) -> Vec<&PlainRow> {
        self.matches_but(query, |_| false)
    }

    fn matches_but(&self, query: &Query, leave_out: impl Fn(&Term) -> bool) -> Vec<&PlainRow> {
        let mut rows: Vec<&PlainRow> = Vec::new();
        for segments in self.days.values().rev() {
            for (segment, _) in segments {
                rows.extend(segment);
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.time));
        let matches = |row: &&PlainRow| {
            let mut terms = query.terms.iter().filter(|term| !leave_out(term));
            terms.all(|term| row.fulfils(&term.test) != term.negated)
        };
        rows.retain(matches);
        rows
    }

    /// Whether a row would match with any other data in place of its own.
    pub fn matches_whatever_its_data_says(&self, row: &PlainRow, query: &Query) -> bool {
        let in_memory = self.days[&row.id.day]
            .iter()
            .any(|(rows, in_memory)| *in_memory && rows.iter().any(|own| own.id == row.id));
        let asks = |test: &Test| matches!(test, Test::Anywhere(_) | Test::Data(..));
        let mut without = row.clone();
        without.log_data = String::new();
        query.terms.iter().all(|term| {
            if in_memory || row.log_data.is_empty() || !asks(&term.test) {
                row.fulfils(&term.test) != term.negated
            } else {
                matches!(term.test, Test::Anywhere(_)) && !term.negated && without.fulfils(&term.test)
            }
        })
    }

    pub fn assert_facet(&self, facet: &Facet, query: &Query, typed: &str, most: usize) {
        let rows = self.matches_but(query, |term| choice(term) == Some(facet.field));
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for row in rows {
            *counts.entry(row.facet_text(facet.field)).or_default() += 1;
        }
        let typed = Pattern::Contains(typed.to_owned());
        let wanted: Vec<(&String, &u32)> = counts.iter().filter(|(text, _)| fits(&typed, text)).collect();
        assert_eq!(facet.distinct as usize, wanted.len(), "{query:?}");
        for value in &facet.values {
            assert_eq!(
                value.count,
                counts.get(&value.value).copied().unwrap_or(0),
                "{query:?} {value:?}"
            );
            assert_eq!(
                value.choice,
                self.choice_for(&value.value, facet.field, query),
                "{query:?} {value:?}"
            );
        }
        let plain: Vec<u32> = facet
            .values
            .iter()
            .filter(|value| value.choice == FacetChoice::None)
            .map(|value| value.count)
            .collect();
        assert!(plain.iter().all(|count| *count > 0));
        if facet.field != FacetField::Severity {
            assert!(plain.is_sorted_by(|one, next| one >= next));
            let mut expected: Vec<u32> = wanted.iter().map(|(_, count)| **count).collect();
            expected.sort_unstable_by(|one, next| next.cmp(one));
            expected.truncate(most);
            let first: Vec<u32> = facet
                .values
                .iter()
                .take(expected.len())
                .map(|value| value.count)
                .collect();
            assert_eq!(first, expected, "the most frequent come first");
        }
        for term in query.terms.iter().filter(|term| choice(term) == Some(facet.field)) {
            if let Test::Text(field, patterns) = &term.test
                && *field != TextField::SeverityText
            {
                for pattern in patterns.iter().filter(|pattern| matches!(pattern, Pattern::Is(_))) {
                    let is_there = facet.values.iter().any(|value| fits(pattern, &value.value));
                    assert!(is_there, "what was chosen comes along: {query:?} {facet:?}");
                }
            }
        }
    }

    fn choice_for(&self, text: &str, field: FacetField, query: &Query) -> FacetChoice {
        let mut choices = Vec::new();
        for term in query.terms.iter().filter(|term| choice(term) == Some(field)) {
            let chosen = match &term.test {
                Test::Severity(families) => families
                    .iter()
                    .any(|family| format!("{family:?}").to_lowercase() == text),
                Test::Text(TextField::SeverityText, patterns) => patterns.iter().any(|pattern| match pattern {
                    Pattern::Is(spelling) => format!("{:?}", family(spelling)).to_lowercase() == text,
                    _ => false,
                }),
                Test::Text(_, patterns) => patterns
                    .iter()
                    .any(|pattern| matches!(pattern, Pattern::Is(_)) && fits(pattern, text)),
                _ => false,
            };
            if chosen {
                choices.push(term.negated);
            }
        }
        match (choices.contains(&true), choices.is_empty()) {
            (true, _) => FacetChoice::Excluded,
            (false, false) => FacetChoice::Included,
            (false, true) => FacetChoice::None,
        }
    }

    pub fn assert_histogram(&self, histogram: &Histogram, query: &Query, edges: &[i64]) {
        let rows = self.matches_but(query, |term| matches!(term.test, Test::Time { .. }));
        assert_eq!(histogram.bars.len(), edges.len() - 1);
        let mut inside = 0;
        for (bar, edges) in histogram.bars.iter().zip(edges.windows(2)) {
            for family in SeverityFamily::ALL {
                let is = |row: &&&PlainRow| {
                    row.time != NO_TIME && edges[0] <= row.time && row.time < edges[1] && row.family() == family
                };
                let count = rows.iter().filter(is).count();
                assert_eq!(bar.get(family) as usize, count);
                inside += count;
            }
        }
        assert_eq!(histogram.elsewhere as usize, rows.len() - inside);
    }
}

fn choice(term: &Term) -> Option<FacetField> {
    match &term.test {
        Test::Severity(_) => Some(FacetField::Severity),
        Test::Text(field, patterns) if patterns.iter().any(|pattern| matches!(pattern, Pattern::Is(_))) => {
            match field {
                TextField::SeverityText => Some(FacetField::Severity),
                TextField::Tenant => Some(FacetField::Tenant),
                TextField::User => Some(FacetField::User),
                TextField::Api => Some(FacetField::Api),
                TextField::Ip => Some(FacetField::Ip),
                TextField::App => Some(FacetField::App),
                TextField::Template => Some(FacetField::Template),
                _ => None,
            }
        }
        _ => None,
    }
}
