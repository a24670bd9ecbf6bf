//! Scenarios: which CIPP and which Entra the sandbox plays, and what goes wrong with them. All of it is data.
//!
//! A scenario is one TOML file in `scenarios/`. A new fault needs a field here, the one place that acts on it, and a
//! file that switches it on; nothing else names a scenario. What acts on a field is said at the field.

mod files;

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use files::faults;

/// Which of CIPP's two hosting forms answers (facts: cipp 0.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavour {
    /// F: an Azure Function App behind a Static Web App. Errors are plain text, nothing is cached or compressed.
    #[default]
    FunctionApp,
    /// C: the CIPP-NG container. Errors are JSON strings, `List*` answers are cached, calls are rate limited.
    Container,
}

/// How a body that is cut short comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Break {
    /// The transfer ends as if all were well; only the JSON is incomplete. A proxy with a size limit does this.
    Clean,
    /// The connection is closed before the final chunk.
    Abrupt,
    /// The connection is reset (TCP RST).
    Reset,
}

/// Who gives up a call that takes too long, and answers in CIPP's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutOff {
    /// The Static Web App in front of CIPP: 500 with `Backend call failure`, after about 45 seconds in life.
    #[default]
    Website,
    /// App Service's front end: a page with status 500, after about 230 seconds in life.
    FrontEnd,
    /// CIPP's own runtime: 504 in JSON that names the seconds, after 600 in life.
    Cipp,
}

/// Which address the sandbox gives out as `api_url`, the value a technician would paste.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenAddress {
    /// The API host, as it should be.
    #[default]
    Api,
    /// The API host with `/api` at the end, as older documentation writes it.
    ApiWithPath,
    /// The API host with `/api` twice.
    ApiWithPathTwice,
    /// The host of the website (the web UI), the most frequent mistake (facts: cipp 2.3).
    Website,
}

/// Which client secret the sandbox gives out, the one a technician would have typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenSecret {
    /// The value of the secret that is valid.
    #[default]
    Right,
    /// A value of the right form that Entra does not know, as after a reset in CIPP (AADSTS7000215).
    Wrong,
    /// The ID of the secret in the place of its value (AADSTS7000215).
    Id,
    /// The value of an older secret whose time is over (AADSTS7000222).
    Expired,
}

/// How far the API client's settings have come in CIPP (facts: cipp 2.2, entra A.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AzureConfiguration {
    /// "Save Azure Configuration" was pressed and the site has restarted.
    #[default]
    Saved,
    /// Never pressed: Entra issues tokens, CIPP's door refuses all of them with 401.
    NotSaved,
    /// Just pressed: the site restarts and answers 503, for `restart_seconds`; then it is saved.
    Restarting,
    /// Saved, but without this client in the allowed applications: 403 from the platform.
    ClientNotAllowed,
}

/// Which claim set Entra issues; the registration of the API client decides (facts: entra B.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenVersion {
    /// What CIPP's own set-up yields: `aud` is `api://{client id}`.
    #[default]
    #[serde(rename = "1.0")]
    V1,
    /// MCP clients and registrations set to version 2: `aud` is the bare client ID.
    #[serde(rename = "2.0")]
    V2,
}

/// What is wrong with the answer to a sign-in in the browser. None of it happens at Microsoft; a client has to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInFault {
    /// The redirect carries another `state` than was sent.
    State,
    /// The ID token carries another `nonce` than was sent.
    Nonce,
    /// The ID token is of another tenant.
    Tenant,
    /// The ID token is for another application.
    Audience,
    /// The ID token expired an hour ago.
    Expired,
    /// The ID token's signature does not fit.
    Signature,
}

/// Trouble on the way to Microsoft Graph and Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MicrosoftTrouble {
    /// 429 with `Retry-After`, where `retry_after_seconds` says so.
    Throttled,
    /// 503 in Microsoft's JSON.
    Unavailable,
    /// The connection is reset.
    Reset,
    /// 200 with an HTML page, as a captive portal answers.
    Portal,
    /// No answer, ever.
    Hang,
    /// 200 with JSON that is cut short.
    Truncated,
    /// 200 with a body that never ends.
    Endless,
}

