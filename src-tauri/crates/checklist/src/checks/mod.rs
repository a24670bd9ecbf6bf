//! The checks, one file each: what is asked, and what the answer means.
//!
//! A check looks and never changes anything. It says what it found, or why it could not look, and leaves a trail of
//! requests and deciding values. Files that are no check are what several of them share. Not here: in which order checks
//! run and what is kept of them (`check`), and how anything is asked (`sources`).

mod account_policies;
mod assignments;
mod cipp_accepted;
mod cipp_access_permissions;
mod cipp_address;
mod cipp_adminagents;
mod cipp_gdap_groups;
mod cipp_ip_range;
mod cipp_listlogs;
mod cipp_mfa_claim;
mod cipp_role;
mod cipp_role_lowered;
mod cipp_sam_permissions;
mod cipp_service_account_name;
mod cipp_tenant_access;
mod cipp_token;
mod cipp_version;
mod conditional_access;
mod gdap_roles;
mod groups;
mod ms_account;
mod ms_adminagents;
mod ms_api_app;
mod ms_auth_settings;
mod ms_contributor;
mod ms_contributor_removed;
mod ms_function_identity;
mod ms_gdap_groups;
mod ms_mailbox;
mod ms_mfa_enforced;
mod ms_mfa_registered;
mod ms_microsoft_mfa;
mod ms_other_policies;
mod ms_remembered_devices;
mod ms_sam_consent;
mod ms_sam_permission;
mod ms_secret_expiry;
mod ms_setup_roles;
mod ms_setup_roles_removed;
mod ms_tenant;
mod roles;

use futures_util::future::BoxFuture;

pub(crate) use ms_secret_expiry::{Ending, ending as secret_ending, kept as kept_ending};

use crate::check_id::CheckId;
use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::microsoft::Ms;
use crate::sources::{Trail, Trouble};

/// A check under way. Boxed: all of them in one future would be too large for the stack of a worker thread.
type Check<'r> = BoxFuture<'r, Result<Verdict, Trouble>>;

/// Runs a check that goes through CIPP.
pub(crate) fn through_cipp<'r>(id: CheckId, cipp: &'r mut Cipp, trail: &'r mut Trail) -> Check<'r> {
    match id {
        CheckId::CippToken => Box::pin(cipp_token::check(cipp, trail)),
        CheckId::CippAddress => Box::pin(cipp_address::check(cipp, trail)),
        CheckId::CippAccepted => Box::pin(cipp_accepted::check(cipp, trail)),
        CheckId::CippRole => Box::pin(cipp_role::check(cipp, trail)),
        CheckId::CippListlogs => Box::pin(cipp_listlogs::check(cipp, trail)),
        CheckId::CippVersion => Box::pin(cipp_version::check(cipp, trail)),
        CheckId::CippAccessPermissions => Box::pin(cipp_access_permissions::check(cipp, trail)),
        CheckId::CippServiceAccountName => Box::pin(cipp_service_account_name::check(cipp, trail)),
        CheckId::CippMfaClaim => Box::pin(cipp_mfa_claim::check(cipp, trail)),
        CheckId::CippSamPermissions => Box::pin(cipp_sam_permissions::check(cipp, trail)),
        CheckId::CippAdminagents => Box::pin(cipp_adminagents::check(cipp, trail)),
        CheckId::CippGdapGroups => Box::pin(cipp_gdap_groups::check(cipp, trail)),
        CheckId::CippTenantAccess => Box::pin(cipp_tenant_access::check(cipp, trail)),
        CheckId::CippIpRange => Box::pin(cipp_ip_range::check(cipp, trail)),
        CheckId::CippRoleLowered => Box::pin(cipp_role_lowered::check(cipp, trail)),
        other => Box::pin(async move { Err(elsewhere(other)) }),
    }
}

