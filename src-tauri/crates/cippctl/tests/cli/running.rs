//! A command that is watched while it runs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running command, whose output is read line by line. It ends with this value at the latest.
pub struct Running {
    child: Child,
    /// None when nobody reads any more.
    out: Option<BufReader<ChildStdout>>,
}

/// How it ended, and what it said after the lines that were read.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Running {
    /// Starts it, without logging: what it says on stderr is for people.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().map(BufReader::new);
        Running { child, out }
    }

    /// The next line, with its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What `kill` calls the signal, such as `-INT`.
    #[cfg(unix)]
    pub fn send(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Stops reading, as `head` does, and waits for the end.
    pub fn stop_reading(mut self) -> Ended {
        self.out = None;
        self.end()
    }

    /// Waits for the end without reading on: its output stays stuck.
    #[cfg(unix)]
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Reads the rest and waits for the end.
    pub fn end(mut self) -> Ended {
        let mut out = String::new();
        if let Some(rest) = &mut self.out {
            rest.read_to_string(&mut out).unwrap();
        }
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Ended {
            code: self.child.wait().unwrap().code(),
            out,
            err,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
