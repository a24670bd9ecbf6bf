//! How often CIPP is asked: as seldom as can be, and never by more than two calls at once.

use cipp_client::Day;
use cipp_desk_tests::archives::{archive, closed_days, logbook_options};
use cipp_desk_tests::reachable::Reachable;
use jiff::Timestamp;
use logbook::Logbook;
use sandbox::{Flavour, SandboxOptions, Scenario};

/// Thirty days, today included, of a world with small days.
async fn thirty_days(flavour: Flavour) -> Reachable {
    Reachable::with(SandboxOptions {
        scenario: Scenario {
            flavour,
            rows_per_day: Some(60),
            retention_days: Some(40),
            ..Scenario::default()
        },
        now: Some(Timestamp::now()),
        ..SandboxOptions::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_cost_one_call_the_second_time() {
    let place = thirty_days(Flavour::FunctionApp).await;
    let folder = tempfile::tempdir().unwrap();
    let sandbox = place.sandbox();
    let (today, first) = (Day::new(sandbox.days()[0]), closed_days(sandbox)[28]);
    let open = async || {
        let logbook = Logbook::open(logbook_options(Some(place.client()), Some(archive(folder.path()))));
        let plan = logbook.plan(first, today);
        logbook.show(first, today).await;
        let progress = logbook.progress();
        logbook.close();
        (plan, progress)
    };

    let (plan, progress) = open().await;
    assert_eq!((plan.days, plan.archived, plan.calls), (30, 0, 30));
    let calls = sandbox.calls();
    for day in sandbox.days().into_iter().take(30).map(Day::new) {
        assert_eq!(calls.of_day(&day.to_string()), 1, "{day}");
    }
    assert!(
        calls.of("ListLogs") <= 31,
        "the days, and at most one neighbour: {calls:?}"
    );
    assert!(calls.most_at_once <= 2, "{calls:?}");
    assert_eq!(
        u64::from(progress.calls),
        calls.of("ListLogs"),
        "what the screen says is true"
    );

    sandbox.forget_calls();
    let (plan, progress) = open().await;
    assert_eq!((plan.archived, plan.calls), (29, 1), "{plan:?}");
    let calls = sandbox.calls();
    assert_eq!((calls.total(), calls.of_day(&today.to_string())), (1, 1), "{calls:?}");
    assert_eq!(progress.calls, 1);
}

/// The container answers from its cache at first, with what it had before. That is stepped round without emptying the
/// cache for everybody else.
#[tokio::test(flavor = "multi_thread")]
async fn the_containers_cache_is_stepped_round_and_not_emptied() {
    let place = thirty_days(Flavour::Container).await;
    let folder = tempfile::tempdir().unwrap();
    let sandbox = place.sandbox();
    let today = Day::new(sandbox.days()[0]);
    let open = || Logbook::open(logbook_options(Some(place.client()), Some(archive(folder.path()))));
    let logbook = open();
    logbook.show(today, today).await;
    // Rows came in; the cache does not know.
    let before = sandbox.rows(today.date());
    sandbox.set_clock(Timestamp::now());
    let after = sandbox.rows(today.date());
    assert_ne!(before, after, "the last rows are younger than before");
    sandbox.forget_calls();
    logbook.refresh().await;
    let newest = logbook.entry(logbook.page(0, 1).rows[0].id).unwrap();
    assert_eq!(newest.raw, after[0], "the new state, at the first refresh");
    assert!(sandbox.calls().of("ListLogs") <= 2, "{:?}", sandbox.calls());
    logbook.close();

    sandbox.forget_calls();
    let again = open();
    again.show(today, today).await;
    assert!(sandbox.calls().total() <= 2, "{:?}", sandbox.calls());
    again.close();
}
