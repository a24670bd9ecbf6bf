//! Finding a pattern in many texts at once: over whole pieces of the buffer, not text by text.
//!
//! What deliberately is not here: which texts a filter is about (`term.rs`).

use memchr::memmem::Finder;
use regex_automata::{Input, meta};

use crate::{
    arena::Arena,
    bits::Bits,
    matcher::{Engine, Expression, Matcher, is_long},
    pace::{Pace, Stopped},
};

/// Where hits go. A row that has its hit already is not searched again.
pub(crate) struct Found<'a> {
    pub bits: &'a mut Bits,
    /// The row of each text; none where texts and rows have the same numbers.
    pub rows: Option<&'a [u32]>,
}

impl Found<'_> {
    fn hit(&mut self, text: usize) {
        let row = self.rows.map_or(text, |rows| rows[text] as usize);
        self.bits.set(row);
    }

    /// The first text at or after this one whose row is still open.
    fn next(&self, text: usize) -> usize {
        match self.rows {
            None => self.bits.next_unset(text.min(self.bits.len())),
            Some(rows) => {
                let settled = rows[text.min(rows.len())..]
                    .iter()
                    .take_while(|row| self.bits.get(**row as usize))
                    .count();
                text + settled
            }
        }
    }
}

/// Finds the texts that the pattern is in.
pub(crate) fn scan(
    arena: &Arena,
    matcher: &Matcher,
    found: &mut Found<'_>,
    pace: &mut Pace<'_>,
) -> Result<(), Stopped> {
    match matcher.engine(arena.has_odd_folds()) {
        Engine::Nothing => Ok(()),
        Engine::Everything => {
            (0..arena.len()).for_each(|text| found.hit(text));
            Ok(())
        }
        Engine::Literal(finder) => by_literal(arena, finder, None, found, pace),
        Engine::Expression(expression) => match (&expression.required, &expression.many) {
            (Some(finder), _) => by_literal(arena, finder, Some(expression), found, pace),
            (None, Some(many)) => across(arena, many, expression, found, pace),
            (None, None) => one_by_one(arena, expression, found, pace),
        },
    }
}

/// Finds the literal; where it is only a part of an expression, the texts that have it are looked at closer.
fn by_literal(
    arena: &Arena,
    finder: &Finder<'_>,
    closer: Option<&Expression>,
    found: &mut Found<'_>,
    pace: &mut Pace<'_>,
) -> Result<(), Stopped> {
    let mut text = found.next(0);
    while text < arena.len() {
        let start = arena.start(text);
        let past = arena.text_at(text, start + pace.piece()).max(text + 1).min(arena.len());
        let limit = arena.end(past - 1);
        while text < past {
            let at = arena.start(text);
            let Some(hit) = finder.find(&arena.bytes()[at..limit]) else {
                break;
            };
            let candidate = arena.text_at(text, at + hit);
            let open = found.next(candidate) == candidate;
            if open && closer.map_or(Ok(true), |closer| closer.is_in(arena.lowered(candidate), pace))? {
                found.hit(candidate);
            }
            text = found.next(candidate + 1);
        }
        text = found.next(text.max(past));
        pace.work(limit - start + 1)?;
    }
    Ok(())
}

/// Finds an expression over pieces of the buffer. Long texts are taken out and searched by themselves.
fn across(
    arena: &Arena,
    many: &meta::Regex,
    expression: &Expression,
    found: &mut Found<'_>,
    pace: &mut Pace<'_>,
) -> Result<(), Stopped> {
    let mut text = found.next(0);
    while text < arena.len() {
        if is_long(arena.end(text) - arena.start(text)) {
            if expression.is_in(arena.lowered(text), pace)? {
                found.hit(text);
            }
            text = found.next(text + 1);
            continue;
        }
        let past = piece_without_long(arena, text, pace.piece());
        let start = arena.start(text);
        let limit = arena.end(past - 1) + 1;
        while text < past {
            let input = Input::new(arena.bytes()).range(arena.start(text)..limit).earliest(true);
            let Some(hit) = many.search_half(&input) else {
                break;
            };
            // No match is empty, so the byte before its end is in the text.
            let hit = arena.text_at(text, hit.offset() - 1);
            found.hit(hit);
            text = found.next(hit + 1);
        }
        text = found.next(text.max(past));
        pace.work(limit - start)?;
    }
    Ok(())
}

/// The text after the last one of a piece: `bytes` long or a little longer, and without a long text.
fn piece_without_long(arena: &Arena, first: usize, bytes: usize) -> usize {
    let start = arena.start(first);
    let mut past = first + 1;
    while past < arena.len() && arena.end(past - 1) - start < bytes && !is_long(arena.end(past) - arena.start(past)) {
        past += 1;
    }
    past
}

fn one_by_one(
    arena: &Arena,
    expression: &Expression,
    found: &mut Found<'_>,
    pace: &mut Pace<'_>,
) -> Result<(), Stopped> {
    let mut text = found.next(0);
    while text < arena.len() {
        if expression.is_in(arena.lowered(text), pace)? {
            found.hit(text);
        }
        text = found.next(text + 1);
    }
    Ok(())
}
