//! How a command ends: its exit code, and the sentences that go to stderr with it.
//!
//! The codes are a promise to scripts. [`CODES`] is the one list of them: the help text is made from it. Which error
//! of which room means which code is decided here and nowhere else.

use std::fmt::Write as _;
use std::io;

use checklist::{ChangeError, RunError, WordsError};
use cipp_client::{ClientError, ErrorKind, FieldError};
use connections::{KeychainError, StoreError};

use crate::output;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// All done, or the reader of our output had enough.
    Fine = 0,
    /// Something on this computer failed, such as a full disk.
    Local = 1,
    /// The command was not understood.
    Usage = 2,
    /// No such connection, or no keychain.
    Connection = 3,
    /// Entra refused the sign-in.
    SignIn = 4,
    /// CIPP was not reached, or the address is not CIPP's API.
    Reach = 5,
    /// CIPP did not let us.
    NotAllowed = 6,
    /// The reply was not understood or broke off.
    Reply = 7,
    /// What was looked at is missing or not as it should be: days of an archive, steps of a checklist, an explanation.
    Amiss = 8,
    /// Stopped by the person at the keyboard.
    Cancelled = 130,
}

const CODES: &[(Code, &str)] = &[
    (
        Code::Fine,
        "all done (also when the reader of the output stops early, as head does)",
    ),
    (Code::Local, "something on this computer failed, such as a full disk"),
    (
        Code::Usage,
        "the command was not understood, or a value is not what it should be",
    ),
    (
        Code::Connection,
        "no such connection, or no keychain to take its secret from",
    ),
    (Code::SignIn, "Entra refused the sign-in"),
    (
        Code::Reach,
        "not reachable, not CIPP's API address, throttled, or trouble on the server",
    ),
    (
        Code::NotAllowed,
        "CIPP does not accept this client (401) or does not allow the call (403)",
    ),
    (
        Code::Reply,
        "the reply was not understood or broke off; what was read before is printed",
    ),
    (
        Code::Amiss,
        "--offline: some days are not in the archive; the others are printed. archive verify: some days are damaged. checklist check: a step failed, or clean-up is overdue. explain: nothing is known about it",
    ),
    (Code::Cancelled, "stopped with Ctrl+C"),
];

/// The section of the help text that documents the exit codes.
pub fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in CODES {
        let _ = writeln!(text, "  {:>3}  {meaning}", *code as u8);
    }
    text
}

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// To be told on stderr.
    Told {
        /// The exit code.
        code: Code,
        /// The cause, one sentence.
        message: String,
        /// What to do next; empty when there is nothing to say.
        remedy: String,
        /// Technical words for whoever is asked for help, line by line; may be empty.
        detail: String,
    },
    /// Whoever read our output closed it: nothing is wrong and nobody is there to be told.
    ReaderGone,
}

impl Failure {
    /// A failure with its cause and the next step.
    pub fn new(code: Code, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Failure::Told {
            code,
            message: message.into(),
            remedy: remedy.into(),
            detail: String::new(),
        }
    }

    /// The exit code.
    pub fn code(&self) -> Code {
        match self {
            Failure::Told { code, .. } => *code,
            Failure::ReaderGone => Code::Fine,
        }
    }

    /// The cause, one sentence.
    pub fn message(&self) -> &str {
        match self {
            Failure::Told { message, .. } => message,
            Failure::ReaderGone => "",
        }
    }

    /// Whether trying again later may help.
    pub fn may_pass(&self) -> bool {
        matches!(self.code(), Code::Reach | Code::Reply)
    }

    /// The same with words in front of its cause.
    pub fn preceded_by(self, words: &str) -> Self {
        match self {
            Failure::Told {
                code,
                message,
                remedy,
                detail,
            } => Failure::Told {
                code,
                message: format!("{words}{message}"),
                remedy,
                detail,
            },
            Failure::ReaderGone => Failure::ReaderGone,
        }
    }

    /// Says on stderr what is to be said. Text from a server is among it, so it is made safe for a terminal.
    pub fn tell(&self) {
        let Failure::Told {
            message,
            remedy,
            detail,
            ..
        } = self
        else {
            return;
        };
        output::say(&format!("error: {message}"));
        for line in remedy.lines() {
            output::say(&format!("       {line}"));
        }
        for line in detail.lines() {
            output::say(&format!("       | {line}"));
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Failure::Told {
            code: code_of(error.kind()),
            message: error.to_string(),
            remedy: error.remedy(),
            detail: error.detail(),
        }
    }
}

fn code_of(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::SignInRefused => Code::SignIn,
        ErrorKind::Unreachable | ErrorKind::WrongAddress | ErrorKind::Throttled | ErrorKind::ServerTrouble => {
            Code::Reach
        }
        ErrorKind::NotAccepted | ErrorKind::NotAllowed => Code::NotAllowed,
        ErrorKind::NotUnderstood | ErrorKind::CutOff => Code::Reply,
        ErrorKind::Cancelled => Code::Cancelled,
        // The only local reasons are values of the command line: a CA file that cannot be read or is none.
        ErrorKind::Local => Code::Usage,
    }
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        Failure::new(Code::Usage, format!("{}: {}", error.field, error.problem), error.remedy)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::NameTaken { .. } | StoreError::Field(_) => Code::Usage,
            _ => Code::Connection,
        };
        Failure::new(code, error.to_string(), error.remedy())
    }
}

impl From<KeychainError> for Failure {
    fn from(error: KeychainError) -> Self {
        Failure::new(Code::Connection, error.to_string(), error.remedy())
    }
}

/// These say the next step themselves.
impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Change(error) => error.into(),
            RunError::File(_) | RunError::Transfer(_) | RunError::NoSuchConnection { .. } => {
                Failure::new(Code::Local, error.to_string(), "")
            }
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        Failure::new(Code::Usage, error.to_string(), "")
    }
}

impl From<WordsError> for Failure {
    fn from(error: WordsError) -> Self {
        Failure::new(Code::Local, error.to_string(), "")
    }
}

/// Only writing to stdout comes this way.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::new(
                Code::Local,
                format!("The output could not be written: {error}."),
                "Is the disk full?",
            ),
        }
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            kind => Failure::new(Code::Local, format!("The output could not be written: {kind:?}."), ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_code_the_issue_asks_for() {
        let help = help();
        for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 130] {
            assert!(
                help.lines()
                    .any(|line| line.trim_start().starts_with(&format!("{code}  "))),
                "{code}\n{help}"
            );
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure_but_a_full_disk_is() {
        let gone = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(gone.code(), Code::Fine);
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.code(), Code::Local);
    }

    #[test]
    fn kinds_of_trouble_have_the_codes_of_the_help() {
        assert_eq!(code_of(ErrorKind::SignInRefused) as u8, 4);
        assert_eq!(code_of(ErrorKind::Throttled) as u8, 5);
        assert_eq!(code_of(ErrorKind::NotAccepted) as u8, 6);
        assert_eq!(code_of(ErrorKind::CutOff) as u8, 7);
        assert_eq!(code_of(ErrorKind::Cancelled) as u8, 130);
    }
}
