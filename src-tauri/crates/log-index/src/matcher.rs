//! One pattern, made ready to be found in lowered text.
//!
//! What deliberately is not here: walking over many texts (`scan.rs`).

use std::sync::OnceLock;

use log_query::Pattern;
use memchr::memmem::Finder;
use regex_automata::{
    Input,
    hybrid::dfa::DFA,
    meta,
    nfa::thompson::{self, WhichCaptures},
};
use regex_syntax::hir::{Hir, HirKind};

use crate::{
    arena::SEPARATOR,
    lowering,
    pace::{Pace, Stopped},
};

/// A shorter text that every match must have is too frequent to be looked for first.
const REQUIRED_BYTES: usize = 3;
/// A text longer than this is searched so that the search can be stopped half-way.
const LONG_TEXT: usize = 32 * 1024;
/// Above what the reader of filter texts allows, so that nothing that it let through is refused here.
const COMPILED_BYTES: usize = 64 * 1024 * 1024;

/// A pattern ready to be found.
#[derive(Debug)]
pub(crate) struct Matcher {
    pattern: Pattern,
    plain: Engine,
    /// For texts with one of the characters that [`crate::arena::Arena::has_odd_folds`] is about.
    odd: OnceLock<Engine>,
}

/// How a pattern is found.
#[derive(Debug)]
pub(crate) enum Engine {
    /// In no text.
    Nothing,
    /// In every text.
    Everything,
    /// The text itself.
    Literal(Box<Finder<'static>>),
    /// An expression.
    Expression(Box<Expression>),
}

/// A regular expression over lowered text.
#[derive(Debug)]
pub(crate) struct Expression {
    hir: Hir,
    /// A text that every match has in it: looked for first.
    pub required: Option<Finder<'static>>,
    /// For one text.
    one: meta::Regex,
    /// For many texts with separators between them, where that is possible.
    pub many: Option<meta::Regex>,
    steps: OnceLock<Option<DFA>>,
}

impl Matcher {
    pub fn new(pattern: &Pattern) -> Matcher {
        Matcher {
            plain: Engine::new(pattern, false),
            odd: OnceLock::new(),
            pattern: pattern.clone(),
        }
    }

    /// How it is found in texts that have, or have not, one of the odd characters.
    pub fn engine(&self, odd_folds: bool) -> &Engine {
        if odd_folds {
            self.odd.get_or_init(|| Engine::new(&self.pattern, true))
        } else {
            &self.plain
        }
    }

    /// Whether it is found in a text that is not lowered yet.
    pub fn fits(&self, text: &str, pace: &mut Pace<'_>) -> Result<bool, Stopped> {
        let odd_folds = text.contains(['\u{17F}', '\u{212A}']);
        self.engine(odd_folds).is_in(text.to_ascii_lowercase().as_bytes(), pace)
    }
}

impl Engine {
    fn new(pattern: &Pattern, odd_folds: bool) -> Engine {
        let Some(hir) = lowering::lowered(pattern, odd_folds) else {
            return Engine::Nothing;
        };
        let properties = hir.properties();
        match properties.minimum_len() {
            None => return Engine::Nothing,
            Some(0) if properties.look_set().is_empty() => return Engine::Everything,
            _ => {}
        }
        if let HirKind::Literal(literal) = hir.kind() {
            return Engine::Literal(Box::new(Finder::new(&literal.0).into_owned()));
        }
        match Expression::new(hir) {
            Some(expression) => Engine::Expression(Box::new(expression)),
            None => Engine::Nothing,
        }
    }

    /// Whether it is found in this lowered text.
    pub fn is_in(&self, text: &[u8], pace: &mut Pace<'_>) -> Result<bool, Stopped> {
        match self {
            Engine::Nothing => Ok(false),
            Engine::Everything => Ok(true),
            Engine::Literal(finder) => {
                pace.work(text.len())?;
                Ok(finder.find(text).is_some())
            }
            Engine::Expression(expression) => expression.is_in(text, pace),
        }
    }
}

impl Expression {
    fn new(hir: Hir) -> Option<Expression> {
        let required = lowering::required(&hir)
            .filter(|literal| literal.len() >= REQUIRED_BYTES)
            .map(|literal| Finder::new(literal).into_owned());
        let one = compiled(&hir, b'\n')?;
        let many = match required {
            Some(_) => None,
            None if hir.properties().look_set().is_empty() && hir.properties().minimum_len() > Some(0) => {
                Some(one.clone())
            }
            None => lowering::across_texts(&hir).and_then(|hir| compiled(&hir, SEPARATOR)),
        };
        Some(Expression {
            hir,
            required,
            one,
            many,
            steps: OnceLock::new(),
        })
    }

    /// Whether it is found in this lowered text.
    pub fn is_in(&self, text: &[u8], pace: &mut Pace<'_>) -> Result<bool, Stopped> {
        if is_long(text.len())
            && let Some(found) = self.is_in_long(text, pace)?
        {
            return Ok(found);
        }
        let found = self.one.is_match(text);
        pace.work(text.len())?;
        Ok(found)
    }

