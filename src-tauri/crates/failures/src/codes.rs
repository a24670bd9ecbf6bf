//! Entra's error numbers in a text.

use std::sync::LazyLock;

use regex::Regex;

/// `AADSTS7000215`, and as Entra's own pages and CIPP's permission check write it: `AADSTS 7000215`.
static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\bAADSTS[ :]?(\d{4,8})\b").ok());

/// Entra's JSON, where a text was cut before its description.
static LISTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?i)"error_codes"\s*:\s*\[([\d,\s]*)\]"#).ok());

/// The numbers of all of Entra's codes in a text, each once: those written `AADSTS...` in their order, then those of
/// `error_codes` (facts: Entra A.3).
#[must_use]
pub fn aadsts_codes(text: &str) -> Vec<u32> {
    let mut codes = Vec::new();
    let first = |captures: regex::Captures<'_>| captures.get(1).map_or(String::new(), |one| one.as_str().to_owned());
    let written = CODE.iter().flat_map(|code| code.captures_iter(text)).map(first);
    let listed = LISTED.iter().flat_map(|list| list.captures_iter(text)).map(first);
    let listed = listed.flat_map(|list| list.split(',').map(|code| code.trim().to_owned()).collect::<Vec<_>>());
    for code in written.chain(listed).filter_map(|code| code.parse().ok()) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// Where Microsoft itself explains a code: the page that its documentation names for look-ups.
#[must_use]
pub fn microsoft_page(code: u32) -> String {
    format!("https://login.microsoftonline.com/error?code={code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_once_in_its_order() {
        let text = "AADSTS50076: MFA. Inner: aadsts7000215, AADSTS50076; AADSTS: 65001 is none, XAADSTS90002 neither";
        assert_eq!(aadsts_codes(text), [50076, 7_000_215]);
        assert_eq!(
            aadsts_codes(r#"{"error_codes": [50076, 53003]} AADSTS53003"#),
            [53003, 50076]
        );
        assert_eq!(aadsts_codes("AADSTS 53003 and AADSTS:53011"), [53003, 53011]);
    }

    #[test]
    fn numbers_that_no_code_has_are_passed_over() {
        assert!(aadsts_codes("AADSTS12 AADSTS99999999999999 7000215 AADSTS").is_empty());
    }
}
