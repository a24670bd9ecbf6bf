//! Who may call what: CIPP's decision about an API client that the front door has let in (facts: cipp 2.4 to 2.6).
//!
//! The order is CIPP's: the hosted subscription, the presence of a principal, the IP list, the role. Every refusal is a
//! 403 with a sentence; clients can tell the causes apart by these fragments alone, so they are spelled as CIPP does.

use std::net::IpAddr;

use super::Permission;
use crate::hosting::Caller;
use crate::scenario::Scenario;

const NOT_ALLOWED: &str = "Access to this CIPP API endpoint is not allowed";

/// The roles that every CIPP has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    ReadOnly,
    Editor,
    Admin,
    SuperAdmin,
}

impl BuiltIn {
    /// The built-in role of this name.
    pub(super) fn named(role: &str) -> Option<BuiltIn> {
        match role.to_ascii_lowercase().as_str() {
            "readonly" => Some(BuiltIn::ReadOnly),
            "editor" => Some(BuiltIn::Editor),
            "admin" => Some(BuiltIn::Admin),
            "superadmin" => Some(BuiltIn::SuperAdmin),
            _ => None,
        }
    }

    /// Whether the role includes a permission (facts: cipp 2.6).
    fn allows(self, permission: &str) -> bool {
        let one_of = |areas: &[&str]| areas.iter().any(|area| permission.starts_with(area));
        let held_back = one_of(&["CIPP.SuperAdmin.", "CIPP.Admin.", "CIPP.AppSettings."]);
        match self {
            BuiltIn::ReadOnly => permission.ends_with(".Read") && !held_back,
            BuiltIn::Editor => !held_back && permission != "Tenant.Standards.ReadWrite",
            BuiltIn::Admin => !one_of(&["CIPP.SuperAdmin."]),
            BuiltIn::SuperAdmin => true,
        }
    }
}

/// Decides about one call.
///
/// # Errors
/// The sentence of the 403.
pub(super) fn decide(
    scenario: &Scenario,
    caller: Option<&Caller>,
    endpoint: &str,
    permission: Permission,
) -> Result<(), String> {
    if let Permission::Public = permission {
        return Ok(());
    }
    if let Some(text) = &scenario.refuse_all {
        return Err(text.clone());
    }
    match (permission, caller) {
        (Permission::Own | Permission::Public, _) => Ok(()),
        (Permission::Of(_), None) => Err(no_principal()),
        (Permission::Of(permission), Some(caller)) => {
            check_ip(caller)?;
            check_role(caller, endpoint, permission)
        }
    }
}

/// Nobody put a principal into the headers: the code trips over the missing value.
pub(super) fn no_principal() -> String {
    "Exception calling \"FromBase64String\" with \"1\" argument(s): \"Cannot convert a null Base64 string. (Parameter 's')\"".into()
}

/// The refusal never says that it is about the address (facts: cipp 2.5).
///
/// A client stored with a literal `[]` as its list was refused for every call; such an entry matches no address here
/// either.
pub(super) fn check_ip(caller: &Caller) -> Result<(), String> {
    if caller.ip_ranges.is_empty() || caller.ip_ranges.iter().any(|range| in_range(caller.ip, range)) {
        return Ok(());
    }
    Err(format!(
        "{NOT_ALLOWED}, the API Client does not have the required permission"
    ))
}

fn check_role(caller: &Caller, endpoint: &str, permission: &str) -> Result<(), String> {
    if let Some(role) = BuiltIn::named(&caller.role) {
        return if role.allows(permission) {
            Ok(())
        } else {
            Err(format!(
                "{NOT_ALLOWED}, the '{}' base role does not have the required permission: {permission}",
                caller.role
            ))
        };
    }
    let Some(permissions) = &caller.role_permissions else {
        // Neither the role nor `cipp-api`, on which CIPP falls back, exists.
        return Err(format!("{NOT_ALLOWED}, the user does not have the required permission"));
    };
    if caller
        .blocked_endpoints
        .iter()
        .any(|blocked| blocked.eq_ignore_ascii_case(endpoint))
    {
        return Err(format!(
            "{NOT_ALLOWED}, the custom role '{}' has blocked this endpoint: {endpoint}",
            role_name(caller)
        ));
    }
    if permissions.iter().any(|held| includes(held, permission)) {
        return Ok(());
    }
    Err(format!(
        "{NOT_ALLOWED}, you do not have the required permission: {permission}"
    ))
}

/// The role by which CIPP knows the caller: a client without one gets `cipp-api`.
fn role_name(caller: &Caller) -> &str {
    if caller.role.is_empty() {
        "cipp-api"
    } else {
        &caller.role
    }
}

/// ReadWrite implies Read.
fn includes(held: &str, wanted: &str) -> bool {
    held.eq_ignore_ascii_case(wanted)
        || held
            .strip_suffix("Write")
            .is_some_and(|read| read.eq_ignore_ascii_case(wanted))
}

