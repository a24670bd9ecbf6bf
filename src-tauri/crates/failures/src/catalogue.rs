//! The words: read once from the TOML files compiled into the program.
//!
//! Adding a failure means adding an entry to one of the files; a new file needs its line in [`DOCUMENTS`]. What is
//! recognised, and what is not although it looks alike, stands beside each entry as a sample; [`check`] holds them.

use std::{collections::HashSet, sync::LazyLock};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Symptom, explain};

/// The form of the files that this version reads.
const FORMAT: u32 = 1;

/// How many entries the catalogue of the facts page has; each must have its place (facts: CIPP 4).
const NUMBERS: u8 = 72;

macro_rules! documents {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../catalogue/", $file)))),*]
    };
}

/// The one list of files.
const DOCUMENTS: &[(&str, &str)] = documents![
    "address-and-reach.toml",
    "right-door.toml",
    "sign-in.toml",
    "sign-in-of-a-person.toml",
    "reading-microsoft.toml",
    "accepted-and-allowed.toml",
    "reading-the-log.toml",
    "set-up.toml",
    "inside-cipp-sign-in.toml",
    "inside-cipp-tenants.toml",
];

// A file that cannot be read leaves the explanations of all files out; errors still have their own words. It cannot
// leave this machine: a test reads every file.
static FAILURES: LazyLock<Vec<Failure>> = LazyLock::new(|| read(DOCUMENTS).unwrap_or_default());

/// One way in which something fails.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Stable name.
    pub id: String,
    /// Its numbers in the failure catalogue of the facts page; may be empty.
    pub numbers: Vec<u8>,
    /// Where on the way to the log it stands.
    pub rung: Rung,
    /// Where its symptom is met.
    pub seen: Vec<Seen>,
    /// The cause in one sentence.
    pub title: String,
    /// What one sees.
    pub symptom: String,
    /// Why, in CIPP's and Microsoft's own terms.
    pub cause: String,
    /// What to do, in order; the first is the next click. Never empty.
    pub remedy: Vec<String>,
    /// Where waiting is the remedy.
    pub waiting: Option<Waiting>,
    /// The step of a checklist that mends it: `checklist/step`.
    pub step: Option<String>,
    /// Where to read on, or where to go.
    pub link: Option<DeepLink>,
    /// Where the fact is from.
    pub source: String,
    /// Whether the fact is established; else it is shown as probable.
    pub certain: bool,
    /// Trying again by itself does harm.
    pub never_retry: bool,
    /// How it is recognised; empty where it has no text of its own.
    #[serde(skip)]
    pub(crate) recognise: Vec<Recognise>,
    #[serde(skip)]
    pub(crate) samples: Vec<Sample>,
    #[serde(skip)]
    near_misses: Vec<NearMiss>,
}

/// The rungs of the ladder to the log, and what stands beside it. The catalogue's files write them with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Rung {
    /// The address is one that can be called.
    Address,
    /// Name, network, proxy, certificate, clock.
    Reach,
    /// CIPP's API and not its website.
    #[serde(alias = "right-door")]
    RightDoor,
    /// Entra issues a token.
    #[serde(alias = "sign-in")]
    SignIn,
    /// The token is one that CIPP can accept.
    #[serde(alias = "token-fits")]
    TokenFits,
    /// The site in front of CIPP accepts it.
    Accepted,
    /// CIPP allows the call.
    Allowed,
    /// The log can be read.
    #[serde(alias = "log-read")]
    LogRead,
    /// Versions and the access checks, which nobody needs for the log.
    Versions,
    /// Met in the pages of CIPP or Entra while setting up.
    #[serde(alias = "set-up")]
    SetUp,
    /// CIPP's own trouble with customers' tenants.
    #[serde(alias = "inside-cipp")]
    InsideCipp,
}

/// Where a symptom is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// An answer to a call with the stored secret.
    Client,
    /// A person's sign-in at Microsoft.
    Person,
    /// A message or the data of CIPP's log.
    Log,
    /// A page of CIPP or Entra.
    Page,
}

/// Waiting as a remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiting {
    /// Seconds until it is worth trying again.
    pub seconds: u32,
    /// Seconds after which it was not only a matter of waiting.
    pub most: u32,
    /// What is waited for.
    pub why: String,
}

/// An address to open in the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeepLink {
    /// What is there.
    pub label: String,
    /// Https.
    pub url: String,
}

