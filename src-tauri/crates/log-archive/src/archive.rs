//! The archive of a connection: a folder with one encrypted file for each closed day.
//!
//! Everything here blocks: callers on an async runtime hand it to a thread. Several processes may work on one archive:
//! each file appears whole, the last one that was fetched wins, and readers never wait.
//!
//! What deliberately is not here: what is in a day file (`day_file.rs`), which days are wanted and when they are fetched
//! (`logbook`), where the key rests (`connections`).

pub(crate) mod files;
mod retention;

use std::{
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use cipp_client::Day;
use log_index::{DayColumns, TextColumn};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ArchiveError, DayFileError, DayMeta, PlainParquetWriter,
    day_file::{Identity, read::DayFile, write::RowsWriter},
    key::ArchiveKey,
};
use files::{FolderLock, Part, patiently, sync_folder};
pub use retention::Limits;

/// The end of a day file's name.
const DAY_FILE: &str = ".parquet";
/// What its name ends with once it was set aside.
const ASIDE: &str = ".damaged";
/// The small document beside the days.
const NOTES: &str = "notes.json";

/// The days of one connection on disk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionArchive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    connection: String,
    key: ArchiveKey,
}

/// A day that is in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchivedDay {
    /// The day.
    pub day: Day,
    /// Size of its file.
    pub bytes: u64,
}

impl ConnectionArchive {
    /// The archive of `connection` in its own folder below `root`. Nothing is made before there is something to keep;
    /// what killed processes left behind is removed.
    ///
    /// # Errors
    /// The name is no folder's name on every system.
    pub fn open(root: &Path, connection: &str, key: ArchiveKey) -> Result<ConnectionArchive, ArchiveError> {
        if !is_safe_name(connection) {
            return Err(ArchiveError::Name(connection.to_owned()));
        }
        let folder = root.join(connection);
        files::sweep(&folder);
        Ok(ConnectionArchive(Arc::new(Inner {
            folder,
            connection: connection.to_owned(),
            key,
        })))
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The days that are there, newest first. None where there is no folder yet.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn days(&self) -> Result<Vec<ArchivedDay>, ArchiveError> {
        let refused = |error: io::Error| ArchiveError::io("read", self.folder(), &error);
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(refused)?,
        };
        let mut days = Vec::new();
        for entry in entries {
            let entry = entry.map_err(refused)?;
            let Some(day) = day_of(&entry.file_name().to_string_lossy()) else {
                continue;
            };
            match entry.metadata() {
                Ok(metadata) if metadata.is_file() => days.push(ArchivedDay {
                    day,
                    bytes: metadata.len(),
                }),
                // Another window was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) => {}
                Err(error) => return Err(refused(error)),
            }
        }
        days.sort_unstable_by_key(|archived| std::cmp::Reverse(archived.day));
        Ok(days)
    }

    /// Size of all day files together.
    ///
    /// # Errors
    /// As [`ConnectionArchive::days`].
    pub fn bytes(&self) -> Result<u64, ArchiveError> {
        Ok(self.days()?.iter().map(|archived| archived.bytes).sum())
    }

