//! Text -> terms: the small language of the log's filter.
//!
//! Here: reading what a technician typed ([`parse`]), saying what is wrong with it, changing it by the mouse
//! ([`edit`]), completing it ([`complete`]), and the severities it speaks of. Pure: no time, no rows, no window.
//!
//! What deliberately is not here: searching (`log-index`).

mod choose;
mod complete;
mod edit;
mod lex;
mod names;
mod narrow;
mod parse;
mod print;
mod query;
mod regexes;
mod severity;
mod times;
mod utf16;
mod words;

pub use complete::{Completion, CompletionKind, Values, complete};
pub use edit::{Edit, edit};
pub use parse::{Context, parse};
pub use query::{FacetField, Field, Has, Mistake, Pattern, Query, QueryRead, QueryTerm, Term, Test, TextField};
pub use regexes::compile_regex;
pub use severity::{SeverityFamily, family};
