//! `GetVersion`: versions of the web UI and the API, here and in the latest release (facts: cipp 2.8).

use axum::response::Response;
use serde_json::json;

use super::call::Call;
use super::{CippState, json_answer};

/// The newest version; the facts describe it.
const VERSION: &str = "10.8.2";

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    let local = call.filled("LocalVersion");
    let here = state.directory.at("/cipp/version").as_str().unwrap_or(VERSION);
    json_answer(&json!({
        "LocalCIPPVersion": local,
        "RemoteCIPPVersion": VERSION,
        "LocalCIPPAPIVersion": here,
        "RemoteCIPPAPIVersion": VERSION,
        "OutOfDateCIPP": local.is_some_and(is_older),
        "OutOfDateCIPPAPI": is_older(here),
    }))
}

fn is_older(version: &str) -> bool {
    let parts = |text: &str| {
        text.split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0))
            .collect::<Vec<_>>()
    };
    parts(version) < parts(VERSION)
}

#[cfg(test)]
mod tests {
    use crate::cipp::testing::Site;
    use crate::scenario::Flavour;

    #[tokio::test]
    async fn compares_the_version_it_is_told() {
        let site = Site::new(Flavour::FunctionApp);
        let reply = site.get("/api/GetVersion").await.json();
        assert!(reply["LocalCIPPVersion"].is_null());
        assert_eq!(reply["OutOfDateCIPP"], false);
        let old = site.get("/api/GetVersion?localversion=9.10.0").await.json();
        assert_eq!(old["LocalCIPPVersion"], "9.10.0");
        assert_eq!(old["OutOfDateCIPP"], true);
    }
}
