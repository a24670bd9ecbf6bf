//! Which archive a command reads or fills, and the key to it: `--archive`, `--key-env`.
//!
//! The archives of this computer are shared with the app; their keys are in the keychain. With a folder and a variable
//! neither is touched: that is for automation. A key is never an argument, never printed, and in no error.

use std::env::{self, VarError};
use std::path::PathBuf;
use std::{fs, io};

use cipp_client::Secret;
use clap::Args;
use connections::{ConnectionId, Keychain};
use log_archive::{ArchiveError, ArchiveKey, ConnectionArchive, KeyError};
use zeroize::Zeroizing;

use crate::exit::{Code, Failure};
use crate::instance::Who;
use crate::output::say;

/// Where the archive is, and its key.
#[derive(Args, Debug)]
#[command(next_help_heading = "Archive")]
pub struct ArchiveArgs {
    /// Folder with archives, in which each connection has a folder of its own [default: the one of the app]
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
    /// Read the archive's key, 64 hexadecimal digits, from this environment variable; the keychain is left alone
    #[arg(long, value_name = "VARIABLE", requires = "archive")]
    key_env: Option<String>,
}

impl ArchiveArgs {
    /// The archive to read over. Where nothing else is to be read (`offline`), or where it was named, trouble with it is an
    /// error; one that a saved connection happens to have is used where it can be opened.
    pub async fn to_read(&self, who: &Who, offline: bool) -> Result<Option<ConnectionArchive>, Failure> {
        if offline {
            return self.expect(who).await.map(Some);
        }
        if self.archive.is_some() {
            return self.open(who).await;
        }
        if who.saved().is_none() {
            return Ok(None);
        }
        Ok(self.open(who).await.unwrap_or_else(|failure| {
            say(&format!(
                "note: the archive of {} is not used. {}",
                who.name(),
                failure.message()
            ));
            None
        }))
    }

    /// The archive, with its key; a key that is not there yet is made and kept.
    pub async fn open_or_make(&self, who: &Who) -> Result<ConnectionArchive, Failure> {
        let key = match self.known_key(who).await? {
            Some(key) => key,
            None => make_key(who).await?,
        };
        self.with_key(who, key)
    }

    /// The archive, where there is one.
    async fn open(&self, who: &Who) -> Result<Option<ConnectionArchive>, Failure> {
        if !self.root()?.join(who.folder()).is_dir() {
            return Ok(None);
        }
        match self.known_key(who).await? {
            Some(key) => self.with_key(who, key).map(Some),
            None => Ok(None),
        }
    }

    /// The archive; that there is none is an error.
    pub async fn expect(&self, who: &Who) -> Result<ConnectionArchive, Failure> {
        let folder = self.root()?.join(who.folder());
        self.open(who).await?.ok_or_else(|| {
            Failure::new(
                Code::Connection,
                format!("There is no archive of {} in {}.", who.name(), folder.display()),
                "Fill it with `cippctl collect`, or name its folder with --archive and the variable of its key with --key-env.",
            )
        })
    }

    fn root(&self) -> Result<PathBuf, Failure> {
        let root = self.archive.clone().or_else(log_archive::default_root);
        root.ok_or_else(|| {
            Failure::new(
                Code::Local,
                "This system names no folder in which the archive could lie.",
                "Give --archive DIR.",
            )
        })
    }

    fn with_key(&self, who: &Who, key: ArchiveKey) -> Result<ConnectionArchive, Failure> {
        Ok(ConnectionArchive::open(&self.root()?, &who.folder(), key)?)
    }

    async fn known_key(&self, who: &Who) -> Result<Option<ArchiveKey>, Failure> {
        if let Some(variable) = &self.key_env {
            return from_environment(variable).map(Some);
        }
        let Some(id) = who.saved() else {
            return Err(no_place_for_a_key());
        };
        let kept = Keychain::system().archive_key(&id).await?;
        kept.map(|kept| ArchiveKey::from_hex(kept.expose()).map_err(Failure::from))
            .transpose()
    }
}

/// Deletes the archive that a saved connection has on this computer: where it was; none when there is none. Its key is
/// left in the keychain.
pub fn forget(id: &ConnectionId) -> Result<Option<PathBuf>, Failure> {
    let Some(folder) = log_archive::default_root().map(|root| root.join(id.to_string())) else {
        return Ok(None);
    };
    match fs::remove_dir_all(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(
            Code::Local,
            format!("The archive of this connection could not be deleted: {error}."),
            format!("Delete this folder by hand: {}", folder.display()),
        )),
    }
}

async fn make_key(who: &Who) -> Result<ArchiveKey, Failure> {
    let id = who.saved().ok_or_else(no_place_for_a_key)?;
    let made = ArchiveKey::generate()?;
    let secret = Secret::parse(&made.to_hex())?;
    Keychain::system().save_archive_key(&id, &secret).await?;
    Ok(made)
}

fn no_place_for_a_key() -> Failure {
    Failure::new(
        Code::Usage,
        "An archive needs a key, and only saved connections have one in the keychain.",
        "Give --archive DIR and --key-env VARIABLE, or a saved connection with --connection NAME.",
    )
}

fn from_environment(variable: &str) -> Result<ArchiveKey, Failure> {
    let wrong = |problem: &str| {
        Failure::new(
            Code::Usage,
            format!("The environment variable {variable} {problem}."),
            "--key-env takes the name of the variable that holds the archive's key: 64 hexadecimal digits, as \
             `openssl rand -hex 32` makes them.",
        )
    };
    let value = match env::var(variable) {
        Ok(value) => Zeroizing::new(value),
        Err(VarError::NotPresent) => return Err(wrong("is not set")),
        Err(VarError::NotUnicode(_)) => return Err(wrong("is not text")),
    };
    ArchiveKey::from_hex(&value).map_err(|_| wrong("does not hold 64 hexadecimal digits"))
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Failure::new(
            Code::Connection,
            format!("The archive's key cannot be used: {error}"),
            "",
        )
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Failure::new(Code::Local, error.to_string(), "")
    }
}
