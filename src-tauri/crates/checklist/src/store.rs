//! Where runs rest: one file for each connection and one for the time before there is one.
//!
//! A run that has no file yet begins with the ticks of earlier versions. The file of ticks itself stays as it is, so
//! that an earlier version finds what it knew. Not here: what may be done to a run (`run`), and merging (`transfer`).

use std::path::PathBuf;

use jiff::Timestamp;
use json_file::{FileError, JsonFile};
use uuid::Uuid;

use crate::run::{ChangeError, FORMAT, Run};
use crate::ticks::Ticks;
use crate::transfer::{self, Import, Merged, TransferError};

/// File name of the run before there is a connection. No connection id can be equal to it: those are GUIDs.
const NO_CONNECTION: &str = "none";

/// The runs on this computer. Holds no data, only paths; several processes may use the same folder.
#[derive(Clone, Debug)]
pub struct RunStore {
    folder: PathBuf,
    ticks: Ticks,
}

/// Why a run could not be read, changed or kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file of the run cannot be read, understood or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was asked for cannot be done.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// What was to be imported cannot be read.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The connection's id is none, and a file must not be named after it.
    #[error("{connection} is not the id of a connection.")]
    NoSuchConnection {
        /// What was given.
        connection: String,
    },
}

impl RunStore {
    /// The runs in `folder` (`checklist-runs` beside the connections), beginning with the ticks of earlier versions in
    /// the file `ticks` (`checklists.json` beside the connections). Touches nothing yet; what does not exist is empty.
    #[must_use]
    pub fn open(folder: PathBuf, ticks: PathBuf) -> RunStore {
        RunStore {
            folder,
            ticks: Ticks::new(ticks),
        }
    }

    /// The run of a connection, or the one before there is a connection.
    ///
    /// # Errors
    /// [`RunError`] when its file cannot be read or understood.
    pub fn load(&self, connection: Option<&str>) -> Result<Run, RunError> {
        match self.file(connection)?.read()? {
            Some(run) => Ok(run),
            None => Ok(self.begin(connection)?),
        }
    }

    /// Changes a run while no other process does, and gives it back as it is now. A change that fails keeps nothing.
    ///
    /// # Errors
    /// [`RunError`] from the change itself, or when the file cannot be read, understood or written.
    pub fn change<T>(
        &self,
        connection: Option<&str>,
        change: impl FnOnce(&mut Run) -> Result<T, ChangeError>,
    ) -> Result<(Run, T), RunError> {
        self.change_with(connection, |run| Ok(change(run)?))
    }

    /// Merges an exported run into the one of a connection (see [`transfer::merge`]).
    ///
    /// # Errors
    /// [`RunError`] when the text is no exported run, or the file cannot be read, understood or written.
    pub fn import(
        &self,
        connection: Option<&str>,
        text: &str,
        at: Timestamp,
        by: &str,
    ) -> Result<(Run, Merged), RunError> {
        let import = Import::read(text)?;
        self.change_with(connection, |run| Ok(transfer::merge(run, &import.run, at, by)))
    }

    /// Brings what was done before there was a connection into the run of a connection, and empties the former. Nothing
    /// happens when nothing was done.
    ///
    /// # Errors
    /// [`RunError`] when a file cannot be read, understood or written.
    pub fn adopt(&self, connection: &str, at: Timestamp, by: &str) -> Result<Run, RunError> {
        let before = self.load(None)?;
        if before.is_empty() {
            return self.load(Some(connection));
        }
        let merge = |run: &mut Run| -> Result<(), RunError> {
            transfer::merge(run, &before, at, by);
            Ok(())
        };
        let (run, ()) = self.change_with(Some(connection), merge)?;
        // An empty run, and not no file: without one the ticks of earlier versions would come back.
        self.file(None)?
            .change(|_: Option<Run>| Ok::<_, FileError>((Some(Run::default()), ())))?;
        Ok(run)
    }

    /// Drops the run of a connection, for when the connection itself is removed. A damaged or newer one goes too: without
    /// its connection nobody would ever see it again.
    ///
    /// # Errors
    /// [`RunError`] when a file cannot be removed, or the ticks of earlier versions cannot be read or written.
    pub fn forget(&self, connection: &str) -> Result<(), RunError> {
        self.file(Some(connection))?.forget()?;
        Ok(self.ticks.forget(connection)?)
    }

