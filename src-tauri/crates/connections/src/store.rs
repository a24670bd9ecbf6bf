//! The file of connections: `{"format": 1, "connections": [...]}`, without secrets.
//!
//! It is read anew for every operation, changed under a lock that other processes respect, and replaced whole: written
//! beside, flushed, renamed. A process that is killed at any point leaves the old file or the new one, never half of
//! one. What this version does not know (fields of a newer one) is carried along.
//!
//! Deliberately not here: secrets, and any cache of the list (a second window would not see the first one's changes).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use cipp_client::{Field, FieldError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ConnectionId, SavedConnection, SecretEnd, StoreError};

/// The format this version writes, and the highest it reads.
const FORMAT: u64 = 1;
/// How long another process may hold the lock. A change takes milliseconds: who holds it this long is stuck.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// The folder of the archives, where it shares the folder of the file.
const ARCHIVE: &str = "archive";
/// How the temporary files begin and end, so that those of killed processes can be found again.
const TEMPORARY: (&str, &str) = (".connections-", ".tmp");

/// The named connections on this computer, in one file.
#[derive(Clone, Debug)]
pub struct ConnectionStore {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u64,
    connections: Vec<SavedConnection>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

/// Read before the rest: a newer format need not look like ours at all.
#[derive(Deserialize)]
struct Header {
    format: u64,
}

impl ConnectionStore {
    /// Where the app and the command line keep the file: `connections.json` in this user's own settings folder for
    /// `cipp-desk`. On Windows the local one, not the one that roams: the secrets do not roam either.
    pub fn default_path() -> Result<PathBuf, StoreError> {
        directories::ProjectDirs::from("", "", "cipp-desk")
            .map(|folders| folders.config_local_dir().join("connections.json"))
            .ok_or(StoreError::NoFolder)
    }

    /// The store in this file. Nothing is read or made yet; a file that is missing counts as empty.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All connections, in the order in which they were added.
    pub fn list(&self) -> Result<Vec<SavedConnection>, StoreError> {
        Ok(self.read()?.connections)
    }

    /// The connection with this id.
    pub fn get(&self, id: &ConnectionId) -> Result<SavedConnection, StoreError> {
        let wanted = |saved: &SavedConnection| saved.id == *id;
        self.list()?.into_iter().find(wanted).ok_or_else(|| not_found(id))
    }

    /// The connection with this name, whatever the case of its letters.
    pub fn find_by_name(&self, name: &str) -> Result<Option<SavedConnection>, StoreError> {
        Ok(self.list()?.into_iter().find(|saved| same_name(&saved.name, name)))
    }

    /// Adds a connection and returns it as it was saved (its name trimmed).
    pub fn add(&self, new: SavedConnection) -> Result<SavedConnection, StoreError> {
        let new = named(new)?;
        self.change(|connections| {
            refuse_taken_name(connections, &new)?;
            connections.push(new.clone());
            Ok(new)
        })
    }

    /// Replaces the connection with the same id.
    pub fn update(&self, changed: &SavedConnection) -> Result<SavedConnection, StoreError> {
        let changed = named(changed.clone())?;
        self.change(|connections| {
            refuse_taken_name(connections, &changed)?;
            *find(connections, &changed.id)? = changed.clone();
            Ok(changed)
        })
    }

    /// Removes a connection. Its secret is the keychain's business.
    pub fn remove(&self, id: &ConnectionId) -> Result<(), StoreError> {
        self.change(|connections| {
            find(connections, id)?;
            connections.retain(|saved| saved.id != *id);
            Ok(())
        })
    }

    /// Notes that a connection was used just now.
    pub fn touch_used(&self, id: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        self.change(|connections| {
            find(connections, id)?.last_used_at = Some(now);
            Ok(())
        })
    }

    /// Notes that the secret of a connection was read from the keychain just now.
    pub fn note_secret_read(&self, id: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        self.change(|connections| {
            find(connections, id)?.secret_read_at = Some(now);
            Ok(())
        })
    }

