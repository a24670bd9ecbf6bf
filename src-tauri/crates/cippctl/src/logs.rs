//! `cippctl logs`: reads the logbook day by day, newest first, and prints rows as they arrive.
//!
//! One call a day. While a day is being read the next one is asked for already, because CIPP takes seconds to begin its
//! answer; the rows are printed in order all the same. What was read is printed whatever happens after it.

use std::io::{self, BufWriter, StdoutLock};
use std::pin::pin;
use std::task::Poll;

use cipp_client::{Client, ClientError, Day, ListLogs, Rows};
use clap::Args;
use jiff::Timestamp;
use log_archive::{SeverityFamily, family};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::days::DaysArgs;
use crate::exit::{Code, Failure};
use crate::instance::{InstanceArgs, note_clock};
use crate::output::{Screen, grouped, say, stderr_is_terminal};
use crate::progress::Progress;
use crate::row_filter::{FilterArgs, RowFilter};
use crate::row_printer::{Format, RowPrinter};

/// Stdout is written in pieces of this size, and whenever there is nothing to read.
const OUTPUT_BUFFER_BYTES: usize = 64 * 1024;

/// Which rows, from where, in which form.
#[derive(Args, Debug)]
pub struct LogsArgs {
    #[command(flatten, next_help_heading = "Where from")]
    instance: InstanceArgs,
    #[command(flatten, next_help_heading = "Days")]
    days: DaysArgs,
    /// Only these severities, with all their spellings: critical, error, warning, alert, info, debug. Without it all but debug
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = severity, help_heading = "Filters")]
    severity: Vec<SeverityFamily>,
    #[command(flatten)]
    filters: FilterArgs,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,
    /// Print how many rows there are of each severity instead of the rows
    #[arg(long, help_heading = "Output")]
    count: bool,
}

fn severity(typed: &str) -> Result<SeverityFamily, String> {
    match family(typed) {
        SeverityFamily::Unknown => {
            Err("not a severity. Choose of critical, error, warning, alert, info, debug".to_owned())
        }
        family => Ok(family),
    }
}

/// Reads and prints.
pub async fn run(args: LogsArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let (from, to) = args.days.range(Timestamp::now())?;
    let instance = args.instance.open().await?;
    let screen = Screen::of_stdout();
    let mut reading = Reading {
        client: instance.client.clone(),
        severities: args
            .severity
            .iter()
            .flat_map(|family| family.spellings())
            .map(|&s| s.to_owned())
            .collect(),
        filter: args.filters.filter(),
        printer: printer(&args, screen)?,
        progress: Progress::new(stderr_is_terminal() && (args.count || !screen.is_terminal())),
        cancel,
    };

    // A wrong secret is found out before CIPP is asked for several days at once.
    let read = match instance.client.sign_in(cancel).await {
        Ok(claims) => {
            note_clock(&claims);
            instance.touch();
            reading.days(from, to).await
        }
        Err(error) => Err(error.into()),
    };
    reading.progress.done();
    let finished = reading.printer.finish(read.is_ok());
    read?;
    finished?;
    reading.conclude(screen, from, to)
}

fn printer(args: &LogsArgs, screen: Screen) -> Result<RowPrinter<Out>, Failure> {
    let out = BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, io::stdout().lock());
    if args.count {
        Ok(RowPrinter::count(args.format, screen, out))
    } else {
        RowPrinter::rows(args.format, screen, out)
    }
}

type Out = BufWriter<StdoutLock<'static>>;

struct Reading<'a> {
    client: Client,
    severities: Vec<String>,
    filter: RowFilter,
    printer: RowPrinter<Out>,
    progress: Progress,
    cancel: &'a CancellationToken,
}

type Asked = JoinHandle<Result<Rows, ClientError>>;

impl Reading<'_> {
    async fn days(&mut self, from: Day, to: Day) -> Result<(), Failure> {
        let mut days = Day::range_newest_first(from, to);
        let mut next = days.next().map(|day| (day, self.ask(day)));
        while let Some((day, asked)) = next.take() {
            let rows = answer(asked).await;
            next = match &rows {
                Ok(_) => days.next().map(|day| (day, self.ask(day))),
                Err(_) => None,
            };
            let read = match rows {
                Ok(rows) => self.day(day, rows).await,
                Err(error) => Err(error.into()),
            };
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

    /// Asks for a day. The answer is waited for beside whatever else is being read.
    fn ask(&self, day: Day) -> Asked {
        let client = self.client.clone();
        let request = ListLogs {
            severities: self.severities.clone(),
            ..ListLogs::day(day)
        };
        let cancel = self.cancel.clone();
        tokio::spawn(async move { client.list_logs(&request, &cancel).await })
    }

    async fn day(&mut self, day: Day, mut rows: Rows) -> Result<(), Failure> {
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
            let row = row?;
            let fields = row.fields();
            if self.filter.keeps(&row, fields.as_ref()) {
                self.printer.row(&row, fields.as_ref())?;
            }
            self.progress.row(day);
        }
    }

    fn conclude(&self, screen: Screen, from: Day, to: Day) -> Result<(), Failure> {
        let (printed, unreadable) = (self.printer.printed(), self.printer.unreadable());
        if unreadable > 0 {
            return Err(Failure::new(
                Code::Reply,
                format!(
                    "{} of {} rows are not valid JSON.",
                    grouped(unreadable),
                    grouped(printed)
                ),
                "They are printed as CIPP sent them. The other rows are good.",
            ));
        }
        if printed == 0 && screen.is_terminal() {
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

async fn answer(asked: Asked) -> Result<Rows, ClientError> {
    match asked.await {
        Ok(answer) => answer,
        Err(error) => Err(ClientError::Local {
            detail: format!("A part of this program ended early: {error}."),
        }),
    }
}
