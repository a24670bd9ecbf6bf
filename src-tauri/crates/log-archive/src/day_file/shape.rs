//! A row's JSON text, taken apart into typed values and a shape, and put together again byte for byte.
//!
//! The shape is the row's text with every value cut out that a column gives back, so that all rows of a day share a few
//! dozen shapes: order of the members, white space, unknown members and missing ones are all in it. Nothing here is
//! trusted: a row is put together again at once, and if a single byte differs its whole text is kept instead.
//!
//! What deliberately is not here: what the values mean (`log-index`), and Parquet.

use std::{collections::HashMap, fmt::Write as _};

use jiff::{Timestamp, tz::Offset};
use log_index::{NO_TIME, ReadRow};
use serde::{
    Deserialize, Deserializer as _,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Begins every mark in a shape. JSON text cannot contain it.
const MARK: char = '\u{1}';
/// Ends every value in the rest. JSON text cannot contain it.
const VALUE_END: char = '\u{1e}';
/// Values that no column gives back stay in the shape up to this length (`null`, `"None"`, `{}`, `true`).
const SHORT: usize = 6;
/// With so many shapes in a day, no further short values are kept in new ones ...
const MANY_SHAPES: usize = 1024;
/// ... and with so many, new ones are given up: the row's whole text is kept.
const MOST_SHAPES: usize = 4096;
/// A longer shape is no shape worth sharing.
const LONGEST_SHAPE: usize = 4096;

/// The values of a row, as its columns have them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    pub time: i64,
    /// In the order of [`Text`].
    pub texts: [&'a str; 9],
    pub log_data: &'a str,
    pub rest: &'a str,
}

/// The members that are kept as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Severity,
    Tenant,
    Api,
    User,
    TenantId,
    AppId,
    Ip,
    Message,
    RowKey,
}

const TEXT_MARKS: [(Text, char); 9] = [
    (Text::Severity, 's'),
    (Text::Tenant, 't'),
    (Text::Api, 'a'),
    (Text::User, 'u'),
    (Text::TenantId, 'i'),
    (Text::AppId, 'p'),
    (Text::Ip, 'o'),
    (Text::Message, 'm'),
    (Text::RowKey, 'k'),
];

/// How a text is written as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Nothing is escaped that need not be; control characters in lower-case hexadecimal digits.
    Least,
    /// As Newtonsoft.Json does, and with it PowerShell's `ConvertTo-Json`: also U+0085, U+2028 and U+2029.
    Newtonsoft,
    /// As System.Text.Json does: everything but harmless ASCII, in upper-case digits.
    SystemTextJson,
    /// The column holds the value's JSON text itself: it was sent as a number, a list ...
    Verbatim,
}

const STYLES: [(Style, char); 4] = [
    (Style::Least, 'l'),
    (Style::Newtonsoft, 'n'),
    (Style::SystemTextJson, 's'),
    (Style::Verbatim, 'v'),
];

/// What follows the digits of a time.
const SUFFIXES: [(&str, char); 3] = [("+00:00", '+'), ("Z", 'z'), ("", 'n')];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Text of the shape itself, from .. to.
    Own(usize, usize),
    Text(Text, Style),
    /// So many fractional digits, and what follows them.
    Time(u8, &'static str),
    LogData,
    Rest,
}

/// A shape, read.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    text: String,
    pieces: Vec<Piece>,
}

impl Shape {
    /// None: the text is no shape.
    pub(super) fn parse(text: &str) -> Option<Shape> {
        let mut pieces = Vec::new();
        let mut from = 0;
        while let Some(place) = text[from..].find(MARK) {
            let mark = from + place;
            if mark > from {
                pieces.push(Piece::Own(from, mark));
            }
            let mut marks = text[mark + MARK.len_utf8()..].chars();
            let piece = piece(&mut marks)?;
            pieces.push(piece);
            from = text.len() - marks.as_str().len();
        }
        if from < text.len() {
            pieces.push(Piece::Own(from, text.len()));
        }
        Some(Shape {
            text: text.to_owned(),
            pieces,
        })
    }

