//! What came back, and the proof of it.
//!
//! Here: the JSON as it was sent, and what evidence keeps of the request: enough to repeat it, nothing that could be used.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

/// Values of a query that are, or may hold, something that could be used by others.
const NOT_TO_BE_KEPT: [&str; 8] = [
    "$skiptoken",
    "skiptoken",
    "$deltatoken",
    "token",
    "code",
    "sig",
    "secret",
    "access_token",
];

/// That a request was made, and what came of it: what a proof stores. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// `GET`, or `POST` for the two reads that Microsoft made so.
    pub method: String,
    /// The full address; paging tokens in it are left out.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// When the answer was there.
    #[specta(type = String)]
    pub at: Timestamp,
    /// For Microsoft's support.
    pub request_id: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// As it was sent.
    pub json: Value,
    /// The proof.
    pub seen: Seen,
}

/// All pages of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The items of all pages, in their order.
    pub values: Vec<Value>,
    /// What the server counted (`@odata.count`), when it was asked to.
    pub count: Option<u64>,
    /// How many pages it took.
    pub pages: usize,
    /// The proof of the first page.
    pub seen: Seen,
}

/// The address as a proof keeps it.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    let query = url.query().map(|query| {
        let parts = query.split('&').map(|part| match part.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}=..."),
            _ => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("&")
    });
    shown.set_query(query.as_deref());
    shown.into()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace("%24", "$");
    NOT_TO_BE_KEPT.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_can_be_repeated_but_not_used() {
        let shown = |url: &str| shown(&url.parse().unwrap());
        assert_eq!(
            shown("https://graph.microsoft.com/v1.0/users?$filter=displayName%20eq%20'AdminAgents'&$count=true"),
            "https://graph.microsoft.com/v1.0/users?$filter=displayName%20eq%20%27AdminAgents%27&$count=true"
        );
        assert_eq!(
            shown("https://h/v1.0/users?$top=5&%24SkipToken=planted&sig=planted"),
            "https://h/v1.0/users?$top=5&%24SkipToken=...&sig=..."
        );
        assert_eq!(shown("https://h/v1.0/me"), "https://h/v1.0/me");
    }
}
