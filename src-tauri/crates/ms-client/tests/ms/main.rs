//! The client against a real HTTP server: what is sent, what is made of each answer, and when a call ends.
//!
//! The server here is a few lines and says exactly what a test wants. Whether Microsoft really answers so is proved
//! elsewhere, by the sandbox, its journeys and servers that nobody here wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

mod browser;
mod device;
mod identity;
mod reads;
mod secrets;
mod support;
mod tokens;