/// All of what is given must fit.
#[derive(Clone, Debug)]
pub(crate) struct Recognise {
    pub(crate) aadsts: Vec<u32>,
    pub(crate) text: Vec<Regex>,
    pub(crate) status: Vec<u16>,
    pub(crate) seen: Vec<Seen>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    seen: Seen,
    pub(crate) status: Option<u16>,
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NearMiss {
    seen: Seen,
    status: Option<u16>,
    text: String,
    is: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    failures: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    numbers: Vec<u8>,
    rung: Rung,
    seen: Vec<Seen>,
    title: String,
    symptom: String,
    cause: String,
    remedy: Vec<String>,
    waiting: Option<Waiting>,
    step: Option<String>,
    link: Option<DeepLink>,
    source: String,
    #[serde(default = "yes")]
    certain: bool,
    #[serde(default)]
    never_retry: bool,
    #[serde(default)]
    recognise: Vec<Pattern>,
    #[serde(default)]
    samples: Vec<Sample>,
    #[serde(default)]
    near_misses: Vec<NearMiss>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    #[serde(default)]
    aadsts: Vec<u32>,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    status: Vec<u16>,
    seen: Option<Vec<Seen>>,
}

fn yes() -> bool {
    true
}

/// What is wrong with the words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {detail}")]
pub struct CatalogueError {
    /// The file, or the entry.
    pub file: String,
    /// What is wrong.
    pub detail: String,
}

/// Every failure, in the order of the files.
#[must_use]
pub fn all() -> &'static [Failure] {
    &FAILURES
}

/// The failure with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Failure> {
    all().iter().find(|failure| failure.id == id)
}

/// Everything that is wrong with the words: files that cannot be read, ids that are there twice, numbers of the facts page
/// without a place, samples that are not recognised and near misses that are.
#[must_use]
pub fn check() -> Vec<CatalogueError> {
    let failures = match read(DOCUMENTS) {
        Ok(failures) => failures,
        Err(error) => return vec![error],
    };
    let mut wrong = Vec::new();
    let mut ids = HashSet::new();
    for failure in &failures {
        let mut say = |detail: String| {
            wrong.push(CatalogueError {
                file: failure.id.clone(),
                detail,
            });
        };
        if !ids.insert(&failure.id) {
            say("is there twice".into());
        }
        check_words(failure, &mut say);
        check_samples(failure, &mut say);
    }
    for number in 1..=NUMBERS {
        if !failures.iter().any(|failure| failure.numbers.contains(&number)) {
            wrong.push(CatalogueError {
                file: "catalogue".into(),
                detail: format!("number {number} of the facts page has no place"),
            });
        }
    }
    wrong
}

fn check_words(failure: &Failure, say: &mut impl FnMut(String)) {
    let words = [&failure.title, &failure.symptom, &failure.cause, &failure.source];
    if words.iter().any(|word| word.trim().is_empty()) {
        say("title, symptom, cause and source must not be empty".into());
    }
    if failure.remedy.is_empty() || failure.remedy.iter().any(|action| action.trim().is_empty()) {
        say("the remedy is empty".into());
    }
    if failure.seen.is_empty() {
        say("is seen nowhere".into());
    }
    if !failure.title.ends_with(['.', '?']) {
        say("the title is no sentence".into());
    }
    if failure.numbers.iter().any(|number| !(1..=NUMBERS).contains(number)) {
        say("has a number that the facts page does not have".into());
    }
    if failure.link.iter().any(|link| !link.url.starts_with("https://")) {
        say("the link is not https".into());
    }
    if failure
        .waiting
        .iter()
        .any(|waiting| waiting.seconds == 0 || waiting.most < waiting.seconds)
    {
        say("the waiting makes no sense".into());
    }
}

fn check_samples(failure: &Failure, say: &mut impl FnMut(String)) {
    let recognised = |seen, status, text: &str| {
        explain(&Symptom {
            text,
            status,
            seen: Some(seen),
        })
    };
    if failure.recognise.is_empty() {
        if !failure.samples.is_empty() || !failure.near_misses.is_empty() {
            say("has samples and no way to recognise them".into());
        }
        return;
    }
    if failure.near_misses.is_empty() {
        say("has no near miss".into());
    }
    for (position, recognise) in failure.recognise.iter().enumerate() {
        let hits = |sample: &Sample| {
            let symptom = Symptom {
                text: &sample.text,
                status: sample.status,
                seen: Some(sample.seen),
            };
            recognise.fits(&symptom, &crate::aadsts_codes(symptom.text))
        };
        if !failure.samples.iter().any(hits) {
            say(format!("has no sample for its recognise {}", position + 1));
        }
    }
    for sample in &failure.samples {
        let found = recognised(sample.seen, sample.status, &sample.text);
        if !found.failures.iter().any(|found| found.id == failure.id) {
            say(format!("does not recognise its sample {:?}", sample.text));
        }
    }
    for near in &failure.near_misses {
        let found = recognised(near.seen, near.status, &near.text);
        if found.failures.iter().any(|found| found.id == failure.id) {
            say(format!("recognises its near miss {:?}", near.text));
        }
        if !near.is.is_empty() && !found.failures.iter().any(|found| found.id == near.is) {
            say(format!(
                "the near miss {:?} is not recognised as {}",
                near.text, near.is
            ));
        }
    }
}

