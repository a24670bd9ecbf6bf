//! What the rows say: API names, message patterns, settings, errors. The wording is ours, the shape and the mix are
//! CIPP's (facts: cipp 1.12).
//!
//! A [`Line`] is one way a source may speak. Braces in a pattern are filled in for each row:
//!
//! | in braces | stands for |
//! |---|---|
//! | `u` `a` | a customer's user, a technician |
//! | `d` `D` | the tenant's domain, its display name |
//! | `s` `p` | a setting (of a standard), a policy |
//! | `k` `t` | a cached data set, a test |
//! | `r` `g` | a group or role, a GUID |
//! | `n` `i` | a number, an address |
//! | `e` | a normalised error |

use super::calendar::Source;

/// The kinds of severity, before the spelling is thrown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Info,
    Warning,
    Error,
    Alert,
    Critical,
}

impl Family {
    /// The spellings with the number of places in CIPP's source that use each (facts: cipp 1.12).
    pub(super) const fn spellings(self) -> &'static [(u32, &'static str)] {
        match self {
            Family::Info => &[(1581, "Info"), (37, "info"), (1, "INFO"), (1, "Information")],
            Family::Warning => &[(334, "Warning"), (4, "Warn"), (2, "warning")],
            Family::Error => &[(1759, "Error"), (7, "error"), (2, "ERROR")],
            Family::Alert => &[(27, "Alert")],
            Family::Critical => &[(15, "CRITICAL"), (4, "Critical")],
        }
    }
}

/// One row in so many is written without a severity: 46 of 4,227 places (facts: cipp 1.11).
pub(super) const WITHOUT_SEVERITY_ONE_IN: u64 = 4227 / 46;

/// What stands in a row's `Tenant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A customer's domain.
    Customer,
    /// No tenant was passed: `None`, seldom `None ` with a blank or `none`.
    Nobody,
    /// CIPP itself.
    Cipp,
    /// `Global`, `AllTenants`, `All Tenants` or `PartnerTenant`.
    Everyone,
}

/// One way to speak: API name, what it is about, pattern.
pub(super) type Line = (&'static str, About, &'static str);

use About::{Cipp, Customer, Everyone, Nobody};

/// How often a source speaks in which family, in parts of a thousand.
pub(super) const fn families(source: Source) -> &'static [(u32, Family)] {
    use Family::{Alert, Critical, Error, Info, Warning};
    match source {
        Source::Standards => &[(855, Info), (105, Error), (22, Warning), (18, Alert)],
        Source::Cache => &[(720, Info), (170, Error), (110, Warning)],
        Source::Tests => &[(800, Info), (150, Error), (50, Warning)],
        Source::Scheduler => &[(860, Info), (95, Error), (45, Warning)],
        Source::Permissions => &[(790, Info), (140, Error), (30, Warning), (40, Critical)],
        Source::Technician => &[(830, Info), (130, Error), (40, Warning)],
        Source::ApiClient => &[(900, Info), (100, Error)],
        Source::Alerts => &[(400, Info), (120, Error), (80, Warning), (395, Alert), (5, Critical)],
        Source::Sync | Source::Nightly | Source::Incident => &[(1, Info)],
    }
}

