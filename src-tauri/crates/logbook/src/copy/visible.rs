//! Text by strangers, made safe to show, print and paste.
//!
//! Text in the logbook and in error answers is written by strangers: control characters, which could move a cursor or
//! rename a window, and marks that reverse the reading direction are shown, never obeyed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control character and every mark that changes the reading direction shown instead of obeyed.
/// Line breaks become signs too: what comes back is one line.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| picture(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match picture(c) {
            None => safe.push(c),
            Some(Picture::Sign(sign)) => safe.push(sign),
            Some(Picture::Code) => {
                let _ = write!(safe, "<U+{:04X}>", u32::from(c));
            }
        }
    }
    Cow::Owned(safe)
}

/// JSON text for a terminal: what [`visible`] would show is written as a JSON escape, so that the values stay the same.
/// In valid JSON such characters stand within strings only, apart from white space between the tokens.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let dangerous = |c: char| !matches!(c, '\t' | '\n' | '\r') && picture(c).is_some();
    if !json.chars().any(dangerous) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if dangerous(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

enum Picture {
    /// Unicode has a sign for it.
    Sign(char),
    /// Its number is shown.
    Code,
}

/// How to show a character that must not be obeyed; `None` for all others.
fn picture(c: char) -> Option<Picture> {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).map(Picture::Sign),
        '\x7f' => Some(Picture::Sign('\u{2421}')),
        // C1 controls (some terminals obey U+009B as an escape sequence), marks and overrides of direction, line and
        // paragraph separators, characters without width, and tag characters, which no font shows.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some(Picture::Code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_text_is_left_alone() {
        for text in ["", "Zürich – 東京 – 👩‍💻 – שלום", "<b>not obeyed anyway</b>"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_could_steer_a_terminal_is_shown() {
        assert_eq!(visible("a\x1b[2Jb\r\nc\td\x07\x7f"), "a␛[2Jb␍␊c␉d␇␡");
        assert_eq!(
            visible("invoice\u{202e}fdp.exe\u{2066}x\u{200f}"),
            "invoice<U+202E>fdp.exe<U+2066>x<U+200F>"
        );
        assert_eq!(
            visible("\u{9b}31m \u{2028} \u{e0041}"),
            "<U+009B>31m <U+2028> <U+E0041>"
        );
    }

    #[test]
    fn json_for_a_terminal_keeps_its_values() {
        let json = "{\"a\":\"x\u{202e}y\u{9b}z\u{e0041}\",\n\"b\":1}";
        let safe = visible_json(json);
        assert!(!safe.contains(['\u{202e}', '\u{9b}', '\u{e0041}']), "{safe}");
        let values = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(values(&safe), values(json));
    }
}
