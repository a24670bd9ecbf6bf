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

    /// A text with its capitals.
    pub fn restored(&self, arena: &Arena, text: usize) -> String {
        let (start, end) = (arena.start(text), arena.end(text));
        let mut bytes = arena.lowered(text).to_vec();
        // Only eights with capitals are looked at: every row of a page comes by here.
        for word in start / 8 / EIGHTS..end.div_ceil(8).div_ceil(EIGHTS).min(self.some.len()) {
            let first = (start / 8).saturating_sub(word * EIGHTS);
            let mut some = self.some[word] & (u64::MAX << first);
            let mut place = self.before[word] + (self.some[word] ^ some).count_ones();
            while some != 0 {
                let eight = word * EIGHTS + some.trailing_zeros() as usize;
                if eight * 8 >= end {
                    break;
                }
                capitalise(&mut bytes, start, eight * 8, self.masks[place as usize]);
                some &= some - 1;
                place += 1;
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

/// Makes capitals of the bytes of an eight that are in the text, which begins at `start`.
fn capitalise(text: &mut [u8], start: usize, eight: usize, mut mask: u8) {
    while mask != 0 {
        let at = eight + mask.trailing_zeros() as usize;
        mask &= mask - 1;
        if let Some(byte) = at.checked_sub(start).and_then(|at| text.get_mut(at)) {
            *byte ^= 0x20;
        }
    }
}