/// A CIPP, an Entra, and what is wrong with them. [`Scenario::default`] is a healthy Function App.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The name on the command line: lower case with underscores, equal to the file's name.
    pub name: String,
    /// A few words for a list.
    pub title: String,
    /// What a technician (or a test) learns from it: cause and remedy.
    pub teaches: String,
    /// The failure that a diagnosis has to name first, by its id in the product's catalogue; absent: it has to connect
    /// without a word. Told to whoever compares; nothing here acts on it.
    pub names: Option<String>,
    /// Failures that no reply can tell from the one it names, and that a diagnosis should hold out beside it.
    pub also_names: Vec<String>,

    /// The hosting form that answers. Acted on everywhere.
    pub flavour: Flavour,
    /// The address given out as `api_url`. Acted on by the server.
    pub given_address: GivenAddress,
    /// The secret given out as `client_secret`. Acted on by the server, and by Entra, which knows all of them.
    pub given_secret: GivenSecret,

    // ---- Entra
    /// How long a token is valid, in seconds.
    pub token_lifetime_seconds: u32,
    /// How many seconds the remote clocks (tokens and `Date` headers) are ahead of this machine's; negative: behind.
    pub clock_skew_seconds: i64,
    /// The claim set of issued tokens.
    pub token_version: TokenVersion,
    /// An AADSTS code with which every otherwise good token request is refused, e.g. 7000222 for an expired secret.
    pub aadsts: Option<u32>,
    /// So many token requests are answered 429 (AADSTS90055) with `Retry-After` first.
    pub token_throttled_calls: u32,
    /// So many token requests are answered with a 503 page in HTML first.
    pub token_unavailable_calls: u32,

    // ---- People who sign in, with a browser or a device code. Acted on by `entra`.
    /// An AADSTS code with which every sign-in of a person ends; it goes back to the app's redirect address.
    pub sign_in_aadsts: Option<u32>,
    /// An AADSTS code with which the token endpoint refuses every code that a sign-in brought.
    pub redeem_aadsts: Option<u32>,
    /// An AADSTS code with which the token endpoint refuses every refresh token, e.g. 700082 for a dead one.
    pub refresh_aadsts: Option<u32>,
    /// Something false in the answer to a sign-in.
    pub sign_in_fault: Option<SignInFault>,
    /// A Conditional Access policy blocks the device code flow (53003).
    pub device_code_blocked: bool,
    /// How often a device may ask whether its code was entered, in seconds. Microsoft says 5.
    pub device_code_interval_seconds: u32,
    /// How long a device code lives, in seconds.
    pub device_code_lifetime_seconds: u32,
    /// How long an authorization code lives, in seconds.
    pub authorization_code_lifetime_seconds: u32,

    // ---- Microsoft Graph and Azure Resource Manager. Acted on by `microsoft`.
    /// How many entries a page of a Graph list has at most.
    pub graph_page_size: usize,
    /// Links to the next page of a Graph or Azure list lead to another host, where no token must go.
    pub next_link_elsewhere: bool,
    /// How many entries a page of an Azure list has at most.
    pub arm_page_size: usize,
    /// What goes wrong on the way to them.
    pub microsoft_trouble: Option<MicrosoftTrouble>,
    /// Only on addresses that contain one of these texts, e.g. `/arm/`; empty: on all.
    pub microsoft_trouble_at: Vec<String>,
    /// Only the first so many times; absent: always.
    pub microsoft_trouble_calls: Option<u32>,
    /// After so many accepted calls of Graph and Azure the token in use has expired; a newly issued one has not.
    pub microsoft_token_expired_after_calls: Option<u32>,

    // ---- The front door: App Service and its EasyAuth
    /// How far the API client's settings have come.
    pub azure_configuration: AzureConfiguration,
    /// How long a restart takes, in seconds of the scenario; absent: it does not end. Counted from the moment at which the
    /// scenario begins to be played.
    pub restart_seconds: Option<u32>,
    /// The site sleeps: the first call wakes it, and nothing is answered before so many seconds of the scenario have
    /// passed since then. CIPP's first ping then tells of a cold start.
    pub wakes_after_seconds: Option<u32>,
    /// EasyAuth accepts only `api://{client id}`, not the bare client ID that v2 tokens carry (facts: cipp 2.2).
    pub v2_audience_gap: bool,
    /// After so many accepted API calls every further one is refused with 401, whatever the token.
    pub unauthorised_after_calls: Option<u32>,
    /// After so many accepted API calls the token in use is no longer accepted; a newly issued one is.
    pub token_revoked_after_calls: Option<u32>,

    // ---- CIPP's own decisions
    /// Whether the API client is enabled in CIPP's table. Told by `ExecApiClient`; nothing else looks at it (facts: cipp
    /// 2.4), the door least of all.
    pub client_enabled: bool,
    /// Whether the API client is marked for MCP access. Told by `ExecApiClient`.
    pub client_for_mcp: bool,
    /// The API client's role: a built-in one (`readonly`, `editor`, `admin`, `superadmin`), the name of a custom
    /// role, or empty when the role is gone. Acted on by the endpoints through `Caller`.
    pub role: String,
    /// Permissions of a custom role; absent for built-in roles. Acted on by the endpoints through `Caller`.
    pub role_permissions: Option<Vec<String>>,
    /// Endpoints that a custom role blocks. Acted on by the endpoints through `Caller`.
    pub blocked_endpoints: Vec<String>,
    /// The IP ranges the API client may call from; empty: any. Acted on by the endpoints through `Caller`.
    pub ip_ranges: Vec<String>,
    /// The custom role sees only so many tenants (the first ones of the world); absent: all of them.
    pub tenant_limit: Option<usize>,
    /// CIPP's own text with which every call is refused with 403, e.g. after the subscription ended.
    pub refuse_all: Option<String>,
    /// CIPP cannot reach its tenants: `ListTenants` says so with status 200. Acted on by the endpoint.
    pub tenants_fail: bool,

    // ---- Trouble on the way. Acted on by `hosting::faults`.
    /// So many API calls are answered 429 first.
    pub throttled_calls: u32,
    /// The `Retry-After` of throttled and starting answers, in seconds; absent: no such header.
    pub retry_after_seconds: Option<u64>,
    /// So many API calls are answered 503 first, as a starting instance does.
    pub starting_calls: u32,
    /// The instance has sent what it may send in a day: every call is answered 429 until midnight UTC (facts: cipp 2.9).
    pub egress_quota_used_up: bool,
    /// Calls of `ListLogs` are given up after so many seconds of the scenario.
    pub cut_off_after_seconds: Option<u32>,
    /// By whom.
    pub cut_off_by: CutOff,
    /// API calls are answered 200 with an HTML page, as a captive portal or proxy does.
    pub html_instead_of_json: bool,
    /// API calls are accepted and never answered.
    pub hang: bool,
    /// A list of rows breaks off in the middle of this row (counted from 1).
    pub break_in_row: Option<u64>,
    /// A log that is shorter than that breaks off in its last row, as a young day must to show the fault.
    pub break_short_logs_too: bool,
    /// How it breaks off.
    pub break_kind: Option<Break>,
    /// A pause before each row, in milliseconds.
    pub row_delay_ms: u64,
    /// A product of the network inspects TLS: every certificate is issued by its own authority. Acted on by the server; a
    /// sandbox without TLS gives out an API address with it.
    pub tls_inspected: bool,
    /// The network's only way out is a proxy that wants a password, and knows nobody. Acted on by the server.
    pub proxy_wants_password: bool,

    // ---- The container's cache and rate limit (facts: cipp 1.9). Acted on by `hosting`.
    /// How long a cached answer counts as fresh, in seconds; for as long again it is served stale.
    pub cache_fresh_seconds: u64,
    /// What a `List*` endpoint answers was cached so many seconds ago, as it was then; the first answer is that one.
    pub cached_seconds_ago: Option<u64>,
    /// Calls allowed per caller in ten seconds.
    pub calls_per_10_seconds: u32,

    // ---- The rows themselves. Acted on by the world.
    /// The instance's offset from UTC in hours, which decides day keys and what today is (facts: cipp 1.5).
    pub instance_utc_offset_hours: i8,
    /// The instance's time zone by its IANA name, in the place of the offset. An unknown name is refused.
    pub instance_time_zone: Option<String>,
    /// What `ExecBackendURLs` calls that zone: instances on Windows may hold a Windows name; absent: the IANA name.
    pub reported_time_zone: Option<String>,
    /// Where the world's clock stands; absent: at the start of the sandbox. The options of the start win.
    pub clock: Option<Timestamp>,
    /// How many seconds the world's clock goes on in a second; 0: it stands, and no rows come in.
    pub clock_speed: u32,
    /// How many customers the partner has; absent: as the size says.
    pub tenants: Option<usize>,
    /// Every day, today too, has exactly so many rows, all of which can be asked for; absent: as the size says.
    pub rows_per_day: Option<u32>,
    /// CIPP keeps so many days, today included; older ones come back empty. Absent: as the size says.
    pub retention_days: Option<u16>,
    /// The middle row of every day is not valid JSON.
    pub corrupt_row: bool,
    /// Yesterday has 200,000 rows.
    pub big_day: bool,
    /// One row of every day carries LogData of 200 KB, nested deeply.
    pub deep_log_data: bool,
    /// One row of every day carries LogData of 1 MB.
    pub huge_log_data: bool,
    /// Every other row carries HTML, terminal sequences, formulas and the like in all its text fields.
    pub hostile_text: bool,
    /// Hostile rows also carry halves of surrogate pairs, as JSON escapes that no text can hold.
    pub lone_surrogates: bool,
    /// Some rows of a day share their row key, and some stand in the answer twice.
    pub duplicate_row_keys: bool,
    /// Every fiftieth row of today and yesterday is dated in the future, from minutes to thousands of years.
    pub future_rows: bool,
    /// Three hours after a day has ended, one of its rows is gone and one more is there.
    pub changes_after_close: bool,
    /// Today has no rows.
    pub empty_day: bool,
    /// Every fifth row has missing, extra or oddly typed fields.
    pub odd_types: bool,

    // ---- The partner's tenant, its Azure and CIPP's checks of it
    /// What is different from `worlds/directory.toml`: tables that are merged over it, and `remove`, a list of paths to
    /// take away. Acted on by the directory.
    pub directory: toml::Table,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "healthy".into(),
            title: "Everything works".into(),
            teaches: String::new(),
            names: None,
            also_names: Vec::new(),
            flavour: Flavour::FunctionApp,
            given_address: GivenAddress::Api,
            given_secret: GivenSecret::Right,
            token_lifetime_seconds: 3599,
            clock_skew_seconds: 0,
            token_version: TokenVersion::V1,
            aadsts: None,
            token_throttled_calls: 0,
            token_unavailable_calls: 0,
            sign_in_aadsts: None,
            redeem_aadsts: None,
            refresh_aadsts: None,
            sign_in_fault: None,
            device_code_blocked: false,
            device_code_interval_seconds: 1,
            device_code_lifetime_seconds: 900,
            authorization_code_lifetime_seconds: 600,
            graph_page_size: 4,
            next_link_elsewhere: false,
            arm_page_size: 2,
            microsoft_trouble: None,
            microsoft_trouble_at: Vec::new(),
            microsoft_trouble_calls: None,
            microsoft_token_expired_after_calls: None,
            azure_configuration: AzureConfiguration::Saved,
            restart_seconds: None,
            wakes_after_seconds: None,
            v2_audience_gap: false,
            unauthorised_after_calls: None,
            token_revoked_after_calls: None,
            client_enabled: true,
            client_for_mcp: false,
            role: "admin".into(),
            role_permissions: None,
            blocked_endpoints: Vec::new(),
            ip_ranges: Vec::new(),
            tenant_limit: None,
            refuse_all: None,
            tenants_fail: false,
            throttled_calls: 0,
            retry_after_seconds: None,
            starting_calls: 0,
            egress_quota_used_up: false,
            cut_off_after_seconds: None,
            cut_off_by: CutOff::Website,
            html_instead_of_json: false,
            hang: false,
            break_in_row: None,
            break_short_logs_too: false,
            break_kind: None,
            row_delay_ms: 0,
            tls_inspected: false,
            proxy_wants_password: false,
            cache_fresh_seconds: 600,
            cached_seconds_ago: None,
            calls_per_10_seconds: 300,
            instance_utc_offset_hours: 0,
            instance_time_zone: None,
            reported_time_zone: None,
            clock: None,
            clock_speed: 0,
            tenants: None,
            rows_per_day: None,
            retention_days: None,
            corrupt_row: false,
            big_day: false,
            deep_log_data: false,
            huge_log_data: false,
            hostile_text: false,
            lone_surrogates: false,
            duplicate_row_keys: false,
            future_rows: false,
            changes_after_close: false,
            empty_day: false,
            odd_types: false,
            directory: toml::Table::new(),
        }
    }
}

