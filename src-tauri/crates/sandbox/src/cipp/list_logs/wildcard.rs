//! PowerShell's `-like` patterns: `*`, `?`, `[a-c]`, a backtick before a character to be taken literally. The whole text
//! must match, case does not matter.

use regex::{Regex, RegexBuilder};

/// Compiles a pattern.
///
/// # Errors
/// The text of the 500 for a pattern such as a lone `[`.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let not_valid = || format!("The specified wildcard character pattern is not valid: {pattern}");
    let mut regex = String::from("^");
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '`' => push_literal(letters.next().unwrap_or('`'), &mut regex),
            '[' => {
                let (set, rest) = letters.as_str().split_once(']').ok_or_else(not_valid)?;
                push_set(set, &mut regex).ok_or_else(not_valid)?;
                letters = rest.chars();
            }
            other => push_literal(other, &mut regex),
        }
    }
    regex.push('$');
    RegexBuilder::new(&regex)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build()
        .map_err(|_| not_valid())
}

fn push_literal(letter: char, regex: &mut String) {
    regex.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

/// A set: a dash between two characters is a range, everything else stands for itself. An empty set matches nothing.
fn push_set(set: &str, regex: &mut String) -> Option<()> {
    let letters: Vec<char> = set.chars().collect();
    if letters.is_empty() {
        return None;
    }
    regex.push('[');
    for (place, letter) in letters.iter().enumerate() {
        if *letter == '-' && place > 0 && place + 1 < letters.len() {
            regex.push('-');
        } else {
            push_literal(*letter, regex);
        }
    }
    regex.push(']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn the_whole_text_must_match() {
        for (pattern, text, expected) in [
            ("anna", "anna@msp.example", false),
            ("anna*", "Anna@msp.example", true),
            ("*@MSP.example", "anna@msp.example", true),
            ("ann?", "anna", true),
            ("ann?", "ann", false),
            ("[a-c]nna", "anna", true),
            ("[d-f]nna", "anna", false),
            ("[ab.-]nna", "-nna", true),
            ("a.na", "anna", false),
            ("a`*", "a*", true),
            ("a`*", "anna", false),
            ("", "", true),
            ("", "anna", false),
            ("a*b", "a\nb", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_lone_bracket_is_refused() {
        for pattern in ["[", "a[b", "[]", "[c-a]"] {
            assert!(compile(pattern).unwrap_err().ends_with(pattern), "{pattern}");
        }
    }
}
