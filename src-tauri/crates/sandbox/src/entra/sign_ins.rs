//! Sign-ins that are under way, and what came of them: authorization codes, device codes, refresh tokens, consents.
//! All in memory, all gone with the sandbox.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rand::Rng;

use super::{
    Authority,
    clients::{Client, Platform},
    scopes::{Resource, Scopes},
};
use crate::directory::Directory;

/// How many of a kind are kept; older ones go first. Far more than one person signs in with.
const KEPT: usize = 500;

/// Where a sign-in came from, and where its end is told.
#[derive(Clone, Debug)]
pub(super) enum Back {
    /// An app's redirect address.
    Redirect(Redirect),
    /// A device that asks at the token endpoint; its device code.
    Device(String),
}

/// What an app sent to `authorize` besides scopes.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    pub address: String,
    pub platform: Platform,
    pub in_fragment: bool,
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// PKCE's challenge, and whether it is a hash (S256) or the verifier itself (plain).
    pub challenge: Option<(String, bool)>,
}

/// A sign-in in a browser that is not over.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub client: Client,
    pub scopes: Scopes,
    pub back: Back,
    /// What stands in the name field already.
    pub login_hint: String,
    /// `prompt=consent`: ask even for what has been agreed to.
    pub ask_again: bool,
    /// The key of the person, once signed in.
    pub person: Option<String>,
    /// The code of what stands in the way; going back to the app tells it.
    pub trouble: Option<u32>,
}

/// What tokens are issued for.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub client: Client,
    pub scopes: Scopes,
    /// The key of the person among the directory's users.
    pub person: String,
    pub nonce: Option<String>,
}

/// An authorization code that waits to be redeemed.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub granted: Granted,
    pub redirect: Redirect,
    pub until: Timestamp,
    pub redeemed: bool,
}

/// A device that waits for its person.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub user_code: String,
    pub client: Client,
    pub scopes: Scopes,
    pub until: Timestamp,
    pub state: DeviceState,
}

/// How far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeviceState {
    Pending,
    /// By the person with this key.
    Approved(String),
    Declined,
    /// By a policy; the code of the refusal.
    Refused(u32),
    Redeemed,
}

/// Everything under way.
#[derive(Default)]
pub(crate) struct SignIns(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    flows: Kept<Flow>,
    codes: Kept<Code>,
    devices: Kept<Device>,
    refresh_tokens: Kept<Granted>,
    consents: Vec<Consent>,
}

/// Somebody agreed to a scope; `person` is `None` where it was agreed to for the organisation.
struct Consent {
    app_id: String,
    person: Option<String>,
    resource: Resource,
    scope: String,
}

struct Kept<T> {
    entries: HashMap<String, T>,
    order: Vec<String>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: Vec::new(),
        }
    }
}

impl<T> Kept<T> {
    fn insert(&mut self, key: String, value: T) {
        if self.order.len() == KEPT {
            self.entries.remove(&self.order.remove(0));
        }
        self.order.push(key.clone());
        self.entries.insert(key, value);
    }
}

impl SignIns {
    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a flow and names it.
    pub(super) fn open(&self, flow: Flow) -> String {
        let name = secret_name();
        self.locked().flows.insert(name.clone(), flow);
        name
    }

    pub(super) fn flow(&self, name: &str) -> Option<Flow> {
        self.locked().flows.entries.get(name).cloned()
    }

    pub(super) fn update(&self, name: &str, change: impl FnOnce(&mut Flow)) {
        if let Some(flow) = self.locked().flows.entries.get_mut(name) {
            change(flow);
        }
    }

    /// A flow that is over cannot be gone back to.
    pub(super) fn close(&self, name: &str) {
        self.locked().flows.entries.remove(name);
    }

    pub(super) fn issue_code(&self, code: Code) -> String {
        let name = format!("1.{}", secret_name());
        self.locked().codes.insert(name.clone(), code);
        name
    }

    /// The code, and whether this is the first time that it is shown.
    pub(super) fn redeem_code(&self, name: &str) -> Option<(Code, bool)> {
        let mut inner = self.locked();
        let code = inner.codes.entries.get_mut(name)?;
        let first = !std::mem::replace(&mut code.redeemed, true);
        Some((code.clone(), first))
    }