    /// Appends the row's text. None: the values do not fit the shape.
    pub(super) fn rebuild(&self, values: &Values<'_>, out: &mut String) -> Option<()> {
        let mut rest = values.rest;
        for piece in &self.pieces {
            match *piece {
                Piece::Own(from, to) => out.push_str(&self.text[from..to]),
                Piece::Text(text, style) => push_json(values.texts[text as usize], style, out),
                Piece::Time(digits, suffix) => push_time(values.time, digits, suffix, out)?,
                Piece::LogData => out.push_str(values.log_data),
                Piece::Rest => {
                    let (value, after) = rest.split_once(VALUE_END)?;
                    out.push_str(value);
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(())
    }
}

fn piece(marks: &mut std::str::Chars<'_>) -> Option<Piece> {
    match marks.next()? {
        'L' => Some(Piece::LogData),
        'R' => Some(Piece::Rest),
        'T' => {
            let digits = marks.next()?.to_digit(10)? as u8;
            let mark = marks.next()?;
            let (suffix, _) = SUFFIXES.into_iter().find(|(_, other)| *other == mark)?;
            Some(Piece::Time(digits, suffix))
        }
        mark => {
            let (text, _) = TEXT_MARKS.into_iter().find(|(_, other)| *other == mark)?;
            let style = marks.next()?;
            let (style, _) = STYLES.into_iter().find(|(_, other)| *other == style)?;
            Some(Piece::Text(text, style))
        }
    }
}

/// What a day file keeps of a row beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    pub shape: &'a str,
    pub rest: &'a str,
    /// The whole text, where the two do not give it back.
    pub raw: Option<&'a str>,
}

/// The shapes of the day so far.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    known: HashMap<String, Shape>,
    spans: Vec<Span>,
    shape: String,
    rest: String,
    rebuilt: String,
}

/// A member's value in the row's text.
#[derive(Clone, Copy, Debug)]
struct Span {
    member: Member,
    from: usize,
    to: usize,
}

impl Shapes {
    /// Takes a row apart, so that [`Shape::rebuild`] gives back exactly `raw`.
    pub(super) fn split<'a>(&'a mut self, raw: &'a str, row: &'a ReadRow<'_>) -> Split<'a> {
        if !self.fits(raw, row) {
            return Split {
                shape: "",
                rest: "",
                raw: Some(raw),
            };
        }
        Split {
            shape: &self.shape,
            rest: &self.rest,
            raw: None,
        }
    }

    /// Leaves shape and rest of the row in their fields.
    fn fits(&mut self, raw: &str, row: &ReadRow<'_>) -> bool {
        let values = Values {
            time: row.time,
            texts: [
                &row.severity,
                &row.tenant,
                &row.api,
                &row.user,
                &row.tenant_id,
                &row.app_id,
                &row.ip,
                &row.message,
                &row.row_key,
            ],
            log_data: row.log_data,
            rest: "",
        };
        if read_spans(raw, &mut self.spans).is_none() {
            // A row that is no object is kept whole as its own data.
            self.shape.clear();
            self.rest.clear();
            self.shape.extend([MARK, 'L']);
            return self.gives_back(raw, &values, MOST_SHAPES);
        }
        [(true, MANY_SHAPES), (false, MOST_SHAPES)]
            .into_iter()
            .any(|(keep_short, most)| {
                self.cut(raw, &values, keep_short);
                self.gives_back(raw, &values, most)
            })
    }

