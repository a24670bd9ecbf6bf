//! `POST …/config/authsettingsV2/list`: how the Function App signs callers in. A read by POST, which the role Reader does
//! not include; it names the setting that holds the secret, never the secret.

use serde_json::json;

use super::{Answer, Call, sites};

pub(super) fn list(call: &Call<'_>) -> Answer {
    let site = sites::site(call)?;
    call.needs("Microsoft.Web/sites/config/list/action")?;
    Ok(json!({
        "id": format!("{}/config/authsettingsV2", sites::id(site)),
        "name": "authsettingsV2",
        "type": "Microsoft.Web/sites/config",
        "location": site["location"],
        "properties": call.directory().at("/arm/authsettings"),
    }))
}
