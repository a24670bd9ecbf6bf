//! Which rows are wanted: `--query`, `--tenant`, `--user`, `--api`, `--search`.
//!
//! Decided here and not by CIPP, whose own filters surprise: a user must match exactly, an API name is a regular
//! expression, and there is no text search (facts: ListLogs 1.3). The severity alone is left to CIPP, where it is asked.

use std::env::{self, VarError};

use cipp_client::{Day, Fields, Row, RowProblem};
use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use log_index::{ReadRow, RowMatcher};
use log_query::{Context, Query, QueryRead, SeverityFamily, family, parse};

use crate::exit::{Code, Failure};

/// Filters on the rows. All of them must be met.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Only rows that this filter finds, in the language of the app: tenant:contoso sev>=warning -api:Scheduler "exact words"
    ///
    /// word, "exact words", /regex/ anywhere; -term not; field:part, field:="whole", field:jo*, field:/regex/, field:a,b;
    /// fields: tenant, tenantid, user, api, ip, app, template, message, data, data.Path.To.Member, sev, time, day, has, key;
    /// sev>=warning; time:2026-11-20T10:00..2026-11-20T11:30, time:-1h..; day:2026-11-18..2026-11-20; has:data
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "query_env")]
    query: Option<String>,
    /// Read the filter of --query from this environment variable, for shells that lose quotation marks
    #[arg(long, value_name = "VARIABLE")]
    query_env: Option<String>,
    /// Time zone of times in --query, such as Europe/Berlin [default: this computer's]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    zone: Option<TimeZone>,
    /// Only rows whose tenant contains this, or whose tenant ID it is
    #[arg(long, value_name = "TEXT")]
    tenant: Option<String>,
    /// Only rows whose user contains this
    #[arg(long, value_name = "TEXT")]
    user: Option<String>,
    /// Only rows whose API name contains this
    #[arg(long, value_name = "TEXT")]
    api: Option<String>,
    /// Only rows with all these words anywhere, their data included; "a phrase" in quotation marks is one word
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// The filters, ready to be applied to one row after the other.
pub struct RowFilter {
    tenant: Option<Needle>,
    user: Option<Needle>,
    api: Option<Needle>,
    severities: Vec<SeverityFamily>,
    query: Option<RowMatcher>,
}

fn zone(typed: &str) -> Result<TimeZone, String> {
    TimeZone::get(typed).map_err(|_| "not a time zone that is known here. Write it as Europe/Berlin or UTC".to_owned())
}

impl FilterArgs {
    /// The filters, ready to be applied. Rows that were not asked for by severity are filtered by `severities`, when
    /// there are any.
    pub fn filter(&self, severities: &[SeverityFamily], now: Timestamp) -> Result<RowFilter, Failure> {
        let needle = |text: &Option<String>| text.as_deref().and_then(Needle::new);
        let words = self.search.as_deref().map(words).unwrap_or_default();
        let query = self.understood(&[self.query_text()?, words].join(" "), now)?;
        Ok(RowFilter {
            tenant: needle(&self.tenant),
            user: needle(&self.user),
            api: needle(&self.api),
            severities: severities.to_vec(),
            query: (!query.terms.is_empty()).then(|| RowMatcher::new(&query)),
        })
    }

    /// All the filters as one text of the language, for whoever searches an index. It is well-formed.
    pub fn text(&self, severities: &[SeverityFamily], now: Timestamp) -> Result<String, Failure> {
        let own = self.query_text()?;
        self.understood(&own, now)?;
        let term = |name: &str, text: &Option<String>| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
            Some(format!("{name}:{}", in_quotes(text)))
        };
        let tenant = match self.tenant.as_deref().map(str::trim) {
            Some(id) if looks_like_a_guid(id) => Some(format!("tenantid:=\"{id}\"")),
            _ => term("tenant", &self.tenant),
        };
        let families: Vec<String> = severities.iter().map(|family| family.word().to_lowercase()).collect();
        let severity = (!families.is_empty()).then(|| format!("sev:{}", families.join(",")));
        let words = self.search.as_deref().map(words);
        let parts = [
            Some(own),
            tenant,
            term("user", &self.user),
            term("api", &self.api),
            severity,
            words,
        ];
        Ok(parts
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
            .trim()
            .to_owned())
    }

    /// The zone in which times are meant.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }

    fn query_text(&self) -> Result<String, Failure> {
        let Some(variable) = &self.query_env else {
            return Ok(self.query.clone().unwrap_or_default());
        };
        env::var(variable).map_err(|error| {
            let problem = match error {
                VarError::NotPresent => "is not set",
                VarError::NotUnicode(_) => "is not text",
            };
            Failure::new(
                Code::Usage,
                format!("The environment variable {variable} {problem}."),
                "--query-env takes the name of the variable that holds the filter.",
            )
        })
    }

    fn understood(&self, text: &str, now: Timestamp) -> Result<Query, Failure> {
        let context = Context { zone: self.zone(), now };
        let (query, read) = parse(text, &context);
        match mistake(text, &read) {
            Some(failure) => Err(failure),
            None => Ok(query),
        }
    }
}

