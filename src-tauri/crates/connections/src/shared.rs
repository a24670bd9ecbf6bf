//! A connection as a file to hand on: everything but the secret.
//!
//! `{"what": "CIPP Desk connection", "format": 1, "name": ..., "api_url": ..., "tenant_id": ..., "client_id": ...}` and, where
//! it is not Microsoft's public cloud, `"authority"`. Left out besides the secret: what belongs to one computer (the id
//! under which its keychain has the secret, a path to a certificate file) and when the secret ends (whoever imports it may
//! have another one).
//!
//! A file that is read comes from anybody. One that holds what looks like a secret is refused as a whole, and nothing of
//! its values stands in an error before that has been looked at.

use cipp_client::{Connection, Field, FieldError};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::paste::is_secret_name;

const WHAT: &str = "CIPP Desk connection";
/// The format that is written, and the highest that is read.
const FORMAT: u64 = 1;
/// No such file is longer; what is longer is something else.
const LONGEST: usize = 64 * 1024;
/// A name of a connection is not longer than that.
const LONGEST_NAME: usize = 200;
/// Files of this app nest nothing; a depth that no honest file has.
const DEEPEST: usize = 32;

/// A connection without its secret, as it goes from one computer to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedConnection {
    /// What the other person called it.
    pub name: String,
    /// Where to connect, and as whom.
    pub connection: Connection,
}

/// Why a file is no connection that can be imported. Display is the cause; it never holds a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharedError {
    /// Too long, or no JSON.
    #[error("This file is not an exported connection: {0}.")]
    NotOurs(String),
    /// A newer version of the app wrote it.
    #[error(
        "This file was written by a newer version of CIPP Desk (format {found}; this version reads up to {FORMAT})."
    )]
    Newer {
        /// Its format.
        found: u64,
    },
    /// There is what looks like a secret in it.
    #[error("This file holds what looks like a secret ({place}). Nothing was taken from it.")]
    HoldsSecret {
        /// Where: the field's name, where that is a harmless word.
        place: String,
    },
    /// A field is missing, or not a text.
    #[error("The field \u{201c}{field}\u{201d} {problem}.")]
    Wrong {
        /// Its name in the file.
        field: &'static str,
        /// "is missing", "is not a text".
        problem: &'static str,
    },
    /// The value of a field is not one that this app could use.
    #[error("The field \u{201c}{field}\u{201d} cannot be used. {}", .error.problem)]
    Value {
        /// Its name in the file.
        field: &'static str,
        /// What is wrong with it.
        error: FieldError,
    },
}

impl SharedError {
    /// What to do next.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotOurs(_) => "Choose a file that CIPP Desk exported (Connections, Export).".to_owned(),
            Self::Newer { .. } => "Update CIPP Desk on this computer, then import it again.".to_owned(),
            Self::HoldsSecret { .. } => {
                "Secrets do not belong into files. Delete the file, ask for one that CIPP Desk exported, and give the \
                 secret on another way. If others could read the file, reset the secret in CIPP."
                    .to_owned()
            }
            Self::Wrong { .. } => "Export the connection again, or add the field with a text editor.".to_owned(),
            Self::Value { error, .. } => error.remedy.clone(),
        }
    }
}

impl SharedConnection {
    /// The text of the file.
    pub fn text(&self, now: Timestamp) -> String {
        let connection = &self.connection;
        let mut file = json!({
            "what": WHAT,
            "format": FORMAT,
            "exported_at": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "name": self.name,
            "api_url": connection.api_url,
            "tenant_id": connection.tenant_id,
            "client_id": connection.client_id,
        });
        if !connection.authority.is_default() {
            file["authority"] = json!(connection.authority);
        }
        format!("{file:#}\n")
    }

