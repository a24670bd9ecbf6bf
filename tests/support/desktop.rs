//! A computer of its own for one test: screen, session bus, keychain and home folder that no other test shares.
//!
//! Everything here is the real thing (Xvfb, dbus-daemon, gnome-keyring), started for the test and ended with it. What
//! happens in the app's window is in [`crate::window`]. Linux only, as WebKitWebDriver is.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The password of the test's keyring. Not empty: an empty one makes a keyring that cannot be locked in earnest.
const KEYRING_PASSWORD: &str = "opens the keyring of this test";

/// A program that is ended, with all it started, when the test is over.
pub struct Process(Child);

impl Process {
    /// Starts the program in a process group of its own, so that ending it reaches its children.
    pub fn start(command: &mut Command) -> Self {
        let child = command.process_group(0).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?} could not be started: {error}")))
    }

    /// The program's standard output, of which the caller wants lines.
    fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let stdout = self
            .0
            .stdout
            .take()
            .expect("the program was started with a piped standard output");
        BufReader::new(stdout).lines().map_while(Result::ok)
    }

    /// Whether the program has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Sends a signal by its name to the program and its children.
    pub fn signal(&self, name: &str) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill")
            .args(["-s", name, "--", &group])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.0.wait();
    }
}

/// What the computer of a test has in the way of keychains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Unlocked,
    NoService,
    NoBus,
}

