//! One named connection as it stands in the file. The secret is deliberately no part of it: only the time at which it
//! was put into the keychain.

use std::{fmt, str::FromStr};

use cipp_client::Connection;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::SecretEnd;

/// Names a connection for good: in the file, in the keychain (as the account of its item) and in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, specta::Type)]
#[serde(transparent)]
pub struct ConnectionId(#[specta(type = String)] Uuid);

impl ConnectionId {
    /// A new id that no other connection has.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id behind this UUID, for callers that bring their own.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID itself.
    pub const fn uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ConnectionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(Self)
    }
}

/// A connection with the name a person gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedConnection {
    /// Never changes, whatever else does.
    pub id: ConnectionId,
    /// Shown to people; unique in the file, whatever the case of its letters.
    pub name: String,
    /// Where to connect, and as whom.
    #[serde(flatten)]
    pub connection: Connection,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When its secret was last put into the keychain; `None` if it never was (kept for one session only, say).
    #[serde(default)]
    pub secret_saved_at: Option<Timestamp>,
    /// When it was last used.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// When its secret was last read from the keychain, by whichever process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_read_at: Option<Timestamp>,
    /// When its secret ends, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_end: Option<SecretEnd>,
    /// Fields that a newer version wrote: kept, so that an older one does not lose them. Private, so that a connection
    /// can only be changed by way of the one that was read.
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

impl SavedConnection {
    /// A connection that is about to be saved for the first time.
    pub fn new(id: ConnectionId, name: impl Into<String>, connection: Connection, created_at: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            connection,
            created_at,
            secret_saved_at: None,
            last_used_at: None,
            secret_read_at: None,
            secret_end: None,
            unknown: serde_json::Map::new(),
        }
    }
}
