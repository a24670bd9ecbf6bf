//! The words of the checklists, held against their own rules and against the two founding documents.
//!
//! `seed-places.toml` quotes every step, requirement, note and limit of the documents, with the step that holds it and the
//! phrases that must stand there. Nothing outside the repository is read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail as tests do"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use checklist::{CheckId, Checklist, ProofBy, Step, StepKind, all};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Places {
    place: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    document: String,
    line: String,
    checklist: String,
    step: String,
    phrases: Vec<String>,
}

fn places() -> Vec<Place> {
    toml::from_str::<Places>(include_str!("seed-places.toml"))
        .unwrap()
        .place
}

fn lists() -> &'static [Checklist] {
    all().unwrap()
}

fn find(id: &str) -> &'static Checklist {
    lists().iter().find(|list| list.id == id).unwrap()
}

fn every_step() -> impl Iterator<Item = (&'static Checklist, &'static Step)> {
    lists()
        .iter()
        .flat_map(|list| list.steps().map(move |step| (list, step)))
}

/// All words of a step, lower case, for looking up phrases.
fn words(step: &Step) -> String {
    let mut texts = vec![step.title.as_str()];
    texts.extend(step.actions.iter().map(String::as_str));
    texts.extend(
        [&step.place, &step.who, &step.why]
            .into_iter()
            .flatten()
            .map(String::as_str),
    );
    texts.extend(step.copy.iter().chain(&step.traps).map(String::as_str));
    texts.join(" ").to_lowercase()
}

