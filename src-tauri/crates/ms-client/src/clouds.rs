//! Where Microsoft is, and as which application a person signs in.
//!
//! Here: the three addresses, the application's ID and the name that Microsoft will show for it (facts: Entra C.5), and
//! how patient everything is. Not here: who signed in (`session.rs`).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cipp_client::{ClientId, Ledger, ProxyChoice, RetryPolicy, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::error::SignInError;
use crate::http::Http;
use crate::scopes::Scopes;

/// Microsoft Graph Command Line Tools: takes dynamic consent to any of Graph's delegated scopes.
const GRAPH_COMMAND_LINE: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

/// Microsoft Azure CLI. Never used for Graph: what it may do there is the person's full rights, not reading.
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// The addresses of one of Microsoft's clouds, or of an imitation on this computer.
#[derive(Clone, PartialEq, Eq)]
pub struct Clouds {
    /// The sign-in server, a host alone.
    pub authority: Url,
    /// Microsoft Graph without its version, such as `https://graph.microsoft.com`; may have a path.
    pub graph: Url,
    /// Azure Resource Manager, such as `https://management.azure.com`; may have a path.
    pub arm: Url,
}

impl Default for Clouds {
    /// Microsoft's public cloud, the only one that CIPP itself supports (facts: Entra A.6).
    fn default() -> Self {
        #[allow(clippy::expect_used, reason = "constants that a test parses")]
        let address = |text: &str| Url::parse(text).expect("a constant address");
        Clouds {
            authority: address("https://login.microsoftonline.com"),
            graph: address("https://graph.microsoft.com"),
            arm: address("https://management.azure.com"),
        }
    }
}

impl Clouds {
    /// The address of this resource.
    pub(crate) fn of(&self, resource: Resource) -> &Url {
        match resource {
            Resource::Graph => &self.graph,
            Resource::Arm => &self.arm,
        }
    }

    /// The one scope of Azure. It names the cloud's own address, which an imitation on this computer takes over.
    fn arm_scope(&self) -> String {
        let named = if is_loopback(&self.arm) {
            "https://management.azure.com".to_owned()
        } else {
            self.arm.origin().ascii_serialization()
        };
        format!("{named}/user_impersonation")
    }

    /// A token travels to each of these: https, or http on this computer; no user info, query or fragment.
    fn check(&self) -> Result<(), SignInError> {
        for (name, url, bare) in [
            ("sign-in server", &self.authority, true),
            ("Microsoft Graph", &self.graph, false),
            ("Azure", &self.arm, false),
        ] {
            let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
            let plain = url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
                && (!bare || url.path().trim_matches('/').is_empty());
            if !(safe && plain && url.has_host()) {
                return Err(SignInError::Local {
                    detail: format!(
                        "The address of {name} must begin with https:// and be nothing but an address ({}).",
                        url.host_str().unwrap_or("no host")
                    ),
                });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Clouds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hosts alone: an address that is not accepted may hold a password.
        let hosts = [&self.authority, &self.graph, &self.arm].map(|url| url.host_str().unwrap_or_default());
        f.debug_tuple("Clouds").field(&hosts).finish()
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// What tokens are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum Resource {
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Graph => "Microsoft Graph",
            Resource::Arm => "Azure",
        })
    }
}

/// As which application a person signs in (facts: Entra C.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInApp {
    /// Microsoft's own public tools: Microsoft Graph Command Line Tools for Graph, Microsoft Azure CLI for Azure alone.
    WellKnown,
    /// An application that the MSP registered: public client, redirect `http://localhost`.
    Own(ClientId),
}

impl SignInApp {
    /// The application's ID for this resource.
    pub fn client_id(&self, resource: Resource) -> String {
        match (self, resource) {
            (SignInApp::Own(id), _) => id.to_string(),
            (SignInApp::WellKnown, Resource::Graph) => GRAPH_COMMAND_LINE.to_owned(),
            (SignInApp::WellKnown, Resource::Arm) => AZURE_CLI.to_owned(),
        }
    }

