//! `name:value,value`: which names are meant as fields, and their values.
//!
//! What deliberately is not here: what a value means (`parse.rs`).

use std::net::Ipv6Addr;

use super::marks::Slash;
use super::{Form, Item, Lexer, Order, RawField, RawKind, RawTerm, cited, is_member_char, is_quote, quoted};
use crate::names;
use crate::query::Field;

impl Lexer<'_> {
    pub(super) fn field_or_word(&self, term: &mut RawTerm) {
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
            } else if let Some(member) = rest.strip_prefix('.') {
                let length = member.find(|c| !is_member_char(c)).unwrap_or(member.len());
                missing |= length == 0;
                path.push(member[..length].to_owned());
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
