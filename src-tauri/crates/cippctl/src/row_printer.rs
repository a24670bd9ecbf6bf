//! The forms in which rows go to stdout, as they arrive: table, JSON, NDJSON, CSV, or only their number.
//!
//! JSON and NDJSON carry CIPP's own text of each row; the others show its fields. A row that is not valid JSON is
//! never dropped: the JSON forms wrap its text as `{"unreadable": "..."}`, so that their output stays JSON.
//! Deliberately not here: which rows, and where they come from.

use std::borrow::Cow;
use std::io::{self, Write};

use cipp_client::{Fields, Row, RowProblem, parse_date_time};
use clap::ValueEnum;
use jiff::tz::TimeZone;
use log_archive::{SeverityFamily, family};
use serde::de::IgnoredAny;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::exit::Failure;
use crate::output::{Screen, visible, visible_json};

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people
    Table,
    /// One JSON array of CIPP's own objects, valid even when the reading breaks off
    Json,
    /// CIPP's own objects, one a line
    Ndjson,
    /// Comma separated values, safe to open in a spreadsheet
    Csv,
}

/// CIPP's field names, in CIPP's order: the header of the CSV form.
const COLUMNS: [&str; 13] = [
    "DateTime",
    "Tenant",
    "API",
    "Message",
    "User",
    "Severity",
    "LogData",
    "TenantID",
    "AppId",
    "IP",
    "RowKey",
    "StandardInfo",
    "DateFilter",
];

/// Prints rows in one of the forms. Finish it, whatever happened: an array wants its end.
pub struct RowPrinter<W: Write> {
    form: Form<W>,
    unreadable: u64,
    printed: u64,
}

enum Form<W: Write> {
    Table {
        out: W,
        table: Table,
    },
    Json {
        out: W,
        screen: Screen,
    },
    Ndjson {
        out: W,
        screen: Screen,
    },
    Csv {
        out: Box<csv::Writer<W>>,
    },
    Count {
        out: W,
        counts: Counts,
        format: Format,
        screen: Screen,
    },
}

impl<W: Write> RowPrinter<W> {
    /// A printer of rows.
    pub fn rows(format: Format, screen: Screen, out: W) -> Result<Self, Failure> {
        let form = match format {
            Format::Table => Form::Table {
                out,
                table: Table::new(screen),
            },
            Format::Json => Form::Json { out, screen },
            Format::Ndjson => Form::Ndjson { out, screen },
            Format::Csv => {
                let mut out = csv::Writer::from_writer(out);
                out.write_record(COLUMNS)?;
                Form::Csv { out: Box::new(out) }
            }
        };
        Ok(RowPrinter {
            form,
            unreadable: 0,
            printed: 0,
        })
    }

    /// A printer of how many rows there were.
    pub fn count(format: Format, screen: Screen, out: W) -> Self {
        RowPrinter {
            form: Form::Count {
                out,
                counts: Counts::default(),
                format,
                screen,
            },
            unreadable: 0,
            printed: 0,
        }
    }

    /// How many rows were printed, or counted.
    pub fn printed(&self) -> u64 {
        self.printed
    }

    /// How many of them were not valid JSON.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Prints or counts one row.
    pub fn row(&mut self, row: &Row, fields: Result<&Fields<'_>, &RowProblem>) -> Result<(), Failure> {
        let is_json = fields.is_ok() || serde_json::from_str::<IgnoredAny>(row.raw()).is_ok();
        self.unreadable += u64::from(!is_json);
        let first = self.printed == 0;
        self.printed += 1;
        match &mut self.form {
            Form::Table { out, table } => table.row(out, row, fields, first)?,
            Form::Json { out, screen } => {
                out.write_all(if first { b"[\n" } else { b",\n" })?;
                write_json(out, row.raw(), is_json, *screen)?;
            }
            Form::Ndjson { out, screen } => {
                write_json(out, row.raw(), is_json, *screen)?;
                out.write_all(b"\n")?;
            }
            Form::Csv { out } => write_csv(out, row, fields)?,
            Form::Count { counts, .. } => counts.add(fields),
        }
        Ok(())
    }

