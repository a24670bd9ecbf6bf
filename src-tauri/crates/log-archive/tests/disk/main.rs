//! The archive on a real disk: what goes in comes out to the byte, damage is noticed, kills and full disks leave
//! nothing half-written, several processes get on with each other, and another program reads what we wrote.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do, and say what they leave out"
)]

mod damage;
mod processes;
mod pyarrow;
mod retention;
mod round_trip;
mod support;
mod trouble;
