//! Conditional Access policies, read as far as they concern one account (facts: Entra C.3 step 2).
//!
//! Pure: a policy and who the account is go in, whether it applies and what it demands come out. What cannot be told (a
//! policy for a group, when the groups could not be seen) is its own answer. Not here: fetching, and the verdict.

use std::collections::HashSet;

use serde_json::Value;

use crate::sources::microsoft::{strings, text};

/// Who the account is to a policy. `None` where it could not be looked at.
#[derive(Debug, Default, Clone)]
pub(super) struct Who {
    pub(super) id: String,
    pub(super) guest: bool,
    /// All its groups, groups within groups included.
    pub(super) groups: Option<HashSet<String>>,
    /// All its roles, by template.
    pub(super) roles: Option<HashSet<String>>,
}

/// A policy's own switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    /// Reports what it would do, and does nothing.
    ReportOnly,
    Off,
}

/// Whether a policy concerns the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    Yes,
    No,
    Unknown,
}

/// One policy, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) switch: Switch,
    pub(super) applies: Applies,
    /// Includes this account by name, and nobody else.
    pub(super) for_it_alone: bool,
    /// Demands Microsoft's MFA, with no other control that would do instead.
    pub(super) demands_mfa: bool,
    /// Another control would do instead of MFA.
    pub(super) mfa_or_else: bool,
    /// Demands it anew at every sign-in.
    pub(super) every_time: bool,
    /// Ways around it: conditions under which it does not act.
    pub(super) gaps: Vec<String>,
    /// Third parties' factors that it asks for.
    pub(super) third_parties: Vec<String>,
}

impl Policy {
    pub(super) fn read(policy: &Value, who: &Who) -> Policy {
        let grant = &policy["grantControls"];
        let controls = strings(grant, "builtInControls");
        let third_parties: Vec<String> = strings(grant, "customAuthenticationFactors")
            .into_iter()
            .map(str::to_owned)
            .collect();
        let asks_mfa = controls.contains(&"mfa") || strength_is_mfa(&grant["authenticationStrength"]);
        let alternatives = controls.iter().any(|control| *control != "mfa")
            || !third_parties.is_empty()
            || !strings(grant, "termsOfUse").is_empty();
        let any_will_do = text(grant, "operator").is_some_and(|operator| operator.eq_ignore_ascii_case("OR"));
        let or_else = any_will_do && alternatives;
        Policy {
            id: text(policy, "id").unwrap_or_default().to_owned(),
            name: text(policy, "displayName").unwrap_or("without a name").to_owned(),
            switch: match text(policy, "state") {
                Some("enabled") => Switch::On,
                Some("enabledForReportingButNotEnforced") => Switch::ReportOnly,
                _ => Switch::Off,
            },
            applies: applies(&policy["conditions"]["users"], who),
            for_it_alone: for_it_alone(&policy["conditions"]["users"], who),
            demands_mfa: asks_mfa && !or_else,
            mfa_or_else: asks_mfa && or_else,
            every_time: every_time(&policy["sessionControls"]["signInFrequency"]),
            gaps: gaps(&policy["conditions"]),
            third_parties,
        }
    }

    pub(super) fn acts(&self) -> bool {
        self.switch == Switch::On && self.applies == Applies::Yes
    }
}

fn strength_is_mfa(strength: &Value) -> bool {
    text(strength, "requirementsSatisfied") == Some("mfa")
}

fn every_time(frequency: &Value) -> bool {
    frequency["isEnabled"] == true && text(frequency, "frequencyInterval") == Some("everyTime")
}

/// Included in some way, and excluded in none. What could not be looked at counts only where it would decide.
fn applies(users: &Value, who: &Who) -> Applies {
    let excluded = [
        named(strings(users, "excludeUsers"), who),
        among(strings(users, "excludeGroups"), who.groups.as_ref()),
        among(strings(users, "excludeRoles"), who.roles.as_ref()),
        yes_if(who.guest && !users["excludeGuestsOrExternalUsers"].is_null()),
    ]
    .into_iter()
    .fold(Applies::No, either);
    if excluded == Applies::Yes {
        return Applies::No;
    }
    let included = [
        named(strings(users, "includeUsers"), who),
        among(strings(users, "includeGroups"), who.groups.as_ref()),
        among(strings(users, "includeRoles"), who.roles.as_ref()),
        yes_if(who.guest && !users["includeGuestsOrExternalUsers"].is_null()),
    ]
    .into_iter()
    .fold(Applies::No, either);
    match (included, excluded) {
        (Applies::Yes, Applies::Unknown) => Applies::Unknown,
        (included, _) => included,
    }
}

fn for_it_alone(users: &Value, who: &Who) -> bool {
    let nobody_else = ["includeGroups", "includeRoles"]
        .iter()
        .all(|field| strings(users, field).is_empty())
        && users["includeGuestsOrExternalUsers"].is_null();
    let included = strings(users, "includeUsers");
    nobody_else && matches!(included.as_slice(), [only] if only.eq_ignore_ascii_case(&who.id))
}

