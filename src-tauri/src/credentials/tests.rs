use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
};

use connections::{Keychain, KeychainTimeouts, SecretPlace};

use super::*;
use crate::{
    commands::connections::ConnectionInfo,
    connect::{self, ConnectionInput, SecretInput, StageState, TestProgress, TestStage},
    microsoft::SignInAsk,
    settings::Settings,
    setup::Target,
    testing::Desk,
};

fn never() -> CancellationToken {
    CancellationToken::new()
}

fn typed(value: &str) -> SecretInput {
    SecretInput::Typed {
        value: value.to_owned(),
    }
}

/// A connection whose stored secret is this one, whether it works or not.
async fn with_secret(desk: &Desk, name: &str, secret: &str) -> ConnectionId {
    let ready = desk.sandbox.ready();
    let input = ConnectionInput {
        id: None,
        name: name.to_owned(),
        api_url: ready.api_url.clone(),
        tenant_id: ready.tenant_id.clone(),
        client_id: ready.client_id.clone(),
        authority: Some(ready.authority.clone()),
        ca_cert: None,
        secret: typed(secret),
        test: false,
    };
    connect::save(&desk.state, input, &|_| {}, &never()).await.unwrap().id
}

async fn stored(desk: &Desk, id: ConnectionId) -> String {
    desk.state.secret(id).await.unwrap().expose().to_owned()
}

async fn replace(desk: &Desk, id: ConnectionId, secret: SecretInput) -> CommandResult<SavedConnection> {
    connect::replace_secret(&desk.state, id, secret, &|_| {}, &never()).await
}

const OLD: &str = "old8Q~0123456789abcdefghijklmnopqrstuv~x";

#[tokio::test]
async fn a_new_secret_signs_in_and_reads_before_the_old_one_goes() {
    let desk = Desk::new("healthy").await;
    let id = with_secret(&desk, "Contoso", OLD).await;
    set_end(&desk.state, id, Some("2027-05-31".into())).await.unwrap();
    let told = Mutex::new(Vec::new());
    let tell = |progress: TestProgress| told.lock().unwrap().push((progress.stage, progress.state));
    let right = desk.sandbox.ready().client_secret.clone();
    let draft_id = desk.state.keep_draft(cipp_client::Secret::parse(&right).unwrap());
    let draft = SecretInput::Draft {
        draft_id: draft_id.clone(),
    };
    let saved = connect::replace_secret(&desk.state, id, draft, &tell, &never())
        .await
        .unwrap();

    assert_eq!(stored(&desk, id).await, right);
    let told = told.into_inner().unwrap();
    let read = told
        .iter()
        .position(|told| *told == (TestStage::LogRead, StageState::Ok));
    let kept = told
        .iter()
        .position(|told| *told == (TestStage::Saved, StageState::Running));
    assert!(read.unwrap() < kept.unwrap(), "{told:?}");
    assert_eq!(saved.secret_end, None, "of the new one nothing is known yet");
    assert!(
        desk.state.draft(&draft_id).is_none(),
        "the pasted one is in its place now"
    );
    let error = replace(&desk, id, typed(&right)).await.unwrap_err();
    assert_eq!(error.field, Some(cipp_client::Field::Secret));
    assert!(error.message.contains("stored already"), "{error}");
}

