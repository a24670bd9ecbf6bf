//! Patterns made for texts whose ASCII letters are lower-cased.
//!
//! A pattern is parsed without regard to case, which turns every letter into a class (`e` into `[Ee]`), and then reduced
//! to what can occur in lowered text: `[Ee]` becomes `e` again, so that words stay literals, which are found ten times
//! faster. It stays in Unicode mode, so that no match can cross the separator between two texts.
//!
//! What deliberately is not here: finding (`matcher.rs`).

use log_query::Pattern;
use regex_syntax::{
    ParserBuilder,
    hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition},
};

/// The two characters that are another case of an ASCII letter, with that letter.
const ODD_FOLDS: [(char, char); 2] = [('s', '\u{17F}'), ('k', '\u{212A}')];

/// A pattern as an expression over lowered text. `odd_folds`: whether the text may have the characters `ſ` and the
/// Kelvin sign, of which nearly none does; without them `s` and `k` stay plain letters.
///
/// Gives nothing for an expression that cannot be parsed; the reader of filter texts lets none through.
pub(crate) fn lowered(pattern: &Pattern, odd_folds: bool) -> Option<Hir> {
    let (source, any_line) = source(pattern);
    let hir = ParserBuilder::new()
        .case_insensitive(true)
        .dot_matches_new_line(any_line)
        .build()
        .parse(&source)
        .ok()?;
    Some(reduced(&hir, odd_folds))
}

/// The pattern as a regular expression, and whether its dot is any character.
fn source(pattern: &Pattern) -> (String, bool) {
    match pattern {
        Pattern::Contains(text) => (regex_syntax::escape(text), false),
        Pattern::Is(text) => (format!(r"^\s*{}\s*$", regex_syntax::escape(text.trim())), false),
        Pattern::Wildcard(text) => (wildcard(text), true),
        Pattern::Regex(text) => (text.clone(), false),
    }
}

fn wildcard(text: &str) -> String {
    let mut source = String::from("^");
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' => {
                while characters.next_if_eq(&'*').is_some() {}
                source.push_str(".*");
            }
            '?' => source.push('.'),
            other => source.push_str(&regex_syntax::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    source.push('$');
    source
}

fn reduced(hir: &Hir, odd_folds: bool) -> Hir {
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Unicode(class)) => Hir::class(Class::Unicode(reduced_class(class, odd_folds))),
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'A', b'Z')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(reduced(&repetition.sub, odd_folds)),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => reduced(&capture.sub, odd_folds),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(|part| reduced(part, odd_folds)).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(|part| reduced(part, odd_folds)).collect()),
    }
}

fn reduced_class(class: &ClassUnicode, odd_folds: bool) -> ClassUnicode {
    let mut class = class.clone();
    class.difference(&ClassUnicode::new([ClassUnicodeRange::new('A', 'Z')]));
    if !odd_folds {
        for (letter, odd) in ODD_FOLDS {
            let both = [ClassUnicodeRange::new(letter, letter), ClassUnicodeRange::new(odd, odd)];
            if class.ranges() == both {
                return ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]);
            }
        }
    }
    class
}

/// The same expression for many texts in one buffer: its anchors mean the separators. None where that cannot be said
/// (line anchors of its own, word boundaries, matches that may be empty): such an expression is tried text by text.
pub(crate) fn across_texts(hir: &Hir) -> Option<Hir> {
    let properties = hir.properties();
    let plain = properties
        .look_set()
        .iter()
        .all(|look| matches!(look, Look::Start | Look::End));
    (plain && properties.minimum_len().is_some_and(|length| length > 0)).then(|| anchored(hir))
}

fn anchored(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(Look::Start) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End) => Hir::look(Look::EndLF),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(anchored(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(anchored).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(anchored).collect()),
        _ => hir.clone(),
    }
}

/// The longest text that every match has in it.
pub(crate) fn required(hir: &Hir) -> Option<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(|literal| literal.len()),
        _ => None,
    }
}
