//! Entra, Microsoft Graph, Azure and CIPP, imitated from the facts, never from our client.
//!
//! What lives here: a web server on the loopback interface that answers as Microsoft's sign-in and token service, as Graph
//! and Azure Resource Manager, as a CIPP API address and as a CIPP website do, with a generated world behind it and with faults on demand ([`Scenario`]).
//! What deliberately does not: anything from `cipp-client` or `ms-client`. A field misspelt there must fail against this crate, so
//! the two share no code and no types. Nothing here reads files or asks for settings either; whoever starts it passes
//! the [`SandboxOptions`].
//!
//! What a test or a measurement may ask of a running [`Sandbox`], past HTTP: its calls so far ([`Sandbox::calls`],
//! [`Sandbox::microsoft_calls`]), the
//! exact rows of a day ([`Sandbox::rows`]), another time of day ([`Sandbox::set_clock`]), another scenario on the same ports
//! ([`Sandbox::play`]).

mod arm;
mod cipp;
mod directory;
mod entra;
mod graph;
mod hosting;
mod house;
mod identity;
mod listeners;
mod microsoft;
mod scenario;
mod server;
mod stage;
mod world;

pub use hosting::calls::Calls;
pub use scenario::{
    Break, CutOff, Flavour, GivenAddress, GivenSecret, MicrosoftTrouble, Scenario, ScenarioError, SignInFault, faults,
};
pub use server::{Person, Ready, Sandbox, SandboxError, SandboxOptions, start};
pub use world::{UnknownSize, WorldSize};