#[tokio::test]
async fn whatever_fails_the_old_secret_stays() {
    let desk = Desk::new("healthy").await;
    let right = desk.sandbox.ready().client_secret.clone();
    let id = with_secret(&desk, "Contoso", &right).await;
    set_end(&desk.state, id, Some("2027-05-31".into())).await.unwrap();
    let before = fs::read_to_string(desk.state.store.path()).unwrap();

    let refused = replace(&desk, id, typed(OLD)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SignInRefused);
    let guid = replace(&desk, id, typed("0b9f7c3e-1111-4222-8333-444455556666"))
        .await
        .unwrap_err();
    assert_eq!(guid.code, ErrorCode::InvalidField);
    let gone = SecretInput::Draft {
        draft_id: "draft-9".into(),
    };
    assert_eq!(
        replace(&desk, id, gone).await.unwrap_err().code,
        ErrorCode::SecretMissing
    );
    let cancel = never();
    cancel.cancel();
    let cancelled = connect::replace_secret(&desk.state, id, typed(OLD), &|_| {}, &cancel)
        .await
        .unwrap_err();
    assert_eq!(cancelled.code, ErrorCode::Cancelled);
    assert_eq!(stored(&desk, id).await, right);
    assert_eq!(fs::read_to_string(desk.state.store.path()).unwrap(), before);

    // The right one for a connection that has another: all is well until the file refuses.
    let other = with_secret(&desk, "Fabrikam", OLD).await;
    make_unwritable(desk.folder.path());
    let refused = replace(&desk, other, typed(&right)).await.unwrap_err();
    assert_ne!(
        refused.code,
        ErrorCode::SecretUnsure,
        "memory takes the old one back: {refused:?}"
    );
    assert_eq!(stored(&desk, other).await, OLD);
}

/// Lets the file be read and not written, also by an administrator: a folder stands where its lock should be.
fn make_unwritable(folder: &Path) {
    let lock = folder.join("connections.lock");
    let _ = fs::remove_file(&lock);
    fs::create_dir(lock).unwrap();
}

#[tokio::test]
async fn an_end_is_typed_put_off_and_taken_back() {
    let (desk, id) = Desk::connected("healthy").await;
    for wrong in ["tomorrow", "31/12/2027", "2027-02-30", "1027-01-01", "9999-12-31"] {
        let error = set_end(&desk.state, id, Some(wrong.into())).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidField, "{wrong}");
        assert!(error.remedy.is_some_and(|remedy| remedy.contains("2027-05-31")));
    }
    let in_days = |days: i64| {
        let date = jiff::Zoned::now().date();
        date.saturating_add(jiff::Span::new().days(days)).to_string()
    };
    let info =
        |saved: &SavedConnection| SecretEndInfo::of(saved.secret_end.as_ref().unwrap(), Timestamp::now()).reminder;
    let saved = set_end(&desk.state, id, Some(in_days(400))).await.unwrap();
    assert_eq!(info(&saved), None);
    let saved = set_end(&desk.state, id, Some(in_days(20))).await.unwrap();
    assert_eq!(info(&saved), Some(Reminder::Month));
    let saved = put_off(&desk.state, id).await.unwrap();
    assert_eq!(info(&saved), None);
    // It stays put off over a restart, and another end begins anew.
    let again = desk.restarted().connection(id).await.unwrap();
    assert_eq!(info(&again), None);
    let saved = set_end(&desk.state, id, Some(in_days(0))).await.unwrap();
    assert_eq!(info(&saved), Some(Reminder::Over));
    let saved = set_end(&desk.state, id, Some(" ".into())).await.unwrap();
    assert_eq!(saved.secret_end, None);
}

#[tokio::test]
async fn entra_tells_the_end_to_whoever_is_signed_in() {
    let (desk, id) = Desk::connected("healthy").await;
    let nobody = look_up_end(&desk.state, id, &never()).await.unwrap_err();
    assert_eq!(nobody.code, ErrorCode::NotSignedIn);
    let own = desk.own_app().to_owned();
    desk.sign_in(id, SignInAsk::Directory, &own, "admin").await.unwrap();
    let saved = look_up_end(&desk.state, id, &never()).await.unwrap();
    let end = saved.secret_end.unwrap();
    assert_eq!(end.source, EndSource::Entra);
    assert!(
        (720..=730).contains(&end.days_left(Timestamp::now())),
        "the sandbox's ends in two years"
    );
    assert!(end.key_id.is_some());

    // Another secret than the application's: nothing is kept of it.
    let other = with_secret(&desk, "Fabrikam", "zzz8Q~0123456789abcdefghijklmnopqrstuv~x").await;
    desk.sign_in(other, SignInAsk::Directory, &own, "admin").await.unwrap();
    let none = look_up_end(&desk.state, other, &never()).await.unwrap_err();
    assert!(none.message.contains("None of the application"), "{none:?}");
    assert_eq!(desk.state.connection(other).await.unwrap().secret_end, None);
    assert!(
        !desk.files().contains("hint"),
        "what tells secrets apart is a part of them"
    );
}