    /// Begins the file of a day. Two processes may write the same day: both files are whole, and the one that was
    /// fetched later stays.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn write_day(&self, day: Day, meta: DayMeta) -> Result<DayWriter, ArchiveError> {
        let (part, file) = Part::new(self.folder(), &day.to_string())?;
        let path = self.path(day);
        let rows = RowsWriter::day(file, &self.identity(day), &meta)
            .map_err(|error| ArchiveError::io("write", &path, &error))?;
        Ok(DayWriter {
            archive: self.clone(),
            day,
            meta,
            path,
            rows,
            part,
        })
    }

    /// All columns of a day, with the data of its rows or without, and what is known about the day.
    ///
    /// # Errors
    /// See [`DayFileError`].
    pub fn read_day(&self, day: Day, with_log_data: bool) -> Result<(DayColumns, DayMeta), DayFileError> {
        let file = DayFile::load(&self.path(day), &self.identity(day))?;
        let meta = file.meta()?;
        Ok((file.columns(with_log_data)?, meta))
    }

    /// What is known about a day, without reading its rows.
    ///
    /// # Errors
    /// See [`DayFileError`].
    pub fn read_meta(&self, day: Day) -> Result<DayMeta, DayFileError> {
        DayFile::open(&self.path(day), &self.identity(day))?.meta()
    }

    /// The JSON text of a row, byte for byte as CIPP sent it. Rows are numbered as they were pushed.
    ///
    /// # Errors
    /// See [`DayFileError`]; a row that is not there means that the file was replaced since.
    pub fn read_row(&self, day: Day, row: u32) -> Result<String, DayFileError> {
        let (path, identity) = (self.path(day), self.identity(day));
        match DayFile::open(&path, &identity).and_then(|file| file.row(row)) {
            // The library does not tell a disk that failed from a file that is damaged: what is called damaged is read
            // once more, all of it.
            Err(DayFileError::Damaged(_)) => DayFile::load(&path, &identity)?.row(row),
            outcome => outcome,
        }
    }

    /// The JSON texts of all rows in their order, until `visit` breaks off. Never more than the compressed file and a
    /// few megabytes of rows are in memory at once; the file is not held open meanwhile.
    ///
    /// # Errors
    /// See [`DayFileError`]. Rows that were visited before are right all the same.
    pub fn read_rows(&self, day: Day, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<(), DayFileError> {
        DayFile::load(&self.path(day), &self.identity(day))?.texts(visit)?;
        Ok(())
    }

    /// The data of all rows, some thousand at a time: the number of the first row, and a text for each, empty where
    /// there is none. Never more than the compressed file and a few megabytes of data are in memory at once.
    ///
    /// # Errors
    /// See [`DayFileError`].
    pub fn read_log_data(
        &self,
        day: Day,
        visit: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>,
    ) -> Result<(), DayFileError> {
        DayFile::load(&self.path(day), &self.identity(day))?.log_data(visit)
    }

    /// Reads all of a day, column by column and row by row, and returns how many rows it has.
    ///
    /// # Errors
    /// See [`DayFileError`]: any change of any byte of the file is one.
    pub fn verify_day(&self, day: Day) -> Result<u32, DayFileError> {
        let (path, identity) = (self.path(day), self.identity(day));
        let file = DayFile::load(&path, &identity)?;
        file.meta()?;
        let rows = file.rows();
        let columns = file.columns(true)?;
        let visited = DayFile::load(&path, &identity)?.texts(&mut |_| ControlFlow::Continue(()))?;
        if columns.times.len() != rows as usize || visited != rows {
            return Err(DayFileError::damaged("Rows are missing."));
        }
        Ok(rows)
    }

    /// Writes a day as a plain Parquet file to `path`.
    ///
    /// # Errors
    /// The day cannot be read, or the file cannot be written; then nothing stays at `path`.
    pub fn export_plain(&self, day: Day, path: &Path) -> Result<u32, ArchiveError> {
        let meta = self.read_meta(day)?;
        let mut plain = PlainParquetWriter::create(path)?;
        let mut failed = None;
        self.read_rows(day, &mut |raw| match plain.push(raw, day) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let pairs = [
            ("cipp-desk.connection", self.0.connection.clone()),
            ("cipp-desk.fetched_at", meta.fetched_at.to_string()),
            ("cipp-desk.zone", meta.zone),
        ];
        plain.finish(&pairs.map(|(key, value)| (key.to_owned(), value)))
    }

    /// Renames the file of a day so that it no longer counts and can be looked at: `yyyyMMdd.parquet.damaged`, in place
    /// of an older one. Returns its new path; none where there is no file.
    ///
    /// # Errors
    /// The system refuses.
    pub fn set_aside(&self, day: Day) -> Result<Option<PathBuf>, ArchiveError> {
        let path = self.path(day);
        if !path.exists() {
            return Ok(None);
        }
        let _held = files::lock(self.folder())?;
        let aside = self.aside(day);
        match patiently(|| fs::rename(&path, &aside)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ArchiveError::io("rename", &path, &error)),
            Ok(()) => {
                sync_folder(self.folder());
                Ok(Some(aside))
            }
        }
    }

    /// Removes a day. Returns the bytes that were freed.
    ///
    /// # Errors
    /// The system refuses.
    pub fn delete_day(&self, day: Day) -> Result<u64, ArchiveError> {
        let path = self.path(day);
        if !path.exists() {
            return Ok(0);
        }
        let held = files::lock(self.folder())?;
        self.remove(day, &held)
    }

    /// Removes everything of this connection from the disk, also days that were set aside and notes. Returns the bytes
    /// that were freed. Whoever is just writing a day loses it with a clear error.
    ///
    /// # Errors
    /// The system refuses; what could be removed is gone.
    pub fn delete_all(&self) -> Result<u64, ArchiveError> {
        let mut freed = 0;
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            entries => entries.map_err(|error| ArchiveError::io("read", self.folder(), &error))?,
        };
        for entry in entries.flatten() {
            freed += entry.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        }
        match patiently(|| fs::remove_dir_all(self.folder())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(ArchiveError::io("remove", self.folder(), &error))
            }
            _ => Ok(freed),
        }
    }

    /// The connection's small document, `notes.json`; the default where there is none or it cannot be read: it holds
    /// nothing that could not be learned again.
    pub fn notes<T: DeserializeOwned + Default>(&self) -> T {
        let text = patiently(|| fs::read(self.folder().join(NOTES))).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Keeps the connection's small document. It is not encrypted: nothing of the rows belongs into it.
    ///
    /// # Errors
    /// The system refuses; the old document stays.
    pub fn keep_notes<T: Serialize>(&self, notes: &T) -> Result<(), ArchiveError> {
        let path = self.folder().join(NOTES);
        let refused = |error: io::Error| ArchiveError::io("write", &path, &error);
        let text = serde_json::to_vec_pretty(notes).map_err(|error| refused(error.into()))?;
        let (part, mut file) = Part::new(self.folder(), "notes")?;
        io::Write::write_all(&mut file, &text)
            .and_then(|()| file.sync_all())
            .map_err(refused)?;
        drop(file);
        let held = files::lock(self.folder())?;
        part.replace(&path, &held)
    }

    fn path(&self, day: Day) -> PathBuf {
        self.folder().join(format!("{day}{DAY_FILE}"))
    }

    fn identity(&self, day: Day) -> Identity {
        Identity {
            connection: self.0.connection.clone(),
            day,
            key: self.0.key.clone(),
        }
    }

    /// Where the file of a day is put that cannot be read.
    fn aside(&self, day: Day) -> PathBuf {
        self.folder().join(format!("{day}{DAY_FILE}{ASIDE}"))
    }

    fn remove(&self, day: Day, _held: &FolderLock) -> Result<u64, ArchiveError> {
        let path = self.path(day);
        let bytes = fs::metadata(&path).map(|metadata| metadata.len()).unwrap_or(0);
        match patiently(|| fs::remove_file(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(ArchiveError::io("remove", &path, &error)),
            Ok(()) => Ok(bytes),
        }
    }
}

/// The file of a day that is being written. Dropped before it is finished, nothing stays of it.
#[derive(Debug)]
pub struct DayWriter {
    archive: ConnectionArchive,
    day: Day,
    meta: DayMeta,
    path: PathBuf,
    // Before `part`: on Windows a file that is open cannot be removed.
    rows: RowsWriter,
    part: Part,
}

impl DayWriter {
    /// Adds a row: its JSON text exactly as CIPP sent it. Newest first.
    ///
    /// # Errors
    /// The system refuses (a full disk), or the day is larger than a file can hold.
    pub fn push(&mut self, raw: &str) -> Result<(), ArchiveError> {
        let pushed = self.rows.push(raw);
        pushed.map_err(|error| ArchiveError::io("write", &self.path, &error))
    }

    /// Rows so far.
    pub fn rows(&self) -> u32 {
        self.rows.rows()
    }

    /// Writes what is left, makes it last, and puts the file in its place at once. A file of the same day that was
    /// fetched later than this one stays, and is what is returned.
    ///
    /// # Errors
    /// The system refuses (a full disk, a folder that is gone); then the file that was there before stays.
    pub fn finish(self) -> Result<ArchivedDay, ArchiveError> {
        let DayWriter {
            archive,
            day,
            meta,
            path,
            rows,
            part,
        } = self;
        rows.finish(&[])
            .map_err(|error| ArchiveError::io("write", &path, &error))?;
        if !archive.folder().exists() {
            let gone = io::Error::from(io::ErrorKind::NotFound);
            return Err(ArchiveError::io("write", &path, &gone));
        }
        let held = files::lock(archive.folder())?;
        let newer = archive
            .read_meta(day)
            .is_ok_and(|there| there.fetched_at > meta.fetched_at);
        if !newer {
            part.replace(&path, &held)?;
        }
        let bytes = fs::metadata(&path).map_err(|error| ArchiveError::io("read", &path, &error))?;
        Ok(ArchivedDay {
            day,
            bytes: bytes.len(),
        })
    }
}

/// `20260808.parquet`, and nothing else.
fn day_of(name: &str) -> Option<Day> {
    let digits = name.strip_suffix(DAY_FILE)?;
    let day: Day = digits.parse().ok()?;
    (day.to_string() == digits).then_some(day)
}

/// Whether it is a folder's name on every system: letters, digits, `-` and `_`, and none of Windows' device names.
fn is_safe_name(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let lower = name.to_ascii_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let device = DEVICES.contains(&stem) && lower.len() <= stem.len() + 1;
    plain && (1..=100).contains(&name.len()) && !device
}
