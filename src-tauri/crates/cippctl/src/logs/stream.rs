//! Rows as they arrive, newest day first: from CIPP, or from the archive where the day is in it.
//!
//! One call a day. While a day is being read the next one that CIPP must be asked for is asked for already, because CIPP
//! takes seconds to begin its answer; the rows are printed in order all the same. What was read is printed whatever
//! happens after it, and nothing of it is kept in memory.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;

use cipp_client::{Client, ClientError, Day, ListLogs, Row, Rows};
use jiff::Timestamp;
use log_archive::{ConnectionArchive, DayFileError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{LogsArgs, Out, printer, refuse_unreadable};
use crate::exit::{Code, Failure};
use crate::instance::{Who, note_clock};
use crate::output::{Screen, grouped, say, stderr_is_terminal};
use crate::progress::Progress;
use crate::row_filter::RowFilter;
use crate::row_printer::RowPrinter;

const REMEDY: &str = "What was read before is printed. Read the days from CIPP with --no-archive, or fetch them again with \
                      `cippctl collect`.";

/// After so many rows from the archive, which come without waiting, it is looked whether to stop.
const LOOK_EVERY_ROWS: u32 = 1_024;

/// Reads and prints.
pub(super) async fn run(
    args: &LogsArgs,
    who: &Who,
    archive: Option<ConnectionArchive>,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let (from, to) = args.days.range(now)?;
    let archived: HashSet<Day> = match &archive {
        Some(archive) => readable(archive, from, to)?,
        None => HashSet::new(),
    };
    let needs_cipp = !args.offline && Day::range_newest_first(from, to).any(|day| !archived.contains(&day));
    let instance = match needs_cipp {
        true => Some(args.instance.open(who).await?),
        false => None,
    };
    let screen = Screen::of_stdout();
    let mut reading = Reading {
        offline: args.offline,
        client: instance.as_ref().map(|instance| instance.client.clone()),
        severities: args
            .severity
            .iter()
            .flat_map(|family| family.spellings())
            .map(|&s| s.to_owned())
            .collect(),
        filter: args.filters.filter(&args.severity, now)?,
        printer: printer(args, screen)?,
        progress: Progress::new(stderr_is_terminal() && (args.count || !screen.is_terminal())),
        archive,
        archived,
        ahead: None,
        missing: Vec::new(),
        cancel,
    };

    // A wrong secret is found out before CIPP is asked for several days at once.
    let read = match &instance {
        None => reading.days(from, to).await,
        Some(instance) => match instance.client.sign_in(cancel).await {
            Ok(claims) => {
                note_clock(&claims);
                instance.touch();
                reading.days(from, to).await
            }
            Err(error) => Err(error.into()),
        },
    };
    reading.progress.done();
    let finished = reading.printer.finish(read.is_ok() && reading.missing.is_empty());
    read?;
    finished?;
    reading.conclude(screen, from, to)
}

/// The days of the range that the archive has; those whose files are no good are told and count as not there.
fn readable(archive: &ConnectionArchive, from: Day, to: Day) -> Result<HashSet<Day>, Failure> {
    let mut readable = HashSet::new();
    for archived in archive.days()? {
        let day = archived.day;
        if day < from || to < day {
            continue;
        }
        match archive.read_meta(day) {
            Ok(_) => {
                readable.insert(day);
            }
            Err(error) => say(&format!("note: {}: {error}", day.iso())),
        }
    }
    Ok(readable)
}

struct Reading<'a> {
    offline: bool,
    /// None when CIPP is not to be asked.
    client: Option<Client>,
    severities: Vec<String>,
    filter: RowFilter,
    printer: RowPrinter<Out>,
    progress: Progress,
    archive: Option<ConnectionArchive>,
    archived: HashSet<Day>,
    /// The day that CIPP was asked for already.
    ahead: Option<(Day, Asked)>,
    /// Days that are neither in the archive nor to be asked for.
    missing: Vec<Day>,
    cancel: &'a CancellationToken,
}

type Asked = JoinHandle<Result<Rows, ClientError>>;

