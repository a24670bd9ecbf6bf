//! The real binary against the real sandbox: what a script or a technician at a terminal gets to see.
//!
//! Every run is checked for the planted secret in what it printed and left on the disk, with all logging switched on.
//! Tests that need a keychain run where `CIPP_DESK_TEST_KEYCHAIN` is set (`tests/with-keychain.sh`), and nowhere else:
//! nobody's own keychain is touched.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that meets the unexpected is to fail, and may say so"
)]

mod archive;
mod checklists;
mod demo;
mod explanations;
mod exports;
mod failures;
mod forms;
mod interruption;
mod place;
mod queries;
mod rows;
mod running;
mod sandbox_command;
mod saved_connections;
