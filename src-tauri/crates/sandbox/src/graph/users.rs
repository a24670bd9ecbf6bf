//! `/users`: people. Without `$select` only a dozen properties come, as in life.

use serde_json::{Map, Value};

use super::{Answer, Call, Endpoint, Need, Words};

const NEED: Need = Need {
    scopes: &[
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.AccessAsUser.All",
    ],
    own: &["User.Read"],
    roles: &[],
    words: Words::Directory,
};

/// What comes where nothing was selected.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint::get("users", NEED, list), Endpoint::get("users/{}", NEED, one)];

fn list(call: &Call<'_>) -> Answer {
    if call.query.filter().is_some_and(super::filter::Filter::is_advanced) {
        call.needs_advanced()?;
    }
    let users: Vec<Value> = call.directory().all("users").map(|(_, user)| user.clone()).collect();
    call.list("users", users)
}

fn one(call: &Call<'_>) -> Answer {
    let (_, user) = call.user()?;
    if call.query.selects() {
        return call.one("users", user);
    }
    let shown: Map<String, Value> = DEFAULT
        .iter()
        .map(|name| {
            let empty = if *name == "businessPhones" {
                Value::Array(Vec::new())
            } else {
                Value::Null
            };
            ((*name).to_owned(), user.get(*name).cloned().unwrap_or(empty))
        })
        .collect();
    call.one("users", &Value::Object(shown))
}