impl Reading<'_> {
    async fn days(&mut self, from: Day, to: Day) -> Result<(), Failure> {
        for day in Day::range_newest_first(from, to) {
            let read = self.day(day, from).await;
            if read.is_err() && from < to {
                self.progress.done();
                say(&format!(
                    "Stopped at {}: that day and those before it are not complete.",
                    day.iso()
                ));
            }
            read?;
        }
        Ok(())
    }

    async fn day(&mut self, day: Day, from: Day) -> Result<(), Failure> {
        if self.archived.contains(&day) {
            self.ask_ahead(day, from);
            if self.read_archived(day)? {
                return Ok(());
            }
        }
        let Some(client) = self.client.clone() else {
            if self.offline {
                self.missing.push(day);
                return Ok(());
            }
            return Err(Failure::new(
                Code::Local,
                "The archived file of this day cannot be read.",
                REMEDY,
            ));
        };
        let asked = match self.ahead.take() {
            Some((asked_for, asked)) if asked_for == day => asked,
            other => {
                self.ahead = other;
                self.ask(&client, day)
            }
        };
        let rows = answer(asked).await?;
        self.ask_ahead(day, from);
        self.read_sent(day, rows).await
    }

    /// Asks for the next day that must come from CIPP, unless that was done.
    fn ask_ahead(&mut self, day: Day, from: Day) {
        let (None, Some(client)) = (&self.ahead, self.client.clone()) else {
            return;
        };
        let Some(before) = day.previous() else { return };
        let next = Day::range_newest_first(from, before).find(|day| !self.archived.contains(day));
        self.ahead = next.map(|next| (next, self.ask(&client, next)));
    }

    /// Asks for a day. The answer is waited for beside whatever else is being read.
    fn ask(&self, client: &Client, day: Day) -> Asked {
        let client = client.clone();
        let request = ListLogs {
            severities: self.severities.clone(),
            ..ListLogs::day(day)
        };
        let cancel = self.cancel.clone();
        tokio::spawn(async move { client.list_logs(&request, &cancel).await })
    }

    async fn read_sent(&mut self, day: Day, mut rows: Rows) -> Result<(), Failure> {
        loop {
            let next = {
                let mut next = pin!(rows.next());
                match futures_util::poll!(next.as_mut()) {
                    Poll::Ready(next) => next,
                    Poll::Pending => {
                        self.printer.flush()?;
                        next.await
                    }
                }
            };
            let Some(row) = next else { return Ok(()) };
            self.row(day, &row?, true)?;
        }
    }

    /// Whether the day could be read. A file that is no good is as good as none, as long as nothing of it was printed.
    fn read_archived(&mut self, day: Day) -> Result<bool, Failure> {
        let Some(archive) = self.archive.clone() else {
            return Ok(false);
        };
        let mut rows = 0_u32;
        let mut stopped = None;
        let read = archive.read_rows(day, &mut |raw| {
            rows += 1;
            let step = if rows.is_multiple_of(LOOK_EVERY_ROWS) && self.cancel.is_cancelled() {
                Err(ClientError::Cancelled.into())
            } else {
                self.row(day, &Row::from_raw(raw.into()), false)
            };
            match step {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => {
                    stopped = Some(failure);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(failure) = stopped {
            return Err(failure);
        }
        match read {
            Ok(()) => Ok(true),
            Err(error) if rows == 0 => {
                if error != DayFileError::Missing {
                    self.progress.done();
                    say(&format!("note: {}: {error}", day.iso()));
                }
                Ok(false)
            }
            Err(error) => Err(Failure::new(Code::Local, format!("{}: {error}", day.iso()), REMEDY)),
        }
    }

    fn row(&mut self, day: Day, row: &Row, chosen_by_cipp: bool) -> Result<(), Failure> {
        let fields = row.fields();
        let fields = fields.as_ref();
        if (chosen_by_cipp || self.filter.keeps_severity(fields)) && self.filter.keeps(day, row, fields) {
            self.printer.row(row, fields)?;
        }
        self.progress.row(day);
        Ok(())
    }

    fn conclude(&self, screen: Screen, from: Day, to: Day) -> Result<(), Failure> {
        refuse_unreadable(&self.printer)?;
        if !self.missing.is_empty() {
            return Err(missing(&self.missing, from, to));
        }
        if self.printer.printed() == 0 && screen.is_terminal() {
            let days = if from == to {
                from.iso()
            } else {
                format!("{} to {}", from.iso(), to.iso())
            };
            say(&format!(
                "No rows for {days} with these filters. CIPP counts days in its own time zone, usually UTC."
            ));
        }
        Ok(())
    }
}

/// Which days `--offline` could not read.
fn missing(days: &[Day], from: Day, to: Day) -> Failure {
    const NAMED: usize = 10;
    let named: Vec<String> = days.iter().take(NAMED).map(|day| day.iso()).collect();
    let more = match days.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let of = Day::range_newest_first(from, to).count();
    Failure::new(
        Code::Amiss,
        format!(
            "{} of {} days are not in the archive: {}{more}.",
            grouped(days.len() as u64),
            grouped(of as u64),
            named.join(", ")
        ),
        "The others are printed. Fetch these with `cippctl collect`, or leave --offline out.",
    )
}

async fn answer(asked: Asked) -> Result<Rows, ClientError> {
    match asked.await {
        Ok(answer) => answer,
        Err(error) => Err(ClientError::Local {
            detail: format!("A part of this program ended early: {error}."),
        }),
    }
}
