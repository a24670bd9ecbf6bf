//! The archive of a connection: a folder with one encrypted file for each closed day.

use std::path::Path;

/// The days of one connection on disk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionArchive {}

impl ConnectionArchive {
    /// Where it lies.
    pub fn folder(&self) -> &Path {
        Path::new("")
    }
}
