//! The client secret, and other passwords: texts that cannot be printed, logged or serialised by accident.
//!
//! Here: the type and the local checks that save a round trip. Not here: where secrets rest (the `connections`
//! crate). Honest limit: copies made by the HTTP and TLS libraries while a token is fetched are not wiped.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::field::{Field, FieldError, is_invisible};

/// A client secret's value. `Debug` and `Display` print `<redacted>`; there is no `Serialize`. The memory is wiped
/// when the last copy is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret as typed or pasted, without white space and characters that have no width at both ends.
    ///
    /// # Errors
    /// Empty; or a GUID, which is the secret's *ID*: a mistake so common that it is refused before anything is sent
    /// (facts: Entra A.4, AADSTS7000215).
    pub fn parse(typed: &str) -> Result<Secret, FieldError> {
        let value = typed.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        if value.is_empty() {
            return Err(FieldError::new(
                Field::Secret,
                "The client secret is empty.",
                "Paste the secret's value; CIPP shows it once, when the API client is created or its secret is reset.",
            ));
        }
        if Uuid::try_parse(value).is_ok() {
            return Err(FieldError::new(
                Field::Secret,
                "This is the secret's ID, not its value.",
                "Paste the column \u{201C}Value\u{201D}, not \u{201C}Secret ID\u{201D}. If the value was not kept, reset the secret in CIPP and copy the new one.",
            ));
        }
        Ok(Secret(SecretString::from(value)))
    }

    /// A password, such as a proxy's, exactly as typed: people choose them, blanks and GUIDs among them. `None` when empty.
    pub fn password(typed: &str) -> Option<Secret> {
        (!typed.is_empty()).then(|| Secret(SecretString::from(typed)))
    }

    /// Whether the value does not look like the secrets that Entra makes today. A hint to warn with, never a reason to
    /// refuse: the form has changed before.
    pub fn looks_unusual(&self) -> bool {
        !looks_like_entra(self.expose().as_bytes())
    }

    /// The value itself. Only for the token request, the keychain, and comparing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Three characters, a digit, `Q~`, then 31 to 34 characters (facts: Entra A.4, local checks).
fn looks_like_entra(value: &[u8]) -> bool {
    let front = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'~' | b'.');
    let tail = |b: &u8| front(b) || *b == b'-';
    (37..=40).contains(&value.len())
        && value[..3].iter().all(front)
        && value[3].is_ascii_digit()
        && &value[4..6] == b"Q~"
        && value[6..].iter().all(tail)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "abc8Q~0123456789abcdefghijklmnopqrstuv~x";

    #[test]
    fn a_pasted_secret_loses_what_cannot_be_seen() {
        let secret = Secret::parse(&format!("\u{feff}\u{a0} {USUAL}\u{200b}\r\n")).unwrap();
        assert_eq!(secret.expose(), USUAL);
        assert!(!secret.looks_unusual());
        assert!(Secret::parse("hunter2").unwrap().looks_unusual());
    }

    #[test]
    fn a_secret_id_and_nothing_are_refused_without_being_repeated() {
        let id = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
        let error = Secret::parse(id).unwrap_err();
        assert!(error.problem.contains("ID"));
        assert!(!error.to_string().contains(id));
        assert!(Secret::parse(" \u{200b}\u{a0}\n").is_err());
    }

    #[test]
    fn it_cannot_be_printed() {
        let secret = Secret::parse(USUAL).unwrap();
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "<redacted> <redacted> Some(<redacted>)"
        );
    }
}
