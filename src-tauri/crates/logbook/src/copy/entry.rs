//! An entry as text: a line for a spreadsheet, JSON, Markdown, five lines for a ticket.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use log_index::{LogEntry, SameThing};
use serde::de::IgnoredAny;

use super::{CopyForm, indent::indented, visible::visible};
use crate::export::inert;

/// A message in a ticket has at most so many characters; the whole of it is in the log.
const TICKET_MESSAGE_CHARS: usize = 500;

/// An entry that is copied, and what is known around it.
pub(crate) struct Copied<'a> {
    /// The entry.
    pub entry: &'a LogEntry,
    /// Where the same was logged; only tickets say it.
    pub same: Option<&'a SameThing>,
    /// The zone in which times are shown.
    pub zone: &'a TimeZone,
    /// What the connection is called.
    pub connection: &'a str,
}

/// The entry in this form.
pub(crate) fn entry_text(form: CopyForm, copied: &Copied<'_>) -> String {
    match form {
        CopyForm::Row => row(copied),
        CopyForm::Json => json(&copied.entry.raw),
        CopyForm::Markdown => markdown(copied),
        CopyForm::Ticket => ticket(copied),
    }
}

fn row(copied: &Copied<'_>) -> String {
    let (entry, shown) = (copied.entry, &copied.entry.row);
    let time = copied.time().map(|time| copied.there(time)).unwrap_or_default();
    let cells = [
        time.as_str(),
        &shown.severity_text,
        &shown.tenant,
        &shown.user,
        &shown.api,
        entry.text(),
        entry.ip.as_deref().unwrap_or_default(),
        entry.row_key.as_deref().unwrap_or_default(),
    ];
    // Spreadsheets take pasted text for formulas as they do with files.
    let cells: Vec<String> = cells.iter().map(|cell| inert(&one_line(cell)).into_owned()).collect();
    cells.join("\t")
}

fn json(raw: &str) -> String {
    match serde_json::from_str::<IgnoredAny>(raw) {
        Ok(_) => indented(raw),
        Err(_) => raw.to_owned(),
    }
}

fn markdown(copied: &Copied<'_>) -> String {
    let (entry, shown) = (copied.entry, &copied.entry.row);
    let time = copied.time();
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let lines = [
        ("Time", time.map(|time| copied.there(time)).unwrap_or_default()),
        ("Time (UTC)", time.map(|time| time.to_string()).unwrap_or_default()),
        ("Severity", shown.severity_text.clone()),
        ("Tenant", shown.tenant.clone()),
        ("User", shown.user.clone()),
        ("API", shown.api.clone()),
        ("IP", optional(&entry.ip)),
        ("Client", optional(&entry.app_id)),
        ("Template", optional(&entry.template)),
        ("Row", optional(&entry.row_key)),
        ("Day of the log", shown.day.clone()),
        ("Problem", optional(&shown.problem)),
        ("Message", shown.message.clone()),
    ];
    let mut text = String::from("| Field | Value |\n| --- | --- |\n");
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "| {name} | {} |", cell(value));
    }
    let data = match &entry.log_data {
        Some(data) => json(data),
        None if shown.message.is_empty() && shown.problem.is_some() => entry.raw.clone(),
        None => return text,
    };
    let fence = "`".repeat(longest_run(&data, '`').max(2) + 1);
    let _ = writeln!(text, "\n{fence}json\n{data}\n{fence}");
    text
}

/// Text that stays within its cell of a Markdown table and means nothing there.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for (number, line) in text.trim().replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
        if number > 0 {
            safe.push_str("<br>");
        }
        for c in visible(line).chars() {
            match c {
                '&' => safe.push_str("&amp;"),
                '<' => safe.push_str("&lt;"),
                '>' => safe.push_str("&gt;"),
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => safe.extend(['\\', c]),
                _ => safe.push(c),
            }
        }
    }
    safe
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of)
        .map(|run| run.chars().count())
        .max()
        .unwrap_or(0)
}

