//! `/domains`: the tenant's domains, and how a federated one answers MFA.

use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words};

const NEED: Need = Need {
    scopes: &["Domain.Read.All", "Directory.Read.All", "Directory.AccessAsUser.All"],
    own: &[],
    roles: &[],
    words: Words::Directory,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("domains", NEED, list),
    Endpoint::get("domains/{}", NEED, one),
    Endpoint::get("domains/{}/federationConfiguration", NEED, federation),
];

fn list(call: &Call<'_>) -> Answer {
    let domains: Vec<Value> = call
        .directory()
        .all("domains")
        .map(|(_, domain)| domain.clone())
        .collect();
    call.list("domains", domains)
}

fn domain<'a>(call: &'a Call<'_>) -> Result<(&'a str, &'a Value), GraphError> {
    let found = call.directory().by_id("domains", call.id());
    found.ok_or_else(|| GraphError::not_found(call.id()))
}

fn one(call: &Call<'_>) -> Answer {
    call.one("domains", domain(call)?.1)
}

fn federation(call: &Call<'_>) -> Answer {
    let (key, _) = domain(call)?;
    let configuration = call.directory().entry("federation", key).cloned();
    call.list("domains/federationConfiguration", configuration)
}
