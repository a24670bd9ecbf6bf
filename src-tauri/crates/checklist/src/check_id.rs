//! The closed list of checks by name: what a checklist may refer to.
//!
//! Not here: what a check asks and decides (`checks/`, one file each, named as here).

use std::fmt;

use serde::{Deserialize, Serialize};
use specta::Type;

/// A check. Its text form is the one that checklists and evidence use, such as `cipp-listlogs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    /// Entra issues a token to the API client.
    CippToken,
    /// The address answers as CIPP's API and not as a website.
    CippAddress,
    /// CIPP accepts the API client.
    CippAccepted,
    /// The client's role includes reading.
    CippRole,
    /// The logbook answers with a list.
    CippListlogs,
    /// CIPP tells its version.
    CippVersion,
    /// CIPP's own permission check ran and is content.
    CippAccessPermissions,
    /// CIPP runs as an account that is named as a service account.
    CippServiceAccountName,
    /// The account's token was got with MFA.
    CippMfaClaim,
    /// The SAM application misses no permission.
    CippSamPermissions,
    /// The account is in AdminAgents.
    CippAdminagents,
    /// The account is in the fifteen GDAP groups.
    CippGdapGroups,
    /// CIPP reaches its tenants.
    CippTenantAccess,
    /// The API client may be used from few addresses only.
    CippIpRange,
    /// The API client may only read.
    CippRoleLowered,
    /// The tenant is the right one (C.2 row 1).
    MsTenant,
    /// The Function App's sign-in settings hold the client (row 2).
    MsAuthSettings,
    /// The account has the roles for the set-up (rows 4 and 4b).
    MsSetupRoles,
    /// ... and has them no more (row 5).
    MsSetupRolesRemoved,
    /// The SAM application asks for Azure Service Management (row 6).
    MsSamPermission,
    /// ... and has consent for it (row 7).
    MsSamConsent,
    /// The account is Contributor of the subscription (row 8).
    MsContributor,
    /// ... and is it no more.
    MsContributorRemoved,
    /// The Function App's own identity is Contributor (row 8c).
    MsFunctionIdentity,
    /// The API's application exists and is sound (row 9).
    MsApiApp,
    /// The secret is valid, and until when (row 10).
    MsSecretExpiry,
    /// The account exists, is internal, enabled and named (row 11).
    MsAccount,
    /// The account is in AdminAgents (row 13).
    MsAdminagents,
    /// The account is in the GDAP groups, and customers' relationships give their roles to them (row 14).
    MsGdapGroups,
    /// The account has a Microsoft method of MFA (row 15).
    MsMfaRegistered,
    /// MFA is demanded at each logon (row 16, C.3).
    MsMfaEnforced,
    /// No other policy than its own concerns the account (C.3 step 2).
    MsOtherPolicies,
    /// MFA is not remembered on trusted devices (C.3 step 4).
    MsRememberedDevices,
    /// It is Microsoft's and nobody else's (row 17).
    MsMicrosoftMfa,
    /// The account has a mailbox (row 18).
    MsMailbox,
}

