//! How many rows of each severity, in the forms that a person or a script reads.

use std::io::{self, Write};

use cipp_client::{Fields, RowProblem};
use log_query::{SeverityFamily, family};

use super::{Format, table::painted};
use crate::exit::Failure;
use crate::output::Screen;

/// How many rows of each severity.
#[derive(Default)]
pub(super) struct Counts {
    by_family: [u64; SeverityFamily::ALL.len()],
}

impl Counts {
    /// Counts one row.
    pub fn add(&mut self, fields: Result<&Fields<'_>, &RowProblem>) {
        let spelling = fields
            .ok()
            .and_then(|fields| fields.severity.as_deref())
            .unwrap_or_default();
        let family = family(spelling);
        for (count, each) in self.by_family.iter_mut().zip(SeverityFamily::ALL) {
            *count += u64::from(each == family);
        }
    }

    fn each(&self) -> impl Iterator<Item = (SeverityFamily, u64)> {
        SeverityFamily::ALL.into_iter().zip(self.by_family)
    }

    fn total(&self) -> u64 {
        self.by_family.iter().sum()
    }

    /// Writes the numbers. `complete` says whether all days were read to their end.
    pub fn print<W: Write>(&self, out: &mut W, format: Format, screen: Screen, complete: bool) -> Result<(), Failure> {
        match format {
            Format::Table => self.print_table(out, screen)?,
            Format::Json | Format::Ndjson => self.print_json(out, complete)?,
            Format::Csv => self.print_csv(out)?,
        }
        Ok(())
    }

    fn print_table(&self, out: &mut impl Write, screen: Screen) -> io::Result<()> {
        for (family, count) in self.each().filter(|(_, count)| *count > 0) {
            let word = painted(&format!("{:<8}", family.word()), family, screen.colour);
            writeln!(out, "{word} {count:>10}")?;
        }
        writeln!(out, "{:<8} {:>10}", "Total", self.total())
    }

    fn print_json(&self, out: &mut impl Write, complete: bool) -> io::Result<()> {
        let by_severity: serde_json::Map<String, serde_json::Value> = self
            .each()
            .map(|(family, count)| (family.word().to_lowercase(), count.into()))
            .collect();
        let counts = serde_json::json!({ "total": self.total(), "bySeverity": by_severity, "complete": complete });
        writeln!(out, "{counts}")
    }

    fn print_csv(&self, out: &mut impl Write) -> Result<(), csv::Error> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["Severity", "Rows"])?;
        for (family, count) in self.each() {
            csv.write_record([family.word(), &count.to_string()])?;
        }
        csv.flush()?;
        Ok(())
    }
}
