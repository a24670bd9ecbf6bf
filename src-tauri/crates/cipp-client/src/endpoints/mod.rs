//! The calls that this client can make: a compiled-in list of reads, one file each, named as CIPP names them.
//!
//! Here: the list, and how loosely typed replies are read. Not here: how a call is made (`client.rs`). Nothing outside
//! this list can be called, and nothing on it changes anything in CIPP: some of CIPP's writes answer to GET as well, so
//! the verb would be no protection (facts: Entra E.4).

use serde_json::Value;

pub mod exec_access_checks;
pub mod exec_api_client;
pub mod exec_backend_urls;
pub mod get_version;
pub mod list_api_test;
pub mod list_logs;
pub mod list_tenants;
pub mod me;
pub mod public_ping;

/// One read of CIPP's API.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// CIPP's own name, in its own spelling.
    pub name: &'static str,
    /// The permission that the API client's role needs; `Public` for none.
    pub permission: &'static str,
    /// Whether it is called without a token first.
    pub public: bool,
    /// What it is called for, in the words of the network ledger.
    pub reason: &'static str,
}

/// Every call that this client can make.
pub const ENDPOINTS: &[&Endpoint] = &[
    &exec_access_checks::ENDPOINT,
    &exec_api_client::ENDPOINT,
    &exec_backend_urls::ENDPOINT,
    &get_version::ENDPOINT,
    &list_api_test::ENDPOINT,
    &list_logs::ENDPOINT,
    &list_tenants::ENDPOINT,
    &me::ENDPOINT,
    &public_ping::ENDPOINT,
];

/// A member as text; numbers and booleans as they are written.
fn text(object: &Value, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A member as a flag; also when it came as text.
fn flag(object: &Value, name: &str) -> Option<bool> {
    match object.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// A member as a list of texts; a single text is a list of one, because PowerShell unwraps such lists.
fn texts(object: &Value, name: &str) -> Option<Vec<String>> {
    match object.get(name)? {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => Some(
            items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect(),
        ),
        _ => None,
    }
}

/// The reply as an object, or the error that names what came instead.
fn object(reply: Value, wanted: &str) -> Result<Value, crate::ClientError> {
    if reply.is_object() {
        return Ok(reply);
    }
    let found = match reply {
        Value::Null => "nothing",
        Value::Bool(_) | Value::Number(_) => "a single value",
        Value::String(_) => "a text",
        _ => "a list",
    };
    Err(crate::ClientError::NotUnderstood {
        field: wanted.into(),
        detail: format!("{found} instead of an object"),
        rows_read: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_a_read() {
        // The one that also writes: its only function has the reading action compiled in.
        let guarded = |endpoint: &&&Endpoint| **endpoint == &exec_api_client::ENDPOINT;
        assert_eq!(exec_api_client::query(), [("Action", "List".to_owned())]);
        for endpoint in ENDPOINTS.iter().filter(|endpoint| !guarded(endpoint)) {
            // These two only look things up, whatever their names say; their permissions end in `.Read` as well.
            assert!(
                ["List", "Get", "Public", "ExecBackendURLs", "ExecAccessChecks", "me"]
                    .iter()
                    .any(|read| endpoint.name.starts_with(read)),
                "{}",
                endpoint.name
            );
            assert!(
                endpoint.permission.ends_with(".Read") || endpoint.permission == "Public",
                "{}",
                endpoint.permission
            );
            assert_eq!(endpoint.public, endpoint.permission == "Public");
        }
    }
}
