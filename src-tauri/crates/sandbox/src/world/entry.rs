//! One row, told: a stub of the calendar becomes fields and texts.
//!
//! Cheap fields come first ([`Row::entry`]), so that a filter can turn a row away before any text is made; the message
//! and the LogData are written only for rows that are returned. Which keys the API gives them, and how each hosting
//! form prints them, is not decided here.

use std::borrow::Cow;
use std::io::Write as _;

use super::calendar::{Source, Special, Stub};
use super::chance::{Chance, guid, mix};
use super::dictionary::{self, About, FAILURES, Failure, Family, Line};
use super::incidents::{self, Actor};
use super::{DayIndex, Template, Tenant, World, hostile};

/// A row of the world that has not been told yet.
#[derive(Debug, Clone, Copy)]
pub struct Row<'w> {
    pub(super) world: &'w World,
    pub(super) day: &'w DayIndex,
    pub(super) stub: Stub,
}

/// What the log table stores of a row, all but the two long texts.
#[derive(Debug, Clone)]
pub struct Entry<'w> {
    /// Last change of the row, in hundred-nanosecond steps since 1970: never before the event, at times hours after.
    pub modified: i64,
    /// The day key, `yyyyMMdd`.
    pub day_key: &'w str,
    /// The tenant text: a domain, or one of CIPP's literals.
    pub tenant: Cow<'w, str>,
    /// The API name.
    pub api: Cow<'w, str>,
    /// Who did it.
    pub user: Cow<'w, str>,
    /// The severity as written by the caller; empty where none was given.
    pub severity: &'static str,
    /// The tenant's GUID, stored for about one row in a hundred.
    pub tenant_id: Option<Cow<'w, str>>,
    /// The API client behind the row.
    pub app_id: Option<Cow<'w, str>>,
    /// The caller's address.
    pub ip: Option<Cow<'w, str>>,
    /// The row's id.
    pub row_key: uuid::Uuid,
    /// The standards template behind the row.
    pub template: Option<&'w Template>,
    /// The standard's name within the template.
    pub standard: &'static str,
    /// The policy that the template rolls out: an Intune one, or a Conditional Access one.
    pub policy: Option<Policy>,
    /// The scheduled task behind the row.
    pub scheduled_task: Option<&'w str>,
    /// The baseline run behind the row.
    pub baseline_run: Option<&'w str>,
    /// What is stored as LogData.
    pub log_data: LogData,
    /// Which of the unusual forms the row takes in a world with odd types, as an ever-growing number.
    pub oddity: Option<u32>,
    /// [`super::LONE_HIGH`] and [`super::LONE_LOW`] in the texts stand for halves of surrogate pairs.
    pub lone_surrogates: bool,
    pattern: &'static str,
    customer: &'w Tenant,
    person: &'w str,
    technician: &'w str,
    failure: &'static Failure,
    hostile: bool,
    words: Chance,
}

/// A policy of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Name of an Intune policy.
    Intune(&'static str),
    /// Name of a Conditional Access policy.
    ConditionalAccess(&'static str),
}

/// The form of a row's stored LogData (facts: cipp 1.8, 1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogData {
    /// Empty text: the normal case.
    Empty,
    /// The column is not there: the row was split because it was too long.
    Missing,
    /// `{}`.
    EmptyObject,
    /// `[]`.
    EmptyArray,
    /// A list with one member, which reading back unwraps. [`Entry::write_log_data`] writes the member.
    OneElement,
    /// JSON of any other form.
    Json(Form),
    /// Text that is not JSON.
    NotJson,
    /// 200 KB of nested objects.
    Deep,
    /// 1 MB in one wide object.
    Huge,
    /// Written so that the row itself is not valid JSON.
    Corrupt,
}

/// The ordinary forms of LogData.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// CIPP's error object with eight keys, 1 to 6 KB.
    ErrorObject,
    /// A whole PowerShell error record, cut at depth 10.
    ErrorRecord,
    /// An event with keys of its own.
    Event,
    /// A list of texts.
    Texts,
    /// A list of objects.
    Objects,
    /// A plain text.
    Text,
    /// A number.
    Number,
    /// Keys and values made to break a page or a terminal.
    Hostile,
}

