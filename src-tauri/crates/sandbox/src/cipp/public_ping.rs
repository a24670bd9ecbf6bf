//! `PublicPing`: a sign of life without a sign-in (facts: cipp 2.8).

use axum::response::Response;
use serde_json::json;

use super::call::Call;
use super::{CippState, json_answer};
use crate::hosting::waking::COLD_START;

/// The fixed id of the only answer there is.
const REQUEST_ID: &str = "5d9c1f0a-6b1e-4f0c-9a53-2f6f4a3b7c11";

pub(super) fn answer(state: &CippState, call: &Call) -> Response {
    json_answer(&json!({
        "Results": {
            "Message": "Pong",
            "ColdStart": call.headers.get(COLD_START).is_some_and(|value| value == "1"),
            "Timestamp": state.world.now().to_string(),
            "RequestId": REQUEST_ID,
        }
    }))
}

#[cfg(test)]
mod tests {
    use crate::cipp::testing::Site;
    use crate::scenario::Flavour;

    #[tokio::test]
    async fn answers_without_a_caller() {
        let reply = Site::new(Flavour::Container)
            .called_by(None)
            .get("/api/PublicPing")
            .await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["Results"]["Message"], "Pong");
        assert_eq!(reply.json()["Results"]["ColdStart"], false);
    }
}
