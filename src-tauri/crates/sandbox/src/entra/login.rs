//! `/{tenant}/login`: the sign-in page, and what happens when somebody has signed in: straight back to the app, a question
//! of consent, or something in the way.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Authority, authorize, consent,
    interactive::{self, About},
    pages::{self, SignInPage},
    scopes::is_for_oneself,
    sign_ins::{Back, Code, DeviceState, Flow, Granted, in_seconds},
};
use crate::{directory::Directory, scenario::SignInFault, server::Person};

/// The roles that may agree for others (facts: entra C.1; Application Administrator for delegated scopes).
const CONSENTING_ROLES: [&str; 3] = [
    "62e90394-69f5-4237-9190-012177145e10",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
];

#[derive(Deserialize)]
pub(super) struct Which {
    flow: String,
}

#[derive(Deserialize)]
pub(super) struct Filled {
    flow: String,
    person: Option<String>,
    password: Option<String>,
    choose: Option<String>,
}

/// Who can sign in, in the order of the directory's file.
pub(super) fn people(directory: &Directory) -> impl Iterator<Item = Person> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let password = text(directory.at("/sign_in/password"));
    let people = directory.at("/sign_in/people").as_object().into_iter().flatten();
    people.map(move |(key, person)| Person {
        key: key.clone(),
        user_principal_name: account(directory, key).map_or_else(String::new, |user| text(&user["userPrincipalName"])),
        password: password.clone(),
        about: text(&person["about"]),
    })
}

fn account<'a>(directory: &'a Directory, key: &str) -> Option<&'a Value> {
    directory
        .entry("users", key)
        .or_else(|| directory.entry("strangers", key))
}

/// Leads the browser to the sign-in page of a flow.
pub(super) fn redirect_to(authority: &Authority, flow: String) -> Response {
    let address = format!("/{}/login?flow={flow}", authority.identity.tenant_id);
    (StatusCode::FOUND, [(header::LOCATION, address)]).into_response()
}

/// The page, at first or again.
pub(super) async fn again(State(authority): State<Arc<Authority>>, Query(which): Query<Which>) -> Response {
    match authority.sign_ins.flow(&which.flow) {
        None => pages::trouble("This sign-in is over or was never begun. Go back to the app and start again."),
        Some(flow) => {
            authority.sign_ins.update(&which.flow, |flow| {
                flow.person = None;
                flow.trouble = None;
            });
            show(&authority, &which.flow, &flow, &flow.login_hint, None)
        }
    }
}

fn show(authority: &Authority, name: &str, flow: &Flow, typed: &str, message: Option<&str>) -> Response {
    let people: Vec<Person> = people(&authority.directory).collect();
    let page = SignInPage {
        flow: name,
        client: &flow.client,
        name: typed,
        message,
        people: &people,
    };
    page.show()
}

pub(super) async fn serve(State(authority): State<Arc<Authority>>, Form(form): Form<Filled>) -> Response {
    let Some(flow) = authority.sign_ins.flow(&form.flow) else {
        return pages::trouble("This sign-in is over or was never begun. Go back to the app and start again.");
    };
    match recognise(&authority.directory, &form) {
        Ok(person) => signed_in(&authority, &form.flow, &flow, person),
        Err(message) => show(
            &authority,
            &form.flow,
            &flow,
            form.person.as_deref().unwrap_or_default(),
            Some(&message),
        ),
    }
}

/// Who that is.
fn recognise(directory: &Directory, form: &Filled) -> Result<Person, String> {
    if let Some(key) = &form.choose {
        let chosen = people(directory).find(|person| person.key == *key);
        return chosen.ok_or_else(|| "There is nobody of that name.".to_owned());
    }
    let typed = form.person.as_deref().unwrap_or_default().trim();
    let found = people(directory).find(|person| person.user_principal_name.eq_ignore_ascii_case(typed));
    let Some(person) = found else {
        return Err(format!(
            "AADSTS50034: The user account {typed} does not exist in the directory. To sign into this application, the \
             account must be added to the directory."
        ));
    };
    if form.password.as_deref() != Some(person.password.as_str()) {
        return Err("AADSTS50126: Error validating credentials due to invalid username or password.".to_owned());
    }
    Ok(person)
}

fn signed_in(authority: &Authority, name: &str, flow: &Flow, person: Person) -> Response {
    let Some(user) = authority.directory.entry("users", &person.key) else {
        return in_the_way(authority, name, flow, &person, 50020);
    };
    if user["accountEnabled"] == false {
        let message = "AADSTS50057: The user account is disabled.";
        return show(authority, name, flow, &person.user_principal_name, Some(message));
    }
    authority
        .sign_ins
        .update(name, |flow| flow.person = Some(person.key.clone()));
    if let Some(code) = authority.scenario.sign_in_aadsts {
        return refuse(authority, name, flow, code, &person.user_principal_name);
    }
    if let Back::Device(device) = &flow.back
        && authority.scenario.device_code_blocked
    {
        authority.sign_ins.set_device(device, DeviceState::Refused(53003));
        return in_the_way(authority, name, flow, &person, 53003);
    }
    ask_for_consent(authority, name, flow, &person)
}

