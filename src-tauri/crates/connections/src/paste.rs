//! Reads the four values out of whatever a technician pastes: the PowerShell block of CIPP's documentation, a
//! `Set-CIPPAPIDetails` line, JSON, `.env`, a curl command, a table copied from a portal, or the bare values.
//!
//! All of it happens here, in memory: nothing is sent, looked up or stored. Values are found first by the name beside
//! them ([`names`], [`pairs`]), then by their shape ([`shapes`]). What is found is not yet checked: the form's own
//! fields do that, so that a value with a typing error is shown where it can be corrected.
//!
//! Two things are never taken: the placeholders of the documentation, and a GUID as the secret (that is the secret's
//! ID). Each leaves a note.

mod names;
mod pairs;
mod shapes;

use cipp_client::{ApiUrl, ClientId, Secret, TenantId};
use serde::Serialize;

use names::Slot;
pub(crate) use names::is_secret_name;

/// What was found in a pasted text. `Debug` does not show the secret, and it is never serialised.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recognised {
    /// The address of CIPP's API, without path.
    pub api_url: Option<String>,
    /// The tenant: GUID or domain.
    pub tenant_id: Option<String>,
    /// The API client's application ID.
    pub client_id: Option<String>,
    /// The client secret.
    #[serde(skip)]
    pub secret: Option<Secret>,
    /// What a person should know about it, most important first, each once.
    pub notes: Vec<PasteNote>,
}

/// Something to tell about a pasted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub enum PasteNote {
    /// Nothing was recognised at all.
    NothingFound,
    /// Where the secret should be there is a GUID.
    SecretIdInsteadOfValue,
    /// Two GUIDs without a hint which is which.
    TwoGuids,
    /// One GUID that may be the tenant or the client: not taken.
    OneGuid,
    /// The same GUID as tenant and as client.
    SameGuid,
    /// Placeholders of the documentation: not taken.
    Placeholders,
    /// More than one value for the same field: the first was taken.
    SeveralValues,
    /// The secret does not look like those that Entra makes.
    UnusualSecret,
    /// The address may be that of CIPP's website.
    PortalAddress,
    /// The address went on after the host; that part was left out.
    PathRemoved,
}

impl PasteNote {
    /// The sentence for the screen.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NothingFound => {
                "Nothing was recognised. Paste the four values, or the text from CIPP that contains them."
            }
            Self::SecretIdInsteadOfValue => {
                "This contains the ID of a secret (a GUID), not its Value. Copy the Value; if it was not kept, reset \
                 the secret in CIPP."
            }
            Self::TwoGuids => {
                "There are two IDs and nothing says which is which: the first was taken as the tenant, the second as \
                 the client. Please check."
            }
            Self::OneGuid => {
                "There is one ID that could be the tenant's or the client's: please put it where it belongs."
            }
            Self::SameGuid => "The tenant ID and the client ID are the same; one of them is wrong.",
            Self::Placeholders => "Some values are still the documentation's placeholders; they were left out.",
            Self::SeveralValues => "There is more than one value for the same field; the first was taken.",
            Self::UnusualSecret => {
                "The secret does not look like those that Microsoft Entra makes. Check that it was copied whole."
            }
            Self::PortalAddress => {
                "This may be the address of CIPP's website. The API has its own, shown in CIPP under Integrations, \
                 CIPP-API, as API Url."
            }
            Self::PathRemoved => "The address was shortened to its host; the app adds the rest itself.",
        }
    }
}

/// Finds address, tenant, client and secret in a pasted text.
pub fn recognise(text: &str) -> Recognised {
    let text = shapes::straightened(text);
    let mut found = Found::default();
    for (slot, value) in pairs::named_values(&text) {
        found.take(slot, &value);
    }
    found.take_by_shape(&text);
    found.finish()
}

/// What has been found so far; several candidates each, in the order in which they came.
#[derive(Default)]
struct Found {
    addresses: Vec<Address>,
    tenants: Vec<String>,
    clients: Vec<String>,
    secrets: Vec<Secret>,
    secret_ids: Vec<String>,
    notes: Vec<PasteNote>,
}

