//! Which steps were ticked, when, for which connection: one small JSON file beside the connections.
//!
//! The file is read anew for every operation, so that two windows or processes agree; it is changed under a lock that
//! other processes respect, and replaced whole (temporary file, flushed, renamed), so it is never half-written.
//! Not here: what a step says (see `checklist`). Ticks of steps this version does not know are kept: a newer version may.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use fd_lock::RwLock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::all;

/// Form of the file that this version writes.
const FORMAT: u32 = 1;

/// Key of the ticks made without a connection. No connection id can be equal to it: those are GUIDs.
const NO_CONNECTION: &str = "none";

/// The ticks file. Holds no data, only the path.
#[derive(Clone, Debug)]
pub struct Ticks {
    path: PathBuf,
}

/// The ticked steps of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TickedSteps(BTreeMap<String, BTreeMap<String, Timestamp>>);

/// Why ticks could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// The file is not what this program wrote. It is left untouched.
    #[error(
        "The file with your checklist ticks is damaged at line {line}, column {column} ({detail}). \
         It was left as it is: rename or delete {path} to start with nothing ticked.", path = path.display()
    )]
    Damaged {
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
    #[error("The checklist ticks in {path} were written by a newer version of this program: update it.", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be read or written.
    #[error("The checklist ticks could not be {doing} in {path}: {source}. Check that the folder exists and is yours.", path = path.display())]
    Io {
        /// `read` or `kept`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No such step in this version's checklists.
    #[error("There is no step {step} in the checklist {checklist}.")]
    NoSuchStep {
        /// The checklist asked for.
        checklist: String,
        /// The step asked for.
        step: String,
    },
}

#[derive(Serialize, Deserialize)]
struct TicksFile {
    format: u32,
    connections: BTreeMap<String, TickedSteps>,
}

impl Default for TicksFile {
    fn default() -> Self {
        TicksFile {
            format: FORMAT,
            connections: BTreeMap::new(),
        }
    }
}

impl TickedSteps {
    /// When the step was ticked; `None` when it is not.
    #[must_use]
    pub fn ticked_at(&self, checklist: &str, step: &str) -> Option<Timestamp> {
        self.0.get(checklist)?.get(step).copied()
    }

    fn set(&mut self, checklist: &str, step: &str, ticked_at: Option<Timestamp>) {
        let steps = self.0.entry(checklist.to_owned()).or_default();
        match ticked_at {
            Some(time) => steps.insert(step.to_owned(), time),
            None => steps.remove(step),
        };
        self.0.retain(|_, steps| !steps.is_empty());
    }
}

impl Ticks {
    /// The ticks in the file at `path` (`checklists.json` beside the connections). Touches nothing yet; a file that does not
    /// exist means that nothing is ticked.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        Ticks { path }
    }

    /// The ticked steps of one connection, or those ticked without one.
    ///
    /// # Errors
    /// [`TickError`] when the file cannot be read or understood.
    pub fn of(&self, connection: Option<&str>) -> Result<TickedSteps, TickError> {
        let mut file = self.read_settled()?;
        Ok(file
            .connections
            .remove(connection.unwrap_or(NO_CONNECTION))
            .unwrap_or_default())
    }

    /// Ticks a step with the time given, or takes its tick away with `None`. Returns the ticked steps as they are now.
    ///
    /// # Errors
    /// [`TickError`] when there is no such step, or the file cannot be read, understood or written.
    pub fn set(
        &self,
        connection: Option<&str>,
        checklist: &str,
        step: &str,
        ticked_at: Option<Timestamp>,
    ) -> Result<TickedSteps, TickError> {
        if !exists(checklist, step) {
            return Err(TickError::NoSuchStep {
                checklist: checklist.to_owned(),
                step: step.to_owned(),
            });
        }
        let key = connection.unwrap_or(NO_CONNECTION);
        self.change(|file| {
            let steps = file.connections.entry(key.to_owned()).or_default();
            steps.set(checklist, step, ticked_at);
            steps.clone()
        })
    }

    /// Drops all ticks of a connection, for when the connection itself is removed.
    ///
    /// # Errors
    /// [`TickError`] when the file cannot be read, understood or written.
    pub fn forget(&self, connection: &str) -> Result<(), TickError> {
        if !self.read_settled()?.connections.contains_key(connection) {
            return Ok(());
        }
        self.change(|file| drop(file.connections.remove(connection)))
    }

    /// Reads, changes and replaces the file while no other process does.
    fn change<T>(&self, change: impl FnOnce(&mut TicksFile) -> T) -> Result<T, TickError> {
        let kept = |source| TickError::Io {
            doing: "kept",
            path: self.path.clone(),
            source,
        };
        let folder = folder_of(&self.path);
        fs::create_dir_all(folder).map_err(kept)?;
        let mut lock = RwLock::new(open_lock_file(&self.path).map_err(kept)?);
        let _guard = lock.write().map_err(kept)?;

        let mut file = self.read()?;
        let answer = change(&mut file);
        file.connections.retain(|_, steps| !steps.0.is_empty());
        replace(&self.path, folder, &file).map_err(kept)?;
        Ok(answer)
    }

    /// Reads while nobody replaces the file: Windows refuses to replace a file that another process has open.
    /// Where there is no lock file nobody has ever written, and looking must not create one.
    fn read_settled(&self) -> Result<TicksFile, TickError> {
        let lock = File::open(lock_path(&self.path)).map(RwLock::new);
        let _guard = lock.as_ref().ok().and_then(|lock| lock.read().ok());
        self.read()
    }

    fn read(&self) -> Result<TicksFile, TickError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(TicksFile::default());
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(self.damaged(1, 1, error.to_string()));
            }
            Err(source) => {
                return Err(TickError::Io {
                    doing: "read",
                    path: self.path.clone(),
                    source,
                });
            }
        };
        // The number stands first and is read alone: what a newer form looks like is not known here.
        #[derive(Deserialize)]
        struct FormatOnly {
            format: u32,
        }
        let read = |error: serde_json::Error| self.damaged(error.line(), error.column(), error.to_string());
        let FormatOnly { format } = serde_json::from_str(&text).map_err(read)?;
        if format > FORMAT {
            return Err(TickError::Newer {
                path: self.path.clone(),
            });
        }
        serde_json::from_str(&text).map_err(read)
    }

    fn damaged(&self, line: usize, column: usize, detail: String) -> TickError {
        TickError::Damaged {
            path: self.path.clone(),
            line: line.max(1),
            column: column.max(1),
            detail,
        }
    }
}

