//! One condition of a filter over the rows of one segment.
//!
//! What is found is kept for the condition as it is, before any `-`: so it serves the next filter too, and facets can
//! leave a condition out without searching again.
//!
//! What deliberately is not here: several conditions together (`hits.rs`).

use std::sync::OnceLock;

use jiff::civil::Date;
use log_query::{Has, Pattern, SeverityFamily, Test, TextField};

use crate::{
    arena::Arena,
    bits::Bits,
    data_path::DataPath,
    dictionaries::{Coded, Codes, Dictionaries},
    matcher::Matcher,
    pace::{Pace, Stopped},
    scan::{Found, scan},
    segment::Segment,
};

/// What is known about a condition and the rows of a segment.
#[derive(Debug)]
pub(crate) struct TermRows {
    /// Rows that fulfil it.
    pub found: Bits,
    /// Rows that may fulfil it by their data, which is not in memory and was not searched yet. None: all is known.
    pub unknown: Option<Bits>,
}

/// A condition ready to be tried.
#[derive(Debug)]
pub(crate) enum Condition {
    Anywhere(Matcher, [OnceLock<Vec<bool>>; 4]),
    Coded(Coded, Wanted, OnceLock<Vec<bool>>),
    Message(Vec<Matcher>),
    RowKey(Vec<Matcher>),
    /// The whole text of the data, and whether no data fits as well.
    Data(Vec<Matcher>, bool),
    DataPath(Box<DataPath>, Vec<Matcher>),
    Severity(Vec<SeverityFamily>),
    Time(Option<i64>, Option<i64>),
    Day(Option<Date>, Option<Date>),
    HasData,
    HasProblem,
}

/// Which texts of a column are meant.
#[derive(Debug)]
pub(crate) enum Wanted {
    Patterns(Vec<Matcher>),
    NotEmpty,
    /// A user other than CIPP's own jobs, or nobody.
    Person,
}

/// The columns that a word is looked for in, beside message and data.
const ANYWHERE: [Coded; 4] = [Coded::Tenant, Coded::User, Coded::Api, Coded::Ip];

/// How CIPP's own jobs sign their rows.
const CIPP_ITSELF: &str = "CIPP";

impl Condition {
    pub fn new(test: &Test) -> Condition {
        let matchers = |patterns: &[Pattern]| patterns.iter().map(Matcher::new).collect();
        match test {
            Test::Anywhere(pattern) => Condition::Anywhere(Matcher::new(pattern), Default::default()),
            Test::Text(TextField::Message, patterns) => Condition::Message(matchers(patterns)),
            Test::Text(TextField::RowKey, patterns) => Condition::RowKey(matchers(patterns)),
            Test::Text(field, patterns) => {
                let column = Coded::of(*field).unwrap_or(Coded::Tenant);
                Condition::Coded(column, Wanted::Patterns(matchers(patterns)), OnceLock::new())
            }
            Test::Data(path, patterns) if path.is_empty() => {
                let patterns: Vec<Matcher> = matchers(patterns);
                let never = || false;
                let empty = patterns
                    .iter()
                    .any(|pattern| pattern.fits("", &mut Pace::new(&never)).unwrap_or(false));
                Condition::Data(patterns, empty)
            }
            Test::Data(path, patterns) => Condition::DataPath(Box::new(DataPath::new(path)), matchers(patterns)),
            Test::Severity(families) => Condition::Severity(families.clone()),
            Test::Time { from, before } => Condition::Time(*from, *before),
            Test::Day { from, to } => Condition::Day(*from, *to),
            Test::Has(Has::Data) => Condition::HasData,
            Test::Has(Has::Problem) => Condition::HasProblem,
            Test::Has(Has::User) => Condition::Coded(Coded::User, Wanted::Person, OnceLock::new()),
            Test::Has(Has::Ip) => Condition::Coded(Coded::Ip, Wanted::NotEmpty, OnceLock::new()),
            Test::Has(Has::Template) => Condition::Coded(Coded::Template, Wanted::NotEmpty, OnceLock::new()),
        }
    }

    /// Whether rows may fulfil it by their data.
    pub fn asks_data(&self) -> bool {
        matches!(
            self,
            Condition::Anywhere(..) | Condition::Data(..) | Condition::DataPath(..)
        )
    }