/// One row in so many is hostile in a world with hostile text; the others stay ordinary so that both kinds mix.
const HOSTILE_ONE_IN: u32 = 2;
/// One row in so many is odd in a world with odd types.
const ODD_ONE_IN: u32 = 5;
/// One row in so many has its neighbour's row key in a world with duplicate row keys.
const SHARED_KEY_ONE_IN: u32 = 10;

/// Whether the notification job sends (and so rewrites) the row. Stories keep their times.
pub(super) fn is_sent(world: &World, source: Source, row_seed: u64) -> bool {
    source != Source::Incident
        && matches!(
            severity(world, source, &mut Chance::new(row_seed)),
            (_, Family::Alert | Family::Critical)
        )
}

/// Severity as spelled, and its family. Always the first throws of a row, so that [`is_sent`] agrees with the entry.
fn severity(world: &World, source: Source, chance: &mut Chance) -> (&'static str, Family) {
    let family = chance.weighted(dictionary::families(source));
    let spelled = chance.weighted(family.spellings());
    if chance.one_in(dictionary::WITHOUT_SEVERITY_ONE_IN) && !world.is_exact() {
        ("", family)
    } else {
        (spelled, family)
    }
}

impl<'w> Row<'w> {
    /// The row's id, without telling the rest of it.
    pub fn row_key(&self) -> uuid::Uuid {
        let shared = self.world.flags().duplicate_row_keys && self.stub.number % SHARED_KEY_ONE_IN == 1;
        let number = self.stub.number - u32::from(shared);
        guid(self.day.row_seed(number) ^ 0x1d)
    }

    /// Whose turn it is among many tenants: chance alone would leave some of them without a row. The few tenants of the
    /// usual worlds take no turns.
    fn turn(&self) -> Option<usize> {
        let tenants = self.world.cast().tenants.len();
        let turn = (self.day.turn + u64::from(self.stub.number)) / 2;
        (tenants > super::cast::NAMED_TENANTS && self.stub.number.is_multiple_of(2))
            .then(|| (turn % tenants as u64) as usize)
    }

    /// Tells the cheap fields.
    pub fn entry(&self) -> Entry<'w> {
        let cast = self.world.cast();
        let row_seed = self.day.row_seed(self.stub.number);
        let mut chance = Chance::new(row_seed);
        let (mut severity, mut family) = severity(self.world, self.stub.source, &mut chance);
        let mut place = chance.skewed(cast.tenants.len() as u64) as usize;
        let mut failure = chance.below(FAILURES.len() as u64) as usize;
        let mut actor = actor_of(self.stub.source);
        let mut line: Line;
        match self.stub.source {
            Source::Incident => {
                let part = incidents::part_of(self.stub.aux);
                (severity, family) = (part.family.spellings()[0].1, part.family);
                place = part.tenant;
                failure = part.failure.unwrap_or(failure);
                actor = if part.actor == Actor::Technician {
                    Who::Technician
                } else {
                    Who::Job
                };
                line = (part.api, part.about, part.pattern);
            }
            Source::Nightly => {
                severity = "Info";
                line = dictionary::NIGHTLY[usize::from(self.stub.aux) % dictionary::NIGHTLY.len()];
            }
            Source::Sync => {
                place = usize::from(self.stub.aux) % cast.tenants.len();
                line = *chance.pick(dictionary::lines(Source::Sync, family));
            }
            source => {
                line = *chance.pick(dictionary::lines(source, family));
                if let Some(turn) = self.turn() {
                    (place, line.1) = (turn, About::Customer);
                }
            }
        }
        let (api, about, pattern) = line;
        if self.stub.special != Special::No {
            // A row that is meant to be met must not hide behind a filter.
            severity = "Info";
        }
        let customer = &cast.tenants[place];
        let homes = cast.users.len() / cast.tenants.len();
        let turn = if self.stub.source == Source::Incident {
            0
        } else {
            chance.below(homes as u64) as usize
        };
        let technician = &cast.technicians[chance.skewed(cast.technicians.len() as u64) as usize];
        let mut entry = Entry {
            modified: self.stub.modified,
            day_key: &self.day.key,
            tenant: tenant_text(about, customer, &mut chance).into(),
            api: api.into(),
            user: "CIPP".into(),
            severity,
            tenant_id: (about == About::Customer && chance.one_in(100)).then(|| customer.id.as_str().into()),
            app_id: None,
            ip: None,
            row_key: self.row_key(),
            template: None,
            standard: "",
            policy: None,
            scheduled_task: None,
            baseline_run: None,
            log_data: log_data(family, self.stub.special, &mut chance),
            oddity: (self.world.flags().odd_types && self.stub.number.is_multiple_of(ODD_ONE_IN))
                .then_some(self.stub.number / ODD_ONE_IN),
            lone_surrogates: false,
            pattern,
            customer,
            person: &cast.users[place + turn * cast.tenants.len()].0,
            technician,
            failure: &FAILURES[failure],
            hostile: self.world.flags().hostile_text && self.stub.number.is_multiple_of(HOSTILE_ONE_IN),
            words: Chance::new(mix(row_seed ^ 0x3073)),
        };
        entry.sign(actor, self.world, &mut chance);
        entry.link(self.stub.source, self.world, &mut chance);
        if entry.hostile {
            entry.lone_surrogates = self.world.flags().lone_surrogates;
            entry.make_hostile(self.stub.number);
        }
        entry
    }
}

