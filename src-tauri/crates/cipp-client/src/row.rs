//! One row of the logbook: the JSON text exactly as CIPP sent it, and a lenient look inside.
//!
//! Here: the text, and its fields, each of them optional and of any type (facts: ListLogs 1.7, 1.8). Not here: what a
//! severity means, how rows are kept, or any conversion that could lose something. The text is never changed.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A row as sent. What is inside may be anything, even broken JSON: it is kept all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    raw: Box<str>,
    repaired: bool,
}

impl Row {
    /// A row from its JSON text, for example from an archive.
    pub fn from_raw(raw: Box<str>) -> Row {
        Row { raw, repaired: false }
    }

    /// A row from bytes off the wire. Bytes that are not UTF-8 become U+FFFD, and the row says so in its oddities.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Row {
        match std::str::from_utf8(bytes) {
            Ok(text) => Row {
                raw: text.into(),
                repaired: false,
            },
            Err(_) => Row {
                raw: String::from_utf8_lossy(bytes).into(),
                repaired: true,
            },
        }
    }

    /// The JSON text.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The JSON text, taken out.
    pub fn into_raw(self) -> Box<str> {
        self.raw
    }

    /// Whether bytes that were not UTF-8 had to be replaced by U+FFFD.
    pub fn repaired(&self) -> bool {
        self.repaired
    }

    /// The known fields, borrowed from the text wherever they need no unescaping.
    ///
    /// # Errors
    /// The text is not JSON, or not an object. The row is kept all the same and can be shown as text.
    pub fn fields(&self) -> Result<Fields<'_>, RowProblem> {
        let mut fields: Fields<'_> =
            serde_json::from_str(&self.raw).map_err(|error| RowProblem::of(&self.raw, &error))?;
        if self.repaired {
            fields.oddities.push("text encoding");
        }
        Ok(fields)
    }
}

/// Why a row has no fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct RowProblem {
    /// What is wrong with the text, without repeating it.
    pub detail: String,
}

impl RowProblem {
    fn of(raw: &str, error: &serde_json::Error) -> RowProblem {
        let begins = raw.trim_start().chars().next();
        RowProblem {
            detail: match begins {
                Some('{') => format!(
                    "This row is not valid JSON (line {}, column {}).",
                    error.line(),
                    error.column()
                ),
                Some('[') => "This row is a list, not an object.".into(),
                Some('"') => "This row is a text, not an object.".into(),
                _ => "This row is a single value, not an object.".into(),
            },
        }
    }
}

/// The known fields of a row. A field is `None` when it is missing or `null`.
#[derive(Debug, Clone, Default)]
pub struct Fields<'a> {
    /// `DateTime`: when the row was last written, not when the event was (facts: ListLogs 1.7). See [`parse_date_time`].
    pub date_time: Option<Cow<'a, str>>,
    /// `Tenant`: normally the tenant's default domain.
    pub tenant: Option<Cow<'a, str>>,
    /// `API`: the part of CIPP that wrote the row.
    pub api: Option<Cow<'a, str>>,
    /// `Message`: free text of any length, with line breaks.
    pub message: Option<Cow<'a, str>>,
    /// `User`: a UPN, an API client's name, or `CIPP` for jobs.
    pub user: Option<Cow<'a, str>>,
    /// `Severity`: as written, mixed case.
    pub severity: Option<Cow<'a, str>>,
    /// `TenantID`: a GUID or `None`.
    pub tenant_id: Option<Cow<'a, str>>,
    /// `AppId`: the API client that caused the row.
    pub app_id: Option<Cow<'a, str>>,
    /// `IP`: the address of the caller.
    pub ip: Option<Cow<'a, str>>,
    /// `RowKey`: the entry's ID, a GUID.
    pub row_key: Option<Cow<'a, str>>,
    /// `DateFilter`: the day key; may differ from the calendar day of `DateTime`.
    pub date_filter: Option<Cow<'a, str>>,
    /// `LogData`: any JSON.
    pub log_data: Option<&'a RawValue>,
    /// `StandardInfo` (lists) or `Standard` (single entries).
    pub standard_info: Option<&'a RawValue>,
    /// CIPP's names of fields that came with an unexpected type; their value is kept as JSON text. Also
    /// `text encoding` when bytes had to be replaced.
    pub oddities: Vec<&'static str>,
}

