//! How much is kept: by age and by size, the oldest days go first.
//!
//! What deliberately is not here: the choice of the limits (settings).

use std::fs;

use cipp_client::Day;

use super::{ASIDE, ConnectionArchive, day_of, files};
use crate::ArchiveError;

/// How much of the archive may stay. Without limits all of it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// So many days back from today, today included.
    pub keep_days: Option<u32>,
    /// So many bytes of day files together.
    pub max_bytes: Option<u64>,
}

impl ConnectionArchive {
    /// Removes the oldest days until the limits hold, and what was set aside of days that are older than them. Returns what went, the oldest first.
    ///
    /// # Errors
    /// The folder cannot be read, or a file cannot be removed: what came before it is gone.
    pub fn enforce(&self, limits: Limits, today: Day) -> Result<Vec<Day>, ArchiveError> {
        let mut days = self.days()?;
        let mut bytes: u64 = days.iter().map(|archived| archived.bytes).sum();
        let oldest_kept = limits.keep_days.and_then(|days| first_of(today, days));
        let mut removed = Vec::new();
        while let Some(oldest) = days.pop() {
            let too_old = oldest_kept.is_some_and(|first| oldest.day < first);
            let too_much = limits.max_bytes.is_some_and(|most| bytes > most);
            if !too_old && !too_much {
                break;
            }
            let held = files::lock(self.folder())?;
            self.remove(oldest.day, &held)?;
            bytes -= oldest.bytes;
            removed.push(oldest.day);
        }
        if let Some(first) = oldest_kept {
            self.forget_what_was_set_aside(first)?;
        }
        Ok(removed)
    }

    /// A file that was set aside is kept to look at, but no longer than the day itself would be.
    fn forget_what_was_set_aside(&self, first: Day) -> Result<(), ArchiveError> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let day = name.to_string_lossy().strip_suffix(ASIDE).and_then(day_of);
            if day.is_some_and(|day| day < first) {
                fs::remove_file(entry.path()).map_err(|error| ArchiveError::io("remove", &entry.path(), &error))?;
            }
        }
        Ok(())
    }
}

/// The first of so many days that end with `today`.
fn first_of(today: Day, days: u32) -> Option<Day> {
    let back = jiff::Span::new().try_days(i64::from(days).checked_sub(1)?).ok()?;
    today.date().checked_sub(back).ok().map(Day::new)
}
