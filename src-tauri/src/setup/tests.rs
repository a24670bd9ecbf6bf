use std::{fs, sync::Mutex};

use checklist::{Side, StepState};
use connections::ConnectionId;

use super::*;
use crate::{
    error::ErrorCode,
    microsoft::{SignInAsk, SignedIn},
    settings::SetupFacts,
    testing::Desk,
};

const API: &str = "enable-the-cipp-api";
const ACCOUNT: &str = "create-the-cipp-service-account";

fn confirm() -> Change {
    Change::Confirm { note: None }
}

fn settings() -> Settings {
    Settings {
        person_name: " anna ".to_owned(),
        ..Settings::default()
    }
}

/// The first step of a list that only the person who did it can prove.
fn by_hand(list: &str) -> String {
    let list = find(list).unwrap();
    let step = list
        .steps_of(list.variant_or_default(None))
        .find(|step| !step.is_automatic());
    step.unwrap().id.clone()
}

async fn confirm_step(desk: &Desk, id: Option<ConnectionId>, step: &str, by: &str) -> ChecklistView {
    change(&desk.state, id, API.into(), step.into(), confirm(), by.into())
        .await
        .unwrap()
}

async fn state_of(state: &Arc<AppState>, id: Option<ConnectionId>, step: &str) -> StepState {
    let views = views(state, id).await.unwrap();
    let steps = views.iter().flat_map(|view| &view.progress.steps);
    steps.into_iter().find(|other| other.id == step).unwrap().state.clone()
}

async fn check_list(desk: &Desk, id: ConnectionId, list: &str) -> CommandResult<Checked> {
    check(&desk.state, id, list.into(), None, &settings(), |_| {}).await
}

fn causes(view: &ChecklistView) -> Vec<(String, String)> {
    let of = |step: &checklist::StepProgress| {
        let remark = step.remark.as_ref()?;
        Some((remark.check.clone(), format!("{:?}", remark.cause)))
    };
    view.progress.steps.iter().filter_map(of).collect()
}

#[tokio::test]
async fn what_was_done_before_there_was_a_connection_goes_to_the_first_one_alone() {
    let desk = Desk::new("healthy").await;
    let step = by_hand(API);
    let view = confirm_step(&desk, None, &step, "anna").await;
    assert_eq!(view.progress.counts.confirmed, 1);
    let has_words = |step: &checklist::StepProgress| view.checklist.step(&step.id).is_some();
    assert!(
        view.progress.steps.iter().all(has_words),
        "the words of every step of the variant are there"
    );

    let first = desk.save(None, "Contoso").await;
    adopt_into_the_first(&desk.state, first, "anna".into()).await;
    assert!(matches!(state_of(&desk.state, Some(first), &step).await, StepState::Confirmed { by, .. } if by == "anna"));
    assert_eq!(state_of(&desk.state, None, &step).await, StepState::Todo);

    confirm_step(&desk, None, &step, "anna").await;
    let second = desk.save(None, "Fabrikam").await;
    adopt_into_the_first(&desk.state, second, "anna".into()).await;
    assert_eq!(state_of(&desk.state, Some(second), &step).await, StepState::Todo);
    assert!(state_of(&desk.state, None, &step).await.is_done());
}

