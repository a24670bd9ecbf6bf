//! What stands in braces in the directory's file, filled in for one sandbox.

use jiff::{SignedDuration, Timestamp};
use regex::{Captures, Regex};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::OBJECTS;
use crate::{identity::Identity, server::SandboxError};

/// The instance's names in Azure.
pub(crate) mod places {
    /// The Function App.
    pub(crate) const SITE: &str = "cippsandbox";
    /// Its resource group.
    pub(crate) const GROUP: &str = "CIPP";
    /// The subscription of both.
    pub(crate) const SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000000";
}

/// Knows what every placeholder stands for.
pub(super) struct Placeholders<'a> {
    identity: &'a Identity,
    root: &'a Map<String, Value>,
    now: Timestamp,
}

impl<'a> Placeholders<'a> {
    pub(super) fn new(identity: &'a Identity, root: &'a Map<String, Value>, now: Timestamp) -> Self {
        Self { identity, root, now }
    }

    /// The tables with every placeholder filled in and every object's id in its place.
    ///
    /// # Errors
    /// [`SandboxError::Directory`] names a placeholder that there is not.
    pub(super) fn fill_in(&self) -> Result<Map<String, Value>, SandboxError> {
        let braces = Regex::new(r"\{([^{}]*)\}").map_err(|error| SandboxError::Directory(error.to_string()))?;
        let mut filled = Map::new();
        for (table, entries) in self.root {
            let mut entries = self.value(&braces, entries)?;
            if OBJECTS.contains(&table.as_str())
                && let Some(objects) = entries.as_object_mut()
            {
                for (key, object) in objects.iter_mut() {
                    let id = self.object_id(&braces, table, key)?;
                    object["id"] = id.into();
                }
            }
            filled.insert(table.clone(), entries);
        }
        Ok(filled)
    }

    fn value(&self, braces: &Regex, value: &Value) -> Result<Value, SandboxError> {
        Ok(match value {
            Value::String(text) => self.text(braces, text)?.into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(braces, item))
                .collect::<Result<Vec<_>, _>>()?
                .into(),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| Ok((name.clone(), self.value(braces, member)?)))
                    .collect::<Result<_, SandboxError>>()?,
            ),
            other => other.clone(),
        })
    }

    fn text(&self, braces: &Regex, text: &str) -> Result<String, SandboxError> {
        let mut trouble = None;
        let filled = braces.replace_all(text, |found: &Captures<'_>| {
            self.meaning(braces, &found[1]).unwrap_or_else(|error| {
                trouble = Some(error);
                String::new()
            })
        });
        match trouble {
            None => Ok(filled.into_owned()),
            Some(error) => Err(error),
        }
    }

    fn meaning(&self, braces: &Regex, name: &str) -> Result<String, SandboxError> {
        let identity = self.identity;
        if let Some(days) = name.strip_prefix("days:").and_then(|days| days.parse::<i64>().ok()) {
            return Ok(self.days_from_now(days));
        }
        if let Some(label) = name.strip_prefix("app:") {
            return Ok(self.made_up("app", label));
        }
        if let Some((table, key)) = name.split_once('.')
            && OBJECTS.contains(&table)
            && !key.contains('.')
        {
            return self.object_id(braces, table, key);
        }
        Ok(match name {
            "tenant_id" => identity.tenant_id.to_string(),
            "tenant_name" => identity.tenant_name.clone(),
            "domain" => identity.tenant_domains[0].clone(),
            "initial_domain" => identity.tenant_domains[1].clone(),
            "client_id" => identity.client_id.to_string(),
            "client_name" => identity.client_name.to_owned(),
            "service_principal_id" => identity.service_principal_id.to_string(),
            "secret_hint" => identity.client_secret.chars().take(3).collect(),
            "site" => places::SITE.to_owned(),
            "resource_group" => places::GROUP.to_owned(),
            "subscription" => places::SUBSCRIPTION.to_owned(),
            _ => return Err(SandboxError::Directory(format!("nothing is called \"{{{name}}}\""))),
        })
    }

    /// The id that an object brings, else one made of its name; also for objects that are not there, since what points
    /// at a deleted group still holds its id.
    fn object_id(&self, braces: &Regex, table: &str, key: &str) -> Result<String, SandboxError> {
        let own = self
            .root
            .get(table)
            .and_then(|entries| entries.get(key)?.get("id")?.as_str());
        match own {
            Some(id) => self.text(braces, id),
            None => Ok(self.made_up(table, key)),
        }
    }

    fn made_up(&self, table: &str, key: &str) -> String {
        Uuid::new_v5(&self.identity.tenant_id, format!("{table}/{key}").as_bytes()).to_string()
    }

    fn days_from_now(&self, days: i64) -> String {
        let moment = self
            .now
            .checked_add(SignedDuration::from_hours(days.saturating_mul(24)))
            .unwrap_or(self.now);
        moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
