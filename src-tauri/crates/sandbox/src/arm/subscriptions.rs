//! `/subscriptions`: those that the caller has any role in.

use serde_json::{Value, json};

use super::{Answer, Call, rights};

pub(super) fn list(call: &Call<'_>) -> Answer {
    let all = call.directory().at("/arm/subscriptions").as_object();
    let visible = all.into_iter().flatten().map(|(_, one)| one).filter(|one| {
        let scope = format!("/subscriptions/{}", one["subscriptionId"].as_str().unwrap_or_default());
        rights::may(
            call.directory(),
            call.caller,
            "Microsoft.Resources/subscriptions/read",
            &scope,
        )
    });
    call.list(visible.map(shown).collect())
}

pub(super) fn one(call: &Call<'_>) -> Answer {
    let subscription = call.subscription()?;
    call.needs("Microsoft.Resources/subscriptions/read")?;
    Ok(shown(subscription))
}

fn shown(subscription: &Value) -> Value {
    let id = subscription["subscriptionId"].as_str().unwrap_or_default();
    let mut shown = json!({ "id": format!("/subscriptions/{id}") });
    for (name, value) in subscription.as_object().into_iter().flatten() {
        shown[name] = value.clone();
    }
    shown["managedByTenants"] = json!([]);
    shown["subscriptionPolicies"] = json!({
        "locationPlacementId": "Public_2014-09-01",
        "quotaId": "CSP_2015-05-01",
        "spendingLimit": "Off",
    });
    shown
}
