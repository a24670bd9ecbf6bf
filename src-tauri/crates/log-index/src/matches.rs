//! A filter over rows as they pass, without an index: for whoever streams rows and keeps none.
//!
//! It says the same about a row as the search in the index does; a test holds the two together. What deliberately is not
//! here: how one pattern is found (`matcher.rs`) and what is inside a row's data (`data_path.rs`).

use cipp_client::Day;
use jiff::civil::Date;
use log_query::{Has, Pattern, Query, SeverityFamily, Test, TextField, family};

use crate::{
    columns::NO_TIME,
    data_path::DataPath,
    entry::ReadRow,
    matcher::Matcher,
    pace::{Pace, Stopped},
};

/// A filter, made ready once for any number of rows.
#[derive(Debug)]
pub struct RowMatcher {
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    negated: bool,
    test: Ready,
}

#[derive(Debug)]
enum Ready {
    Anywhere(Matcher),
    Text(TextField, Vec<Matcher>),
    Data(Vec<Matcher>),
    DataPath(Box<DataPath>, Vec<Matcher>),
    Severity(Vec<SeverityFamily>),
    Time(Option<i64>, Option<i64>),
    Day(Option<Date>, Option<Date>),
    Has(Has),
}

impl RowMatcher {
    /// Makes the filter ready. What costs least to ask is asked first.
    pub fn new(query: &Query) -> RowMatcher {
        let mut terms: Vec<Term> = query
            .terms
            .iter()
            .map(|term| Term {
                negated: term.negated,
                test: Ready::new(&term.test),
            })
            .collect();
        terms.sort_by_key(|term| term.test.cost());
        RowMatcher { terms }
    }

    /// Whether every term holds for this row of this day.
    pub fn matches(&self, day: Day, row: &ReadRow<'_>) -> bool {
        let never = || false;
        let mut pace = Pace::new(&never);
        // Nobody stops it: one row is short.
        self.terms
            .iter()
            .all(|term| term.test.holds(day, row, &mut pace).unwrap_or(false) != term.negated)
    }
}

impl Ready {
    fn new(test: &Test) -> Ready {
        let matchers = |patterns: &[Pattern]| patterns.iter().map(Matcher::new).collect();
        match test {
            Test::Anywhere(pattern) => Ready::Anywhere(Matcher::new(pattern)),
            Test::Text(field, patterns) => Ready::Text(*field, matchers(patterns)),
            Test::Data(path, patterns) if path.is_empty() => Ready::Data(matchers(patterns)),
            Test::Data(path, patterns) => Ready::DataPath(Box::new(DataPath::new(path)), matchers(patterns)),
            Test::Severity(families) => Ready::Severity(families.clone()),
            Test::Time { from, before } => Ready::Time(*from, *before),
            Test::Day { from, to } => Ready::Day(*from, *to),
            Test::Has(what) => Ready::Has(*what),
        }
    }

    fn cost(&self) -> u8 {
        match self {
            Ready::Severity(_) | Ready::Time(..) | Ready::Day(..) | Ready::Has(_) => 0,
            Ready::Text(TextField::Message, _) => 2,
            Ready::Text(..) => 1,
            Ready::Anywhere(_) | Ready::Data(_) => 3,
            Ready::DataPath(..) => 4,
        }
    }

    fn holds(&self, day: Day, row: &ReadRow<'_>, pace: &mut Pace<'_>) -> Result<bool, Stopped> {
        match self {
            Ready::Anywhere(matcher) => {
                let texts = [&row.tenant, &row.user, &row.api, &row.ip, &row.message];
                for text in texts {
                    if matcher.fits(text, pace)? {
                        return Ok(true);
                    }
                }
                Ok(!row.log_data.is_empty() && matcher.fits(row.log_data, pace)?)
            }
            Ready::Text(field, matchers) => one_fits(matchers, text(row, *field), pace),
            Ready::Data(matchers) => one_fits(matchers, row.log_data, pace),
            Ready::DataPath(path, matchers) => {
                Ok(!row.log_data.is_empty()
                    && path.fits(row.log_data.to_ascii_lowercase().as_bytes(), matchers, pace)?)
            }
            Ready::Severity(families) => Ok(families.contains(&family(&row.severity))),
            Ready::Time(from, before) => Ok(row.time != NO_TIME
                && from.is_none_or(|from| from <= row.time)
                && before.is_none_or(|before| row.time < before)),
            Ready::Day(from, to) => {
                Ok(from.is_none_or(|from| from <= day.date()) && to.is_none_or(|to| day.date() <= to))
            }
            Ready::Has(Has::Data) => Ok(!row.log_data.is_empty()),
            Ready::Has(Has::Problem) => Ok(row.problem.is_some()),
            Ready::Has(Has::User) => Ok(!["", "CIPP"]
                .iter()
                .any(|none| row.user.trim().eq_ignore_ascii_case(none))),
            Ready::Has(Has::Ip) => Ok(!row.ip.trim().is_empty()),
            Ready::Has(Has::Template) => Ok(!row.template.trim().is_empty()),
        }
    }
}