    /// Reads a file that a person chose.
    ///
    /// # Errors
    /// [`SharedError`]; a secret is looked for before anything else is.
    pub fn read(text: &str) -> Result<SharedConnection, SharedError> {
        if text.len() > LONGEST {
            return Err(SharedError::NotOurs("it is too long".to_owned()));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = match serde_json::from_str(text) {
            Ok(Value::Object(file)) => file,
            Ok(_) => return Err(SharedError::NotOurs("it is JSON of something else".to_owned())),
            // Only the place: the parser's own words may repeat what stands there.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return Err(SharedError::NotOurs(format!(
                    "it is no valid JSON at line {line}, column {column}"
                )));
            }
        };
        if let Some(place) = secret_in(&file, 0) {
            return Err(SharedError::HoldsSecret { place });
        }
        if file.get("what").and_then(Value::as_str) != Some(WHAT) {
            return Err(SharedError::NotOurs(format!(
                "its field \u{201c}what\u{201d} is not \u{201c}{WHAT}\u{201d}"
            )));
        }
        match file.get("format").map(Value::as_u64) {
            Some(Some(1..=FORMAT)) => {}
            Some(Some(found)) if found > FORMAT => return Err(SharedError::Newer { found }),
            Some(_) => return Err(wrong("format", "is not a number from 1 up")),
            None => return Err(wrong("format", "is missing")),
        }
        let connection = Connection {
            api_url: value(&file, "api_url")?,
            tenant_id: value(&file, "tenant_id")?,
            client_id: value(&file, "client_id")?,
            authority: match file.get("authority") {
                None | Some(Value::Null) => Default::default(),
                Some(_) => value(&file, "authority")?,
            },
            ca_cert: None,
        };
        connection.check().map_err(|error| SharedError::Value {
            field: "tenant_id",
            error,
        })?;
        Ok(SharedConnection {
            name: name_in(&file)?,
            connection,
        })
    }
}

/// This name, or with the first free number behind it: "Contoso (2)".
pub fn free_name(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u32| format!("{wanted} ({number})"));
    std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

fn wrong(field: &'static str, problem: &'static str) -> SharedError {
    SharedError::Wrong { field, problem }
}

fn text_in<'f>(file: &'f Map<String, Value>, field: &'static str) -> Result<&'f str, SharedError> {
    match file.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(wrong(field, "is not a text")),
        None => Err(wrong(field, "is missing")),
    }
}

fn value<T: std::str::FromStr<Err = FieldError>>(
    file: &Map<String, Value>,
    field: &'static str,
) -> Result<T, SharedError> {
    text_in(file, field)?
        .parse()
        .map_err(|error| SharedError::Value { field, error })
}

fn name_in(file: &Map<String, Value>) -> Result<String, SharedError> {
    let name = text_in(file, "name")?.trim();
    let refuse = |problem: &str| SharedError::Value {
        field: "name",
        error: FieldError::new(Field::Name, problem, "Correct it in the file, or export it again."),
    };
    if name.is_empty() {
        return Err(refuse("It is empty."));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(refuse("It is longer than 200 characters."));
    }
    Ok(name.to_owned())
}

/// Where the first thing stands that looks like a secret: by the name of its field, or by its own form.
fn secret_in(fields: &Map<String, Value>, depth: usize) -> Option<String> {
    fields.iter().find_map(|(name, value)| {
        let holds = match value {
            Value::String(text) => (is_secret_name(name) && !text.trim().is_empty()) || looks_secret(text),
            Value::Number(_) => is_secret_name(name),
            _ => false,
        };
        if holds || looks_secret(name) {
            return Some(place(name));
        }
        inside(value, name, depth)
    })
}

fn inside(value: &Value, name: &str, depth: usize) -> Option<String> {
    // What nobody looked into is not called harmless.
    if depth > DEEPEST {
        return Some("nested too deeply to be looked through".to_owned());
    }
    match value {
        Value::Object(fields) => secret_in(fields, depth + 1),
        Value::Array(values) => values.iter().find_map(|value| match value {
            Value::String(text) if looks_secret(text) || is_secret_name(name) => Some(place(name)),
            other => inside(other, name, depth + 1),
        }),
        _ => None,
    }
}

