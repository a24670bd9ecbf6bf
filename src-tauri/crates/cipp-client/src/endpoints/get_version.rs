//! `GetVersion`: which versions the instance runs, and whether newer ones exist.
//!
//! The instance fetches two files from GitHub for this: it can be slow or fail (facts: CIPP 2.8).

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, flag, object, text};
use crate::{Client, ClientError};

/// Part of every built-in role.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "GetVersion",
    permission: "CIPP.Core.Read",
    public: false,
    reason: "reading CIPP's version",
};

/// The versions; every part may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The website's version.
    pub local_cipp: Option<String>,
    /// The newest website.
    pub remote_cipp: Option<String>,
    /// The API's version.
    pub local_api: Option<String>,
    /// The newest API.
    pub remote_api: Option<String>,
    /// Whether the website is behind.
    pub cipp_out_of_date: Option<bool>,
    /// Whether the API is behind.
    pub api_out_of_date: Option<bool>,
}

impl Client {
    /// Asks for the instance's versions.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn get_version(&self, cancel: &CancellationToken) -> Result<Version, ClientError> {
        version(self.whole(&ENDPOINT, &[], cancel).await?)
    }
}

fn version(reply: Value) -> Result<Version, ClientError> {
    let reply = object(reply, "GetVersion")?;
    Ok(Version {
        local_cipp: text(&reply, "LocalCIPPVersion"),
        remote_cipp: text(&reply, "RemoteCIPPVersion"),
        local_api: text(&reply, "LocalCIPPAPIVersion"),
        remote_api: text(&reply, "RemoteCIPPAPIVersion"),
        cipp_out_of_date: flag(&reply, "OutOfDateCIPP"),
        api_out_of_date: flag(&reply, "OutOfDateCIPPAPI"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_versions_however_they_are_typed() {
        let read = version(json!({"LocalCIPPVersion": null, "LocalCIPPAPIVersion": "10.8.1", "RemoteCIPPAPIVersion": 11, "OutOfDateCIPPAPI": "True"})).unwrap();
        assert_eq!(
            (read.local_cipp, read.local_api.as_deref(), read.remote_api.as_deref()),
            (None, Some("10.8.1"), Some("11"))
        );
        assert_eq!((read.api_out_of_date, read.cipp_out_of_date), (Some(true), None));
    }
}
