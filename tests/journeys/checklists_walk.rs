//! A technician's whole way through both checklists: from nothing to the printed report and the clean-up, with a sign-in in
//! a browser on the way, and a colleague who goes on.

use checklist::{
    About, Change, CheckProgress, DueState, Planned, RunStore, Sources, StepKind, StepState, all, check_all, export,
    html, markdown, plan,
};
use connections::ConnectionId;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use ms_client::{Scopes, SignIn, TIER_2_OPTIONAL};
use tokio_util::sync::CancellationToken;

use crate::microsoft::{World, files_under};

const VARIANT: &str = "self-hosted";

/// Looks at everything in both lists, as *Check all* does, and keeps each finding as it comes.
async fn check_everything(world: &World, person: Option<&SignIn>, store: &RunStore, connection: &str) {
    let sources = Sources {
        cipp: Some(world.client()),
        microsoft: person.cloned(),
        subject: world.subject(),
        clock: std::sync::Arc::new(Timestamp::now),
    };
    for list in all().unwrap() {
        let planned: Vec<Planned> = plan(list, &store.load(Some(connection)).unwrap());
        let mut keep = |progress: CheckProgress| {
            if let CheckProgress::Found { found, .. } = progress {
                let record =
                    |run: &mut checklist::Run| run.record(list, &found.step, found.finding, Timestamp::now(), "anna");
                store.change(Some(connection), record).unwrap();
            }
        };
        let round = check_all(&sources, &planned, &mut keep, &CancellationToken::new()).await;
        assert_eq!((round.findings.len(), round.cancelled), (planned.len(), false));
    }
}