    pub(super) fn begin_device(&self, device: Device) -> String {
        let name = secret_name();
        self.locked().devices.insert(name.clone(), device);
        name
    }

    pub(super) fn device(&self, device_code: &str) -> Option<Device> {
        self.locked().devices.entries.get(device_code).cloned()
    }

    /// The device code behind what a person typed; blanks, dashes and the case of letters do not matter.
    pub(super) fn device_by_user_code(&self, typed: &str) -> Option<(String, Device)> {
        let typed: String = typed
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let inner = self.locked();
        let found = inner
            .devices
            .entries
            .iter()
            .find(|(_, device)| device.user_code == typed);
        found.map(|(code, device)| (code.clone(), device.clone()))
    }

    pub(super) fn set_device(&self, device_code: &str, state: DeviceState) {
        if let Some(device) = self.locked().devices.entries.get_mut(device_code) {
            device.state = state;
        }
    }

    /// Keeps a refresh token. Older ones stay good, as at Microsoft.
    pub(super) fn issue_refresh_token(&self, granted: Granted) -> String {
        let name = format!("1.{}.{}", secret_name(), secret_name());
        self.locked().refresh_tokens.insert(name.clone(), granted);
        name
    }

    pub(super) fn refresh_token(&self, name: &str) -> Option<Granted> {
        self.locked().refresh_tokens.entries.get(name).cloned()
    }

    /// Somebody agreed, for themselves or for the organisation.
    pub(super) fn agree(&self, client: &Client, person: Option<&str>, resource: Resource, scopes: &[String]) {
        let consents = scopes.iter().map(|scope| Consent {
            app_id: client.app_id.clone(),
            person: person.map(str::to_owned),
            resource,
            scope: scope.clone(),
        });
        self.locked().consents.extend(consents);
    }

    /// Which scopes of a resource an app has for a person: preauthorised, agreed to in the directory, agreed to since.
    pub(super) fn agreed(
        &self,
        directory: &Directory,
        client: &Client,
        person: &str,
        resource: Resource,
    ) -> BTreeSet<String> {
        let prefix = format!("{}/", resource.identifier());
        let preauthorised = client
            .preauthorised
            .iter()
            .filter_map(|scope| scope.strip_prefix(&prefix));
        let mut agreed: BTreeSet<String> = preauthorised.map(str::to_owned).collect();
        agreed.extend(in_the_directory(directory, client, person, resource));
        let inner = self.locked();
        let since = inner.consents.iter().filter(|consent| {
            consent.app_id == client.app_id
                && consent.resource == resource
                && consent.person.as_deref().is_none_or(|agreed| agreed == person)
        });
        agreed.extend(since.map(|consent| consent.scope.clone()));
        agreed
    }
}

fn in_the_directory(directory: &Directory, client: &Client, person: &str, resource: Resource) -> Vec<String> {
    let id_of = |app_id: &str| Some(&directory.by("servicePrincipals", "appId", app_id)?.1["id"]);
    let (Some(app), Some(api)) = (id_of(&client.app_id), id_of(resource.app_id())) else {
        return Vec::new();
    };
    let person = directory.entry("users", person).map(|person| &person["id"]);
    directory
        .all("oauth2PermissionGrants")
        .map(|(_, grant)| grant)
        .filter(|grant| grant["clientId"] == *app && grant["resourceId"] == *api)
        .filter(|grant| grant["consentType"] == "AllPrincipals" || person == Some(&grant["principalId"]))
        .flat_map(|grant| grant["scope"].as_str().unwrap_or_default().split_whitespace())
        .map(str::to_owned)
        .collect()
}

/// A name that nobody guesses.
pub(super) fn secret_name() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// The moment so many seconds from now.
pub(super) fn in_seconds(authority: &Authority, seconds: u32) -> Timestamp {
    let now = authority.clock.now();
    now.checked_add(SignedDuration::from_secs(seconds.into()))
        .unwrap_or(now)
}