fn named(users: Vec<&str>, who: &Who) -> Applies {
    yes_if(users.iter().any(|user| {
        *user == "All" || user.eq_ignore_ascii_case(&who.id) || (who.guest && *user == "GuestsOrExternalUsers")
    }))
}

fn among(wanted: Vec<&str>, own: Option<&HashSet<String>>) -> Applies {
    match own {
        _ if wanted.is_empty() => Applies::No,
        None => Applies::Unknown,
        Some(own) => yes_if(wanted.iter().any(|id| own.contains(&id.to_ascii_lowercase()))),
    }
}

fn yes_if(condition: bool) -> Applies {
    if condition { Applies::Yes } else { Applies::No }
}

fn either(a: Applies, b: Applies) -> Applies {
    match (a, b) {
        (Applies::Yes, _) | (_, Applies::Yes) => Applies::Yes,
        (Applies::Unknown, _) | (_, Applies::Unknown) => Applies::Unknown,
        _ => Applies::No,
    }
}

/// Every condition under which a sign-in escapes the policy.
fn gaps(conditions: &Value) -> Vec<String> {
    let mut gaps = Vec::new();
    let applications = &conditions["applications"];
    if strings(applications, "includeApplications") != ["All"] {
        gaps.push("it is not for all cloud apps".to_owned());
    }
    if !strings(applications, "excludeApplications").is_empty() {
        gaps.push("it leaves out some cloud apps".to_owned());
    }
    if !applications["applicationFilter"].is_null() {
        gaps.push("it has a filter for apps".to_owned());
    }
    limited(
        &conditions["locations"],
        "Locations",
        "All",
        "trusted or other locations",
        &mut gaps,
    );
    limited(
        &conditions["platforms"],
        "Platforms",
        "all",
        "device platforms",
        &mut gaps,
    );
    let clients = strings(conditions, "clientAppTypes");
    if !clients.is_empty() && clients != ["all"] {
        gaps.push("it is for some kinds of client apps only".to_owned());
    }
    if !conditions["devices"]["deviceFilter"].is_null() {
        gaps.push("it has a filter for devices".to_owned());
    }
    let only_sometimes = [
        ("signInRiskLevels", "it acts only at a risky sign-in"),
        ("userRiskLevels", "it acts only for a risky user"),
    ];
    for (field, told) in only_sometimes {
        if !strings(conditions, field).is_empty() {
            gaps.push(told.to_owned());
        }
    }
    if !is_blank(&conditions["insiderRiskLevels"]) {
        gaps.push("it acts only at a risk from inside".to_owned());
    }
    if !is_blank(&conditions["authenticationFlows"]["transferMethods"]) {
        gaps.push("it acts only in some ways of signing in".to_owned());
    }
    gaps
}