struct Address {
    base: String,
    shortened: bool,
    perhaps_website: bool,
}

impl Found {
    /// Takes a value for the slot that its name says, unless its shape says otherwise.
    fn take(&mut self, slot: Slot, value: &str) {
        if shapes::is_reference(value) {
            return;
        }
        if shapes::is_placeholder(slot, value) {
            self.notes.push(PasteNote::Placeholders);
            return;
        }
        if shapes::is_entra_secret(value) && slot != Slot::SecretId {
            self.take_secret(value);
            return;
        }
        match slot {
            Slot::ApiUrl => match shapes::tenant_of_token_url(value) {
                Some(tenant) => self.take(Slot::Tenant, &tenant),
                None => self.take_address(value),
            },
            Slot::Tenant => push(&mut self.tenants, shapes::lower_guid(value)),
            Slot::Client => push(&mut self.clients, shapes::lower_guid(value)),
            Slot::Secret if !shapes::is_guid(value) => self.take_secret(value),
            Slot::Secret | Slot::SecretId => push(&mut self.secret_ids, shapes::lower_guid(value)),
            Slot::Scope => {
                if let Some(client) = shapes::client_of_scope(value) {
                    push(&mut self.clients, client);
                }
            }
            Slot::TokenUrl => {
                if let Some(tenant) = shapes::tenant_of_token_url(value) {
                    push(&mut self.tenants, tenant);
                }
            }
        }
    }

    fn take_secret(&mut self, value: &str) {
        if let Ok(secret) = Secret::parse(value)
            && !self.secrets.iter().any(|known| known.expose() == secret.expose())
        {
            self.secrets.push(secret);
        }
    }

    fn take_address(&mut self, value: &str) {
        if let Some(address) = shapes::address(value)
            && !self.addresses.iter().any(|known| known.base == address.base)
        {
            self.addresses.push(address);
        }
    }

    /// What has no name beside it, or one that was not understood.
    fn take_by_shape(&mut self, text: &str) {
        let words: Vec<&str> = shapes::words(text).collect();
        if self.clients.is_empty() {
            self.clients
                .extend(words.iter().find_map(|word| shapes::client_of_scope(word)));
        }
        if self.tenants.is_empty() {
            self.tenants
                .extend(words.iter().find_map(|word| shapes::tenant_of_token_url(word)));
        }
        if self.tenants.is_empty() {
            let domain = words.iter().find(|word| shapes::is_onmicrosoft_domain(word));
            self.tenants.extend(domain.map(|word| word.to_lowercase()));
        }
        if self.secrets.is_empty() {
            words
                .iter()
                .filter(|word| shapes::is_entra_secret(word))
                .for_each(|word| self.take_secret(word));
        }
        if self.addresses.is_empty() {
            self.take_bare_address(&words);
        }
        self.take_bare_guids(text);
        if self.secrets.is_empty() {
            self.take_bare_word_as_secret(text);
        }
    }

    /// CIPP's own hosting first: a text often holds links to other places too.
    fn take_bare_address(&mut self, words: &[&str]) {
        let candidates = || words.iter().filter(|word| shapes::may_be_cipp_address(word));
        let own = candidates().find(|word| shapes::is_function_app(word));
        if let Some(word) = own.or_else(|| candidates().next()) {
            self.take(Slot::ApiUrl, word);
        }
    }

