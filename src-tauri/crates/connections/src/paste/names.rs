//! The names under which people, scripts and portals keep the four values. A table, no logic beyond folding a name.

/// What a name beside a value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The address of CIPP's API.
    ApiUrl,
    Tenant,
    Client,
    Secret,
    /// The ID of a secret: never taken, but known for what it is.
    SecretId,
    /// `api://{client}/.default`, also called audience or resource: holds the client's ID.
    Scope,
    /// Entra's token endpoint: holds the tenant's ID.
    TokenUrl,
}

/// Words that say whose value it is, before the name proper.
const OWNERS: [&str; 10] = [
    "env",
    "cipp",
    "azure",
    "aad",
    "entra",
    "microsoft",
    "msgraph",
    "arm",
    "partner",
    "my",
];

/// Names without owner, case, spaces and punctuation.
const NAMES: [(Slot, &[&str]); 7] = [
    (
        Slot::ApiUrl,
        &[
            "apiurl",
            "url",
            "baseurl",
            "apibaseurl",
            "apiaddress",
            "address",
            "endpoint",
            "apiendpoint",
            "api",
            "apihost",
            "host",
            "hostname",
            "instance",
            "instanceurl",
            "server",
            "serverurl",
            "apiuri",
            "uri",
            "baseuri",
            "portalurl",
        ],
    ),
    (
        Slot::Tenant,
        &[
            "tenantid",
            "tenant",
            "tenantguid",
            "tenantdomain",
            "apitenantid",
            "directoryid",
            "directorytenantid",
            "directorytenant",
            "tid",
        ],
    ),
    (
        Slot::Client,
        &[
            "clientid",
            "client",
            "clientguid",
            "applicationid",
            "application",
            "appid",
            "applicationclientid",
            "applicationclient",
            "apiclientid",
            "apiapplicationid",
            "apiappid",
            "clientappid",
            "clientapplicationid",
        ],
    ),
    (
        Slot::Secret,
        &[
            "clientsecret",
            "applicationsecret",
            "appsecret",
            "secret",
            "secretvalue",
            "clientsecretvalue",
            "applicationsecretvalue",
            "appsecretvalue",
            "secretkey",
            "value",
            "password",
            "clientpassword",
            "applicationpassword",
            "apisecret",
            "apiclientsecret",
            "apiapplicationsecret",
        ],
    ),
    (
        Slot::SecretId,
        &[
            "secretid",
            "clientsecretid",
            "applicationsecretid",
            "appsecretid",
            "keyid",
            "secretkeyid",
        ],
    ),
    (
        Slot::Scope,
        &[
            "scope",
            "scopes",
            "apiscope",
            "audience",
            "aud",
            "resource",
            "applicationiduri",
            "appiduri",
        ],
    ),
    (
        Slot::TokenUrl,
        &[
            "tokenurl",
            "tokenuri",
            "tokenendpoint",
            "accesstokenurl",
            "authority",
            "authurl",
            "loginurl",
            "oauthurl",
            "oauth2tokenendpoint",
            "oauthtokenendpoint",
            "oauth20tokenendpointv2",
            "issuer",
        ],
    ),
];

/// What this name stands for, however it is written: `$env:CIPP_CLIENT_ID`, `Application (client) ID`, `-TenantID`.
pub(super) fn slot_of(name: &str) -> Option<Slot> {
    let folded: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let mut rest = folded.as_str();
    loop {
        if let Some((slot, _)) = NAMES.iter().find(|(_, names)| names.contains(&rest)) {
            return Some(*slot);
        }
        rest = OWNERS.iter().find_map(|owner| rest.strip_prefix(owner))?;
    }
}

/// Whether a field of this name holds a secret, however it is written: a client secret as people and portals call it,
/// or any token, password or private key.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let folded: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let tells = [
        "secret",
        "password",
        "passwd",
        "token",
        "privatekey",
        "apikey",
        "credential",
    ];
    slot_of(name) == Some(Slot::Secret) || tells.iter().any(|word| folded.contains(word))
}