    /// Byte by byte, so that it can be stopped. None where the automaton cannot say (a Unicode word boundary next to a
    /// letter that is not ASCII).
    fn is_in_long(&self, text: &[u8], pace: &mut Pace<'_>) -> Result<Option<bool>, Stopped> {
        const BYTES_A_STEP: usize = 128;
        let Some(dfa) = self.steps.get_or_init(|| automaton(&self.hir)) else {
            return Ok(None);
        };
        let mut cache = dfa.create_cache();
        let Ok(mut state) = dfa.start_state_forward(&mut cache, &Input::new(text)) else {
            return Ok(None);
        };
        for piece in text.chunks(BYTES_A_STEP) {
            for byte in piece {
                let Ok(next) = dfa.next_state(&mut cache, state, *byte) else {
                    return Ok(None);
                };
                state = next;
                if state.is_tagged() {
                    if state.is_match() {
                        return Ok(Some(true));
                    }
                    if state.is_dead() {
                        return Ok(Some(false));
                    }
                    if state.is_quit() {
                        return Ok(None);
                    }
                }
            }
            pace.work(piece.len())?;
        }
        Ok(dfa.next_eoi_state(&mut cache, state).ok().map(|state| state.is_match()))
    }
}

/// Whether a text is so long that it must be searched by itself.
pub(crate) fn is_long(bytes: usize) -> bool {
    bytes > LONG_TEXT
}

fn compiled(hir: &Hir, line_end: u8) -> Option<meta::Regex> {
    let config = meta::Regex::config()
        .utf8_empty(false)
        .line_terminator(line_end)
        .which_captures(WhichCaptures::Implicit)
        .nfa_size_limit(Some(COMPILED_BYTES));
    meta::Builder::new().configure(config).build_from_hir(hir).ok()
}

fn automaton(hir: &Hir) -> Option<DFA> {
    let nfa = thompson::Compiler::new()
        .configure(
            thompson::Config::new()
                .utf8(false)
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(Some(COMPILED_BYTES)),
        )
        .build_from_hir(hir)
        .ok()?;
    DFA::builder()
        .configure(
            DFA::config()
                .skip_cache_capacity_check(true)
                .unicode_word_boundary(true),
        )
        .build_from_nfa(nfa)
        .ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{arena::Arena, bits::Bits, scan::Found, scan::scan};

    /// Stops when it was asked so often.
    fn stopped_after(questions: usize, pattern: &str, texts: &[&str]) -> Result<(), Stopped> {
        let asked = AtomicUsize::new(0);
        let stop = move || asked.fetch_add(1, Ordering::Relaxed) >= questions;
        let matcher = Matcher::new(&Pattern::Regex(pattern.into()));
        let arena = Arena::of(0, texts.iter().map(|text| text.as_bytes()));
        let mut bits = Bits::none(texts.len());
        let mut found = Found {
            bits: &mut bits,
            rows: None,
        };
        scan(&arena, &matcher, &mut found, &mut Pace::new(&stop))
    }

    #[test]
    fn an_expression_that_takes_long_is_stopped_within_a_text_and_between_texts() {
        let pathological = r"(?:a|b|ab){1,400}[^ab]{1,400}(?:c.{1,200}d){3}x";
        let long = "ab".repeat(500_000);
        assert_eq!(stopped_after(3, pathological, &[&long]), Err(Stopped));
        let short = "ab".repeat(2_000);
        let many: Vec<&str> = std::iter::repeat_n(short.as_str(), 2_000).collect();
        assert_eq!(stopped_after(3, pathological, &many), Err(Stopped));
        assert_eq!(
            stopped_after(3, "license.*x", &["license ".repeat(200_000).as_str()]),
            Err(Stopped)
        );
    }

    #[test]
    fn words_stay_literals_and_expressions_look_for_their_longest_word_first() {
        let engine = |pattern: Pattern| format!("{:?}", Matcher::new(&pattern).plain);
        for literal in [
            Pattern::Contains("License".into()),
            Pattern::Contains("SKs".into()),
            Pattern::Regex("AADSTS50076".into()),
            Pattern::Contains("a.b*c".into()),
        ] {
            assert!(engine(literal.clone()).starts_with("Literal"), "{literal:?}");
        }
        let matcher = Matcher::new(&Pattern::Regex("fail(ed|ure).*license".into()));
        let Engine::Expression(expression) = &matcher.plain else {
            panic!("an expression");
        };
        assert_eq!(expression.required.as_ref().unwrap().needle(), b"license");
        assert_eq!(engine(Pattern::Contains(String::new())), "Everything");
        assert_eq!(engine(Pattern::Regex("x*".into())), "Everything");
        assert_eq!(engine(Pattern::Regex("[^\\s\\S]".into())), "Nothing");
        assert!(engine(Pattern::Contains("MÜLLER".into())).starts_with("Expression"));
    }
}
