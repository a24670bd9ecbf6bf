//! The rows that match a filter: which they are, in which order, and where one of them stands.
//!
//! What deliberately is not here: finding them (`search.rs`).

use std::{ops::ControlFlow, sync::Arc};

use cipp_client::Day;
use log_query::{Query, SeverityFamily, Term, Test};

use crate::{
    bits::Bits,
    index::{Index, Span},
    segment::Segment,
    term::TermRows,
    wire::{LogCounts, LogRow, RowId, SeverityCounts},
};

/// The rows that match a query in one snapshot of the index. Cheap to clone.
///
/// As long as the data of a day is neither in memory nor searched, a row counts as a match only where its data cannot
/// change that: a row is not shown because a word is in its data before that is known, and not because a word is *not*
/// in it either. So rows come as the data is searched, and none goes.
#[derive(Clone, Debug)]
pub struct Hits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    index: Index,
    query: Query,
    parts: Vec<Part>,
    /// For each span the matches before it; one more at the end.
    before: Vec<u32>,
    counts: LogCounts,
}

/// The matches of one segment.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// One for each term of the query.
    pub terms: Vec<Arc<TermRows>>,
    pub rows: Arc<Bits>,
}

impl Part {
    pub fn new(query: &Query, terms: Vec<Arc<TermRows>>, rows: usize) -> Part {
        Part {
            rows: Arc::new(together(&query.terms, &terms, rows, |_| false)),
            terms,
        }
    }
}

/// The rows that fulfil every term but those that are left out.
pub(crate) fn together(terms: &[Term], rows: &[Arc<TermRows>], len: usize, leave_out: impl Fn(&Term) -> bool) -> Bits {
    let mut all = Bits::all(len);
    for (term, rows) in terms.iter().zip(rows) {
        if leave_out(term) {
            continue;
        }
        if term.negated {
            all.and_not(&rows.found);
            if let Some(unknown) = &rows.unknown {
                all.and_not(unknown);
            }
        } else {
            all.and(&rows.found);
        }
    }
    all
}

/// The rows of a segment whose data decides whether they match: it must still be searched for them. Terms that facets or
/// the histogram leave out do not narrow this down, or those would count too little.
pub(crate) fn undecided(query: &Query, part: &Part, len: usize) -> Bits {
    let mut possible = Bits::all(len);
    let mut unknown = Bits::none(len);
    for (term, rows) in query.terms.iter().zip(&part.terms) {
        if can_be_left_out(term) {
            continue;
        }
        if term.negated {
            possible.and_not(&rows.found);
        } else {
            let mut may = rows.found.clone();
            if let Some(unknown) = &rows.unknown {
                may.or(unknown);
            }
            possible.and(&may);
        }
        if let Some(of_term) = &rows.unknown {
            unknown.or(of_term);
        }
    }
    unknown.and(&possible);
    unknown
}

fn can_be_left_out(term: &Term) -> bool {
    matches!(term.test, Test::Time { .. }) || crate::facets::choice_of(term).is_some()
}

impl Hits {
    pub(crate) fn new(index: &Index, query: &Query, parts: Vec<Part>) -> Hits {
        let mut before = Vec::with_capacity(index.spans().len() + 1);
        let mut matched = 0;
        for span in index.spans() {
            before.push(matched);
            matched += parts[span.segment as usize].rows.count_range(rows_of(span));
        }
        before.push(matched);
        let mut by_severity = SeverityCounts::default();
        for (segment, part) in index.segments().iter().zip(&parts) {
            for (family, rows) in segment.families() {
                by_severity.add_many(*family, part.rows.count_both(rows, 0..segment.len()));
            }
        }
        Hits(Arc::new(Inner {
            counts: LogCounts {
                total: index.len() as u32,
                matched,
                by_severity,
            },
            index: index.clone(),
            query: query.clone(),
            parts,
            before,
        }))
    }

    /// How many rows match, and how many there are.
    pub fn counts(&self) -> LogCounts {
        self.0.counts
    }

    /// Days whose data is not in memory and has to be searched before all matches are known, latest first.
    pub fn pending_days(&self) -> Vec<Day> {
        let mut days: Vec<Day> = Vec::new();
        for (segment, part) in self.0.index.segments().iter().zip(&self.0.parts) {
            if days.last() != Some(&segment.day()) && !undecided(&self.0.query, part, segment.len()).is_none() {
                days.push(segment.day());
            }
        }
        days
    }

    pub(crate) fn index(&self) -> &Index {
        &self.0.index
    }

    pub(crate) fn query(&self) -> &Query {
        &self.0.query
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.0.parts
    }