/// Who is named as the user.
#[derive(Debug, Clone, Copy)]
enum Who {
    Job,
    Technician,
    ApiClient,
}

const fn actor_of(source: Source) -> Who {
    match source {
        Source::Technician => Who::Technician,
        Source::ApiClient => Who::ApiClient,
        _ => Who::Job,
    }
}

fn tenant_text<'w>(about: About, customer: &'w Tenant, chance: &mut Chance) -> &'w str {
    match about {
        // A few writers pass the GUID where the domain belongs.
        About::Customer if chance.one_in(300) => &customer.id,
        About::Customer => &customer.default_domain,
        About::Nobody => chance.weighted(&[(94, "None"), (4, "None "), (2, "none")]),
        About::Cipp => "CIPP",
        About::Everyone => chance.weighted(&[
            (4, "AllTenants"),
            (2, "All Tenants"),
            (3, "Global"),
            (1, "PartnerTenant"),
        ]),
    }
}

fn log_data(family: Family, special: Special, chance: &mut Chance) -> LogData {
    use LogData::{Empty, EmptyArray, EmptyObject, Json, Missing, NotJson, OneElement};
    match special {
        Special::Corrupt => return LogData::Corrupt,
        Special::Deep => return LogData::Deep,
        Special::Huge => return LogData::Huge,
        Special::No => {}
    }
    chance.weighted(match family {
        Family::Info => &[
            (9_700, Empty),
            (90, Json(Form::Event)),
            (60, Json(Form::Texts)),
            (50, Json(Form::Objects)),
            (40, OneElement),
            (30, Json(Form::Text)),
            (10, Json(Form::Number)),
            (10, EmptyArray),
            (10, Missing),
        ],
        Family::Error | Family::Critical => &[
            (4_180, Empty),
            (5_650, Json(Form::ErrorObject)),
            (110, Json(Form::ErrorRecord)),
            (20, NotJson),
            (20, Missing),
            (20, Json(Form::Text)),
        ],
        Family::Warning => &[
            (7_800, Empty),
            (2_000, Json(Form::ErrorObject)),
            (100, Json(Form::Text)),
            (100, OneElement),
        ],
        Family::Alert => &[
            (3_000, Empty),
            (2_200, EmptyObject),
            (2_500, Json(Form::Event)),
            (1_200, Json(Form::Objects)),
            (700, Json(Form::Texts)),
            (400, OneElement),
        ],
    })
}

