//! `Microsoft.Web/sites`: the Function App, with its managed identity. All of them are in one resource group.

use serde_json::{Value, json};

use super::{Answer, ArmError, Call};
use crate::directory::{places, same};

pub(super) fn list(call: &Call<'_>) -> Answer {
    let subscription = call.subscription()?;
    call.needs("Microsoft.Web/sites/read")?;
    let here = same(&subscription["subscriptionId"], places::SUBSCRIPTION);
    let all = call.directory().at("/arm/sites").as_object();
    let sites = all.into_iter().flatten().filter(|_| here).map(|(_, site)| shown(site));
    call.list(sites.collect())
}

pub(super) fn one(call: &Call<'_>) -> Answer {
    let site = site(call)?;
    call.needs("Microsoft.Web/sites/read")?;
    Ok(shown(site))
}

/// The site that the address names.
pub(super) fn site<'a>(call: &'a Call<'_>) -> Result<&'a Value, ArmError> {
    call.subscription()?;
    let (group, name) = (call.segment(3), call.segment(7));
    let missing = || {
        ArmError::not_found(
            "ResourceNotFound",
            format!("The Resource 'Microsoft.Web/sites/{name}' under resource group '{group}' was not found."),
        )
    };
    if !group.eq_ignore_ascii_case(places::GROUP) {
        return Err(ArmError::not_found(
            "ResourceGroupNotFound",
            format!("Resource group '{group}' could not be found."),
        ));
    }
    let all = call.directory().at("/arm/sites").as_object();
    let mut all = all.into_iter().flatten();
    all.find(|(_, site)| same(&site["name"], name))
        .map(|(_, site)| site)
        .ok_or_else(missing)
}

/// The resource id of a site.
pub(super) fn id(site: &Value) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Web/sites/{}",
        places::SUBSCRIPTION,
        places::GROUP,
        site["name"].as_str().unwrap_or_default()
    )
}

fn shown(site: &Value) -> Value {
    let mut shown = json!({ "id": id(site), "type": "Microsoft.Web/sites" });
    for (name, value) in site.as_object().into_iter().flatten() {
        shown[name] = value.clone();
    }
    shown
}
