//! `ListApiTest`: "am I in, and what may I see?" The best probe, because it touches no tenant.
//!
//! The reply echoes the request's headers, perhaps the bearer token itself, and on a server in debug mode its
//! environment (facts: CIPP 2.8). Everything but the caller's scope is therefore thrown away here and never leaves
//! this file.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, object, texts};
use crate::{Client, ClientError};

/// Part of every built-in role.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "ListApiTest",
    permission: "CIPP.Core.Read",
    public: false,
    reason: "asking CIPP who is calling",
};

/// What the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiTest {
    /// The tenants that the API client is limited to; `None` for no limit.
    pub allowed_tenants: Option<Vec<String>>,
    /// The tenant groups that the API client is limited to; `None` for no limit.
    pub allowed_groups: Option<Vec<String>>,
    /// Whether Azure woke the instance for this call (`x-ms-coldstart`; facts: CIPP 4, number 29).
    pub cold_start: bool,
}

impl Client {
    /// Asks CIPP whether it accepts this client, and with which limits.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_api_test(&self, cancel: &CancellationToken) -> Result<ApiTest, ClientError> {
        api_test(self.whole(&ENDPOINT, &[], cancel).await?)
    }
}

fn api_test(reply: Value) -> Result<ApiTest, ClientError> {
    let reply = object(reply, "ListApiTest")?;
    Ok(ApiTest {
        allowed_tenants: texts(&reply, "AllowedTenants"),
        allowed_groups: texts(&reply, "AllowedGroups"),
        cold_start: reply
            .get("Request")
            .and_then(|request| request.get("headers")?.get("x-ms-coldstart"))
            .is_some_and(|value| value == "1" || value == 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_the_scope_and_nothing_of_the_echo() {
        let reply = json!({"Request": {"headers": {"authorization": "Bearer planted"}}, "AllowedTenants": ["a", "b"], "AllowedGroups": null, "EnvironmentVariables": ["planted"]});
        let test = api_test(reply).unwrap();
        assert_eq!(
            (test.allowed_tenants.clone(), test.allowed_groups.clone()),
            (Some(vec!["a".into(), "b".into()]), None)
        );
        assert!(!format!("{test:?}").contains("planted"));
        let woken = json!({"Request": {"headers": {"x-ms-coldstart": "1"}}, "AllowedTenants": null});
        assert!(api_test(woken).unwrap().cold_start && !test.cold_start);
        assert_eq!(
            api_test(json!({"AllowedTenants": "a"})).unwrap().allowed_tenants,
            Some(vec!["a".into()])
        );
    }
}
