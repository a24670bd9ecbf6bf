//! What a connection to CIPP consists of, each value checked before anything is sent.
//!
//! Here: the four values (address, tenant, client, sign-in server) with the rules that save most support cases
//! (facts: Entra A.4, local checks). Not here: the secret (`secret.rs`), and a connection's name and place on disk
//! (the `connections` crate).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};
use uuid::Uuid;

use crate::field::{Field, FieldError, clean, shown};

/// Everything that is needed to reach one CIPP instance, except the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Where CIPP's API answers.
    pub api_url: ApiUrl,
    /// The partner tenant that the API client is registered in.
    pub tenant_id: TenantId,
    /// The API client's application ID.
    pub client_id: ClientId,
    /// The sign-in server; Microsoft's public cloud unless set.
    #[serde(default)]
    pub authority: Authority,
    /// A file with further certificate authorities to trust for both servers, beside the system's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_cert: Option<PathBuf>,
}

impl Connection {
    /// The scope to ask a token for. The client asks for a token for itself, and CIPP's list of audiences holds the
    /// `api://` form, so the bare ID would work for one client and fail for the next (facts: Entra A.1).
    pub fn scope(&self) -> String {
        format!("api://{}/.default", self.client_id)
    }

    /// Entra's token endpoint for this tenant.
    pub fn token_url(&self) -> Url {
        with_path(&self.authority.0, &format!("/{}/oauth2/v2.0/token", self.tenant_id))
    }

    /// The public document in which Entra says where a tenant's endpoints are, and whether there is such a tenant
    /// (facts: Entra A.6).
    pub fn discovery_url(&self) -> Url {
        with_path(
            &self.authority.0,
            &format!("/{}/v2.0/.well-known/openid-configuration", self.tenant_id),
        )
    }

    /// What can only be seen with all values side by side: the same GUID pasted as tenant and as client.
    ///
    /// # Errors
    /// Names the tenant field, because the client's ID is the one that is copied first.
    pub fn check(&self) -> Result<(), FieldError> {
        if self.tenant_id.to_string() == self.client_id.to_string() {
            return Err(FieldError::new(
                Field::TenantId,
                "The tenant ID and the client ID are the same.",
                "Copy the tenant ID from the API client's page in CIPP, or type the tenant's domain.",
            ));
        }
        Ok(())
    }
}

/// The address of a CIPP instance: scheme, host and port alone. Stored without `/api` and without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiUrl(Url);

