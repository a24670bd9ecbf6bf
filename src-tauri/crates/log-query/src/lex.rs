//! Where the terms of a filter text are: signs, names, quotation marks, slashes, commas. Byte positions.
//!
//! Each term is read by itself: nothing in front of it matters, and of what follows only whether there is anything
//! (see [`RawTerm::open`]). That is what makes it safe to cut one out or to put one in. Every character is looked at a
//! bounded number of times.
//!
//! What deliberately is not here: what a term means (`parse.rs`).

use std::net::Ipv6Addr;
use std::ops::Range;

use crate::names;
use crate::query::Field;

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

/// What a slash begins.
enum Slash {
    /// A regular expression: its inside, and where it ends with its slash and flag.
    Regex(Range<usize>, usize),
    /// A path or any other text.
    Word,
    /// A regular expression that is not closed.
    Open,
}

/// What stands behind an opening quotation mark.
struct Quote {
    value: String,
    end: usize,
    closed: bool,
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

    /// Reads from an opening quotation mark on. A straight one is closed by a straight one, and two of them are one
    /// that belongs to the text; a curved one is closed by any.
    fn quote(&self, at: usize) -> Quote {
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

    fn unclosed_quote(&self, term: &mut RawTerm, at: usize, value: &str) {
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
    fn glued(&self, term: &mut RawTerm) {
        let from = term.end;
        term.end = self.word_end(from);
        term.mistake(
            from..term.end,
            "Write a blank behind the closing quotation mark or slash. A quotation mark inside a quoted text is written \
             twice.",
        );
    }

    fn open_regex(&self, term: &mut RawTerm, at: usize) {
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
    fn slash(&self, at: usize, in_list: bool) -> Slash {
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

    fn field_or_word(&self, term: &mut RawTerm) {
        let body = term.body;
        if self.text[body..]
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case("data"))
            && self.text[body + 4..].starts_with(['.', '['])
        {
            return self.data_member(term);
        }
        let name_end = self.text[body..]
            .find(|c: char| !c.is_ascii_alphabetic() && c != '.')
            .map_or(self.text.len(), |length| body + length);
        let name = &self.text[body..name_end];
        let rest = &self.text[name_end..];
        match names::known(name) {
            Some(field) if !rest.starts_with("://") => {
                if !self.values(term, field, Vec::new(), name_end) {
                    self.word(term);
                }
            }
            None if rest.starts_with(':') && self.is_meant_as_field(name, name_end + 1, self.word_end(body)) => {
                self.unknown_field(term, name, name_end + 1);
            }
            _ => self.word(term),
        }
    }

    /// `data.To.Member`, `data."odd name".x`, `data.Items[0]`.
    fn data_member(&self, term: &mut RawTerm) {
        let mut at = term.body + 4;
        let mut path = Vec::new();
        let (mut missing, mut quoted) = (false, false);
        loop {
            let rest = &self.text[at..];
            if let Some((index, length)) = index(rest) {
                path.push(index.to_owned());
                at += length;
            } else if rest.starts_with(".\"") {
                let quote = self.quote(at + 1);
                if !quote.closed {
                    self.unclosed_quote(term, at + 1, &quote.value);
                    return;
                }
                quoted = true;
                path.push(quote.value);
                at = quote.end;
            } else if rest.starts_with('.') {
                let length = rest[1..].find(|c| !is_member_char(c)).unwrap_or(rest.len() - 1);
                missing |= length == 0;
                path.push(rest[1..=length].to_owned());
                at += length + 1;
            } else {
                break;
            }
        }
        if !self.values(term, Field::Data, path, at) {
            if !quoted {
                return self.word(term);
            }
            // As a word it would end at the first blank, within the quotation marks.
            term.end = self.word_end(at);
            term.mistake(
                term.body..term.end,
                "Write a colon and a value behind the name of the member, as in data.\"odd name\":text.",
            );
        } else if missing {
            term.mistake(
                term.body..at,
                "Write the name of a member behind the dot, as in data.NormalizedError:text.",
            );
        }
    }

    /// The operator and the values behind a name; false where there is no operator, and so no field.
    fn values(&self, term: &mut RawTerm, field: Field, path: Vec<String>, name_end: usize) -> bool {
        let rest = &self.text[name_end..];
        let orders = [
            (":>=", Order::AtLeast),
            (":<=", Order::AtMost),
            (":>", Order::Above),
            (":<", Order::Below),
            (">=", Order::AtLeast),
            ("<=", Order::AtMost),
            (">", Order::Above),
            ("<", Order::Below),
        ];
        let ordered = matches!(field, Field::Severity | Field::Time | Field::Day);
        let order = orders
            .iter()
            .find(|(sign, _)| rest.starts_with(sign) && (ordered || !sign.starts_with(':')));
        let (length, order) = match order {
            Some((sign, order)) => (sign.len(), Some(*order)),
            None if rest.starts_with(':') => (1, None),
            None => return self.equals(term, field, name_end),
        };
        let start = name_end + length;
        let items = self.items(term, start);
        if order.is_some() && !ordered {
            let sign = &self.text[name_end..start];
            term.mistake(
                name_end..start,
                format!(
                    "Only sev, time and day can be compared with {sign}. Write {}:{} to look for the text.",
                    cited(&self.text[term.body..name_end]),
                    cited(self.text[start..term.end].trim())
                ),
            );
        }
        term.kind = RawKind::Field(RawField {
            field,
            path,
            order,
            items,
        });
        true
    }

    /// `tenant=contoso` and `tenant!=contoso` as in other tools; false where neither stands.
    fn equals(&self, term: &mut RawTerm, field: Field, name_end: usize) -> bool {
        let rest = &self.text[name_end..];
        let (length, minus) = if rest.starts_with("==") {
            (2, "")
        } else if rest.starts_with("!=") {
            (2, "-")
        } else if rest.starts_with('=') {
            (1, "")
        } else {
            return false;
        };
        let name = cited(&self.text[term.body..name_end]);
        let start = name_end + length;
        self.items(term, start);
        let value = cited(&self.text[start..term.end]);
        let value = if value.is_empty() { "…" } else { &value };
        let whole = match field {
            Field::Severity | Field::Time | Field::Day | Field::Has => String::new(),
            _ => format!(", or {minus}{name}:={value} for the whole value"),
        };
        term.mistake(
            name_end..start,
            format!("Write a colon behind the name: {minus}{name}:{value}{whole}."),
        );
        true
    }

    /// Values up to a blank, with commas between them. Sets the end of the term.
    fn items(&self, term: &mut RawTerm, from: usize) -> Vec<Item> {
        let mut items = Vec::new();
        let mut start = from;
        loop {
            let exact = self.text[start..].starts_with('=');
            let value = start + usize::from(exact);
            let (form, end) = self.item(term, value, exact);
            items.push(Item {
                start,
                end,
                exact,
                form,
            });
            term.end = end;
            if self.text[end..].starts_with(',') {
                start = end + 1;
                continue;
            }
            if !self.is_boundary(end) {
                self.glued(term);
                if let Some(last) = items.last_mut() {
                    last.end = term.end;
                    last.form = Form::Broken;
                }
            }
            return items;
        }
    }

    fn item(&self, term: &mut RawTerm, at: usize, exact: bool) -> (Form, usize) {
        match self.char_at(at) {
            Some(c) if is_quote(c) => {
                let quote = self.quote(at);
                if quote.closed {
                    return (Form::Quoted(quote.value), quote.end);
                }
                self.unclosed_quote(term, at, &quote.value);
                return (Form::Broken, self.text.len());
            }
            Some('/') if !exact => match self.slash(at, true) {
                Slash::Regex(inside, end) => return (Form::Regex(inside), end),
                Slash::Open => {
                    self.open_regex(term, at);
                    return (Form::Broken, self.text.len());
                }
                Slash::Word => {}
            },
            _ => {}
        }
        let end = self.text[at..]
            .find(|c: char| c == ',' || c.is_whitespace())
            .map_or(self.text.len(), |length| at + length);
        if end == at {
            return (Form::Missing, end);
        }
        (Form::Bare(self.text[at..end].to_owned()), end)
    }

    /// Whether `name:rest` with a name that is none was meant for a field, and not as it stands: a web address, a
    /// drive, an IPv6 or hardware address, `Error: text`.
    fn is_meant_as_field(&self, name: &str, rest_start: usize, word_end: usize) -> bool {
        let word = &self.text[rest_start - name.len() - 1..word_end];
        let rest = &self.text[rest_start..word_end.max(rest_start)];
        let is_name = name.len() >= 2 && !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
        if !is_name || rest.starts_with("//") || rest.starts_with(['\\', ':']) || is_address(word) {
            return false;
        }
        if rest.is_empty() || rest.starts_with('/') {
            return names::nearest(name).is_some();
        }
        // Schemes of addresses that need no slashes, as in proxyAddresses.
        !["smtp", "sip", "spo", "eum", "mailto", "tel", "urn", "file", "about"]
            .iter()
            .any(|scheme| scheme.eq_ignore_ascii_case(name))
    }

    fn unknown_field(&self, term: &mut RawTerm, name: &str, value_start: usize) {
        self.items(term, value_start);
        let whole = cited(&self.text[term.body..term.end]);
        let rest = &self.text[value_start..term.end];
        let meant = if name.contains('.') {
            format!("Members of the data are written data.{}:{}. ", cited(name), cited(rest))
        } else if let Some(nearest) = names::nearest(name) {
            format!("Perhaps you mean {nearest}:{}. ", cited(rest))
        } else {
            "The fields are tenant, user, sev, api, message, data, time, day, ip, app, template, has. ".to_owned()
        };
        term.mistake(
            term.body..value_start - 1,
            format!(
                "There is no field called {}. {meant}To search for the text itself, write {}.",
                cited(name),
                quoted(whole.trim_matches(is_quote))
            ),
        );
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

/// `[12]` at the start of a text: the number, and how long it is with its brackets.
fn index(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix('[')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_index = digits > 0 && rest[digits..].starts_with(']');
    is_index.then(|| (&rest[..digits], digits + 2))
}

/// An IPv6 or hardware address, with a prefix length or zone behind it or not.
fn is_address(word: &str) -> bool {
    let address = word.split(['/', '%']).next().unwrap_or(word);
    if address.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let pairs = address.split(':');
    pairs.clone().count() >= 3 && pairs.clone().all(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))
}
