//! Journeys: the rooms together, from the connection to the page, against the sandbox and a real keychain.
//!
//! What one room can prove alone stands in its own tests; what a script sees of the command line stands in
//! `cippctl/tests`. Tests that need a keychain run under `tests/with-keychain.sh` and end early elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that meets the unexpected is to fail, and may say what it did"
)]

mod archive_walk;
mod checklists;
mod checklists_in_readme;
mod checklists_walk;
mod diagnosis;
mod endpoints;
mod hosting;
mod kills;
mod ledger;
mod microsoft;
mod oidc_provider;
mod politeness;
mod proxies;
mod pyarrow;
mod reading;
mod refusals;
mod two_at_once;
mod whole_walk;