/// A computer of its own for one test. The parts are ended in the order in which they stand here.
pub struct Desktop {
    keychain: Option<Process>,
    _bus: Option<Process>,
    _screen: Process,
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Desktop {
    /// A computer with an unlocked keychain: what a technician has after logging in.
    pub fn new() -> Self {
        Self::with(Keys::Unlocked)
    }

    /// A computer with a session bus on which nothing keeps secrets.
    pub fn without_keychain() -> Self {
        Self::with(Keys::NoService)
    }

    /// A computer without a session bus.
    pub fn without_bus() -> Self {
        Self::with(Keys::NoBus)
    }

    fn with(keys: Keys) -> Self {
        let folder = tempfile::Builder::new().prefix("cipp-desk-").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["home", "data", "config", "cache", "state", "run"] {
            // The session bus and the keychain refuse a run-time folder that others may read.
            fs::DirBuilder::new().mode(0o700).create(path(name)).unwrap();
        }

        let mut screen = Process::start(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let display = screen.lines().next().expect("Xvfb names its display when it is ready");

        let text = |name: &str| path(name).to_string_lossy().into_owned();
        let mut environment: Vec<(String, String)> = [
            ("HOME", text("home")),
            ("XDG_DATA_HOME", text("data")),
            ("XDG_CONFIG_HOME", text("config")),
            ("XDG_CACHE_HOME", text("cache")),
            ("XDG_STATE_HOME", text("state")),
            ("XDG_RUNTIME_DIR", text("run")),
            ("DISPLAY", format!(":{display}")),
            ("GDK_BACKEND", "x11".into()),
            // Without a bus for assistive technology GTK would wait for one.
            ("NO_AT_BRIDGE", "1".into()),
            ("GTK_A11Y", "none".into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "Europe/Amsterdam".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();

        let bus = (keys != Keys::NoBus).then(|| start_bus(&folder, &environment));
        let address = match &bus {
            Some((_, address)) => address.clone(),
            None => format!("unix:path={}", text("no-bus-here")),
        };
        environment.push(("DBUS_SESSION_BUS_ADDRESS".into(), address));

        let bus = bus.map(|(process, _)| process);
        let mut desktop = Self {
            keychain: None,
            _bus: bus,
            _screen: screen,
            folder,
            environment,
        };
        if keys == Keys::Unlocked {
            desktop.start_keychain();
        }
        desktop
    }

    /// Sets one more environment variable for what is started from now on.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A program of this computer: it gets this computer's folders, screen and session bus.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env_remove("WAYLAND_DISPLAY").stdin(Stdio::null());
        command
    }

    /// The folder under which everything lies that programs of this computer write.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the standard output and error of the app go.
    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    /// Files under this computer's folder whose content has these bytes. The keyring's own file is among those searched:
    /// it is encrypted.
    pub fn files_with(&self, bytes: &[u8]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        search(self.folder.path(), bytes, &mut found);
        found
    }

    /// Files under this computer's folder whose name ends like this.
    pub fn files_ending(&self, ending: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.folder.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_name().to_string_lossy().ends_with(ending) {
                    found.push(path.clone());
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                }
            }
        }
        found
    }

    /// A file under this computer's folder by its name; the app chooses the folder in between.
    pub fn file(&self, name: &str) -> PathBuf {
        let named = |path: &PathBuf| path.file_name().is_some_and(|file| file == name);
        let found = self.files_ending(name).into_iter().find(named);
        found.unwrap_or_else(|| panic!("no file {name} under {}", self.folder.path().display()))
    }

    /// Waits until a file of this name has this text: what is written a moment after it was done in the window.
    pub async fn wait_for_file_with(&self, name: &str, text: &str) {
        let started = Instant::now();
        let found = |file: &PathBuf| file.ends_with(name);
        while !self.files_with(text.as_bytes()).iter().any(found) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "waited 30 s for \"{text}\" in {name}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until no app of before is left on the session bus: one that is just ending would be taken for a running one.
    pub fn wait_until_app_has_gone(&self) {
        self.until("the app of before has gone", |desktop| {
            let name = "string:app.cipp-desk.SingleInstance";
            let reply = desktop
                .command("dbus-send")
                .args([
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/org/freedesktop/DBus",
                ])
                .args(["org.freedesktop.DBus.NameHasOwner", name])
                .output()
                .unwrap();
            !String::from_utf8_lossy(&reply.stdout).contains("boolean true")
        });
    }

    /// How many items the keychain holds for CIPP Desk.
    pub fn keychain_items(&self) -> usize {
        let reply = self.secret_service("SearchItems", &["dict:string:string:service,CIPP Desk"]);
        reply
            .expect("the keychain answers")
            .matches("/org/freedesktop/secrets/collection/")
            .count()
    }

    /// Starts a keychain, makes its keyring and unlocks it, as logging in would.
    pub fn start_keychain(&mut self) {
        let mut daemon = Process::start(
            self.command("gnome-keyring-daemon")
                .args(["--unlock", "--foreground", "--components=secrets"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        type_password(&mut daemon.0);
        self.keychain = Some(daemon);
        // The name is on the bus before the keyring is made; the alias tells that both are there.
        self.until("the keychain is there", |desktop| {
            let reply = desktop.secret_service("ReadAlias", &["string:default"]);
            reply.is_some_and(|text| text.contains("/org/freedesktop/secrets/collection/"))
        });
    }

    /// Locks the keyring, as a keychain does after some time or by its own menu.
    pub fn lock_keychain(&self) {
        let login = "array:objpath:/org/freedesktop/secrets/collection/login";
        self.secret_service("Lock", &[login])
            .expect("the keychain can be locked");
    }

    /// Unlocks the keyring with its password. GNOME's keychain takes one only from its own dialog or at its start, so it is
    /// started anew.
    pub fn unlock_keychain(&mut self) {
        self.keychain = None;
        self.until("the keychain has gone", |desktop| {
            desktop.secret_service("ReadAlias", &["string:default"]).is_none()
        });
        self.start_keychain();
    }

    /// Makes the keychain hang: it is there, and never answers.
    pub fn freeze_keychain(&self) {
        self.keychain
            .as_ref()
            .expect("this computer has a keychain")
            .signal("STOP");
    }

    /// Lets a hanging keychain go on.
    pub fn thaw_keychain(&self) {
        self.keychain
            .as_ref()
            .expect("this computer has a keychain")
            .signal("CONT");
    }

    /// Calls the keychain past the app and returns the printed reply, or none when it refused.
    fn secret_service(&self, method: &str, arguments: &[&str]) -> Option<String> {
        let done = self
            .command("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
            ])
            .arg(format!("org.freedesktop.Secret.Service.{method}"))
            .args(arguments)
            .output()
            .unwrap();
        done.status
            .success()
            .then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Waits until something is so; blocks the thread, which programs outside of this process do not mind.
    pub fn until(&self, what: &str, ready: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !ready(self) {
            assert!(started.elapsed() < Duration::from_secs(30), "waited 30 s until {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Default for Desktop {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let log = fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!(
            "--- the app's last words ---\n{}",
            lines[lines.len().saturating_sub(30)..].join("\n")
        );
    }
}

/// A session bus that starts nothing by itself: what a test has not started is not there.
fn start_bus(folder: &TempDir, environment: &[(String, String)]) -> (Process, String) {
    let settings = folder.path().join("bus.conf");
    let listen = folder.path().join("run/bus");
    let text = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        listen.display()
    );
    File::create(&settings).unwrap().write_all(text.as_bytes()).unwrap();
    let mut bus = Process::start(
        Command::new("dbus-daemon")
            .arg(format!("--config-file={}", settings.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    );
    let address = bus.lines().next().expect("the bus prints its address when it is ready");
    (bus, address)
}

fn type_password(daemon: &mut Child) {
    let mut input = daemon.stdin.take().expect("started with a piped standard input");
    input.write_all(KEYRING_PASSWORD.as_bytes()).unwrap();
}

fn search(folder: &Path, bytes: &[u8], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => search(&path, bytes, found),
            Ok(kind) if kind.is_file() => {
                let content = fs::read(&path).unwrap_or_default();
                if content.windows(bytes.len()).any(|window| window == bytes) {
                    found.push(path);
                }
            }
            _ => {}
        }
    }
}