    /// The matches from a position on, newest first; ends when `visit` breaks.
    fn walk(&self, offset: u32, visit: &mut dyn FnMut(&Arc<Segment>, u32) -> ControlFlow<()>) {
        let spans = self.0.index.spans();
        let mut at = self
            .0
            .before
            .partition_point(|before| *before <= offset)
            .saturating_sub(1);
        let mut skip = offset - self.0.before.get(at).copied().unwrap_or(offset);
        while let Some(span) = spans.get(at) {
            let segment = &self.0.index.segments()[span.segment as usize];
            let rows = &self.0.parts[span.segment as usize].rows;
            let Some(first) = rows.nth_in(rows_of(span), skip) else {
                // Only an empty span has nothing to give.
                at += 1;
                continue;
            };
            for row in rows.ones_in(first..span.end as usize) {
                if visit(segment, row as u32).is_break() {
                    return;
                }
            }
            skip = 0;
            at += 1;
        }
    }
}

fn rows_of(span: &Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

/// Every method takes [`Hits`] that this index, or an earlier snapshot, gave; the answer is about that snapshot.
impl Index {
    /// Some consecutive matches, newest first.
    pub fn page(&self, hits: &Hits, offset: u32, limit: u32) -> Vec<LogRow> {
        let mut rows = Vec::with_capacity(limit.min(1_000) as usize);
        if limit == 0 {
            return rows;
        }
        hits.walk(offset, &mut |segment, row| {
            rows.push(segment.shown(row));
            if rows.len() < limit as usize {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        rows
    }

    /// Every match, newest first; ends when `visit` breaks.
    pub fn for_each_match(&self, hits: &Hits, visit: &mut dyn FnMut(&Segment, u32) -> ControlFlow<()>) {
        hits.walk(0, &mut |segment, row| visit(segment, row));
    }

    /// Where a row stands among the matches; none where it does not match or is not there.
    pub fn position(&self, hits: &Hits, id: RowId) -> Option<u32> {
        let index = hits.index();
        let (segment, row) = index.find(id)?;
        let place = index.segments().iter().position(|own| Arc::ptr_eq(own, &segment))?;
        let rows = &hits.parts()[place].rows;
        if !rows.get(row as usize) {
            return None;
        }
        let is_in = |span: &Span| span.segment as usize == place && (span.start..span.end).contains(&row);
        let at = index.spans().iter().position(is_in)?;
        let start = index.spans()[at].start as usize;
        Some(hits.0.before[at] + rows.count_range(start..row as usize))
    }

    /// The position of the next match of one of these families after (or before) a position; `from` may be -1 to begin
    /// at an end.
    pub fn next_of(&self, hits: &Hits, families: &[SeverityFamily], from: i64, backwards: bool) -> Option<u32> {
        let matched = i64::from(hits.counts().matched);
        let (first, past) = match (backwards, from) {
            (true, ..0) => (0, matched),
            (true, _) => (0, from.min(matched)),
            (false, _) => ((from + 1).max(0), matched),
        };
        let spans = hits.index().spans().iter().zip(&hits.0.before);
        let mut search =
            |(span, before): (&Span, &u32)| next_in_span(hits, span, *before, families, first, past, backwards);
        if backwards {
            spans.rev().find_map(&mut search)
        } else {
            spans.into_iter().find_map(&mut search)
        }
    }

    /// The position of the first match at or before this time (nanoseconds since 1970 UTC): as many as are later.
    pub fn position_at(&self, hits: &Hits, time_ns: i64) -> u32 {
        let segments = hits.index().segments().iter().zip(hits.parts());
        segments
            .map(|(segment, part)| {
                let later = segment.times().partition_point(|time| *time > time_ns);
                part.rows.count_range(0..later)
            })
            .sum()
    }
}

/// The position of the first (or last) match of one of the families in a span, among the positions `first..past`.
fn next_in_span(
    hits: &Hits,
    span: &Span,
    before: u32,
    families: &[SeverityFamily],
    first: i64,
    past: i64,
    backwards: bool,
) -> Option<u32> {
    let segment = &hits.index().segments()[span.segment as usize];
    let rows = &hits.parts()[span.segment as usize].rows;
    let count = rows.count_range(rows_of(span));
    let from = (first - i64::from(before)).clamp(0, i64::from(count)) as u32;
    let to = (past - i64::from(before)).clamp(0, i64::from(count)) as u32;
    if from >= to {
        return None;
    }
    let start = rows.nth_in(rows_of(span), from)?;
    let last = rows.nth_in(rows_of(span), to - 1)?;
    let mut wanted = Bits::none(segment.len());
    for (family, of_family) in segment.families() {
        if families.contains(family) {
            wanted.or(of_family);
        }
    }
    wanted.and(rows);
    let row = if backwards {
        let count = wanted.count_range(start..last + 1);
        wanted.nth_in(start..last + 1, count.checked_sub(1)?)?
    } else {
        wanted.nth_in(start..last + 1, 0)?
    };
    Some(before + rows.count_range(span.start as usize..row))
}
