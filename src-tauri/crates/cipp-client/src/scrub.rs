//! What a server said, made fit for an error: short, on one line, without secrets.
//!
//! Here: cutting and redacting, for everything that speaks to a server (`ms-client` uses it too). Not here: understanding
//! (`reply.rs`). Rows never pass through here; they are data and stay as sent.

/// The most characters of a server's words that an error keeps.
const LONGEST: usize = 300;

/// Of a longer text only the beginning is looked at, in bytes: far more than an error keeps.
const LOOKED_AT: usize = 8 * 1024;

/// Put in place of what looks like a secret.
const REDACTED: &str = "<redacted>";

/// Values that must not come back out, whatever they look like: the secrets, codes and tokens of a call. Has no `Debug`;
/// wiped when dropped.
#[derive(Default, Clone)]
pub struct Known(Vec<String>);

impl Known {
    /// These values, also in the form in which a form body carries them.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Known {
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

/// The text as it may stand in an error: on one line, without what is known or looks like a secret, and short.
pub fn excerpt(text: &str, known: &Known) -> String {
    // Redacting before cutting: half a token is still a part of a token.
    let mut text = text.to_owned();
    for value in &known.0 {
        text = text.replace(value.as_str(), REDACTED);
    }
    cut(&without_secrets(&one_line(beginning(&text))))
}

/// The text on one line, without characters that are obeyed and not seen: such a text can neither move a cursor nor turn
/// the words around it about.
pub fn one_line(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_mark(*c));
    let visible: String = seen.map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks of reading direction, joiners and other signs without a shape.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What is looked at of a text. The word in which it is cut goes too: it may be half a token, which does not look like
/// one.
fn beginning(text: &str) -> &str {
    if text.len() <= LOOKED_AT {
        return text;
    }
    let mut end = LOOKED_AT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let beginning = &text[..end];
    match beginning.rfind(|c| !is_word(c)) {
        Some(end) => &beginning[..end],
        None => beginning,
    }
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
            | "code_verifier"
            | "device_code"
            | "password"
            | "authorization"
    );
    let jwt = word.len() >= 16 && word.contains("eyJ");
    let entra_secret = word.len() >= 30 && (word.contains("Q~") || word.contains("Q%7E"));
    // Entra's codes and refresh tokens that are no JWT.
    let opaque = word.len() >= 60 && ["0.A", "1.A", "M."].iter().any(|start| word.starts_with(start));
    (named && word != "Bearer") || (before == "bearer" && word.len() >= 8) || jwt || entra_secret || opaque
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(text: &str) -> String {
        excerpt(text, &Known::default())
    }

    #[test]
    fn what_looks_like_a_secret_is_gone() {
        let refresh = format!("the token 0.AXEA{} is bad", "x".repeat(80));
        for (said, kept) in [
            (refresh.as_str(), "the token <redacted> is bad"),
            ("code_verifier=hunter2&x=y", "code_verifier=<redacted>&x=y"),
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

    /// Blanks count while a text is cut and not when it is shown: a token behind many of them must go whole.
    #[test]
    fn half_a_token_never_stays() {
        for shown in [20, 40] {
            let blanks = " ".repeat(LOOKED_AT - shown);
            let opaque = format!("0.AXEA{}", "x".repeat(80));
            assert_eq!(scrubbed(&format!("a{blanks}{opaque}")), "a");
            let known = Known::new(["planted-token-of-no-known-form-planted-token"]);
            let text = excerpt(&format!("{blanks}planted-token-of-no-known-form-planted-token"), &known);
            assert!(!text.contains("planted"), "{text}");
        }
        let long = "opaque/".repeat(2 * LOOKED_AT);
        assert_eq!(
            excerpt(&format!("no {long}"), &Known::new([long.as_str()])),
            "no <redacted>"
        );
    }

    #[test]
    fn what_turns_the_words_about_is_taken_out() {
        let said = "User \u{202e}nimda\u{202c} is\u{200b}\u{feff} fine.\u{2066}\u{2028}\u{9b}31m";
        assert_eq!(scrubbed(said), "User nimda is fine. 31m");
    }

    #[test]
    fn known_values_go_whatever_they_look_like() {
        let known = Known::new(["pass word", "tok"]);
        assert_eq!(excerpt("pass word pass+word tok", &known), "<redacted> <redacted> tok");
    }
}
