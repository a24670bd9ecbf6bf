//! What leaves this room for a window or a terminal: rows, entries, counts, facets, bars. Serialisable, typed.

use cipp_client::Day;
use log_query::{FacetField, SeverityFamily};
use serde::{Deserialize, Serialize};
use specta::Type;

/// Names a row for good: its day and a hash of its `RowKey` (of its text, where it has none). As text
/// `20260808-0123456789abcdef`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(into = "String", try_from = "String")]
#[specta(type = String)]
pub struct RowId {
    /// The day of log that was asked for when the row came.
    pub day: Day,
    /// The hash; rows of a day that carry the same key are told apart in it.
    pub key: u64,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    /// Names the row: the same for as long as CIPP keeps the row, whatever is loaded, filtered or read again.
    pub id: RowId,
    /// When CIPP last wrote the row, ISO 8601 in UTC with as many fractional digits as were sent; none where the row
    /// has no readable time. It is the table's time of change, not always the event's.
    pub time: Option<String>,
    /// What the severity means.
    pub severity: SeverityFamily,
    /// The severity as CIPP wrote it.
    pub severity_text: String,
    /// The tenant as CIPP wrote it: a domain, or one of CIPP's own words such as `None` or `AllTenants`.
    pub tenant: String,
    /// Who did it: a user name, an API client's name, or `CIPP` for background jobs.
    pub user: String,
    /// The part of CIPP that wrote the row.
    pub api: String,
    /// The message on one line, cut to 400 characters.
    pub message: String,
    /// The day of log that was asked for when this row came, `yyyy-MM-dd` in the time zone of the CIPP instance.
    pub day: String,
    /// What is odd about the row, in a sentence; none for nearly all rows.
    pub problem: Option<String>,
}

/// A row that was opened: everything CIPP sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The row as in the list, but with the whole message.
    #[serde(flatten)]
    pub row: LogRow,
    /// The caller's address.
    pub ip: Option<String>,
    /// The API client that caused the row.
    pub app_id: Option<String>,
    /// The name of the standard's template, where there is one.
    pub template: Option<String>,
    /// The tenant's id; CIPP writes `None` here for nearly all rows.
    pub tenant_id: Option<String>,
    /// CIPP's own id of the row.
    pub row_key: Option<String>,
    /// CIPP's own day key of the row, `yyyyMMdd`.
    pub date_filter: Option<String>,
    /// The row's data as JSON text; none when CIPP sent nothing, an empty text or null.
    pub log_data: Option<String>,
    /// The standard that caused the row, as JSON text; none when CIPP sent an empty object.
    pub standard_info: Option<String>,
    /// The row exactly as CIPP sent it.
    pub raw: String,
    /// Fields that came with an unexpected type.
    pub oddities: Vec<String>,
}

/// Some consecutive rows of a filtered view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// Counts up with every change of what the view shows: rows that came or went, another filter. A page of an older
    /// generation than the last one heard of is stale.
    pub generation: u32,
    /// Rows loaded so far.
    pub total: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// Position of the first row of this page among the matching ones.
    pub offset: u32,
    /// The rows, newest first.
    pub rows: Vec<LogRow>,
}

/// How many rows a filter leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogCounts {
    /// Rows loaded so far.
    pub total: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// The matching rows by severity.
    pub by_severity: SeverityCounts,
}

/// Rows by severity family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is the family it is named after")]
pub struct SeverityCounts {
    pub critical: u32,
    pub error: u32,
    pub warning: u32,
    pub alert: u32,
    pub info: u32,
    pub debug: u32,
    pub unknown: u32,
}

impl SeverityCounts {
    /// Counts one row.
    pub fn add(&mut self, family: SeverityFamily) {
        self.add_many(family, 1);
    }

    /// Counts some rows of a family.
    pub fn add_many(&mut self, family: SeverityFamily, rows: u32) {
        *self.slot(family) += rows;
    }

    /// The rows of a family.
    pub fn get(&self, family: SeverityFamily) -> u32 {
        let mut counts = *self;
        *counts.slot(family)
    }

    fn slot(&mut self, family: SeverityFamily) -> &mut u32 {
        match family {
            SeverityFamily::Critical => &mut self.critical,
            SeverityFamily::Error => &mut self.error,
            SeverityFamily::Warning => &mut self.warning,
            SeverityFamily::Alert => &mut self.alert,
            SeverityFamily::Info => &mut self.info,
            SeverityFamily::Debug => &mut self.debug,
            SeverityFamily::Unknown => &mut self.unknown,
        }
    }
}

/// The values of some fields among the matching rows, with counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Facets {
    /// The generation they were counted in, see [`LogPage::generation`].
    pub generation: u32,
    /// One for each field that was asked for, in the order of [`FacetField::ALL`].
    pub facets: Vec<Facet>,
}

/// The values of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Facet {
    /// The field.
    pub field: FacetField,
    /// The most frequent values among the rows that match every other condition: a facet ignores its own choice.
    /// Chosen values come along even where no row has them.
    pub values: Vec<FacetValue>,
    /// How many different values have at least one such row.
    pub distinct: u32,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FacetValue {
    /// The value, letter for letter; empty for rows without one. For severities the family's name in camel case.
    pub value: String,
    /// Rows.
    pub count: u32,
    /// Whether the filter asks for it.
    pub choice: FacetChoice,
}

/// What a filter says about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum FacetChoice {
    /// Nothing.
    None,
    /// It is wanted.
    Included,
    /// It is left out.
    Excluded,
}

/// The matching rows over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Histogram {
    /// The generation it was counted in, see [`LogPage::generation`].
    pub generation: u32,
    /// Start of the first bar, milliseconds since 1970 UTC.
    pub from_ms: f64,
    /// Width of a bar in milliseconds.
    pub step_ms: f64,
    /// The bars, oldest first. Their condition on time is left out, so that a brush does not empty its surroundings.
    pub bars: Vec<SeverityCounts>,
    /// Matching rows without a readable time, or outside the bars.
    pub elsewhere: u32,
}

/// Where the same thing was logged: the row's message with names, addresses, ids and numbers masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SameThing {
    /// The masked message: `Failed to set license for <user>: <guid>`.
    pub pattern: String,
    /// Rows in all loaded days.
    pub count: u32,
    /// The oldest of them, ISO 8601 UTC.
    pub first: Option<String>,
    /// The newest of them.
    pub last: Option<String>,
    /// By tenant, the most frequent first, at most 50.
    pub tenants: Vec<SameThingTenant>,
    /// How many tenants there are.
    pub distinct_tenants: u32,
    /// A filter text that finds them.
    pub query: String,
}

/// One tenant of [`SameThing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SameThingTenant {
    /// The tenant as CIPP wrote it.
    pub tenant: String,
    /// Its rows.
    pub count: u32,
    /// The oldest, ISO 8601 UTC.
    pub first: Option<String>,
    /// The newest.
    pub last: Option<String>,
}

impl From<RowId> for String {
    fn from(id: RowId) -> String {
        id.to_string()
    }
}

impl std::fmt::Display for RowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:016x}", self.day, self.key)
    }
}

impl TryFrom<String> for RowId {
    type Error = String;

    fn try_from(text: String) -> Result<RowId, String> {
        let read = || {
            let (day, key) = text.split_once('-')?;
            Some(RowId {
                day: day.parse().ok()?,
                key: u64::from_str_radix(key, 16).ok()?,
            })
        };
        read().ok_or_else(|| "This is not the id of a row.".to_owned())
    }
}