/// The first mistake, and where it is.
fn mistake(text: &str, read: &QueryRead) -> Option<Failure> {
    let mistake = read.mistakes.first()?;
    let units: Vec<u16> = text.encode_utf16().collect();
    let part = units
        .get(mistake.start as usize..mistake.end as usize)
        .map(String::from_utf16_lossy)
        .unwrap_or_default();
    Some(Failure::new(
        Code::Usage,
        format!(
            "The filter is not understood at \u{201c}{part}\u{201d}. {}",
            mistake.message
        ),
        "See the language with `cippctl logs --help`.",
    ))
}

/// Words as terms: each is found as it stands. Quotation marks hold a phrase together.
fn words(text: &str) -> String {
    let mut words = Vec::new();
    for (at, part) in text.split(['"', '\u{201c}', '\u{201d}']).enumerate() {
        if at % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    words.retain(|word| !word.trim().is_empty());
    let words: Vec<String> = words.into_iter().map(in_quotes).collect();
    words.join(" ")
}

/// A text as the language takes it letter for letter.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn looks_like_a_guid(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

impl RowFilter {
    /// Whether a row is wanted. A row that cannot be read is, when its text contains what is looked for.
    pub fn keeps(&self, day: Day, row: &Row, fields: Result<&Fields<'_>, &RowProblem>) -> bool {
        let columns = match fields {
            Ok(fields) => self.keeps_columns(fields),
            Err(_) => self.needles().all(|needle| needle.is_in(row.raw())),
        };
        columns
            && self
                .query
                .as_ref()
                .is_none_or(|query| query.matches(day, &ReadRow::of(row)))
    }

    /// Whether a row is of a wanted severity, for rows that CIPP did not choose by it.
    pub fn keeps_severity(&self, fields: Result<&Fields<'_>, &RowProblem>) -> bool {
        let spelling = fields.ok().and_then(|fields| fields.severity.as_deref());
        self.severities.is_empty() || self.severities.contains(&family(spelling.unwrap_or_default()))
    }

    fn keeps_columns(&self, fields: &Fields<'_>) -> bool {
        let is_in = |needle: &Option<Needle>, text: &Option<std::borrow::Cow<'_, str>>| {
            needle
                .as_ref()
                .is_none_or(|needle| text.as_deref().is_some_and(|text| needle.is_in(text)))
        };
        let tenant_is_named = |needle: &Needle| fields.tenant_id.as_deref().is_some_and(|id| needle.is_all_of(id));
        is_in(&self.user, &fields.user)
            && is_in(&self.api, &fields.api)
            && (is_in(&self.tenant, &fields.tenant) || self.tenant.as_ref().is_some_and(tenant_is_named))
    }

    fn needles(&self) -> impl Iterator<Item = &Needle> {
        [&self.tenant, &self.user, &self.api].into_iter().flatten()
    }
}

/// A text to be found whatever the case of its letters, without copying what it is looked for in.
struct Needle {
    lower: String,
}

impl Needle {
    /// `None` for a text of blanks: it would be in everything.
    fn new(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        (!lower.is_empty()).then_some(Needle { lower })
    }

    fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() {
            return contains_ignoring_ascii_case(text.as_bytes(), self.lower.as_bytes());
        }
        text.to_lowercase().contains(&self.lower)
    }

    fn is_all_of(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(&self.lower)
    }
}

