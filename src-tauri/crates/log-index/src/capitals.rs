//! Which bytes of lower-cased texts were capitals.
//!
//! Capitals are few: eight bytes without one take a bit, eight with one another byte.
//!
//! What deliberately is not here: the texts (`arena.rs`).

use crate::arena::Arena;

/// Eights whose bits are in one word.
const EIGHTS: usize = u64::BITS as usize;

/// A set of bytes, by their places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capitals {
    /// One bit for each eight bytes: whether there is a capital among them.
    some: Vec<u64>,
    /// For each word of `some` the masks of those before.
    before: Vec<u32>,
    /// For each eight with a capital one bit a byte.
    masks: Vec<u8>,
}

impl Capitals {
    /// Adds the capitals of an eight; they come in ascending order.
    pub fn add(&mut self, eight: usize, mask: u8) {
        let word = eight / EIGHTS;
        while self.some.len() <= word {
            self.some.push(0);
            self.before.push(self.masks.len() as u32);
        }
        let bit = 1 << (eight % EIGHTS);
        match self.masks.last_mut() {
            Some(last) if self.some[word] & bit != 0 => *last |= mask,
            _ => {
                self.some[word] |= bit;
                self.masks.push(mask);
            }
        }
    }

    fn mask(&self, eight: usize) -> u8 {
        let word = eight / EIGHTS;
        let bit = 1 << (eight % EIGHTS);
        match self.some.get(word) {
            Some(some) if some & bit != 0 => {
                let before = self.before[word] + (some & (bit - 1)).count_ones();
                self.masks[before as usize]
            }
            _ => 0,
        }
    }

    /// A text with its capitals.
    pub fn restored(&self, arena: &Arena, text: usize) -> String {
        let (start, end) = (arena.start(text), arena.end(text));
        let mut bytes = arena.lowered(text).to_vec();
        for eight in start / 8..end.div_ceil(8) {
            let mut mask = self.mask(eight);
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

    /// Gives back what was taken for more.
    pub fn shrink(&mut self) {
        self.some.shrink_to_fit();
        self.before.shrink_to_fit();
        self.masks.shrink_to_fit();
    }

    pub fn memory_bytes(&self) -> usize {
        8 * self.some.capacity() + 4 * self.before.capacity() + self.masks.capacity()
    }
}
