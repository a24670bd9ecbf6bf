//! A day of JSON to a ready index and its first search, in a process of its own so that its memory can be told.

use std::{fs::File, io::Read, path::Path, sync::Arc};

use cipp_client::Row;
use engine_bench::{
    measure::{cpu_ms, peak_mb},
    rows::day,
    sqlite::Look,
};
use log_index::{DayColumnsBuilder, Dictionaries, Index, RawRowsBuilder, ReadRow, Segment};

use crate::{engine::query, split::Splitter};

/// CPU seconds, peak memory in MB and hits, as one line. The file is read as a reply arrives: 64 KB at a time.
pub fn measured(file: &Path, word: &str) -> String {
    let mut file = File::open(file).expect("the day's file");
    let (mut splitter, mut rows) = (Splitter::new(), Vec::new());
    let (mut columns, mut kept) = (DayColumnsBuilder::new(), RawRowsBuilder::new());
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let size = file.read(&mut chunk).expect("the day is read");
        if size == 0 {
            break;
        }
        splitter.push(&chunk[..size], &mut rows).expect("a list of rows");
        for row in rows.drain(..) {
            let row = Row::from_raw(row.into_raw());
            columns.push(&ReadRow::of(&row));
            kept.push(row.raw());
        }
    }
    splitter.finish().expect("a whole list");
    let segment = Segment::new(day(0), columns.finish(), Some(kept.finish()), &Dictionaries::new());
    let index = Index::new().with_day(day(0), vec![Arc::new(segment)]);
    let query = query(&Look::Like(word.into()));
    let hits = index.search(&query, None, &|| false).expect("nobody stops it");
    format!("{} {} {}", cpu_ms() / 1e3, peak_mb(), hits.counts().matched)
}
