//! By words, for failures that have no text of their own, and for people who describe what they see.

use std::cmp::Reverse;

use crate::{Failure, all};

/// Words that say nothing about a failure.
const LITTLE_WORDS: &[&str] = &[
    "a", "an", "and", "are", "at", "but", "by", "cannot", "does", "for", "from", "get", "i", "in", "is", "it", "my",
    "not", "of", "on", "or", "the", "to", "with",
];

/// The failures whose words have all of these, or failing that most of them; the best first, at most `most`.
#[must_use]
pub fn search(words: &str, most: usize) -> Vec<&'static Failure> {
    let words = words_of(words);
    let mut found: Vec<(usize, usize, &'static Failure)> = all()
        .iter()
        .filter_map(|failure| {
            let (here, at) = hits(failure, &words);
            // More than half: one word in common is no kinship.
            (here * 2 > words.len()).then_some((here, at, failure))
        })
        .collect();
    found.sort_by_key(|(here, in_title, _)| Reverse((*here, *in_title)));
    found.into_iter().take(most).map(|(.., failure)| failure).collect()
}

/// How many of the words a failure has at all, and how many in its id and title.
fn hits(failure: &Failure, words: &[String]) -> (usize, usize) {
    let title = format!("{} {}", failure.id, failure.title).to_lowercase();
    let rest = format!("{} {} {}", failure.symptom, failure.cause, failure.remedy.join(" ")).to_lowercase();
    let in_title = words.iter().filter(|word| title.contains(*word)).count();
    let here = words
        .iter()
        .filter(|word| title.contains(*word) || rest.contains(*word))
        .count();
    (here, in_title)
}

fn words_of(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !LITTLE_WORDS.contains(word))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(words: &str) -> Option<&'static str> {
        search(words, 5).first().map(|failure| failure.id.as_str())
    }

    #[test]
    fn what_a_person_describes_is_found_though_it_has_no_text_of_its_own() {
        assert_eq!(
            first("lost the secret of the client, it is shown once"),
            Some("secret-lost")
        );
        let midnight = search("rows missing around midnight", 3);
        assert!(midnight.iter().any(|failure| failure.numbers.contains(&21)));
    }

    #[test]
    fn little_words_and_strangers_find_nothing() {
        for words in ["", "the of and", "zebra crossing penguin"] {
            assert!(search(words, 5).is_empty(), "{words}");
        }
        assert!(search("secret", 2).len() <= 2);
    }
}
