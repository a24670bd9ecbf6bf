//! `/identity/conditionalAccess`: the policies, and What If, a question by POST that changes nothing (facts: entra C.3).

use serde_json::{Value, json};

use super::{Answer, Call, Endpoint, GraphError, Need, Words, policies};

const NEED: Need = Need {
    scopes: &["Policy.Read.All", "Policy.Read.ConditionalAccess"],
    words: Words::Policies,
    ..policies::NEED
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("identity/conditionalAccess/policies", NEED, list),
    Endpoint::get("identity/conditionalAccess/policies/{}", NEED, one),
    Endpoint::post("identity/conditionalAccess/evaluate", NEED, evaluate),
];

fn list(call: &Call<'_>) -> Answer {
    let all = call.directory().all("conditionalAccessPolicies");
    let policies: Vec<Value> = all.map(|(_, policy)| policy.clone()).collect();
    call.list("identity/conditionalAccess/policies", policies)
}

fn one(call: &Call<'_>) -> Answer {
    let found = call.directory().by_id("conditionalAccessPolicies", call.id());
    let (_, policy) = found.ok_or_else(|| GraphError::not_found(call.id()))?;
    call.one("identity/conditionalAccess/policies", policy)
}

/// Which policies would apply to a sign-in. Those in report-only mode are among them, as in life.
fn evaluate(call: &Call<'_>) -> Answer {
    let question = call.body;
    let identity = &question["signInIdentity"];
    if identity["@odata.type"] != "#microsoft.graph.userSignIn" {
        return Err(GraphError::bad_request(
            "BadRequest",
            "signInIdentity is required and has to be a userSignIn.",
        ));
    }
    let user_id = identity["userId"].as_str().unwrap_or_default();
    let (_, user) = call
        .directory()
        .user(user_id)
        .ok_or_else(|| GraphError::not_found(user_id))?;
    let apps = texts(&question["signInContext"]["includeApplications"]);
    if apps.is_empty() {
        return Err(GraphError::bad_request(
            "BadRequest",
            "signInContext has to include at least one application.",
        ));
    }
    let person = Person::of(call, user);
    let applied_only = question["appliedPoliciesOnly"] != false;
    let all = call
        .directory()
        .all("conditionalAccessPolicies")
        .map(|(_, policy)| policy);
    let judged = all.filter(|policy| policy["state"] != "disabled").map(|policy| {
        let applies = person.is_meant(&policy["conditions"]["users"])
            && apps
                .iter()
                .all(|app| is_covered(&policy["conditions"]["applications"], app))
            && fits(policy, &question["signInConditions"]);
        let mut judged = policy.clone();
        judged["policyApplies"] = applies.into();
        judged["analysisReasons"] = if applies { "notSet" } else { "conditionsNotMet" }.into();
        (applies, judged)
    });
    let shown: Vec<Value> = judged
        .filter(|(applies, _)| *applies || !applied_only)
        .map(|(_, judged)| judged)
        .collect();
    Ok(json!({
        "@odata.context": call.context("Collection(microsoft.graph.whatIfAnalysisResult)"),
        "value": shown,
    }))
}

/// What a policy can name a person by.
struct Person {
    id: String,
    groups: Vec<String>,
    roles: Vec<String>,
    guest: bool,
}

impl Person {
    fn of(call: &Call<'_>, user: &Value) -> Self {
        let id = user["id"].as_str().unwrap_or_default();
        Self {
            id: id.to_owned(),
            groups: call.directory().principals_of(id).split_off(1),
            roles: call.directory().roles_of(id),
            guest: user["userType"] == "Guest",
        }
    }

    /// Included by any of the lists and excluded by none.
    fn is_meant(&self, users: &Value) -> bool {
        let named = |which: &str| {
            let any = |list: &str, own: &[String]| {
                texts(&users[format!("{which}{list}")])
                    .iter()
                    .any(|one| own.contains(one))
            };
            let people = texts(&users[format!("{which}Users")]);
            people
                .iter()
                .any(|one| one == "All" || *one == self.id || (one == "GuestsOrExternalUsers" && self.guest))
                || any("Groups", &self.groups)
                || any("Roles", &self.roles)
        };
        named("include") && !named("exclude")
    }
}

fn is_covered(applications: &Value, app: &str) -> bool {
    let names = |list: &str| {
        texts(&applications[list])
            .iter()
            .any(|one| one == "All" || one.eq_ignore_ascii_case(app))
    };
    names("includeApplications") && !names("excludeApplications")
}

/// Of the conditions of a sign-in, the kind of client and being at a trusted place.
fn fits(policy: &Value, conditions: &Value) -> bool {
    let kinds = texts(&policy["conditions"]["clientAppTypes"]);
    let kind = conditions["clientAppType"].as_str().unwrap_or("browser");
    let kind_fits = kinds.is_empty() || kinds.iter().any(|one| one == "all" || one == kind);
    let excluded = texts(&policy["conditions"]["locations"]["excludeLocations"]);
    // Addresses of this documentation block are the office.
    let at_the_office = conditions["ipAddress"]
        .as_str()
        .is_some_and(|ip| ip.starts_with("192.0.2."));
    kind_fits && !(at_the_office && excluded.iter().any(|one| one == "AllTrusted"))
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
