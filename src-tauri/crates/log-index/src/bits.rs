//! A set of rows: one bit for each.
//!
//! What deliberately is not here: what the rows are.

use std::ops::Range;

/// One bit for each row of a segment. Bits beyond the last row are never set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// No row.
    pub fn none(len: usize) -> Bits {
        Bits {
            words: vec![0; len.div_ceil(64)],
            len,
        }
    }

    /// Every row.
    pub fn all(len: usize) -> Bits {
        let mut bits = Bits {
            words: vec![u64::MAX; len.div_ceil(64)],
            len,
        };
        bits.trim();
        bits
    }

    /// The rows for which this is so.
    pub fn from_fn(len: usize, mut is: impl FnMut(usize) -> bool) -> Bits {
        let mut words = Vec::with_capacity(len.div_ceil(64));
        for start in (0..len).step_by(64) {
            let rows = start..(start + 64).min(len);
            words.push(rows.fold(0, |word, row| word | (u64::from(is(row)) << (row - start))));
        }
        Bits { words, len }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn words(&self) -> &[u64] {
        &self.words
    }

    pub fn set(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    pub fn set_range(&mut self, rows: Range<usize>) {
        for (at, mask) in masks(rows) {
            self.words[at] |= mask;
        }
    }

    pub fn get(&self, row: usize) -> bool {
        self.words[row / 64] >> (row % 64) & 1 == 1
    }

    pub fn and(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    pub fn or(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    pub fn and_not(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    pub fn is_none(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    pub fn count_range(&self, rows: Range<usize>) -> u32 {
        masks(rows).map(|(at, mask)| (self.words[at] & mask).count_ones()).sum()
    }

    /// Rows in the range that are in both sets.
    pub fn count_both(&self, other: &Bits, rows: Range<usize>) -> u32 {
        masks(rows)
            .map(|(at, mask)| (self.words[at] & other.words[at] & mask).count_ones())
            .sum()
    }

    /// The first row at or after `from` that is not in the set; the number of rows where there is none.
    pub fn next_unset(&self, from: usize) -> usize {
        let mut at = from / 64;
        let mut ignored = (1u64 << (from % 64)) - 1;
        while at < self.words.len() {
            let free = !self.words[at] & !ignored;
            if free != 0 {
                return (at * 64 + free.trailing_zeros() as usize).min(self.len);
            }
            ignored = 0;
            at += 1;
        }
        self.len
    }

    /// The rows of the range that are in the set, ascending.
    pub fn ones_in(&self, rows: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        masks(rows).flat_map(|(at, mask)| Ones {
            word: self.words[at] & mask,
            start: at * 64,
        })
    }

    /// The rows of the set, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.ones_in(0..self.len)
    }

    /// The row of the range that has `skip` rows of the set before it in the range.
    pub fn nth_in(&self, rows: Range<usize>, mut skip: u32) -> Option<usize> {
        for (at, mask) in masks(rows) {
            let word = self.words[at] & mask;
            let count = word.count_ones();
            if skip < count {
                return Ones { word, start: at * 64 }.nth(skip as usize);
            }
            skip -= count;
        }
        None
    }

    fn trim(&mut self) {
        if let Some(last) = self.words.last_mut()
            && !self.len.is_multiple_of(64)
        {
            *last &= (1 << (self.len % 64)) - 1;
        }
    }
}

struct Ones {
    word: u64,
    start: usize,
}

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.word == 0 {
            return None;
        }
        let row = self.start + self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(row)
    }
}

/// The words that a range of rows touches, each with a mask of its rows.
fn masks(rows: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
    let words = if rows.is_empty() {
        0..0
    } else {
        rows.start / 64..rows.end.div_ceil(64)
    };
    words.map(move |at| {
        let below = rows.start.saturating_sub(at * 64).min(64);
        let above = (at * 64 + 64).saturating_sub(rows.end).min(63);
        let mask = if below == 64 { 0 } else { u64::MAX << below };
        (at, mask & (u64::MAX >> above))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_are_a_set_of_rows(
            rows in prop::collection::vec(any::<bool>(), 0..300),
            other in prop::collection::vec(any::<bool>(), 300),
            from in 0usize..320,
            to in 0usize..320,
        ) {
            let len = rows.len();
            let bits = Bits::from_fn(len, |row| rows[row]);
            let range = from.min(len)..to.min(len);
            let expected: Vec<usize> = range.clone().filter(|row| rows[*row]).collect();
            prop_assert_eq!(bits.ones_in(range.clone()).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(bits.count_range(range.clone()) as usize, expected.len());
            for (n, row) in expected.iter().enumerate() {
                prop_assert_eq!(bits.nth_in(range.clone(), n as u32), Some(*row));
            }
            prop_assert_eq!(bits.nth_in(range.clone(), expected.len() as u32), None);
            let free = (from.min(len)..len).find(|row| !rows[*row]).unwrap_or(len);
            prop_assert_eq!(bits.next_unset(from.min(len)), free);
            let second = Bits::from_fn(len, |row| other[row]);
            let both = expected.iter().filter(|row| other[**row]).count();
            prop_assert_eq!(bits.count_both(&second, range) as usize, both);
            let mut union = bits.clone();
            union.or(&second);
            let mut without = bits.clone();
            without.and_not(&second);
            prop_assert_eq!(union, Bits::from_fn(len, |row| rows[row] || other[row]));
            prop_assert_eq!(without, Bits::from_fn(len, |row| rows[row] && !other[row]));
            prop_assert_eq!(Bits::all(len), Bits::from_fn(len, |_| true));
        }
    }
}
