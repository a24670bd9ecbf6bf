//! `kill -9` while days are collected and sealed: whatever the moment, nothing is lost, doubled or torn.
//!
//! A killed `cippctl collect` leaves an archive; the next one goes on with it. What lies there in between is looked at
//! after every kill, in a copy, so that neither this test nor the next run can mend it first.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use cipp_client::Day;
use cipp_desk_tests::archives::{
    KEY_HEX, archives, assert_holds, assert_same_rows, closed_days, damaged, files, key, only_archive, stored, truth,
};
use cipp_desk_tests::programs::{Cippctl, assert_succeeded};
use cipp_desk_tests::reachable::Reachable;
use log_archive::ConnectionArchive;
use sandbox::Sandbox;

/// How often a run is killed; `CIPP_DESK_KILLS` says otherwise.
const KILLS: u32 = 200;
/// How many days there are, today included.
const DAYS: u16 = 24;
/// Rows of a day: enough that writing one takes a while.
const ROWS_PER_DAY: u32 = 250;
/// The longest pause before a kill: a few days' worth.
const LONGEST_PAUSE_MICROSECONDS: u64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_double_and_tear_nothing() {
    let place = Reachable::changed(|scenario| {
        scenario.rows_per_day = Some(ROWS_PER_DAY);
        scenario.retention_days = Some(DAYS);
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let kills = std::env::var("CIPP_DESK_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    tokio::task::spawn_blocking(move || Siege::lay(&place, folder.path()).endure(kills))
        .await
        .unwrap();
}

/// One archive that is collected into and killed, again and again.
struct Siege<'a> {
    sandbox: &'a Sandbox,
    cippctl: Cippctl,
    copies: PathBuf,
    closed: Vec<Day>,
    chance: Chance,
    /// Day files that were compared already, with the size and the time they had then.
    seen: HashMap<PathBuf, (u64, SystemTime)>,
    /// How the kills fell: with some days sealed and some not, and with a file half-written.
    in_between: u32,
    half_written: u32,
    rounds: u32,
}

impl<'a> Siege<'a> {
    fn lay(place: &'a Reachable, folder: &Path) -> Siege<'a> {
        let sandbox = place.sandbox();
        Siege {
            sandbox,
            cippctl: Cippctl::new(sandbox.ready(), folder, KEY_HEX),
            copies: folder.join("copy"),
            closed: closed_days(sandbox),
            chance: Chance(0x5eed_0001),
            seen: HashMap::new(),
            in_between: 0,
            half_written: 0,
            rounds: 0,
        }
    }

    fn endure(mut self, kills: u32) {
        let mut killed = 0;
        while killed < kills {
            if self.run_and_kill() {
                killed += 1;
                self.look_at_what_lies_there(killed);
            } else {
                // It came to its end: all is there. The next round begins with nothing.
                self.compare_everything();
                self.rounds += 1;
                self.seen.clear();
                fs::remove_dir_all(self.cippctl.archive()).unwrap();
            }
        }
        // The last round is let through.
        let mut command = self.collect();
        let output = command.output().unwrap();
        assert_succeeded(&command, &output);
        self.compare_everything();
        let (in_between, half_written, rounds) = (self.in_between, self.half_written, self.rounds);
        println!(
            "{killed} kills: {in_between} with some days sealed and some not, {half_written} with a file half-written; \
             {rounds} archives came to their end"
        );
        assert!(
            in_between >= kills / 2,
            "only {in_between} of {kills} kills fell between the first day and the last"
        );
    }

    fn collect(&self) -> Command {
        let mut command = self.cippctl.command("collect");
        command.args(["--since", &format!("{DAYS}d")]);
        command
    }

    /// Whether the run was killed before it came to its end.
    fn run_and_kill(&mut self) -> bool {
        let mut command = self.collect();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.wait_for_the_moment(&mut child);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "a run that nobody killed ended with {status}");
            return false;
        }
        // SIGKILL, or TerminateProcess on Windows: no chance to tidy up.
        child.kill().unwrap();
        let status = child.wait().unwrap();
        // It may have come to its end in just this moment.
        !status.success()
    }

    /// Most moments follow the asking for some day, so that they fall into the work however slow the machine is; the
    /// others may fall anywhere, the start included.
    fn wait_for_the_moment(&mut self, child: &mut Child) {
        let pause = Duration::from_micros(self.chance.below(LONGEST_PAUSE_MICROSECONDS));
        if self.chance.below(8) > 0 {
            let calls = || self.sandbox.calls().of("ListLogs");
            let wanted = calls() + 1 + self.chance.below(4);
            let patience = Instant::now();
            while calls() < wanted && child.try_wait().unwrap().is_none() {
                assert!(patience.elapsed() < Duration::from_secs(60), "cippctl asks for nothing");
                sleep(Duration::from_millis(1));
            }
        }
        sleep(pause);
    }

    /// Every day file that is there is whole and right, the document beside them is JSON, and nothing was found damaged.
    fn look_at_what_lies_there(&mut self, kill: u32) {
        let Some(original) = self.archive_folder() else {
            return;
        };
        assert_eq!(damaged(&original), Vec::<PathBuf>::new(), "kill {kill}");
        self.half_written += u32::from(has_half_written(&original));
        let copy = self.copy(&original);
        let days = copy.days().unwrap();
        for archived in &days {
            let file = original.join(format!("{}.parquet", archived.day));
            let metadata = fs::metadata(&file).unwrap();
            let now = (metadata.len(), metadata.modified().unwrap());
            if self.seen.insert(file, now) != Some(now) {
                let what = format!("{} after kill {kill}", archived.day);
                assert_same_rows(&what, &stored(&copy, archived.day), &truth(self.sandbox, archived.day));
            }
        }
        self.in_between += u32::from(!days.is_empty() && days.len() < self.closed.len());
    }

    fn archive_folder(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(self.cippctl.archive()).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| path.is_dir())
    }

    /// An archive with copies of the same files, opened; opening tidies up, and the original is to stay as it is.
    fn copy(&self, original: &Path) -> ConnectionArchive {
        let name = original.file_name().unwrap();
        let _ = fs::remove_dir_all(&self.copies);
        fs::create_dir_all(self.copies.join(name)).unwrap();
        for file in files(original) {
            fs::copy(&file, self.copies.join(name).join(file.file_name().unwrap())).unwrap();
        }
        let notes = self.copies.join(name).join("notes.json");
        if let Ok(text) = fs::read(&notes) {
            serde_json::from_slice::<serde_json::Value>(&text).expect("notes are never half-written");
        }
        ConnectionArchive::open(&self.copies, &name.to_string_lossy(), key()).unwrap()
    }

    fn compare_everything(&self) {
        let archive = only_archive(self.cippctl.archive());
        assert_holds(&archive, self.sandbox, &self.closed);
        assert!(!has_half_written(archive.folder()), "a run that ends tidies up");
        assert_eq!(archives(self.cippctl.archive()).len(), 1);
    }
}

/// Whether there is a file besides days, notes and lock.
fn has_half_written(folder: &Path) -> bool {
    let temporary = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        !name.ends_with(".parquet") && name != "notes.json" && !name.contains("lock")
    };
    files(folder).iter().any(temporary)
}

/// SplitMix64: the same pauses in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % end
    }
}
