//! `grant_type=urn:ietf:params:oauth:grant-type:device_code`: a device asks whether its person has signed in.

use axum::response::Response;

use super::{refused, same_client, tokens};
use crate::entra::{
    Authority,
    refusal::Refusal,
    sign_ins::{DeviceState, Granted},
    token::Form,
};

pub(in crate::entra) fn redeem(authority: &Authority, form: &Form) -> Result<Response, Refusal> {
    // MSAL sends it under both names (facts: entra A.7).
    let shown = form.filled("device_code").map_or_else(|| form.require("code"), Ok)?;
    let Some(device) = authority.sign_ins.device(shown) else {
        return Err(Refusal::bad_request(
            70018,
            "bad_verification_code",
            "Invalid verification code due to user typing in wrong user code for device code flow.",
        ));
    };
    let granted = |person: String| Granted {
        client: device.client.clone(),
        scopes: device.scopes.clone(),
        person,
        nonce: None,
    };
    same_client(form, &granted(String::new()))?;
    if !device.client.public_flows {
        return Err(Refusal::no_credential());
    }
    if device.until <= authority.clock.now() {
        return Err(Refusal::bad_request(
            70019,
            "expired_token",
            "Verification code expired. Have the user retry the sign-in.",
        ));
    }
    match device.state {
        DeviceState::Pending => Err(Refusal::bad_request(
            70016,
            "authorization_pending",
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )),
        DeviceState::Declined => Err(Refusal::bad_request(
            65004,
            "authorization_declined",
            "User declined to consent to access the app.",
        )),
        DeviceState::Refused(number) => Err(refused(authority, &granted(String::new()), number)),
        DeviceState::Redeemed => Err(Refusal::bad_request(
            54005,
            "invalid_grant",
            "OAuth2 device code was already redeemed.",
        )),
        DeviceState::Approved(ref person) => {
            if let Some(number) = authority.scenario.redeem_aadsts {
                return Err(refused(authority, &granted(person.clone()), number));
            }
            let granted = granted(person.clone());
            authority.sign_ins.set_device(shown, DeviceState::Redeemed);
            tokens(authority, granted, form)
        }
    }
}