fn read(documents: &[(&str, &str)]) -> Result<Vec<Failure>, CatalogueError> {
    let mut failures = Vec::new();
    for (file, text) in documents {
        let refuse = |detail: String| CatalogueError {
            file: (*file).to_owned(),
            detail,
        };
        let document: Document =
            toml::from_str(text).map_err(|error| refuse(error.to_string().trim_end().to_owned()))?;
        if document.format != FORMAT {
            return Err(refuse(format!("it has format {} and not {FORMAT}", document.format)));
        }
        for entry in document.failures {
            let id = entry.id.clone();
            failures.push(Failure::try_from(entry).map_err(|error| refuse(format!("{id}: {error}")))?);
        }
    }
    Ok(failures)
}

impl TryFrom<Entry> for Failure {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let recognise = entry
            .recognise
            .into_iter()
            .map(|pattern| Recognise::new(pattern, &entry.seen))
            .collect::<Result<_, _>>()?;
        Ok(Failure {
            id: entry.id,
            numbers: entry.numbers,
            rung: entry.rung,
            seen: entry.seen,
            title: entry.title,
            symptom: entry.symptom,
            cause: entry.cause,
            remedy: entry.remedy,
            waiting: entry.waiting,
            step: entry.step,
            link: entry.link,
            source: entry.source,
            certain: entry.certain,
            never_retry: entry.never_retry,
            recognise,
            samples: entry.samples,
            near_misses: entry.near_misses,
        })
    }
}

impl Recognise {
    fn new(pattern: Pattern, seen: &[Seen]) -> Result<Self, String> {
        if pattern.aadsts.is_empty() && pattern.text.is_empty() && pattern.status.is_empty() {
            return Err("a recognise with nothing in it fits everything".into());
        }
        Ok(Recognise {
            aadsts: pattern.aadsts,
            text: pattern.text.iter().map(|text| regex(text)).collect::<Result<_, _>>()?,
            status: pattern.status,
            seen: pattern.seen.unwrap_or_else(|| seen.to_vec()),
        })
    }

    /// Whether all of what is given fits. `codes` are those of the text.
    pub(crate) fn fits(&self, symptom: &Symptom<'_>, codes: &[u32]) -> bool {
        symptom.seen.is_none_or(|seen| self.seen.contains(&seen))
            && (self.aadsts.is_empty() || codes.iter().any(|code| self.aadsts.contains(code)))
            && (self.text.is_empty() || self.text.iter().any(|text| text.is_match(symptom.text)))
            && (self.status.is_empty() || symptom.status.is_some_and(|status| self.status.contains(&status)))
    }

    /// How much it says, for the order: a code more than words with a status, those more than words alone, and a status
    /// alone least of all.
    pub(crate) fn weight(&self) -> u8 {
        u8::from(!self.aadsts.is_empty()) * 4 + u8::from(!self.text.is_empty()) * 2 + u8::from(!self.status.is_empty())
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .case_insensitive(true)
        .build()
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wrong_with_the_words() {
        let wrong = check();
        assert!(
            wrong.is_empty(),
            "{}",
            wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        );
        assert!(all().len() > usize::from(NUMBERS));
    }

    const ENTRY: &str = r#"
        [[failures]]
        id = "a"
        rung = "sign-in"
        seen = ["client"]
        title = "A."
        symptom = "a"
        cause = "a"
        remedy = ["a"]
        source = "a"
    "#;

    fn reading(text: &str) -> Result<Vec<Failure>, CatalogueError> {
        read(&[("one.toml", text)])
    }

    #[test]
    fn a_file_of_another_format_is_refused_by_name() {
        let error = reading(&format!("format = 2\n{ENTRY}"))
            .map(|_| ())
            .expect_err("refused");
        assert_eq!(error.to_string(), "one.toml: it has format 2 and not 1");
        assert_eq!(reading(&format!("format = 1\n{ENTRY}")).expect("read").len(), 1);
    }

    #[test]
    fn a_pattern_that_is_none_or_says_nothing_is_refused_with_its_entry() {
        for (pattern, says) in [("text = ['(']", "unclosed group"), ("status = []", "fits everything")] {
            let text = format!("format = 1\n{ENTRY}\n[[failures.recognise]]\n{pattern}");
            let error = reading(&text).map(|_| ()).expect_err("refused").to_string();
            assert!(error.starts_with("one.toml: a: "), "{error}");
            assert!(error.contains(says), "{error}");
        }
    }
}
