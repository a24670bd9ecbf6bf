//! Progress of a log that is loading, as the UI gets it: often enough to look alive, never more than ten times a second.

use std::time::Duration;

use log_archive::{DayPhase, DayProgress, Progress};
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
    /// Every day, newest first.
    pub days: Vec<DayState>,
    /// Rows loaded.
    pub loaded: u32,
    /// Rows that match the filter.
    pub matched: u32,
    /// Whether no day is waiting or loading.
    pub finished: bool,
    /// Milliseconds since the start, or from the start to the end.
    pub elapsed_ms: u32,
    /// Bytes of JSON read, unpacked; at most 4 GB are counted.
    pub bytes: u32,
}

/// How far one day is.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DayState {
    /// The day, `yyyy-MM-dd`.
    pub day: String,
    /// How far it is.
    pub state: DayPhase,
    /// Its rows.
    pub rows: u32,
    /// Those of them that could not be read, or have something odd about them.
    pub odd_rows: u32,
    /// Why it failed.
    pub error: Option<CommandError>,
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
                view.collection.changed().await;
            } else {
                let _ = tokio::time::timeout(LONGEST_PAUSE, view.collection.changed()).await;
            }
        };
        if view.closed.run_until_cancelled(pause_and_news).await.is_none() {
            return;
        }
    }
}

impl LogProgress {
    fn of(view_id: &str, view: &OpenView) -> LogProgress {
        let Progress {
            days,
            finished,
            elapsed,
            bytes,
        } = view.collection.progress();
        let counts = view.collection.view().counts();
        LogProgress {
            view_id: view_id.to_owned(),
            days: days.into_iter().map(DayState::from).collect(),
            loaded: counts.total,
            matched: counts.matched,
            finished,
            elapsed_ms: u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }
}

impl From<DayProgress> for DayState {
    fn from(day: DayProgress) -> Self {
        DayState {
            day: day.day.iso(),
            state: day.state,
            rows: day.rows,
            odd_rows: day.odd_rows,
            error: day.error.map(CommandError::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Instant,
    };

    use cipp_client::{Client, ClientOptions, Connection, Day, Secret};
    use log_archive::Collection;
    use sandbox::SandboxOptions;
    use tokio_util::sync::CancellationToken;

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
        let days: Vec<Day> = vec!["20260819".parse().unwrap(), "20260818".parse().unwrap()];
        let view = OpenView {
            collection: Collection::new(client, days, Arc::default()),
            closed: CancellationToken::new(),
        };
        let heard = Heard::default();
        let reporting = tokio::spawn(report("view-1".into(), view.clone(), listening(&heard)));
        view.collection.run().await;
        let finished = || {
            heard
                .lock()
                .unwrap()
                .last()
                .is_some_and(|(_, message)| message["finished"] == true)
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