impl Entry<'_> {
    /// The message, appended to `out`.
    pub fn write_message(&self, out: &mut Vec<u8>) {
        if self.hostile {
            hostile::message(&mut self.words.clone(), self.lone_surrogates, out);
            return;
        }
        self.fill(self.pattern, &mut self.words.clone(), out);
    }

    /// The stored LogData as JSON, or as bare text for [`LogData::NotJson`], appended to `out`. The forms without
    /// content write nothing. `levels` is how deep [`LogData::Deep`] goes.
    pub fn write_log_data(&self, levels: usize, out: &mut Vec<u8>) {
        let mut chance = Chance::new(mix(self.words.clone().next()));
        match self.log_data {
            LogData::Empty | LogData::Missing | LogData::EmptyObject | LogData::EmptyArray => {}
            LogData::OneElement => self.text(b"", "The mailbox of {u} was left out", b"", &mut chance, out),
            LogData::NotJson => self.fill("{\"error\":{\"code\":\"Truncated\",\"message\":\"{e}", &mut chance, out),
            LogData::Deep => deep(levels, out),
            LogData::Huge => self.huge(&mut chance, out),
            LogData::Corrupt => out.extend_from_slice(b"{\"Measured\":NaN,\"Reason\":undefined}"),
            LogData::Json(form) => self.write_form(form, &mut chance, out),
        }
    }

    fn write_form(&self, form: Form, chance: &mut Chance, out: &mut Vec<u8>) {
        match form {
            Form::ErrorObject => self.error_object(chance, out),
            Form::ErrorRecord => self.error_record(chance, out),
            Form::Event => {
                self.text(b"{\"Event\":", "granular-admin-relationship-approved", b"", chance, out);
                self.text(b",\"Tenant\":{\"Id\":", "{g}", b"", chance, out);
                self.text(b",\"Name\":", "{D}", b"}", chance, out);
                let _ = write!(
                    out,
                    ",\"Raised\":\"2026-08-0{}T0{}:35:13Z\",\"Count\":{},\"Resolved\":false,\"Details\":null",
                    1 + chance.below(9),
                    chance.below(10),
                    chance.below(400)
                );
                self.text(
                    b",\"Uri\":",
                    "https://partner.example/v1/customers/{g}",
                    b"}",
                    chance,
                    out,
                );
            }
            Form::Texts => {
                self.text(b"[", "{u}", b"", chance, out);
                for _ in 0..=chance.below(5) {
                    self.text(b",", "{r}", b"", chance, out);
                }
                out.push(b']');
            }
            Form::Objects => {
                for n in 0..2 + chance.below(4) {
                    self.text(
                        if n == 0 { b"[{\"Role\":" } else { b",{\"Role\":" },
                        "{r}",
                        b"",
                        chance,
                        out,
                    );
                    self.text(b",\"Group\":", "{g}", b",\"Assigned\":true}", chance, out);
                }
                out.push(b']');
            }
            Form::Text => self.text(b"", "{p}: {e}", b"", chance, out),
            Form::Number => {
                let _ = write!(out, "{}", chance.below(100_000));
            }
            Form::Hostile => hostile::log_data(chance, self.lone_surrogates, out),
        }
    }

    /// CIPP's eight keys. A part that PowerShell did not give is the text `Not available`.
    fn error_object(&self, chance: &mut Chance, out: &mut Vec<u8>) {
        const NOT_AVAILABLE: &str = "Not available";
        let bare = chance.one_in(6);
        let line = 20 + chance.below(600);
        self.text(b"{\"Message\":", "{e}", b"", chance, out);
        self.text(b",\"NormalizedError\":", "{e}", b"", chance, out);
        self.text(b",\"RawError\":", self.failure.raw, b"", chance, out);
        if bare {
            self.text(b",\"Position\":", NOT_AVAILABLE, b"", chance, out);
            self.text(b",\"StackTrace\":", NOT_AVAILABLE, b"", chance, out);
        } else {
            self.position(line, out);
            self.stack_trace(line, chance, out);
        }
        self.text(
            b",\"ScriptName\":",
            if bare { NOT_AVAILABLE } else { self.failure.script },
            b"",
            chance,
            out,
        );
        let _ = write!(out, ",\"LineNumber\":{}", if bare { 0 } else { line });
        self.text(b",\"Category\":", self.failure.category, b"}", chance, out);
    }

    fn position(&self, line: u64, out: &mut Vec<u8>) {
        let script = self.failure.script;
        let _ = write!(
            out,
            ",\"Position\":\"At C:\\\\home\\\\site\\\\wwwroot\\\\Modules\\\\CIPPCore\\\\Public\\\\{script}.ps1:{line} char:13\\n+             throw $Message\\n+             ~~~~~~~~~~~~~~\""
        );
    }

    fn stack_trace(&self, line: u64, chance: &mut Chance, out: &mut Vec<u8>) {
        let script = self.failure.script;
        let _ = write!(
            out,
            ",\"StackTrace\":\"at {script}, C:\\\\home\\\\site\\\\wwwroot\\\\Modules\\\\CIPPCore\\\\Public\\\\{script}.ps1: line {line}"
        );
        let frames = 14 + chance.skewed(46);
        for frame in 0..frames {
            let _ = write!(
                out,
                "\\nat <ScriptBlock>, C:\\\\home\\\\site\\\\wwwroot\\\\Modules\\\\CIPPActivityTriggers\\\\Step{frame}.ps1: line {}",
                chance.below(400)
            );
        }
        out.push(b'"');
    }

    /// A whole error record; below the depth at which CIPP stores JSON, PowerShell has left its own text form.
    fn error_record(&self, chance: &mut Chance, out: &mut Vec<u8>) {
        const KEYS: [&str; 9] = [
            "Exception",
            "InnerException",
            "Data",
            "Response",
            "Content",
            "Headers",
            "Value",
            "Target",
            "Owner",
        ];
        for key in KEYS {
            let _ = write!(out, "{{\"HResult\":-2146233088,\"HelpLink\":null,\"{key}\":");
        }
        self.text(
            b"",
            "@{Method=GET; RequestUri=https://graph.example/v1.0/users; Version=1.1; Tenant={d}}",
            b"",
            chance,
            out,
        );
        for key in KEYS {
            self.text(
                b",\"Message\":",
                if key == "Exception" { "{e}" } else { "{p}" },
                b"}",
                chance,
                out,
            );
        }
    }

    /// What a change of thousands of permissions reports: a megabyte, three levels deep.
    fn huge(&self, chance: &mut Chance, out: &mut Vec<u8>) {
        const BYTES: usize = 1024 * 1024;
        let from = out.len();
        out.extend_from_slice(b"{\"Changes\":[");
        while out.len() < from + BYTES {
            self.text(b"{\"User\":", "{u}", b"", chance, out);
            self.text(b",\"Id\":", "{g}", b"", chance, out);
            self.text(b",\"Detail\":{\"Role\":", "{r}", b"", chance, out);
            self.text(b",\"Result\":", "{e}", b"}},", chance, out);
        }
        out.extend_from_slice(b"null],\"Complete\":true}");
    }

    /// `before`, then the filled pattern as a JSON text, then `after`.
    fn text(&self, before: &[u8], pattern: &str, after: &[u8], chance: &mut Chance, out: &mut Vec<u8>) {
        let mut bare = Vec::with_capacity(pattern.len() + 64);
        self.fill(pattern, chance, &mut bare);
        out.extend_from_slice(before);
        push_json_text(out, &bare);
        out.extend_from_slice(after);
    }

    /// Fills the braces of a pattern. A brace that opens nothing known stays, so raw JSON passes through.
    fn fill(&self, pattern: &str, chance: &mut Chance, out: &mut Vec<u8>) {
        let mut rest = pattern.as_bytes();
        while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let known = rest.get(2) == Some(&b'}') && self.word(rest[1], chance, out);
            if !known {
                out.push(b'{');
            }
            rest = &rest[if known { 3 } else { 1 }..];
        }
        out.extend_from_slice(rest);
    }

    fn word(&self, letter: u8, chance: &mut Chance, out: &mut Vec<u8>) -> bool {
        let word: &str = match letter {
            b'u' => self.person,
            b'a' => self.technician,
            b'd' => &self.customer.default_domain,
            b'D' => &self.customer.display_name,
            b'e' => self.failure.normalized,
            b's' if !self.standard.is_empty() => self.standard,
            b's' => chance.pick::<&str>(dictionary::SETTINGS),
            b'p' => chance.pick::<&str>(dictionary::POLICIES),
            b'k' => chance.pick::<&str>(dictionary::DATASETS),
            b't' => chance.pick::<&str>(dictionary::TESTS),
            b'r' => chance.pick::<&str>(dictionary::NAMES),
            b'n' => {
                let _ = write!(out, "{}", 1 + chance.skewed(140));
                return true;
            }
            b'i' => {
                let _ = write!(out, "203.0.113.{}", 1 + chance.below(254));
                return true;
            }
            b'g' => {
                let mut buffer = uuid::Uuid::encode_buffer();
                out.extend_from_slice(guid(chance.next()).hyphenated().encode_lower(&mut buffer).as_bytes());
                return true;
            }
            _ => return false,
        };
        out.extend_from_slice(word.as_bytes());
        true
    }
}

