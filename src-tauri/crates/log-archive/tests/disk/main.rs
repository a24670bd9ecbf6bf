//! The archive on a real disk: what goes in comes out to the byte, damage is noticed, kills and full disks leave
//! nothing half-written, several processes get on with each other, and another program reads what we wrote.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod damage;
mod processes;
mod pyarrow;
mod retention;
mod round_trip;
mod support;
mod trouble;
