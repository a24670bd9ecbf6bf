//! What both streams have in common: what is known about the terminal, and sentences for people.
//!
//! Stdout carries data and nothing else; sentences for people go to stderr, by way of [`say`], with strangers' text made
//! safe for a terminal. Not here: the forms of rows (see `row_printer`).

use std::io::{self, IsTerminal, Write};

use logbook::{visible, visible_json};
use serde::Serialize;

use crate::exit::Failure;

/// What the person in front of stdout sees.
#[derive(Clone, Copy, Debug, Default)]
pub struct Screen {
    /// Columns of the terminal; `None` when stdout is no terminal, and lines may be as long as they are.
    pub width: Option<usize>,
    /// Whether colour is welcome.
    pub colour: bool,
}

impl Screen {
    /// Looks at stdout and at the environment (`NO_COLOR`, `TERM`).
    pub fn of_stdout() -> Self {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return Screen::default();
        }
        let width = terminal_size::terminal_size_of(&stdout).map_or(80, |(width, _)| usize::from(width.0));
        Screen {
            width: Some(width),
            colour: colour_welcome(),
        }
    }

    /// Whether a person reads stdout as it appears.
    pub fn is_terminal(self) -> bool {
        self.width.is_some()
    }
}

fn colour_welcome() -> bool {
    if anstyle_query::no_color() || anstyle_query::clicolor() == Some(false) || !anstyle_query::term_supports_color() {
        return false;
    }
    // Older Windows consoles have to be asked to understand colours; elsewhere there is nothing to ask.
    anstyle_query::windows::enable_ansi_colors().unwrap_or(true)
}

/// Whether a person reads stderr as it appears.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes one line to stderr, safe for a terminal. When nobody can read it, so be it.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(line));
}

/// Prints a value as indented JSON, safe for a terminal.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    Ok(writeln!(io::stdout().lock(), "{}", visible_json(&json))?)
}

/// A number with its thousands parted, for people.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        let written: Vec<String> = [0, 7, 999, 1_000, 200_000, 1_234_567].map(grouped).into();
        assert_eq!(written, ["0", "7", "999", "1,000", "200,000", "1,234,567"]);
    }
}
