//! Reading a filter text: what its terms mean, and what is wrong with those that mean nothing.
//!
//! What deliberately is not here: where a term begins and ends (`lex.rs`), and the words for people (`words.rs`).

mod moments;
mod severities;

use jiff::{Timestamp, tz::TimeZone};

use crate::lex::{self, Form, Item, RawField, RawKind, RawMistake, RawTerm, cited};
use crate::names;
use crate::query::{Field, Has, Mistake, Pattern, Query, QueryRead, QueryTerm, Term, Test};
use crate::times::TIME_HELP;
use crate::utf16::Utf16;
use crate::{regexes, words};
pub(crate) use severities::family_named;

/// The longest filter text that is read, in characters.
pub(crate) const LONGEST_TEXT_CHARS: usize = 10_000;
/// The most regular expressions of one text: compiling each takes time at every keystroke.
const MOST_REGEXES: usize = 16;

/// What a text may refer to without saying it.
#[derive(Clone, Debug)]
pub struct Context {
    /// Times without an offset are in this zone.
    pub zone: TimeZone,
    /// What relative times such as `time:-1h..` count from.
    pub now: Timestamp,
}

/// Reads a filter text. Never fails: what cannot be read is among the mistakes, and the rest is understood.
///
/// Takes time in proportion to the text's length. A text of more than 10,000 characters is one mistake.
pub fn parse(text: &str, context: &Context) -> (Query, QueryRead) {
    if let Some(mistake) = too_long(text) {
        let read = QueryRead {
            mistakes: vec![mistake],
            ..QueryRead::default()
        };
        return (Query::default(), read);
    }
    let utf16 = Utf16::of(text);
    let mut query = Query::default();
    let mut read = QueryRead::default();
    let mut regexes_left = MOST_REGEXES;
    for mut raw in lex::lex(text) {
        let meaning = Reader {
            text,
            context,
            regexes_left: Some(&mut regexes_left),
        }
        .read(&mut raw);
        read.mistakes.extend(raw.mistakes.iter().map(|mistake| Mistake {
            start: utf16.at(mistake.at.start),
            end: utf16.at(mistake.at.end),
            message: mistake.message.clone(),
        }));
        let good = raw.mistakes.is_empty() && meaning.test.is_some();
        let value = match &meaning.test {
            Some(test) if good => meaning.shown.unwrap_or_else(|| words::value(test, &context.zone)),
            _ => text[raw.body..raw.end].to_owned(),
        };
        read.terms.push(QueryTerm {
            start: utf16.at(raw.start),
            end: utf16.at(raw.end),
            field: meaning.field,
            label: names::label(meaning.field, &meaning.path),
            value,
            negated: raw.negated,
            off: raw.off,
            good,
        });
        if let Some(test) = meaning.test
            && good
            && !raw.off
        {
            query.terms.push(Term {
                negated: raw.negated,
                test,
            });
        }
    }
    read.sentence = words::sentence(&query, &context.zone);
    (query, read)
}

fn too_long(text: &str) -> Option<Mistake> {
    let chars = text.chars().count();
    (chars > LONGEST_TEXT_CHARS).then(|| Mistake {
        start: 0,
        end: u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX),
        message: format!(
            "This filter has {chars} characters; {LONGEST_TEXT_CHARS} is the most that is read. Take some of it out; \
             nothing of the text is lost."
        ),
    })
}

/// What a term is about, and what it asks.
pub(crate) struct Meaning {
    pub field: Field,
    pub path: Vec<String>,
    pub test: Option<Test>,
    /// The value as people read it, where the text says it better than the test.
    pub shown: Option<String>,
}

impl Meaning {
    fn of(field: Field, test: Option<Test>) -> Meaning {
        Meaning {
            field,
            path: Vec::new(),
            test,
            shown: None,
        }
    }
}

/// Reads one term.
pub(crate) struct Reader<'a> {
    pub text: &'a str,
    pub context: &'a Context,
    /// How many more expressions are looked at; none: they are taken on trust.
    pub regexes_left: Option<&'a mut usize>,
}

