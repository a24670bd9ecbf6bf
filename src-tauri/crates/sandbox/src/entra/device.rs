//! `/{tenant}/device`: the page on which a device's code is typed; then it goes on as in every browser.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{
    Authority, login, pages,
    sign_ins::{Back, DeviceState, Flow},
};

#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    code: String,
}

pub(super) async fn ask(Query(typed): Query<Typed>) -> Response {
    pages::device(&typed.code, None)
}

pub(super) async fn serve(State(authority): State<Arc<Authority>>, Form(typed): Form<Typed>) -> Response {
    let Some((device_code, device)) = authority.sign_ins.device_by_user_code(&typed.code) else {
        return pages::device(
            &typed.code,
            Some("That code didn't work. Check the code and try again."),
        );
    };
    if device.until <= authority.clock.now() || device.state != DeviceState::Pending {
        return pages::device(
            "",
            Some("That code has expired or was used already. Start again on the device."),
        );
    }
    let flow = Flow {
        client: device.client,
        scopes: device.scopes,
        back: Back::Device(device_code),
        login_hint: String::new(),
        ask_again: false,
        person: None,
        trouble: None,
    };
    login::redirect_to(&authority, authority.sign_ins.open(flow))
}
