//! What a value is by its shape alone, and what it cannot be. Pure functions over text.

use std::sync::LazyLock;

use regex::Regex;
use url::{Host, Url};
use uuid::Uuid;

use super::{Address, names::Slot, names::slot_of};

static GUID: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b").ok());

/// Three characters, a digit, `Q~`, then 31 to 34 (facts: Entra A.4, local checks).
static ENTRA_SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}$").ok());

/// Places that texts about CIPP link to and that are never an instance.
const OTHER_PLACES: [&str; 11] = [
    "microsoft.com",
    "microsoftonline.com",
    "microsoftonline.us",
    "windows.net",
    "azure.com",
    "azure.us",
    "cyberdrain.com",
    "cipp.app",
    "github.com",
    "powershellgallery.com",
    "w3.org",
];

/// Sign-in servers, whose paths begin with the tenant.
const SIGN_IN_SERVERS: [&str; 6] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
];

/// The text with plain quotes, dashes and spaces, without characters that have no width, and with lines that were
/// continued (PowerShell's backtick, the shells' backslash and caret) joined.
pub(super) fn straightened(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{AD}' => {}
            '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' => plain.push('"'),
            '\u{2018}'..='\u{201B}' => plain.push('\''),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{2028}' | '\u{2029}' => plain.push('\n'),
            '\t' | '\n' | '\r' => plain.push(c),
            c if c.is_whitespace() => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    let mut joined = plain.replace("\r\n", "\n").replace('\r', "\n").replace("\\/", "/");
    for continued in [" `\n", " \\\n", " ^\n"] {
        joined = joined.replace(continued, " ");
    }
    joined
}

/// The text cut at everything that cannot be part of a value.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'`<>()[]{}|,;=".contains(c))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| !word.is_empty())
}

pub(super) fn is_guid(value: &str) -> bool {
    Uuid::try_parse(value.trim()).is_ok()
}

/// A GUID in its usual form; anything else as it is.
pub(super) fn lower_guid(value: &str) -> String {
    let value = value.trim();
    match Uuid::try_parse(value) {
        Ok(guid) => guid.hyphenated().to_string(),
        Err(_) => client_of_scope(value).unwrap_or_else(|| value.to_owned()),
    }
}

pub(super) fn is_entra_secret(value: &str) -> bool {
    ENTRA_SECRET.as_ref().is_some_and(|shape| shape.is_match(value))
}

/// `$TenantId`, `${TENANT}`, `%TENANT%`, `{{tenant}}`: stands for a value that is elsewhere.
pub(super) fn is_reference(value: &str) -> bool {
    let value = value.trim();
    value.is_empty()
        || value.contains('$')
        || value.contains("{{")
        || (value.len() > 2 && value.starts_with('%') && value.ends_with('%'))
        || value.starts_with("process.env")
        || value.starts_with("os.environ")
}

/// Whether this is what a documentation writes in place of a value.
pub(super) fn is_placeholder(slot: Slot, value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_lowercase();
    let folded: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    if value.starts_with('<') || folded.is_empty() || folded == "null" || folded == "none" || folded == "undefined" {
        return true;
    }
    if is_entra_secret(value) {
        return false;
    }
    let one_character = folded.chars().all(|c| folded.starts_with(c));
    let says_so = [
        "goeshere",
        "placeholder",
        "changeme",
        "replaceme",
        "redacted",
        "insertyour",
        "enteryour",
    ];
    if one_character || says_so.iter().any(|phrase| folded.contains(phrase)) {
        return true;
    }
    match slot {
        // A company may well be called "Your IT": only the documentation's own kind of address is meant.
        Slot::ApiUrl => {
            let host = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
            let host: String = host.split('/').next().unwrap_or_default().replace(['-', '.', '_'], "");
            let kinds = [
                "cipp",
                "url",
                "api",
                "domain",
                "instance",
                "company",
                "tenant",
                "functionapp",
                "app",
                "host",
            ];
            host.strip_prefix("your")
                .is_some_and(|rest| kinds.iter().any(|kind| rest.starts_with(kind)))
                || host.ends_with("apiurl")
        }
        _ => folded.starts_with("your") && !is_guid(value),
    }
}

/// Whether the value has the shape that its slot asks for.
pub(super) fn fits(slot: Slot, value: &str) -> bool {
    match slot {
        Slot::ApiUrl => may_be_cipp_address(value) || tenant_of_token_url(value).is_some(),
        Slot::Tenant => is_guid(value) || value.contains('.'),
        Slot::Client | Slot::SecretId => is_guid(value),
        Slot::Secret => is_entra_secret(value) || is_guid(value) || may_be_any_secret(value),
        Slot::Scope => client_of_scope(value).is_some(),
        Slot::TokenUrl => tenant_of_token_url(value).is_some(),
    }
}