    /// Shows what was printed so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.form {
            Form::Table { out, .. } | Form::Json { out, .. } | Form::Ndjson { out, .. } => out.flush()?,
            Form::Csv { out } => out.flush()?,
            Form::Count { .. } => {}
        }
        Ok(())
    }

    /// Ends the output, so that it is whole as far as it goes. `complete` says whether all days were read to their end.
    pub fn finish(&mut self, complete: bool) -> Result<(), Failure> {
        let none = self.printed == 0;
        match &mut self.form {
            Form::Json { out, .. } => out.write_all(if none { b"[]\n" } else { b"\n]\n" })?,
            Form::Count {
                out,
                counts,
                format,
                screen,
            } => {
                counts.print(out, *format, *screen, complete)?;
                out.flush()?;
            }
            Form::Table { .. } | Form::Ndjson { .. } | Form::Csv { .. } => {}
        }
        self.flush()
    }
}

/// Writes a row's JSON on one line.
fn write_json(out: &mut impl Write, raw: &str, is_json: bool, screen: Screen) -> io::Result<()> {
    if !is_json {
        return serde_json::to_writer(out, &serde_json::json!({ "unreadable": raw })).map_err(io::Error::from);
    }
    let line = one_line(raw);
    let line = if screen.is_terminal() {
        Cow::Owned(visible_json(&line).into_owned())
    } else {
        line
    };
    out.write_all(line.as_bytes())
}

/// Valid JSON on one line. In valid JSON line breaks stand between tokens alone, so blanks in their place change nothing.
fn one_line(json: &str) -> Cow<'_, str> {
    let json = json.trim();
    match memchr::memchr2(b'\n', b'\r', json.as_bytes()) {
        None => Cow::Borrowed(json),
        Some(_) => Cow::Owned(json.replace(['\n', '\r'], " ")),
    }
}

fn write_csv<W: Write>(
    out: &mut csv::Writer<W>,
    row: &Row,
    fields: Result<&Fields<'_>, &RowProblem>,
) -> Result<(), csv::Error> {
    let unreadable = Fields {
        message: Some(Cow::Borrowed(row.raw())),
        ..Fields::default()
    };
    let fields = fields.unwrap_or(&unreadable);
    let log_data = fields.log_data.map(|data| data_text(data.get()));
    let standard_info = fields.standard_info.map(|info| data_text(info.get()));
    let cells = [
        fields.date_time.as_deref(),
        fields.tenant.as_deref(),
        fields.api.as_deref(),
        fields.message.as_deref(),
        fields.user.as_deref(),
        fields.severity.as_deref(),
        log_data.as_deref(),
        fields.tenant_id.as_deref(),
        fields.app_id.as_deref(),
        fields.ip.as_deref(),
        fields.row_key.as_deref(),
        standard_info.as_deref(),
        fields.date_filter.as_deref(),
    ];
    for cell in cells {
        out.write_field(inert(cell.unwrap_or_default()).as_bytes())?;
    }
    out.write_record(None::<&[u8]>)
}

/// Data as text: a JSON text is itself, everything else its JSON on one line.
fn data_text(json: &str) -> Cow<'_, str> {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(json)
    {
        return Cow::Owned(text);
    }
    one_line(json)
}

/// A cell that no spreadsheet takes for a formula.
fn inert(cell: &str) -> Cow<'_, str> {
    match cell.as_bytes().first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => Cow::Owned(format!("'{cell}")),
        _ => Cow::Borrowed(cell),
    }
}

/// How many rows of each severity.
#[derive(Default)]
struct Counts {
    by_family: [u64; SeverityFamily::ALL.len()],
}

