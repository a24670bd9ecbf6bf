//! What can go wrong with the archive, in sentences that name the cause and the next step.
//!
//! What deliberately is not here: anything that reads or writes. No error carries a key.

use std::{io, path::Path};

/// Why the archive of a connection could not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The name cannot be a folder on every system.
    #[error("\u{201c}{0}\u{201d} cannot be the name of a folder on every system. Use letters, digits, - and _.")]
    Name(String),
    /// Another window holds the folder and does not let go.
    #[error("Another CIPP Desk is at work in {0} and does not finish. Close it, or try again.")]
    Busy(String),
    /// The system refused. The sentence names the cause: full disk, read-only folder, folder gone.
    #[error("{0}")]
    Io(String),
    /// More than a day file can hold.
    #[error("{0}")]
    TooLarge(String),
}

/// Why a day on disk cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayFileError {
    /// There is no file for this day.
    #[error("This day is not in the archive.")]
    Missing,
    /// What is in the file is not what was written. The sentence says what was noticed.
    #[error("{0}")]
    Damaged(String),
    /// The file was written with another key than the one in the keychain.
    #[error(
        "This day was archived with another key than the one in your keychain. It can be deleted and fetched again."
    )]
    WrongKey,
    /// A newer version of CIPP Desk wrote it.
    #[error("A newer version of CIPP Desk wrote this day. Update CIPP Desk to read it.")]
    NewerVersion,
    /// The system refused; the sentence names the cause.
    #[error("{0}")]
    Io(String),
}

impl ArchiveError {
    /// What the system refused while `action` ("write", "rename" ...) was done to `path`.
    pub(crate) fn io(action: &str, path: &Path, error: &io::Error) -> ArchiveError {
        match error.kind() {
            io::ErrorKind::FileTooLarge => ArchiveError::TooLarge(sentence(action, path, error)),
            _ => ArchiveError::Io(sentence(action, path, error)),
        }
    }
}

impl DayFileError {
    pub(crate) fn io(action: &str, path: &Path, error: &io::Error) -> DayFileError {
        match error.kind() {
            io::ErrorKind::NotFound => DayFileError::Missing,
            io::ErrorKind::UnexpectedEof => DayFileError::damaged("It ends too early."),
            _ => DayFileError::Io(sentence(action, path, error)),
        }
    }

    /// `noticed` is a whole sentence about the file.
    pub(crate) fn damaged(noticed: &str) -> DayFileError {
        DayFileError::Damaged(format!(
            "The archived file of this day is damaged. {noticed} It can be set aside and fetched again."
        ))
    }
}

impl From<DayFileError> for ArchiveError {
    fn from(error: DayFileError) -> ArchiveError {
        ArchiveError::Io(error.to_string())
    }
}

/// Cause and next step, by what the system said.
pub(crate) fn sentence(action: &str, path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("The disk is full: could not {action} {path}. Free some space and try again.")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("The disk can only be read: could not {action} {path}. Choose another folder for the archive.")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "The system does not allow it: could not {action} {path}. Check the permissions of the folder, or \
                 whether another program has the file open."
            )
        }
        io::ErrorKind::NotFound => {
            format!("Could not {action} {path}: the folder is gone. It is made again with the next day.")
        }
        io::ErrorKind::FileTooLarge => {
            format!("Could not {action} {path}: it is larger than a file can be here ({error}).")
        }
        _ => format!("Could not {action} {path}: {error}."),
    }
}
