//! The last runs of each connection, in one file each. Who removes a connection removes its file with everything else that
//! carries its id.

use std::path::PathBuf;

use json_file::{FileError, JsonFile};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Diagnosis;

/// So many runs are kept; the last one that worked is kept beside them, however long ago it was.
const KEPT: usize = 20;
const FORMAT: u32 = 1;

/// The runs on this computer. Holds no data, only the folder; several processes may use the same one.
#[derive(Clone, Debug)]
pub struct DiagnosisStore {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    /// Newest first.
    runs: Vec<Diagnosis>,
}

impl DiagnosisStore {
    /// The runs in `folder` (`diagnoses` beside the connections). Touches nothing yet.
    #[must_use]
    pub fn open(folder: PathBuf) -> DiagnosisStore {
        DiagnosisStore { folder }
    }

    /// The runs of a connection, newest first: at most 20, and the last one that worked where it is older.
    ///
    /// # Errors
    /// [`FileError`] when their file cannot be read or understood.
    pub fn load(&self, connection: Uuid) -> Result<Vec<Diagnosis>, FileError> {
        let document: Option<Document> = self.file(connection).read()?;
        Ok(document.map(|document| document.runs).unwrap_or_default())
    }

    /// Keeps a run.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be read, understood or written; it stays as it was.
    pub fn keep(&self, connection: Uuid, run: &Diagnosis) -> Result<Vec<Diagnosis>, FileError> {
        self.file(connection).change(|document: Option<Document>| {
            let mut runs = document.map(|document| document.runs).unwrap_or_default();
            runs.insert(0, run.clone());
            trim(&mut runs);
            let kept = Document {
                format: FORMAT,
                runs: runs.clone(),
            };
            Ok::<_, FileError>((Some(kept), runs))
        })
    }

    fn file(&self, connection: Uuid) -> JsonFile {
        let path = self.folder.join(format!("{}.json", connection.hyphenated()));
        JsonFile::new("history of diagnoses", path, FORMAT)
    }
}

fn trim(runs: &mut Vec<Diagnosis>) {
    let last_good = runs.iter().position(|run| run.verdict == crate::Verdict::Works);
    let older = last_good.filter(|&at| at >= KEPT).map(|at| runs.swap_remove(at));
    runs.truncate(KEPT);
    runs.extend(older);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::Verdict;

    fn at(second: i64, verdict: Verdict) -> Diagnosis {
        Diagnosis {
            started_at: Timestamp::from_second(second).unwrap(),
            duration_ms: 1,
            rungs: Vec::new(),
            verdict,
            setting: Vec::new(),
        }
    }

    #[test]
    fn twenty_runs_are_kept_and_the_last_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiagnosisStore::open(folder.path().join("diagnoses"));
        let id = Uuid::from_u128(1);
        assert!(store.load(id).unwrap().is_empty());
        assert!(!folder.path().join("diagnoses").exists(), "looking makes nothing");
        store.keep(id, &at(0, Verdict::Works)).unwrap();
        for second in 1..30 {
            store.keep(id, &at(second, Verdict::Broken)).unwrap();
        }
        let runs = store.load(id).unwrap();
        assert_eq!(runs.len(), KEPT + 1);
        assert_eq!(runs[0].started_at.as_second(), 29);
        assert_eq!(runs[KEPT].verdict, Verdict::Works);
        store.keep(id, &at(40, Verdict::Works)).unwrap();
        assert_eq!(store.load(id).unwrap().len(), KEPT, "one good run is enough");
        assert!(store.load(Uuid::from_u128(2)).unwrap().is_empty());
    }
}
