//! Texts one after the other, made for searching: ASCII letters lower-cased, a separator behind each text.
//!
//! Where a text has to be shown again, [`Capitals`] tell which letters were upper-case, so that no second copy is kept.
//! The separator is a byte that UTF-8 never has: no text can forge it, whatever is in it.
//!
//! What deliberately is not here: patterns and how they are found (`matcher.rs`, `scan.rs`).

use std::ops::{Deref, Range};

use memchr::memmem;

use crate::{capitals::Capitals, columns::TextColumn};

/// Stands behind each text.
pub(crate) const SEPARATOR: u8 = 0xFF;

/// Texts by number, lower-cased as far as ASCII goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arena {
    lowered: Vec<u8>,
    /// Where the separator of each text is.
    ends: Vec<u32>,
    odd_folds: bool,
}

impl Arena {
    /// The texts of an iterator, `bytes` long altogether.
    pub fn of<'a>(bytes: usize, texts: impl ExactSizeIterator<Item = &'a [u8]>) -> Arena {
        let mut arena = Arena {
            lowered: Vec::with_capacity(bytes + texts.len()),
            ends: Vec::with_capacity(texts.len()),
            odd_folds: false,
        };
        for text in texts {
            arena.append(text);
        }
        arena.lower_from(0, |_, _| {});
        arena
    }

    /// Texts that stand one after the other, each where `spans` says, in the memory in which they are: a day's texts are
    /// large, and a second copy of them leaves a hole in the memory when it goes. `cased`: of so many of the first texts
    /// it is told which letters were capitals.
    fn of_bytes(
        mut bytes: Vec<u8>,
        spans: impl DoubleEndedIterator<Item = Range<usize>> + ExactSizeIterator,
        cased: usize,
    ) -> (Arena, Capitals) {
        let mut ends = vec![0; spans.len()];
        bytes.reserve_exact(ends.len());
        bytes.resize(bytes.len() + ends.len(), SEPARATOR);
        // Each text moves by the separators before it, the last one first.
        for (text, span) in spans.enumerate().rev() {
            let end = span.end + text;
            bytes.copy_within(span.clone(), span.start + text);
            bytes[end] = SEPARATOR;
            ends[text] = end as u32;
        }
        bytes.shrink_to_fit();
        let mut arena = Arena {
            lowered: bytes,
            ends,
            odd_folds: false,
        };
        let past = arena.start(cased.min(arena.len()));
        let mut capitals = Capitals::default();
        lower(&mut arena.lowered[..past], 0, |eight, mask| capitals.add(eight, mask));
        capitals.shrink();
        arena.lower_from(past, |_, _| {});
        arena.odd_folds = arena.odd_folds || has_odd_folds(&arena.lowered[..past]);
        (arena, capitals)
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.push_telling(text, |_, _| {});
    }

    fn push_telling(&mut self, text: &str, capitals: impl FnMut(usize, u8)) {
        let from = self.lowered.len();
        self.append(text.as_bytes());
        self.lower_from(from, capitals);
    }

    fn append(&mut self, text: &[u8]) {
        self.lowered.extend_from_slice(text);
        self.ends.push(self.lowered.len() as u32);
        self.lowered.push(SEPARATOR);
    }

    fn lower_from(&mut self, from: usize, capitals: impl FnMut(usize, u8)) {
        lower(&mut self.lowered, from, capitals);
        self.odd_folds = self.odd_folds || has_odd_folds(&self.lowered[from..]);
    }

    /// How many texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether a text has one of the two characters that are another case of an ASCII letter: `ſ` and the Kelvin sign.
    pub fn has_odd_folds(&self) -> bool {
        self.odd_folds
    }

    /// Everything, separators included.
    pub fn bytes(&self) -> &[u8] {
        &self.lowered
    }

    pub fn start(&self, text: usize) -> usize {
        if text == 0 { 0 } else { self.ends[text - 1] as usize + 1 }
    }

    /// Where the text's separator is.
    pub fn end(&self, text: usize) -> usize {
        self.ends[text] as usize
    }

    /// A text, lower-cased.
    pub fn lowered(&self, text: usize) -> &[u8] {
        &self.lowered[self.start(text)..self.end(text)]
    }

    /// The text that a byte belongs to; `from` is a text at or before it, the nearer the faster.
    pub fn text_at(&self, from: usize, byte: usize) -> usize {
        let mut low = from;
        let mut step = 1;
        while low + step < self.ends.len() && (self.ends[low + step - 1] as usize) < byte {
            low += step;
            step *= 2;
        }
        let high = (low + step).min(self.ends.len());
        low + self.ends[low..high].partition_point(|end| (*end as usize) < byte)
    }

    pub fn memory_bytes(&self) -> usize {
        self.lowered.capacity() + 4 * self.ends.capacity()
    }
}

