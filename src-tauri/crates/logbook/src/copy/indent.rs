//! JSON text spread over lines, without touching a letter of its values.
//!
//! Not by parsing and writing again: that would turn `1.50` into `1.5`, drop the first of two equal keys and fail on data
//! that is nested deeper than parsers go.

/// Deeper levels are not moved further to the right: 200,000 brackets would become 40 GB of blanks.
const DEEPEST: usize = 40;

/// The JSON text with each member on its own line. Only meant for valid JSON.
pub(super) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 4);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut opened = false;
    for c in json.trim().chars() {
        if in_string {
            text.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(c, '}' | ']');
        if closes {
            depth = depth.saturating_sub(1);
        }
        // Between the brackets of an empty object nothing is put.
        if opened != closes && (opened || closes) {
            new_line(&mut text, depth);
        }
        opened = matches!(c, '{' | '[');
        depth += usize::from(opened);
        text.push(c);
        match c {
            ',' => new_line(&mut text, depth),
            ':' => text.push(' '),
            '"' => in_string = true,
            _ => {}
        }
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_as_everyone_indents() {
        let json = r#"{"a":[1,{"b":"x, [y] {\"z\\"}],"c":{},"d":[],"e":[[]]}"#;
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(indented(json), serde_json::to_string_pretty(&value).unwrap());
        let spread = serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n\t");
        assert_eq!(indented(&spread), indented(json));
    }

    #[test]
    fn every_letter_of_every_value_stays() {
        let json = r#"{"a":1.50e+0,"a":"\u00e9\/ \ud800","b":123456789012345678901234567890}"#;
        assert_eq!(
            indented(json),
            "{\n  \"a\": 1.50e+0,\n  \"a\": \"\\u00e9\\/ \\ud800\",\n  \"b\": 123456789012345678901234567890\n}"
        );
    }

    #[test]
    fn data_200_kb_deep_does_not_explode() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(indented(&deep).len() < 200_000 * (DEEPEST * 2 + 2));
    }
}