impl Counts {
    fn add(&mut self, fields: Result<&Fields<'_>, &RowProblem>) {
        let spelling = fields
            .ok()
            .and_then(|fields| fields.severity.as_deref())
            .unwrap_or_default();
        let family = family(spelling);
        for (count, each) in self.by_family.iter_mut().zip(SeverityFamily::ALL) {
            *count += u64::from(each == family);
        }
    }

    fn each(&self) -> impl Iterator<Item = (SeverityFamily, u64)> {
        SeverityFamily::ALL.into_iter().zip(self.by_family)
    }

    fn total(&self) -> u64 {
        self.by_family.iter().sum()
    }

    fn print<W: Write>(&self, out: &mut W, format: Format, screen: Screen, complete: bool) -> Result<(), Failure> {
        match format {
            Format::Table => self.print_table(out, screen)?,
            Format::Json | Format::Ndjson => self.print_json(out, complete)?,
            Format::Csv => self.print_csv(out)?,
        }
        Ok(())
    }

    fn print_table(&self, out: &mut impl Write, screen: Screen) -> io::Result<()> {
        for (family, count) in self.each().filter(|(_, count)| *count > 0) {
            let word = painted(&format!("{:<8}", family.word()), family, screen.colour);
            writeln!(out, "{word} {count:>10}")?;
        }
        writeln!(out, "{:<8} {:>10}", "Total", self.total())
    }

    fn print_json(&self, out: &mut impl Write, complete: bool) -> io::Result<()> {
        let by_severity: serde_json::Map<String, serde_json::Value> = self
            .each()
            .map(|(family, count)| (family.word().to_lowercase(), count.into()))
            .collect();
        let counts = serde_json::json!({ "total": self.total(), "bySeverity": by_severity, "complete": complete });
        writeln!(out, "{counts}")
    }

    fn print_csv(&self, out: &mut impl Write) -> Result<(), csv::Error> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["Severity", "Rows"])?;
        for (family, count) in self.each() {
            csv.write_record([family.word(), &count.to_string()])?;
        }
        csv.flush()?;
        Ok(())
    }
}

/// A word in the colour of its severity. The word says it all; colour only helps to find it.
pub fn painted(word: &str, family: SeverityFamily, colour: bool) -> String {
    let code = match family {
        SeverityFamily::Critical => "1;31",
        SeverityFamily::Error => "31",
        SeverityFamily::Warning => "33",
        SeverityFamily::Alert => "35",
        SeverityFamily::Info => "36",
        SeverityFamily::Debug | SeverityFamily::Unknown => "2",
    };
    if colour {
        format!("\x1b[{code}m{word}\x1b[0m")
    } else {
        word.to_owned()
    }
}

/// The lines for people. Widths are fixed before the first row, because rows are shown as they arrive.
pub struct Table {
    zone: TimeZone,
    colour: bool,
    /// Columns for the message; `None` where lines may be as long as they are.
    message: Option<usize>,
    columns: Columns,
    /// Short lines for narrow terminals: without tenant, user, API and offset.
    narrow: bool,
}

struct Columns {
    tenant: usize,
    user: usize,
    api: usize,
}

const TIME: usize = 25;
const SHORT_TIME: usize = 19;
const SEVERITY: usize = 8;
/// Below this many columns tenant, user and API leave no room for the message.
const NARROW: usize = 72;

impl Table {
    /// A table that fits the screen.
    pub fn new(screen: Screen) -> Self {
        let room = screen
            .width
            .map_or(160, |width| width.saturating_sub(TIME + SEVERITY + 5));
        let share = |percent: usize, least: usize, most: usize| (room * percent / 100).clamp(least, most);
        let columns = Columns {
            tenant: share(19, 8, 28),
            user: share(19, 8, 28),
            api: share(14, 6, 22),
        };
        let narrow = screen.width.is_some_and(|width| width < NARROW);
        let before = if narrow {
            SHORT_TIME + SEVERITY + 2
        } else {
            TIME + SEVERITY + 5 + columns.total()
        };
        let message = screen.width.map(|width| width.saturating_sub(before).max(10));
        Table {
            zone: TimeZone::system(),
            colour: screen.colour,
            message,
            columns,
            narrow,
        }
    }

