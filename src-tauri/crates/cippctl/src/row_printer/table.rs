//! The lines for people. Widths are fixed before the first row, because rows are shown as they arrive.

use std::borrow::Cow;
use std::io::{self, Write};

use cipp_client::{Fields, Row, RowProblem, parse_date_time};
use jiff::tz::TimeZone;
use log_query::{SeverityFamily, family};
use logbook::visible;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::Screen;

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

    /// One row; the header goes before the first.
    pub fn row(
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
