//! `$filter`: the part of OData's language that the checks use. Comparisons, `startsWith`, `endsWith`, `contains`, `in`,
//! `any`, `and`, `or`, `not`, brackets. Texts compare without regard to case, as the directory does.

use serde_json::Value;

use super::GraphError;

/// A condition on an object.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(Path, Operator, Value),
    In(Path, Vec<Value>),
    Text(Function, Path, String),
    /// Whether an entry of a list fulfils a condition; the entry goes by a name.
    Any(Path, String, Box<Filter>),
}

/// Names of properties, one within the other.
type Path = Vec<String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    StartsWith,
    EndsWith,
    Contains,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Graph's refusal for what it does not understand.
    pub(super) fn parse(text: &str) -> Result<Self, GraphError> {
        let mut parser = Parser {
            tokens: tokens(text).ok_or_else(|| invalid(text))?,
            at: 0,
        };
        let filter = parser.or().ok_or_else(|| invalid(text))?;
        if parser.at == parser.tokens.len() {
            Ok(filter)
        } else {
            Err(invalid(text))
        }
    }

    /// Whether an object fulfils it.
    pub(super) fn matches(&self, object: &Value) -> bool {
        self.holds(object, None)
    }

    fn holds(&self, object: &Value, entry: Option<(&str, &Value)>) -> bool {
        match self {
            Self::And(one, other) => one.holds(object, entry) && other.holds(object, entry),
            Self::Or(one, other) => one.holds(object, entry) || other.holds(object, entry),
            Self::Not(inner) => !inner.holds(object, entry),
            Self::Compare(path, operator, wanted) => compare(follow(path, object, entry), *operator, wanted),
            Self::In(path, wanted) => {
                let value = follow(path, object, entry);
                wanted.iter().any(|wanted| compare(value, Operator::Eq, wanted))
            }
            Self::Text(function, path, wanted) => {
                let value = follow(path, object, entry).as_str().map(str::to_lowercase);
                let wanted = wanted.to_lowercase();
                value.is_some_and(|value| match function {
                    Function::StartsWith => value.starts_with(&wanted),
                    Function::EndsWith => value.ends_with(&wanted),
                    Function::Contains => value.contains(&wanted),
                })
            }
            Self::Any(path, name, inner) => follow(path, object, entry)
                .as_array()
                .into_iter()
                .flatten()
                .any(|one| inner.holds(object, Some((name, one)))),
        }
    }

    /// Whether Graph's directory answers it only with eventual consistency and a count: negations, ends of texts, and
    /// lists of redirect addresses (facts: entra C.2 row 9).
    pub(super) fn is_advanced(&self) -> bool {
        match self {
            Self::And(one, other) | Self::Or(one, other) => one.is_advanced() || other.is_advanced(),
            Self::Not(_) | Self::Text(Function::EndsWith | Function::Contains, ..) => true,
            Self::Compare(_, operator, _) => *operator == Operator::Ne,
            Self::In(..) | Self::Text(Function::StartsWith, ..) => false,
            Self::Any(path, _, inner) => {
                path.last()
                    .is_some_and(|name| name.eq_ignore_ascii_case("redirectUris"))
                    || inner.is_advanced()
            }
        }
    }

    /// The text that a property has to equal, where the filter says so at its top.
    pub(super) fn wanted(&self, property: &str) -> Option<&str> {
        match self {
            Self::And(one, other) => one.wanted(property).or_else(|| other.wanted(property)),
            Self::Compare(path, Operator::Eq, value) if path.len() == 1 && path[0].eq_ignore_ascii_case(property) => {
                value.as_str()
            }
            _ => None,
        }
    }
}

fn invalid(text: &str) -> GraphError {
    GraphError::bad_request("BadRequest", format!("Invalid filter clause: {text}"))
}

