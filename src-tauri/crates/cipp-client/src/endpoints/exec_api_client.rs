//! `ExecApiClient`, of which this client has one action alone: `List`, the API clients that CIPP knows.
//!
//! The endpoint also makes, changes and deletes clients; its other actions have no function here, and the action is
//! compiled in. Because of them CIPP asks for a permission to write even of a reader, so most clients are refused, which
//! tells something too: the refusal names the role (facts: CIPP 2.5, 2.6, 2.8).

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, flag, object, text, texts};
use crate::{Client, ClientError};

/// Part of the built-in roles from `editor` on.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "ExecApiClient",
    permission: "CIPP.Extension.ReadWrite",
    public: false,
    reason: "reading which API clients CIPP knows",
};

/// The one action.
const LIST: (&str, &str) = ("Action", "List");

/// An API client as CIPP keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiClient {
    /// Its application ID.
    pub client_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its role; `None` when it has none and CIPP falls back on `cipp-api`.
    pub role: Option<String>,
    /// The addresses and ranges from which it may call; empty for any. `None` when the reply does not say.
    pub ip_ranges: Option<Vec<String>>,
    /// Whether it is switched on; it takes effect only once it was saved to Azure.
    pub enabled: Option<bool>,
}

/// As it stands in the address.
pub fn query() -> [(&'static str, String); 1] {
    [(LIST.0, LIST.1.to_owned())]
}

impl Client {
    /// Asks CIPP which API clients it knows.
    ///
    /// # Errors
    /// See [`ClientError`]; a role below `editor` is [`ClientError::NotAllowed`].
    pub async fn api_clients(&self, cancel: &CancellationToken) -> Result<Vec<ApiClient>, ClientError> {
        api_clients(self.whole(&ENDPOINT, &query(), cancel).await?)
    }
}

fn api_clients(reply: Value) -> Result<Vec<ApiClient>, ClientError> {
    let mut reply = object(reply, "ExecApiClient")?;
    let rows = match reply["Results"].take() {
        Value::Array(rows) => rows,
        // PowerShell unwraps a list of one.
        row @ Value::Object(_) => vec![row],
        Value::Null => Vec::new(),
        other => {
            return Err(ClientError::NotUnderstood {
                field: "Results".into(),
                detail: format!("{other} instead of a list of clients"),
                rows_read: 0,
            });
        }
    };
    Ok(rows.iter().filter_map(api_client).collect())
}

fn api_client(row: &Value) -> Option<ApiClient> {
    Some(ApiClient {
        client_id: text(row, "ClientId")?,
        name: text(row, "AppName"),
        role: text(row, "Role").filter(|role| !role.trim().is_empty()),
        ip_ranges: texts(row, "IPRange").map(|ranges| {
            let filled = ranges.into_iter().map(|range| range.trim().to_owned());
            filled.filter(|range| !range.is_empty()).collect()
        }),
        enabled: flag(row, "Enabled"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_client_is_read_in_a_list_and_alone() {
        let row = json!({"ClientId": "a", "AppName": "Desk", "Role": null, "IPRange": ["203.0.113.0/24", " "], "Enabled": true, "MCPAllowed": false});
        for results in [json!([row]), row.clone()] {
            let clients = api_clients(json!({ "Results": results })).unwrap();
            assert_eq!(clients.len(), 1);
            assert_eq!((clients[0].client_id.as_str(), &clients[0].role), ("a", &None));
            assert_eq!(clients[0].ip_ranges.as_deref().unwrap(), ["203.0.113.0/24"]);
        }
        let bare = json!({"ClientId": "a", "Role": "admin", "IPRange": "203.0.113.7"});
        let client = api_client(&bare).unwrap();
        assert_eq!(client.ip_ranges.unwrap(), ["203.0.113.7"]);
        assert_eq!(api_client(&json!({"ClientId": "a"})).unwrap().ip_ranges, None);
    }

    #[test]
    fn no_client_is_an_empty_list_and_a_text_is_no_list() {
        assert!(api_clients(json!({"Results": null})).unwrap().is_empty());
        let refused = api_clients(json!({"Results": "Invalid action"})).unwrap_err();
        assert_eq!(refused.kind(), crate::ErrorKind::NotUnderstood);
        assert!(api_clients(json!(null)).is_err());
    }
}