fn one_fits(matchers: &[Matcher], text: &str, pace: &mut Pace<'_>) -> Result<bool, Stopped> {
    for matcher in matchers {
        if matcher.fits(text, pace)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn text<'a>(row: &'a ReadRow<'_>, field: TextField) -> &'a str {
    match field {
        TextField::Message => &row.message,
        TextField::Tenant => &row.tenant,
        TextField::TenantId => &row.tenant_id,
        TextField::User => &row.user,
        TextField::Api => &row.api,
        TextField::Ip => &row.ip,
        TextField::App => &row.app_id,
        TextField::Template => &row.template,
        TextField::RowKey => &row.row_key,
        TextField::SeverityText => &row.severity,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

    use cipp_client::Row;
    use jiff::{Timestamp, tz::TimeZone};
    use log_query::{Context, parse};

    use super::*;
    use crate::{DayColumnsBuilder, Dictionaries, Index, Segment};

    const ROWS: [&str; 14] = [
        r#"{"DateTime":"2026-08-08T10:35:13.1234567+00:00","Tenant":"contoso.example","API":"AddUser","Message":"Failed to add anna","User":"anna@msp.example","Severity":"Error","LogData":{"Exchange":{"Code":403},"Items":[{"Id":"a"},{"Id":"B"}]},"TenantID":"None","AppId":"0b9f7c3e-1111-2222-3333-444455556666","IP":"203.0.113.7","RowKey":"7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f","StandardInfo":{"Template":"Baseline"},"DateFilter":"20260808"}"#,
        r#"{"DateTime":"2026-08-08T09:00:00Z","Tenant":"Northwind.example","API":"Standards","Message":"Geändert: Straße","User":"CIPP","Severity":"Warn","LogData":"","RowKey":"k2"}"#,
        r#"{"DateTime":"2026-08-08T08:00:00Z","Tenant":"None ","API":"Standards","Message":"grüße \u212a","User":" cipp ","Severity":"info","LogData":"text with contoso","RowKey":"K3"}"#,
        r#"{"DateTime":"2026-08-08T08:00:00Z","Tenant":"","User":"","Severity":"","LogData":{}}"#,
        r#"{"DateTime":"soon","Message":["odd"],"Severity":7,"LogData":[1,"AADSTS50076"]}"#,
        r#"{"DateTime":"2026-08-08T07:00:00Z","Message":"\ud800","LogData":{"RawError":"{\"code\":\"Forbidden\"}"},"Severity":"CRITICAL"}"#,
        "{}",
        "[\"contoso\", 1]",
        "null",
        "{broken contoso",
        r#"{"Message":"a\nb","IP":" ","Severity":"Alert","LogData":null}"#,
        r#"{"Message":"","Severity":"Debug","LogData":0}"#,
        r#"{"Message":"x","Severity":"Information","LogData":false,"StandardInfo":{"Template":null}}"#,
        r#"{"Message":"\u017fchool","Severity":"Catastrophe","User":"jo*hn"}"#,
    ];

    const QUERIES: [&str; 44] = [
        "",
        "contoso",
        "-contoso",
        "\"failed to\"",
        "strasse",
        "STRASSE",
        "straße",
        "k",
        "school",
        "/AADSTS\\d+/",
        "/^a$/",
        "tenant:none",
        "tenant:=\"None\"",
        "tenant:=\"\"",
        "-tenant:=\"\"",
        "user:cipp",
        "user:=\"cipp\"",
        "user:=\"jo*hn\"",
        "user:jo*",
        "user:*@msp.example",
        "api:/^standards$/",
        "api:adduser,standards",
        "sev:error,critical",
        "sev>=warning",
        "sev:unknown",
        "-sev:unknown",
        "sev:=\"Warn\"",
        "time:2026-08-08T08:00..2026-08-08T09:00",
        "-time:2026-08-08T08:00..",
        "day:2026-08-08",
        "day:2026-08-09..",
        "has:data",
        "-has:data",
        "has:problem",
        "has:user",
        "has:ip",
        "has:template",
        "data:contoso",
        "data.exchange.code:403",
        "data.items.id:=\"b\"",
        "data.rawerror.code:forbidden",
        "message:a",
        "key:k2 -app:0b9f",
        "tenantid:none message:/./ ip:203",
    ];

    /// The one thing that matters here: streamed or indexed, a filter finds the same rows.
    #[test]
    fn a_row_matches_alone_as_it_does_in_the_index() {
        let day: Day = "20260808".parse().unwrap();
        let rows: Vec<Row> = ROWS.iter().map(|raw| Row::from_raw((*raw).into())).collect();
        let mut columns = DayColumnsBuilder::new();
        rows.iter().for_each(|row| columns.push(&ReadRow::of(row)));
        let segment = Segment::new(day, columns.finish(), None, &Dictionaries::new());
        let index = Index::new().with_day(day, vec![Arc::new(segment)]);
        let context = Context {
            zone: TimeZone::UTC,
            now: Timestamp::UNIX_EPOCH,
        };
        for text in QUERIES {
            let (query, read) = parse(text, &context);
            assert!(read.mistakes.is_empty(), "{text}: {:?}", read.mistakes);
            let hits = index.search(&query, None, &|| false).unwrap();
            let mut indexed = BTreeSet::new();
            index.for_each_match(&hits, &mut |segment, row| {
                indexed.insert(segment.source_row(row) as usize);
                ControlFlow::Continue(())
            });
            let matcher = RowMatcher::new(&query);
            let streamed: BTreeSet<usize> = rows
                .iter()
                .enumerate()
                .filter(|(_, row)| matcher.matches(day, &ReadRow::of(row)))
                .map(|(at, _)| at)
                .collect();
            assert_eq!(streamed, indexed, "{text}");
        }
    }
}
