//! `ExecAccessChecks`: what CIPP finds out about its own service account, application, groups and tenants.
//!
//! A read in spite of its name: it looks and reports, and keeps its report for an hour (facts: CIPP 2.8). Here: asking
//! and reading, as loosely as CIPP writes. Not here: what a report means for a checklist, above all that a green one
//! is not always true. Of the tokens' details only what decides something is kept; addresses and the rest are thrown away.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Endpoint, flag, object, text, texts};
use crate::{Client, ClientError};

/// Not part of the built-in roles `readonly` and `editor`.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "ExecAccessChecks",
    permission: "CIPP.AppSettings.Read",
    public: false,
    reason: "reading CIPP's access checks",
};

/// Which of the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessCheckKind {
    /// The service account's token and the permissions of the SAM application.
    Permissions,
    /// Groups and GDAP relationships.
    Gdap,
    /// Each tenant's Graph and Exchange.
    Tenants,
}

impl AccessCheckKind {
    /// As it stands in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            AccessCheckKind::Permissions => "Permissions",
            AccessCheckKind::Gdap => "GDAP",
            AccessCheckKind::Tenants => "Tenants",
        }
    }
}

/// A report with the time it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessCheck<T> {
    /// The report; `None` when CIPP has none: it was never made, or has just been queued.
    pub results: Option<T>,
    /// When CIPP made it, as sent; `None` when it never ran. Up to an hour old, for tenants much older.
    pub last_run: Option<String>,
    /// CIPP's remark, such as that it has queued a number of tenants.
    pub alert: Option<String>,
}

/// What the details of a token say; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenDetails {
    /// The application the token was issued to: CIPP-SAM.
    pub app_id: Option<String>,
    /// Its name.
    pub app_name: Option<String>,
    /// The account's display name.
    pub name: Option<String>,
    /// The account's user name.
    pub user_principal_name: Option<String>,
    /// How the account proved itself, such as `pwd` and `mfa`. `None` when the report does not say.
    pub auth_methods: Option<Vec<String>>,
    /// Delegated permissions in the token.
    pub scope: Vec<String>,
    /// Application permissions in the token.
    pub roles: Vec<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
}

/// A permission that CIPP finds missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingPermission {
    /// The application that owns the permission, such as Microsoft Graph.
    pub application: Option<String>,
    /// `Application` or `Delegated`.
    pub kind: Option<String>,
    /// Its name or ID.
    pub permission: String,
}

/// The report about permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermissionsCheck {
    /// CIPP's own verdict.
    pub success: Option<bool>,
    /// What was found in order, in CIPP's words.
    pub messages: Vec<String>,
    /// What was not, in CIPP's words.
    pub error_messages: Vec<String>,
    /// `None` when the report has no such list.
    pub missing_permissions: Option<Vec<MissingPermission>>,
    /// The service account's token; `None` when CIPP has none.
    pub access_token: Option<TokenDetails>,
    /// The application's own token; `None` when CIPP has none.
    pub application_token: Option<TokenDetails>,
}

/// Something wrong with groups or relationships.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GdapIssue {
    /// `Error` or `Warning`.
    pub kind: Option<String>,
    /// CIPP's words.
    pub issue: String,
}

/// The report about groups and relationships.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GdapCheck {
    /// What is wrong.
    pub issues: Vec<GdapIssue>,
    /// Groups that the account is not in, by name; `None` when the report has no such list.
    pub missing_groups: Option<Vec<String>>,
    /// Groups that the account is in, by name; `None` when the report has no such list.
    pub memberships: Option<Vec<String>>,
    /// How many `M365 GDAP` groups exist; 15 are wanted.
    pub group_count: Option<u64>,
}

/// Whether a tenant can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Yes.
    Good,
    /// No.
    Bad,
    /// CIPP has not looked yet, in its words.
    NotRun(String),
}

