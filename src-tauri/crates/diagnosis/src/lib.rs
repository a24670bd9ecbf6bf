//! THE LADDER: from the address to the log, one rung after the other, until one breaks; then why, and what to do.
//!
//! Lives here: the order of the rungs and what each is proved by ([`run`]), what came of it ([`Diagnosis`]), the last
//! runs of a connection and what has changed since it last worked ([`DiagnosisStore`], [`changes`]), and the text for a
//! ticket ([`report`]).
//!
//! Deliberately not here: the words (crate `failures`), how a call is made and what a reply means (`cipp-client`), and
//! waiting: a ladder is climbed once, and whoever shows it decides whether to climb again.
//!
//! Nothing in a [`Diagnosis`] is secret: claims and never the token, the words of servers as `cipp-client` has scrubbed
//! them.

mod changes;
mod climb;
mod diagnosis;
mod history;
mod report;
mod rungs;

pub use changes::{Change, Changes, changes};
pub use climb::{About, Patience, refused, run};
pub use diagnosis::{Diagnosis, Fact, RungOutcome, RungState, Verdict, name};
pub use history::DiagnosisStore;
pub use report::report;