impl<'w> Entry<'w> {
    /// Puts a name, an address and an application under the row.
    fn sign(&mut self, who: Who, world: &'w World, chance: &mut Chance) {
        match who {
            Who::Job => {}
            Who::Technician => {
                self.user = self.technician.into();
                self.ip = Some(format!("198.51.100.{}", 10 + self.technician.len()).into());
            }
            Who::ApiClient => {
                let client = chance.pick(&world.cast().api_clients);
                self.user = client.name.into();
                self.app_id = Some(client.app_id.as_str().into());
                self.ip = Some(if chance.one_in(5) {
                    "2001:db8::25".into()
                } else {
                    "192.0.2.25".into()
                });
            }
        }
    }

    /// Ties the row to a template, a scheduled task or a baseline run.
    fn link(&mut self, source: Source, world: &'w World, chance: &mut Chance) {
        let cast = world.cast();
        if source == Source::Standards {
            self.standard = *chance.pick(dictionary::SETTINGS);
            self.template = Some(chance.pick(&cast.templates));
            let policy = chance.pick(dictionary::POLICIES);
            self.policy = match chance.below(8) {
                0 => Some(Policy::Intune(policy)),
                1 => Some(Policy::ConditionalAccess(policy)),
                _ => None,
            };
            if chance.one_in(10) {
                self.scheduled_task = Some(chance.pick(&cast.scheduled_tasks).as_str());
            }
        }
        if self.api == "Scheduler_UserTasks" {
            self.scheduled_task = Some(chance.pick(&cast.scheduled_tasks).as_str());
        }
        if self.api == "Baselines" {
            self.baseline_run = Some(chance.pick(&cast.baseline_runs).as_str());
        }
    }

