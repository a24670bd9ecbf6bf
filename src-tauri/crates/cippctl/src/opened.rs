//! A logbook for one command: opened, shown, waited for. What reads many days at once comes by here.

use std::sync::Arc;

use cipp_client::{Client, ClientError, Day};
use jiff::Timestamp;
use log_archive::ConnectionArchive;
use logbook::{ArchiveLimits, DayPhase, DayProgress, Logbook, LogbookOptions, Progress};
use tokio_util::sync::CancellationToken;

use crate::days::DaysArgs;
use crate::exit::{Code, Failure};
use crate::instance::Who;

/// What a logbook of a command is made of.
pub struct Parts<'a> {
    /// Whose log.
    pub who: &'a Who,
    /// Asks CIPP; none to read the archive alone.
    pub client: Option<Client>,
    /// Where days are kept.
    pub archive: Option<ConnectionArchive>,
    /// Bytes that rows may take in memory.
    pub memory: u64,
}

/// Opens the logbook. Nothing is asked for yet.
pub fn open(parts: Parts<'_>) -> Arc<Logbook> {
    Logbook::open(LogbookOptions {
        client: parts.client,
        archive: parts.archive,
        archive_trouble: None,
        limits: ArchiveLimits::default(),
        zone: None,
        memory_budget: parts.memory,
        connection_name: parts.who.name().to_owned(),
        now: Timestamp::now,
    })
}

/// Shows the days that were asked for. Where nothing says when they end they end with the instance's own today, which may
/// be ahead of UTC's and is known for sure only when rows have come.
///
/// # Errors
/// As [`show`].
pub async fn show_asked(
    logbook: &Arc<Logbook>,
    days: &DaysArgs,
    cancel: &CancellationToken,
    mut tell: impl FnMut(&Progress),
) -> Result<Progress, Failure> {
    let (from, to) = days.range(Timestamp::now())?;
    let progress = show(logbook, from, to, cancel, &mut tell).await?;
    if days.open_end() && progress.today > to {
        return show(logbook, from, progress.today, cancel, &mut tell).await;
    }
    Ok(progress)
}

/// Shows these days and waits until none is on its way and all of their data is searched. `tell` sees each step.
///
/// # Errors
/// It was cancelled. Days that could not be read are in what is returned, see [`trouble`].
pub async fn show(
    logbook: &Arc<Logbook>,
    from: Day,
    to: Day,
    cancel: &CancellationToken,
    mut tell: impl FnMut(&Progress),
) -> Result<Progress, Failure> {
    let mut showing = std::pin::pin!(logbook.show(from, to));
    let mut shown = false;
    loop {
        tokio::select! {
            () = cancel.cancelled() => {
                logbook.cancel();
                if !shown {
                    showing.as_mut().await;
                }
                tell(&logbook.progress());
                return Err(ClientError::Cancelled.into());
            }
            () = showing.as_mut(), if !shown => shown = true,
            () = logbook.changed() => {}
        }
        let progress = logbook.progress();
        tell(&progress);
        if shown && progress.finished && progress.data_search.done >= progress.data_search.of {
            return Ok(progress);
        }
    }
}

/// The first day that could not be read, as the failure that it is; none when all could.
pub fn trouble(progress: &Progress) -> Option<Failure> {
    let has_begun = |day: &&DayProgress| day.day <= progress.today;
    let failed: Vec<&DayProgress> = progress
        .days
        .iter()
        .filter(has_begun)
        .filter(|day| is_trouble(day))
        .collect();
    let first = failed.first()?;
    let days = failed.len();
    let said = match &first.error {
        Some(error) => Failure::from(error.clone()),
        None => Failure::new(
            Code::Amiss,
            first
                .archive_trouble
                .clone()
                .unwrap_or_else(|| "This day is not in the archive.".to_owned()),
            "Fetch it with `cippctl collect`, or choose other days.",
        ),
    };
    let others = if days == 1 {
        String::new()
    } else {
        format!(" ({days} days are not complete)")
    };
    Some(said.preceded_by(&format!("{}{others}: ", first.day.iso())))
}

fn is_trouble(day: &DayProgress) -> bool {
    match day.phase {
        DayPhase::Failed | DayPhase::Cancelled | DayPhase::NotFetched => true,
        DayPhase::Partial => day.error.is_some(),
        // Nobody can read a day that CIPP no longer keeps; the coverage says so.
        DayPhase::Waiting | DayPhase::Loading | DayPhase::Complete | DayPhase::OutOfMemory | DayPhase::Gone => false,
    }
}
