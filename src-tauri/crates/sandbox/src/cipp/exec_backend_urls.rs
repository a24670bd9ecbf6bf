//! `ExecBackendURLs`: where the instance's parts are in Azure, and its time zone (facts: cipp 1.5).
//!
//! On Windows CIPP stores whatever name of a zone Windows takes, so it need not be an IANA name.

use axum::response::Response;
use serde_json::json;

use super::call::Call;
use super::{CippState, json_answer};
use crate::directory::places::{GROUP, SITE, SUBSCRIPTION};
use crate::scenario::{Flavour, Scenario};

pub(super) fn answer(state: &CippState, _: &Call) -> Response {
    let linux = state.scenario.flavour == Flavour::Container;
    let group = format!("https://portal.azure.com/#@/resource/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}");
    let site = format!("{group}/providers/Microsoft.Web/sites/{SITE}");
    let website = format!("{group}/providers/Microsoft.Web/staticSites/CIPP-SWA-sandbox");
    json_answer(&json!({
        "Results": {
            "ResourceGroup": format!("{group}/overview"),
            "KeyVault": format!("{group}/providers/Microsoft.KeyVault/vaults/{SITE}/secrets"),
            "FunctionApp": format!("{site}/appServices"),
            "FunctionConfig": format!("{site}/configuration"),
            "FunctionDeployment": format!("{site}/vstscd"),
            "SWADomains": format!("{website}/customDomains"),
            "SWARoles": format!("{website}/roleManagement"),
            "Subscription": SUBSCRIPTION,
            "RGName": GROUP,
            "FunctionName": SITE,
            "SWAName": "CIPP-SWA-sandbox",
            "Hosted": state.directory.at("/cipp/hosted") == true,
            "OS": if linux { "Linux" } else { "Windows" },
            "SKU": if linux { "PremiumV3" } else { "Dynamic" },
            "Timezone": time_zone(&state.scenario),
        }
    }))
}

/// The zone as the instance calls it.
fn time_zone(scenario: &Scenario) -> String {
    let told = scenario
        .reported_time_zone
        .as_ref()
        .or(scenario.instance_time_zone.as_ref());
    told.cloned()
        .unwrap_or_else(|| match scenario.instance_utc_offset_hours {
            0 => "UTC".to_owned(),
            // By POSIX's custom the sign of these names is the wrong way round.
            hours => format!("Etc/GMT{:+}", -hours),
        })
}

#[cfg(test)]
mod tests {
    use crate::cipp::testing::{Site, caller};
    use crate::scenario::{Flavour, Scenario};

    async fn told(change: impl FnOnce(&mut Scenario)) -> String {
        let site = Site::new(Flavour::FunctionApp).called_by(Some(caller("admin")));
        let mut scenario = Scenario::default();
        change(&mut scenario);
        let reply = site.playing(scenario).get("/api/ExecBackendURLs").await.json();
        reply["Results"]["Timezone"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn tells_the_zone_as_the_instance_calls_it() {
        assert_eq!(told(|_| {}).await, "UTC");
        assert_eq!(
            told(|scenario| scenario.instance_utc_offset_hours = 12).await,
            "Etc/GMT-12"
        );
        assert_eq!(
            told(|scenario| scenario.instance_utc_offset_hours = -8).await,
            "Etc/GMT+8"
        );
        let berlin = |scenario: &mut Scenario| scenario.instance_time_zone = Some("Europe/Berlin".into());
        assert_eq!(told(berlin).await, "Europe/Berlin");
        let windows = "zone_windows_name".parse::<Scenario>().unwrap();
        assert_eq!(told(|scenario| *scenario = windows).await, "W. Europe Standard Time");
    }

    #[tokio::test]
    async fn says_who_hosts_it() {
        for (scenario, hosted) in [("healthy", false), ("setup_hosted", true)] {
            let site = Site::new(Flavour::FunctionApp)
                .called_by(Some(caller("admin")))
                .playing(scenario.parse().unwrap());
            let reply = site.get("/api/ExecBackendURLs").await.json();
            assert_eq!(reply["Results"]["Hosted"], hosted);
        }
    }

    #[tokio::test]
    async fn is_for_admins() {
        for (role, status) in [("readonly", 403), ("editor", 403), ("admin", 200), ("superadmin", 200)] {
            let site = Site::new(Flavour::FunctionApp).called_by(Some(caller(role)));
            assert_eq!(site.get("/api/ExecBackendURLs").await.status, status, "{role}");
        }
    }
}