    fn make_hostile(&mut self, number: u32) {
        let lone = self.lone_surrogates;
        let nasty = |field: u32| Cow::Borrowed(hostile::text(number / HOSTILE_ONE_IN + field, lone));
        self.tenant = nasty(0);
        self.api = nasty(1);
        self.user = nasty(2);
        self.tenant_id = Some(nasty(3));
        self.app_id = Some(nasty(4));
        self.ip = Some(nasty(5));
        if !matches!(self.log_data, LogData::Corrupt | LogData::Deep | LogData::Huge) {
            self.log_data = LogData::Json(Form::Hostile);
        }
    }
}

/// About 200 KB in nested objects, `levels` deep, with text and a list on every level.
fn deep(levels: usize, out: &mut Vec<u8>) {
    let filler = "x".repeat(200_000 / levels.max(1));
    for level in 0..levels {
        let _ = write!(
            out,
            "{{\"Level\":{level},\"Filler\":\"{filler}\",\"List\":[1,[2,[3]]],\"Inner\":"
        );
    }
    out.extend_from_slice(b"\"the bottom\"");
    out.resize(out.len() + levels, b'}');
}

/// Appends UTF-8 text as a JSON string.
pub(crate) fn push_json_text(out: &mut Vec<u8>, text: &[u8]) {
    // Text made here is UTF-8, and a vector takes every write; neither branch can be met.
    if let Ok(text) = std::str::from_utf8(text) {
        let _ = serde_json::to_writer(out, text);
    }
}
