//! Which of the recommended roles reach the account in customers' tenants, by their GDAP relationships (facts: Entra C.2
//! row 14, CIPP 3b).
//!
//! A relationship grants roles to the partner; an access assignment hands one of them on to a security group of the
//! partner's, and an account has it by being in that group. A customer may have several relationships: what one lacks
//! another may give. Not here: the groups by their names, and the verdict (`ms_gdap_groups`).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use crate::sources::microsoft::{Ask, Ms, encoded, text, unclear};
use crate::sources::{Trail, Trouble};

/// The roles that CIPP recommends: template and name.
pub(super) const ROLES: [(&str, &str); 15] = [
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    (
        "0526716b-113d-4c15-b2c8-68e3c22b9f80",
        "Authentication Policy Administrator",
    ),
    ("b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator"),
    (
        "892c5842-a9a6-463a-8041-72aa08ca3cf6",
        "Cloud App Security Administrator",
    ),
    ("7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator"),
    ("8329153b-31d0-4727-b945-745eb3bc5f31", "Domain Name Administrator"),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator"),
    (
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        "Privileged Authentication Administrator",
    ),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"),
    ("69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
];

/// The least scope, for relationships and their assignments alike.
const NEEDED: &[&str] = &["DelegatedAdminRelationship.Read.All"];

/// Of how many relationships the assignments are looked at: each is a request of its own.
const LOOKED_AT: usize = 30;

/// What a customer's relationships grant, and what of it comes to the account; roles by name.
#[derive(Debug, Default)]
pub(super) struct Customer {
    pub(super) name: String,
    granted: BTreeSet<&'static str>,
    reached: BTreeSet<&'static str>,
    /// Handed to one of the account's groups, and not in force yet.
    pending: BTreeSet<&'static str>,
}

impl Customer {
    /// Granted, and handed to none of the account's groups.
    pub(super) fn lacking(&self) -> Vec<&'static str> {
        let lacking = self.granted.difference(&self.reached).copied();
        lacking.filter(|role| !self.pending.contains(role)).collect()
    }

    /// On their way to the account.
    pub(super) fn on_the_way(&self) -> bool {
        self.pending.difference(&self.reached).next().is_some()
    }

    /// Not granted to the partner at all: it takes a new relationship.
    pub(super) fn never_granted(&self) -> usize {
        ROLES.len() - self.granted.len()
    }
}

/// The relationships that are in force.
pub(super) async fn active(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Vec<Value>, Trouble> {
    let path = format!(
        "/tenantRelationships/delegatedAdminRelationships?$filter={}",
        encoded("status eq 'active'")
    );
    let active = ms.list(trail, Ask::graph(path).needs(NEEDED)).await?;
    trail.saw("active GDAP relationships", active.len());
    Ok(active)
}

/// The customers of these relationships, as far as they are looked at, for an account in these groups. Whether that is all
/// of them.
pub(super) async fn customers(
    ms: &mut Ms<'_>,
    relationships: &[Value],
    groups: &HashSet<String>,
    trail: &mut Trail,
) -> Result<(Vec<Customer>, bool), Trouble> {
    let mut customers: BTreeMap<String, Customer> = BTreeMap::new();
    for relationship in relationships.iter().take(LOOKED_AT) {
        let id = text(relationship, "id").ok_or_else(|| unclear("Graph lists a relationship without an ID."))?;
        let assignments = assignments(ms, id, trail).await?;
        let name = text(&relationship["customer"], "displayName").or(text(relationship, "displayName"));
        let key = text(&relationship["customer"], "tenantId").unwrap_or(id);
        let customer = customers.entry(key.to_owned()).or_default();
        customer.name = name.unwrap_or(key).to_owned();
        customer.granted.extend(roles(relationship));
        for assignment in &assignments {
            let group = text(&assignment["accessContainer"], "accessContainerId").unwrap_or_default();
            if !groups.contains(&group.to_ascii_lowercase()) {
                continue;
            }
            match text(assignment, "status") {
                Some("active") => customer.reached.extend(roles(assignment)),
                Some("pending") => customer.pending.extend(roles(assignment)),
                _ => {}
            }
        }
    }
    let whole = relationships.len() <= LOOKED_AT;
    if !whole {
        trail.saw("relationships whose assignments were looked at", LOOKED_AT);
    }
    Ok((customers.into_values().collect(), whole))
}

async fn assignments(ms: &mut Ms<'_>, relationship: &str, trail: &mut Trail) -> Result<Vec<Value>, Trouble> {
    let path = format!(
        "/tenantRelationships/delegatedAdminRelationships/{}/accessAssignments",
        encoded(relationship)
    );
    match ms.list(trail, Ask::graph(path).needs(NEEDED)).await {
        // Ended between the two questions.
        Err(trouble) if trouble.is_not_found() => Ok(Vec::new()),
        answer => answer,
    }
}

/// Its recommended roles.
fn roles(of: &Value) -> impl Iterator<Item = &'static str> {
    let held = of["accessDetails"]["unifiedRoles"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    ROLES.into_iter().filter_map(move |(template, name)| {
        let is_held = |role: &Value| text(role, "roleDefinitionId").is_some_and(|id| id.eq_ignore_ascii_case(template));
        held.iter().any(is_held).then_some(name)
    })
}
