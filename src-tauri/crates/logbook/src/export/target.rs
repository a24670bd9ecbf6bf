//! The file of an export: written under another name beside its place, flushed, and renamed when it is whole.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::TempPath;

use super::{ExportError, note::Note};

/// The place of an export, and the file that will be put there. Dropped without [`Target::keep`] it leaves nothing.
pub(super) struct Target {
    path: PathBuf,
    temporary: TempPath,
    overwrite: bool,
    /// Where the note goes, when it goes into a file of its own.
    beside: Option<PathBuf>,
}

impl Target {
    /// Makes the temporary file. What stands in the way is said now and not after an hour of writing.
    pub fn prepare(path: &Path, overwrite: bool, note_beside: bool) -> Result<Target, ExportError> {
        let name = path
            .file_name()
            .ok_or_else(|| ExportError::NotWritten(format!("{} is not the name of a file.", path.display())))?;
        let beside = note_beside.then(|| {
            let mut name = name.to_owned();
            name.push(".coverage.txt");
            path.with_file_name(name)
        });
        if path.is_dir() {
            return Err(ExportError::NotWritten(format!(
                "{} is a folder. Give the name of a file in it.",
                path.display()
            )));
        }
        if !overwrite {
            refuse_existing(path, beside.as_deref())?;
        }
        let temporary = temporary_in(folder_of(path))?;
        Ok(Target {
            path: path.to_owned(),
            temporary,
            overwrite,
            beside,
        })
    }

    /// The temporary file, open for writing.
    pub fn open(&self) -> Result<File, ExportError> {
        File::create(&self.temporary).map_err(not_written)
    }

    /// Where the temporary file is.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// The folder of both.
    pub fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Puts the file, and the note beside it, where they belong. Its size in bytes.
    pub fn keep(self, note: &Note) -> Result<u64, ExportError> {
        let file = File::options().write(true).open(&self.temporary).map_err(not_written)?;
        file.sync_all().map_err(not_written)?;
        let bytes = file.metadata().map_err(not_written)?.len();
        drop(file);
        if let Some(beside) = &self.beside {
            let noted = temporary_in(folder_of(beside))?;
            let mut file = File::create(&noted).map_err(not_written)?;
            file.write_all(note.text().as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(not_written)?;
            drop(file);
            put(noted, beside, self.overwrite)?;
        }
        let placed = put(self.temporary, &self.path, self.overwrite);
        if placed.is_err()
            && let Some(beside) = &self.beside
        {
            // A note about a file that is not there would mislead. Where even that fails, nothing more can be done.
            let _ = fs::remove_file(beside);
        }
        placed?;
        if cfg!(unix) {
            // Makes the rename last through a power cut, where folders can be flushed; the file is whole either way.
            let _ = File::open(folder_of(&self.path)).and_then(|folder| folder.sync_all());
        }
        Ok(bytes)
    }
}

fn refuse_existing(path: &Path, beside: Option<&Path>) -> Result<(), ExportError> {
    if path.symlink_metadata().is_ok() {
        return Err(ExportError::Exists);
    }
    match beside {
        Some(beside) if beside.symlink_metadata().is_ok() => Err(ExportError::NotWritten(format!(
            "{} is there already, from an earlier export. Remove it, choose another name, or allow overwriting.",
            beside.display()
        ))),
        _ => Ok(()),
    }
}

/// A new file that only this user can read: the log holds names and addresses of people.
fn temporary_in(folder: &Path) -> Result<TempPath, ExportError> {
    tempfile::Builder::new()
        .prefix(".cipp-desk-export-")
        .suffix(".part")
        .tempfile_in(folder)
        .map(tempfile::NamedTempFile::into_temp_path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ExportError::NotWritten(format!(
                "There is no folder {}. Choose one that exists.",
                folder.display()
            )),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ExportError::NotWritten(format!(
                "The folder {} cannot be written to. Choose another one, such as Documents.",
                folder.display()
            )),
            _ => not_written(error),
        })
}

fn put(temporary: TempPath, path: &Path, overwrite: bool) -> Result<(), ExportError> {
    let placed = if overwrite {
        temporary.persist(path)
    } else {
        match temporary.persist_noclobber(path) {
            // File systems without links (FAT, some shares) cannot refuse to replace in one step: looked at first, then.
            Err(refused)
                if refused.error.kind() != io::ErrorKind::AlreadyExists && path.symlink_metadata().is_err() =>
            {
                refused.path.persist(path)
            }
            placed => placed,
        }
    };
    placed.map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::Exists,
        io::ErrorKind::PermissionDenied if path.exists() => ExportError::NotWritten(format!(
            "{} cannot be replaced: it is open in another program (Excel, say) or protected. Close it or choose another \
             name.",
            path.display()
        )),
        _ => not_written(refused.error),
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A failed write, in a sentence with the next step.
pub(super) fn not_written(error: io::Error) -> ExportError {
    ExportError::NotWritten(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The disk is full; nothing was kept. Make room or choose another disk.".to_owned()
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "The file could not be written: this folder is read-only or belongs to someone else. Choose another one."
                .to_owned()
        }
        io::ErrorKind::FileTooLarge => {
            "The file is larger than this disk allows (4 GB on FAT32). Choose another disk, or fewer days.".to_owned()
        }
        io::ErrorKind::InvalidFilename => {
            "The name of the file is too long or has characters that are not allowed. Choose another name.".to_owned()
        }
        _ => format!("The file could not be written: {error}. Try again, or choose another place."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_go_wrong_on_a_disk_has_its_sentence() {
        for (kind, part) in [
            (io::ErrorKind::StorageFull, "The disk is full"),
            (io::ErrorKind::QuotaExceeded, "The disk is full"),
            (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
            (io::ErrorKind::PermissionDenied, "read-only or belongs to someone else"),
            (io::ErrorKind::FileTooLarge, "FAT32"),
            (io::ErrorKind::InvalidFilename, "Choose another name"),
            (io::ErrorKind::BrokenPipe, "Try again"),
        ] {
            assert!(not_written(kind.into()).to_string().contains(part), "{kind:?}");
        }
    }
}