/// The members that are looked at; everything else is skipped and stays in the raw text.
#[derive(Deserialize)]
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
    StandardInfo,
    Standard,
    DateFilter,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'a>, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    // By hand and not derived: a key that comes twice must not cost the row.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Member>()? {
            let value: &'de RawValue = map.next_value()?;
            let odd = &mut fields.oddities;
            match key {
                Member::DateTime => fields.date_time = date_text(value, odd),
                Member::Tenant => fields.tenant = text(value, "Tenant", odd),
                Member::Api => fields.api = text(value, "API", odd),
                Member::Message => fields.message = text(value, "Message", odd),
                Member::User => fields.user = text(value, "User", odd),
                Member::Severity => fields.severity = text(value, "Severity", odd),
                Member::TenantId => fields.tenant_id = text(value, "TenantID", odd),
                Member::AppId => fields.app_id = text(value, "AppId", odd),
                Member::Ip => fields.ip = text(value, "IP", odd),
                Member::RowKey => fields.row_key = text(value, "RowKey", odd),
                Member::DateFilter => fields.date_filter = text(value, "DateFilter", odd),
                Member::LogData => fields.log_data = present(value),
                Member::StandardInfo | Member::Standard => {
                    fields.standard_info = present(value).or(fields.standard_info)
                }
                Member::Other => {}
            }
        }
        Ok(fields)
    }
}

fn present(value: &RawValue) -> Option<&RawValue> {
    (value.get() != "null").then_some(value)
}

/// The value as text: unescaped when it is a JSON text, else its JSON text and a note.
fn text<'a>(value: &'a RawValue, name: &'static str, oddities: &mut Vec<&'static str>) -> Option<Cow<'a, str>> {
    let json = value.get();
    if json == "null" {
        return None;
    }
    unescaped(json).or_else(|| {
        oddities.push(name);
        Some(Cow::Borrowed(json))
    })
}

fn unescaped(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    // Lone surrogates are legal JSON text and not UTF-8: such a value is kept as its JSON text.
    serde_json::from_str::<String>(json).ok().map(Cow::Owned)
}

/// `DateTime` may come as an object of date parts when the runtime hands over a wrapped value (facts: ListLogs 1.8).
fn date_text<'a>(value: &'a RawValue, oddities: &mut Vec<&'static str>) -> Option<Cow<'a, str>> {
    if !value.get().starts_with('{') {
        return text(value, "DateTime", oddities);
    }
    oddities.push("DateTime");
    let inside: serde_json::Map<String, serde_json::Value> = serde_json::from_str(value.get()).ok()?;
    inside.into_iter().find_map(|(_, value)| {
        value
            .as_str()
            .filter(|text| parse_date_time(text).is_some())
            .map(|text| Cow::Owned(text.to_owned()))
    })
}

/// The time that a `DateTime` text means. Lenient: any number of fractional digits, `Z` or an offset, `T` or a blank;
/// without an offset it is UTC, as CIPP writes it.
pub fn parse_date_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let short = with_nine_digits(text);
    if let Ok(timestamp) = short.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let civil: DateTime = short.parse().ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// The text with at most nine fractional digits, the most that a nanosecond clock can hold.
