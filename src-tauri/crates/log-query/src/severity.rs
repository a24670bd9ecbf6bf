//! Severities: the many spellings CIPP's call sites use, gathered into a few families.
//!
//! The spelling itself is never thrown away: a row shows what CIPP wrote, the family only groups and colours it.
//! Which spellings a request asks for by default is the client's business.

use serde::{Deserialize, Serialize};
use specta::Type;

/// What a row's severity means, whatever way it was spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum SeverityFamily {
    /// `Critical`, `CRITICAL`.
    Critical,
    /// `Error`, `error`, `ERROR`.
    Error,
    /// `Warning`, `warning`, `Warn`: CIPP's call sites use both words, the first 84 times as often.
    Warning,
    /// `Alert`.
    Alert,
    /// `Info`, `info`, `INFO`, `Information`.
    Info,
    /// `Debug`, `debug`.
    Debug,
    /// Empty, missing, or a word CIPP is not known to use.
    Unknown,
}

impl SeverityFamily {
    /// Every family, the most urgent first.
    pub const ALL: [SeverityFamily; 7] = [
        SeverityFamily::Critical,
        SeverityFamily::Error,
        SeverityFamily::Warning,
        SeverityFamily::Alert,
        SeverityFamily::Info,
        SeverityFamily::Debug,
        SeverityFamily::Unknown,
    ];

    /// The spellings to send to CIPP for this family. CIPP compares them without regard to case, so each is named once.
    /// Empty for [`SeverityFamily::Unknown`]: a row without a severity is returned by no severity filter.
    pub fn spellings(self) -> &'static [&'static str] {
        match self {
            SeverityFamily::Critical => &["Critical"],
            SeverityFamily::Error => &["Error"],
            SeverityFamily::Warning => &["Warning", "Warn"],
            SeverityFamily::Alert => &["Alert"],
            SeverityFamily::Info => &["Info", "Information"],
            SeverityFamily::Debug => &["Debug"],
            SeverityFamily::Unknown => &[],
        }
    }

    /// The word a person reads for this family.
    pub fn word(self) -> &'static str {
        match self {
            SeverityFamily::Critical => "Critical",
            SeverityFamily::Error => "Error",
            SeverityFamily::Warning => "Warning",
            SeverityFamily::Alert => "Alert",
            SeverityFamily::Info => "Info",
            SeverityFamily::Debug => "Debug",
            SeverityFamily::Unknown => "Unknown",
        }
    }
}

/// The family of a severity as CIPP wrote it. Case and surrounding blanks do not matter.
pub fn family(spelling: &str) -> SeverityFamily {
    let spelling = spelling.trim();
    SeverityFamily::ALL
        .into_iter()
        .find(|family| {
            family
                .spellings()
                .iter()
                .any(|known| known.eq_ignore_ascii_case(spelling))
        })
        .unwrap_or(SeverityFamily::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every spelling counted in CIPP's own source.
    #[test]
    fn every_spelling_cipp_uses_has_its_family() {
        let cases = [
            ("Error", SeverityFamily::Error),
            ("error", SeverityFamily::Error),
            ("ERROR", SeverityFamily::Error),
            ("Info", SeverityFamily::Info),
            ("info", SeverityFamily::Info),
            ("INFO", SeverityFamily::Info),
            ("Information", SeverityFamily::Info),
            ("Debug", SeverityFamily::Debug),
            ("debug", SeverityFamily::Debug),
            ("Warning", SeverityFamily::Warning),
            ("warning", SeverityFamily::Warning),
            ("Warn", SeverityFamily::Warning),
            ("Alert", SeverityFamily::Alert),
            ("CRITICAL", SeverityFamily::Critical),
            ("Critical", SeverityFamily::Critical),
            (" Warn ", SeverityFamily::Warning),
        ];
        for (spelling, expected) in cases {
            assert_eq!(family(spelling), expected, "{spelling:?}");
        }
    }

    #[test]
    fn an_empty_or_strange_severity_is_unknown_not_an_error() {
        assert_eq!(family(""), SeverityFamily::Unknown);
        assert_eq!(family("  "), SeverityFamily::Unknown);
        assert_eq!(family("Catastrophe"), SeverityFamily::Unknown);
    }

    #[test]
    fn what_a_family_sends_is_read_back_as_that_family() {
        for each in SeverityFamily::ALL {
            for spelling in each.spellings() {
                assert_eq!(family(spelling), each);
            }
        }
    }
}
