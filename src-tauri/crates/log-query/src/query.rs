//! What a filter text means: terms that must all hold, and how they are shown as chips.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::severity::SeverityFamily;

/// The switched-on, well-formed terms of a filter. A row matches when every term holds. No term: every row matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    /// The terms, in the order in which they were typed.
    pub terms: Vec<Term>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// `-` in front: the condition must not hold.
    pub negated: bool,
    /// The condition.
    pub test: Test,
}

/// What a term asks of a row. Letters are compared without regard to case everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// The pattern is found in the message, tenant, user, API, IP address or data (`LogData`).
    Anywhere(Pattern),
    /// One of the patterns fits the field.
    Text(TextField, Vec<Pattern>),
    /// One of the patterns fits a value of the row's data. The path names members from the outside in and is compared
    /// without regard to case; an empty path means the whole text of the data.
    Data(Vec<String>, Vec<Pattern>),
    /// The severity belongs to one of these families.
    Severity(Vec<SeverityFamily>),
    /// The row's time, nanoseconds since 1970 UTC: at or after `from`, before `before`. A row without a time never
    /// fits.
    Time {
        /// The first moment, included.
        from: Option<i64>,
        /// The end, not included.
        before: Option<i64>,
    },
    /// CIPP's own day of the row, both ends included.
    Day {
        /// The first day.
        from: Option<Date>,
        /// The last day.
        to: Option<Date>,
    },
    /// The row has this.
    Has(Has),
}

/// Fields with text of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each is the field of CIPP that it is named after; Template is the standard's template"
)]
pub enum TextField {
    Message,
    Tenant,
    TenantId,
    User,
    Api,
    Ip,
    App,
    Template,
    RowKey,
    /// The severity as CIPP spelt it.
    SeverityText,
}

/// What a row can have or lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Has {
    /// Data (`LogData`) that says something.
    Data,
    /// Something odd about it: a field of an unexpected type, no readable time.
    Problem,
    /// A user other than `CIPP` or nobody.
    User,
    /// The caller's address.
    Ip,
    /// A standard's template.
    Template,
}

/// How a text is compared; letters without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Found anywhere in the text.
    Contains(String),
    /// The whole text, blanks around it aside.
    Is(String),
    /// The whole text, with `*` for any text and `?` for one character.
    Wildcard(String),
    /// A regular expression of the `regex` crate, found anywhere in the text. It was compiled once already with
    /// `case_insensitive`, and can neither turn that off nor match bytes that are not UTF-8.
    Regex(String),
}

/// A filter text as it was read. Positions are UTF-16 code units, as JavaScript counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct QueryRead {
    /// Every term of the text, in order, the switched-off and the mistaken ones too.
    pub terms: Vec<QueryTerm>,
    /// What could not be read. While there is one, the last good filter stays in force.
    pub mistakes: Vec<Mistake>,
    /// What the whole filter means, in one plain sentence for people and screen readers; empty without terms.
    pub sentence: String,
}

/// One term as it stands in the text: a chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct QueryTerm {
    /// Where it starts, its signs included.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What it is about.
    pub field: Field,
    /// The name of the field as people read it: "Tenant", "data.NormalizedError", "Any text".
    pub label: String,
    /// The value as people read it: "contoso", "warning or worse", "is one of a, b", "matches /x/".
    pub value: String,
    /// `-` in front.
    pub negated: bool,
    /// `~` in front: kept in the text, but without effect.
    pub off: bool,
    /// Whether it could be read.
    pub good: bool,
}

/// What a term is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename = "QueryField", rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the field of CIPP that it is named after")]
pub enum Field {
    Anywhere,
    Severity,
    Tenant,
    TenantId,
    User,
    Api,
    Ip,
    App,
    Template,
    Message,
    Data,
    Time,
    Day,
    Has,
    RowKey,
}

/// Fields whose values are counted beside the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the field of CIPP that it is named after")]
pub enum FacetField {
    Severity,
    Tenant,
    User,
    Api,
    Ip,
    App,
    Template,
}

impl FacetField {
    /// Every facet, in the order in which they are shown.
    pub const ALL: [FacetField; 7] = [
        FacetField::Severity,
        FacetField::Tenant,
        FacetField::User,
        FacetField::Api,
        FacetField::Ip,
        FacetField::App,
        FacetField::Template,
    ];

    /// The field of the query language.
    pub fn field(self) -> Field {
        match self {
            FacetField::Severity => Field::Severity,
            FacetField::Tenant => Field::Tenant,
            FacetField::User => Field::User,
            FacetField::Api => Field::Api,
            FacetField::Ip => Field::Ip,
            FacetField::App => Field::App,
            FacetField::Template => Field::Template,
        }
    }
}

/// Something in a filter text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    /// Where it starts, UTF-16 code units.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What is wrong and what to write instead.
    pub message: String,
}
