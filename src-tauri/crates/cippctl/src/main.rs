//! The command line of CIPP Desk: the same rooms as the app, without a window.
//!
//! Each subcommand has its file: `connections`, `logs`, `collect`, `export`, `archive`, `checklist`, `diagnose`, `explain`, `sandbox`, `demo`. Data
//! goes to stdout and nothing else does; words for people go to stderr; how a command ended is its exit code (`exit`). Deliberately not here: anything about
//! CIPP or Entra that the app would need too.

mod archive;
mod archive_place;
mod checklist;
mod collect;
mod connections;
mod credentials;
mod days;
mod demo;
mod diagnose;
mod exit;
mod explain;
mod export;
mod instance;
mod interrupt;
mod logs;
mod opened;
mod output;
mod progress;
mod row_filter;
mod row_printer;
mod sandbox;
mod secret;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use tracing_subscriber::EnvFilter;

use exit::{Code, Failure};

/// How long a command may take to end after Ctrl+C. Reading ends within a fraction of a second; removing an entry from a
/// keychain that asks takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

const LOGS_EXAMPLES: &str = "\
Examples:
  Errors of the last week, for reading:
    cippctl logs --connection Contoso --since 7d --severity error,critical
  How many of each severity yesterday and today, for a script:
    cippctl logs --connection Contoso --since 2d --count --format json
  In a pipeline, without keychain and without leaving anything behind:
    cippctl logs --api-url https://cipp.example.net --tenant-id contoso.example \\
      --client-id 00000000-0000-0000-0000-000000000000 --secret-env CIPP_SECRET --format ndjson
  In the language of the app's filter, from the archive where the days are in it:
    cippctl logs --connection Contoso --since 30d --query 'tenant:fabrikam sev>=warning -api:Scheduler'
  Which tenants, users and APIs have the most errors:
    cippctl logs --connection Contoso --since 7d --severity error --facets
  New errors as they come:
    cippctl logs --connection Contoso --severity error,critical --follow
";

const COLLECT_EXAMPLES: &str = "\
Examples:
  The last 30 days, in the app's own archive:
    cippctl collect --connection Contoso
  In a scheduled job, without keychain; the key was made once with `openssl rand -hex 32`:
    cippctl collect --api-url https://cipp.example.net --tenant-id contoso.example \\
      --client-id 00000000-0000-0000-0000-000000000000 --secret-env CIPP_SECRET \\
      --archive /srv/cipp-archive --key-env CIPP_ARCHIVE_KEY --since 7d

A run that was stopped goes on where it ended. Days end in the instance's own time zone; the day of today is read, but
archived only when it is over.
";

const EXPORT_EXAMPLES: &str = "\
Examples:
  Last week's errors for a colleague with Excel:
    cippctl export --connection Contoso --since 7d --severity error --format xlsx --out errors.xlsx
  Everything of November that is archived, for DuckDB, without calling CIPP:
    cippctl export --connection Contoso --from 2026-11-01 --to 2026-11-30 --offline --format parquet --out november.parquet

The file appears whole or not at all. Which days are in it is said on stderr, and in the file or in FILE.coverage.txt.
";

const COMPLETIONS_HELP: &str = "\
Where they go:
  bash        cippctl completions bash > ~/.local/share/bash-completion/completions/cippctl
  zsh         cippctl completions zsh > \"${fpath[1]}/_cippctl\"
  fish        cippctl completions fish > ~/.config/fish/completions/cippctl.fish
  PowerShell  cippctl completions powershell >> $PROFILE
";

const ARCHIVE_EXAMPLES: &str = "\
Examples:
  cippctl archive status --connection Contoso
  cippctl archive verify --connection Contoso
  cippctl archive export --connection Contoso --from 2026-11-01 --out /tmp/november
";