/// What a source may say in a family; never empty.
pub(super) const fn lines(source: Source, family: Family) -> &'static [Line] {
    use Family::{Alert, Critical, Error, Info, Warning};
    match (source, family) {
        (Source::Standards, Error) => STANDARDS_ERROR,
        (Source::Standards, Warning) => STANDARDS_WARNING,
        (Source::Standards, Alert | Critical) => STANDARDS_ALERT,
        (Source::Standards, Info) => STANDARDS_INFO,
        (Source::Cache, Error) => CACHE_ERROR,
        (Source::Cache, Warning) => CACHE_WARNING,
        (Source::Cache, _) => CACHE_INFO,
        (Source::Tests, Error) => TESTS_ERROR,
        (Source::Tests, Warning) => TESTS_WARNING,
        (Source::Tests, _) => TESTS_INFO,
        (Source::Scheduler, Error) => SCHEDULER_ERROR,
        (Source::Scheduler, Warning) => SCHEDULER_WARNING,
        (Source::Scheduler, _) => SCHEDULER_INFO,
        (Source::Permissions, Error) => PERMISSIONS_ERROR,
        (Source::Permissions, Warning) => PERMISSIONS_WARNING,
        (Source::Permissions, Critical) => PERMISSIONS_CRITICAL,
        (Source::Permissions, _) => PERMISSIONS_INFO,
        (Source::Technician, Error) => TECHNICIAN_ERROR,
        (Source::Technician, Warning) => TECHNICIAN_WARNING,
        (Source::Technician, _) => TECHNICIAN_INFO,
        (Source::ApiClient, Error) => CLIENT_ERROR,
        (Source::ApiClient, _) => CLIENT_INFO,
        (Source::Alerts, Error) => ALERTS_ERROR,
        (Source::Alerts, Warning) => ALERTS_WARNING,
        (Source::Alerts, Alert) => ALERTS_ALERT,
        (Source::Alerts, Critical) => ALERTS_CRITICAL,
        (Source::Alerts, Info) => ALERTS_INFO,
        (Source::Sync, _) => SYNC_INFO,
        (Source::Nightly | Source::Incident, _) => NIGHTLY,
    }
}

