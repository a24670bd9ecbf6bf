//! Searching: a query over all rows, helped by what the query before has found.
//!
//! What deliberately is not here: one condition (`term.rs`), what becomes of the matches (`hits.rs`).

use std::{cell::RefCell, collections::HashMap, ops::ControlFlow, sync::Arc};

use cipp_client::Day;
use log_query::{Pattern, Query, Test, TextField};

use crate::{
    arena::SparseTexts,
    bits::Bits,
    columns::TextColumn,
    hits::{Hits, Part, undecided},
    index::Index,
    pace::{Pace, Stop, Stopped, for_each_part},
    segment::Segment,
    term::{Condition, TermRows},
};

/// A narrower condition is tried on the matches of the wider one when they are few: so many, or one row in 64.
/// Otherwise searching everything is faster than looking at single rows.
const FEW: usize = 16;

/// Where the data of days is read that is not in memory.
pub trait LogDataSource: Send + Sync {
    /// Hands over the data of a day's rows, some thousand rows at a time, in the order of the day's file: the number of
    /// the first row, and one text for each row (empty where there is none). Ends early when `visit` breaks.
    ///
    /// # Errors
    /// A sentence with the cause and the next step.
    fn log_data(&self, day: Day, visit: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>) -> Result<(), String>;
}

/// Why the data of a day was not searched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogDataError {
    /// A newer search took over.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The data could not be read.
    #[error("{0}")]
    Unreadable(String),
}

impl Index {
    /// The rows that match. What `previous` (any earlier query over this or an earlier snapshot) found is used again as
    /// far as it goes: rows that came in between are all that is searched for a condition that stayed.
    ///
    /// `stop` is asked every few milliseconds at the most.
    ///
    /// # Errors
    /// `stop` said so.
    pub fn search(&self, query: &Query, previous: Option<(&Query, &Hits)>, stop: Stop<'_>) -> Result<Hits, Stopped> {
        let known = Known::of(previous.map(|(_, hits)| hits), query);
        let conditions: Vec<Condition> = query.terms.iter().map(|term| Condition::new(&term.test)).collect();
        let parts = for_each_part(self.segments().len(), self.len(), stop, |part| {
            let segment = &self.segments()[part];
            let mut pace = Pace::new(stop);
            let terms = conditions
                .iter()
                .enumerate()
                .map(|(term, condition)| known.rows(segment, term, condition, &mut pace))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Part::new(query, terms, segment.len()))
        })?;
        Ok(Hits::new(self, query, parts))
    }

    /// The matches with the data of one day searched too, which is not in memory: see [`Hits::pending_days`]. `hits` are
    /// of this query.
    ///
    /// # Errors
    /// `stop` said so, or the source could not read the day; then `hits` stay as good as they were.
    pub fn search_log_data(
        &self,
        query: &Query,
        hits: &Hits,
        day: Day,
        source: &dyn LogDataSource,
        stop: Stop<'_>,
    ) -> Result<Hits, LogDataError> {
        let mut days = DaySearch::new(query, hits, day);
        if days.segments.is_empty() {
            return Ok(hits.clone());
        }
        let pace = RefCell::new(Pace::new(stop));
        let mut stopped = Ok(());
        let read = source.log_data(day, &mut |first_row, texts| {
            stopped = if stop() {
                Err(Stopped)
            } else {
                days.add(first_row, texts, &mut pace.borrow_mut())
            };
            match stopped {
                Ok(()) => ControlFlow::Continue(()),
                Err(Stopped) => ControlFlow::Break(()),
            }
        });
        stopped?;
        read.map_err(LogDataError::Unreadable)?;
        Ok(days.finish(hits))
    }
}

/// What an earlier search knows about the terms of this one.
struct Known<'a> {
    parts: HashMap<usize, &'a Part>,
    /// For each term of the new query what the old one has for it.
    terms: Vec<Use>,
}

#[derive(Clone, Copy)]
enum Use {
    Nothing,
    /// The same condition, at this place.
    Same(usize),
    /// A wider condition.
    Wider(usize),
}

impl<'a> Known<'a> {
    fn of(previous: Option<&'a Hits>, query: &Query) -> Known<'a> {
        let Some(hits) = previous else {
            return Known {
                parts: HashMap::new(),
                terms: query.terms.iter().map(|_| Use::Nothing).collect(),
            };
        };
        let old = &hits.query().terms;
        let terms = query.terms.iter().map(|term| {
            let same = old.iter().position(|old| old.test == term.test).map(Use::Same);
            let wider = || {
                old.iter()
                    .position(|old| narrows(&term.test, &old.test))
                    .map(Use::Wider)
            };
            same.or_else(wider).unwrap_or(Use::Nothing)
        });
        let segments = hits.index().segments().iter();
        Known {
            parts: segments.map(|segment| segment.identity()).zip(hits.parts()).collect(),
            terms: terms.collect(),
        }
    }

    fn rows(
        &self,
        segment: &Segment,
        term: usize,
        condition: &Condition,
        pace: &mut Pace<'_>,
    ) -> Result<Arc<TermRows>, Stopped> {
        let part = self.parts.get(&segment.identity());
        match (self.terms[term], part) {
            (Use::Same(at), Some(part)) if part.terms[at].unknown.is_none() || !segment.has_log_data() => {
                Ok(Arc::clone(&part.terms[at]))
            }
            (Use::Wider(at), Some(part)) => {
                let mut candidates = part.terms[at].found.clone();
                if let Some(unknown) = &part.terms[at].unknown {
                    candidates.or(unknown);
                }
                let few = candidates.count() as usize <= FEW.max(segment.len() / 64);
                let rows = if few {
                    condition.rows_among(&candidates, segment, pace)?
                } else {
                    let mut rows = condition.rows(segment, pace)?;
                    if let Some(unknown) = &mut rows.unknown {
                        unknown.and(&candidates);
                    }
                    rows
                };
                Ok(Arc::new(rows))
            }
            _ => condition.rows(segment, pace).map(Arc::new),
        }
    }
}

/// Whether every row that fulfils `new` fulfils `old` too: a word that was typed on.
fn narrows(new: &Test, old: &Test) -> bool {
    let (new, old) = match (new, old) {
        (Test::Anywhere(Pattern::Contains(new)), Test::Anywhere(Pattern::Contains(old))) => (new, old),
        (Test::Text(TextField::Message, new), Test::Text(TextField::Message, old)) => match (&new[..], &old[..]) {
            ([Pattern::Contains(new)], [Pattern::Contains(old)]) => (new, old),
            _ => return false,
        },
        _ => return false,
    };
    new.to_ascii_lowercase().contains(&old.to_ascii_lowercase())
}

/// The data of one day's rows, searched as it is read.
struct DaySearch<'a> {
    query: &'a Query,
    conditions: Vec<(usize, Condition)>,
    segments: Vec<SegmentSearch>,
}

