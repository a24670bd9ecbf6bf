//! Reading a filter text: what its terms mean, and what is wrong with those that mean nothing.
//!
//! What deliberately is not here: where a term begins and ends (`lex.rs`), and the words for people (`words.rs`).

use jiff::{Timestamp, tz::TimeZone};

use crate::lex::{self, Form, Item, Order, RawField, RawKind, RawMistake, RawTerm, cited};
use crate::names;
use crate::query::{Field, Has, Mistake, Pattern, Query, QueryRead, QueryTerm, Term, Test, TextField};
use crate::severity::SeverityFamily;
use crate::times::{self, Moment, TIME_HELP};
use crate::utf16::Utf16;
use crate::{regexes, words};

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

    fn severity(&mut self, raw: &RawTerm, field: &RawField, meaning: &mut Meaning, mistakes: &mut Vec<RawMistake>) {
        if let Some(order) = field.order {
            let Some(family) = self.single(raw, field, mistakes).and_then(|(item, text)| {
                let family = family_named(&text);
                if family.is_none_or(|family| family == SeverityFamily::Unknown) {
                    mistakes.push(unknown_severity(item, &text, family.is_some()));
                }
                family.filter(|family| *family != SeverityFamily::Unknown)
            }) else {
                return;
            };
            let families = compared(order, family);
            if families.is_empty() {
                mistakes.push(RawMistake {
                    at: raw.body..raw.end,
                    message: format!(
                        "No severity is {} {}. The order is critical, error, warning, alert, info, debug.",
                        if order == Order::Above { "above" } else { "below" },
                        words::severity(family)
                    ),
                });
                return;
            }
            meaning.shown = Some(words::compared(order, family));
            meaning.test = Some(Test::Severity(families));
            return;
        }
        let mut families = Vec::new();
        let mut spellings = Vec::new();
        for item in &field.items {
            match &item.form {
                Form::Bare(text) | Form::Quoted(text) if !item.exact && !text.contains(['*', '?']) => {
                    match family_named(text) {
                        Some(family) => families.push((item, family)),
                        None => return mistakes.push(unknown_severity(item, text, false)),
                    }
                }
                _ => match self.pattern(item, mistakes) {
                    Some(pattern) => spellings.push(pattern),
                    None => return,
                },
            }
        }
        if spellings.is_empty() {
            let mut families: Vec<SeverityFamily> = families.into_iter().map(|(_, family)| family).collect();
            families.sort();
            families.dedup();
            meaning.test = Some(Test::Severity(families));
            return;
        }
        for (item, family) in families {
            if family == SeverityFamily::Unknown {
                return mistakes.push(RawMistake {
                    at: item.start..item.end,
                    message: "unknown cannot stand beside a spelling. Write sev:unknown as a term of its own."
                        .to_owned(),
                });
            }
            spellings.extend(family.spellings().iter().map(|each| Pattern::Is((*each).to_owned())));
        }
        meaning.test = Some(Test::Text(TextField::SeverityText, spellings));
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

    fn time(&self, raw: &RawTerm, field: &RawField, meaning: &mut Meaning, mistakes: &mut Vec<RawMistake>) {
        let Some((item, text)) = self.single(raw, field, mistakes) else {
            return;
        };
        let zone = &self.context.zone;
        let mut read = |part: &str| -> Option<Option<Moment>> {
            if part.is_empty() {
                return Some(None);
            }
            let moment = times::moment(part, self.context);
            if moment.is_none() {
                mistakes.push(RawMistake {
                    at: item.start..item.end,
                    message: format!("{} is no time. {TIME_HELP}.", cited(part)),
                });
            }
            moment.map(Some)
        };
        let (from, before) = if let Some(order) = field.order {
            let Some(Some(moment)) = read(&text) else {
                return;
            };
            // A day or minute that was written counts as a whole: after it is after its end.
            let (from, before) = match order {
                Order::AtLeast => (Some(moment.at), None),
                Order::Above => (Some(moment.end), None),
                Order::AtMost => (None, Some(moment.end)),
                Order::Below => (None, Some(moment.at)),
            };
            (from, before)
        } else if let Some((from, before)) = text.split_once("..") {
            let Some((from, before)) = read(from.trim()).zip(read(before.trim())) else {
                return;
            };
            if let (Some(from), None) = (&from, &before) {
                meaning.shown = from.ago.as_ref().map(|ago| format!("the last {ago}"));
            }
            (from.map(|moment| moment.at), before.map(|moment| moment.at))
        } else {
            let Some(Some(moment)) = read(&text) else {
                return;
            };
            meaning.shown = match &moment.ago {
                Some(ago) => Some(format!("the last {ago}")),
                None => Some(moment.shown.clone()),
            };
            let before = moment.ago.is_none().then_some(moment.end);
            (Some(moment.at), before)
        };
        let message = match (from, before) {
            (None, None) => format!("Write when it begins or ends. {TIME_HELP}."),
            (Some(from), Some(before)) if from >= before => format!(
                "This range ends ({}) before it begins ({}). Write the earlier time first.",
                times::shown(before, zone),
                times::shown(from, zone)
            ),
            _ => {
                meaning.test = Some(Test::Time { from, before });
                return;
            }
        };
        mistakes.push(RawMistake {
            at: item.start..item.end,
            message,
        });
    }

    fn day(&self, raw: &RawTerm, field: &RawField, mistakes: &mut Vec<RawMistake>) -> Option<Test> {
        let (item, text) = self.single(raw, field, mistakes)?;
        let mut fail = |message: String| {
            mistakes.push(RawMistake {
                at: item.start..item.end,
                message,
            });
        };
        let mut read = |part: &str| {
            let date = times::day(part);
            if date.is_none() {
                fail(format!("{} is no day. Write it as 2026-11-20.", cited(part)));
            }
            date
        };
        let (from, to) = match (field.order, text.split_once("..")) {
            (Some(order), _) => {
                let date = read(&text)?;
                match order {
                    Order::AtLeast => (Some(date), None),
                    Order::Above => (Some(times::day_after(date)), None),
                    Order::AtMost => (None, Some(date)),
                    Order::Below => (None, Some(times::day_before(date))),
                }
            }
            (None, Some(("", ""))) => {
                fail("Write at least one of the two days, as in 2026-11-18..2026-11-20.".to_owned());
                return None;
            }
            (None, Some((from, ""))) => (Some(read(from)?), None),
            (None, Some(("", to))) => (None, Some(read(to)?)),
            (None, Some((from, to))) => (Some(read(from)?), Some(read(to)?)),
            (None, None) => {
                let date = read(&text)?;
                (Some(date), Some(date))
            }
        };
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            fail(format!(
                "This range ends ({to}) before it begins ({from}). Write the earlier day first."
            ));
            return None;
        }
        Some(Test::Day { from, to })
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

/// The family that a word of the language names.
pub(crate) fn family_named(text: &str) -> Option<SeverityFamily> {
    if text.trim().eq_ignore_ascii_case("unknown") {
        return Some(SeverityFamily::Unknown);
    }
    Some(crate::severity::family(text)).filter(|family| *family != SeverityFamily::Unknown)
}

fn unknown_severity(item: &Item, text: &str, known: bool) -> RawMistake {
    let message = if known {
        "unknown has no place in the order. Write sev:unknown.".to_owned()
    } else {
        let spellings = SeverityFamily::ALL
            .iter()
            .flat_map(|family| family.spellings().iter().map(move |spelling| (*spelling, *family)));
        let typed = text.to_ascii_lowercase();
        let begun = || {
            let begins = |spelling: &str| !typed.is_empty() && spelling.to_ascii_lowercase().starts_with(&typed);
            spellings
                .clone()
                .find(|(spelling, _)| begins(spelling))
                .map(|(_, family)| family)
        };
        let lower: Vec<(String, SeverityFamily)> = spellings
            .clone()
            .map(|(spelling, family)| (spelling.to_ascii_lowercase(), family))
            .collect();
        let nearest = begun().or_else(|| {
            names::closest(
                &typed,
                lower.iter().map(|(spelling, family)| (spelling.as_str(), *family)),
            )
        });
        let meant = nearest.map_or_else(String::new, |family| {
            format!("Perhaps you mean {}. ", words::severity(family))
        });
        format!(
            "{} is no severity. {meant}They are critical, error, warning, alert, info, debug and unknown; \
             sev:=\"{}\" asks for the spelling itself.",
            cited(text),
            cited(text)
        )
    };
    RawMistake {
        at: item.start..item.end,
        message,
    }
}

/// The families that a comparison leaves. `unknown` has no place in the order.
fn compared(order: Order, with: SeverityFamily) -> Vec<SeverityFamily> {
    SeverityFamily::ALL
        .into_iter()
        .filter(|family| *family != SeverityFamily::Unknown)
        // The families are ordered from the most urgent on, so that "less" is "more urgent".
        .filter(|family| match order {
            Order::AtLeast => *family <= with,
            Order::Above => *family < with,
            Order::AtMost => *family >= with,
            Order::Below => *family > with,
        })
        .collect()
}
