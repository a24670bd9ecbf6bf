//! `cippctl export`: exactly the rows that match, in a file that appears whole or not at all.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cipp_client::ClientError;
use clap::{Args, ValueEnum};
use jiff::{Timestamp, tz::TimeZone};
use log_query::SeverityFamily;
use logbook::{ExportError, ExportFormat, ExportOptions, ExportProgress, ExportSummary, LogbookError};
use tokio_util::sync::CancellationToken;

use crate::archive_place::ArchiveArgs;
use crate::days::DaysArgs;
use crate::exit::{Code, Failure};
use crate::instance::{InstanceArgs, note_clock};
use crate::logs::{note_debug, severity};
use crate::opened::{self, Parts};
use crate::output::{grouped, say, stderr_is_terminal};
use crate::progress::Progress;
use crate::row_filter::FilterArgs;

/// Which rows, from where, in which form, to where.
#[derive(Args, Debug)]
pub struct ExportArgs {
    #[command(flatten, next_help_heading = "Where from")]
    instance: InstanceArgs,
    #[command(flatten)]
    archive: ArchiveArgs,
    /// Read the archive alone and never call CIPP; no client secret is needed
    #[arg(long, help_heading = "Archive")]
    offline: bool,
    #[command(flatten, next_help_heading = "Days")]
    days: DaysArgs,
    /// Only these severities, with all their spellings: critical, error, warning, alert, info, debug
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = severity, help_heading = "Filters")]
    severity: Vec<SeverityFamily>,
    #[command(flatten)]
    filters: FilterArgs,
    /// Form of the file
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    format: Form,
    /// The file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: PathBuf,
    /// Replace the file if it is there already
    #[arg(long, help_heading = "Output")]
    overwrite: bool,
    /// Begin a CSV file with a byte order mark, by which Excel knows it as UTF-8
    #[arg(long, help_heading = "Output")]
    bom: bool,
    /// Leave cells as they are that a spreadsheet takes for formulas
    #[arg(long, help_heading = "Output")]
    formulas: bool,
}

/// The form of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Comma separated values
    Csv,
    /// One JSON array of CIPP's own objects
    Json,
    /// CIPP's own objects, one a line
    Ndjson,
    /// An Excel workbook, up to 1,048,575 rows
    Xlsx,
    /// A Parquet file, for DuckDB, pandas, Spark
    Parquet,
}

impl Form {
    fn format(self) -> ExportFormat {
        match self {
            Form::Csv => ExportFormat::Csv,
            Form::Json => ExportFormat::Json,
            Form::Ndjson => ExportFormat::Ndjson,
            Form::Xlsx => ExportFormat::Xlsx,
            Form::Parquet => ExportFormat::Parquet,
        }
    }
}

/// Reads the days and writes the file.
pub async fn run(args: ExportArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let now = Timestamp::now();
    args.days.range(now)?;
    let text = args.filters.text(&args.severity, now)?;
    let who = args.instance.who()?;
    let archive = args.archive.to_read(&who, args.offline).await?;
    note_debug(&args.severity);
    let client = match args.offline {
        true => None,
        false => {
            let instance = args.instance.open(&who).await?;
            note_clock(&instance.client.sign_in(cancel).await?);
            instance.touch();
            Some(instance.client.clone())
        }
    };
    let logbook = opened::open(Parts {
        who: &who,
        client,
        archive,
        memory: u64::MAX,
    });
    logbook.set_query(&text, args.filters.zone())?;
    let mut line = Progress::new(stderr_is_terminal());
    let shown = opened::show_asked(&logbook, &args.days, cancel, |progress| {
        line.rows(u64::from(progress.loaded))
    })
    .await;
    line.done();
    let progress = shown?;

    let (options, path, token) = (args.options(), args.out.clone(), cancel.clone());
    let writing = logbook.clone();
    let written = tokio::task::spawn_blocking(move || writing.export(&path, &options, &teller(), &token)).await;
    logbook.close();
    let summary =
        written.map_err(|error| Failure::new(Code::Local, format!("The export ended early: {error}."), ""))??;
    tell(&summary);
    opened::trouble(&progress).map_or(Ok(()), Err)
}

impl ExportArgs {
    fn options(&self) -> ExportOptions {
        let zone = self.filters.zone();
        ExportOptions {
            format: self.format.format(),
            formula_safe: !self.formulas,
            bom: self.bom,
            zone: zone_name(&zone),
            overwrite: self.overwrite,
        }
    }
}

/// A computer whose zone has no name gets the times of its present offset.
fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None => Timestamp::now().to_zoned(zone.clone()).strftime("%:z").to_string(),
    }
}

/// A line on stderr for a person, a few times a second.
fn teller() -> impl Fn(ExportProgress) {
    let shown = stderr_is_terminal();
    let last = std::cell::Cell::new(None::<Instant>);
    move |progress| {
        let all = progress.rows == progress.of;
        let recently = last
            .get()
            .is_some_and(|last| last.elapsed() < Duration::from_millis(200));
        if !shown || (recently && !all) {
            return;
        }
        last.set(Some(Instant::now()));
        let mut err = io::stderr().lock();
        let _ = write!(
            err,
            "\r{} of {} rows written  ",
            grouped(u64::from(progress.rows)),
            grouped(u64::from(progress.of))
        );
        let _ = if all { writeln!(err) } else { err.flush() };
    }
}

fn tell(summary: &ExportSummary) {
    say(&format!(
        "{} rows, {} bytes: {}",
        grouped(u64::from(summary.rows)),
        grouped(summary.bytes as u64),
        summary.path.display()
    ));
    say(&summary.coverage);
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Cancelled => ClientError::Cancelled.into(),
            ExportError::Exists => Failure::new(
                Code::Usage,
                error.to_string(),
                "Choose another name, or give --overwrite.",
            ),
            ExportError::TooMuch(_) => Failure::new(Code::Usage, error.to_string(), ""),
            ExportError::NotWritten(_) => Failure::new(Code::Local, error.to_string(), ""),
        }
    }
}

impl From<LogbookError> for Failure {
    fn from(error: LogbookError) -> Self {
        Failure::new(Code::Local, error.to_string(), "")
    }
}
