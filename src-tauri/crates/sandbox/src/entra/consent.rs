//! `POST /{tenant}/consent`: Accept or Cancel on the consent page, and "Return to the application" on the others.

use std::sync::Arc;

use axum::{Form, extract::State, response::Response};
use serde::Deserialize;

use super::{Authority, login, pages};

/// The person said no.
pub(super) const DECLINED: u32 = 65004;

#[derive(Deserialize)]
pub(super) struct Answer {
    flow: String,
    answer: String,
    organisation: Option<String>,
}

pub(super) async fn serve(State(authority): State<Arc<Authority>>, Form(form): Form<Answer>) -> Response {
    let Some(flow) = authority.sign_ins.flow(&form.flow) else {
        return pages::trouble("This sign-in is over or was never begun. Go back to the app and start again.");
    };
    // Only somebody who has signed in, and in whose way nothing stands, can have been asked.
    let (Some(person), "accept", None) = (&flow.person, form.answer.as_str(), flow.trouble) else {
        return login::cancel(&authority, &form.flow, &flow);
    };
    let sign_ins = &authority.sign_ins;
    let agreed = sign_ins.agreed(&authority.directory, &flow.client, person, flow.scopes.resource);
    let missing = login::missing(&flow, &agreed);
    let for_all = form.organisation.is_some() && login::may_decide_for_others(&authority.directory, person);
    let for_whom = (!for_all).then_some(person.as_str());
    sign_ins.agree(&flow.client, for_whom, flow.scopes.resource, &missing);
    login::finish(&authority, &form.flow, &flow, person)
}
