//! One request as an endpoint sees it: query names without case, the caller, the body.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri, request::Parts};

use crate::hosting::Caller;
use crate::scenario::Flavour;

/// A request on its way to an endpoint.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) caller: Option<Caller>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    query: Vec<(String, String)>,
}

impl Call {
    /// Reads a request.
    ///
    /// # Errors
    /// The text of the 500 that a Function App gives for two query names which differ in case alone: there the request
    /// takes a round trip through JSON (facts: cipp 1.1).
    pub(super) fn read(parts: &Parts, body: Bytes, caller: Option<Caller>, flavour: Flavour) -> Result<Call, String> {
        let mut query: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match query.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                Some((known, _)) if flavour == Flavour::FunctionApp && *known != name => {
                    return Err(format!(
                        "The JSON holds the keys '{known}' and '{name}', which differ in case alone."
                    ));
                }
                Some((_, values)) => {
                    values.push(',');
                    values.push_str(&value);
                }
                None => query.push((name.into_owned(), value.into_owned())),
            }
        }
        let (method, uri, headers) = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
        Ok(Call {
            caller,
            method,
            uri,
            headers,
            body,
            query,
        })
    }

    /// A query parameter; `Some("")` when it is there and empty, which is not the same to CIPP as absent.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter that is there and not empty.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.query(name).filter(|value| !value.is_empty())
    }

    /// All query parameters as they were sent.
    pub(super) fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
