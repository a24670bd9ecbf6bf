//! Where archives lie on this computer. Beside the app's data, not its settings: they may be large and must not roam.

use std::path::PathBuf;

/// The folder under which the app and the command line keep the archive of each connection: `archive` in this user's own
/// local data folder for `cipp-desk`; none where the system names no such folder.
pub fn default_root() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "cipp-desk").map(|folders| folders.data_local_dir().join("archive"))
}
