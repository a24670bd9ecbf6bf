//! From a symptom to what it may mean.

use std::cmp::Reverse;

use crate::{Failure, Seen, aadsts_codes, all};

/// What was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symptom<'a> {
    /// The text, whole: headers that matter as lines first, then the body; or a line of a log; or what a person pasted.
    pub text: &'a str,
    /// The HTTP status, where there is one.
    pub status: Option<u16>,
    /// Where it was met; `None` where nobody knows, such as for a pasted text.
    pub seen: Option<Seen>,
}

impl<'a> Symptom<'a> {
    /// A text of which nothing else is known.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Symptom {
            text,
            status: None,
            seen: None,
        }
    }

    /// A line of CIPP's log, or its data.
    #[must_use]
    pub fn log(text: &'a str) -> Self {
        Symptom {
            text,
            status: None,
            seen: Some(Seen::Log),
        }
    }
}

/// What a symptom may mean.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// All plausible failures, the most specific first.
    pub failures: Vec<&'static Failure>,
    /// Codes of Entra in the text that no failure explains; Microsoft does ([`crate::microsoft_page`]).
    pub unknown_codes: Vec<u32>,
}

/// What a symptom may mean: every failure that fits, and the codes that none of them explains.
#[must_use]
pub fn explain(symptom: &Symptom<'_>) -> Explanation {
    let codes = aadsts_codes(symptom.text);
    let mut fitting: Vec<(u8, &'static Failure)> = all()
        .iter()
        .filter_map(|failure| {
            let weights = failure.recognise.iter().filter(|one| one.fits(symptom, &codes));
            Some((weights.map(super::catalogue::Recognise::weight).max()?, failure))
        })
        .collect();
    // Stable: what weighs the same stays in the order of the files.
    fitting.sort_by_key(|(weight, _)| Reverse(*weight));
    let failures: Vec<_> = fitting.into_iter().map(|(_, failure)| failure).collect();
    let explained = |code: &u32| {
        let mut patterns = failures.iter().flat_map(|failure| &failure.recognise);
        patterns.any(|pattern| pattern.aadsts.contains(code))
    };
    let unknown_codes = codes.iter().filter(|code| !explained(code)).copied().collect();
    Explanation {
        failures,
        unknown_codes,
    }
}

/// The failure that a code of Entra alone stands for, where it was met.
#[must_use]
pub fn by_aadsts(code: u32, seen: Seen) -> Option<&'static Failure> {
    let text = format!("AADSTS{code}");
    let symptom = Symptom {
        text: &text,
        status: None,
        seen: Some(seen),
    };
    explain(&symptom).failures.into_iter().next()
}

/// Every failure that comes with this HTTP status, for whoever knows no more than that.
#[must_use]
pub fn by_status(status: u16) -> Vec<&'static Failure> {
    // Most are recognised by their words alone; the samples tell the status that comes with them.
    let comes_with = |failure: &&Failure| {
        failure.recognise.iter().any(|one| one.status.contains(&status))
            || failure.samples.iter().any(|sample| sample.status == Some(status))
    };
    all().iter().filter(comes_with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(failures: &[&Failure]) -> Vec<String> {
        failures.iter().map(|failure| failure.id.clone()).collect()
    }

    #[test]
    fn a_code_means_what_it_means_where_it_was_met() {
        let id = |code, seen| by_aadsts(code, seen).map(|failure| failure.id.as_str());
        assert_eq!(id(7_000_222, Seen::Client), Some("secret-expired"));
        assert_eq!(id(7_000_222, Seen::Log), Some("sam-secret-expired"));
        assert_eq!(id(4_711_000, Seen::Client), None);
    }

    #[test]
    fn codes_that_nobody_explains_are_told() {
        let found = explain(&Symptom::text("AADSTS7000222, and AADSTS4711000 too"));
        assert_eq!(found.unknown_codes, [4_711_000]);
        assert!(ids(&found.failures).contains(&"secret-expired".to_owned()));
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        for text in ["", " ", "everything is fine", "200 OK"] {
            let found = explain(&Symptom::text(text));
            assert!(found.failures.is_empty(), "{text:?}: {:?}", ids(&found.failures));
        }
    }

    #[test]
    fn a_status_alone_leaves_several_causes() {
        let found = ids(&by_status(429));
        assert!(found.len() > 1, "{found:?}");
        assert!(by_status(200).len() < all().len());
        assert!(by_status(299).is_empty());
    }
}
