//! Synthetic rows of CIPP's logbook, the same in every run: about 667 bytes of JSON each, 300 tenants of very different
//! size, data of some 2 KB in one row of ten.

use cipp_client::Day;
use jiff::civil::date;

/// The rows lie in so many days.
pub const DAYS: usize = 100;
const TENANTS: u64 = 300;
/// The end of the newest day, nanoseconds since 1970.
pub const END_NS: i64 = 1_786_233_600_000_000_000;
pub const DAY_NS: i64 = 86_400_000_000_000;

/// A small generator of numbers (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    /// Small numbers far more often than large ones.
    fn skewed(&mut self, limit: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((limit as f64 + 1.0).powf(unit) as u64).saturating_sub(1).min(limit - 1)
    }

    fn guid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            low >> 48 & 0xFFF,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

const APIS: [&str; 24] = [
    "Standards", "Scheduler", "AddUser", "EditUser", "ExecOffboardTenant", "ExecResetPass", "EditGroup", "ListLogs",
    "ExecCustomRole", "AddSharedMailbox", "ExecExcludeLicenses", "BestPracticeAnalyser", "DomainAnalyser", "CIPPDBCache",
    "ExecGDAPTrace", "ExecModifyMBPerms", "Alerts", "PushNotification", "ExecBECRemediate", "AddGroupTeam",
    "ExecManageAppCredentials", "ExecScheduledCommand", "ExecApiClient", "Webhooks",
];
const WORDS: [&str; 64] = [
    "mailbox", "policy", "conditional", "access", "device", "enrolment", "retention", "quarantine", "transport", "rule",
    "forwarding", "delegate", "permission", "group", "member", "owner", "guest", "session", "sign-in", "token", "refresh",
    "consent", "application", "secret", "certificate", "domain", "record", "baseline", "deviation", "template", "drift",
    "alert", "quota", "storage", "site", "sharing", "link", "external", "label", "sensitivity", "audit", "unified",
    "report", "usage", "activity", "phone", "method", "passkey", "authenticator", "number", "matching", "legacy",
    "protocol", "connector", "inbound", "outbound", "spam", "phish", "safe", "attachment", "preset", "security",
    "default", "license",
];
const FIRST: [&str; 20] = [
    "anna", "bjorn", "carla", "dmitri", "elif", "farid", "greta", "hugo", "ines", "jonas", "katja", "liam", "mira",
    "nadia", "oskar", "petra", "quentin", "rosa", "sven", "tara",
];

fn tenant(n: u64) -> String {
    if n == 40 {
        return "contoso.onmicrosoft.example".into();
    }
    format!("{}{}{n}.onmicrosoft.example", WORDS[(n % 61) as usize], WORDS[(n / 5 % 53) as usize])
}

fn words(chance: &mut Chance, count: u64, text: &mut String) {
    for _ in 0..count {
        text.push(' ');
        text.push_str(chance.one(&WORDS));
    }
}

fn message(chance: &mut Chance, tenant: &str, user: &str) -> String {
    let mut text = match chance.below(10_000) {
        0..7 => format!(
            "Could not get a token for {tenant}: AADSTS50076: Due to a configuration change made by your administrator, \
             you must use multi-factor authentication"
        ),
        7..260 => format!("Failed to assign the license for {user}: the remote server returned an error: (403) Forbidden."),
        260..500 => format!("Error while reading {}: the request timed out after 100 seconds", chance.guid()),
        500..1_400 => format!("Failed to update {user} in {tenant}:"),
        1_400..4_000 => "The standard already has the wanted value, nothing was changed in this run:".to_owned(),
        4_000..6_500 => format!("Set the value of the standard for {tenant} and checked it again:"),
        6_500..8_500 => format!("Scheduled task {} was completed for {user}:", chance.guid()),
        _ => format!("Changed {} settings of {user}:", chance.below(40)),
    };
    let more = chance.below(9);
    words(chance, more, &mut text);
    text
}

