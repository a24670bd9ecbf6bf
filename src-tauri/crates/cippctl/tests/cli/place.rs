//! A sandbox, and a computer of its own to run cippctl on.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sandbox::{Ready, Sandbox, SandboxOptions, Scenario};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The variable that the secret is passed in.
pub const SECRET_VARIABLE: &str = "PLACE_CLIENT_SECRET";
/// The variable that the key of the archive is passed in.
pub const KEY_VARIABLE: &str = "PLACE_ARCHIVE_KEY";
/// That key.
pub const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";

/// A sandbox and a home folder; both end with it.
pub struct Place {
    pub ready: Ready,
    pub home: TempDir,
    pub sandbox: Sandbox,
    runtime: Runtime,
}

impl Place {
    /// Everything works.
    pub fn healthy() -> Self {
        Self::playing("healthy")
    }

    /// A built-in scenario.
    pub fn playing(scenario: &str) -> Self {
        Self::with(SandboxOptions {
            scenario: scenario.parse().unwrap(),
            ..SandboxOptions::default()
        })
    }

    /// A scenario made for one test.
    pub fn with_scenario(change: impl FnOnce(&mut Scenario)) -> Self {
        let mut scenario = Scenario::default();
        change(&mut scenario);
        Self::with(SandboxOptions {
            scenario,
            ..SandboxOptions::default()
        })
    }

    pub fn with(options: SandboxOptions) -> Self {
        let options = SandboxOptions {
            now: options.now.or_else(end_of_today),
            ..options
        };
        let runtime = Runtime::new().unwrap();
        let sandbox = runtime.block_on(sandbox::start(options)).unwrap();
        Place {
            ready: sandbox.ready().clone(),
            home: tempfile::tempdir().unwrap(),
            sandbox,
            runtime,
        }
    }

    /// Does something that waits, such as a request of our own.
    pub fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// cippctl with nothing of the surroundings that could change what it does, and with all its logging.
    pub fn cippctl(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cippctl"));
        command
            .stdin(Stdio::null())
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .env("RUST_LOG", "trace")
            .env("TZ", "UTC")
            .env("XDG_DATA_HOME", self.home.path().join("data"))
            .env(SECRET_VARIABLE, &self.ready.client_secret)
            .env(KEY_VARIABLE, KEY)
            .env_remove("NO_COLOR")
            .env_remove("HTTP_PROXY")
            .env_remove("HTTPS_PROXY")
            .env_remove("http_proxy")
            .env_remove("https_proxy")
            .env_remove("ALL_PROXY")
            .env_remove("all_proxy");
        command
    }

    /// The options that say where the sandbox is.
    pub fn given(&self) -> Vec<String> {
        let mut given = self.who();
        given.extend(["--authority".to_owned(), self.ready.authority.clone()]);
        given.extend(["--secret-env".to_owned(), SECRET_VARIABLE.to_owned()]);
        given
    }

    /// The options that say whose log it is, without anything that would be needed to ask for it.
    pub fn who(&self) -> Vec<String> {
        let ready = &self.ready;
        let values = [
            ["--api-url", ready.api_url.as_str()],
            ["--tenant-id", &ready.tenant_id],
            ["--client-id", &ready.client_id],
        ];
        values.concat().into_iter().map(str::to_owned).collect()
    }

    /// The folder of archives in this place.
    pub fn archives(&self) -> PathBuf {
        self.home.path().join("archives")
    }

    /// The options that say where the archive is and where its key.
    pub fn archive(&self) -> Vec<String> {
        let folder = self.archives().to_str().unwrap().to_owned();
        ["--archive", &folder, "--key-env", KEY_VARIABLE]
            .map(str::to_owned)
            .to_vec()
    }

    /// A command with the archive, to be changed and run; with everything that is needed to ask CIPP.
    pub fn archived_command(&self, command: &str, args: &[&str]) -> Command {
        let mut made = self.cippctl();
        made.arg(command).args(self.given()).args(self.archive()).args(args);
        made
    }

    /// Runs a command with the archive and with everything that is needed to ask CIPP.
    pub fn archived(&self, command: &str, args: &[&str]) -> Run {
        self.run(&mut self.archived_command(command, args))
    }

    /// Runs a command with the archive and with neither secret nor authority.
    pub fn offline(&self, command: &[&str], args: &[&str]) -> Run {
        let mut made = self.cippctl();
        made.args(command)
            .args(self.who())
            .args(self.archive())
            .args(args)
            .env_remove(SECRET_VARIABLE);
        self.run(&mut made)
    }

