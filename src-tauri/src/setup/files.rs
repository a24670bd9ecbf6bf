//! Files that leave the app or come into it: reports, and runs handed on.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use crate::error::{CommandError, CommandResult, ErrorCode};

/// No run of a person is longer; what is longer is something else.
const LONGEST_IMPORT: u64 = 32 * 1024 * 1024;

/// Where a file goes.
pub struct Target {
    /// The whole file name.
    pub path: PathBuf,
    /// Replace a file that is there already.
    pub overwrite: bool,
}

/// Writes a file that appears whole or not at all.
pub fn write(target: &Target, text: &str) -> CommandResult<()> {
    let path = &target.path;
    let Some(folder) = path
        .parent()
        .filter(|_| path.is_absolute() && path.file_name().is_some())
    else {
        return Err(CommandError::new(ErrorCode::Export, "This is not a whole file name.")
            .with_remedy("Choose a folder and a name for the file."));
    };
    if !target.overwrite && path.exists() {
        return Err(CommandError::new(
            ErrorCode::FileExists,
            "There is a file of this name already.",
        ));
    }
    let written = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        match target.overwrite {
            true => file.persist(path)?,
            false => file.persist_noclobber(path)?,
        };
        Ok(())
    };
    written().map_err(|error| {
        let code = match error.kind() {
            ErrorKind::AlreadyExists => ErrorCode::FileExists,
            _ => ErrorCode::Export,
        };
        CommandError::new(code, format!("The file could not be written: {error}."))
            .with_remedy("Choose another folder or name.")
    })
}

/// The text of a file that a person chose.
pub(super) fn read(path: &Path) -> CommandResult<String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LONGEST_IMPORT + 1).read_to_string(&mut text));
    let not_a_run = |why: String| {
        CommandError::new(ErrorCode::NotARun, why).with_remedy("Choose the file that your colleague exported.")
    };
    match read {
        Ok(bytes) if bytes as u64 > LONGEST_IMPORT => {
            Err(not_a_run("The file is too long for a checklist run.".into()))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(not_a_run(format!("The file could not be read: {error}."))),
    }
}
