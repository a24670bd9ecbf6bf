//! Real proxies, started for one test: a forward proxy with or without a password, and one that inspects TLS.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Far above what any of them needs to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A tinyproxy, a small forward proxy that many networks run. Ends when it is dropped.
#[derive(Debug)]
pub struct ForwardProxy {
    /// Host and port.
    pub address: String,
    process: Child,
    folder: TempDir,
}

/// How a forward proxy is set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Whom it lets pass: name and password.
    pub sign_in: Option<(&'static str, &'static str)>,
    /// The one port to which it opens tunnels, instead of any.
    pub only_to_port: Option<u16>,
}

impl ForwardProxy {
    /// Starts one; `None` where there is no such program, which is said.
    pub fn start(rules: Rules) -> Option<Self> {
        if !has("tinyproxy") {
            assert!(
                !cfg!(target_os = "linux"),
                "tinyproxy is missing (Debian: tinyproxy-bin); npm test gets it by itself"
            );
            eprintln!("LEFT OUT: there is no tinyproxy for this system");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = folder.path().join("tinyproxy.conf");
        let mut lines = vec![
            format!("Port {port}"),
            "Listen 127.0.0.1".to_owned(),
            "Timeout 600".to_owned(),
            "MaxClients 50".to_owned(),
            "LogLevel Connect".to_owned(),
            format!("LogFile \"{}\"", folder.path().join("log").display()),
        ];
        lines.extend(
            rules
                .sign_in
                .map(|(user, password)| format!("BasicAuth {user} {password}")),
        );
        lines.extend(rules.only_to_port.map(|port| format!("ConnectPort {port}")));
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        let process = Command::new("tinyproxy")
            .arg("-d")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self {
            address: format!("127.0.0.1:{port}"),
            process,
            folder,
        };
        until("tinyproxy listens", || {
            std::net::TcpStream::connect(&proxy.address).is_ok()
        });
        Some(proxy)
    }

    /// What it wrote down: a line for each request.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// How many tunnels to this address were asked for.
    pub fn tunnels_to(&self, host_and_port: &str) -> usize {
        let request = format!("CONNECT {host_and_port} ");
        self.log().lines().filter(|line| line.contains(&request)).count()
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A mitmproxy, which reads along what passes through it and shows certificates of its own authority, as the inspection
/// of many companies does. Ends when it is dropped.
#[derive(Debug)]
pub struct InspectingProxy {
    /// Host and port.
    pub address: String,
    process: Child,
    folder: TempDir,
}

impl InspectingProxy {
    /// Starts one that itself trusts the authority in this file; `None` where there is no such program, which is said.
    pub fn start(trusted: &Path) -> Option<Self> {
        let Ok(python) = std::env::var("CIPP_DESK_PYTHON") else {
            eprintln!("LEFT OUT: CIPP_DESK_PYTHON names no Python that has mitmproxy; npm test does it by itself");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(&python)
            .args(["-u", "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"])
            .args(["--listen-host", "127.0.0.1", "--listen-port", "0"])
            .args(["--set", &format!("confdir={}", folder.path().display())])
            .args([
                "--set",
                &format!("ssl_verify_upstream_trusted_ca={}", trusted.display()),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("CIPP_DESK_PYTHON names {python}, which does not start: {error}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening at ")?.1.trim_end_matches('.').to_owned()))
            .expect("mitmproxy says where it listens");
        // Whoever nobody reads stops writing, and then stops altogether.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            address,
            process,
            folder,
        })
    }

    /// The authority that it shows certificates of, as a company's IT would hand it out.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("mitmproxy-ca-cert.pem")
    }
}

impl Drop for InspectingProxy {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A port that nobody listens at, for now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: it did not come to that");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn end(process: &mut Child) {
    // It may have ended by itself.
    let _ = process.kill();
    let _ = process.wait();
}
