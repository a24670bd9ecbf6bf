//! The built app in a real window: what a technician sees and does, on a real keychain, against the sandbox.
//!
//! One file per thing a person does. A test here proves that the rooms work together behind the window; what a room does
//! by itself is proved in the room. Linux only: the window is driven through WebKitWebDriver.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it should be"
)]

mod archive;
mod checklists;
mod cipp;
mod connecting;
mod diagnosing;
mod exploring;
mod first_run;
mod keychain;
mod looks;
mod reading_logs;
mod refusals;
mod robustness;
