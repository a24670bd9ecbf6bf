//! The proxy on the way to a server: the system's, none, or one that a person entered.
//!
//! Here: what can be chosen, what an address of a proxy may look like, and how the HTTP clients are told. Not here: where
//! the choice and its password rest (the `connections` crate and the keychain).
//!
//! The system's proxy is what the HTTP library finds: the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) first, then
//! the registry on Windows and the system configuration on macOS. Configuration scripts (PAC) are not followed.
//!
//! A server on this computer is never asked over a proxy, with one exception: a proxy that runs on this computer itself.
//! There a request does not leave it either way.

use std::fmt;
use std::str::FromStr;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, NoProxy, Proxy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};

use crate::connection::{host_is_loopback, is_loopback};
use crate::field::{Field, FieldError, clean, shown};
use crate::secret::Secret;

/// Over which proxy servers are asked.
#[derive(Debug, Clone, Default)]
pub enum ProxyChoice {
    /// As the system says.
    #[default]
    System,
    /// Over none, whatever the system says.
    None,
    /// Over this one.
    Manual(ManualProxy),
}

/// A proxy that a person entered.
#[derive(Debug, Clone)]
pub struct ManualProxy {
    /// Where it is.
    pub address: ProxyAddress,
    /// As whom to sign in there; `None` for a proxy that asks nobody.
    pub user: Option<String>,
    /// With which password.
    pub password: Option<Secret>,
    /// Names that are asked without it, each with everything below; also addresses and their ranges (`10.0.0.0/8`).
    pub bypass: Vec<String>,
}

/// Where a proxy is: `http://`, `https://` or `socks5://`, a host and a port. No sign-in inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProxyAddress {
    scheme: Scheme,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
    Socks5,
}

impl Scheme {
    fn usual_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
            Scheme::Socks5 => 1080,
        }
    }
}

impl ProxyChoice {
    /// Tells an HTTP client. `loopback`: whether the servers that it is for are on this computer.
    ///
    /// # Errors
    /// A sentence, where the HTTP library does not take the address.
    pub fn apply(&self, builder: ClientBuilder, loopback: bool) -> Result<ClientBuilder, String> {
        let builder = match self {
            ProxyChoice::System if !loopback => return Ok(builder),
            ProxyChoice::System | ProxyChoice::None => return Ok(builder.no_proxy()),
            // Also keeps the system's proxy out.
            ProxyChoice::Manual(manual) if loopback && !manual.address.is_loopback() => return Ok(builder.no_proxy()),
            ProxyChoice::Manual(manual) => builder.proxy(manual.for_library()?),
        };
        Ok(builder)
    }

    /// The proxy over which this address is asked, by host and port; `None` where it is asked directly.
    pub fn on_the_way_to(&self, url: &Url) -> Option<String> {
        let matcher = match self {
            ProxyChoice::None => return None,
            ProxyChoice::System if is_loopback(url) => return None,
            ProxyChoice::System => Matcher::from_system(),
            ProxyChoice::Manual(manual) if is_loopback(url) && !manual.address.is_loopback() => return None,
            ProxyChoice::Manual(manual) => Matcher::builder()
                .all(manual.address.for_library())
                .no(manual.bypass_list())
                .build(),
        };
        let found = matcher.intercept(&url.as_str().parse().ok()?)?;
        let (host, port) = (found.uri().host()?, found.uri().port_u16());
        Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    /// The password, which must not come back out in an error's text.
    pub fn password(&self) -> Option<&Secret> {
        match self {
            ProxyChoice::Manual(manual) => manual.password.as_ref(),
            ProxyChoice::System | ProxyChoice::None => None,
        }
    }
}

impl ManualProxy {
    fn for_library(&self) -> Result<Proxy, String> {
        // Its own words would repeat the address.
        let refused = |_| format!("The proxy {} cannot be used.", self.address);
        let mut proxy = Proxy::all(self.address.for_library()).map_err(refused)?;
        if let Some(user) = &self.user {
            proxy = proxy.basic_auth(user, self.password.as_ref().map_or("", Secret::expose));
        }
        Ok(proxy.no_proxy(NoProxy::from_string(&self.bypass_list())))
    }

    /// As the HTTP library wants it; `*.msp.example` and `.msp.example` mean the same there.
    fn bypass_list(&self) -> String {
        let names = self.bypass.iter().map(|name| name.trim());
        let names = names.map(|name| name.strip_prefix("*.").unwrap_or(name));
        names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(",")
    }
}

impl ProxyAddress {
    /// The host, without scheme and port.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    fn is_loopback(&self) -> bool {
        host_is_loopback(&self.host)
    }

