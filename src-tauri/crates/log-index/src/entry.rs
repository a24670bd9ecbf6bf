//! What is in a row: its fields as the index and the day file keep them, and the row opened in full.
//!
//! What deliberately is not here: how rows are kept in memory (`segment.rs`), and reading JSON fields (`cipp-client`).

use std::borrow::Cow;

use cipp_client::Row;
use jiff::Timestamp;
use log_query::{SeverityFamily, family};
use serde::Deserialize;

use crate::{
    columns::NO_TIME,
    wire::{LogEntry, LogRow, RowId},
};

/// How much of a message a list row carries, in characters; the rest is shown when the row is opened.
const SHOWN_MESSAGE_CHARS: usize = 400;

/// A row's fields as both the index and the day file keep them. Texts are empty where CIPP sent none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow<'a> {
    /// When CIPP last wrote the row, nanoseconds since 1970 UTC, or [`NO_TIME`].
    pub time: i64,
    /// `Severity` as written.
    pub severity: Cow<'a, str>,
    /// `Tenant` as written.
    pub tenant: Cow<'a, str>,
    /// `API`.
    pub api: Cow<'a, str>,
    /// `User`.
    pub user: Cow<'a, str>,
    /// `TenantID`; empty for `None`, which CIPP writes for nearly all rows.
    pub tenant_id: Cow<'a, str>,
    /// `AppId`.
    pub app_id: Cow<'a, str>,
    /// `IP`.
    pub ip: Cow<'a, str>,
    /// `Message`, whole.
    pub message: Cow<'a, str>,
    /// `RowKey`.
    pub row_key: Cow<'a, str>,
    /// The name of the standard's template.
    pub template: Cow<'a, str>,
    /// `LogData` as JSON text, empty where it says nothing (`""`, `null`, `{}`). For a row that is no JSON object its
    /// whole text, so that it is found all the same.
    pub log_data: &'a str,
    /// What is odd about the row, in a sentence.
    pub problem: Option<String>,
}

impl ReadRow<'_> {
    /// Reads a row. No row is refused: one that is no JSON object has no fields, a problem, and its text as data.
    pub fn of(row: &Row) -> ReadRow<'_> {
        let fields = match row.fields() {
            Ok(fields) => fields,
            Err(problem) => {
                return ReadRow {
                    problem: Some(unreadable(&problem.detail)),
                    log_data: row.raw(),
                    ..ReadRow::empty()
                };
            }
        };
        let time = fields.date_time.as_deref().and_then(cipp_client::parse_date_time);
        ReadRow {
            time: time.map_or(NO_TIME, nanoseconds),
            problem: describe_problem(time.is_some(), fields.date_time.as_deref(), &fields.oddities),
            template: fields
                .standard_info
                .map(|info| template(info.get()))
                .unwrap_or_default(),
            log_data: fields.log_data.map_or("", |data| said(data.get())),
            severity: fields.severity.unwrap_or_default(),
            tenant: fields.tenant.unwrap_or_default(),
            api: fields.api.unwrap_or_default(),
            user: fields.user.unwrap_or_default(),
            tenant_id: fields.tenant_id.filter(|id| id != "None").unwrap_or_default(),
            app_id: fields.app_id.unwrap_or_default(),
            ip: fields.ip.unwrap_or_default(),
            message: fields.message.unwrap_or_default(),
            row_key: fields.row_key.unwrap_or_default(),
        }
    }

    fn empty() -> ReadRow<'static> {
        ReadRow {
            time: NO_TIME,
            severity: Cow::Borrowed(""),
            tenant: Cow::Borrowed(""),
            api: Cow::Borrowed(""),
            user: Cow::Borrowed(""),
            tenant_id: Cow::Borrowed(""),
            app_id: Cow::Borrowed(""),
            ip: Cow::Borrowed(""),
            message: Cow::Borrowed(""),
            row_key: Cow::Borrowed(""),
            template: Cow::Borrowed(""),
            log_data: "",
            problem: None,
        }
    }
}