/// A scenario that is not there or not well formed.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// No scenario of that name is built in.
    #[error("There is no scenario \"{name}\". There are: {known}.")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The TOML text does not describe a scenario.
    #[error("The scenario \"{name}\" is not well formed: {detail}")]
    Malformed {
        /// Which one.
        name: String,
        /// What the parser said, with line and column.
        detail: String,
    },
}

impl Scenario {
    /// The names of all built-in scenarios, `healthy` first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        files::FILES.iter().map(|(name, _)| *name)
    }

    /// All built-in scenarios, in the order of [`Scenario::names`].
    ///
    /// # Errors
    /// [`ScenarioError::Malformed`] if a file is wrong, which a test rules out.
    pub fn all() -> Result<Vec<Self>, ScenarioError> {
        files::FILES
            .iter()
            .map(|(name, text)| Self::from_toml(name, text))
            .collect()
    }

    /// A scenario from TOML text; what the text leaves out is as in a healthy Function App.
    ///
    /// # Errors
    /// [`ScenarioError::Malformed`] for anything that is not a scenario, unknown fields included.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let malformed = |detail: String| ScenarioError::Malformed {
            name: name.to_owned(),
            detail,
        };
        let scenario: Self = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if scenario.name != name {
            return Err(malformed(format!("it calls itself \"{}\"", scenario.name)));
        }
        Ok(scenario)
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    /// A built-in scenario by its name.
    fn from_str(name: &str) -> Result<Self, ScenarioError> {
        match files::FILES.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::from_toml(name, text),
            None => Err(ScenarioError::Unknown {
                name: name.to_owned(),
                known: Self::names().collect::<Vec<_>>().join(", "),
            }),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_and_every_scenario_reads() {
        let scenarios = Scenario::all().unwrap();
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let mut names: Vec<&str> = Scenario::names().collect();
        names.sort_unstable();
        assert_eq!(files, names);
        for scenario in scenarios {
            assert!(
                !scenario.title.is_empty() && !scenario.teaches.is_empty(),
                "{scenario} explains nothing"
            );
        }
    }

    #[test]
    fn healthy_is_the_default() {
        let healthy: Scenario = "healthy".parse().unwrap();
        let expected = Scenario {
            title: healthy.title.clone(),
            teaches: healthy.teaches.clone(),
            ..Scenario::default()
        };
        assert_eq!(healthy, expected);
    }

    #[test]
    fn an_unknown_name_or_field_is_refused_with_what_there_is() {
        let error = "helthy".parse::<Scenario>().unwrap_err().to_string();
        assert!(error.contains("healthy, healthy_container"), "{error}");
        let error = Scenario::from_toml("x", "name = \"x\"\nhangs = true")
            .unwrap_err()
            .to_string();
        assert!(error.contains("hangs"), "{error}");
    }
}
