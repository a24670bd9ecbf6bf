//! Progress of a log that is loading, as the UI gets it: often enough to look alive, never more than ten times a second.

use std::time::Duration;

use jiff::Timestamp;
use logbook::{Coverage, DataSearch, DayPhase, DayProgress, InstanceZone, Progress};
use serde::Serialize;
use specta::Type;
use tauri::ipc::Channel;

use crate::{error::CommandError, state::OpenView};

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// While a server takes its time, the seconds go on.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How far a log is.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LogProgress {
    /// The view it is about.
    pub view_id: String,
    /// Counts up with every change of what the view shows: rows that came or went, another filter. Pages, facets and
    /// bars of an older generation are stale.
    pub generation: u32,
    /// Every day of the range, newest first.
    pub days: Vec<DayState>,
    /// Rows loaded.
    pub loaded: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// Whether no day is waiting or loading.
    pub finished: bool,
    /// Milliseconds since the last start of reading, or from that to its end.
    pub elapsed_ms: u32,
    /// Bytes of JSON read from CIPP since, unpacked; at most 4 GB are counted.
    pub bytes: u32,
    /// Calls made to CIPP for days since the log was opened.
    pub calls: u32,
    /// The search in data that is not in memory: messages are searched at once, that data after them.
    pub data_search: DataSearch,
    /// The instance's time zone, and how it is known.
    pub zone: InstanceZone,
    /// The instance's today, `yyyy-MM-dd`.
    pub today: String,
    /// Whether today is asked for again and again.
    pub following: bool,
    /// When it will be asked for next, milliseconds since 1970.
    pub next_follow_ms: Option<f64>,
    /// Why nothing is kept in the archive at the moment, in a sentence.
    pub archive_trouble: Option<String>,
    /// Whether CIPP answered from a cache that was stepped round.
    pub cached_answers: bool,
}

/// How far one day is.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DayState {
    /// The day, `yyyy-MM-dd`.
    pub day: String,
    /// How far it is.
    pub state: DayPhase,
    /// Where its rows are from.
    pub source: Coverage,
    /// Its rows.
    pub rows: u32,
    /// Those of them that could not be read, or have something odd about them.
    pub odd_rows: u32,
    /// Whether the archive holds it.
    pub archived: bool,
    /// When its rows were read from CIPP, milliseconds since 1970.
    pub fetched_ms: Option<f64>,
    /// Why it failed, or why only a part of it is here.
    pub error: Option<CommandError>,
    /// What is wrong with its file in the archive, in a sentence.
    pub archive_trouble: Option<String>,
}

/// Reports on a view until it is closed: also after it finished, for a day may be asked for again.
pub async fn report(view_id: String, view: OpenView, channel: Channel<LogProgress>) {
    loop {
        // A window that is gone does not listen; closing the view ends this.
        let progress = LogProgress::of(&view_id, &view);
        let finished = progress.finished;
        let _ = channel.send(progress);
        let pause_and_news = async {
            tokio::time::sleep(SHORTEST_PAUSE).await;
            if finished {
                view.logbook.changed().await;
            } else {
                let _ = tokio::time::timeout(LONGEST_PAUSE, view.logbook.changed()).await;
            }
        };
        if view.closed.run_until_cancelled(pause_and_news).await.is_none() {
            return;
        }
    }
}

impl LogProgress {
    fn of(view_id: &str, view: &OpenView) -> LogProgress {
        let progress: Progress = view.logbook.progress();
        LogProgress {
            view_id: view_id.to_owned(),
            generation: progress.generation,
            days: progress.days.into_iter().map(DayState::from).collect(),
            loaded: progress.loaded,
            matched: progress.matched,
            finished: progress.finished,
            elapsed_ms: u32::try_from(progress.elapsed.as_millis()).unwrap_or(u32::MAX),
            bytes: u32::try_from(progress.bytes).unwrap_or(u32::MAX),
            calls: progress.calls,
            data_search: progress.data_search,
            zone: progress.zone,
            today: progress.today.iso(),
            following: progress.following,
            next_follow_ms: progress.next_follow.map(milliseconds),
            archive_trouble: progress.archive_trouble,
            cached_answers: progress.cached_answers,
        }
    }
}