impl Reader<'_> {
    /// What a term means. Its mistakes are added to it.
    fn read(self, raw: &mut RawTerm) -> Meaning {
        let mut mistakes = Vec::new();
        let meaning = self.understand(raw, &mut mistakes);
        // What could not even be cut into values is explained once.
        if raw.mistakes.is_empty() {
            raw.mistakes = mistakes;
        }
        meaning
    }

    /// What a term means, so far as it can be understood.
    pub(crate) fn understand(mut self, raw: &RawTerm, mistakes: &mut Vec<RawMistake>) -> Meaning {
        let anywhere = |pattern| Meaning::of(Field::Anywhere, Some(Test::Anywhere(pattern)));
        match &raw.kind {
            RawKind::Word => anywhere(Pattern::Contains(word(&self.text[raw.body..raw.end]))),
            RawKind::Phrase(text) => anywhere(Pattern::Contains(text.clone())),
            RawKind::Regex(inside) => match self.regex(inside.clone(), mistakes) {
                Some(pattern) => anywhere(pattern),
                None => Meaning::of(Field::Anywhere, None),
            },
            RawKind::Field(field) => self.field(raw, field, mistakes),
            RawKind::Nothing => Meaning::of(Field::Anywhere, None),
        }
    }

    fn field(&mut self, raw: &RawTerm, field: &RawField, mistakes: &mut Vec<RawMistake>) -> Meaning {
        let mut meaning = Meaning::of(field.field, None);
        meaning.path.clone_from(&field.path);
        if let Some(missing) = field.items.iter().find(|item| matches!(item.form, Form::Missing)) {
            mistakes.push(self.missing(raw, field, missing));
            return meaning;
        }
        match field.field {
            Field::Severity => self.severity(raw, field, &mut meaning, mistakes),
            Field::Time => self.time(raw, field, &mut meaning, mistakes),
            Field::Day => meaning.test = self.day(raw, field, mistakes),
            Field::Has => meaning.test = self.has(raw, field, mistakes),
            Field::Data => {
                meaning.test = self
                    .patterns(field, mistakes)
                    .map(|patterns| Test::Data(field.path.clone(), patterns));
            }
            other => {
                meaning.test = names::text_field(other)
                    .zip(self.patterns(field, mistakes))
                    .map(|(text, patterns)| Test::Text(text, patterns));
            }
        }
        meaning
    }

    fn missing(&self, raw: &RawTerm, field: &RawField, item: &Item) -> RawMistake {
        let name = cited(
            self.text[raw.body..item.start]
                .split([':', '<', '>'])
                .next()
                .unwrap_or_default(),
        );
        let message = if item.exact {
            format!("Write the whole value behind the equals sign, or {name}:=\"\" for rows without one.")
        } else if field.items.len() > 1 {
            "Write a value on both sides of each comma, without a blank. A comma inside a value stands in quotation \
             marks."
                .to_owned()
        } else {
            match field.field {
                Field::Severity => {
                    format!("Write a severity behind {name}, as in {name}:error,warning or {name}>=warning.")
                }
                Field::Time => format!("Write when. {TIME_HELP}; two of them with .. between are a range."),
                Field::Day => {
                    format!("Write a day behind {name}, as in {name}:2026-11-20 or {name}:2026-11-18..2026-11-20.")
                }
                Field::Has => "Write data, problem, user, ip or template behind has:.".to_owned(),
                _ => format!(
                    "Write a value directly behind {name}:, without a blank. To search for the text itself, write \
                     \"{name}:\" in quotation marks; for rows without one, write {name}:=\"\"."
                ),
            }
        };
        RawMistake {
            at: raw.body..raw.end,
            message,
        }
    }

    fn patterns(&mut self, field: &RawField, mistakes: &mut Vec<RawMistake>) -> Option<Vec<Pattern>> {
        let patterns: Vec<Pattern> = field
            .items
            .iter()
            .filter_map(|item| self.pattern(item, mistakes))
            .collect();
        (patterns.len() == field.items.len()).then_some(patterns)
    }

    fn pattern(&mut self, item: &Item, mistakes: &mut Vec<RawMistake>) -> Option<Pattern> {
        match &item.form {
            Form::Bare(text) | Form::Quoted(text) if item.exact => Some(Pattern::Is(text.clone())),
            Form::Bare(text) | Form::Quoted(text) if text.contains(['*', '?']) => Some(Pattern::Wildcard(text.clone())),
            Form::Quoted(text) if text.is_empty() => {
                mistakes.push(RawMistake {
                    at: item.start..item.end,
                    message: "Write a value between the quotation marks, or =\"\" for rows without one.".to_owned(),
                });
                None
            }
            Form::Bare(text) | Form::Quoted(text) => Some(Pattern::Contains(text.clone())),
            Form::Regex(inside) => self.regex(inside.clone(), mistakes),
            Form::Missing | Form::Broken => None,
        }
    }

    fn regex(&mut self, inside: std::ops::Range<usize>, mistakes: &mut Vec<RawMistake>) -> Option<Pattern> {
        let pattern = &self.text[inside.clone()];
        if let Some(left) = self.regexes_left.as_deref_mut() {
            let Some(one_less) = left.checked_sub(1) else {
                mistakes.push(RawMistake {
                    at: inside,
                    message: format!(
                        "{MOST_REGEXES} regular expressions are the most. Join some of them: /this|that/."
                    ),
                });
                return None;
            };
            *left = one_less;
            if let Err(fault) = regexes::check(pattern) {
                mistakes.push(RawMistake {
                    at: inside.start + fault.at.start..inside.start + fault.at.end,
                    message: fault.sentence,
                });
                return None;
            }
        }
        Some(Pattern::Regex(without_escaped_slashes(pattern)))
    }

    /// The value of a field that takes one, as text.
    fn single<'f>(
        &self,
        raw: &RawTerm,
        field: &'f RawField,
        mistakes: &mut Vec<RawMistake>,
    ) -> Option<(&'f Item, String)> {
        let mistake = |at, message: &str| RawMistake {
            at,
            message: message.to_owned(),
        };
        let [item] = field.items.as_slice() else {
            let message = if field.order.is_some() {
                "Compare with one value."
            } else {
                "Write one value. Several such terms must all hold."
            };
            mistakes.push(mistake(raw.body..raw.end, message));
            return None;
        };
        match &item.form {
            Form::Quoted(text) if text.trim().is_empty() => {
                mistakes.push(mistake(
                    item.start..item.end,
                    "Write a value between the quotation marks.",
                ));
                None
            }
            Form::Bare(text) | Form::Quoted(text) if !item.exact => Some((item, text.clone())),
            Form::Bare(_) | Form::Quoted(_) => {
                mistakes.push(mistake(item.start..item.end, "Leave the equals sign out."));
                None
            }
            Form::Regex(_) => {
                mistakes.push(mistake(
                    item.start..item.end,
                    "A regular expression cannot stand here. Write a plain value.",
                ));
                None
            }
            Form::Missing | Form::Broken => None,
        }
    }

    fn has(&self, raw: &RawTerm, field: &RawField, mistakes: &mut Vec<RawMistake>) -> Option<Test> {
        let (item, text) = self.single(raw, field, mistakes)?;
        let has = has_named(&text);
        if has.is_none() {
            mistakes.push(RawMistake {
                at: item.start..item.end,
                message: format!(
                    "{} cannot be asked for. Write data, problem, user, ip or template.",
                    cited(&text)
                ),
            });
        }
        has.map(Test::Has)
    }
}

/// A word means its text anywhere; stars at its ends, which say just that, are left aside.
pub(crate) fn word(text: &str) -> String {
    let core = text.trim_matches('*');
    let whole = core.is_empty() || core.contains('*');
    if whole { text } else { core }.to_owned()
}

/// `\/` is written for a slash only because slashes surround the expression.
fn without_escaped_slashes(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('/')) => {}
            ('\\', Some(next)) => {
                plain.push('\\');
                plain.push(next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// What `has:` can ask for.
pub(crate) const HAS: [(&str, Has); 5] = [
    ("data", Has::Data),
    ("problem", Has::Problem),
    ("user", Has::User),
    ("ip", Has::Ip),
    ("template", Has::Template),
];

fn has_named(text: &str) -> Option<Has> {
    HAS.iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text))
        .map(|(_, has)| *has)
}