    /// Tries it on every row. Data that is not in memory stays unknown.
    pub fn rows(&self, segment: &Segment, pace: &mut Pace<'_>) -> Result<TermRows, Stopped> {
        let mut found = Bits::none(segment.len());
        match self {
            Condition::Anywhere(matcher, sets) => {
                for (column, set) in ANYWHERE.into_iter().zip(sets) {
                    let wanted =
                        wanted_codes(segment.dictionaries(), column, std::slice::from_ref(matcher), set, pace)?;
                    add_coded(segment.codes(column), wanted, &mut found);
                }
                let mut texts = Found {
                    bits: &mut found,
                    rows: None,
                };
                scan(segment.message(), matcher, &mut texts, pace)?;
                self.add_data_in_memory(segment, &mut found, pace)?;
            }
            Condition::Coded(column, wanted, set) => {
                let wanted = match wanted {
                    Wanted::Patterns(patterns) => wanted_codes(segment.dictionaries(), *column, patterns, set, pace)?,
                    Wanted::NotEmpty => set.get_or_init(|| some_texts(segment.dictionaries(), *column, &[""])),
                    Wanted::Person => {
                        set.get_or_init(|| some_texts(segment.dictionaries(), *column, &["", CIPP_ITSELF]))
                    }
                };
                add_coded(segment.codes(*column), wanted, &mut found);
            }
            Condition::Message(matchers) => {
                for matcher in matchers {
                    let mut texts = Found {
                        bits: &mut found,
                        rows: None,
                    };
                    scan(segment.message(), matcher, &mut texts, pace)?;
                }
            }
            Condition::RowKey(matchers) => add_row_keys(segment, matchers, &mut found, pace)?,
            Condition::Data(_, empty) => {
                if *empty {
                    found = Bits::all(segment.len());
                    found.and_not(segment.has_data());
                }
                self.add_data_in_memory(segment, &mut found, pace)?;
            }
            Condition::DataPath(..) => self.add_data_in_memory(segment, &mut found, pace)?,
            Condition::Severity(families) => {
                for (family, rows) in segment.families() {
                    if families.contains(family) {
                        found.or(rows);
                    }
                }
            }
            Condition::Time(from, before) => found.set_range(segment.rows_between(*from, *before)),
            Condition::Day(from, to) => {
                let day = segment.day().date();
                if from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to) {
                    found = Bits::all(segment.len());
                }
            }
            Condition::HasData => found.or(segment.has_data()),
            Condition::HasProblem => segment.problem_rows().for_each(|row| found.set(row)),
        }
        let unknown = (self.asks_data() && !segment.has_log_data()).then(|| {
            let mut unknown = segment.has_data().clone();
            unknown.and_not(&found);
            unknown
        });
        Ok(TermRows { found, unknown })
    }

    /// Tries it on a few rows, of which alone it can be fulfilled: what is not a candidate does not fulfil it.
    pub fn rows_among(&self, candidates: &Bits, segment: &Segment, pace: &mut Pace<'_>) -> Result<TermRows, Stopped> {
        let mut found = Bits::none(segment.len());
        for row in candidates.ones() {
            if self.is_fulfilled_by(row, segment, pace)? {
                found.set(row);
            }
        }
        let unknown = (self.asks_data() && !segment.has_log_data()).then(|| {
            let mut unknown = candidates.clone();
            unknown.and(segment.has_data());
            unknown.and_not(&found);
            unknown
        });
        Ok(TermRows { found, unknown })
    }

    fn is_fulfilled_by(&self, row: usize, segment: &Segment, pace: &mut Pace<'_>) -> Result<bool, Stopped> {
        let message = |matcher: &Matcher, pace: &mut Pace<'_>| is_in(segment.message(), row, matcher, pace);
        match self {
            Condition::Anywhere(matcher, sets) => {
                for (column, set) in ANYWHERE.into_iter().zip(sets) {
                    let wanted =
                        wanted_codes(segment.dictionaries(), column, std::slice::from_ref(matcher), set, pace)?;
                    if wanted.get(segment.codes(column).get(row) as usize) == Some(&true) {
                        return Ok(true);
                    }
                }
                if message(matcher, pace)? {
                    return Ok(true);
                }
                match segment
                    .log_data()
                    .and_then(|data| Some((data, data.place(row as u32)?)))
                {
                    Some((data, place)) => is_in(&data.arena, place, matcher, pace),
                    None => Ok(false),
                }
            }
            Condition::Message(matchers) => any(matchers, |matcher| message(matcher, pace)),
            // No other condition is narrowed.
            _ => Ok(self.rows(segment, pace)?.found.get(row)),
        }
    }

    fn add_data_in_memory(&self, segment: &Segment, found: &mut Bits, pace: &mut Pace<'_>) -> Result<(), Stopped> {
        match segment.log_data() {
            Some(data) => self.add_data(&data.arena, &data.rows, found, pace),
            None => Ok(()),
        }
    }

    /// Adds the rows that fulfil it by this data: one text for each of `rows`.
    pub fn add_data(&self, data: &Arena, rows: &[u32], found: &mut Bits, pace: &mut Pace<'_>) -> Result<(), Stopped> {
        let mut texts = Found {
            bits: found,
            rows: Some(rows),
        };
        match self {
            Condition::Anywhere(matcher, _) => scan(data, matcher, &mut texts, pace),
            Condition::Data(matchers, _) => matchers
                .iter()
                .try_for_each(|matcher| scan(data, matcher, &mut texts, pace)),
            Condition::DataPath(path, matchers) => {
                for (text, row) in rows.iter().enumerate() {
                    if path.fits(data.lowered(text), matchers, pace)? {
                        found.set(*row as usize);
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn is_in(arena: &Arena, text: usize, matcher: &Matcher, pace: &mut Pace<'_>) -> Result<bool, Stopped> {
    matcher.engine(arena.has_odd_folds()).is_in(arena.lowered(text), pace)
}

fn any<T>(of: &[T], mut is: impl FnMut(&T) -> Result<bool, Stopped>) -> Result<bool, Stopped> {
    for one in of {
        if is(one)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// For each text of a column whether one of the patterns is in it; found out once for all segments.
fn wanted_codes<'a>(
    dictionaries: &Dictionaries,
    column: Coded,
    patterns: &[Matcher],
    set: &'a OnceLock<Vec<bool>>,
    pace: &mut Pace<'_>,
) -> Result<&'a [bool], Stopped> {
    if let Some(set) = set.get() {
        return Ok(set);
    }
    let wanted = codes_with(dictionaries, column, patterns, pace)?;
    Ok(set.get_or_init(|| wanted))
}

/// For each text of a column whether one of the patterns is in it.
pub(crate) fn codes_with(
    dictionaries: &Dictionaries,
    column: Coded,
    patterns: &[Matcher],
    pace: &mut Pace<'_>,
) -> Result<Vec<bool>, Stopped> {
    let dictionary = dictionaries.read(column);
    let texts = dictionary.texts();
    let mut found = Bits::none(texts.len());
    for pattern in patterns {
        let mut texts_found = Found {
            bits: &mut found,
            rows: None,
        };
        scan(texts, pattern, &mut texts_found, pace)?;
    }
    Ok((0..texts.len()).map(|code| found.get(code)).collect())
}

/// For each text of a column whether it is none of these, blanks around it and case aside.
fn some_texts(dictionaries: &Dictionaries, column: Coded, none_of: &[&str]) -> Vec<bool> {
    let dictionary = dictionaries.read(column);
    (0..dictionary.texts().len())
        .map(|code| {
            let text = dictionary.texts().text(code);
            !none_of.iter().any(|none| text.trim().eq_ignore_ascii_case(none))
        })
        .collect()
}

fn add_coded(codes: &Codes, wanted: &[bool], found: &mut Bits) {
    if !wanted.contains(&true) {
        return;
    }
    // A day's rows may be of one text only; and a text may be newer than the set, but then no row of the search has it.
    let is = |code: usize| wanted.get(code).copied().unwrap_or(false);
    let rows = match codes {
        Codes::One(code, rows) if is(*code as usize) => Bits::all(*rows),
        Codes::One(..) => return,
        Codes::Bytes(codes) => Bits::from_fn(codes.len(), |row| is(usize::from(codes[row]))),
        Codes::Words(codes) => Bits::from_fn(codes.len(), |row| is(usize::from(codes[row]))),
        Codes::Wide(codes) => Bits::from_fn(codes.len(), |row| is(codes[row] as usize)),
    };
    found.or(&rows);
}

fn add_row_keys(segment: &Segment, matchers: &[Matcher], found: &mut Bits, pace: &mut Pace<'_>) -> Result<(), Stopped> {
    let keys = segment.row_keys();
    let mut buffer = [0; 36];
    for row in 0..segment.len() {
        let key = keys.lowered(row, &mut buffer);
        for matcher in matchers {
            if matcher.engine(keys.has_odd_folds()).is_in(key, pace)? {
                found.set(row);
                break;
            }
        }
    }
    Ok(())
}
