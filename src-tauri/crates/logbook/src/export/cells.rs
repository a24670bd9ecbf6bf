//! What a row looks like as cells of a table: CSV and XLSX.
//!
//! Two columns of time come first, then CIPP's own fields by CIPP's names and in CIPP's order, then what a newer CIPP may
//! send beside them, and what is odd about the row. What deliberately is not here: any file format.

use std::{borrow::Cow, fmt};

use cipp_client::{Fields, Row, parse_date_time};
use jiff::{Timestamp, tz::TimeZone};
use log_index::ReadRow;
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// CIPP's field names, in CIPP's order (facts: ListLogs 1.7).
const FIELDS: [&str; 13] = [
    "DateTime",
    "Tenant",
    "API",
    "Message",
    "User",
    "Severity",
    "LogData",
    "TenantID",
    "AppId",
    "IP",
    "RowKey",
    "StandardInfo",
    "DateFilter",
];

/// How many cells a row has.
pub(super) const CELLS: usize = 2 + FIELDS.len() + 2;

/// The columns of a table of rows.
pub(super) struct Columns {
    zone: TimeZone,
    zone_name: String,
}

/// A row as cells.
pub(super) struct Cells<'a> {
    /// When CIPP last wrote the row.
    pub time: Option<Timestamp>,
    /// As many as [`Columns::header`] has, in its order.
    pub texts: [Cow<'a, str>; CELLS],
}

impl Columns {
    /// Columns with times in UTC and in this zone.
    pub fn new(zone: &TimeZone, zone_name: &str) -> Columns {
        Columns {
            zone: zone.clone(),
            zone_name: zone_name.to_owned(),
        }
    }

    /// The zone of the second column.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The name of that zone.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The names of the columns.
    pub fn header(&self) -> [Cow<'static, str>; CELLS] {
        let mut names = [const { Cow::Borrowed("") }; CELLS];
        names[0] = Cow::Borrowed("Time UTC");
        names[1] = Cow::Owned(format!("Time {}", self.zone_name));
        for (name, field) in names[2..].iter_mut().zip(FIELDS) {
            *name = Cow::Borrowed(field);
        }
        names[CELLS - 2] = Cow::Borrowed("Other fields");
        names[CELLS - 1] = Cow::Borrowed("Problem");
        names
    }

    /// The cells of a row. A row that is no JSON object has its text under `LogData`, and what is wrong under `Problem`.
    pub fn cells<'a>(&self, row: &'a Row) -> Cells<'a> {
        let mut texts = [const { Cow::Borrowed("") }; CELLS];
        let fields = match row.fields() {
            Ok(fields) => fields,
            Err(_) => {
                texts[8] = Cow::Borrowed(row.raw());
                texts[CELLS - 1] = problem(row);
                return Cells { time: None, texts };
            }
        };
        let time = fields.date_time.as_deref().and_then(parse_date_time);
        if let Some(time) = time {
            texts[0] = Cow::Owned(time.to_string());
            let there = time.to_zoned(self.zone.clone());
            texts[1] = Cow::Owned(there.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string());
        }
        texts[CELLS - 2] = other_fields(row.raw());
        if time.is_none() || !fields.oddities.is_empty() {
            texts[CELLS - 1] = problem(row);
        }
        let Fields {
            date_time,
            tenant,
            api,
            message,
            user,
            severity,
            tenant_id,
            app_id,
            ip,
            row_key,
            date_filter,
            log_data,
            standard_info,
            ..
        } = fields;
        let own = [
            date_time,
            tenant,
            api,
            message,
            user,
            severity,
            log_data.map(json_cell),
            tenant_id,
            app_id,
            ip,
            row_key,
            standard_info.map(json_cell),
            date_filter,
        ];
        for (cell, field) in texts[2..].iter_mut().zip(own) {
            *cell = field.unwrap_or_default();
        }
        Cells { time, texts }
    }
}

/// What is odd about a row, in the words that the app shows.
fn problem(row: &Row) -> Cow<'static, str> {
    Cow::Owned(ReadRow::of(row).problem.unwrap_or_default())
}

/// A value as its JSON text on one line; empty where it says nothing.
fn json_cell(value: &RawValue) -> Cow<'_, str> {
    match value.get() {
        "\"\"" | "null" | "{}" => Cow::Borrowed(""),
        json => one_line(json),
    }
}

/// Members of a row that are none of the known ones, as a JSON object; empty when there are none.
fn other_fields(raw: &str) -> Cow<'static, str> {
    match serde_json::from_str::<Other<'_>>(raw) {
        Ok(Other(members)) if !members.is_empty() => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name.as_ref()), one_line(value.get())))
                .collect();
            Cow::Owned(format!("{{{}}}", members.join(",")))
        }
        _ => Cow::Borrowed(""),
    }
}

/// The unknown members of an object, in order.
struct Other<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A member's name, borrowed where it was written without escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Other<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Other<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut other = Vec::new();
                while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
                    let value: &'de RawValue = map.next_value()?;
                    if name != "Standard" && !FIELDS.contains(&name.as_ref()) {
                        other.push((name, value));
                    }
                }
                Ok(Other(other))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Valid JSON on one line. In valid JSON line breaks stand between tokens alone, so blanks in their place change nothing.
pub fn one_line(json: &str) -> Cow<'_, str> {
    let json = json.trim();
    if json.contains(['\n', '\r']) {
        Cow::Owned(json.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(json)
    }
}

/// Data as people read it: a JSON text is itself, everything else its JSON on one line.
pub fn data_text(json: &str) -> Cow<'_, str> {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(json)
    {
        return Cow::Owned(text);
    }
    one_line(json)
}

/// Whether a spreadsheet would take this text for a formula. The wide forms are what East Asian keyboards type; Excel
/// takes them for the usual ones.
pub(super) fn looks_like_a_formula(cell: &str) -> bool {
    cell.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

/// A cell that no spreadsheet takes for a formula: an apostrophe goes in front of one that would be.
pub fn inert(cell: &str) -> Cow<'_, str> {
    if looks_like_a_formula(cell) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}
