//! Regular expressions of a filter: whether they can be used, and in plain words why not.
//!
//! What deliberately is not here: where in the text one begins and ends (`lex.rs`), and matching.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast, ErrorKind, Flag, Flags, FlagsItemKind, GroupKind, Visitor};
use regex_syntax::hir::translate::TranslatorBuilder;

/// The most memory a compiled expression may take, in bytes. Compiling costs time in proportion, at every keystroke;
/// the crate's own limit is ten times as much.
const LARGEST_REGEX_BYTES: usize = 1024 * 1024;

/// How deep brackets may be nested.
const DEEPEST_NESTING: u32 = 100;

/// Compiles a regular expression the way every filter does: letters without regard to case, bounded in size.
///
/// # Errors
/// The expression cannot be read, or is too large. What [`crate::parse`] returned as [`crate::Pattern::Regex`] never
/// fails.
pub fn compile_regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(LARGEST_REGEX_BYTES)
        .nest_limit(DEEPEST_NESTING)
        .build()
}

/// Why an expression is refused.
#[derive(Debug)]
pub(crate) struct RegexFault {
    /// The place in the expression, in bytes; all of it where no single place is to blame.
    pub at: Range<usize>,
    /// What is wrong and what to write instead.
    pub sentence: String,
}

/// Whether an expression can be used.
pub(crate) fn check(pattern: &str) -> Result<(), RegexFault> {
    let parsed = ast::parse::ParserBuilder::new()
        .nest_limit(DEEPEST_NESTING)
        .build()
        .parse(pattern)
        .map_err(|error| RegexFault {
            at: range(error.span(), pattern),
            sentence: sentence(error.kind()).to_owned(),
        })?;
    ast::visit(&parsed, FlagCheck { pattern })?;
    TranslatorBuilder::new()
        .case_insensitive(true)
        .build()
        .translate(pattern, &parsed)
        .map_err(|error| RegexFault {
            at: range(error.span(), pattern),
            sentence: match error.kind() {
                regex_syntax::hir::ErrorKind::UnicodePropertyNotFound
                | regex_syntax::hir::ErrorKind::UnicodePropertyValueNotFound => {
                    "No class of characters has this name. \\p{L} is any letter, \\d any digit, \\w any letter or digit."
                }
                _ => "This part of the regular expression cannot be used on text.",
            }
            .to_owned(),
        })?;
    compile_regex(pattern).map(drop).map_err(|error| RegexFault {
        at: 0..pattern.len(),
        sentence: match error {
            regex::Error::CompiledTooBig(_) => {
                "This regular expression becomes too large. Use smaller numbers in {…}, or .* instead."
            }
            _ => "This regular expression cannot be used.",
        }
        .to_owned(),
    })
}

/// The bytes of a span; the character behind an empty one, and all of the pattern where there is none.
fn range(span: &ast::Span, pattern: &str) -> Range<usize> {
    let (start, end) = (span.start.offset, span.end.offset);
    let next = pattern.get(start..).and_then(|rest| rest.chars().next());
    match next {
        Some(c) if start == end => start..start + c.len_utf8(),
        Some(_) if pattern.get(start..end).is_some() => start..end,
        _ => 0..pattern.len(),
    }
}

fn sentence(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::GroupUnclosed => "A round bracket is opened and not closed. Add ), or write \\( for the character.",
        ErrorKind::GroupUnopened => "A round bracket is closed that was not opened. Write \\) for the character.",
        ErrorKind::ClassUnclosed => "A square bracket is opened and not closed. Add ], or write \\[ for the character.",
        ErrorKind::ClassRangeInvalid => "This range runs backwards. Write the smaller character first, as in a-z.",
        ErrorKind::ClassEscapeInvalid | ErrorKind::ClassRangeLiteral => {
            "This cannot stand in square brackets. Write the characters one by one."
        }
        ErrorKind::RepetitionMissing => {
            "There is nothing in front that could be repeated. Write \\*, \\+ or \\? for the character, or .* for any text."
        }
        ErrorKind::RepetitionCountUnclosed
        | ErrorKind::RepetitionCountDecimalEmpty
        | ErrorKind::RepetitionCountInvalid
        | ErrorKind::DecimalEmpty
        | ErrorKind::DecimalInvalid => {
            "This is no number of repetitions. Write {2} or {2,5}, or \\{ for the character."
        }
        ErrorKind::EscapeUnexpectedEof => "A backslash stands at the end. Write \\\\ for the character.",
        ErrorKind::EscapeUnrecognized => "This sign with a backslash has no meaning. Write \\\\ for a backslash.",
        ErrorKind::EscapeHexEmpty | ErrorKind::EscapeHexInvalid | ErrorKind::EscapeHexInvalidDigit => {
            "This is no character in hexadecimal. Write \\x41 or \\x{1F600}."
        }
        ErrorKind::UnicodeClassInvalid => "This is no class of characters. Write \\pL or \\p{Greek}.",
        ErrorKind::UnsupportedBackreference => {
            "References such as \\1 are not available, they would make searching slow."
        }
        ErrorKind::UnsupportedLookAround => {
            "Looking ahead or back, as in (?=…), is not available, it would make searching slow. Use a second term instead."
        }
        ErrorKind::NestLimitExceeded(_) => "The brackets are nested too deep.",
        _ => {
            "This part of the regular expression cannot be read. Write a backslash before signs that are meant as they stand."
        }
    }
}

/// Refuses flags that would make a pattern compare otherwise than every other term.
struct FlagCheck<'a> {
    pattern: &'a str,
}

impl FlagCheck<'_> {
    fn check(&self, flags: &Flags) -> Result<(), RegexFault> {
        let mut off = false;
        for item in &flags.items {
            let sentence = match item.kind {
                FlagsItemKind::Negation => {
                    off = true;
                    continue;
                }
                FlagsItemKind::Flag(Flag::CaseInsensitive) if off => {
                    "Capital and small letters are always the same here. Leave (?-i) out."
                }
                FlagsItemKind::Flag(Flag::Unicode) if off => "The log is text, not bytes. Leave (?-u) out.",
                FlagsItemKind::Flag(_) => continue,
            };
            return Err(RegexFault {
                at: range(&flags.span, self.pattern),
                sentence: sentence.to_owned(),
            });
        }
        Ok(())
    }
}

impl Visitor for FlagCheck<'_> {
    type Output = ();
    type Err = RegexFault;

    fn finish(self) -> Result<(), RegexFault> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), RegexFault> {
        match ast {
            Ast::Flags(set) => self.check(&set.flags),
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) => self.check(flags),
                GroupKind::CaptureIndex(_) | GroupKind::CaptureName { .. } => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
