//! One request as an endpoint sees it, and the forms in which Graph answers: one object, or a page of a list.

use serde_json::{Value, json};

use super::{Answer, GraphError, query::Query};
use crate::{
    directory::Directory,
    microsoft::{Caller, Microsoft},
};

/// One request on its way to an endpoint.
pub(super) struct Call<'a> {
    pub(super) microsoft: &'a Microsoft,
    pub(super) caller: &'a Caller,
    /// The version and path as they were asked for, for links back.
    pub(super) address: &'a str,
    pub(super) beta: bool,
    /// What stood in the holes of the path, in their order; `me` is the caller's id.
    pub(super) holes: &'a [String],
    pub(super) query: &'a Query,
    /// `ConsistencyLevel: eventual` was sent.
    pub(super) eventual: bool,
    pub(super) body: &'a Value,
}

impl Call<'_> {
    pub(super) fn directory(&self) -> &Directory {
        &self.microsoft.directory
    }

    /// The first hole of the path.
    pub(super) fn id(&self) -> &str {
        self.holes.first().map_or("", String::as_str)
    }

    /// The user that the first hole names, with its key.
    pub(super) fn user(&self) -> Result<(&str, &Value), GraphError> {
        self.directory()
            .user(self.id())
            .ok_or_else(|| GraphError::not_found(self.id()))
    }

    /// Whether the tenant has paid for Entra ID P1 (or P2).
    pub(super) fn has_premium(&self) -> bool {
        self.directory().at("/tenant/premium") != "none"
    }

    /// A query that Graph answers only with eventual consistency and a count.
    pub(super) fn needs_advanced(&self) -> Result<(), GraphError> {
        if self.eventual && self.query.count {
            return Ok(());
        }
        Err(GraphError::bad_request(
            "Request_UnsupportedQuery",
            "The specified query is not supported without the header 'ConsistencyLevel: eventual' and $count=true.",
        ))
    }

    /// One object, or those of its properties that were asked for.
    pub(super) fn one(&self, kind: &str, object: &Value) -> Answer {
        let mut selected = json!({ "@odata.context": self.context(&format!("{kind}/$entity")) });
        let picked = self.query.pick(object);
        if let (Some(all), Some(picked)) = (selected.as_object_mut(), picked.as_object()) {
            all.extend(picked.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Ok(selected)
    }

    /// A page of a list: filtered, the properties that were asked for, a link to the next page.
    pub(super) fn list(&self, kind: &str, objects: impl IntoIterator<Item = Value>) -> Answer {
        let matching = objects.into_iter().filter(|object| self.query.matches(object));
        self.whole(kind, matching.collect())
    }

    /// A page of a list that has been filtered already.
    pub(super) fn whole(&self, kind: &str, matching: Vec<Value>) -> Answer {
        let total = matching.len();
        let size = self.microsoft.scenario.graph_page_size.max(1);
        let size = self.query.top.map_or(size, |top| top.clamp(1, size));
        let page: Vec<Value> = matching
            .iter()
            .skip(self.query.skip)
            .take(size)
            .map(|object| self.query.pick(object))
            .collect();
        let next = self.query.skip + page.len();
        let mut answer = json!({ "@odata.context": self.context(kind) });
        if self.query.count && self.eventual {
            answer["@odata.count"] = total.into();
        }
        if next < total {
            let link = format!("{}{}", self.microsoft.link_origin(), self.address);
            answer["@odata.nextLink"] = self.query.next_link(&link, next).into();
        }
        answer["value"] = page.into();
        Ok(answer)
    }

    pub(super) fn context(&self, kind: &str) -> String {
        let version = if self.beta { "beta" } else { "v1.0" };
        format!("https://graph.microsoft.com/{version}/$metadata#{kind}")
    }
}
