//! The text filter: what a technician types, understood, and which rows it leaves.
//!
//! Several words must all match; `"a phrase"` counts as one word. A word matches where it stands in the message, tenant,
//! user, API, address, severity or client of a row, or anywhere in its data; upper and lower case are the same in every
//! alphabet. Ranges, fields and operators are deliberately not part of it.

use std::fmt::Write;

use cipp_client::Row;
use regex::Regex;

use crate::{
    loaded_log::Block,
    severity::{SeverityFamily, family},
};

/// Longer words are cut: nobody means more, and a pasted file must not make the filter slow.
const LONGEST_WORD_CHARS: usize = 500;
/// A word of hex digits and dashes at least this long is taken for (a part of) an id and searched in the whole row.
const SHORTEST_ID_CHARS: usize = 8;

/// A text filter, ready to be applied.
#[derive(Debug, Default)]
pub struct Query {
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    /// For texts as people read them.
    plain: Regex,
    /// For JSON text, where a character may be written as an escape.
    json: Regex,
    /// Ids stand outside the columns too: the row key, the ids within standards.
    is_id: bool,
}

impl Query {
    /// Understands what was typed. An unclosed quotation mark runs to the end.
    pub fn parse(text: &str) -> Query {
        Query {
            words: split_words(text).iter().filter_map(|word| Word::new(word)).collect(),
        }
    }

    /// Whether every row matches.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether one row matches, for whoever reads rows as they pass instead of loading them.
    pub fn matches(&self, row: &Row) -> bool {
        let Ok(fields) = row.fields() else {
            return self.words.iter().all(|word| word.json.is_match(row.raw()));
        };
        let tenant_id = fields
            .tenant_id
            .as_deref()
            .filter(|id| !id.eq_ignore_ascii_case("none"));
        let texts = [
            fields.message.as_deref(),
            fields.tenant.as_deref(),
            fields.user.as_deref(),
            fields.api.as_deref(),
            fields.severity.as_deref(),
            fields.ip.as_deref(),
            fields.app_id.as_deref(),
            tenant_id,
            Some(family(fields.severity.as_deref().unwrap_or_default()).word()),
        ];
        self.words.iter().all(|word| {
            texts.iter().flatten().any(|text| word.plain.is_match(text))
                || fields.log_data.is_some_and(|data| word.json.is_match(data.get()))
                || (word.is_id && word.json.is_match(row.raw()))
        })
    }
}

impl Word {
    fn new(word: &str) -> Option<Word> {
        let word: String = word.chars().take(LONGEST_WORD_CHARS).collect();
        let is_id = word.len() >= SHORTEST_ID_CHARS && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        Some(Word {
            plain: Regex::new(&format!("(?i){}", regex::escape(&word))).ok()?,
            json: Regex::new(&json_pattern(&word)).ok()?,
            is_id,
        })
    }
}

/// Splits at white space; quotation marks hold a phrase together.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in text.split(['"', '\u{201c}', '\u{201d}']).enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words.retain(|word| !word.trim().is_empty());
    words
}

/// A pattern that finds the word in JSON text, whichever of its characters were written as escapes.
fn json_pattern(word: &str) -> String {
    let mut pattern = String::from("(?i)");
    for c in word.chars() {
        let plain = regex::escape(c.encode_utf8(&mut [0; 4]));
        let escapes = json_escapes(c);
        if escapes.is_empty() {
            pattern.push_str(&plain);
        } else {
            let _ = write!(pattern, "(?:{plain}|{})", escapes.join("|"));
        }
    }
    pattern
}

