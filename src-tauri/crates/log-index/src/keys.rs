//! Row keys: 16 bytes each as long as they are GUIDs in the form CIPP writes, and the hashes that name rows.
//!
//! The hash of a GUID is quickly made again, so that it is not kept beside it.
//!
//! The hash is our own few lines, since ids are kept in files (bookmarks, links): the standard library's hash may change
//! with its version.

use std::hash::Hasher;

use crate::{arena::SparseTexts, columns::TextColumn};

/// The row keys of a segment.
#[derive(Clone, Debug)]
pub(crate) struct RowKeys {
    guids: Box<[u128]>,
    /// Keys that are no GUID, or not in CIPP's form of it.
    others: SparseTexts,
}

/// What names each row of a segment: a hash of its row key, if no other row has that.
#[derive(Clone, Debug)]
pub(crate) enum RowNames {
    /// The hashes of the GUIDs, but for some rows: these, ascending, with their names.
    OfGuids(Box<[(u32, u64)]>),
    All(Box<[u64]>),
}

impl RowNames {
    /// Keeps the names of rows with these keys.
    pub fn of(names: Vec<u64>, keys: &RowKeys) -> RowNames {
        let is_other = |row: usize| keys.key_of_guid(row) != Some(names[row]);
        let others = (0..names.len()).filter(|row| is_other(*row)).count();
        if others * size_of::<(u32, u64)>() >= size_of_val(&*names) {
            return RowNames::All(names.into_boxed_slice());
        }
        let mut kept = Vec::with_capacity(others);
        let others = (0..names.len()).filter(|row| is_other(*row));
        kept.extend(others.map(|row| (row as u32, names[row])));
        RowNames::OfGuids(kept.into_boxed_slice())
    }

    pub fn get(&self, row: u32, keys: &RowKeys) -> u64 {
        match self {
            RowNames::All(names) => names[row as usize],
            RowNames::OfGuids(others) => match others.binary_search_by_key(&row, |(row, _)| *row) {
                Ok(at) => others[at].1,
                // Every row that is not among the others has a GUID.
                Err(_) => keys.key_of_guid(row as usize).unwrap_or_default(),
            },
        }
    }

    /// The row with this name.
    pub fn find(&self, name: u64, keys: &RowKeys) -> Option<u32> {
        (0..keys.guids.len() as u32).find(|row| self.get(*row, keys) == name)
    }

    pub fn memory_bytes(&self) -> usize {
        match self {
            RowNames::All(names) => size_of_val(&**names),
            RowNames::OfGuids(others) => size_of_val(&**others),
        }
    }
}

/// Stands in `guids` where the key is among the others, or where there is none.
const NO_GUID: u128 = 0;

impl RowKeys {
    pub fn of(column: &TextColumn) -> RowKeys {
        let mut others = SparseTexts::default();
        let guids = (0..column.ends.len()).map(|row| {
            let text = column.bytes_of(row);
            let guid = guid(text).unwrap_or(NO_GUID);
            if guid == NO_GUID && !text.is_empty() {
                others.push(row as u32, &String::from_utf8_lossy(text));
            }
            guid
        });
        RowKeys {
            guids: guids.collect(),
            others,
        }
    }

    /// The key of a row, lower-cased, in `buffer` where it has to be written out.
    pub fn lowered<'a>(&'a self, row: usize, buffer: &'a mut [u8; 36]) -> &'a [u8] {
        match self.guids[row] {
            NO_GUID => match self.others.place(row as u32) {
                Some(place) => self.others.arena.lowered(place),
                None => b"",
            },
            guid => {
                write_guid(guid, buffer);
                buffer
            }
        }
    }

    /// The hash of a row's key; none where the row has no key.
    pub fn key(&self, row: usize, column: &TextColumn) -> Option<u64> {
        let hash = || Some(column.bytes_of(row)).filter(|text| !text.is_empty()).map(key_of);
        self.key_of_guid(row).or_else(hash)
    }

    /// The same, where the key is a GUID.
    fn key_of_guid(&self, row: usize) -> Option<u64> {
        Some(self.guids[row]).filter(|guid| *guid != NO_GUID).map(key_of_guid)
    }