/// Runs a check that goes through Microsoft.
pub(crate) fn through_microsoft<'r, 'a: 'r>(id: CheckId, ms: &'r mut Ms<'a>, trail: &'r mut Trail) -> Check<'r> {
    match id {
        CheckId::MsTenant => Box::pin(ms_tenant::check(ms, trail)),
        CheckId::MsAuthSettings => Box::pin(ms_auth_settings::check(ms, trail)),
        CheckId::MsSetupRoles => Box::pin(ms_setup_roles::check(ms, trail)),
        CheckId::MsSetupRolesRemoved => Box::pin(ms_setup_roles_removed::check(ms, trail)),
        CheckId::MsSamPermission => Box::pin(ms_sam_permission::check(ms, trail)),
        CheckId::MsSamConsent => Box::pin(ms_sam_consent::check(ms, trail)),
        CheckId::MsContributor => Box::pin(ms_contributor::check(ms, trail)),
        CheckId::MsContributorRemoved => Box::pin(ms_contributor_removed::check(ms, trail)),
        CheckId::MsFunctionIdentity => Box::pin(ms_function_identity::check(ms, trail)),
        CheckId::MsApiApp => Box::pin(ms_api_app::check(ms, trail)),
        CheckId::MsSecretExpiry => Box::pin(ms_secret_expiry::check(ms, trail)),
        CheckId::MsAccount => Box::pin(ms_account::check(ms, trail)),
        CheckId::MsAdminagents => Box::pin(ms_adminagents::check(ms, trail)),
        CheckId::MsGdapGroups => Box::pin(ms_gdap_groups::check(ms, trail)),
        CheckId::MsMfaRegistered => Box::pin(ms_mfa_registered::check(ms, trail)),
        CheckId::MsMfaEnforced => Box::pin(ms_mfa_enforced::check(ms, trail)),
        CheckId::MsOtherPolicies => Box::pin(ms_other_policies::check(ms, trail)),
        CheckId::MsRememberedDevices => Box::pin(ms_remembered_devices::check(ms, trail)),
        CheckId::MsMicrosoftMfa => Box::pin(ms_microsoft_mfa::check(ms, trail)),
        CheckId::MsMailbox => Box::pin(ms_mailbox::check(ms, trail)),
        other => Box::pin(async move { Err(elsewhere(other)) }),
    }
}

/// Cannot happen as long as `CheckId::is_cipp` decides which of the two is called.
fn elsewhere(id: CheckId) -> Trouble {
    Trouble::new(
        Obstacle::Unclear,
        format!("The check {id} was asked of the wrong side."),
        "Please report this.",
    )
}

fn no_client() -> Trouble {
    Trouble::new(
        Obstacle::NotConnected,
        "The API client's ID is not known yet.",
        "Enter the connection first.",
    )
}

#[cfg(test)]
mod testing {
    //! Running a Microsoft check over a table of answers, and reading its verdict.

    use crate::finding::{Finding, Obstacle, Verdict};
    use crate::sources::microsoft::Ms;
    use crate::sources::microsoft::tests::{Canned, ms_about, subject};
    use crate::sources::{Subject, Trail, Trouble};

    pub(super) fn run_ms(
        canned: &Canned,
        check: impl for<'m, 'a> AsyncFn(&'m mut Ms<'a>, &'m mut Trail) -> Result<Verdict, Trouble>,
    ) -> Finding {
        run_about(canned, subject(), check)
    }

    pub(super) fn run_about(
        canned: &Canned,
        subject: Subject,
        check: impl for<'m, 'a> AsyncFn(&'m mut Ms<'a>, &'m mut Trail) -> Result<Verdict, Trouble>,
    ) -> Finding {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut ms, mut trail) = (ms_about(canned, subject), Trail::default());
        let verdict = runtime
            .block_on(check(&mut ms, &mut trail))
            .unwrap_or_else(Trouble::verdict);
        Finding {
            check: "test".into(),
            verdict,
            evidence: trail.into_evidence(),
        }
    }

    /// Passed without a hint.
    pub(super) fn passed(finding: &Finding) -> bool {
        finding.verdict == Verdict::passed()
    }

    pub(super) fn hint(finding: &Finding) -> String {
        match &finding.verdict {
            Verdict::Passed { hint: Some(hint) } => hint.clone(),
            other => panic!("no hint: {other:?}"),
        }
    }

    pub(super) fn failed(finding: &Finding) -> String {
        match &finding.verdict {
            Verdict::Failed { reason, remedy } => {
                assert!(!remedy.is_empty());
                reason.clone()
            }
            other => panic!("not failed: {other:?}"),
        }
    }

    pub(super) fn waiting(finding: &Finding) -> String {
        match &finding.verdict {
            Verdict::Waiting { reason, .. } => reason.clone(),
            other => panic!("not waiting: {other:?}"),
        }
    }

    pub(super) fn not_applicable(finding: &Finding) -> String {
        match &finding.verdict {
            Verdict::NotApplicable { reason } => reason.clone(),
            other => panic!("applicable: {other:?}"),
        }
    }

    pub(super) fn could_not(finding: &Finding) -> Obstacle {
        match &finding.verdict {
            Verdict::CouldNotCheck { cause, .. } => *cause,
            other => panic!("could check: {other:?}"),
        }
    }
}
