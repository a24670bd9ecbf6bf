//! All rows in memory: the segments of all days in one order.
//!
//! What deliberately is not here: the rows of one day (`segment.rs`), searching (`search.rs`), counting (`facets.rs`).

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use cipp_client::Day;

use crate::{dictionaries::Dictionaries, segment::Segment, wire::RowId};

/// All rows in memory, newest first over all days, rows without a time last. A snapshot: it never changes, and the next
/// one shares what stayed. Cheap to clone.
///
/// Rows of one time stand with the later day first; within a day in the order of its segments.
#[derive(Clone, Debug, Default)]
pub struct Index(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Latest day first.
    days: Vec<Days>,
    segments: Vec<Arc<Segment>>,
    spans: Vec<Span>,
    rows: usize,
}

#[derive(Clone, Debug)]
struct Days {
    day: Day,
    segments: Vec<Arc<Segment>>,
}

/// Rows of one segment that stand together in the order of all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The segment's place among the segments of the index.
    pub segment: u32,
    pub start: u32,
    pub end: u32,
}

impl Index {
    /// An empty one.
    pub fn new() -> Index {
        Index::default()
    }

    /// The index with these segments in place of all that it has of the day; none to take the day out.
    pub fn with_day(&self, day: Day, segments: Vec<Arc<Segment>>) -> Index {
        let mut days = self.0.days.clone();
        let place = days.binary_search_by_key(&Reverse(day), |own| Reverse(own.day));
        match (place, segments.is_empty()) {
            (Ok(at), true) => drop(days.remove(at)),
            (Ok(at), false) => days[at].segments = segments,
            (Err(_), true) => {}
            (Err(at), false) => days.insert(at, Days { day, segments }),
        }
        debug_assert!(
            segments_share_dictionaries(&days),
            "all segments of an index are made with the same dictionaries"
        );
        let segments: Vec<Arc<Segment>> = days.iter().flat_map(|day| day.segments.iter().cloned()).collect();
        Index(Arc::new(Inner {
            spans: spans(&segments),
            rows: segments.iter().map(|segment| segment.len()).sum(),
            segments,
            days,
        }))
    }

    /// The segments of a day, in the order in which they were given.
    pub fn segments_of(&self, day: Day) -> &[Arc<Segment>] {
        match self.0.days.binary_search_by_key(&Reverse(day), |own| Reverse(own.day)) {
            Ok(at) => &self.0.days[at].segments,
            Err(_) => &[],
        }
    }

    /// The days that have segments, latest first.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        self.0.days.iter().map(|day| day.day)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.0.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.rows == 0
    }

    /// Bytes in memory, the shared dictionaries included.
    pub fn memory_bytes(&self) -> usize {
        let segments: usize = self.0.segments.iter().map(|segment| segment.memory_bytes()).sum();
        segments + self.dictionaries().map_or(0, Dictionaries::memory_bytes)
    }

    /// The row of an id, wherever filters leave it.
    pub fn find(&self, id: RowId) -> Option<(Arc<Segment>, u32)> {
        let mut segments = self.segments_of(id.day).iter();
        segments.find_map(|segment| Some((Arc::clone(segment), segment.row_of_key(id.key)?)))
    }

    /// The dictionaries that all segments share.
    pub(crate) fn dictionaries(&self) -> Option<&Dictionaries> {
        self.0.segments.first().map(|segment| segment.dictionaries())
    }

    pub(crate) fn segments(&self) -> &[Arc<Segment>] {
        &self.0.segments
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.0.spans
    }
}

fn segments_share_dictionaries(days: &[Days]) -> bool {
    let mut all = days.iter().flat_map(|day| &day.segments);
    let first = all.next().map(|segment| segment.dictionaries());
    first.is_none_or(|first| all.all(|segment| segment.dictionaries().is_same(first)))
}

/// The order of all rows, as spans: the segments' own orders, merged. Days hardly overlap, so that there are about as
/// many spans as segments.
fn spans(segments: &[Arc<Segment>]) -> Vec<Span> {
    // The newest next row first; the earlier segment where two have the same time.
    let mut next: BinaryHeap<(i64, Reverse<usize>, usize)> = segments
        .iter()
        .enumerate()
        .filter_map(|(at, segment)| Some((*segment.times().first()?, Reverse(at), 0)))
        .collect();
    let mut spans: Vec<Span> = Vec::with_capacity(segments.len());
    while let Some((_, Reverse(at), start)) = next.pop() {
        let rest = &segments[at].times()[start..];
        let length = match next.peek() {
            None => rest.len(),
            Some((other, Reverse(other_at), _)) => {
                gallop(rest, |time| *time > *other || (*time == *other && at < *other_at))
            }
        };
        let end = start + length;
        match spans.last_mut() {
            Some(last) if last.segment as usize == at => last.end = end as u32,
            _ => spans.push(Span {
                segment: at as u32,
                start: start as u32,
                end: end as u32,
            }),
        }
        if let Some(time) = segments[at].times().get(end) {
            next.push((*time, Reverse(at), end));
        }
    }
    spans
}

/// How many of the first times are so; near ones are found faster than far ones. At least one is.
fn gallop(times: &[i64], is: impl Fn(&i64) -> bool) -> usize {
    let mut step = 1;
    while step < times.len() && is(&times[step]) {
        step *= 2;
    }
    let from = (step / 2).min(times.len());
    let to = (step + 1).min(times.len());
    from + times[from..to].partition_point(is)
}