    pub fn has_odd_folds(&self) -> bool {
        self.others.arena.has_odd_folds()
    }

    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.guids) + self.others.memory_bytes()
    }
}

/// The value of each lower-case hexadecimal digit; of every other byte [`NO_DIGIT`].
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};
/// More than any digit, so that one comparison tells of all digits whether one was none.
const NO_DIGIT: u8 = 0xF0;
/// Where the two digits of each byte of a GUID stand.
const PAIRS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// A GUID in CIPP's form: lower-case digits, four dashes. Every key of a million rows is read by this, so without a branch
/// a digit.
fn guid(text: &[u8]) -> Option<u128> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let mut bytes = [0; 16];
    let mut seen = 0;
    for (byte, at) in bytes.iter_mut().zip(PAIRS) {
        let (high, low) = (DIGITS[text[at] as usize], DIGITS[text[at + 1] as usize]);
        seen |= high | low;
        *byte = high << 4 | low & 0xF;
    }
    let dashes = [8, 13, 18, 23].iter().all(|at| text[*at] == b'-');
    (seen < NO_DIGIT && dashes).then(|| u128::from_be_bytes(bytes))
}

fn write_guid(guid: u128, buffer: &mut [u8; 36]) {
    let mut shift = 128;
    for (at, byte) in buffer.iter_mut().enumerate() {
        *byte = if matches!(at, 8 | 13 | 18 | 23) {
            b'-'
        } else {
            shift -= 4;
            b"0123456789abcdef"[(guid >> shift & 0xF) as usize]
        };
    }
}

/// The hash of a row key.
pub(crate) fn key_of(text: &[u8]) -> u64 {
    match guid(text) {
        Some(guid) => key_of_guid(guid),
        None => key_of_parts(&[text]),
    }
}

fn key_of_guid(guid: u128) -> u64 {
    mixed(mixed((guid >> 64) as u64) ^ guid as u64)
}

/// The hash of several texts: FNV-1a over them and their lengths, and mixed well.
pub(crate) fn key_of_parts(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for part in parts {
        for byte in part.iter().copied().chain((part.len() as u64).to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    mixed(hash)
}

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
fn mixed(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

/// A hasher for keys that are hashes already.
#[derive(Default)]
pub(crate) struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_form_come_back_and_ids_never_change() {
        let texts = [
            "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f",
            "7D3C1B9E-5A41-4A7F-9A53-0D8A1C2B3E4F",
            "00000000-0000-0000-0000-000000000000",
            "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4",
            "7d3c1b9e-5a41-4a7f-9a53+0d8a1c2b3e4f",
            "",
            "Schlüssel 7",
        ];
        let mut column = TextColumn::default();
        texts.iter().for_each(|text| column.push(text));
        let keys = RowKeys::of(&column);
        for (row, text) in texts.iter().enumerate() {
            let mut buffer = [0; 36];
            assert_eq!(keys.lowered(row, &mut buffer), text.to_ascii_lowercase().as_bytes());
        }
        for others in 0..texts.len() {
            // The names of some rows are not those of their keys: the fewer, the more are made again.
            let mut names: Vec<u64> = texts.iter().map(|text| key_of(text.as_bytes())).collect();
            names[..others].iter_mut().for_each(|name| *name = name.wrapping_add(1));
            let kept = RowNames::of(names.clone(), &keys);
            for (row, name) in names.iter().enumerate() {
                assert_eq!(kept.get(row as u32, &keys), *name);
                assert_eq!(kept.find(*name, &keys), Some(row as u32));
            }
            assert_eq!(kept.find(7, &keys), None);
            assert!(kept.memory_bytes() <= 8 * texts.len());
        }
        let hashes: std::collections::HashSet<u64> = texts.iter().map(|text| key_of(text.as_bytes())).collect();
        assert_eq!(hashes.len(), texts.len());
        // Ids are kept in files: these numbers must stay what they are.
        assert_eq!(key_of(texts[0].as_bytes()), 0x934C_A21B_6B8F_39BE);
        assert_eq!(key_of(b"Schl"), 0x3AE4_1C86_3AC8_4401);
    }
}