/// Data as CIPP's error helper writes it: about 2 KB.
fn data(chance: &mut Chance, user: &str) -> String {
    let mut stack = String::new();
    for line in 0..8 {
        stack.push_str(&format!("at Invoke-CIPPStandard{}, line {}:", chance.one(&WORDS), 10 + line * 7));
        words(chance, 12, &mut stack);
        stack.push_str("\\r\\n");
    }
    let problem = match chance.below(10) {
        0..3 => "error",
        3 => "failure",
        _ => "notice",
    };
    format!(
        "{{\"Exception\":\"The request ended with a {problem} for {user}\",\"NormalizedError\":\"{} {}\",\"RawError\":\
         \"{{\\\"code\\\":\\\"{}\\\",\\\"request-id\\\":\\\"{}\\\"}}\",\"Parameters\":{{\"Identity\":\"{}\",\"Count\":{},\
         \"Enabled\":true,\"List\":[\"{}\",\"{}\",\"{}\"]}},\"StackTrace\":\"{stack}\"}}",
        chance.one(&WORDS),
        chance.one(&WORDS),
        chance.one(&WORDS),
        chance.guid(),
        chance.guid(),
        chance.below(1_000),
        chance.guid(),
        chance.guid(),
        chance.guid(),
    )
}

/// The day of a row.
pub fn day_of(n: usize, total: usize) -> usize {
    n * DAYS / total
}

/// The day that is so many days before the newest.
pub fn day(back: usize) -> Day {
    let newest = date(2026, 8, 8);
    Day::new(newest.checked_sub(jiff::Span::new().days(back as i64)).expect("a day of the calendar"))
}

/// The rows of a day, as numbers.
pub fn rows_of_day(day: usize, total: usize) -> std::ops::Range<usize> {
    (day * total).div_ceil(DAYS)..((day + 1) * total).div_ceil(DAYS)
}

/// One row as JSON; the newest is number 0.
pub fn row(n: usize, total: usize) -> String {
    let mut chance = Chance(n as u64 ^ 0x5EED_0000_0000);
    let day = day_of(n, total);
    let of_day = rows_of_day(day, total);
    let place = (n - of_day.start) as i64;
    let ns = END_NS - day as i64 * DAY_NS - 1 - place * (DAY_NS / of_day.len() as i64);
    let time = jiff::Timestamp::from_nanosecond(i128::from(ns / 100 * 100)).expect("a time of our days");
    let number = chance.skewed(TENANTS);
    let tenant = tenant(number);
    let user = match chance.below(10) {
        0..5 => "CIPP".to_owned(),
        _ => format!("{}.{}@{tenant}", chance.one(&FIRST), chance.skewed(30)),
    };
    let severity = match chance.below(100) {
        0..70 => "Info",
        70..82 => "Debug",
        82..92 => "Warning",
        92..98 => "Error",
        98 => "Alert",
        _ => "Critical",
    };
    let api = chance.one(&APIS);
    let message = message(&mut chance, &tenant, &user);
    let ip = match chance.below(3) {
        0 => format!("\"203.0.113.{}\"", chance.below(200)),
        _ => "null".to_owned(),
    };
    let data = match chance.below(1_000) {
        0..104 => data(&mut chance, &user),
        _ => "\"\"".to_owned(),
    };
    let app = match chance.below(4) {
        0 => format!("\"9b3c1b9e-5a41-4a7f-9a53-0d8a1c2b{:04x}\"", chance.below(20)),
        _ => "null".to_owned(),
    };
    format!(
        "{{\"DateTime\":\"{time}\",\"Tenant\":\"{tenant}\",\"API\":\"{api}\",\"Message\":\"{message}\",\"User\":\"{user}\",\
         \"Severity\":\"{severity}\",\"LogData\":{data},\"TenantID\":\"{:08x}-5a41-4a7f-9a53-{:012x}\",\"AppId\":{app},\
         \"IP\":{ip},\"RowKey\":\"{}\",\"StandardInfo\":{{}},\"DateFilter\":\"{}\"}}",
        number * 2_654_435_761 & 0xFFFF_FFFF,
        number,
        chance.guid(),
        self::day(day),
    )
}
