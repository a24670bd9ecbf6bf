//! `PublicPing`: whether the instance answers at all. Called without a token.
//!
//! A function app without its website in front may still ask for one and answer 401 (facts: CIPP 2.8); then the call is
//! made again with a token.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, flag, object, text};
use crate::{Client, ClientError};

/// Needs no permission.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "PublicPing",
    permission: "Public",
    public: true,
    reason: "asking whether CIPP answers",
};

/// The answer; every part may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ping {
    /// Normally `Pong`.
    pub message: Option<String>,
    /// Whether the instance had to start for this call.
    pub cold_start: Option<bool>,
    /// The instance's own clock, as sent.
    pub timestamp: Option<String>,
}

impl Client {
    /// Asks whether the instance answers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn public_ping(&self, cancel: &CancellationToken) -> Result<Ping, ClientError> {
        ping(self.whole(&ENDPOINT, &[], cancel).await?)
    }
}

fn ping(reply: Value) -> Result<Ping, ClientError> {
    let reply = object(reply, "PublicPing")?;
    let results = reply.get("Results").unwrap_or(&reply);
    Ok(Ping {
        message: text(results, "Message"),
        cold_start: flag(results, "ColdStart"),
        timestamp: text(results, "Timestamp"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_usual_and_an_odd_answer() {
        let usual = ping(json!({"Results": {"Message": "Pong", "ColdStart": false, "Timestamp": "2026-08-08T00:00:00Z", "RequestId": null}})).unwrap();
        assert_eq!(
            (usual.message.as_deref(), usual.cold_start),
            (Some("Pong"), Some(false))
        );
        let odd = ping(json!({"Results": "Pong"})).unwrap();
        assert_eq!(
            odd,
            Ping {
                message: None,
                cold_start: None,
                timestamp: None
            }
        );
        assert!(ping(json!("Pong")).is_err());
    }
}