#[tokio::test]
async fn a_round_of_checks_brings_the_end_along() {
    let (desk, id) = Desk::connected("healthy").await;
    let own = desk.own_app().to_owned();
    desk.sign_in(id, SignInAsk::Directory, &own, "admin").await.unwrap();
    let list = "enable-the-cipp-api".to_owned();
    setup::check(&desk.state, id, list, None, &Settings::default(), |_| {})
        .await
        .unwrap();
    let end = desk.state.connection(id).await.unwrap().secret_end.unwrap();
    assert_eq!(end.source, EndSource::Entra);
    assert!(
        end.key_id.is_some_and(|id| id.len() == 36),
        "Entra's Secret ID, not a placeholder"
    );
}

#[tokio::test]
async fn a_secret_that_entra_calls_expired_is_kept_as_such() {
    let (desk, id) = Desk::connected("expired_secret").await;
    set_end(&desk.state, id, Some("2031-01-01".into())).await.unwrap();
    let client = desk.state.client(id).await.unwrap();
    let error = connect::test(&client, &|_| {}, &never()).await.unwrap_err();
    note_refusal(&desk.state, id, &error).await;
    let end = desk.state.connection(id).await.unwrap().secret_end.unwrap();
    assert_eq!(
        (end.source, end.due(Timestamp::now())),
        (EndSource::Refused, Some(Reminder::Over))
    );
    // Said once more, the moment stays; and other refusals say nothing about the end.
    note_refusal(&desk.state, id, &error).await;
    note_refusal(&desk.state, id, &ClientError::Cancelled).await;
    assert_eq!(desk.state.connection(id).await.unwrap().secret_end.unwrap().at, end.at);
}

#[tokio::test]
async fn everything_of_a_connection_is_listed_and_goes_with_it() {
    let (desk, id) = Desk::connected("healthy").await;
    let list = checklist::all().unwrap()[0].id.clone();
    setup::check(&desk.state, id, list, None, &Settings::default(), |_| {})
        .await
        .unwrap();
    // Whatever else writes beside the connections under their ids.
    for name in [format!("diagnoses/{id}.json"), format!("diagnoses/{id}/run-1.json")] {
        let path = desk.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    }
    let other = desk.save(None, "Fabrikam").await;
    fs::write(desk.folder.path().join(format!("diagnoses/{other}.json")), "{}").unwrap();
    let settings = desk.folder.path().join("settings.json");
    fs::write(&settings, "{}").unwrap();

    let about = whereabouts(&desk.state, id, Some(settings)).await.unwrap();
    let listed: Vec<&str> = about.on_disk.iter().map(|found| found.what.as_str()).collect();
    for words in ["list of connections", "checklists", "diagnoses", "settings"] {
        assert!(listed.iter().any(|what| what.contains(words)), "{words}: {listed:?}");
    }
    assert!(
        about
            .on_disk
            .iter()
            .all(|found| found.bytes > 0.0 && !found.path.contains(&other.to_string()))
    );
    assert_eq!(about.place, SecretPlace::Session);
    assert!(about.sentence.contains("gone when you close"), "{}", about.sentence);
    assert!(
        about
            .items
            .iter()
            .all(|item| item.command.contains(&id.to_string()) && !item.steps.is_empty())
    );

    let state = &desk.state;
    state.with_store(move |store| store.remove(&id)).await.unwrap();
    setup::forget(state, id).await;
    forget_files(state, id).await;
    assert!(!desk.files().contains(&id.to_string()));
    assert!(
        !all_paths(desk.folder.path())
            .iter()
            .any(|path| path.contains(&id.to_string()))
    );
    assert!(
        all_paths(desk.folder.path())
            .iter()
            .any(|path| path.contains(&other.to_string()))
    );
    assert_eq!(
        whereabouts(state, id, None).await.unwrap_err().code,
        ErrorCode::NoSuchConnection
    );
}

