//! Our side: the index over synthetic rows, and the archive.

use std::{path::Path, sync::Arc};

use cipp_client::Row;
use engine_bench::{
    measure::timed,
    rows::{DAY_NS, DAYS, END_NS, day, row, rows_of_day},
    sqlite::Look,
};
use log_archive::{ArchiveKey, ConnectionArchive, DayMeta};
use log_index::{DayColumnsBuilder, Dictionaries, Hits, Index, ReadRow, Segment};
use log_query::{FacetField, Pattern, Query, Term, Test};
use serde_json::{Value, json};

/// An index with all rows, their data in memory.
pub struct Loaded {
    index: Index,
    rows: usize,
    text_bytes: usize,
}

fn never() -> bool {
    false
}

/// A filter for a look.
pub fn query(look: &Look) -> Query {
    let pattern = match look {
        Look::All => return Query::default(),
        Look::Like(text) => Pattern::Contains(text.clone()),
        Look::Regexp(text) => Pattern::Regex(text.clone()),
    };
    Query {
        terms: vec![Term {
            negated: false,
            test: Test::Anywhere(pattern),
        }],
    }
}

impl Loaded {
    /// Makes the rows and puts them in.
    pub fn new(rows: usize) -> Loaded {
        let (mut index, dictionaries) = (Index::new(), Dictionaries::new());
        let mut text_bytes = 0;
        for n in 0..DAYS {
            let mut columns = DayColumnsBuilder::new();
            for n in rows_of_day(n, rows) {
                columns.push(&ReadRow::of(&Row::from_raw(row(n, rows).into())));
            }
            let columns = columns.finish();
            text_bytes += columns.message.bytes.len() + columns.log_data.as_ref().map_or(0, |data| data.bytes.len());
            let segment = Segment::new(day(n), columns, None, &dictionaries);
            index = index.with_day(day(n), vec![Arc::new(segment)]);
        }
        Loaded {
            index,
            rows,
            text_bytes,
        }
    }

    /// The matching rows.
    pub fn search(&self, look: &Look) -> Hits {
        self.index.search(&query(look), None, &never).expect("nobody stops it")
    }

    /// Facets, histogram and first page; how many rows match.
    pub fn counted(&self, look: &Look, hits: &Hits) -> u32 {
        let query = query(look);
        let fields = [FacetField::Severity, FacetField::Tenant, FacetField::User, FacetField::Api];
        let facets = self.index.facets(&query, hits, &fields, "", 20, &never).expect("nobody stops it");
        let first = END_NS - DAYS as i64 * DAY_NS;
        let edges: Vec<i64> = (0..=120).map(|bar| first + bar * (DAYS as i64 * DAY_NS / 120)).collect();
        let histogram = self.index.histogram(&query, hits, &edges, &never).expect("nobody stops it");
        assert!(facets.facets.len() == 4 && histogram.bars.len() == 120);
        self.index.page(hits, 0, 100);
        hits.counts().matched
    }

    /// A page of 100 rows.
    pub fn page(&self, hits: &Hits, offset: usize) -> usize {
        self.index.page(hits, offset as u32, 100).len()
    }

    /// As many bytes as a search goes through.
    pub fn searched_bytes(&self) -> Vec<u8> {
        (0..self.text_bytes).map(|n| n as u8 | 1).collect()
    }

    /// What the rows take.
    pub fn memory(&self) -> Value {
        let data: usize = (0..DAYS)
            .flat_map(|n| self.index.segments_of(day(n)))
            .map(|segment| segment.log_data_bytes())
            .sum();
        let all = self.index.memory_bytes();
        let kb = |bytes: usize| (bytes as f64 / self.rows as f64).round() / 1_000.0;
        json!({ "kb_a_row": kb(all), "kb_a_row_without_data": kb(all - data) })
    }
}

/// The sum of all bytes, eight at a time.
pub fn summed(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)));
    rest.iter().fold(words, |sum, byte| sum.wrapping_add(u64::from(*byte)))
}

/// The rows in an archive, and what writing took.
pub fn archived(folder: &Path, rows: usize) -> (ConnectionArchive, f64) {
    let key = ArchiveKey::generate().expect("the system gives random numbers");
    let archive = ConnectionArchive::open(folder, "bench", key).expect("the archive opens");
    let mut cpu = 0.0;
    for n in 0..DAYS {
        let texts: Vec<String> = rows_of_day(n, rows).map(|n| row(n, rows)).collect();
        let (took, ()) = timed(|| {
            let meta = DayMeta {
                fetched_at: jiff::Timestamp::UNIX_EPOCH,
                zone: "UTC".into(),
                complete_at_close: true,
            };
            let mut writer = archive.write_day(day(n), meta).expect("the day begins");
            texts.iter().for_each(|text| writer.push(text).expect("a row is written"));
            writer.finish().expect("the day is written");
        });
        cpu += took;
    }
    (archive, cpu)
}

/// The archive as a ready index.
pub fn load(archive: &ConnectionArchive, with_data: bool, rows: usize) -> Index {
    let (mut index, dictionaries) = (Index::new(), Dictionaries::new());
    for n in 0..DAYS {
        let (columns, _) = archive.read_day(day(n), with_data).expect("the day is read");
        let segment = Segment::new(day(n), columns, None, &dictionaries);
        index = index.with_day(day(n), vec![Arc::new(segment)]);
    }
    assert_eq!(index.len(), rows);
    index
}