impl CheckId {
    /// Every check.
    pub const ALL: &'static [CheckId] = &[
        CheckId::CippToken,
        CheckId::CippAddress,
        CheckId::CippAccepted,
        CheckId::CippRole,
        CheckId::CippListlogs,
        CheckId::CippVersion,
        CheckId::CippAccessPermissions,
        CheckId::CippServiceAccountName,
        CheckId::CippMfaClaim,
        CheckId::CippSamPermissions,
        CheckId::CippAdminagents,
        CheckId::CippGdapGroups,
        CheckId::CippTenantAccess,
        CheckId::CippIpRange,
        CheckId::CippRoleLowered,
        CheckId::MsTenant,
        CheckId::MsAuthSettings,
        CheckId::MsSetupRoles,
        CheckId::MsSetupRolesRemoved,
        CheckId::MsSamPermission,
        CheckId::MsSamConsent,
        CheckId::MsContributor,
        CheckId::MsContributorRemoved,
        CheckId::MsFunctionIdentity,
        CheckId::MsApiApp,
        CheckId::MsSecretExpiry,
        CheckId::MsAccount,
        CheckId::MsAdminagents,
        CheckId::MsGdapGroups,
        CheckId::MsMfaRegistered,
        CheckId::MsMfaEnforced,
        CheckId::MsOtherPolicies,
        CheckId::MsRememberedDevices,
        CheckId::MsMicrosoftMfa,
        CheckId::MsMailbox,
    ];

    /// The text form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CheckId::CippToken => "cipp-token",
            CheckId::CippAddress => "cipp-address",
            CheckId::CippAccepted => "cipp-accepted",
            CheckId::CippRole => "cipp-role",
            CheckId::CippListlogs => "cipp-listlogs",
            CheckId::CippVersion => "cipp-version",
            CheckId::CippAccessPermissions => "cipp-access-permissions",
            CheckId::CippServiceAccountName => "cipp-service-account-name",
            CheckId::CippMfaClaim => "cipp-mfa-claim",
            CheckId::CippSamPermissions => "cipp-sam-permissions",
            CheckId::CippAdminagents => "cipp-adminagents",
            CheckId::CippGdapGroups => "cipp-gdap-groups",
            CheckId::CippTenantAccess => "cipp-tenant-access",
            CheckId::CippIpRange => "cipp-ip-range",
            CheckId::CippRoleLowered => "cipp-role-lowered",
            CheckId::MsTenant => "ms-tenant",
            CheckId::MsAuthSettings => "ms-auth-settings",
            CheckId::MsSetupRoles => "ms-setup-roles",
            CheckId::MsSetupRolesRemoved => "ms-setup-roles-removed",
            CheckId::MsSamPermission => "ms-sam-permission",
            CheckId::MsSamConsent => "ms-sam-consent",
            CheckId::MsContributor => "ms-contributor",
            CheckId::MsContributorRemoved => "ms-contributor-removed",
            CheckId::MsFunctionIdentity => "ms-function-identity",
            CheckId::MsApiApp => "ms-api-app",
            CheckId::MsSecretExpiry => "ms-secret-expiry",
            CheckId::MsAccount => "ms-account",
            CheckId::MsAdminagents => "ms-adminagents",
            CheckId::MsGdapGroups => "ms-gdap-groups",
            CheckId::MsMfaRegistered => "ms-mfa-registered",
            CheckId::MsMfaEnforced => "ms-mfa-enforced",
            CheckId::MsOtherPolicies => "ms-other-policies",
            CheckId::MsRememberedDevices => "ms-remembered-devices",
            CheckId::MsMicrosoftMfa => "ms-microsoft-mfa",
            CheckId::MsMailbox => "ms-mailbox",
        }
    }

    /// Whether it goes through CIPP, with the stored connection and without a sign-in; the others ask Microsoft.
    #[must_use]
    pub fn is_cipp(self) -> bool {
        self.as_str().starts_with("cipp-")
    }

    /// Whether it asks Azure Resource Manager, which wants a permission of its own.
    #[must_use]
    pub fn needs_azure(self) -> bool {
        matches!(
            self,
            CheckId::MsAuthSettings
                | CheckId::MsContributor
                | CheckId::MsContributorRemoved
                | CheckId::MsFunctionIdentity
        )
    }

    /// The check that passes once what this one proves has been taken away again, where that is wanted.
    #[must_use]
    pub fn taken_away_by(self) -> Option<CheckId> {
        match self {
            CheckId::MsSetupRoles => Some(CheckId::MsSetupRolesRemoved),
            CheckId::MsContributor => Some(CheckId::MsContributorRemoved),
            _ => None,
        }
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_the_one_that_is_read() {
        for id in CheckId::ALL {
            assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
        }
        assert_eq!(CheckId::ALL.len(), 35);
    }

    #[test]
    fn every_check_has_its_file() {
        for id in CheckId::ALL {
            let file = format!(
                "{}/src/checks/{}.rs",
                env!("CARGO_MANIFEST_DIR"),
                id.as_str().replace('-', "_")
            );
            assert!(std::path::Path::new(&file).exists(), "{file}");
        }
    }
}