fn ticket(copied: &Copied<'_>) -> String {
    let (entry, shown) = (copied.entry, &copied.entry.row);
    let message: String = {
        let whole = one_line(entry.text());
        match whole.char_indices().nth(TICKET_MESSAGE_CHARS) {
            Some((end, _)) => format!("{}\u{2026}", &whole[..end]),
            None => whole,
        }
    };
    let lines = [
        format!(
            "What: {}",
            sentence(&[(" ", &shown.severity_text), (" in ", &shown.api), (": ", &message)])
        ),
        format!(
            "Where: {}",
            sentence(&[
                ("tenant ", &shown.tenant),
                (", user ", &shown.user),
                (", from ", entry.ip.as_deref().unwrap_or_default()),
                (", CIPP ", copied.connection),
            ])
        ),
        match copied.time() {
            Some(time) => format!("When: {} = {time}", copied.there(time)),
            None => format!("When: CIPP sent no readable time; day {} of the log", shown.day),
        },
        copied.how_often(),
        format!(
            "Row: {}",
            sentence(&[
                ("", entry.row_key.as_deref().unwrap_or("without a key")),
                (", day ", &shown.day),
                (", API client ", entry.app_id.as_deref().unwrap_or_default()),
            ])
        ),
    ];
    lines.join("\n") + "\n"
}

/// The parts that are not empty, each with what goes in front of it.
fn sentence(parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (before, part) in parts {
        let part = one_line(part);
        if !part.is_empty() {
            text.push_str(before);
            text.push_str(&part);
        }
    }
    text.trim_start_matches([' ', ',', ':']).to_owned()
}

/// The text on one line, with nothing in it that is obeyed.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    visible(&words.join(" ")).into_owned()
}

/// The text of an entry: its message, or what came where there should have been one.
trait Text {
    fn text(&self) -> &str;
}

impl Text for LogEntry {
    fn text(&self) -> &str {
        if self.row.message.is_empty() && self.row.problem.is_some() {
            &self.raw
        } else {
            &self.row.message
        }
    }
}

impl Copied<'_> {
    fn time(&self) -> Option<Timestamp> {
        self.entry.row.time.as_ref()?.parse().ok()
    }

    /// The wall clock of the zone, with its offset.
    fn there(&self, time: Timestamp) -> String {
        let there = time.to_zoned(self.zone.clone());
        let zone = self.zone.iana_name().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}{zone}", there.strftime("%Y-%m-%d %H:%M:%S%.f %:z"))
    }

    fn how_often(&self) -> String {
        let Some(same) = self.same else {
            return "How often: not counted".to_owned();
        };
        let moment = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
        let times = if same.count == 1 {
            "once"
        } else {
            &format!("{} times", same.count)
        };
        let tenants = match same.distinct_tenants {
            0 | 1 => String::new(),
            many => format!(" in {many} tenants"),
        };
        let span = match (moment(&same.first), moment(&same.last)) {
            (Some(first), Some(last)) if first != last => {
                format!(", first {}, last {}", self.there(first), self.there(last))
            }
            _ => String::new(),
        };
        format!("How often: {times}{tenants} in the days that are loaded{span}")
    }
}

#[cfg(test)]
mod tests {
    use cipp_client::Row;
    use log_index::RowId;

    use super::*;

    fn copy(form: CopyForm, raw: &str, same: Option<&SameThing>) -> String {
        let id = RowId {
            day: "20260808".parse().unwrap(),
            key: 7,
        };
        let entry = LogEntry::read(id, &Row::from_raw(raw.into()));
        let copied = Copied {
            entry: &entry,
            same,
            zone: &TimeZone::get("Europe/Berlin").unwrap(),
            connection: "Nordlicht MSP",
        };
        entry_text(form, &copied)
    }

    const ROW: &str = r#"{"DateTime":"2026-08-08T00:35:13.1234567+00:00","Tenant":"contoso.example","API":"AddUser","Message":"Failed to add\nanna","User":"anna@msp.example","Severity":"Error","LogData":{"a":[1,2.50]},"TenantID":"None","AppId":null,"IP":"203.0.113.7","RowKey":"0b9f7c3e-1111-2222-3333-444455556666","StandardInfo":{},"DateFilter":"20260808"}"#;

    const HOSTILE: &str = r#"{"DateTime":"2026-08-08T00:35:13Z","Tenant":"=cmd|' /C calc'!A0","API":"a|b","Message":"x | y\n| z | \u001b[2J\u202e <img src=x onerror=alert(1)> ```\n# heading [link](http://evil.example)","User":"a\tb","Severity":"Error","LogData":"``` ````\n<script>","RowKey":"k"}"#;

