//! Rows as they arrive: all of them, in order, broken off, cancelled, dropped.

use cipp_client::{ClientError, ErrorKind, ListLogs, Row};
use cipp_desk_tests::reachable::{Reachable, days_ago};
use sandbox::Break;
use tokio_util::sync::CancellationToken;

async fn read(place: &Reachable, request: &ListLogs) -> (Vec<Row>, Option<ClientError>) {
    let mut rows = place
        .client()
        .list_logs(request, &CancellationToken::new())
        .await
        .unwrap();
    let mut read = Vec::new();
    while let Some(row) = rows.next().await {
        match row {
            Ok(row) => read.push(row),
            Err(error) => {
                assert!(rows.next().await.is_none(), "after an error the rows are over");
                return (read, Some(error));
            }
        }
    }
    (read, None)
}

fn key(row: &Row) -> String {
    row.fields().unwrap().row_key.unwrap().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_its_days_one_after_the_other() {
    let place = Reachable::playing("healthy").await;
    let (range, error) = read(&place, &ListLogs::range(days_ago(2), days_ago(0))).await;
    assert_eq!(error, None);
    let mut days = Vec::new();
    for ago in 0..=2 {
        let (day, error) = read(&place, &ListLogs::day(days_ago(ago))).await;
        assert_eq!(error, None);
        assert!(
            day.iter()
                .all(|row| row.fields().unwrap().date_filter.unwrap() == days_ago(ago).to_string())
        );
        days.extend(day);
    }
    let sorted = |rows: &[Row]| {
        let mut keys: Vec<String> = rows.iter().map(key).collect();
        keys.sort();
        keys
    };
    assert_eq!(sorted(&range), sorted(&days));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_day_has_no_rows_and_no_error() {
    let place = Reachable::playing("empty_day").await;
    assert_eq!(read(&place, &ListLogs::day(days_ago(0))).await, (vec![], None));
    assert_eq!(
        read(&place, &ListLogs::day("20010101".parse().unwrap())).await,
        (vec![], None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_in_row_5_000_leaves_the_rows_before_it() {
    for (kind, least) in [(Break::Clean, 4_999), (Break::Abrupt, 4_999), (Break::Reset, 1)] {
        let place = Reachable::changed(|scenario| {
            scenario.big_day = true;
            scenario.break_in_row = Some(5_000);
            scenario.break_kind = Some(kind);
        })
        .await;
        let (rows, error) = read(&place, &ListLogs::day(days_ago(1))).await;
        assert!((least..=4_999).contains(&rows.len()), "{kind:?}: {}", rows.len());
        match error {
            Some(ClientError::CutOff { rows_read, .. }) => assert_eq!(rows_read as usize, rows.len()),
            other => panic!("{kind:?}: {other:?}"),
        }
        assert!(rows.iter().all(|row| row.fields().is_ok()), "whole rows only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_hostile_deep_and_corrupt_rows_are_all_kept() {
    let (plain, _) = read(&Reachable::playing("healthy").await, &ListLogs::day(days_ago(1))).await;
    for scenario in ["odd_types", "hostile_text", "deep_log_data", "corrupt_row"] {
        let place = Reachable::playing(scenario).await;
        let (rows, error) = read(&place, &ListLogs::day(days_ago(1))).await;
        assert_eq!(error, None, "{scenario}");
        // A row whose severity is odd is one that CIPP itself never returns; more than that may not be missing.
        assert!(
            rows.len() * 100 >= plain.len() * 90,
            "{scenario}: {} of {}",
            rows.len(),
            plain.len()
        );
        let unreadable = rows.iter().filter(|row| row.fields().is_err()).count();
        assert_eq!(unreadable, usize::from(scenario == "corrupt_row"), "{scenario}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_found_by_its_key_and_day() {
    let place = Reachable::playing("healthy").await;
    let (rows, _) = read(&place, &ListLogs::day(days_ago(3))).await;
    let client = place.client();
    let cancel = CancellationToken::new();
    for row in rows.iter().step_by(rows.len() / 5) {
        let found = client
            .log_entry(&key(row), days_ago(3), &cancel)
            .await
            .unwrap()
            .expect("it is there");
        let (one, other) = (row.fields().unwrap(), found.fields().unwrap());
        assert_eq!(
            (one.message, one.log_data.map(|d| d.get())),
            (other.message, other.log_data.map(|d| d.get()))
        );
        assert!(
            client
                .log_entry(&key(row), days_ago(2), &cancel)
                .await
                .unwrap()
                .is_none(),
            "another day"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_ends_a_slow_answer_and_one_that_never_comes() {
    let place = Reachable::playing("slow_rows").await;
    let cancel = CancellationToken::new();
    let mut rows = place
        .client()
        .list_logs(&ListLogs::day(days_ago(1)), &cancel)
        .await
        .unwrap();
    rows.next().await.unwrap().unwrap();
    cancel.cancel();
    let mut last = Ok(());
    while let Some(row) = rows.next().await {
        last = row.map(drop);
    }
    assert_eq!(last.unwrap_err().kind(), ErrorKind::Cancelled);

    let place = Reachable::playing("hang").await;
    let cancel = CancellationToken::new();
    let client = place.client();
    let request = ListLogs::day(days_ago(0));
    let (asked, ()) = tokio::join!(client.list_logs(&request, &cancel), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        cancel.cancel();
    });
    assert_eq!(asked.err().map(|error| error.kind()), Some(ErrorKind::Cancelled));
}

/// Two calls at once are allowed: whoever drops an answer half read must give its place back.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_answers_give_their_place_back() {
    let place = Reachable::playing("big_day").await;
    let client = place.client();
    let cancel = CancellationToken::new();
    for _ in 0..6 {
        let mut rows = client.list_logs(&ListLogs::day(days_ago(1)), &cancel).await.unwrap();
        for _ in 0..10 {
            rows.next().await.unwrap().unwrap();
        }
    }
    client.list_api_test(&cancel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_renewed_once_and_then_told() {
    let cancel = CancellationToken::new();
    let read_days = async |place: &Reachable| {
        let client = place.client();
        for ago in 0..9 {
            let mut rows = client
                .list_logs(&ListLogs::day(days_ago(ago)), &cancel)
                .await
                .map_err(|e| (ago, e.kind()))?;
            while let Some(row) = rows.next().await {
                row.map_err(|error| (ago, error.kind()))?;
            }
        }
        Ok(())
    };
    assert_eq!(read_days(&Reachable::playing("token_revoked").await).await, Ok(()));
    let disabled = Reachable::playing("unauthorised_after_good_token").await;
    assert_eq!(read_days(&disabled).await, Err((5, ErrorKind::NotAccepted)));
}