/// The escapes that JSON writers in CIPP's path (PowerShell, .NET, Node) use for a character, as patterns.
fn json_escapes(c: char) -> Vec<String> {
    let short = match c {
        '"' => Some(r#"\\""#),
        '\\' => Some(r"\\\\"),
        '/' => Some(r"\\/"),
        '\t' => Some(r"\\t"),
        '\n' => Some(r"\\n"),
        '\r' => Some(r"\\r"),
        _ => None,
    };
    let mut escapes: Vec<String> = short.into_iter().map(str::to_owned).collect();
    if !c.is_ascii() || c.is_ascii_control() || "\"\\/<>&'+`".contains(c) {
        let lower = c.to_lowercase();
        let upper = c.to_uppercase();
        let mut variants = vec![
            unicode_escape(c.to_string()),
            unicode_escape(lower.collect()),
            unicode_escape(upper.collect()),
        ];
        variants.dedup();
        escapes.append(&mut variants);
    }
    escapes
}

fn unicode_escape(text: String) -> String {
    text.encode_utf16().fold(String::new(), |mut escape, unit| {
        let _ = write!(escape, r"\\u{unit:04x}");
        escape
    })
}

/// Which of a block's 256 rows match: one bit a row.
pub(crate) type Hits = [u64; 4];

pub(crate) fn is_hit(hits: &Hits, row: usize) -> bool {
    hits[row / 64] >> (row % 64) & 1 == 1
}

/// Applies a query to a block. Each text of the block is looked at once, however many rows share it; the raw text is
/// unpacked only where a row's data has to decide.
pub(crate) fn apply(query: &Query, block: &Block) -> Hits {
    let mut hits = [u64::MAX; 4];
    let mut unpacked: Option<String> = None;
    for word in &query.words {
        let texts: Vec<bool> = (0..block.text_count())
            .map(|code| word.plain.is_match(block.text(code)))
            .collect();
        let families = SeverityFamily::ALL.map(|family| word.plain.is_match(family.word()));
        for (row, columns) in block.rows().iter().enumerate() {
            if !is_hit(&hits, row) {
                continue;
            }
            let shown = columns.searched_texts().iter().any(|code| texts[usize::from(*code)])
                || SeverityFamily::ALL
                    .iter()
                    .zip(families)
                    .any(|(family, hit)| hit && *family == columns.family);
            if shown {
                continue;
            }
            let span = if word.is_id {
                block.raw_span(row)
            } else {
                columns.log_data()
            };
            let in_data = (word.is_id || columns.has_log_data())
                && unpacked
                    .get_or_insert_with(|| block.unpack())
                    .get(span)
                    .is_some_and(|text| word.json.is_match(text));
            if !in_data {
                hits[row / 64] &= !(1 << (row % 64));
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(message: &str, data: &str) -> Row {
        let message = serde_json::to_string(message).unwrap();
        Row::from_raw(
            format!(r#"{{"DateTime":"2026-08-08T00:00:00Z","Tenant":"contoso.example","API":"AddUser","Message":{message},"User":"Anna.Müller@msp.example","Severity":"Warn","LogData":{data},"TenantID":"None","AppId":null,"IP":"192.0.2.7","RowKey":"0b9f7c3e-1111-2222-3333-444455556666","StandardInfo":{{}},"DateFilter":"20260808"}}"#)
                .into(),
        )
    }

    /// Through a block as through a single row: both must agree.
    fn found(query: &str, row: &Row) -> bool {
        let query = Query::parse(query);
        let mut batch = crate::Batch::new("20260808".parse().unwrap(), 1);
        batch.push(row);
        let in_block = is_hit(&apply(&query, &batch.seal().block), 0);
        assert_eq!(in_block, query.matches(row), "block and single row disagree");
        in_block
    }

    #[test]
    fn every_column_a_person_sees_is_searched() {
        let row = row("Failed to create the group", r#""""#);
        for query in [
            "failed",
            "CONTOSO",
            "adduser",
            "müller",
            "MÜLLER",
            "192.0.2",
            "warn",
            "warning",
            "0b9f7c3e-1111",
        ] {
            assert!(found(query, &row), "{query}");
        }
        for query in ["success", "none", "RowKey", "StandardInfo", "critical"] {
            assert!(!found(query, &row), "{query}: not a value of this row");
        }
    }

    #[test]
    fn several_words_must_all_match_and_a_phrase_is_one() {
        let row = row("Failed to create the group", r#"{"Message":"no licence"}"#);
        assert!(found("group failed", &row));
        assert!(found("group licence", &row), "one in the message, one in the data");
        assert!(!found("group success", &row));
        assert!(found("\"create the\"", &row));
        assert!(!found("\"the create\"", &row));
        assert!(
            found("\"create the", &row),
            "an unclosed quotation mark runs to the end"
        );
        assert!(found("  \"\" ", &row), "nothing typed leaves everything");
    }

    #[test]
    fn data_is_found_whatever_way_its_characters_are_written() {
        let row = row(
            "x",
            r#"{"a":"Gr\u00FC\u00dfe aus K\u00d6ln","path":"C:\\Temp","q":"say \"no\"","u":"a\/b \u0027c\u0027","n":"Ünter"}"#,
        );
        for query in ["grüße", "köln", "KÖLN", r"c:\temp", "a/b", "'c'", "ünter", "ÜNTER"] {
            assert!(found(query, &row), "{query}");
        }
        assert!(!found("gruesse", &row));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_searched_as_text() {
        assert!(found("BROKEN", &Row::from_raw("[\"broken row\"]".into())));
    }

    #[test]
    fn signs_of_patterns_are_plain_characters() {
        let row = row("cost (EUR) is 5.0 * 3 [net]", r#""""#);
        assert!(found("(eur)", &row) && found("*", &row) && found("[net]", &row));
        assert!(!found("5x0", &row));
        assert!(!found(".*", &row));
    }
}