/// The exact address or a CIDR block of the same family (facts: cipp 2.5).
fn in_range(ip: IpAddr, range: &str) -> bool {
    let ip = ip.to_canonical();
    let (network, length) = match range.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (range, Some(u32::MAX)),
    };
    let (Ok(network), Some(length)) = (network.parse::<IpAddr>(), length) else {
        return false;
    };
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => same_start(ip.to_bits().into(), network.to_bits().into(), 32, length),
        (IpAddr::V6(ip), IpAddr::V6(network)) => same_start(ip.to_bits(), network.to_bits(), 128, length),
        _ => false,
    }
}

fn same_start(a: u128, b: u128, width: u32, length: u32) -> bool {
    let ignored = width - length.min(width);
    ignored == 128 || (a ^ b) >> ignored == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipp::testing::caller;

    const CORE: Permission = Permission::Of("CIPP.Core.Read");

    fn refused(caller: &Caller, permission: &'static str) -> String {
        decide(
            &Scenario::default(),
            Some(caller),
            "ListLogs",
            Permission::Of(permission),
        )
        .unwrap_err()
    }

    fn custom(permissions: &[&str]) -> Caller {
        let mut custom = caller("log-reader");
        custom.role_permissions = Some(permissions.iter().map(ToString::to_string).collect());
        custom
    }

    #[test]
    fn built_in_roles_hold_what_the_table_says() {
        for (permission, allowed) in [
            ("CIPP.Core.Read", [true, true, true, true]),
            ("CIPP.AppSettings.Read", [false, false, true, true]),
            ("CIPP.Extension.ReadWrite", [false, true, true, true]),
            ("Tenant.Standards.ReadWrite", [false, false, true, true]),
            ("CIPP.SuperAdmin.Read", [false, false, false, true]),
        ] {
            let roles = [BuiltIn::ReadOnly, BuiltIn::Editor, BuiltIn::Admin, BuiltIn::SuperAdmin];
            assert_eq!(roles.map(|role| role.allows(permission)), allowed, "{permission}");
        }
        let text = refused(&caller("readonly"), "CIPP.AppSettings.Read");
        assert!(
            text.ends_with("the 'readonly' base role does not have the required permission: CIPP.AppSettings.Read")
        );
    }

    #[test]
    fn custom_roles_are_refused_by_permission_and_by_endpoint() {
        assert!(
            refused(&custom(&[]), "CIPP.Core.Read").contains("you do not have the required permission: CIPP.Core.Read")
        );
        let writer = custom(&["CIPP.Core.ReadWrite"]);
        assert_eq!(decide(&Scenario::default(), Some(&writer), "ListLogs", CORE), Ok(()));
        let mut blocked = writer;
        blocked.blocked_endpoints = vec!["listlogs".into()];
        assert!(refused(&blocked, "CIPP.Core.Read").contains("the custom role 'log-reader' has blocked this endpoint"));
    }

    #[test]
    fn a_role_that_is_gone_says_user_not_client() {
        let text = refused(&caller("deleted-role"), "CIPP.Core.Read");
        assert!(text.contains("the user does not have the required permission"));
        assert!(refused(&caller(""), "CIPP.Core.Read").contains("the user does not have the required permission"));
    }

    #[test]
    fn the_address_is_checked_before_the_role() {
        let mut caller = caller("no-such-role");
        caller.ip_ranges = vec!["198.51.100.7".into()];
        let text = refused(&caller, "CIPP.Core.Read");
        assert!(text.contains("the API Client does not have the required permission"));
        assert!(!text.to_lowercase().contains("address"));
    }

    #[test]
    fn the_empty_list_bug_refuses_everyone() {
        let mut caller = caller("admin");
        caller.ip_ranges = vec!["[]".into()];
        assert!(refused(&caller, "CIPP.Core.Read").contains("the API Client does not have"));
    }

    #[test]
    fn ranges_match_exactly_or_by_block_within_a_family() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(in_range(ip("127.0.0.1"), "127.0.0.1"));
        assert!(in_range(ip("10.1.2.3"), "10.0.0.0/8") && !in_range(ip("11.1.2.3"), "10.0.0.0/8"));
        assert!(in_range(ip("203.0.113.9"), "0.0.0.0/0") && in_range(ip("::ffff:10.0.0.1"), "10.0.0.1"));
        assert!(in_range(ip("2001:db8::1"), "2001:db8::/32") && in_range(ip("2001:db8::1"), "::/0"));
        assert!(!in_range(ip("127.0.0.1"), "::/0") && !in_range(ip("::1"), "0.0.0.0/0"));
        assert!(!in_range(ip("127.0.0.1"), "any") && !in_range(ip("127.0.0.1"), "127.0.0.1/x"));
    }

    #[test]
    fn nobody_and_the_ended_subscription() {
        let nobody = decide(&Scenario::default(), None, "ListLogs", CORE).unwrap_err();
        assert!(nobody.contains("null Base64 string"));
        let ended = Scenario {
            refuse_all: Some("Your CIPP subscription has ended".into()),
            ..Scenario::default()
        };
        assert!(decide(&ended, Some(&caller("admin")), "ListLogs", CORE).is_err());
        assert_eq!(decide(&ended, None, "PublicPing", Permission::Public), Ok(()));
    }
}
