//! What an export says about itself: which rows it has, of which days, and what is missing.

use super::Rows;

/// What goes into the file, or beside it.
pub(super) struct Note {
    /// Rows written.
    pub rows: u32,
    days: String,
    filter: String,
    zone: String,
    coverage: String,
    remarks: Vec<String>,
}

impl Note {
    /// What is known before the first row.
    pub fn new(rows: &Rows<'_>, zone: &str) -> Note {
        let days = if rows.from == rows.to {
            rows.from.iso()
        } else {
            format!("{} to {}", rows.from.iso(), rows.to.iso())
        };
        Note {
            rows: 0,
            days,
            filter: rows.filter.trim().to_owned(),
            zone: zone.to_owned(),
            coverage: rows.coverage.clone(),
            remarks: Vec::new(),
        }
    }

    /// Adds a sentence on what the form could not hold as it was.
    pub fn remark(&mut self, sentence: impl Into<String>) {
        self.remarks.push(sentence.into());
    }

    /// The coverage and the remarks in one go.
    pub fn sentence(&self) -> String {
        std::iter::once(&self.coverage)
            .chain(&self.remarks)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Names and values, for people.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let filter = if self.filter.is_empty() {
            "none: every row of these days".to_owned()
        } else {
            self.filter.clone()
        };
        vec![
            ("Rows", self.rows.to_string()),
            ("Days of the log", self.days.clone()),
            ("Filter", filter),
            ("Second time zone", self.zone.clone()),
            ("Coverage", self.sentence()),
        ]
    }

    /// The text of the file beside an export, safe to print.
    pub fn text(&self) -> String {
        self.lines()
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.replace(char::is_control, " ")))
            .collect()
    }
}