const STANDARDS_INFO: &[Line] = &[
    (
        "Standards",
        Customer,
        "{s} already has the wanted value. Nothing was changed in {D}, the next check follows in 12 hours.",
    ),
    (
        "Standards",
        Customer,
        "{s} already has the wanted value. Nothing was changed in {D}, the next check follows in 12 hours.",
    ),
    (
        "Standards",
        Customer,
        "{s} already has the wanted value for {d}, as template '{p}' asks for it. Nothing to do.",
    ),
    (
        "Standards",
        Customer,
        "{s} is already enabled for {d}. Compared with '{p}': no difference.",
    ),
    ("Standards", Customer, "{s} is already disabled."),
    (
        "Standards",
        Customer,
        "{s} is compliant with the template. {n} settings of '{p}' were compared with {d}.",
    ),
    ("Standards", Customer, "{s} changed to {n}."),
    ("Standards", Customer, "Template {p} applied."),
    (
        "Standards",
        Customer,
        "Successfully set {s} as template '{p}' asks for it, {n} objects of {d} were touched.",
    ),
    (
        "DriftStandards",
        Customer,
        "No deviation found for {s}. Compared with '{p}', {n} accepted deviations were left out.",
    ),
    ("Baselines", Customer, "Baseline {p} checked: {n} settings as expected."),
];
const STANDARDS_ERROR: &[Line] = &[
    (
        "Standards",
        Customer,
        "Could not read the {s} state for {d}. Error: {e}",
    ),
    (
        "Standards",
        Customer,
        "Could not get the {s} policy for {d}. Error: {e}",
    ),
    ("Standards", Customer, "Failed to change {s}. Error: {e}"),
    ("Standards", Customer, "Failed to set {s}. Error: {e}"),
    ("Standards", Customer, "Failed to create or update template {p}: {e}"),
    ("Standards", Customer, "Failed to disable {s} for {n} users. Error: {e}"),
    ("Baselines", Customer, "Failed to run baseline {p}: {e}"),
];
const STANDARDS_WARNING: &[Line] = &[
    ("Standards", Customer, "Skipped {s}: the tenant has no licence for it."),
    (
        "Standards",
        Customer,
        "No policy named {p} found, {s} was left as it is.",
    ),
    (
        "Standards",
        Customer,
        "Failed to read {s} at the first attempt, trying again.",
    ),
];
const STANDARDS_ALERT: &[Line] = &[
    ("Standards", Customer, "{p} deviates from the template"),
    ("Standards", Customer, "{s} is not set as the template wants it"),
    ("DriftStandards", Customer, "{n} new deviations found for {D}"),
];
const CACHE_INFO: &[Line] = &[
    (
        "CIPPDBCache",
        Customer,
        "Cached {n} {k} for {d}; entries older than the last run were removed",
    ),
    (
        "CIPPDBCache",
        Customer,
        "Cached {k} for {d} in {n} pages of 999, the data set is complete",
    ),
    (
        "CIPPDbItem",
        Customer,
        "{n} items of {k} refreshed, {n} unchanged, {n} removed since the last run",
    ),
    ("BPA", Customer, "Best practice report collected for {D}"),
    ("TenantGroups", Everyone, "{n} tenant groups brought up to date"),
];
const CACHE_ERROR: &[Line] = &[
    ("CIPPDBCache", Customer, "Failed to cache {k}: {e}"),
    ("CIPPDBCache", Customer, "Failed to cache {k}: {e}"),
    (
        "DefenderCVEs",
        Customer,
        "Failed to retrieve vulnerabilities for {d}: {e}",
    ),
];
const CACHE_WARNING: &[Line] = &[
    ("CIPPDBCache", Customer, "Exchange licence check failed: {e}"),
    ("CIPPDBCache", Customer, "Skipped {k}: no licence for it was found"),
    (
        "MailboxPermissionReport",
        Customer,
        "No mailboxes found, the report stays empty",
    ),
];
const TESTS_INFO: &[Line] = &[
    (
        "Tests",
        Customer,
        "Test {t} passed for {D}, {n} objects were looked at and none of them stood out",
    ),
    ("Tests", Customer, "{n} tests run for {D}, results written"),
];
const TESTS_ERROR: &[Line] = &[
    ("Tests", Customer, "Failed to run test {t} {e}"),
    ("Tests", Customer, "Failed to run test {t} {e}"),
    ("ZeroTrustNetworkAccess", Customer, "Failed to run test {t}: {e}"),
];
const TESTS_WARNING: &[Line] = &[("Tests", Customer, "Skipped test {t}: no data found for {k}")];
const SCHEDULER_INFO: &[Line] = &[
    ("Scheduler_UserTasks", Customer, "Task {r} finished for {D}"),
    (
        "Scheduler_UserTasks",
        Nobody,
        "Task scheduler run finished, {n} tasks started",
    ),
    ("Scheduler_Billing", Nobody, "Billing data collected for {n} tenants"),
    ("Webhooks", Customer, "Webhook for {D} is still registered"),
    ("Renew_Graph_Subscriptions", Customer, "Graph subscription renewed"),
    ("Audit Logs", Customer, "{n} audit log records processed"),
    ("Durable Cleanup", Cipp, "Nothing to clean up"),
    ("Offboard user", Customer, "Offboarding of {u} finished"),
];
const SCHEDULER_ERROR: &[Line] = &[
    ("Scheduler_UserTasks", Customer, "Failed to run task {r}: {e}"),
    (
        "Renew_Graph_Subscriptions",
        Customer,
        "Could not renew the Graph subscription: {e}",
    ),
    ("HaloPSATicket", Nobody, "Failed to create ticket for {D}: {e}"),
    ("IntuneReportExport", Customer, "Failed to retrieve the export: {e}"),
];
const SCHEDULER_WARNING: &[Line] = &[
    ("Scheduler_UserTasks", Customer, "Skipped task {r}: it is still running"),
    (
        "Webhook Alerts",
        Customer,
        "Could not deliver a webhook, trying again in {n} minutes",
    ),
];
const PERMISSIONS_INFO: &[Line] = &[
    (
        "UpdatePermissionsQueue",
        Customer,
        "Permissions of CIPP-SAM in {D} are up to date",
    ),
    ("Update Tokens", Cipp, "Refresh token renewed"),
    ("Get-Tenants", Nobody, "Tenant list refreshed, {n} tenants"),
    (
        "Set GDAP Auto Exension",
        Customer,
        "Auto extension is already on for {D}",
    ),
    ("CIPP Authentication", Cipp, "Secrets loaded"),
];
const PERMISSIONS_ERROR: &[Line] = &[
    (
        "UpdatePermissionsQueue",
        Customer,
        "Failed to update permissions for {D}: {e}",
    ),
    (
        "Add App Manifest",
        Customer,
        "Could not add the application to {D}: {e}",
    ),
];
const PERMISSIONS_WARNING: &[Line] = &[(
    "UpdatePermissionsQueue",
    Customer,
    "Failed to read the granted permissions, {D} was skipped",
)];
const PERMISSIONS_CRITICAL: &[Line] = &[
    (
        "Update Tokens",
        Nobody,
        "Refresh token could not be renewed; next attempt in a week",
    ),
    (
        "Get-Tenants",
        Nobody,
        "Cleaning old tenants failed: no relationships returned",
    ),
];
const TECHNICIAN_INFO: &[Line] = &[
    ("EditUser", Customer, "Edited {u}"),
    ("EditUser", Customer, "Licences assigned to {u}"),
    ("AddUser", Customer, "Created user {u}"),
    ("AddUser", Customer, "Added {u} to {n} groups of the copied user"),
    ("ExecResetPass", Customer, "Reset the password for {u}"),
    (
        "Reset Password",
        Customer,
        "Password of {u} reset, change at next sign-in is on",
    ),
    ("Revoke Sessions", Customer, "Revoked all sessions of {u}"),
    (
        "Remove MFA Methods",
        Customer,
        "Removed MFA methods of {u}. The user must register again.",
    ),
    ("Set User License", Customer, "Changed licences of {u}"),
    ("Remove License", Customer, "Removed {n} licences from {u}"),
    ("EditGroup", Customer, "Added {u} to {r}"),
    ("EditGroup", Customer, "Removed {u} from {r}"),
    ("AddGroupTeam", Customer, "Created team {r}"),
    ("ExecModifyMBPerms", Customer, "Granted {u} access to a shared mailbox"),
    (
        "Set Mailbox Permission",
        Customer,
        "Granted FullAccess on reception@{d} to {u}",
    ),
    (
        "Set Calendar Permissions",
        Customer,
        "Set {u} as Editor on the calendar of reception@{d}",
    ),
    ("Set Out of Office", Customer, "Set the automatic reply of {u}"),
    ("AddSharedMailbox", Customer, "Created shared mailbox info@{d}"),
    ("ExecOffboardTenant", Customer, "Removed {n} partner applications"),
    ("ExecUpdateDriftDeviation", Customer, "Accepted the deviation of {s}"),
    ("ExecCreateAppTemplate", Nobody, "Created application template {r}"),
    ("ExecGDAPRoleTemplate", Everyone, "Saved GDAP role template {r}"),
    ("ExecGDAPTrace", Customer, "Traced the GDAP roles of {a} in {D}"),
    ("ExecDeleteSafeLinksPolicy", Customer, "Deleted Safe Links policy {p}"),
    ("ExecExcludeLicenses", Nobody, "Excluded licence {g}"),
    ("ExecCustomRole", Nobody, "Saved custom role {r}"),
    (
        "ExecManageAppCredentials",
        Customer,
        "Added a credential to application {g}",
    ),
    ("ExecScheduledCommand", Customer, "Scheduled task {r} run by hand"),
    ("ExecSSOSetup", Cipp, "Single sign-on settings checked"),
    ("ExecApiClient", Nobody, "API client {g} changed"),
    ("ExecApiClient", Nobody, "API clients written to Azure"),
    ("Add Multitenant App", Customer, "Added application {g} to {D}"),
    ("Access Check", Customer, "Access to {D} checked, all is well"),
    ("New User", Customer, "Welcome mail prepared for {u}"),
    ("Onboarding", Customer, "Onboarding step {n} of {D} finished"),
];
const TECHNICIAN_ERROR: &[Line] = &[
    ("EditUser", Customer, "Failed to update {u}: {e}"),
    ("AddUser", Customer, "Failed to create user {u}: {e}"),
    ("ExecResetPass", Customer, "Failed to reset the password of {u}: {e}"),
    ("EditGroup", Customer, "Failed to remove {u} from {r}: {e}"),
    (
        "ExecModifyMBPerms",
        Customer,
        "Failed to set permissions on the mailbox of {u}: {e}",
    ),
    (
        "Set Out of Office",
        Customer,
        "Could not set the automatic reply of {u}: {e}",
    ),
    ("Remove User", Customer, "Could not delete {u}: {e}"),
    (
        "ExecBECRemediate",
        Customer,
        "Failed to disable inbox rules of {u}: {e}",
    ),
    ("Access Check", Customer, "Tenant access check failed for {D}: {e}"),
    ("ExecApiClient", Nobody, "Failed to create the app registration: {e}"),
    (
        "ExecManageAppCredentials",
        Customer,
        "Failed to create a credential: {e}",
    ),
];
const TECHNICIAN_WARNING: &[Line] = &[
    ("ExecApiClient", Nobody, "Role assignment for an API client blocked"),
    (
        "EditUser",
        Customer,
        "Skipped the licence change of {u}: no free licences",
    ),
    ("ExecModifyMBPerms", Customer, "No mailbox found for {u}"),
    ("ExecGDAPTrace", Customer, "Blocked: {a} has no role in {D}"),
];
const CLIENT_INFO: &[Line] = &[
    ("ListUsers", Customer, "User list read"),
    ("ListLicenses", Everyone, "Licence list read for all tenants"),
    ("AddUser", Customer, "Created user {u}"),
    ("ExecScheduledCommand", Customer, "Task {r} scheduled"),
];
const CLIENT_ERROR: &[Line] = &[
    ("ListUsers", Customer, "Failed to retrieve users of {d}: {e}"),
    ("AddUser", Customer, "Failed to create user {u}: {e}"),
];
const ALERTS_INFO: &[Line] = &[
    ("Alerts", Customer, "{n} alert checks finished for {D}"),
    ("Send Alert", Nobody, "Alert mail sent to the service desk"),
    ("DomainAnalyser", Customer, "Domain {d} analysed, score {n}"),
];
const ALERTS_ERROR: &[Line] = &[
    ("Alerts", Customer, "Could not get the sign-ins for {d}: {e}"),
    ("Webhook Alerts", Customer, "Failed to send the alert to the PSA: {e}"),
];
const ALERTS_WARNING: &[Line] = &[("DomainAnalyser", Customer, "No DKIM record found for {d}")];
const ALERTS_ALERT: &[Line] = &[
    ("Alerts", Customer, "{n} new devices are out of compliance"),
    ("Alerts", Customer, "{n} new quarantined messages"),
    ("Alerts", Customer, "The MFA state for {d} could not be checked"),
    ("Alerts", Customer, "{u} was made a member of {r}"),
    ("Alerts", Customer, "A secret of application {g} expires in {n} days"),
    ("Audit Logs", Customer, "New inbox rule in the mailbox of {u} from {i}"),
    ("Updates", Cipp, "The API is behind the latest release"),
    ("ContainerUpdateCheck", Cipp, "A newer container image is available"),
];
const ALERTS_CRITICAL: &[Line] = &[("SAMCertificate", Cipp, "The CIPP-SAM certificate expires in {n} days")];
const SYNC_INFO: &[Line] = &[(
    "NinjaOneSync",
    Customer,
    "Synchronised {n} devices and {n} users of {D} with NinjaOne",
)];
/// One line a night each, in this order.
pub(super) const NIGHTLY: &[Line] = &[
    (
        "LogRetentionCleanup",
        Nobody,
        "Clean-up finished, {n} rows removed (retention 90 days)",
    ),
    ("BackupRetentionCleanup", Cipp, "Clean-up finished, {n} backups removed"),
    ("DomainAnalyser", Everyone, "Domain analysis started for {n} domains"),
    ("Durable Cleanup", Cipp, "{n} finished orchestrations removed"),
    ("BPA", Everyone, "Best practice collection started for {n} tenants"),
];