    /// Keeps when the secret of a connection ends, or that nobody knows. Reminders that were put off stay so where it
    /// is the same end as before.
    pub fn set_secret_end(&self, id: &ConnectionId, end: Option<SecretEnd>) -> Result<SavedConnection, StoreError> {
        self.change(|connections| {
            let saved = find(connections, id)?;
            saved.secret_end = end.map(|end| end.after(saved.secret_end.as_ref()));
            Ok(saved.clone())
        })
    }

    /// Puts off the reminder that is due until the next one is.
    pub fn put_off_reminder(&self, id: &ConnectionId, now: Timestamp) -> Result<SavedConnection, StoreError> {
        self.change(|connections| {
            let saved = find(connections, id)?;
            if let Some(end) = &mut saved.secret_end {
                end.put_off(now);
            }
            Ok(saved.clone())
        })
    }

    /// What else lies on disk for a connection beside the file: everything in the folders there whose name begins with the
    /// connection's id, whoever wrote it. The archive is not among them: it has a place of its own, which on some systems
    /// is here as well.
    pub fn files_of(&self, id: &ConnectionId) -> Vec<PathBuf> {
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let id = id.to_string();
        let mut found: Vec<PathBuf> = entries(folder_of(&self.path))
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.file_name() != ARCHIVE)
            .flat_map(|folder| entries(&folder.path()).collect::<Vec<_>>())
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&id))
            .map(|entry| entry.path())
            .collect();
        found.sort();
        found
    }

    /// Renames a damaged file to `connections.damaged-<time>.json` beside it and returns its new path; the next
    /// operation begins an empty one. Refused when the file can be read (another window may have been quicker).
    pub fn set_aside(&self, now: Timestamp) -> Result<PathBuf, StoreError> {
        self.locked(|path| match read(path) {
            Err(StoreError::Damaged { .. }) => {
                let aside = free_name(path, now);
                fs::rename(path, &aside).map_err(|error| StoreError::writing(path, "rename it", &error))?;
                Ok(aside)
            }
            Err(other) => Err(other),
            Ok(_) => Err(StoreError::NotDamaged { path: path.to_owned() }),
        })
    }

    fn read(&self) -> Result<Document, StoreError> {
        read(&self.path)
    }

    /// Read, change, write, with no other process in between.
    fn change<T>(
        &self,
        edit: impl FnOnce(&mut Vec<SavedConnection>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.locked(|path| {
            let mut document = read(path)?;
            let outcome = edit(&mut document.connections)?;
            write(path, &document)?;
            Ok(outcome)
        })
    }

    /// Runs `work` while no other process (and no other store in this one) changes the file. The lock is a file of its
    /// own: the file itself is replaced by every change, and a lock on it would go with the old one.
    fn locked<T>(&self, work: impl FnOnce(&Path) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // Whoever keeps the file elsewhere and links to it keeps the link.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = folder_of(&path);
        fs::create_dir_all(folder).map_err(|error| StoreError::writing(folder, "make the folder", &error))?;
        let side = path.with_extension("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&side)
            .map_err(|error| StoreError::writing(&side, "open the lock file", &error))?;
        let mut lock = fd_lock::RwLock::new(file);
        let since = Instant::now();
        loop {
            match lock.try_write() {
                Ok(_held) => {
                    sweep(folder);
                    return work(&path);
                }
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                    // Some network file systems know no locks. One window there is better than none.
                    tracing::warn!(path = %side.display(), "no file locks here, going on without");
                    return work(&path);
                }
                Err(error) if is_held(&error) && since.elapsed() < LOCK_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) if is_held(&error) => return Err(StoreError::Busy { path: side }),
                Err(error) => return Err(StoreError::writing(&side, "lock it", &error)),
            }
        }
    }
}

fn is_held(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn read(path: &Path) -> Result<Document, StoreError> {
    let text = match patiently(|| fs::read_to_string(path)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Document::empty()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(not_text(path)),
        Err(error) => return Err(StoreError::reading(path, &error)),
    };
    // Some editors on Windows put a byte order mark before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let header: Header = serde_json::from_str(text).map_err(|error| damaged(path, &error))?;
    if header.format > FORMAT {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found: header.format,
            known: FORMAT,
        });
    }
    serde_json::from_str(text).map_err(|error| damaged(path, &error))
}

