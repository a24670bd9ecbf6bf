//! `ListTenants`: the tenants that the instance manages.
//!
//! A failure comes with status 200, as one object whose display name says so (facts: CIPP 2.8).

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, flag, text};
use crate::scrub::{Known, excerpt};
use crate::{Client, ClientError};

/// Part of every built-in role.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "ListTenants",
    permission: "CIPP.Core.Read",
    public: false,
    reason: "reading the list of tenants",
};

/// One tenant; every part may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// The tenant's GUID.
    pub customer_id: Option<String>,
    /// The domain under which the logbook knows it.
    pub default_domain_name: Option<String>,
    /// The `onmicrosoft.com` domain.
    pub initial_domain_name: Option<String>,
    /// Its name.
    pub display_name: Option<String>,
    /// `granularDelegatedAdminPrivileges` or `directTenant`.
    pub delegated_privilege_status: Option<String>,
    /// Whether CIPP leaves it out.
    pub excluded: Option<bool>,
}

impl Client {
    /// Asks for the tenants.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::ServerTrouble`] with status 200 when CIPP reports a failure in the list.
    pub async fn list_tenants(&self, cancel: &CancellationToken) -> Result<Vec<Tenant>, ClientError> {
        tenants(self.whole(&ENDPOINT, &[], cancel).await?)
    }
}

fn tenants(reply: Value) -> Result<Vec<Tenant>, ClientError> {
    let rows = match reply {
        Value::Array(rows) => rows,
        Value::Object(_) => vec![reply],
        Value::Null => vec![],
        _ => {
            return Err(ClientError::NotUnderstood {
                field: "ListTenants".into(),
                detail: "a single value instead of a list".into(),
                rows_read: 0,
            });
        }
    };
    if let Some(said) = rows.iter().find_map(failure) {
        return Err(ClientError::ServerTrouble {
            status: 200,
            text: excerpt(&said, &Known::default()),
            starting: false,
        });
    }
    // Zero tenants may come as a list with one null.
    Ok(rows.iter().filter(|row| row.is_object()).map(tenant).collect())
}

fn failure(row: &Value) -> Option<String> {
    let results = text(row, "Results")?;
    text(row, "defaultDomainName")
        .is_none_or(|domain| domain.is_empty())
        .then_some(results)
}

fn tenant(row: &Value) -> Tenant {
    Tenant {
        customer_id: text(row, "customerId"),
        default_domain_name: text(row, "defaultDomainName"),
        initial_domain_name: text(row, "initialDomainName"),
        display_name: text(row, "displayName"),
        delegated_privilege_status: text(row, "delegatedPrivilegeStatus"),
        excluded: flag(row, "Excluded"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_tenants_and_the_forms_of_none() {
        let read = tenants(json!([{"customerId": "1", "defaultDomainName": "contoso.com", "displayName": "Contoso", "Excluded": false}])).unwrap();
        assert_eq!(
            (read.len(), read[0].display_name.as_deref(), read[0].excluded),
            (1, Some("Contoso"), Some(false))
        );
        for none in [json!([]), json!([null]), json!(null)] {
            assert_eq!(tenants(none).unwrap(), vec![]);
        }
    }

    #[test]
    fn a_failure_with_status_200_is_a_failure() {
        let reply = json!([{"displayName": "Could not retrieve the tenants.", "Results": "Graph said no"}]);
        assert_eq!(
            tenants(reply).unwrap_err(),
            ClientError::ServerTrouble {
                status: 200,
                text: "Graph said no".into(),
                starting: false
            }
        );
    }
}