fn all_paths(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        all.push(entry.path().display().to_string());
        if entry.path().is_dir() {
            all.extend(all_paths(&entry.path()));
        }
    }
    all
}

#[tokio::test]
async fn a_connection_goes_to_another_computer_without_its_secret() {
    let (desk, id) = Desk::connected("healthy").await;
    let path = desk.folder.path().join("Contoso connection.json");
    let target = || Target {
        path: path.clone(),
        overwrite: false,
    };
    export(&desk.state, id, target()).await.unwrap();
    let there = export(&desk.state, id, target()).await.unwrap_err();
    assert_eq!(there.code, ErrorCode::FileExists);

    let here = import(&desk.state, path.clone()).await.unwrap();
    assert_eq!(
        (here.name.as_str(), here.name_taken.as_deref(), here.same_as.as_deref()),
        ("Contoso (2)", Some("Contoso"), Some("Contoso"))
    );
    let elsewhere = Desk::new("healthy").await;
    let there = import(&elsewhere.state, path.clone()).await.unwrap();
    let ready = desk.sandbox.ready();
    assert_eq!(
        (there.name.as_str(), there.name_taken, there.same_as),
        ("Contoso", None, None)
    );
    assert_eq!(
        (there.api_url, there.client_id),
        (ready.api_url.clone(), ready.client_id.clone())
    );
    assert_eq!(there.authority.as_deref(), Some(ready.authority.as_str()));
    assert_eq!(elsewhere.state.store.list().unwrap(), [], "nothing is stored yet");

    for (text, said) in [
        (format!("{{\"client_secret\": \"{OLD}\"}}"), "looks like a secret"),
        ("{}".to_owned(), "not an exported connection"),
        (String::new(), "no valid JSON"),
    ] {
        fs::write(&path, text).unwrap();
        let error = import(&desk.state, path.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotAConnection);
        assert!(error.message.contains(said), "{error:?}");
        assert!(!format!("{error:?}").contains(OLD));
    }
    fs::write(&path, [0xff, 0xfe, 0]).unwrap();
    let bytes = import(&desk.state, path.clone()).await.unwrap_err();
    assert!(bytes.message.contains("not text"), "{bytes:?}");
    fs::remove_file(&path).unwrap();
    let none = import(&desk.state, path).await.unwrap_err();
    assert!(none.message.contains("no such file"), "{none:?}");
}

/// The script itself is run: the secret on standard input, as if it were typed.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_curl_script_reads_the_log() {
    if Command::new("curl").arg("--version").output().is_err()
        || Command::new("bash").arg("--version").output().is_err()
    {
        return;
    }
    let (desk, id) = Desk::connected("healthy").await;
    let text = script(&desk.state, id, ConnectionScript::Curl).await.unwrap();
    let run = |secret: String| {
        let text = text.clone();
        tokio::task::spawn_blocking(move || {
            use std::io::Write;
            let mut bash = Command::new("bash")
                .args(["-c", &text])
                .env_remove("http_proxy")
                .env_remove("HTTP_PROXY")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            writeln!(bash.stdin.take().unwrap(), "{secret}").unwrap();
            let done = bash.wait_with_output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(&done.stdout), text(&done.stderr))
        })
    };
    let (out, err) = run(desk.sandbox.ready().client_secret.clone()).await.unwrap();
    assert!(
        out.trim_start().starts_with('[') && out.contains("\"RowKey\""),
        "{out:.400}\n{err}"
    );
    let (out, err) = run(OLD.to_owned()).await.unwrap();
    assert!(out.is_empty() && err.contains("AADSTS7000215"), "{out}\n{err}");
    assert!(!err.contains(OLD) && !text.contains(OLD));
}

