//! New rows as they come. CIPP has no way to tell of them: today is asked for again and again.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cipp_client::{ClientError, Day, Row};
use jiff::Timestamp;
use log_archive::ConnectionArchive;
use logbook::Logbook;
use tokio_util::sync::CancellationToken;

use super::{LogsArgs, Out, printer, refuse_unreadable};
use crate::exit::Failure;
use crate::instance::{Who, note_clock};
use crate::opened::{self, Parts};
use crate::output::{Screen, say};
use crate::row_printer::RowPrinter;

/// A server that takes long to answer is asked less often: a look takes at most a fifth of the time.
const SHARE: u32 = 5;

/// Prints what is there, oldest first, then what comes, until it is stopped.
pub(super) async fn run(
    args: &LogsArgs,
    who: &Who,
    archive: Option<ConnectionArchive>,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let (from, to) = args.days.range(now)?;
    let instance = args.instance.open(who).await?;
    note_clock(&instance.client.sign_in(cancel).await?);
    instance.touch();
    let logbook = opened::open(Parts {
        who,
        client: Some(instance.client.clone()),
        archive,
        memory: u64::MAX,
    });
    let text = args.filters.text(&args.severity, now)?;
    logbook.set_query(&text, args.filters.zone())?;
    let mut following = Following {
        logbook: Arc::clone(&logbook),
        printer: printer(args, Screen::of_stdout())?,
        seen: HashMap::new(),
        every: Duration::from_secs(u64::from(args.every)),
        cancel,
    };
    let ended = following.run(from, to).await;
    logbook.close();
    let finished = following.printer.finish(ended.is_ok());
    ended?;
    finished?;
    refuse_unreadable(&following.printer)
}

struct Following<'a> {
    logbook: Arc<Logbook>,
    printer: RowPrinter<Out>,
    /// How many rows of a day with the same key were printed; hardly ever more than one.
    seen: HashMap<(Day, String), u32>,
    every: Duration,
    cancel: &'a CancellationToken,
}

impl Following<'_> {
    async fn run(&mut self, from: Day, to: Day) -> Result<(), Failure> {
        let mut today = self.logbook.today();
        let shown = opened::show(&self.logbook, from, to.max(today), self.cancel, |_| {}).await?;
        self.print_new()?;
        if let Some(failure) = opened::trouble(&shown) {
            return Err(failure);
        }
        loop {
            let began = Instant::now();
            // Rows of yesterday may still come late on the first look of a new day.
            let newest = self.logbook.today().max(today);
            let shown = opened::show(&self.logbook, today, newest, self.cancel, |_| {}).await?;
            today = newest;
            self.print_new()?;
            note(opened::trouble(&shown))?;
            let pause = self.every.max(began.elapsed() * SHARE);
            if self
                .cancel
                .run_until_cancelled(tokio::time::sleep(pause))
                .await
                .is_none()
            {
                return Err(ClientError::Cancelled.into());
            }
        }
    }

    /// Prints the rows that were not printed before, oldest first.
    fn print_new(&mut self) -> Result<(), Failure> {
        let mut new = Vec::new();
        let mut now: HashMap<(Day, String), u32> = HashMap::new();
        self.logbook.snapshot().for_each(&mut |day, raw| {
            let row = Row::from_raw(raw.into());
            let key = (day, key_of(&row));
            let count = now.entry(key.clone()).or_default();
            *count += 1;
            if *count > self.seen.get(&key).copied().unwrap_or(0) {
                new.push(row);
                self.seen.insert(key, *count);
            }
            ControlFlow::Continue(())
        })?;
        for row in new.iter().rev() {
            self.printer.row(row, row.fields().as_ref())?;
        }
        self.printer.flush()
    }
}

/// What tells a row from others for as long as CIPP has it; it stays the same when CIPP writes the row again.
fn key_of(row: &Row) -> String {
    let key = row.fields().ok().and_then(|fields| fields.row_key);
    key.map_or_else(|| row.raw().to_owned(), |key| key.into_owned())
}

/// Trouble that may pass is told, and the next look tries again; what will not pass ends it.
fn note(trouble: Option<Failure>) -> Result<(), Failure> {
    let Some(failure) = trouble else { return Ok(()) };
    if failure.may_pass() {
        say(&format!("note: {} Looking again later.", failure.message()));
        return Ok(());
    }
    Err(failure)
}