/// One tenant in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantAccess {
    /// The domain, or the name when there is none.
    pub tenant: String,
    /// Microsoft Graph.
    pub graph: Reach,
    /// Exchange.
    pub exchange: Reach,
}

impl Client {
    /// CIPP's report about its account's token and its application's permissions. `afresh` makes CIPP look again
    /// instead of handing out the report of the last hour.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::NotAllowed`] is usual, because small roles lack the permission.
    pub async fn permissions_check(
        &self,
        afresh: bool,
        cancel: &CancellationToken,
    ) -> Result<AccessCheck<PermissionsCheck>, ClientError> {
        let query = query(AccessCheckKind::Permissions, afresh);
        read(self.whole(&ENDPOINT, &query, cancel).await?, permissions)
    }

    /// CIPP's report about groups and GDAP relationships. For `afresh` see [`Client::permissions_check`].
    ///
    /// # Errors
    /// As [`Client::permissions_check`].
    pub async fn gdap_check(
        &self,
        afresh: bool,
        cancel: &CancellationToken,
    ) -> Result<AccessCheck<GdapCheck>, ClientError> {
        let query = query(AccessCheckKind::Gdap, afresh);
        read(self.whole(&ENDPOINT, &query, cancel).await?, gdap)
    }

    /// CIPP's report about its tenants. Never afresh: that would set an instance with many tenants to work for a long
    /// time. CIPP looks again by itself when its report is old, and says so in the remark.
    ///
    /// # Errors
    /// As [`Client::permissions_check`].
    pub async fn tenants_check(
        &self,
        cancel: &CancellationToken,
    ) -> Result<AccessCheck<Vec<TenantAccess>>, ClientError> {
        let query = query(AccessCheckKind::Tenants, false);
        read(self.whole(&ENDPOINT, &query, cancel).await?, tenants)
    }
}

/// The query of a report, also for whoever shows what was asked.
pub fn query(kind: AccessCheckKind, afresh: bool) -> Vec<(&'static str, String)> {
    let mut query = vec![("Type", kind.as_str().to_owned())];
    if afresh {
        query.push(("SkipCache", "true".to_owned()));
    }
    query
}

fn read<T>(reply: Value, results: fn(&Value) -> Option<T>) -> Result<AccessCheck<T>, ClientError> {
    let reply = object(reply, "ExecAccessChecks")?;
    let metadata = reply.get("Metadata").unwrap_or(&Value::Null);
    let said = reply.get("Results").unwrap_or(&Value::Null);
    Ok(AccessCheck {
        results: results(said),
        last_run: text(metadata, "LastRun").filter(|time| !time.is_empty()),
        // A report that was only queued comes as a text in place of the results.
        alert: text(metadata, "AlertMessage").or_else(|| said.as_str().map(str::to_owned)),
    })
}

fn permissions(results: &Value) -> Option<PermissionsCheck> {
    results.is_object().then(|| PermissionsCheck {
        success: flag(results, "Success"),
        messages: words(results, "Messages"),
        error_messages: words(results, "ErrorMessages"),
        missing_permissions: listed(results, "MissingPermissions").map(|list| list.map(missing).collect()),
        access_token: token(results, "AccessTokenDetails"),
        application_token: token(results, "ApplicationTokenDetails"),
    })
}

fn missing(permission: &Value) -> MissingPermission {
    let name = text(permission, "Permission").or_else(|| text(permission, "PermissionId"));
    MissingPermission {
        application: text(permission, "Application"),
        kind: text(permission, "Type"),
        permission: name.unwrap_or_else(|| permission.to_string()),
    }
}

/// An empty object is no token: CIPP builds the details from a token it may not have got.
fn token(results: &Value, name: &str) -> Option<TokenDetails> {
    let details = results.get(name).filter(|details| details.is_object())?;
    let token = TokenDetails {
        app_id: filled(details, "AppId"),
        app_name: filled(details, "AppName"),
        name: filled(details, "Name"),
        user_principal_name: filled(details, "UserPrincipalName"),
        auth_methods: texts(details, "AuthMethods").map(without_empty),
        scope: words(details, "Scope"),
        roles: words(details, "Roles"),
        tenant_id: filled(details, "TenantId"),
    };
    (token != TokenDetails::default()).then_some(token)
}