impl LogEntry {
    /// Reads a whole row. A row that is no JSON object still shows its raw text and says what is wrong with it.
    pub fn read(id: RowId, row: &Row) -> LogEntry {
        let read = ReadRow::of(row);
        let shown = LogRow {
            id,
            time: time_text(read.time),
            severity: family(&read.severity),
            severity_text: read.severity.into_owned(),
            tenant: read.tenant.into_owned(),
            user: read.user.into_owned(),
            api: read.api.into_owned(),
            message: read.message.into_owned(),
            day: id.day.iso(),
            problem: read.problem,
        };
        let Ok(fields) = row.fields() else {
            return LogEntry::unread(shown, row);
        };
        let kept = |field: Option<Cow<'_, str>>| field.map(Cow::into_owned);
        let json = |value: Option<&serde_json::value::RawValue>| {
            value
                .map(|value| said(value.get()))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        LogEntry {
            row: shown,
            ip: kept(fields.ip),
            app_id: kept(fields.app_id),
            template: Some(read.template.into_owned()).filter(|name| !name.is_empty()),
            tenant_id: kept(fields.tenant_id),
            row_key: kept(fields.row_key),
            date_filter: kept(fields.date_filter),
            log_data: json(fields.log_data),
            standard_info: json(fields.standard_info),
            raw: row.raw().to_owned(),
            oddities: fields.oddities.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    fn unread(shown: LogRow, row: &Row) -> LogEntry {
        LogEntry {
            row: shown,
            ip: None,
            app_id: None,
            template: None,
            tenant_id: None,
            row_key: None,
            date_filter: None,
            log_data: None,
            standard_info: None,
            raw: row.raw().to_owned(),
            oddities: Vec::new(),
        }
    }
}

/// The name of the template in a row's `StandardInfo` (facts: ListLogs 1.7); empty where there is none, or where the
/// template was deleted and CIPP sends null.
fn template(info: &str) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct StandardInfo<'a> {
        #[serde(rename = "Template", borrow)]
        template: Option<&'a serde_json::value::RawValue>,
    }
    // A list would be read as the members in their order.
    if !info.starts_with('{') || !info.contains("Template") {
        return Cow::Borrowed("");
    }
    let name = serde_json::from_str::<StandardInfo<'_>>(info)
        .ok()
        .and_then(|info| serde_json::from_str::<String>(info.template?.get()).ok());
    name.map(Cow::Owned).unwrap_or_default()
}

/// The JSON text, or nothing where it says nothing: CIPP sends `""`, `null` or `{}` for "no data".
fn said(json: &str) -> &str {
    match json.trim() {
        "" | "\"\"" | "null" | "{}" => "",
        _ => json,
    }
}

fn nanoseconds(time: Timestamp) -> i64 {
    // A year that nanoseconds do not reach is kept as near as they do, without becoming the mark for "no time".
    time.as_nanosecond()
        .clamp(i128::from(NO_TIME + 1), i128::from(i64::MAX)) as i64
}

/// The sentence for a row that is no JSON object.
fn unreadable(detail: &str) -> String {
    format!("{detail} Its text is kept as CIPP sent it.")
}

/// The sentence for what is odd about a row that could be read; none where nothing is.
fn describe_problem(has_time: bool, date_time: Option<&str>, oddities: &[&str]) -> Option<String> {
    let mut sentences = Vec::new();
    if !has_time {
        sentences.push(match date_time {
            Some(text) => format!("Its time could not be read: \u{201c}{}\u{201d}.", one_line(text, 40)),
            None => "It came without a time.".to_owned(),
        });
    }
    if !oddities.is_empty() {
        sentences.push(format!("Not sent as text: {}.", oddities.join(", ")));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// A time kept as nanoseconds since 1970, as ISO text in UTC; none for [`NO_TIME`].
pub(crate) fn time_text(nanoseconds: i64) -> Option<String> {
    if nanoseconds == NO_TIME {
        return None;
    }
    Timestamp::from_nanosecond(i128::from(nanoseconds))
        .ok()
        .map(|time| time.to_string())
}

/// The family's name as it crosses the wire: camel case.
pub(crate) fn family_name(family: SeverityFamily) -> &'static str {
    match family {
        SeverityFamily::Critical => "critical",
        SeverityFamily::Error => "error",
        SeverityFamily::Warning => "warning",
        SeverityFamily::Alert => "alert",
        SeverityFamily::Info => "info",
        SeverityFamily::Debug => "debug",
        SeverityFamily::Unknown => "unknown",
    }
}

/// A message as the list shows it.
pub(crate) fn shown_message(message: String) -> String {
    // Nearly every message is one short line already.
    if message.len() <= SHOWN_MESSAGE_CHARS && is_plain_line(message.as_bytes()) {
        return message;
    }
    one_line(&message, SHOWN_MESSAGE_CHARS)
}

/// Whether this is ASCII text that [`one_line`] would leave as it is.
fn is_plain_line(text: &[u8]) -> bool {
    let mut before = b' ';
    for byte in text {
        if !(b' '..0x7F).contains(byte) || (*byte == b' ' && before == b' ') {
            return false;
        }
        before = *byte;
    }
    before != b' ' || text.is_empty()
}

/// The text on one line (runs of white space and control characters become one blank), cut to `chars` characters.
fn one_line(text: &str, chars: usize) -> String {
    let mut line = String::with_capacity(text.len().min(chars));
    let mut left = chars;
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            if left == 0 {
                line.push('\u{2026}');
                return line;
            }
            line.push(' ');
            left -= 1;
        }
        for c in word.chars() {
            if left == 0 {
                line.push('\u{2026}');
                return line;
            }
            line.push(c);
            left -= 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use cipp_client::Day;

    use super::*;

    fn entry(raw: &str) -> LogEntry {
        let day: Day = "20260808".parse().unwrap();
        LogEntry::read(RowId { day, key: 7 }, &Row::from_raw(raw.into()))
    }

    #[test]
    fn a_whole_row_is_shown_with_its_exact_time() {
        let entry = entry(
            r#"{"DateTime":"2026-08-08T02:35:13.1234567+02:00","Tenant":"contoso.example","API":"AddUser","Message":"a\nb","User":"anna@msp.example","Severity":"Warn","LogData":{"a":1},"TenantID":"None","AppId":null,"IP":"192.0.2.1","RowKey":"k","StandardInfo":{},"DateFilter":"20260808"}"#,
        );
        assert_eq!(entry.row.time.as_deref(), Some("2026-08-08T00:35:13.1234567Z"));
        assert_eq!(entry.row.severity, SeverityFamily::Warning);
        assert_eq!(entry.row.severity_text, "Warn");
        assert_eq!(entry.row.message, "a\nb", "an opened row shows the message unchanged");
        assert_eq!(entry.row.day, "2026-08-08");
        assert_eq!(entry.log_data.as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(entry.standard_info, None);
        assert_eq!(entry.app_id, None);
        assert_eq!(entry.row.problem, None);
    }

    #[test]
    fn data_that_says_nothing_is_no_data() {
        for nothing in [r#""""#, "null", "{}"] {
            assert_eq!(entry(&format!(r#"{{"LogData":{nothing}}}"#)).log_data, None);
        }
        assert_eq!(entry(r#"{"LogData":"text"}"#).log_data.as_deref(), Some(r#""text""#));
        assert_eq!(entry(r#"{"LogData":0}"#).log_data.as_deref(), Some("0"));
    }

    #[test]
    fn a_row_that_is_no_object_keeps_its_text_and_is_found_by_it() {
        let raw = r#""just a text""#;
        let entry = entry(raw);
        assert_eq!((entry.raw.as_str(), entry.log_data), (raw, None));
        assert!(entry.row.problem.is_some());
        let row = Row::from_raw(raw.into());
        assert_eq!(ReadRow::of(&row).log_data, raw);
    }

    #[test]
    fn a_template_is_found_and_nothing_odd_costs_the_row() {
        for (info, name) in [
            (r#"{"Template":"Baseline","Standard":"x"}"#, "Baseline"),
            (r#"{"Template":null,"IntunePolicy":"Defender"}"#, ""),
            (r#"{"Template":{"a":1}}"#, ""),
            (r#"{"Templates":"x"}"#, ""),
            (r#"["Template"]"#, ""),
        ] {
            let raw = format!(r#"{{"StandardInfo":{info}}}"#);
            assert_eq!(ReadRow::of(&Row::from_raw(raw.into())).template, name, "{info}");
        }
    }

    #[test]
    fn a_tenant_id_that_says_none_is_none_for_the_index_and_kept_in_the_entry() {
        let raw = r#"{"TenantID":"None"}"#;
        assert_eq!(ReadRow::of(&Row::from_raw(raw.into())).tenant_id, "");
        assert_eq!(entry(raw).tenant_id.as_deref(), Some("None"));
    }

    #[test]
    fn a_list_message_is_one_short_line() {
        assert_eq!(shown_message("a\r\n  b\tc\u{0}d".into()), "a b c d");
        let long = shown_message("é".repeat(1000));
        assert_eq!(long.chars().count(), SHOWN_MESSAGE_CHARS + 1);
        assert!(long.ends_with('\u{2026}'));
        for text in ["", " ", "a", " a", "a ", "a b", "a  b", "a\u{7F}b", "\u{A0}a", "é b"] {
            assert_eq!(
                shown_message(text.into()),
                one_line(text, SHOWN_MESSAGE_CHARS),
                "{text:?}"
            );
        }
        let most = "a".repeat(SHOWN_MESSAGE_CHARS);
        assert_eq!(shown_message(most.clone()), most);
        assert_eq!(shown_message(format!("{most}b")), format!("{most}\u{2026}"));
    }
}