    /// `cippctl logs` against the sandbox, to be changed and run.
    pub fn logs_command(&self, args: &[&str]) -> Command {
        let mut command = self.cippctl();
        command.arg("logs").args(self.given()).args(args);
        command
    }

    /// Runs `cippctl logs` against the sandbox.
    pub fn logs(&self, args: &[&str]) -> Run {
        self.run(&mut self.logs_command(args))
    }

    /// Runs a command to its end and looks for the secret in what it left.
    pub fn run(&self, command: &mut Command) -> Run {
        self.seen(command.output().unwrap())
    }

    /// Runs a command that gets something on its standard input.
    pub fn run_with_input(&self, command: &mut Command, input: &str) -> Run {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        self.seen(child.wait_with_output().unwrap())
    }

    /// What a command that ended left behind.
    pub fn seen(&self, output: Output) -> Run {
        let run = Run {
            code: output.status.code().expect("ended by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        self.refuse_secrets_in(&run.out, "stdout");
        self.refuse_secrets_in(&run.err, "stderr");
        self.refuse_secrets_under(self.home.path());
        run
    }

    /// Neither a secret, in any of the forms it takes on its way, nor a token may stand there.
    fn refuse_secrets_in(&self, text: &str, place: &str) {
        self.refuse_bytes_in(text.as_bytes(), place);
        let secret = &self.ready.client_secret;
        assert!(!text.contains(secret), "the secret is in {place}");
        assert!(
            !text.contains(&secret.replace('~', "%7E")),
            "the secret, encoded, is in {place}"
        );
        // Every JSON Web Token begins so.
        assert!(!text.contains("eyJ"), "a token is in {place}: {text}");
    }

    /// Neither the secret nor the archive's key, as text or as its bytes, may stand there.
    fn refuse_bytes_in(&self, bytes: &[u8], place: &str) {
        let key: Vec<u8> = (0..32)
            .map(|at| u8::from_str_radix(&KEY[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let upper = KEY.to_uppercase();
        let planted = [
            self.ready.client_secret.as_bytes(),
            KEY.as_bytes(),
            upper.as_bytes(),
            &key,
        ];
        for (number, secret) in planted.into_iter().enumerate() {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "planted secret {number} is in {place}");
        }
    }

    fn refuse_secrets_under(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.refuse_secrets_under(&path);
            } else {
                let bytes = fs::read(&path).unwrap();
                let place = path.display().to_string();
                // In encrypted and packed files the three letters that a token begins with come by chance.
                match std::str::from_utf8(&bytes) {
                    Ok(text) => self.refuse_secrets_in(text, &place),
                    Err(_) => self.refuse_bytes_in(&bytes, &place),
                }
            }
        }
    }
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Ended so.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "stderr:\n{}", last(&self.err));
        self
    }

    /// Did not say this, anywhere.
    #[track_caller]
    pub fn says_not(self, words: &str) -> Self {
        assert!(!self.err.contains(words), "{words:?} is in:\n{}", last(&self.err));
        assert!(!self.out.contains(words), "{words:?} is in:\n{}", last(&self.out));
        self
    }

    /// Said this to the person.
    #[track_caller]
    pub fn says(self, sentence: &str) -> Self {
        assert!(
            self.err.contains(sentence),
            "{sentence:?} is not in:\n{}",
            last(&self.err)
        );
        self
    }

    /// The rows of NDJSON output, each of them JSON.
    #[track_caller]
    pub fn rows(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

/// The end of a text, where the message is: all logging is on.
fn last(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// When the sandbox's log ends, so that today has all its rows at any time of the day.
fn end_of_today() -> Option<jiff::Timestamp> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    today.end_of_day().ok().map(|end| end.timestamp())
}

/// The day key of so many days before today, as CIPP writes it.
pub fn day(before_today: i64) -> String {
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    day.saturating_sub(jiff::Span::new().days(before_today))
        .strftime("%Y%m%d")
        .to_string()
}

/// The same day as people write it.
pub fn iso(before_today: i64) -> String {
    let key = day(before_today);
    format!("{}-{}-{}", &key[..4], &key[4..6], &key[6..])
}

/// Whether a keychain was started for this test run alone.
pub fn has_test_keychain() -> bool {
    let has = std::env::var_os("CIPP_DESK_TEST_KEYCHAIN").is_some();
    if !has {
        eprintln!("no test keychain: run under tests/with-keychain.sh for the whole test");
    }
    has
}
