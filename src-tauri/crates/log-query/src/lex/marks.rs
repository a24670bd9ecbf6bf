//! Quotation marks and slashes: what they open, and where that ends.
//!
//! What deliberately is not here: what stands in front of them (`fields.rs`).

use std::ops::Range;

use super::{Lexer, RawTerm, cited, is_quote, quoted};

/// What a slash begins.
pub(super) enum Slash {
    /// A regular expression: its inside, and where it ends with its slash and flag.
    Regex(Range<usize>, usize),
    /// A path or any other text.
    Word,
    /// A regular expression that is not closed.
    Open,
}

/// What stands behind an opening quotation mark.
pub(super) struct Quote {
    pub value: String,
    pub end: usize,
    pub closed: bool,
}

impl Lexer<'_> {
    /// Reads from an opening quotation mark on. A straight one is closed by a straight one, and two of them are one
    /// that belongs to the text; a curved one is closed by any.
    pub(super) fn quote(&self, at: usize) -> Quote {
        let straight = self.text[at..].starts_with('"');
        let inside = at + self.char_at(at).map_or(0, char::len_utf8);
        let mut value = String::new();
        let mut from = inside;
        loop {
            let rest = &self.text[from..];
            let found = if straight { rest.find('"') } else { rest.find(is_quote) };
            let Some(length) = found else {
                value.push_str(rest);
                return Quote {
                    value,
                    end: self.text.len(),
                    closed: false,
                };
            };
            value.push_str(&rest[..length]);
            let close = from + length;
            let end = close + self.char_at(close).map_or(0, char::len_utf8);
            if straight && self.text[end..].starts_with('"') {
                value.push('"');
                from = end + 1;
                continue;
            }
            return Quote {
                value,
                end,
                closed: true,
            };
        }
    }

    pub(super) fn unclosed_quote(&self, term: &mut RawTerm, at: usize, value: &str) {
        term.end = self.text.len();
        term.open = true;
        let message = if value.trim().is_empty() {
            "Write what to search for, and a closing quotation mark.".to_owned()
        } else {
            format!("Close the quotation mark: {}.", quoted(&cited(value.trim_end())))
        };
        term.mistake(at..self.text.len(), message);
    }

    /// Something stands directly behind a closing quotation mark or slash: the term goes on to the next blank.
    pub(super) fn glued(&self, term: &mut RawTerm) {
        let from = term.end;
        term.end = self.word_end(from);
        term.mistake(
            from..term.end,
            "Write a blank behind the closing quotation mark or slash. A quotation mark inside a quoted text is written \
             twice.",
        );
    }

    pub(super) fn open_regex(&self, term: &mut RawTerm, at: usize) {
        term.end = self.text.len();
        term.open = true;
        let typed = self.text[at..].trim_end();
        let message = if typed == "/" {
            "Write a regular expression and a closing slash, as in /AADSTS\\d+/.".to_owned()
        } else {
            format!(
                "Close the regular expression with a slash: {}/. To search for the text itself, write {}.",
                cited(typed),
                quoted(&cited(typed))
            )
        };
        term.mistake(at..self.text.len(), message);
    }

    /// `/re/` with a blank, the end, or in a list a comma behind it; `/re/i`, since others write it. Several slashes
    /// within one word, as in `/subscriptions/1234/x`, are a path.
    pub(super) fn slash(&self, at: usize, in_list: bool) -> Slash {
        let inside = at + 1;
        let ends = |at: usize| self.is_boundary(at) || (in_list && self.text[at..].starts_with(','));
        match self.char_at(inside) {
            None => return Slash::Open,
            Some(c) if c == '/' || c.is_whitespace() || (in_list && c == ',') => return Slash::Word,
            Some(_) => {}
        }
        let (mut path, mut blank, mut regex_signs) = (false, false, false);
        let mut chars = self.text[inside..].char_indices();
        while let Some((offset, c)) = chars.next() {
            let here = inside + offset;
            match c {
                '\\' => {
                    regex_signs = true;
                    if chars.next().is_some_and(|(_, escaped)| escaped.is_whitespace()) {
                        if path {
                            return Slash::Word;
                        }
                        blank = true;
                    }
                }
                '/' if ends(here + 1) => return Slash::Regex(inside..here, here + 1),
                '/' if regex_signs && self.text[here + 1..].starts_with('i') && ends(here + 2) => {
                    return Slash::Regex(inside..here, here + 2);
                }
                '/' => path |= !blank,
                ',' if path && in_list => return Slash::Word,
                _ if c.is_whitespace() && path => return Slash::Word,
                _ => {
                    blank |= c.is_whitespace();
                    regex_signs |= blank || "^$|?*+()[]{}".contains(c);
                }
            }
        }
        if path { Slash::Word } else { Slash::Open }
    }
}