const CHECKLIST_EXAMPLES: &str = "\
Examples:
  How far each connection is:
    cippctl checklist list
  Whether the API of this connection is sound, for a scheduled job:
    cippctl checklist check --connection Contoso --checklist enable-the-cipp-api
  The setup report, for the customer's documentation:
    cippctl checklist show --connection Contoso --format markdown > contoso.md
";

const DIAGNOSE_EXAMPLES: &str = "\
Examples:
  Where a saved connection breaks, and what to do:
    cippctl diagnose --connection Contoso
  The same as text for a ticket, without secret, token or header:
    cippctl diagnose --connection Contoso --format report > ticket.md
  A scheduled check:
    cippctl diagnose --connection Contoso --format json | jq -r '.verdict, .causes[0].title'

Nothing is changed, and nothing is tried again, a wrong secret least of all; only a call that is answered 401 is made
once more with a fresh token.
";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  A code of Entra:
    cippctl explain AADSTS7000222
  What CIPP answered, with its status:
    cippctl explain --status 403 'Access to this CIPP API endpoint is not allowed'
  A whole reply or log entry, from a file or a pipe:
    cippctl explain < reply.txt
  What one sees, in words:
    cippctl explain rows missing around midnight

Nothing is sent and nothing is kept: the explanations are part of the program.
";

/// Read the CIPP logbook from the command line
///
/// Connections and their secrets are shared with the app CIPP Desk. The secret rests in the operating system's keychain
/// and is never an argument.
#[derive(Parser, Debug)]
#[command(name = "cippctl", version, after_long_help = exit::help(), propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Save, list, remove and test connections
    #[command(subcommand, after_long_help = exit::help())]
    Connections(connections::ConnectionsCommand),
    /// Read the logbook, newest day first
    #[command(after_long_help = format!("{LOGS_EXAMPLES}\n{}", exit::help()))]
    Logs(Box<logs::LogsArgs>),
    /// Fill the archive with days of the logbook, for reading them without CIPP and for longer than CIPP keeps them
    #[command(after_long_help = format!("{COLLECT_EXAMPLES}\n{}", exit::help()))]
    Collect(Box<collect::CollectArgs>),
    /// Write the rows that match to a file: CSV, JSON, NDJSON, XLSX or Parquet
    #[command(after_long_help = format!("{EXPORT_EXAMPLES}\n{}", exit::help()))]
    Export(Box<export::ExportArgs>),
    /// Look at, check, take out or delete the archive of a connection
    #[command(subcommand, after_long_help = format!("{ARCHIVE_EXAMPLES}\n{}", exit::help()))]
    Archive(Box<archive::ArchiveCommand>),
    /// See how far a set-up is, and check what CIPP itself can prove
    #[command(subcommand, after_long_help = format!("{CHECKLIST_EXAMPLES}\n{}", exit::help()))]
    Checklist(checklist::ChecklistCommand),
    /// Find out why a connection does not work: where it breaks, why, and what to do
    #[command(after_long_help = format!("{DIAGNOSE_EXAMPLES}\n{}", exit::help()))]
    Diagnose(Box<diagnose::DiagnoseArgs>),
    /// Say what an error means and what to do: a code, a status, a reply, a log entry, or words
    #[command(after_long_help = format!("{EXPLAIN_EXAMPLES}\n{}", exit::help()))]
    Explain(explain::ExplainArgs),
    /// Serve an imitation of Entra and CIPP on this computer
    Sandbox(Box<sandbox::SandboxArgs>),
    /// See it work once, on the sandbox
    Demo,
    /// Print completions for a shell
    #[command(after_long_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    let code = match run(cli.command) {
        Ok(()) => Code::Fine,
        Err(failure) => {
            failure.tell();
            failure.code()
        }
    };
    ExitCode::from(code as u8)
}

/// Only what `RUST_LOG` asks for; nothing without it.
fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .with_ansi(output::stderr_is_terminal())
        .init();
}

