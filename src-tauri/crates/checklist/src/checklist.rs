//! A checklist as it is shown, read once from the TOML files compiled into the program.
//!
//! Adding a checklist means adding one TOML file and its line in [`DOCUMENTS`]. What was ticked is not known here
//! (see `ticks`): [`Checklist::with_ticks`] lays the ticks over the words.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::TickedSteps;

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

/// A guided procedure: groups of steps to be ticked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Checklist {
    /// Stable name, also the name of its file; ticks are kept under it.
    pub id: String,
    /// What is reached at the end.
    pub title: String,
    /// A few sentences to read before the first step.
    pub intro: String,
    /// Https address of the manual page it follows.
    pub source: String,
    /// The steps, in the order of the work.
    pub groups: Vec<Group>,
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

/// One thing to do and tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Stable name, unique within its checklist.
    pub id: String,
    /// The step in one line.
    pub title: String,
    /// What to do, action by action.
    pub detail: Vec<String>,
    /// The place where it is done, if there is one.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// The page to open for it.
    pub link: Option<Link>,
    /// Texts worth copying: names of groups, roles, commands.
    pub copy: Vec<String>,
    /// A trap, or what today's CIPP does instead.
    pub note: Option<String>,
    /// Whether a person ticked it.
    pub ticked: bool,
    /// When it was ticked.
    #[specta(type = Option<String>)]
    pub ticked_at: Option<Timestamp>,
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

/// All checklists without ticks, in the order in which they are shown.
///
/// # Errors
/// [`WordsError`] when a compiled-in file cannot be read.
pub fn all() -> Result<&'static [Checklist], WordsError> {
    CHECKLISTS.as_deref().map_err(Clone::clone)
}

impl Checklist {
    /// Every step, whatever its group.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.groups.iter().flat_map(|group| &group.steps)
    }

    /// This checklist with the ticks of one connection laid over it.
    #[must_use]
    pub fn with_ticks(&self, ticks: &TickedSteps) -> Checklist {
        let mut ticked = self.clone();
        for step in ticked.groups.iter_mut().flat_map(|group| &mut group.steps) {
            step.ticked_at = ticks.ticked_at(&self.id, &step.id);
            step.ticked = step.ticked_at.is_some();
        }
        ticked
    }
}

/// What a file may say. Apart from [`Checklist`] so that a file cannot claim a tick and a misspelt key is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: String,
    title: String,
    intro: String,
    source: String,
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
    detail: Vec<String>,
    #[serde(rename = "where")]
    place: Option<String>,
    link: Option<Link>,
    #[serde(default)]
    copy: Vec<String>,
    note: Option<String>,
}

fn parse(file: &str, text: &str) -> Result<Checklist, WordsError> {
    let document: Document = toml::from_str(text).map_err(|error| WordsError {
        file: file.to_owned(),
        detail: error.to_string().trim_end().to_owned(),
    })?;
    Ok(document.into())
}