    fn change_with<T>(
        &self,
        connection: Option<&str>,
        change: impl FnOnce(&mut Run) -> Result<T, RunError>,
    ) -> Result<(Run, T), RunError> {
        self.file(connection)?.change(|run: Option<Run>| {
            let mut run = match run {
                Some(run) => run,
                None => self.begin(connection)?,
            };
            let answer = change(&mut run)?;
            Ok((Some(run.clone()), (run, answer)))
        })
    }

    fn begin(&self, connection: Option<&str>) -> Result<Run, FileError> {
        Ok(Run::from_ticks(&self.ticks.of(connection)?))
    }

    fn file(&self, connection: Option<&str>) -> Result<JsonFile, RunError> {
        let name = match connection {
            None => NO_CONNECTION.to_owned(),
            Some(id) => match Uuid::try_parse(id) {
                Ok(id) => id.hyphenated().to_string(),
                Err(_) => {
                    return Err(RunError::NoSuchConnection {
                        connection: id.to_owned(),
                    });
                }
            },
        };
        Ok(JsonFile::new(
            "checklist run",
            self.folder.join(format!("{name}.json")),
            FORMAT,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::tests::small;
    use crate::history::tests::time;
    use crate::history::{StepState, standing};
    use crate::run::Change;

    const ONE: &str = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
    const TWO: &str = "8d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";

    fn store() -> (tempfile::TempDir, RunStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = RunStore::open(
            folder.path().join("checklist-runs"),
            folder.path().join("checklists.json"),
        );
        (folder, store)
    }

    fn confirm(store: &RunStore, connection: Option<&str>, step: &str) {
        let (list, change) = (small(), Change::Confirm { note: None });
        store
            .change(connection, |run| run.change(&list, step, change, time(1), "anna"))
            .unwrap();
    }

    fn done(run: &Run, step: &str) -> bool {
        standing(run.history("small", step)).state.is_done()
    }

    #[test]
    fn connections_do_not_share_runs_and_looking_makes_no_file() {
        let (folder, store) = store();
        assert!(store.load(None).unwrap().is_empty());
        assert!(!folder.path().join("checklist-runs").exists());
        confirm(&store, Some(ONE), "call");
        assert!(done(&store.load(Some(ONE)).unwrap(), "call"));
        assert!(!done(&store.load(Some(TWO)).unwrap(), "call"));
        assert!(!done(&store.load(None).unwrap(), "call"));
        store.forget(ONE).unwrap();
        assert!(store.load(Some(ONE)).unwrap().is_empty());
        store.forget(TWO).unwrap();
    }

    #[test]
    fn ticks_are_taken_over_and_their_file_stays() {
        let (folder, store) = store();
        let ticks = format!(
            r#"{{"format":1,"connections":{{"none":{{"small":{{"grant":"2026-01-01T00:00:00Z"}}}},"{ONE}":{{"small":{{"call":"2026-01-02T00:00:00Z"}}}}}}}}"#
        );
        std::fs::write(folder.path().join("checklists.json"), &ticks).unwrap();
        assert!(done(&store.load(None).unwrap(), "grant"));
        assert!(done(&store.load(Some(ONE)).unwrap(), "call"));
        confirm(&store, Some(ONE), "wait");
        let run = store.load(Some(ONE)).unwrap();
        assert!(done(&run, "call") && done(&run, "wait") && !done(&run, "grant"));
        assert_eq!(
            std::fs::read_to_string(folder.path().join("checklists.json")).unwrap(),
            ticks
        );
        store.forget(ONE).unwrap();
        assert!(store.load(Some(ONE)).unwrap().is_empty(), "its ticks do not come back");
        assert!(done(&store.load(None).unwrap(), "grant"));
    }

    #[test]
    fn damaged_ticks_are_an_error_and_not_an_empty_run() {
        let (folder, store) = store();
        std::fs::write(folder.path().join("checklists.json"), "{\"format\":1,").unwrap();
        let error = store.load(None).unwrap_err();
        assert!(error.to_string().contains("checklists.json"), "{error}");
        let nothing = store.change(None, |_| Ok(()));
        assert!(matches!(nothing, Err(RunError::File(FileError::Damaged { .. }))));
        assert!(!folder.path().join("checklist-runs").join("none.json").exists());
    }

    #[test]
    fn damaged_and_newer_runs_are_left_as_they_are() {
        let (folder, store) = store();
        let path = folder.path().join("checklist-runs").join(format!("{ONE}.json"));
        confirm(&store, Some(ONE), "call");
        for (text, newer) in [
            ("{\"format\":2,\"checklists\":{\"small\":[", false),
            ("{\"format\":3}", true),
        ] {
            std::fs::write(&path, text).unwrap();
            for error in [
                store.load(Some(ONE)).unwrap_err(),
                store.change(Some(ONE), |_| Ok(())).unwrap_err(),
            ] {
                assert_eq!(
                    matches!(error, RunError::File(FileError::Newer { .. })),
                    newer,
                    "{error}"
                );
                assert!(error.to_string().contains(ONE), "{error}");
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_removed_connection_takes_its_run_along_however_damaged() {
        let (folder, store) = store();
        let path = folder.path().join("checklist-runs").join(format!("{ONE}.json"));
        for text in ["", "{\"format\":2,\"checklists\":{\"small\":[", "{\"format\":99}"] {
            confirm(&store, Some(TWO), "call");
            std::fs::write(&path, text).unwrap();
            store.forget(ONE).unwrap();
            assert!(!path.exists(), "{text}");
            assert!(store.load(Some(ONE)).unwrap().is_empty());
            assert!(done(&store.load(Some(TWO)).unwrap(), "call"), "the others keep theirs");
        }
        // Ticks that cannot be read keep the run from nothing.
        confirm(&store, Some(ONE), "call");
        std::fs::write(folder.path().join("checklists.json"), "{").unwrap();
        assert!(store.forget(ONE).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_refused_change_keeps_nothing() {
        let (folder, store) = store();
        let list = small();
        let refused = store.change(None, |run| run.change(&list, "call", Change::Undo, time(1), "anna"));
        assert!(matches!(refused, Err(RunError::Change(ChangeError::NothingToUndo))));
        assert!(!folder.path().join("checklist-runs").join("none.json").exists());
    }

    #[test]
    fn only_a_guid_names_a_file() {
        let (_folder, store) = store();
        for name in ["../x", "con", "", "none"] {
            assert!(
                matches!(store.load(Some(name)), Err(RunError::NoSuchConnection { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn what_was_done_before_the_connection_goes_with_it_once() {
        let (_folder, store) = store();
        confirm(&store, None, "call");
        let run = store.adopt(ONE, time(9), "anna").unwrap();
        assert!(done(&run, "call"));
        assert!(store.load(None).unwrap().is_empty());
        assert!(store.adopt(TWO, time(9), "anna").unwrap().is_empty());
    }

    #[test]
    fn two_writers_lose_nothing() {
        let (_folder, store) = store();
        std::thread::scope(|scope| {
            for step in ["grant", "call", "old-way", "wait", "take-away"] {
                let store = &store;
                scope.spawn(move || confirm(store, None, step));
            }
        });
        let run = store.load(None).unwrap();
        for step in ["grant", "call", "old-way", "wait", "take-away"] {
            assert!(
                matches!(standing(run.history("small", step)).state, StepState::Confirmed { .. }),
                "{step}"
            );
        }
    }

    #[test]
    fn a_run_is_handed_on_and_a_conflict_shows_both() {
        let ((_folder, mine), (_other_folder, theirs)) = (store(), store());
        confirm(&mine, Some(ONE), "call");
        confirm(&theirs, Some(TWO), "grant");
        let list = small();
        let reason = "hosted".to_owned();
        theirs
            .change(Some(TWO), |run| {
                run.change(&list, "call", Change::NotApplicable { reason }, time(5), "ben")
            })
            .unwrap();
        let text = transfer::export(&theirs.load(Some(TWO)).unwrap(), "Contoso", time(6), "ben");

        let (run, merged) = mine.import(Some(ONE), &text, time(7), "anna").unwrap();
        assert_eq!((merged.taken.len(), merged.conflicts.len()), (1, 1));
        let conflict = run
            .progress(&list, time(8))
            .step("call")
            .unwrap()
            .conflict
            .clone()
            .unwrap();
        assert!(matches!(conflict.theirs, StepState::NotApplicable { .. }));
        assert_eq!(
            (conflict.imported_by.as_str(), conflict.their_history.len()),
            ("anna", 1)
        );
        assert_eq!(run.progress(&list, time(8)).counts.conflicts, 1);

        let before = mine.load(Some(ONE)).unwrap();
        assert!(matches!(
            mine.import(Some(ONE), "{}", time(9), "anna"),
            Err(RunError::Transfer(_))
        ));
        assert_eq!(
            mine.load(Some(ONE)).unwrap(),
            before,
            "what cannot be read changes nothing"
        );
    }
}
