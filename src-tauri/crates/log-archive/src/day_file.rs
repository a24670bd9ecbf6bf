//! The file of one closed day: encrypted Parquet, byte for byte what CIPP sent, never changed once it is there.
//!
//! Here and below: the only code that knows Parquet and Arrow. [`shape`] takes a row apart and puts it together again,
//! [`columns`] says which columns there are, [`frame`] checks a file's outside before the library may look at it,
//! [`write`] and [`read`] are the two ways.
//!
//! What deliberately is not here: folders, names, locks and how a file replaces another (`archive.rs`).
//!
//! # The format, version 1
//! `yyyyMMdd.parquet`, AES-256-GCM (Parquet modular encryption) with one key for footer and all columns. The AAD prefix
//! is `cipp-desk/1/<connection>/<yyyyMMdd>`: a file that was renamed, or that came from another connection, does not
//! decrypt. The key metadata names the key without giving it away (16 hexadecimal digits) and carries a checksum of the
//! prefix and that name (8 digits): so a wrong key, a newer version and a damaged file are told apart before anything is
//! decrypted. A later version keeps this outside, whatever it does inside.
//!
//! One row group; a row's values are in `ts` (nanoseconds, UTC), `severity`, `tenant`, `api`, `user`, `tenant_id`,
//! `app_id`, `ip`, `template`, `message`, `log_data`, `row_key`, `problem`. What is needed beside them to rebuild its
//! JSON text is in `shape` (the text with the values cut out), `rest` (values that no column can give back) and `raw`
//! (the whole text, for the rows with which all of that does not work).

mod columns;
mod frame;
pub(crate) mod read;
mod shape;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use cipp_client::Day;
use jiff::Timestamp;
use parquet::errors::ParquetError;

use crate::{DayFileError, key::ArchiveKey};

pub(crate) use columns::Batch;
pub(crate) use frame::io_cause;

/// The version this code writes, and the highest it reads.
pub(crate) const VERSION: u32 = 1;

/// What is known about a day beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayMeta {
    /// When CIPP was asked.
    pub fetched_at: Timestamp,
    /// The instance's time zone as it was known then, IANA name; empty where it was not.
    pub zone: String,
    /// Whether the instance's day was over when it was fetched: no row can have been added since. (Rows can still have
    /// changed: facts, ListLogs 1.7.)
    pub complete_at_close: bool,
}

/// Which file it is: part of what the encryption vouches for.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub connection: String,
    pub day: Day,
    pub key: ArchiveKey,
}

impl Identity {
    fn aad_prefix(&self, version: u32) -> String {
        format!("cipp-desk/{version}/{}/{}", self.connection, self.day)
    }
}

/// The keys of the file's own metadata.
mod meta_key {
    pub(super) const FORMAT: &str = "cipp-desk.format";
    pub(super) const CONNECTION: &str = "cipp-desk.connection";
    pub(super) const DAY: &str = "cipp-desk.day";
    pub(super) const FETCHED_AT: &str = "cipp-desk.fetched_at";
    pub(super) const ZONE: &str = "cipp-desk.zone";
    pub(super) const COMPLETE_AT_CLOSE: &str = "cipp-desk.complete_at_close";
}

impl DayMeta {
    fn to_pairs(&self, identity: &Identity) -> Vec<(String, String)> {
        [
            (meta_key::FORMAT, VERSION.to_string()),
            (meta_key::CONNECTION, identity.connection.clone()),
            (meta_key::DAY, identity.day.to_string()),
            (meta_key::FETCHED_AT, self.fetched_at.to_string()),
            (meta_key::ZONE, self.zone.clone()),
            (meta_key::COMPLETE_AT_CLOSE, self.complete_at_close.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    fn of_pairs<'a>(pairs: impl Fn(&str) -> Option<&'a str>) -> Option<DayMeta> {
        Some(DayMeta {
            fetched_at: pairs(meta_key::FETCHED_AT)?.parse().ok()?,
            zone: pairs(meta_key::ZONE)?.to_owned(),
            complete_at_close: pairs(meta_key::COMPLETE_AT_CLOSE)?.parse().ok()?,
        })
    }
}

/// What the Parquet library said while a file was read. Its own words are for the log, not for a person.
fn refused(error: &ParquetError) -> DayFileError {
    if let Some(io) = io_cause(error) {
        return DayFileError::io("read", std::path::Path::new("the archived day"), io);
    }
    DayFileError::damaged("What is in it does not match its checksums.")
}