/// Settings that standards look after.
pub(super) const SETTINGS: &[&str] = &[
    "Unified audit log",
    "Per-user MFA",
    "Number matching for the Authenticator app",
    "Legacy authentication",
    "External sender tagging",
    "Mailbox auditing",
    "Anti-phishing policy",
    "Safe Links policy",
    "Safe Attachments policy",
    "Malware filter policy",
    "Spam filter policy",
    "DKIM signing",
    "Outbound spam alert",
    "Automatic forwarding to outside addresses",
    "Shared mailbox sign-in",
    "Guest invitations",
    "Guest user access level",
    "User consent to applications",
    "Admin consent requests",
    "Password expiry",
    "Self-service password reset",
    "Temporary access pass",
    "FIDO2 security keys",
    "SMS sign-in",
    "Creation of Microsoft 365 groups by users",
    "Creation of tenants by users",
    "Security defaults",
    "Idle session timeout",
    "SharePoint external sharing",
    "OneDrive retention of leavers",
    "Legacy authentication in SharePoint",
    "Teams meeting lobby",
    "Teams external chat",
    "Teams recording expiry",
    "Focused inbox",
    "Mailbox send size",
    "Direct send",
    "Calendar sharing with outsiders",
    "Intune device registration limit",
    "Intune compliance default",
    "Windows update ring",
    "BitLocker policy",
    "Windows Hello for Business",
    "Firewall policy",
    "Company branding",
    "Technical notification contact",
    "Customer lockbox",
    "Retention of deleted items",
    "Anonymous reports",
    "Bookings with outsiders",
];