/// Every new way that something leaves the app, with a secret that would be found: in a process of its own, whose log is
/// at its most talkative.
#[test]
fn the_secret_is_in_no_answer_no_file_and_no_line_of_the_log() {
    let done = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "credentials::tests::a_whole_life_of_a_secret",
            "--ignored",
            "--nocapture",
        ])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && output.contains("1 passed"),
        "{}",
        &output[output.len().saturating_sub(4_000)..]
    );
    let planted: Vec<String> = output
        .lines()
        .filter_map(|line| line.split_once("backwards: "))
        .map(|(_, secret)| secret.trim().chars().rev().collect())
        .collect();
    assert_eq!(planted.len(), 2);
    let lines = output.lines().filter(|line| line.contains("DEBUG")).count();
    assert!(lines >= 8, "the log speaks: {lines} lines\n{output}");
    for secret in planted.iter().chain([&OLD.to_owned()]) {
        assert!(!output.contains(secret.as_str()), "the log holds a secret");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the test above runs it in a process of its own and reads its log"]
async fn a_whole_life_of_a_secret() {
    crate::log_to_stderr();
    let desk = Desk::new("healthy").await;
    let right = desk.sandbox.ready().client_secret.clone();
    let planted = "new8Q~ABCDEFGHIJKLMNOPQRSTUVWXYZabcd~y".to_owned();
    for secret in [&right, &planted] {
        let backwards: String = secret.chars().rev().collect();
        #[allow(clippy::print_stdout, reason = "for the test that runs this one")]
        {
            println!("backwards: {backwards}");
        }
    }
    let mut answers = Vec::new();
    let mut keep = |what: &str, answer: String| answers.push((what.to_owned(), answer));
    let info = |saved: &SavedConnection| {
        serde_json::to_string(&ConnectionInfo::of(saved, desk.state.keychain.place(&saved.id))).unwrap()
    };
    let id = with_secret(&desk, "Contoso", OLD).await;
    keep("refused", format!("{:?}", replace(&desk, id, typed(&planted)).await));
    let saved = replace(&desk, id, typed(&right)).await.unwrap();
    keep("replaced", info(&saved));
    keep("the same", format!("{:?}", replace(&desk, id, typed(&right)).await));
    let own = desk.own_app().to_owned();
    desk.sign_in(id, SignInAsk::Directory, &own, "admin").await.unwrap();
    keep("end", info(&look_up_end(&desk.state, id, &never()).await.unwrap()));
    keep(
        "typed end",
        info(&set_end(&desk.state, id, Some("2027-01-01".into())).await.unwrap()),
    );
    keep(
        "a secret as a date",
        format!("{:?}", set_end(&desk.state, id, Some(right.clone())).await),
    );
    keep("put off", info(&put_off(&desk.state, id).await.unwrap()));
    let about = whereabouts(&desk.state, id, None).await.unwrap();
    keep("where", serde_json::to_string(&about).unwrap());
    for form in [
        ConnectionScript::PowerShell,
        ConnectionScript::Module,
        ConnectionScript::Curl,
    ] {
        keep("script", script(&desk.state, id, form).await.unwrap());
    }
    let exported = desk.folder.path().join("exported.json");
    let target = Target {
        path: exported.clone(),
        overwrite: false,
    };
    export(&desk.state, id, target).await.unwrap();
    keep(
        "imported",
        format!("{:?}", import(&desk.state, exported).await.unwrap()),
    );
    assert!(!desk.files().contains("8Q~"), "a file holds a secret");

    let bad = tempfile::NamedTempFile::new().unwrap();
    for text in [
        format!("{{\"client_secret\": \"{right}\"}}"),
        format!("{{\"name\": \"{right}\", \"what\": 1}}"),
        format!("{{\"x\": \"{right}"),
    ] {
        fs::write(bad.path(), text).unwrap();
        keep(
            "bad file",
            format!("{:?}", import(&desk.state, bad.path().to_owned()).await),
        );
    }
    make_unwritable(desk.folder.path());
    keep("no file", format!("{:?}", replace(&desk, id, typed(&planted)).await));
    for (what, answer) in &answers {
        for secret in [&right, &planted, &OLD.to_owned()] {
            assert!(!answer.contains(secret.as_str()), "{what} holds a secret");
        }
        assert!(!answer.contains("\"hint\""), "{what}");
    }
}

/// Ample, for a machine that is busy; the keychain answers in milliseconds.
const PATIENT: KeychainTimeouts = KeychainTimeouts {
    call: std::time::Duration::from_secs(60),
    self_test: std::time::Duration::from_secs(60),
};

/// On a real keychain, made and removed for this test; it cannot be had on other systems without touching a person's own.
#[cfg(target_os = "linux")]
#[test]
fn a_real_keychain_has_the_new_secret_or_still_the_old_one() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/with-keychain.sh");
    let done = Command::new("bash")
        .arg(script)
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "credentials::tests::on_a_real_keychain",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && output.contains("1 passed"), "{output}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the test above runs it with a keychain of its own"]
async fn on_a_real_keychain() {
    let desk = Desk::over(Keychain::system_with(PATIENT), "healthy").await;
    let right = desk.sandbox.ready().client_secret.clone();
    let anew = || Keychain::system_with(PATIENT);
    let read = async |id: ConnectionId| anew().read(&id).await.unwrap().unwrap().expose().to_owned();

    let id = with_secret(&desk, "Contoso", OLD).await;
    assert_eq!(read(id).await, OLD);
    replace(&desk, id, typed("wrong-secret")).await.unwrap_err();
    assert_eq!(read(id).await, OLD, "refused by Entra");
    replace(&desk, id, typed(&right)).await.unwrap();
    assert_eq!(read(id).await, right);
    assert!(desk.state.connection(id).await.unwrap().secret_saved_at.is_some());

    // A process that starts reads it once, and that is noted.
    let later = desk.over_again(anew());
    later.secret(id).await.unwrap();
    let mut noted = None;
    for _ in 0..600 {
        noted = later.connection(id).await.unwrap().secret_read_at;
        if noted.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(noted.is_some());
    let about = whereabouts(&later, id, None).await.unwrap();
    assert_eq!(
        (about.place, about.store.as_str()),
        (SecretPlace::Keychain, "GNOME Keyring (Secret Service)")
    );
    assert!(about.items[0].tool.contains("Seahorse"));

    // The file refuses: the keychain is put back.
    let other = with_secret(&desk, "Fabrikam", OLD).await;
    make_unwritable(desk.folder.path());
    replace(&desk, other, typed(&right)).await.unwrap_err();
    assert_eq!(read(other).await, OLD, "put back");
    fs::remove_dir(desk.folder.path().join("connections.lock")).unwrap();

    // The keychain refuses: nothing has changed anywhere.
    let before = fs::read_to_string(desk.state.store.path()).unwrap();
    let locked = Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"])
        .args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock"])
        .arg("array:objpath:/org/freedesktop/secrets/collection/login")
        .output()
        .unwrap();
    assert!(locked.status.success(), "{locked:?}");
    let refused = replace(&desk, other, typed(&right)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::KeychainLocked, "{refused:?}");
    assert_eq!(fs::read_to_string(desk.state.store.path()).unwrap(), before);
    assert_eq!(stored(&desk, other).await, OLD);
}
