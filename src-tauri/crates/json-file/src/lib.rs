//! One small JSON file that several processes share: read whole, changed under a lock, replaced whole.
//!
//! Lives here: the lock beside the file, the format number that is read before anything else, and what is said when a file
//! is damaged or newer. A file that cannot be understood is never touched.
//!
//! Deliberately not here: what the files hold, and where they lie.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use fd_lock::RwLock;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Why a file could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is not what this program wrote. It is left untouched.
    #[error(
        "The file of this {what} is damaged at line {line}, column {column} ({detail}). \
         It was left as it is: rename or delete {path} to begin anew.", path = path.display()
    )]
    Damaged {
        /// What is kept in it, in words.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Line of the damage, from 1.
        line: usize,
        /// Column of the damage, from 1.
        column: usize,
        /// What the parser says.
        detail: String,
    },
    /// A newer version of this program wrote the file. It is left untouched.
    #[error("The {what} in {path} was written by a newer version of this program. It was left as it is: update the program.", path = path.display())]
    Newer {
        /// What is kept in it, in words.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be read or written.
    #[error("The {what} could not be {doing} in {path}: {source}. {}", next_step(source), path = path.display())]
    Io {
        /// What is kept in it, in words.
        what: &'static str,
        /// `read`, `kept` or `removed`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Make room on this disk, then try again.",
        io::ErrorKind::ReadOnlyFilesystem => "The disk can be read only: allow writing to it, then try again.",
        _ => "Check that the folder exists and is yours.",
    }
}

/// A file of JSON with a format number. Holds no data.
#[derive(Clone, Debug)]
pub struct JsonFile {
    what: &'static str,
    path: PathBuf,
    /// The highest form that this version reads.
    format: u32,
}

impl JsonFile {
    /// The file at `path`, which holds a `what` (`checklist run`, for the sentences about it) in a form up to `format`.
    /// Touches nothing yet.
    #[must_use]
    pub fn new(what: &'static str, path: PathBuf, format: u32) -> JsonFile {
        JsonFile { what, path, format }
    }

    /// What the file holds; `None` when there is none. Looking makes no file.
    ///
    /// Reads while nobody replaces the file: Windows refuses to replace a file that another process has open. Where
    /// there is no lock file nobody has ever written.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, FileError> {
        let lock = File::open(self.lock_path()).map(RwLock::new);
        let _guard = lock.as_ref().ok().and_then(|lock| lock.read().ok());
        self.read_unlocked()
    }

    /// Reads, changes and replaces the file while no other process does. A change that fails writes nothing; `None`
    /// in its answer removes the file.
    ///
    /// # Errors
    /// [`FileError`], or what the change itself says.
    pub fn change<T, A, E>(&self, change: impl FnOnce(Option<T>) -> Result<(Option<T>, A), E>) -> Result<A, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<FileError>,
    {
        let kept = |source| FileError::Io {
            what: self.what,
            doing: "kept",
            path: self.path.clone(),
            source,
        };
        let folder = self.folder();
        fs::create_dir_all(folder).map_err(kept)?;
        let mut lock = RwLock::new(open_lock_file(&self.lock_path()).map_err(kept)?);
        let _guard = lock.write().map_err(kept)?;

        let (now, answer) = change(self.read_unlocked()?)?;
        match now {
            Some(data) => replace(&self.path, folder, &data).map_err(kept)?,
            None => remove(&self.path).map_err(kept)?,
        }
        Ok(answer)
    }

    /// Removes the file, whatever it holds. Where there is none nothing is made.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn forget(&self) -> Result<(), FileError> {
        let gone = |path: &Path| fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if gone(&self.path) && gone(&half_written(&self.path)) {
            return Ok(());
        }
        let kept = |source| FileError::Io {
            what: self.what,
            doing: "removed",
            path: self.path.clone(),
            source,
        };
        let mut lock = RwLock::new(open_lock_file(&self.lock_path()).map_err(kept)?);
        let _guard = lock.write().map_err(kept)?;
        remove(&half_written(&self.path)).map_err(kept)?;
        remove(&self.path).map_err(kept)
    }

    fn read_unlocked<T: DeserializeOwned>(&self) -> Result<Option<T>, FileError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(FileError::Io {
                    what: self.what,
                    doing: "read",
                    path: self.path.clone(),
                    source,
                });
            }
        };
        // The number is read alone: what a newer form looks like is not known here.
        #[derive(Deserialize)]
        struct FormatOnly {
            format: u32,
        }
        let damaged = |error: serde_json::Error| FileError::Damaged {
            what: self.what,
            path: self.path.clone(),
            line: error.line().max(1),
            column: error.column().max(1),
            detail: error.to_string(),
        };
        let FormatOnly { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if format > self.format {
            return Err(FileError::Newer {
                what: self.what,
                path: self.path.clone(),
            });
        }
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// A file of its own for the lock: the file itself is replaced at every change, and a lock on it would go with it.
    fn lock_path(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        self.path.with_file_name(name)
    }
}

