//! What can go wrong with the file of connections and with the keychain, each with its sentence and its next step.
//!
//! Display is one plain sentence that names the cause; `remedy()` is what to do about it. Neither ever holds a secret.

use std::{io, path::Path, path::PathBuf};

use cipp_client::FieldError;

use crate::KeychainState;

/// Why the file of connections could not be read or changed. The file on disk is as it was before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The file is not what this app writes. It is left untouched.
    #[error("The file of connections {} is damaged at line {line}, column {column}: {detail}.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line of the first thing that could not be read, from 1.
        line: usize,
        /// Column in that line, from 1; 0 before the first character.
        column: usize,
        /// What the parser met there.
        detail: String,
    },
    /// A newer version of the app wrote the file.
    #[error(
        "The file of connections {} was written by a newer version of CIPP Desk (format {found}, this version knows \
         up to {known}).",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format number.
        found: u64,
        /// The highest format number this version knows.
        known: u64,
    },
    /// The file or its folder may not be written.
    #[error("The file of connections {} cannot be written: {detail}.", path.display())]
    ReadOnly {
        /// The file or folder that refused.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// The file may not be read.
    #[error("The file of connections {} may not be read: {detail}.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// No room left on the disk, or the quota is used up.
    #[error("The disk is full, so the file of connections {} could not be written.", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another process has held the file for too long.
    #[error("Another program is holding the file of connections {}.", path.display())]
    Busy {
        /// The lock file that is held.
        path: PathBuf,
    },
    /// Another connection has this name.
    #[error("There is already a connection called \"{name}\".")]
    NameTaken {
        /// The name as it stands in the file.
        name: String,
    },
    /// No connection with this id or name.
    #[error("There is no connection {what}.")]
    NotFound {
        /// The id or the name, in quotes.
        what: String,
    },
    /// A field of the connection cannot be saved as it is.
    #[error("{}: {}", .0.field, .0.problem)]
    Field(FieldError),
    /// Asked to set the file aside although it can be read.
    #[error("The file of connections {} can be read again, so it was left where it is.", path.display())]
    NotDamaged {
        /// The file.
        path: PathBuf,
    },
    /// The system names no folder for settings.
    #[error("This system names no folder for settings (is HOME set?).")]
    NoFolder,
    /// Anything else that the system refused.
    #[error("The file of connections {}: could not {action}: {detail}.", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's words.
        detail: String,
    },
}

impl StoreError {
    /// What to do next, in one sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::Damaged { path, .. } => format!(
                "Correct {} in a text editor, or have it set aside: it is renamed and a new, empty one is begun. \
                 Secrets stay in the keychain.",
                path.display()
            ),
            Self::Newer { .. } => "Update CIPP Desk on this computer; the file was left as it is.".to_owned(),
            Self::ReadOnly { path, .. } => {
                format!(
                    "Give yourself the right to write {} and its folder, then try again.",
                    path.display()
                )
            }
            Self::Unreadable { path, .. } => {
                format!("Give yourself the right to read {}, then try again.", path.display())
            }
            Self::DiskFull { .. } => "Free some space, then try again; nothing was lost.".to_owned(),
            Self::Busy { .. } => "Close other windows of CIPP Desk and cippctl that hang, then try again.".to_owned(),
            Self::NameTaken { .. } => "Choose another name, or change the connection that has it.".to_owned(),
            Self::NotFound { .. } => "Look at the list of connections; it may have been removed elsewhere.".to_owned(),
            Self::Field(error) => error.remedy.clone(),
            Self::NotDamaged { .. } => "Load the list of connections again.".to_owned(),
            Self::NoFolder => "Set HOME (or XDG_CONFIG_HOME) and start again.".to_owned(),
            Self::Io { path, .. } => {
                format!("Look at {} and its folder, then try again.", path.display())
            }
        }
    }

    /// Names what the system refused while the file was being written or its folder made.
    pub(crate) fn writing(path: &Path, action: &'static str, error: &io::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, detail },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, action, detail },
        }
    }

    /// Names what the system refused while the file was being read.
    pub(crate) fn reading(path: &Path, error: &io::Error) -> Self {
        let (path, detail) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Unreadable { path, detail },
            _ => Self::Io {
                path,
                action: "read it",
                detail,
            },
        }
    }
}

/// What a person needs to know about a keychain that did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The keychain's name, as far as it is known.
    pub store: String,
    /// The cause, one sentence.
    pub detail: String,
    /// What to do next.
    pub remedy: String,
}

/// Why the keychain did not do what it was asked. Display is the cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// There is none, or nothing by which to reach it.
    #[error("{}", .0.detail)]
    Missing(Trouble),
    /// It is locked, or not set up yet, or the person refused to unlock it.
    #[error("{}", .0.detail)]
    Locked(Trouble),
    /// It did not answer in time.
    #[error("{}", .0.detail)]
    NotAnswering(Trouble),
    /// It answered with an error.
    #[error("{}", .0.detail)]
    Failing(Trouble),
    /// It works, and something else than what this app keeps lies in the item's place.
    #[error("{}", .0.detail)]
    NotOurs(Trouble),
}

impl KeychainError {
    /// The cause and the next step.
    pub fn trouble(&self) -> &Trouble {
        match self {
            Self::Missing(trouble)
            | Self::Locked(trouble)
            | Self::NotAnswering(trouble)
            | Self::Failing(trouble)
            | Self::NotOurs(trouble) => trouble,
        }
    }

    /// What to do next, in a sentence or two.
    pub fn remedy(&self) -> String {
        self.trouble().remedy.clone()
    }

    /// The state that this error shows the keychain to be in.
    pub fn state(&self) -> KeychainState {
        match self {
            Self::Missing(_) => KeychainState::Missing,
            Self::Locked(_) => KeychainState::Locked,
            Self::NotAnswering(_) => KeychainState::NotAnswering,
            Self::Failing(_) | Self::NotOurs(_) => KeychainState::Failing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk cannot be filled in a test without the right to mount one; what the system then says can be.
    #[test]
    fn what_the_system_refuses_has_a_name() {
        let path = Path::new("connections.json");
        let writing = |kind: io::ErrorKind| StoreError::writing(path, "write it", &kind.into());
        assert!(matches!(
            writing(io::ErrorKind::StorageFull),
            StoreError::DiskFull { .. }
        ));
        assert!(matches!(
            writing(io::ErrorKind::QuotaExceeded),
            StoreError::DiskFull { .. }
        ));
        assert!(matches!(
            writing(io::ErrorKind::PermissionDenied),
            StoreError::ReadOnly { .. }
        ));
        assert!(matches!(
            writing(io::ErrorKind::ReadOnlyFilesystem),
            StoreError::ReadOnly { .. }
        ));
        assert!(matches!(writing(io::ErrorKind::Other), StoreError::Io { .. }));
        let reading = StoreError::reading(path, &io::ErrorKind::PermissionDenied.into());
        assert!(matches!(reading, StoreError::Unreadable { .. }));
        assert!(writing(io::ErrorKind::StorageFull).to_string().contains("disk is full"));
    }
}
