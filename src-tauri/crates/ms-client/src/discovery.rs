//! Where the sign-in server's endpoints and keys are (facts: Entra A.6, A.7).
//!
//! Here: the discovery document and the key set, fetched anew for each sign-in, so that a change of keys is never missed.
//! Not here: what the keys are used for (`id_token.rs`).
//!
//! The document may name any address. Only endpoints on the configured sign-in server itself are accepted: codes and
//! refresh tokens go there.

use std::str::FromStr;

use cipp_client::Known;
use openidconnect::IssuerUrl;
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::debug;
use url::Url;
use uuid::Uuid;

use crate::aadsts::Flow;
use crate::clouds::Microsoft;
use crate::error::SignInError;
use crate::http::Answer;
use crate::token;

/// Hosts whose name an issuer may carry although another server, such as a sandbox, sends the document: the same ones
/// that Microsoft's own libraries accept.
const MICROSOFTS_ISSUERS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "sts.windows.net",
];

/// What the two calls are for, in the words of the network ledger.
const DESCRIBING: &str = "asking the sign-in server where its endpoints are";
const KEYS: &str = "reading the sign-in server's keys";

/// What is known about the sign-in server and the tenant.
#[derive(Clone)]
pub(crate) struct Discovered {
    pub(crate) issuer: IssuerUrl,
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) device: Option<Url>,
    pub(crate) keys: CoreJsonWebKeySet,
    /// The tenant's GUID, in lower case, even when a domain was configured.
    pub(crate) tenant: String,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    device_authorization_endpoint: Option<Url>,
    jwks_uri: Url,
}

/// Asks the sign-in server.
pub(crate) async fn discover(microsoft: &Microsoft) -> Result<Discovered, SignInError> {
    let inner = &microsoft.inner;
    let mut url = inner.clouds.authority.clone();
    url.set_path(&format!(
        "/{}/v2.0/.well-known/openid-configuration",
        inner.tenant.as_str()
    ));
    let document: Document = parsed(&get(microsoft, &url, DESCRIBING).await?, "its description")?;
    let (issuer, tenant) = understood(&document, &inner.clouds.authority, inner.tenant.as_str())?;
    let keys: CoreJsonWebKeySet = parsed(&get(microsoft, &document.jwks_uri, KEYS).await?, "its keys")?;
    debug!(tenant, keys = keys.keys().len(), "sign-in server described");
    Ok(Discovered {
        issuer,
        authorization: document.authorization_endpoint,
        token: document.token_endpoint,
        device: document.device_authorization_endpoint,
        keys,
        tenant,
    })
}

/// Checks the document; the issuer and the tenant's GUID.
fn understood(document: &Document, authority: &Url, tenant: &str) -> Result<(IssuerUrl, String), SignInError> {
    let refuse = |what: &str| SignInError::NotUnderstood {
        detail: format!("its description names {what}"),
    };
    let endpoints = [
        Some(&document.authorization_endpoint),
        Some(&document.token_endpoint),
        Some(&document.jwks_uri),
        document.device_authorization_endpoint.as_ref(),
    ];
    if endpoints
        .into_iter()
        .flatten()
        .any(|url| url.origin() != authority.origin())
    {
        return Err(refuse("addresses on another server"));
    }
    let issuer = Url::parse(&document.issuer).map_err(|_| refuse("no issuer"))?;
    let microsofts = issuer.scheme() == "https"
        && issuer.port().is_none()
        && issuer.host_str().is_some_and(|host| MICROSOFTS_ISSUERS.contains(&host));
    if !(microsofts || issuer.origin() == authority.origin()) {
        return Err(refuse("an issuer on another server"));
    }
    let of_issuer = issuer.path_segments().and_then(|mut segments| guid(segments.next()?));
    let tenant = match (guid(tenant), of_issuer) {
        (Some(configured), Some(described)) if configured != described => return Err(refuse("another tenant")),
        (Some(configured), _) => configured,
        (None, Some(described)) => described,
        (None, None) => return Err(refuse("no tenant")),
    };
    let issuer = IssuerUrl::new(document.issuer.clone()).map_err(|_| refuse("no issuer"))?;
    Ok((issuer, tenant))
}

fn guid(text: &str) -> Option<String> {
    Uuid::from_str(text).ok().map(|id| id.hyphenated().to_string())
}

async fn get(microsoft: &Microsoft, url: &Url, reason: &'static str) -> Result<Answer, SignInError> {
    token::patiently(microsoft, token::Repeat::Freely, || async move {
        let http = &microsoft.inner.http;
        let request = http.client(url).map_err(token::last)?.get(url.clone());
        let request = request.header("accept", "application/json");
        token::exchange(microsoft, url, request, &Known::default(), Flow::Browser, reason).await
    })
    .await
}

fn parsed<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, SignInError> {
    serde_json::from_slice(&answer.body).map_err(|error| SignInError::NotUnderstood {
        detail: format!("{what} cannot be read ({error})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";

    fn document(issuer: &str, elsewhere: Option<&str>) -> Document {
        let url = |text: &str| text.parse().unwrap();
        let here = "http://127.0.0.1:9/x";
        Document {
            issuer: issuer.into(),
            authorization_endpoint: url(here),
            token_endpoint: url(elsewhere.unwrap_or(here)),
            device_authorization_endpoint: None,
            jwks_uri: url(here),
        }
    }

    fn understand(issuer: &str, elsewhere: Option<&str>, tenant: &str) -> Result<String, SignInError> {
        let authority = "http://127.0.0.1:9".parse().unwrap();
        understood(&document(issuer, elsewhere), &authority, tenant).map(|(_, tenant)| tenant)
    }

    #[test]
    fn the_tenants_guid_is_found_and_compared() {
        let microsofts = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
        let own = format!("http://127.0.0.1:9/{}/v2.0", TENANT.to_uppercase());
        assert_eq!(understand(&microsofts, None, "contoso.com").unwrap(), TENANT);
        assert_eq!(understand(&own, None, TENANT).unwrap(), TENANT);
        assert_eq!(understand("http://127.0.0.1:9", None, TENANT).unwrap(), TENANT);
        let other = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e40";
        for (issuer, tenant) in [
            (microsofts.as_str(), other),
            ("http://127.0.0.1:9", "contoso.com"),
            ("https://evil.example/7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f/v2.0", TENANT),
            (
                "http://login.microsoftonline.com/7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f/v2.0",
                TENANT,
            ),
            (
                "https://login.microsoftonline.com:444/7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f/v2.0",
                TENANT,
            ),
            ("nonsense", TENANT),
        ] {
            assert!(understand(issuer, None, tenant).is_err(), "{issuer} {tenant}");
        }
    }

    #[test]
    fn codes_and_tokens_go_to_the_configured_server_alone() {
        let own = format!("http://127.0.0.1:9/{TENANT}/v2.0");
        for elsewhere in [
            "https://evil.example/token",
            "http://127.0.0.1:10/token",
            "https://127.0.0.1:9/token",
        ] {
            let error = understand(&own, Some(elsewhere), TENANT).unwrap_err();
            assert!(error.to_string().contains("another server"), "{error}");
        }
    }
}
