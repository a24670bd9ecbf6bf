//! Cuts a JSON list into its rows while the bytes arrive.
//!
//! Here: where one row ends and the next begins, across any chunk borders, with memory for one row at most. Not here:
//! what is inside a row (`row.rs`), and what a reply that is no list means (`reply.rs`).
//!
//! The work per byte is what makes a million rows bearable: inside texts the search jumps from quote to quote, rows are
//! cut out of the chunk as they stand, and each costs one allocation. Nothing is validated but the list's own commas
//! and brackets, because a broken row must not cost its neighbours.

use memchr::memchr2;

use crate::row::Row;

/// The largest row that is accepted, in bytes. CIPP's own rows end far below 1 MB; without a bound, a reply whose text
/// never ends would fill the memory.
pub(crate) const LONGEST_ROW_BYTES: usize = 64 * 1024 * 1024;

/// How much of a reply that is no list is kept to explain it, in bytes.
const LONGEST_OTHER_BYTES: usize = 64 * 1024;

/// Above this, the buffer for a row in two chunks is given back after use, in bytes.
const KEPT_BUFFER_BYTES: usize = 1024 * 1024;

/// Why a reply is not a list of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SplitError {
    /// It begins like a web page.
    Html,
    /// It is valid so far, but no list; this is its beginning.
    NotAList(Vec<u8>),
    /// One row is larger than [`LONGEST_ROW_BYTES`].
    RowTooLong,
    /// A byte between two rows that cannot stand there.
    Misplaced(u8),
    /// Something follows after the list.
    Trailing,
    /// There was nothing at all.
    Empty,
    /// It ended before the list was closed.
    CutOff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the list, where white space and a byte order mark may stand.
    Start,
    /// After `[` or `,`.
    BeforeRow,
    /// In an object, list or text.
    InRow,
    /// In a number, `true`, `false` or `null`.
    InWord,
    /// After a row.
    AfterRow,
    /// After `]`.
    End,
    /// In a reply that is no list.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

#[derive(Debug)]
pub(crate) struct Splitter {
    place: Place,
    text: Text,
    depth: usize,
    /// The part of the current row that came in earlier chunks; or the beginning of a reply that is no list.
    begun: Vec<u8>,
    longest_row: usize,
}

impl Splitter {
    pub(crate) fn new() -> Splitter {
        Splitter::with_longest_row(LONGEST_ROW_BYTES)
    }

    fn with_longest_row(longest_row: usize) -> Splitter {
        Splitter {
            place: Place::Start,
            text: Text::Outside,
            depth: 0,
            begun: Vec::new(),
            longest_row,
        }
    }

    /// Takes the next bytes and appends the rows that end in them. Rows appended before an error are good.
    pub(crate) fn push(&mut self, chunk: &[u8], rows: &mut impl Extend<Row>) -> Result<(), SplitError> {
        let mut at = 0;
        while at < chunk.len() {
            at = match self.place {
                Place::Start => self.start(chunk[at], at)?,
                Place::BeforeRow => self.before_row(chunk[at], at)?,
                Place::InRow => {
                    let end = self.row_end(&chunk[at..]).map(|length| at + length);
                    self.take(chunk, at, end, rows)?
                }
                Place::InWord => {
                    let end = chunk[at..]
                        .iter()
                        .position(|b| is_blank(*b) || matches!(b, b',' | b']'))
                        .map(|length| at + length);
                    self.take(chunk, at, end, rows)?
                }
                Place::AfterRow => self.after_row(chunk[at], at)?,
                Place::End if is_blank(chunk[at]) => at + 1,
                Place::End => return Err(SplitError::Trailing),
                Place::Other => self.other(&chunk[at..])?,
            };
        }
        Ok(())
    }

