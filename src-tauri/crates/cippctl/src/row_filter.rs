//! Which rows are wanted: `--tenant`, `--user`, `--api`, `--search`.
//!
//! Decided here and not by CIPP, whose own filters surprise: a user must match exactly, an API name is a regular
//! expression, and there is no text search (facts: ListLogs 1.3). The severity alone is left to CIPP.

use cipp_client::{Fields, Row, RowProblem};
use clap::Args;
use log_archive::Query;

/// Filters on the rows. All of them must be met.
#[derive(Args, Debug)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
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

/// The filters, ready to be applied.
pub struct RowFilter {
    tenant: Option<Needle>,
    user: Option<Needle>,
    api: Option<Needle>,
    search: Option<Query>,
}

impl FilterArgs {
    /// The filters, ready to be applied.
    pub fn filter(&self) -> RowFilter {
        let needle = |text: &Option<String>| text.as_deref().and_then(Needle::new);
        RowFilter {
            tenant: needle(&self.tenant),
            user: needle(&self.user),
            api: needle(&self.api),
            search: self
                .search
                .as_deref()
                .map(Query::parse)
                .filter(|query| !query.is_empty()),
        }
    }
}

impl RowFilter {
    /// Whether a row is wanted. A row that cannot be read is, when its text contains what is looked for.
    pub fn keeps(&self, row: &Row, fields: Result<&Fields<'_>, &RowProblem>) -> bool {
        let columns = match fields {
            Ok(fields) => self.keeps_columns(fields),
            Err(_) => self.needles().all(|needle| needle.is_in(row.raw())),
        };
        columns && self.search.as_ref().is_none_or(|query| query.matches(row))
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
        FilterArgs {
            tenant: None,
            user: None,
            api: None,
            search: None,
        }
    }

    fn keeps(args: FilterArgs, raw: &str) -> bool {
        let row = Row::from_raw(raw.into());
        args.filter().keeps(&row, row.fields().as_ref())
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
