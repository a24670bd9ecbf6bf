//! The partner's own tenant as data: people, groups, roles, applications, consents, policies, subscriptions. Entra, Graph,
//! Azure and CIPP's checks answer from the one directory, so that what one of them says fits what the others say.
//!
//! It is `worlds/directory.toml`, altered by the `[directory]` tables of a scenario. Objects are kept as they go over the
//! wire, with Microsoft's names; relations (who is in a group, who has a role) are looked up in `relations`. What
//! deliberately is not here: who may see what. That is decided where it is asked for.

mod placeholders;
mod relations;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{identity::Identity, server::SandboxError};
use placeholders::Placeholders;
pub(crate) use placeholders::places;

const BASE: &str = include_str!("../../worlds/directory.toml");

/// The tables of the file whose entries are Graph objects: each gets an `id` where it brings none.
const OBJECTS: [&str; 13] = [
    "users",
    "strangers",
    "groups",
    "roleDefinitions",
    "roleAssignments",
    "roleEligibilityScheduleInstances",
    "applications",
    "servicePrincipals",
    "oauth2PermissionGrants",
    "delegatedAdminRelationships",
    "conditionalAccessPolicies",
    "signIns",
    "domains",
];

/// Whatever else the file may hold.
const SETTINGS: [&str; 10] = [
    "tenant",
    "sign_in",
    "organization",
    "authentication",
    "registrationDetails",
    "policies",
    "mailboxes",
    "federation",
    "arm",
    "cipp",
];

/// The directory of one scenario. It does not change while the scenario is played.
#[derive(Debug)]
pub(crate) struct Directory {
    root: Map<String, Value>,
}

impl Directory {
    /// The directory of this tenant with a scenario's alterations.
    ///
    /// # Errors
    /// [`SandboxError::Directory`] where an alteration names a table or a placeholder that there is not.
    pub(crate) fn new(identity: &Identity, alterations: &toml::Table, now: Timestamp) -> Result<Self, SandboxError> {
        let base: toml::Table = toml::from_str(BASE).map_err(|error| SandboxError::Directory(error.to_string()))?;
        let mut root = json(&base)?;
        let mut alterations = json(alterations)?;
        let removed = alterations.shift_remove("remove");
        merge(&mut root, alterations);
        for path in removed.iter().flat_map(|paths| paths.as_array().into_iter().flatten()) {
            remove(&mut root, path.as_str().unwrap_or_default())?;
        }
        if let Some(unknown) = root
            .keys()
            .find(|name| !OBJECTS.contains(&name.as_str()) && !SETTINGS.contains(&name.as_str()))
        {
            return Err(SandboxError::Directory(format!("it has no table \"{unknown}\"")));
        }
        let root = Placeholders::new(identity, &root, now).fill_in()?;
        Ok(Self { root })
    }

    /// All objects of a table, with the keys of the file.
    pub(crate) fn all(&self, table: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.root
            .get(table)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value))
    }

    /// An entry by its key.
    pub(crate) fn entry(&self, table: &str, key: &str) -> Option<&Value> {
        self.root.get(table)?.get(key)
    }

    /// An entry by its object id, with its key.
    pub(crate) fn by_id(&self, table: &str, id: &str) -> Option<(&str, &Value)> {
        self.all(table).find(|(_, object)| same(&object["id"], id))
    }

    /// An entry by one of its properties.
    pub(crate) fn by(&self, table: &str, property: &str, value: &str) -> Option<(&str, &Value)> {
        self.all(table).find(|(_, object)| same(&object[property], value))
    }

    /// A person by object id or sign-in name, as Graph takes either.
    pub(crate) fn user(&self, id_or_name: &str) -> Option<(&str, &Value)> {
        self.by_id("users", id_or_name)
            .or_else(|| self.by("users", "userPrincipalName", id_or_name))
    }

    /// Whatever stands at a JSON pointer; null where nothing does.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        let mut segments = pointer.split('/').skip(1);
        let first = segments.next().and_then(|name| self.root.get(name));
        segments.fold(first.unwrap_or(&Value::Null), |value, name| &value[name])
    }
}

/// Equal but for the case of letters: ids, names and roles are.
pub(crate) fn same(value: &Value, text: &str) -> bool {
    value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text))
}

fn json(table: &toml::Table) -> Result<Map<String, Value>, SandboxError> {
    match serde_json::to_value(table) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(SandboxError::Directory(error.to_string())),
    }
}

/// Tables are merged, everything else is replaced.
fn merge(base: &mut Map<String, Value>, over: Map<String, Value>) {
    for (name, value) in over {
        match (base.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

/// Takes away what stands at a path of names with dots between.
fn remove(root: &mut Map<String, Value>, path: &str) -> Result<(), SandboxError> {
    let missing = || SandboxError::Directory(format!("there is no \"{path}\" to remove"));
    let mut names: Vec<&str> = path.split('.').collect();
    let last = names.pop().ok_or_else(missing)?;
    let mut map = root;
    for name in names {
        map = map.get_mut(name).and_then(Value::as_object_mut).ok_or_else(missing)?;
    }
    map.shift_remove(last).map(|_| ()).ok_or_else(missing)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::world::{World, WorldFlags, WorldSize};

    /// The directory of the first world, altered by these lines of TOML.
    pub(crate) fn directory(lines: &str) -> Result<Directory, SandboxError> {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let world = World::generate(WorldSize::Small, 1, now, WorldFlags::default());
        let identity = Identity::of(world.cast(), 1).unwrap();
        Directory::new(&identity, &toml::from_str(lines).unwrap(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::directory;
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn every_object_has_an_id_and_no_placeholder_is_left() {
        let directory = directory("").unwrap();
        for table in OBJECTS {
            for (key, object) in directory.all(table) {
                assert!(object["id"].is_string(), "{table}.{key}");
            }
        }
        let text = Value::Object(directory.root.clone()).to_string();
        assert!(!text.contains("{users.") && !text.contains("{days:") && !text.contains("{tenant"));
    }

    #[test]
    fn a_scenario_changes_one_property_and_takes_things_away() {
        let directory =
            directory("remove = [\"groups.adminagents\"]\n[users.service]\naccountEnabled = false").unwrap();
        assert!(directory.entry("groups", "adminagents").is_none());
        let service = directory.entry("users", "service").unwrap();
        assert_eq!(service["accountEnabled"], false);
        assert_eq!(service["displayName"], "CIPP Service Account");
    }

    #[test]
    fn misspelt_alterations_are_refused() {
        for lines in [
            "[user.service]\naccountEnabled = false",
            "remove = [\"groups.admin_agents\"]",
            "[groups.adminagents]\nmembers = [\"{users.nobody.at.all}\"]",
            "[groups.adminagents]\nmembers = [\"{nothing}\"]",
        ] {
            assert!(directory(lines).is_err(), "{lines}");
        }
    }

    #[test]
    fn the_directories_of_all_scenarios_can_be_made() {
        for scenario in Scenario::all().unwrap() {
            let lines = toml::to_string(&scenario.directory).unwrap();
            if let Err(error) = directory(&lines) {
                panic!("{scenario}: {error}");
            }
        }
    }
}
