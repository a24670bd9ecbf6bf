//! Sign-in of a person -> tokens in memory -> reads of Microsoft Graph and Azure Resource Manager.
//!
//! Here lives everything that speaks to Microsoft in the name of a signed-in person: the sign-in in the system browser
//! (authorization code, PKCE, loopback redirect), the device code as a fallback, tokens that never leave memory, and
//! reads with paging, patience and a proof of what was seen.
//!
//! Deliberately not here: anything about CIPP (the `cipp-client` crate lends what is the same for every server: tenant,
//! client ID, what is tried again, what an error may repeat, CA files), what the answers mean for a checklist (the
//! `checklist` crate), opening the browser (the shell, or a person), and anything that changes something: GET, and the
//! two reads that Microsoft made POST ([`GraphPost`], [`ArmPost`]), is all that can be sent.
//!
//! ```no_run
//! # async fn read() -> Result<(), Box<dyn std::error::Error>> {
//! use ms_client::{Clouds, Microsoft, MsGraph, MsOptions, Options, Scopes, SignIn, SignInApp};
//! use tokio_util::sync::CancellationToken;
//!
//! let microsoft = Microsoft::new(Clouds::default(), "msp.example".parse()?, SignInApp::WellKnown, MsOptions::default())?;
//! let cancel = CancellationToken::new();
//! let pending = SignIn::begin(&microsoft, Scopes::tier_1()).await?;
//! println!("Open {}", pending.url());
//! let person = pending.finish(&cancel).await?;
//! let reply = MsGraph::new(&person).get("/organization?$select=id", &Options::default(), &cancel).await?;
//! println!("{} at {}: {}", reply.seen.status, reply.seen.at, reply.json);
//! person.sign_out();
//! # Ok(())
//! # }
//! ```

mod aadsts;
mod arm;
mod clouds;
mod device;
mod discovery;
mod error;
mod graph;
mod http;
mod id_token;
mod loopback;
mod ms_error;
mod path;
mod pending;
mod read;
mod refusal;
mod reply;
mod scopes;
mod session;
mod sign_in;
mod token;

pub use aadsts::RefusalCause;
pub use arm::{ArmPost, MsArm, Site};
pub use clouds::{Ask, Clouds, Microsoft, MsOptions, Resource, SignInApp};
pub use device::PendingDeviceCode;
pub use error::{Refusal, SignInError, SignInErrorKind};
pub use graph::{GraphPost, MsGraph};
pub use id_token::Person;
pub use ms_error::{MsError, MsErrorKind};
pub use path::{Path, odata_text};
pub use pending::PendingSignIn;
pub use read::Options;
pub use reply::{Listing, Reply, Seen};
pub use scopes::{Scopes, TIER_1, TIER_2, TIER_2_OPTIONAL};
pub use sign_in::SignIn;