/// Policies and template names.
pub(super) const POLICIES: &[&str] = &[
    "CA001 - Require MFA for all users",
    "CA002 - Block legacy authentication",
    "CA003 - Require a compliant device for admins",
    "CA004 - Block unknown countries",
    "WIN - BitLocker silent encryption",
    "WIN - Defender baseline",
    "WIN - Update ring broad",
    "iOS - Managed apps",
    "Android - Work profile",
    "Exchange - Strict preset",
    "SharePoint - Sharing with known guests",
];

/// Data sets the nightly cache holds.
pub(super) const DATASETS: &[&str] = &[
    "Users",
    "Groups",
    "Devices",
    "ManagedDevices",
    "Mailboxes",
    "MailboxPermissions",
    "CASMailboxes",
    "OAuth2Consents",
    "ServicePrincipals",
    "ConditionalAccessPolicies",
    "RiskyUsers",
    "LicenseOverview",
    "SecureScore",
    "Domains",
    "MFAState",
    "Intune compliance policies",
    "OneDrive usage",
    "SharePoint sites",
    "Defender alerts",
];

/// Tests of the nightly run.
pub(super) const TESTS: &[&str] = &[
    "CIS_1_1_1",
    "CIS_1_1_3",
    "CIS_1_2_2",
    "CIS_2_1_7",
    "CIS_3_1_1",
    "CIS_5_2_2_3",
    "CIS_6_5_1",
    "CIS_8_2_4",
    "EIDSCA_AF01",
    "EIDSCA_AG02",
    "EIDSCA_CP03",
    "EIDSCA_PR06",
    "ZTNA21770",
    "ZTNA21797",
    "ZTNA21819",
    "ZTNA24540",
];

