//! Where the terms of a filter text are: signs, names, quotation marks, slashes, commas. Byte positions.
//!
//! Each term is read by itself: nothing in front of it matters, and of what follows only whether there is anything
//! (see [`RawTerm::open`]). That is what makes it safe to cut one out or to put one in. Every character is looked at a
//! bounded number of times.
//!
//! What deliberately is not here: what a term means (`parse.rs`).

mod fields;
mod marks;

use std::ops::Range;

use crate::query::Field;
use marks::Slash;

/// A term as it stands in the text.
#[derive(Debug)]
pub(crate) struct RawTerm {
    /// Where it starts, its signs included.
    pub start: usize,
    pub end: usize,
    /// Where it starts without its signs.
    pub body: usize,
    pub negated: bool,
    pub off: bool,
    /// Text behind it would be taken for a part of it, or change what it means: an unclosed quotation mark, a sign at
    /// the very end. Only the last term can be so.
    pub open: bool,
    pub kind: RawKind,
    pub mistakes: Vec<RawMistake>,
}

#[derive(Debug)]
pub(crate) enum RawKind {
    /// As it stands.
    Word,
    /// In quotation marks; without them.
    Phrase(String),
    /// Between slashes.
    Regex(Range<usize>),
    /// A field with its values.
    Field(RawField),
    /// Nothing that can be understood; the mistakes say why.
    Nothing,
}

#[derive(Debug)]
pub(crate) struct RawField {
    pub field: Field,
    /// Members of the data.
    pub path: Vec<String>,
    pub order: Option<Order>,
    pub items: Vec<Item>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// One of the values behind a field's name.
#[derive(Debug)]
pub(crate) struct Item {
    pub start: usize,
    pub end: usize,
    /// `=` in front.
    pub exact: bool,
    pub form: Form,
}

#[derive(Debug)]
pub(crate) enum Form {
    Bare(String),
    Quoted(String),
    Regex(Range<usize>),
    /// Nothing between two commas, or at the end.
    Missing,
    /// Not readable; a mistake of the term says why.
    Broken,
}

#[derive(Debug)]
pub(crate) struct RawMistake {
    pub at: Range<usize>,
    pub message: String,
}

/// Cuts a text into its terms.
pub(crate) fn lex(text: &str) -> Vec<RawTerm> {
    let mut terms = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| !c.is_whitespace()).map(|skip| at + skip) {
        let term = Lexer { text }.term(start);
        at = term.end;
        terms.push(term);
    }
    terms
}

/// A quotation mark as a keyboard or a word processor writes it.
pub(crate) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

/// Text for a mistake: on one line and not too long.
pub(crate) fn cited(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut cited: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        cited.push('…');
    }
    cited
}

/// A text in quotation marks, as the language reads it back.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

struct Lexer<'a> {
    text: &'a str,
}

impl Lexer<'_> {
    fn char_at(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    fn is_boundary(&self, at: usize) -> bool {
        self.char_at(at).is_none_or(char::is_whitespace)
    }

    fn word_end(&self, at: usize) -> usize {
        self.text[at..]
            .find(char::is_whitespace)
            .map_or(self.text.len(), |length| at + length)
    }

    fn term(&self, start: usize) -> RawTerm {
        let mut term = RawTerm {
            start,
            end: start,
            body: start,
            negated: false,
            off: false,
            open: false,
            kind: RawKind::Nothing,
            mistakes: Vec::new(),
        };
        self.signs(&mut term);
        let body = term.body;
        match self.char_at(body) {
            None => {
                term.end = self.text.len();
                term.open = true;
                term.mistake(
                    start..term.end,
                    "Write behind this sign, without a blank, what it is about: -word leaves out, ~word is switched off.",
                );
            }
            Some(c) if is_quote(c) => self.phrase(&mut term),
            Some('/') => match self.slash(body, false) {
                Slash::Regex(inside, end) => {
                    term.end = end;
                    term.kind = RawKind::Regex(inside);
                }
                Slash::Word => self.word(&mut term),
                Slash::Open => self.open_regex(&mut term, body),
            },
            Some(_) => self.field_or_word(&mut term),
        }
        term
    }

    /// `-` and `~`, each once, in either order. `--text` is text, and so is a sign that stands by itself.
    fn signs(&self, term: &mut RawTerm) {
        while let Some(sign) = self.char_at(term.body) {
            let next = term.body + sign.len_utf8();
            let taken = match sign {
                '-' => !term.negated && !self.text[next..].starts_with('-'),
                '~' => !term.off,
                _ => false,
            };
            if !taken || self.char_at(next).is_some_and(char::is_whitespace) {
                return;
            }
            term.negated |= sign == '-';
            term.off |= sign == '~';
            term.body = next;
        }
    }

    fn word(&self, term: &mut RawTerm) {
        term.end = self.word_end(term.body);
        term.kind = RawKind::Word;
        let operator = match &self.text[term.body..term.end] {
            "OR" | "||" => {
                "or between terms is not available. Write tenant:a,b for one of several values, or /this|that/"
            }
            "AND" | "&&" => "Terms need no AND between them, all must hold. Leave it out",
            "NOT" => "Write a minus in front of what is to be left out, as in -tenant:contoso",
            _ => return,
        };
        let message = format!(
            "{}{}. To search for the word itself, write {}.",
            operator[..1].to_uppercase(),
            &operator[1..],
            quoted(&self.text[term.body..term.end])
        );
        term.mistake(term.body..term.end, message);
        term.kind = RawKind::Nothing;
    }

    fn phrase(&self, term: &mut RawTerm) {
        let quote = self.quote(term.body);
        term.end = quote.end;
        if !quote.closed {
            self.unclosed_quote(term, term.body, &quote.value);
            return;
        }
        if !self.is_boundary(quote.end) {
            self.glued(term);
            return;
        }
        if quote.value.is_empty() {
            term.mistake(
                term.body..term.end,
                "Write what to search for between the quotation marks.",
            );
            return;
        }
        term.kind = RawKind::Phrase(quote.value);
    }
}

impl RawTerm {
    fn mistake(&mut self, at: Range<usize>, message: impl Into<String>) {
        self.mistakes.push(RawMistake {
            at,
            message: message.into(),
        });
    }
}

/// Characters that the name of a member may have without quotation marks.
pub(crate) fn is_member_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '$' | '#')
}