    fn same() -> SameThing {
        SameThing {
            pattern: "Failed to add <user>".into(),
            count: 7,
            first: Some("2026-08-01T10:00:00Z".into()),
            last: Some("2026-08-08T00:35:13.1234567Z".into()),
            tenants: Vec::new(),
            distinct_tenants: 3,
            query: String::new(),
        }
    }

    #[test]
    fn a_row_is_one_line_of_eight_cells() {
        let text = copy(CopyForm::Row, ROW, None);
        assert_eq!(
            text.split('\t').collect::<Vec<_>>(),
            [
                "2026-08-08 02:35:13.1234567 +02:00 Europe/Berlin",
                "Error",
                "contoso.example",
                "anna@msp.example",
                "AddUser",
                "Failed to add anna",
                "203.0.113.7",
                "0b9f7c3e-1111-2222-3333-444455556666"
            ]
        );
        let hostile = copy(CopyForm::Row, HOSTILE, None);
        assert_eq!((hostile.lines().count(), hostile.matches('\t').count()), (1, 7));
        assert!(
            hostile.contains("\t'=cmd|") && !hostile.contains(['\u{1b}', '\u{202e}']),
            "{hostile}"
        );
    }

    #[test]
    fn json_is_the_row_as_it_was_sent() {
        let text = copy(CopyForm::Json, ROW, None);
        assert!(
            text.contains("\n  \"LogData\": {\n    \"a\": [\n      1,\n      2.50\n"),
            "{text}"
        );
        assert_eq!(copy(CopyForm::Json, "{broken\n", None), "{broken\n");
    }

    #[test]
    fn markdown_cannot_be_broken_from_within() {
        let text = copy(CopyForm::Markdown, HOSTILE, None);
        let (table, data) = text.split_once("\n\n").unwrap();
        for line in table.lines() {
            assert!(line.starts_with("| ") && line.ends_with(" |"), "{line}");
            assert_eq!(line.replace("\\|", "").matches('|').count(), 3, "{line}");
        }
        let message = r"x \| y<br>\| z \| ␛\[2J&lt;U+202E&gt; &lt;img src";
        assert!(table.contains(message), "{table}");
        assert!(table.contains("\\`\\`\\`<br># heading \\[link\\](http"), "{table}");
        assert!(data.starts_with("`````json\n") && data.ends_with("\n`````\n"), "{data}");
        let plain = copy(CopyForm::Markdown, ROW, None);
        assert!(
            plain.contains("| Time (UTC) | 2026-08-08T00:35:13.1234567Z |"),
            "{plain}"
        );
        assert!(
            plain.contains("| Message | Failed to add<br>anna |") && plain.ends_with("2.50\n  ]\n}\n```\n"),
            "{plain}"
        );
    }

    #[test]
    fn a_ticket_is_five_lines() {
        assert_eq!(
            copy(CopyForm::Ticket, ROW, Some(&same())),
            "What: Error in AddUser: Failed to add anna\n\
             Where: tenant contoso.example, user anna@msp.example, from 203.0.113.7, CIPP Nordlicht MSP\n\
             When: 2026-08-08 02:35:13.1234567 +02:00 Europe/Berlin = 2026-08-08T00:35:13.1234567Z\n\
             How often: 7 times in 3 tenants in the days that are loaded, first 2026-08-01 12:00:00 +02:00 \
             Europe/Berlin, last 2026-08-08 02:35:13.1234567 +02:00 Europe/Berlin\n\
             Row: 0b9f7c3e-1111-2222-3333-444455556666, day 2026-08-08\n"
        );
        for raw in [HOSTILE, "{}", "{broken\n\n", "[1,\n2]"] {
            let text = copy(CopyForm::Ticket, raw, None);
            assert_eq!(text.lines().count(), 5, "{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        }
        let once = SameThing {
            count: 1,
            distinct_tenants: 1,
            ..same()
        };
        assert!(copy(CopyForm::Ticket, ROW, Some(&once)).contains("How often: once in the days"));
        let long = format!(r#"{{"Message":"{}"}}"#, "é".repeat(2_000));
        assert!(
            copy(CopyForm::Ticket, &long, None)
                .lines()
                .all(|line| line.chars().count() < 600)
        );
    }

    #[test]
    fn a_row_that_could_not_be_read_shows_its_text() {
        for form in [CopyForm::Row, CopyForm::Markdown, CopyForm::Ticket, CopyForm::Json] {
            assert!(copy(form, "{broken", None).contains("{broken"), "{form:?}");
        }
    }
}