fn run(command: Command) -> Result<(), Failure> {
    // Reading and printing are one stream of work: a second thread would only pass rows to and fro. The sandbox does
    // serve several callers at once.
    let mut builder = match command {
        Command::Sandbox(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().map_err(|error| {
        Failure::new(
            Code::Local,
            format!("The program could not start its work: {error}."),
            "Close other programs and try again.",
        )
    })?;
    let done = runtime.block_on(dispatch(command));
    // A keychain that hangs holds a thread; nobody waits for it.
    runtime.shutdown_background();
    done
}

async fn dispatch(command: Command) -> Result<(), Failure> {
    let cancel = || interrupt::watch(PATIENCE);
    match command {
        Command::Connections(command) => connections::run(command, &cancel()).await,
        Command::Logs(args) => logs::run(*args, &cancel()).await,
        Command::Collect(args) => collect::run(*args, &cancel()).await,
        Command::Export(args) => export::run(*args, &cancel()).await,
        Command::Archive(command) => archive::run(*command, &cancel()).await,
        Command::Checklist(command) => checklist::run(command, &cancel()).await,
        Command::Diagnose(args) => diagnose::run(*args, &cancel()).await,
        Command::Explain(args) => explain::run(&args),
        Command::Sandbox(args) => sandbox::run(*args, &cancel()).await,
        Command::Demo => demo::run(&cancel()).await,
        Command::Completions { shell } => {
            // Into memory first: clap_complete panics when the reader goes away.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "cippctl", &mut script);
            Ok(io::Write::write_all(&mut io::stdout().lock(), &script)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// Every option whose name speaks of a secret either takes nothing or the name of a variable.
    #[test]
    fn no_option_takes_the_secret_itself() {
        fn walk(command: &clap::Command, seen: &mut Vec<String>) {
            for arg in command.get_arguments() {
                let name = arg.get_long().unwrap_or_default().to_owned();
                if name.contains("secret")
                    || name.contains("key")
                    || name.contains("password")
                    || name.contains("token")
                {
                    let values = arg.get_value_names().map(|names| names.join(" "));
                    assert!(
                        !arg.get_action().takes_values() || values.as_deref() == Some("VARIABLE"),
                        "--{name}"
                    );
                    seen.push(name);
                }
            }
            command.get_subcommands().for_each(|each| walk(each, seen));
        }
        let mut seen = Vec::new();
        walk(&Cli::command(), &mut seen);
        seen.sort();
        seen.dedup();
        assert_eq!(seen, ["key-env", "secret-env", "secret-stdin"]);
    }

    #[test]
    fn a_secret_cannot_be_given_by_guessing_an_option() {
        for guess in ["--secret", "--client-secret", "--password"] {
            let args = [
                "cippctl",
                "connections",
                "add",
                "--name",
                "n",
                "--api-url",
                "https://x.example",
                "--tenant-id",
            ]
            .into_iter()
            .chain([
                "x.example",
                "--client-id",
                "0b9f7c3e-1111-2222-3333-444455556666",
                guess,
                "s3cret",
            ]);
            assert!(Cli::try_parse_from(args).is_err(), "{guess}");
        }
    }

    #[test]
    fn a_saved_connection_and_values_exclude_each_other() {
        let parse = |args: &[&str]| Cli::try_parse_from(["cippctl", "logs"].iter().chain(args)).map(|_| ());
        assert!(parse(&["--connection", "a"]).is_ok());
        assert!(parse(&["--api-url", "https://x.example"]).is_err());
        assert!(parse(&[]).is_err());
        let given = [
            "--api-url",
            "https://x.example",
            "--tenant-id",
            "x.example",
            "--client-id",
            "0b9f7c3e-1111-2222-3333-444455556666",
        ];
        assert!(parse(&given).is_ok());
        assert!(parse(&[&given[..], &["--connection", "a"]].concat()).is_err());
        assert!(
            parse(&["--connection", "a", "--secret-env", "X"]).is_err(),
            "the keychain has it"
        );
        assert!(parse(&[&given[..], &["--secret-env", "X", "--secret-stdin"]].concat()).is_err());
    }
}
