//! Values inside a row's data: `data.NormalizedError:x`.
//!
//! Members are named from the outside in, without regard to case. The elements of lists are searched, each of them or the
//! one with that number. A text that is JSON itself (CIPP keeps such as `RawError`) is looked into as well. A value is
//! compared as text: texts as they are, numbers, true, false and null as written, objects as their JSON text.
//!
//! What deliberately is not here: which rows have data at all (`term.rs`).

use std::fmt;

use memchr::memmem::Finder;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    matcher::Matcher,
    pace::{Pace, Stopped},
};

/// Deeper than CIPP nests (facts: ListLogs 1.8), and no danger to the stack.
const DEEPEST: usize = 64;

/// A path with what its values are compared with.
#[derive(Debug)]
pub(crate) struct DataPath {
    /// Lower-cased.
    path: Vec<String>,
    /// A member's name that the data must have somewhere, unless it writes letters as escapes.
    name: Option<Finder<'static>>,
    escape: Finder<'static>,
}

impl DataPath {
    pub fn new(path: &[String]) -> DataPath {
        let path: Vec<String> = path.iter().map(|member| member.to_lowercase()).collect();
        let name = path
            .iter()
            .filter(|member| member.is_ascii() && !member.contains(['"', '\\', '/']) && index(member).is_none())
            .max_by_key(|member| member.len())
            .filter(|member| !member.contains(|c: char| c.is_control()));
        DataPath {
            name: name.map(|name| Finder::new(name.as_bytes()).into_owned()),
            escape: Finder::new(b"\\u").into_owned(),
            path,
        }
    }