/// A word that could be a secret of any kind: long, and neither an ID nor an address.
pub(super) fn may_be_any_secret(word: &str) -> bool {
    word.len() >= 12
        && !word.contains(char::is_whitespace)
        && !word.contains("://")
        && !is_guid(word)
        && !is_onmicrosoft_domain(word)
        && !is_function_app(word)
        && client_of_scope(word).is_none()
        && (word.chars().any(|c| c.is_ascii_digit()) || word.contains('~'))
}

/// The GUID in `api://{GUID}/.default`.
pub(super) fn client_of_scope(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("api://")?;
    let id = rest.split('/').next()?;
    Uuid::try_parse(id).ok().map(|guid| guid.hyphenated().to_string())
}

/// The tenant in the path of a sign-in server's address. `common` and its like name no tenant.
pub(super) fn tenant_of_token_url(value: &str) -> Option<String> {
    let url = Url::parse(value.trim()).ok()?;
    let host = url.host_str()?;
    let is_token_path = url.path().contains("/oauth2/");
    if !SIGN_IN_SERVERS.contains(&host) && !is_token_path {
        return None;
    }
    let tenant = url.path_segments()?.next()?.to_lowercase();
    let names_one = is_guid(&tenant) || tenant.contains('.');
    (names_one && !is_reference(&tenant)).then_some(tenant)
}

pub(super) fn is_onmicrosoft_domain(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower.ends_with(".onmicrosoft.com") && !lower.contains(['/', '@', ':'])
}

/// Whether it is on Azure's own domain for function apps, where CIPP's API lives unless somebody gave it another.
pub(super) fn is_function_app(word: &str) -> bool {
    host_of(word).is_some_and(|host| host.ends_with(".azurewebsites.net"))
}

/// A word that has the form of an address and is none of the places that such texts link to.
pub(super) fn may_be_cipp_address(word: &str) -> bool {
    let has_form = word.starts_with("https://") || word.starts_with("http://") || is_function_app(word);
    let elsewhere = |host: &str| OTHER_PLACES.iter().any(|place| host == *place || is_below(host, place));
    has_form && host_of(word).is_some_and(|host| !elsewhere(&host)) && tenant_of_token_url(word).is_none()
}

fn is_below(host: &str, place: &str) -> bool {
    host.strip_suffix(place).is_some_and(|rest| rest.ends_with('.'))
}

fn host_of(word: &str) -> Option<String> {
    parsed(word)?.host_str().map(str::to_lowercase)
}

fn parsed(word: &str) -> Option<Url> {
    let word = word.trim();
    let url = if word.contains("://") {
        Url::parse(word)
    } else {
        Url::parse(&format!("https://{word}"))
    };
    url.ok().filter(Url::has_host)
}

/// The address cut down to scheme, host and port. What is no address at all stays as it is: the form's field says why.
pub(super) fn address(value: &str) -> Option<Address> {
    let value = value.trim();
    let Some(url) = parsed(value) else {
        return (!value.is_empty()).then(|| Address {
            base: value.to_owned(),
            shortened: false,
            perhaps_website: false,
        });
    };
    let path = url.path().trim_matches('/').to_lowercase();
    let only_api = path.split('/').all(|part| part.is_empty() || part == "api");
    let says_api = path.split('/').any(|part| part == "api");
    let own_host = matches!(url.host(), Some(Host::Domain(host)) if !host.eq_ignore_ascii_case("localhost"));
    Some(Address {
        base: url.origin().ascii_serialization(),
        shortened: !only_api || url.query().is_some() || url.fragment().is_some(),
        perhaps_website: own_host && !says_api && !is_function_app(value),
    })
}

/// Every GUID that stands by itself (not inside an address), with what the words before it on its line say it is.
pub(super) fn bare_guids(text: &str) -> Vec<(String, Option<Slot>)> {
    let Some(pattern) = GUID.as_ref() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for line in text.lines() {
        let mut end_of_last = 0;
        for guid in pattern.find_iter(line) {
            let in_address = words(line).any(|word| word.contains("://") && word.contains(guid.as_str()));
            if !in_address && !is_placeholder(Slot::Client, guid.as_str()) {
                let before = &line[end_of_last..guid.start()];
                found.push((guid.as_str().to_lowercase(), hint(before)));
            }
            end_of_last = guid.end();
        }
    }
    found
}

fn hint(before: &str) -> Option<Slot> {
    let before = before
        .trim()
        .trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')');
    if let Some(slot) = slot_of(before) {
        return Some(slot);
    }
    let lower = before.to_lowercase();
    // The nearest word counts: "the tenant's client is ..." speaks of the client.
    [
        ("secret", Slot::SecretId),
        ("tenant", Slot::Tenant),
        ("directory", Slot::Tenant),
        ("client", Slot::Client),
        ("application", Slot::Client),
        ("app id", Slot::Client),
    ]
    .into_iter()
    .filter_map(|(word, slot)| lower.rfind(word).map(|position| (position, slot)))
    .max_by_key(|(position, _)| *position)
    .map(|(_, slot)| slot)
}