impl From<DayProgress> for DayState {
    fn from(day: DayProgress) -> Self {
        DayState {
            day: day.day.iso(),
            state: day.phase,
            source: day.source,
            rows: day.rows,
            odd_rows: day.odd_rows,
            archived: day.archived,
            fetched_ms: day.fetched_at.map(milliseconds),
            error: day.error.map(CommandError::from),
            archive_trouble: day.archive_trouble,
        }
    }
}

fn milliseconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Instant,
    };

    use cipp_client::{Client, ClientOptions, Connection, Day, Secret};
    use connections::ConnectionId;
    use logbook::{ArchiveLimits, Logbook, LogbookOptions};
    use sandbox::SandboxOptions;

    use super::*;

    /// What the window hears: each message with the time at which it came.
    type Heard = Arc<Mutex<Vec<(Instant, serde_json::Value)>>>;

    fn listening(heard: &Heard) -> Channel<LogProgress> {
        let heard = Arc::clone(heard);
        Channel::new(move |body| {
            let message = body.deserialize().unwrap();
            heard.lock().unwrap().push((Instant::now(), message));
            Ok(())
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn progress_is_told_sparingly_to_the_end_and_until_the_view_is_closed() {
        let now = "2026-08-20T12:00:00Z".parse().unwrap();
        let options = SandboxOptions {
            now: Some(now),
            ..SandboxOptions::default()
        };
        let sandbox = sandbox::start(options).await.unwrap();
        let ready = sandbox.ready();
        let connection = Connection {
            api_url: ready.api_url.parse().unwrap(),
            tenant_id: ready.tenant_id.parse().unwrap(),
            client_id: ready.client_id.parse().unwrap(),
            authority: ready.authority.parse().unwrap(),
            ca_cert: None,
        };
        let secret = Secret::parse(&ready.client_secret).unwrap();
        let client = Client::new(connection, secret, ClientOptions::default()).unwrap();
        let logbook = Logbook::open(LogbookOptions {
            client: Some(client),
            archive: None,
            archive_trouble: None,
            limits: ArchiveLimits::default(),
            zone: None,
            memory_budget: 1 << 30,
            connection_name: "Sandbox".into(),
            now: || "2026-08-20T12:00:00Z".parse().unwrap(),
        });
        let view = OpenView::new(ConnectionId::new(uuid::Uuid::nil()), logbook);
        let heard = Heard::default();
        let reporting = tokio::spawn(report("view-1".into(), view.clone(), listening(&heard)));
        let day = |text: &str| text.parse::<Day>().unwrap();
        // The state before anything is shown is told too; waited for, so that there is a way to the end to be told.
        while heard.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        view.logbook.show(day("20260818"), day("20260819")).await;
        let finished = || {
            heard
                .lock()
                .unwrap()
                .last()
                .is_some_and(|(_, message)| message["finished"] == true && message["days"][0].is_object())
        };
        for _ in 0..200 {
            if finished() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(finished(), "the end is told");
        let heard = heard.lock().unwrap().clone();
        assert!(heard.len() > 1, "and the way to it");
        let shortest = heard.windows(2).map(|pair| pair[1].0 - pair[0].0).min().unwrap();
        assert!(
            shortest > SHORTEST_PAUSE / 2,
            "never much more than ten times a second: {shortest:?}"
        );
        let (_, last) = heard.last().unwrap();
        assert_eq!(last["viewId"], "view-1");
        assert_eq!(last["days"][0]["day"], "2026-08-19");
        assert_eq!(last["days"][0]["state"], "complete");
        assert_eq!(
            last["loaded"],
            last["days"][0]["rows"].as_u64().unwrap() + last["days"][1]["rows"].as_u64().unwrap()
        );
        assert!(!reporting.is_finished(), "a day may be asked for again");
        view.closed.cancel();
        tokio::time::timeout(Duration::from_secs(10), reporting)
            .await
            .unwrap()
            .unwrap();
    }
}