#[tokio::test]
async fn ticks_of_an_earlier_version_are_here() {
    let desk = Desk::new("healthy").await;
    let step = by_hand(API);
    let ticks = format!(r#"{{"format":1,"connections":{{"none":{{"{API}":{{"{step}":"2026-05-01T08:00:00Z"}}}}}}}}"#);
    fs::write(desk.folder.path().join("checklists.json"), ticks).unwrap();
    assert!(state_of(&desk.state, None, &step).await.is_done());
}

#[tokio::test]
async fn a_round_keeps_what_cipp_shows_and_says_who_is_missing_for_the_rest() {
    let (desk, id) = Desk::connected("healthy").await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = {
        let told = Arc::clone(&told);
        move |news| told.lock().unwrap().push(news)
    };
    let checked = check(&desk.state, id, API.into(), None, &settings(), tell)
        .await
        .unwrap();
    assert!(!checked.cancelled && checked.trouble.is_none());
    assert!(
        checked.view.progress.counts.verified > 0,
        "{:?}",
        checked.view.progress.counts
    );
    let causes = causes(&checked.view);
    assert!(!causes.is_empty(), "some steps need a sign-in");
    assert!(
        causes
            .iter()
            .all(|(check, cause)| !check.starts_with("ms-") || cause == "NotSignedIn"),
        "{causes:?}"
    );
    let told = std::mem::take(&mut *told.lock().unwrap());
    let (
        Some(CheckNews::Looking { done: 0, .. }),
        Some(CheckNews::Found {
            done, total, counts, ..
        }),
    ) = (told.first(), told.last())
    else {
        panic!("{told:?}");
    };
    assert_eq!(done, total);
    assert_eq!(*counts, checked.view.progress.counts);

    let again = views(&desk.restarted(), Some(id)).await.unwrap();
    let again = again.iter().find(|view| view.checklist.id == API).unwrap();
    assert_eq!(again.progress.counts, checked.view.progress.counts, "it is on disk");
}

/// A round may wait for its turn until the window looks at another connection.
#[tokio::test]
async fn a_round_leaves_who_is_signed_in_for_another_connection_be() {
    let (desk, one) = Desk::connected("healthy").await;
    let two = desk.save(None, "Fabrikam").await;
    desk.sign_in(two, SignInAsk::Basic, "", "reader").await.unwrap();
    check_list(&desk, one, API).await.unwrap();
    assert!(desk.state.sign_ins.of(two).is_some());
}

#[tokio::test]
async fn with_a_sign_in_the_service_account_is_proved() {
    let (desk, id) = Desk::connected("healthy").await;
    let own = desk.own_app().to_owned();
    for ask in [SignInAsk::SignInMethods, SignInAsk::EligibleRoles, SignInAsk::Azure] {
        desk.sign_in(id, ask, &own, "admin").await.unwrap();
    }
    let admin = desk.state.sign_ins.of(id).unwrap().who().upn.clone();
    let checked = check_list(&desk, id, ACCOUNT).await.unwrap();
    let counts = checked.view.progress.counts;
    assert!(counts.verified > 5, "{counts:?} {:?}", causes(&checked.view));
    let by_person = |step: &checklist::StepProgress| match &step.state {
        StepState::Verified { check, evidence, .. } if check.starts_with("ms-") => evidence.signed_in_as.clone(),
        _ => None,
    };
    let people: Vec<String> = checked.view.progress.steps.iter().filter_map(by_person).collect();
    assert!(
        !people.is_empty() && people.iter().all(|who| *who == admin),
        "{people:?}"
    );
}

#[tokio::test]
async fn the_sandbox_inside_the_app_is_checked_like_any_connection() {
    let desk = Desk::new("healthy").await;
    let id = desk.state.demo().await.unwrap().id();
    desk.sign_in(id, SignInAsk::Directory, "", "admin").await.unwrap();
    let checked = check_list(&desk, id, ACCOUNT).await.unwrap();
    assert!(checked.trouble.is_none());
    let seen = |by: &str| {
        let verified = |step: &checklist::StepProgress| match &step.state {
            StepState::Verified { check, .. } => check.starts_with(by),
            _ => false,
        };
        checked.view.progress.steps.iter().any(verified)
    };
    assert!(seen("cipp-") && seen("ms-"), "{:?}", causes(&checked.view));
}

#[tokio::test]
async fn without_a_secret_microsofts_checks_run_and_the_trouble_is_told() {
    let desk = Desk::new("healthy").await;
    let id = desk.without_secret().await;
    let own = desk.own_app().to_owned();
    desk.sign_in(id, SignInAsk::Directory, &own, "reader").await.unwrap();
    let checked = check_list(&desk, id, ACCOUNT).await.unwrap();
    assert_eq!(checked.trouble.unwrap().code, ErrorCode::SecretMissing);
    assert!(checked.view.progress.counts.verified > 0);
    let of_cipp: Vec<_> = causes(&checked.view)
        .into_iter()
        .filter(|(check, _)| check.starts_with("cipp-"))
        .collect();
    assert!(of_cipp.is_empty(), "nobody claims to have asked CIPP: {of_cipp:?}");
}

#[tokio::test]
async fn a_round_that_is_stopped_keeps_what_it_found() {
    // The log takes its time: the first finding is told before the round is at its end, however busy the machine is.
    let (desk, id) = Desk::connected("slow_rows").await;
    let state = Arc::clone(&desk.state);
    let tell = move |news| {
        if matches!(news, CheckNews::Found { .. }) {
            state.rounds.cancel();
        }
    };
    let checked = check(&desk.state, id, API.into(), None, &settings(), tell)
        .await
        .unwrap();
    assert!(checked.cancelled);
    let kept = checked
        .view
        .progress
        .steps
        .iter()
        .filter(|step| !step.history.is_empty());
    assert!(kept.count() >= 1);
    let next = check_list(&desk, id, API).await.unwrap();
    assert!(!next.cancelled, "the next round is not stopped with it");
}

#[tokio::test]
async fn rounds_wait_for_each_other_and_one_cancel_ends_both() {
    let (desk, id) = Desk::connected("healthy").await;
    let (one, two) = tokio::join!(check_list(&desk, id, API), check_list(&desk, id, ACCOUNT));
    assert!(!one.unwrap().cancelled && !two.unwrap().cancelled);

    let turn = desk.state.rounds.turn.lock().await;
    let (waiting, ()) = tokio::join!(check_list(&desk, id, API), async {
        tokio::task::yield_now().await;
        desk.state.rounds.cancel();
    });
    assert!(waiting.unwrap().cancelled, "also one that has not begun");
    drop(turn);
}

#[tokio::test]
async fn one_step_alone_is_looked_at_and_one_by_hand_says_so() {
    let (desk, id) = Desk::connected("healthy").await;
    let list = find(API).unwrap();
    let automatic = list
        .steps_of(list.variant_or_default(None))
        .find(|step| step.proof.checks.iter().any(|check| check.is_cipp()))
        .unwrap();
    let settings = settings();
    let look = |step: &str| check(&desk.state, id, API.into(), Some(step.into()), &settings, |_| {});
    let checked = look(&automatic.id).await.unwrap();
    let touched = checked
        .view
        .progress
        .steps
        .iter()
        .filter(|step| !step.history.is_empty());
    assert_eq!(touched.count(), 1);
    let refused = look(&by_hand(API)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ChangeRefused);
    assert_eq!(look("no-such-step").await.unwrap_err().code, ErrorCode::ChangeRefused);
}

#[tokio::test]
async fn a_damaged_run_stays_as_it_is_and_ends_the_round() {
    let (desk, id) = Desk::connected("healthy").await;
    confirm_step(&desk, Some(id), &by_hand(API), "anna").await;
    let file = desk.folder.path().join(format!("checklist-runs/{id}.json"));
    fs::write(&file, "{ damaged").unwrap();
    assert_eq!(check_list(&desk, id, API).await.unwrap_err().code, ErrorCode::Checklist);
    assert_eq!(
        views(&desk.state, Some(id)).await.unwrap_err().code,
        ErrorCode::Checklist
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "{ damaged");
}

#[tokio::test]
async fn a_run_that_cannot_be_kept_any_more_ends_the_round() {
    let (desk, id) = Desk::connected("healthy").await;
    let file = desk.folder.path().join(format!("checklist-runs/{id}.json"));
    let damaged = file.clone();
    let tell = move |news| {
        if matches!(news, CheckNews::Found { done: 1, .. }) {
            fs::write(&damaged, "{ damaged").unwrap();
        }
    };
    let error = check(&desk.state, id, API.into(), None, &settings(), tell)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::Checklist);
    fs::remove_file(&file).unwrap();
    assert!(
        !check_list(&desk, id, API).await.unwrap().cancelled,
        "the next one is not stopped with it"
    );
}