impl From<Document> for Checklist {
    fn from(document: Document) -> Self {
        let Document {
            id,
            title,
            intro,
            source,
            groups,
        } = document;
        Checklist {
            id,
            title,
            intro,
            source,
            groups: groups.into_iter().map(Group::from).collect(),
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
        let DocumentStep {
            id,
            title,
            detail,
            place,
            link,
            copy,
            note,
        } = step;
        Step {
            id,
            title,
            detail,
            place,
            link,
            copy,
            note,
            ticked: false,
            ticked_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn find(id: &str) -> &'static Checklist {
        all().unwrap().iter().find(|checklist| checklist.id == id).unwrap()
    }

    /// All words of a step, lower case, for looking up phrases.
    fn words(step: &Step) -> String {
        let mut text = format!("{} {} ", step.title, step.detail.join(" "));
        text += step.place.as_deref().unwrap_or_default();
        text += " ";
        text += &step.copy.join(" ");
        text.to_lowercase()
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
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/checklists");
        let on_disk: HashSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let compiled_in: HashSet<String> = DOCUMENTS.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(on_disk, compiled_in);
    }

    #[test]
    fn step_ids_are_unique_within_a_checklist_and_plain() {
        for checklist in all().unwrap() {
            let mut seen = HashSet::new();
            for step in checklist.steps() {
                assert!(seen.insert(&step.id), "{} twice in {}", step.id, checklist.id);
                assert!(
                    step.id
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                    "{}",
                    step.id
                );
            }
        }
    }

    #[test]
    fn every_link_is_https_and_labelled() {
        for checklist in all().unwrap() {
            assert!(checklist.source.starts_with("https://"));
            for link in checklist.steps().filter_map(|step| step.link.as_ref()) {
                assert!(link.url.starts_with("https://"), "{}", link.url);
                assert!(!link.label.trim().is_empty(), "{}", link.url);
            }
        }
    }

    #[test]
    fn no_group_step_or_text_is_empty() {
        for checklist in all().unwrap() {
            assert!(!checklist.title.is_empty() && !checklist.intro.is_empty() && !checklist.groups.is_empty());
            for group in &checklist.groups {
                assert!(!group.title.trim().is_empty() && !group.steps.is_empty());
            }
            for step in checklist.steps() {
                assert!(!step.title.trim().is_empty() && !step.detail.is_empty(), "{}", step.id);
                let texts = step
                    .detail
                    .iter()
                    .chain(&step.copy)
                    .chain(&step.place)
                    .chain(&step.note);
                assert!(texts.into_iter().all(|text| !text.trim().is_empty()), "{}", step.id);
            }
        }
    }

    /// Each step of the founding document "Setup & Authentication", by words that only its step holds here.
    #[test]
    fn every_step_of_setup_and_authentication_has_its_place() {
        let places: &[(&str, &[&str])] = &[
            ("hosted-or-self-hosted", &["helpdesk"]),
            ("activate-the-extension", &["settings > extensions"]),
            ("global-administrator-while-activating", &["global administrator"]),
            ("open-the-sam-application", &["permission check", "details", "cipp sam"]),
            (
                "azure-service-management-permission",
                &["azure service management", "user_impersonation", "delegated"],
            ),
            (
                "contributor-on-the-subscription",
                &[
                    "sign in to the azure portal",
                    "open subscriptions",
                    "open the subscription",
                    "access control (iam)",
                    "+ add",
                    "add role assignment",
                    "contributor",
                    "user, group, or service principal",
                    "cipp-sam",
                    "save",
                ],
            ),
            ("new-application-appears", &["new app registration"]),
            (
                "enter-the-four-values",
                &[
                    "api address",
                    "tenant id",
                    "client id",
                    "client secret",
                    "powershell block",
                ],
            ),
            ("token-arrives", &["oauth", "/.default", "oauth2/v2.0/token"]),
            ("first-log-rows", &["/api/listlogs"]),
            ("know-the-limits", &["10 minutes", "rate limit"]),
            ("know-the-endpoints", &["endpoints", "github"]),
            (
                "powershell-module",
                &[
                    "install-module -name cippapimodule",
                    "set-cippapidetails",
                    "get-cipplogs",
                ],
            ),
        ];
        assert_places("enable-the-cipp-api", places);
        let contributor = find("enable-the-cipp-api")
            .steps()
            .find(|s| s.id == "contributor-on-the-subscription")
            .unwrap();
        assert_eq!(contributor.detail.len(), 10, "the document numbers ten actions");
    }

    /// Each step of the founding document "Creating the CIPP Service Account".
    #[test]
    fn every_step_of_the_service_account_document_has_its_place() {
        let places: &[(&str, &[&str])] = &[
            ("watch-the-video", &["video"]),
            (
                "know-the-roles",
                &[
                    "global administrator",
                    "adminagents",
                    "removed afterwards",
                    "partner api",
                ],
            ),
            (
                "know-the-mfa-rule",
                &["every sign-in", "conditional access", "per-user", "duo", "first time"],
            ),
            (
                "decide-on-a-mailbox",
                &["mailbox", "notifications", "webhooks", "export"],
            ),
            ("open-users", &["entra admin centre", "users"]),
            ("new-user", &["new user"]),
            ("internal-user", &["inside your organisation"]),
            ("user-name", &["user name", "recognise"]),
            ("display-name", &["cipp service account"]),
            ("password", &["strong", "store"]),
            ("next-properties", &["next: properties"]),
            ("next-assignments", &["next: assignments"]),
            ("add-group", &["microsoft partner", "add group"]),
            ("admin-agents", &["adminagents"]),
            (
                "gdap-groups",
                &["m365 gdap", "recommends", "skip", "one for each role", "come back"],
            ),
            ("add-role", &["add role"]),
            (
                "global-administrator",
                &["global administrator", "cipp-sam", "remove it"],
            ),
            ("review", &["next: review + create"]),
            ("create", &["choose create"]),
        ];
        assert_places("create-the-cipp-service-account", places);
        let order: Vec<&str> = find("create-the-cipp-service-account")
            .steps()
            .map(|step| step.id.as_str())
            .collect();
        let expected: Vec<&str> = places.iter().map(|(id, _)| *id).collect();
        assert_eq!(order[..expected.len()], expected, "the document's own order");
    }

    fn assert_places(checklist: &str, places: &[(&str, &[&str])]) {
        for (id, phrases) in places {
            let step = find(checklist)
                .steps()
                .find(|step| step.id == *id)
                .unwrap_or_else(|| panic!("no step {id}"));
            let words = words(step);
            for phrase in *phrases {
                assert!(words.contains(phrase), "{id} does not say {phrase:?}");
            }
        }
    }

    /// Facts: enablement, "Old steps still needed?": these are replaced, and a checklist that hides it would mislead.
    #[test]
    fn what_todays_cipp_replaced_says_so() {
        for id in [
            "global-administrator-while-activating",
            "open-the-sam-application",
            "azure-service-management-permission",
            "contributor-on-the-subscription",
            "activate-the-extension",
        ] {
            let step = find("enable-the-cipp-api").steps().find(|step| step.id == id).unwrap();
            assert!(step.note.as_deref().unwrap_or_default().starts_with("Replaced"), "{id}");
        }
        for id in ["know-the-roles", "global-administrator"] {
            let step = find("create-the-cipp-service-account")
                .steps()
                .find(|step| step.id == id)
                .unwrap();
            assert!(step.note.as_deref().unwrap_or_default().starts_with("Changed"), "{id}");
        }
    }

    #[test]
    fn a_broken_document_names_its_file_and_place() {
        let error = parse("x.toml", "id = \"x\"\ntitel = \"misspelt\"").unwrap_err();
        assert!(
            error.to_string().contains("x.toml") && error.to_string().contains("titel"),
            "{error}"
        );
    }

    #[test]
    fn the_wire_form_is_what_the_window_reads() {
        let step = serde_json::to_value(find("create-the-cipp-service-account").steps().next().unwrap()).unwrap();
        let keys: Vec<&str> = step.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "id", "title", "detail", "where", "link", "copy", "note", "ticked", "tickedAt"
            ]
        );
    }
}