impl ApiUrl {
    /// The address of one endpoint, for example `https://cipp.example.net/api/ListLogs`.
    pub fn endpoint(&self, name: &str) -> Url {
        with_path(&self.0, &format!("/api/{name}"))
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether this is this very computer, the one case in which plain http is accepted.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl FromStr for ApiUrl {
    type Err = FieldError;

    fn from_str(typed: &str) -> Result<ApiUrl, FieldError> {
        let mut url = web_address(Field::ApiUrl, typed)?;
        let host = url.host_str().unwrap_or_default();
        if let Some(what) = not_an_instance(host) {
            return Err(FieldError::new(
                Field::ApiUrl,
                format!("{host} is {what}, not CIPP."),
                "Use the API address that CIPP shows under Integrations, CIPP-API.",
            ));
        }
        let rest = without_api(url.path());
        if !rest.is_empty() {
            return Err(FieldError::new(
                Field::ApiUrl,
                format!("The address goes on after the host: \u{201C}{}\u{201D}.", shown(rest)),
                format!("Keep only {}.", origin(&url)),
            ));
        }
        url.set_path("");
        Ok(ApiUrl(url))
    }
}

/// The tenant: a GUID, or one of its domains. Lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantId(String);

impl TenantId {
    /// As it stands in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = FieldError;

    fn from_str(typed: &str) -> Result<TenantId, FieldError> {
        let text = clean(typed).to_lowercase();
        let refuse = |problem: String, remedy: &str| Err(FieldError::new(Field::TenantId, problem, remedy));
        if text.is_empty() {
            return refuse(
                "The tenant ID is empty.".into(),
                "Copy it from the API client's page in CIPP, or type the tenant's domain.",
            );
        }
        if let Ok(id) = Uuid::try_parse(&text) {
            return Ok(TenantId(id.hyphenated().to_string()));
        }
        if matches!(text.as_str(), "common" | "organizations" | "consumers") {
            return refuse(
                format!(
                    "\u{201C}{text}\u{201D} stands for no tenant of its own; an API client cannot sign in with it."
                ),
                "Use the tenant's own ID or domain.",
            );
        }
        if let Some((_, domain)) = text.split_once('@') {
            return refuse(
                "This is an e-mail address.".into(),
                &format!("Keep only what follows the @: {}.", shown(domain)),
            );
        }
        match domain(&text) {
            Some(domain) => Ok(TenantId(domain)),
            None => refuse(
                format!("\u{201C}{}\u{201D} is neither a GUID nor a domain.", shown(&text)),
                "Use the tenant's ID, such as 7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f, or a domain, such as contoso.onmicrosoft.com.",
            ),
        }
    }
}

/// The application (client) ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId(Uuid);

impl FromStr for ClientId {
    type Err = FieldError;

    fn from_str(typed: &str) -> Result<ClientId, FieldError> {
        let text = clean(typed);
        let bare = text.strip_prefix("api://").unwrap_or(&text);
        let bare = bare.strip_suffix("/.default").unwrap_or(bare);
        match Uuid::try_parse(bare) {
            Ok(id) if !id.is_nil() => Ok(ClientId(id)),
            _ if text.is_empty() => Err(FieldError::new(
                Field::ClientId,
                "The client ID is empty.",
                "Copy it from the API client's page in CIPP.",
            )),
            _ => Err(FieldError::new(
                Field::ClientId,
                format!("\u{201C}{}\u{201D} is not a client ID.", shown(&text)),
                "A client ID is a GUID such as 7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f; copy it from the API client's page in CIPP.",
            )),
        }
    }
}

/// The sign-in server. Default: `https://login.microsoftonline.com`, the only cloud that CIPP itself supports
/// (facts: Entra A.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority(Url);

impl Authority {
    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether this is this very computer, the one case in which plain http is accepted.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether this is Microsoft's public cloud.
    pub fn is_default(&self) -> bool {
        *self == Authority::default()
    }
}

impl Default for Authority {
    fn default() -> Self {
        #[allow(clippy::expect_used, reason = "a constant that a test parses")]
        Authority(Url::parse("https://login.microsoftonline.com").expect("a constant address"))
    }
}

impl FromStr for Authority {
    type Err = FieldError;

    fn from_str(typed: &str) -> Result<Authority, FieldError> {
        let mut url = web_address(Field::Authority, typed)?;
        if !url.path().trim_matches('/').is_empty() {
            return Err(FieldError::new(
                Field::Authority,
                "The sign-in server's address goes on after the host.",
                format!("Keep only {}; the tenant has its own field.", origin(&url)),
            ));
        }
        url.set_path("");
        Ok(Authority(url))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&origin(&self.0))
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&origin(&self.0))
    }
}

/// Serialises a type as the text it prints, and reads it back through the same checks as typed text.
macro_rules! serde_as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}
serde_as_text!(ApiUrl, TenantId, ClientId, Authority);

