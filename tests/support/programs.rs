//! Programs that were built for this test run, run against a sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sandbox::Ready;

/// The variable in which programs get the client secret.
const SECRET_VARIABLE: &str = "JOURNEY_CLIENT_SECRET";
/// The variable in which programs get the archive's key.
const KEY_VARIABLE: &str = "JOURNEY_ARCHIVE_KEY";

/// The project's folder.
pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// A program that cargo built for this test run. `CIPP_DESK_BIN_DIR` names another folder, such as an installed one.
pub fn built(name: &str) -> PathBuf {
    let folder = match std::env::var_os("CIPP_DESK_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        // The test program lies in target/<profile>/deps.
        None => std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    };
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "{} is not built; run: cargo build --workspace",
        path.display()
    );
    path
}

/// `cippctl` as a script on another computer would run it: a sandbox to speak to, an archive folder, a key, and a home
/// folder of its own instead of the keychain and the settings of whoever runs the tests.
#[derive(Clone, Debug)]
pub struct Cippctl {
    ready: Ready,
    home: PathBuf,
    archive: PathBuf,
    key_hex: String,
}

impl Cippctl {
    /// Everything it makes lies in `folder`; the archive in `folder/archive`.
    pub fn new(ready: &Ready, folder: &Path, key_hex: &str) -> Self {
        let home = folder.join("home");
        fs::create_dir_all(&home).unwrap();
        Self {
            ready: ready.clone(),
            home,
            archive: folder.join("archive"),
            key_hex: key_hex.to_owned(),
        }
    }

    /// The folder given as `--archive`.
    pub fn archive(&self) -> &Path {
        &self.archive
    }

    /// `cippctl <subcommand>` with the sandbox's address and secret, the archive and its key, ready for more arguments.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = self.offline(subcommand);
        command
            .args(["--authority", &self.ready.authority])
            .args(["--secret-env", SECRET_VARIABLE]);
        command
    }

    /// The same without a way to sign in: for what reads the archive alone. The values say whose archive it is.
    pub fn offline(&self, subcommand: &str) -> Command {
        let mut command = Command::new(built("cippctl"));
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "http_proxy",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("XDG_DATA_HOME", self.home.join("data"))
            .env("TZ", "UTC")
            .env(SECRET_VARIABLE, &self.ready.client_secret)
            .env(KEY_VARIABLE, &self.key_hex)
            .args(subcommand.split(' '))
            .args(["--api-url", &self.ready.api_url, "--tenant-id", &self.ready.tenant_id])
            .args(["--client-id", &self.ready.client_id])
            .arg("--archive")
            .arg(&self.archive)
            .args(["--key-env", KEY_VARIABLE]);
        command
    }
}

/// The output of a program that must have succeeded and given away no secret.
pub fn succeeded(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert_succeeded(&command, &output);
    output
}

/// Fails the test unless the program succeeded.
pub fn assert_succeeded(command: &Command, output: &Output) {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{:?} ended with {}:\n{}\n{err}",
        command.get_args().collect::<Vec<_>>(),
        output.status,
        out.chars().take(2_000).collect::<String>()
    );
}
