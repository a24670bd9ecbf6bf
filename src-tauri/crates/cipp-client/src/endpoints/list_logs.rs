//! `ListLogs`: the logbook, one day or a range of days, or one entry.
//!
//! CIPP ignores every filter without `Filter=true`, takes an empty parameter for a value, matches days only in the form
//! `yyyyMMdd`, and reads a range only when both ends are given (facts: ListLogs 1.3, 1.4). All of that is settled here,
//! so that no caller can fall into it.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Endpoint;
use crate::{Client, ClientError, Day, Row, Rows};

/// Part of every built-in role.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "ListLogs",
    permission: "CIPP.Core.Read",
    public: false,
    reason: "reading the log",
};

/// What is asked for when no severity is named. CIPP compares without regard to case, so one spelling of each word is
/// enough; its own default leaves `Information` out, and the website's "Warning" finds only `Warn` (facts: ListLogs
/// 1.12). `Debug` must be named: only servers in debug mode write it, and then by the thousand.
const SEVERITIES: &str = "Info,Information,Warn,Warning,Error,Critical,Alert";

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLogs {
    /// The first day.
    pub from: Day,
    /// The last day, included.
    pub to: Day,
    /// Severities in CIPP's spelling, of any case; empty for all but `Debug`.
    pub severities: Vec<String>,
    /// The whole stored user name, ignoring case; `*`, `?` and `[a-c]` are wildcards.
    pub user: Option<String>,
    /// Part of the tenant's text, or its whole ID; ignoring case, with the same wildcards.
    pub tenant: Option<String>,
    /// A .NET regular expression, found anywhere in the API's name, ignoring case.
    pub api_regex: Option<String>,
    /// A value never used before makes this call unlike any other, so that an instance with a cache answers from its
    /// log (facts: ListLogs 1.9). CIPP itself takes no notice of it. The polite way: nothing else in the cache is lost.
    pub fresh: Option<String>,
}

impl ListLogs {
    /// All rows of one day.
    pub fn day(day: Day) -> ListLogs {
        ListLogs::range(day, day)
    }

    /// All rows of a range of days, both ends included.
    pub fn range(from: Day, to: Day) -> ListLogs {
        ListLogs {
            from,
            to,
            severities: Vec::new(),
            user: None,
            tenant: None,
            api_regex: None,
            fresh: None,
        }
    }

    /// The query; never with an empty value.
    fn query(&self) -> Vec<(&'static str, String)> {
        let named: Vec<&str> = self
            .severities
            .iter()
            .map(|severity| severity.trim())
            .filter(|severity| !severity.is_empty())
            .collect();
        let severities = if named.is_empty() {
            SEVERITIES.to_owned()
        } else {
            named.join(",")
        };
        let mut query = vec![
            ("Filter", "true".to_owned()),
            ("StartDate", self.from.to_string()),
            ("EndDate", self.to.to_string()),
            ("Severity", severities),
        ];
        let optional = [
            ("User", &self.user),
            ("Tenant", &self.tenant),
            ("API", &self.api_regex),
            ("Fresh", &self.fresh),
        ];
        for (name, value) in optional {
            if let Some(value) = value.as_deref().filter(|value| !value.trim().is_empty()) {
                query.push((name, value.to_owned()));
            }
        }
        query
    }
}

impl Client {
    /// Opens the rows, newest first. The first can be read long before the last has been sent.
    ///
    /// # Errors
    /// Everything that happens before the first row, see [`ClientError`].
    pub async fn list_logs(&self, request: &ListLogs, cancel: &CancellationToken) -> Result<Rows, ClientError> {
        self.rows(&ENDPOINT, &request.query(), cancel).await
    }

    /// One entry by its `RowKey` and its day key (`DateFilter`); `None` when it is gone or outside the client's scope.
    /// CIPP answers with `Standard` where lists have `StandardInfo`.
    ///
    /// # Errors
    /// [`ClientError::Local`] when the key is not a GUID, which CIPP would answer with an error of its own; else see
    /// [`ClientError`].
    pub async fn log_entry(
        &self,
        row_key: &str,
        day: Day,
        cancel: &CancellationToken,
    ) -> Result<Option<Row>, ClientError> {
        let mut rows = self.rows(&ENDPOINT, &entry_query(row_key, day)?, cancel).await?;
        rows.next().await.transpose()
    }
}

/// Without the day CIPP looks at today alone (facts: ListLogs 1.6). Stored keys are lower case and compared exactly.
fn entry_query(row_key: &str, day: Day) -> Result<[(&'static str, String); 2], ClientError> {
    let Ok(id) = Uuid::try_parse(row_key.trim()) else {
        return Err(ClientError::Local {
            detail: "This entry cannot be looked up: its key is not a GUID.".into(),
        });
    };
    Ok([
        ("logentryid", id.hyphenated().to_string()),
        ("DateFilter", day.to_string()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_asked_for_with_filter_both_dates_and_every_severity() {
        let query = ListLogs::day("2026-08-08".parse().unwrap()).query();
        assert_eq!(
            query,
            [
                ("Filter", "true"),
                ("StartDate", "20260808"),
                ("EndDate", "20260808"),
                ("Severity", "Info,Information,Warn,Warning,Error,Critical,Alert")
            ]
            .map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn filters_are_sent_as_they_are_and_never_empty() {
        let request = ListLogs {
            severities: vec![" Error ".into(), "".into(), "Debug".into()],
            user: Some("anna@*".into()),
            tenant: Some(" ".into()),
            api_regex: Some(String::new()),
            fresh: Some("1".into()),
            ..ListLogs::range("20260801".parse().unwrap(), "20260808".parse().unwrap())
        };
        let query = request.query();
        assert_eq!(query.len(), 6);
        assert_eq!(query.last(), Some(&("Fresh", "1".to_owned())));
        assert!(query.contains(&("Severity", "Error,Debug".into())) && query.contains(&("User", "anna@*".into())));
        assert!(query.iter().all(|(_, value)| !value.is_empty()));
    }

    #[test]
    fn an_entry_needs_a_guid_and_its_day() {
        let day = "20260808".parse().unwrap();
        let query = entry_query("7D3C1B9E-5A41-4A7F-9A53-0D8A1C2B3E4F", day).unwrap();
        assert_eq!(
            query,
            [
                ("logentryid", "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f".to_owned()),
                ("DateFilter", "20260808".to_owned())
            ]
        );
        assert!(matches!(entry_query("x", day), Err(ClientError::Local { .. })));
    }
}
