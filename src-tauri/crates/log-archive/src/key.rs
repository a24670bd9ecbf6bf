//! The key of a connection's archive: 32 random bytes, one for all of its days.
//!
//! What deliberately is not here: where it rests. The `connections` crate keeps it in the system's keychain, as 64
//! hexadecimal digits in an entry of its own; whoever has neither keychain nor entry cannot read the archive.

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

/// Bytes of a key, as AES-256 needs them.
const BYTES: usize = 32;

/// The key of an archive. Its memory is wiped when it is dropped; `Debug` prints `<redacted>`.
#[derive(Clone)]
pub struct ArchiveKey(Zeroizing<[u8; BYTES]>);

/// Why a text is no key. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Wrong length or other characters.
    #[error("An archive key has exactly 64 hexadecimal digits. Copy it whole, without anything around it.")]
    NotHex,
    /// The system gave no random numbers.
    #[error("The system gave no random numbers for a new archive key. Restart the computer and try again.")]
    NoRandom,
}

impl ArchiveKey {
    /// A new key from the system's random numbers.
    ///
    /// # Errors
    /// The system has none to give.
    pub fn generate() -> Result<ArchiveKey, KeyError> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        SystemRandom::new()
            .fill(bytes.as_mut_slice())
            .map_err(|_| KeyError::NoRandom)?;
        Ok(ArchiveKey(bytes))
    }

    /// The key from its 64 hexadecimal digits, upper or lower case; white space at both ends is left out.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_hex(text: &str) -> Result<ArchiveKey, KeyError> {
        let digits = text.trim().as_bytes();
        if digits.len() != 2 * BYTES {
            return Err(KeyError::NotHex);
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
        }
        Ok(ArchiveKey(bytes))
    }

    /// The key as 64 lower-case hexadecimal digits, for the keychain and for a person who keeps a copy of it.
    pub fn to_hex(&self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = Zeroizing::new(String::with_capacity(2 * BYTES));
        for byte in self.0.iter() {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }

    /// The bytes, for the Parquet library, which keeps a copy of its own for as long as a file is open.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// A name for the key that gives nothing of it away: files carry it in the clear, so that a wrong key can be told
    /// from a damaged file.
    pub(crate) fn id(&self) -> [u8; 8] {
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice()),
            b"CIPP Desk archive key",
        );
        let mut id = [0; 8];
        id.copy_from_slice(&tag.as_ref()[..8]);
        id
    }
}

fn digit(character: u8) -> Result<u8, KeyError> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        b'A'..=b'F' => Ok(character - b'A' + 10),
        _ => Err(KeyError::NotHex),
    }
}

impl std::fmt::Debug for ArchiveKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_digits_in_either_case() {
        let key = ArchiveKey::generate().unwrap();
        let hex = key.to_hex();
        assert_eq!(hex.len(), 64);
        assert_eq!(*ArchiveKey::from_hex(&format!(" {}\n", *hex)).unwrap().0, *key.0);
        assert_eq!(*ArchiveKey::from_hex(&hex.to_uppercase()).unwrap().0, *key.0);
        assert_ne!(*ArchiveKey::generate().unwrap().0, *key.0);
    }

    #[test]
    fn anything_else_is_refused_without_being_repeated() {
        let hex = ArchiveKey::generate().unwrap().to_hex();
        for wrong in [
            "",
            "abc",
            &hex[1..],
            &format!("{}0", *hex),
            &"g".repeat(64),
            &"é".repeat(32),
        ] {
            let error = ArchiveKey::from_hex(wrong).unwrap_err();
            assert_eq!(error, KeyError::NotHex);
            assert!(wrong.is_empty() || !error.to_string().contains(wrong));
        }
    }

    #[test]
    fn it_cannot_be_printed_and_its_name_tells_keys_apart() {
        let (one, other) = (ArchiveKey::generate().unwrap(), ArchiveKey::generate().unwrap());
        assert_eq!(format!("{one:?}"), "<redacted>");
        assert_eq!(one.id(), one.clone().id());
        assert_ne!(one.id(), other.id());
    }
}