fn with_nine_digits(text: &str) -> Cow<'_, str> {
    let Some(dot) = text.find('.') else {
        return Cow::Borrowed(text);
    };
    let digits = text[dot + 1..].bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        0 => Cow::Owned(format!("{}{}", &text[..dot], &text[dot + 1..])),
        1..=9 => Cow::Borrowed(text),
        _ => Cow::Owned(format!("{}{}", &text[..dot + 10], &text[dot + 1 + digits..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        Row::from_raw(text.into())
    }

    const FULL: &str = r#"{"DateTime":"2026-08-08T00:35:13.1234567+00:00","Tenant":"contoso.com","API":"Standards","Message":"a \"b\"\nc","User":"CIPP","Severity":"Info","LogData":{"a":[1,2]},"TenantID":"None","AppId":null,"IP":null,"RowKey":"7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f","StandardInfo":{},"DateFilter":"20260808","New":1}"#;

    #[test]
    fn a_usual_row_is_borrowed_not_copied() {
        let row = row(FULL);
        let fields = row.fields().unwrap();
        assert!(matches!(fields.tenant, Some(Cow::Borrowed("contoso.com"))));
        assert_eq!(fields.message.as_deref(), Some("a \"b\"\nc"));
        assert_eq!(fields.log_data.unwrap().get(), r#"{"a":[1,2]}"#);
        assert_eq!(fields.standard_info.unwrap().get(), "{}");
        assert_eq!((fields.app_id, fields.ip), (None, None));
        assert!(fields.oddities.is_empty());
        assert_eq!(row.raw(), FULL);
    }

    #[test]
    fn odd_types_are_kept_as_json_and_named() {
        let row = row(
            r#"{"Tenant":{"x":1},"Message":["a"],"User":7,"Severity":true,"API":"","Standard":{"Template":null},"Message":12.50}"#,
        );
        let fields = row.fields().unwrap();
        assert_eq!(fields.tenant.as_deref(), Some(r#"{"x":1}"#));
        assert_eq!(fields.message.as_deref(), Some("12.50"), "the last of two wins");
        assert_eq!(fields.api.as_deref(), Some(""));
        assert_eq!(fields.standard_info.unwrap().get(), r#"{"Template":null}"#);
        assert_eq!(fields.oddities, ["Tenant", "Message", "User", "Severity", "Message"]);
    }

    #[test]
    fn a_wrapped_date_is_found_and_a_hopeless_one_noted() {
        let found = row(r#"{"DateTime":{"Kind":"Utc","value":"2026-08-08T00:35:13Z"}}"#);
        assert_eq!(
            found.fields().unwrap().date_time.as_deref(),
            Some("2026-08-08T00:35:13Z")
        );
        let hopeless = row(r#"{"DateTime":{"Year":2026}}"#);
        let fields = hopeless.fields().unwrap();
        assert_eq!((fields.date_time, fields.oddities), (None, vec!["DateTime"]));
    }

    #[test]
    fn a_row_that_is_no_object_has_a_problem_and_keeps_its_text() {
        for text in ["null", "3", "\"text\"", "[1]", "{\"a\":}", "{\"a\":1]", ""] {
            let row = row(text);
            assert!(!row.fields().unwrap_err().detail.is_empty());
            assert_eq!(row.raw(), text);
        }
    }

    #[test]
    fn log_data_200_kb_deep_is_no_problem() {
        let deep = format!(
            r#"{{"LogData":{}1{},"User":"a"}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert_eq!(row(&deep).fields().unwrap().user.as_deref(), Some("a"));
    }

    #[test]
    fn lone_surrogates_and_wrong_bytes_cost_nothing_but_a_note() {
        let surrogate = row(r#"{"Message":"\ud800","User":"a"}"#);
        let fields = surrogate.fields().unwrap();
        assert_eq!(fields.message.as_deref(), Some(r#""\ud800""#));
        assert_eq!(fields.oddities, ["Message"]);
        let wrong = Row::from_bytes(b"{\"User\":\"\xff\"}");
        let fields = wrong.fields().unwrap();
        assert_eq!(
            (fields.user.as_deref(), fields.oddities),
            (Some("\u{fffd}"), vec!["text encoding"])
        );
    }

    #[test]
    fn escaped_keys_are_the_same_keys() {
        assert_eq!(row(r#"{"U\u0073er":"a"}"#).fields().unwrap().user.as_deref(), Some("a"));
    }

    #[test]
    fn times_in_every_form_seen() {
        let at = parse_date_time("2026-08-08T00:35:13Z").unwrap();
        for same in [
            "2026-08-08T00:35:13.0000000+00:00",
            "2026-08-08T02:35:13+02:00",
            "2026-08-08 00:35:13Z",
            "2026-08-08T00:35:13",
            "2026-08-08T00:35:13.000000000000Z",
            "2026-08-08T00:35:13.Z",
        ] {
            assert_eq!(parse_date_time(same), Some(at), "{same}");
        }
        assert_eq!(
            parse_date_time("2026-08-08T00:35:13.1234567+00:00")
                .unwrap()
                .subsec_nanosecond(),
            123_456_700
        );
        for wrong in ["", "yesterday", "1754613313", "2026-13-08T00:00:00Z"] {
            assert_eq!(parse_date_time(wrong), None, "{wrong}");
        }
    }
}
