//! The walk of one row through the whole house: file and keychain, token, request, rows, archive, index, page, entry.

use std::fs;

use cipp_client::{Client, ClientOptions, Secret};
use cipp_desk_tests::archives::logbook_options;
use cipp_desk_tests::reachable::{Reachable, days_ago, has_test_keychain};
use connections::{ConnectionId, ConnectionStore, Keychain, KeychainState, SavedConnection};
use jiff::{Timestamp, tz::TimeZone};
use log_archive::{ArchiveKey, ConnectionArchive};
use logbook::{DayPhase, Logbook};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_keychain_to_the_page() {
    if !has_test_keychain() {
        return;
    }
    let place = Reachable::playing("healthy").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connections.json");

    // One process saves.
    let id = {
        let store = ConnectionStore::open(&path);
        let keychain = Keychain::system();
        assert_eq!(keychain.self_test().await.state, KeychainState::Ready);
        let new = SavedConnection::new(
            ConnectionId::random(),
            "Walk",
            place.connection.clone(),
            Timestamp::now(),
        );
        let saved = store.add(new).unwrap();
        keychain.save(&saved.id, &place.secret).await.unwrap();
        saved.id
    };
    assert!(!fs::read_to_string(&path).unwrap().contains(place.secret.expose()));

    // Another one reads, with nothing but the file and the keychain.
    let store = ConnectionStore::open(&path);
    let keychain = Keychain::system();
    let saved = store.find_by_name("walk").unwrap().expect("saved");
    assert_eq!((saved.id, &saved.connection), (id, &place.connection));
    let secret = keychain.read(&saved.id).await.unwrap().expect("in the keychain");
    let client = Client::new(saved.connection, secret, ClientOptions::default()).unwrap();

    // The archive's key is made at the first use and rests in the keychain, beside the secret and apart from it.
    assert!(keychain.archive_key(&id).await.unwrap().is_none());
    let new = Secret::parse(&ArchiveKey::generate().unwrap().to_hex()).unwrap();
    keychain.save_archive_key(&id, &new).await.unwrap();
    let key = keychain.archive_key(&id).await.unwrap().expect("in the keychain");
    let key = ArchiveKey::from_hex(key.expose()).unwrap();
    let archive = ConnectionArchive::open(&folder.path().join("archive"), &id.to_string(), key).unwrap();

    let logbook = Logbook::open(logbook_options(Some(client), Some(archive.clone())));
    logbook.show(days_ago(2), days_ago(0)).await;
    let progress = logbook.progress();
    let shown = |day: &logbook::DayProgress| matches!(day.phase, DayPhase::Complete | DayPhase::Partial);
    assert!(progress.finished && progress.days.iter().all(shown), "{progress:#?}");
    assert_eq!(
        progress.days.iter().map(|day| day.rows).sum::<u32>(),
        logbook.counts().total
    );
    assert_eq!(archive.days().unwrap().len(), 2, "the days that are over");

    let counts = logbook.set_query("failed", TimeZone::UTC).unwrap().counts;
    assert!(counts.matched > 0 && counts.matched < counts.total, "{counts:?}");
    let page = logbook.page(0, 50);
    assert!(page.rows.len() == 50.min(counts.matched as usize));
    let entry = logbook.entry(page.rows[0].id).expect("it was given out");
    assert!(entry.raw.to_lowercase().contains("failed"));
    assert!(!format!("{entry:?}").contains(place.secret.expose()));
    logbook.close();

    keychain.delete_archive_key(&id).await.unwrap();
    keychain.delete(&id).await.unwrap();
    store.remove(&id).unwrap();
    assert!(
        Keychain::system().read(&id).await.unwrap().is_none(),
        "nothing is left in the keychain"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_breaks_off_keeps_its_rows_and_does_not_blank_the_others() {
    let place = Reachable::changed(|scenario| {
        scenario.big_day = true;
        scenario.break_in_row = Some(5_000);
        scenario.break_kind = Some(sandbox::Break::Abrupt);
    })
    .await;
    let logbook = Logbook::open(logbook_options(Some(place.client()), None));
    logbook.show(days_ago(2), days_ago(0)).await;
    let days = logbook.progress().days;
    // Today is read as far as it has come.
    assert!(
        matches!(days[0].phase, DayPhase::Complete | DayPhase::Partial),
        "{:?}",
        days[0]
    );
    assert_eq!((days[1].phase, days[2].phase), (DayPhase::Partial, DayPhase::Complete));
    assert_eq!(days[1].rows, 4_999);
    assert!(days[1].error.as_ref().unwrap().to_string().ends_with('.'));
    assert_eq!(logbook.counts().total, days.iter().map(|day| day.rows).sum::<u32>());
}