/// Lower-cases everything from a byte on. Tells of eights (the first eight bytes, the next eight, ...) with capitals which
/// of their bytes were some; of one that is in two parts, twice.
fn lower(bytes: &mut [u8], from: usize, mut capitals: impl FnMut(usize, u8)) {
    let aligned = from.next_multiple_of(8).min(bytes.len());
    lower_bytes(bytes, from..aligned, &mut capitals);
    let (words, rest) = bytes[aligned..].as_chunks_mut::<8>();
    let rest = rest.len();
    for (word, eight) in words.iter_mut().zip(aligned / 8..) {
        let mask;
        (*word, mask) = lower_eight(*word);
        if mask != 0 {
            capitals(eight, mask);
        }
    }
    lower_bytes(bytes, bytes.len() - rest..bytes.len(), &mut capitals);
}

fn lower_bytes(bytes: &mut [u8], part: Range<usize>, capitals: &mut impl FnMut(usize, u8)) {
    for at in part {
        if bytes[at].is_ascii_uppercase() {
            bytes[at].make_ascii_lowercase();
            capitals(at / 8, 1 << (at % 8));
        }
    }
}

/// Eight bytes lower-cased, and one bit for each that was upper-case.
fn lower_eight(bytes: [u8; 8]) -> ([u8; 8], u8) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(bytes);
    let seven = word & (0x7F * ONES);
    let above_z = seven + (0x7F - u64::from(b'Z')) * ONES;
    let from_a = seven + (0x80 - u64::from(b'A')) * ONES;
    let upper = (from_a ^ above_z) & !word & (0x80 * ONES);
    // Gathers the top bits of the eight bytes in one byte.
    let mask = (upper >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    ((word | (upper >> 2)).to_le_bytes(), mask as u8)
}

fn has_odd_folds(bytes: &[u8]) -> bool {
    ['\u{17F}', '\u{212A}'].iter().any(|odd| {
        let mut buffer = [0; 4];
        memmem::find(bytes, odd.encode_utf8(&mut buffer).as_bytes()).is_some()
    })
}

/// Texts that can be had as they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct CasedArena {
    arena: Arena,
    capitals: Capitals,
}

impl CasedArena {
    /// The texts of a column.
    pub fn of(column: TextColumn) -> CasedArena {
        let TextColumn { bytes, ends } = column;
        let texts = ends.len();
        let (arena, capitals) = Arena::of_bytes(bytes, (0..texts).map(|text| span(&ends, text)), texts);
        CasedArena { arena, capitals }
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let capitals = &mut self.capitals;
        self.arena.push_telling(text, |eight, mask| capitals.add(eight, mask));
    }

    /// A text as it came.
    pub fn text(&self, text: usize) -> String {
        self.capitals.restored(&self.arena, text)
    }

    pub fn memory_bytes(&self) -> usize {
        self.arena.memory_bytes() + self.capitals.memory_bytes()
    }
}

impl Deref for CasedArena {
    type Target = Arena;

    fn deref(&self) -> &Arena {
        &self.arena
    }
}

/// Texts of some rows only; the others have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct SparseTexts {
    pub arena: Arena,
    /// The row of each text, ascending.
    pub rows: Vec<u32>,
    /// Of the first texts, of so many.
    capitals: Capitals,
    cased: usize,
}

impl SparseTexts {
    /// The texts of a column that are not empty, of which the first can be had as they came: so many of them.
    pub fn of(column: TextColumn, cased: usize) -> SparseTexts {
        let TextColumn { bytes, ends } = column;
        let some = || (0..ends.len()).filter(|row| !span(&ends, *row).is_empty());
        let mut rows = Vec::with_capacity(some().count());
        rows.extend(some().map(|row| row as u32));
        let spans = rows.iter().map(|row| span(&ends, *row as usize));
        let (arena, capitals) = Arena::of_bytes(bytes, spans, cased);
        SparseTexts {
            arena,
            rows,
            capitals,
            cased,
        }
    }