/// The name of a field as it may stand in a sentence; a name that could be something else is not repeated.
fn place(name: &str) -> String {
    let word = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ');
    if (1..=32).contains(&name.len()) && name.chars().all(word) {
        format!("in the field \u{201c}{name}\u{201d}")
    } else {
        "in one of its fields".to_owned()
    }
}

/// A secret as Entra makes them, anywhere in the text; or a signed token.
fn looks_secret(text: &str) -> bool {
    let token = |word: &str| word.starts_with("eyJ") && word.matches('.').count() >= 2;
    text.split(|c: char| c.is_whitespace() || "\"'`=:,;&?/<>()[]{}".contains(c))
        .any(token)
        || text.match_indices("Q~").any(|(at, _)| is_secret_around(text, at))
}

/// Three characters and a digit before, at least 31 after: the form of Entra's secrets (facts: Entra A.4).
fn is_secret_around(text: &str, at: usize) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || "_~.-".contains(c);
    let (before, after) = (&text[..at], &text[at + 2..]);
    let mut before = before.chars().rev();
    before.next().is_some_and(|c| c.is_ascii_digit())
        && before.take(3).filter(|c| part(*c)).count() == 3
        && after.chars().take_while(|c| part(*c)).count() >= 31
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "abc8Q~0123456789abcdefghijklmnopqrstuv~x";

    fn shared() -> SharedConnection {
        SharedConnection {
            name: "Contoso \u{201c}MSP\u{201d} \u{1F980}".to_owned(),
            connection: Connection {
                api_url: "https://cippabc12.azurewebsites.net".parse().unwrap(),
                tenant_id: "msp.example".parse().unwrap(),
                client_id: "11112222-3333-4444-9555-666677778888".parse().unwrap(),
                authority: Default::default(),
                ca_cert: Some("/home/jo/company.pem".into()),
            },
        }
    }

    fn text() -> String {
        shared().text("2026-11-23T05:00:00.123Z".parse().unwrap())
    }

    fn refused(text: &str) -> SharedError {
        SharedConnection::read(text).unwrap_err()
    }

    /// The file with these fields put in.
    fn with(fields: Value) -> String {
        let mut file: Value = serde_json::from_str(&text()).unwrap();
        let Value::Object(fields) = fields else { panic!() };
        for (name, value) in fields {
            file[name] = value;
        }
        file.to_string()
    }

    fn without(field: &str) -> String {
        let mut file: Map<String, Value> = serde_json::from_str(&text()).unwrap();
        file.remove(field).unwrap();
        Value::Object(file).to_string()
    }

    #[test]
    fn what_is_written_is_read_again_without_what_belongs_to_one_computer() {
        assert!(
            !text().contains("company.pem") && !text().contains("authority"),
            "{}",
            text()
        );
        assert!(
            text().contains("\"exported_at\": \"2026-11-23T05:00:00Z\""),
            "{}",
            text()
        );
        let read = SharedConnection::read(&format!("\u{feff}{}", text())).unwrap();
        assert_eq!(read.name, shared().name);
        assert_eq!(read.connection.ca_cert, None);
        assert_eq!(read.connection.api_url, shared().connection.api_url);

        let mut other = shared();
        other.connection.authority = "https://login.microsoftonline.us".parse().unwrap();
        let again = SharedConnection::read(&other.text(Timestamp::UNIX_EPOCH)).unwrap();
        assert_eq!(again.connection.authority, other.connection.authority);
    }

    #[test]
    fn a_file_that_cannot_be_used_names_the_field() {
        for field in ["format", "name", "api_url", "tenant_id", "client_id"] {
            let error = refused(&without(field)).to_string();
            assert!(
                error.contains(&format!("\u{201c}{field}\u{201d} is missing")),
                "{error}"
            );
        }
        for (fields, said) in [
            (json!({"api_url": 5}), "\u{201c}api_url\u{201d} is not a text"),
            (json!({"api_url": "http://cipp.example.net"}), "begins with http://"),
            (
                json!({"tenant_id": "common"}),
                "\u{201c}tenant_id\u{201d} cannot be used",
            ),
            (
                json!({"client_id": "my app"}),
                "\u{201c}client_id\u{201d} cannot be used",
            ),
            (
                json!({"authority": "https://login.example/x"}),
                "\u{201c}authority\u{201d} cannot be used",
            ),
            (
                json!({"name": " "}),
                "\u{201c}name\u{201d} cannot be used. It is empty.",
            ),
            (json!({"name": "x".repeat(300)}), "longer than 200"),
            (json!({"format": "1"}), "\u{201c}format\u{201d} is not a number"),
            (json!({"format": 0}), "\u{201c}format\u{201d} is not a number"),
            (json!({"what": "CIPP Desk checklist run"}), "not an exported connection"),
        ] {
            let error = refused(&with(fields));
            assert!(error.to_string().contains(said), "{error}");
            assert!(!error.remedy().is_empty());
        }
    }

    #[test]
    fn what_is_no_such_file_is_called_so() {
        for (text, said) in [
            ("", "line 1"),
            ("{\"what\": \n nonsense", "line 2"),
            ("[]", "something else"),
            ("\"abc\"", "something else"),
            (&"[".repeat(200_000), "too long"),
            (&"[".repeat(60_000), "no valid JSON"),
        ] {
            let error = refused(text).to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_newer_file_is_refused_and_fields_that_are_not_known_do_no_harm() {
        let error = refused(&with(json!({"format": 2, "api_url": {"entirely": "different"}})));
        assert_eq!(error, SharedError::Newer { found: 2 });
        assert!(error.remedy().contains("Update"), "{}", error.remedy());
        assert!(SharedConnection::read(&with(json!({"colour": "red", "tags": ["a", {"b": null}]}))).is_ok());
    }

    #[test]
    fn a_file_with_a_secret_is_refused_and_nothing_of_it_repeated() {
        let deep = (0..40).fold(json!(1), |inner, _| json!({ "a": inner }));
        for fields in [
            json!({"client_secret": SECRET}),
            json!({"ClientSecret": "hunter2"}),
            json!({"secret": 12345}),
            json!({"application-secret": "x"}),
            json!({"nested": {"list": [{"password": "hunter2"}]}}),
            json!({"passwords": {"secret": ["hunter2"]}}),
            json!({"access_token": "hunter2"}),
            json!({"refreshToken": "hunter2"}),
            json!({"note": format!("the secret is {SECRET}.")}),
            json!({"note": format!("client_secret={SECRET}&x")}),
            json!({"note": format!("\u{e9}{SECRET}\u{e9}")}),
            json!({"name": SECRET}),
            json!({"tenant_id": SECRET}),
            json!({"list": ["a", SECRET]}),
            json!({SECRET: "a"}),
            json!({"note": "eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl"}),
            json!({"format": 2, "secret": "hunter2"}),
            json!({ "deep": deep }),
        ] {
            let error = refused(&with(fields.clone()));
            assert!(
                matches!(error, SharedError::HoldsSecret { .. }),
                "{fields} became {error:?}"
            );
            let said = format!("{error} {error:?} {}", error.remedy());
            for secret in [SECRET, "hunter2", "Q~", "12345", "eyJ"] {
                assert!(!said.contains(secret), "{said}");
            }
        }
        let error = refused(&with(json!({"client_secret": "hunter2"}))).to_string();
        assert!(error.contains("in the field \u{201c}client_secret\u{201d}"), "{error}");
        // The words of a place alone are no secret.
        assert!(SharedConnection::read(&with(json!({"secret": "", "client_secret": null}))).is_ok());
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let taken = ["contoso", "contoso (2)"];
        let is_taken = |name: &str| taken.contains(&name.to_lowercase().as_str());
        assert_eq!(free_name("Contoso", is_taken), "Contoso (3)");
        assert_eq!(free_name("Fabrikam", is_taken), "Fabrikam");
    }
}
