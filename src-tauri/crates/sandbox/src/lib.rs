//! Entra and CIPP, imitated from the facts, never from our client.
//!
//! What lives here: a web server on the loopback interface that answers as Microsoft's token service, as a CIPP API
//! address and as a CIPP website do, with a generated world behind it and with faults on demand ([`Scenario`]).
//! What deliberately does not: anything from `cipp-client`. A field misspelt there must fail against this crate, so
//! the two share no code and no types. Nothing here reads files or asks for settings either; whoever starts it passes
//! the [`SandboxOptions`].
//!
//! What a test or a measurement may ask of a running [`Sandbox`], past HTTP: its calls so far ([`Sandbox::calls`]), the
//! exact rows of a day ([`Sandbox::rows`]), another time of day ([`Sandbox::set_clock`]).

mod cipp;
mod entra;
mod hosting;
mod identity;
mod scenario;
mod server;
mod world;

pub use hosting::calls::Calls;
pub use scenario::{Break, Flavour, Scenario, ScenarioError};
pub use server::{Ready, Sandbox, SandboxError, SandboxOptions, start};
pub use world::{UnknownSize, WorldSize};
