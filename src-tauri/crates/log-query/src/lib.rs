//! Text -> terms: the small language of the log's filter.
//!
//! Here: reading what a technician typed ([`parse`]), saying what is wrong with it, changing it by the mouse
//! ([`edit`]), completing it ([`complete`]), and the severities it speaks of. Pure: no time, no rows, no window.
//!
//! What deliberately is not here: searching (`log-index`).

mod complete;
mod edit;
mod parse;
mod query;
mod severity;

pub use complete::{Completion, CompletionKind, Values, complete};
pub use edit::{Edit, edit};
pub use parse::{Context, parse};
pub use query::{FacetField, Field, Has, Mistake, Pattern, Query, QueryRead, QueryTerm, Term, Test, TextField};
pub use severity::{SeverityFamily, family};
