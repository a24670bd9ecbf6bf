//! Two processes, or a process and a window, on one archive: both go on, and what lies there is right.

use std::process::Command;

use cipp_desk_tests::archives::{
    KEY_HEX, assert_holds, closed_days, files, key, logbook_options, only_archive, truth_of,
};
use cipp_desk_tests::programs::{Cippctl, assert_succeeded, succeeded};
use cipp_desk_tests::reachable::Reachable;
use log_archive::ConnectionArchive;
use logbook::Logbook;

const DAYS: u16 = 12;

async fn place() -> Reachable {
    Reachable::changed(|scenario| {
        scenario.rows_per_day = Some(300);
        scenario.retention_days = Some(DAYS);
    })
    .await
}

fn collect(cippctl: &Cippctl) -> Command {
    let mut command = cippctl.command("collect");
    command.args(["--since", &format!("{DAYS}d")]);
    command
}

fn assert_tidy(archive: &ConnectionArchive) {
    let parts = files(archive.folder());
    let left = parts
        .iter()
        .find(|file| file.extension().is_some_and(|end| end == "part"));
    assert_eq!(left, None, "nothing is left half-written");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_collectors_fill_one_archive_together() {
    let place = place().await;
    let folder = tempfile::tempdir().unwrap();
    let cippctl = Cippctl::new(place.sandbox().ready(), folder.path(), KEY_HEX);
    tokio::task::spawn_blocking(move || {
        let sandbox = place.sandbox();
        let mut commands = [collect(&cippctl), collect(&cippctl), collect(&cippctl)];
        let running: Vec<_> = commands.iter_mut().map(|command| command.spawn().unwrap()).collect();
        for (child, command) in running.into_iter().zip(&commands) {
            assert_succeeded(command, &child.wait_with_output().unwrap());
        }
        let archive = only_archive(cippctl.archive());
        assert_holds(&archive, sandbox, &closed_days(sandbox));
        assert_tidy(&archive);
        let checked = succeeded(cippctl.offline("archive verify"));
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(said.contains("11 days are whole, 3,300 rows"), "{said}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_and_a_collector_share_an_archive() {
    let place = place().await;
    let folder = tempfile::tempdir().unwrap();
    let cippctl = Cippctl::new(place.sandbox().ready(), folder.path(), KEY_HEX);
    let days = closed_days(place.sandbox());
    // A first day, so that the folder has the name that cippctl gives it.
    let mut first = cippctl.command("collect");
    first.args(["--since", "2d"]);
    let first = tokio::task::spawn_blocking(move || succeeded(first));
    first.await.unwrap();
    let name = only_archive(cippctl.archive())
        .folder()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let open = || ConnectionArchive::open(cippctl.archive(), &name, key()).unwrap();

    let logbook = Logbook::open(logbook_options(Some(place.client()), Some(open())));
    let mut command = collect(&cippctl);
    let collecting = tokio::task::spawn_blocking(move || {
        let output = command.output().unwrap();
        assert_succeeded(&command, &output);
    });
    logbook.show(*days.last().unwrap(), days[0]).await;
    collecting.await.unwrap();
    assert_eq!(logbook.counts().total as usize, truth_of(place.sandbox(), &days).len());
    logbook.close();
    assert_holds(&open(), place.sandbox(), &days);
    assert_tidy(&open());
}