    fn row(
        &self,
        out: &mut impl Write,
        row: &Row,
        fields: Result<&Fields<'_>, &RowProblem>,
        first: bool,
    ) -> io::Result<()> {
        if first {
            self.header(out)?;
        }
        match fields {
            Ok(fields) => self.line(out, fields),
            Err(problem) => {
                let message = format!("({}) {}", problem.detail, row.raw());
                self.line(
                    out,
                    &Fields {
                        message: Some(message.into()),
                        ..Fields::default()
                    },
                )
            }
        }
    }

    fn header(&self, out: &mut impl Write) -> io::Result<()> {
        let (on, off) = if self.colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut line = self.cells("Time", "Severity", "Tenant", "User", "API", false);
        line.push_str("Message");
        writeln!(out, "{on}{line}{off}")
    }

    /// One row, for whoever has its fields.
    pub fn line(&self, out: &mut impl Write, fields: &Fields<'_>) -> io::Result<()> {
        fn text<'a>(field: &'a Option<Cow<'_, str>>) -> Cow<'a, str> {
            visible(field.as_deref().unwrap_or_default())
        }
        let mut line = self.cells(
            &self.time(fields),
            &text(&fields.severity),
            &text(&fields.tenant),
            &text(&fields.user),
            &text(&fields.api),
            self.colour,
        );
        let message = text(&fields.message);
        match self.message {
            Some(width) => line.push_str(cut(&message, width).trim_end()),
            None => line.push_str(&message),
        }
        writeln!(out, "{}", line.trim_end())
    }

    /// All cells before the message.
    fn cells(&self, time: &str, severity: &str, tenant: &str, user: &str, api: &str, colour: bool) -> String {
        let fitted = |cell: &'_ str, width: usize| {
            if self.message.is_some() {
                cut(cell, width).into_owned()
            } else {
                cell.to_owned()
            }
        };
        let mut line = String::with_capacity(200);
        let time_width = if self.narrow { SHORT_TIME } else { TIME };
        push(&mut line, &cut(time, time_width), time_width);
        let word = cut(severity, SEVERITY);
        line.push_str(&painted(&word, family(severity), colour));
        pad(&mut line, word.width(), SEVERITY);
        if !self.narrow {
            push(&mut line, &fitted(tenant, self.columns.tenant), self.columns.tenant);
            push(&mut line, &fitted(user, self.columns.user), self.columns.user);
            push(&mut line, &fitted(api, self.columns.api), self.columns.api);
        }
        line
    }

    /// The exact time in this computer's zone, with its offset where there is room; a time that is none, as it was sent.
    fn time(&self, fields: &Fields<'_>) -> String {
        let Some(sent) = fields.date_time.as_deref() else {
            return String::new();
        };
        let Some(time) = parse_date_time(sent) else {
            return visible(sent).into_owned();
        };
        let pattern = if self.narrow {
            "%Y-%m-%d %H:%M:%S"
        } else {
            "%Y-%m-%d %H:%M:%S%:z"
        };
        time.to_zoned(self.zone.clone()).strftime(pattern).to_string()
    }
}

impl Columns {
    fn total(&self) -> usize {
        self.tenant + self.user + self.api
    }
}

fn push(line: &mut String, cell: &str, width: usize) {
    line.push_str(cell);
    pad(line, cell.width(), width);
}

/// Blanks up to the end of the column and one more.
fn pad(line: &mut String, used: usize, width: usize) {
    line.extend(std::iter::repeat_n(' ', width.saturating_sub(used) + 1));
}

