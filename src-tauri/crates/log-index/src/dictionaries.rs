//! The few different texts of a column, each once for all days: rows hold their numbers.
//!
//! What deliberately is not here: texts that differ from row to row (`arena.rs`).

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use log_query::{FacetField, TextField};

use crate::{arena::CasedArena, columns::DictionaryColumn};

/// The columns of few different texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coded {
    Severity,
    Tenant,
    Api,
    User,
    TenantId,
    App,
    Ip,
    Template,
}

impl Coded {
    pub const ALL: [Coded; 8] = [
        Coded::Severity,
        Coded::Tenant,
        Coded::Api,
        Coded::User,
        Coded::TenantId,
        Coded::App,
        Coded::Ip,
        Coded::Template,
    ];

    /// The column of a field; none for messages and row keys.
    pub fn of(field: TextField) -> Option<Coded> {
        Some(match field {
            TextField::SeverityText => Coded::Severity,
            TextField::Tenant => Coded::Tenant,
            TextField::Api => Coded::Api,
            TextField::User => Coded::User,
            TextField::TenantId => Coded::TenantId,
            TextField::App => Coded::App,
            TextField::Ip => Coded::Ip,
            TextField::Template => Coded::Template,
            TextField::Message | TextField::RowKey => return None,
        })
    }

    pub fn of_facet(field: FacetField) -> Coded {
        match field {
            FacetField::Severity => Coded::Severity,
            FacetField::Tenant => Coded::Tenant,
            FacetField::User => Coded::User,
            FacetField::Api => Coded::Api,
            FacetField::Ip => Coded::Ip,
            FacetField::App => Coded::App,
            FacetField::Template => Coded::Template,
        }
    }
}

/// Texts by number. A number never changes its meaning and no text is ever taken out, so that rows made at any time can
/// be compared by number.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    numbers: HashMap<Box<str>, u32>,
    texts: CasedArena,
}

impl Dictionary {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text);
        self.numbers.insert(text.into(), number);
        number
    }

    /// The texts, each at the place of its number.
    pub fn texts(&self) -> &CasedArena {
        &self.texts
    }

    fn memory_bytes(&self) -> usize {
        let texts = self.texts.memory_bytes();
        // Once more as the keys of the table.
        2 * texts + self.numbers.capacity() * (size_of::<(Box<str>, u32)>() + 1)
    }
}

/// The texts of all columns that have few different ones, shared by every segment of a logbook. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Dictionaries(Arc<[RwLock<Dictionary>; 8]>);

impl Dictionaries {
    /// Empty ones.
    pub fn new() -> Dictionaries {
        Dictionaries::default()
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        let bytes = |column: &Coded| self.read(*column).memory_bytes();
        Coded::ALL.iter().map(bytes).sum()
    }

    pub(crate) fn read(&self, column: Coded) -> RwLockReadGuard<'_, Dictionary> {
        self.0[column as usize].read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A column with the numbers of these dictionaries.
    pub(crate) fn translate(&self, column: Coded, from: &DictionaryColumn) -> Codes {
        let numbers: Vec<u32> = {
            let mut dictionary = self.0[column as usize].write().unwrap_or_else(PoisonError::into_inner);
            from.texts.iter().map(|text| dictionary.number(text)).collect()
        };
        Codes::of(&numbers, &from.codes)
    }

    pub(crate) fn is_same(&self, other: &Dictionaries) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A number for each row, as narrow as the largest one allows.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    /// All rows have this one.
    One(u32, usize),
    Bytes(Box<[u8]>),
    Words(Box<[u16]>),
    Wide(Box<[u32]>),
}

impl Codes {
    fn of(numbers: &[u32], local: &[u32]) -> Codes {
        let largest = numbers.iter().copied().max().unwrap_or(0);
        if let [one] = numbers {
            return Codes::One(*one, local.len());
        }
        match largest {
            0..=0xFF => Codes::Bytes(local.iter().map(|code| numbers[*code as usize] as u8).collect()),
            0x100..=0xFFFF => Codes::Words(local.iter().map(|code| numbers[*code as usize] as u16).collect()),
            _ => Codes::Wide(local.iter().map(|code| numbers[*code as usize]).collect()),
        }
    }

    pub fn get(&self, row: usize) -> u32 {
        match self {
            Codes::One(code, _) => *code,
            Codes::Bytes(codes) => u32::from(codes[row]),
            Codes::Words(codes) => u32::from(codes[row]),
            Codes::Wide(codes) => codes[row],
        }
    }

    pub fn memory_bytes(&self) -> usize {
        match self {
            Codes::One(..) => 0,
            Codes::Bytes(codes) => codes.len(),
            Codes::Words(codes) => 2 * codes.len(),
            Codes::Wide(codes) => 4 * codes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_the_same_over_all_days_and_get_wider_as_needed() {
        let dictionaries = Dictionaries::new();
        let column = |texts: &[String]| DictionaryColumn {
            codes: (0..texts.len() as u32).collect(),
            texts: texts.to_vec(),
        };
        for (from, to) in [(0, 1), (0, 200), (100, 400), (300, 70_000)] {
            let texts: Vec<String> = (from..to).map(|n| format!("Tenant {n}")).collect();
            let codes = dictionaries.translate(Coded::Tenant, &column(&texts));
            let dictionary = dictionaries.read(Coded::Tenant);
            for (row, text) in texts.iter().enumerate() {
                assert_eq!(&dictionary.texts().text(codes.get(row) as usize), text);
            }
            assert!(codes.memory_bytes() <= 4 * texts.len());
        }
        assert_eq!(dictionaries.read(Coded::Tenant).texts().len(), 70_000);
        assert_eq!(dictionaries.read(Coded::User).texts().len(), 0);
    }
}
