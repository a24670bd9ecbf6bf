//! Where the client secret comes from on the command line: standard input, an environment variable, or a prompt.
//!
//! Deliberately missing: an option that takes the value itself. Arguments stand in the list of processes and in the
//! shell's history.

use std::env::{self, VarError};
use std::io::{self, BufRead, IsTerminal};

use cipp_client::Secret;
use clap::Args;
use zeroize::Zeroizing;

use crate::exit::{Code, Failure};

/// No client secret is longer; whoever pipes a whole file by mistake is told so.
const LONGEST_LINE_BYTES: u64 = 16 * 1024;

/// Where the client secret comes from. The value itself is never an argument.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub struct SecretArgs {
    /// Read the client secret from standard input, one line
    #[arg(long)]
    secret_stdin: bool,
    /// Read the client secret from this environment variable
    #[arg(long, value_name = "VARIABLE")]
    secret_env: Option<String>,
}

impl SecretArgs {
    /// Reads the secret; asks for it, without showing it, when a person sits at the terminal.
    pub fn read(&self) -> Result<Secret, Failure> {
        let value = match &self.secret_env {
            Some(variable) => from_environment(variable)?,
            None if io::stdin().is_terminal() => prompt()?,
            None if self.secret_stdin => from_standard_input(io::stdin().lock())?,
            None => {
                return Err(Failure::new(
                    Code::Usage,
                    "No client secret was given.",
                    "Give --secret-stdin (and the secret on standard input) or --secret-env VARIABLE.",
                ));
            }
        };
        Ok(Secret::parse(&value)?)
    }
}

fn from_environment(variable: &str) -> Result<Zeroizing<String>, Failure> {
    let problem = match env::var(variable) {
        Ok(value) => return Ok(Zeroizing::new(value)),
        Err(VarError::NotPresent) => "is not set",
        Err(VarError::NotUnicode(_)) => "is not text",
    };
    Err(Failure::new(
        Code::Usage,
        format!("The environment variable {variable} {problem}."),
        "--secret-env takes the name of the variable that holds the client secret, not the secret.",
    ))
}

fn from_standard_input(input: impl BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    let read = input.take(LONGEST_LINE_BYTES).read_line(&mut line);
    match read {
        Ok(length) if (length as u64) < LONGEST_LINE_BYTES => Ok(line),
        Ok(_) => Err(Failure::new(
            Code::Usage,
            "What came on standard input is too long for a client secret.",
            "Pipe the secret alone, one line.",
        )),
        Err(error) => Err(Failure::new(
            Code::Usage,
            format!("The client secret could not be read from standard input: {error}."),
            "Pipe the secret as text, one line.",
        )),
    }
}

fn prompt() -> Result<Zeroizing<String>, Failure> {
    match rpassword::prompt_password("Client secret (not shown): ") {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Err(Failure::new(Code::Cancelled, "Stopped: nothing was changed.", ""))
        }
        Err(error) => Err(Failure::new(
            Code::Usage,
            format!("The terminal could not ask for the client secret: {error}."),
            "Give --secret-stdin or --secret-env VARIABLE.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(failure: Failure) -> String {
        match failure {
            Failure::Told { message, .. } => message,
            Failure::ReaderGone => String::new(),
        }
    }

    #[test]
    fn one_line_is_read_and_no_more() {
        let mut input = io::Cursor::new("first line\nsecond line\n");
        assert_eq!(from_standard_input(&mut input).unwrap().as_str(), "first line\n");
        assert_eq!(input.position(), 11);
    }

    #[test]
    fn neither_a_whole_file_nor_bytes_are_a_secret() {
        let long = "x".repeat(20_000);
        assert!(message(from_standard_input(long.as_bytes()).unwrap_err()).contains("too long"));
        let bytes: &[u8] = &[0xff, 0xfe, b'\n'];
        assert!(message(from_standard_input(bytes).unwrap_err()).contains("could not be read"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let failure = from_environment("CIPPCTL_TEST_NO_SUCH_VARIABLE").unwrap_err();
        assert_eq!(failure.code(), Code::Usage);
        assert!(message(failure).contains("CIPPCTL_TEST_NO_SUCH_VARIABLE is not set"));
    }
}