/// A segment whose rows come from the day's file.
struct SegmentSearch {
    /// Its place in the index.
    place: usize,
    /// The first of its rows among the rows of the source.
    first: u32,
    /// For each row of the source its row here; none where they are the same.
    row_of_source: Option<Vec<u32>>,
    len: usize,
    /// Rows whose data decides.
    wanted: Bits,
    /// For each condition what its data gave.
    found: Vec<Bits>,
}

impl<'a> DaySearch<'a> {
    fn new(query: &'a Query, hits: &Hits, day: Day) -> DaySearch<'a> {
        let conditions: Vec<(usize, Condition)> = query
            .terms
            .iter()
            .map(|term| Condition::new(&term.test))
            .enumerate()
            .filter(|(_, condition)| condition.asks_data())
            .collect();
        let mut segments = Vec::new();
        let mut first = 0;
        for (place, segment) in hits.index().segments().iter().enumerate() {
            if segment.day() != day || segment.has_log_data() {
                continue;
            }
            let wanted = undecided(query, &hits.parts()[place], segment.len());
            if !wanted.is_none() {
                segments.push(SegmentSearch {
                    place,
                    first,
                    row_of_source: segment.order().map(inverse),
                    len: segment.len(),
                    found: conditions.iter().map(|_| Bits::none(segment.len())).collect(),
                    wanted,
                });
            }
            first += segment.len() as u32;
        }
        DaySearch {
            query,
            conditions,
            segments,
        }
    }

    fn add(&mut self, first_row: u32, texts: &TextColumn, pace: &mut Pace<'_>) -> Result<(), Stopped> {
        for segment in &mut self.segments {
            let data = segment.data(first_row, texts);
            for ((_, condition), found) in self.conditions.iter().zip(&mut segment.found) {
                condition.add_data(&data.arena, &data.rows, found, pace)?;
            }
        }
        Ok(())
    }

    fn finish(self, hits: &Hits) -> Hits {
        let mut parts = hits.parts().to_vec();
        for segment in self.segments {
            let part = &mut parts[segment.place];
            let mut terms = part.terms.clone();
            for ((term, _), found) in self.conditions.iter().zip(&segment.found) {
                terms[*term] = Arc::new(segment.known(&terms[*term], found));
            }
            *part = Part::new(self.query, terms, segment.len);
        }
        Hits::new(hits.index(), self.query, parts)
    }
}

impl SegmentSearch {
    /// The texts of the rows that matter, ready to be searched. Their rows are in no order, which searching by text does
    /// not need.
    fn data(&self, first_row: u32, texts: &TextColumn) -> SparseTexts {
        let mut data = SparseTexts::default();
        let mut wanted: Vec<&[u8]> = Vec::new();
        for at in 0..texts.ends.len() {
            let Some(row) = self.row(first_row + at as u32) else {
                continue;
            };
            let text = texts.bytes_of(at);
            if !text.is_empty() && self.wanted.get(row as usize) {
                wanted.push(text);
                data.rows.push(row);
            }
        }
        let bytes = wanted.iter().map(|text| text.len()).sum();
        data.arena = crate::arena::Arena::of(bytes, wanted.into_iter());
        data
    }

    fn row(&self, source_row: u32) -> Option<u32> {
        let row = source_row
            .checked_sub(self.first)
            .filter(|row| (*row as usize) < self.len)?;
        Some(self.row_of_source.as_ref().map_or(row, |rows| rows[row as usize]))
    }

    fn known(&self, before: &TermRows, by_data: &Bits) -> TermRows {
        let mut found = before.found.clone();
        found.or(by_data);
        let unknown = before.unknown.as_ref().map(|unknown| {
            let mut unknown = unknown.clone();
            unknown.and_not(&self.wanted);
            unknown
        });
        TermRows {
            found,
            unknown: unknown.filter(|unknown| !unknown.is_none()),
        }
    }
}

fn inverse(order: &[u32]) -> Vec<u32> {
    let mut inverse = vec![0; order.len()];
    for (row, source) in order.iter().enumerate() {
        inverse[*source as usize] = row as u32;
    }
    inverse
}