    /// What Microsoft's pages and the tenant's sign-in log will call it: to be said before the browser opens.
    pub fn shown_name(&self, resource: Resource) -> &'static str {
        match (self, resource) {
            (SignInApp::Own(_), _) => "your own application",
            (SignInApp::WellKnown, Resource::Graph) => "Microsoft Graph Command Line Tools",
            (SignInApp::WellKnown, Resource::Arm) => "Microsoft Azure CLI",
        }
    }

    /// Whether Azure needs a sign-in in the browser of its own: refresh tokens belong to one application.
    pub fn asks_apart_for_azure(&self) -> bool {
        *self == SignInApp::WellKnown
    }
}

/// What a sign-in is to allow. One sign-in is for one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Microsoft Graph with these scopes.
    Graph(Scopes),
    /// Azure Resource Manager, as the person (`user_impersonation`).
    Arm,
}

impl Ask {
    /// What it is for.
    pub fn resource(&self) -> Resource {
        match self {
            Ask::Graph(_) => Resource::Graph,
            Ask::Arm => Resource::Arm,
        }
    }

    /// The scopes of the request besides `openid`.
    pub(crate) fn requested(&self, clouds: &Clouds) -> Vec<String> {
        let mut scopes = vec!["profile".to_owned(), "offline_access".to_owned()];
        match self {
            Ask::Graph(wanted) => scopes.extend(wanted.iter().map(str::to_owned)),
            Ask::Arm => scopes.push(clouds.arm_scope()),
        }
        scopes
    }
}

impl From<Scopes> for Ask {
    fn from(scopes: Scopes) -> Ask {
        Ask::Graph(scopes)
    }
}

/// How everything here behaves. The defaults fit Microsoft; tests shorten them.
#[derive(Debug, Clone)]
pub struct MsOptions {
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// A file (PEM or DER) with further certificate authorities to trust, beside the system's own.
    pub ca_cert: Option<PathBuf>,
    /// For the connection alone, TLS included.
    pub connect_timeout: Duration,
    /// For one whole request, from sending it to the last byte of its reply.
    pub request_timeout: Duration,
    /// How long a person has for the sign-in in the browser (facts: Entra C.5).
    pub sign_in_patience: Duration,
    /// Reads at once.
    pub max_in_flight: usize,
    /// The largest reply that is read, in bytes.
    pub longest_reply_bytes: usize,
    /// All pages of one list together, in bytes.
    pub longest_list_bytes: usize,
    /// The most pages of one list.
    pub most_pages: usize,
    /// The most items of one list.
    pub most_items: usize,
    /// What is tried again.
    pub retry: RetryPolicy,
    /// Over which proxy servers are asked.
    pub proxy: ProxyChoice,
    /// Where every call is noted.
    pub ledger: Ledger,
    /// The time that goes into proofs, and by which an ID token is judged when the server does not send its own.
    pub clock: fn() -> Timestamp,
}

impl Default for MsOptions {
    fn default() -> Self {
        MsOptions {
            user_agent: concat!("CIPP-Desk/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_cert: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            sign_in_patience: Duration::from_secs(5 * 60),
            max_in_flight: 4,
            longest_reply_bytes: 16 * 1024 * 1024,
            longest_list_bytes: 64 * 1024 * 1024,
            most_pages: 200,
            most_items: 50_000,
            retry: RetryPolicy::default(),
            proxy: ProxyChoice::default(),
            ledger: Ledger::default(),
            clock: Timestamp::now,
        }
    }
}

/// Where to sign in, in which tenant and as which application. Cheap to clone. Holds nothing about a person.
#[derive(Clone)]
pub struct Microsoft {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) clouds: Clouds,
    pub(crate) tenant: TenantId,
    pub(crate) app: SignInApp,
    pub(crate) options: MsOptions,
    pub(crate) http: Http,
}