fn about() -> About {
    About {
        name: "Harbour Light".into(),
        at: Timestamp::now(),
        by: "anna".into(),
        version: "0".into(),
        zone: TimeZone::UTC,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checklists_from_nothing_to_the_report_and_the_clean_up() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| RunStore::open(folder.path().join(name), folder.path().join("checklists.json"));
    let store = open("checklist-runs");
    let enable = &all().unwrap()[0];

    // Before there is a connection: the question is answered, the first steps are ticked.
    store
        .change(None, |run| {
            let now = Timestamp::now();
            run.choose_variant(enable, VARIANT, now, "anna")?;
            let note = Some("Ticket 4711".to_owned());
            run.change(enable, "hosted-or-self-hosted", Change::Confirm { note }, now, "anna")
        })
        .unwrap();
    let connection = ConnectionId::random().to_string();
    let run = store.adopt(&connection, Timestamp::now(), "anna").unwrap();
    assert_eq!(run.variant(&enable.id), Some(VARIANT));
    assert!(store.load(None).unwrap().is_empty());

    // The four values are there: what CIPP can prove is proved, and the rest says what it lacks.
    let world = World::playing("setup_consent_missing").await;
    check_everything(&world, None, &store, &connection).await;
    let progress = store
        .load(Some(&connection))
        .unwrap()
        .progress(enable, Timestamp::now());
    assert!(progress.counts.verified > 8, "{:?}", progress.counts);
    // What was useful for the set-up is still to be cleaned up; nothing else is wrong.
    let failed: Vec<&str> = progress
        .steps
        .iter()
        .filter(|step| matches!(step.state, StepState::Failed { .. }))
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(failed, ["narrow-the-ip-range", "lower-the-client-role"]);
    assert!(progress.counts.could_not_check > 0, "{:?}", progress.counts);

    // An administrator signs in: first a page to sign in, then one that names what is asked for.
    let mut scopes = Scopes::tier_2();
    scopes.extend(TIER_2_OPTIONAL);
    let (person, walked) = world.sign_in("admin", scopes).await;
    let consent = walked.consent.expect("nobody has consented before");
    for asked in ["Directory.Read.All", "Policy.Read.All", "AuditLog.Read.All"] {
        assert!(consent.contains(asked), "{asked} is not in {consent}");
    }
    check_everything(&world, Some(&person), &store, &connection).await;

    // Everything that a check can prove is proved; only what was granted for the set-up is not taken away yet.
    let run = store.load(Some(&connection)).unwrap();
    let mut proved = 0;
    for list in all().unwrap() {
        let progress = run.progress(list, Timestamp::now());
        for step in list.only(&progress.variant).steps().filter(|step| step.is_automatic()) {
            let stands = progress.step(&step.id).unwrap();
            match &stands.state {
                StepState::Failed { remedy, .. } if step.kind == StepKind::CleanUp => assert!(!remedy.is_empty()),
                StepState::Verified { evidence, .. } => assert!(!evidence.requests.is_empty(), "{}", step.id),
                other => panic!("{}: {other:#?}", step.id),
            }
            proved += 1;
        }
    }
    let account = run.progress(&all().unwrap()[1], Timestamp::now());
    let due = account
        .step("remove-roles")
        .unwrap()
        .due
        .expect("due since the roles were seen");
    assert_eq!(due.state, DueState::Open);
    let tomorrow = Timestamp::now() + 25.hours();
    assert!(run.progress(&all().unwrap()[1], tomorrow).counts.overdue > 0);

    // The report: every proof, the note, the open clean-up, and nothing that must not be in it.
    let reports = [
        markdown(all().unwrap(), &run, &about()),
        html(all().unwrap(), &run, &about()),
    ];
    assert_eq!(reports[0].matches("  - Proof\n").count(), proved, "{}", reports[0]);
    for report in &reports {
        for wanted in [
            "Ticket 4711",
            "/graph/v1.0/",
            "/api/ListLogs",
            "anna.keller@harbourlight.example",
            "Take the set-up roles away again",
        ] {
            assert!(report.contains(wanted), "{wanted} is not in\n{report}");
        }
        assert!(!report.contains("Nothing is open"), "the clean-up is");
    }
    let exported = export(&run, "Harbour Light", Timestamp::now(), "anna");
    let code = walked
        .end
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned();
    let ready = world.ready();
    let planted = ["eyJ", &ready.client_secret, &ready.people[0].password, &code];
    let mut texts = files_under(folder.path());
    texts.extend(reports);
    texts.extend([exported.clone(), format!("{person:?}")]);
    for text in texts {
        for planted in planted {
            assert!(!text.contains(planted), "{planted} is in\n{text}");
        }
    }

    // A colleague goes on with the run; both agree.
    let colleague = open("colleague");
    let (theirs, merged) = colleague
        .import(Some(&connection), &exported, Timestamp::now(), "ben")
        .unwrap();
    assert!(
        merged.conflicts.is_empty() && merged.other_variants.is_empty(),
        "{merged:?}"
    );
    let now = Timestamp::now();
    assert_eq!(theirs.progress(enable, now).counts, run.progress(enable, now).counts);

    // Signed out, nothing turns red, and what was proved stays.
    person.sign_out();
    check_everything(&world, Some(&person), &store, &connection).await;
    let after = store.load(Some(&connection)).unwrap().progress(enable, now);
    assert_eq!(after.counts.verified, run.progress(enable, now).counts.verified);
    assert!(after.step("tenant-is-right").unwrap().remark.is_some());

    // The roles are taken away: seen, no longer due, and not looked for any more.
    let world = World::playing("setup_cleaned_up").await;
    let (person, _) = world.sign_in("reader", Scopes::tier_2()).await;
    check_everything(&world, Some(&person), &store, &connection).await;
    let list = &all().unwrap()[1];
    let run = store.load(Some(&connection)).unwrap();
    let account = run.progress(list, Timestamp::now());
    let removed = account.step("remove-roles").unwrap();
    assert!(
        matches!(removed.state, StepState::Verified { .. }),
        "{:#?}",
        removed.state
    );
    assert!(removed.due.is_none());
    assert!(
        plan(list, &run)
            .iter()
            .all(|planned| planned.step != "global-administrator")
    );
}