    fn take_bare_guids(&mut self, text: &str) {
        let mut free = Vec::new();
        for (guid, hint) in shapes::bare_guids(text) {
            let known = [&self.tenants, &self.clients, &self.secret_ids]
                .into_iter()
                .flatten()
                .any(|id| *id == guid);
            if known || free.contains(&guid) {
                continue;
            }
            match hint {
                Some(Slot::Tenant) if self.tenants.is_empty() => self.tenants.push(guid),
                Some(Slot::Client) if self.clients.is_empty() => self.clients.push(guid),
                Some(Slot::SecretId | Slot::Secret) => self.secret_ids.push(guid),
                _ => free.push(guid),
            }
        }
        let mut free = free.into_iter();
        match (self.tenants.is_empty(), self.clients.is_empty(), free.len()) {
            (true, true, 0) => {}
            (true, true, 1) => {
                self.notes.push(PasteNote::OneGuid);
                free.next();
            }
            (true, true, _) => {
                self.notes.push(PasteNote::TwoGuids);
                self.tenants.extend(free.next());
                self.clients.extend(free.next());
            }
            (true, false, _) => self.tenants.extend(free.next()),
            (false, true, _) => self.clients.extend(free.next()),
            (false, false, _) => {}
        }
        // A third ID beside the tenant's and the client's.
        self.secret_ids.extend(free.next());
    }

    /// Bare values, one a line, of which one alone is nothing else: that is the secret, whatever it looks like.
    fn take_bare_word_as_secret(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let known_enough = [
            !self.addresses.is_empty(),
            !self.tenants.is_empty(),
            !self.clients.is_empty(),
        ];
        let bare = lines.iter().all(|line| !line.contains(char::is_whitespace));
        if !bare || lines.len() > 5 || known_enough.iter().filter(|known| **known).count() < 2 {
            return;
        }
        let mut left = lines
            .into_iter()
            .filter(|line| shapes::may_be_any_secret(line) && !self.holds(line));
        if let (Some(word), None) = (left.next(), left.next()) {
            self.take(Slot::Secret, word);
        }
    }

    fn holds(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        [&self.tenants, &self.clients]
            .into_iter()
            .flatten()
            .any(|id| *id == word)
    }

    fn finish(mut self) -> Recognised {
        let several = self.secrets.len() > 1
            || valid::<TenantId>(&self.tenants) > 1
            || valid::<ClientId>(&self.clients) > 1
            || self.addresses.len() > 1;
        if several {
            self.notes.push(PasteNote::SeveralValues);
        }
        let bases: Vec<String> = self.addresses.iter().map(|address| address.base.clone()).collect();
        let api_url = best::<ApiUrl>(bases);
        if let Some(chosen) = self
            .addresses
            .iter()
            .find(|address| Some(&address.base) == api_url.as_ref())
        {
            self.notes.extend(chosen.shortened.then_some(PasteNote::PathRemoved));
            self.notes
                .extend(chosen.perhaps_website.then_some(PasteNote::PortalAddress));
        }
        let (tenant_id, client_id) = (best::<TenantId>(self.tenants), best::<ClientId>(self.clients));
        if tenant_id.is_some() && tenant_id == client_id {
            self.notes.push(PasteNote::SameGuid);
        }
        let secret = self.secrets.into_iter().next();
        if secret.as_ref().is_some_and(Secret::looks_unusual) {
            self.notes.push(PasteNote::UnusualSecret);
        }
        // The ID beside its value is how Entra shows a new secret: nothing to warn about.
        if secret.is_none() && !self.secret_ids.is_empty() {
            self.notes.push(PasteNote::SecretIdInsteadOfValue);
        }
        let nothing = api_url.is_none() && tenant_id.is_none() && client_id.is_none() && secret.is_none();
        if nothing && self.notes.is_empty() {
            self.notes.push(PasteNote::NothingFound);
        }
        self.notes.sort_unstable();
        self.notes.dedup();
        Recognised {
            api_url,
            tenant_id,
            client_id,
            secret,
            notes: self.notes,
        }
    }
}

fn push(values: &mut Vec<String>, value: String) {
    if !values.contains(&value) {
        values.push(value);
    }
}

/// The first value that the form would accept, else the first (the form then says what is wrong with it).
fn best<T: std::str::FromStr>(values: Vec<String>) -> Option<String> {
    let position = values.iter().position(|value| value.parse::<T>().is_ok()).unwrap_or(0);
    values.into_iter().nth(position)
}

fn valid<T: std::str::FromStr>(values: &[String]) -> usize {
    values.iter().filter(|value| value.parse::<T>().is_ok()).count()
}

#[cfg(test)]
mod tests;
