//! Chance that is the same for ever.
//!
//! SplitMix64, written out: the libraries do not promise the same numbers from one version to the next, and a world that
//! changed with an update would break every recorded figure. It is not for secrets: those use a real generator elsewhere.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scrambles a number so that neighbours have nothing in common.
pub(super) const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of numbers that depends on its seed alone.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        let number = mix(self.0);
        self.0 = self.0.wrapping_add(GOLDEN);
        number
    }

    /// A number from 0 up to but not including `end`; 0 for an empty range.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        ((self.next() as u128 * end as u128) >> 64) as u64
    }

    /// A number below `end` that prefers small ones: the lower of two throws.
    pub(super) const fn skewed(&mut self, end: u64) -> u64 {
        let (a, b) = (self.below(end), self.below(end));
        if a < b { a } else { b }
    }

    pub(super) const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// One of `choices` by weight; the first where the weights add up to nothing.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (weight, choice) in choices {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        choices[0].1
    }
}

/// A GUID of the usual random form that depends on `seed` alone.
pub(super) fn guid(seed: u64) -> uuid::Uuid {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(seed).to_be_bytes());
    bytes[8..].copy_from_slice(&mix(seed ^ 0x5851_f42d_4c95_7f2d).to_be_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let mut chance = Chance::new(1);
        assert_eq!(chance.next(), 0x910a_2dec_8902_5cc1);
    }

    #[test]
    fn weights_are_kept() {
        let mut chance = Chance::new(7);
        let hits = (0..10_000)
            .filter(|_| chance.weighted(&[(1, true), (9, false)]))
            .count();
        assert!((900..1_100).contains(&hits), "{hits}");
    }

    #[test]
    fn guids_have_the_usual_form() {
        assert_eq!(guid(3).get_version_num(), 4);
        assert_ne!(guid(3), guid(4));
    }
}
