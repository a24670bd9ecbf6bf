//! Applications that people can sign in to: Microsoft's public clients and the tenant's own registrations.

use serde_json::Value;

use crate::directory::Directory;

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub app_id: String,
    pub name: String,
    pub publisher: String,
    /// Redirect addresses by the platform under which they are registered.
    public: Vec<String>,
    web: Vec<String>,
    single_page: Vec<String>,
    /// Whether it may ask people for more scopes than it was born with. Microsoft's own applications that may not are
    /// refused with 65002 (facts: entra C.5).
    pub dynamic_consent: bool,
    /// What such an application gets without asking, as full scope names.
    pub preauthorised: Vec<String>,
    /// "Allow public client flows": without it the device code flow is refused.
    pub public_flows: bool,
}

/// Under which platform a redirect address is registered; it decides what the token endpoint wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    /// Mobile and desktop: no secret.
    Public,
    /// Web: a secret is required.
    Web,
    /// Single-page: only a browser's script may redeem the code.
    SinglePage,
}

impl Client {
    /// The application with this ID.
    pub(super) fn find(directory: &Directory, app_id: &str) -> Option<Self> {
        Self::of_microsoft(directory, app_id).or_else(|| Self::of_the_tenant(directory, app_id))
    }

    fn of_microsoft(directory: &Directory, app_id: &str) -> Option<Self> {
        let clients = directory.at("/sign_in/clients").as_object()?;
        let client = clients
            .values()
            .find(|client| crate::directory::same(&client["appId"], app_id))?;
        Some(Self {
            app_id: text(&client["appId"]),
            name: text(&client["displayName"]),
            publisher: text(&client["publisher"]),
            public: texts(&client["redirectUris"]),
            web: Vec::new(),
            single_page: Vec::new(),
            dynamic_consent: client["dynamicConsent"] == true,
            preauthorised: texts(&client["preauthorised"]),
            public_flows: true,
        })
    }

    fn of_the_tenant(directory: &Directory, app_id: &str) -> Option<Self> {
        let (_, application) = directory.by("applications", "appId", app_id)?;
        Some(Self {
            app_id: text(&application["appId"]),
            name: text(&application["displayName"]),
            publisher: text(&directory.at("/organization/partner")["displayName"]),
            public: texts(&application["publicClient"]["redirectUris"]),
            web: texts(&application["web"]["redirectUris"]),
            single_page: texts(&application["spa"]["redirectUris"]),
            dynamic_consent: true,
            preauthorised: Vec::new(),
            public_flows: application["isFallbackPublicClient"] == true,
        })
    }

    /// The platform of a redirect address; `None`: it is not registered.
    pub(super) fn platform(&self, redirect: &str) -> Option<Platform> {
        [
            (&self.public, Platform::Public),
            (&self.web, Platform::Web),
            (&self.single_page, Platform::SinglePage),
        ]
        .into_iter()
        .find(|(registered, _)| registered.iter().any(|one| fits(one, redirect)))
        .map(|(_, platform)| platform)
    }
}

/// The port does not matter for `localhost` alone; everything else has to be equal, but for the slash that a bare host
/// gets (facts: entra C.5).
fn fits(registered: &str, given: &str) -> bool {
    let (Ok(mut registered), Ok(mut given)) = (registered.parse::<url::Url>(), given.parse::<url::Url>()) else {
        return false;
    };
    if given.fragment().is_some() {
        return false;
    }
    if registered.host_str() == Some("localhost") && given.scheme() == "http" {
        let _ = registered.set_port(None);
        let _ = given.set_port(None);
    }
    registered == given
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn only_localhost_forgets_its_port() {
        assert!(fits("http://localhost", "http://localhost:51234/"));
        assert!(fits("http://localhost", "http://localhost:51234"));
        assert!(!fits("http://localhost", "http://localhost:51234/callback"));
        assert!(!fits("http://localhost", "http://127.0.0.1:51234"));
        assert!(!fits("http://localhost", "https://localhost:51234"));
        assert!(!fits("https://app.example/cb", "https://app.example:8443/cb"));
        assert!(!fits("http://localhost", "not an address"));
    }
}