fn open_lock_file(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
}

/// Writes beside the file and puts the new one in its place. Whoever was killed in the middle leaves one half-written file,
/// always of the same name, which goes at the next change: the lock says that nobody is at it.
fn replace(path: &Path, folder: &Path, data: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(data)?;
    text.push(b'\n');
    let half_written = half_written(path);
    remove(&half_written)?;
    let name = half_written.file_name().unwrap_or_default();
    let mut temporary = tempfile::Builder::new()
        .prefix(name)
        .rand_bytes(0)
        .tempfile_in(folder)?;
    temporary.write_all(&text)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

fn half_written(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Held {
        format: u32,
        number: u32,
    }

    fn file() -> (tempfile::TempDir, JsonFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = JsonFile::new("thing", folder.path().join("new").join("run.json"), 2);
        (folder, file)
    }

    fn add(file: &JsonFile) -> Result<u32, FileError> {
        file.change(|held: Option<Held>| {
            let number = held.map_or(0, |held| held.number) + 1;
            Ok((Some(Held { format: 2, number }), number))
        })
    }

    #[test]
    fn looking_makes_nothing_and_a_change_is_kept() {
        let (folder, file) = file();
        assert_eq!(file.read::<Held>().unwrap(), None);
        assert!(!folder.path().join("new").exists());
        add(&file).unwrap();
        assert_eq!(file.read::<Held>().unwrap().unwrap().number, 1);
        file.change(|_: Option<Held>| Ok::<_, FileError>((None, ()))).unwrap();
        assert_eq!(file.read::<Held>().unwrap(), None);
    }

    #[test]
    fn a_damaged_file_is_named_and_left_as_it_is() {
        let (_folder, file) = file();
        fs::create_dir_all(file.folder()).unwrap();
        for damage in [
            &b"{\"format\":2,\n \"num"[..],
            b"",
            b"[]",
            b"{\"format\":2}",
            &[0xff, 0xfe, 0],
        ] {
            fs::write(&file.path, damage).unwrap();
            for error in [file.read::<Held>().unwrap_err(), add(&file).unwrap_err()] {
                assert!(matches!(error, FileError::Damaged { .. }), "{error}");
                assert!(error.to_string().contains("run.json"), "{error}");
            }
            assert_eq!(fs::read(&file.path).unwrap(), damage);
        }
    }

    #[test]
    fn a_newer_file_is_left_alone() {
        let (_folder, file) = file();
        fs::create_dir_all(file.folder()).unwrap();
        let newer = "{\"format\":3,\"somethingElse\":[]}";
        fs::write(&file.path, newer).unwrap();
        assert!(matches!(add(&file).unwrap_err(), FileError::Newer { .. }));
        assert!(matches!(file.read::<Held>().unwrap_err(), FileError::Newer { .. }));
        assert_eq!(fs::read_to_string(&file.path).unwrap(), newer);
    }

    #[test]
    fn a_change_that_fails_writes_nothing() {
        let (_folder, file) = file();
        add(&file).unwrap();
        let before = fs::read(&file.path).unwrap();
        let error = file.change(|_: Option<Held>| {
            Err::<(Option<Held>, ()), _>(FileError::Newer {
                what: "thing",
                path: PathBuf::new(),
            })
        });
        assert!(error.is_err());
        assert_eq!(fs::read(&file.path).unwrap(), before);
    }

    #[test]
    fn what_a_killed_program_left_half_written_goes_at_the_next_change() {
        let (_folder, file) = file();
        add(&file).unwrap();
        let half = half_written(&file.path);
        fs::write(&half, "{\"format\":2,\"numb").unwrap();
        assert_eq!(add(&file).unwrap(), 2);
        assert!(!half.exists());
        fs::write(&half, "{").unwrap();
        file.forget().unwrap();
        assert!(!half.exists() && !file.path.exists());
    }

    #[test]
    fn what_to_do_fits_what_went_wrong() {
        let told = |kind: io::ErrorKind| {
            let error = FileError::Io {
                what: "checklist run",
                doing: "kept",
                path: "run.json".into(),
                source: kind.into(),
            };
            error.to_string()
        };
        assert!(told(io::ErrorKind::StorageFull).ends_with("Make room on this disk, then try again."));
        assert!(told(io::ErrorKind::PermissionDenied).ends_with("is yours."));
    }

    #[test]
    fn many_writers_at_once_lose_nothing_and_leave_no_scraps() {
        let (folder, file) = file();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| add(&file).unwrap());
            }
        });
        assert_eq!(file.read::<Held>().unwrap().unwrap().number, 16);
        let mut names: Vec<_> = fs::read_dir(folder.path().join("new"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["run.json", "run.json.lock"]);
    }
}
