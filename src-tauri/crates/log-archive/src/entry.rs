//! Entries: what a row shows in the list, and what it shows when it is opened.
//!
//! These types cross to the UI as they are. How rows are kept in memory is `loaded_log.rs`'s business.

use cipp_client::{Day, Row};
use jiff::Timestamp;
use serde::Serialize;
use specta::Type;

use crate::severity::{SeverityFamily, family};

/// How much of a message a list row carries, in characters; the rest is shown when the row is opened.
const SHOWN_MESSAGE_CHARS: usize = 400;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    /// The row's number within its view. It stays the same while days arrive and filters change.
    pub index: u32,
    /// When CIPP last wrote the row, ISO 8601 in UTC with as many fractional digits as were sent; none where the row
    /// has no readable time. It is the table's time of change, not always the event's.
    pub time: Option<String>,
    /// What the severity means.
    pub severity: SeverityFamily,
    /// The severity as CIPP wrote it.
    pub severity_text: String,
    /// The tenant as CIPP wrote it: a domain, or one of CIPP's own words such as `None` or `AllTenants`.
    pub tenant: String,
    /// Who did it: a user name, an API client's name, or `CIPP` for background jobs.
    pub user: String,
    /// The part of CIPP that wrote the row.
    pub api: String,
    /// The message on one line, cut to 400 characters.
    pub message: String,
    /// The day of log that was asked for when this row came, `yyyy-MM-dd` in the time zone of the CIPP instance.
    pub day: String,
    /// What is odd about the row, in a sentence; none for nearly all rows.
    pub problem: Option<String>,
}

/// A row that was opened: everything CIPP sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The row as in the list, but with the whole message.
    #[serde(flatten)]
    pub row: LogRow,
    /// The caller's address.
    pub ip: Option<String>,
    /// The API client that caused the row.
    pub app_id: Option<String>,
    /// The tenant's id; CIPP writes `None` here for nearly all rows.
    pub tenant_id: Option<String>,
    /// CIPP's own id of the row.
    pub row_key: Option<String>,
    /// CIPP's own day key of the row, `yyyyMMdd`.
    pub date_filter: Option<String>,
    /// The row's data as JSON text; none when CIPP sent nothing, an empty text or null.
    pub log_data: Option<String>,
    /// The standard that caused the row, as JSON text; none when CIPP sent an empty object.
    pub standard_info: Option<String>,
    /// The row exactly as CIPP sent it.
    pub raw: String,
    /// Fields that came with an unexpected type.
    pub oddities: Vec<String>,
}

/// Some consecutive rows of a filtered view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// Rows loaded so far.
    pub total: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// Position of the first row of this page among the matching ones.
    pub offset: u32,
    /// The rows, newest first.
    pub rows: Vec<LogRow>,
}

/// How many rows a filter leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogCounts {
    /// Rows loaded so far.
    pub total: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// The matching rows by severity.
    pub by_severity: SeverityCounts,
}

/// Rows by severity family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is the family it is named after")]
pub struct SeverityCounts {
    pub critical: u32,
    pub error: u32,
    pub warning: u32,
    pub alert: u32,
    pub info: u32,
    pub debug: u32,
    pub unknown: u32,
}

impl SeverityCounts {
    /// Counts one row.
    pub fn add(&mut self, family: SeverityFamily) {
        *self.slot(family) += 1;
    }

    fn slot(&mut self, family: SeverityFamily) -> &mut u32 {
        match family {
            SeverityFamily::Critical => &mut self.critical,
            SeverityFamily::Error => &mut self.error,
            SeverityFamily::Warning => &mut self.warning,
            SeverityFamily::Alert => &mut self.alert,
            SeverityFamily::Info => &mut self.info,
            SeverityFamily::Debug => &mut self.debug,
            SeverityFamily::Unknown => &mut self.unknown,
        }
    }
}

