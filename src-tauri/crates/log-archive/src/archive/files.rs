//! Files that appear whole or not at all: temporary names, locks, replacing, sweeping.
//!
//! A day is written to a name of its own beside the others, `.20260808-<random>.part`, and the writer keeps that file
//! locked for as long as it lives: so what a killed process left behind can be told from what a living one is still
//! writing. The folder's own lock (`.lock`) is held only for moments: while such a file is made, while it takes its
//! place, and while leftovers are swept. Readers lock nothing: a file under its final name is whole, and one that is
//! replaced stays readable for whoever has it open.
//!
//! What deliberately is not here: what is in the files.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempPath;

use crate::ArchiveError;

/// How long another process may hold the folder. What is done under the lock takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The end of temporary names.
const PART: &str = ".part";
/// The folder's own lock file.
const LOCK: &str = ".lock";

/// The folder of a connection, for as long as this process may change what is in it.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: Option<File>,
}

/// Makes the folder if need be, and waits for its lock.
pub(super) fn lock(folder: &Path) -> Result<FolderLock, ArchiveError> {
    if !folder.is_dir() {
        fs::create_dir_all(folder).map_err(|error| ArchiveError::io("make the folder", folder, &error))?;
        folder.parent().into_iter().for_each(sync_folder);
    }
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| ArchiveError::io("write", &path, &error))?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(FolderLock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => return Err(ArchiveError::Busy(folder.display().to_string())),
            // Some network file systems know no locks. One window there is better than none.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(FolderLock { _file: None });
            }
            Err(TryLockError::Error(error)) => return Err(ArchiveError::io("lock", &path, &error)),
        }
    }
}

/// A temporary file: locked while it is written, removed when it is dropped.
#[derive(Debug)]
pub(super) struct Part {
    // Before the name: a file that is open cannot be removed on every system.
    lock: File,
    path: TempPath,
}

impl Part {
    /// Makes one whose name begins with `.{stem}-`, and a second handle to write to it.
    pub(super) fn new(folder: &Path, stem: &str) -> Result<(Part, File), ArchiveError> {
        let _held = lock(folder)?;
        let refused = |error: io::Error| ArchiveError::io("write into", folder, &error);
        let file = tempfile::Builder::new()
            .prefix(&format!(".{stem}-"))
            .suffix(PART)
            .tempfile_in(folder)
            .map_err(refused)?;
        let (file, path) = file.into_parts();
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(error) => return Err(refused(error.into())),
        }
        let to_write = file.try_clone().map_err(refused)?;
        Ok((Part { lock: file, path }, to_write))
    }

    /// Puts the file in its place. Only with the folder's lock held: else a sweep could come between.
    pub(super) fn replace(self, path: &Path, _held: &FolderLock) -> Result<(), ArchiveError> {
        let Part { path: part, lock } = self;
        // Windows renames no file that is locked. The folder's lock keeps sweepers away.
        drop(lock);
        put_in_place(part, path)
    }
}

/// Gives a temporary file its final name, in place of whatever has it. If that fails, nothing stays of it.
pub(crate) fn put_in_place(part: TempPath, path: &Path) -> Result<(), ArchiveError> {
    let refused = |error: io::Error| ArchiveError::io("write", path, &error);
    // Before it is renamed: on Windows this takes the mark of a temporary file from it.
    let part = part.keep().map_err(|error| refused(error.error))?;
    patiently(|| fs::rename(&part, path)).map_err(|error| {
        let _ = fs::remove_file(&part);
        refused(error)
    })?;
    if let Some(folder) = path.parent() {
        sync_folder(folder);
    }
    Ok(())
}

/// Removes what killed processes left behind: temporary files that nobody has locked. Where that cannot be done they
/// stay: an archive can be read where it cannot be changed.
pub(super) fn sweep(folder: &Path) {
    if parts(folder).is_empty() {
        return;
    }
    let Ok(_held) = lock(folder) else { return };
    for path in parts(folder) {
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else {
            continue;
        };
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        drop(file);
        let _ = fs::remove_file(&path);
    }
}

fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with('.') && name.ends_with(PART)
        })
        .map(|entry| entry.path())
        .collect()
}

/// On Windows a file that a virus scanner or another window has open for a moment can be neither replaced nor removed:
/// tried again for a fifth of a second. Elsewhere a refusal is a refusal.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut tries_left = if cfg!(windows) { 10 } else { 0 };
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && tries_left > 0 => {
                tries_left -= 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            outcome => return outcome,
        }
    }
}

/// Makes a rename itself last through a power cut, where the system lets a folder be flushed (Windows does not). The
/// file is whole either way, so a refusal is no error.
pub(super) fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}