fn exists(checklist: &str, step: &str) -> bool {
    all().is_ok_and(|all| {
        all.iter()
            .filter(|c| c.id == checklist)
            .flat_map(|c| c.steps())
            .any(|s| s.id == step)
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file of its own for the lock: the ticks file is replaced at every change, and a lock on it would go with the old one.
fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

fn open_lock_file(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(lock_path(path))
}

fn replace(path: &Path, folder: &Path, file: &TicksFile) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(file)?;
    text.push(b'\n');
    let mut temporary = tempfile::Builder::new().prefix(".checklists-").tempfile_in(folder)?;
    temporary.write_all(&text)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "enable-the-cipp-api";
    const STEP: &str = "create-the-client";

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn ticks() -> (tempfile::TempDir, Ticks) {
        let folder = tempfile::tempdir().unwrap();
        let ticks = Ticks::open(folder.path().join("new").join("checklists.json"));
        (folder, ticks)
    }

    #[test]
    fn nothing_is_ticked_before_the_first_tick() {
        let (_folder, ticks) = ticks();
        assert_eq!(ticks.of(None).unwrap(), TickedSteps::default());
        assert!(!ticks.path.exists(), "looking must not write");
    }

    #[test]
    fn a_tick_is_kept_with_its_time_and_can_be_taken_away() {
        let (_folder, ticks) = ticks();
        ticks.set(None, LIST, STEP, Some(time(1_000))).unwrap();
        assert_eq!(ticks.of(None).unwrap().ticked_at(LIST, STEP), Some(time(1_000)));
        let left = ticks.set(None, LIST, STEP, None).unwrap();
        assert_eq!(left.ticked_at(LIST, STEP), None);
        assert_eq!(ticks.of(None).unwrap(), TickedSteps::default());
    }

    #[test]
    fn connections_do_not_share_ticks() {
        let (_folder, ticks) = ticks();
        ticks.set(Some("one"), LIST, STEP, Some(time(1))).unwrap();
        ticks.set(Some("two"), LIST, "save-to-azure", Some(time(2))).unwrap();
        assert_eq!(ticks.of(Some("two")).unwrap().ticked_at(LIST, STEP), None);
        assert_eq!(ticks.of(None).unwrap(), TickedSteps::default());
        ticks.forget("one").unwrap();
        assert_eq!(ticks.of(Some("one")).unwrap(), TickedSteps::default());
        assert_eq!(
            ticks.of(Some("two")).unwrap().ticked_at(LIST, "save-to-azure"),
            Some(time(2))
        );
    }

    #[test]
    fn ticks_are_laid_over_the_words() {
        let (_folder, ticks) = ticks();
        let ticked = ticks.set(None, LIST, STEP, Some(time(5))).unwrap();
        let shown = all().unwrap()[0].with_ticks(&ticked);
        let (with, without): (Vec<_>, Vec<_>) = shown.steps().partition(|step| step.ticked);
        assert_eq!(with.len(), 1);
        assert_eq!((with[0].id.as_str(), with[0].ticked_at), (STEP, Some(time(5))));
        assert!(without.iter().all(|step| step.ticked_at.is_none()));
    }

    #[test]
    fn an_unknown_step_is_refused_and_nothing_is_written() {
        let (_folder, ticks) = ticks();
        let error = ticks.set(None, LIST, "no-such-step", Some(time(1))).unwrap_err();
        assert!(matches!(error, TickError::NoSuchStep { .. }), "{error}");
        assert!(!ticks.path.exists());
    }

    #[test]
    fn a_damaged_file_is_named_and_left_as_it_is() {
        let (_folder, ticks) = ticks();
        fs::create_dir_all(ticks.path.parent().unwrap()).unwrap();
        for damage in [
            "{\"format\":1,\n \"connec",
            "",
            "[]",
            "{\"format\":1,\"connections\":{\"none\":{\"a\":{\"b\":\"noon\"}}}}",
        ] {
            fs::write(&ticks.path, damage).unwrap();
            for error in [
                ticks.of(None).unwrap_err(),
                ticks.set(None, LIST, STEP, Some(time(1))).unwrap_err(),
            ] {
                assert!(matches!(error, TickError::Damaged { .. }), "{error}");
                assert!(error.to_string().contains("checklists.json"), "{error}");
            }
            assert_eq!(fs::read_to_string(&ticks.path).unwrap(), damage);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_damage_too() {
        let (_folder, ticks) = ticks();
        fs::create_dir_all(ticks.path.parent().unwrap()).unwrap();
        fs::write(&ticks.path, [0xff, 0xfe, 0x00]).unwrap();
        assert!(matches!(ticks.of(None).unwrap_err(), TickError::Damaged { .. }));
    }

    #[test]
    fn a_newer_form_is_left_alone() {
        let (_folder, ticks) = ticks();
        fs::create_dir_all(ticks.path.parent().unwrap()).unwrap();
        let newer = "{\"format\":2,\"somethingElse\":[]}";
        fs::write(&ticks.path, newer).unwrap();
        assert!(matches!(
            ticks.set(None, LIST, STEP, Some(time(1))).unwrap_err(),
            TickError::Newer { .. }
        ));
        assert_eq!(fs::read_to_string(&ticks.path).unwrap(), newer);
    }

    #[test]
    fn ticks_of_steps_from_another_version_survive() {
        let (_folder, ticks) = ticks();
        fs::create_dir_all(ticks.path.parent().unwrap()).unwrap();
        let other = r#"{"format":1,"connections":{"none":{"later-list":{"later-step":"2026-01-01T00:00:00Z"}}}}"#;
        fs::write(&ticks.path, other).unwrap();
        ticks.set(None, LIST, STEP, Some(time(1))).unwrap();
        assert!(ticks.of(None).unwrap().ticked_at("later-list", "later-step").is_some());
    }

    #[test]
    fn many_writers_at_once_lose_no_tick_and_leave_no_scraps() {
        let (folder, ticks) = ticks();
        let steps: Vec<&str> = all().unwrap()[0].steps().map(|step| step.id.as_str()).collect();
        std::thread::scope(|scope| {
            for (n, step) in steps.iter().enumerate() {
                let ticks = ticks.clone();
                scope.spawn(move || ticks.set(None, LIST, step, Some(time(n as i64))).unwrap());
            }
        });
        let all_ticked = ticks.of(None).unwrap();
        assert!(steps.iter().all(|step| all_ticked.ticked_at(LIST, step).is_some()));
        let mut names: Vec<_> = fs::read_dir(folder.path().join("new"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["checklists.json", "checklists.json.lock"]);
    }
}
