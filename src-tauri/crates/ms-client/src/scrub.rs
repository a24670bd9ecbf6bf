//! What a server said, made fit for an error: short, on one line, without secrets.
//!
//! Here: cutting and redacting. Not here: understanding (`token.rs`, `refusal.rs`). Replies that were asked for never
//! pass through here; they are data.

use secrecy::zeroize::Zeroize;

/// The most characters of a server's words that an error keeps.
const LONGEST: usize = 300;

/// Put in place of what looks like a secret.
const REDACTED: &str = "<redacted>";

/// Values that must not come back out, whatever they look like: codes, verifiers and tokens of the request.
#[derive(Default)]
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
        self.0.zeroize();
    }
}

/// The text as it may stand in an error.
pub(crate) fn excerpt(text: &str, known: &Known) -> String {
    // Redacting before cutting: half a token is still a part of a token.
    let mut end = text.len().min(8 * 1024);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = one_line(&text[..end]);
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

/// Replaces everything that looks like a token or a code (facts: Entra D.3, logs).
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
        "access_token"
            | "refresh_token"
            | "id_token"
            | "client_secret"
            | "code_verifier"
            | "device_code"
            | "password"
            | "authorization"
    ) && word != "Bearer";
    let jwt = word.len() >= 16 && word.contains("eyJ");
    // The forms of Entra's opaque codes and refresh tokens.
    let opaque = word.len() >= 60 && (word.starts_with("0.A") || word.starts_with("1.A") || word.starts_with("M."));
    named || (before == "bearer" && word.len() >= 8) || jwt || opaque
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_gone_and_ordinary_words_stay() {
        let scrubbed = |text: &str| excerpt(text, &Known::default());
        let refresh = format!("the token 0.AXEA{} is bad", "x".repeat(80));
        for (said, kept) in [
            (
                "token eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJh.sig here",
                "token <redacted> here",
            ),
            (refresh.as_str(), "the token <redacted> is bad"),
            (
                "Authorization: Bearer abcdefgh12345",
                "Authorization: Bearer <redacted>",
            ),
            ("code_verifier=hunter2&x=y", "code_verifier=<redacted>&x=y"),
            (r#"{"refresh_token":"opaque"}"#, r#"{"refresh_token":"<redacted>"}"#),
            (
                " Invalid filter clause:\r\n 'code eq 1' ",
                "Invalid filter clause: 'code eq 1'",
            ),
        ] {
            assert_eq!(scrubbed(said), kept);
        }
        assert_eq!(scrubbed(&"\u{e9}".repeat(10_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn known_values_go_whatever_they_look_like() {
        let known = Known::new(["pass word", "tok"]);
        assert_eq!(excerpt("pass word pass+word tok", &known), "<redacted> <redacted> tok");
    }
}