    fn cut(&mut self, raw: &str, values: &Values<'_>, keep_short: bool) {
        self.shape.clear();
        self.rest.clear();
        let mut from = 0;
        for span in &self.spans {
            self.shape.push_str(&raw[from..span.from]);
            from = span.to;
            let json = &raw[span.from..span.to];
            if mark(span.member, json, values, &mut self.rebuilt, &mut self.shape) {
                continue;
            }
            if keep_short && json.len() <= SHORT {
                self.shape.push_str(json);
            } else {
                self.shape.extend([MARK, 'R']);
                self.rest.push_str(json);
                self.rest.push(VALUE_END);
            }
        }
        self.shape.push_str(&raw[from..]);
    }

    fn gives_back(&mut self, raw: &str, values: &Values<'_>, most: usize) -> bool {
        if !self.known.contains_key(&self.shape) {
            if self.known.len() >= most || self.shape.len() > LONGEST_SHAPE {
                return false;
            }
            let Some(shape) = Shape::parse(&self.shape) else {
                return false;
            };
            self.known.insert(self.shape.clone(), shape);
        }
        let Some(shape) = self.known.get(&self.shape) else {
            return false;
        };
        let values = Values {
            rest: &self.rest,
            ..*values
        };
        self.rebuilt.clear();
        shape.rebuild(&values, &mut self.rebuilt).is_some() && self.rebuilt == raw
    }
}

/// Appends the mark that stands for this value, if a column gives it back.
fn mark(member: Member, json: &str, values: &Values<'_>, scratch: &mut String, shape: &mut String) -> bool {
    let text = match member {
        Member::DateTime => return mark_time(json, values.time, scratch, shape),
        Member::LogData => {
            if values.log_data.is_empty() || json != values.log_data {
                return false;
            }
            shape.extend([MARK, 'L']);
            return true;
        }
        Member::Severity => Text::Severity,
        Member::Tenant => Text::Tenant,
        Member::Api => Text::Api,
        Member::User => Text::User,
        Member::TenantId => Text::TenantId,
        Member::AppId => Text::AppId,
        Member::Ip => Text::Ip,
        Member::Message => Text::Message,
        Member::RowKey => Text::RowKey,
        Member::Other => return false,
    };
    let Some(style) = style_of(json, values.texts[text as usize], scratch) else {
        return false;
    };
    shape.extend([MARK, TEXT_MARKS[text as usize].1, STYLES[style as usize].1]);
    true
}

fn style_of(json: &str, text: &str, scratch: &mut String) -> Option<Style> {
    if !json.starts_with('"') {
        return (json == text).then_some(Style::Verbatim);
    }
    let inner = json.get(1..json.len().checked_sub(1)?)?;
    if !inner.contains('\\') {
        return (inner == text).then_some(Style::Least);
    }
    if json == text {
        // A text that cannot be unescaped (a lone surrogate) is kept as its JSON text.
        return Some(Style::Verbatim);
    }
    [Style::Least, Style::Newtonsoft, Style::SystemTextJson]
        .into_iter()
        .find(|style| {
            scratch.clear();
            push_json(text, *style, scratch);
            scratch == json
        })
}

/// `"2026-08-08T00:35:13.1234567+00:00"` and its relatives in UTC.
fn mark_time(json: &str, time: i64, scratch: &mut String, shape: &mut String) -> bool {
    const SECONDS: usize = "\"2026-08-08T00:35:13".len();
    let Some(after) = json.get(SECONDS..).and_then(|after| after.strip_suffix('"')) else {
        return false;
    };
    let digits = match after.strip_prefix('.') {
        Some(fraction) => fraction.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let suffix = &after[if digits == 0 { 0 } else { 1 + digits }..];
    let Some((suffix, sign)) = SUFFIXES.into_iter().find(|(other, _)| *other == suffix) else {
        return false;
    };
    let Ok(digits) = u8::try_from(digits) else {
        return false;
    };
    scratch.clear();
    if digits > 9 || push_time(time, digits, suffix, scratch).is_none() || scratch != json {
        return false;
    }
    shape.extend([MARK, 'T', char::from(b'0' + digits), sign]);
    true
}

fn push_time(time: i64, digits: u8, suffix: &str, out: &mut String) -> Option<()> {
    const SECOND: i64 = 1_000_000_000;
    if time == NO_TIME {
        return None;
    }
    let moment = Timestamp::from_second(time.div_euclid(SECOND)).ok()?;
    let moment = Offset::UTC.to_datetime(moment);
    let number = |out: &mut String, value: u32, width: u32| {
        for place in (0..width).rev() {
            out.push(char::from(b'0' + (value / 10_u32.pow(place) % 10) as u8));
        }
    };
    out.push('"');
    number(out, u32::try_from(moment.year()).ok()?, 4);
    for (before, value) in [
        ('-', moment.month()),
        ('-', moment.day()),
        ('T', moment.hour()),
        (':', moment.minute()),
        (':', moment.second()),
    ] {
        out.push(before);
        number(out, value.unsigned_abs().into(), 2);
    }
    if digits > 0 {
        let cut = 10_u32.checked_pow(9_u32.checked_sub(digits.into())?)?;
        out.push('.');
        number(out, time.rem_euclid(SECOND) as u32 / cut, digits.into());
    }
    out.push_str(suffix);
    out.push('"');
    Some(())
}

fn push_json(text: &str, style: Style, out: &mut String) {
    if style == Style::Verbatim {
        out.push_str(text);
        return;
    }
    out.push('"');
    let mut from = 0;
    for (place, character) in text.char_indices().filter(|(_, c)| must_escape(*c, style)) {
        out.push_str(&text[from..place]);
        from = place + character.len_utf8();
        escape(character, style, out);
    }
    out.push_str(&text[from..]);
    out.push('"');
}

fn must_escape(character: char, style: Style) -> bool {
    let always = matches!(character, '"' | '\\' | '\0'..='\u{1f}');
    always
        || match style {
            Style::Least | Style::Verbatim => false,
            Style::Newtonsoft => matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}'),
            Style::SystemTextJson => {
                !character.is_ascii() || matches!(character, '&' | '\'' | '+' | '<' | '>' | '`' | '\u{7f}')
            }
        }
}

fn escape(character: char, style: Style, out: &mut String) {
    let short = match character {
        '"' if style == Style::SystemTextJson => None,
        '"' => Some('"'),
        '\\' => Some('\\'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    };
    if let Some(short) = short {
        out.extend(['\\', short]);
        return;
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a text cannot fail.
        let _ = match style {
            Style::SystemTextJson => write!(out, "\\u{unit:04X}"),
            _ => write!(out, "\\u{unit:04x}"),
        };
    }
}

/// The members that have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(field_identifier)]
enum Member {
    DateTime,
    Tenant,
    #[serde(rename = "API")]
    Api,
    Message,
    User,
    Severity,
    LogData,
    #[serde(rename = "TenantID")]
    TenantId,
    AppId,
    #[serde(rename = "IP")]
    Ip,
    RowKey,
    #[serde(other)]
    Other,
}

/// Where the values of the row's members are, in the order of the text. None: the text is no JSON object.
fn read_spans(raw: &str, spans: &mut Vec<Span>) -> Option<()> {
    spans.clear();
    let mut json = serde_json::Deserializer::from_str(raw);
    json.deserialize_map(SpanVisitor { raw, spans }).ok()?;
    json.end().ok()
}

struct SpanVisitor<'a> {
    raw: &'a str,
    spans: &'a mut Vec<Span>,
}

impl<'de> Visitor<'de> for SpanVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key::<Member>()? {
            let value: &'de RawValue = map.next_value()?;
            // The value is borrowed from the very text.
            let from = (value.get().as_ptr() as usize).wrapping_sub(self.raw.as_ptr() as usize);
            let to = from.wrapping_add(value.get().len());
            self.spans.push(Span { member, from, to });
        }
        Ok(())
    }
}
