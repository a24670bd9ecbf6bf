//! Texts one after the other, made for searching: ASCII letters lower-cased, a separator behind each text.
//!
//! The original is rebuilt from one bit a byte, so that no second copy is kept. The separator is a byte that UTF-8 never
//! has: no text can forge it, whatever is in it.
//!
//! What deliberately is not here: patterns and how they are found (`matcher.rs`, `scan.rs`).

use memchr::memmem;

/// Stands behind each text.
pub(crate) const SEPARATOR: u8 = 0xFF;

/// Texts by number, lower-cased as far as ASCII goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arena {
    lowered: Vec<u8>,
    /// One bit for each byte of `lowered`: whether it was an upper-case letter.
    upper: Vec<u8>,
    /// Where the separator of each text is.
    ends: Vec<u32>,
    odd_folds: bool,
}

impl Arena {
    /// The texts of an iterator, `bytes` long altogether.
    pub fn of<'a>(bytes: usize, texts: impl ExactSizeIterator<Item = &'a [u8]>) -> Arena {
        let mut arena = Arena {
            lowered: Vec::with_capacity(bytes + texts.len()),
            upper: Vec::new(),
            ends: Vec::with_capacity(texts.len()),
            odd_folds: false,
        };
        for text in texts {
            arena.append(text);
        }
        arena.lower_from(0);
        arena
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let from = self.lowered.len();
        self.append(text.as_bytes());
        self.lower_from(from);
    }

    fn append(&mut self, text: &[u8]) {
        self.lowered.extend_from_slice(text);
        self.ends.push(self.lowered.len() as u32);
        self.lowered.push(SEPARATOR);
    }

    fn lower_from(&mut self, from: usize) {
        let aligned = from.next_multiple_of(8).min(self.lowered.len());
        self.upper.resize(self.lowered.len().div_ceil(8), 0);
        self.lower_bytes(from, aligned);
        let (words, _) = self.lowered[aligned..].as_chunks_mut::<8>();
        let masks = &mut self.upper[aligned / 8..];
        for (word, mask) in words.iter_mut().zip(masks) {
            (*word, *mask) = lower_eight(*word);
        }
        self.lower_bytes(self.lowered.len() & !7, self.lowered.len());
        self.odd_folds = self.odd_folds || has_odd_folds(&self.lowered[from..]);
    }

    fn lower_bytes(&mut self, from: usize, to: usize) {
        for at in from..to {
            let byte = &mut self.lowered[at];
            if byte.is_ascii_uppercase() {
                byte.make_ascii_lowercase();
                self.upper[at / 8] |= 1 << (at % 8);
            }
        }
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

    /// A text as it came.
    pub fn text(&self, text: usize) -> String {
        let (start, end) = (self.start(text), self.end(text));
        let mut bytes = self.lowered[start..end].to_vec();
        // Capitals are few: only they are looked at.
        for eight in start / 8..end.div_ceil(8) {
            let mut mask = self.upper[eight];
            while mask != 0 {
                let at = eight * 8 + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if let Some(byte) = at.checked_sub(start).and_then(|at| bytes.get_mut(at)) {
                    *byte ^= 0x20;
                }
            }
        }
        // It was UTF-8 when it came; should a day file ever have given something else, it is shown as far as possible.
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    pub fn memory_bytes(&self) -> usize {
        self.lowered.capacity() + self.upper.capacity() + 4 * self.ends.capacity()
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

/// Texts of some rows only; the others have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct SparseTexts {
    pub arena: Arena,
    /// The row of each text, ascending.
    pub rows: Vec<u32>,
}

impl SparseTexts {
    /// The texts that are not empty.
    pub fn of<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> SparseTexts {
        let some = texts.enumerate().filter(|(_, text)| !text.is_empty());
        let rows: Vec<u32> = some.clone().map(|(row, _)| row as u32).collect();
        let bytes = some.clone().map(|(_, text)| text.len()).sum();
        let texts: Vec<&[u8]> = some.map(|(_, text)| text).collect();
        SparseTexts {
            arena: Arena::of(bytes, texts.into_iter()),
            rows,
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

    pub fn memory_bytes(&self) -> usize {
        self.arena.memory_bytes() + 4 * self.rows.capacity()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_come_back_as_they_came_and_are_lower_cased_inside(
            texts in prop::collection::vec("\\PC{0,40}|[A-Z@\\[`{a-z\0éÜ\u{202E}K]{0,30}", 0..40),
            one_by_one in any::<bool>(),
        ) {
            let arena = if one_by_one {
                let mut arena = Arena::default();
                texts.iter().for_each(|text| arena.push(text));
                arena
            } else {
                Arena::of(texts.iter().map(String::len).sum(), texts.iter().map(String::as_bytes))
            };
            prop_assert_eq!(arena.len(), texts.len());
            for (n, text) in texts.iter().enumerate() {
                prop_assert_eq!(&arena.text(n), text);
                let lowered = text.to_ascii_lowercase();
                prop_assert_eq!(arena.lowered(n), lowered.as_bytes());
                for byte in arena.start(n)..=arena.end(n) {
                    for from in [0, n / 2, n] {
                        prop_assert_eq!(arena.text_at(from, byte), n);
                    }
                }
            }
            prop_assert_eq!(arena.has_odd_folds(), texts.iter().any(|text| text.contains(['ſ', '\u{212A}'])));
        }
    }
}