/// The text in at most so many columns of a terminal, its loss shown.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut used = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            used += c.width().unwrap_or(0);
            used + 1 > width
        })
        .map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}\u{2026}", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"DateTime":"2026-08-08T00:35:13.1234567+00:00","Tenant":"contoso.example","API":"AddUser","Message":"a \"b\"\nc","User":"anna@msp.example","Severity":"Warn","LogData":{"a":[1,2]},"TenantID":"None","AppId":null,"IP":null,"RowKey":"0b9f7c3e-1111-2222-3333-444455556666","StandardInfo":{},"DateFilter":"20260808"}"#;
    const NO_SCREEN: Screen = Screen {
        width: None,
        colour: false,
    };

    fn printed_on(screen: Screen, format: Format, rows: &[&str], complete: bool) -> String {
        let mut out = Vec::new();
        let mut printer = RowPrinter::rows(format, screen, &mut out).unwrap();
        for raw in rows {
            let row = Row::from_raw((*raw).into());
            printer.row(&row, row.fields().as_ref()).unwrap();
        }
        printer.finish(complete).unwrap();
        drop(printer);
        String::from_utf8(out).unwrap()
    }

    fn printed(format: Format, rows: &[&str]) -> String {
        printed_on(NO_SCREEN, format, rows, true)
    }

    fn counted(format: Format, rows: &[&str], complete: bool) -> String {
        let mut out = Vec::new();
        let mut printer = RowPrinter::count(format, NO_SCREEN, &mut out);
        for raw in rows {
            let row = Row::from_raw((*raw).into());
            printer.row(&row, row.fields().as_ref()).unwrap();
        }
        printer.finish(complete).unwrap();
        drop(printer);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ndjson_is_cipps_own_text() {
        let odd = r#"{"Message": 1.50e0 ,"LogData":"\u00e9\/","New":[ ]}"#;
        assert_eq!(printed(Format::Ndjson, &[ROW, odd]), format!("{ROW}\n{odd}\n"));
    }

    #[test]
    fn a_row_over_several_lines_becomes_one_line_with_the_same_values() {
        let broken_up = "{\n  \"Message\": \"a\\nb\",\r\n  \"User\":\t\"c\"\n}";
        let line = printed(Format::Ndjson, &[broken_up]);
        assert_eq!(line.matches('\n').count(), 1);
        let values = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(values(&line), values(broken_up));
    }

    #[test]
    fn json_is_one_array_whatever_happened() {
        for (rows, expected) in [(&[][..], 0), (&[ROW][..], 1), (&[ROW, "3", ROW][..], 3)] {
            let text = printed_on(NO_SCREEN, Format::Json, rows, false);
            let array: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(array.len(), expected);
        }
    }

    #[test]
    fn an_unreadable_row_is_wrapped_and_counted_never_dropped() {
        let broken = "{\"User\":\"a\nb\", }";
        for format in [Format::Json, Format::Ndjson] {
            let text = printed(format, &[broken]);
            let line = text.lines().find(|line| line.contains("unreadable")).unwrap();
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(object["unreadable"], broken);
        }
        assert!(printed(Format::Csv, &[broken]).contains("a\nb"));
        assert!(printed(Format::Table, &[broken]).contains("not valid JSON"));
        let mut printer = RowPrinter::rows(Format::Ndjson, NO_SCREEN, Vec::new()).unwrap();
        for raw in [broken, ROW, "null"] {
            let row = Row::from_raw(raw.into());
            printer.row(&row, row.fields().as_ref()).unwrap();
        }
        assert_eq!(
            (printer.printed(), printer.unreadable()),
            (3, 1),
            "null is no object, but it is JSON"
        );
    }

    #[test]
    fn csv_has_cipps_names_and_survives_every_text() {
        let text = printed(Format::Csv, &[ROW]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(&record[3], "a \"b\"\nc");
        assert_eq!(&record[6], r#"{"a":[1,2]}"#);
        assert_eq!((&record[8], &record[12]), ("", "20260808"));
    }

    #[test]
    fn no_csv_cell_is_a_formula() {
        for dangerous in ["=1+1", "+1", "-1", "@SUM(A1)", "\\t=1", "\\r=1"] {
            let row = format!(r#"{{"Message":"{dangerous}","LogData":"{dangerous}","Tenant":"a=b"}}"#);
            let text = printed(Format::Csv, &[&row]);
            let record = csv::Reader::from_reader(text.as_bytes())
                .records()
                .next()
                .unwrap()
                .unwrap();
            assert!(record[3].starts_with('\'') && record[6].starts_with('\''), "{record:?}");
            assert_eq!(&record[1], "a=b");
        }
        assert_eq!(
            printed(Format::Csv, &[]).lines().count(),
            1,
            "no rows: the header alone"
        );
    }

    #[test]
    fn counts_are_by_family_and_say_whether_they_are_whole() {
        let rows = [
            r#"{"Severity":"Warn"}"#,
            r#"{"Severity":"warning"}"#,
            r#"{"Severity":"ERROR"}"#,
            "{}",
            "{broken",
        ];
        let json: serde_json::Value = serde_json::from_str(&counted(Format::Json, &rows, false)).unwrap();
        assert_eq!(json["total"], 5);
        assert_eq!(
            (&json["bySeverity"]["warning"], &json["bySeverity"]["error"]),
            (&2.into(), &1.into())
        );
        assert_eq!(
            (&json["bySeverity"]["unknown"], &json["bySeverity"]["critical"]),
            (&2.into(), &0.into())
        );
        assert_eq!(json["complete"], false);
        let table = counted(Format::Table, &rows, true);
        assert_eq!(table.lines().count(), 4, "{table}");
        assert!(table.lines().last().unwrap().starts_with("Total"));
        assert_eq!(counted(Format::Csv, &rows, true).lines().count(), 8);
    }

    #[test]
    fn a_table_fits_its_terminal_and_obeys_no_text() {
        let hostile = r#"{"DateTime":"2026-08-08T00:35:13Z","Tenant":"東京東京東京東京東京東京東京東京","API":"AddUser","Message":"\u001b[2J\u202eevil\nline two and much more text than any terminal has room for in one line, really","User":"anna@msp.example","Severity":"Error"}"#;
        for width in [40, 71, 72, 80, 120, 200] {
            let screen = Screen {
                width: Some(width),
                colour: false,
            };
            let text = printed_on(screen, Format::Table, &[hostile, ROW, "{}", "{broken"], true);
            assert_eq!(text.lines().count(), 5, "one line a row and a header");
            for line in text.lines() {
                assert!(line.width() <= width, "{width}: {} {line}", line.width());
            }
            assert!(!text.contains(['\x1b', '\u{202e}']), "{text}");
        }
    }

    #[test]
    fn colour_is_only_added_around_the_severity() {
        let screen = |colour| Screen {
            width: Some(160),
            colour,
        };
        let plain = printed_on(screen(false), Format::Table, &[ROW], true);
        let coloured = printed_on(screen(true), Format::Table, &[ROW], true);
        assert!(coloured.contains("\x1b[33mWarn\x1b[0m"), "{coloured:?}");
        let stripped = ["\x1b[33m", "\x1b[1m", "\x1b[0m"]
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let long = format!(r#"{{"Message":"{}","Tenant":"{}"}}"#, "m".repeat(500), "t".repeat(100));
        let text = printed(Format::Table, &[&long]);
        assert!(text.contains(&"m".repeat(500)) && text.contains(&"t".repeat(100)));
    }

    #[test]
    fn json_on_a_terminal_is_escaped_not_obeyed() {
        let screen = Screen {
            width: Some(80),
            colour: true,
        };
        let text = printed_on(screen, Format::Ndjson, &["{\"Message\":\"\u{202e}\u{9b}2J\"}"], true);
        assert_eq!(text, "{\"Message\":\"\\u202e\\u009b2J\"}\n");
    }
}
