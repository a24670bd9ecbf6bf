//! Values with a name beside them: assignments, parameters, form bodies, JSON, labels of a portal's page.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::form_urlencoded;

use super::names::{Slot, slot_of};
use super::shapes;

/// `name = value`, `name: value`, `name<Tab>value`, `| name | value |`, with whatever a language puts before the name.
static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compiled(
        r#"(?x)^[\s|>]* (?:[-*\u{2022}]\s+|\d+[.)]\s+)? (?:\*\*)?
           (?:(?i:export|set|setx|let|const|var|readonly|declare)\s+)? (?:\[\w+\]\s*)?
           \$?(?i:env:|global:|script:)? ["'`]? (?<name>[A-Za-z][A-Za-z0-9\ _.()/-]*?) ["'`]?
           \s* (?:\*\*)? (?: => | := | -> | = | : | \t | \| | \x20{2,} ) \s* (?:\*\*\s*)? (?<value>\S.*)$"#,
    )
});

/// `-Name value`, `--name=value`, `-Name:"value"`.
static PARAMETER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compiled(r#"(?:^|\s)--?(?<name>[A-Za-z][\w-]*)(?:\s*[=:]\s*|\s+)(?<value>"[^"]*"|'[^']*'|[^\s"']+)"#)
});

/// A fixed pattern that did not compile would be found by every test of this module.
fn compiled(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Every value whose name is known, in the order of the text.
pub(super) fn named_values(text: &str) -> Vec<(Slot, String)> {
    let mut found = Vec::new();
    if let Ok(json) = serde_json::from_str::<Value>(text.trim()) {
        from_json(&json, &mut found);
        return found;
    }
    let segments = segments(text);
    for (index, segment) in segments.iter().enumerate() {
        let before = found.len();
        from_form(segment, &mut found);
        from_parameters(segment, &mut found);
        if found.len() == before {
            from_assignment(segment, &mut found);
        }
        if found.len() == before {
            from_label_above(segment, segments.get(index + 1), &mut found);
        }
    }
    found
}

/// Every text in the document under its own name; `{"name": ..., "value": ...}`, as Azure lists settings, counts as one.
fn from_json(json: &Value, found: &mut Vec<(Slot, String)>) {
    match json {
        Value::Object(members) => {
            let text = |key: &str| {
                let member = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
                member.and_then(|(_, value)| value.as_str())
            };
            if let (Some(name), Some(value)) = (text("name").or_else(|| text("key")), text("value")) {
                found.extend(slot_of(name).map(|slot| (slot, value.to_owned())));
                return;
            }
            for (name, value) in members {
                match (value, slot_of(name)) {
                    (Value::String(value), Some(slot)) => found.push((slot, value.trim().to_owned())),
                    (value, _) => from_json(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| from_json(item, found)),
        _ => {}
    }
}

fn from_form(segment: &str, found: &mut Vec<(Slot, String)>) {
    let bodies = segment.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    for body in bodies.filter(|body| body.contains('=') && (body.contains('&') || body.contains('%'))) {
        let query = body.split_once('?').map_or(body, |(_, query)| query);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            found.extend(slot_of(&name).map(|slot| (slot, value.into_owned())));
        }
    }
}

fn from_parameters(segment: &str, found: &mut Vec<(Slot, String)>) {
    let Some(pattern) = PARAMETER.as_ref() else {
        return;
    };
    for parameter in pattern.captures_iter(segment) {
        let value = unquoted(&parameter["value"]);
        if let Some(slot) = slot_of(&parameter["name"]) {
            found.push((slot, value.to_owned()));
        } else if let Some((name, value)) = value.split_once('=') {
            // curl's own parameters carry a pair: -d client_id=...
            found.extend(slot_of(name).map(|slot| (slot, value.to_owned())));
        }
    }
}

fn from_assignment(segment: &str, found: &mut Vec<(Slot, String)>) {
    let Some(pattern) = ASSIGNMENT.as_ref() else {
        return;
    };
    let Some(assignment) = pattern.captures(segment) else {
        return;
    };
    // "api://..." is an address, not a name with a value.
    if assignment["value"].starts_with("//") {
        return;
    }
    let value = assigned(&assignment["value"]);
    if let (Some(slot), false) = (slot_of(&assignment["name"]), value.is_empty()) {
        found.push((slot, value.to_owned()));
    }
}

/// A label on a line of its own, its value on the next: how text copied from a portal's page comes.
fn from_label_above(segment: &str, next: Option<&String>, found: &mut Vec<(Slot, String)>) {
    let label = segment.trim().trim_end_matches([':', '=']);
    if let (Some(slot), Some(next)) = (slot_of(label), next) {
        let value = unquoted(next.trim());
        let is_value = !value.contains(char::is_whitespace) && slot_of(value).is_none() && !value.contains('=');
        // "Client" or "Address" alone may head anything: only a value of the right shape is believed.
        if is_value && shapes::fits(slot, value) {
            found.push((slot, value.to_owned()));
        }
    }
}

/// The value of an assignment: what the quotes hold, or everything up to a comment.
fn assigned(rest: &str) -> &str {
    let rest = rest.trim().trim_end_matches('|').trim_end();
    for quote in ['"', '\'', '`'] {
        if let Some(inside) = rest.strip_prefix(quote).and_then(|rest| rest.split(quote).next()) {
            return inside.trim();
        }
    }
    let value = rest
        .split(" #")
        .next()
        .unwrap_or(rest)
        .split("\t#")
        .next()
        .unwrap_or(rest);
    let value = value
        .trim()
        .trim_end_matches("**")
        .trim_matches(['"', '\'', '`'])
        .trim();
    // Markdown's form of a link. Around anything else these mark a place to fill in.
    value
        .strip_prefix('<')
        .filter(|link| link.contains("://"))
        .map_or(value, |link| link.trim_end_matches('>'))
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\'', '`']).trim()
}

/// The text cut at line ends, and outside quotes at whatever separates pairs on one line. A quote that does not close
/// on its line is an apostrophe.
fn segments(text: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        let mut segment = String::new();
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '"' | '\'' => {
                    segment.push(c);
                    if let Some(end) = rest.find(c) {
                        segment.push_str(&rest[..=end]);
                        rest = &rest[end + 1..];
                    }
                }
                ';' | ',' | '{' | '}' => segments.push(std::mem::take(&mut segment)),
                other => segment.push(other),
            }
        }
        segments.push(segment);
    }
    segments.retain(|segment| !segment.trim().is_empty());
    segments
}