fn is_plain(id: &str) -> bool {
    !id.is_empty()
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[test]
fn ids_are_plain_and_unique_and_lead_somewhere() {
    for list in lists() {
        let mut seen = HashSet::new();
        for step in list.steps() {
            let here = format!("{} of {}", step.id, list.id);
            assert!(is_plain(&step.id) && seen.insert(&step.id), "{here}");
            for other in step.unlocks.iter().chain(&step.replaced_by) {
                assert!(list.step(other).is_some() && *other != step.id, "{here} names {other}");
            }
            for variant in &step.variants {
                assert!(list.variant(variant).is_some(), "{here} is for {variant}");
            }
        }
        let variants: HashSet<&str> = list.variants.iter().map(|variant| variant.id.as_str()).collect();
        assert_eq!(variants.len(), list.variants.len());
    }
}

#[test]
fn what_a_step_unlocks_stands_after_it_and_in_a_variant_of_its_own() {
    for list in lists() {
        let order: Vec<&str> = list.steps().map(|step| step.id.as_str()).collect();
        let place = |id: &str| order.iter().position(|own| *own == id).unwrap();
        for step in list.steps() {
            for other in &step.unlocks {
                assert!(
                    place(other) > place(&step.id),
                    "{} unlocks {other}, which stands before it",
                    step.id
                );
                let unlocked = list.step(other).unwrap();
                let shared = list.variants.is_empty()
                    || list
                        .variants
                        .iter()
                        .any(|variant| step.belongs_to(&variant.id) && unlocked.belongs_to(&variant.id));
                assert!(shared, "{} unlocks {other}, and no variant shows both", step.id);
            }
        }
    }
}

#[test]
fn the_enabling_list_has_its_four_variants_and_each_its_steps() {
    let list = find("enable-the-cipp-api");
    let variants: Vec<&str> = list.variants.iter().map(|variant| variant.id.as_str()).collect();
    assert_eq!(
        variants,
        ["hosted", "self-hosted", "self-hosted-before-7.1", "extension"]
    );
    assert!(list.question.is_some());
    for variant in variants {
        assert!(list.steps_of(variant).count() > 10, "{variant}");
    }
    let steps =
        |variant: &'static str| -> Vec<&'static str> { list.steps_of(variant).map(|step| step.id.as_str()).collect() };
    assert!(!steps("hosted").contains(&"managed-identity-contributor"));
    assert!(steps("self-hosted-before-7.1").contains(&"managed-identity-contributor"));
    assert!(steps("extension").contains(&"contributor-on-the-subscription"));
    assert!(!steps("extension").contains(&"create-the-client"));
}

#[test]
fn links_are_https_and_name_their_site() {
    let sites = [
        ("docs.cipp.app", "CIPP manual"),
        ("entra.microsoft.com", "Entra admin centre"),
        ("portal.azure.com", "Azure portal"),
        ("admin.microsoft.com", "Microsoft 365 admin centre"),
        ("github.com", "GitHub"),
        ("learn.microsoft.com", "Microsoft Learn"),
        ("account.activedirectory.windowsazure.com", "Microsoft"),
    ];
    for list in lists() {
        assert!(list.source.starts_with("https://"));
    }
    for (_, step) in every_step() {
        let Some(link) = &step.link else { continue };
        let rest = link
            .url
            .strip_prefix("https://")
            .unwrap_or_else(|| panic!("{}", link.url));
        let host = rest.split('/').next().unwrap();
        let (_, name) = sites
            .iter()
            .find(|(site, _)| *site == host)
            .unwrap_or_else(|| panic!("{host}"));
        assert!(link.label.contains(name), "{} does not name {name}", link.label);
    }
}

#[test]
fn nothing_is_empty() {
    for list in lists() {
        let told = [&list.title, &list.intro, &list.reviewed, &list.manual];
        assert!(told.iter().all(|text| !text.trim().is_empty()) && !list.groups.is_empty());
        assert!(
            list.groups
                .iter()
                .all(|group| !group.title.trim().is_empty() && !group.steps.is_empty())
        );
    }
    for (_, step) in every_step() {
        assert!(!step.actions.is_empty(), "{}", step.id);
        let texts = std::iter::once(&step.title)
            .chain(&step.actions)
            .chain(&step.copy)
            .chain(&step.traps)
            .chain(
                [&step.place, &step.who, &step.why, &step.proof.how, &step.proof.why_not]
                    .into_iter()
                    .flatten(),
            )
            .chain(std::iter::once(&step.source));
        for text in texts {
            assert!(!text.trim().is_empty(), "{}", step.id);
        }
        assert!(step.who.is_some() && step.why.is_some(), "{}", step.id);
    }
}

#[test]
fn every_step_says_how_it_is_proved_or_why_nothing_can_see_it() {
    for (_, step) in every_step() {
        let proof = &step.proof;
        let by_first = proof.checks.first().map(|check| match check.is_cipp() {
            true => ProofBy::Cipp,
            false => ProofBy::Microsoft,
        });
        assert_eq!(by_first.unwrap_or(ProofBy::Hand), proof.by, "{}", step.id);
        match proof.by {
            ProofBy::Hand => assert!(proof.why_not.is_some(), "{}", step.id),
            ProofBy::Cipp | ProofBy::Microsoft => assert!(proof.how.is_some(), "{}", step.id),
        }
    }
}

#[test]
fn waits_and_clean_ups_have_their_times_and_nothing_else_has() {
    for (_, step) in every_step() {
        assert_eq!(step.kind == StepKind::Wait, step.wait_minutes.is_some(), "{}", step.id);
        assert_eq!(step.kind == StepKind::CleanUp, step.due_hours.is_some(), "{}", step.id);
    }
}

/// A clean-up that nothing leads to would never be due.
#[test]
fn something_leads_to_every_clean_up_in_every_variant() {
    for list in lists() {
        let variants: Vec<&str> = match list.variants.as_slice() {
            [] => vec![""],
            some => some.iter().map(|variant| variant.id.as_str()).collect(),
        };
        for variant in variants {
            for clean_up in list.steps_of(variant).filter(|step| step.kind == StepKind::CleanUp) {
                let led_to = list.steps_of(variant).any(|step| step.unlocks.contains(&clean_up.id));
                assert!(led_to, "{} in {variant}", clean_up.id);
            }
        }
    }
}

#[test]
fn what_todays_cipp_replaced_says_so() {
    for (list, step) in every_step() {
        if let Some(new) = &step.replaced_by {
            assert!(list.step(new).is_some());
            let told = step.traps.iter().any(|trap| trap.starts_with("Replaced"));
            assert!(told, "{} does not say that it is replaced", step.id);
        }
    }
    for id in [
        "global-administrator-while-activating",
        "azure-service-management-permission",
        "contributor-on-the-subscription",
        "activate-the-extension",
    ] {
        assert!(
            find("enable-the-cipp-api").step(id).unwrap().replaced_by.is_some(),
            "{id}"
        );
    }
}

#[test]
fn every_line_of_the_founding_documents_has_its_place() {
    let places = places();
    for document in ["setup-and-authentication", "creating-the-cipp-service-account"] {
        assert!(
            places.iter().filter(|place| place.document == document).count() > 15,
            "{document}"
        );
    }
    for place in &places {
        let step = find(&place.checklist).step(&place.step);
        let step = step.unwrap_or_else(|| panic!("no step {} for \u{201C}{}\u{201D}", place.step, place.line));
        let words = words(step);
        assert!(!place.phrases.is_empty() && !place.line.trim().is_empty());
        for phrase in &place.phrases {
            assert!(
                words.contains(phrase.as_str()),
                "{} does not say {phrase:?}",
                place.step
            );
        }
    }
}

/// The numbers under which both documents' steps, the requirements and today's steps are known.
#[test]
fn every_number_of_the_founding_documents_is_held_by_a_step() {
    let numbers =
        |letter: &str, from: u32, to: u32| -> Vec<String> { (from..=to).map(|n| format!("{letter}{n}")).collect() };
    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let enable = wanted.entry("enable-the-cipp-api").or_default();
    enable.extend(numbers("A", 0, 10));
    enable.extend(numbers("A4.", 1, 10));
    enable.extend(numbers("N", 0, 8));
    enable.push("N2b".into());
    let create = wanted.entry("create-the-cipp-service-account").or_default();
    create.extend(numbers("S", 1, 17));
    create.extend(numbers("R", 1, 5));
    for (list, wanted) in wanted {
        let held: BTreeSet<&str> = find(list)
            .steps()
            .flat_map(|step| &step.seed)
            .map(String::as_str)
            .collect();
        let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        assert_eq!(held, wanted, "{list}");
    }
}

#[test]
fn the_older_procedure_keeps_its_ten_portal_actions() {
    let step = find("enable-the-cipp-api")
        .step("contributor-on-the-subscription")
        .unwrap();
    assert_eq!(step.actions.len(), 10, "the document numbers ten");
}

/// Of the steps that leave a trace, at least four of five are proved by a check.
#[test]
fn four_of_five_traces_are_proved_automatically() {
    let traces: Vec<&Step> = every_step().map(|(_, step)| step).filter(|step| step.trace).collect();
    let automatic = traces.iter().filter(|step| step.is_automatic()).count();
    assert!(automatic * 5 >= traces.len() * 4, "{automatic} of {}", traces.len());
}

/// A check that no step names would be dead words.
#[test]
fn every_check_proves_some_step() {
    let used: HashSet<CheckId> = every_step().flat_map(|(_, step)| &step.proof.checks).copied().collect();
    let unused: Vec<&CheckId> = CheckId::ALL.iter().filter(|id| !used.contains(id)).collect();
    assert_eq!(unused, Vec::<&CheckId>::new());
}

/// The steps that earlier versions let people tick: their ticks must find their place.
#[test]
fn every_step_that_could_be_ticked_before_is_still_there() {
    let before: &[(&str, &[&str])] = &[
        (
            "enable-the-cipp-api",
            &[
                "hosted-or-self-hosted",
                "find-your-version",
                "managed-identity-contributor",
                "create-the-client",
                "copy-the-secret",
                "save-to-azure",
                "copy-url-and-tenant",
                "global-administrator-while-activating",
                "open-the-sam-application",
                "azure-service-management-permission",
                "contributor-on-the-subscription",
                "activate-the-extension",
                "new-application-appears",
                "enter-the-four-values",
                "token-arrives",
                "first-log-rows",
                "powershell-module",
                "know-the-limits",
                "know-the-endpoints",
                "remove-global-administrator",
                "remove-contributor",
            ],
        ),
        (
            "create-the-cipp-service-account",
            &[
                "watch-the-video",
                "know-the-roles",
                "know-the-mfa-rule",
                "decide-on-a-mailbox",
                "open-users",
                "new-user",
                "internal-user",
                "user-name",
                "display-name",
                "password",
                "next-properties",
                "next-assignments",
                "add-group",
                "admin-agents",
                "gdap-groups",
                "add-role",
                "global-administrator",
                "review",
                "create",
                "enforce-mfa",
                "per-user-mfa",
                "mailbox",
                "setup-wizard",
                "remove-roles",
            ],
        ),
    ];
    for (list, steps) in before {
        for step in *steps {
            assert!(find(list).step(step).is_some(), "{step} of {list}");
        }
    }
}
