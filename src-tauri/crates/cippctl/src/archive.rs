//! `cippctl archive`: what is in the archive of a connection, whether it is whole; taking it out; deleting it.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use cipp_client::{ClientError, Day, Field};
use clap::{Args, Subcommand, ValueEnum};
use log_archive::{ArchivedDay, ConnectionArchive};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::archive_place::ArchiveArgs;
use crate::exit::{Code, Failure};
use crate::instance::WhoArgs;
use crate::output::{grouped, say};

/// What to do with an archive.
#[derive(Subcommand, Debug)]
pub enum ArchiveCommand {
    /// Say which days are in it, and its size
    Status {
        #[command(flatten)]
        which: WhichArgs,
        /// Form of the output
        #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
        format: StatusFormat,
    },
    /// Read every day and check that it is whole; nothing is changed
    Verify {
        #[command(flatten)]
        which: WhichArgs,
    },
    /// Delete it; what CIPP still has can be collected again
    Delete {
        #[command(flatten)]
        which: WhichArgs,
        /// Really delete it
        #[arg(long)]
        yes: bool,
    },
    /// Write its days as Parquet files without encryption, one a day
    Export {
        #[command(flatten)]
        which: WhichArgs,
        /// An existing folder for the files
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// First day
        #[arg(long, value_name = "DAY", value_parser = |typed: &str| Day::parse_for(Field::From, typed))]
        from: Option<Day>,
        /// Last day, included
        #[arg(long, value_name = "DAY", value_parser = |typed: &str| Day::parse_for(Field::To, typed))]
        to: Option<Day>,
        /// Replace files that are there already
        #[arg(long)]
        overwrite: bool,
    },
}

/// Whose archive, and where.
#[derive(Args, Debug)]
pub struct WhichArgs {
    #[command(flatten, next_help_heading = "Whose")]
    who: WhoArgs,
    #[command(flatten)]
    archive: ArchiveArgs,
}

/// A form of the list of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// Lines for people
    Table,
    /// JSON
    Json,
}

/// Does it.
pub async fn run(command: ArchiveCommand, cancel: &CancellationToken) -> Result<(), Failure> {
    match command {
        ArchiveCommand::Status { which, format } => status(&which.open().await?, format),
        ArchiveCommand::Verify { which } => verify(&which.open().await?, cancel),
        ArchiveCommand::Delete { which, yes } => delete(&which.open().await?, yes),
        ArchiveCommand::Export {
            which,
            out,
            from,
            to,
            overwrite,
        } => {
            let wanted = |day: Day| from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
            export(&which.open().await?, &out, &wanted, overwrite, cancel)
        }
    }
}

impl WhichArgs {
    async fn open(&self) -> Result<ConnectionArchive, Failure> {
        self.archive.expect(&self.who.who()?).await
    }
}

#[derive(Serialize)]
struct Status {
    folder: String,
    bytes: u64,
    days: Vec<StatusDay>,
}

#[derive(Serialize)]
struct StatusDay {
    day: String,
    bytes: u64,
}

fn status(archive: &ConnectionArchive, format: StatusFormat) -> Result<(), Failure> {
    let days = archive.days()?;
    let bytes: u64 = days.iter().map(|day| day.bytes).sum();
    let mut out = io::stdout().lock();
    match format {
        StatusFormat::Json => {
            let status = Status {
                folder: archive.folder().display().to_string(),
                bytes,
                days: days
                    .iter()
                    .map(|day| StatusDay {
                        day: day.day.iso(),
                        bytes: day.bytes,
                    })
                    .collect(),
            };
            serde_json::to_writer_pretty(&mut out, &status).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        StatusFormat::Table => {
            for day in &days {
                writeln!(out, "{}  {:>14}", day.day.iso(), grouped(day.bytes))?;
            }
            writeln!(
                out,
                "{} days, {} bytes in {}",
                grouped(days.len() as u64),
                grouped(bytes),
                archive.folder().display()
            )?;
        }
    }
    Ok(())
}

fn verify(archive: &ConnectionArchive, cancel: &CancellationToken) -> Result<(), Failure> {
    let (mut good, mut rows, mut bad) = (0_u64, 0_u64, 0_u64);
    for ArchivedDay { day, .. } in archive.days()? {
        refuse_if(cancel)?;
        match archive.verify_day(day) {
            Ok(count) => {
                good += 1;
                rows += u64::from(count);
            }
            Err(error) => {
                bad += 1;
                say(&format!("{}: {error}", day.iso()));
            }
        }
    }
    say(&format!("{} days are whole, {} rows.", grouped(good), grouped(rows)));
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Code::Amiss,
        format!("{} days are not whole.", grouped(bad)),
        "`cippctl collect` fetches them again where CIPP still has them. With the right key they may be readable yet.",
    ))
}

fn delete(archive: &ConnectionArchive, yes: bool) -> Result<(), Failure> {
    if !yes {
        let days = archive.days()?.len() as u64;
        return Err(Failure::new(
            Code::Usage,
            format!(
                "This would delete {} days in {}.",
                grouped(days),
                archive.folder().display()
            ),
            "Give --yes to do it. Days that CIPP does not keep any more are lost then.",
        ));
    }
    let freed = archive.delete_all()?;
    say(&format!(
        "Deleted: {} bytes in {} are free.",
        grouped(freed),
        archive.folder().display()
    ));
    Ok(())
}

fn export(
    archive: &ConnectionArchive,
    out: &std::path::Path,
    wanted: &dyn Fn(Day) -> bool,
    overwrite: bool,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    if !fs::metadata(out).is_ok_and(|found| found.is_dir()) {
        return Err(Failure::new(
            Code::Usage,
            format!("There is no folder {}.", out.display()),
            "Make it first, or give another one with --out.",
        ));
    }
    let days: Vec<Day> = archive
        .days()?
        .into_iter()
        .map(|day| day.day)
        .filter(|day| wanted(*day))
        .collect();
    let file_of = |day: Day| out.join(format!("{day}.parquet"));
    if let Some(there) = days
        .iter()
        .map(|day| file_of(*day))
        .find(|file| !overwrite && file.exists())
    {
        return Err(Failure::new(
            Code::Usage,
            format!("{} is there already. Nothing was written.", there.display()),
            "Choose another folder, or give --overwrite.",
        ));
    }
    let mut rows = 0_u64;
    for day in &days {
        refuse_if(cancel)?;
        rows += u64::from(archive.export_plain(*day, &file_of(*day))?);
    }
    say(&format!(
        "{} days, {} rows written to {}.",
        grouped(days.len() as u64),
        grouped(rows),
        out.display()
    ));
    Ok(())
}

fn refuse_if(cancel: &CancellationToken) -> Result<(), Failure> {
    if cancel.is_cancelled() {
        return Err(ClientError::Cancelled.into());
    }
    Ok(())
}
