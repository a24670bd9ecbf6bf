//! What an app asks for: one resource, its scopes, and OpenID's own.

use super::{Authority, refusal::Refusal};

/// An API that tokens of people are issued for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
}

impl Resource {
    /// Its identifier in scopes and in `aud`.
    pub(crate) fn identifier(self) -> &'static str {
        match self {
            Self::Graph => "https://graph.microsoft.com",
            Self::Arm => "https://management.azure.com",
        }
    }

    /// Its application ID, under which a tenant's consents name it.
    pub(super) fn app_id(self) -> &'static str {
        match self {
            Self::Graph => "00000003-0000-0000-c000-000000000000",
            Self::Arm => "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        }
    }

    fn knows(self) -> &'static [&'static str] {
        match self {
            Self::Graph => &GRAPH_SCOPES,
            Self::Arm => &["user_impersonation"],
        }
    }

    fn named(authority: &Authority, name: &str) -> Option<Self> {
        let origin = &authority.origin;
        let name = name.trim_end_matches('/');
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        // The sandbox is a cloud of its own, and each cloud calls its resources by their addresses there.
        if is(&[
            "https://graph.microsoft.com",
            Self::Graph.app_id(),
            &format!("{origin}/graph"),
        ]) {
            Some(Self::Graph)
        } else if is(&[
            "https://management.azure.com",
            "https://management.core.windows.net",
            Self::Arm.app_id(),
            &format!("{origin}/arm"),
        ]) {
            Some(Self::Arm)
        } else {
            None
        }
    }
}

const OPENID_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The delegated scopes of Graph that exist here; Entra refuses names that do not exist (650053).
const GRAPH_SCOPES: [&str; 27] = [
    "Application.Read.All",
    "AuditLog.Read.All",
    "DelegatedAdminRelationship.Read.All",
    "DelegatedPermissionGrant.Read.All",
    "Directory.AccessAsUser.All",
    "Directory.Read.All",
    "Domain.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "IdentityProvider.Read.All",
    "MailboxSettings.Read",
    "Organization.Read.All",
    "Policy.Read.All",
    "Policy.Read.AuthenticationMethod",
    "Policy.Read.ConditionalAccess",
    "Reports.Read.All",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "User.Read",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
    "UserAuthenticationMethod.Read",
    "UserAuthenticationMethod.Read.All",
];

/// The scopes of which a person decides for themselves; all others need an administrator.
const FOR_ONESELF: [&str; 5] = [
    "User.Read",
    "User.ReadBasic.All",
    "MailboxSettings.Read",
    "user_impersonation",
    "UserAuthenticationMethod.Read",
];

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    pub resource: Resource,
    /// Names of the resource, spelled as it spells them; empty together with `default` for OpenID alone.
    pub names: Vec<String>,
    /// `.default`: whatever has been agreed to already.
    pub default: bool,
    /// Scopes were written with the resource in front; the answer writes them so too.
    pub qualified: bool,
    pub openid: bool,
    pub offline_access: bool,
    /// As the app wrote it.
    pub written: String,
}

impl Scopes {
    /// Reads a `scope` parameter.
    ///
    /// # Errors
    /// The refusal for an unknown resource or scope, two resources, or nothing at all.
    pub(super) fn read(authority: &Authority, written: &str) -> Result<Self, Refusal> {
        let mut scopes = Self {
            resource: Resource::Graph,
            names: Vec::new(),
            default: false,
            qualified: false,
            openid: false,
            offline_access: false,
            written: written.to_owned(),
        };
        let mut resource = None;
        for scope in written.split_whitespace() {
            if OPENID_SCOPES.contains(&scope) {
                scopes.openid |= scope == "openid";
                scopes.offline_access |= scope == "offline_access";
                continue;
            }
            let (of, name) = scopes.one(authority, scope)?;
            if resource.is_some_and(|known| known != of) {
                return Err(Refusal::bad_request(
                    28000,
                    "invalid_request",
                    format!(
                        "Provided value for the input parameter scope is not valid because it contains more than one \
                         resource. Scope {written} is not valid."
                    ),
                ));
            }
            resource = Some(of);
            if name == ".default" {
                scopes.default = true;
            } else if !scopes.names.contains(&name) {
                scopes.names.push(name);
            }
        }
        if written.trim().is_empty() {
            return Err(Refusal::missing_parameter("scope"));
        }
        scopes.resource = resource.unwrap_or(Resource::Graph);
        Ok(scopes)
    }

    fn one(&mut self, authority: &Authority, scope: &str) -> Result<(Resource, String), Refusal> {
        let (resource, name) = match scope.rsplit_once('/') {
            None => (Resource::Graph, scope),
            Some((resource, name)) => {
                self.qualified = true;
                let known = Resource::named(authority, resource)
                    .ok_or_else(|| Refusal::unknown_resource(resource, &authority.identity.tenant_name))?;
                (known, name)
            }
        };
        if name == ".default" {
            return Ok((resource, name.to_owned()));
        }
        let known = resource.knows().iter().find(|known| known.eq_ignore_ascii_case(name));
        known.map(|name| (resource, (*name).to_owned())).ok_or_else(|| {
            Refusal::bad_request(
                650_053,
                "invalid_client",
                format!(
                    "The application asked for scope '{name}' that doesn't exist on the resource '{}'. Contact the \
                     app vendor.",
                    resource.app_id()
                ),
            )
        })
    }

    /// With the resource in front.
    pub(super) fn full_names(&self) -> impl Iterator<Item = String> {
        self.names.iter().map(|name| full_name(self.resource, name))
    }
}

/// A scope with its resource in front.
pub(super) fn full_name(resource: Resource, name: &str) -> String {
    format!("{}/{name}", resource.identifier())
}

/// Whether a person without an administrator's role may agree to it.
pub(super) fn is_for_oneself(name: &str) -> bool {
    FOR_ONESELF.contains(&name)
}
