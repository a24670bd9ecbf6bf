//! A refused sign-in in words: the catalogue's for the codes it has, Microsoft's own for the rest.
//!
//! Here: what is cut out of Entra's descriptions. Not here: the words themselves (the `failures` crate), and decisions.
//! Microsoft asks not to depend on codes or texts, so what is retried follows the HTTP status and `error` alone
//! (`token.rs`).

use failures::{Failure, Seen, by_aadsts, microsoft_page};

fn explanation(code: Option<u32>) -> Option<&'static Failure> {
    by_aadsts(code?, Seen::Client)
}

/// The sentence for a refused sign-in: our own words for known codes, else the first sentence of Entra's.
pub(crate) fn sentence(status: u16, error: &str, code: Option<u32>, description: &str) -> String {
    let said = match (explanation(code), code) {
        (Some(failure), _) => failure.title.as_str(),
        (None, Some(_)) if !description.is_empty() => description,
        // Not Entra's form: somebody else's words need a beginning.
        (None, _) if description.is_empty() => return format!("Entra refused the sign-in (HTTP {status}, {error})."),
        (None, _) => return format!("The sign-in server refused (HTTP {status}, {error}): {description}"),
    };
    match code {
        Some(code) if !said.contains("AADSTS") => format!("{said} (AADSTS{code})"),
        _ => said.to_owned(),
    }
}

/// What to do about it.
pub(crate) fn remedy(error: &str, code: Option<u32>) -> String {
    match (explanation(code), code) {
        (Some(failure), _) => failure.remedy.join(" "),
        (None, Some(code)) => {
            format!("Microsoft explains this code at {}.", microsoft_page(code))
        }
        (None, None) if error == "temporarily_unavailable" => "Try again in a few minutes.".to_owned(),
        (None, None) => "Check the sign-in server, tenant ID, client ID and client secret.".to_owned(),
    }
}

/// The number of the first `AADSTS<number>` in a text: the fallback when `error_codes` is missing.
pub(crate) fn code_in(description: &str) -> Option<u32> {
    let after = &description[description.find("AADSTS")? + "AADSTS".len()..];
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after[..digits].parse().ok()
}

/// Entra's description without its tail of trace IDs: the first sentence, without the code in front.
pub(crate) fn first_sentence(description: &str) -> &str {
    let end = ["\r", "\n", " Trace ID:", " Correlation ID:"]
        .iter()
        .filter_map(|tail| description.find(tail))
        .min();
    let line = description[..end.unwrap_or(description.len())].trim();
    let line = match line.split_once(": ") {
        Some((code, rest)) if code.starts_with("AADSTS") => rest,
        _ => line,
    };
    match line.find(". ") {
        Some(dot) => &line[..=dot],
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'x'.\r\nTrace ID: 1\r\nCorrelation ID: 2\r\nTimestamp: 2022-10-31 09:03:41Z";

    #[test]
    fn codes_and_sentences_are_cut_out_of_real_descriptions() {
        assert_eq!(code_in(REAL), Some(7000215));
        assert_eq!(first_sentence(REAL), "Invalid client secret provided.");
        assert_eq!(
            first_sentence("AADSTS1: No end Trace ID: 1 Correlation ID: 2"),
            "No end"
        );
        assert_eq!(code_in("no code"), None);
        assert_eq!(code_in("AADSTS99999999999999999999: too big"), None);
    }

    #[test]
    fn every_code_that_must_have_its_own_words_has_them() {
        for code in [
            7000215, 7000222, 700016, 7000229, 7000112, 90002, 900023, 500011, 501051, 53003, 70011, 1002012, 7000218,
        ] {
            let said = sentence(400, "x", Some(code), "what Microsoft said");
            assert!(
                !said.contains("Microsoft") && said.ends_with(&format!("(AADSTS{code})")),
                "{said}"
            );
            assert!(!remedy("x", Some(code)).contains("error?code"), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_gives_microsofts_first_sentence_and_link() {
        assert_eq!(
            sentence(400, "invalid_request", Some(123456), "Something new."),
            "Something new. (AADSTS123456)"
        );
        assert!(remedy("invalid_request", Some(123456)).contains("error?code=123456"));
        assert_eq!(
            sentence(400, "invalid_request", None, ""),
            "Entra refused the sign-in (HTTP 400, invalid_request)."
        );
    }
}
