//! Any bytes, cut anywhere: the same rows, the rows a JSON parser sees, never a panic and no more memory than a row.

use std::collections::BTreeSet;
use std::mem::discriminant;

use cipp_desk_fuzz::{Fuzz, number_of};
use serde_json::value::RawValue;

use super::{SplitError, Splitter};
use crate::row::Row;

/// Small, so that rows become too long here.
const LONGEST_ROW: usize = 600;

fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Row>, Result<(), SplitError>) {
    let (mut splitter, mut rows) = (Splitter::with_longest_row(LONGEST_ROW), Vec::new());
    for chunk in chunks {
        if let Err(error) = splitter.push(chunk, &mut rows) {
            return (rows, Err(error));
        }
        // What is no list is kept up to another bound.
        let most = 2 * LONGEST_ROW.max(super::LONGEST_OTHER_BYTES);
        assert!(
            splitter.held_bytes() <= most,
            "{} bytes are held",
            splitter.held_bytes()
        );
    }
    let end = splitter.finish();
    (rows, end)
}

fn check(bytes: &[u8]) -> u64 {
    let (rows, end) = split([bytes]);
    let size = usize::from(bytes.first().copied().unwrap_or_default() % 13) + 1;
    assert_eq!(
        split(bytes.chunks(size)),
        (rows.clone(), end.clone()),
        "in chunks of {size}"
    );

    let plain = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if let Ok(list) = serde_json::from_slice::<Vec<&RawValue>>(plain)
        && list.iter().all(|row| row.get().len() <= LONGEST_ROW)
    {
        assert_eq!(end, Ok(()));
        let read: Vec<&str> = rows.iter().map(Row::raw).collect();
        let expected: Vec<&str> = list.iter().map(|row| row.get()).collect();
        assert_eq!(read, expected);
    }

    let fields: BTreeSet<u64> = rows
        .iter()
        .map(|row| match row.fields() {
            Ok(fields) => number_of(&(fields.oddities, fields.message.is_some(), fields.log_data.is_some())),
            Err(problem) => number_of(problem.detail.split('(').next().unwrap_or_default()),
        })
        .collect();
    let end = end.err().map(|error| discriminant(&error));
    number_of(&(end, rows.len().min(4), fields.iter().next(), fields.len().min(3)))
}

#[test]
fn fuzz_rows() {
    Fuzz::new("rows")
        .words(&[
            "[",
            "]",
            "{",
            "}",
            "\"",
            "\\",
            "\\\"",
            "\\u0000",
            "\\ud800",
            ",",
            ":",
            " ",
            "\r\n",
            "\u{feff}",
            "null",
            "1e9",
            "\"Message\":",
            "\"LogData\":",
            "\"DateTime\":",
            "{}",
            "<",
            "\"Standard\":",
            "}{",
        ])
        .runs(20_000)
        .longest(3000)
        .run(check);
}