    /// Says whether the reply was complete when it ended.
    pub(crate) fn finish(&mut self) -> Result<(), SplitError> {
        match self.place {
            Place::End => Ok(()),
            Place::Start => Err(SplitError::Empty),
            Place::Other => Err(SplitError::NotAList(std::mem::take(&mut self.begun))),
            _ => Err(SplitError::CutOff),
        }
    }

    /// Whether the list is closed, so that nothing that matters can follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.place == Place::End
    }

    /// Bytes held from earlier chunks.
    #[cfg(test)]
    fn held_bytes(&self) -> usize {
        self.begun.capacity()
    }

    fn start(&mut self, byte: u8, at: usize) -> Result<usize, SplitError> {
        match byte {
            b'[' => self.place = Place::BeforeRow,
            b'<' => return Err(SplitError::Html),
            // The three bytes of a byte order mark; no JSON begins with one of them.
            0xEF | 0xBB | 0xBF => {}
            _ if is_blank(byte) => {}
            _ => {
                self.place = Place::Other;
                return Ok(at);
            }
        }
        Ok(at + 1)
    }

    fn before_row(&mut self, byte: u8, at: usize) -> Result<usize, SplitError> {
        match byte {
            b']' => self.place = Place::End,
            b',' | b'}' | b':' => return Err(SplitError::Misplaced(byte)),
            _ if is_blank(byte) => {}
            _ => {
                (self.depth, self.text) = (0, Text::Outside);
                self.place = if matches!(byte, b'{' | b'[' | b'"') {
                    Place::InRow
                } else {
                    Place::InWord
                };
                return Ok(at);
            }
        }
        Ok(at + 1)
    }

    fn after_row(&mut self, byte: u8, at: usize) -> Result<usize, SplitError> {
        match byte {
            b',' => self.place = Place::BeforeRow,
            b']' => self.place = Place::End,
            _ if is_blank(byte) => {}
            _ => return Err(SplitError::Misplaced(byte)),
        }
        Ok(at + 1)
    }

    /// The length after which the row ends, or `None` when it goes on in the next chunk.
    fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            match self.text {
                Text::Inside => {
                    at += memchr2(b'"', b'\\', &bytes[at..])?;
                    if bytes[at] == b'"' {
                        self.text = Text::Outside;
                        at += 1;
                        if self.depth == 0 {
                            return Some(at);
                        }
                    } else {
                        self.text = Text::Escaped;
                        at += 1;
                    }
                }
                Text::Escaped => {
                    bytes.get(at)?;
                    self.text = Text::Inside;
                    at += 1;
                }
                Text::Outside => {
                    let byte = *bytes.get(at)?;
                    at += 1;
                    match byte {
                        b'"' => self.text = Text::Inside,
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => {
                            self.depth = self.depth.saturating_sub(1);
                            if self.depth == 0 {
                                return Some(at);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// Hands out the row that ends at `end`, or keeps what came of it.
    fn take(
        &mut self,
        chunk: &[u8],
        from: usize,
        end: Option<usize>,
        rows: &mut impl Extend<Row>,
    ) -> Result<usize, SplitError> {
        let part = &chunk[from..end.unwrap_or(chunk.len())];
        if self.begun.len() + part.len() > self.longest_row {
            return Err(SplitError::RowTooLong);
        }
        let Some(end) = end else {
            self.begun.extend_from_slice(part);
            return Ok(chunk.len());
        };
        let row = if self.begun.is_empty() {
            Row::from_bytes(part)
        } else {
            self.begun.extend_from_slice(part);
            Row::from_bytes(&self.begun)
        };
        self.begun.clear();
        self.begun.shrink_to(KEPT_BUFFER_BYTES);
        self.place = Place::AfterRow;
        rows.extend([row]);
        Ok(end)
    }

    fn other(&mut self, bytes: &[u8]) -> Result<usize, SplitError> {
        self.begun.extend_from_slice(bytes);
        if self.begun.len() > LONGEST_OTHER_BYTES {
            self.begun.truncate(LONGEST_OTHER_BYTES);
            return Err(SplitError::NotAList(std::mem::take(&mut self.begun)));
        }
        Ok(usize::MAX)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows and end of a body that arrives in these chunks.
    fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Result<(), SplitError>) {
        let (mut splitter, mut rows) = (Splitter::new(), Vec::new());
        let mut end = Ok(());
        for chunk in chunks {
            end = splitter.push(chunk, &mut rows);
            if end.is_err() {
                break;
            }
        }
        let end = end.and_then(|()| splitter.finish());
        (rows.into_iter().map(|row| row.into_raw().into()).collect(), end)
    }

    const NASTY: &str = "\u{feff} \r\n[ {\"a\":\"}]\\\"[{\\\\\",\"b\":[[1,{\"c\":\"\u{202e}\u{e9}\u{1f600}\"}],[]]} ,\t\"text, with ] and \\\" \",12.5e3,null,true , [ [ ] , \"]\" ],{}, {\"deep\":{\"er\":[{\"x\":{}}]}}\n]\n ";

    const NASTY_ROWS: [&str; 8] = [
        "{\"a\":\"}]\\\"[{\\\\\",\"b\":[[1,{\"c\":\"\u{202e}\u{e9}\u{1f600}\"}],[]]}",
        "\"text, with ] and \\\" \"",
        "12.5e3",
        "null",
        "true",
        "[ [ ] , \"]\" ]",
        "{}",
        "{\"deep\":{\"er\":[{\"x\":{}}]}}",
    ];

    #[test]
    fn the_same_rows_wherever_the_chunks_are_cut() {
        let bytes = NASTY.as_bytes();
        for cut in 0..=bytes.len() {
            let (rows, end) = split([&bytes[..cut], &bytes[cut..]]);
            assert_eq!(
                (rows.as_slice(), end),
                (NASTY_ROWS.map(String::from).as_slice(), Ok(())),
                "cut at {cut}"
            );
        }
        for size in 1..=bytes.len() {
            let (rows, end) = split(bytes.chunks(size));
            assert_eq!(
                (rows.as_slice(), end),
                (NASTY_ROWS.map(String::from).as_slice(), Ok(())),
                "chunks of {size}"
            );
        }
    }

    #[test]
    fn agrees_with_a_json_parser_on_random_lists() {
        use rand::{Rng, SeedableRng, rngs::StdRng};
        fn value(random: &mut StdRng, depth: u32) -> serde_json::Value {
            use serde_json::Value;
            match random.random_range(0..if depth == 0 { 4 } else { 6 }) {
                0 => Value::Null,
                1 => random.random::<i32>().into(),
                2 | 3 => (0..random.random_range(0..12))
                    .map(|_| b"\"\\[]{},: a\n\x01"[random.random_range(0..12)] as char)
                    .collect::<String>()
                    .into(),
                4 => (0..random.random_range(0..4))
                    .map(|_| value(random, depth - 1))
                    .collect(),
                _ => Value::Object(
                    (0..random.random_range(0..4))
                        .map(|n| (format!("k{n}\""), value(random, depth - 1)))
                        .collect(),
                ),
            }
        }
        let mut random = StdRng::seed_from_u64(2);
        for _ in 0..300 {
            let expected: Vec<serde_json::Value> =
                (0..random.random_range(0..20)).map(|_| value(&mut random, 4)).collect();
            let text = if random.random() {
                serde_json::to_string(&expected)
            } else {
                serde_json::to_string_pretty(&expected)
            }
            .unwrap();
            let (rows, end) = split(text.as_bytes().chunks(random.random_range(1..40)));
            let read: Vec<serde_json::Value> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
            assert_eq!((read, end), (expected, Ok(())), "{text}");
        }
    }

    #[test]
    fn an_empty_list_has_no_rows_and_is_complete() {
        for body in ["[]", "[ ]\r\n", "\u{feff}[\n]"] {
            assert_eq!(split([body.as_bytes()]), (vec![], Ok(())));
        }
    }

    #[test]
    fn cut_anywhere_before_the_end_it_is_cut_off_and_keeps_what_was_whole() {
        let bytes = NASTY.trim_end().as_bytes();
        for cut in 6..bytes.len() {
            let (rows, end) = split([&bytes[..cut]]);
            assert_eq!(
                end,
                Err(if cut < 7 { SplitError::Empty } else { SplitError::CutOff }),
                "cut at {cut}"
            );
            assert_eq!(rows, NASTY_ROWS[..rows.len()]);
        }
        assert_eq!(split([]).1, Err(SplitError::Empty));
        assert_eq!(split([&b" \n"[..]]).1, Err(SplitError::Empty));
    }

    #[test]
    fn a_broken_row_does_not_cost_its_neighbours() {
        let (rows, end) = split([&b"[{\"a\":1},{\"a\":},{a b}, nope,{\"a\":2}]"[..]]);
        assert_eq!(rows, ["{\"a\":1}", "{\"a\":}", "{a b}", "nope", "{\"a\":2}"]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn what_is_no_list_is_handed_over_to_be_explained() {
        for body in ["{\"Results\":\"x\"}", "\"text\"", "null", "Endpoint not found"] {
            assert_eq!(
                split(body.as_bytes().chunks(3)),
                (vec![], Err(SplitError::NotAList(body.into())))
            );
        }
        assert_eq!(split([&b"\r\n<!DOCTYPE html>"[..]]).1, Err(SplitError::Html));
        let endless = vec![b'x'; 10 * LONGEST_OTHER_BYTES];
        assert!(
            matches!(split([&endless[..]]).1, Err(SplitError::NotAList(begin)) if begin.len() == LONGEST_OTHER_BYTES)
        );
    }

    #[test]
    fn misplaced_bytes_are_named_after_the_rows_before_them() {
        assert_eq!(
            split([&b"[{\"a\":1}{\"a\":2}]"[..]]),
            (vec!["{\"a\":1}".into()], Err(SplitError::Misplaced(b'{')))
        );
        assert_eq!(
            split([&b"[1,,2]"[..]]),
            (vec!["1".into()], Err(SplitError::Misplaced(b',')))
        );
        assert_eq!(
            split([&b"[1]<html>"[..]]),
            (vec!["1".into()], Err(SplitError::Trailing))
        );
    }

    #[test]
    fn a_row_without_end_does_not_fill_the_memory() {
        let mut splitter = Splitter::with_longest_row(1000);
        let mut rows: Vec<Row> = Vec::new();
        let end = std::iter::once(&b"[{\"a\":\""[..])
            .chain(std::iter::repeat_n(&[b'x'; 100][..], 20))
            .try_for_each(|chunk| splitter.push(chunk, &mut rows));
        assert_eq!(end, Err(SplitError::RowTooLong));
    }

    #[test]
    fn memory_stays_at_one_row_however_long_the_list_is() {
        let (mut splitter, mut rows) = (Splitter::new(), Vec::new());
        let row = format!("{{\"Message\":\"{}\"}},", "x".repeat(600));
        splitter.push(b"[", &mut rows).unwrap();
        let list = row.repeat(50);
        for _ in 0..200 {
            for chunk in list.as_bytes().chunks(4096) {
                splitter.push(chunk, &mut rows).unwrap();
                assert!(splitter.held_bytes() <= 4 * row.len());
            }
            assert!(rows.len() <= 50);
            rows.clear();
        }
        splitter.push(b"1]", &mut rows).unwrap();
        assert_eq!(splitter.finish(), Ok(()));
    }

    #[test]
    fn wrong_utf_8_costs_one_character_not_the_row() {
        assert_eq!(split([&b"[\"a\xffb\"]"[..]]).0, ["\"a\u{fffd}b\""]);
    }
}
