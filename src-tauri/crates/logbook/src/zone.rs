//! The time zone of a CIPP instance: in it CIPP decides which day a row belongs to (facts: ListLogs 1.5).

use serde::{Deserialize, Serialize};
use specta::Type;

/// The zone of an instance, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct InstanceZone {
    /// IANA name (`Europe/Berlin`), or a fixed offset (`+02:00`) where only that can be seen from the rows.
    pub name: String,
    /// How it is known.
    pub source: ZoneSource,
}

/// How the zone of an instance is known, from guess to certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ZoneSource {
    /// Nothing is known yet; CIPP's default, UTC, is assumed.
    Assumed,
    /// From the times of rows near the ends of their days.
    Inferred,
    /// CIPP said so (`ExecBackendURLs`).
    Told,
    /// A person set it.
    Set,
}
