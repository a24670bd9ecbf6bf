//! The archive as the logbook uses it: whole days in and out. Everything here blocks.
//!
//! What deliberately is not here: the files themselves (`log-archive`), and when which day is written (`whole.rs`).

use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

use cipp_client::{Day, Row};
use jiff::Timestamp;
use log_archive::{ConnectionArchive, DayFileError, DayMeta};
use log_index::{Dictionaries, LogDataSource, Segment, TextColumn};

use crate::{pieces::Names, zone::DayTimes};

/// A day as it came from the archive.
pub(crate) struct LoadedDay {
    pub segment: Arc<Segment>,
    pub fetched_at: Timestamp,
    pub times: DayTimes,
}

/// The days that are in the archive; none where it cannot be read, with the reason.
pub(crate) fn days(archive: Option<&ConnectionArchive>) -> (BTreeSet<Day>, Option<String>) {
    match archive.map(ConnectionArchive::days) {
        None => (BTreeSet::new(), None),
        Some(Ok(days)) => (days.into_iter().map(|archived| archived.day).collect(), None),
        Some(Err(error)) => (BTreeSet::new(), Some(error.to_string())),
    }
}

/// Reads a day into memory.
pub(crate) fn load(
    archive: &ConnectionArchive,
    day: Day,
    with_data: bool,
    dictionaries: &Dictionaries,
) -> Result<LoadedDay, DayFileError> {
    let (columns, meta) = archive.read_day(day, with_data)?;
    Ok(LoadedDay {
        times: DayTimes::of(day, columns.times.iter().copied()),
        fetched_at: meta.fetched_at,
        segment: Arc::new(Segment::new(day, columns, None, dictionaries)),
    })
}

/// The rows of an archived day by name.
pub(crate) fn names(archive: &ConnectionArchive, day: Day) -> Result<Names, DayFileError> {
    let mut names = Names::default();
    archive.read_rows(day, &mut |raw| {
        let row = Row::from_raw(raw.into());
        names.add(&log_index::ReadRow::of(&row), raw);
        ControlFlow::Continue(())
    })?;
    Ok(names)
}

/// Hands out rows, one after the other.
pub(crate) type EachRow<'a> = dyn FnMut(&mut dyn FnMut(&str)) + 'a;

/// Writes a day, its rows newest first; the file that was there is replaced at once or not at all.
pub(crate) fn seal(
    archive: &ConnectionArchive,
    day: Day,
    fetched_at: Timestamp,
    zone: String,
    rows: &mut EachRow<'_>,
) -> Result<(), String> {
    let meta = DayMeta {
        fetched_at,
        zone,
        complete_at_close: true,
    };
    let mut writer = archive.write_day(day, meta).map_err(|error| error.to_string())?;
    let mut failed = None;
    rows(&mut |raw| {
        if failed.is_none() {
            failed = writer.push(raw).err();
        }
    });
    match failed {
        Some(error) => Err(error.to_string()),
        None => writer.finish().map(|_| ()).map_err(|error| error.to_string()),
    }
}

/// The data of days whose rows are in memory without it.
pub(crate) struct DataOnDisk(pub Option<ConnectionArchive>);

impl LogDataSource for DataOnDisk {
    fn log_data(&self, day: Day, visit: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>) -> Result<(), String> {
        match &self.0 {
            Some(archive) => archive.read_log_data(day, visit).map_err(|error| error.to_string()),
            None => Err("There is no archive to read the data of this day from.".to_owned()),
        }
    }
}
