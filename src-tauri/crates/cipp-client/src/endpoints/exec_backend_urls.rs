//! `ExecBackendURLs`: links into Azure and, besides, the time zone in which the instance counts its days.
//!
//! A read in spite of its name: it looks up the subscription and answers (facts: ListLogs 1.5). Everything but the zone is
//! thrown away here: the links hold the subscription's id and are nobody's business.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, object, text};
use crate::{Client, ClientError};

/// Not part of the built-in role `readonly`.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "ExecBackendURLs",
    permission: "CIPP.AppSettings.Read",
    public: false,
    reason: "reading CIPP's time zone",
};

impl Client {
    /// Asks for the time zone of the instance: an IANA name, or a Windows name on instances that run there. None where
    /// the instance does not say it, as older ones do.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::NotAllowed`] is usual, because small roles lack the permission.
    pub async fn instance_time_zone(&self, cancel: &CancellationToken) -> Result<Option<String>, ClientError> {
        time_zone(self.whole(&ENDPOINT, &[], cancel).await?)
    }
}

fn time_zone(reply: Value) -> Result<Option<String>, ClientError> {
    let reply = object(reply, "ExecBackendURLs")?;
    let results = reply.get("Results").unwrap_or(&reply);
    Ok(text(results, "Timezone")
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_zone_and_nothing_else() {
        let reply =
            json!({"Results": {"ResourceGroup": "https://portal.azure.com/#@x", "Timezone": " Europe/Berlin "}});
        assert_eq!(time_zone(reply).unwrap().as_deref(), Some("Europe/Berlin"));
        for silent in [
            json!({"Results": {}}),
            json!({"Results": {"Timezone": null}}),
            json!({"Results": "no"}),
        ] {
            assert_eq!(time_zone(silent).unwrap(), None);
        }
        assert!(time_zone(json!([])).is_err());
    }
}
