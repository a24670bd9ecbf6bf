//! A sandbox with a clock that can be set, a folder for the archive, and logbooks over them.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use cipp_client::{Client, ClientOptions, Connection, Day, Secret};
use jiff::{Timestamp, tz::TimeZone};
use log_archive::{ArchiveKey, ConnectionArchive};
use logbook::{ArchiveLimits, DayPhase, DayProgress, Logbook, LogbookOptions};
use sandbox::{Sandbox, SandboxOptions, Scenario};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A clock of a test's own: `now` is a plain function, so each place that calls this has a static behind it.
macro_rules! clock {
    ($at:expr) => {{
        static AT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
        fn now() -> jiff::Timestamp {
            jiff::Timestamp::from_second(AT.load(std::sync::atomic::Ordering::SeqCst)).unwrap()
        }
        let clock = crate::support::Clock { now, at: &AT };
        clock.set($at);
        clock
    }};
}
pub(crate) use clock;

#[derive(Clone, Copy)]
pub struct Clock {
    pub now: fn() -> Timestamp,
    pub at: &'static AtomicI64,
}

impl Clock {
    pub fn set(self, at: &str) {
        self.at
            .store(at.parse::<Timestamp>().unwrap().as_second(), Ordering::SeqCst);
    }
}

pub struct Place {
    pub sandbox: Sandbox,
    pub client: Client,
    pub clock: Clock,
    folder: tempfile::TempDir,
}

impl Place {
    /// A sandbox whose clock stands where this one does.
    pub async fn new(scenario: Scenario, clock: Clock) -> Place {
        let options = SandboxOptions {
            scenario,
            now: Some((clock.now)()),
            ..SandboxOptions::default()
        };
        let sandbox = sandbox::start(options).await.unwrap();
        Place {
            client: client(&sandbox),
            sandbox,
            clock,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The same archive with another instance behind it.
    pub async fn becomes(self, scenario: Scenario) -> Place {
        let other = Place::new(scenario, self.clock).await;
        Place {
            folder: self.folder,
            ..other
        }
    }

    /// Sets both clocks.
    pub fn set_clock(&self, at: &str) {
        self.clock.set(at);
        self.sandbox.set_clock(at.parse().unwrap());
    }

    pub fn archive(&self) -> ConnectionArchive {
        let key = ArchiveKey::from_hex(KEY).unwrap();
        ConnectionArchive::open(self.folder.path(), "connection", key).unwrap()
    }

    pub fn archive_folder(&self) -> PathBuf {
        self.folder.path().join("connection")
    }

    pub fn options(&self) -> LogbookOptions {
        LogbookOptions {
            archive: Some(self.archive()),
            ..self.options_without_archive()
        }
    }

    /// With an archive.
    pub fn logbook(&self) -> Arc<Logbook> {
        Logbook::open(self.options())
    }

    /// Without an archive.
    pub fn in_memory(&self) -> Arc<Logbook> {
        Logbook::open(LogbookOptions {
            archive: None,
            ..self.options()
        })
    }

    /// Without CIPP.
    pub fn offline(&self) -> Arc<Logbook> {
        Logbook::open(LogbookOptions {
            client: None,
            ..self.options()
        })
    }

    /// Every row of these days, sorted: what there is to be had.
    pub fn truth(&self, from: &str, to: &str) -> Vec<String> {
        let mut rows: Vec<String> = Day::range_newest_first(day(from), day(to))
            .flat_map(|day| self.sandbox.rows(day.date()))
            .collect();
        rows.sort_unstable();
        rows
    }

    pub fn day_calls(&self) -> u64 {
        self.sandbox.calls().of("ListLogs")
    }
}

fn client(sandbox: &Sandbox) -> Client {
    let ready = sandbox.ready();
    let connection = Connection {
        api_url: ready.api_url.parse().unwrap(),
        tenant_id: ready.tenant_id.parse().unwrap(),
        client_id: ready.client_id.parse().unwrap(),
        authority: ready.authority.parse().unwrap(),
        ca_cert: None,
    };
    let secret = Secret::parse(&ready.client_secret).unwrap();
    Client::new(connection, secret, ClientOptions::default()).unwrap()
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn phases(logbook: &Logbook) -> Vec<DayPhase> {
    logbook.progress().days.iter().map(|day| day.phase).collect()
}

pub fn progress_of(logbook: &Logbook, wanted: &str) -> DayProgress {
    let days = logbook.progress().days;
    days.into_iter()
        .find(|progress| progress.day == day(wanted))
        .unwrap_or_else(|| panic!("{wanted} is not shown"))
}

/// Every matching row as it was sent, sorted.
pub fn rows(logbook: &Logbook) -> Vec<String> {
    let mut rows = in_order(logbook);
    rows.sort_unstable();
    rows
}

/// Every matching row as it was sent, in the order of the view.
pub fn in_order(logbook: &Logbook) -> Vec<String> {
    let mut rows = Vec::new();
    let snapshot = logbook.snapshot();
    snapshot
        .for_each(&mut |_, raw| {
            rows.push(raw.to_owned());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(rows.len() as u32, snapshot.matched());
    rows
}

/// Lays a filter; gives how many rows match.
pub fn filter(logbook: &Logbook, text: &str) -> u32 {
    let answer = logbook.set_query(text, TimeZone::UTC).unwrap();
    assert!(answer.applied, "{text}: {:?}", answer.read.mistakes);
    answer.counts.matched
}

/// Waits until `done` says so; fails instead of hanging for ever.
pub async fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 60 s until {what}");
}

impl Place {
    /// [`Place::options`] for a place in which no archive can be opened any more.
    pub fn options_without_archive(&self) -> LogbookOptions {
        LogbookOptions {
            client: Some(self.client.clone()),
            archive: None,
            archive_trouble: None,
            limits: ArchiveLimits::default(),
            zone: None,
            memory_budget: 1 << 30,
            connection_name: "Sandbox".into(),
            now: self.clock.now,
        }
    }
}