impl LogEntry {
    /// Reads a whole row. A row that is no JSON object still shows its raw text and says what is wrong with it.
    pub(crate) fn read(index: u32, day: Day, row: &Row) -> LogEntry {
        let raw = row.raw().to_owned();
        let mut shown = LogRow {
            index,
            time: None,
            severity: SeverityFamily::Unknown,
            severity_text: String::new(),
            tenant: String::new(),
            user: String::new(),
            api: String::new(),
            message: String::new(),
            day: day.iso(),
            problem: None,
        };
        let fields = match row.fields() {
            Ok(fields) => fields,
            Err(problem) => {
                shown.problem = Some(unreadable(&problem.detail));
                return LogEntry {
                    row: shown,
                    raw,
                    ..LogEntry::empty()
                };
            }
        };
        let text = |field: &Option<std::borrow::Cow<'_, str>>| field.as_deref().unwrap_or_default().to_owned();
        let kept = |field: &Option<std::borrow::Cow<'_, str>>| field.as_deref().map(str::to_owned);
        let time = fields.date_time.as_deref().and_then(cipp_client::parse_date_time);
        shown.problem = describe_problem(time.is_some(), fields.date_time.as_deref(), &fields.oddities);
        shown.time = time.map(|time| time.to_string());
        shown.severity_text = text(&fields.severity);
        shown.severity = family(&shown.severity_text);
        shown.tenant = text(&fields.tenant);
        shown.user = text(&fields.user);
        shown.api = text(&fields.api);
        shown.message = text(&fields.message);
        LogEntry {
            row: shown,
            ip: kept(&fields.ip),
            app_id: kept(&fields.app_id),
            tenant_id: kept(&fields.tenant_id),
            row_key: kept(&fields.row_key),
            date_filter: kept(&fields.date_filter),
            log_data: fields
                .log_data
                .map(|data| data.get())
                .filter(|data| !says_nothing(data))
                .map(str::to_owned),
            standard_info: fields
                .standard_info
                .map(|info| info.get())
                .filter(|info| !says_nothing(info))
                .map(str::to_owned),
            oddities: fields.oddities.iter().map(|field| (*field).to_owned()).collect(),
            raw,
        }
    }

    fn empty() -> LogEntry {
        LogEntry {
            row: LogRow {
                index: 0,
                time: None,
                severity: SeverityFamily::Unknown,
                severity_text: String::new(),
                tenant: String::new(),
                user: String::new(),
                api: String::new(),
                message: String::new(),
                day: String::new(),
                problem: None,
            },
            ip: None,
            app_id: None,
            tenant_id: None,
            row_key: None,
            date_filter: None,
            log_data: None,
            standard_info: None,
            raw: String::new(),
            oddities: Vec::new(),
        }
    }
}

/// Whether a JSON value carries nothing worth a pane: CIPP sends `""`, `null` or `{}` for "no data".
fn says_nothing(json: &str) -> bool {
    matches!(json.trim(), "" | "\"\"" | "null" | "{}")
}

/// The sentence for a row that is no JSON object.
pub(crate) fn unreadable(detail: &str) -> String {
    format!("{detail} Its text is kept as CIPP sent it.")
}

/// The sentence for what is odd about a row that could be read; none where nothing is.
pub(crate) fn describe_problem(has_time: bool, date_time: Option<&str>, oddities: &[&str]) -> Option<String> {
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

/// A time kept as nanoseconds since 1970, as CIPP-like ISO text in UTC.
pub(crate) fn time_text(nanoseconds: i64) -> Option<String> {
    Timestamp::from_nanosecond(i128::from(nanoseconds))
        .ok()
        .map(|time| time.to_string())
}

/// A message as the list shows it.
pub(crate) fn shown_message(message: &str) -> String {
    one_line(message, SHOWN_MESSAGE_CHARS)
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
    use super::*;

    fn entry(raw: &str) -> LogEntry {
        LogEntry::read(7, "20260808".parse().unwrap(), &Row::from_raw(raw.into()))
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
    fn a_row_that_is_no_object_keeps_its_text() {
        let entry = entry(r#""just a text""#);
        assert_eq!(entry.raw, r#""just a text""#);
        assert!(entry.row.problem.is_some());
    }

    #[test]
    fn a_list_message_is_one_short_line() {
        assert_eq!(shown_message("a\r\n  b\tc\u{0}d"), "a b c d");
        let long = shown_message(&"é".repeat(1000));
        assert_eq!(long.chars().count(), SHOWN_MESSAGE_CHARS + 1);
        assert!(long.ends_with('\u{2026}'));
    }
}
