//! A checklist as it is shown, read once from the TOML files compiled into the program.
//!
//! Adding a checklist means adding one TOML file and its line in [`DOCUMENTS`]. What has been done is not known here
//! (see `run`), nor how a check is made (see `checks`): a step only names the checks that can prove it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::CheckId;

/// The form of the files that this version reads.
const FORMAT: u32 = 2;

/// The one list of checklists, in the order in which they are shown: file name and text.
const DOCUMENTS: &[(&str, &str)] = &[
    (
        "enable-the-cipp-api.toml",
        include_str!("../checklists/enable-the-cipp-api.toml"),
    ),
    (
        "create-the-cipp-service-account.toml",
        include_str!("../checklists/create-the-cipp-service-account.toml"),
    ),
];

static CHECKLISTS: LazyLock<Result<Vec<Checklist>, WordsError>> =
    LazyLock::new(|| DOCUMENTS.iter().map(|(file, text)| parse(file, text)).collect());

/// A guided procedure: groups of steps, of which a variant shows those that concern it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Checklist {
    /// Stable name, also the name of its file; what was done is kept under it.
    pub id: String,
    /// What is reached at the end.
    pub title: String,
    /// A few sentences to read before the first step.
    pub intro: String,
    /// Https address of the manual page it follows.
    pub source: String,
    /// The day on which the whole list was last held against its sources, `yyyy-mm-dd`.
    pub reviewed: String,
    /// Which edition of the manual that was.
    pub manual: String,
    /// The one question that picks the variant; `None` when there is only one.
    pub question: Option<String>,
    /// The answers to the question, in the order in which they are shown; the first is the default. Empty when there is one
    /// way only.
    pub variants: Vec<Variant>,
    /// The steps, in the order of the work.
    pub groups: Vec<Group>,
}

/// One answer to a checklist's question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variant {
    /// Stable name.
    pub id: String,
    /// The answer.
    pub title: String,
    /// How to tell that it is the right one.
    pub hint: String,
}

/// Steps that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Heading of the group.
    pub title: String,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// What sort of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Something that must be so.
    Requirement,
    /// Something to do.
    Action,
    /// A time to let pass.
    Wait,
    /// Something to look at.
    Check,
    /// A privilege to take away again.
    CleanUp,
    /// Something to know.
    Note,
}

/// One thing to do, to wait for, to check or to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Stable name, unique within its checklist.
    pub id: String,
    /// The step in one line.
    pub title: String,
    /// What sort of step it is.
    pub kind: StepKind,
    /// The variants that have this step; empty for all.
    pub variants: Vec<String>,
    /// What to do, in small actions to be numbered. Never empty.
    pub actions: Vec<String>,
    /// The place where it is done, if there is one: a menu path or a page.
    pub place: Option<String>,
    /// The page to open for it.
    pub link: Option<Link>,
    /// The role of whoever must do it.
    pub who: Option<String>,
    /// Why it is done.
    pub why: Option<String>,
    /// Steps that can be done only after this one, by id.
    pub unlocks: Vec<String>,
    /// Texts worth copying: names of groups, roles, commands.
    pub copy: Vec<String>,
    /// The usual traps.
    pub traps: Vec<String>,
    /// The step that replaced this one in today's CIPP.
    pub replaced_by: Option<String>,
    /// Where the step comes from: an address, or the founding document.
    pub source: String,
    /// The numbers of the founding documents' steps that this one holds.
    pub seed: Vec<String>,
    /// Whether doing it leaves something behind that CIPP, Entra or Azure could show.
    pub trace: bool,
    /// Clean-up only: hours after which it is due.
    pub due_hours: Option<u32>,
    /// Wait only: how long it may take, in minutes.
    pub wait_minutes: Option<u32>,
    /// How it is proved.
    pub proof: Proof,
}

/// Who can see that a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ProofBy {
    /// CIPP, through the stored connection.
    Cipp,
    /// Microsoft Graph or Azure, after a sign-in.
    Microsoft,
    /// Only the person who did it.
    Hand,
}

/// How a step is proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// Who can see it first of all.
    pub by: ProofBy,
    /// The checks, in order: the first that can tell decides. Empty exactly when proved by hand.
    pub checks: Vec<CheckId>,
    /// "How we know": the request, the field, the value.
    pub how: Option<String>,
    /// By hand: why nothing can see it.
    pub why_not: Option<String>,
}

/// A page outside the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// Words that name the site and the page.
    pub label: String,
    /// Always https.
    pub url: String,
}

/// A checklist that was compiled in cannot be read. Tests rule this out for every build that passes them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The checklist {file} that came with this program cannot be read: {detail}. Install the program again.")]
pub struct WordsError {
    /// File name of the checklist.
    pub file: String,
    /// What the parser says.
    pub detail: String,
}

/// All checklists, in the order in which they are shown.
///
/// # Errors
/// [`WordsError`] when a compiled-in file cannot be read.
pub fn all() -> Result<&'static [Checklist], WordsError> {
    CHECKLISTS.as_deref().map_err(Clone::clone)
}