/// `lower` must be in lower case and not empty.
fn contains_ignoring_ascii_case(text: &[u8], lower: &[u8]) -> bool {
    let Some(&first) = lower.first() else {
        return true;
    };
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), text).any(|at| {
        text.get(at..at + lower.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(lower))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"Tenant":"Contoso.example","API":"AddUser","Message":"Grüße <b>","User":"Anna@msp.example","Severity":"Info","LogData":{"code":53003},"TenantID":"0b9f7c3e-1111-2222-3333-444455556666"}"#;

    fn args() -> FilterArgs {
        FilterArgs::default()
    }

    fn now() -> Timestamp {
        "2026-08-08T12:00:00Z".parse().unwrap()
    }

    fn keeps(args: FilterArgs, raw: &str) -> bool {
        let row = Row::from_raw(raw.into());
        let filter = args.filter(&[], now()).unwrap();
        filter.keeps("20260808".parse().unwrap(), &row, row.fields().as_ref())
    }

    /// The options as one text of the language, and whether that text alone finds the row.
    fn finds(args: FilterArgs, severities: &[SeverityFamily]) -> (String, bool) {
        let text = args.text(severities, now()).unwrap();
        let query = FilterArgs {
            query: Some(text.clone()),
            ..FilterArgs::default()
        };
        (text, keeps(query, ROW))
    }

    #[test]
    fn the_options_can_be_said_in_the_language() {
        let all = FilterArgs {
            query: Some("-bob".into()),
            tenant: Some("contoso".into()),
            user: Some("ANNA".into()),
            api: Some("user".into()),
            search: Some("53003 \"grüße <b>\"".into()),
            ..args()
        };
        let (text, found) = finds(all, &[SeverityFamily::Info, SeverityFamily::Error]);
        assert_eq!(
            text,
            "-bob tenant:\"contoso\" user:\"ANNA\" api:\"user\" sev:info,error \"53003\" \"grüße <b>\""
        );
        assert!(found);
        let id = FilterArgs {
            tenant: Some("0B9F7C3E-1111-2222-3333-444455556666".into()),
            ..args()
        };
        assert!(finds(id, &[]).1);
        assert!(!finds(args(), &[SeverityFamily::Error]).1);
    }

    #[test]
    fn a_query_says_what_it_does_not_understand() {
        for text in ["tenant:/(/", "sev:loud", "time:yesterdayish.."] {
            let wrong = FilterArgs {
                query: Some(text.into()),
                ..args()
            };
            for failure in [wrong.filter(&[], now()).err(), wrong.text(&[], now()).err()] {
                let failure = failure.unwrap();
                assert_eq!(failure.code(), Code::Usage, "{text}");
                assert!(format!("{failure:?}").contains("is not understood at"), "{failure:?}");
            }
        }
    }

    #[test]
    fn nothing_asked_keeps_everything() {
        assert!(keeps(args(), ROW) && keeps(args(), "{}") && keeps(args(), "{broken"));
        let blank = FilterArgs {
            tenant: Some(" ".into()),
            search: Some("".into()),
            ..args()
        };
        assert!(keeps(blank, "{}"));
    }

    #[test]
    fn a_part_is_enough_and_case_does_not_matter() {
        for tenant in ["contoso", "TOSO.EX", "0B9F7C3E-1111-2222-3333-444455556666"] {
            assert!(
                keeps(
                    FilterArgs {
                        tenant: Some(tenant.into()),
                        ..args()
                    },
                    ROW
                ),
                "{tenant}"
            );
        }
        assert!(
            !keeps(
                FilterArgs {
                    tenant: Some("0b9f7c3e".into()),
                    ..args()
                },
                ROW
            ),
            "a part of the ID is none"
        );
        assert!(keeps(
            FilterArgs {
                user: Some("anna".into()),
                ..args()
            },
            ROW
        ));
        assert!(keeps(
            FilterArgs {
                api: Some("user".into()),
                ..args()
            },
            ROW
        ));
        assert!(
            !keeps(
                FilterArgs {
                    api: Some(".*".into()),
                    ..args()
                },
                ROW
            ),
            "not a pattern"
        );
    }

    #[test]
    fn all_must_be_met() {
        let both = |user: &str| FilterArgs {
            user: Some(user.into()),
            search: Some("53003 grüße".into()),
            ..args()
        };
        assert!(keeps(both("ANNA"), ROW));
        assert!(!keeps(both("bob"), ROW));
    }

    #[test]
    fn a_row_without_the_field_is_not_wanted_and_a_broken_one_by_its_text() {
        let user = || FilterArgs {
            user: Some("anna".into()),
            ..args()
        };
        assert!(!keeps(user(), "{}"));
        assert!(keeps(user(), "{\"User\":\"Anna"));
        assert!(!keeps(user(), "{\"User\":\"Bob"));
    }

    #[test]
    fn other_alphabets_have_case_too() {
        assert!(keeps(
            FilterArgs {
                user: Some("ÜMIT".into()),
                ..args()
            },
            r#"{"User":"ümit@x.example"}"#
        ));
        assert!(!keeps(
            FilterArgs {
                user: Some("ÜMIT".into()),
                ..args()
            },
            r#"{"User":"umit@x.example"}"#
        ));
    }
}