impl Microsoft {
    /// Puts the parts together. Sends nothing.
    ///
    /// # Errors
    /// [`SignInError::Local`]: an address that no token may be sent to, or a CA file that cannot be read.
    pub fn new(clouds: Clouds, tenant: TenantId, app: SignInApp, options: MsOptions) -> Result<Microsoft, SignInError> {
        clouds.check()?;
        let http = Http::new(&options, [&clouds.authority, &clouds.graph, &clouds.arm])?;
        Ok(Microsoft {
            inner: Arc::new(Inner {
                clouds,
                tenant,
                app,
                options,
                http,
            }),
        })
    }

    /// The addresses.
    pub fn clouds(&self) -> &Clouds {
        &self.inner.clouds
    }

    /// The tenant that a person has to sign in to.
    pub fn tenant(&self) -> &TenantId {
        &self.inner.tenant
    }

    /// As which application.
    pub fn app(&self) -> SignInApp {
        self.inner.app
    }
}

impl fmt::Debug for Microsoft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Microsoft")
            .field("clouds", &self.inner.clouds)
            .field("tenant", &self.inner.tenant)
            .field("app", &self.inner.app)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clouds(authority: &str, graph: &str, arm: &str) -> Clouds {
        Clouds {
            authority: authority.parse().unwrap(),
            graph: graph.parse().unwrap(),
            arm: arm.parse().unwrap(),
        }
    }

    #[test]
    fn tokens_travel_over_https_or_stay_on_this_computer() {
        assert_eq!(Clouds::default().check(), Ok(()));
        let local = "http://127.0.0.1:9";
        assert_eq!(
            clouds(local, "http://[::1]:9/graph", "http://localhost:9/arm").check(),
            Ok(())
        );
        for wrong in [
            clouds("http://login.microsoftonline.com", local, local),
            clouds("https://login.microsoftonline.com/contoso.com", local, local),
            clouds(local, "http://graph.microsoft.com", local),
            clouds(local, "https://me:planted@graph.microsoft.com", local),
            clouds(local, local, "https://management.azure.com/?x=1"),
            clouds(local, local, "http://localhost.example.net"),
            clouds(local, "data:text/plain,x", local),
        ] {
            let error = wrong.check().unwrap_err();
            assert!(!format!("{error} {error:?} {wrong:?}").contains("planted"), "{error}");
        }
    }

    #[test]
    fn azures_scope_names_the_cloud_and_never_this_computer() {
        assert_eq!(
            Clouds::default().arm_scope(),
            "https://management.azure.com/user_impersonation"
        );
        let local = clouds(
            "http://127.0.0.1:9",
            "http://127.0.0.1:9/graph",
            "http://127.0.0.1:9/arm",
        );
        assert_eq!(local.arm_scope(), "https://management.azure.com/user_impersonation");
        let us = clouds(
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us",
            "https://management.usgovcloudapi.net",
        );
        assert_eq!(
            us.arm_scope(),
            "https://management.usgovcloudapi.net/user_impersonation"
        );
    }

    #[test]
    fn the_azure_cli_is_never_used_for_graph() {
        let app = SignInApp::WellKnown;
        assert_eq!(app.client_id(Resource::Graph), GRAPH_COMMAND_LINE);
        assert_eq!(app.client_id(Resource::Arm), AZURE_CLI);
        assert!(app.asks_apart_for_azure());
        assert_eq!(app.shown_name(Resource::Arm), "Microsoft Azure CLI");
        let own = SignInApp::Own("7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f".parse().unwrap());
        assert_eq!(own.client_id(Resource::Graph), own.client_id(Resource::Arm));
        assert!(!own.asks_apart_for_azure());
    }

    #[test]
    fn only_what_was_asked_for_is_requested() {
        let clouds = Clouds::default();
        let graph = Ask::from(["User.Read", "openid"].iter().collect::<Scopes>());
        assert_eq!(graph.requested(&clouds), ["profile", "offline_access", "User.Read"]);
        assert_eq!(
            Ask::Arm.requested(&clouds),
            [
                "profile",
                "offline_access",
                "https://management.azure.com/user_impersonation"
            ]
        );
    }
}
