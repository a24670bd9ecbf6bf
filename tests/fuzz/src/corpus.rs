//! The inputs on disk: `corpus/<target>`, one file each.
//!
//! What deliberately is not here: how they are changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::number_of;

/// A long run adds inputs up to this number of files: all of them are in the repository.
const MOST_FILES: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Corpus {
    pub name: &'static str,
    folder: PathBuf,
}

impl Corpus {
    pub(crate) fn of(name: &'static str) -> Corpus {
        Corpus {
            name,
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name),
        }
    }

    /// All inputs, in the order of their names, so that every run is the same.
    pub(crate) fn inputs(&self) -> Vec<Vec<u8>> {
        let mut paths = self.paths();
        paths.sort();
        paths
            .iter()
            .map(|path| fs::read(path).expect("an input of the corpus"))
            .collect()
    }

    /// Keeps an input that showed something new; not too many.
    pub(crate) fn keep_new(&self, input: &[u8]) {
        if self.paths().len() < MOST_FILES {
            self.keep(input, "new");
        }
    }

    /// Keeps an input that broke something.
    pub(crate) fn keep_failure(&self, input: &[u8]) -> PathBuf {
        self.keep(input, "broke")
    }

    fn keep(&self, input: &[u8], why: &str) -> PathBuf {
        let path = self.folder.join(format!("{why}-{:016x}", number_of(input)));
        fs::create_dir_all(&self.folder).expect("the corpus's folder");
        fs::write(&path, input).expect("room for an input");
        path
    }

    fn paths(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect()
    }
}