/// Groups, roles and other things with a name.
pub(super) const NAMES: &[&str] = &[
    "All staff",
    "Finance",
    "M365 GDAP Exchange Administrator",
    "M365 GDAP User Administrator",
    "Front desk",
    "Licence E3",
    "VPN users",
    "Project Aurora",
    "Helpdesk tier 1",
    "Weekly user report",
    "Leaver process",
    "Disable stale guests",
    "Monthly licence count",
];

/// A failure: what CIPP makes of it, what the remote said, where in CIPP it was met, and PowerShell's category.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) normalized: &'static str,
    pub(super) raw: &'static str,
    pub(super) script: &'static str,
    pub(super) category: &'static str,
}

const fn failure(normalized: &'static str, raw: &'static str, script: &'static str, category: &'static str) -> Failure {
    Failure {
        normalized,
        raw,
        script,
        category,
    }
}

/// The refresh token has run out: the failure of the token storm.
pub(super) const TOKEN_EXPIRED: usize = 5;

/// The failures the world knows (facts: cipp 1.12).
pub(super) const FAILURES: &[Failure] = &[
    failure(
        "This feature requires a P1 license or higher",
        r#"{"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant","message":"Neither tenant is B2C or tenant doesn't have premium license","innerError":{"date":"2026-08-08T00:35:13","request-id":"{g}","client-request-id":"{g}"}}}"#,
        "New-GraphGetRequest",
        "InvalidOperation",
    ),
    failure(
        "Required license not available for this tenant",
        r#"{"error":{"code":"Forbidden","message":"Your tenant is not licensed for this feature.","innerError":{"date":"2026-08-08T00:35:13","request-id":"{g}","client-request-id":"{g}"}}}"#,
        "New-GraphGetRequest",
        "InvalidOperation",
    ),
    failure(
        "The relationship between this tenant and the partner has been dissolved from the tenant side.",
        r#"{"error":{"code":"Request_ResourceNotFound","message":"User was not found.","innerError":{"date":"2026-08-08T00:35:13","request-id":"{g}","client-request-id":"{g}"}}}"#,
        "New-GraphGetRequest",
        "InvalidOperation",
    ),
    failure(
        "AADSTS50020: The user you have used for your Secure Application Model is a guest in this tenant, or your are using GDAP and have not added the user to the correct group. Please delete the guest user to gain access to this tenant",
        "AADSTS50020: User account '{a}' from identity provider 'https://sts.example/{g}/' does not exist in tenant '{D}' and cannot access the application '{g}' in that tenant. Trace ID: {g} Correlation ID: {g}",
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "We cannot access this tenant as consent has not been given, please try refreshing the CPV permissions in the application settings menu.",
        "AADSTS65001: The user or administrator has not consented to use the application with ID '{g}' named 'CIPP-SAM'. Send an interactive authorization request for this user and resource. Trace ID: {g} Correlation ID: {g}",
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "The CIPP user access token has expired. Run the Setup Wizard to refresh your tokens.",
        r#"{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2026-05-02T08:11:27.0000000Z and was inactive for 90.00:00:00. Trace ID: {g} Correlation ID: {g} Timestamp: 2026-08-08 00:35:13Z","error_codes":[700082],"timestamp":"2026-08-08 00:35:13Z","trace_id":"{g}","correlation_id":"{g}"}"#,
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "Access has been blocked by Conditional Access policies. Please check the Conditional Access configuration documentation",
        "AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance. Trace ID: {g} Correlation ID: {g}",
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
        "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'. Trace ID: {g} Correlation ID: {g}",
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "This tenant does not have WinGet support available",
        r#"{"error":{"code":"BadRequest","message":"Windows Store repository apps feature is not supported for this tenant","innerError":{"date":"2026-08-08T00:35:13","request-id":"{g}","client-request-id":"{g}"}}}"#,
        "Push-WinGetApp",
        "ObjectNotFound",
    ),
    failure(
        "One of the values exceeds the maximum allowed size (64KB).",
        r#"{"odata.error":{"code":"PropertyValueTooLarge","message":{"lang":"en-US","value":"The property value exceeds the maximum allowed size (64KB). RequestId:{g}"}}}"#,
        "Add-CIPPAzDataTableEntity",
        "WriteError",
    ),
    failure(
        "Your GDAP configuration does not allow us to write to this tenant, please check your group mappings and tenant onboarding.",
        r#"{"error":{"code":"Authorization_RequestDenied","message":"Unable to initialize the authorization context.","innerError":{"date":"2026-08-08T00:35:13","request-id":"{g}","client-request-id":"{g}"}}}"#,
        "New-GraphPOSTRequest",
        "PermissionDenied",
    ),
    failure(
        "This tenant is not available for this operation. Please check the selected tenant and try again.",
        "AADSTS900023: Specified tenant identifier '{D}' is neither a valid DNS name, nor a valid external domain. Trace ID: {g} Correlation ID: {g}",
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "The credentials used to connect to the Graph API are not available, please retry. If this issue persists you may need to execute the SAM wizard.",
        "AADSTS9002313: Invalid request. Request is malformed or invalid. Trace ID: {g} Correlation ID: {g}",
        "Get-GraphToken",
        "OperationStopped",
    ),
    failure(
        "The remote server answered too slowly.",
        r#"{"error":{"code":"UnknownError","message":"","innerError":{"date":"2026-08-08T00:35:13","request-id":"{g}","client-request-id":"{g}"}}}"#,
        "New-ExoRequest",
        "OperationTimeout",
    ),
];