impl Checklist {
    /// Every step of every variant.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.groups.iter().flat_map(|group| &group.steps)
    }

    /// The steps of one variant, in order.
    pub fn steps_of<'a>(&'a self, variant: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps().filter(move |step| step.belongs_to(variant))
    }

    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps().find(|step| step.id == id)
    }

    /// The variant with this id.
    #[must_use]
    pub fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// The variant to show: the chosen one if this list has it, else the first; empty for a list without variants.
    #[must_use]
    pub fn variant_or_default(&self, chosen: Option<&str>) -> &str {
        chosen
            .and_then(|chosen| self.variant(chosen))
            .or_else(|| self.variants.first())
            .map_or("", |variant| variant.id.as_str())
    }

    /// This list with the steps of one variant alone; groups that would be empty are left out.
    #[must_use]
    pub fn only(&self, variant: &str) -> Checklist {
        let mut list = self.clone();
        for group in &mut list.groups {
            group.steps.retain(|step| step.belongs_to(variant));
        }
        list.groups.retain(|group| !group.steps.is_empty());
        list
    }
}

impl Step {
    /// Whether this variant has the step.
    #[must_use]
    pub fn belongs_to(&self, variant: &str) -> bool {
        self.variants.is_empty() || self.variants.iter().any(|own| own == variant)
    }

    /// Whether a check can prove it.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        !self.proof.checks.is_empty()
    }
}