fn gdap(results: &Value) -> Option<GdapCheck> {
    let name = |group: &Value, key: &str| {
        text(group, key)
            .or_else(|| group.as_str().map(str::to_owned))
            .filter(|name| !name.is_empty())
    };
    results.is_object().then(|| GdapCheck {
        issues: listed(results, "GDAPIssues").map_or_else(Vec::new, |list| list.map(issue).collect()),
        missing_groups: listed(results, "MissingGroups")
            .map(|list| list.filter_map(|group| name(group, "Name")).collect()),
        memberships: listed(results, "Memberships")
            .map(|list| list.filter_map(|group| name(group, "displayName")).collect()),
        group_count: text(results, "CIPPGroupCount").and_then(|count| count.trim().parse().ok()),
    })
}

fn issue(issue: &Value) -> GdapIssue {
    GdapIssue {
        kind: text(issue, "Type"),
        issue: text(issue, "Issue").unwrap_or_else(|| issue.to_string()),
    }
}

fn tenants(results: &Value) -> Option<Vec<TenantAccess>> {
    match results {
        Value::Array(tenants) => Some(tenants.iter().filter(|tenant| tenant.is_object()).map(tenant).collect()),
        Value::Object(_) => Some(vec![tenant(results)]),
        _ => None,
    }
}

fn tenant(tenant: &Value) -> TenantAccess {
    let name = ["DefaultDomainName", "TenantName", "TenantId"]
        .iter()
        .find_map(|key| filled(tenant, key));
    TenantAccess {
        tenant: name.unwrap_or_else(|| "a tenant without a name".into()),
        graph: reach(tenant, "GraphStatus"),
        exchange: reach(tenant, "ExchangeStatus"),
    }
}

fn reach(tenant: &Value, name: &str) -> Reach {
    match (flag(tenant, name), text(tenant, name)) {
        (Some(true), _) => Reach::Good,
        (Some(false), _) => Reach::Bad,
        (None, said) => Reach::NotRun(said.unwrap_or_default()),
    }
}

/// A member as a list; a single object is a list of one, because PowerShell unwraps such lists, and an empty text is an
/// empty list.
fn listed<'a>(object: &'a Value, name: &str) -> Option<Box<dyn Iterator<Item = &'a Value> + 'a>> {
    match object.get(name)? {
        Value::Array(items) => Some(Box::new(items.iter().filter(|item| !item.is_null()))),
        Value::String(text) if text.is_empty() => Some(Box::new(std::iter::empty())),
        Value::Null => None,
        one => Some(Box::new(std::iter::once(one))),
    }
}

fn words(object: &Value, name: &str) -> Vec<String> {
    texts(object, name).map_or_else(Vec::new, without_empty)
}