/// The typed text as an address that a bearer token may be sent to: https, or http on this computer; no user info,
/// query or fragment. The path is left to the caller.
fn web_address(field: Field, typed: &str) -> Result<Url, FieldError> {
    let text = clean(typed);
    let refuse = |problem: String, remedy: String| Err(FieldError::new(field, problem, remedy));
    if text.is_empty() {
        return refuse(
            "The address is empty.".into(),
            "Type it, for example https://cipp.example.net.".into(),
        );
    }
    let with_scheme = if text.contains("://") {
        text.clone()
    } else {
        format!("https://{text}")
    };
    let url = match Url::parse(&with_scheme) {
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => url,
        _ => {
            return refuse(
                format!("\u{201C}{}\u{201D} is not a web address.", shown(&text)),
                "Type it like https://cipp.example.net.".into(),
            );
        }
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return refuse(
                "The address begins with http://, so the token would travel unprotected.".into(),
                format!("Use https://{}.", url.host_str().unwrap_or_default()),
            );
        }
        other => {
            return refuse(
                format!("\u{201C}{other}://\u{201D} is not a web address."),
                "It must begin with https://.".into(),
            );
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            "The address contains a user name or password.".into(),
            format!("Keep only {}.", origin(&url)),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse(
            "The address contains a ? or # part.".into(),
            format!("Keep only {}.", origin(&url)),
        );
    }
    Ok(url)
}

/// Hosts that are often pasted by mistake and can never be a CIPP instance.
fn not_an_instance(host: &str) -> Option<&'static str> {
    match host {
        "portal.azure.com" => Some("the Azure portal"),
        "entra.microsoft.com" => Some("the Entra admin center"),
        "login.microsoftonline.com" | "login.windows.net" | "sts.windows.net" => Some("Microsoft's sign-in server"),
        "graph.microsoft.com" => Some("Microsoft Graph"),
        "docs.cipp.app" => Some("CIPP's documentation"),
        _ => None,
    }
}

/// The path without slashes and any number of `/api` at its end.
fn without_api(path: &str) -> &str {
    let mut rest = path.trim_end_matches('/');
    while rest.len() >= 4
        && rest.is_char_boundary(rest.len() - 4)
        && rest[rest.len() - 4..].eq_ignore_ascii_case("/api")
    {
        rest = rest[..rest.len() - 4].trim_end_matches('/');
    }
    rest
}

/// Scheme, host and port, without a slash at the end.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn with_path(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| host_is_loopback(&host))
}

pub(crate) fn host_is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name.as_ref() == "localhost" || name.as_ref().ends_with(".localhost"),
    }
}

