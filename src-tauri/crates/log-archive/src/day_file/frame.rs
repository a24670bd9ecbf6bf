//! The outside of a day file: magic bytes, the lengths of its encrypted parts, and the plain text that says which file
//! it is and which key it needs.
//!
//! The Parquet library trusts lengths that nothing vouches for: a flipped bit in one may ask for 4 GB or end in a
//! panic. So everything that is not encrypted is checked here first, to the last byte: the parts must follow each other
//! without a gap and end exactly at the footer. What is encrypted vouches for itself.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use parquet::errors::ParquetError;
use ring::digest;

use super::{Identity, VERSION};
use crate::DayFileError;

/// First and last four bytes of a Parquet file with an encrypted footer.
const MAGIC: &[u8; 4] = b"PARE";
/// What an encrypted part has beside its contents: a nonce and a tag. (Its length stands before it, in four bytes.)
const NONCE_AND_TAG: u64 = 12 + 16;
/// The plain text before the footer is two short texts; a name of a folder has at most 255 bytes.
const MOST_HEADER_BYTES: u64 = 1024;

/// Bytes at an offset: a file, or what was read of one.
pub(super) trait Source {
    fn length(&self) -> io::Result<u64>;
    /// Fills `into` from there on.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

impl Source for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let mut file = self;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(into)
    }
}

impl Source for [u8] {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|from| self.get(from..from.checked_add(into.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(bytes);
        Ok(())
    }
}

/// Back to the first byte.
pub(super) fn rewind(file: &File) -> io::Result<()> {
    let mut file = file;
    file.rewind()
}

/// What stands in a file's key metadata: the key's name, and a checksum over it and the AAD prefix.
pub(super) fn key_metadata(identity: &Identity, prefix: &str) -> String {
    let key = hex(&identity.key.id());
    let sum = checksum(prefix, &key);
    format!("{key}{sum}")
}

fn checksum(prefix: &str, key: &str) -> String {
    let sum = digest::digest(&digest::SHA256, format!("{prefix}\n{key}").as_bytes());
    hex(&sum.as_ref()[..4])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks everything of the file that is not encrypted, and that it is the file and the key that are meant.
pub(super) fn check(source: &(impl Source + ?Sized), identity: &Identity) -> Result<(), DayFileError> {
    let refused = |error: io::Error| DayFileError::io("read", std::path::Path::new("the archived day"), &error);
    let length = source.length().map_err(refused)?;
    let mut ends = [0; 12];
    if length < ends.len() as u64 {
        return Err(DayFileError::damaged("It is empty or cut off."));
    }
    source.read_at(0, &mut ends[..4]).map_err(refused)?;
    source.read_at(length - 8, &mut ends[4..]).map_err(refused)?;
    if ends[..4] != *MAGIC || ends[8..] != *MAGIC {
        return Err(DayFileError::damaged("It is cut off, or no archived day at all."));
    }
    let footer_length = u64::from(u32::from_le_bytes([ends[4], ends[5], ends[6], ends[7]]));
    let footer = (length - 8)
        .checked_sub(footer_length)
        .filter(|footer| *footer >= 4)
        .ok_or_else(torn)?;
    let header = check_header(source, footer, footer_length, identity)?;
    check_part(source, footer + header, length - 8)
        .map_err(refused)?
        .ok_or_else(torn)?;
    let mut at = 4;
    while at < footer {
        at = check_part(source, at, footer).map_err(refused)?.ok_or_else(torn)?;
    }
    Ok(())
}

fn torn() -> DayFileError {
    DayFileError::damaged("Its parts do not fit together.")
}

/// Where the encrypted part at `at` ends; none where it cannot be one, or would reach beyond `end`.
fn check_part(source: &(impl Source + ?Sized), at: u64, end: u64) -> io::Result<Option<u64>> {
    let mut length = [0; 4];
    if end < at + 4 {
        return Ok(None);
    }
    source.read_at(at, &mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    let next = at + 4 + length;
    Ok((length >= NONCE_AND_TAG && next <= end).then_some(next))
}

/// Reads the plain text before the encrypted footer and returns its length.
///
/// It is a `FileCryptoMetaData` in Thrift's compact protocol. Only one form of it is ever written here, so only that one
/// is accepted: any changed bit is noticed.
fn check_header(
    source: &(impl Source + ?Sized),
    footer: u64,
    footer_length: u64,
    identity: &Identity,
) -> Result<u64, DayFileError> {
    let mut bytes = vec![0; footer_length.min(MOST_HEADER_BYTES) as usize];
    source
        .read_at(footer, &mut bytes)
        .map_err(|error| DayFileError::io("read", std::path::Path::new("the archived day"), &error))?;
    let mut rest = bytes.as_slice();
    let (prefix, key) = header(&mut rest).ok_or_else(torn)?;
    let header_length = (bytes.len() - rest.len()) as u64;
    judge(&prefix, &key, identity)?;
    // The footer is the last part: nothing may follow it.
    let footer_part = rest.get(..4).ok_or_else(torn)?;
    let part = u64::from(u32::from_le_bytes([
        footer_part[0],
        footer_part[1],
        footer_part[2],
        footer_part[3],
    ]));
    if header_length + 4 + part != footer_length {
        return Err(torn());
    }
    Ok(header_length)
}

/// Prefix and key metadata.
fn header(bytes: &mut &[u8]) -> Option<(String, String)> {
    // Field 1, a union; its field 1, AES_GCM_V1.
    literal(bytes, &[0x1c, 0x1c])?;
    let prefix = binary(bytes)?;
    let unique = binary(bytes)?;
    // `supply_aad_prefix` is false; both structures end.
    literal(bytes, &[0x12, 0, 0])?;
    let key = binary(bytes)?;
    literal(bytes, &[0])?;
    (unique.len() == 8).then_some(())?;
    Some((String::from_utf8(prefix).ok()?, String::from_utf8(key).ok()?))
}

fn literal(bytes: &mut &[u8], expected: &[u8]) -> Option<()> {
    *bytes = bytes.strip_prefix(expected)?;
    Some(())
}

/// The next field, which is binary.
fn binary(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    literal(bytes, &[0x18])?;
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        length |= usize::from(first & 0x7f) << shift;
        shift += 7;
        if first & 0x80 == 0 {
            break;
        }
        if shift > 14 {
            return None;
        }
    }
    let value = bytes.get(..length)?.to_vec();
    *bytes = &bytes[length..];
    Some(value)
}

fn judge(prefix: &str, key: &str, identity: &Identity) -> Result<(), DayFileError> {
    let own = hex(&identity.key.id());
    let (name, sum) = key.split_at_checked(own.len()).ok_or_else(torn)?;
    if sum != checksum(prefix, name) {
        return Err(torn());
    }
    let version = prefix
        .strip_prefix("cipp-desk/")
        .and_then(|rest| rest.split('/').next());
    let version: u32 = version.and_then(|version| version.parse().ok()).ok_or_else(torn)?;
    if version > VERSION {
        return Err(DayFileError::NewerVersion);
    }
    if prefix != identity.aad_prefix(version) {
        return Err(DayFileError::damaged(
            "It belongs to another day or another connection.",
        ));
    }
    if name != own {
        return Err(DayFileError::WrongKey);
    }
    Ok(())
}

/// What the system said, where it was the system and not the file.
pub(crate) fn io_cause(error: &ParquetError) -> Option<&io::Error> {
    let ParquetError::External(cause) = error else {
        return None;
    };
    cause.downcast_ref::<io::Error>()
}