impl Document {
    fn empty() -> Self {
        Self {
            format: FORMAT,
            connections: Vec::new(),
            unknown: serde_json::Map::new(),
        }
    }
}

fn write(path: &Path, document: &Document) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let refused = |action: &'static str| move |error: io::Error| StoreError::writing(path, action, &error);
    // Readable by this user alone: tempfile makes it so on Unix, and the settings folder is so on Windows.
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY.0)
        .suffix(TEMPORARY.1)
        .tempfile_in(folder)
        .map_err(refused("make a file beside it"))?;
    let mut bytes = serde_json::to_vec_pretty(document)
        .map_err(io::Error::from)
        .map_err(refused("write it"))?;
    bytes.push(b'\n');
    file.write_all(&bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(refused("write it"))?;
    let mut waiting = Some(file);
    patiently(|| match waiting.take().map(|file| file.persist(path)) {
        Some(Err(refusal)) => {
            waiting = Some(refusal.file);
            Err(refusal.error)
        }
        Some(Ok(_)) | None => Ok(()),
    })
    .map_err(refused("replace it"))?;
    sync_folder(folder);
    Ok(())
}

/// On Windows a file that a virus scanner or another window has open for a moment can be neither replaced nor read:
/// tried again for a fifth of a second. Elsewhere a refusal is a refusal.
fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
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

/// Makes the rename itself last through a power cut, where the system lets a folder be flushed (Windows does not). The
/// file is whole either way, so a refusal is no error.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// Removes what killed processes left behind. Only called with the lock held, when nobody is writing.
fn sweep(folder: &Path) {
    let leftovers = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
    });
    for entry in leftovers {
        if let Err(error) = fs::remove_file(entry.path()) {
            tracing::debug!(%error, path = %entry.path().display(), "a leftover file stays");
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn free_name(path: &Path, now: Timestamp) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let plain = path.with_file_name(format!("{stem}.damaged-{time}.json"));
    let numbered = (2..).map(|number| path.with_file_name(format!("{stem}.damaged-{time}-{number}.json")));
    std::iter::once(plain.clone())
        .chain(numbered)
        .find(|candidate| !candidate.exists())
        .unwrap_or(plain)
}

fn damaged(path: &Path, error: &serde_json::Error) -> StoreError {
    // The parser repeats the place at the end of its sentence; here it has fields of its own.
    let detail = error.to_string();
    let detail = detail.split(" at line ").next().unwrap_or_default().to_owned();
    StoreError::Damaged {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        detail,
    }
}

fn not_text(path: &Path) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        line: 1,
        column: 0,
        detail: "it is not text in UTF-8".to_owned(),
    }
}

fn not_found(id: &ConnectionId) -> StoreError {
    StoreError::NotFound {
        what: format!("\"{id}\""),
    }
}

fn find<'a>(connections: &'a mut [SavedConnection], id: &ConnectionId) -> Result<&'a mut SavedConnection, StoreError> {
    connections
        .iter_mut()
        .find(|saved| saved.id == *id)
        .ok_or_else(|| not_found(id))
}

fn named(mut saved: SavedConnection) -> Result<SavedConnection, StoreError> {
    saved.name = saved.name.trim().to_owned();
    if saved.name.is_empty() {
        return Err(StoreError::Field(FieldError {
            field: Field::Name,
            problem: "The connection has no name.".to_owned(),
            remedy: "Give it one, for example the name of your company.".to_owned(),
        }));
    }
    Ok(saved)
}

fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn refuse_taken_name(connections: &[SavedConnection], new: &SavedConnection) -> Result<(), StoreError> {
    match connections
        .iter()
        .find(|saved| saved.id != new.id && same_name(&saved.name, &new.name))
    {
        Some(holder) => Err(StoreError::NameTaken {
            name: holder.name.clone(),
        }),
        None => Ok(()),
    }
}
