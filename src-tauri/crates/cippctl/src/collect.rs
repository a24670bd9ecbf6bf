//! `cippctl collect`: fills the archive of a connection, so that its log can be read without CIPP, and for longer than
//! CIPP keeps it.
//!
//! Days that are in the archive are not asked for again, so a run that was stopped goes on where it ended.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use cipp_client::Day;
use clap::Args;
use jiff::Timestamp;
use log_archive::ConnectionArchive;
use logbook::{Coverage, DayPhase, DayProgress, Progress};
use tokio_util::sync::CancellationToken;

use crate::archive_place::ArchiveArgs;
use crate::days::{DaysArgs, Since};
use crate::exit::{Code, Failure};
use crate::instance::{InstanceArgs, note_clock};
use crate::opened::{self, Parts};
use crate::output::{grouped, say, stderr_is_terminal};

/// Rows go to the archive; beyond this they leave the memory, the oldest days first.
const MEMORY_BYTES: u64 = 512 * 1024 * 1024;

/// Which days, from where, to where.
#[derive(Args, Debug)]
pub struct CollectArgs {
    #[command(flatten, next_help_heading = "Where from")]
    instance: InstanceArgs,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten, next_help_heading = "Days (the last 30 unless said otherwise)")]
    days: DaysArgs,
}

/// Fetches what is missing.
pub async fn run(args: CollectArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let (from, to) = args.days.range_or(Since::Days(30), Timestamp::now())?;
    let who = args.instance.who()?;
    let archive = args.archive.open_or_make(&who).await?;
    let instance = args.instance.open(&who).await?;
    note_clock(&instance.client.sign_in(cancel).await?);
    instance.touch();
    let before = archived(&archive)?;
    let logbook = opened::open(Parts {
        who: &who,
        client: Some(instance.client.clone()),
        archive: Some(archive.clone()),
        memory: MEMORY_BYTES,
    });
    let mut teller = Teller::new(stderr_is_terminal());
    let shown = opened::show(&logbook, from, to, cancel, |progress| teller.tell(progress)).await;
    let progress = logbook.progress();
    teller.finish(&progress);
    logbook.close();
    let wanted: HashSet<Day> = progress.days.iter().map(|day| day.day).collect();
    let there = before.intersection(&wanted).filter(|day| !teller.fetched.contains(day));
    say(&format!(
        "{} fetched, {} in the archive before; {} rows seen. The archive is {}.",
        days(teller.fetched.len()),
        days(there.count()),
        grouped(teller.rows.values().map(|rows| u64::from(*rows)).sum()),
        archive.folder().display()
    ));
    shown?;
    if let Some(trouble) = &progress.archive_trouble {
        return Err(Failure::new(
            Code::Local,
            format!("Not everything could be archived. {trouble}"),
            "Run the command again when that is settled: it goes on where it ended.",
        ));
    }
    opened::trouble(&progress).map_or(Ok(()), Err)
}

fn archived(archive: &ConnectionArchive) -> Result<HashSet<Day>, Failure> {
    Ok(archive.days()?.into_iter().map(|archived| archived.day).collect())
}

fn days(count: usize) -> String {
    if count == 1 {
        "1 day".to_owned()
    } else {
        format!("{} days", grouped(count as u64))
    }
}

/// Says on stderr how far it is: one line that changes for a person, one line for each day in a log.
struct Teller {
    terminal: bool,
    told: HashSet<Day>,
    /// Days that came from CIPP and are archived now, also in place of a file that was no good.
    fetched: HashSet<Day>,
    /// The rows of each day, also of days that have left the memory since.
    rows: HashMap<Day, u32>,
    visible: bool,
}

impl Teller {
    fn new(terminal: bool) -> Self {
        Teller {
            terminal,
            told: HashSet::new(),
            fetched: HashSet::new(),
            rows: HashMap::new(),
            visible: false,
        }
    }

    fn tell(&mut self, progress: &Progress) {
        for day in progress.days.iter().filter(|day| is_over(day)) {
            self.count(day);
            // A day that is read whole goes to the archive next: what became of it is told then.
            if day.archived || day.phase != DayPhase::Complete {
                self.tell_day(day);
            }
        }
        if self.terminal {
            self.visible = true;
            let mut err = io::stderr().lock();
            let _ = write!(
                err,
                "\r{} of {}  {} rows  ",
                grouped(self.told.len() as u64),
                days(progress.days.len()),
                grouped(u64::from(progress.loaded))
            );
            let _ = err.flush();
        }
    }

    fn count(&mut self, day: &DayProgress) {
        let most = self.rows.entry(day.day).or_default();
        *most = day.rows.max(*most);
        if day.archived && day.source == Coverage::Cipp {
            self.fetched.insert(day.day);
        }
    }

    fn tell_day(&mut self, day: &DayProgress) {
        if self.told.insert(day.day) && (!self.terminal || day.error.is_some()) {
            self.done();
            say(&line(day));
        }
    }

    /// Nothing changes any more: tells of the days that were not told of.
    fn finish(&mut self, progress: &Progress) {
        for day in progress.days.iter().filter(|day| is_over(day)) {
            self.count(day);
            self.tell_day(day);
        }
        self.done();
    }

    /// Takes the changing line away.
    fn done(&mut self) {
        if std::mem::take(&mut self.visible) {
            let mut err = io::stderr().lock();
            let _ = write!(err, "\r{:60}\r", "");
            let _ = err.flush();
        }
    }
}

fn is_over(day: &DayProgress) -> bool {
    !matches!(day.phase, DayPhase::Waiting | DayPhase::Loading | DayPhase::NotFetched)
}

fn line(day: &DayProgress) -> String {
    let name = day.day.iso();
    let rows = grouped(u64::from(day.rows));
    match (&day.error, day.phase, day.source) {
        (Some(error), _, _) => format!("{name}: not complete. {error}"),
        (None, DayPhase::Gone, _) => format!("{name}: CIPP does not keep it any more"),
        (None, DayPhase::Cancelled, _) => format!("{name}: stopped"),
        (None, _, Coverage::Archive) => format!("{name}: {rows} rows, in the archive already"),
        (None, _, _) if day.archived => format!("{name}: {rows} rows, archived"),
        (None, _, _) => format!("{name}: {rows} rows, more may come"),
    }
}
