//! The checklists of CIPP's two founding documents, and what was ticked.
//!
//! Here live the words of the checklists (`checklists/*.toml`, compiled in), their types, and the one file that remembers
//! which steps were ticked for which connection. Deliberately not here: any check that proves a step by asking CIPP.
//! A tick is what a person says they did.

mod checklist;
mod ticks;

pub use checklist::{Checklist, Group, Link, Step, WordsError, all};
pub use ticks::{TickError, TickedSteps, Ticks};
