//! What the tests share: programs and surroundings a test starts and that end with it. Nothing here tests anything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "this crate exists for tests alone"
)]

pub mod archives;
#[cfg(target_os = "linux")]
pub mod browser;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod programs;
pub mod proxies;
pub mod reachable;
#[cfg(target_os = "linux")]
pub mod window;