fn without_empty(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

fn filled(object: &Value, name: &str) -> Option<String> {
    text(object, name).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_about_permissions_keeps_what_decides() {
        let reply = json!({
            "Results": {
                "AccessTokenDetails": {"AppId": "a-1", "Name": "CIPP Service Account", "UserPrincipalName": "cipp@msp.example",
                    "AuthMethods": ["pwd", "mfa"], "Scope": ["User.Read"], "IPAddress": "203.0.113.9", "Roles": ""},
                "ApplicationTokenDetails": {"AppId": "a-1", "Roles": ["Directory.Read.All"], "AuthMethods": ""},
                "Messages": ["all is well"], "ErrorMessages": [], "CPVRefreshList": [],
                "MissingPermissions": [{"Application": "Microsoft Graph", "Type": "Delegated", "Permission": "User.Read.All"}],
                "Success": "True"
            },
            "Metadata": {"LastRun": "2026-11-22T09:00:00Z"}
        });
        let read = read(reply, permissions).unwrap();
        assert_eq!(read.last_run.as_deref(), Some("2026-11-22T09:00:00Z"));
        let report = read.results.unwrap();
        let account = report.access_token.clone().unwrap();
        assert_eq!(account.auth_methods, Some(vec!["pwd".to_owned(), "mfa".to_owned()]));
        assert_eq!(account.roles, Vec::<String>::new(), "an empty text is no role");
        assert_eq!(report.application_token.clone().unwrap().auth_methods, Some(vec![]));
        assert_eq!(
            report.missing_permissions.clone().unwrap()[0].permission,
            "User.Read.All"
        );
        assert_eq!(report.success, Some(true));
        assert!(!format!("{report:?}").contains("203.0.113.9"));
    }

    #[test]
    fn never_run_queued_and_unknown_are_no_report() {
        let never = read(json!({"Results": null, "Metadata": {"LastRun": null}}), permissions).unwrap();
        assert_eq!((never.results, never.last_run, never.alert), (None, None, None));
        let queued = read(json!({"Results": "Queued the tenant", "Metadata": {}}), tenants).unwrap();
        assert_eq!(
            (queued.results, queued.alert.as_deref()),
            (None, Some("Queued the tenant"))
        );
        let empty = read(
            json!({"Results": {"AccessTokenDetails": {}, "MissingPermissions": ""}}),
            permissions,
        )
        .unwrap();
        let report = empty.results.unwrap();
        assert_eq!((report.access_token, report.missing_permissions), (None, Some(vec![])));
        assert!(read(json!([]), permissions).is_err());
    }

    #[test]
    fn groups_are_read_whatever_their_form() {
        let reply = json!({"Results": {
            "GDAPIssues": {"Type": "Error", "Issue": "The account is not in AdminAgents"},
            "MissingGroups": [{"Name": "M365 GDAP User Administrator", "Type": "Warning"}],
            "Memberships": [{"displayName": "AdminAgents"}, null],
            "CIPPGroupCount": "14"
        }, "Metadata": {"LastRun": ""}});
        let read = read(reply, gdap).unwrap();
        assert_eq!(read.last_run, None);
        let report = read.results.unwrap();
        assert_eq!(report.issues.len(), 1);
        assert_eq!(report.missing_groups.unwrap(), ["M365 GDAP User Administrator"]);
        assert_eq!(report.memberships.unwrap(), ["AdminAgents"]);
        assert_eq!(report.group_count, Some(14));
    }

    #[test]
    fn a_tenant_that_was_not_looked_at_is_neither_good_nor_bad() {
        let reply = json!({"Results": [
            {"DefaultDomainName": "contoso.com", "GraphStatus": true, "ExchangeStatus": false},
            {"TenantName": "Fabrikam", "GraphStatus": "Not run yet", "ExchangeStatus": null}
        ], "Metadata": {"LastRun": null, "AlertMessage": "Queued 2 tenants"}});
        let read = read(reply, tenants).unwrap();
        assert_eq!(read.alert.as_deref(), Some("Queued 2 tenants"));
        let tenants = read.results.unwrap();
        assert_eq!((&tenants[0].graph, &tenants[0].exchange), (&Reach::Good, &Reach::Bad));
        assert_eq!(tenants[1].graph, Reach::NotRun("Not run yet".into()));
        assert_eq!(
            (tenants[1].tenant.as_str(), &tenants[1].exchange),
            ("Fabrikam", &Reach::NotRun(String::new()))
        );
    }

    #[test]
    fn a_fresh_report_is_asked_for_by_name() {
        assert_eq!(query(AccessCheckKind::Gdap, false), [("Type", "GDAP".to_owned())]);
        assert_eq!(
            query(AccessCheckKind::Permissions, true),
            [("Type", "Permissions".to_owned()), ("SkipCache", "true".to_owned())]
        );
    }
}
