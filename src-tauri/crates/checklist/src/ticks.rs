//! The ticks of earlier versions (format 1): one file for all connections, step by step a time.
//!
//! It is read and taken over, never written any more; only the ticks of a connection that is removed are taken out.
//! Not here: what becomes of them (see `run`).

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use json_file::{FileError, JsonFile};

const FORMAT: u32 = 1;

/// Key of the ticks made without a connection.
const NO_CONNECTION: &str = "none";

/// Checklist, then step: when it was ticked.
pub(crate) type TickedSteps = BTreeMap<String, BTreeMap<String, Timestamp>>;

#[derive(Serialize, Deserialize)]
struct TicksFile {
    format: u32,
    connections: BTreeMap<String, TickedSteps>,
}

#[derive(Clone, Debug)]
pub(crate) struct Ticks(JsonFile);

impl Ticks {
    pub(crate) fn new(path: PathBuf) -> Ticks {
        Ticks(JsonFile::new("checklist run", path, FORMAT))
    }

    pub(crate) fn of(&self, connection: Option<&str>) -> Result<TickedSteps, FileError> {
        let file: Option<TicksFile> = self.0.read()?;
        let of_connection = |mut file: TicksFile| file.connections.remove(connection.unwrap_or(NO_CONNECTION));
        Ok(file.and_then(of_connection).unwrap_or_default())
    }

    pub(crate) fn forget(&self, connection: &str) -> Result<(), FileError> {
        if self.of(Some(connection))?.is_empty() {
            return Ok(());
        }
        self.0.change(|file: Option<TicksFile>| {
            let changed = file.map(|mut file| {
                file.connections.remove(connection);
                file
            });
            Ok((changed, ()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_by_connection_and_taken_out_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checklists.json");
        let ticks = Ticks::new(path.clone());
        assert_eq!(ticks.of(None).unwrap(), TickedSteps::new());
        ticks.forget("one").unwrap();
        assert!(!path.exists(), "nothing to forget makes no file");
        std::fs::write(
            &path,
            r#"{"format":1,"connections":{"none":{"l":{"s":"2026-01-01T00:00:00Z"}},"one":{"l":{"t":"2026-01-02T00:00:00Z"}}}}"#,
        )
        .unwrap();
        assert!(ticks.of(None).unwrap()["l"].contains_key("s"));
        assert!(ticks.of(Some("one")).unwrap()["l"].contains_key("t"));
        ticks.forget("one").unwrap();
        assert_eq!(ticks.of(Some("one")).unwrap(), TickedSteps::new());
        assert!(ticks.of(None).unwrap()["l"].contains_key("s"));
    }
}
