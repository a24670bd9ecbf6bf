//! Which delegated permissions of Microsoft Graph are asked for, and which were granted.
//!
//! Here: the set and its tiers (facts: Entra C.4). Not here: Azure, which has one scope alone (`clouds.rs`).

use std::collections::BTreeMap;
use std::fmt;

/// What a person may usually consent to alone.
pub const TIER_1: &[&str] = &["User.Read", "MailboxSettings.Read"];

/// What an administrator consents to; these three cover almost every check.
pub const TIER_2: &[&str] = &["Directory.Read.All", "Policy.Read.All", "AuditLog.Read.All"];

/// What a few checks need besides, each asked for only when its check is wanted.
pub const TIER_2_OPTIONAL: &[&str] = &[
    "UserAuthenticationMethod.Read.All",
    "RoleEligibilitySchedule.Read.Directory",
    "DelegatedAdminRelationship.Read.All",
];

/// Scopes that belong to the sign-in itself and are no permission to read anything.
const OF_THE_SIGN_IN: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// A set of Microsoft Graph's delegated scopes. Names are compared without regard to case, as Entra does.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeMap<String, String>);

impl Scopes {
    /// No scope.
    pub fn none() -> Scopes {
        Scopes::default()
    }

    /// [`TIER_1`].
    pub fn tier_1() -> Scopes {
        TIER_1.iter().collect()
    }

    /// [`TIER_1`] and [`TIER_2`].
    pub fn tier_2() -> Scopes {
        TIER_1.iter().chain(TIER_2).collect()
    }

    /// The scopes of a token reply: separated by blanks, some with the resource's address in front of them.
    pub(crate) fn granted(listed: &str) -> Scopes {
        listed
            .split_ascii_whitespace()
            .map(|scope| scope.rsplit_once('/').map_or(scope, |(_, name)| name))
            .collect()
    }

    /// Adds a scope; one of the sign-in itself (such as `openid`) is left out.
    pub fn add(&mut self, scope: impl Into<String>) {
        let scope = scope.into();
        let key = scope.to_ascii_lowercase();
        if !key.is_empty() && !OF_THE_SIGN_IN.contains(&key.as_str()) {
            self.0.entry(key).or_insert(scope);
        }
    }

    /// Both sets together.
    pub fn and(&self, other: &Scopes) -> Scopes {
        let mut both = self.clone();
        both.extend(other.iter());
        both
    }

    /// Whether this very scope is in the set.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains_key(&scope.to_ascii_lowercase())
    }

    /// Whether the set allows what this scope allows: the scope itself, or the same with writing.
    pub fn allows(&self, scope: &str) -> bool {
        self.contains(scope) || self.contains(&scope.replacen(".Read", ".ReadWrite", 1))
    }

    /// Those of the set that `granted` does not allow.
    pub fn missing_in(&self, granted: &Scopes) -> Scopes {
        self.iter().filter(|scope| !granted.allows(scope)).collect()
    }

    /// The scopes, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut set = Scopes::default();
        set.extend(scopes);
        set
    }
}

impl<S: AsRef<str>> Extend<S> for Scopes {
    fn extend<I: IntoIterator<Item = S>>(&mut self, scopes: I) {
        for scope in scopes {
            self.add(scope.as_ref());
        }
    }
}

/// The scopes, separated by blanks, as Entra wants and prints them.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.iter().enumerate() {
            let blank = if n == 0 { "" } else { " " };
            write!(f, "{blank}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_entra_lists_is_read_with_and_without_addresses() {
        let granted =
            Scopes::granted(" https://graph.microsoft.com/User.Read openid Directory.ReadWrite.All profile email ");
        assert_eq!(granted.to_string(), "Directory.ReadWrite.All User.Read");
        assert!(granted.contains("user.read") && granted.allows("Directory.Read.All"));
        assert!(!granted.allows("Policy.Read.All") && !granted.contains("openid"));
    }

    #[test]
    fn missing_scopes_are_found_and_sets_add_up() {
        let granted: Scopes = ["user.read", "Policy.Read.All"].iter().collect();
        assert_eq!(
            Scopes::tier_2().missing_in(&granted).to_string(),
            "AuditLog.Read.All Directory.Read.All MailboxSettings.Read"
        );
        assert_eq!(
            granted.and(&Scopes::tier_1()).to_string(),
            "MailboxSettings.Read Policy.Read.All user.read"
        );
        assert!(Scopes::none().is_empty() && Scopes::none().to_string().is_empty());
    }
}