/// The text as a domain name with at least one dot, in its ASCII form.
fn domain(text: &str) -> Option<String> {
    let Ok(Host::Domain(name)) = Host::parse(text) else {
        return None;
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= 253 && name.contains('.') && name.split('.').all(label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> Result<String, FieldError> {
        text.parse::<ApiUrl>().map(|url| url.to_string())
    }

    #[test]
    fn an_address_is_accepted_however_it_was_copied() {
        for typed in [
            "https://cipp.example.net",
            "https://cipp.example.net/",
            "https://cipp.example.net/api",
            "https://cipp.example.net/api/",
            "https://cipp.example.net/API/api//",
            "cipp.example.net",
            "cipp.example.net/api",
            "\u{feff} \"https://CIPP.example.net\"\u{a0}\r\n",
            "https://cipp\u{200b}.example.net",
            "https://cipp.example.net:443",
        ] {
            assert_eq!(api(typed).unwrap(), "https://cipp.example.net", "{typed:?}");
        }
        let url: ApiUrl = "https://cipp.example.net:8443/api".parse().unwrap();
        assert_eq!(
            url.endpoint("ListLogs").as_str(),
            "https://cipp.example.net:8443/api/ListLogs"
        );
        assert_eq!(url.host(), "cipp.example.net");
    }

    #[test]
    fn plain_http_is_for_this_computer_alone() {
        for typed in ["http://127.0.0.1:8080", "http://localhost:7071", "http://[::1]:7071"] {
            assert_eq!(api(&format!("{typed}/api/")).unwrap(), typed);
        }
        for typed in [
            "http://cipp.example.net",
            "http://127.0.0.1.example.net",
            "http://localhost.example.net",
            "http://10.0.0.1",
        ] {
            let error = api(typed).unwrap_err();
            assert!(error.remedy.contains("https://"), "{error}");
        }
    }

    #[test]
    fn addresses_that_cannot_work_say_what_to_keep() {
        for (typed, expected) in [
            (
                "https://cipp.example.net/api/ListLogs",
                "Keep only https://cipp.example.net.",
            ),
            (
                "https://cipp.example.net/cipp/logs",
                "Keep only https://cipp.example.net.",
            ),
            ("https://cipp.example.net/?x=1", "Keep only https://cipp.example.net."),
            ("https://cipp.example.net/#/home", "Keep only https://cipp.example.net."),
            ("https://me:pw@cipp.example.net", "Keep only https://cipp.example.net."),
            ("https://portal.azure.com", "Integrations"),
            ("ftp://cipp.example.net", "https://"),
            ("", "https://"),
            ("https://", "https://"),
            ("two words", "https://"),
        ] {
            let error = api(typed).unwrap_err();
            assert_eq!(error.field, Field::ApiUrl);
            assert!(error.remedy.contains(expected), "{typed}: {error}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn tenants_are_guids_or_domains() {
        let tenant = |text: &str| text.parse::<TenantId>().map(|t| t.to_string());
        assert_eq!(
            tenant(" {7D3C1B9E-5A41-4A7F-9A53-0D8A1C2B3E4F} ").unwrap(),
            "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f"
        );
        assert_eq!(tenant("Contoso.OnMicrosoft.com").unwrap(), "contoso.onmicrosoft.com");
        for wrong in [
            "",
            "common",
            "Contoso Ltd",
            "https://contoso.com",
            "undefined",
            "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4",
            "a@contoso.com",
            "contoso..com",
            "-a.com",
            "127.0.0.1",
            "con/toso.com",
        ] {
            assert_eq!(tenant(wrong).unwrap_err().field, Field::TenantId, "{wrong}");
        }
    }

    #[test]
    fn client_ids_are_guids_even_inside_the_scope() {
        let id = "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f";
        for typed in [
            id.to_uppercase(),
            format!("api://{id}/.default"),
            format!("\u{200b}{id}\n"),
        ] {
            assert_eq!(typed.parse::<ClientId>().unwrap().to_string(), id);
        }
        for wrong in ["", "my app", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(wrong.parse::<ClientId>().unwrap_err().field, Field::ClientId);
        }
    }

    #[test]
    fn a_connection_survives_its_file_and_knows_its_addresses() {
        let text = r#"{"api_url":"https://cipp.example.net","tenant_id":"msp.example","client_id":"7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f"}"#;
        let connection: Connection = serde_json::from_str(text).unwrap();
        assert!(connection.authority.is_default());
        assert_eq!(
            connection.token_url().as_str(),
            "https://login.microsoftonline.com/msp.example/oauth2/v2.0/token"
        );
        assert_eq!(
            connection.scope(),
            "api://7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f/.default"
        );
        let again: Connection = serde_json::from_str(&serde_json::to_string(&connection).unwrap()).unwrap();
        assert_eq!(again, connection);
        assert!(connection.check().is_ok());
        assert!(serde_json::from_str::<Connection>(&text.replace("https", "http")).is_err());
        let same = text.replace("msp.example", "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f");
        assert_eq!(
            serde_json::from_str::<Connection>(&same)
                .unwrap()
                .check()
                .unwrap_err()
                .field,
            Field::TenantId
        );
    }

    #[test]
    fn the_authority_is_a_host_alone() {
        assert_eq!(
            "login.microsoftonline.us/".parse::<Authority>().unwrap().to_string(),
            "https://login.microsoftonline.us"
        );
        assert_eq!(
            "http://127.0.0.1:9".parse::<Authority>().unwrap().to_string(),
            "http://127.0.0.1:9"
        );
        assert!(
            "https://login.microsoftonline.com/contoso.com"
                .parse::<Authority>()
                .is_err()
        );
        assert!("http://login.microsoftonline.com".parse::<Authority>().is_err());
    }
}
