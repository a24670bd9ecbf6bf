//! The names of the fields: what is typed, which misspelling means which, and how people read them.
//!
//! What deliberately is not here: what may stand behind a name (`parse.rs`).

use crate::query::{Field, TextField};

/// A field of the language.
pub(crate) struct Name {
    pub field: Field,
    /// As it is written by the program.
    pub word: &'static str,
    /// Other spellings that are read.
    pub aliases: &'static [&'static str],
    /// As people read it.
    pub label: &'static str,
    /// What it is, for completion.
    pub about: &'static str,
    /// Words from other tools and guesses that mean this field.
    guesses: &'static [&'static str],
}

/// Every field, in the order in which they are proposed.
pub(crate) const NAMES: [Name; 14] = [
    Name {
        field: Field::Tenant,
        word: "tenant",
        aliases: &[],
        label: "Tenant",
        about: "the tenant's domain",
        guesses: &["customer", "client", "domain", "organization", "company"],
    },
    Name {
        field: Field::User,
        word: "user",
        aliases: &[],
        label: "User",
        about: "who did it",
        guesses: &["username", "upn", "account", "by", "who", "actor"],
    },
    Name {
        field: Field::Severity,
        word: "sev",
        aliases: &["severity"],
        label: "Severity",
        about: "critical, error, warning, alert, info, debug",
        guesses: &["level", "loglevel", "lvl"],
    },
    Name {
        field: Field::Api,
        word: "api",
        aliases: &[],
        label: "API",
        about: "the part of CIPP that wrote the row",
        guesses: &["endpoint", "function", "source"],
    },
    Name {
        field: Field::Message,
        word: "message",
        aliases: &["msg"],
        label: "Message",
        about: "what was logged",
        guesses: &["text"],
    },
    Name {
        field: Field::Data,
        word: "data",
        aliases: &[],
        label: "data",
        about: "the row's data, or one member: data.Path.To.Member",
        guesses: &["logdata", "json", "details"],
    },
    Name {
        field: Field::Time,
        word: "time",
        aliases: &[],
        label: "Time",
        about: "when it was written",
        guesses: &["from", "since", "after", "before", "until", "timestamp", "datetime"],
    },
    Name {
        field: Field::Day,
        word: "day",
        aliases: &[],
        label: "Day",
        about: "CIPP's own day",
        guesses: &["date"],
    },
    Name {
        field: Field::Ip,
        word: "ip",
        aliases: &[],
        label: "IP address",
        about: "the caller's address",
        guesses: &["address", "ipaddress"],
    },
    Name {
        field: Field::App,
        word: "app",
        aliases: &[],
        label: "App",
        about: "the API client's id",
        guesses: &["appid", "application", "clientid"],
    },
    Name {
        field: Field::Template,
        word: "template",
        aliases: &[],
        label: "Template",
        about: "the standard's template",
        guesses: &["standard", "standards"],
    },
    Name {
        field: Field::Has,
        word: "has",
        aliases: &[],
        label: "Has",
        about: "data, problem, user, ip or template",
        guesses: &["exists", "with"],
    },
    Name {
        field: Field::TenantId,
        word: "tenantid",
        aliases: &[],
        label: "Tenant ID",
        about: "the tenant's id",
        guesses: &["tid"],
    },
    Name {
        field: Field::RowKey,
        word: "key",
        aliases: &["rowkey"],
        label: "Row key",
        about: "CIPP's own id of the row",
        guesses: &["id", "rowid"],
    },
];

/// The field with this name or alias.
pub(crate) fn known(word: &str) -> Option<Field> {
    NAMES
        .iter()
        .find(|name| {
            name.word.eq_ignore_ascii_case(word) || name.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(word))
        })
        .map(|name| name.field)
}

/// The name that was probably meant by an unknown one.
pub(crate) fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    if let Some(name) = NAMES.iter().find(|name| name.guesses.contains(&word.as_str())) {
        return Some(name.word);
    }
    let candidates = NAMES.iter().flat_map(|name| {
        std::iter::once(&name.word)
            .chain(name.aliases)
            .map(|spelling| (*spelling, name.word))
    });
    closest(&word, candidates)
}

/// The candidate whose spelling (first) is nearest to the word, when it is near enough to be a slip of the finger.
pub(crate) fn closest<'a, T>(word: &str, candidates: impl Iterator<Item = (&'a str, T)>) -> Option<T> {
    let letters = word.chars().take(24).count();
    let most = match letters {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    candidates
        .map(|(spelling, value)| (distance(word, spelling), value))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, value)| value)
}

/// Letters to insert, leave out, replace or swap with their neighbour (optimal string alignment). Only the first 24
/// letters count: no name is longer.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(24).collect();
    let other: Vec<char> = other.chars().take(24).collect();
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == other[column - 1] && one[row - 1] == *b {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[other.len()]
}

/// The name as the program writes it.
pub(crate) fn word(field: Field) -> &'static str {
    NAMES
        .iter()
        .find(|name| name.field == field)
        .map_or("", |name| name.word)
}

/// How people read the name of a field.
pub(crate) fn label(field: Field, path: &[String]) -> String {
    match field {
        Field::Anywhere => "Any text".to_owned(),
        Field::Data if !path.is_empty() => format!("data.{}", path.join(".")),
        Field::Data => "Data".to_owned(),
        _ => NAMES
            .iter()
            .find(|name| name.field == field)
            .map_or_else(String::new, |name| name.label.to_owned()),
    }
}

/// The text that a field compares, for fields that compare one.
pub(crate) fn text_field(field: Field) -> Option<TextField> {
    Some(match field {
        Field::Tenant => TextField::Tenant,
        Field::TenantId => TextField::TenantId,
        Field::User => TextField::User,
        Field::Api => TextField::Api,
        Field::Ip => TextField::Ip,
        Field::App => TextField::App,
        Field::Template => TextField::Template,
        Field::Message => TextField::Message,
        Field::RowKey => TextField::RowKey,
        Field::Severity => TextField::SeverityText,
        Field::Anywhere | Field::Data | Field::Time | Field::Day | Field::Has => return None,
    })
}

/// The field of the language that a text of the row belongs to.
pub(crate) fn field_of(text: TextField) -> Field {
    match text {
        TextField::Tenant => Field::Tenant,
        TextField::TenantId => Field::TenantId,
        TextField::User => Field::User,
        TextField::Api => Field::Api,
        TextField::Ip => Field::Ip,
        TextField::App => Field::App,
        TextField::Template => Field::Template,
        TextField::Message => Field::Message,
        TextField::RowKey => Field::RowKey,
        TextField::SeverityText => Field::Severity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_words_of_other_tools_find_their_field() {
        let cases = [
            ("tenat", Some("tenant")),
            ("Tennant", Some("tenant")),
            ("tenants", Some("tenant")),
            ("usr", Some("user")),
            ("suer", Some("user")),
            ("mesage", Some("message")),
            ("sevrity", Some("sev")),
            ("level", Some("sev")),
            ("upn", Some("user")),
            ("since", Some("time")),
            ("error", None),
            ("exception", None),
            ("xy", None),
        ];
        for (typed, meant) in cases {
            assert_eq!(nearest(typed), meant, "{typed}");
        }
    }

    #[test]
    fn every_field_has_a_name_but_the_text_anywhere() {
        for name in &NAMES {
            assert_eq!(known(name.word), Some(name.field));
            assert_eq!(known(&name.word.to_ascii_uppercase()), Some(name.field));
            assert_eq!(text_field(name.field).map(field_of).unwrap_or(name.field), name.field);
        }
    }
}
