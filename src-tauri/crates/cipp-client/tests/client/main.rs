//! The client against a real HTTP server: what is sent, what is made of each answer, and when a call ends.
//!
//! The servers here are a few lines each and say exactly one thing. Whether Entra and CIPP really answer so is proved
//! elsewhere, by the sandbox and the journeys; whether a function is right, by the tests beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

mod calls;
mod cancel;
mod hostile;
mod rows;
mod secrets;
mod sign_in;
mod support;
mod tls;
