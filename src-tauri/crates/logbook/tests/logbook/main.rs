//! The logbook against a real server: the sandbox, over HTTP, with its clock and its faults.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on shall fail"
)]

mod archive;
mod arriving;
mod budget;
mod follow;
mod looking;
mod support;
mod zones;