fn ask_for_consent(authority: &Authority, name: &str, flow: &Flow, person: &Person) -> Response {
    let agreed = authority
        .sign_ins
        .agreed(&authority.directory, &flow.client, &person.key, flow.scopes.resource);
    if !flow.client.dynamic_consent && !flow.scopes.names.iter().all(|scope| agreed.contains(scope)) {
        return refuse(authority, name, flow, 65002, &person.user_principal_name);
    }
    let missing = missing(flow, &agreed);
    if missing.is_empty() {
        if flow.scopes.default && agreed.is_empty() {
            return refuse(authority, name, flow, 65001, &person.user_principal_name);
        }
        return finish(authority, name, flow, &person.key);
    }
    let may_decide = may_decide_for_others(&authority.directory, &person.key);
    if !may_decide && !missing.iter().all(|scope| is_for_oneself(scope)) {
        return in_the_way(authority, name, flow, person, 90094);
    }
    pages::consent(
        name,
        &flow.client,
        &flow.scopes,
        &missing,
        &person.user_principal_name,
        may_decide,
    )
}

/// What has to be agreed to before the sign-in can end.
pub(super) fn missing(flow: &Flow, agreed: &BTreeSet<String>) -> Vec<String> {
    let asked = flow.scopes.names.iter();
    asked
        .filter(|scope| flow.ask_again || !agreed.contains(*scope))
        .cloned()
        .collect()
}

/// Whether this person may agree for others, and to what needs an administrator.
pub(super) fn may_decide_for_others(directory: &Directory, key: &str) -> bool {
    let id = directory.entry("users", key).and_then(|user| user["id"].as_str());
    let roles = id.map(|id| directory.roles_of(id)).unwrap_or_default();
    roles.iter().any(|role| CONSENTING_ROLES.contains(&role.as_str()))
}

fn in_the_way(authority: &Authority, name: &str, flow: &Flow, person: &Person, code: u32) -> Response {
    authority.sign_ins.update(name, |flow| flow.trouble = Some(code));
    let about = About {
        client: &flow.client,
        scopes: &flow.scopes.written,
        person: &person.user_principal_name,
    };
    let title = match code {
        90094 => "Need admin approval",
        53003 => "You cannot access this right now",
        _ => "Sorry, but we're having trouble signing you in",
    };
    pages::in_the_way(name, title, &interactive::refusal(authority, code, &about).sentence())
}

/// Ends a sign-in with a refusal.
pub(super) fn refuse(authority: &Authority, name: &str, flow: &Flow, code: u32, person: &str) -> Response {
    let about = About {
        client: &flow.client,
        scopes: &flow.scopes.written,
        person,
    };
    let refusal = interactive::refusal(authority, code, &about);
    authority.sign_ins.close(name);
    match &flow.back {
        Back::Redirect(redirect) => {
            let mut parameters = refusal.to_query(authority);
            if code == 65004 {
                parameters.push(("error_subcode", "cancel".into()));
            }
            authorize::send_back(redirect, parameters)
        }
        Back::Device(device) => {
            let state = match code {
                65004 => DeviceState::Declined,
                code => DeviceState::Refused(code),
            };
            if authority
                .sign_ins
                .device(device)
                .is_some_and(|device| device.state == DeviceState::Pending)
            {
                authority.sign_ins.set_device(device, state);
            }
            pages::done("The sign-in was not finished", &refusal.sentence())
        }
    }
}

/// Ends a sign-in well.
pub(super) fn finish(authority: &Authority, name: &str, flow: &Flow, person: &str) -> Response {
    authority.sign_ins.close(name);
    match &flow.back {
        Back::Device(device) => {
            authority
                .sign_ins
                .set_device(device, DeviceState::Approved(person.to_owned()));
            pages::done(
                &flow.client.name,
                &format!(
                    "You have signed in to the {} application on your device. You may now close this window.",
                    flow.client.name
                ),
            )
        }
        Back::Redirect(redirect) => {
            let mut redirect = redirect.clone();
            let code = authority.sign_ins.issue_code(Code {
                granted: Granted {
                    client: flow.client.clone(),
                    scopes: flow.scopes.clone(),
                    person: person.to_owned(),
                    nonce: redirect.nonce.clone(),
                },
                redirect: redirect.clone(),
                until: in_seconds(authority, authority.scenario.authorization_code_lifetime_seconds),
                redeemed: false,
            });
            if authority.scenario.sign_in_fault == Some(SignInFault::State) {
                redirect.state = Some("not-the-state-that-was-sent".into());
            }
            let session = ("session_state", uuid::Uuid::new_v4().to_string());
            authorize::send_back(&redirect, vec![("code", code), session])
        }
    }
}

/// What a flow's consent page would answer to "cancel".
pub(super) fn cancel(authority: &Authority, name: &str, flow: &Flow) -> Response {
    let person = flow
        .person
        .as_deref()
        .and_then(|key| account(&authority.directory, key));
    let person = person.map_or("", |user| user["userPrincipalName"].as_str().unwrap_or_default());
    refuse(authority, name, flow, flow.trouble.unwrap_or(consent::DECLINED), person)
}
