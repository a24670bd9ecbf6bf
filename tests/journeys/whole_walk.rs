//! The walk of one row through the whole house: file and keychain, token, request, rows, loaded log, page, entry.

use std::fs;
use std::sync::Arc;

use cipp_client::{Client, ClientOptions};
use cipp_desk_tests::reachable::{Reachable, days_ago, has_test_keychain};
use connections::{ConnectionId, ConnectionStore, Keychain, KeychainState, SavedConnection};
use jiff::Timestamp;
use log_archive::{Collection, DayPhase, LogView};

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

    let view = Arc::new(LogView::new());
    let collection = Collection::new(client, (0..3).map(days_ago).collect(), Arc::clone(&view));
    collection.run().await;
    let progress = collection.progress();
    assert!(
        progress.finished && progress.days.iter().all(|day| day.state == DayPhase::Complete),
        "{progress:?}"
    );
    assert_eq!(
        progress.days.iter().map(|day| u64::from(day.rows)).sum::<u64>(),
        u64::from(view.counts().total)
    );

    let counts = view.set_filter("failed").unwrap();
    assert!(counts.matched > 0 && counts.matched < counts.total, "{counts:?}");
    let page = view.page(0, 50);
    assert!(page.rows.len() == 50.min(counts.matched as usize));
    let entry = view.entry(page.rows[0].index).expect("it was given out");
    assert!(entry.raw.to_lowercase().contains("failed"));
    assert!(!format!("{entry:?}").contains(place.secret.expose()));

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
    let view = Arc::new(LogView::new());
    let collection = Collection::new(place.client(), (0..3).map(days_ago).collect(), Arc::clone(&view));
    collection.run().await;
    let days = collection.progress().days;
    assert_eq!(
        days.iter().map(|day| day.state).collect::<Vec<_>>(),
        [DayPhase::Complete, DayPhase::Failed, DayPhase::Complete]
    );
    assert_eq!(days[1].rows, 4_999);
    assert!(days[1].error.as_ref().unwrap().to_string().ends_with('.'));
}