    /// Whether one of the values at the path fits one of the patterns. `data` is JSON text with its ASCII letters
    /// lower-cased, which changes no value beyond its case.
    pub fn fits(&self, data: &[u8], patterns: &[Matcher], pace: &mut Pace<'_>) -> Result<bool, Stopped> {
        pace.work(data.len())?;
        if let Some(name) = &self.name
            && name.find(data).is_none()
            && self.escape.find(data).is_none()
        {
            return Ok(false);
        }
        let Ok(data) = std::str::from_utf8(data) else {
            return Ok(false);
        };
        self.walk(data, &self.path, 0, &mut |value| {
            for pattern in patterns {
                if pattern.fits(value, pace)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn walk(
        &self,
        json: &str,
        path: &[String],
        depth: usize,
        fits: &mut dyn FnMut(&str) -> Result<bool, Stopped>,
    ) -> Result<bool, Stopped> {
        let json = json.trim();
        if depth > DEEPEST {
            return Ok(false);
        }
        match (json.as_bytes().first(), path) {
            (Some(b'['), _) => {
                let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
                for (at, element) in elements.iter().enumerate() {
                    let of_all = self.walk(element.get(), path, depth + 1, fits)?;
                    let mut by_number = || match path {
                        [first, rest @ ..] if index(first) == Some(at) => {
                            self.walk(element.get(), rest, depth + 1, fits)
                        }
                        _ => Ok(false),
                    };
                    if of_all || by_number()? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Some(b'{'), [first, rest @ ..]) => {
                let members: Members<'_> = serde_json::from_str(json).unwrap_or_default();
                for (name, value) in &members.0 {
                    if name.to_lowercase() == *first && self.walk(value.get(), rest, depth + 1, fits)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Some(b'"'), path) => {
                let text = serde_json::from_str::<String>(json);
                // Lone surrogates are legal JSON text and not UTF-8: such a text is compared as written.
                let text = text.as_deref().unwrap_or(json);
                match path {
                    [] => fits(text),
                    _ if text.trim_start().starts_with(['{', '[']) => self.walk(text, path, depth + 1, fits),
                    _ => Ok(false),
                }
            }
            (Some(_), []) => fits(json),
            _ => Ok(false),
        }
    }
}

fn index(member: &str) -> Option<usize> {
    member.parse().ok()
}

/// The members of an object in their order; one name may come more than once.
#[derive(Default)]
pub(crate) struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The dotted paths of members in a row's data, outermost first, `deepest` names long at most. Elements of lists have no
/// name of their own.
pub(crate) fn paths(data: &str, deepest: usize, found: &mut dyn FnMut(&str)) {
    collect(data, String::new(), deepest, DEEPEST, found);
}

fn collect(json: &str, prefix: String, names_left: usize, depth_left: usize, found: &mut dyn FnMut(&str)) {
    let json = json.trim();
    if depth_left == 0 || names_left == 0 {
        return;
    }
    match json.as_bytes().first() {
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            for element in elements {
                collect(element.get(), prefix.clone(), names_left, depth_left - 1, found);
            }
        }
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(json).unwrap_or_default();
            for (name, value) in members.0 {
                let path = if prefix.is_empty() {
                    name
                } else {
                    format!("{prefix}.{name}")
                };
                found(&path);
                collect(value.get(), path, names_left - 1, depth_left - 1, found);
            }
        }
        Some(b'"') if json.contains(['{', '[']) => {
            if let Ok(text) = serde_json::from_str::<String>(json)
                && text.trim_start().starts_with(['{', '['])
            {
                collect(&text, prefix, names_left, depth_left - 1, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use log_query::Pattern;

    use super::*;

    fn fits(data: &str, path: &str, pattern: Pattern) -> bool {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let never = || false;
        DataPath::new(&path)
            .fits(
                data.to_ascii_lowercase().as_bytes(),
                &[Matcher::new(&pattern)],
                &mut Pace::new(&never),
            )
            .unwrap()
    }

    fn is(data: &str, path: &str, value: &str) -> bool {
        fits(data, path, Pattern::Is(value.into()))
    }

    #[test]
    fn members_are_found_at_any_depth_in_lists_and_in_texts_that_are_json() {
        let data = r#"{"NormalizedError":"AADSTS50076: MFA","Exchange":{"Code":403,"Retry":false,"List":[{"Id":"a"},{"Id":"B"}]},
            "RawError":"{\"error\":{\"code\":\"Forbidden\",\"details\":[1,2]}}","Bücher":"x","Gr\u00f6sse":"7","0":"zero"}"#;
        assert!(fits(data, "normalizederror", Pattern::Regex(r"AADSTS\d+".into())));
        assert!(is(data, "Exchange.code", "403"));
        assert!(is(data, "exchange.retry", "FALSE"));
        assert!(is(data, "exchange.list.id", "b"));
        assert!(is(data, "exchange.list.1.id", "b"));
        assert!(!is(data, "exchange.list.0.id", "b"));
        assert!(is(data, "RawError.error.Code", "forbidden"));
        assert!(is(data, "RawError.error.details", "2"));
        assert!(is(data, "bÜcher", "X"));
        assert!(is(data, "grösse", "7"), "a name written with escapes");
        assert!(is(data, "0", "zero"), "a member may be called like a number");
        assert!(fits(data, "exchange", Pattern::Contains("\"code\":403".into())));
        assert!(!is(data, "code", "403"), "a path begins at the top");
        assert!(!is(data, "normalizederror.x", "a"));
    }

    #[test]
    fn what_is_no_object_or_no_json_or_very_deep_fits_nothing_and_harms_nothing() {
        for data in ["7", "\"text\"", "{\"a\":", "", "\"{\\\"a\\\"\"", r#"{"a":"\ud800"}"#] {
            assert!(!is(data, "a", "1"), "{data}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!is(&deep, "a", "1"));
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(!is(&deep, "a.a.a", "1"));
    }

    #[test]
    fn paths_are_gathered_for_completion() {
        let mut seen = Vec::new();
        paths(r#"{"A":{"B":[{"C":1},{"D":2}]},"R":"{\"x\":1}"}"#, 4, &mut |path| {
            seen.push(path.to_owned())
        });
        assert_eq!(seen, ["A", "A.B", "A.B.C", "A.B.D", "R", "R.x"]);
    }
}
