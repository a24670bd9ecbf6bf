//! Completing a filter text from names of the language and values of the log.

use serde::Serialize;
use specta::Type;

use crate::query::FacetField;

/// Where completion finds values.
pub trait Values {
    /// Values of a field that contain `typed` (any case), with how many rows have them, the most frequent first.
    fn values(&self, field: FacetField, typed: &str, most: usize) -> Vec<(String, u64)>;
    /// Member names of the data, outermost first, dotted: `NormalizedError`, `Exchange.Code`; those that start with
    /// `typed`, any case.
    fn data_paths(&self, typed: &str, most: usize) -> Vec<String>;
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// The span of the text that it replaces, UTF-16 code units.
    pub start: u32,
    /// Its end.
    pub end: u32,
    /// What is put there.
    pub insert: String,
    /// What the list shows.
    pub label: String,
    /// A word of explanation, or how many rows have the value.
    pub detail: String,
    /// What it is.
    pub kind: CompletionKind,
}

/// What a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum CompletionKind {
    /// The name of a field.
    Field,
    /// A value of the log.
    Value,
    /// A form of the language: `/regular expression/`, `time:-1h..`.
    Form,
}

/// Proposals for the place of the cursor (UTF-16 code units), the best first, at most 12.
pub fn complete(text: &str, cursor: u32, values: &dyn Values) -> Vec<Completion> {
    let _ = (text, cursor, values);
    Vec::new()
}
