//! Paths and queries of reads, with every value encoded.
//!
//! Here: building one from values that people chose (names, IDs, user principal names), and turning it into an address
//! that cannot leave its server. Not here: what is at the other end.

use std::fmt;

use url::Url;

use crate::ms_error::MsError;

/// A path and its query, such as `/users/anna%40msp.example?$select=id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Begins with fixed parts, such as `/users` or `/applications(appId='...')`; taken as they are.
    pub fn new(fixed: &str) -> Path {
        Path(fixed.to_owned())
    }

    /// Adds one part that may hold anything, such as a user principal name with `#EXT#`.
    pub fn then(mut self, part: &str) -> Path {
        self.0.push('/');
        self.0.push_str(&encoded(part));
        self
    }

    /// Adds fixed parts after that, such as `/transitiveMemberOf`; taken as they are.
    pub fn and(mut self, fixed: &str) -> Path {
        self.0.push_str(fixed);
        self
    }

    /// Adds a parameter of the query, such as `$filter`.
    pub fn with(mut self, name: &str, value: &str) -> Path {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&encoded(value));
        self
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Path {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A text inside an OData filter, in quotes: `O'Brien` becomes `'O''Brien'`.
pub fn odata_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Percent-encodes everything that could mean something in an address.
fn encoded(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'$'
            | b'\''
            | b'('
            | b')'
            | b':'
            | b','
            | b'='
            | b'@'
            | b'*' => safe.push(char::from(byte)),
            byte => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    // A part that is nothing but dots would be taken for a step in the path.
    if safe.bytes().all(|byte| byte == b'.') {
        return safe.replace('.', "%2E");
    }
    safe
}

/// The full address of a path below a base, such as `https://graph.microsoft.com/v1.0`.
pub(crate) fn address(base: &Url, version: &str, path: &str) -> Result<Url, MsError> {
    let wrong = || MsError::Local {
        detail: "The address of the request is not valid.".into(),
    };
    let root = format!("{}{version}", base.as_str().trim_end_matches('/'));
    let stepping = |part: &str| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    };
    let bare = path.split('?').next().unwrap_or_default();
    if !bare.starts_with('/') || path.contains(['#', '\\']) || bare.split('/').any(stepping) || bare.contains("//") {
        return Err(wrong());
    }
    let url = Url::parse(&format!("{root}{path}")).map_err(|_| wrong())?;
    // The root ends where the path begins, so no path can reach another version or server.
    if url.origin() != base.origin() {
        return Err(wrong());
    }
    Ok(url)
}

/// The address of the next page: only where the first one came from may the token travel.
pub(crate) fn next_page(base: &Url, link: &str) -> Result<Url, MsError> {
    let next = Url::parse(link).map_err(|_| MsError::StrangeNextPage { host: String::new() })?;
    let below = base.path().trim_end_matches('/');
    let inside = next
        .path()
        .strip_prefix(below)
        .is_some_and(|rest| rest.starts_with('/'));
    let plain = next.username().is_empty() && next.password().is_none();
    if next.origin() != base.origin() || !inside || !plain {
        return Err(MsError::StrangeNextPage {
            host: next.host_str().unwrap_or_default().to_owned(),
        });
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_place() {
        let path = Path::new("/users")
            .then("anna_ext.com#EXT#@msp.example/../me?x=1")
            .and("/transitiveMemberOf/microsoft.graph.group")
            .with("$filter", &format!("displayName eq {}", odata_text("O'Brien & Söhne+")))
            .with("$count", "true");
        assert_eq!(
            path.as_str(),
            "/users/anna_ext.com%23EXT%23@msp.example%2F..%2Fme%3Fx=1/transitiveMemberOf/microsoft.graph.group?$filter=displayName%20eq%20'O''Brien%20%26%20S%C3%B6hne%2B'&$count=true"
        );
        let url = address(&"https://graph.microsoft.com".parse().unwrap(), "/v1.0", path.as_str()).unwrap();
        let filter = url
            .query_pairs()
            .find(|(name, _)| name == "$filter")
            .unwrap()
            .1
            .into_owned();
        assert_eq!(filter, "displayName eq 'O''Brien & Söhne+'");
        assert_eq!(Path::new("/users").then("..").as_str(), "/users/%2E%2E");
    }

    #[test]
    fn a_path_stays_on_its_server_and_below_its_version() {
        let base: Url = "http://127.0.0.1:9/graph".parse().unwrap();
        let at = |path: &str| address(&base, "/v1.0", path).map(|url| url.to_string());
        assert_eq!(
            at("/me?$select=id,displayName").unwrap(),
            "http://127.0.0.1:9/graph/v1.0/me?$select=id,displayName"
        );
        for wrong in [
            "me",
            "",
            "//evil.example/me",
            "@evil.example/me",
            ":80/me",
            "/../beta/me",
            "/a/%2e%2E/b",
            "/a/./b",
            "/me#x",
            "/\\evil.example",
            "/users/..",
        ] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_page_is_where_the_first_one_was() {
        let base: Url = "https://graph.microsoft.com".parse().unwrap();
        assert!(next_page(&base, "https://graph.microsoft.com/v1.0/users?$skiptoken=x").is_ok());
        let own: Url = "http://127.0.0.1:9/graph".parse().unwrap();
        assert!(next_page(&own, "http://127.0.0.1:9/graph/v1.0/users?$skiptoken=x").is_ok());
        for (base, link) in [
            (&base, "https://graph.microsoft.com.evil.example/v1.0/users"),
            (&base, "http://graph.microsoft.com/v1.0/users"),
            (&base, "https://graph.microsoft.com:444/v1.0/users"),
            (&base, "https://me@graph.microsoft.com/v1.0/users"),
            (&own, "http://127.0.0.1:9/arm/users"),
            (&own, "http://127.0.0.1:9/graphical/users"),
            (&own, "/graph/v1.0/users"),
        ] {
            assert!(
                matches!(next_page(base, link), Err(MsError::StrangeNextPage { .. })),
                "{link}"
            );
        }
    }
}
