//! Rows as old, new and broken servers might print them: members missing, added, renamed or of an unexpected type
//! (facts: cipp 1.7, 1.8, 8). They must not cost a reader the row.

use serde_json::{Map, Value, json};

/// How many twists there are; `turn` goes round.
#[cfg(test)]
pub(super) const TWISTS: u32 = 19;

/// Rewrites the row that starts at `from` in the `turn`-th way. A row that is not valid JSON stays as it is.
pub(super) fn twist(turn: u32, from: usize, out: &mut Vec<u8>) {
    let Ok(Value::Object(mut row)) = serde_json::from_slice(&out[from..]) else {
        return;
    };
    apply(turn, &mut row);
    out.truncate(from);
    out.extend_from_slice(Value::Object(row).to_string().as_bytes());
}

fn apply(turn: u32, row: &mut Map<String, Value>) {
    match turn % 19 {
        0 => drop_all(row, &["DateTime"]),
        1 => set(
            row,
            "DateTime",
            json!({ "DateTime": "2026-08-08T00:35:13", "Ticks": 639_217_245_131_234_567_u64, "Offset": { "Ticks": 0 } }),
        ),
        2 => set(row, "Message", Value::Null),
        3 => set(row, "Severity", json!(3)),
        4 => row.retain(|key, _| key == "Message"),
        5 => {
            set(row, "sentAsAlert", json!(true));
            set(row, "FunctionNode", json!({ "Node": [1, 2, { "deep": null }] }));
        }
        6 => set(
            row,
            "Tenant",
            json!({ "value": "dunmore.example", "label": "Dunmore Accounting" }),
        ),
        7 => set(row, "User", json!(["CIPP", "anna.keller@harbourlight.example"])),
        8 => {
            set(row, "TenantID", json!(0));
            set(row, "IP", json!(3_221_226_009_u64));
        }
        9 => set(row, "DateTime", json!(1_786_148_113)),
        10 => drop_all(row, &["RowKey", "StandardInfo", "Standard"]),
        11 => number(row, "DateFilter"),
        12 => {
            set(row, "API", json!(false));
            set(row, "LogData", json!(true));
        }
        13 => set(row, "StandardInfo", Value::Null),
        14 => drop_all(row, &["AppId", "IP", "StandardInfo", "TenantID", "LogData", "User"]),
        15 => part_row(row),
        16 => set(row, "DateTime", json!("2026-08-08T00:35:13Z")),
        17 => row.values_mut().for_each(|value| *value = Value::Null),
        _ => row.clear(),
    }
}

fn set(row: &mut Map<String, Value>, key: &str, value: Value) {
    row.insert(key.to_owned(), value);
}

fn drop_all(row: &mut Map<String, Value>, keys: &[&str]) {
    row.retain(|key, _| !keys.contains(&key.as_str()));
}

fn number(row: &mut Map<String, Value>, key: &str) {
    let digits = row
        .get(key)
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<u64>().ok());
    set(row, key, json!(digits));
}

/// The second part of a row that was too long for the table shows up as a row of its own.
fn part_row(row: &mut Map<String, Value>) {
    let key = row.get("RowKey").and_then(Value::as_str).unwrap_or_default();
    let key = format!("{key}-part1");
    for (name, value) in row.iter_mut() {
        if name != "DateTime" && name != "DateFilter" && name != "Severity" {
            *value = Value::Null;
        }
    }
    set(row, "RowKey", key.into());
}