    /// For SOCKS the name is looked up by the proxy: behind it a company's own DNS may know more than this computer's.
    fn for_library(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Socks5 => "socks5h",
        };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl FromStr for ProxyAddress {
    type Err = FieldError;

    fn from_str(typed: &str) -> Result<ProxyAddress, FieldError> {
        let text = clean(typed);
        let refuse = |problem: String, remedy: &str| Err(FieldError::new(Field::Proxy, problem, remedy));
        let like = "Type it like http://proxy.msp.example:8080.";
        if text.is_empty() {
            return refuse("The proxy's address is empty.".into(), like);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("http".to_owned(), text.as_str()),
        };
        let scheme = match scheme.as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "socks5" | "socks5h" => Scheme::Socks5,
            other => {
                return refuse(
                    format!("A proxy cannot be reached by \u{201C}{}://\u{201D}.", shown(other)),
                    "It must begin with http://, https:// or socks5://.",
                );
            }
        };
        // Before anything of it is repeated.
        if rest.contains('@') {
            return refuse(
                "The proxy's address contains a user name or password.".into(),
                "Enter them in their own fields; the password is kept in the keychain.",
            );
        }
        let (authority, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
        if !path.is_empty() {
            return refuse(
                "The address goes on after the host, as that of a configuration script (PAC) does.".into(),
                "Scripts are not followed. Open it in the browser, look for the word PROXY, and enter the host and the port that follow it.",
            );
        }
        match host_and_port(authority, scheme.usual_port()) {
            Some((host, port)) => Ok(ProxyAddress { scheme, host, port }),
            None => refuse(
                format!("\u{201C}{}\u{201D} is not a proxy's address.", shown(&text)),
                like,
            ),
        }
    }
}

fn host_and_port(authority: &str, usual: u16) -> Option<(Host, u16)> {
    let in_brackets = authority.starts_with('[');
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, _)) if in_brackets && !host.ends_with(']') => (authority, None),
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => usual,
    };
    let host = Host::parse(host).ok()?;
    (!host.to_string().is_empty()).then_some((host, port))
}

impl Serialize for ProxyAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProxyAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual(address: &str, bypass: &[&str]) -> ProxyChoice {
        ProxyChoice::Manual(ManualProxy {
            address: address.parse().unwrap(),
            user: Some("anna".into()),
            password: Some(Secret::password("planted p@ss:word%").unwrap()),
            bypass: bypass.iter().map(|&name| name.to_owned()).collect(),
        })
    }

    #[test]
    fn an_address_is_accepted_as_people_write_it() {
        for (typed, kept) in [
            ("proxy.msp.example:8080", "http://proxy.msp.example:8080"),
            ("HTTP://Proxy.msp.example:80/", "http://proxy.msp.example:80"),
            ("https://proxy.msp.example", "https://proxy.msp.example:443"),
            ("socks5h://10.0.0.1", "socks5://10.0.0.1:1080"),
            ("socks5://10.0.0.1:80", "socks5://10.0.0.1:80"),
            ("http://[::1]:3128", "http://[::1]:3128"),
            ("[::1]", "http://[::1]:80"),
        ] {
            let address: ProxyAddress = typed.parse().unwrap();
            assert_eq!(address.to_string(), kept, "{typed}");
            let text = serde_json::to_string(&address).unwrap();
            assert_eq!(serde_json::from_str::<ProxyAddress>(&text).unwrap(), address);
        }
    }

    #[test]
    fn what_is_no_proxy_says_what_to_type_and_repeats_no_password() {
        for (typed, says) in [
            ("", "proxy.msp.example"),
            ("ftp://proxy:21", "socks5://"),
            ("http://anna:planted@proxy:8080", "keychain"),
            ("anna:planted@proxy:8080", "keychain"),
            ("http://wpad/proxy.pac", "PROXY"),
            ("proxy:0", "proxy.msp.example"),
            ("proxy:eighty", "proxy.msp.example"),
            ("two words:80", "proxy.msp.example"),
            (":8080", "proxy.msp.example"),
        ] {
            let error = typed.parse::<ProxyAddress>().unwrap_err();
            assert_eq!(error.field, Field::Proxy);
            assert!(error.to_string().contains(says), "{typed}: {error}");
            assert!(!error.to_string().contains("planted"), "{error}");
        }
    }

    #[test]
    fn the_proxy_on_the_way_is_told_and_its_password_is_not() {
        let outside: Url = "https://cipp.example.net/api/PublicPing".parse().unwrap();
        let here: Url = "http://127.0.0.1:7071/api/PublicPing".parse().unwrap();
        let proxy = manual("proxy.msp.example:8080", &["*.lab.example", " 10.0.0.0/8 ", ""]);
        assert_eq!(proxy.on_the_way_to(&outside).as_deref(), Some("proxy.msp.example:8080"));
        assert_eq!(proxy.on_the_way_to(&here), None);
        for passed_by in ["https://lab.example/", "https://a.lab.example/", "https://10.1.2.3/"] {
            assert_eq!(proxy.on_the_way_to(&passed_by.parse().unwrap()), None, "{passed_by}");
        }
        assert_eq!(ProxyChoice::None.on_the_way_to(&outside), None);
        assert_eq!(ProxyChoice::System.on_the_way_to(&here), None);
        let own = manual("127.0.0.1:3128", &[]);
        assert_eq!(own.on_the_way_to(&here).as_deref(), Some("127.0.0.1:3128"));
        let http = own.apply(ClientBuilder::new(), true).unwrap().build().unwrap();
        for said in [format!("{proxy:?}"), format!("{own:?}"), format!("{http:?}")] {
            assert!(!said.contains("planted"), "{said}");
        }
    }
}
