//! `/me/mailboxSettings/userPurpose`: which kind of mailbox one has. Other people's settings cannot be read with a
//! delegated token (facts: entra C.2 row 18).

use axum::http::StatusCode;
use serde_json::Value;

use super::{Answer, Call, Endpoint, GraphError, Need, Words};

const NEED: Need = Need {
    scopes: &[],
    own: &["MailboxSettings.Read"],
    roles: &[],
    words: Words::Mailbox,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("users/{}/mailboxSettings", NEED, settings),
    Endpoint::get("users/{}/mailboxSettings/userPurpose", NEED, purpose),
];

fn mailbox<'a>(call: &'a Call<'_>) -> Result<&'a Value, GraphError> {
    let (key, _) = call.user()?;
    call.directory().entry("mailboxes", key).ok_or_else(|| {
        GraphError::new(
            StatusCode::NOT_FOUND,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    })
}

fn settings(call: &Call<'_>) -> Answer {
    call.one("users/mailboxSettings", mailbox(call)?)
}

fn purpose(call: &Call<'_>) -> Answer {
    let purpose = mailbox(call)?["userPurpose"].clone();
    call.one(
        "users/mailboxSettings/userPurpose",
        &serde_json::json!({ "value": purpose }),
    )
}