#[tokio::test]
async fn a_removed_connection_leaves_no_run_even_when_it_is_being_checked() {
    let (desk, id) = Desk::connected("healthy").await;
    let file = desk.folder.path().join(format!("checklist-runs/{id}.json"));
    let (begun, news) = tokio::sync::oneshot::channel();
    let begun = Mutex::new(Some(begun));
    let tell = move |_| {
        if let Some(begun) = begun.lock().unwrap().take() {
            begun.send(()).unwrap();
        }
    };
    let settings = settings();
    let round = check(&desk.state, id, API.into(), None, &settings, tell);
    let removal = async {
        news.await.unwrap();
        forget(&desk.state, id).await;
        assert!(!file.exists());
    };
    let (_, ()) = tokio::join!(round, removal);
    assert!(!file.exists(), "the round did not begin the run anew");
}

#[tokio::test]
async fn reports_and_runs_are_written_whole_and_overwrite_only_when_told() {
    let (desk, id) = Desk::connected("healthy").await;
    confirm_step(&desk, Some(id), &by_hand(API), "anna").await;
    for (form, begins) in [
        (ChecklistFile::Markdown, "# "),
        (ChecklistFile::Html, "<!DOCTYPE html>"),
        (ChecklistFile::Run, "{"),
    ] {
        let path = desk.folder.path().join(format!("{form:?}.txt"));
        let to = |path: &std::path::Path, overwrite| {
            let target = Target {
                path: path.to_owned(),
                overwrite,
            };
            let settings = settings();
            let state = Arc::clone(&desk.state);
            async move { write(&state, Some(id), form, target, &settings, "1.2.3".into()).await }
        };
        to(&path, false).await.unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with(begins) && text.contains("Contoso") && text.contains("anna"),
            "{text}"
        );
        assert_eq!(to(&path, false).await.unwrap_err().code, ErrorCode::FileExists);
        fs::write(&path, "old").unwrap();
        to(&path, true).await.unwrap();
        assert_ne!(fs::read_to_string(&path).unwrap(), "old");
        for nowhere in ["report.md", "", "/"] {
            let error = to(std::path::Path::new(nowhere), true).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::Export, "{nowhere}");
        }
        let no_folder = desk.folder.path().join("no/such/folder/report.md");
        assert_eq!(to(&no_folder, true).await.unwrap_err().code, ErrorCode::Export);
    }
    let left: Vec<_> = fs::read_dir(desk.folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_colleagues_run_comes_in_and_what_differs_waits_for_a_choice() {
    let (desk, id) = Desk::connected("healthy").await;
    let step = by_hand(API);
    confirm_step(&desk, Some(id), &step, "anna").await;
    let path = desk.folder.path().join("run.json");
    let target = Target {
        path: path.clone(),
        overwrite: false,
    };
    write(
        &desk.state,
        Some(id),
        ChecklistFile::Run,
        target,
        &settings(),
        "1".into(),
    )
    .await
    .unwrap();

    let other = desk.save(None, "Fabrikam").await;
    let imported = import(&desk.state, Some(other), path.clone(), "ben".into())
        .await
        .unwrap();
    assert_eq!(imported.merged.taken.len(), 1);
    assert!(state_of(&desk.state, Some(other), &step).await.is_done());

    let apart = desk.save(None, "Tailspin").await;
    let reason = "not ours".to_owned();
    let not_ours = Change::NotApplicable { reason };
    change(
        &desk.state,
        Some(apart),
        API.into(),
        step.clone(),
        not_ours,
        "ben".into(),
    )
    .await
    .unwrap();
    let imported = import(&desk.state, Some(apart), path.clone(), "ben".into())
        .await
        .unwrap();
    assert_eq!(imported.merged.conflicts.len(), 1);
    let settle = Change::Settle { kept: Side::Theirs };
    change(&desk.state, Some(apart), API.into(), step.clone(), settle, "ben".into())
        .await
        .unwrap();
    assert!(state_of(&desk.state, Some(apart), &step).await.is_done());

    fs::write(&path, "a shopping list").unwrap();
    for wrong in [
        path,
        desk.folder.path().join("gone.json"),
        desk.folder.path().to_owned(),
    ] {
        let error = import(&desk.state, Some(id), wrong, "ben".into()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotARun);
    }
}

#[tokio::test]
async fn what_a_person_says_about_the_set_up_is_used() {
    let (desk, id) = Desk::connected("healthy").await;
    let connection = desk.state.connection(id).await.unwrap();
    let facts = SetupFacts {
        account: " cipp@msp.example ".into(),
        ..SetupFacts::default()
    };
    let secret = desk.state.secret(id).await.unwrap();
    let subject = round::subject(&connection, Some(&secret), Some(&facts));
    assert_eq!(subject.account.as_deref(), Some("cipp@msp.example"));
    assert_eq!(subject.sam_app_id, None, "an empty text is not known");
    assert_eq!(subject.secret_hint.unwrap().chars().count(), 3);
    assert_eq!(round::subject(&connection, None, None).secret_hint, None);
}

/// Nothing that signs anybody in may come out: not in an answer, not in a file, not in the log, whatever is logged.
#[tokio::test]
async fn no_token_and_no_secret_is_told_written_or_logged() {
    let log = Log::default();
    let _log = tracing::subscriber::set_default(
        tracing_subscriber::fmt()
            .with_env_filter(crate::without_bodies(tracing_subscriber::EnvFilter::new("trace")))
            .with_ansi(false)
            .with_writer(log.clone())
            .finish(),
    );
    tracing::trace!("the log is on");
    let (desk, id) = Desk::connected("healthy").await;
    let own = desk.own_app().to_owned();
    let mut said: Vec<String> = Vec::new();
    for (ask, app, person) in [
        (SignInAsk::Directory, own.as_str(), "admin"),
        (SignInAsk::Azure, &own, "admin"),
        (SignInAsk::Basic, &own, "reader"),
    ] {
        let told = desk.sign_in(id, ask, app, person).await;
        said.push(match told {
            Ok(signed_in) => serde_json::to_string(&signed_in).unwrap(),
            Err(error) => format!("{} {error:?}", serde_json::to_string(&error).unwrap()),
        });
    }
    said.push(serde_json::to_string(&desk.device_code(id, &own, "admin").await).unwrap());
    let news = Arc::new(Mutex::new(Vec::new()));
    for list in [API, ACCOUNT] {
        let told = Arc::clone(&news);
        let tell = move |news: CheckNews| told.lock().unwrap().push(serde_json::to_string(&news).unwrap());
        let checked = check(&desk.state, id, list.into(), None, &settings(), tell)
            .await
            .unwrap();
        assert!(checked.view.progress.counts.verified > 0);
        said.push(serde_json::to_string(&checked).unwrap());
    }
    said.append(&mut news.lock().unwrap());
    for form in [ChecklistFile::Markdown, ChecklistFile::Html, ChecklistFile::Run] {
        let target = Target {
            path: desk.folder.path().join(format!("written-{form:?}")),
            overwrite: false,
        };
        write(&desk.state, Some(id), form, target, &settings(), "1".into())
            .await
            .unwrap();
    }
    let person = desk.state.sign_ins.of(id);
    said.push(format!("{person:?} {:?}", person.as_ref().map(SignedIn::from)));
    said.push(desk.files());
    said.push(log.text());
    let secret = &desk.sandbox.ready().client_secret;
    for text in &said {
        assert!(!text.contains(secret.as_str()), "the secret: {text}");
        let text = text.replace("%2F", "/");
        if let Some(found) = random_word(&text) {
            let at = text.find(found).unwrap();
            let around: String = text.chars().skip(at.saturating_sub(200)).take(500).collect();
            panic!("{found} in: {around}");
        }
    }
    assert!(said.iter().all(|text| !text.is_empty()), "something is looked at");
}

/// A token, a code or whatever else was made of chance: parts of a JWT, or so many letters and digits in a row.
fn random_word(text: &str) -> Option<&str> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(|c: char| !letters(c)).find(|word| {
        let has = |class: fn(&char) -> bool| word.chars().any(|c| class(&c));
        let mixed = has(char::is_ascii_digit) && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
        word.starts_with("eyJ") || (word.len() >= 32 && mixed)
    })
}

#[test]
fn what_is_made_of_chance_is_recognised() {
    assert!(random_word("Bearer eyJhbGciOi").is_some());
    assert!(random_word("code=q1Wb7cXk2Vd9Lr4Tz6Ys8Np3Mh5Jg0Fa_E-uQoIiRtB").is_some());
    assert_eq!(
        random_word("GET /users/87bd2ae9-a5b8-418e-9a44-0b2a72a09572 create-the-cipp-service-account"),
        None
    );
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}
