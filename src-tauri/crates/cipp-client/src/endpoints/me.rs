//! `me`: who the caller is to CIPP, and what it may do.
//!
//! CIPP cannot answer this for an API client with a built-in role: older instances refuse with a text about a missing
//! `UserRoles`, newer ones answer with nobody and no permissions (facts: CIPP 2.7). That is no refusal of the client, so
//! it comes out as [`Me::NotTold`]; whether a client is let in must be asked elsewhere (`ListApiTest`).

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, object, text, texts};
use crate::{Client, ClientError};

/// Answered to every caller that CIPP knows. Read's smallest permission stands for it, because nothing smaller exists.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "me",
    permission: "CIPP.Core.Read",
    public: false,
    reason: "asking CIPP for the client's roles",
};

/// What CIPP says about the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Me {
    /// The client has a custom role, or none and the fallback.
    Told {
        /// The client's application ID.
        app_id: Option<String>,
        /// Its role; several only for the fallback.
        roles: Vec<String>,
        /// Its permissions, such as `CIPP.Core.Read`.
        permissions: Vec<String>,
    },
    /// CIPP does not say: the way it answers clients with a built-in role.
    NotTold,
}

impl Client {
    /// Asks CIPP who the caller is.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn me(&self, cancel: &CancellationToken) -> Result<Me, ClientError> {
        match self.whole(&ENDPOINT, &[], cancel).await {
            Ok(reply) => me(reply),
            Err(ClientError::NotAllowed { text, .. }) if text.contains("UserRoles") => Ok(Me::NotTold),
            Err(error) => Err(error),
        }
    }
}

fn me(reply: Value) -> Result<Me, ClientError> {
    let reply = object(reply, "me")?;
    let principal = reply.get("clientPrincipal").filter(|principal| principal.is_object());
    let Some(principal) = principal else {
        return Ok(Me::NotTold);
    };
    let listed = |object: &Value, name: &str| -> Vec<String> {
        let all = texts(object, name).unwrap_or_default();
        all.into_iter().filter(|text| !text.trim().is_empty()).collect()
    };
    Ok(Me::Told {
        app_id: text(principal, "appId"),
        roles: listed(principal, "appRole"),
        permissions: listed(&reply, "permissions"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_role_as_text_and_as_list() {
        let told = |app_role: Value, permissions: Value| {
            me(json!({"clientPrincipal": {"appId": "x", "appRole": app_role}, "permissions": permissions})).unwrap()
        };
        assert_eq!(
            told(json!("logs"), json!(["CIPP.Core.Read"])),
            Me::Told {
                app_id: Some("x".into()),
                roles: vec!["logs".into()],
                permissions: vec!["CIPP.Core.Read".into()]
            }
        );
        assert_eq!(
            told(json!(["cipp-api"]), json!("CIPP.Core.Read")),
            Me::Told {
                app_id: Some("x".into()),
                roles: vec!["cipp-api".into()],
                permissions: vec!["CIPP.Core.Read".into()]
            }
        );
        assert!(matches!(told(json!(null), json!(null)), Me::Told { permissions, .. } if permissions.is_empty()));
    }

    #[test]
    fn the_answer_to_a_built_in_role_says_nothing() {
        let reply = json!({"clientPrincipal": null, "permissions": [], "message": "Access denied"});
        assert_eq!(me(reply).unwrap(), Me::NotTold);
        assert!(me(json!("no")).is_err());
    }
}
