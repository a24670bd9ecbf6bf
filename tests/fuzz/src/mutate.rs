//! Changing inputs at random.
//!
//! What deliberately is not here: which inputs are worth changing.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Numbers at the edges of their kinds.
const EDGES: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

pub(crate) struct Mutator<'a> {
    pub random: ChaCha8Rng,
    pub words: &'a [Vec<u8>],
    pub longest: usize,
}

impl Mutator<'_> {
    /// One of the inputs, changed in a few places.
    pub(crate) fn next(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(pool).to_vec();
        // Mostly few changes: many at once rarely get past the first check.
        let changes = 1 << self.random.random_range(0..5_u32);
        for _ in 0..self.random.random_range(1..=changes) {
            self.change(&mut input, pool);
        }
        input.truncate(self.longest);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let at = self.random.random_range(0..=input.len());
        let other = self.range(input.len());
        match self.random.random_range(0..11) {
            0 if at < input.len() => input[at] ^= 1 << self.random.random_range(0..8),
            1 if at < input.len() => input[at] = self.random.random(),
            2 => input.insert(at, self.random.random()),
            3 => drop(input.drain(other)),
            4 => {
                let copy = input[other].to_vec();
                input.splice(at..at, copy);
            }
            5 => input.truncate(at),
            6 => {
                let bytes = self.number();
                for (place, byte) in input.iter_mut().skip(at).zip(bytes) {
                    *place = byte;
                }
            }
            7 => {
                let donor = self.one_of(pool);
                let part = self.range(donor.len());
                let part = donor[part].to_vec();
                // In place of as much, or of anything, or between.
                let end = (at + part.len()).min(input.len());
                let end = if self.random.random() { end } else { at };
                input.splice(at..end, part);
            }
            _ if !self.words.is_empty() => {
                let word = self.words[self.random.random_range(0..self.words.len())].clone();
                input.splice(at..at, word);
            }
            _ => {}
        }
    }

    fn number(&mut self) -> Vec<u8> {
        let edge = EDGES[self.random.random_range(0..EDGES.len())];
        let number = edge.wrapping_add(self.random.random_range(0..3)).wrapping_sub(1);
        let width = 1 << self.random.random_range(0..4_u32);
        number.to_le_bytes()[..width].to_vec()
    }

    /// A part of so many bytes, mostly a short one.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.random.random_range(0..=length);
        let most = if self.random.random_bool(0.8) { 32 } else { length };
        from..self.random.random_range(from..=length.min(from + most))
    }

    fn one_of<'p>(&mut self, pool: &'p [Vec<u8>]) -> &'p [u8] {
        if pool.is_empty() {
            return &[];
        }
        &pool[self.random.random_range(0..pool.len())]
    }
}
