//! `cippctl logs`: the logbook on stdout, newest day first, or what is in it in numbers, or what comes next.
//!
//! Three ways, a file each: rows as a stream, one day at a time (`stream`); values and bars of all rows together
//! (`numbers`); new rows as they come (`follow`). Here: the options, and which way it is.

mod follow;
mod numbers;
mod stream;

use std::io::{self, BufWriter, StdoutLock};

use clap::Args;
use jiff::Timestamp;
use log_query::{SeverityFamily, family};
use tokio_util::sync::CancellationToken;

use crate::archive_place::ArchiveArgs;
use crate::days::DaysArgs;
use crate::exit::{Code, Failure};
use crate::instance::InstanceArgs;
use crate::output::{Screen, say};
use crate::row_filter::FilterArgs;
use crate::row_printer::{Format, RowPrinter};

/// Stdout is written in pieces of this size, and whenever there is nothing to read.
const OUTPUT_BUFFER_BYTES: usize = 64 * 1024;

/// Which rows, from where, in which form.
#[derive(Args, Debug)]
pub struct LogsArgs {
    #[command(flatten, next_help_heading = "Where from")]
    instance: InstanceArgs,
    #[command(flatten)]
    archive: ArchiveArgs,
    /// Read the archive alone and never call CIPP; no client secret is needed
    #[arg(long, help_heading = "Archive", conflicts_with_all = ["no_archive", "follow"])]
    offline: bool,
    /// Ask CIPP for every day, also for those that are archived
    #[arg(long, help_heading = "Archive", conflicts_with = "archive")]
    no_archive: bool,
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
    /// Print the most frequent severities, tenants, users, APIs, addresses, clients and templates, as JSON
    #[arg(long, help_heading = "Output", conflicts_with_all = ["count", "follow", "format"])]
    facets: bool,
    /// Print how many rows there are over time, by severity, as JSON
    #[arg(long, help_heading = "Output", conflicts_with_all = ["count", "follow", "format", "facets"])]
    histogram: bool,
    /// Print the rows oldest first, then new ones as they come, until Ctrl+C
    #[arg(long, help_heading = "Output", conflicts_with = "count")]
    follow: bool,
    /// Seconds between two looks for new rows; slower servers are asked less often
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(5..=86_400), help_heading = "Output", requires = "follow")]
    every: u32,
}

/// A severity as it is typed.
pub fn severity(typed: &str) -> Result<SeverityFamily, String> {
    match family(typed) {
        SeverityFamily::Unknown => {
            Err("not a severity. Choose of critical, error, warning, alert, info, debug".to_owned())
        }
        family => Ok(family),
    }
}

/// Reads and prints.
pub async fn run(args: LogsArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let now = Timestamp::now();
    // What is wrong with the options is said before anything is asked for.
    args.days.range(now)?;
    args.filters.text(&args.severity, now)?;
    let who = args.instance.who()?;
    let archive = match args.no_archive {
        true => None,
        false => args.archive.to_read(&who, args.offline).await?,
    };
    if archive.is_some() || args.facets || args.histogram || args.follow {
        note_debug(&args.severity);
    }
    if args.facets || args.histogram {
        numbers::run(&args, &who, archive, cancel).await
    } else if args.follow {
        follow::run(&args, &who, archive, cancel).await
    } else {
        stream::run(&args, &who, archive, cancel).await
    }
}

/// The index and the archive have what CIPP gives when no severity is named: all but `Debug`.
pub fn note_debug(severities: &[SeverityFamily]) {
    if severities.contains(&SeverityFamily::Debug) {
        say(
            "note: rows of the severity Debug are found only by reading them from CIPP directly: \
             cippctl logs --severity debug --no-archive",
        );
    }
}

type Out = BufWriter<StdoutLock<'static>>;

fn printer(args: &LogsArgs, screen: Screen) -> Result<RowPrinter<Out>, Failure> {
    let out = BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, io::stdout().lock());
    if args.count {
        Ok(RowPrinter::count(args.format, screen, out))
    } else {
        RowPrinter::rows(args.format, screen, out)
    }
}

/// Rows that are not valid JSON were printed all the same, but are not what CIPP should send.
fn refuse_unreadable<W: io::Write>(printer: &RowPrinter<W>) -> Result<(), Failure> {
    let (printed, unreadable) = (printer.printed(), printer.unreadable());
    if unreadable == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Code::Reply,
        format!(
            "{} of {} rows are not valid JSON.",
            crate::output::grouped(unreadable),
            crate::output::grouped(printed)
        ),
        "They are printed as CIPP sent them. The other rows are good.",
    ))
}
