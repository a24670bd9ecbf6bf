//! Where connections and their secrets rest: a file without secrets, and the operating system's keychain.
//!
//! Lives here: the file of named connections ([`ConnectionStore`]), the keychain with its time-outs and its honest
//! report of what is wrong ([`Keychain`]), when a secret ends and what to remind of ([`SecretEnd`]), a connection as a file
//! to hand on ([`SharedConnection`]), and the reader of whatever a technician pastes ([`recognise`]).
//!
//! Deliberately not here: any request to Entra or CIPP (that is `cipp-client`), and any file that could hold a secret.
//! This is the only crate that may name the keyring library. Time is passed in by the callers.

mod error;
mod keychain;
mod paste;
mod saved;
mod secret_end;
mod shared;
mod store;

pub use error::{KeychainError, StoreError, Trouble};
pub use keychain::{ItemLabel, Keychain, KeychainItem, KeychainState, KeychainStatus, KeychainTimeouts, SecretPlace};
pub use paste::{PasteNote, Recognised, recognise};
pub use saved::{ConnectionId, SavedConnection};
pub use secret_end::{EndSource, Reminder, SecretEnd};
pub use shared::{SharedConnection, SharedError, free_name};
pub use store::ConnectionStore;
