//! TEXT, CODE OR STATUS -> WHAT IT MEANS AND WHAT TO DO.
//!
//! Here lives every explanation this product gives: the failures of a connection, of a sign-in, of the set-up, and those
//! that CIPP's log tells about customers' tenants. The words are data (`catalogue/*.toml`, compiled in), so that the
//! ladder, the errors of both clients, the log view, `cippctl explain` and the README say the same.
//!
//! Deliberately not here: how a failure comes about (the clients), in which order a connection is tried (`diagnosis`),
//! and decisions. Microsoft asks not to build on codes or texts, so what is tried again follows the HTTP status.
//!
//! ```
//! let found = failures::explain(&failures::Symptom::text("AADSTS7000222: The provided client secret keys are expired."));
//! assert_eq!(found.failures.first().map(|failure| failure.id.as_str()), Some("secret-expired"));
//! ```

mod catalogue;
mod codes;
mod explain;
mod search;

pub use catalogue::{CatalogueError, DeepLink, Failure, Rung, Seen, Waiting, all, by_id, check};
pub use codes::{aadsts_codes, microsoft_page};
pub use explain::{Explanation, Symptom, by_aadsts, by_status, explain};
pub use search::search;
