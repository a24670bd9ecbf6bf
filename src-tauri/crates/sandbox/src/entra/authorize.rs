//! `GET /{tenant}/oauth2/v2.0/authorize`: where an app sends the browser (facts: entra A.7, C.5).
//!
//! What cannot be told to the app safely (who it is, where its redirect goes) becomes a page; everything else goes back
//! to it. Without a browser's parameters this is where the redirects of the CIPP website end: a program that follows them
//! gets the page of AADSTS900144 (facts: cipp 2.3).

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use url::Url;

use super::{
    Authority, Tenant,
    clients::Client,
    interactive::{self, About},
    login, pages,
    refusal::Refusal,
    scopes::Scopes,
    sign_ins::{Back, Flow, Redirect},
};

type Parameters = HashMap<String, String>;

pub(super) async fn serve(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    match begin(&authority, &tenant, &parameters) {
        Ok(response) => response,
        Err(refusal) => pages::trouble(&refusal.sentence()),
    }
}

fn filled<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

fn begin(authority: &Authority, tenant: &str, parameters: &Parameters) -> Result<Response, Refusal> {
    let required = |name| filled(parameters, name).ok_or_else(|| Refusal::missing_parameter(name));
    let client_id = required("client_id")?;
    match Tenant::recognise(tenant, &authority.identity) {
        Tenant::Known | Tenant::Shared => {}
        Tenant::Unknown => return Err(Refusal::tenant_not_found("invalid_request", tenant)),
        Tenant::Malformed => return Err(Refusal::tenant_malformed(tenant)),
    }
    let client = Client::find(&authority.directory, client_id)
        .ok_or_else(|| Refusal::unknown_client(client_id, &authority.identity.tenant_name))?;
    let redirect = redirect(authority, &client, parameters)?;
    match ask(authority, &client, &redirect, parameters) {
        Ok(response) => Ok(response),
        Err(refusal) => Ok(send_back(&redirect, refusal.to_query(authority))),
    }
}

/// Where the answer goes. Until this is known to be the app's own address, nothing is sent there.
fn redirect(authority: &Authority, client: &Client, parameters: &Parameters) -> Result<Redirect, Refusal> {
    let address = filled(parameters, "redirect_uri")
        .ok_or_else(|| Refusal::bad_request(900_971, "invalid_request", "No reply address provided."))?;
    let platform = client.platform(address).ok_or_else(|| {
        let about = About {
            client,
            scopes: "",
            person: "",
        };
        interactive::refusal(authority, 50011, &about)
    })?;
    let own = |name| filled(parameters, name).map(str::to_owned);
    Ok(Redirect {
        address: address.to_owned(),
        platform,
        in_fragment: filled(parameters, "response_mode") == Some("fragment"),
        state: own("state"),
        nonce: own("nonce"),
        challenge: own("code_challenge").map(|challenge| {
            let hashed = filled(parameters, "code_challenge_method") == Some("S256");
            (challenge, hashed)
        }),
    })
}

fn ask(
    authority: &Authority,
    client: &Client,
    redirect: &Redirect,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    if filled(parameters, "response_type") != Some("code") {
        return Err(Refusal::bad_request(
            700_054,
            "unsupported_response_type",
            "The response_type is not enabled for the application. Only 'code' is.",
        ));
    }
    if let Some(mode @ ("form_post" | "web_message")) = filled(parameters, "response_mode") {
        return Err(Refusal::bad_request(
            70007,
            "unsupported_response_mode",
            format!("'{mode}' is not a supported value of 'response_mode' here."),
        ));
    }
    if redirect
        .challenge
        .as_ref()
        .is_some_and(|(challenge, hashed)| *hashed && challenge.len() != 43)
    {
        return Err(Refusal::bad_request(
            501_491,
            "invalid_request",
            "Invalid size of Code_Challenge parameter.",
        ));
    }
    let scopes = Scopes::read(authority, filled(parameters, "scope").unwrap_or_default())?;
    let prompt = filled(parameters, "prompt");
    if prompt == Some("none") {
        let about = About {
            client,
            scopes: &scopes.written,
            person: "",
        };
        return Err(interactive::refusal(authority, 50058, &about));
    }
    let flow = Flow {
        client: client.clone(),
        scopes,
        back: Back::Redirect(redirect.clone()),
        login_hint: filled(parameters, "login_hint").unwrap_or_default().to_owned(),
        ask_again: prompt == Some("consent"),
        person: None,
        trouble: None,
    };
    Ok(login::redirect_to(authority, authority.sign_ins.open(flow)))
}

/// The redirect to the app, with `state` as it was sent.
pub(super) fn send_back(redirect: &Redirect, mut parameters: Vec<(&'static str, String)>) -> Response {
    if let Some(state) = &redirect.state {
        parameters.push(("state", state.clone()));
    }
    let Ok(mut address) = redirect.address.parse::<Url>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if redirect.in_fragment {
        let fragment = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        address.set_fragment(Some(&fragment));
    } else {
        address.query_pairs_mut().extend_pairs(parameters);
    }
    (
        StatusCode::FOUND,
        [
            (header::LOCATION, address.as_str()),
            (header::CACHE_CONTROL, "no-store, no-cache"),
            (header::REFERRER_POLICY, "no-referrer"),
        ],
    )
        .into_response()
}
