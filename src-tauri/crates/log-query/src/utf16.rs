//! Positions as JavaScript counts them, and back.

/// Translates between byte positions of a text and UTF-16 code units.
pub(crate) struct Utf16<'a> {
    text: &'a str,
    /// For each byte position the code units before it; none where both are the same.
    units: Option<Vec<u32>>,
}

impl<'a> Utf16<'a> {
    pub(crate) fn of(text: &'a str) -> Utf16<'a> {
        let units = (!text.is_ascii()).then(|| {
            let mut units = Vec::with_capacity(text.len() + 1);
            let mut count = 0;
            for c in text.chars() {
                units.extend(std::iter::repeat_n(count, c.len_utf8()));
                count += c.len_utf16() as u32;
            }
            units.push(count);
            units
        });
        Utf16 { text, units }
    }

    /// Code units before a byte position.
    pub(crate) fn at(&self, byte: usize) -> u32 {
        match &self.units {
            Some(units) => units.get(byte).or(units.last()).copied().unwrap_or_default(),
            None => byte.min(self.text.len()) as u32,
        }
    }

    /// The byte position of so many code units; the character's start for a position within a pair, the end of the text
    /// for one behind it.
    pub(crate) fn byte(&self, units: u32) -> usize {
        match &self.units {
            Some(all) => {
                let byte = all.partition_point(|before| *before <= units).saturating_sub(1);
                (0..=byte.min(self.text.len()))
                    .rev()
                    .find(|byte| self.text.is_char_boundary(*byte))
                    .unwrap_or_default()
            }
            None => (units as usize).min(self.text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_javascript() {
        let text = "a😀ü日b";
        let utf16 = Utf16::of(text);
        for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let units = text[..byte].encode_utf16().count() as u32;
            assert_eq!(utf16.at(byte), units);
            assert_eq!(utf16.byte(units), byte);
        }
        assert_eq!(utf16.byte(2), 1, "within the pair of the emoji");
        assert_eq!(utf16.byte(99), text.len());
    }
}