/// What a file may say. Apart from [`Checklist`] because a misspelt key is an error here, and what the window reads has
/// other spellings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    id: String,
    title: String,
    intro: String,
    source: String,
    reviewed: String,
    manual: String,
    question: Option<String>,
    #[serde(default)]
    variants: Vec<Variant>,
    groups: Vec<DocumentGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentGroup {
    title: String,
    steps: Vec<DocumentStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentStep {
    id: String,
    title: String,
    kind: StepKind,
    #[serde(default)]
    variants: Vec<String>,
    actions: Vec<String>,
    place: Option<String>,
    link: Option<Link>,
    who: Option<String>,
    why: Option<String>,
    #[serde(default)]
    unlocks: Vec<String>,
    #[serde(default)]
    copy: Vec<String>,
    #[serde(default)]
    traps: Vec<String>,
    replaced_by: Option<String>,
    source: String,
    #[serde(default)]
    seed: Vec<String>,
    trace: bool,
    due_hours: Option<u32>,
    wait_minutes: Option<u32>,
    proof: DocumentProof,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentProof {
    by: ProofBy,
    check: Option<OneOrMore>,
    how: Option<String>,
    why_not: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(CheckId),
    More(Vec<CheckId>),
}

fn parse(file: &str, text: &str) -> Result<Checklist, WordsError> {
    let refuse = |detail: String| WordsError {
        file: file.to_owned(),
        detail,
    };
    let document: Document = toml::from_str(text).map_err(|error| refuse(error.to_string().trim_end().to_owned()))?;
    if document.format != FORMAT {
        return Err(refuse(format!("it has format {} and not {FORMAT}", document.format)));
    }
    if document.question.is_some() != (document.variants.len() > 1) {
        return Err(refuse(
            "a question goes with several variants, and several variants with a question".into(),
        ));
    }
    Ok(document.into())
}

impl From<Document> for Checklist {
    fn from(document: Document) -> Self {
        Checklist {
            id: document.id,
            title: document.title,
            intro: document.intro,
            source: document.source,
            reviewed: document.reviewed,
            manual: document.manual,
            question: document.question,
            variants: document.variants,
            groups: document.groups.into_iter().map(Group::from).collect(),
        }
    }
}

impl From<DocumentGroup> for Group {
    fn from(group: DocumentGroup) -> Self {
        Group {
            title: group.title,
            steps: group.steps.into_iter().map(Step::from).collect(),
        }
    }
}

impl From<DocumentStep> for Step {
    fn from(step: DocumentStep) -> Self {
        Step {
            id: step.id,
            title: step.title,
            kind: step.kind,
            variants: step.variants,
            actions: step.actions,
            place: step.place,
            link: step.link,
            who: step.who,
            why: step.why,
            unlocks: step.unlocks,
            copy: step.copy,
            traps: step.traps,
            replaced_by: step.replaced_by,
            source: step.source,
            seed: step.seed,
            trace: step.trace,
            due_hours: step.due_hours,
            wait_minutes: step.wait_minutes,
            proof: step.proof.into(),
        }
    }
}

impl From<DocumentProof> for Proof {
    fn from(proof: DocumentProof) -> Self {
        Proof {
            by: proof.by,
            checks: match proof.check {
                None => Vec::new(),
                Some(OneOrMore::One(check)) => vec![check],
                Some(OneOrMore::More(checks)) => checks,
            },
            how: proof.how,
            why_not: proof.why_not,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small list that does not change when the words of the real ones do.
    pub(crate) const SMALL: &str = r#"
format = 2
id = "small"
title = "A small list"
intro = "For tests."
source = "https://example.net"
reviewed = "2026-11-22"
manual = "first edition"
question = "Which?"
[[variants]]
id = "new"
title = "New"
hint = "n"
[[variants]]
id = "old"
title = "Old"
hint = "o"
[[groups]]
title = "First"
[[groups.steps]]
id = "grant"
title = "Grant the role"
kind = "requirement"
actions = ["Grant it."]
unlocks = ["take-away"]
source = "https://example.net"
trace = true
proof = { by = "microsoft", check = "ms-setup-roles", how = "x" }
[[groups.steps]]
id = "call"
title = "Call <it> & see"
kind = "check"
actions = ["Call *it*."]
source = "https://example.net"
trace = true
proof = { by = "cipp", check = ["cipp-listlogs", "ms-api-app"], how = "x" }
[[groups.steps]]
id = "old-way"
title = "The old way"
kind = "action"
variants = ["old"]
actions = ["Do."]
replaced_by = "call"
source = "https://example.net"
trace = false
proof = { by = "hand", why_not = "Nothing shows it." }
[[groups]]
title = "Only new"
[[groups.steps]]
id = "wait"
title = "Wait"
kind = "wait"
variants = ["new"]
actions = ["Wait."]
source = "https://example.net"
trace = false
wait_minutes = 15
proof = { by = "cipp", check = "cipp-accepted", how = "x" }
[[groups]]
title = "Clean up"
[[groups.steps]]
id = "take-away"
title = "Take the role away"
kind = "clean-up"
actions = ["Take it away."]
source = "https://example.net"
trace = true
due_hours = 24
proof = { by = "microsoft", check = "ms-setup-roles-removed", how = "x" }
"#;

    pub(crate) fn small() -> Checklist {
        parse("small.toml", SMALL).unwrap()
    }

    #[test]
    fn a_variant_shows_its_own_steps_and_no_empty_group() {
        let list = small();
        let titles = |variant: &str| -> Vec<String> {
            list.only(variant)
                .groups
                .iter()
                .map(|group| group.title.clone())
                .collect()
        };
        assert_eq!(titles("new"), ["First", "Only new", "Clean up"]);
        assert_eq!(titles("old"), ["First", "Clean up"]);
        let steps: Vec<&str> = list.steps_of("old").map(|step| step.id.as_str()).collect();
        assert_eq!(steps, ["grant", "call", "old-way", "take-away"]);
    }

    #[test]
    fn an_unknown_variant_is_the_first() {
        let list = small();
        assert_eq!(list.variant_or_default(None), "new");
        assert_eq!(list.variant_or_default(Some("old")), "old");
        assert_eq!(list.variant_or_default(Some("gone")), "new");
    }

    #[test]
    fn one_check_may_stand_alone_or_in_a_list() {
        let list = small();
        assert_eq!(list.step("grant").unwrap().proof.checks, [CheckId::MsSetupRoles]);
        assert_eq!(
            list.step("call").unwrap().proof.checks,
            [CheckId::CippListlogs, CheckId::MsApiApp]
        );
    }

    #[test]
    fn a_broken_document_names_its_file_and_place() {
        let error = parse("x.toml", &SMALL.replace("question =", "qestion =")).unwrap_err();
        assert!(
            error.to_string().contains("x.toml") && error.to_string().contains("qestion"),
            "{error}"
        );
        let error = parse("x.toml", &SMALL.replace("\"cipp-accepted\"", "\"cipp-acepted\"")).unwrap_err();
        assert!(error.to_string().contains("x.toml"), "{error}");
        let error = parse("x.toml", &SMALL.replace("format = 2", "format = 3")).unwrap_err();
        assert!(error.to_string().contains("format 3"), "{error}");
    }

    #[test]
    fn every_document_is_read_and_named_as_its_file() {
        let read = all().unwrap();
        assert_eq!(read.len(), DOCUMENTS.len());
        for (checklist, (file, _)) in read.iter().zip(DOCUMENTS) {
            assert_eq!(format!("{}.toml", checklist.id), *file);
        }
    }

    #[test]
    fn every_file_in_the_folder_is_compiled_in() {
        use std::collections::HashSet;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/checklists");
        let on_disk: HashSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let compiled_in: HashSet<String> = DOCUMENTS.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(on_disk, compiled_in);
    }

    #[test]
    fn the_wire_form_is_what_the_window_reads() {
        let step = serde_json::to_value(small().step("wait").unwrap()).unwrap();
        let keys: Vec<&str> = step.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "id",
                "title",
                "kind",
                "variants",
                "actions",
                "place",
                "link",
                "who",
                "why",
                "unlocks",
                "copy",
                "traps",
                "replacedBy",
                "source",
                "seed",
                "trace",
                "dueHours",
                "waitMinutes",
                "proof"
            ]
        );
        assert_eq!(step["proof"]["checks"][0], "cipp-accepted");
        let clean_up = serde_json::to_value(small().step("take-away").unwrap()).unwrap();
        assert_eq!(clean_up["kind"], "clean-up");
    }
}