/// A condition that includes all of its kind and leaves out none is no limit.
fn limited(condition: &Value, kind: &str, all: &str, told: &str, gaps: &mut Vec<String>) {
    if condition.is_null() {
        return;
    }
    let included = strings(condition, &format!("include{kind}"));
    let excluded = strings(condition, &format!("exclude{kind}"));
    let whole = included.is_empty() || included.iter().any(|one| one.eq_ignore_ascii_case(all));
    if !whole || !excluded.is_empty() {
        gaps.push(format!("it makes a difference between {told}"));
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "none",
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::checks) const ME: &str = "44444444-4444-4444-4444-444444444444";

    /// The policy that CIPP's manual asks for.
    pub(in crate::checks) fn dedicated() -> Value {
        json!({
            "id": "p1", "displayName": "CIPP Service Account Conditional Access Policy", "state": "enabled",
            "conditions": {
                "users": {"includeUsers": [ME], "excludeUsers": [], "includeGroups": [], "excludeGroups": [], "includeRoles": [], "excludeRoles": []},
                "applications": {"includeApplications": ["All"], "excludeApplications": []},
                "clientAppTypes": ["all"], "locations": null, "platforms": null, "signInRiskLevels": [], "userRiskLevels": []
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": []},
            "sessionControls": {"signInFrequency": {"isEnabled": true, "frequencyInterval": "everyTime"}}
        })
    }

    fn who(groups: &[&str]) -> Who {
        let set = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect());
        Who {
            id: ME.into(),
            guest: false,
            groups: set(groups),
            roles: set(&["role-1"]),
        }
    }

    fn with(pointer: &str, value: Value) -> Policy {
        let mut policy = dedicated();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        policy.pointer_mut(parent).unwrap()[key] = value;
        Policy::read(&policy, &who(&["g1"]))
    }

    #[test]
    fn the_policy_of_the_manual_does_everything() {
        let policy = Policy::read(&dedicated(), &who(&[]));
        assert!(policy.acts() && policy.demands_mfa && policy.every_time);
        assert_eq!(policy.gaps, Vec::<String>::new());
    }

    #[test]
    fn users_are_included_by_name_group_role_or_all_and_excluded_first() {
        let users = |users: Value| with("/conditions/users", users).applies;
        assert_eq!(users(json!({"includeUsers": ["All"]})), Applies::Yes);
        assert_eq!(
            users(json!({"includeUsers": ["None"], "includeGroups": ["G1"]})),
            Applies::Yes
        );
        assert_eq!(users(json!({"includeRoles": ["role-1"]})), Applies::Yes);
        assert_eq!(users(json!({"includeGroups": ["g2"]})), Applies::No);
        assert_eq!(users(json!({"includeUsers": ["GuestsOrExternalUsers"]})), Applies::No);
        for excluded in [
            json!({"includeUsers": ["All"], "excludeUsers": [ME.to_uppercase()]}),
            json!({"includeUsers": ["All"], "excludeGroups": ["g1"]}),
            json!({"includeUsers": ["All"], "excludeRoles": ["role-1"]}),
        ] {
            assert_eq!(users(excluded), Applies::No);
        }
        let guests_out = json!({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": {"x": 1}});
        assert_eq!(users(guests_out), Applies::Yes, "a member is no guest");
    }

    #[test]
    fn groups_that_were_not_seen_matter_only_where_they_decide() {
        let unseen = Who {
            groups: None,
            ..who(&[])
        };
        let read = |users: Value| applies(&users, &unseen);
        assert_eq!(read(json!({"includeUsers": [ME]})), Applies::Yes);
        assert_eq!(read(json!({"includeGroups": ["g1"]})), Applies::Unknown);
        assert_eq!(
            read(json!({"includeUsers": [ME], "excludeGroups": ["g1"]})),
            Applies::Unknown
        );
        assert_eq!(
            read(json!({"includeUsers": ["x"], "excludeGroups": ["g1"]})),
            Applies::No
        );
        assert_eq!(
            read(json!({"includeUsers": [ME], "includeGroups": ["g1"]})),
            Applies::Yes
        );
        assert_eq!(
            read(json!({"includeGroups": ["g1"], "excludeUsers": [ME]})),
            Applies::No
        );
    }

    #[test]
    fn another_control_that_would_do_instead_is_no_demand() {
        let grant = |grant: Value| with("/grantControls", grant);
        let or_else = grant(json!({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}));
        assert!(!or_else.demands_mfa && or_else.mfa_or_else);
        assert!(grant(json!({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})).demands_mfa);
        let custom =
            grant(json!({"operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": ["duo"]}));
        assert!(custom.mfa_or_else && custom.third_parties == ["duo"]);
        let strength = grant(
            json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"requirementsSatisfied": "mfa"}}),
        );
        assert!(strength.demands_mfa);
        assert!(!grant(json!({"operator": "OR", "builtInControls": ["block"]})).demands_mfa);
        assert!(!grant(Value::Null).demands_mfa);
    }

    #[test]
    fn every_time_is_told_from_a_number_of_hours() {
        let frequency = |value: Value| with("/sessionControls/signInFrequency", value).every_time;
        assert!(!frequency(
            json!({"isEnabled": true, "frequencyInterval": "timeBased", "value": 1, "type": "hours"})
        ));
        assert!(!frequency(
            json!({"isEnabled": false, "frequencyInterval": "everyTime"})
        ));
        assert!(!frequency(Value::Null));
    }

    #[test]
    fn each_way_around_is_a_gap() {
        let gap = |pointer: &str, value: Value| with(pointer, value).gaps.len();
        for (pointer, value) in [
            ("/conditions/applications/includeApplications", json!(["Office365"])),
            ("/conditions/applications/includeApplications", json!(["None"])),
            ("/conditions/applications/excludeApplications", json!(["x"])),
            (
                "/conditions/locations",
                json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}),
            ),
            ("/conditions/locations", json!({"includeLocations": ["some-place"]})),
            ("/conditions/platforms", json!({"includePlatforms": ["android"]})),
            (
                "/conditions/platforms",
                json!({"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}),
            ),
            ("/conditions/clientAppTypes", json!(["browser"])),
            ("/conditions/devices", json!({"deviceFilter": {"mode": "exclude"}})),
            ("/conditions/signInRiskLevels", json!(["high"])),
            ("/conditions/userRiskLevels", json!(["high"])),
            (
                "/conditions/authenticationFlows",
                json!({"transferMethods": "deviceCodeFlow"}),
            ),
        ] {
            assert_eq!(gap(pointer, value.clone()), 1, "{pointer} {value}");
        }
        for (pointer, value) in [
            (
                "/conditions/locations",
                json!({"includeLocations": ["All"], "excludeLocations": []}),
            ),
            ("/conditions/platforms", json!({"includePlatforms": ["all"]})),
            ("/conditions/devices", json!({"deviceFilter": null})),
            ("/conditions/authenticationFlows", json!({"transferMethods": "none"})),
        ] {
            assert_eq!(gap(pointer, value.clone()), 0, "{pointer} {value}");
        }
    }

    #[test]
    fn report_only_and_off_do_not_act() {
        let state = |state: &str| with("/state", json!(state));
        assert_eq!(state("enabledForReportingButNotEnforced").switch, Switch::ReportOnly);
        assert_eq!(state("disabled").switch, Switch::Off);
        assert!(!state("disabled").acts());
    }
}