    /// Adds a text; rows come in ascending order.
    pub fn push(&mut self, row: u32, text: &str) {
        self.rows.push(row);
        self.arena.push(text);
    }

    /// The number of a row's text.
    pub fn place(&self, row: u32) -> Option<usize> {
        self.rows.binary_search(&row).ok()
    }

    /// One of the first texts as it came.
    pub fn text(&self, place: usize) -> Option<String> {
        (place < self.cased.min(self.rows.len())).then(|| self.capitals.restored(&self.arena, place))
    }

    pub fn memory_bytes(&self) -> usize {
        self.arena.memory_bytes() + 4 * self.rows.capacity() + self.capitals.memory_bytes()
    }
}

/// Where a text of a column is.
fn span(ends: &[u32], text: usize) -> Range<usize> {
    let start = if text == 0 { 0 } else { ends[text - 1] as usize };
    start..ends[text] as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(texts: &[String]) -> TextColumn {
        let mut column = TextColumn::default();
        texts.iter().for_each(|text| column.push(text));
        column
    }

    fn check(arena: &Arena, texts: &[&String]) {
        assert_eq!(arena.len(), texts.len());
        for (n, text) in texts.iter().enumerate() {
            assert_eq!(arena.lowered(n), text.to_ascii_lowercase().as_bytes());
            assert_eq!(arena.bytes()[arena.end(n)], SEPARATOR);
            for byte in arena.start(n)..=arena.end(n) {
                for from in [0, n / 2, n] {
                    assert_eq!(arena.text_at(from, byte), n);
                }
            }
        }
        assert_eq!(
            arena.bytes().len(),
            texts.iter().map(|text| text.len() + 1).sum::<usize>()
        );
        assert_eq!(
            arena.has_odd_folds(),
            texts.iter().any(|text| text.contains(['ſ', '\u{212A}']))
        );
    }

    proptest! {
        #[test]
        fn texts_come_back_as_they_came_and_are_lower_cased_inside(
            // Letters whose other case has another length (İ, ẞ, ſ, the Kelvin sign) are left as they are.
            texts in prop::collection::vec(
                "\\PC{0,40}|[A-Z@\\[`{a-z\0éÜİẞſ\u{202E}\u{212A}]{0,30}|[A-Z]{0,9}|[a-z ]{90,700}[A-Z]", 0..40
            ),
            cased in 0usize..50,
        ) {
            let all: Vec<&String> = texts.iter().collect();
            let at_once = CasedArena::of(column(&texts));
            let mut one_by_one = CasedArena::default();
            texts.iter().for_each(|text| one_by_one.push(text));
            for arena in [&at_once, &one_by_one] {
                check(arena, &all);
                for (n, text) in texts.iter().enumerate() {
                    prop_assert_eq!(&arena.text(n), text);
                }
            }
            check(&Arena::of(0, texts.iter().map(String::as_bytes)), &all);

            let sparse = SparseTexts::of(column(&texts), cased);
            let some: Vec<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
            check(&sparse.arena, &some);
            for (place, text) in some.iter().enumerate() {
                prop_assert_eq!(&&texts[sparse.rows[place] as usize], text);
                prop_assert_eq!(sparse.place(sparse.rows[place]), Some(place));
                prop_assert_eq!(sparse.text(place), (place < cased).then(|| (*text).clone()));
            }
            prop_assert_eq!(sparse.text(some.len()), None);
        }
    }

    #[test]
    fn texts_take_no_more_memory_than_they_need() {
        let texts: Vec<String> = (0..1_000).map(|n| format!("The user {n}")).collect();
        let mut column = column(&texts);
        column.bytes.reserve(1 << 20);
        let bytes: usize = texts.iter().map(|text| text.len() + 1 + 4).sum();
        let arena = CasedArena::of(column);
        assert!(
            (bytes..bytes * 11 / 10).contains(&arena.memory_bytes()),
            "{}",
            arena.memory_bytes()
        );
    }
}
