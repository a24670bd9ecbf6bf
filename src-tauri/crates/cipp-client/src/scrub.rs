//! What a server said, made fit for an error: short, on one line, without secrets.
//!
//! Here: cutting and redacting. Not here: understanding (`reply.rs`). Rows never pass through here; they are data and
//! stay as sent.

/// The most characters of a server's words that an error keeps.
const LONGEST: usize = 300;

/// Put in place of what looks like a secret.
const REDACTED: &str = "<redacted>";

/// Values that must not come back out, whatever they look like: the secret and the token of the call.
#[derive(Default, Clone)]
pub(crate) struct Known(Vec<String>);

impl Known {
    /// These values, also in the form in which a form body carries them.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Known {
        let mut known = Vec::new();
        for value in values.into_iter().filter(|value| value.len() >= 4) {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            if encoded != value {
                known.push(encoded);
            }
            known.push(value.to_owned());
        }
        Known(known)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        for value in &mut self.0 {
            secrecy::zeroize::Zeroize::zeroize(value);
        }
    }
}

/// The text as it may stand in an error.
pub(crate) fn excerpt(text: &str, known: &Known) -> String {
    // Redacting before cutting: half a token is still a part of a token.
    let mut start = text.len().min(8 * 1024);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut text = one_line(&text[..start]);
    for value in &known.0 {
        text = text.replace(value.as_str(), REDACTED);
    }
    cut(&without_secrets(&text))
}

fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}\u{2026}", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// Replaces everything that looks like a token or secret (facts: Entra D.3, logs).
fn without_secrets(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = String::new();
    while !rest.is_empty() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if word == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            clean.push_str(&rest[..next]);
            rest = &rest[next..];
            continue;
        }
        let (found, after) = rest.split_at(word);
        clean.push_str(if looks_secret(found, &before) { REDACTED } else { found });
        before = found.to_ascii_lowercase();
        rest = after;
    }
    clean
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '~' | '.' | '-' | '+' | '/' | '%')
}

fn looks_secret(word: &str, before: &str) -> bool {
    let named = matches!(
        before,
        "client_secret"
            | "clientsecret"
            | "secret_value"
            | "access_token"
            | "refresh_token"
            | "id_token"
            | "password"
            | "authorization"
    );
    let jwt = word.len() >= 16 && word.contains("eyJ");
    let entra_secret = word.len() >= 30 && (word.contains("Q~") || word.contains("Q%7E"));
    (named && word != "Bearer") || (before == "bearer" && word.len() >= 8) || jwt || entra_secret
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(text: &str) -> String {
        excerpt(text, &Known::default())
    }

    #[test]
    fn what_looks_like_a_secret_is_gone() {
        for (said, kept) in [
            (
                "token eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJh.sig here",
                "token <redacted> here",
            ),
            (
                "secret 'abc8Q~0123456789abcdefghijklmnopqrstuv~x'!",
                "secret '<redacted>'!",
            ),
            (
                "Authorization: Bearer abcdefgh12345",
                "Authorization: Bearer <redacted>",
            ),
            (
                "client_secret=hunter2&grant_type=x",
                "client_secret=<redacted>&grant_type=x",
            ),
            (r#"{"access_token":"opaque"}"#, r#"{"access_token":"<redacted>"}"#),
            ("abc8Q%7E0123456789abcdefghijklmnopqrstuv", "<redacted>"),
        ] {
            assert_eq!(scrubbed(said), kept);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        let said = "Invalid date format for OData filter. Received: '2026-08-08' (FAQ~1)";
        assert_eq!(scrubbed(said), said);
        assert_eq!(scrubbed(" a\r\n\tb\u{0} "), "a b");
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_after_redacting() {
        let text = scrubbed(&"\u{e9}".repeat(10_000));
        assert_eq!(text.chars().count(), LONGEST + 1);
        let token = format!("{} eyJ0{}", "x".repeat(290), "a".repeat(10_000));
        assert!(!scrubbed(&token).contains("eyJ"));
    }

    #[test]
    fn known_values_go_whatever_they_look_like() {
        let known = Known::new(["pass word", "tok"]);
        assert_eq!(excerpt("pass word pass+word tok", &known), "<redacted> <redacted> tok");
    }
}
