//! A value a person typed or pasted, and why it was not accepted.
//!
//! Here: the names of the fields as the screens show them, the error of one field, and the cleaning that every
//! pasted value gets. Not here: the rules of each field; those stand with the type they make (`connection.rs`,
//! `secret.rs`, `day.rs`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A field of a form or an option of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// The name a person gives a connection.
    Name,
    /// The address of CIPP's API.
    ApiUrl,
    /// The partner tenant: GUID or domain.
    TenantId,
    /// The application (client) ID of the CIPP API client.
    ClientId,
    /// The client secret's value.
    Secret,
    /// The sign-in server; Microsoft's public cloud unless set.
    Authority,
    /// An additional certificate authority, as a file.
    CaCert,
    /// The first day of a range.
    From,
    /// The last day of a range.
    To,
    /// A severity filter.
    Severity,
    /// A user filter.
    User,
    /// A tenant filter.
    Tenant,
    /// An API name filter.
    Api,
    /// A proxy's address.
    Proxy,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::Name => "Name",
            Field::ApiUrl => "API address",
            Field::TenantId => "Tenant ID",
            Field::ClientId => "Client ID",
            Field::Secret => "Client secret",
            Field::Authority => "Sign-in server",
            Field::CaCert => "CA certificate",
            Field::From => "From",
            Field::To => "To",
            Field::Severity => "Severity",
            Field::User => "User",
            Field::Tenant => "Tenant",
            Field::Api => "API",
            Field::Proxy => "Proxy",
        })
    }
}

/// Why one field was not accepted, and what to type instead. Never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
#[error("{field}: {problem} {remedy}")]
pub struct FieldError {
    /// The field it is about.
    pub field: Field,
    /// What is wrong, as a sentence.
    pub problem: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

impl FieldError {
    /// An error of `field`; both texts are whole sentences.
    pub fn new(field: Field, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        FieldError {
            field,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// Characters that copying from web pages and chats adds and nobody sees.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}')
        || c.is_control()
}

/// The value without what a paste brings along: white space of every kind and quotation marks at both ends, and
/// characters without width anywhere.
pub(crate) fn clean(typed: &str) -> String {
    let visible: String = typed.chars().filter(|c| !is_invisible(*c)).collect();
    visible
        .trim()
        .trim_matches(|c| {
            matches!(
                c,
                '"' | '\'' | '`' | '<' | '>' | '\u{201C}' | '\u{201D}' | '\u{2018}' | '\u{2019}'
            )
        })
        .trim()
        .to_owned()
}

/// A typed value as it may stand in a sentence: short, one line.
pub(crate) fn shown(typed: &str) -> String {
    let mut text: String = typed.chars().take(60).collect();
    if typed.chars().count() > 60 {
        text.push('\u{2026}');
    }
    text
}