fn follow<'a>(path: &[String], object: &'a Value, entry: Option<(&str, &'a Value)>) -> &'a Value {
    let (start, rest) = match (entry, path.split_first()) {
        (Some((name, value)), Some((first, rest))) if first == name => (value, rest),
        _ => (object, path),
    };
    rest.iter().fold(start, |value, name| {
        value
            .as_object()
            .and_then(|members| members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map_or(&Value::Null, |(_, value)| value)
    })
}

fn compare(value: &Value, operator: Operator, wanted: &Value) -> bool {
    use std::cmp::Ordering;
    let order = match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => Some(value.to_lowercase().cmp(&wanted.to_lowercase())),
        (Value::Number(value), Value::Number(wanted)) => value.as_f64().partial_cmp(&wanted.as_f64()),
        (value, wanted) if value == wanted => Some(Ordering::Equal),
        _ => None,
    };
    match operator {
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Ne => order != Some(Ordering::Equal),
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => order.is_some_and(Ordering::is_ge),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => order.is_some_and(Ordering::is_le),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// The pieces of a filter; `None` where a quote is not closed.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => {}
            '\'' => {
                let mut quoted = String::new();
                loop {
                    match letters.next()? {
                        '\'' if letters.peek() == Some(&'\'') => {
                            letters.next();
                            quoted.push('\'');
                        }
                        '\'' => break,
                        other => quoted.push(other),
                    }
                }
                tokens.push(Token::Text(quoted));
            }
            '(' | ')' | ',' => tokens.push(Token::Sign(letter)),
            first => {
                let mut word = String::from(first);
                while let Some(next) = letters.next_if(|next| !" \t'(),".contains(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    /// Goes past a word, if it is the next piece.
    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, wanted: char) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Sign(wanted));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Filter> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Filter> {
        let mut left = self.unary()?;
        while self.word("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Filter> {
        if self.word("not") {
            return Some(Filter::Not(Box::new(self.unary()?)));
        }
        if self.sign('(') {
            let inner = self.or()?;
            return self.sign(')').then_some(inner);
        }
        let Token::Word(word) = self.next()? else {
            return None;
        };
        if self.sign('(') {
            return self.function(&word);
        }
        self.comparison(path(&word))
    }

    fn function(&mut self, name: &str) -> Option<Filter> {
        let function = match name.to_ascii_lowercase().as_str() {
            "startswith" => Function::StartsWith,
            "endswith" => Function::EndsWith,
            "contains" => Function::Contains,
            lower => return self.any(&name[..lower.strip_suffix("/any")?.len()]),
        };
        let Token::Word(of) = self.next()? else {
            return None;
        };
        if !self.sign(',') {
            return None;
        }
        let Token::Text(text) = self.next()? else {
            return None;
        };
        self.sign(')').then(|| Filter::Text(function, path(&of), text))
    }

    /// `list/any(x:condition)`; the name and the colon stand in one piece with what follows them.
    fn any(&mut self, list: &str) -> Option<Filter> {
        let Token::Word(word) = self.next()? else {
            return None;
        };
        let (name, rest) = word.split_once(':')?;
        if !rest.is_empty() {
            self.at -= 1;
            self.tokens[self.at] = Token::Word(rest.to_owned());
        }
        let inner = self.or()?;
        self.sign(')')
            .then(|| Filter::Any(path(list), name.to_owned(), Box::new(inner)))
    }

    fn comparison(&mut self, path: Path) -> Option<Filter> {
        if self.word("in") {
            let mut values = Vec::new();
            let mut more = self.sign('(');
            while more {
                values.push(self.literal()?);
                more = self.sign(',');
            }
            return self.sign(')').then_some(Filter::In(path, values));
        }
        let Token::Word(operator) = self.next()? else {
            return None;
        };
        let operator = match operator.to_ascii_lowercase().as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "le" => Operator::Le,
            _ => return None,
        };
        Some(Filter::Compare(path, operator, self.literal()?))
    }

    /// A text, a number, true, false, null, or a moment, which is written without quotes.
    fn literal(&mut self) -> Option<Value> {
        match self.next()? {
            Token::Text(text) => Some(text.into()),
            Token::Word(word) => Some(serde_json::from_str(&word).unwrap_or_else(|_| word.into())),
            Token::Sign(_) => None,
        }
    }
}

fn path(word: &str) -> Path {
    word.split('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn holds(filter: &str) -> bool {
        let object = json!({
            "displayName": "M365 GDAP O'Neil",
            "accountEnabled": true,
            "createdDateTime": "2026-11-20T08:00:00Z",
            "web": { "redirectUris": ["https://a.example/cb", "http://localhost"] },
            "identifierUris": [],
            "userType": "Member",
            "creationType": null,
        });
        Filter::parse(filter).unwrap().matches(&object)
    }

    #[test]
    fn comparisons_functions_and_lists() {
        for (filter, expected) in [
            ("startsWith(displayName,'m365 gdap')", true),
            ("startswith(displayName, 'GDAP')", false),
            ("displayName eq 'M365 GDAP O''Neil'", true),
            ("accountEnabled eq true and userType ne 'Guest'", true),
            ("accountEnabled eq false or userType eq 'member'", true),
            ("not (accountEnabled eq true)", false),
            ("creationType eq null", true),
            ("missing eq null", true),
            ("createdDateTime ge 2026-11-20T00:00:00Z", true),
            ("createdDateTime lt 2026-11-20T00:00:00Z", false),
            ("userType in ('Guest', 'Member')", true),
            ("web/redirectUris/any(x:x eq 'http://localhost')", true),
            ("web/redirectUris/any(x: startsWith(x,'https://b'))", false),
            ("identifierUris/any(x:x eq 'api://1')", false),
            (
                "contains(displayName,'GDAP') and (userType eq 'x' or userType eq 'Member')",
                true,
            ),
        ] {
            assert_eq!(holds(filter), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_not_a_filter_is_refused() {
        for text in [
            "",
            "displayName",
            "displayName eq",
            "displayName like 'x'",
            "displayName eq 'open",
            "(displayName eq 'x'",
            "startsWith(displayName)",
            "displayName eq 'x' displayName",
            "any(x:x eq 'y')",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_is_known_which_filters_need_eventual_consistency() {
        for (text, advanced) in [
            ("displayName eq 'x'", false),
            ("startsWith(displayName,'x')", false),
            ("endsWith(displayName,'x')", true),
            ("displayName ne 'x'", true),
            ("web/redirectUris/any(x:x eq 'y')", true),
            ("identifierUris/any(x:x eq 'y')", false),
        ] {
            assert_eq!(Filter::parse(text).unwrap().is_advanced(), advanced, "{text}");
        }
    }
}
