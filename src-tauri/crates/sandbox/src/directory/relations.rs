//! Who is in which group, directly and through others, and who holds which role.

use serde_json::{Value, json};

use super::{Directory, same};

impl Directory {
    /// Groups that name this person, group or application as their member.
    pub(crate) fn groups_of(&self, id: &str) -> Vec<&Value> {
        self.all("groups")
            .map(|(_, group)| group)
            .filter(|group| members(group).any(|member| same(member, id)))
            .collect()
    }

    /// Those groups, and the groups that these are in, and so on; each once.
    pub(crate) fn all_groups_of(&self, id: &str) -> Vec<&Value> {
        let mut found: Vec<&Value> = Vec::new();
        let mut open = vec![id.to_owned()];
        while let Some(id) = open.pop() {
            for group in self.groups_of(&id) {
                if !found.iter().any(|known| known["id"] == group["id"]) {
                    found.push(group);
                    open.push(text(&group["id"]).to_owned());
                }
            }
        }
        found
    }

    /// The ids by which a principal can be granted something: its own and those of its groups.
    pub(crate) fn principals_of(&self, id: &str) -> Vec<String> {
        let groups = self.all_groups_of(id);
        std::iter::once(id.to_owned())
            .chain(groups.iter().map(|group| text(&group["id"]).to_owned()))
            .collect()
    }

    /// Active role assignments of a principal, those of its groups included.
    pub(crate) fn role_assignments_of(&self, id: &str) -> Vec<&Value> {
        let principals = self.principals_of(id);
        self.all("roleAssignments")
            .map(|(_, assignment)| assignment)
            .filter(|assignment| principals.iter().any(|id| same(&assignment["principalId"], id)))
            .collect()
    }

    /// The role templates that a principal holds for the whole tenant.
    pub(crate) fn roles_of(&self, id: &str) -> Vec<String> {
        self.role_assignments_of(id)
            .into_iter()
            .filter(|assignment| assignment["directoryScopeId"] == "/")
            .map(|assignment| text(&assignment["roleDefinitionId"]).to_owned())
            .collect()
    }

    /// The directory roles of a principal as `memberOf` shows them.
    pub(crate) fn directory_roles_of(&self, id: &str) -> Vec<Value> {
        self.roles_of(id)
            .iter()
            .map(|role| {
                let name = self
                    .by_id("roleDefinitions", role)
                    .map(|(_, role)| &role["displayName"]);
                json!({
                    "@odata.type": "#microsoft.graph.directoryRole",
                    "id": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, role.as_bytes()),
                    "displayName": name,
                    "roleTemplateId": role,
                })
            })
            .collect()
    }
}

fn members(group: &Value) -> impl Iterator<Item = &Value> {
    group["members"].as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::directory::testing::directory;

    #[test]
    fn membership_goes_through_groups_and_round_in_circles() {
        let directory = directory(
            "[groups.adminagents]\nmembers = [\"{groups.helpdesk}\"]\n\
             [groups.helpdesk]\nmembers = [\"{users.technician}\", \"{groups.adminagents}\"]",
        )
        .unwrap();
        let technician = text(&directory.entry("users", "technician").unwrap()["id"]);
        assert_eq!(directory.groups_of(technician).len(), 1);
        assert_eq!(directory.all_groups_of(technician).len(), 2);
    }

    #[test]
    fn roles_come_through_groups_too() {
        let directory = directory(
            "[roleAssignments.helpdesk]\nprincipalId = \"{groups.helpdesk}\"\ndirectoryScopeId = \"/\"\n\
             roleDefinitionId = \"{roleDefinitions.global_reader}\"",
        )
        .unwrap();
        let technician = text(&directory.entry("users", "technician").unwrap()["id"]);
        assert_eq!(directory.roles_of(technician), ["f2ef992c-3afb-46b9-b7cf-a126ee74c451"]);
        assert_eq!(
            directory.directory_roles_of(technician)[0]["displayName"],
            "Global Reader"
        );
    }
}
